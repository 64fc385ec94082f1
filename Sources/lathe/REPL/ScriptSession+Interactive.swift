import LuaBridge
import Scripting

/// The session of a workspace as the prompt sees it.
final class WorkspaceSession: InteractiveSession {
  private let session: ScriptSession

  init(_ session: ScriptSession) { self.session = session }

  /// Stops the script, and native work that it waits for.
  var interrupter: @Sendable () -> Void {
    { [interrupter = session.interrupter] in
      Interruption.request()
      interrupter.interrupt()
    }
  }

  func evaluate(_ text: String) -> EvaluationOutcome {
    Interruption.reset()
    switch text.filter({ !$0.isWhitespace }) {
    case "exit", "quit", "exit()", "quit()": return .quit
    default: break
    }
    switch session.evaluate(text) {
    case .values(let texts): return .shown(texts.joined(separator: "\t"))
    case .incomplete: return .incomplete
    case .failed(let error):
      if error.underlying is LuaExit { return .quit }
      return .failed(error.reason == .interrupted ? "interrupted" : error.description)
    }
  }

  func completion(of text: String, at cursor: Int) -> Completion {
    let before = String(decoding: text.utf8.prefix(cursor), as: UTF8.self)
    let found = session.completions(for: text, position: before.count)
    return Completion(start: String(text.prefix(found.start)).utf8.count, candidates: found.candidates)
  }
}
