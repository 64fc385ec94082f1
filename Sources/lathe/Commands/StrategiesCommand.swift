import ArgumentParser
import Configuration
import QualityCycle
import Scripting
import Tabular

/// Looks at strategies.
struct StrategiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "strategies", abstract: "List and check the Lua strategies of the workspace.", subcommands: [List.self, Check.self])

  /// Lists them.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the strategies with what they do and their parameters.")
    @OptionGroup var global: GlobalOptions

    func run() throws {
      let library = StrategyLibrary(try global.open())
      let entries = library.entries()
      if global.json {
        return try Terminal.output(
          json: entries.map { entry in
            let file = try? library.load(entry.kind, entry.name)
            return Row(
              kind: entry.kind, name: entry.name, path: entry.path, bundled: entry.isBundled, summary: file?.summary,
              parameters: file?.parameters, sha256: file?.sha256)
          })
      }
      for kind in StrategyKind.allCases {
        Terminal.output("\(kind.rawValue)\n")
        for entry in entries where entry.kind == kind {
          do {
            let file = try library.load(entry.kind, entry.name)
            Terminal.output("  \(entry.name)\(entry.isBundled ? "" : " (yours)"): \(file.summary)\n")
            for parameter in file.parameters {
              Terminal.output("    \(parameter.name) = \(parameter.fallback) (\(parameter.type.rawValue)): \(parameter.doc)\n")
            }
          } catch {
            Terminal.output("  \(entry.name): faulty; see 'lathe strategies check'\n")
          }
        }
      }
    }

    private struct Row: Encodable {
      var kind: StrategyKind
      var name, path: String
      var bundled: Bool
      var summary: String?
      var parameters: [StrategyParameter]?
      var sha256: String?
    }
  }

  /// Checks them.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find everything that is wrong with the strategies and the parameters that the settings give them.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "Only the strategies of this name.") var name: String?

    func run() throws {
      let workspace = try global.open()
      let library = StrategyLibrary(workspace)
      var faults: [StrategyFault] = []
      var checked = 0
      let entries = library.entries().filter { name == nil || $0.name == name }
      if entries.isEmpty, let name {
        throw CommandFailure("there is no strategy '\(name)'" + suggestion(for: name, in: library.entries().map(\.name)))
      }
      for entry in entries {
        do throws(StrategyFaults) {
          _ = try library.load(entry.kind, entry.name)
          checked += 1
        } catch { faults += error.faults }
      }
      // What is wrong with a file that the settings name is in the list already.
      let found = Set(faults)
      let given = name == nil ? library.faults(in: workspace.effective) : []
      faults += given.map { StrategyFault(path: $0.place.origin, line: $0.place.line, message: $0.message) }.filter { !found.contains($0) }
      if global.json {
        try Terminal.output(json: faults)
      } else if faults.isEmpty {
        Terminal.output("\(checked) \(checked == 1 ? "strategy" : "strategies"), no faults\n")
      }
      if !faults.isEmpty { throw CommandFailure(message: faults.map(\.description).joined(separator: "\n"), code: 2) }
    }
  }
}
