import LuaBridge
import QualityCycle
import Tabular

/// Reads what ``BlockWriter`` writes. Nothing of it is believed: every length is checked against the bytes that are there.
struct BlockReader {
  private let bytes: [UInt8]
  private var position = 0
  private var values = 0

  /// Most values within values, and values in all, of plain data: what is read from Lua has fewer.
  private static let depthLimit = 64
  private static let valueLimit = 4_000_000

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func byte() throws(HostFault) -> UInt8 {
    guard position < bytes.count else { throw HostFault("too few bytes") }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func integer() throws(HostFault) -> Int { try block(1, of: Int.self)[0] }

  /// A number of things of at least one byte each.
  mutating func count() throws(HostFault) -> Int {
    let count = try integer()
    guard count >= 0, count <= bytes.count - position else { throw HostFault("a count of \(count) in \(bytes.count - position) bytes") }
    return count
  }

  mutating func text() throws(HostFault) -> String {
    let count = try count()
    guard let text = String(validating: bytes[position..<position + count], as: UTF8.self) else {
      throw HostFault("a text that is not UTF-8")
    }
    position += count
    return text
  }

  /// Reads elements of which every pattern of bits is one; they are copied, whole, into memory that is theirs.
  mutating func block<Element: BitwiseCopyable>(_ count: Int, of _: Element.Type) throws(HostFault) -> [Element] {
    let size = MemoryLayout<Element>.stride
    guard count >= 0, count <= (bytes.count - position) / size else {
      throw HostFault("a block of \(count) in \(bytes.count - position) bytes")
    }
    let range = position..<position + count * size
    position = range.upperBound
    return [Element](unsafeUninitializedCapacity: count) { buffer, filled in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range])) }
      filled = count
    }
  }

  mutating func plain(depth: Int = 0) throws(HostFault) -> PlainValue {
    values += 1
    guard depth <= Self.depthLimit, values <= Self.valueLimit else { throw HostFault("data that is too deep or too big") }
    switch try byte() {
    case 0: return .null
    case 1: return .bool(false)
    case 2: return .bool(true)
    case 3: return .integer(try block(1, of: Int64.self)[0])
    case 4: return .number(try block(1, of: Double.self)[0])
    case 5: return .text(try text())
    case 6:
      var elements: [PlainValue] = []
      for _ in 0..<(try count()) { elements.append(try plain(depth: depth + 1)) }
      return .list(elements)
    case 7:
      var entries: [String: PlainValue] = [:]
      for _ in 0..<(try count()) { entries[try text()] = try plain(depth: depth + 1) }
      return .map(entries)
    case let other: throw HostFault("a value of the unknown kind \(other)")
    }
  }

  mutating func column() throws(HostFault) -> Column {
    let rows = try integer()
    guard rows >= 0 else { throw HostFault("\(rows) rows") }
    var validity: Bitmap?
    if try byte() == 1 {
      let words = try block((rows + 63) / 64, of: UInt64.self)
      validity = Bitmap((0..<rows).lazy.map { words[$0 / 64] >> UInt64($0 % 64) & 1 == 1 })
    }
    switch try byte() {
    case 0: return Column(.double(try block(rows, of: Double.self)), validity: validity)
    case 1: return Column(.integer(try block(rows, of: Int64.self)), validity: validity)
    case 2: return Column(.timestamp(try block(rows, of: Int64.self)), validity: validity)
    case 3: return Column(.bool(try block(rows, of: UInt8.self).map { $0 != 0 }), validity: validity)
    case 4:
      var dictionary = TextDictionary()
      for _ in 0..<(try count()) { _ = dictionary.intern(try text()) }
      let codes = try block(rows, of: Int32.self)
      for (row, code) in codes.enumerated() where validity?[row] ?? true {
        guard code >= 0, code < dictionary.count else { throw HostFault("the text code \(code) of \(dictionary.count)") }
      }
      return Column(.text(TextValues(dictionary: dictionary, codes: codes)), validity: validity)
    case let other: throw HostFault("a column of the unknown type \(other)")
    }
  }

  mutating func frame() throws(HostFault) -> Frame {
    let rows = try integer()
    var columns: [(String, Column)] = []
    for _ in 0..<(try count()) { columns.append((try text(), try column())) }
    do { return try Frame(columns, rowCount: rows) } catch { throw HostFault("\(error)") }
  }

  /// A field of a context; `load` gives a column of a frame that is read column by column.
  mutating func field(_ load: @escaping (_ column: String) throws -> Column) throws(HostFault) -> ContextField {
    switch try byte() {
    case 0: return .plain(try plain())
    case 1: return .column(try column())
    case 2:
      var columns: [Column] = []
      for _ in 0..<(try count()) { columns.append(try column()) }
      return .columns(columns)
    case 3: return .frame(try frame())
    case 4:
      let rows = try integer()
      var names: [String] = []
      for _ in 0..<(try count()) { names.append(try text()) }
      return .lazy(ScriptFrame(rowCount: rows, names: names, load: load))
    case let other: throw HostFault("a field of the unknown kind \(other)")
    }
  }

  /// A task; `load` gives a column of the field that is named.
  mutating func task(_ load: @escaping (_ field: String, _ column: String) throws -> Column) throws(HostFault) -> StrategyTask {
    guard let kind = StrategyKind(rawValue: try text()) else { throw HostFault("an unknown kind of strategy") }
    let (path, source) = (try text(), try text())
    guard case .map(let parameters) = try plain() else { throw HostFault("parameters that are no map") }
    let asOf = Timestamp(microseconds: try block(1, of: Int64.self)[0])
    let seed = try block(1, of: UInt64.self)[0]
    let memory = try integer()
    let seconds = try block(1, of: Double.self)[0]
    var fields: [String: ContextField] = [:]
    for _ in 0..<(try count()) {
      let name = try text()
      fields[name] = try field { column in try load(name, column) }
    }
    return StrategyTask(
      kind: kind, path: path, source: source, parameters: parameters, fields: fields, asOf: asOf, seed: seed,
      limits: LuaLimits(memoryBytes: memory, time: seconds > 0 ? .seconds(seconds) : nil))
  }
}
