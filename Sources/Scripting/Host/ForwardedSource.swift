import Routing
import Tabular

/// The factory's data in a strategy's process, which asks the host for it.
struct ForwardedSource: FactoryReading {
  let channel: HostChannel

  var name: String {
    var reader = try? ask("name", [:])
    return (try? reader?.text()) ?? ""
  }

  func items(_ codes: [String]?, columns: [String]?) throws -> Frame {
    try frame("items", ["codes": Self.list(codes), "columns": Self.list(columns)])
  }

  func routings(of codes: [String]?, validAt instant: Timestamp?) throws -> Frame {
    try frame("routings", ["codes": Self.list(codes), "valid_at": Self.instant(instant)])
  }

  func results(of codes: [String]?, since: Timestamp?, until: Timestamp) throws -> Frame {
    try frame("results", ["codes": Self.list(codes), "since": Self.instant(since), "until": Self.instant(until)])
  }

  func counts(until: Timestamp?) throws -> RelationCounts {
    var reader = try ask("counts", ["until": Self.instant(until)])
    return RelationCounts(items: try reader.integer(), routings: try reader.integer(), results: try reader.integer())
  }

  /// A column of a field of the context.
  func column(_ name: String, of field: String) throws -> Column {
    var reader = try ask("column", ["field": .text(field), "column": .text(name)])
    return try reader.column()
  }

  private func frame(_ name: String, _ arguments: [String: PlainValue]) throws -> Frame {
    var reader = try ask(name, arguments)
    return try reader.frame()
  }

  private func ask(_ name: String, _ arguments: [String: PlainValue]) throws -> BlockReader {
    try channel.ask(.map(arguments.merging(["call": .text(name)]) { $1 }))
  }

  private static func list(_ texts: [String]?) -> PlainValue { texts.map { .list($0.map(PlainValue.text)) } ?? .null }
  private static func instant(_ instant: Timestamp?) -> PlainValue { instant.map { .integer($0.microseconds) } ?? .null }
}

/// Answers, in the host, what a strategy's process asks for: from data that is cut at the decision's instant, so that whatever is asked
/// nothing later is told.
struct DataAnswers {
  let source: CutFactorySource
  let fields: [String: ContextField]

  /// The content of the reply to `request`. Throws `HostFault` when it is no request, or why it cannot be answered.
  func reply(to request: PlainValue) throws -> [UInt8] {
    var writer = BlockWriter()
    switch request["call"]?.text {
    case "name": writer.text(source.name)
    case "items": writer.frame(try source.items(texts(request, "codes"), columns: texts(request, "columns")))
    case "routings": writer.frame(try source.routings(of: texts(request, "codes"), validAt: instant(request, "valid_at")))
    case "results":
      guard let until = try instant(request, "until") else { throw HostFault("a request for results without an end") }
      writer.frame(try source.results(of: texts(request, "codes"), since: instant(request, "since"), until: until))
    case "counts":
      let counts = try source.counts(until: instant(request, "until"))
      for count in [counts.items, counts.routings, counts.results] { writer.integer(count) }
    case "column":
      guard let field = request["field"]?.text, let name = request["column"]?.text, case .lazy(let frame)? = fields[field] else {
        throw HostFault("a request for a column of what has none")
      }
      writer.column(try frame.column(name))
    default: throw HostFault("an unknown request")
    }
    return writer.bytes
  }

  private func texts(_ request: PlainValue, _ key: String) throws -> [String]? {
    request[key] == .null ? nil : try request.texts(key)
  }

  private func instant(_ request: PlainValue, _ key: String) throws -> Timestamp? {
    switch request[key] {
    case .null?: return nil
    case .integer(let microseconds)?: return Timestamp(microseconds: microseconds)
    default: throw HostFault("a request without the instant '\(key)'")
    }
  }
}
