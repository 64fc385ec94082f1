import Glibc
import Synchronization

/// Ctrl-C: the first asks the work under way to stop at the next safe point, the second ends the process at once.
///
/// Everything that must survive is written by transaction or rename, so that ending at once loses work but leaves nothing half done.
enum Interruption {
  private static let requests = Atomic<Int>(0)

  /// Whether Ctrl-C was pressed.
  static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  /// Asks the work under way to stop, as Ctrl-C does. Touches an atomic only.
  static func request() { requests.add(1, ordering: .relaxed) }

  /// Forgets earlier requests: a REPL goes on after Ctrl-C.
  static func reset() { requests.store(0, ordering: .relaxed) }

  /// Takes over SIGINT and SIGTERM. The handler only touches an atomic and, the second time, calls `_exit`: both are safe in a signal.
  static func install() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      if Interruption.requests.add(1, ordering: .relaxed).oldValue > 0 { _exit(130) }
    }
    action.sa_flags = SA_RESTART
    sigaction(SIGINT, &action, nil)
    sigaction(SIGTERM, &action, nil)
    // A file as large as the limit allows is an error of writing, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Waits, in small steps so that an interruption is noticed. Throws `CancellationError` then.
  static func wait(seconds: Double) throws {
    var rest = seconds
    while rest > 0 {
      if isRequested { throw CancellationError() }
      usleep(UInt32(min(rest, 0.05) * 1e6))
      rest -= 0.05
    }
  }
}
