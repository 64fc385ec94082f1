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
      let entries = try library.entries()
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
      let entries = try library.entries().filter { name == nil || $0.name == name }
      if entries.isEmpty, let name {
        throw CommandFailure("there is no strategy '\(name)'" + suggestion(for: name, in: try library.entries().map(\.name)))
      }
      for entry in entries {
        do {
          _ = try library.load(entry.kind, entry.name)
          checked += 1
        } catch let found as StrategyFaults { faults += found.faults }
      }
      if name == nil { faults += try settingsFaults(workspace, library) }
      if global.json {
        try Terminal.output(json: faults)
      } else if faults.isEmpty {
        Terminal.output("\(checked) \(checked == 1 ? "strategy" : "strategies"), no faults\n")
      }
      if !faults.isEmpty { throw CommandFailure(message: faults.map(\.description).joined(separator: "\n"), code: 2) }
    }

    /// What is wrong with the strategies that the settings name.
    private func settingsFaults(_ workspace: Workspace, _ library: StrategyLibrary) throws -> [StrategyFault] {
      let settings = workspace.settings
      let chosen = [
        (StrategyKind.sampling, settings.sampling.strategy, settings.sampling.parameters),
        (.trigger, settings.trigger.rule, settings.trigger.parameters),
        (.comparison, settings.comparison.policy, settings.comparison.parameters),
      ]
      return try chosen.flatMap { kind, name, parameters -> [StrategyFault] in
        do {
          _ = try library.load(kind, name).values(parameters)
          return []
        } catch let found as StrategyFaults { return found.faults }
      }
    }
  }
}
