import GRDB

/// One step of a schema's history: it runs once in a database's life, in one transaction, and is never edited afterwards.
public struct Migration: Hashable, Sendable {
  /// The step's name, which the database remembers.
  public var identifier: String
  /// The statements, separated by semicolons.
  public var sql: String

  /// Makes a step.
  public init(_ identifier: String, sql: String) {
    self.identifier = identifier
    self.sql = sql
  }
}

extension SQLiteDatabase {
  /// Runs the steps that this database has not seen yet, in order. Two processes may do so at once.
  ///
  /// - Throws: ``DataAccessError/Kind/refused`` when the database has steps that are not in `migrations`: it was written by a newer program.
  public func migrate(_ migrations: [Migration]) throws(DataAccessError) {
    let place = place("bringing its tables up to date")
    var migrator = DatabaseMigrator()
    for migration in migrations {
      migrator.registerMigration(migration.identifier) { try $0.execute(sql: migration.sql) }
    }
    try place.mapping {
      var tried: Set<String>?
      while true {
        let applied = try queue.writeWithoutTransaction { try migrator.appliedIdentifiers($0) }
        if try queue.writeWithoutTransaction({ try migrator.hasBeenSuperseded($0) }) {
          throw place.refusal("a newer version of the program made it; use that version, or another file", sql: nil)
        }
        if applied.count == migrations.count { return }
        do { try migrator.migrate(queue) } catch {
          // Another process may have run the same step between our look and our transaction: look again, once a step.
          if try queue.writeWithoutTransaction({ try migrator.appliedIdentifiers($0) }) == applied, tried == applied { throw error }
        }
        tried = applied
      }
    }
  }
}
