public import DataAccess
public import Tabular

extension ImportMapping {
  /// Where the values of one field come from, and how they are read.
  ///
  /// The order: the text is taken (``input``), it is missing or not, ``steps`` change it, ``valueMap`` replaces it, and then it is
  /// read as what the field holds.
  public struct Field: Equatable, Sendable {
    /// Where the text comes from.
    public var input = Input.constant("")
    /// Changes to the text, in order.
    public var steps: [Step] = []
    /// Texts replaced by others.
    public var valueMap: [String: String] = [:]
    /// What becomes of a text that is not in ``valueMap``, when that has any.
    public var unmapped = Unmapped.kept
    /// Texts that mean "no value" here, beside those of the mapping.
    public var missing: Set<String> = []
    /// What a feature column holds: text or double. Other fields' types are the relation's.
    public var featureType = ColumnType.text
    /// How a time is written; `nil`: as the source's times are.
    public var timeFormat: String?
    /// How a duration is written; what is kept is minutes.
    public var duration = DurationFormat.decimal(.minutes)
    /// Whether numbers have a decimal comma.
    public var decimalComma = false
    /// Texts that mean true.
    public var trueValues: Set<String> = ["1", "true", "True", "TRUE", "Y", "y", "yes", "Yes"]
    /// Texts that mean false; `nil`: all that do not mean true.
    public var falseValues: Set<String>? = ["0", "false", "False", "FALSE", "N", "n", "no", "No"]
    /// Two times whose difference the minutes must agree with.
    public var check: SpanCheck?
    /// Rows that count for this field; the others have no value in it.
    public var conditions: [Condition] = []
    /// How the rows of a group become one value.
    public var aggregate = Aggregate.same
    /// The column of times by which `first` and `last` are meant; `nil`: as they stand in the file.
    public var orderedBy: String?

    /// Makes a field of the text of a column.
    public init(_ input: Input) { self.input = input }
  }

  /// Where a field's text comes from.
  public enum Input: Equatable, Sendable {
    /// The text of a column.
    case column(String)
    /// The texts of several columns, with a text between; missing when one of them is.
    case joined([String], separator: String)
    /// The same text for every row.
    case constant(String)
    /// The minutes from one column's time to another's.
    case minutesBetween(start: String, end: String)
  }

  /// A change to a text.
  public enum Step: Equatable, Sendable {
    /// What stands after the first occurrence of a text; the whole when it does not occur.
    case after(String)
    /// What stands before the first occurrence of a text; the whole when it does not occur.
    case before(String)
    /// What a regular expression's first group (the whole match when it has none) matches; missing when it matches nothing.
    case match(String)
    /// Every match of a regular expression replaced by a text.
    case replace(pattern: String, with: String)
    /// Every run of white space becomes one blank.
    case collapseBlanks
  }

  /// What becomes of a text that a value map does not have.
  public enum Unmapped: Equatable, Sendable {
    /// It stays as it is.
    case kept
    /// The row is refused.
    case refused
    /// It becomes this text.
    case replaced(by: String)
  }

  /// Two columns of times whose difference reported minutes must agree with.
  public struct SpanCheck: Equatable, Sendable {
    /// The column of the beginning.
    public var start = ""
    /// The column of the end.
    public var end = ""
    /// Difference in minutes that is still agreement.
    public var toleranceMinutes = 1.0

    /// Makes a check with a minute's tolerance.
    public init(start: String = "", end: String = "", toleranceMinutes: Double = 1) {
      self.start = start
      self.end = end
      self.toleranceMinutes = toleranceMinutes
    }
  }

  /// How the values of a group's rows become one; rows without a value do not count, and without any the field has none.
  public enum Aggregate: String, CaseIterable, Sendable {
    /// The value that all rows have; a row with another one is refused.
    case same
    /// The first value in the file, or by a column of times.
    case first
    /// The last value in the file, or by a column of times.
    case last
    /// The sum.
    case sum
    /// The smallest value.
    case min
    /// The largest value.
    case max
    /// How many rows have a value.
    case count
    /// The value that most rows have; of several the one seen first.
    case mostFrequent = "most_frequent"
  }
}
