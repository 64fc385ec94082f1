/// Distinct texts, each with a code from 0 in order of first appearance.
///
/// All bytes lie in one array and a linear-probing table finds them again, so a column of a million short texts costs no allocation
/// a row. Texts are UTF-8 and compared byte by byte: `"é"` composed and decomposed are two texts, as in every
/// database that compares keys exactly.
public struct TextDictionary: Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var offsets: [Int] = [0]
  /// A text's hash in the upper half and its code + 1 in the lower one; 0 is a free slot. At least a quarter of them are free.
  private(set) var slots: [UInt64] = []

  /// Makes an empty dictionary.
  public init() {}

  /// Number of distinct texts.
  public var count: Int { offsets.count - 1 }

  /// Bytes that the texts and the table of codes take in memory, give or take the room for growth.
  public var byteCount: Int { bytes.count + offsets.count * 8 + slots.count * 8 }

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
  public mutating func intern(_ text: UnsafeBufferPointer<UInt8>) -> Int32 { intern(text, hash: Self.hash(text)) }

  mutating func intern(_ text: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int32 {
    if let code = find(text, hash: hash) { return code }
    if (count + 1) * 4 > slots.count * 3 { grow() }
    bytes.append(contentsOf: text)
    offsets.append(bytes.count)
    place(UInt64(hash) << 32 | UInt64(count))
    return Int32(count - 1)
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

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: 0, count: max(16, old.count * 2))
    for slot in old where slot != 0 { place(slot) }
  }

  private mutating func place(_ slot: UInt64) {
    let mask = slots.count - 1
    var index = Int(slot >> 32) & mask
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = slot
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
