import DataAccess
import Foundation
import Tabular

/// What a workspace holds, to tell what a command changed: each file by its content, each table by its rows.
///
/// Logs and lock files tell nothing and are left out, as are the empty journals that SQLite keeps.
struct PlantState {
  private var content: [String: String] = [:]

  /// Names of files that are there.
  var names: [String] { content.keys.sorted() }

  /// Files that only a command at work has: of writing that was not finished.
  var leftovers: [String] {
    names.filter { name in
      let file = (name as NSString).lastPathComponent
      return file.hasSuffix(".tmp") || file.hasPrefix(".creating") || file.hasPrefix(".removing") || file == ".activating"
        || file.hasSuffix("-journal")
        || file.hasSuffix("-wal")
    }
  }

  /// What came (`+`), went (`-`) or became another (`~`) since `earlier`; of a database the tables with other numbers of rows.
  func changes(since earlier: PlantState) -> [String] {
    Set(content.keys).union(earlier.content.keys).sorted().compactMap { name in
      switch (earlier.content[name], content[name]) {
      case (nil, let new?): return "+ \(name) \(new)"
      case (_?, nil): return "- \(name)"
      case (let old?, let new?): return old == new ? nil : "~ \(name) \(old) → \(new)"
      default: return nil
      }
    }
  }

  fileprivate init(of folder: String) throws {
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      let path = folder + "/" + name
      let file = (name as NSString).lastPathComponent
      if name.hasPrefix("logs/") || file.hasSuffix(".lock") || file.hasPrefix(".lock") || isFolder(path) { continue }
      if file.hasSuffix(".sqlite"), let rows = try? Self.rows(path) {
        content[name] = rows
        continue
      }
      guard let bytes = FileManager.default.contents(atPath: path) else { continue }
      if bytes.isEmpty, file.hasSuffix("-journal") || file.hasSuffix("-wal") { continue }
      content[name] = "(\(bytes.count) bytes, \(String(UInt(bitPattern: bytes.hashValue), radix: 16)))"
    }
  }

  private static func rows(_ path: String) throws -> String {
    let database = try SQLiteDatabase(path: path)
    defer { try? database.close() }
    let tables = try database.read("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", as: [("name", .text)])
    let counts = try (0..<tables.rowCount).compactMap { tables.columns[0].text($0) }.map { table in
      let count = try database.read("SELECT count(*) FROM \"\(table)\"", as: [("count", .integer)])
      return "\(table) \(count.columns[0].number(0).map { Int($0) } ?? 0)"
    }
    return "(" + counts.joined(separator: ", ") + ")"
  }
}

extension Plant {
  /// What the workspace holds now.
  func state() throws -> PlantState { try PlantState(of: folder) }

  /// The values of a query on the ledger, as text; it has one column.
  func ledger(_ sql: String) throws -> [String] { try query("ledger.sqlite", sql) }

  /// The values of a query on a database of the workspace, as text; it has one column.
  func query(_ name: String, _ sql: String) throws -> [String] {
    let database = try SQLiteDatabase(path: path(name))
    defer { try? database.close() }
    let frame = try database.read("WITH found(value) AS (\(sql)) SELECT CAST(value AS TEXT) FROM found", as: [("value", .text)])
    return (0..<frame.rowCount).map { frame.columns[0].text($0) ?? "NULL" }
  }

  /// Changes a database of the workspace.
  func change(_ name: String, _ sql: String...) throws {
    let database = try SQLiteDatabase(path: path(name), access: .readWrite)
    defer { try? database.close() }
    try database.write { transaction in for statement in sql { try transaction.execute(statement) } }
  }

  /// The names of the model versions that a reader sees.
  func versions() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path("models")).filter { $0.hasPrefix("version_") }.sorted()
  }
}
