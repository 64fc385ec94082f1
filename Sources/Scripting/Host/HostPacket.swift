/// What host and strategy's process say to each other: one byte of kind, four of length, little end first, and the content.
struct HostPacket {
  /// What a packet is.
  enum Kind: UInt8 {
    /// To the process: what to decide; the first packet, and the only one that is not asked for.
    case task = 1
    /// To the process: what it asked for, or why it does not get that.
    case reply, refusal
    /// To the host: a question for data.
    case request
    /// To the host: a line of the log, or one that was printed.
    case log, print
    /// To the host, as the last packet: the decision, or why there is none.
    case answer, failure

    /// Most bytes that the host takes; a process that sends more is broken.
    var byteLimit: Int {
      switch self {
      case .log, .print: 64 << 10
      case .failure: 1 << 20
      case .task, .reply, .refusal, .request, .answer: 128 << 20
      }
    }
  }

  var kind: Kind
  var content: [UInt8]

  /// Bytes before the content.
  static let headBytes = 5

  /// The packet as it is sent.
  var bytes: [UInt8] {
    let length = UInt32(content.count)
    return [kind.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + content
  }

  /// The kind and length that the head at the beginning of `bytes` tells of; throws when it is none.
  static func head(_ bytes: some Collection<UInt8>) throws(HostFault) -> (kind: Kind, length: Int) {
    let bytes = Array(bytes.prefix(headBytes))
    guard let kind = Kind(rawValue: bytes[0]) else { throw HostFault("a packet of the unknown kind \(bytes[0])") }
    return (kind, (0..<4).reduce(0) { $0 | Int(bytes[$1 + 1]) << (8 * $1) })
  }
}

/// Cuts what a strategy's process sends into packets.
struct HostPacketSplitter {
  private var pending: [UInt8] = []
  private var start = 0

  /// Takes bytes as they come.
  mutating func append(_ bytes: ArraySlice<UInt8>) {
    // What was cut off goes only now and then, so that many small packets cost no copies.
    if start > 1 << 16 || start == pending.count {
      pending.removeFirst(start)
      start = 0
    }
    pending += bytes
  }

  /// The next whole packet; throws when what came is none that a process may send.
  mutating func next() throws(HostFault) -> HostPacket? {
    guard pending.count - start >= HostPacket.headBytes else { return nil }
    let (kind, length) = try HostPacket.head(pending[start...])
    guard length <= kind.byteLimit else { throw HostFault("a packet of \(length) bytes, at most \(kind.byteLimit) expected") }
    let begin = start + HostPacket.headBytes
    guard pending.count - begin >= length else { return nil }
    start = begin + length
    return HostPacket(kind: kind, content: Array(pending[begin..<start]))
  }
}

/// The other process sent what it may not.
struct HostFault: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
