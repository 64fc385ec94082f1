import CEdit

/// What a person did at the prompt.
enum LineInput: Hashable {
  /// The line, or several of them after Alt-Enter, without the last newline.
  case line(String)
  /// Ctrl-C: the line is dropped.
  case interrupted
  /// Ctrl-D on an empty line, or the terminal has gone.
  case end
}

/// Reads lines from a terminal: editing, history, search and completion by libedit.
///
/// Keys beyond libedit's own (Emacs, or as `~/.editrc` says): Tab completes, Alt-Enter begins a new line within the entry, Ctrl-R searches the
/// history, Ctrl-C drops the line. Words in any script are edited by character; wide ones move the cursor by two columns.
///
/// Not for several threads. The terminal is in its usual mode outside of ``readLine(prompt:)``, so that Ctrl-C is a signal there.
final class LineEditor {
  /// What Tab asks: the line and the cursor as an offset into its UTF-8.
  var completing: (String, Int) -> Completion = { Completion(start: $1, candidates: []) }
  var wasInterrupted = false
  let terminal: EditorTerminal

  /// Opens the terminal; `nil` when standard input is none, or the library refuses it.
  /// - Parameter history: Earlier entries, oldest first; `limit` entries are kept.
  init?(history: [String], limit: Int) {
    guard let terminal = EditorTerminal(historyLimit: limit) else { return nil }
    self.terminal = terminal
    terminal.connect(self)
    for entry in history { terminal.remember(entry) }
  }

  /// Shows the prompt and returns what was entered. Waits without end.
  func readLine(prompt: Prompt) -> LineInput {
    wasInterrupted = false
    let text = terminal.read(prompt: prompt.text, for: self)
    guard !wasInterrupted else { return .interrupted }
    guard let text else { return .end }
    return .line(text.hasSuffix("\n") ? String(text.dropLast()) : text)
  }

  /// Adds an entry to the history, unless it is empty or the same as the one before.
  func remember(_ entry: String) { terminal.remember(entry) }

  /// A prompt, coloured or not.
  struct Prompt {
    /// The text with its escape sequences between marks that tell the library that they take no place.
    let text: String

    /// `words` end with a space: libedit loses an escape sequence at the very end.
    init(_ words: String, color: String? = nil) {
      let mark = EditorTerminal.promptMark
      text = color.map { "\(mark)\u{1B}[\($0)m\(mark)\(words.dropLast())\(mark)\u{1B}[0m\(mark) " } ?? words
    }
  }

  /// Answers Tab.
  func complete(line: String, cursor: Int) -> Completion.Edit {
    // At the start of a line Tab indents, also in a text that is pasted.
    if line.utf8.prefix(cursor).reversed().prefix(while: { $0 != UInt8(ascii: "\n") }).allSatisfy({ $0 == UInt8(ascii: " ") }) {
      return Completion.Edit(inserted: "  ")
    }
    return completing(line, cursor).edit(of: line, cursor: cursor)
  }
}
