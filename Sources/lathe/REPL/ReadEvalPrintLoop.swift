import Glibc

/// What the loop talks to: something that evaluates text, piece by piece.
protocol InteractiveSession: AnyObject {
  /// Evaluates a text: one or more whole statements, or an expression whose value is shown.
  func evaluate(_ text: String) -> EvaluationOutcome
  /// Completions at `cursor`, an offset into the text's UTF-8. The text has the lines entered before, when a statement is not finished yet.
  func completion(of text: String, at cursor: Int) -> Completion
  /// Returns what stops an evaluation that runs; it is called from another thread, also when none runs.
  var interrupter: @Sendable () -> Void { get }
}

/// What came of a text.
enum EvaluationOutcome: Hashable {
  /// It ran; what is to be shown of it, which may be nothing.
  case shown(String)
  /// It ends within a statement: more lines are needed.
  case incomplete
  /// It failed or was interrupted: the message.
  case failed(String)
  /// It asked to end.
  case quit
}

/// Reads, evaluates and prints until the end: at a terminal line by line, otherwise the whole standard input as one script.
struct ReadEvalPrintLoop {
  /// What evaluates.
  let session: any InteractiveSession
  /// Where entries are kept between sessions; `nil`: nowhere.
  var historyPath: String?
  /// Whether prompts and errors are coloured; only ever at a terminal.
  var usesColor = true
  /// Shown once at a terminal, before the first prompt.
  var greeting = ""
  /// The prompt, and that of a statement's further lines; of one width, so that they line up.
  var prompts = (first: "lathe> ", further: "    .. ")

  /// Runs until the end of the input.
  /// - Returns: The exit code: 0, or 1 when standard input was no terminal and its script failed, 130 when it was stopped.
  func run() -> Int32 {
    let watch = InterruptWatch(session.interrupter)
    defer { withExtendedLifetime(watch) {} }
    var history = LineHistory(path: historyPath)
    guard let editor = LineEditor(history: history.entries, limit: history.limit) else { return runScript() }
    if !greeting.isEmpty { say(greeting) }
    var pending = ""
    editor.completing = { line, cursor in
      let shift = pending.utf8.count
      let completion = session.completion(of: pending + line, at: shift + cursor)
      return Completion(start: completion.start - shift, candidates: completion.candidates)
    }
    var isHistorySaved = true
    loop: while true {
      let words = pending.isEmpty ? prompts.first : prompts.further
      switch editor.readLine(prompt: LineEditor.Prompt(words, color: usesColor ? "1;36" : nil)) {
      case .interrupted: pending = ""
      case .end:
        say("")
        break loop
      case .line(let line):
        let text = pending + line
        guard text.contains(where: { !$0.isWhitespace }) else { continue }
        let outcome = session.evaluate(text)
        if case .incomplete = outcome {
          pending = text + "\n"
          continue
        }
        pending = ""
        editor.remember(text)
        do { try history.add(text) } catch {
          if isHistorySaved { say("the history is not saved: \(error)") }
          isHistorySaved = false
        }
        switch outcome {
        case .shown(let shown): show(shown)
        case .failed(let message): say(usesColor && isatty(STDERR_FILENO) == 1 ? "\u{1B}[31m\(message)\u{1B}[0m" : message)
        case .quit: break loop
        case .incomplete: break
        }
      }
    }
    return 0
  }

  private func runScript() -> Int32 {
    var text = ""
    while let line = readLine(strippingNewline: false) { text += line }
    switch session.evaluate(text) {
    case .shown(let shown):
      show(shown)
      return 0
    case .quit: return 0
    case .incomplete:
      say("standard input ends within a statement")
      return 1
    case .failed(let message):
      say(message)
      return Interruption.isRequested ? 130 : 1
    }
  }

  private func show(_ text: String) {
    if !text.isEmpty { print(text) }
  }

  /// Remarks go to standard error.
  private func say(_ text: String) {
    var text = text + "\n"
    // Unbuffered, after what was printed so far: both may be the same terminal.
    fflush(nil)
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
