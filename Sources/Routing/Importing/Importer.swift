public import DataAccess
import Tabular

/// Brings files into the embedded source database by a mapping: everything in one transaction, or nothing.
///
/// Files are read in blocks of rows; each distinct text of a column is worked on once a block. Rows that form groups are held as one
/// record a group. Importing the same files again changes nothing: records have keys of their own, or keys made of their group's.
public struct Importer {
  private let mapping: ImportMapping
  private let sources: [CompiledSource]
  private let blockRows: Int

  /// Checks a mapping.
  ///
  /// - Parameter blockRows: Rows looked at together.
  /// - Throws: ``ImportError/mapping(_:)`` with all its faults.
  public init(_ mapping: ImportMapping, blockRows: Int = 1 << 15) throws(ImportError) {
    let faults = mapping.faults()
    guard faults.isEmpty else { throw .mapping(faults) }
    self.mapping = mapping
    self.blockRows = blockRows
    do { sources = try mapping.sources.map { try CompiledSource($0, of: mapping) } } catch {
      throw .mapping([ImportError.Fault("sources", "\(error)")])
    }
  }

  /// Imports the files into `database`, which gets the tables that it does not have.
  ///
  /// - Parameters:
  ///   - locating: Where a file of the mapping lies.
  ///   - shouldStop: Asked before each block; true undoes everything and throws.
  /// - Returns: What became of every row, and what was written.
  /// - Throws: ``ImportError``; the database is then as it was.
  public func run(
    into database: SQLiteDatabase, locating: (String) -> String = { $0 }, shouldStop: () -> Bool = { false }
  ) throws(ImportError) -> ImportReport {
    do {
      // All headers before anything is written: most mistakes are found there.
      try checkHeaders(locating: locating)
      try database.migrate(FactorySchema.migrations)
      return try database.write { transaction in
        var writer = RelationWriter(transaction, mode: mapping.mode)
        var report = ImportReport()
        for source in sources { report.files += try read(source, locating, shouldStop, database.path, &writer) }
        report.relations = try writer.finish()
        return report
      }
    } catch let error as ImportError { throw error } catch let error as CSVError { throw .file(error) } catch let error as DataAccessError {
      throw .database(error)
    } catch { throw .database(DataAccessError(.query, path: database.path, activity: "importing", detail: "\(error)")) }
  }

  /// Checks that all files are there with the columns that the mapping names; `run` does so too.
  ///
  /// - Throws: ``ImportError``.
  public func checkHeaders(locating: (String) -> String = { $0 }) throws(ImportError) {
    do {
      for source in sources {
        for file in source.mapping.files { _ = try source.open(locating(file)) }
      }
    } catch let error as ImportError { throw error } catch let error as CSVError { throw .file(error) } catch {
      throw .database(DataAccessError(.query, path: "", activity: "reading headers", detail: "\(error)"))
    }
  }

  private func read(
    _ source: CompiledSource, _ locating: (String) -> String, _ shouldStop: () -> Bool, _ databasePath: String,
    _ writer: inout RelationWriter
  ) throws -> [ImportReport.File] {
    var files: [ImportReport.File] = []
    var states = source.relations.map { RelationState($0) }
    var seen: Set<Digest128> = []
    for file in source.mapping.files {
      let path = locating(file)
      let reader = try source.open(path)
      let columns = source.columns.compactMap { reader.header.firstIndex(of: $0) }
      var result = ImportReport.File(path: path)
      var judge = RowJudge()
      while let block = try reader.nextBlock(columns: columns, rowLimit: blockRows) {
        if shouldStop() { throw DataAccessError(.interrupted, path: databasePath, activity: "importing \(path)") }
        result.rows += block.recordCount
        for record in block.ragged {
          judge.count(
            ImportReport.Reason.fieldCount, line: record.line, value: "\(record.fieldCount) fields",
            expected: "\(reader.header.count) fields as in the header")
        }
        judge.begin(lines: block.lines)
        if source.mapping.dropsDuplicates {
          for (row, digest) in block.digests.enumerated() where !seen.insert(digest).inserted {
            judge.refuse(row, ImportReport.Reason.duplicate)
          }
        }
        for filter in source.mapping.filters {
          let kept = rowsMeeting(filter.keeps, in: block.frame)
          for row in (judge.good & ~kept).indices {
            judge.refuse(
              row, ImportReport.Reason.filtered + filter.name, column: filter.keeps.column,
              value: block.frame[filter.keeps.column]?.text(row))
          }
        }
        // A row is good for all relations of the source or for none, so nothing is kept before all have looked at it.
        for index in states.indices { states[index].begin(block, &judge) }
        for row in judge.good.indices {
          if let objection = states.lazy.compactMap({ $0.objection(to: row) }).first {
            judge.refuse(row, objection.reason, column: objection.column, value: objection.value, expected: objection.expected)
          } else {
            for index in states.indices { states[index].add(row) }
          }
        }
        result.used += judge.goodCount
        for index in states.indices { try states[index].finishBlock(judge.good, &writer) }
      }
      result.refusals = judge.refusals
      if result.used == 0 { try refuseUnusable(result) }
      files.append(result)
    }
    try checkShare(files)
    for index in states.indices { try states[index].finish(&writer) }
    return files
  }

  /// Throws when a file has rows, and faults are why none of them could be used.
  private func refuseUnusable(_ file: ImportReport.File) throws(ImportError) {
    guard let fault = file.refusals.first(where: { !$0.isIntended }) else { return }
    let place = fault.column.map { " in column '\($0)'" } ?? ""
    let value = fault.value.map { ": '\($0)'" } ?? ""
    let expected = fault.expected.map { ", expected \($0)" } ?? ""
    throw .nothingUsable(
      path: file.path,
      message: "none of the \(file.rows) rows can be used; line \(fault.line) has \(fault.reason)\(place)\(value)\(expected)")
  }

  /// Throws when more rows of a source were refused for a fault than the mapping allows.
  private func checkShare(_ files: [ImportReport.File]) throws(ImportError) {
    let faults = files.flatMap(\.refusals).filter { !$0.isIntended }.reduce(0) { $0 + $1.count }
    let judged = faults + files.reduce(0) { $0 + $1.used }
    let share = judged > 0 ? Double(faults) / Double(judged) : 0
    guard share > mapping.maxRefusedShare else { return }
    var report = ImportReport()
    report.files = files
    throw .tooManyRefused(share: share, limit: mapping.maxRefusedShare, report: report)
  }
}
