import GRDBSQLite
import Synchronization
public import Tabular

/// Reads from one connection while its closure runs: all reads of one reader see the same state of the database.
///
/// Not `Sendable`: it lives on its connection's queue, and must not be kept after the closure returns.
public class SQLiteReader {
  let connection: OpaquePointer
  let place: SQLitePlace
  private let counter: StatementCounter

  init(connection: OpaquePointer, place: SQLitePlace, counter: StatementCounter) {
    self.connection = connection
    self.place = place
    self.counter = counter
  }

  /// Number of keys that one statement takes: well under SQLite's limit of parameters (32,766), and few enough that preparing
  /// the text costs little beside running it.
  public static let keysPerStatement = 2_000

  /// Returns the rows of a SELECT, column by column.
  ///
  /// - Parameters:
  ///   - sql: One statement with a `?` a parameter.
  ///   - types: Name and type of each result column; a value of another type is an error that names column and row (an integer
  ///     is taken for a double, integer microseconds or an ISO 8601 text for a timestamp, 0 and 1 for a bool). `nil`: the names
  ///     of the statement (a repeated one with `_2`), the declared types, else what the values are; a column of several types
  ///     holds doubles or texts.
  public func read(
    _ sql: String, _ parameters: [Cell] = [], as types: [(name: String, type: ColumnType)]? = nil
  ) throws(DataAccessError) -> Frame {
    let statement = try SQLiteStatement(sql, on: connection, at: place)
    try statement.bind(parameters)
    counter.increment()
    let (sink, names) = try statement.sink(as: types, at: place)
    _ = try statement.fetch(.max, into: sink, names: names, at: place)
    return sink.frame(names)
  }

  /// Calls `body` with the rows of a SELECT in blocks of at most `rowLimit`, in order; at least once, if need be with no rows. Memory: one block.
  ///
  /// Without `types` the type of an undeclared column may differ between blocks.
  public func forEachBlock(
    _ sql: String, _ parameters: [Cell] = [], as types: [(name: String, type: ColumnType)]? = nil, rowLimit: Int,
    _ body: (Frame) throws -> Void
  ) throws {
    precondition(rowLimit > 0, "a block needs rows")
    let statement = try SQLiteStatement(sql, on: connection, at: place)
    try statement.bind(parameters)
    counter.increment()
    var (more, isFirst) = (true, true)
    while more {
      let (sink, names) = try statement.sink(as: types, at: place)
      more = try statement.fetch(rowLimit, into: sink, names: names, at: place)
      if sink.rowCount > 0 || isFirst { try body(sink.frame(names)) }
      isFirst = false
    }
  }

  /// Returns the rows for many keys in one frame, with one statement for each 2,000 of them.
  ///
  ///     reader.read("SELECT * FROM items WHERE item_code IN ({keys}) ORDER BY item_code", keys: codes)
  /// - Parameters:
  ///   - sql: One statement in which `{keys}` stands where the list of keys goes, once or several times.
  ///   - keys: In any order; a repeated one counts once. Rows come block by block: order the keys when the order of rows matters.
  ///   - parameters: Values for `?1`, `?2`, ….
  public func read(
    _ sql: String, keys: [String], _ parameters: [Cell] = [], as types: [(name: String, type: ColumnType)]? = nil
  ) throws(DataAccessError) -> Frame {
    guard sql.contains("{keys}") else { throw place.refusal("there is no {keys} in it", sql: sql) }
    var seen: Set<String> = []
    let distinct = keys.filter { seen.insert($0).inserted }
    var result: (sink: FrameSink, names: [String])?
    var start = 0
    repeat {
      let block = distinct[start..<min(start + Self.keysPerStatement, distinct.count)]
      // No key at all still gives the columns: `IN ()` is what SQLite takes for the empty list.
      let list = block.indices.map { "?\(parameters.count + $0 - start + 1)" }.joined(separator: ",")
      let statement = try SQLiteStatement(Self.replacingKeys(in: sql, by: list), on: connection, at: place)
      try statement.bind(parameters + block.map(Cell.text))
      counter.increment()
      let (sink, names) = if let result { result } else { try statement.sink(as: types, at: place) }
      result = (sink, names)
      _ = try statement.fetch(.max, into: sink, names: names, at: place)
      start += Self.keysPerStatement
    } while start < distinct.count
    return result.map { $0.sink.frame($0.names) } ?? Frame()
  }

  /// Returns the names of a table's or view's columns, in order; none when there is no such table.
  public func columnNames(of table: String) throws(DataAccessError) -> [String] {
    let frame = try read("SELECT name FROM pragma_table_info(?)", [.text(table)], as: [("name", .text)])
    return (0..<frame.rowCount).compactMap { frame.columns[0].text($0) }
  }

  /// Returns the names of all tables and views, by their bytes.
  public func tableNames() throws(DataAccessError) -> [String] {
    let frame = try read(
      "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
      as: [("name", .text)])
    return (0..<frame.rowCount).compactMap { frame.columns[0].text($0) }
  }

  private static func replacingKeys(in sql: String, by list: String) -> String {
    var result = ""
    var rest = Substring(sql)
    while let found = rest.firstRange(of: "{keys}") {
      result += rest[..<found.lowerBound] + list
      rest = rest[found.upperBound...]
    }
    return result + rest
  }
}

/// Counts the SELECT statements that were run.
final class StatementCounter: Sendable {
  private let count = Atomic<Int>(0)

  func increment() { count.add(1, ordering: .relaxed) }

  var value: Int { count.load(ordering: .relaxed) }
}
