import Foundation
import Tabular
import Testing

@Suite("Sorting, grouping and joining frames")
struct FrameOperationTests {
  @Test("sorts by several columns, stably, missing values last", arguments: 0..<40 as Range<UInt64>)
  func sorts(seed: UInt64) throws {
    let frame = try randomFrame(rows: [0, 1, 2, 50, 127, 128, 129, 700][Int(seed % 8)], seed: seed)
    let names = Array(["text", "whole", "number", "flag", "time"].shuffled(seed).prefix(1 + Int(seed % 3)))
    let keys = names.enumerated().map { SortKey($1, descending: (Int(seed) + $0) % 2 == 0) }
    func isBefore(_ left: Int, _ right: Int) throws -> Bool {
      for key in keys {
        let (a, b) = (try frame.column(key.column)[left], try frame.column(key.column)[right])
        if same(a, b) { continue }
        if a == .missing || b == .missing || !key.descending { return precedes(a, b) }
        return precedes(b, a)
      }
      return left < right
    }
    let rows = try frame.sortedRows(by: keys)
    #expect(rows.sorted() == Array(0..<frame.rowCount))
    let pairs = zip(rows, rows.dropFirst())
    #expect(try pairs.allSatisfy { try isBefore($0, $1) })
    #expect(try frame.sorted(by: keys) == frame.gathering(rows))
  }

  @Test("groups as a search for equal rows does, in order of the keys", arguments: 0..<30 as Range<UInt64>)
  func groups(seed: UInt64) throws {
    let frame = try randomFrame(rows: [0, 1, 40, 300][Int(seed % 4)], seed: seed)
    let names = Array(["text", "whole", "number", "flag", "time"].shuffled(seed).prefix(Int(seed % 4)))
    let groups = try frame.grouped(by: names)
    var expected: [[Int]] = []
    for row in try frame.sortedRows(by: names.map { SortKey($0) }) {
      if let last = expected.last?.first, try names.allSatisfy({ same(try frame.column($0)[last], try frame.column($0)[row]) }) {
        expected[expected.count - 1].append(row)
      } else {
        expected.append([row])
      }
    }
    #expect(groups.rows() == expected)
    #expect(groups.count == expected.count && groups.keys.rowCount == expected.count)

    let table = try groups.aggregating([
      Aggregation(.count), Aggregation(.count, of: "number"), Aggregation(.min, of: "text"), Aggregation(.max, of: "whole"),
      Aggregation(.first, of: "time"), Aggregation(.last, of: "number"), Aggregation(.uniqueCount, of: "number"),
      Aggregation(.sum, of: "flag"),
    ])
    for (group, rows) in expected.enumerated() {
      func values(_ name: String) throws -> [Cell] { try rows.map { try frame.column(name)[$0] }.filter { $0 != .missing } }
      func got(_ name: String) throws -> Cell { try table.column(name)[group] }
      #expect(try got("count") == .integer(Int64(rows.count)))
      #expect(try got("count_number") == .integer(Int64(try values("number").count)))
      #expect(same(try got("min_text"), try values("text").min(by: precedes) ?? .missing))
      #expect(same(try got("max_whole"), try values("whole").max(by: precedes) ?? .missing))
      #expect(try got("first_time") == values("time").first ?? .missing)
      #expect(same(try got("last_number"), try values("number").last ?? .missing))
      var distinct: [Cell] = []
      for value in try values("number") where !distinct.contains(where: { same($0, value) }) { distinct.append(value) }
      #expect(try got("n_unique_number") == .integer(Int64(distinct.count)))
      let flags = try values("flag")
      #expect(try got("sum_flag") == (flags.isEmpty ? .missing : .integer(Int64(flags.count { $0 == .bool(true) }))))
    }
  }

  @Test("figures of groups pass missing values over and are missing without others")
  func figures() throws {
    let frame = try Frame([
      ("key", Column(["b", "a", "b", "b", "a", "c", "d"])),
      ("minutes", Column([.double(1), .double(10), .double(2), .double(6), .missing, .missing, .double(.nan)], as: .double)),
      ("pieces", Column([.integer(1), .missing, .integer(2), .integer(4), .missing, .integer(9), .integer(1)], as: .integer)),
    ])
    let table = try frame.grouped(by: ["key"]).aggregating([
      Aggregation(.mean, of: "minutes"), Aggregation(.std, of: "minutes"), Aggregation(.quantile(0.25), of: "minutes", as: "q1"),
      Aggregation(.sum, of: "minutes"), Aggregation(.sum, of: "pieces"),
    ])
    #expect(try table.column("key").texts == ["a", "b", "c", "d"])
    #expect(try table.column("mean_minutes") == Column([.double(10), .double(3), .missing, .double(.nan)], as: .double))
    // std of 1, 2, 6 is √7; of one value there is none.
    let deviations = try table.column("std_minutes")
    let deviation = try #require(deviations.number(1))
    #expect(deviations[0] == .missing && abs(deviation - 7.0.squareRoot()) < 1e-12)
    #expect(try table.column("q1") == Column([.double(10), .double(1.5), .missing, .double(.nan)], as: .double))
    #expect(try table.column("sum_minutes") == Column([.double(10), .double(9), .missing, .double(.nan)], as: .double))
    #expect(try table.column("sum_pieces") == Column([.missing, .integer(7), .integer(9), .integer(1)], as: .integer))
    let error = #expect(throws: FrameError.self) { try frame.grouped(by: ["key"]).aggregating([Aggregation(.mean, of: "minuts")]) }
    #expect(error?.description == "unknown column 'minuts'; did you mean 'minutes'?")
    #expect(throws: FrameError.columnType(column: "key", expected: "numbers", got: .text)) {
      try frame.grouped(by: []).aggregating([Aggregation(.mean, of: "key")])
    }
  }

  @Test("give each group's quantiles and moments as they are of the group alone, in whatever order they are asked for")
  func groupFigures() throws {
    var random = SeededGenerator(seed: 12)
    // Groups of 0 … 400 values: many equal ones, all equal, ascending, descending, far apart.
    var (keys, values): ([String], [Double?]) = ([], [])
    for group in 0..<60 {
      for row in 0..<random.integer(below: 400) {
        let value: Double? =
          switch group % 6 {
          case 0: Double(random.integer(below: 4))
          case 1: 7
          case 2: Double(row)
          case 3: Double(-row)
          case 4: random.integer(below: 3) == 0 ? Double?.none : random.uniform()
          default: Foundation.pow(10, Double(random.integer(below: 40)) - 20) * (random.uniform() - 0.5)
          }
        keys.append("g\(group)")
        values.append(value)
      }
    }
    let frame = try Frame([("key", Column(keys)), ("value", Column(optional: values))])
    let probabilities = [0.9, 0, 0.1, 1, 0.5, 0.25, 0.75, 0.99]
    let quantiles = probabilities.map { Aggregation(.quantile($0), of: "value", as: "q\($0)") }
    let moments = [Aggregation(.mean, of: "value"), Aggregation(.std, of: "value")]
    let groups = try frame.grouped(by: ["key"])
    let table = try groups.aggregating(quantiles + moments)
    #expect(try groups.aggregating(moments) == table.selecting(["key", "mean_value", "std_value"]))
    for (group, rows) in groups.rows().enumerated() {
      let own = try frame.column("value").gathering(rows)
      for probability in probabilities {
        #expect(try table.column("q\(probability)").number(group) == own.quantile(probability), "group \(group), \(probability)")
      }
    }
  }

  @Test("groups many combinations too, beyond what a table of all pairs would hold")
  func manyGroups() throws {
    let count = 70_000
    let frame = try Frame([
      ("a", Column((0..<count).map { Int64($0 / 2 * 7919 % count) })), ("b", Column((0..<count).map { "\($0 / 2 % 30_011)" })),
    ])
    let groups = try frame.grouped(by: ["a", "b"])
    #expect(groups.count == count / 2)
    #expect(groups.rows().allSatisfy { $0.count == 2 && $0[0] + 1 == $0[1] })
  }

  @Test("joins as trying every pair does", arguments: 0..<30 as Range<UInt64>)
  func joins(seed: UInt64) throws {
    let left = try randomFrame(rows: [0, 1, 12, 60][Int(seed % 4)], seed: seed)
    let right = try randomFrame(rows: [0, 9, 45][Int(seed % 3)], seed: seed + 500)
    let names = Array(["text", "whole", "number", "flag", "time"].shuffled(seed).prefix(1 + Int(seed % 3)))
    for kind in JoinKind.allCases {
      var expected: [(Cell, Cell)] = []
      for row in 0..<left.rowCount {
        var partners: [Cell] = []
        for other in 0..<right.rowCount {
          let isPartner = try names.allSatisfy { name in
            let (a, b) = (try left.column(name)[row], try right.column(name)[other])
            return a != .missing && b != .missing && same(a, b)
          }
          if isPartner { partners.append(.integer(Int64(other))) }
        }
        if partners.isEmpty, kind == .left { partners = [.missing] }
        expected += partners.map { (.integer(Int64(row)), $0) }
      }
      let joined = try left.joined(right, on: names, kind: kind)
      #expect(joined.rowCount == expected.count)
      for (row, (id, partner)) in expected.enumerated() {
        #expect(try joined.column("id")[row] == id)
        #expect(try joined.column("id_right")[row] == partner)
      }
    }
  }

  @Test("refuses to join keys of different types and to make two columns of one name")
  func refusesJoins() throws {
    let left = try Frame([("k", Column(["a"])), ("v", Column([1.0])), ("v_right", Column([1.0]))])
    #expect(throws: FrameError.columnType(column: "k", expected: "text", got: .double)) {
      try left.joined(try Frame([("k", Column([1.0]))]), on: ["k"])
    }
    #expect(throws: FrameError.duplicateColumn("v_right")) { try left.joined(left, on: ["k"]) }
    #expect(try left.joined(left, on: ["k"], suffix: "2").names == ["k", "v", "v_right", "v2", "v_right2"])
  }

  @Test("puts frames below one another, whatever their order of columns and their dictionaries", arguments: 0..<12 as Range<UInt64>)
  func concatenates(seed: UInt64) throws {
    let parts = try (0..<3).map { try randomFrame(rows: [0, 5, 70][($0 + Int(seed)) % 3], seed: seed * 3 + UInt64($0)) }
    let whole = try Frame.concatenating([parts[0], try parts[1].selecting(parts[1].names.reversed()), parts[2]])
    #expect(whole.rowCount == 75)
    var row = 0
    for part in parts {
      #expect(whole.gathering(Array(row..<row + part.rowCount)) == part)
      row += part.rowCount
    }
  }

  @Test("takes whole numbers for doubles below doubles, and names the column that does not fit")
  func concatenationTypes() throws {
    let doubles = try Frame([("v", Column([1.5]))])
    #expect(try doubles.appending(try Frame([("v", Column([Int64(2)]))])).column("v") == Column([1.5, 2]))
    #expect(throws: FrameError.columnType(column: "v", expected: "double", got: .text)) {
      try doubles.appending(try Frame([("v", Column(["x"]))]))
    }
    let missing = #expect(throws: FrameError.self) { try doubles.appending(try Frame([("w", Column([1.0]))])) }
    #expect(missing?.description == "unknown column 'w' (known are v)")
  }
}

extension Array {
  /// The elements in an order that depends on `seed` alone.
  fileprivate func shuffled(_ seed: UInt64) -> [Element] {
    var generator = SeededGenerator(seed: seed, stream: "shuffle")
    return shuffled(using: &generator)
  }
}
