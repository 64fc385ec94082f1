import DataAccess
import Tabular

/// The model versions of a workspace: immutable, checksummed folders, and the switch that names the one in force.
///
///     let store = ModelStore(folder: "models")
///     let version = try store.create(description, at: now) { draft in
///       try draft.write([Section("vectors", vectors)], to: "index.sections")
///     }
///     try store.activate(version)
///
/// A version appears whole or not at all, whatever moment a process or the machine dies at; its files never change afterwards. Several
/// threads and processes may use one folder at once. The store keeps no state: a value of it is a path.
public struct ModelStore: Sendable {
  /// The folder of the versions; made when the first one is.
  public let folder: String
  let files: DurableFiles

  /// Makes the store of a folder; nothing is touched.
  public init(folder: String) { self.init(folder: folder, files: DurableFiles()) }

  init(folder: String, files: DurableFiles) {
    self.folder = folder
    self.files = files
  }

  /// The folder of a version.
  public func path(of version: String) -> String { folder + "/" + version }

  /// The names of all versions, oldest first, damaged ones included.
  public func list() throws -> [String] {
    try files.names(in: folder).filter { Self.order(of: $0) != nil && files.isFolder(path(of: $0)) }
      .sorted { (Self.order(of: $0) ?? ("", 0)) < (Self.order(of: $1) ?? ("", 0)) }
  }

  /// The manifest of a version, which is checked against its own checksum and the version's name.
  /// - Throws: ``ModelStoreError``, or ``DataAccessError``.
  public func manifest(of version: String) throws -> ModelManifest {
    guard Self.order(of: version) != nil, files.isFolder(path(of: version)) else {
      throw ModelStoreError.unknownVersion(version, known: try list())
    }
    func damaged(_ reason: ModelDamage.Reason) -> ModelStoreError {
      .damaged(version: version, [ModelDamage(file: Self.manifestName, reason: reason)])
    }
    guard let bytes = try files.text(of: path(of: version) + "/" + Self.manifestName) else { throw damaged(.missing) }
    do {
      let manifest = try ModelManifest(sealed: bytes)
      guard manifest.version == version else { throw ModelDamage.Reason.otherVersion(manifest.version) }
      return manifest
    } catch let reason as ModelDamage.Reason { throw damaged(reason) }
  }

  /// Checks every byte of a version: its manifest, and the size and SHA-256 of each file; no file may be missing or added.
  /// - Returns: The manifest.
  /// - Throws: ``ModelStoreError/damaged(version:_:)`` with every damaged file, ``ModelStoreError/unknownVersion(_:known:)`` or ``DataAccessError``.
  /// - Complexity: O(bytes), some 1 GB a second.
  @discardableResult
  public func verify(_ version: String) throws -> ModelManifest {
    try checked(version) { file, path in
      guard let (byteCount, sha256) = try files.digest(of: path) else { return .missing }
      if byteCount != file.byteCount { return .size(expected: file.byteCount, got: byteCount) }
      return sha256 == file.sha256 ? nil : .digest(expected: file.sha256, got: sha256)
    }
  }

  /// Checks what can be checked without reading the files: the manifest, and the presence and size of each file. The sections of a
  /// ``SectionFile`` are checked when they are first used.
  @discardableResult
  public func verifyQuickly(_ version: String) throws -> ModelManifest {
    try checked(version) { file, path in
      guard let byteCount = files.byteCount(of: path) else { return .missing }
      return byteCount == file.byteCount ? nil : .size(expected: file.byteCount, got: byteCount)
    }
  }

  private func checked(_ version: String, _ check: (ModelManifest.File, String) throws -> ModelDamage.Reason?) throws -> ModelManifest {
    let manifest = try manifest(of: version)
    var damages: [ModelDamage] = []
    for file in manifest.files {
      do {
        if let reason = try check(file, path(of: version) + "/" + file.name) {
          damages.append(ModelDamage(file: file.name, reason: reason))
        }
      } catch let error as DataAccessError { damages.append(ModelDamage(file: file.name, reason: .unreadable(error.description))) }
    }
    let expected = Set(manifest.files.map(\.name) + [Self.manifestName])
    for name in try files.names(in: path(of: version)) where !expected.contains(name) {
      damages.append(ModelDamage(file: name, reason: .unexpected))
    }
    guard damages.isEmpty else { throw ModelStoreError.damaged(version: version, damages) }
    return manifest
  }

  static let manifestName = "manifest.json"

  /// The place of a version in time by its name, `version_YYYYMMDD_HHMMSS` or with `_2`, `_3` …; `nil` for any other name.
  static func order(of name: String) -> (time: String, number: Int)? {
    let parts = name.split(separator: "_", omittingEmptySubsequences: false)
    guard (3...4).contains(parts.count), parts[0] == "version", parts[1].utf8.count == 8, parts[2].utf8.count == 6,
      parts.dropFirst().allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } })
    else { return nil }
    guard parts.count == 4 else { return (parts[1] + "_" + parts[2], 1) }
    guard let number = Int(parts[3]), number >= 2, parts[3].first != "0" else { return nil }
    return (parts[1] + "_" + parts[2], number)
  }

  /// The name of the `number`-th version of a second, from 1.
  static func name(at time: Timestamp, number: Int) -> String {
    let digits = time.description.utf8.prefix(19).filter { (48...57).contains($0) }
    let text = String(decoding: digits, as: UTF8.self)
    return "version_\(text.prefix(8))_\(text.dropFirst(8))" + (number == 1 ? "" : "_\(number)")
  }
}
