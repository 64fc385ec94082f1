import Foundation
import Glibc
import Tabular

/// The end of the pipes that a strategy's process has. The only pointers are those of buffers that live during a system call.
///
/// When the host is gone the process ends at once: nobody waits for the decision, and nobody would end it.
final class HostChannel {
  private let output: Int32

  /// Takes standard output for packets alone, what else the process prints goes to standard error; `nil` when that cannot be.
  init?() {
    output = fcntl(1, F_DUPFD_CLOEXEC, 3)
    guard output >= 0, dup2(2, 1) >= 0 else { return nil }
    // The host keeps its end open until the process is over: it closes when the host is killed, whatever a strategy does meanwhile.
    Thread.detachNewThread {
      var input = pollfd(fd: 0, events: 0, revents: 0)
      repeat { poll(&input, 1, -1) } while input.revents == 0
      _exit(1)
    }
  }

  /// Waits for the next packet; throws when what comes is none.
  func receive() throws(HostFault) -> HostPacket {
    let (kind, length) = try HostPacket.head(read(HostPacket.headBytes))
    return HostPacket(kind: kind, content: read(length))
  }

  /// Sends a packet; waits until it is in the pipe.
  func send(_ kind: HostPacket.Kind, _ content: [UInt8]) {
    var rest = HostPacket(kind: kind, content: content).bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { _exit(1) }
      rest = rest.dropFirst(count)
    }
  }

  /// Asks the host for data; throws, in the host's words, what it refuses.
  func ask(_ request: PlainValue) throws -> BlockReader {
    var writer = BlockWriter()
    writer.plain(request)
    send(.request, writer.bytes)
    let packet = try receive()
    var reader = BlockReader(packet.content)
    switch packet.kind {
    case .reply: return reader
    case .refusal: throw HostFault(try reader.text())
    default: throw HostFault("a \(packet.kind) in place of a reply")
    }
  }

  private func read(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = Glibc.read(0, buffer.baseAddress.map { $0 + filled }, count - filled)
        if got < 0, errno == EINTR { continue }
        if got <= 0 { _exit(1) }
        filled += got
      }
    }
  }
}
