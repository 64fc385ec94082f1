import ArgumentParser
import DataAccess
import Foundation
import GRDBSQLite
import Metrics
import Tabular

/// Reading, scoring, sampling and grouping at the size of a big factory's month.
struct DataBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "SQLite and CSV into columns, metrics, samples, groups.",
    discussion: "scripts/bench/data runs these tasks and those of other libraries in turn.")

  @OptionGroup var options: BenchOptions
  @Flag(help: "Write the data files into the folder and stop.") var prepare = false

  private static let targets = [
    Target(task: "sqlite_read", peer: "bare_loop", atLeast: 0.9)
  ]

  func run() throws {
    let scale = options.quick ? 50 : 1
    let folder = try options.dataFolder()
    let (rowCount, pairCount) = (1_000_000 / scale, 10_000_000 / scale)
    let (database, csv) = (folder + "/rows-\(rowCount).sqlite", folder + "/rows-\(rowCount).csv")
    try BenchRows.write(rowCount, database: database, csv: csv)
    if prepare { return }
    var bench = Bench("data", options)
    let sql = "SELECT id, minutes, setup, item, material, operation FROM ops"
    try bench.measure(
      "sqlite_read", size: rowCount, threads: 2,
      [
        (
          "lathe",
          {
            let frame = try SQLiteDatabase(path: database).read(sql)
            return ["rows": Double(frame.rowCount), "sum": try frame.column("minutes").sum() ?? 0]
          }
        ), ("bare_loop", { try bareLoop(database, sql) }),
      ])
    try bench.measure(
      "csv_read", size: rowCount, threads: 2,
      [
        (
          "lathe",
          {
            let frame = try CSVReader.readFrame(path: csv)
            return ["rows": Double(frame.rowCount), "sum": try frame.column("minutes").sum() ?? 0]
          }
        )
      ])
    if options.includes("trim_mae") || options.includes("mae") {
      let (actual, predicted) = BenchRows.pairs(pairCount)
      try bench.measure("mae", size: pairCount, [("lathe", { ["value": try Score.mae(actual, predicted).value ?? 0] })])
      try bench.measure("trim_mae", size: pairCount, [("lathe", { ["value": try Score.trimMae(actual, predicted).value ?? 0] })])
    }
    if options.includes("sample_weighted") {
      let weights = BenchRows.weights(rowCount)
      try bench.measure(
        "sample_weighted", size: rowCount,
        [("lathe", { ["rows": Double(try Sampling.weighted(weights, size: min(10_000, rowCount / 100), seed: 1).count)] })])
    }
    if options.includes("sample_stratified") {
      let strata = BenchRows.strata(rowCount)
      try bench.measure(
        "sample_stratified", size: rowCount,
        [("lathe", { ["rows": Double(try Sampling.stratified(by: strata, size: min(10_000, rowCount / 100), seed: 1).count)] })])
    }
    if options.includes("group_by") {
      let frame = try BenchRows.grouping(rowCount)
      try bench.measure(
        "group_by", size: rowCount,
        [
          (
            "lathe",
            {
              let result = try frame.grouped(by: ["key"]).aggregating([
                Aggregation(.mean, of: "value"), Aggregation(.std, of: "value"), Aggregation(.count),
                Aggregation(.quantile(0.9), of: "value"),
              ])
              return ["groups": Double(result.rowCount), "sum": try result.column("mean_value").sum() ?? 0]
            }
          )
        ])
    }
    try bench.finish(Self.targets)
  }
}

/// Steps through all rows and takes every value, as a C program would that keeps the sums alone: what reading costs at least.
private func bareLoop(_ path: String, _ sql: String) throws -> [String: Double] {
  var connection: OpaquePointer?
  defer { sqlite3_close_v2(connection) }
  var statement: OpaquePointer?
  guard sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY, nil) == SQLITE_OK,
    sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK
  else { throw DataAccessError(.query, path: path, activity: "preparing the bare loop") }
  defer { sqlite3_finalize(statement) }
  var (rows, sum, ids, bytes) = (0, 0.0, Int64(0), 0)
  while sqlite3_step(statement) == SQLITE_ROW {
    ids &+= sqlite3_column_int64(statement, 0)
    sum += sqlite3_column_double(statement, 1)
    sum += sqlite3_column_double(statement, 2) * 0
    for index in 3..<Int32(6) {
      // As a program that keeps the texts must: where each begins, and how long it is.
      if let text = sqlite3_column_text(statement, index) { bytes &+= Int(text[0]) &* 0 &+ Int(sqlite3_column_bytes(statement, index)) }
    }
    rows += 1
  }
  return ["rows": Double(rows), "sum": sum, "ids": Double(ids), "bytes": Double(bytes)]
}
