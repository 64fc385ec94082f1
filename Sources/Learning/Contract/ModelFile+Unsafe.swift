import CKernels
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

#if _endian(big)
  #error("model files are little-endian")
#endif

enum ModelFormat {
  static let headerSize = 64
  static let alignment = 64
  static let version: UInt32 = 1

  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 { lathe_checksum(bytes.baseAddress, bytes.count) }

  static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

/// Reads the bytes of a model, in memory or mapped from a file; see ``ModelWriter`` for the format.
///
/// Header, table and every section are checked before anything is read from them: a file that was cut short or altered is an error that
/// names it. A mapped file must not be changed while it is in use; Lathe only ever replaces files whole, which leaves the mapping be.
public final class ModelReader: Sendable {
  private struct Section {
    var type: UInt8
    var range: Range<Int>
    var checksum: UInt64
  }

  /// The file's name, for messages.
  public let name: String
  private let storage: Storage
  private let sections: [String: Section]
  private let prefix: String

  /// Reads bytes in memory.
  public convenience init(_ bytes: [UInt8], name: String) throws(LearningError) {
    try self.init(Storage(copying: bytes), name: name)
  }

  /// Maps the file at `path`: nothing is copied. All of it is read once, for the checksums. `name` is what messages call it, the path unless
  /// something else is said.
  public convenience init(mapping path: String, name: String? = nil) throws(LearningError) {
    let name = name ?? path
    try self.init(Storage(mapping: path, name: name), name: name)
  }

  private init(_ storage: Storage, name: String) throws(LearningError) {
    self.name = name
    self.storage = storage
    prefix = ""
    let bytes = storage.bytes
    func damaged(_ how: String) -> LearningError { .model("\(name) is no model that can be read: \(how)") }
    guard bytes.count >= ModelFormat.headerSize else { throw damaged("it has \(bytes.count) bytes, a header alone has 64") }
    func word(_ offset: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
    guard bytes.prefix(8).elementsEqual("LATHEMDL".utf8) else { throw damaged("it does not begin with LATHEMDL") }
    let version = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    guard version == ModelFormat.version else { throw damaged("its format is version \(version), this Lathe reads version 1") }
    guard word(48) == ModelFormat.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<48])) else { throw damaged("its header was altered") }
    guard word(40) == UInt64(bytes.count) else { throw damaged("it has \(bytes.count) bytes of \(word(40)): it was cut short or added to") }
    guard let start = Int(exactly: word(16)), let size = Int(exactly: word(24)), start <= bytes.count, size == bytes.count - start,
      word(32) == ModelFormat.checksum(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    else { throw damaged("its table of sections was altered") }
    var sections: [String: Section] = [:]
    var place = start
    for _ in 0..<bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self) {
      guard place + 2 <= bytes.count else { throw damaged("its table of sections does not add up") }
      let length = Int(bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self))
      guard place + 2 + length + 25 <= bytes.count else { throw damaged("its table of sections does not add up") }
      let title = String(decoding: bytes[place + 2..<place + 2 + length], as: UTF8.self)
      place += 2 + length
      guard let from = Int(exactly: word(place + 1)), let count = Int(exactly: word(place + 9)), from >= 64, from <= start,
        count <= start - from, from % ModelFormat.alignment == 0
      else { throw damaged("section '\(title)' does not lie in it") }
      sections[title] = Section(type: bytes[place], range: from..<from + count, checksum: word(place + 17))
      place += 25
    }
    self.sections = sections
    // What lies between sections is zero, so that no byte of the file can be altered without being noticed.
    var end = 56
    for range in sections.values.map(\.range).sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) + [
      start..<start
    ] {
      guard end <= range.lowerBound, bytes[end..<range.lowerBound].allSatisfy({ $0 == 0 }) else {
        throw damaged("it was altered between sections")
      }
      end = range.upperBound
    }
    // On two threads: of a large file this is all that loading takes.
    let inOrder = sections.sorted { $0.value.range.lowerBound < $1.value.range.lowerBound }
    let firstAltered = Atomic<Int>(inOrder.count)
    inParallel(inOrder.count, threads: 2) { place in
      let section = inOrder[place].value
      if ModelFormat.checksum(UnsafeRawBufferPointer(rebasing: storage.bytes[section.range])) != section.checksum {
        firstAltered.min(place, ordering: .relaxed)
      }
    }
    let altered = firstAltered.load(ordering: .relaxed)
    if altered < inOrder.count { throw damaged("section '\(inOrder[altered].key)' was altered") }
  }

  private init(_ other: ModelReader, prefix: String) {
    name = other.name
    storage = other.storage
    sections = other.sections
    self.prefix = prefix
  }

  /// The numbers of a section, copied.
  public func numbers<Number: ModelNumber>(_ section: String, _ type: Number.Type = Number.self) throws(LearningError) -> [Number] {
    try view(section, type).withNumbers { Array($0) }
  }

  /// A section's numbers where they lie.
  public func view<Number: ModelNumber>(_ section: String, _ type: Number.Type = Number.self) throws(LearningError) -> ModelNumbers<Number>
  {
    guard let found = sections[prefix + section] else { throw .model("\(name) has no section '\(prefix + section)'") }
    guard found.type == Number.modelType, found.range.count % MemoryLayout<Number>.stride == 0 else {
      throw .model("section '\(prefix + section)' of \(name) has numbers of another type")
    }
    return ModelNumbers(storage: storage, range: found.range)
  }

  /// Bytes of the whole file.
  public var byteCount: Int { storage.bytes.count }

  /// Whether there is a section of that name.
  public func has(_ section: String) -> Bool { sections[prefix + section] != nil }

  /// A value that was written as JSON.
  public func json<Value: Decodable>(_ section: String, _ type: Value.Type = Value.self) throws(LearningError) -> Value {
    let bytes = try numbers(section, UInt8.self)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do { return try decoder.decode(type, from: Data(bytes)) } catch {
      throw .model("section '\(prefix + section)' of \(name) is not what this Lathe writes")
    }
  }

  /// The model that was added under `name`: what reads its sections, and its kind.
  public func model(_ name: String) throws(LearningError) -> (kind: String, file: ModelReader) {
    guard let kind = try json(name + ".kind", [String].self).first else { throw .model("\(self.name): model '\(name)' has no kind") }
    return (kind, part(name))
  }

  /// What reads the sections whose names begin with `name.`.
  public func part(_ name: String) -> ModelReader { ModelReader(self, prefix: prefix + name + ".") }

  /// An error that says what of this file does not fit together.
  public func fault(_ what: String) -> LearningError { .model("\(name): \(what)") }

  /// Bytes that stay where they are as long as somebody holds this.
  final class Storage: @unchecked Sendable {
    // Safe: the bytes are never written after `init`, and given back in `deinit` alone.
    let bytes: UnsafeRawBufferPointer
    private let isMapped: Bool

    init(copying source: [UInt8]) {
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, source.count), alignment: ModelFormat.alignment)
      copy.copyBytes(from: source)
      bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(copy)[..<source.count])
      isMapped = false
    }

    init(mapping path: String, name: String) throws(LearningError) {
      func failure() -> LearningError { .model("\(name) cannot be read: \(String(cString: strerror(errno)))") }
      // A pipe would wait for a writer.
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw failure() }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw failure() }
      guard status.st_mode & S_IFMT == S_IFREG else { throw .model("\(name) is no model that can be read: it is no file") }
      guard status.st_size > 0 else { throw .model("\(name) is no model that can be read: it is empty") }
      guard let address = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0), address != MAP_FAILED
      else { throw failure() }
      bytes = UnsafeRawBufferPointer(start: address, count: Int(status.st_size))
      isMapped = true
    }

    deinit {
      if isMapped { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) } else { bytes.deallocate() }
    }
  }
}

/// Numbers of a section, where they lie: in memory, or in a mapped file that stays mapped as long as this lives.
public struct ModelNumbers<Number: ModelNumber>: Sendable {
  fileprivate let storage: ModelReader.Storage
  fileprivate let range: Range<Int>

  /// How many there are.
  public var count: Int { range.count / MemoryLayout<Number>.stride }

  /// Lends the numbers for the length of `body`.
  public func withNumbers<Result, Failure: Error>(_ body: (UnsafeBufferPointer<Number>) throws(Failure) -> Result) throws(Failure) -> Result
  {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(rebasing: storage.bytes[range]).assumingMemoryBound(to: Number.self))
  }
}
