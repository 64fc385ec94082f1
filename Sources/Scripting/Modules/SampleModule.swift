public import LuaBridge
internal import Tabular

/// The module `sample`.
public enum SampleModule {
  /// Its declaration.
  public static let module = LuaModule(
    "sample",
    """
    Seeded samples without replacement: the same seed and the same rows in the same order give the same sample. Rows keep their order. A \
    sample of a frame is a frame, of a column a column, of a number n the positions 1…n that were drawn.
    """, functions: [random, stratified, weighted, reservoir])

  private static let population = Parameter("population", SamplePopulation.self, "a frame, a column, or a number of rows")
  private static let size = Parameter("size", Int.self, "rows to draw, ≥ 0; all of them when there are not more")
  private static let seed = Parameter("seed", SampleSeed.self, "where the draws start")
  private static let drawn = LuaReturn.value(SampleResult.self, "the sample")

  private static let random = LuaFunction(
    "random", "Rows drawn with the same chance each.", in: LuaVM.self, population, size, seed, returns: drawn, effect: .pure
  ) { vm, population, size, seed in
    // A frame or column is there already; of a number's rows nothing is yet.
    if case .count(let count) = population { try vm.checkMemory(for: min(size, count), each: 40) }
    return population.chosen(try Sampling.uniform(population: population.count, size: size, seed: seed.value))
  }

  private static let stratified = LuaFunction(
    "stratified",
    """
    Rows of each stratum in proportion to its size, by largest remainder; each stratum gets at least one while there are no more strata \
    than places. Missing values are a stratum too.
    """, population, Parameter("by", ColumnOrName.self, "the strata: a column of the frame, by name, or any column of that length"), size,
    seed,
    returns: drawn
  ) { try $0.chosen(stratified: try $1.column(of: $0, "by"), size: $2, seed: $3.value) }

  private static let weighted = LuaFunction(
    "weighted", "Rows drawn one after the other, with a chance in proportion to their weights; those of weight 0 never.", population,
    Parameter("weights", ColumnOrName.self, "a column of the frame, by name, or numbers ≥ 0, one a row"), size, seed, returns: drawn
  ) { try $0.chosen(weighted: try $1.column(of: $0, "weights"), size: $2, seed: $3.value) }

  private static let reservoir = LuaFunction(
    "reservoir", "A uniform sample of what an iterator gives, however much that is; only the sample is held in memory.", in: LuaVM.self,
    Parameter("next", LuaFunctionReference.self, "called without arguments for each value; nil ends"), size, seed,
    returns: .value([PlainValue].self, "the sample, in order of arrival"), effect: .pure
  ) { try collected($0, $1, size: $2, seed: $3.value) }

  private static func collected(_ vm: LuaVM, _ next: LuaFunctionReference, size: Int, seed: UInt64) throws -> [PlainValue] {
    var reservoir = try Reservoir<PlainValue>(capacity: size, seed: seed)
    var held = 0
    while true {
      let value = try next.call(as: PlainValue.self)
      if value == .null { return reservoir.elements }
      held += value.estimatedBytes - (reservoir.add(value)?.estimatedBytes ?? 0)
      try vm.checkMemory(for: held, each: 1)
    }
  }
}

/// A seed: any integer.
struct SampleSeed: LuaReadable {
  var value: UInt64

  static var luaType: LuaType { LuaType("integer") }
  static func read(from slot: LuaSlot) throws(LuaMismatch) -> SampleSeed {
    SampleSeed(value: UInt64(bitPattern: try Int64.read(from: slot)))
  }
}

/// What is sampled from.
enum SamplePopulation: LuaReadable {
  case frame(ScriptFrame)
  case column(Column)
  case count(Int)

  static var luaType: LuaType { LuaType("frame|column|integer") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> SamplePopulation {
    if slot.kind == .userdata {
      if let frame = try? ScriptFrame.read(from: slot) { return .frame(frame) }
      if let column = try? Column.read(from: slot) { return .column(column) }
      throw LuaMismatch(expected: "frame, column or number of rows", got: slot)
    }
    guard slot.kind == .integer || slot.kind == .number else { throw LuaMismatch(expected: "frame, column or number of rows", got: slot) }
    let count = try Int.read(from: slot)
    guard count >= 0 else { throw LuaMismatch("a number of rows ≥ 0 expected, got \(count)") }
    return .count(count)
  }

  var count: Int {
    switch self {
    case .frame(let frame): frame.rowCount
    case .column(let column): column.count
    case .count(let count): count
    }
  }

  func chosen(_ rows: [Int]) -> SampleResult {
    switch self {
    case .frame(let frame): .frame(frame.gathering(rows))
    case .column(let column): .column(column.gathering(rows))
    case .count: .column(Column(rows.map { Int64($0 + 1) }))
    }
  }

  func chosen(stratified strata: Column, size: Int, seed: UInt64) throws -> SampleResult {
    chosen(try Sampling.stratified(by: strata, size: size, seed: seed))
  }

  func chosen(weighted weights: Column, size: Int, seed: UInt64) throws -> SampleResult {
    guard let numbers = weights.numbers else { throw FrameError.columnType(column: "weights", expected: "numbers", got: weights.type) }
    return chosen(try Sampling.weighted(numbers, size: size, seed: seed))
  }
}

/// What was drawn.
enum SampleResult: LuaPushable {
  case frame(ScriptFrame)
  case column(Column)

  static var luaType: LuaType { LuaType("frame|column") }

  func push(on stack: LuaStack) throws {
    switch self {
    case .frame(let frame): try frame.push(on: stack)
    case .column(let column): try column.push(on: stack)
    }
  }
}

/// A column, or the name of one.
enum ColumnOrName: LuaReadable {
  case column(Column)
  case name(String)

  static var luaType: LuaType { LuaType("column|string|any[]") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> ColumnOrName {
    slot.kind == .string ? .name(try String.read(from: slot)) : .column(try ColumnSource.read(from: slot).column)
  }

  func column(of population: SamplePopulation, _ parameter: String) throws -> Column {
    switch (self, population) {
    case (.name(let name), .frame(let frame)): return try frame.column(name)
    case (.name(let name), _):
      throw LuaError("'\(parameter)' is the name '\(name)', but the population is no frame; give the column itself")
    case (.column(let column), _):
      guard column.count == population.count else {
        throw FrameError.length(column: parameter, expected: population.count, got: column.count)
      }
      return column
    }
  }
}

extension PlainValue {
  /// Bytes that hold the value outside of Lua, about.
  fileprivate var estimatedBytes: Int {
    switch self {
    case .null, .bool, .integer, .number: 64
    case .text(let text): 96 + text.utf8.count
    case .list(let values): values.reduce(96) { $0 + $1.estimatedBytes }
    case .map(let entries): entries.reduce(128) { $0 + 64 + $1.key.utf8.count + $1.value.estimatedBytes }
    }
  }
}
