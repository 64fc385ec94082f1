public import Tabular

extension DemoPlant {
  /// Names of the 28 columns of texts that describe items, in order.
  public static let categoricalFeatures: [String] =
    ["part_type", "item_group", "material", "material_group", "coating", "spring_type", "heat_treatment", "tolerance_class"]
    + ["inspection_level", "certificate"] + PlantCatalog.features.map(\.name) + ["drawing_note", "remark"]

  /// Names of the 8 columns of numbers that describe items, in order; sizes in mm, rotations 0 or 1.
  public static let numericFeatures = [
    "outer_diameter", "inner_diameter", "thickness", "seal_size_1", "seal_size_2", "seal_size_3", "rotation_left", "rotation_right",
  ]

  /// The items relation of `range` (all items when `nil`): `item_code`, the features, `created_at`, `updated_at`. O(items).
  public func items(_ range: Range<Int>? = nil) -> Frame {
    var rows = ItemRows(capacity: range?.count ?? itemCount)
    for number in range ?? 0..<itemCount {
      let item = item(number)
      rows.append(item, families[item.family], of: self)
    }
    return rows.frame()
  }

  /// The routing_operations relation of the items of `range` (all when `nil`): one or two routings an item, three to nine operations
  /// each.
  ///
  /// The plan's minutes are what the planner once assumed: some 20 % off, and blind to every event. O(items).
  public func routings(_ range: Range<Int>? = nil) -> Frame {
    var rows = RoutingRows()
    let minutes = PlantMinutes(draw, [])
    for number in range ?? 0..<itemCount {
      let item = item(number)
      let family = families[item.family]
      rows.append(item, family, routing: 1, jobs: itemJobs(item, family.jobs), minutes, of: self)
      if let jobs = family.alternativeJobs { rows.append(item, family, routing: 2, jobs: itemJobs(item, jobs), minutes, of: self) }
    }
    return rows.frame()
  }

  /// A family's jobs with what a certified item needs beside them.
  func itemJobs(_ item: PlantItem, _ jobs: [Int]) -> [Int] {
    guard item.isCertified, !jobs.contains(PlantJob.mark), jobs.count < 9, let place = jobs.firstIndex(of: PlantJob.inspect) else {
      return jobs
    }
    return Array(jobs[..<place]) + [PlantJob.mark] + Array(jobs[place...])
  }

  static func frame(_ columns: [(name: String, column: Column)]) -> Frame {
    do { return try Frame(columns) } catch { preconditionFailure("a relation of the demo plant: \(error)") }
  }
}

/// Collects rows of the items relation.
private struct ItemRows {
  private var code = ColumnBuilder(.text)
  private var texts: [ColumnBuilder]
  private var numbers: [ColumnBuilder]
  private var created = ColumnBuilder(.timestamp)
  private var updated = ColumnBuilder(.timestamp)

  init(capacity: Int) {
    texts = DemoPlant.categoricalFeatures.map { _ in ColumnBuilder(.text, capacity: capacity) }
    numbers = DemoPlant.numericFeatures.map { _ in ColumnBuilder(.double, capacity: capacity) }
  }

  mutating func append(_ item: PlantItem, _ family: PlantFamily, of plant: DemoPlant) {
    let type = PlantCatalog.partTypes[family.partType]
    var random = plant.draw.generator(.itemFeature, item.number)
    code.append(item.code(family))
    var values: [String?] = [
      type.name, type.group, family.material, family.group.rawValue,
      family.isCoated ? (family.group == .metal ? ["DLC", "인산염", "zinc"] : ["PTFE coat", "몰리브덴", "silicone"])[family.number % 3] : nil,
      family.hasSpring ? ["cantilever", "coil", "V형"][family.number % 3] : nil,
      family.isHeatTreated ? ["QT", "고주파", "nitriding"][family.number % 3] : nil,
      "IT\(family.tolerance)", family.isStrictlyInspected ? "전수" : "sampling",
      item.isCertified ? ["3.1", "3.2", "KR 선급"][item.number % 3] : nil,
    ]
    for (position, feature) in PlantCatalog.features.enumerated() {
      let isPresent = plant.draw.uniform(.familyFeature, family.number, position) < feature.presence
      let usual = Int(plant.draw.hash(.familyFeature, family.number, 100 + position) % UInt64(feature.levels.count))
      let level = random.uniform() < feature.variation ? random.integer(below: feature.levels.count) : usual
      values.append(isPresent && random.uniform() >= 0.02 ? feature.levels[level] : nil)
    }
    values.append(random.uniform() < 0.15 ? Self.drawingNote(&random) : nil)
    values.append(random.uniform() < 0.12 ? Self.remark(&random) : nil)
    for (position, value) in values.enumerated() {
      if let value {
        texts[position].append(value)
      } else if random.uniform() < 0.4 {
        texts[position].append(PlantCatalog.placeholders[random.integer(below: PlantCatalog.placeholders.count)])
      } else {
        texts[position].appendMissing()
      }
    }
    let bore = max(1, item.diameter - 2 * item.thickness)
    let isSeal = family.group != .metal
    let turnsLeft = plant.draw.uniform(.familyFeature, family.number, 90) < 0.3
    let hasDirection = plant.draw.uniform(.familyFeature, family.number, 91) < 0.6
    let sizes: [Double?] = [
      item.diameter, (bore * 10).rounded() / 10, item.thickness, isSeal ? item.thickness : nil,
      isSeal ? (item.thickness * 12).rounded() / 10 : nil, family.hasSpring ? (item.thickness * 6).rounded() / 10 : nil,
      hasDirection ? (turnsLeft ? 1 : 0) : nil, hasDirection ? (turnsLeft ? 0 : 1) : nil,
    ]
    for (position, size) in sizes.enumerated() {
      if let size, random.uniform() >= 0.02 { numbers[position].append(size) } else { numbers[position].appendMissing() }
    }
    created.append(plant.calendar.instant(days: min(item.created, plant.lastDay - 1)))
    updated.append(plant.calendar.instant(days: min(item.updated, plant.lastDay)))
  }

  func frame() -> Frame {
    DemoPlant.frame(
      [("item_code", code.column())] + Array(zip(DemoPlant.categoricalFeatures, texts.map { $0.column() }))
        + Array(zip(DemoPlant.numericFeatures, numbers.map { $0.column() }))
        + [("created_at", created.column()), ("updated_at", updated.column())])
  }

  private static func drawingNote(_ random: inout SeededGenerator) -> String {
    let start = ["도면 개정", "치수 확인 후 작업", "모서리 R", "표면 흠집 주의", "금형 번호"][random.integer(below: 5)]
    return "\(start) \(random.integer(below: 40))"
  }

  private static func remark(_ random: inout SeededGenerator) -> String {
    let start = ["handle with care, lot", "see drawing rev.", "고객 요청: 포장 주의", "old part no.", "stock in rack"][random.integer(below: 5)]
    return "\(start) \(random.integer(below: 60))"
  }
}

/// Collects rows of the routing_operations relation.
private struct RoutingRows {
  private var item = ColumnBuilder(.text), number = ColumnBuilder(.text), sequence = ColumnBuilder(.integer)
  private var job = ColumnBuilder(.text), name = ColumnBuilder(.text), resource = ColumnBuilder(.text), inHouse = ColumnBuilder(.bool)
  private var setup = ColumnBuilder(.double), run = ColumnBuilder(.double), wait = ColumnBuilder(.double), move = ColumnBuilder(.double)
  private var basis = ColumnBuilder(.double), from = ColumnBuilder(.timestamp), to = ColumnBuilder(.timestamp)

  mutating func append(
    _ item: PlantItem, _ family: PlantFamily, routing: Int, jobs: [Int], _ minutes: PlantMinutes, of plant: DemoPlant
  ) {
    let basis = [1.0, 1, 10, 100][Int(plant.draw.hash(.standard, family.number, 500) % 4)]
    for (position, number) in jobs.enumerated() {
      let work = PlantJob.all[number]
      let isInHouse = family.outsourced != number
      let assumed = minutes.unitMinutes(item, family, number) * plant.draw.factor(0.2, .standard, family.number, number)
      self.item.append(item.code(family))
      self.number.append(String(routing))
      sequence.append(Int64(position + 1) * 10)
      job.append(work.code)
      name.append(work.name)
      resource.append(work.resourceCode(minutes.usualMachine(family, number, of: plant.machines.count(number)), inHouse: isInHouse))
      inHouse.append(isInHouse)
      setup.append(isInHouse ? (minutes.setupMinutes(family, number) / 5).rounded() * 5 : 0)
      run.append(max(0.1, (assumed * basis * 10).rounded() / 10))
      wait.append(isInHouse ? 240.0 : 2880.0)
      move.append(isInHouse ? 15.0 : 240.0)
      self.basis.append(basis)
      from.append(plant.calendar.instant(days: min(item.created, plant.lastDay - 1)))
      to.appendMissing()
    }
  }

  func frame() -> Frame {
    DemoPlant.frame([
      ("item_code", item.column()), ("routing_no", number.column()), ("op_seq", sequence.column()), ("job_code", job.column()),
      ("job_name", name.column()), ("resource_code", resource.column()), ("in_house", inHouse.column()),
      ("setup_minutes", setup.column()), ("run_minutes", run.column()), ("wait_minutes", wait.column()), ("move_minutes", move.column()),
      ("quantity_basis", basis.column()), ("valid_from", from.column()), ("valid_to", to.column()),
    ])
  }
}
