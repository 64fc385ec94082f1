import Foundation
import TestSupport

/// A workspace of a test's own, and the program to use on it.
final class Plant {
  /// How far a workspace is made before a test begins.
  enum Stage {
    /// `lathe init`.
    case made
    /// And has a small factory's data.
    case stocked
    /// And a version that serves.
    case trained
    /// And another, trained alike, that serves instead of it.
    case retrained
  }

  /// A cycle that finds some results to judge by, all of them later than what the version of ``Stage/trained`` knows.
  static let cycle = ["cycle", "--as-of", "2026-05-01"]
  /// Training as ``Stage/trained`` does it.
  static let training = ["train", "--baseline", "--as-of", "2026-04-01"]

  /// The workspace's folder.
  let folder: String
  private let program: BuiltProgram
  private let place: TemporaryFolder

  /// Makes a workspace.
  /// - Parameter folder: A folder to make it in; another is made otherwise, which goes with the plant.
  init(_ stage: Stage = .trained, in folder: String? = nil) throws {
    program = try BuiltProgram()
    place = try TemporaryFolder()
    self.folder = folder ?? place.path("plant")
    try PlantTemplate.of(stage).copy(to: self.folder)
  }

  /// Looks at a folder that is a workspace already, or none.
  init(at folder: String, program: BuiltProgram) throws {
    self.program = program
    self.folder = folder
    place = try TemporaryFolder()
  }

  /// The path of `name` in the workspace.
  func path(_ name: String) -> String { folder + "/" + name }

  /// A command on the workspace.
  func command(_ arguments: [String], input: String = "") -> Command {
    var command = Command(
      program.executable, arguments, in: folder, environment: program.environment(home: place.path))
    command.input = input
    return command
  }

  /// Runs `lathe` in the workspace.
  func lathe(_ arguments: [String], input: String = "") throws -> CommandOutcome { try command(arguments, input: input).run() }

  /// Runs `lathe` in the workspace.
  func lathe(_ arguments: String...) throws -> CommandOutcome { try lathe(arguments) }

  /// Starts `lathe` in the workspace.
  func start(_ arguments: [String], input: String = "") throws -> RunningCommand { try command(arguments, input: input).start() }

  /// Writes a file of the workspace.
  func write(_ text: String, to name: String) throws { try write(Data(text.utf8), to: name) }

  /// Writes a file of the workspace, and the folders that it lies in.
  func write(_ bytes: Data, to name: String) throws {
    let url = URL(filePath: path(name))
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try bytes.write(to: url)
  }

  /// The bytes of a file of the workspace.
  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: path(name))) }

  /// The text of a file of the workspace.
  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  /// Takes a file or folder of the workspace away.
  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  /// Changes bytes of a file.
  func damage(_ name: String, _ change: (inout Data) -> Void) throws {
    var content = try bytes(name)
    change(&content)
    try write(content, to: name)
  }
}

/// The content of a workspace that many tests begin with: made once, and kept in memory.
private struct PlantTemplate {
  private var files: [(name: String, content: Data)] = []
  private var folders: [String] = []

  static func of(_ stage: Plant.Stage) throws -> PlantTemplate {
    switch stage {
    case .made: try made.get()
    case .stocked: try stocked.get()
    case .trained: try trained.get()
    case .retrained: try retrained.get()
    }
  }

  private static let made = Result { try PlantTemplate(after: nil, ["init"]) }
  private static let stocked = Result {
    try PlantTemplate(after: .made, ["demo", "--items", "60", "--results", "1500"])
  }
  private static let trained = Result { try PlantTemplate(after: .stocked, Plant.training) }
  private static let retrained = Result { try PlantTemplate(after: .trained, Plant.training) }

  /// What `arguments` make of a stage.
  private init(after stage: Plant.Stage?, _ arguments: [String]) throws {
    let place = try TemporaryFolder()
    let folder = place.path("plant")
    let plant: Plant
    if let stage {
      plant = try Plant(stage, in: folder)
    } else {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      plant = try Plant(at: folder, program: BuiltProgram())
    }
    let outcome = try plant.lathe(arguments)
    guard outcome.exitCode == 0 else { throw NoTemplate(description: "lathe \(arguments.joined(separator: " ")): \(outcome)") }
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      if let content = FileManager.default.contents(atPath: folder + "/" + name), !isFolder(folder + "/" + name) {
        files.append((name, content))
      } else {
        folders.append(name)
      }
    }
  }

  /// Writes it all into `folder`.
  func copy(to folder: String) throws {
    for name in [""] + folders {
      try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
    }
    for file in files { try file.content.write(to: URL(filePath: folder + "/" + file.name)) }
  }
}

/// Whether there is a folder at `path`.
func isFolder(_ path: String) -> Bool {
  var isFolder: ObjCBool = false
  return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
}

private struct NoTemplate: Error, CustomStringConvertible {
  var description: String
}
