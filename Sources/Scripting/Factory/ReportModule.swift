import Configuration
import Ledger
import LuaBridge
import QualityCycle

/// A format of a report, as scripts name it.
private enum ReportFormat: String, CaseIterable, LuaReadable {
  case markdown, html, json, csv

  var format: Settings.Reports.Format {
    switch self {
    case .markdown: .markdown
    case .html: .html
    case .json: .json
    case .csv: .csv
    }
  }
}

private let renderFunction = LuaFunction(
  "render", "The report of a finished cycle as a text, made from the ledger.", in: Workspace.self,
  Parameter("cycle", Int?.self, "its number; the last finished one when nil", default: nil, shown: "nil"),
  Parameter("format", ReportFormat.self, "how it is written", default: .markdown, shown: "\"markdown\""),
  returns: .value(String.self, "the report"), effect: .reads
) { workspace, cycle, format in
  let report = try CycleReport(finished: cycle.map(Int64.init), in: workspace.ledger())
  return String(decoding: try report.rendered(as: format.format), as: UTF8.self)
}

private let writeFunction = LuaFunction(
  "write", "Writes the report of a finished cycle into the reports' folder, in the formats of the settings or in those given.",
  in: Workspace.self,
  Parameter("cycle", Int?.self, "its number; the last finished one when nil", default: nil, shown: "nil"),
  Parameter("formats", [ReportFormat].self, "how it is written; as the settings say when empty", default: [], shown: "{}"),
  returns: .value([String].self, "the files' paths"), effect: .writes
) { workspace, cycle, formats in
  let report = try CycleReport(finished: cycle.map(Int64.init), in: workspace.ledger())
  return try workspace.write(report, as: formats.isEmpty ? nil : formats.map(\.format))
}

/// `report`: reports of cycles, made again from the ledger.
let reportModule = LuaModule("report", "Reports of cycles, made from the ledger at any time.", functions: [renderFunction, writeFunction])
