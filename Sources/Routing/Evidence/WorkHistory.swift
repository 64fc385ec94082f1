public import Tabular

/// What was really done, order by order: work results with consecutive repeats of an operation collapsed into one.
///
/// An operation reported in several parts (stopped over night, by two shifts, set up and then run) is one operation of the order:
/// its minutes are added, its quantity is the largest reported, because each part may carry the order's whole quantity. An
/// operation's key in its order is its job code and how often that job occurred before.
public struct WorkHistory: Sendable {
  /// One operation of one order.
  public struct Operation: Sendable {
    /// Codes into ``WorkHistory/jobs`` and ``WorkHistory/resources``; −1 where no resource was reported.
    public var job, resource: Int32
    /// 0 for the first occurrence of the job in its order.
    public var occurrence: Int32
    /// Whether it was done in the factory; `nil` where not reported.
    public var inHouse: Bool?
    /// Microseconds of the last part's completion, and of the first's.
    public var completedAt, firstCompletedAt: Int64
    /// Minutes of the order; NaN where not reported.
    public var setupMinutes, runMinutes: Double
    /// Good and bad pieces; NaN where not known, never 0 or less.
    public var quantity: Double
    /// Rows of ``WorkHistory/results`` that it was made of.
    public var rows: Range<Int>

    /// Run minutes a piece, or of the whole order: what `basis` counts in. NaN when that is not known.
    public func runMinutes(per basis: Basis) -> Double { basis == .unit ? runMinutes / quantity : runMinutes }

    /// Why ``runMinutes(per:)`` is no number to count with, or `nil` when it is one.
    func reasonWithoutMinutes(per basis: Basis) -> String? {
      if runMinutes(per: basis).isFinite { return nil }
      return runMinutes.isNaN ? "no run minutes" : runMinutes.isFinite ? "no quantity" : "run minutes not finite"
    }
  }

  /// One order of one item.
  public struct Order: Sendable {
    /// The item's position in ``WorkHistory/items``.
    public var item: Int
    /// Its operations, in the order of their completion.
    public var operations: Range<Int>
    /// Microseconds of the last operation's completion.
    public var completedAt: Int64
  }

  /// The items that have results, by the bytes of their codes.
  public let items: [String]
  /// For each item its orders, by completion.
  public let ordersOfItem: [Range<Int>]
  /// Orders by item and completion.
  public let orders: [Order]
  /// Operations by order.
  public let operations: [Operation]
  /// Distinct job and resource codes.
  public let jobs, resources: TextDictionary
  /// The results in the order that operations refer to.
  public let results: Frame

  /// Collapses `results`, which has the columns of the work_results relation in any order of rows.
  ///
  /// - Throws: ``FrameError`` when a column is absent.
  /// - Complexity: O(rows log rows).
  public init(_ unordered: Frame) throws(FrameError) {
    let order = try Self.chronology(of: unordered)
    let results = unordered.gathering(order)
    self.results = results
    let itemCodes = try results.textValues("item_code")
    let jobCodes = try results.textValues("job_code")
    let resourceCodes = try results.textValues("resource_code")
    let resourceColumn = try results.column("resource_code")
    let orderColumn = try results.column("order_no")
    let orderCodes = try results.textValues("order_no")
    let completed = try results.column("completed_at")
    guard case .timestamp(let completedAt) = completed.values else {
      throw .columnType(column: "completed_at", expected: "instants", got: completed.type)
    }
    let inHouse = try results.column("in_house")
    let setup = try results.numbers("setup_minutes")
    let run = try results.numbers("run_minutes")
    let good = try results.numbers("good_quantity")
    let bad = try results.numbers("bad_quantity")
    jobs = jobCodes.dictionary
    resources = resourceCodes.dictionary

    var items: [String] = []
    var ordersOfItem: [Range<Int>] = []
    var orders: [Order] = []
    var operations: [Operation] = []
    var row = 0
    while row < results.rowCount {
      let item = itemCodes.codes[row]
      if row == 0 || item != itemCodes.codes[row - 1] {
        items.append(itemCodes[row])
        ordersOfItem.append(orders.count..<orders.count)
      }
      let firstOperation = operations.count
      let firstRow = row
      var longestRun = 0.0
      repeat {
        let quantity = Self.quantity(good: good[row], bad: bad[row])
        if operations.count > firstOperation, operations[operations.count - 1].job == jobCodes.codes[row] {
          let last = operations.count - 1
          operations[last].add(setup: setup[row], run: run[row], quantity: quantity, completedAt: completedAt[row], row: row)
          if run[row] > longestRun {
            longestRun = run[row]
            operations[last].resource = resourceColumn.isMissing(row) ? -1 : resourceCodes.codes[row]
            operations[last].inHouse = inHouse.flag(row)
          }
        } else {
          longestRun = run[row].isNaN ? 0 : run[row]
          let job = jobCodes.codes[row]
          operations.append(
            Operation(
              job: job, resource: resourceColumn.isMissing(row) ? -1 : resourceCodes.codes[row],
              occurrence: Int32(operations[firstOperation...].count { $0.job == job }), inHouse: inHouse.flag(row),
              completedAt: completedAt[row], firstCompletedAt: completedAt[row], setupMinutes: setup[row], runMinutes: run[row],
              quantity: quantity,
              rows: row..<row + 1))
        }
        row += 1
      } while row < results.rowCount && itemCodes.codes[row] == item && orderCodes.codes[row] == orderCodes.codes[firstRow]
        && !orderColumn.isMissing(row) && !orderColumn.isMissing(firstRow)
      orders.append(
        Order(
          item: items.count - 1, operations: firstOperation..<operations.count, completedAt: operations[operations.count - 1].completedAt))
      ordersOfItem[items.count - 1] = ordersOfItem[items.count - 1].lowerBound..<orders.count
    }
    for range in ordersOfItem {
      // Orders of one item came by number; what is asked of them is their time. Ties keep the number's order.
      let sorted = range.sorted { (orders[$0].completedAt, $0) < (orders[$1].completedAt, $1) }.map { orders[$0] }
      orders.replaceSubrange(range, with: sorted)
    }
    self.items = items
    self.ordersOfItem = ordersOfItem
    self.orders = orders
    self.operations = operations
  }

  /// The job codes of `order`, in order.
  public func jobs(of order: Order) -> [Int32] { operations[order.operations].map(\.job) }

  /// Days without a result after which an order that stopped half-way is taken for finished as it is.
  static let patienceDays = 14.0

  /// Whether `order` is still under way at `cut`, so that it does not tell yet what its routing is.
  ///
  /// No source says that an order is done. It is taken for under way when its jobs are a proper beginning of what is planned for the
  /// item (`standard`) or of another of its orders, and its last result is younger than two weeks. Predictions have no part in this.
  func isUnderWay(_ order: Order, standard: [String]?, at cut: Timestamp) -> Bool {
    guard Double(cut.microseconds - order.completedAt) < Self.patienceDays * 86_400e6 else { return false }
    let jobs = jobs(of: order)
    if let standard, standard.count > jobs.count, zip(standard, jobs).allSatisfy({ $0 == self.jobs[$1] }) { return true }
    return ordersOfItem[order.item].contains { other in
      let sequence = self.jobs(of: orders[other])
      return sequence.count > jobs.count && sequence.starts(with: jobs)
    }
  }

  /// Rows by item, order, completion, sequence and result, each by its bytes.
  private static func chronology(of results: Frame) throws(FrameError) -> [Int] {
    let items = try results.ranks("item_code")
    let orders = try results.ranks("order_no")
    let identifiers = try results.ranks("result_id")
    let completed = try results.column("completed_at")
    let sequences = try results.numbers("op_seq").map { $0.isNaN ? .infinity : $0 }
    guard case .timestamp(let times) = completed.values else {
      throw .columnType(column: "completed_at", expected: "instants", got: completed.type)
    }
    return (0..<results.rowCount).sorted { left, right in
      if items[left] != items[right] { return items[left] < items[right] }
      if orders[left] != orders[right] { return orders[left] < orders[right] }
      if times[left] != times[right] { return times[left] < times[right] }
      if sequences[left] != sequences[right] { return sequences[left] < sequences[right] }
      return identifiers[left] < identifiers[right]
    }
  }

  private static func quantity(good: Double, bad: Double) -> Double {
    let total = (good.isFinite ? good : 0) + (bad.isFinite ? bad : 0)
    return total > 0 ? total : .nan
  }
}

extension WorkHistory.Operation {
  fileprivate mutating func add(setup: Double, run: Double, quantity: Double, completedAt: Int64, row: Int) {
    setupMinutes = setupMinutes.isNaN ? setup : setup.isNaN ? setupMinutes : setupMinutes + setup
    runMinutes = runMinutes.isNaN ? run : run.isNaN ? runMinutes : runMinutes + run
    self.quantity = self.quantity.isNaN ? quantity : quantity.isNaN ? self.quantity : max(self.quantity, quantity)
    self.completedAt = completedAt
    rows = rows.lowerBound..<row + 1
  }
}

/// What run minutes are counted per.
public enum Basis: String, Codable, Sendable, CaseIterable {
  /// Minutes a piece: the quantities are known.
  case unit
  /// Minutes an order: the quantities are not known.
  case order
}

extension Column {
  /// The truth value of `row`, or `nil` when it is missing or the column holds none.
  func flag(_ row: Int) -> Bool? {
    guard case .bool(let values) = values, !isMissing(row) else { return nil }
    return values[row]
  }
}

extension Frame {
  func textValues(_ name: String) throws(FrameError) -> TextValues {
    let column = try column(name)
    guard case .text(let values) = column.values else { throw .columnType(column: name, expected: "texts", got: column.type) }
    return values
  }

  /// The numbers of a column, a missing one as NaN.
  func numbers(_ name: String) throws(FrameError) -> [Double] {
    let column = try column(name)
    guard let numbers = column.numbers else { throw .columnType(column: name, expected: "numbers", got: column.type) }
    return numbers
  }

  /// For each row the rank of its text by bytes; missing ones come last, each in a place of its own.
  fileprivate func ranks(_ name: String) throws(FrameError) -> [Int] {
    let column = try column(name)
    let values = try textValues(name)
    let ranks = values.dictionary.ranks()
    return values.codes.indices.map { column.isMissing($0) ? ranks.count + $0 : Int(ranks[Int(values.codes[$0])]) }
  }
}
