import Tabular

/// One field of a cron expression: the values at which it holds.
struct CronField: Hashable, Sendable {
  /// What a field may hold.
  struct Domain: Sendable {
    let name: String
    let range: ClosedRange<Int>
    let names: [String]

    static let minute = Domain(name: "minute", range: 0...59, names: [])
    static let hour = Domain(name: "hour", range: 0...23, names: [])
    static let day = Domain(name: "day of month", range: 1...31, names: [])
    static let month = Domain(
      name: "month", range: 1...12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    static let weekday = Domain(name: "day of week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

    /// The range as a person reads it.
    var words: String {
      guard let first = names.first, let last = names.last else { return "\(range.lowerBound)–\(range.upperBound)" }
      return "\(range.lowerBound)–\(range.upperBound) or \(first)–\(last)"
    }
  }

  /// The values, one bit each.
  private(set) var bits: UInt64 = 0
  /// Whether it begins with `*`: what Vixie cron's rules about days and about clock changes look at.
  let isStar: Bool

  /// Reads a list of `*`, values and ranges, each with a step or without.
  init(_ text: Substring, _ domain: Domain, of expression: String) throws(CronError) {
    isStar = text.hasPrefix("*")
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      try add(part, domain, expression)
    }
  }

  func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

  /// The values, ascending.
  var values: [Int] { (0..<64).filter(contains) }

  private mutating func add(_ part: Substring, _ domain: Domain, _ expression: String) throws(CronError) {
    let fault = { (words: String) in CronError(expression: expression, field: domain.name, fault: words) }
    guard !part.isEmpty else { throw fault("has an empty part; expected \(domain.words), a range, or '*'") }
    let halves = part.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count <= 2 else { throw fault("has more than one step in '\(part)'; expected one '/'") }
    let bounds = halves[0].split(separator: "-", omittingEmptySubsequences: false)
    var low = domain.range.lowerBound
    var high = domain.range.upperBound
    if halves[0] == "*" {
      // The eighth weekday is Sunday again, which a step must not count twice.
      if domain.range.upperBound == 7 { high = 6 }
    } else {
      guard bounds.count <= 2 else { throw fault("has '\(halves[0])'; expected one '-' between two values") }
      low = try value(bounds[0], domain, expression)
      high = low
      if bounds.count == 2 {
        high = try value(bounds[1], domain, expression)
        // A week may end with Sunday, whichever way it is written.
        if domain.range.upperBound == 7, high == 0, low > 0 { high = 7 }
        guard low <= high else { throw fault("has the range '\(halves[0])', which runs backwards; write the smaller value first") }
      }
      guard halves.count == 1 || bounds.count == 2 else {
        throw fault("has a step after a single value in '\(part)'; write a range, as \(low)-\(domain.range.upperBound)/\(halves[1])")
      }
    }
    var step = 1
    if halves.count == 2 {
      guard let number = number(halves[1]), number >= 1, number <= domain.range.upperBound else {
        throw fault("step must be 1–\(domain.range.upperBound), got '\(halves[1])'")
      }
      step = number
    }
    for value in stride(from: low, through: high, by: step) { bits |= 1 << UInt64(domain.range.upperBound == 7 ? value % 7 : value) }
  }

  private func value(_ text: Substring, _ domain: Domain, _ expression: String) throws(CronError) -> Int {
    if let number = number(text), domain.range.contains(number) { return number }
    if let index = domain.names.firstIndex(of: text.lowercased()) { return index + (domain.range.lowerBound == 1 ? 1 : 0) }
    throw CronError(
      expression: expression, field: domain.name,
      fault: "must be \(domain.words), got '\(text)'\(text.isEmpty ? "" : suggestion(for: String(text), in: domain.names))")
  }

  private func number(_ text: Substring) -> Int? {
    guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(text)
  }
}
