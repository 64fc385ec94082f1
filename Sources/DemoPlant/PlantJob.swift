/// What is done in one operation, and what it takes.
struct PlantJob: Hashable, Sendable {
  let code: String
  let name: String
  /// Median run minutes a piece and set-up minutes an order, of a middling item.
  let minutes, setup: Double
  /// Standard deviation of the logarithm of an order's run minutes that nothing explains.
  let noise: Double
  /// How strongly the minutes grow with an item's diameter: the exponent.
  let growth: Double
  /// The machines or benches: a prefix and how many there are.
  let resources: (prefix: String, count: Int)

  static func == (left: PlantJob, right: PlantJob) -> Bool { left.code == right.code }

  func hash(into hasher: inout Hasher) { hasher.combine(code) }

  /// All jobs of the plant; a job's position is its number.
  static let all: [PlantJob] = [
    PlantJob(code: "J010", name: "배합", minutes: 6, setup: 28, noise: 0.10, growth: 0.5, resources: ("MX", 2)),
    PlantJob(code: "J020", name: "예비성형", minutes: 7, setup: 18, noise: 0.12, growth: 0.4, resources: ("PF", 3)),
    PlantJob(code: "J030", name: "성형", minutes: 20, setup: 42, noise: 0.13, growth: 0.5, resources: ("PR", 8)),
    PlantJob(code: "J040", name: "2차 가류", minutes: 11, setup: 20, noise: 0.10, growth: 0.3, resources: ("OV", 3)),
    PlantJob(code: "J050", name: "사상", minutes: 9.5, setup: 12, noise: 0.17, growth: 0.5, resources: ("DF", 4)),
    PlantJob(code: "J060", name: "세척", minutes: 5, setup: 11, noise: 0.12, growth: 0.2, resources: ("WS", 2)),
    PlantJob(code: "J110", name: "절단", minutes: 7, setup: 15, noise: 0.12, growth: 0.6, resources: ("SW", 3)),
    PlantJob(code: "J120", name: "CNC 선삭", minutes: 18, setup: 45, noise: 0.13, growth: 0.6, resources: ("CN", 10)),
    PlantJob(code: "J130", name: "밀링", minutes: 16, setup: 50, noise: 0.14, growth: 0.5, resources: ("ML", 5)),
    PlantJob(code: "J140", name: "열처리", minutes: 11, setup: 30, noise: 0.10, growth: 0.3, resources: ("HT", 1)),
    PlantJob(code: "J150", name: "연삭", minutes: 13, setup: 35, noise: 0.14, growth: 0.5, resources: ("GR", 4)),
    PlantJob(code: "J160", name: "코팅", minutes: 9.5, setup: 25, noise: 0.12, growth: 0.4, resources: ("CT", 1)),
    PlantJob(code: "J170", name: "디버링", minutes: 7, setup: 11, noise: 0.17, growth: 0.4, resources: ("DB", 3)),
    PlantJob(code: "J180", name: "스프링 조립", minutes: 8, setup: 15, noise: 0.14, growth: 0.3, resources: ("SP", 2)),
    PlantJob(code: "J190", name: "조립", minutes: 14, setup: 20, noise: 0.15, growth: 0.2, resources: ("AS", 3)),
    PlantJob(code: "J200", name: "레이저 마킹", minutes: 5, setup: 10, noise: 0.10, growth: 0, resources: ("LM", 2)),
    PlantJob(code: "J210", name: "누설 시험", minutes: 7, setup: 14, noise: 0.12, growth: 0.1, resources: ("LT", 1)),
    PlantJob(code: "J900", name: "검사", minutes: 8, setup: 12, noise: 0.15, growth: 0.2, resources: ("QC", 6)),
    PlantJob(code: "J950", name: "포장", minutes: 5, setup: 10, noise: 0.12, growth: 0.1, resources: ("PK", 3)),
  ]

  /// Numbers of the jobs that plans name.
  static let (mix, preform, mould, cure, deflash, wash) = (0, 1, 2, 3, 4, 5)
  static let (saw, turn, mill, heatTreat, grind, coat) = (6, 7, 8, 9, 10, 11)
  static let (deburr, spring, assemble, mark, leakTest, inspect, pack) = (12, 13, 14, 15, 16, 17, 18)

  /// Jobs that are done by contractors where an item's standard routing says so.
  static let outsourceable = [heatTreat, grind, coat]

  /// Jobs that an item's second routing leaves out, the first that it has.
  static let optional = [wash, deburr, preform]
}

extension PlantJob {
  /// The code of machine `number`; a job that is done by a contractor has the contractor's.
  func resourceCode(_ number: Int, inHouse: Bool) -> String {
    inHouse ? "\(resources.prefix)-\(number < 9 ? "0" : "")\(number + 1)" : "OUT-\(resources.prefix)"
  }
}
