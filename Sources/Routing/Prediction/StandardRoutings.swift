import Tabular

/// The routings that the factory plans with: of each item the first by number.
struct StandardRoutings {
  struct Operation {
    var job: String
    var occurrence: Int
    var resource: String?
    var inHouse: Bool?
    var setupMinutes: Double?
    var minutes: Double?
    var quantityBasis: Double?

    /// Run minutes a piece, or those the plan states when orders are counted.
    func runMinutes(per basis: Basis) -> Double? {
      minutes.map { basis == .unit ? $0 / (quantityBasis ?? 1) : $0 }
    }
  }

  private var operations: [String: [Operation]] = [:]

  /// Reads rows of the routing_operations relation, ordered by item, routing number and sequence.
  init(_ routings: Frame) throws {
    let items = try routings.column("item_code")
    let numbers = try routings.column("routing_no")
    let jobs = try routings.column("job_code")
    let resources = try routings.column("resource_code")
    let inHouse = try routings.column("in_house")
    let setup = try routings.column("setup_minutes")
    let run = try routings.column("run_minutes")
    let basis = try routings.column("quantity_basis")
    var first: [String: Cell] = [:]
    for row in 0..<routings.rowCount {
      guard let item = items.text(row), let job = jobs.text(row), first[item, default: numbers[row]] == numbers[row] else { continue }
      first[item] = numbers[row]
      operations[item, default: []].append(
        Operation(
          job: job, occurrence: operations[item]?.count { $0.job == job } ?? 0, resource: resources.text(row), inHouse: inHouse.flag(row),
          setupMinutes: setup.number(row), minutes: run.number(row), quantityBasis: basis.number(row).flatMap { $0 > 0 ? $0 : nil }))
    }
  }

  subscript(item: String) -> [Operation]? { operations[item] }
}
