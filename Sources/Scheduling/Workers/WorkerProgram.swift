import DataAccess
import Processes

/// A program that does jobs: what is started, with what words, where and in what surroundings.
public struct WorkerProgram: Hashable, Sendable {
  /// Path of the executable.
  public var executable: String
  /// What follows its name.
  public var arguments: [String]
  /// The environment, all of it: nothing is inherited.
  public var environment: [String: String]
  /// Its current folder; `nil`: the supervisor's.
  public var folder: String?
  /// Most memory, bytes of address space; `nil`: as the supervisor's.
  public var memoryBytes: UInt64?
  /// Most open files; `nil`: as the supervisor's.
  public var openFiles: UInt64?

  /// Makes a program.
  public init(
    executable: String, arguments: [String], environment: [String: String], folder: String? = nil, memoryBytes: UInt64? = nil,
    openFiles: UInt64? = nil
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.folder = folder
    self.memoryBytes = memoryBytes
    self.openFiles = openFiles
  }

  /// What of `environment` a program needs to find its things and speak its user's language, and the variables called `names`: no secret
  /// comes along that nobody asked for.
  public static func clearedEnvironment(_ environment: [String: String], keeping names: Set<String> = []) -> [String: String] {
    environment.filter { ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"].contains($0.key) || names.contains($0.key) }
  }
}

extension ChildProcess {
  /// Starts a program for jobs; one that cannot be started throws.
  convenience init(_ program: WorkerProgram) throws(DataAccessError) {
    try self.init(
      executable: program.executable, arguments: program.arguments, environment: program.environment, folder: program.folder,
      limits: ChildLimits(memoryBytes: program.memoryBytes, openFiles: program.openFiles))
  }
}
