internal import FoundationEssentials
internal import LuaBridge

/// Which files scripts may read and write: those below a folder, or, for trusted scripts, all.
public struct ScriptFiles: Sendable {
  /// The folder that relative paths start from.
  public var folder: String
  /// Whether paths may lead out of ``folder``.
  public var allowsAnywhere: Bool

  /// Makes access to the files below `folder`.
  public init(folder: String, allowsAnywhere: Bool = false) {
    self.folder = folder
    self.allowsAnywhere = allowsAnywhere
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
