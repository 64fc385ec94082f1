import CEdit
import Glibc

// All of libedit's pointers stay in this file: the handle and the history are owned by one `EditorTerminal` and freed with it; the strings that
// libedit lends are copied at once; the prompt's bytes live until the next prompt. Callbacks run inside `el_gets`, while the editor, which
// is held unretained, is alive because its `readLine` is running.

/// The open terminal.
final class EditorTerminal {
  static let promptMark = "\u{1}"
  private let handle: OpaquePointer
  private let past: OpaquePointer
  private var prompt: UnsafeMutablePointer<CChar>?
  private var lastEntry: String?
  private let showsOnStandardError: Bool

  init?(historyLimit: Int) {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    // Only the encoding: numbers keep their point. Without a locale the bytes would be shown as escapes.
    if setlocale(LC_CTYPE, "") == nil || String(cString: nl_langinfo(Int32(CODESET))) != "UTF-8" { setlocale(LC_CTYPE, "C.UTF-8") }
    showsOnStandardError = isatty(STDOUT_FILENO) != 1
    guard let handle = cedit_open(showsOnStandardError) else { return nil }
    guard let past = history_init() else {
      el_end(handle)
      return nil
    }
    self.handle = handle
    self.past = past
    cedit_history_set_size(past, Int32(clamping: historyLimit))
    cedit_set_history(handle, past)
    cedit_set_editor(handle, "emacs")
    // Resizing, suspending and being killed leave the terminal as it was.
    cedit_set_signals(handle, true)
    // While a line is edited Ctrl-C and Ctrl-Z are keys; outside, the terminal makes signals of them again. (Taking away the one
    // character, `intr=`, does not last: libedit copies the terminal's characters back at each line.)
    cedit_set_tty(handle, "-d", "-isig")
  }

  deinit {
    el_end(handle)
    history_end(past)
    free(prompt)
  }

  func connect(_ editor: LineEditor) {
    cedit_set_owner(handle, Unmanaged.passUnretained(editor).toOpaque())
    cedit_set_prompt(handle, { cedit_owner($0).map { EditorTerminal.editor($0).terminal.prompt } ?? nil }, 1)
    cedit_add_command(handle, "lathe-complete", "Complete the word") { handle, _ in
      guard let handle, let owner = cedit_owner(handle) else { return UInt8(CC_ERROR) }
      let editor = EditorTerminal.editor(owner)
      return editor.terminal.complete(for: editor)
    }
    cedit_add_command(handle, "lathe-newline", "Begin a new line within the entry") { handle, _ in
      UInt8(el_insertstr(handle, "\n") == 0 ? CC_REFRESH : CC_REFRESH_BEEP)
    }
    cedit_add_command(handle, "lathe-interrupt", "Drop the line") { handle, _ in
      guard let handle, let owner = cedit_owner(handle) else { return UInt8(CC_ERROR) }
      EditorTerminal.editor(owner).wasInterrupted = true
      // To the end, so that nothing shown is overwritten; what is returned then is not used.
      el_push(handle, "\u{5}^C\r")
      return UInt8(CC_NORM)
    }
    cedit_add_command(handle, "lathe-suspend", "Stop until the shell's `fg`") { _, _ in
      // libedit's own handler gives the terminal back, stops, and shows the line again afterwards.
      kill(0, SIGTSTP)
      return UInt8(CC_REDISPLAY)
    }
    el_source(handle, nil)
    for (key, command) in [
      ("^I", "lathe-complete"), ("\\e\r", "lathe-newline"), ("\\e\n", "lathe-newline"), ("^C", "lathe-interrupt"),
      ("^Z", "lathe-suspend"),
      ("^R", "em-inc-search-prev"), ("^E", "ed-move-to-end"),
    ] {
      cedit_bind(handle, key, command)
    }
  }

  /// The line with its newline, or `nil` at the end of the input and when a signal came, which `wasInterrupted` tells.
  func read(prompt text: String, for editor: LineEditor) -> String? {
    free(prompt)
    prompt = strdup(text)
    var count: Int32 = 0
    errno = 0
    guard let line = el_gets(handle, &count), count > 0 else {
      if count < 0, errno == EINTR {
        editor.wasInterrupted = true
        cedit_show(showsOnStandardError, "\n")
      }
      return nil
    }
    return String(cString: line)
  }

  func remember(_ entry: String) {
    guard !entry.isEmpty, entry != lastEntry else { return }
    lastEntry = entry
    cedit_history_enter(past, entry)
  }

  private func complete(for editor: LineEditor) -> UInt8 {
    guard let info = el_line(handle)?.pointee else { return UInt8(CC_ERROR) }
    let bytes = UnsafeRawBufferPointer(start: info.buffer, count: info.lastchar - info.buffer)
    let edit = editor.complete(line: String(decoding: bytes, as: UTF8.self), cursor: info.cursor - info.buffer)
    if !edit.listed.isEmpty {
      let columns = Completion.columns(of: edit.listed, width: Int(cedit_columns(handle)))
      cedit_show(showsOnStandardError, "\n" + columns)
      return UInt8(CC_REDISPLAY)
    }
    guard !edit.inserted.isEmpty else { return UInt8(CC_REFRESH_BEEP) }
    el_deletestr(handle, Int32(edit.removed))
    return UInt8(el_insertstr(handle, edit.inserted) == 0 ? CC_REFRESH : CC_REFRESH_BEEP)
  }

  private static func editor(_ owner: UnsafeMutableRawPointer) -> LineEditor {
    Unmanaged<LineEditor>.fromOpaque(owner).takeUnretainedValue()
  }
}

/// Columns that a text takes on the terminal.
func terminalWidth(_ text: String) -> Int {
  text.unicodeScalars.reduce(0) { $0 + max(0, Int(cedit_width(wchar_t(bitPattern: $1.value)))) }
}
