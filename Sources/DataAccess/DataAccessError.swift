/// What went wrong with a file or database, where, and what to do about it.
public struct DataAccessError: Error, Hashable, CustomStringConvertible {
  /// The kinds of failure that a caller may want to tell apart.
  public enum Kind: String, Codable, Sendable {
    case noSuchFile, folder, notADatabase, damaged, locked, readOnly, permission, diskFull, inputOutput
    case interrupted, constraint, query, value, refused, tooLarge
  }

  /// What kind of failure it is.
  public var kind: Kind
  /// The file it concerns.
  public var path: String
  /// What was being done, as in "reading".
  public var activity: String
  /// The particulars: the library's own words, or the values that came. Parameter values are never part of it.
  public var detail: String

  /// Makes an error.
  public init(_ kind: Kind, path: String, activity: String, detail: String = "") {
    self.kind = kind
    self.path = path
    self.activity = activity
    self.detail = detail
  }

  /// Where, what, and what to do.
  public var description: String {
    let particulars = detail.isEmpty ? "" : " (\(detail))"
    switch kind {
    case .noSuchFile: return "\(path): no such file, while \(activity)\(particulars); check the path"
    case .folder: return "\(path): a folder, while \(activity)\(particulars); give a file"
    case .notADatabase: return "\(path): not a SQLite database, while \(activity)\(particulars); check that the path names the right file"
    case .damaged: return "\(path): damaged or cut short, while \(activity)\(particulars); restore it from a backup or import it again"
    case .locked: return "\(path): in use by another process, while \(activity)\(particulars); let that finish, then try again"
    case .readOnly:
      return "\(path): may only be read, while \(activity)\(particulars); open it for writing, or check the rights of file and folder"
    case .permission: return "\(path): permission denied, while \(activity)\(particulars); check the rights of file and folder"
    case .diskFull: return "\(path): no space left, while \(activity)\(particulars); nothing was changed: free some space, then try again"
    case .inputOutput: return "\(path): input or output failed, while \(activity)\(particulars); check the disk, then try again"
    case .interrupted: return "\(path): interrupted, while \(activity)"
    case .constraint: return "\(path): the rows break a rule of the table, while \(activity)\(particulars); nothing was changed"
    case .query, .value, .refused, .tooLarge: return "\(path): \(detail), while \(activity)"
    }
  }
}

/// An SQL statement as a message shows it: on one line, cut after 200 characters.
func shownSQL(_ sql: String) -> String {
  let line = sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  return line.count > 200 ? line.prefix(200) + "…" : line
}
