/// Lua's keywords.
let luaKeywords = [
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or", "repeat",
  "return", "then", "true", "until", "while",
]

/// Where in a Lua text a name is being written: the word so far and the names that lead to it.
struct CompletionPlace: Hashable {
  /// The unfinished word, which may be empty.
  private(set) var word = ""
  /// Where it begins, as an offset into the text's UTF-8.
  private(set) var start: Int
  /// The names before it: `a`, `b` in `a.b:wo`.
  private(set) var path: [String] = []
  /// Whether it stands behind a colon.
  private(set) var isMethod = false
  /// Other names of the text that stand by themselves: locals and parameters of a statement under way are among them.
  private(set) var otherNames: [String] = []

  private enum Token: Hashable {
    case name(String, start: Int, end: Int)
    case dot, colon
    case other(end: Int)
  }

  /// Finds the place at `offset`; `nil` within strings, comments and numbers, and behind what is not a name.
  init?(_ text: String, at offset: Int) {
    let bytes = Array(text.utf8.prefix(max(0, offset)))
    guard var tokens = Self.tokens(of: bytes) else { return nil }
    start = bytes.count
    if case .name(let name, let first, bytes.count) = tokens.last {
      (word, start) = (name, first)
      tokens.removeLast()
    } else if case .other(bytes.count) = tokens.last, let last = bytes.last, Self.isNamePart(last) {
      return nil
    }
    isMethod = tokens.last == .colon
    var rest = tokens[...]
    while rest.last == .dot || rest.last == .colon {
      rest.removeLast()
      guard case .name(let name, _, _) = rest.popLast(), !luaKeywords.contains(name) else { return nil }
      path.insert(name, at: 0)
    }
    var before: Token?
    for token in rest {
      if case .name(let name, _, _) = token, before != .dot, before != .colon { otherNames.append(name) }
      before = token
    }
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    byte == 95 || (48...57).contains(byte) || (byte < 128 && (65...90).contains(byte & 0xDF))
  }

  /// The tokens of `bytes`, coarsely; `nil` when the end lies within a string or comment.
  private static func tokens(of bytes: [UInt8]) -> [Token]? {
    var tokens: [Token] = []
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      let next = position + 1 < bytes.count ? bytes[position + 1] : 0
      switch byte {
      case UInt8(ascii: "-") where next == byte:
        if let level = longBracketLevel(bytes, at: position + 2) {
          guard let end = longBracketEnd(bytes, from: position + 2, level: level) else { return nil }
          position = end
        } else {
          guard let end = bytes[position...].firstIndex(of: 10) else { return nil }
          position = end
        }
      case UInt8(ascii: "["):
        if let level = longBracketLevel(bytes, at: position) {
          guard let end = longBracketEnd(bytes, from: position, level: level) else { return nil }
          position = end
        } else {
          position += 1
        }
        tokens.append(.other(end: position))
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        position += 1
        while position < bytes.count, bytes[position] != byte, bytes[position] != 10 {
          position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count else { return nil }
        position += 1
        tokens.append(.other(end: position))
      case 48...57:
        while position < bytes.count, isNamePart(bytes[position]) || bytes[position] == UInt8(ascii: ".") { position += 1 }
        tokens.append(.other(end: position))
      case _ where isNamePart(byte):
        let first = position
        while position < bytes.count, isNamePart(bytes[position]) { position += 1 }
        tokens.append(.name(String(decoding: bytes[first..<position], as: UTF8.self), start: first, end: position))
      case UInt8(ascii: "."), UInt8(ascii: ":"):
        var end = position
        while end < bytes.count, bytes[end] == byte { end += 1 }
        tokens.append(end - position > 1 ? .other(end: end) : byte == UInt8(ascii: ".") ? .dot : .colon)
        position = end
      case 9...13, 32: position += 1
      default:
        position += 1
        tokens.append(.other(end: position))
      }
    }
    return tokens
  }

  /// The number of `=` of a long bracket that opens at `start`; `nil` when none does.
  private static func longBracketLevel(_ bytes: [UInt8], at start: Int) -> Int? {
    guard start < bytes.count, bytes[start] == UInt8(ascii: "[") else { return nil }
    var position = start + 1
    while position < bytes.count, bytes[position] == UInt8(ascii: "=") { position += 1 }
    return position < bytes.count && bytes[position] == UInt8(ascii: "[") ? position - start - 1 : nil
  }

  /// Behind the long bracket that closes; `nil` when none does.
  private static func longBracketEnd(_ bytes: [UInt8], from start: Int, level: Int) -> Int? {
    let mark = [UInt8(ascii: "]")] + [UInt8](repeating: UInt8(ascii: "="), count: level) + [UInt8(ascii: "]")]
    var position = start + level + 2
    while position + mark.count <= bytes.count {
      if bytes[position..<(position + mark.count)].elementsEqual(mark) { return position + mark.count }
      position += 1
    }
    return nil
  }
}
