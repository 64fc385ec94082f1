import Dispatch
import Glibc

/// The pipe's writing end; a plain global with a constant, so that a signal handler may read it: nothing is made on first use.
private nonisolated(unsafe) var wakeDescriptor: Int32 = -1

/// Turns Ctrl-C (SIGINT), and other signals if asked to, into a call, for as long as it lives; afterwards they mean what they did before.
///
/// The handler itself only writes a byte to a pipe, which a signal handler may do; the call comes from a thread of its own, so it need not
/// be safe in a handler. One at a time.
final class InterruptWatch {
  private let source: any DispatchSourceRead
  private let ends: (reading: Int32, writing: Int32)
  private var before: [(signal: Int32, action: sigaction)] = []

  /// Calls `action`, on any thread, at each of the signals.
  init(on signals: [Int32] = [SIGINT], _ action: @escaping @Sendable () -> Void) {
    var pair: [Int32] = [-1, -1]
    precondition(pipe(&pair) == 0, "no descriptors left")
    for end in pair {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      // A full pipe must not stop the handler, nor an empty one the reader.
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    let ends = (reading: pair[0], writing: pair[1])
    self.ends = ends
    source = DispatchSource.makeReadSource(fileDescriptor: ends.reading, queue: DispatchQueue(label: "interrupts"))
    source.setEventHandler {
      var byte: UInt8 = 0
      var isPending = false
      while read(ends.reading, &byte, 1) == 1 { isPending = true }
      if isPending { action() }
    }
    source.setCancelHandler {
      close(ends.reading)
      close(ends.writing)
    }
    source.resume()
    wakeDescriptor = ends.writing
    var handling = sigaction()
    handling.__sigaction_handler.sa_handler = { _ in
      let code = errno
      var byte: UInt8 = 1
      _ = write(wakeDescriptor, &byte, 1)
      errno = code
    }
    // A read or write that is under way goes on: the script is stopped by its own means.
    handling.sa_flags = SA_RESTART
    for signal in signals {
      var old = sigaction()
      sigaction(signal, &handling, &old)
      before.append((signal, old))
    }
  }

  deinit {
    for (signal, action) in before {
      var action = action
      sigaction(signal, &action, nil)
    }
    wakeDescriptor = -1
    source.cancel()
  }
}
