import Tabular

/// The words of a command line, as far as they must be understood before they are parsed.
struct CommandWords {
  private let words: [String]
  /// Global options that take the next word as their value.
  private static let valued = ["--workspace", "--config", "--set"]

  init(_ words: some Sequence<String>) { self.words = Array(words) }

  /// The words to parse.
  ///
  /// The parser would take an unknown command for an argument of the prompt, which is what starts without one; and of `run` it would
  /// take what follows the script for options of its own, so these words are set apart from it.
  /// - Throws: `CommandFailure` for an unknown command, with the nearest one.
  func prepared(commands: [String]) throws -> [String] {
    guard let position = plainWord(after: 0) else { return words }
    let name = words[position]
    guard commands.contains(name) || name == "help" else {
      let near = suggestion(for: name, in: commands)
      throw CommandFailure.usage(
        "unknown command '\(name.escapedForTerminal)'"
          + (near.isEmpty ? "; 'lathe --help' lists them, and 'lathe run FILE' runs a script" : near))
    }
    guard name == "run", let script = plainWord(after: position + 1), script + 1 < words.count else { return words }
    return words[...script] + ["--"] + words[(script + 1)...]
  }

  /// The first word from `start` on that is neither an option nor the value of one.
  private func plainWord(after start: Int) -> Int? {
    var position = start
    while position < words.count {
      let word = words[position]
      if word == "--" { return position + 1 < words.count ? position + 1 : nil }
      // A single dash is a file: standard input.
      guard word.hasPrefix("-"), word != "-" else { return position }
      position += Self.valued.contains(word) ? 2 : 1
    }
    return nil
  }
}
