import LuaBridge
import Synchronization
import Tabular

/// An object that counts how many of it are alive, to see that each is released exactly once.
final class Tracked: Sendable {
  static let alive = Atomic<Int>(0)
  let value: Int

  init(_ value: Int) {
    self.value = value
    Self.alive.add(1, ordering: .relaxed)
  }

  deinit { Self.alive.subtract(1, ordering: .relaxed) }
}

/// A small host class with every kind of member.
struct Series: LuaObject, LuaNumberList {
  var numbers: [Double]
  let tracked = Tracked(0)

  func luaNumbers() throws(LuaMismatch) -> [Double] { numbers }

  static let luaName = "series"
  static let luaClass = LuaClass<Series>(
    "Numbers in a row.",
    methods: [
      LuaFunction("sum", "Adds them up.", on: Series.self, returns: .value(Double.self, "the sum")) { $0.numbers.reduce(0, +) },
      LuaFunction(
        "scaled", "Multiplies each.", on: Series.self, Parameter("by", Double.self, "factor", default: 2),
        returns: .value(Series.self, "the products")
      ) { series, factor in Series(numbers: series.numbers.map { $0 * factor }) },
      LuaFunction("clear", "Empties a file.", on: Series.self, returns: .nothing, effect: .writes) { _ in },
    ],
    properties: [LuaProperty("first", "The first number.") { $0.numbers.first }],
    operators: [
      .add: LuaFunction(
        "add", "Adds, element by element.", Parameter("left", Operand.self, "a series or number"),
        Parameter("right", Operand.self, "a series or number"), returns: .value(Series.self, "the sums")
      ) { left, right in Operand.add(left, right) },
      .negate: LuaFunction("negate", "Turns the signs.", Parameter("value", Series.self, "a series"), returns: .value(Series.self, "")) {
        Series(numbers: $0.numbers.map { -$0 })
      },
    ],
    index: LuaIndex { series, position in series.numbers.indices.contains(position - 1) ? series.numbers[position - 1] : nil },
    count: { $0.numbers.count },
    // As if each number stood for a thousand: limits are reached without the work.
    bytes: { $0.numbers.count * 8_000 },
    text: { "series of \($0.numbers.count)" })
}

enum Operand: LuaReadable {
  case series([Double])
  case number(Double)

  static var luaType: LuaType { LuaType("series|number") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> Operand {
    switch slot.kind {
    case .integer, .number: return .number(try Double.read(from: slot))
    case .userdata: return .series(try Series.read(from: slot).numbers)
    default: throw LuaMismatch(expected: "series or number", got: slot)
    }
  }

  static func add(_ left: Operand, _ right: Operand) -> Series {
    switch (left, right) {
    case (.series(let left), .series(let right)): Series(numbers: zip(left, right).map { $0 + $1 })
    case (.series(let left), .number(let right)): Series(numbers: left.map { $0 + right })
    case (.number(let left), .series(let right)): Series(numbers: right.map { left + $0 })
    case (.number(let left), .number(let right)): Series(numbers: [left + right])
    }
  }
}

enum Level: String, CaseIterable, LuaReadable, LuaPushable { case low, normal, high }

struct PlantOptions: LuaRecord {
  var quantity: Double?
  var version = "active"
  var level = Level.normal

  static var fields: [LuaField<PlantOptions>] {
    [
      LuaField("quantity", \.quantity, "pieces"), LuaField("version", \.version, "model version", default: "\"active\""),
      LuaField("level", \.level, "how loud"),
    ]
  }
}

/// A host error with a type of its own.
struct PlantError: Error, Equatable, CustomStringConvertible {
  var code: Int
  var description: String { "plant failed with \(code)" }
}

/// What functions declared `in:` it work on.
final class Workshop {
  var calls: [String] = []
}

private let psiFunction = LuaFunction(
  "psi", "Population stability index.", Parameter("reference", [Double].self, "values trained on"),
  Parameter("current", [Double].self, "values seen now"), Parameter("bins", Int.self, "bins", default: 10),
  returns: .value(Double.self, "index")
) { reference, current, bins in total(reference, current, bins) }

private func total(_ reference: [Double], _ current: [Double], _ bins: Int) -> Double {
  (reference + current).reduce(Double(bins), +)
}

private let predictFunction = LuaFunction(
  "predict", "Predicts.", Parameter("item", String.self, "item"), Parameter("options", PlantOptions.self, "options"),
  returns: .value(String.self, "text")
) { item, options in "\(item) \(options.quantity ?? 0) \(options.version) \(options.level.rawValue)" }
private let failFunction = LuaFunction("fail", "Throws.", Parameter("code", Int.self, "code"), returns: .nothing) {
  throw PlantError(code: $0)
}
private let seriesFunction = LuaFunction(
  "series", "Makes one.", Parameter("numbers", [Double].self, "numbers"), returns: .value(Series.self, "series")
) {
  Series(numbers: $0)
}
private let mapFunction = LuaFunction(
  "map", "Calls back.", Parameter("numbers", [Double].self, "numbers"), Parameter("f", LuaFunctionReference.self, "called with each"),
  returns: .value([Double].self, "results")
) { numbers, function in try numbers.map { try function.call($0, as: Double.self) } }
private let echoFunction = LuaFunction(
  "echo", "Gives back.", Parameter("value", PlainValue.self, "any data"), returns: .value(PlainValue.self, "the same")
) { $0 }
private let joinFunction = LuaFunction(
  "join", "Joins.", Parameter("texts", LuaRest<String>.self, "texts"), returns: .value(String.self, "joined")
) { $0.elements.joined(separator: "+") }
private let namesFunction = LuaFunction(
  "names", "Table in, table out.", Parameter("counts", [String: Int].self, "counts"), returns: .value([String: Int].self, "")
) {
  $0.mapValues { $0 + 1 }
}
private let levelFunction = LuaFunction("level", "Takes a level.", Parameter("level", Level.self, "level"), returns: .value(Level.self, ""))
{ $0 }
private let toggleFunction = LuaFunction("toggle", "Takes a boolean.", Parameter("flag", Bool.self, "flag"), returns: .value(Bool.self, ""))
{ !$0 }
private let maybeFunction = LuaFunction("maybe", "Takes one or none.", Parameter("n", Int?.self, "number"), returns: .value(Int?.self, ""))
{ $0 }
private let recordFunction = LuaFunction(
  "record", "Notes a call.", in: Workshop.self, Parameter("name", String.self, "name"), returns: .nothing, effect: .reads
) {
  workshop, name in workshop.calls.append(name)
}
private let eraseFunction = LuaFunction("erase", "Changes the world.", returns: .nothing, effect: .writes) {}
private let bothFunction = LuaFunction("both", "Two results.", returns: .pair(Int.self, "one", String.self, "two")) { (1, "two") }

let plant = LuaModule(
  "plant", "Functions to test with.",
  functions: [
    psiFunction, predictFunction, failFunction, seriesFunction, mapFunction, echoFunction, joinFunction, namesFunction, levelFunction,
    toggleFunction, maybeFunction, recordFunction, eraseFunction, bothFunction,
  ],
  constants: [LuaConstant("answer", 42, "the answer")])

func makeVM(
  profile: LuaProfile = .strategies, memory: Int = 64 << 20, time: Duration? = .seconds(20), seed: UInt64 = 1,
  print: @escaping (String) -> Void = { _ in }, load: ((String) throws -> LuaSource?)? = nil
) throws -> LuaVM {
  try LuaVM(
    LuaVM.Settings(
      profile: profile, limits: LuaLimits(memoryBytes: memory, time: time), seed: seed, modules: [plant], print: print, load: load))
}

extension LuaVM {
  func run(_ text: String) throws(LuaError) -> [PlainValue] { try run(LuaSource(text, name: "test.lua")) }

  /// The error that `source` fails with; nil when it does not fail.
  func error(of source: LuaSource) -> LuaError? {
    do {
      _ = try run(source)
      return nil
    } catch { return error }
  }

  /// The description of the error that `text` fails with; nil when it does not fail.
  func failure(_ text: String) -> String? { error(of: LuaSource(text, name: "test.lua"))?.description }
}
