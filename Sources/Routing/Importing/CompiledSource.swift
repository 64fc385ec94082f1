import DataAccess
import Tabular

/// A source of a mapping made ready.
struct CompiledSource {
  let mapping: ImportMapping.Source
  let relations: [CompiledRelation]
  /// The columns of the files that anything looks at, each once.
  let columns: [String]

  /// Compiles `source`, whose faults have been looked for before.
  init(_ source: ImportMapping.Source, of mapping: ImportMapping) throws {
    self.mapping = source
    let zone = ZoneRules(mapping.timeZone) ?? .utc
    relations = try source.relations.map { relation in
      let schema = relation.target.schema
      let features = relation.fields.keys.filter { schema.type(of: $0) == nil }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      let names = schema.columns.map(\.name).filter { relation.fields[$0] != nil } + features
      let fields = try names.compactMap { name in
        try relation.fields[name].map { field in
          let times = TimeReader(format: try TimeFormat(field.timeFormat ?? source.timeFormat), zone: zone, missing: mapping.missing)
          return try CompiledField(name, field, in: schema, missing: mapping.missing, times: times)
        }
      }
      return CompiledRelation(target: relation.target, groupBy: relation.groupBy, fields: fields)
    }
    var seen: Set<String> = []
    let all = source.filters.map(\.keeps.column) + source.relations.flatMap { $0.fields.values.flatMap(CompiledField.columns) }
    columns = all.filter { seen.insert($0).inserted }.sorted()
  }

  /// Opens a file and checks that it has all columns.
  func open(_ path: String) throws -> CSVReader {
    let reader = try CSVReader(path: path, delimiter: mapping.delimiter)
    let absent = columns.filter { !reader.header.contains($0) }
    guard !absent.isEmpty else { return reader }
    if let likelier = reader.likelierDelimiter {
      let (used, better) = (shownDelimiter(reader.delimiter), shownDelimiter(likelier))
      throw ImportError.columns(
        path: path, message: "the header is one column, separated by \(used); it seems to be separated by \(better): set 'delimiter'")
    }
    let words = absent.map { "'\($0)'\(suggestion(for: $0, in: reader.header))" }.joined(separator: ", ")
    throw ImportError.columns(
      path: path,
      message: "the header lacks \(absent.count == 1 ? "column" : "columns") \(words) (it has \(reader.header.joined(separator: ", ")))")
  }

  private func shownDelimiter(_ byte: UInt8) -> String { byte == 9 ? "a tab" : "'\(Character(UnicodeScalar(byte)))'" }
}

/// What a source's rows become in one relation, made ready.
struct CompiledRelation {
  let target: ImportMapping.Target
  let groupBy: [String]
  let fields: [CompiledField]
}

/// The records of one relation while a source is read.
struct RelationState {
  private let relation: CompiledRelation
  private var groups: GroupState?
  private var columns: [Column] = []
  private var digests: [Digest128] = []
  private var rowKeys: [Digest128] = []
  private var seenKeys: Set<Digest128> = []
  private let keyFields: [Int]

  init(_ relation: CompiledRelation) {
    self.relation = relation
    groups = relation.groupBy.isEmpty ? nil : GroupState(relation.fields, groupBy: relation.groupBy)
    keyFields = relation.target.schema.key.compactMap { name in relation.fields.firstIndex { $0.name == name } }
  }

  /// Reads the fields of a block.
  mutating func begin(_ block: CSVBlock, _ judge: inout RowJudge) {
    columns = relation.fields.map { $0.evaluate(block.frame, &judge) }
    let orders = relation.fields.map { $0.order(of: block.frame, &judge) }
    digests = block.digests
    if groups != nil {
      groups?.begin(columns, orders: orders)
    } else {
      // A relation without its own key field is keyed by the whole row.
      rowKeys =
        keyFields.isEmpty ? digests : (0..<block.lines.count).map { row in Digest128(of: keyFields.map { shown(columns[$0][row]) }) }
    }
  }

  /// Why a row that could be read is not taken.
  func objection(to row: Int) -> Objection? {
    if let groups { return groups.objection(to: row) }
    guard seenKeys.contains(rowKeys[row]) else { return nil }
    let names = keyFields.map { relation.fields[$0].name }
    return Objection(
      reason: ImportReport.Reason.duplicateKey, column: names.joined(separator: " + "),
      value: keyFields.map { shown(columns[$0][row]) }.joined(separator: " + "), expected: "each key once in \(relation.target.rawValue)")
  }

  /// Takes a row.
  mutating func add(_ row: Int) {
    if groups != nil { groups?.add(row) } else { seenKeys.insert(rowKeys[row]) }
  }

  /// Writes the good rows of a block, where each is a record.
  mutating func finishBlock(_ good: Bitmap, _ writer: inout RelationWriter) throws {
    if groups != nil { return }
    var frame = try Frame(zip(relation.fields, columns).map { (name: $0.name, column: $1) }, rowCount: good.count)
    if relation.target == .workResults, frame["result_id"] == nil {
      try frame.set("result_id", Column(digests.map(\.description)))
    }
    try writer.write(frame.filtering(good), to: relation)
  }

  /// Writes the records of groups.
  mutating func finish(_ writer: inout RelationWriter) throws {
    guard let groups else { return }
    for start in stride(from: 0, to: groups.count, by: 1 << 15) {
      var frame = try groups.frame(start..<min(start + 1 << 15, groups.count))
      if relation.target == .workResults, frame["result_id"] == nil {
        // Of the group's key alone: the same groups get the same ids whenever they are imported.
        let keys = try relation.groupBy.map { try frame.column($0) }
        let ids = (0..<frame.rowCount).map { row in
          Digest128(of: relation.groupBy + keys.map { $0.isMissing(row) ? "" : "=" + shown($0[row]) }).description
        }
        try frame.set("result_id", Column(ids))
      }
      try writer.write(frame, to: relation)
    }
  }
}
