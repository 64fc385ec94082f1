public import DataAccess
import Tabular

/// What an import read, what it did with every row, and what it wrote.
///
/// Of each file: rows = used + refused, reason by reason.
public struct ImportReport: Hashable, Codable, Sendable {
  /// The files, in the order in which they were read.
  public var files: [File] = []
  /// The relations that the mapping fills.
  public var relations: [Relation] = []

  /// Makes an empty report.
  public init() {}

  /// What became of a file's rows.
  public struct File: Hashable, Codable, Sendable {
    /// The file.
    public var path: String
    /// Its records without the header.
    public var rows = 0
    /// Rows that went into records.
    public var used = 0
    /// The others, by reason, the commonest first.
    public var refusals: [Refusal] = []
  }

  /// Rows that were not used, for one reason.
  public struct Refusal: Hashable, Codable, Sendable {
    /// The reason: `missing key`, `negative minutes`, `unparsable time`, `duplicate`, `filtered: breakdown`, …
    public var reason: String
    /// How many rows.
    public var count: Int
    /// The line on which the first of them begins.
    public var line: Int
    /// The column that the reason was found in, if it is one.
    public var column: String?
    /// What stood there.
    public var value: String?
    /// What was expected.
    public var expected: String?

    /// Whether the rows were left out on purpose rather than for a fault.
    public var isIntended: Bool { reason == Reason.duplicate || reason.hasPrefix(Reason.filtered) }
  }

  /// What was written to a relation.
  public struct Relation: Hashable, Codable, Sendable {
    /// The relation's name.
    public var name: String
    /// Records that the files gave.
    public var records = 0
    /// What writing them did.
    public var written = WriteCounts()
    /// Rows of the database that no file had, taken away.
    public var removed = 0
  }

  /// The reasons for which rows are refused.
  enum Reason {
    static let duplicate = "duplicate"
    static let filtered = "filtered: "
    static let fieldCount = "wrong number of fields"
    static let missingKey = "missing key"
    static let zeroByte = "byte of value 0 in a key"
    static let duplicateKey = "duplicate key"
    static let number = "unparsable number"
    static let time = "unparsable time"
    static let duration = "unparsable duration"
    static let flag = "unknown flag"
    static let value = "unknown value"
    static let negativeMinutes = "negative minutes"
    static let negativeQuantity = "negative quantity"
    static let contradiction = "contradicting minutes"
    static let differs = "differs within its group"
  }

  /// Whether the import changed nothing: everything was there as it is.
  public var isUnchanged: Bool {
    relations.allSatisfy { $0.written.inserted == 0 && $0.written.updated == 0 && $0.removed == 0 }
  }
}

extension ImportReport: CustomStringConvertible {
  /// The report as tables: of each file its rows and why some were refused, with an example; then what was written.
  public var description: String {
    var text = ""
    for file in files {
      text += "\(file.path): \(file.rows) rows, \(file.used) used, \(file.rows - file.used) refused\n"
      if file.refusals.isEmpty { continue }
      text += table([
        ("reason", Column(file.refusals.map(\.reason))), ("rows", Column(file.refusals.map { Int64($0.count) })),
        ("line", Column(file.refusals.map { Int64($0.line) })), ("column", Column(file.refusals.map(\.column))),
        ("first value", Column(file.refusals.map(\.value))), ("expected", Column(file.refusals.map(\.expected))),
      ])
    }
    // An import that was given up has written to none.
    if relations.isEmpty { return text }
    let counts: [(String, (Relation) -> Int)] = [
      ("records", \.records), ("inserted", \.written.inserted), ("updated", \.written.updated), ("unchanged", \.written.unchanged),
      ("removed", \.removed),
    ]
    return text
      + table(
        [("relation", Column(relations.map(\.name)))] + counts.map { name, count in (name, Column(relations.map { Int64(count($0)) })) })
  }

  private func table(_ columns: [(name: String, column: Column)]) -> String {
    ((try? Frame(columns)) ?? Frame()).rendered(FrameLayout(rows: .max, textWidth: 60))
  }
}
