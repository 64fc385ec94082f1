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
  ///   - activity: What the lock is for, as in "running a cycle".
  public init(path: String, shared: Bool = false, waits: Bool = false, activity: String) throws(DataAccessError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw fileError(errno, path, activity) }
    let operation = (shared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB)
    while flock(descriptor, operation) != 0 {
      let code = errno
      if code == EINTR { continue }
      close(descriptor)
      throw code == EWOULDBLOCK ? DataAccessError(.locked, path: path, activity: activity) : fileError(code, path, activity)
    }
  }

  deinit { close(descriptor) }
}
