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
    // A request that came while the prompt waited was for the line that was dropped.
    Interruption.reset()
    switch session.evaluate(text) {
    case .shown(let text): return .shown(text)
    case .incomplete: return .incomplete
    case .failed(let message): return .failed(message)
    case .quit: return .quit
    }
  }

  func completion(of text: String, at cursor: Int) -> Completion {
    let found = session.completions(of: text, at: cursor)
    return Completion(start: found.start, candidates: found.candidates)
  }
}
