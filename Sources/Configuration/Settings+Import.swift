extension Settings {
  /// How files are brought into the embedded source database.
  public struct Import: Equatable, Sendable {
    /// The zone of times that name none.
    public var timeZone = "UTC"
    /// Texts that mean "no value".
    public var missing = ["", "-", "--", "nan", "NaN", "NULL", "null", "N/A"]
    /// Share of a source's rows that may be refused for a fault, 0…1.
    public var maxRefusedShare = 0.05
    /// What happens to rows that the database has and the files do not.
    public var mode = Mode.merge
    /// Where rows come from.
    public var sources: [ImportSource] = []

    /// The defaults.
    public init() {}

    /// What happens to rows that the database has and the files do not.
    public enum Mode: String, CaseIterable, Sendable {
      /// They stay.
      case merge
      /// They go.
      case replace
    }
  }

  /// Files of one layout.
  public struct ImportSource: Hashable, Sendable {
    /// The files; a relative path starts at the workspace.
    public var files: [String] = []
    /// What separates fields: one character, or `tab`; `nil`: found out.
    public var delimiter: String?
    /// How times are written.
    public var timeFormat = "iso"
    /// Whether rows that repeat an earlier one are left out.
    public var dropDuplicates = true
    /// Rows that are left out on purpose.
    public var filters: [ImportFilter] = []
    /// What the rows become in `items`.
    public var items: ImportRelation?
    /// What the rows become in `routing_operations`.
    public var routingOperations: ImportRelation?
    /// What the rows become in `work_results`.
    public var workResults: ImportRelation?

    /// The defaults.
    public init() {}
  }

  /// Rows that are left out on purpose.
  public struct ImportFilter: Hashable, Sendable {
    /// What the report calls them.
    public var name = ""
    /// The column that is looked at.
    public var column = ""
    /// The texts whose rows stay; `nil`: all.
    public var keep: [String]?
    /// The texts whose rows go.
    public var drop: [String] = []

    /// The defaults.
    public init() {}
  }

  /// A condition on the text of a column.
  public struct ImportCondition: Hashable, Sendable {
    /// The column that is looked at.
    public var column = ""
    /// The texts that count; `nil`: all.
    public var keep: [String]?
    /// The texts that do not count.
    public var drop: [String] = []

    /// The defaults.
    public init() {}
  }

  /// What rows become in one relation.
  public struct ImportRelation: Hashable, Sendable {
    /// Fields whose equal values make several rows one record.
    public var groupBy: [String] = []
    /// Where each field comes from.
    public var fields: [String: ImportField] = [:]

    /// The defaults.
    public init() {}
  }

  /// Where the values of one field come from, and how they are read.
  public struct ImportField: Hashable, Sendable {
    /// The column that values come from; or one of the next three.
    public var column: String?
    /// The columns whose texts are joined.
    public var columns: [String] = []
    /// The text for every row.
    public var constant: String?
    /// The times between which the minutes are.
    public var between: ImportSpan?
    /// What stands between the texts of several columns.
    public var separator = "-"
    /// Changes to the text, in order.
    public var steps: [ImportStep] = []
    /// Texts replaced by others.
    public var valueMap: [String: String] = [:]
    /// What becomes of a text that the value map does not have: `keep`, `refuse`, or another text.
    public var unmapped = "keep"
    /// Texts that mean "no value" here too.
    public var missing: [String] = []
    /// What a feature holds.
    public var type = FeatureType.text
    /// How times are written, where not as in the source.
    public var timeFormat: String?
    /// How durations are written.
    public var duration = "minutes"
    /// Whether numbers have a decimal comma.
    public var decimalComma = false
    /// Texts that mean true.
    public var trueValues = ["1", "true", "True", "TRUE", "Y", "y", "yes", "Yes"]
    /// Texts that mean false; `nil`: all others.
    public var falseValues: [String]? = ["0", "false", "False", "FALSE", "N", "n", "no", "No"]
    /// Two times whose difference the minutes must agree with.
    public var check: ImportSpan?
    /// Rows that count for this field.
    public var `where`: [ImportCondition] = []
    /// How the rows of a group become one value.
    public var aggregate = Aggregate.same
    /// The column of times by which first and last are meant.
    public var by: String?

    /// The defaults.
    public init() {}

    /// What a feature holds.
    public enum FeatureType: String, CaseIterable, Sendable {
      case text, number
    }

    /// How the rows of a group become one value.
    public enum Aggregate: String, CaseIterable, Sendable {
      case same, first, last, sum, min, max, count
      case mostFrequent = "most_frequent"
    }
  }

  /// Two columns of times.
  public struct ImportSpan: Hashable, Sendable {
    /// The column of the beginning.
    public var start = ""
    /// The column of the end.
    public var end = ""
    /// Difference that is still agreement, in minutes.
    public var toleranceMinutes = 1.0

    /// The defaults.
    public init() {}
  }

  /// A change to a text: one of the five.
  public struct ImportStep: Hashable, Sendable {
    /// Keeps what stands after a text.
    public var after: String?
    /// Keeps what stands before a text.
    public var before: String?
    /// Keeps what a regular expression matches.
    public var match: String?
    /// Replaces what a regular expression matches.
    public var replace: String?
    /// What it is replaced by.
    public var with = ""
    /// Makes one blank of several.
    public var collapseBlanks = false

    /// The defaults.
    public init() {}
  }
}

extension Settings.Import: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("time_zone", \.timeZone, .text, "Zone of times that name none: UTC, a name such as Asia/Seoul, or an offset such as +09:00."),
    Field("missing", \.missing, .list(of: .anyText, unique: true), "Texts that mean 'no value'."),
    Field(
      "max_refused_share", \.maxRefusedShare, .number(0...1), "Share of rows that may be refused for a fault before nothing is imported."),
    Field(
      "mode", \.mode, .choice(of: Mode.self), "Rows that the database has and the files do not: merge keeps them, replace takes them away."),
    Field("sources", \.sources, .list(of: .record(Settings.ImportSource.self)), "Files, by layout."),
  ]
}

extension Settings.ImportSource: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field(
      required: "files", \.files, .list(of: .path, nonEmpty: true), "Files read as if they were one; relative paths start at the workspace."
    ),
    Field(
      "delimiter", \.delimiter,
      .optional(.text("one character or tab", parse: { $0 == "tab" || $0.utf8.count == 1 ? $0 : nil }, show: { $0 })),
      "What separates fields; absent: found out from the header."),
    Field("time_format", \.timeFormat, .text, "How times are written: yyyy/MM/dd HH:mm:ss, d.M.yyyy, iso, epoch_seconds, …"),
    Field("drop_duplicates", \.dropDuplicates, .bool, "Whether a row that repeats an earlier one in every field is left out."),
    Field(
      "filters", \.filters, .list(of: .record(Settings.ImportFilter.self)), "Rows left out on purpose; the report names and counts them."),
    Field(
      "items", \.items, .optional(.record(Settings.ImportRelation.self)), "What rows become in items; other names are feature columns."),
    Field(
      "routing_operations", \.routingOperations, .optional(.record(Settings.ImportRelation.self)), "What rows become in routing_operations."
    ),
    Field("work_results", \.workResults, .optional(.record(Settings.ImportRelation.self)), "What rows become in work_results."),
  ]
}

extension Settings.ImportFilter: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field(required: "name", \.name, .text, "What the report calls the rows that are left out."),
    Field(required: "column", \.column, .text, "Column that is looked at."),
    Field("keep", \.keep, .optional(.list(of: .anyText)), "Texts whose rows stay; absent: all."),
    Field("drop", \.drop, .list(of: .anyText), "Texts whose rows go."),
  ]
}

extension Settings.ImportCondition: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field(required: "column", \.column, .text, "Column that is looked at."),
    Field("keep", \.keep, .optional(.list(of: .anyText)), "Texts whose rows count; absent: all."),
    Field("drop", \.drop, .list(of: .anyText), "Texts whose rows do not count."),
  ]
}

extension Settings.ImportRelation: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("group_by", \.groupBy, .list(of: .text, unique: true), "Fields whose equal values make several rows one record."),
    Field(
      required: "fields", \.fields, .map(of: .record(Settings.ImportField.self, or: \.column, .optional(.text)), naming: "FIELD"),
      "Where each field comes from: a column's name, or a map of keys."),
  ]
}

extension Settings.ImportField: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("column", \.column, .optional(.text), "Column of the file."),
    Field("columns", \.columns, .list(of: .text), "Several columns, joined."),
    Field("constant", \.constant, .optional(.text), "The same text for every row."),
    Field("between", \.between, .optional(.record(Settings.ImportSpan.self)), "Two columns of times: the minutes from one to the other."),
    Field("separator", \.separator, .anyText, "What stands between the texts of several columns."),
    Field("steps", \.steps, .list(of: .record(Settings.ImportStep.self)), "Changes to the text, in order."),
    Field("value_map", \.valueMap, .map(of: .anyText, naming: "TEXT"), "Texts replaced by others."),
    Field("unmapped", \.unmapped, .text, "What becomes of a text that value_map does not have: keep, refuse, or another text."),
    Field("missing", \.missing, .list(of: .anyText), "Texts that mean 'no value' here too."),
    Field("type", \.type, .choice(of: FeatureType.self), "What a feature column holds."),
    Field("time_format", \.timeFormat, .optional(.text), "How times are written, where not as in the source."),
    Field("duration", \.duration, .text, "How minutes are written: minutes, hours, seconds, days, HHH:MM or H:MM:SS."),
    Field("decimal_comma", \.decimalComma, .bool, "Whether numbers have a decimal comma."),
    Field("true_values", \.trueValues, .list(of: .anyText), "Texts that mean true."),
    Field("false_values", \.falseValues, .optional(.list(of: .anyText)), "Texts that mean false; null: all that do not mean true."),
    Field("check", \.check, .optional(.record(Settings.ImportSpan.self)), "Two columns of times that reported minutes must agree with."),
    Field(
      "where", \.where, .list(of: .record(Settings.ImportCondition.self)), "Rows that count for this field; the others have no value in it."
    ),
    Field("aggregate", \.aggregate, .choice(of: Aggregate.self), "How the rows of a group become one value."),
    Field("by", \.by, .optional(.text), "Column of times by which first and last are meant; absent: as they stand in the file."),
  ]

  func faultsAcrossKeys() -> [(key: String, message: String)] {
    let given = [column != nil, !columns.isEmpty, constant != nil, between != nil].count { $0 }
    return given == 1 ? [] : [("column", "must be given, or one of columns, constant, between in its place; got \(given) of the four")]
  }
}

extension Settings.ImportSpan: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field(required: "start", \.start, .text, "Column of the beginning."),
    Field(required: "end", \.end, .text, "Column of the end."),
    Field("tolerance_minutes", \.toleranceMinutes, .number(0...), unit: "minutes", "Difference that is still agreement."),
  ]
}

extension Settings.ImportStep: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("after", \.after, .optional(.text), "Keeps what stands after the first occurrence of a text."),
    Field("before", \.before, .optional(.text), "Keeps what stands before the first occurrence of a text."),
    Field("match", \.match, .optional(.text), "Keeps the first group of a regular expression, or its whole match."),
    Field("replace", \.replace, .optional(.text), "Replaces every match of a regular expression."),
    Field("with", \.with, .anyText, "What matches are replaced by."),
    Field("collapse_blanks", \.collapseBlanks, .bool, "Makes one blank of every run of white space."),
  ]

  func faultsAcrossKeys() -> [(key: String, message: String)] {
    let given = [after != nil, before != nil, match != nil, replace != nil, collapseBlanks].count { $0 }
    return given == 1 ? [] : [("after", "or before, match, replace or collapse_blanks must be given, one of them; got \(given)")]
  }
}
