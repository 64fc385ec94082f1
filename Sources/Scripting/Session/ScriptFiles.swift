internal import FoundationEssentials
internal import LuaBridge

/// Which files scripts may read and write: those below a folder, or, for trusted scripts, all.
public struct ScriptFiles: Sendable {
  /// The folder that relative paths start from.
  public var folder: String
  /// Whether paths may lead out of ``folder``.
  public var allowsAnywhere: Bool

  /// Files and folders, as seen from ``folder``, that no script may replace, nor anything in them: what the host itself keeps there.
  public var kept: [String]

  /// Makes access to the files below `folder`.
  public init(folder: String, allowsAnywhere: Bool = false, kept: [String] = []) {
    self.folder = folder
    self.allowsAnywhere = allowsAnywhere
    self.kept = kept
  }

  /// The path of the file that a script writes and calls `path`. Throws as ``path(_:)``, and for what the host keeps.
  public func writablePath(_ path: String) throws -> String {
    let target = try self.path(path)
    let whole = Self.resolved(target)
    for name in kept {
      let own = Self.resolved(name.hasPrefix("/") ? name : folder + "/" + name)
      // A database has its journal beside it, under the same beginning.
      guard whole == own || whole.hasPrefix(own + "/") || whole.hasPrefix(own + "-") else { continue }
      throw LuaError("the file '\(path)' is Lathe's own ('\(name)'): a script may not write there; give another name")
    }
    return target
  }

  /// The path of the file that a script calls `path`. Throws when it lies outside ``folder``, also by a symbolic link.
  public func path(_ path: String) throws -> String {
    if path.isEmpty || path.utf8.contains(0) { throw LuaError("a file's path expected, got '\(path)'") }
    let whole = path.hasPrefix("/") ? path : folder + "/" + path
    if allowsAnywhere { return whole }
    // The folder is resolved, not the file: that may not exist yet, and a link in its place is resolved by itself.
    let base = Self.resolved(folder)
    let url = URL(fileURLWithPath: whole)
    let parent = Self.resolved(url.deletingLastPathComponent().path)
    let target = Self.resolved(parent + "/" + url.lastPathComponent)
    guard target == base || target.hasPrefix(base + "/") else { throw LuaError("the file '\(path)' lies outside the workspace") }
    return target
  }

  private static func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path }
}
