internal import LuaBridge
public import Tabular

/// A declared parameter of a strategy: what values it takes, and which it has when nobody says otherwise.
public struct StrategyParameter: Hashable, Codable, Sendable {
  /// Its name.
  public var name: String
  /// What it holds.
  public var type: Kind
  /// Its value when nobody says otherwise.
  public var fallback: PlainValue
  /// Smallest and largest number; for a list those of each element.
  public var min, max: Double?
  /// The texts that it may have; `nil`: any.
  public var choices: [String]?
  /// What it means.
  public var doc: String

  /// What a parameter holds.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    case integer, number, string, boolean
    case texts = "string[]"
    case numbers = "number[]"
  }

  /// What is wrong with `value` as this parameter's value, or `nil` when nothing is.
  func fault(of value: PlainValue) -> String? {
    switch (type, value) {
    case (.integer, .integer(let number)): return boundFault(Double(number), of: value)
    case (.number, .integer), (.number, .number): return boundFault(value.number ?? .nan, of: value)
    case (.boolean, .bool): return nil
    case (.string, .text(let text)):
      guard let choices, !choices.contains(text) else { return nil }
      return "must be one of \(choices.joined(separator: ", ")), got '\(text)'" + suggestion(for: text, in: choices)
    case (.texts, _):
      guard let elements = value.elements, elements.allSatisfy({ $0.text != nil }) else { return typeFault(value) }
      if let choices, let other = elements.compactMap(\.text).first(where: { !choices.contains($0) }) {
        return "must hold some of \(choices.joined(separator: ", ")), got '\(other)'" + suggestion(for: other, in: choices)
      }
      return nil
    case (.numbers, _):
      guard let elements = value.elements, elements.allSatisfy({ $0.number != nil }) else { return typeFault(value) }
      return elements.compactMap { element in boundFault(element.number ?? .nan, of: element) }.first
    default: return typeFault(value)
    }
  }

  private func boundFault(_ number: Double, of value: PlainValue) -> String? {
    // YAML and Lua know numbers that are none; a strategy that compares with them decides by accident.
    guard number.isFinite else { return "must be a finite number, got \(value)" }
    if let min, !(number >= min) { return "must be at least \(shown(min)), got \(value)" }
    if let max, !(number <= max) { return "must be at most \(shown(max)), got \(value)" }
    return nil
  }

  private func typeFault(_ value: PlainValue) -> String { "must be of type \(type.rawValue), got \(value)" }

  private func shown(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : String(number)
  }
}
