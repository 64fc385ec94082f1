import CSpawn

/// What a process does to itself.
package enum OwnProcess {
  /// Gives up, for good, what a program started from here could gain by its file's owner. Where the system does not know that, nothing happens.
  package static func giveUpPrivileges() { spawn_give_up_privileges() }
}
