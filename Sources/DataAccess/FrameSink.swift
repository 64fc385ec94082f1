import Tabular

/// One column under construction, in memory of its own that grows by multiplying.
///
/// The values lie in raw memory rather than in an `Array`, because the loops that fill six columns row by row would pay a
/// uniqueness and a bounds check a value. All columns of a ``FrameSink`` have the same room, which the sink makes before a row
/// starts: a store needs no check. Safe because the memory is owned here alone, freed once in `deinit`, and `row` is always
/// below `capacity` (asserted in debug builds).
struct ColumnSink: ~Copyable {
  /// What the column holds; `nil` until the first value of a column whose type is to be found out.
  private(set) var type: ColumnType?
  /// Whether a value that does not fit changes the type instead of being an error.
  let isFlexible: Bool
  private var capacity: Int
  private var values: UnsafeMutableRawPointer
  private var validity: UnsafeMutablePointer<UInt64>?
  // Texts wait here until there are enough of them to be looked up together, in the second one while the first is under way.
  private var stage = TextStage()
  private var spare: TextStage?
  private let lookup = TextLookup()

  init(_ type: ColumnType?, isFlexible: Bool, capacity: Int) {
    self.type = type
    self.isFlexible = isFlexible
    self.capacity = capacity
    values = .allocate(byteCount: capacity * Self.width(type), alignment: 8)
  }

  deinit {
    lookup.finish()
    stage.deallocate()
    spare?.deallocate()
    values.deallocate()
    validity?.deallocate()
  }

  /// Bytes that one row takes.
  static func width(_ type: ColumnType?) -> Int {
    switch type {
    case .double, .integer, .timestamp, nil: 8
    case .text: 4
    case .bool: 1
    }
  }

  @inline(__always) func put(_ value: Double, at row: Int) {
    assert(type == .double && row < capacity)
    values.storeBytes(of: value, toByteOffset: row &* 8, as: Double.self)
  }

  @inline(__always) func put(_ value: Int64, at row: Int) {
    assert((type == .integer || type == .timestamp) && row < capacity)
    values.storeBytes(of: value, toByteOffset: row &* 8, as: Int64.self)
  }

  @inline(__always) func put(_ value: Bool, at row: Int) {
    assert(type == .bool && row < capacity)
    values.storeBytes(of: value ? 1 : 0, toByteOffset: row, as: UInt8.self)
  }

  /// Puts a text. It is looked up later, with others: ``flush()``.
  @inline(__always) mutating func put(utf8 text: UnsafeBufferPointer<UInt8>, at row: Int) {
    assert(type == .text && row < capacity)
    if !stage.hasRoom(for: text.count) { changeStages(for: text.count) }
    stage.add(text, at: row)
  }

  /// Looks up the texts that were put since the last time.
  mutating func flush() {
    lookup.finish()
    lookup.run(stage, into: values)
    stage.clear(for: 0)
  }

  /// Has the texts looked up on another thread, and goes on with the stage whose texts are done.
  private mutating func changeStages(for byteCount: Int) {
    lookup.finish()
    lookup.start(stage, into: values)
    var next = spare ?? TextStage()
    next.clear(for: byteCount)
    spare = stage
    stage = next
  }

  /// The row of a text that is no valid UTF-8, if there was one before the last ``flush()``.
  var invalidRow: Int? { lookup.invalidRow }

  /// Bytes that the first `count` rows take, texts included, after a ``flush()``.
  func byteCount(_ count: Int) -> Int { count * Self.width(type) + lookup.dictionary.byteCount }

  mutating func putMissing(at row: Int) {
    assert(row < capacity)
    if validity == nil {
      let words = (capacity + 63) / 64
      let bits = UnsafeMutablePointer<UInt64>.allocate(capacity: words)
      bits.initialize(repeating: .max, count: words)
      validity = bits
    }
    validity?[row >> 6] &= ~(1 << UInt64(row & 63))
    clear(row, 1)
  }

  private func clear(_ row: Int, _ count: Int) {
    let width = Self.width(type)
    (values + row * width).initializeMemory(as: UInt8.self, repeating: 0, count: count * width)
  }

  func isMissing(_ row: Int) -> Bool { validity.map { $0[row >> 6] >> UInt64(row & 63) & 1 == 0 } ?? false }

  /// Makes room for `newCapacity` rows, `count` of which are filled.
  mutating func grow(to newCapacity: Int, count: Int) {
    lookup.finish()
    let width = Self.width(type)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: newCapacity * width, alignment: 8)
    larger.copyMemory(from: values, byteCount: count * width)
    values.deallocate()
    values = larger
    if let old = validity {
      let (oldWords, words) = ((capacity + 63) / 64, (newCapacity + 63) / 64)
      let bits = UnsafeMutablePointer<UInt64>.allocate(capacity: words)
      bits.initialize(repeating: .max, count: words)
      bits.update(from: old, count: oldWords)
      old.deallocate()
      validity = bits
    }
    capacity = newCapacity
  }

  /// Turns the first `count` rows into another type: nothing into anything, whole numbers into numbers, truth values into whole
  /// numbers, anything into texts.
  mutating func convert(to newType: ColumnType, count: Int) {
    let old = type
    let oldValues = values
    let width = Self.width(newType)
    values = .allocate(byteCount: capacity * width, alignment: 8)
    type = newType
    clear(0, count)
    for row in 0..<count where !isMissing(row) {
      switch (old, newType) {
      case (.integer, .double): put(Double(oldValues.load(fromByteOffset: row * 8, as: Int64.self)), at: row)
      case (.bool, .integer): put(Int64(oldValues.load(fromByteOffset: row, as: UInt8.self)), at: row)
      case (.bool, .double): put(Double(oldValues.load(fromByteOffset: row, as: UInt8.self)), at: row)
      case (.integer, .text): put(text: String(oldValues.load(fromByteOffset: row * 8, as: Int64.self)), at: row)
      case (.double, .text): put(text: writtenDouble(oldValues.load(fromByteOffset: row * 8, as: Double.self)), at: row)
      case (.bool, .text): put(text: oldValues.load(fromByteOffset: row, as: UInt8.self) == 1 ? "1" : "0", at: row)
      case (.timestamp, .text):
        put(text: Timestamp(microseconds: oldValues.load(fromByteOffset: row * 8, as: Int64.self)).description, at: row)
      case (.timestamp, .integer), (.integer, .timestamp): put(oldValues.load(fromByteOffset: row * 8, as: Int64.self), at: row)
      case (.timestamp, .double): put(Double(oldValues.load(fromByteOffset: row * 8, as: Int64.self)), at: row)
      default: preconditionFailure("a column of \(String(describing: old)) cannot become one of \(newType)")
      }
    }
    oldValues.deallocate()
  }

  private mutating func put(text: String, at row: Int) {
    let code = lookup.intern(text)
    values.storeBytes(of: code, toByteOffset: row * 4, as: Int32.self)
  }

  /// The first `count` rows as a column; one that never had a value holds texts.
  mutating func column(count: Int) -> Column {
    flush()
    let bits = validity.map { words in Bitmap((0..<count).lazy.map { words[$0 >> 6] >> UInt64($0 & 63) & 1 == 1 }) }
    let result: Column.Values =
      switch type {
      case .double: .double(array(count))
      case .integer: .integer(array(count))
      case .timestamp: .timestamp(array(count))
      case .bool: .bool(array(count))
      case .text: .text(TextValues(dictionary: lookup.dictionary, codes: array(count)))
      case nil: .text(TextValues(dictionary: TextDictionary(), codes: Array(repeating: 0, count: count)))
      }
    return Column(result, validity: bits)
  }

  private func array<Value: BitwiseCopyable>(_ count: Int) -> [Value] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      if count > 0, let base = buffer.baseAddress {
        UnsafeMutableRawPointer(base).copyMemory(from: values, byteCount: count * MemoryLayout<Value>.stride)
      }
      initialized = count
    }
  }
}

/// The columns of a frame under construction, filled row by row.
final class FrameSink {
  /// The columns, in order: valid as long as the sink lives.
  let columns: UnsafeMutablePointer<ColumnSink>
  let columnCount: Int
  /// Complete rows so far.
  private(set) var rowCount = 0
  private var capacity: Int

  /// Makes columns of the given types; those of unknown type find it out from their values.
  init(_ types: [(type: ColumnType?, isFlexible: Bool)], capacity: Int = 1024) {
    columnCount = types.count
    self.capacity = capacity
    columns = .allocate(capacity: max(types.count, 1))
    for (position, type) in types.enumerated() {
      (columns + position).initialize(to: ColumnSink(type.type, isFlexible: type.isFlexible, capacity: capacity))
    }
  }

  deinit {
    columns.deinitialize(count: columnCount)
    columns.deallocate()
  }

  /// Makes room for one more row and returns its number.
  @inline(__always) func startRow() -> Int {
    if rowCount == capacity { grow() }
    return rowCount
  }

  /// Counts the row that was started.
  @inline(__always) func finishRow() { rowCount &+= 1 }

  /// The first row with a text that is no valid UTF-8, and its column.
  func invalidText() -> (row: Int, column: Int)? {
    for index in 0..<columnCount {
      columns[index].flush()
      if let row = columns[index].invalidRow { return (row, index) }
    }
    return nil
  }

  /// Bytes that the rows so far take, texts included.
  var byteCount: Int {
    (0..<columnCount).reduce(0) { sum, index in
      columns[index].flush()
      return sum + columns[index].byteCount(rowCount)
    }
  }

  /// The rows so far, the columns called `names`.
  func frame(_ names: [String]) -> Frame {
    var result = Frame(rowCount: rowCount)
    for position in 0..<columnCount {
      do { try result.set(names[position], columns[position].column(count: rowCount)) } catch {
        preconditionFailure("columns of one sink have one length: \(error)")
      }
    }
    return result
  }

  private func grow() {
    // What is not written to takes no memory: growing seldom saves copying, and costs nothing.
    capacity *= capacity < 1 << 22 ? 4 : 2
    for position in 0..<columnCount { columns[position].grow(to: capacity, count: rowCount) }
  }
}
