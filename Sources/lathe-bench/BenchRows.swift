import DataAccess
import Foundation
import Tabular

/// Made-up rows to measure with: an integer, two numbers, three texts, some of them Korean; a seed makes them the same each time.
enum BenchRows {
  private static let operations = [
    "선삭", "연삭", "밀링", "드릴", "열처리", "도금", "검사", "세척", "turning", "milling", "grinding", "drilling", "lapping", "inspection",
    "washing", "packing", "조립", "절단", "용접", "deburring", "사상",
  ]

  /// Writes `count` rows as a SQLite table `ops` and as a CSV file, unless they are there.
  static func write(_ count: Int, database: String, csv: String) throws {
    if FileManager.default.fileExists(atPath: database), FileManager.default.fileExists(atPath: csv) { return }
    let frame = try rows(count)
    try CSVWriter().write(frame, to: csv)
    let unfinished = database + ".making"
    try? FileManager.default.removeItem(atPath: unfinished)
    let target = try SQLiteDatabase(path: unfinished, access: .readWrite)
    try target.write { transaction in
      try transaction.execute(
        "CREATE TABLE ops (id INTEGER, minutes REAL, setup REAL, item TEXT, material TEXT, operation TEXT)")
      try transaction.insert(frame, into: "ops")
    }
    try target.close()
    try FileManager.default.moveItem(atPath: unfinished, toPath: database)
  }

  private static func rows(_ count: Int) throws -> Frame {
    var random = SeededGenerator(seed: 7)
    let materials = (0..<66).map { "\(["SUS304", "SCM440", "AL6061"][$0 % 3])-\($0)" }
    var (minutes, setup): ([Double], [Double]) = ([], [])
    var (items, material, operation): ([String?], [String?], [String?]) = ([], [], [])
    for _ in 0..<count {
      minutes.append((exp(2 + 0.8 * normal(&random)) * 1000).rounded() / 1000)
      setup.append((exp(3 + 0.5 * normal(&random)) * 1000).rounded() / 1000)
      let number = String(random.integer(below: 325_000))
      items.append("ITM-" + String(repeating: "0", count: 7 - number.count) + number)
      material.append(materials[random.integer(below: 66)])
      // The commonest first: the k-th is about 1 / k as common.
      operation.append(operations[min(operations.count - 1, Int(pow(Double(operations.count), random.uniform())) - 1)])
    }
    return try Frame([
      ("id", Column((0..<Int64(count)).map { $0 })), ("minutes", Column(minutes)), ("setup", Column(setup)), ("item", Column(items)),
      ("material", Column(material)), ("operation", Column(operation)),
    ])
  }

  /// Actual and predicted minutes.
  static func pairs(_ count: Int) -> (actual: [Double], predicted: [Double]) {
    var random = SeededGenerator(seed: 8)
    let actual = (0..<count).map { _ in exp(2 + normal(&random)) }
    return (actual, actual.map { $0 * exp(0.3 * normal(&random)) })
  }

  static func weights(_ count: Int) -> [Double] {
    var random = SeededGenerator(seed: 9)
    return (0..<count).map { _ in exp(normal(&random)) }
  }

  /// A column of 40 texts, some much commoner than others.
  static func strata(_ count: Int) -> Column {
    var random = SeededGenerator(seed: 10)
    return Column((0..<count).map { _ in "part \(Int(40 * random.uniform() * random.uniform()))" as String? })
  }

  /// A key of 5,000 levels and a number.
  static func grouping(_ count: Int) throws -> Frame {
    var random = SeededGenerator(seed: 11)
    let keys = (0..<count).map { _ in "K\(random.integer(below: 5000))" as String? }
    return try Frame([("key", Column(keys)), ("value", Column((0..<count).map { _ in exp(normal(&random)) }))])
  }

  private static func normal(_ random: inout SeededGenerator) -> Double {
    (-2 * log1p(-random.uniform())).squareRoot() * cos(2 * .pi * random.uniform())
  }
}
