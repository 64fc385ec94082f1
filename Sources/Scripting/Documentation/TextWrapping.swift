internal import Tabular

extension String {
  /// The text in lines of at most `width` terminal cells, each behind `indent` spaces. Line breaks of the text stay; a word that is
  /// longer than a line gets one of its own.
  func wrapped(indent: Int = 0, width: Int = 80) -> String {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    for paragraph in split(separator: "\n", omittingEmptySubsequences: false) {
      var line = ""
      var used = 0
      for word in paragraph.split(separator: " ") {
        let size = String(word).displayWidth
        if !line.isEmpty, indent + used + 1 + size > width {
          lines.append(margin + line)
          (line, used) = ("", 0)
        }
        line += (line.isEmpty ? "" : " ") + word
        used += size + (used == 0 ? 0 : 1)
      }
      lines.append(line.isEmpty ? "" : margin + line)
    }
    return lines.joined(separator: "\n")
  }

  /// The text up to the end of its first sentence.
  var firstSentence: String {
    var sentence = ""
    for character in self {
      if character.isWhitespace, sentence.hasSuffix(".") { break }
      sentence.append(character == "\n" ? " " : character)
    }
    return sentence
  }

  /// The text padded with spaces to `width` terminal cells.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - displayWidth)) }
}
