import ArgumentParser
import Configuration
import DataAccess
import Foundation
import QualityCycle
import Scripting

/// Makes a workspace.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a workspace: settings, strategies, and folders for data, models, reports and logs.",
    discussion: "With --config the settings are a copy of that file. A folder that is a workspace already is left as it is.")

  @OptionGroup var global: GlobalOptions
  @Argument(help: ArgumentHelp("The folder; it is made when it is not there.", valueName: "dir")) var directory: String?

  func run() throws {
    let folder = directory.map { URL(filePath: $0).standardizedFileURL.path } ?? global.folder
    try Self.make(folder, settingsFrom: global.config)
    if global.json {
      try Terminal.output(json: ["workspace": folder])
    } else {
      Terminal.output("\(folder) is a workspace now\n")
    }
  }

  /// Makes the folders and files; throws when the folder is a workspace already, or the settings to copy are wrong.
  static func make(_ folder: String, settingsFrom config: String?) throws {
    if FileManager.default.fileExists(atPath: folder + "/lathe.yaml") {
      throw CommandFailure("\(folder) is a workspace already (lathe.yaml is there); nothing was changed")
    }
    let settings: String
    if let config {
      _ = try ConfigurationFile.checkingAll(config).read()
      settings = String(decoding: try AtomicFile.read(config), as: UTF8.self)
    } else {
      settings = Settings.documentedDefaults
    }
    for name in ["strategies/sampling", "strategies/triggers", "strategies/comparison", "scripts", "data", "models", "reports", "logs"] {
      try AtomicFile.makeFolder(folder + "/" + name)
    }
    for (name, text) in bundledStrategies.sorted(by: { $0.key < $1.key }) where !FileManager.default.fileExists(atPath: folder + "/" + name)
    {
      try AtomicFile.write(text, to: folder + "/" + name)
    }
    // The settings go last: a folder with lathe.yaml is a whole workspace.
    try AtomicFile.write(settings, to: folder + "/lathe.yaml")
  }
}

extension CommandFailure {
  init(_ message: String) { self.init(message: message) }
}
