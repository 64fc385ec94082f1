import Foundation

/// The bytes of a model: named sections of numbers, each with its checksum, that can be read where they lie.
///
/// Little-endian throughout. A header of 64 bytes: `LATHEMDL`, format version (UInt32, 1), number of sections (UInt32), offset of the table
/// (UInt64), bytes of the table (UInt64), checksum of the table (UInt64), bytes of the whole (UInt64), checksum of these 48 bytes
/// (UInt64), 8 bytes of zero. Sections start at multiples of 64 bytes. The table has an entry a section, in order of writing: bytes of
/// the name (UInt16), the name in UTF-8, the type of its numbers (UInt8: see ``ModelNumber``), offset and bytes (UInt64 each), checksum
/// (UInt64). Checksums are XXH64 with seed 0 (Y. Collet, "xxHash fast digest algorithm", specification 0.1.1).
public struct ModelWriter {
  private var body: [UInt8] = Array(repeating: 0, count: ModelFormat.headerSize)
  private var table: [UInt8] = []
  private var count: UInt32 = 0
  private var prefix = ""

  /// Makes an empty file.
  public init() {}

  /// Adds a section of numbers; its name must be new.
  public mutating func add<Number: ModelNumber>(_ name: String, _ numbers: [Number]) {
    while body.count % ModelFormat.alignment != 0 { body.append(0) }
    let offset = body.count
    numbers.withUnsafeBytes { body.append(contentsOf: $0) }
    let size = body.count - offset
    let sum = body.withUnsafeBytes { ModelFormat.checksum(UnsafeRawBufferPointer(rebasing: $0[offset...])) }
    let name = Array((prefix + name).utf8)
    ModelFormat.append(UInt16(name.count), to: &table)
    table += name
    table.append(Number.modelType)
    for word in [UInt64(offset), UInt64(size), sum] { ModelFormat.append(word, to: &table) }
    count += 1
  }

  /// Adds a value as JSON with sorted keys.
  public mutating func add(_ name: String, json value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do { add(name, Array(try encoder.encode(value))) } catch { preconditionFailure("a model's own values are encodable: \(error)") }
  }

  /// Adds what `body` adds, with names that begin with `name.`.
  public mutating func add(_ name: String, _ body: (inout ModelWriter) -> Void) {
    let outer = prefix
    prefix += name + "."
    body(&self)
    prefix = outer
  }

  /// Adds a whole model under `name`: its kind, and its sections with names that begin with `name.`.
  public mutating func add(_ name: String, model: some Model) {
    add(name + ".kind", json: [type(of: model).kind])
    add(name) { model.write(to: &$0) }
  }

  /// The file's bytes.
  public func bytes() -> [UInt8] {
    var bytes = body
    while bytes.count % ModelFormat.alignment != 0 { bytes.append(0) }
    let place = bytes.count
    bytes += table
    var header = Array("LATHEMDL".utf8)
    ModelFormat.append(ModelFormat.version, to: &header)
    ModelFormat.append(count, to: &header)
    let sum = table.withUnsafeBytes { ModelFormat.checksum($0) }
    for word in [UInt64(place), UInt64(table.count), sum, UInt64(bytes.count)] { ModelFormat.append(word, to: &header) }
    ModelFormat.append(header.withUnsafeBytes { ModelFormat.checksum($0) }, to: &header)
    bytes.replaceSubrange(0..<header.count, with: header)
    return bytes
  }
}

/// Numbers that sections are made of.
public protocol ModelNumber: BitwiseCopyable, Sendable {
  /// The type's number in files.
  static var modelType: UInt8 { get }
}

extension UInt8: ModelNumber {
  /// Bytes.
  public static var modelType: UInt8 { 1 }
}
extension UInt16: ModelNumber {
  /// 16 bits without sign.
  public static var modelType: UInt8 { 2 }
}
extension Int32: ModelNumber {
  /// 32 bits with sign.
  public static var modelType: UInt8 { 3 }
}
extension UInt32: ModelNumber {
  /// 32 bits without sign.
  public static var modelType: UInt8 { 4 }
}
extension Int64: ModelNumber {
  /// 64 bits with sign.
  public static var modelType: UInt8 { 5 }
}
extension Float: ModelNumber {
  /// IEEE 754, 32 bits.
  public static var modelType: UInt8 { 6 }
}
extension Double: ModelNumber {
  /// IEEE 754, 64 bits.
  public static var modelType: UInt8 { 7 }
}
