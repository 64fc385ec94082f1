import CSpawn
package import DataAccess
import Glibc

/// How a process ended.
package enum ChildEnd: Hashable, Sendable {
  case exited(Int32)
  case signaled(Int32)
}

/// What a process may use up; what is `nil` or `false` is as its parent's.
package struct ChildLimits: Hashable, Sendable {
  /// Bytes of address space.
  package var memoryBytes: UInt64?
  /// Number of open files.
  package var openFiles: UInt64?
  /// Seconds of all its threads' time on a processor; SIGKILL comes then.
  package var cpuSeconds: UInt64?
  /// Whether no file may grow: pipes take what is written to them all the same.
  package var writesNothing: Bool

  /// Makes limits.
  package init(memoryBytes: UInt64? = nil, openFiles: UInt64? = nil, cpuSeconds: UInt64? = nil, writesNothing: Bool = false) {
    self.memoryBytes = memoryBytes
    self.openFiles = openFiles
    self.cpuSeconds = cpuSeconds
    self.writesNothing = writesNothing
  }
}

/// A running program in a session and process group of its own, with pipes to its standard streams.
///
/// Not by Foundation's `Process`, which can set no process group: what a job starts must end with it. The group's number is the child's, and
/// the child is not reaped before the group was killed, so that the number cannot be another's by then.
///
/// Pointers here live as long as the closure or the call they are lent to.
package final class ChildProcess {
  /// Number of the process, its group and its session.
  package let id: Int32
  /// What it writes to its standard output and error; both ends of ours do not block.
  package let output, errors: Int32
  private var input: Int32
  private var isReaped = false

  /// Starts the program at `executable`; one that cannot be started throws.
  ///
  /// - Parameters:
  ///   - arguments: What follows its name.
  ///   - environment: The environment, all of it: nothing is inherited.
  ///   - folder: Its current folder; `nil`: ours.
  ///   - limits: What it may use up.
  package init(
    executable: String, arguments: [String], environment: [String: String], folder: String? = nil, limits: ChildLimits = ChildLimits()
  ) throws(DataAccessError) {
    let environment = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    var child = spawn_child()
    let code = withCString(folder) { folder in
      withCStrings([executable] + arguments) { words in
        withCStrings(environment) { environment in
          executable.withCString { path in
            words.withUnsafeBufferPointer { words in
              environment.withUnsafeBufferPointer { environment in
                var start = spawn_program(
                  path: path, arguments: words.baseAddress, environment: environment.baseAddress, folder: folder,
                  memory_bytes: limits.memoryBytes ?? 0, open_files: limits.openFiles ?? 0,
                  cpu_seconds: limits.cpuSeconds ?? 0, writes_nothing: limits.writesNothing)
                return spawn_start(&start, &child)
              }
            }
          }
        }
      }
    }
    guard code == 0 else { throw DataAccessError(errno: code, path: executable, activity: "starting it") }
    (id, input, output, errors) = (child.id, child.input, child.output, child.errors)
  }

  deinit {
    if !isReaped {
      kill(-id, SIGKILL)
      waitpid(id, nil, 0)
    }
    closeInput()
    close(output)
    close(errors)
  }

  /// Ends what the child reads.
  package func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// Writes as much of `bytes` as the pipe takes now, and removes it. A child that reads no more is none of our troubles.
  package func write(_ bytes: inout ArraySlice<UInt8>) {
    guard input >= 0, !bytes.isEmpty else { return }
    // A write to a pipe that nobody reads raises SIGPIPE, which would end us: it is held back in this thread, and taken away.
    var (pipeSignal, before, pending) = (sigset_t(), sigset_t(), sigset_t())
    sigemptyset(&pipeSignal)
    sigaddset(&pipeSignal, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipeSignal, &before)
    let count = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
    let code = errno
    if count < 0, code == EPIPE {
      sigpending(&pending)
      var instantly = timespec()
      if sigismember(&pending, SIGPIPE) == 1 { sigtimedwait(&pipeSignal, nil, &instantly) }
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    if count > 0 {
      bytes = bytes.dropFirst(count)
    } else if code != EAGAIN, code != EINTR {
      bytes = []
    }
  }

  /// Waits until the child has written something, has ended a stream, or takes more input if `hasInput`; at most `seconds`.
  package func wait(seconds: Double, streams: [Int32], hasInput: Bool) {
    var descriptors = streams.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    if hasInput, input >= 0 { descriptors.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
    poll(&descriptors, nfds_t(descriptors.count), Int32(max(0, seconds) * 1000))
  }

  /// Reads what there is in a stream, at most one buffer of it. `nil`: the stream has ended; empty: nothing now.
  package func read(_ stream: Int32, into buffer: inout [UInt8]) -> ArraySlice<UInt8>? {
    let count = buffer.withUnsafeMutableBytes { Glibc.read(stream, $0.baseAddress, $0.count) }
    if count > 0 { return buffer[..<count] }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? [] : nil
  }

  /// Whether the child has ended; it stays unreaped.
  package func hasEnded() -> Bool {
    var state = siginfo_t()
    return waitid(P_PID, id_t(id), &state, WEXITED | WNOHANG | WNOWAIT) == 0 && state.si_signo != 0
  }

  /// Sends a signal to the child and all that it has started, but what has made itself a session of its own.
  package func signal(_ signal: Int32) { if !isReaped { kill(-id, signal) } }

  /// Kills what the child has started and left, and takes its end. Waits for it.
  package func reap() -> ChildEnd {
    signal(SIGKILL)
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    isReaped = true
    return status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .signaled(status & 0x7f)
  }
}

/// Calls `body` with an array of C strings that ends with null; they live during the call.
private func withCStrings<Result>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
  let copies = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return body(copies + [nil])
}

/// Calls `body` with a C string, or with null.
private func withCString<Result>(_ string: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
  if let string { string.withCString { body($0) } } else { body(nil) }
}
