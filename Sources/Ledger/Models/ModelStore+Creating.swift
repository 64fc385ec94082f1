import DataAccess
public import Tabular

/// A version being written: files go in, each once.
public final class ModelDraft {
  private let folder: String
  private let durable: DurableFiles
  fileprivate private(set) var files: [ModelManifest.File] = []

  fileprivate init(folder: String, _ durable: DurableFiles) {
    self.folder = folder
    self.durable = durable
  }

  /// Writes a text file.
  public func write(_ text: String, to name: String) throws {
    let (byteCount, sha256) = try durable.write(text, to: path(name))
    files.append(ModelManifest.File(name: name, byteCount: byteCount, sha256: sha256))
  }

  /// Writes a file of bytes.
  public func write(bytes: [UInt8], to name: String) throws {
    let output = try OutputFile(creating: path(name), with: durable)
    try output.append(bytes)
    files.append(ModelManifest.File(name: name, byteCount: output.byteCount, sha256: try output.finish()))
  }

  /// Writes arrays as a ``SectionFile``.
  public func write(_ sections: [Section], to name: String) throws {
    let output = try OutputFile(creating: path(name), with: durable)
    try SectionFile.write(sections, to: output)
    files.append(ModelManifest.File(name: name, byteCount: output.byteCount, sha256: try output.finish()))
  }

  private func path(_ name: String) -> String {
    precondition(
      !name.isEmpty && !name.hasPrefix(".") && !name.contains("/") && name != ModelStore.manifestName
        && !files.contains { $0.name == name }, "'\(name)' cannot name a file of a model version")
    return folder + "/" + name
  }
}

extension ModelStore {
  /// Makes a new version of the files that `writing` puts into a draft. It is not active yet.
  ///
  /// Until the last step everything lies in a folder of another kind of name, which no reader looks at; when this throws, nothing is
  /// left, and when the process dies, ``sweep()`` finds it.
  /// - Parameters:
  ///   - description: What the version is.
  ///   - createdAt: The time that the name and the manifest say.
  ///   - writing: Writes the files; what it throws is thrown on.
  /// - Returns: The name: `version_YYYYMMDD_HHMMSS`, in UTC; a second one of the same second gets `_2`, and so on.
  public func create(_ description: ModelDescription, at createdAt: Timestamp, writing: (ModelDraft) throws -> Void) throws -> String {
    // Shared among makers, so that a sweep, which wants it for itself, never takes a folder in the making for a leftover.
    try whileMaking { try made(description, at: createdAt, writing: writing) }
  }

  private func made(_ description: ModelDescription, at createdAt: Timestamp, writing: (ModelDraft) throws -> Void) throws -> String {
    let temporary = try files.createTemporaryFolder(folder + "/" + Self.temporaryPrefix)
    do {
      let draft = ModelDraft(folder: temporary, files)
      try writing(draft)
      for number in 1... {
        let name = Self.name(at: createdAt, number: number)
        if files.isFolder(path(of: name)) { continue }
        let manifest = ModelManifest(
          version: name, createdAt: createdAt, description: description, files: draft.files.sorted { $0.name < $1.name })
        _ = try files.write(manifest.sealedText(), to: temporary + "/" + Self.manifestName, replacing: true)
        try files.syncFolder(temporary)
        if try files.rename(temporary, to: path(of: name)) {
          try files.syncFolder(folder)
          return name
        }
        // Another process took the name since we looked: the next one, in a new manifest.
      }
      preconditionFailure("there is a free number")
    } catch {
      files.removeLeftover(temporary)
      throw error
    }
  }

  /// Calls `body` while no version can be removed: for who makes a version and puts it in force, so that it is not taken away in between.
  public func whileMaking<Result>(_ body: () throws -> Result) throws -> Result {
    try files.createFolder(folder)
    let lock = try FileLock(path: folder + "/" + Self.lockName, shared: true, waits: true, activity: "making a model version")
    defer { withExtendedLifetime(lock) {} }
    return try body()
  }

  /// Moves what a killed process left behind to `quarantine/`, where a person may look at it. What was being removed is removed.
  ///
  /// To be called when a program starts. While another process makes or activates a version nothing is swept.
  /// - Returns: The names that the leftovers have now, in `quarantine/`.
  public func sweep() throws -> [String] {
    guard try !leftovers().isEmpty || !removals().isEmpty else { return [] }
    let activity = "sweeping model versions"
    let locks: [FileLock]
    do throws(DataAccessError) {
      locks = try [Self.lockName, Self.switchLockName].map { (name) throws(DataAccessError) in
        try FileLock(path: folder + "/" + name, activity: activity)
      }
    } catch {
      if error.kind == .locked { return [] }
      throw error
    }
    defer { withExtendedLifetime(locks) {} }
    try finishRemovals()
    // Looked up again: what was there before the locks may have been a version in the making.
    return try quarantine(leftovers())
  }

  /// Takes a version that was made but cannot be entered anywhere out of the versions, into `quarantine/`; it must not be in force.
  /// - Returns: The name that it has there.
  @discardableResult
  public func setAside(_ version: String) throws -> String? { try quarantine([version]).first }

  /// Moves files or folders into `quarantine/`, under names that are free there, and returns these.
  private func quarantine(_ names: [String]) throws -> [String] {
    let quarantine = folder + "/quarantine"
    try files.createFolder(quarantine)
    var taken = Set(try files.names(in: quarantine))
    var moved: [String] = []
    for name in names {
      let base = name.hasPrefix(".") ? String(name.dropFirst()) : name
      let newName = taken.contains(base) ? (2...).lazy.map { "\(base)_\($0)" }.first { !taken.contains($0) } ?? base : base
      guard try files.rename(folder + "/" + name, to: quarantine + "/" + newName) else { continue }
      taken.insert(newName)
      moved.append(newName)
    }
    try files.syncFolder(quarantine)
    try files.syncFolder(folder)
    return moved
  }

  private func leftovers() throws -> [String] {
    try files.names(in: folder).filter { $0.hasPrefix(Self.temporaryPrefix) || $0 == Self.temporarySwitchName }
  }

  static let lockName = ".lock"
  static let temporaryPrefix = ".creating-"
}
