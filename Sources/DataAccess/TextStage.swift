import Dispatch
import Tabular

/// Texts of a column that wait to be looked up together, in memory of their own; whoever makes one frees it.
struct TextStage {
  private(set) var bytes: UnsafeMutablePointer<UInt8>
  private(set) var capacity = 1 << 15
  private(set) var byteCount = 0
  private(set) var count = 0
  let ends: UnsafeMutablePointer<Int32>
  let rows: UnsafeMutablePointer<Int>

  /// Texts that one stage holds at most: enough that handing them to another thread costs little beside looking them up.
  static let textLimit = 2048

  init() {
    bytes = .allocate(capacity: capacity)
    ends = .allocate(capacity: Self.textLimit)
    rows = .allocate(capacity: Self.textLimit)
  }

  func deallocate() {
    bytes.deallocate()
    ends.deallocate()
    rows.deallocate()
  }

  /// Whether a text of `length` bytes has room.
  @inline(__always) func hasRoom(for length: Int) -> Bool { count < Self.textLimit && byteCount &+ length <= capacity }

  /// Adds a text for which there is room.
  @inline(__always) mutating func add(_ text: UnsafeBufferPointer<UInt8>, at row: Int) {
    if let base = text.baseAddress { (bytes + byteCount).update(from: base, count: text.count) }
    byteCount &+= text.count
    ends[count] = Int32(truncatingIfNeeded: byteCount)
    rows[count] = row
    count &+= 1
  }

  /// Forgets its texts, and has room for one of `length` bytes.
  mutating func clear(for length: Int) {
    (count, byteCount) = (0, 0)
    if length <= capacity { return }
    bytes.deallocate()
    capacity = length * 2
    bytes = .allocate(capacity: capacity)
  }
}

/// Finds the codes of a column's texts: at once, or on another thread while the next ones are read.
///
/// Finding a text among hundreds of thousands waits for memory that no cache holds, about as long as reading the next one from a file
/// takes: on two cores both go on side by side. One stage is under way at most, so codes come in the order of the texts whatever the
/// threads do. `@unchecked Sendable`: between ``start(_:into:)`` and ``finish()`` the other thread alone uses dictionary and row.
final class TextLookup: @unchecked Sendable {
  private(set) var dictionary = TextDictionary()
  /// The row of a text that is no valid UTF-8, if there was one.
  private(set) var invalidRow: Int?
  private let underWay = DispatchGroup()

  /// Texts that are looked up together: see `TextDictionary.intern(batch:)`.
  private static let batch = 256

  /// Looks up the texts of a stage and stores their codes in `values`, at their rows. The stage's ends are used up.
  func run(_ stage: TextStage, into values: UnsafeMutableRawPointer) {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.batch) { codes in
      guard let codes = codes.baseAddress else { return }
      var (start, offset) = (0, Int32(0))
      while start < stage.count {
        let count = min(Self.batch, stage.count - start)
        let (ends, rows) = (stage.ends + start, stage.rows + start)
        for index in 0..<count { ends[index] -= offset }
        let known = dictionary.count
        dictionary.intern(batch: stage.bytes + Int(offset), ends: ends, count: count, codes: codes)
        for index in 0..<count { values.storeBytes(of: codes[index], toByteOffset: rows[index] &* 4, as: Int32.self) }
        for code in known..<dictionary.count where invalidRow == nil && dictionary.withBytes(of: Int32(code), invalidUTF8Offset) != nil {
          invalidRow = (0..<count).first { codes[$0] == Int32(code) }.map { rows[$0] }
        }
        start += count
        offset += ends[count - 1]
      }
    }
  }

  /// The same on another thread. The stage and `values` must live, and be left alone, until ``finish()``.
  func start(_ stage: TextStage, into values: UnsafeMutableRawPointer) {
    nonisolated(unsafe) let (stage, values) = (stage, values)
    DispatchQueue.global(qos: .userInitiated).async(group: underWay) { self.run(stage, into: values) }
  }

  /// Waits until the stage that was started is done.
  func finish() { underWay.wait() }

  /// The code of one text, when no stage is under way.
  func intern(_ text: String) -> Int32 { dictionary.intern(text) }
}
