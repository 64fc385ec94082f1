import DataAccess
import FoundationEssentials
import Learning
import LuaBridge
import Tabular

/// A parameter of a host function; estimators have parameters of their own, under the same name.
typealias Parameter<Value: LuaReadable> = LuaBridge.Parameter<Value>

/// What is to be learnt: numbers, one a row, of one output or several; or names of columns of the features' frame.
enum TargetSource: LuaReadable {
  case columns([(name: String, column: Column)])
  case names([String])

  static var luaType: LuaType { LuaType("column|frame|number[]|string|string[]|table<string, column|number[]>") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> TargetSource {
    switch slot.kind {
    case .string: return .names([try String.read(from: slot)])
    case .userdata:
      if let column = try? Column.read(from: slot) { return .columns([("y", column)]) }
      if let frame = try? ScriptFrame.read(from: slot) { return .columns(try columns(of: frame)) }
      throw LuaMismatch(expected: "column, frame, list or name", got: slot)
    case .table:
      switch slot.firstEntry {
      case nil: throw LuaMismatch("at least one number, name or column expected, got an empty table")
      case (.position, .string)?: return .names(try [String].read(from: slot))
      case (.position, .integer)?, (.position, .number)?: return .columns([("y", Column(try [Double].read(from: slot)))])
      default: return .columns(try FrameSource.read(from: slot).columns)
      }
    default: throw LuaMismatch(expected: "column, frame, list or name", got: slot)
    }
  }

  private static func columns(of frame: ScriptFrame) throws(LuaMismatch) -> [(name: String, column: Column)] {
    do { return try frame.names.map { ($0, try frame.column($0)) } } catch { throw LuaMismatch("\(error)") }
  }

  /// The outputs; names are looked up in `features`.
  func outputs(in features: Frame) throws -> [(name: String, column: Column)] {
    switch self {
    case .columns(let columns): columns
    case .names(let names): try names.map { ($0, try features.column($0)) }
    }
  }

  var usedNames: [String] { if case .names(let names) = self { names } else { [] } }
}

extension LuaSlot {
  /// Key and kind of a table's first entry; `nil` when it has none or is no table.
  var firstEntry: (LuaTableKey, LuaKind)? {
    var first: (LuaTableKey, LuaKind)?
    // Thrown to end at the first entry, and not seen by anyone.
    try? forEachEntry(expected: "table") { (key, value) throws(LuaMismatch) in
      first = (key, value.kind)
      throw LuaMismatch("")
    }
    return first
  }
}

/// Features: a frame, or columns for one.
struct FeatureSource: LuaReadable {
  var frame: Frame

  static var luaType: LuaType { LuaType("frame|table<string, column|any[]>") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> FeatureSource {
    guard slot.kind == .table else { return FeatureSource(frame: try Frame.read(from: slot)) }
    let columns = try FrameSource.read(from: slot).columns
    do throws(FrameError) { return FeatureSource(frame: try Frame(columns)) } catch { throw LuaMismatch("\(error)") }
  }
}

/// What is known about each row besides its features.
struct RowOptions {
  var weights: ColumnOrName?
  var groups: ColumnOrName?
  var times: ColumnOrName?

  var usedNames: [String] {
    [weights, groups, times].compactMap { source in if case .name(let name)? = source { name } else { nil } }
  }
}

/// Options that tell something about each row.
protocol RowOptionsRecord: LuaRecord {
  var rows: RowOptions { get set }
}

extension RowOptionsRecord {
  static var weightsField: LuaField<Self> {
    LuaField(
      "weights", \.rows.weights,
      "how much each row counts, numbers ≥ 0, in fits and in nothing else; a column of X, by name, or any of that length")
  }
  static var groupsField: LuaField<Self> {
    LuaField("groups", \.rows.groups, "what belongs together, such as an item's rows; a column of X, by name, or any of that length")
  }
  static var timesField: LuaField<Self> {
    LuaField("times", \.rows.times, "when each row was known, instants or numbers; a column of X, by name, or any of that length")
  }
}

/// Where randomness starts, and how many threads work.
struct WorkOptions {
  var seed = SampleSeed(value: 42)
  var threads: Int?
  var progress: ProgressFunction?

  /// The context of work that ends when the script of `vm` has to.
  func context(in vm: LuaVM) throws -> FitContext {
    // What is learnt does not depend on it, so that the machine may say.
    let threads = threads ?? min(64, ProcessInfo.processInfo.activeProcessorCount)
    guard (1...64).contains(threads) else { throw LearningError.parameter("'threads' must be an integer 1…64, got \(threads)") }
    return FitContext(seed: seed.value, threads: threads, shouldStop: { [interrupter = vm.interrupter] in interrupter.isStopRequested })
  }
}

/// Options of work that is random and may use several threads.
protocol WorkOptionsRecord: LuaRecord {
  var work: WorkOptions { get set }
}

extension WorkOptionsRecord {
  static var seedField: LuaField<Self> { LuaField("seed", \.work.seed, "where everything random starts", default: "42") }
  static var progressField: LuaField<Self> {
    LuaField(
      "progress", \.work.progress,
      """
      called while the work goes on, at most ten times a second: `p.done` is 0…1, `p.step` says what is under way, `p.elapsed` and \
      `p.remaining` are seconds, the latter nil before it can be told; when it returns false the work ends; not available to strategies
      """)
  }
  static var threadsField: LuaField<Self> {
    LuaField("threads", \.work.threads, "threads at work at a time, 1…64; the result does not depend on it", default: "all cores")
  }
}

/// Rows as the estimators take them.
enum LearningRows {
  /// The table of `frame`'s columns, without those that are looked up by name to be something else, which `others` may be as well.
  static func dataset(
    _ frame: Frame, _ target: TargetSource, _ rows: RowOptions = RowOptions(), without others: [String] = [], in vm: LuaVM
  ) throws -> Dataset {
    let outputs = try target.outputs(in: frame)
    let used = Set(target.usedNames + rows.usedNames + others)
    let names = frame.names.filter { !used.contains($0) }
    // The table, and about as much again for what a fit makes of it.
    try vm.checkMemory(for: frame.rowCount, each: 16 * (names.count + outputs.count + 1))
    return try Dataset(
      features: FeatureTable(frame, columns: names),
      targets: outputs.map { try numbers($0.column, "target '\($0.name)'") }, targetNames: outputs.map(\.name),
      weights: rows.weights.map { try numbers(try column($0, in: frame), "'weights'") },
      groups: rows.groups.map { try groups(try column($0, in: frame), rowCount: frame.rowCount) },
      times: rows.times.map { try numbers(try column($0, in: frame), "'times'") })
  }

  static func column(_ source: ColumnOrName, in frame: Frame) throws -> Column {
    switch source {
    case .name(let name): try frame.column(name)
    case .column(let column): column
    }
  }

  static func numbers(_ column: Column, _ what: String) throws -> [Double] {
    guard let numbers = column.numbers else { throw LearningError.data("\(what) must be numbers, got a column of \(column.type.rawValue)") }
    return numbers
  }

  /// The distinct values, numbered; a missing one is a group too.
  static func groups(_ column: Column, rowCount: Int) throws -> [Int] {
    guard column.count == rowCount else { throw LearningError.data("\(column.count) groups for \(rowCount) rows") }
    return try Frame([("group", column)]).grouped(by: ["group"]).codes.map(Int.init)
  }

  /// A column of positions, from 1.
  static func positions(_ rows: [Int]) -> Column { Column(rows.map { Int64($0 + 1) }) }

  /// Numbers as a column, missing where they are NaN.
  static func column(_ numbers: [Double]) -> Column {
    Column(.double(numbers), validity: numbers.contains { $0.isNaN } ? Bitmap(numbers.lazy.map { !$0.isNaN }) : nil)
  }

  /// Runs `body`; what it says about rows and parameters is told with the name of the function that was called.
  static func naming<Result>(_ function: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as LearningError {
      if error == .cancelled { throw error }
      throw LuaError("\(function): \(error)", underlying: error)
    } catch let error as FrameError {
      throw LuaError("\(function): \(error)", underlying: error)
    } catch let error as NeighborError {
      if error == .cancelled { throw error }
      throw LuaError("\(function): \(error)", underlying: error)
    } catch let error as DataAccessError {
      throw LuaError("\(function): \(error)", underlying: error)
    } catch let error as WorkEnded { throw LuaError("\(function): \(error)", underlying: error) }
  }
}

extension FeatureTable {
  /// The table as a frame; levels are texts.
  var frame: Frame {
    get throws {
      try Frame(
        columns.map { column in
          switch column.values {
          case .numeric(let numbers): return (column.name, LearningRows.column(numbers))
          case .categorical(let codes, let levels):
            var dictionary = TextDictionary()
            for level in levels { _ = dictionary.intern(level) }
            let values = TextValues(dictionary: dictionary, codes: codes.map { max(0, $0) })
            return (column.name, Tabular.Column(.text(values), validity: Bitmap(codes.lazy.map { $0 >= 0 })))
          }
        }, rowCount: rowCount)
    }
  }
}
