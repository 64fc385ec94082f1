/// A fingerprint of texts in order: the same on every machine and in every version, so that it can be a key in a database.
///
/// 128 bits: among a billion records the chance that two differ and share one is below 10⁻²⁰. Not against forgery.
public struct Digest128: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The two halves.
  public let high, low: UInt64

  /// Whether this digest comes before another.
  public static func < (left: Digest128, right: Digest128) -> Bool { (left.high, left.low) < (right.high, right.low) }

  /// 32 hexadecimal digits.
  public var description: String {
    [high, low].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// The digest of texts, each with its length, so that `["ab", "c"]` and `["a", "bc"]` differ.
  public init(of texts: some Sequence<String>) {
    var builder = Builder()
    for var text in texts { text.withUTF8 { builder.add($0) } }
    self = builder.finished()
  }

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A. Appleby, MurmurHash3 (x64, 128 bits), 2011, over each text and its length.
  struct Builder {
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var length: UInt64 = 0

    /// Adds a text. Safe: reads `text.count` bytes, within the call.
    mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
      var position = 0
      if let base = text.baseAddress {
        let raw = UnsafeRawPointer(base)
        while position &+ 16 <= text.count {
          mix(
            UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)),
            UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position &+ 8, as: UInt64.self)))
          position &+= 16
        }
      }
      var rest: (UInt64, UInt64) = (0, 0)
      var shift: UInt64 = 0
      while position < text.count {
        if shift < 64 { rest.0 |= UInt64(text[position]) &<< shift } else { rest.1 |= UInt64(text[position]) &<< (shift - 64) }
        shift += 8
        position &+= 1
      }
      // The text's own length closes it: 16 bytes at most are left, and the length tells which of them are text.
      mix(rest.0, rest.1)
      mix(UInt64(text.count), 0)
      length &+= UInt64(text.count)
    }

    /// Adds a number.
    mutating func add(_ number: UInt64) {
      mix(number, 8)
      length &+= 8
    }

    private mutating func mix(_ left: UInt64, _ right: UInt64) {
      first ^= Self.rotated(left &* 0x87c3_7b91_1142_53d5, 31) &* 0x4cf5_ad43_2745_937f
      first = (Self.rotated(first, 27) &+ second) &* 5 &+ 0x52dc_e729
      second ^= Self.rotated(right &* 0x4cf5_ad43_2745_937f, 33) &* 0x87c3_7b91_1142_53d5
      second = (Self.rotated(second, 31) &+ first) &* 5 &+ 0x3849_5ab5
    }

    func finished() -> Digest128 {
      var (one, two) = (first ^ length, second ^ length)
      one &+= two
      two &+= one
      one = Self.spread(one)
      two = Self.spread(two)
      one &+= two
      two &+= one
      return Digest128(high: one, low: two)
    }

    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value &<< count | value &>> (64 - count) }

    private static func spread(_ value: UInt64) -> UInt64 {
      var value = value
      value = (value ^ value >> 33) &* 0xff51_afd7_ed55_8ccd
      value = (value ^ value >> 33) &* 0xc4ce_b9fe_1a85_ec53
      return value ^ value >> 33
    }
  }
}
