/// Distinct texts, each with a code from 0 in order of first appearance.
///
/// All bytes lie in one array and a linear-probing table of codes finds them again, so a column of a million short texts costs
/// no allocation a row. Texts are UTF-8 and compared byte by byte: `"é"` composed and decomposed are two texts, as in every
/// database that compares keys exactly.
public struct TextDictionary: Sendable {
  private var bytes: [UInt8] = []
  private var offsets: [Int] = [0]
  private var table: [Int32] = []
  private var hashes: [UInt32] = []

  /// Makes an empty dictionary.
  public init() {}

  /// Number of distinct texts.
  public var count: Int { offsets.count - 1 }

  /// Bytes that the texts and the table of codes take in memory, give or take the room for growth.
  public var byteCount: Int { bytes.count + offsets.count * 8 + table.count * 4 + hashes.count * 4 }

  /// The text with `code`, in `0..<count`.
  public subscript(code: Int32) -> String {
    String(decoding: bytes[offsets[Int(code)]..<offsets[Int(code) + 1]], as: UTF8.self)
  }

  /// All texts by code.
  public var texts: [String] { (0..<count).map { self[Int32($0)] } }

  /// Calls `body` with the UTF-8 bytes of the text with `code`; the buffer cannot outlive the call.
  public func withBytes<R>(of code: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
    try bytes.withUnsafeBufferPointer {
      try body(UnsafeBufferPointer(rebasing: $0[offsets[Int(code)]..<offsets[Int(code) + 1]]))
    }
  }

  /// The code of `text`, or `nil` when it is not in the dictionary. O(length).
  public func code(of text: String) -> Int32? {
    var text = text
    return text.withUTF8 { find($0, hash: Self.hash($0)) }
  }

  /// The code of `text`, which is added when it is new. O(length) amortised.
  public mutating func intern(_ text: String) -> Int32 {
    var text = text
    return text.withUTF8 { intern($0) }
  }

  /// The code of the text with these UTF-8 bytes, which is added when it is new. O(length) amortised.
  public mutating func intern(_ text: UnsafeBufferPointer<UInt8>) -> Int32 {
    let hash = Self.hash(text)
    if let code = find(text, hash: hash) { return code }
    if (count + 1) * 2 > table.count { grow() }
    let code = Int32(count)
    bytes.append(contentsOf: text)
    offsets.append(bytes.count)
    hashes.append(hash)
    place(code, hash: hash)
    return code
  }

  /// For each code its rank among the texts in order of their bytes. O(count log count).
  public func ranks() -> [Int32] {
    let order: [Int32] = bytes.withUnsafeBufferPointer { all in
      func text(_ code: Int32) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: all[offsets[Int(code)]..<offsets[Int(code) + 1]])
      }
      return (0..<Int32(count)).sorted { left, right in Self.precedes(text(left), text(right)) }
    }
    var ranks = [Int32](repeating: 0, count: count)
    for (rank, code) in order.enumerated() { ranks[Int(code)] = Int32(rank) }
    return ranks
  }

  private static func precedes(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
    let shared = min(left.count, right.count)
    for index in 0..<shared where left[index] != right[index] { return left[index] < right[index] }
    return left.count < right.count
  }

  private func find(_ text: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int32? {
    if table.isEmpty { return nil }
    let mask = table.count - 1
    return bytes.withUnsafeBufferPointer { all in
      var slot = Int(hash) & mask
      while table[slot] >= 0 {
        let code = Int(table[slot])
        let start = offsets[code]
        if hashes[code] == hash, offsets[code + 1] - start == text.count {
          var index = 0
          while index < text.count, all[start + index] == text[index] { index += 1 }
          if index == text.count { return Int32(code) }
        }
        slot = (slot + 1) & mask
      }
      return nil
    }
  }

  private mutating func grow() {
    table = Array(repeating: -1, count: max(16, table.count * 2))
    for code in 0..<count { place(Int32(code), hash: hashes[code]) }
  }

  private mutating func place(_ code: Int32, hash: UInt32) {
    var slot = Int(hash) & (table.count - 1)
    while table[slot] >= 0 { slot = (slot + 1) & (table.count - 1) }
    table[slot] = code
  }

  /// FNV-1a with a final mix: the table's mask takes the low bits, which FNV alone spreads badly for short keys.
  private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    value ^= value >> 32
    value = value &* 0x9e37_79b9_7f4a_7c15
    return UInt32(truncatingIfNeeded: value >> 32)
  }
}

extension TextDictionary: Hashable {
  /// Two dictionaries are equal when they hold the same texts in the same order.
  public static func == (left: TextDictionary, right: TextDictionary) -> Bool {
    left.offsets == right.offsets && left.bytes == right.bytes
  }

  /// Feeds the texts in order.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(offsets)
    hasher.combine(bytes)
  }
}
