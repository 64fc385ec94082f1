import Learning
import LuaBridge
import Tabular

/// Vectors of one dimension: a frame of numbers, lists of numbers, or one list.
struct VectorSource: LuaReadable {
  enum Source {
    case frame(Frame)
    case lists([[Double]])
  }

  var source: Source

  static var luaType: LuaType { LuaType("frame|number[][]|number[]|table<string, column|number[]>") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> VectorSource {
    switch slot.kind {
    case .userdata:
      if let column = try? Column.read(from: slot) { return VectorSource(source: .lists([try column.luaNumbers()])) }
    case .table:
      switch slot.firstEntry {
      case nil: throw LuaMismatch("at least one vector expected, got an empty table")
      case (.position, .integer)?, (.position, .number)?: return VectorSource(source: .lists([try [Double].read(from: slot)]))
      case (.position, _)?: return VectorSource(source: .lists(try [[Double]].read(from: slot)))
      default: break
      }
    default: throw LuaMismatch(expected: "frame or lists of numbers", got: slot)
    }
    return VectorSource(source: .frame(try FeatureSource.read(from: slot).frame))
  }

  /// The vectors as they are compared, of so many numbers as is said.
  func matrix(_ metric: ScriptIndex.Metric, dimension: Int?, in vm: LuaVM) throws -> Matrix {
    let matrix: Matrix
    switch source {
    case .frame(let frame):
      try Self.check(frame.names.count, dimension, "the frame has \(counted(frame.names.count, "column"))")
      try vm.checkMemory(for: frame.rowCount, each: 8 * frame.names.count)
      var values = Array(repeating: Float(0), count: frame.rowCount * frame.names.count)
      for (place, name) in frame.names.enumerated() {
        let numbers = try LearningRows.numbers(try frame.column(name), "vectors: '\(name)'")
        for (row, number) in numbers.enumerated() {
          guard number.isFinite else {
            throw LearningError.data("vector \(row + 1) is \(number.shown) in '\(name)'; expected a finite number")
          }
          values[row * frame.names.count + place] = Float(number)
        }
      }
      matrix = Matrix(rowCount: frame.rowCount, columnCount: frame.names.count, values: values)
    case .lists(let lists):
      let width = dimension ?? lists.first?.count ?? 0
      for (row, list) in lists.enumerated() {
        try Self.check(list.count, dimension, "vector \(row + 1) has \(counted(list.count, "number"))")
        guard list.count == width else {
          throw LearningError.data("vector \(row + 1) has \(counted(list.count, "number")), the first has \(width)")
        }
        if let place = list.firstIndex(where: { !$0.isFinite }) {
          throw LearningError.data("vector \(row + 1) is \(list[place].shown) at \(place + 1); expected a finite number")
        }
      }
      matrix = Matrix(rowCount: lists.count, columnCount: width, values: lists.flatMap { $0.map(Float.init) })
    }
    for row in 0..<matrix.rowCount {
      guard matrix.row(row).reduce(Float(0), { $0 + $1 * $1 }).isFinite else {
        throw LearningError.data("the numbers of vector \(row + 1) are too large to be multiplied")
      }
    }
    return metric == .cosine ? matrix.normalizingRows() : matrix
  }

  private static func check(_ count: Int, _ dimension: Int?, _ what: String) throws {
    guard count >= 1 else { throw LearningError.data("\(what); expected at least one number a vector") }
    if let dimension, count != dimension { throw LearningError.data("\(what), the index has vectors of \(dimension)") }
  }
}
