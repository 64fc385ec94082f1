/// What the plant makes, and of what.
enum PlantCatalog {
  struct PartType: Sendable {
    let name, code, group: String
    /// Materials it is made of; the first is the commonest.
    let materials: [String]
    /// How common it is.
    let weight: Double
    /// Median outer diameter and wall thickness, mm.
    let diameter, thickness: Double
  }

  enum MaterialGroup: String, Sendable {
    case elastomer, plastic, metal
  }

  static let partTypes: [PartType] = [
    PartType(name: "O-ring", code: "OR", group: "고무 실", materials: ["NBR", "FKM", "EPDM", "VMQ"], weight: 22, diameter: 45, thickness: 4),
    PartType(name: "lip seal", code: "LS", group: "고무 실", materials: ["NBR", "FKM", "HNBR"], weight: 14, diameter: 70, thickness: 9),
    PartType(name: "V-packing", code: "VP", group: "고무 실", materials: ["NBR", "FKM"], weight: 7, diameter: 95, thickness: 12),
    PartType(name: "rod seal", code: "RS", group: "수지 실", materials: ["PU", "PTFE"], weight: 10, diameter: 60, thickness: 8),
    PartType(name: "piston seal", code: "PS", group: "수지 실", materials: ["PTFE", "PU"], weight: 9, diameter: 85, thickness: 9),
    PartType(name: "wiper", code: "WP", group: "수지 실", materials: ["PU", "NBR"], weight: 6, diameter: 55, thickness: 7),
    PartType(name: "backup ring", code: "BR", group: "수지 실", materials: ["PTFE"], weight: 7, diameter: 50, thickness: 3),
    PartType(name: "sleeve", code: "SV", group: "가공품", materials: ["SUS304", "S45C", "BC6"], weight: 8, diameter: 65, thickness: 10),
    PartType(name: "flange", code: "FL", group: "가공품", materials: ["S45C", "SUS304", "SUS316"], weight: 6, diameter: 140, thickness: 22),
    PartType(name: "housing", code: "HS", group: "가공품", materials: ["AL6061", "S45C", "SUS304"], weight: 5, diameter: 120, thickness: 30),
    PartType(name: "gland", code: "GL", group: "가공품", materials: ["SUS316", "BC6"], weight: 3, diameter: 90, thickness: 18),
    PartType(name: "mechanical seal", code: "MS", group: "조립품", materials: ["SUS316", "SUS304"], weight: 3, diameter: 75, thickness: 25),
  ]

  static func group(of material: String) -> MaterialGroup {
    switch material {
    case "NBR", "FKM", "EPDM", "VMQ", "HNBR": .elastomer
    case "PU", "PTFE": .plastic
    default: .metal
    }
  }

  /// How much longer a material takes in a job than a middling one.
  static func factor(_ material: String, _ job: Int) -> Double {
    switch (material, job) {
    case ("FKM", PlantJob.mould), ("FKM", PlantJob.cure): 1.35
    case ("VMQ", PlantJob.cure): 1.5
    case ("EPDM", PlantJob.mould): 1.1
    case ("HNBR", PlantJob.deflash): 1.25
    case ("PTFE", PlantJob.turn): 0.8
    case ("SUS316", PlantJob.turn), ("SUS316", PlantJob.mill): 1.4
    case ("SUS304", PlantJob.turn), ("SUS304", PlantJob.mill): 1.25
    case ("AL6061", PlantJob.turn), ("AL6061", PlantJob.mill), ("AL6061", PlantJob.saw): 0.65
    case ("BC6", PlantJob.turn): 0.75
    default: 1
    }
  }

  /// A feature column of texts beside those that the plans depend on.
  struct Feature: Sendable {
    let name: String
    let levels: [String]
    /// Share of families that have it, and of their items that have another level than the family's.
    let presence, variation: Double
  }

  /// Columns whose levels are the family's, or the item's own now and then; they go with the product, not with the work.
  static let features: [Feature] = [
    Feature(name: "item_type", levels: ["제품", "반제품", "예비품", "시제품"], presence: 1, variation: 0.02),
    Feature(
      name: "product_line", levels: ["hydraulic", "pneumatic", "pump", "valve", "automotive", "marine"], presence: 1, variation: 0.02),
    Feature(name: "material_grade", levels: ["A", "B", "C", "특수"], presence: 0.8, variation: 0.03),
    Feature(name: "hardness_class", levels: ["70A", "75A", "80A", "90A", "95A"], presence: 0.7, variation: 0.03),
    Feature(name: "color", levels: ["black", "brown", "green", "흰색", "청색"], presence: 0.8, variation: 0.05),
    Feature(name: "lip_form", levels: ["U", "Y", "V", "X"], presence: 0.22, variation: 0.02),
    Feature(name: "groove_type", levels: ["open", "closed", "dovetail"], presence: 0.5, variation: 0.02),
    Feature(name: "surface_finish", levels: ["Ra0.4", "Ra0.8", "Ra1.6", "Ra3.2"], presence: 0.7, variation: 0.03),
    Feature(name: "standard", levels: ["KS B 2805", "ISO 3601", "JIS B 2401", "DIN 3771", "AS568"], presence: 0.6, variation: 0.03),
    Feature(name: "customer_group", levels: ["국내 대리점", "OEM", "수출", "정비", "direct"], presence: 0.9, variation: 0.12),
    Feature(
      name: "industry", levels: ["construction", "steel", "shipbuilding", "semiconductor", "화학", "자동차"], presence: 0.6, variation: 0.06),
    Feature(name: "pressure_class", levels: ["P100", "P160", "P250", "P320", "P400"], presence: 0.6, variation: 0.03),
    Feature(name: "temperature_class", levels: ["T1", "T2", "T3", "T4"], presence: 0.5, variation: 0.03),
    Feature(name: "media", levels: ["광유", "water glycol", "air", "연료", "steam"], presence: 0.5, variation: 0.03),
    Feature(name: "packaging", levels: ["box", "bag", "진공포장", "tray"], presence: 0.8, variation: 0.06),
    Feature(name: "seal_type", levels: ["single", "double", "static", "rotary", "reciprocating"], presence: 0.85, variation: 0.01),
  ]

  /// What stands in raw data where there is no value.
  static let placeholders = ["", "-", "--", "nan", "NULL"]
}
