import DataAccess
import Tabular

/// How files are brought into the embedded source database: which columns become which fields of which relation, and what is left out.
///
/// A plain value; ``Importer`` checks it against the relations and the files' headers before it writes anything.
public struct ImportMapping: Equatable, Sendable {
  /// The zone of times that name none: `UTC`, `Europe/Berlin`, `+09:00`.
  public var timeZone = "UTC"
  /// Texts that mean "no value", blanks around not counted.
  public var missing = CSVOptions.usualMissing
  /// Share of a source's rows that may be refused for a fault, 0…1; more fail the import. Filtered rows and duplicates do not count.
  public var maxRefusedShare = 0.05
  /// What happens to rows that the database has and the files do not.
  public var mode = Mode.merge
  /// Where rows come from.
  public var sources: [Source] = []

  /// Makes a mapping without sources.
  public init() {}

  /// What happens to rows that the database has and the files do not.
  public enum Mode: String, CaseIterable, Sendable {
    /// They stay: the files are an addition.
    case merge
    /// They go, in the relations that the mapping fills: the files are the whole truth.
    case replace
  }

  /// Files of one layout, read one after the other as if they were one.
  public struct Source: Equatable, Sendable {
    /// The files.
    public var files: [String] = []
    /// What separates fields; `nil`: found out from the header.
    public var delimiter: UInt8?
    /// How times are written, as ``TimeFormat`` reads it, where a field does not say otherwise.
    public var timeFormat = "iso"
    /// Whether a row that equals an earlier one in all its fields is left out.
    public var dropsDuplicates = true
    /// Which rows are left out on purpose.
    public var filters: [Filter] = []
    /// What the rows become.
    public var relations: [Relation] = []

    /// Makes a source without files.
    public init() {}
  }

  /// Leaves rows out by the text of a column; the report has them under its name.
  public struct Filter: Equatable, Sendable {
    /// What the report calls it.
    public var name = ""
    /// Which rows it looks at: those that do not meet the condition are left out.
    public var keeps = Condition()

    /// Makes a filter.
    public init() {}
  }

  /// A condition on the text of a column, blanks around not counted.
  public struct Condition: Equatable, Sendable {
    /// The column of the file.
    public var column = ""
    /// The texts that meet it; `nil`: any.
    public var allowed: Set<String>?
    /// The texts that do not meet it.
    public var excluded: Set<String> = []

    /// Makes a condition that everything meets.
    public init() {}

    /// Makes a condition on `column`.
    public init(column: String, allowed: Set<String>? = nil, excluded: Set<String> = []) {
      self.column = column
      self.allowed = allowed
      self.excluded = excluded
    }

    func isMet(by text: String) -> Bool { allowed?.contains(text) ?? true && !excluded.contains(text) }
  }

  /// What the rows of a source become in one relation.
  public struct Relation: Equatable, Sendable {
    /// Which relation.
    public var target: Target
    /// Fields whose equal values make several rows one record; empty: each row is a record.
    public var groupBy: [String] = []
    /// Where each field of the relation comes from.
    public var fields: [String: Field] = [:]

    /// Makes a mapping onto `target` without fields.
    public init(_ target: Target) { self.target = target }
  }

  /// The relations.
  public enum Target: String, CaseIterable, Sendable {
    case items
    case routingOperations = "routing_operations"
    case workResults = "work_results"

    /// The relation's columns.
    public var schema: FactorySchema.Relation {
      switch self {
      case .items: FactorySchema.items
      case .routingOperations: FactorySchema.routingOperations
      case .workResults: FactorySchema.workResults
      }
    }
  }
}
