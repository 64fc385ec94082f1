import CSpawn
import Glibc

/// What a process does to itself.
package enum OwnProcess {
  /// Gives up, for good, what a program started from here could gain by its file's owner. Where the system does not know that, nothing happens.
  package static func giveUpPrivileges() { spawn_give_up_privileges() }

  /// Has a crash end the process at once: the runtime's own handlers would start a program to tell of it, and let a signal that was sent pass.
  package static func endAtCrashes() {
    for crash in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(crash, SIG_DFL) }
  }
}
