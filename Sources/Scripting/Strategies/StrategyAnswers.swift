import LuaBridge
import Tabular

/// What a strategy answers: read from Lua where it ran, and handed on as plain data.
protocol StrategyAnswer: LuaRecord {
  /// The answer as data.
  var plain: PlainValue { get }
  /// Reads what ``plain`` gives; throws when it is anything else, since another process may have sent it.
  init(plain: PlainValue) throws(HostFault)
}

/// What a sampling strategy answers: `{ items = { codes… } or column, reasons = { [code] = "…" } }`.
struct SamplingAnswer: StrategyAnswer {
  var items: [String] = []
  var reasons: [String: String] = [:]

  static let fields: [LuaField<SamplingAnswer>] = [
    LuaField("items", \.items, "codes of the chosen items", isRequired: true),
    LuaField("reasons", \.reasons, "why an item was chosen, by code"),
  ]

  var plain: PlainValue { ["items": .list(items.map(PlainValue.text)), "reasons": .map(reasons.mapValues(PlainValue.text))] }

  init() {}

  init(plain: PlainValue) throws(HostFault) {
    items = try plain.texts("items")
    guard case .map(let told)? = plain["reasons"] else { throw HostFault("an answer without reasons") }
    for (code, reason) in told {
      guard let text = reason.text else { throw HostFault("a reason that is no text") }
      reasons[code] = text
    }
  }
}

/// What a trigger rule answers: `{ retrain, priority, reasons, candidates? }`.
struct TriggerAnswer: StrategyAnswer {
  var retrain = false
  var priority = Priority.normal
  var reasons: [PlainValue] = []
  var candidates: [String]?

  enum Priority: String, CaseIterable, LuaReadable {
    case low, normal, high
  }

  static let fields: [LuaField<TriggerAnswer>] = [
    LuaField("retrain", \.retrain, "whether to retrain", isRequired: true),
    LuaField("priority", \.priority, "how soon", default: "\"normal\""),
    LuaField("reasons", \.reasons, "why: a list of texts or tables"),
    LuaField("candidates", \.candidates, "kinds of candidate to train"),
  ]

  var plain: PlainValue {
    [
      "retrain": .bool(retrain), "priority": .text(priority.rawValue), "reasons": .list(reasons),
      "candidates": candidates.map { .list($0.map(PlainValue.text)) } ?? .null,
    ]
  }

  init() {}

  init(plain: PlainValue) throws(HostFault) {
    guard case .bool(let retrain)? = plain["retrain"], case .list(let reasons)? = plain["reasons"],
      let priority = plain["priority"]?.text.flatMap(Priority.init(rawValue:))
    else { throw HostFault("an answer of a trigger rule that is none") }
    (self.retrain, self.priority, self.reasons) = (retrain, priority, reasons)
    if plain["candidates"] != .null { candidates = try plain.texts("candidates") }
  }
}

/// What a comparison policy answers: `{ winner = name or nil, reasons }`.
struct ComparisonAnswer: StrategyAnswer {
  var winner: String?
  var reasons: [PlainValue] = []

  static let fields: [LuaField<ComparisonAnswer>] = [
    LuaField("winner", \.winner, "name of the candidate that takes over; nil keeps the champion"),
    LuaField("reasons", \.reasons, "why: a list of texts or tables"),
  ]

  var plain: PlainValue { ["winner": winner.map(PlainValue.text) ?? .null, "reasons": .list(reasons)] }

  init() {}

  init(plain: PlainValue) throws(HostFault) {
    guard case .list(let reasons)? = plain["reasons"], let winner = plain["winner"], winner == .null || winner.text != nil else {
      throw HostFault("an answer of a comparison policy that is none")
    }
    (self.reasons, self.winner) = (reasons, winner.text)
  }
}

extension PlainValue {
  /// The list of texts under `key`.
  func texts(_ key: String) throws(HostFault) -> [String] {
    guard case .list(let elements)? = self[key] else { throw HostFault("no list '\(key)'") }
    let texts = elements.compactMap(\.text)
    guard texts.count == elements.count else { throw HostFault("a list '\(key)' with something else than texts") }
    return texts
  }
}
