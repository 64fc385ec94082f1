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
  /// What the codes of its machines or benches begin with; how many there are depends on the work (``PlantMachines``).
  let machine: String

  static func == (left: PlantJob, right: PlantJob) -> Bool { left.code == right.code }

  func hash(into hasher: inout Hasher) { hasher.combine(code) }

  /// All jobs of the plant; a job's position is its number.
  static let all: [PlantJob] = [
    PlantJob(code: "J010", name: "배합", minutes: 6, setup: 28, noise: 0.10, growth: 0.5, machine: "MX"),
    PlantJob(code: "J020", name: "예비성형", minutes: 7, setup: 18, noise: 0.12, growth: 0.4, machine: "PF"),
    PlantJob(code: "J030", name: "성형", minutes: 20, setup: 42, noise: 0.13, growth: 0.5, machine: "PR"),
    PlantJob(code: "J040", name: "2차 가류", minutes: 11, setup: 20, noise: 0.10, growth: 0.3, machine: "OV"),
    PlantJob(code: "J050", name: "사상", minutes: 9.5, setup: 12, noise: 0.17, growth: 0.5, machine: "DF"),
    PlantJob(code: "J060", name: "세척", minutes: 5, setup: 11, noise: 0.12, growth: 0.2, machine: "WS"),
    PlantJob(code: "J110", name: "절단", minutes: 7, setup: 15, noise: 0.12, growth: 0.6, machine: "SW"),
    PlantJob(code: "J120", name: "CNC 선삭", minutes: 18, setup: 45, noise: 0.13, growth: 0.6, machine: "CN"),
    PlantJob(code: "J130", name: "밀링", minutes: 16, setup: 50, noise: 0.14, growth: 0.5, machine: "ML"),
    PlantJob(code: "J140", name: "열처리", minutes: 11, setup: 30, noise: 0.10, growth: 0.3, machine: "HT"),
    PlantJob(code: "J150", name: "연삭", minutes: 13, setup: 35, noise: 0.14, growth: 0.5, machine: "GR"),
    PlantJob(code: "J160", name: "코팅", minutes: 9.5, setup: 25, noise: 0.12, growth: 0.4, machine: "CT"),
    PlantJob(code: "J170", name: "디버링", minutes: 7, setup: 11, noise: 0.17, growth: 0.4, machine: "DB"),
    PlantJob(code: "J180", name: "스프링 조립", minutes: 8, setup: 15, noise: 0.14, growth: 0.3, machine: "SP"),
    PlantJob(code: "J190", name: "조립", minutes: 14, setup: 20, noise: 0.15, growth: 0.2, machine: "AS"),
    PlantJob(code: "J200", name: "레이저 마킹", minutes: 5, setup: 10, noise: 0.10, growth: 0, machine: "LM"),
    PlantJob(code: "J210", name: "누설 시험", minutes: 7, setup: 14, noise: 0.12, growth: 0.1, machine: "LT"),
    PlantJob(code: "J900", name: "검사", minutes: 8, setup: 12, noise: 0.15, growth: 0.2, machine: "QC"),
    PlantJob(code: "J950", name: "포장", minutes: 5, setup: 10, noise: 0.12, growth: 0.1, machine: "PK"),
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
  /// The code of a machine, `CN-01`; below zero the new ones, `CN-N01` for −1; a job that is done by a contractor has the contractor's.
  func resourceCode(_ machine: Int, inHouse: Bool) -> String {
    guard inHouse else { return "OUT-\(self.machine)" }
    let number = machine < 0 ? -machine : machine + 1
    return "\(self.machine)-\(machine < 0 ? "N" : "")\(number < 10 ? "0" : "")\(number)"
  }
}
