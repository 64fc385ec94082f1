import DataAccess
import Foundation
import LuaBridge
import QualityCycle
import Routing
import Tabular

/// What of a source scripts read: `FactorySource` says what each gives.
protocol FactoryReading {
  var name: String { get }
  func items(_ codes: [String]?, columns: [String]?) throws -> Frame
  func routings(of codes: [String]?, validAt instant: Timestamp?) throws -> Frame
  func results(of codes: [String]?, since: Timestamp?, until: Timestamp) throws -> Frame
  func counts(until: Timestamp?) throws -> RelationCounts
}

extension CutFactorySource: FactoryReading {}
extension SQLiteFactorySource: FactoryReading {}

/// The factory's data as scripts may read it.
struct FactoryData {
  /// Where it is read from; opened when it is first asked for.
  let source: () throws -> any FactoryReading
  /// The last instant that may be known of; `nil`: there is no limit.
  let limit: Timestamp?
  /// The database that queries run on; strategies have none, because a query cannot be cut at an instant.
  let database: (() throws -> SQLiteDatabase)?

  /// The data of a workspace, without a limit.
  init(_ workspace: Workspace) {
    source = { try workspace.source() }
    limit = nil
    database = { try workspace.source().database }
  }

  /// Data that is cut at an instant, as strategies have it.
  init(_ cut: CutFactorySource) { self.init(cut, limit: cut.asOf) }

  /// Data that ends at `limit`.
  init(_ reading: any FactoryReading, limit: Timestamp) {
    source = { reading }
    self.limit = limit
    database = nil
  }
}

/// Which items to read, and what of them.
private struct ItemOptions: LuaRecord {
  var codes: [String]?
  var columns: [String]?

  static let fields: [LuaField<ItemOptions>] = [
    LuaField("codes", \.codes, "only these items"), LuaField("columns", \.columns, "only these columns, beside item_code"),
  ]
}

private struct RoutingOptions: LuaRecord {
  var items: [String]?
  var validAt: Timestamp?

  static let fields: [LuaField<RoutingOptions>] = [
    LuaField("items", \.items, "only of these items"), LuaField("valid_at", \.validAt, "valid at this time"),
  ]
}

private struct ResultOptions: LuaRecord {
  var items: [String]?
  var since: Timestamp?
  var until: Timestamp?

  static let fields: [LuaField<ResultOptions>] = [
    LuaField("items", \.items, "only of these items"), LuaField("since", \.since, "completed after this time"),
    LuaField("until_", \.until, "completed up to this time"),
  ]
}

private let itemsFunction = LuaFunction(
  "items", "The items with their features, in order of their codes.", in: FactoryData.self,
  Parameter("options", ItemOptions.self, "which items and columns"),
  returns: .value(ScriptFrame.self, "a row an item"), effect: .reads
) { data, options in ScriptFrame(try data.source().items(options.codes, columns: options.columns)) }

private let routingsFunction = LuaFunction(
  "routings", "The standard routings, operation by operation.", in: FactoryData.self,
  Parameter("options", RoutingOptions.self, "of which items, and when valid"),
  returns: .value(ScriptFrame.self, "a row an operation"), effect: .reads
) { data, options in
  ScriptFrame(try data.source().routings(of: options.items, validAt: options.validAt))
}

private let resultsFunction = LuaFunction(
  "results", "The work results; strategies see those up to ctx.as_of only.", in: FactoryData.self,
  Parameter("options", ResultOptions.self, "of which items and which time"),
  returns: .value(ScriptFrame.self, "a row a result"), effect: .reads
) { data, options in
  let until = options.until ?? data.limit ?? Timestamp(microseconds: .max)
  return ScriptFrame(try data.source().results(of: options.items, since: options.since, until: until))
}

private let queryFunction = LuaFunction(
  "query", "The rows of one SELECT on the source database. Not for strategies: a query cannot be cut at an instant.", in: FactoryData.self,
  Parameter("sql", String.self, "one SELECT or WITH statement, with a ? a parameter"),
  Parameter("parameters", [PlainValue].self, "values of the parameters", default: []),
  returns: .value(ScriptFrame.self, "the rows"), effect: .reads
) { data, sql, parameters in
  guard let database = data.database else { throw LuaError("data.query is not available here") }
  return ScriptFrame(try database().readOnlyQuery(sql, parameters.map(cell)))
}

private let sourcesFunction = LuaFunction(
  "sources", "Where the data is read from and how much there is.", in: FactoryData.self,
  returns: .value(PlainValue.self, "name, items, routings, results"), effect: .reads
) { data in
  let source = try data.source()
  let counts = try source.counts(until: data.limit)
  return [
    "name": .text(source.name), "items": .integer(Int64(counts.items)), "routings": .integer(Int64(counts.routings)),
    "results": .integer(Int64(counts.results)),
  ]
}

private let importFunction = LuaFunction(
  "import", "Imports CSV files by the mapping in the settings: all or nothing. Repeating it changes nothing.", in: Workspace.self,
  Parameter("files", [String].self, "files to read instead of those that the mapping names", default: [], shown: "{}"),
  returns: .value(PlainValue.self, "files { path, rows, used, refusals } and relations { name, records, written }"), effect: .writes
) { workspace, files in try plain(workspace.importData(files: files)) }

private let checkFunction = LuaFunction(
  "check", "What the source has, and what about it is suspicious.", in: Workspace.self,
  returns: .value(PlainValue.self, "counts, first_result, last_result, remarks { rows, message, example }"), effect: .reads
) { workspace in try plain(workspace.source().check(at: workspace.surroundings.now())) }

private let describeFunction = LuaFunction(
  "describe", "What each column of a relation holds.", in: Workspace.self,
  Parameter("relation", String?.self, "items, routing_operations or work_results; all three when nil", default: nil, shown: "nil"),
  returns: .value(ScriptFrame.self, "relation, column, type, rows, missing, distinct, placeholders, least, median, greatest, commonest"),
  effect: .reads
) { workspace, relation in
  let columns = try workspace.source().describe(relation)
  return ScriptFrame(
    try Frame([
      ("relation", Column(columns.map(\.relation))), ("column", Column(columns.map(\.column))),
      ("type", Column(columns.map(\.type.rawValue))), ("rows", Column(columns.map { Int64($0.rows) })),
      ("missing", Column(columns.map { Int64($0.missing) })), ("distinct", Column(columns.map { Int64($0.distinct) })),
      ("placeholders", Column(columns.map { Int64($0.placeholders) })), ("least", Column(columns.map(\.least))),
      ("median", Column(columns.map(\.median))), ("greatest", Column(columns.map(\.greatest))),
      ("commonest", Column(columns.map { $0.commonest.isEmpty ? nil : $0.commonest.map(\.text).joined(separator: ", ") })),
    ]))
}

/// A report as a table, its names in snake case.
private func plain(_ value: some Encodable) throws -> PlainValue {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  return try JSONDecoder().decode(PlainValue.self, from: encoder.encode(value))
}

/// `data` as strategies have it.
let strategyDataModule = LuaModule(
  "data", "The factory's items, standard routings and work results.",
  functions: [itemsFunction, routingsFunction, resultsFunction, sourcesFunction])

/// `data` as scripts and the REPL have it.
let dataModule = LuaModule(
  "data", "The factory's items, standard routings and work results.",
  functions: [
    itemsFunction, routingsFunction, resultsFunction, queryFunction, sourcesFunction, checkFunction, describeFunction, importFunction,
    truthFunction,
  ])

private func cell(_ value: PlainValue) throws -> Cell {
  switch value {
  case .null: .missing
  case .bool(let flag): .bool(flag)
  case .integer(let number): .integer(number)
  case .number(let number): .double(number)
  case .text(let text): .text(text)
  case .list, .map: throw LuaError("a parameter of a query must be a number, text, boolean or nil, got a table")
  }
}
