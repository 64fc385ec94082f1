import Learning
import LuaBridge
import Tabular

/// How many folds there are, or which: made by hand.
enum FoldsSource: LuaReadable {
  case count(Int)
  /// The fold of each row that is judged.
  case column(ColumnOrName)
  case folds([GivenFold])

  static var luaType: LuaType { LuaType("integer|string|column|any[]|(column|integer[]|{ test: column, training: column })[]") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> FoldsSource {
    switch slot.kind {
    case .integer, .number: return .count(try Int.read(from: slot))
    case .string, .userdata: return .column(try ColumnOrName.read(from: slot))
    case .table:
      switch slot.firstEntry {
      case nil: throw LuaMismatch("at least one fold expected, got an empty table")
      case (.position, .table)?, (.position, .userdata)?: return .folds(try [GivenFold].read(from: slot))
      default: return .column(try ColumnOrName.read(from: slot))
      }
    default: throw LuaMismatch(expected: "number of folds, column, name or list of folds", got: slot)
    }
  }

  var isMadeByHand: Bool { if case .count = self { false } else { true } }

  /// The name that is looked up in X.
  var usedNames: [String] { if case .column(.name(let name)) = self { [name] } else { [] } }

  /// The folds that were made by hand, for rows of `frame`; `nil` where only their number was said.
  func split(of frame: Frame, in vm: LuaVM) throws -> Split? {
    let count = frame.rowCount
    switch self {
    case .count: return nil
    case .folds(let given):
      try vm.checkMemory(for: count, each: 8 * (1 + given.count))
      return .given(given.map { $0.fold(rowCount: count) })
    case .column(let source):
      let column = try LearningRows.column(source, in: frame)
      guard column.count == count else {
        throw LearningError.data("'folds' has \(counted(column.count, "row")), the features have \(count)")
      }
      var tests: [[Int]] = []
      var last: Cell?
      for row in column.sortedRows() {
        let cell = column[row]
        if case .double(let number) = cell, number.isNaN { continue }
        if cell == .missing { continue }
        if cell != last {
          guard tests.count < SplitOptions.mostFolds else {
            throw LearningError.data("'folds' has more than \(SplitOptions.mostFolds) different values; expected one a fold")
          }
          tests.append([])
        }
        last = cell
        tests[tests.count - 1].append(row)
      }
      guard !tests.isEmpty else { throw LearningError.data("'folds' has no value: no row would be judged") }
      try vm.checkMemory(for: count, each: 8 * (1 + tests.count))
      return .given(tests: tests, rowCount: count)
    }
  }
}

/// A fold that a script made: positions of rows, from 1.
struct GivenFold: LuaReadable {
  var test: [Int]
  /// All other rows, where nothing is said.
  var training: [Int]?

  private struct Parts: LuaRecord {
    var test: [Int] = []
    var training: [Int]?

    static var fields: [LuaField<Parts>] {
      [
        LuaField("test", \.test, "rows to be judged by", isRequired: true),
        LuaField("training", \.training, "rows to learn from; all others where nothing is said"),
      ]
    }
  }

  static var luaType: LuaType { LuaType("column|integer[]|{ test: column, training: column }") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> GivenFold {
    if slot.kind == .table, case (.name, _)? = slot.firstEntry {
      let parts = try Parts.read(from: slot)
      return GivenFold(test: parts.test, training: parts.training)
    }
    return GivenFold(test: try [Int].read(from: slot))
  }

  func fold(rowCount: Int) -> Split.Fold {
    let test = Self.fromZero(test)
    let judged = Set(test)
    return Split.Fold(training: training.map(Self.fromZero) ?? (0..<rowCount).filter { !judged.contains($0) }, test: test)
  }

  /// The positions from 0; what lies beyond all rows is told of when the folds are looked at.
  private static func fromZero(_ positions: [Int]) -> [Int] {
    positions.map { max($0, .min + 1) - 1 }
  }
}
