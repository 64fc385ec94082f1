/// A fixed-length row of bits, 64 to a word; a set bit says "this row has a value".
public struct Bitmap: Hashable, Sendable {
  /// The bits, least significant first; bits at and beyond `count` are zero.
  public private(set) var words: [UInt64]
  /// Number of bits.
  public private(set) var count: Int

  /// Makes a bitmap of `count` equal bits.
  public init(repeating value: Bool = false, count: Int) {
    self.count = count
    words = Array(repeating: value ? .max : 0, count: (count + 63) / 64)
    clearTail()
  }

  /// Makes a bitmap with the bits of `values`, in order.
  public init(_ values: some Sequence<Bool>) {
    self.init(count: 0)
    for value in values { append(value) }
  }

  /// The bit at `index`, in `0..<count`.
  public subscript(index: Int) -> Bool {
    get { words[index &>> 6] &>> UInt64(index & 63) & 1 == 1 }
    set {
      let mask: UInt64 = 1 &<< UInt64(index & 63)
      if newValue { words[index &>> 6] |= mask } else { words[index &>> 6] &= ~mask }
    }
  }

  /// Adds one bit at the end.
  public mutating func append(_ value: Bool) {
    if count & 63 == 0 { words.append(0) }
    count += 1
    if value { self[count - 1] = true }
  }

  /// Adds `count` bits at the end that are not set. O(count / 64).
  public mutating func append(unset count: Int) {
    self.count += count
    words += Array(repeating: 0, count: (self.count + 63) / 64 - words.count)
  }

  /// Number of set bits. O(count / 64).
  public var setCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Whether every bit is set. O(count / 64).
  public var isAllSet: Bool { setCount == count }

  /// Positions of the set bits, ascending.
  public var indices: [Int] {
    var result: [Int] = []
    result.reserveCapacity(setCount)
    for (position, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        result.append(position * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    return result
  }

  /// The bits that both have set. Both must have the same count.
  public static func & (left: Bitmap, right: Bitmap) -> Bitmap { left.combined(right, &) }

  /// The bits that either has set. Both must have the same count.
  public static func | (left: Bitmap, right: Bitmap) -> Bitmap { left.combined(right, |) }

  /// The bits that are not set.
  public static prefix func ~ (bits: Bitmap) -> Bitmap {
    var result = bits
    for index in result.words.indices { result.words[index] = ~result.words[index] }
    result.clearTail()
    return result
  }

  /// The bits at `rows`, in that order.
  public func gathering(_ rows: some Sequence<Int>) -> Bitmap { Bitmap(rows.lazy.map { self[$0] }) }

  private func combined(_ other: Bitmap, _ combine: (UInt64, UInt64) -> UInt64) -> Bitmap {
    precondition(count == other.count, "bitmaps of \(count) and \(other.count) bits")
    var result = self
    for index in words.indices { result.words[index] = combine(words[index], other.words[index]) }
    return result
  }

  private mutating func clearTail() {
    if count & 63 != 0, let last = words.indices.last { words[last] &= (1 &<< UInt64(count & 63)) - 1 }
  }
}
