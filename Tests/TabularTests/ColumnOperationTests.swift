import Tabular
import Testing

@Suite("Operations on whole columns")
struct ColumnOperationTests {
  let numbers = Column([1.5, -2, 0, 4])

  @Test("arithmetic goes row by row, keeps whole numbers whole and missing rows missing")
  func arithmetic() throws {
    let gaps = try Column([.integer(6), .missing, .integer(-7), .integer(2)], as: .integer)
    let whole = try Column.arithmetic(.column(gaps), .multiply, .scalar(.integer(3)))
    #expect(whole == (try Column([.integer(18), .missing, .integer(-21), .integer(6)], as: .integer)))
    let quotient = try Column.arithmetic(.column(gaps), .divide, .scalar(.integer(4)))
    #expect(quotient == (try Column([.double(1.5), .missing, .double(-1.75), .double(0.5)], as: .double)))
    let mixed = try Column.arithmetic(.scalar(.double(10)), .subtract, .column(gaps))
    #expect(mixed == (try Column([.double(4), .missing, .double(17), .double(8)], as: .double)))
    #expect(try Column.arithmetic(.column(numbers), .add, .column(numbers)) == Column([3.0, -4, 0, 8]))
    let byZero = try Column.arithmetic(.column(numbers), .divide, .scalar(.integer(0)))
    #expect(byZero[0] == .double(.infinity) && byZero[2].isNaN)
    #expect(try Column.arithmetic(.column(numbers), .add, .scalar(.missing)).missingCount == 4)
  }

  @Test("instants move by seconds and differ by seconds")
  func instants() throws {
    let start = try #require(Timestamp("2024-02-28T12:00:00Z"))
    let times = Column([start, start.advanced(bySeconds: 86_400)])
    let later = try Column.arithmetic(.column(times), .add, .scalar(.double(0.5)))
    #expect(later.timestamp(0)?.description == "2024-02-28T12:00:00.5Z")
    #expect(try Column.arithmetic(.scalar(.integer(60)), .add, .column(times)).timestamp(1)?.description == "2024-02-29T12:01:00Z")
    #expect(try Column.arithmetic(.column(times), .subtract, .scalar(.timestamp(start))) == Column([0.0, 86_400]))
    #expect(throws: FrameError.self) { try Column.arithmetic(.column(times), .add, .scalar(.double(.nan))) }
    #expect(throws: FrameError.self) { try Column.arithmetic(.scalar(.double(1)), .subtract, .column(times)) }
  }

  @Test("what does not fit is refused with the row, the types or the lengths")
  func refuses() throws {
    let large = try Column([.integer(1), .missing, .integer(.max)], as: .integer)
    let overflow = #expect(throws: FrameError.self) { try Column.arithmetic(.column(large), .add, .scalar(.integer(1))) }
    #expect(overflow?.description == "row 2: the result of '+' exceeds 64 bits")
    let types = #expect(throws: FrameError.self) { try Column.arithmetic(.column(Column(["a"])), .add, .scalar(.integer(1))) }
    #expect(types?.description == "cannot compute text + integer")
    #expect(throws: FrameError.self) { try Column.arithmetic(.column(numbers), .add, .column(Column([1.0]))) }
    #expect(throws: FrameError.self) { try Column.comparison(.column(numbers), .less, .scalar(.text("1"))) }
    let texts = #expect(throws: FrameError.self) { try Column(["a"]).mean() }
    #expect(texts?.description == "the column must hold numbers, but it holds text")
    #expect(throws: FrameError.self) { try Column([Int64.min]).abs() }
  }

  @Test("comparisons follow the order of the type, and NaN equals nothing")
  func comparisons() throws {
    let values = try Column([.double(1), .missing, .double(.nan), .double(3)], as: .double)
    func result(_ operation: ComparisonOperator) throws -> [Bool?] {
      let column = try Column.comparison(.column(values), operation, .scalar(.integer(3)))
      return (0..<4).map { column.number($0).map { $0 == 1 } }
    }
    #expect(try result(.less) == [true, nil, false, false])
    #expect(try result(.greaterOrEqual) == [false, nil, false, true])
    #expect(try result(.equal) == [false, nil, false, true])
    #expect(try result(.notEqual) == [true, nil, true, false])
    // Two dictionaries, order by bytes: "é" composed is above, decomposed below "f".
    let left = Column(["f", "b", "é", "e\u{301}", nil])
    let right = Column(["b", "b", "f", "f", "f"])
    #expect(try Column.comparison(.column(left), .greater, .column(right)).mask().indices == [0, 2])
    #expect(try Column.comparison(.column(left), .equal, .scalar(.text("b"))).mask().indices == [1])
    #expect(try Column.comparison(.column(Column([true, false])), .greater, .scalar(.bool(false))).mask().indices == [0])
    // Whole numbers beyond 2^53 are compared as such.
    let large = Column([Int64.max, Int64.max - 1])
    #expect(try Column.comparison(.column(large), .equal, .scalar(.integer(.max))).mask().indices == [0])
  }

  @Test("logic is three-valued, as in SQL")
  func logic() throws {
    let cells: [Cell] = [.bool(true), .bool(false), .missing]
    let left = try Column(cells.flatMap { [$0, $0, $0] }, as: .bool)
    let right = try Column(cells + cells + cells, as: .bool)
    let (t, f, m) = (Cell.bool(true), Cell.bool(false), Cell.missing)
    #expect(try left.and(right) == Column([t, f, m, f, f, f, m, f, m], as: .bool))
    #expect(try left.or(right) == Column([t, t, t, t, f, m, t, m, m], as: .bool))
    #expect(try left.not() == Column([f, f, f, t, t, t, m, m, m], as: .bool))
    #expect(try left.mask().indices == [0, 1, 2])
    #expect(throws: FrameError.self) { try left.and(Column([true])) }
    #expect(throws: FrameError.self) { try numbers.not() }
  }

  // Expected values: numpy.std(ddof=1) and numpy.quantile of [1.5, -2, 0, 4].
  @Test("figures pass missing rows over and agree with NumPy")
  func figures() throws {
    let gaps = try Column([.double(1.5), .missing, .double(-2), .double(0), .double(4)], as: .double)
    for column in [numbers, gaps] {
      #expect(try column.sum() == 3.5)
      #expect(try column.mean() == 0.875)
      #expect(abs(try #require(try column.std()) - 2.5289984842489197) < 1e-12)
      #expect(try column.quantile(0.25) == -0.5)
      #expect(abs(try #require(try column.quantile(0.9)) - 3.25) < 1e-12)
      #expect(column.min() == .double(-2) && column.max() == .double(4))
    }
    let empty = try Column([.missing], as: .double)
    for figure in [try empty.sum(), try empty.mean(), try empty.std(), try empty.quantile(0.5)] { #expect(figure == nil) }
    #expect(empty.min() == .missing)
    #expect(try Column([1.0]).std() == nil)
    let unclear = try #require(try Column([1, .nan]).quantile(0))
    #expect(unclear.isNaN)
    #expect(try Column([1, .infinity]).quantile(0) == 1)
    #expect(Column(["b", "a", nil]).min() == .text("a"))
    #expect(throws: FrameError.self) { try numbers.quantile(1.01) }
    #expect(try Column([-1.0, 0, 1]).log()[1] == .double(-.infinity))
    #expect(try numbers.abs() == Column([1.5, 2, 0, 4]))
  }

  @Test("unique values ascend, counted values go by frequency")
  func uniqueValues() throws {
    let column = Column(["b", "a", nil, "b", "c", nil])
    #expect(column.unique() == Column(["a", "b", "c", nil]))
    #expect(column.distinctCount == 3)
    let counts = column.valueCounts()
    #expect(try counts.column("value") == Column(["b", nil, "a", "c"]))
    #expect(try counts.column("count") == Column([2, 2, 1, 1].map { Int64($0) }))
    #expect(Column([0.0, -0.0, .nan, .nan]).distinctCount == 2)
    // A gathered column still has the texts of all rows in its dictionary; only those that occur count.
    #expect(column.gathering([1]).distinctCount == 1 && column.gathering([2]).distinctCount == 0)
    #expect(column.sorted(descending: true) == Column(["c", "b", "b", "a", nil, nil]))
  }

  @Test("missing rows are found and filled")
  func missing() throws {
    let column = try Column([.integer(1), .missing], as: .integer)
    #expect(column.isMissing() == Column([false, true]))
    #expect(try column.fillingMissing(with: .integer(5)) == Column([Int64(1), 5]))
    #expect(try Column(["a", nil]).fillingMissing(with: .text("z")) == Column(["a", "z"]))
    #expect(try Column([.double(1), .missing], as: .double).fillingMissing(with: .integer(2)) == Column([1.0, 2]))
    #expect(throws: FrameError.self) { try column.fillingMissing(with: .text("x")) }
    #expect(throws: FrameError.self) { try column.fillingMissing(with: .missing) }
  }
}

extension Cell {
  fileprivate var isNaN: Bool { if case .double(let value) = self { value.isNaN } else { false } }
}
