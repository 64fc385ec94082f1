#if canImport(Glibc)
  import Glibc
#endif

/// A lock on a file of our own that other processes see, held until the value is released; the system frees it when the process dies.
///
/// `flock`, not POSIX record locks: those vanish as soon as any descriptor of the file is closed anywhere in the process. The
/// file itself stays: removing it would let two processes lock two files of one name.
public final class FileLock: Sendable {
  private let descriptor: Int32

  /// Locks the file at `path`, which is made when it is not there.
  ///
  /// - Parameters:
  ///   - shared: Whether others may hold it too, shared like this one.
  ///   - waits: Whether to wait for whoever holds it, without end, or to throw ``DataAccessError/Kind/locked`` at once.
  ///   - shouldStop: Asked while waiting; true throws ``DataAccessError/Kind/interrupted``.
  ///   - activity: What the lock is for, as in "running a cycle".
  public init(
    path: String, shared: Bool = false, waits: Bool = false, shouldStop: () -> Bool = { false }, activity: String
  ) throws(DataAccessError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw DataAccessError(errno: errno, path: path, activity: activity) }
    // Waiting by looking again, not inside of `flock`: a wish to stop is a flag, which no system call looks at.
    while flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      if code == EWOULDBLOCK, waits, !shouldStop() {
        usleep(10_000)
        continue
      }
      // No `close` here: `deinit` runs after a throw too, and a second close could hit a file another thread has opened since.
      guard code == EWOULDBLOCK else { throw DataAccessError(errno: code, path: path, activity: activity) }
      throw DataAccessError(waits ? .interrupted : .locked, path: path, activity: activity)
    }
  }

  deinit { close(descriptor) }
}
