/// Where the text that completions replace begins, and what may stand there.
struct Completion: Hashable {
  /// Offset into the line's UTF-8; what lies between it and the cursor is replaced.
  var start: Int
  /// What may stand there, in the order to be shown.
  var candidates: [String]

  /// What Tab does to a line.
  struct Edit: Hashable {
    /// Unicode scalars to take away before the cursor.
    var removed = 0
    /// What to put there.
    var inserted = ""
    /// Candidates to list, when nothing can be put in.
    var listed: [String] = []
  }

  /// The longest beginning that all candidates share is put in; when that is what stands there already, they are listed.
  func edit(of line: String, cursor: Int) -> Edit {
    guard let first = candidates.first, (0...cursor).contains(start) else { return Edit() }
    let common = candidates.dropFirst().reduce(first) { common, next in
      String(String.UnicodeScalarView(zip(common.unicodeScalars, next.unicodeScalars).prefix { $0 == $1 }.map(\.0)))
    }
    let typed = String(decoding: line.utf8.prefix(cursor).dropFirst(start), as: UTF8.self)
    // A shorter common beginning would take away what was typed.
    if common.unicodeScalars.count < typed.unicodeScalars.count || common == typed {
      return Edit(listed: candidates.count > 1 ? candidates : [])
    }
    return Edit(removed: typed.unicodeScalars.count, inserted: common)
  }

  /// Candidates in columns that fit the terminal, read downwards.
  static func columns(of candidates: [String], width: Int) -> String {
    let shown = candidates.prefix(200)
    let column = (shown.map(terminalWidth).max() ?? 0) + 2
    let perRow = max(1, width / column)
    let rowCount = (shown.count + perRow - 1) / perRow
    var text = ""
    for row in 0..<rowCount {
      var line = ""
      for position in stride(from: row, to: shown.count, by: rowCount) {
        line += shown[position] + String(repeating: " ", count: column - terminalWidth(shown[position]))
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return candidates.count > shown.count ? text + "… and \(candidates.count - shown.count) more\n" : text
  }
}
