import Tabular

/// Items that are variants of one design: alike in features, and therefore in how they are made.
struct PlantFamily: Sendable {
  let number: Int
  let partType: Int
  let material: String
  /// Nominal outer diameter and wall thickness, mm.
  let diameter, thickness: Double
  /// Median quantity of an order.
  let quantity: Double
  /// When the family came on the market, in days after the plant's first day; below zero: it was there before.
  let introduced: Double
  let isCoated, hasSpring, isHeatTreated, isMarked: Bool
  /// `IT6`… `IT11`; fine tolerances are ground.
  let tolerance: Int
  let isStrictlyInspected: Bool
  private let usesContractors: Bool
  /// Share of orders that take the second routing; 0 where there is none.
  let alternativeShare: Double

  /// `lastDay` is the plant's last day; a family comes at least 60 days before it.
  init(_ number: Int, of draw: PlantDraw, lastDay: Double) {
    var random = draw.generator(.family, number)
    self.number = number
    partType = Self.weighted(&random)
    let type = PlantCatalog.partTypes[partType]
    material = random.uniform() < 0.55 ? type.materials[0] : type.materials[random.integer(below: type.materials.count)]
    diameter = (type.diameter * random.factor(0.45) * 10).rounded() / 10
    thickness = (type.thickness * random.factor(0.3) * 10).rounded() / 10
    quantity = 25 * random.factor(0.5)
    let isNew = random.uniform() < 0.15 && number > 0
    introduced = isNew ? random.uniform() * max(0, lastDay - 60) : -1 - random.uniform() * 1500
    let group = PlantCatalog.group(of: material)
    isCoated = random.uniform() < (group == .metal ? 0.35 : 0.1)
    hasSpring = random.uniform() < (group == .plastic ? 0.4 : 0)
    isHeatTreated = random.uniform() < (group == .metal ? 0.45 : 0)
    isMarked = random.uniform() < 0.2
    tolerance = 6 + random.integer(below: 6)
    isStrictlyInspected = random.uniform() < 0.3
    usesContractors = random.uniform() < 0.6
    alternativeShare = random.uniform() < 0.4 ? 0.05 + 0.1 * random.uniform() : 0
  }

  var group: PlantCatalog.MaterialGroup { PlantCatalog.group(of: material) }

  /// The jobs of the first routing, in order; three to nine.
  var jobs: [Int] {
    var jobs: [Int]
    let type = PlantCatalog.partTypes[partType].code
    switch group {
    case .elastomer:
      jobs = [PlantJob.mix, PlantJob.preform, PlantJob.mould]
      if material != "NBR" { jobs.append(PlantJob.cure) }
      jobs.append(PlantJob.deflash)
      if isStrictlyInspected { jobs.append(PlantJob.wash) }
    case .plastic:
      jobs = type == "BR" ? [PlantJob.turn] : [PlantJob.saw, PlantJob.turn, PlantJob.deburr]
      if hasSpring { jobs.append(PlantJob.spring) }
    case .metal:
      jobs = [PlantJob.saw, PlantJob.turn]
      if type == "FL" || type == "HS" { jobs.append(PlantJob.mill) }
      if isHeatTreated { jobs.append(PlantJob.heatTreat) }
      if tolerance <= 7 { jobs.append(PlantJob.grind) }
      jobs.append(PlantJob.deburr)
      if type == "MS" { jobs.append(PlantJob.assemble) }
    }
    if isCoated { jobs.append(PlantJob.coat) }
    if isMarked, jobs.count < 7 { jobs.append(PlantJob.mark) }
    return jobs + [PlantJob.inspect, PlantJob.pack]
  }

  /// The jobs of the second routing, or `nil` where there is none: the first without one that can be spared.
  var alternativeJobs: [Int]? {
    guard alternativeShare > 0, let spared = PlantJob.optional.first(where: jobs.contains) else { return nil }
    return jobs.filter { $0 != spared }
  }

  /// The job that a contractor does by the standard routing, if one does.
  var outsourced: Int? { usesContractors ? jobs.first(where: PlantJob.outsourceable.contains) : nil }

  /// Whether an event changes anything for the family.
  func isConcerned(by event: PlantEvent) -> Bool {
    guard event.materials.isEmpty || event.materials.contains(material) else { return false }
    switch event.kind {
    case .routingChange: return true
    case .insourcing: return outsourced.map { event.jobs.contains(PlantJob.all[$0].code) } ?? false
    case .newMachine, .materialChange, .wear: return jobs.contains { event.jobs.contains(PlantJob.all[$0].code) }
    }
  }

  private static func weighted(_ random: inout SeededGenerator) -> Int {
    var rest = random.uniform() * PlantCatalog.partTypes.reduce(0) { $0 + $1.weight }
    for (number, type) in PlantCatalog.partTypes.enumerated() {
      rest -= type.weight
      if rest < 0 { return number }
    }
    return 0
  }
}

/// One item, as far as its work depends on it.
struct PlantItem: Sendable {
  let number: Int
  let family: Int
  /// Outer diameter and wall thickness, mm.
  let diameter, thickness: Double
  /// Days after the plant's first day on which it was created and last changed.
  let created, updated: Double
  /// Whether it carries a certificate, which is marked on it.
  let isCertified: Bool
  /// How often it is ordered, against others.
  let popularity: Double

  init(_ number: Int, in family: PlantFamily, of draw: PlantDraw, lastDay: Double) {
    var random = draw.generator(.item, number)
    self.number = number
    self.family = family.number
    diameter = (family.diameter * random.factor(0.06) * 10).rounded() / 10
    thickness = (family.thickness * random.factor(0.05) * 10).rounded() / 10
    let span = max(0, lastDay - 20 - family.introduced)
    let isOld = family.introduced < 0 && (number == 0 || random.uniform() < 0.85)
    let born = random.uniform()
    created = isOld ? family.introduced * (1 - born) : max(0, family.introduced) + born * min(span, max(0, lastDay - 20))
    let isRecent = random.uniform() < 0.08
    let part = random.uniform()
    let latest = max(created, lastDay)
    updated = isRecent ? max(created, latest - 29.7 * part) : created + (latest - created) * part * part
    isCertified = random.uniform() < 0.06
    popularity = random.factor(1)
  }

  /// `SV0001234`: the part type's letters and the item's number.
  func code(_ family: PlantFamily) -> String {
    let digits = String(number)
    return PlantCatalog.partTypes[family.partType].code + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
  }
}
