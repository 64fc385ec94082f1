public import Tabular

/// A value whose parameters are declared: they check themselves, print themselves, and can be set by name.
public protocol Parameterised: Sendable {
  /// What it is called in scripts, settings and messages.
  static var name: String { get }
  /// Its parameters, in the order in which they are explained.
  static var parameters: [Parameter<Self>] { get }
  /// Makes one with the defaults.
  init()
}

extension Parameterised {
  /// Makes one with some parameters given by name, the rest at their defaults.
  public init(_ values: [String: PlainValue]) throws(LearningError) {
    self.init()
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      guard let parameter = Self.parameters.first(where: { $0.name == name }) else {
        throw .parameter("unknown parameter '\(name)' of \(Self.name)" + suggestion(for: name, in: Self.parameters.map(\.name)))
      }
      try parameter.set(&self, value)
    }
  }

  /// The values of all parameters by name.
  public var values: [String: PlainValue] {
    Dictionary(uniqueKeysWithValues: Self.parameters.map { ($0.name, $0.get(self)) })
  }

  /// Refuses parameters out of their bounds; initialisers that take them end with this.
  func check() throws(LearningError) {
    for parameter in Self.parameters {
      var copy = self
      try parameter.set(&copy, parameter.get(self))
    }
  }
}

/// One declared parameter of an `Owner`.
public struct Parameter<Owner: Parameterised>: Sendable {
  /// Its name in scripts and settings, in snake_case.
  public let name: String
  /// What it does, with its unit, in a sentence.
  public let doc: String
  /// What it may be, in words: `an integer 1…1000`.
  public let expected: String
  let get: @Sendable (Owner) -> PlainValue
  let read: @Sendable (inout Owner, PlainValue) throws(LearningError) -> Bool

  /// Sets it; throws when the value is none that it may be.
  func set(_ owner: inout Owner, _ value: PlainValue) throws(LearningError) {
    guard try read(&owner, value) else {
      throw .parameter("'\(name)' of \(Owner.name) must be \(expected), got \(value.shownKind)")
    }
  }

  /// A whole number.
  public static func integer(
    _ name: String, _ path: any WritableKeyPath<Owner, Int> & Sendable, _ range: ClosedRange<Int>, _ doc: String
  ) -> Self {
    Self(
      name: name, doc: doc,
      expected: range.upperBound == .max ? "an integer ≥ \(range.lowerBound)" : "an integer \(range.lowerBound)…\(range.upperBound)",
      get: { .integer(Int64($0[keyPath: path])) },
      read: { owner, value in
        guard let number = value.number, let whole = Int(exactly: number), range.contains(whole) else { return false }
        owner[keyPath: path] = whole
        return true
      })
  }

  /// A whole number or nothing.
  public static func optionalInteger(
    _ name: String, _ path: any WritableKeyPath<Owner, Int?> & Sendable, _ range: ClosedRange<Int>, _ doc: String
  ) -> Self {
    Self(
      name: name, doc: doc,
      expected: (range.upperBound == .max ? "an integer ≥ \(range.lowerBound)" : "an integer \(range.lowerBound)…\(range.upperBound)")
        + " or null",
      get: { $0[keyPath: path].map { .integer(Int64($0)) } ?? .null },
      read: { owner, value in
        if case .null = value {
          owner[keyPath: path] = nil
          return true
        }
        guard let number = value.number, let whole = Int(exactly: number), range.contains(whole) else { return false }
        owner[keyPath: path] = whole
        return true
      })
  }

  /// A finite number.
  public static func number(
    _ name: String, _ path: any WritableKeyPath<Owner, Double> & Sendable, _ bounds: NumberBounds, _ doc: String
  ) -> Self {
    Self(
      name: name, doc: doc, expected: bounds.words, get: { .number($0[keyPath: path]) },
      read: { owner, value in
        guard let number = value.number, bounds.contains(number) else { return false }
        owner[keyPath: path] = number
        return true
      })
  }

  /// True or false.
  public static func flag(_ name: String, _ path: any WritableKeyPath<Owner, Bool> & Sendable, _ doc: String) -> Self {
    Self(
      name: name, doc: doc, expected: "true or false", get: { .bool($0[keyPath: path]) },
      read: { owner, value in
        guard case .bool(let flag) = value else { return false }
        owner[keyPath: path] = flag
        return true
      })
  }

  /// One of some words.
  public static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Owner, Choice> & Sendable, _ doc: String
  ) -> Self {
    Self(
      name: name, doc: doc, expected: Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "),
      get: { .text($0[keyPath: path].rawValue) },
      read: { owner, value in
        guard let choice = value.text.flatMap(Choice.init(rawValue:)) else { return false }
        owner[keyPath: path] = choice
        return true
      })
  }

  /// Numbers by name.
  public static func numbersByName(
    _ name: String, _ path: any WritableKeyPath<Owner, [String: Double]> & Sendable, _ bounds: NumberBounds, _ doc: String
  ) -> Self {
    Self(
      name: name, doc: doc, expected: "a table of numbers by name, each \(bounds.words)",
      get: { .map($0[keyPath: path].mapValues { .number($0) }) },
      read: { owner, value in
        guard case .map(let values) = value else { return false }
        let numbers = values.compactMapValues { $0.number }
        guard numbers.count == values.count, numbers.values.allSatisfy(bounds.contains) else { return false }
        owner[keyPath: path] = numbers
        return true
      })
  }

  /// A list of texts, all different, or nothing.
  public static func optionalTexts(
    _ name: String, _ path: any WritableKeyPath<Owner, [String]?> & Sendable, _ doc: String
  ) -> Self {
    Self(
      name: name, doc: doc, expected: "a list of names, each once, or null",
      get: { $0[keyPath: path].map { .list($0.map { .text($0) }) } ?? .null },
      read: { owner, value in
        if case .null = value {
          owner[keyPath: path] = nil
          return true
        }
        guard let texts = distinctTexts(value) else { return false }
        owner[keyPath: path] = texts
        return true
      })
  }

  /// Lists of texts by name, each all different.
  public static func textsByName(
    _ name: String, _ path: any WritableKeyPath<Owner, [String: [String]]> & Sendable, _ doc: String
  ) -> Self {
    Self(
      name: name, doc: doc, expected: "a table of lists of texts by name, each text once in its list",
      get: { .map($0[keyPath: path].mapValues { .list($0.map { .text($0) }) }) },
      read: { owner, value in
        guard case .map(let values) = value else { return false }
        let lists = values.compactMapValues { distinctTexts($0) }
        guard lists.count == values.count else { return false }
        owner[keyPath: path] = lists
        return true
      })
  }

  /// A list's texts, when there is at least one and none is there twice.
  private static func distinctTexts(_ value: PlainValue) -> [String]? {
    guard case .list(let values) = value else { return nil }
    let texts = values.compactMap(\.text)
    return texts.count == values.count && !texts.isEmpty && Set(texts).count == texts.count ? texts : nil
  }

  /// A text.
  public static func text(_ name: String, _ path: any WritableKeyPath<Owner, String> & Sendable, _ doc: String) -> Self {
    Self(
      name: name, doc: doc, expected: "a text", get: { .text($0[keyPath: path]) },
      read: { owner, value in
        guard let text = value.text else { return false }
        owner[keyPath: path] = text
        return true
      })
  }

  /// A list of whole numbers.
  public static func integers(
    _ name: String, _ path: any WritableKeyPath<Owner, [Int]> & Sendable, _ range: ClosedRange<Int>, count: ClosedRange<Int>, _ doc: String
  ) -> Self {
    Self(
      name: name, doc: doc, expected: "a list of \(count.lowerBound)…\(count.upperBound) integers \(range.lowerBound)…\(range.upperBound)",
      get: { .list($0[keyPath: path].map { .integer(Int64($0)) }) },
      read: { owner, value in
        guard let values = value.elements, count.contains(values.count) else { return false }
        let numbers = values.compactMap { $0.number.flatMap(Int.init(exactly:)) }
        guard numbers.count == values.count, numbers.allSatisfy(range.contains) else { return false }
        owner[keyPath: path] = numbers
        return true
      })
  }

  /// A list of finite numbers.
  public static func numbers(
    _ name: String, _ path: any WritableKeyPath<Owner, [Double]> & Sendable, _ bounds: NumberBounds, count: ClosedRange<Int>, _ doc: String
  ) -> Self {
    Self(
      name: name, doc: doc, expected: "a list of \(count.lowerBound)…\(count.upperBound) numbers, each \(bounds.words)",
      get: { .list($0[keyPath: path].map { .number($0) }) },
      read: { owner, value in
        guard case .list(let values) = value, count.contains(values.count) else { return false }
        let numbers = values.compactMap(\.number)
        guard numbers.count == values.count, numbers.allSatisfy(bounds.contains) else { return false }
        owner[keyPath: path] = numbers
        return true
      })
  }
}

/// Which finite numbers a parameter may be.
public enum NumberBounds: Hashable, Sendable {
  /// From a number up.
  case atLeast(Double)
  /// Above a number.
  case above(Double)
  /// Within two numbers, both included.
  case within(ClosedRange<Double>)
  /// Above the first and up to the second.
  case aboveUpTo(Double, Double)
  /// From the first and below the second.
  case fromBelow(Double, Double)

  /// Whether `number` is one of them.
  public func contains(_ number: Double) -> Bool {
    guard number.isFinite else { return false }
    return switch self {
    case .atLeast(let low): number >= low
    case .above(let low): number > low
    case .within(let range): range.contains(number)
    case .aboveUpTo(let low, let high): number > low && number <= high
    case .fromBelow(let low, let high): number >= low && number < high
    }
  }

  /// The bounds in words.
  public var words: String {
    func brief(_ number: Double) -> String { number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : String(number) }
    return switch self {
    case .atLeast(let low): "a number ≥ \(brief(low))"
    case .above(let low): "a number > \(brief(low))"
    case .within(let range): "a number \(brief(range.lowerBound))…\(brief(range.upperBound))"
    case .aboveUpTo(let low, let high): "a number > \(brief(low)) and ≤ \(brief(high))"
    case .fromBelow(let low, let high): "a number ≥ \(brief(low)) and < \(brief(high))"
    }
  }
}

extension PlainValue {
  /// The value as messages show it: a text in quotes, so that `'5'` is told from 5.
  fileprivate var shownKind: String {
    switch self {
    case .text(let text): "'\(text)'"
    case .list(let values): "[\(values.map(\.shownKind).joined(separator: ", "))]"
    case .map(let entries): "{\(entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.shownKind)" }.joined(separator: ", "))}"
    default: description
    }
  }
}

extension PlainValue {
  /// The elements of a list; none of an empty table, which a script writes for both.
  fileprivate var elements: [PlainValue]? {
    switch self {
    case .list(let values): values
    case .map(let entries) where entries.isEmpty: []
    default: nil
    }
  }
}
