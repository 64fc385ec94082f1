import DataAccess

/// Earlier entries in a file, one a line; newlines within an entry are written `\n`, backslashes `\\`.
///
/// Several sessions may share the file: each adds its entries to what is there then, under a lock, and replaces the file whole.
struct LineHistory {
  /// The entries when the session began, and since then; oldest first.
  private(set) var entries: [String] = []
  /// The most that are kept.
  let limit: Int
  private let path: String?

  /// Reads the file; one that cannot be read counts as empty.
  init(path: String?, limit: Int = 2000) {
    self.path = path
    self.limit = limit
    entries = path.map(Self.read) ?? []
  }

  /// Adds an entry and saves it, unless it is blank or repeats the one before. Fails only when the file cannot be written.
  mutating func add(_ entry: String) throws {
    guard entry.contains(where: { !$0.isWhitespace }), entry != entries.last else { return }
    entries = Self.adding(entry, to: entries, limit: limit)
    guard let path else { return }
    let lock = try FileLock(path: path + ".lock", waits: true, activity: "saving the history")
    defer { withExtendedLifetime(lock) {} }
    let saved = Self.adding(entry, to: Self.read(path), limit: limit)
    try AtomicFile.write(saved.map { Self.escaped($0) + "\n" }.joined(), to: path)
  }

  private static func adding(_ entry: String, to entries: [String], limit: Int) -> [String] {
    Array((entries.last == entry ? entries : entries + [entry]).suffix(limit))
  }

  private static func read(_ path: String) -> [String] {
    guard let bytes = try? AtomicFile.read(path) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(unescaped)
  }

  private static func escaped(_ entry: String) -> String {
    var text = ""
    for scalar in entry.unicodeScalars {
      switch scalar {
      case "\n": text += "\\n"
      case "\\": text += "\\\\"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private static func unescaped(_ line: Substring) -> String {
    var text = ""
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if isEscaped {
        text.unicodeScalars.append(scalar == "n" ? "\n" : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
