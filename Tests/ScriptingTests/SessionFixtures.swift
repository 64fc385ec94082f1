import LuaBridge
import Scripting
import Tabular

/// Numbers in a row: a host class with every kind of member.
struct Series: LuaObject {
  var numbers: [Double]

  static let luaName = "series"
  static let luaClass = LuaClass<Series>(
    "Numbers in a row. They do not change.",
    methods: [
      LuaFunction("sum", "Adds them up.", on: Series.self, returns: .value(Double.self, "the sum, 0 for none")) { $0.numbers.reduce(0, +) },
      LuaFunction(
        "scaled", "Multiplies each.", on: Series.self, Parameter("by", Double.self, "factor", default: 2),
        returns: .value(Series.self, "the products")
      ) { series, factor in Series(numbers: series.numbers.map { $0 * factor }) },
      LuaFunction(
        "save", "Writes them to a file.", on: Series.self, Parameter("path", String.self, "the file"), returns: .nothing, effect: .writes
      ) { _, _ in },
    ],
    properties: [
      LuaProperty("first", "The first number.") { $0.numbers.first },
      LuaProperty("half", "The first half.") { Series(numbers: Array($0.numbers.prefix($0.numbers.count / 2))) },
    ],
    operators: [
      .add: LuaFunction(
        "add", "Adds, element by element.", Parameter("left", Series.self, "a series"), Parameter("right", Series.self, "a series"),
        returns: .value(Series.self, "the sums")
      ) { left, right in Series(numbers: zip(left.numbers, right.numbers).map { $0 + $1 }) },
      .negate: LuaFunction("negate", "Turns the signs.", Parameter("value", Series.self, "a series"), returns: .value(Series.self, "")) {
        Series(numbers: $0.numbers.map { -$0 })
      },
    ],
    index: LuaIndex { series, position in series.numbers.indices.contains(position - 1) ? series.numbers[position - 1] : nil },
    count: { $0.numbers.count },
    text: { series in "number\n------\n" + series.numbers.map { "\($0)" }.joined(separator: "\n") })
}

/// How strong.
enum Level: String, CaseIterable, LuaReadable { case low, high }

/// Options in a table.
struct DrawOptions: LuaRecord {
  var count = 10
  var level = Level.low

  static var fields: [LuaField<DrawOptions>] {
    [
      LuaField("count", \.count, "how many numbers", default: "10"),
      LuaField("level", \.level, "how strong they scatter, from one number to the next", isRequired: true),
    ]
  }
}

/// What functions that read work on.
final class Plant {
  var reads = 0
}

private let newFunction = LuaFunction(
  "new", "Makes a series.", Parameter("numbers", [Double].self, "the numbers, in order"), returns: .value(Series.self, "the series")
) { Series(numbers: $0) }

private let drawFunction = LuaFunction(
  "draw",
  "Draws numbers from the distribution that the plant has shown so far, which is not the one that its maker has promised. Twice the same seed gives twice the same numbers.",
  in: Plant.self, Parameter("seed", Int.self, "seed of the generator"), Parameter("options", DrawOptions?.self, "how to draw"),
  returns: .pair(Series.self, "the numbers", String?.self, "a remark, where there is one"), effect: .reads
) { plant, seed, options in
  plant.reads += 1
  return (Series(numbers: (0..<(options?.count ?? 10)).map { Double(seed + $0) }), nil)
}

private let joinFunction = LuaFunction(
  "join", "Joins texts.", Parameter("separator", String.self, "what stands between them", default: ", "),
  Parameter("texts", LuaRest<String>.self, "the texts"), returns: .value(String.self, "the whole text")
) { separator, texts in texts.elements.joined(separator: separator) }

private let failFunction = LuaFunction("fail", "Fails.", returns: .nothing) { throw CancellationError() }

/// A module of functions, a constant and a class to test with.
let series = LuaModule(
  "series", "Series of numbers. What else there is to say about them.",
  functions: [newFunction, drawFunction, joinFunction], constants: [LuaConstant("limit", 1000, "greatest length of a series")],
  classes: [Series.luaClass.documentation])
/// A module with a name of its own.
let plant = LuaModule("plant", "The plant | its machines.", functions: [failFunction, joinFunction])

/// Collects what scripts print.
final class Printed {
  var lines: [String] = []
  var text: String { lines.joined(separator: "\n") }
}

func makeSeriesSession(
  _ printed: Printed = Printed(), time: Duration? = nil, isTrusted: Bool = false, scriptFolder: String? = nil
) throws -> ScriptSession {
  try ScriptSession(
    modules: [series, plant], limits: LuaLimits(memoryBytes: 64 << 20, time: time), isTrusted: isTrusted, seed: 1,
    scriptFolder: scriptFolder,
    print: { printed.lines.append($0) }, provide: { $0.provide(Plant()) })
}
