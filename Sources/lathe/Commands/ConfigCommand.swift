import ArgumentParser
import Configuration

/// Looks at settings.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Look at the settings.", subcommands: [Check.self, Show.self, Defaults.self, Reference.self])

  /// Finds all faults.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find everything that is wrong with the settings, and with the strategies they name, with file, line and key.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
      do {
        _ = try global.settings(checksStrategies: true)
      } catch let error as ConfigurationError where global.json {
        try Terminal.output(
          json: error.faults.map { fault in
            Fault(
              file: fault.place.origin, line: fault.place.line, column: fault.place.column, key: fault.keyPath, message: fault.message)
          })
        throw ExitCode(2)
      }
      if global.json { try Terminal.output(json: [Fault]()) } else { Terminal.output("\(global.settingsPath): no faults\n") }
    }

    private struct Fault: Encodable {
      var file: String
      var line, column: Int?
      var key, message: String
    }
  }

  /// Shows the settings in force.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the settings in force; values that are not defaults say where they were set.")

    @OptionGroup var global: GlobalOptions

    func run() throws { Terminal.output(try global.settings().shown) }
  }

  /// Shows the defaults.
  struct Defaults: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print a settings file with all defaults and their meaning.")

    func run() throws { Terminal.output(Settings.documentedDefaults) }
  }

  /// Shows what can be set.
  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print all keys with type, default and meaning, as Markdown.")

    func run() throws { Terminal.output(Settings.reference) }
  }
}
