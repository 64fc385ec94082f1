import Crypto
import DataAccess
import Glibc
import Tabular

/// A file mapped read-only into memory; unmapped when the last owner goes.
final class Mapping: Sendable {
  /// Valid from the first to the last of `count` bytes until `deinit`; never written through.
  nonisolated(unsafe) private let base: UnsafeRawPointer
  let count: Int

  init(path: String) throws {
    let descriptor = try Descriptor(opening: path, O_RDONLY, activity: "reading it")
    var status = stat()
    guard fstat(descriptor.raw, &status) == 0 else { throw DataAccessError(errno: errno, path: path, activity: "looking at it") }
    let byteCount = Int(status.st_size)
    guard status.st_mode & S_IFMT == S_IFREG, byteCount >= SectionFile.headerByteCount else {
      throw SectionFileError(path: path, section: nil, problem: .notASectionFile)
    }
    guard let base = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor.raw, 0), base != MAP_FAILED else {
      throw DataAccessError(errno: errno, path: path, activity: "mapping it into memory")
    }
    self.base = UnsafeRawPointer(base)
    count = byteCount
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), count) }

  /// The bytes of a range, which was checked against `count` when the table was read; they live as long as the mapping.
  private func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
  }

  func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withExtendedLifetime(self) { try body(bytes(range)) }
  }

  func digest(from offset: Int, count: Int) -> [UInt8] { withBytes(offset..<offset + count) { Array(sha256($0)) } }

  /// The texts of a section, or `nil` when its offsets make no sense.
  func texts(_ entry: SectionFile.Entry) -> [String]? {
    var texts: [String] = []
    texts.reserveCapacity(entry.count)
    return forEachText(entry) { texts.append(String(decoding: $0, as: UTF8.self)) } ? texts : nil
  }

  func dictionary(_ entry: SectionFile.Entry) -> TextDictionary? {
    var dictionary = TextDictionary()
    var isDistinct = true
    let isSound = forEachText(entry) { text in
      let position = dictionary.count
      isDistinct = isDistinct && dictionary.intern(text) == position
    }
    return isSound && isDistinct ? dictionary : nil
  }

  private func forEachText(_ entry: SectionFile.Entry, _ body: (UnsafeBufferPointer<UInt8>) -> Void) -> Bool {
    let textsStart = (entry.count + 1) * 8
    guard textsStart <= entry.byteCount else { return false }
    return withBytes(entry.offset..<entry.offset + entry.byteCount) { section in
      // Sections start at multiples of 64, so the offsets are aligned; UInt8 has no alignment.
      let offsets = UnsafeRawBufferPointer(rebasing: section[..<textsStart]).assumingMemoryBound(to: Int64.self)
      let texts = UnsafeRawBufferPointer(rebasing: section[textsStart...]).assumingMemoryBound(to: UInt8.self)
      for index in 0..<entry.count {
        let (start, end) = (offsets[index], offsets[index + 1])
        guard start >= 0, start <= end, end <= texts.count else { return false }
        body(UnsafeBufferPointer(rebasing: texts[Int(start)..<Int(end)]))
      }
      return true
    }
  }
}

extension MappedArray {
  /// The number at `position`, in `0..<count`.
  public subscript(position: Int) -> Element {
    precondition(position >= 0 && position < count, "index \(position) of \(count)")
    return withUnsafeBufferPointer { $0[position] }
  }

  /// Calls `body` with the numbers; the buffer cannot outlive the call.
  public func withUnsafeBufferPointer<R>(_ body: (UnsafeBufferPointer<Element>) throws -> R) rethrows -> R {
    // The table gave this range as holding `Element`s at a multiple of 64, and any bits are an `Element`.
    try mapping.withBytes(offset..<offset + count * MemoryLayout<Element>.stride) { try body($0.assumingMemoryBound(to: Element.self)) }
  }

  /// As ``withUnsafeBufferPointer(_:)``.
  public func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<Element>) throws -> R) rethrows -> R? {
    try withUnsafeBufferPointer(body)
  }

  /// What `Array(_:)` calls: one copy of memory. (The standard library asks for the elements one by one otherwise, 200 times slower.)
  public func _copyToContiguousArray() -> ContiguousArray<Element> { withUnsafeBufferPointer { ContiguousArray($0) } }
}

extension SectionFile {
  static let headerByteCount = 64
  static let entryByteCount = 128
  static let nameByteCount = 56
  private static let magic = Array("LATHESEC".utf8)
  private static let byteOrderMark: UInt32 = 0x0A0B_0C0D

  /// Reads and checks header and table. Every range that it returns lies within the file.
  static func readTable(_ mapping: Mapping, path: String) throws(SectionFileError) -> [Entry] {
    func problem(_ problem: SectionFileError.Problem) -> SectionFileError { SectionFileError(path: path, section: nil, problem: problem) }
    func number<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: T.Type) -> T {
      mapping.withBytes(offset..<offset + MemoryLayout<T>.size) { $0.loadUnaligned(as: T.self) }
    }
    guard mapping.withBytes(0..<8, { $0.elementsEqual(magic) }) else { throw problem(.notASectionFile) }
    let mark = number(12, UInt32.self)
    guard mark == byteOrderMark else { throw problem(mark == byteOrderMark.byteSwapped ? .otherByteOrder : .damaged) }
    guard number(8, UInt32.self) == 1 else { throw problem(.otherFormat(number(8, UInt32.self))) }
    let byteCount = number(16, UInt64.self)
    guard byteCount == mapping.count else { throw problem(.size(expected: Int(clamping: byteCount), got: mapping.count)) }
    let sectionCount = number(24, UInt64.self)
    guard sectionCount <= UInt64((mapping.count - headerByteCount) / entryByteCount) else { throw problem(.damaged) }
    let tableEnd = headerByteCount + Int(sectionCount) * entryByteCount
    let digest = mapping.withBytes(0..<tableEnd) { header in
      Array(sha256(UnsafeRawBufferPointer(rebasing: header[..<32]), UnsafeRawBufferPointer(rebasing: header[64...])))
    }
    guard mapping.withBytes(32..<64, { $0.elementsEqual(digest) }) else { throw problem(.damaged) }

    // From here on the header says what its writer wrote; the checks guard against a writer that was wrong.
    var entries: [Entry] = []
    var end = tableEnd
    for index in 0..<Int(sectionCount) {
      let start = headerByteCount + index * entryByteCount
      let name = mapping.withBytes(start..<start + nameByteCount) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      let (count, offset, byteCount) = (number(start + 64, UInt64.self), number(start + 72, UInt64.self), number(start + 80, UInt64.self))
      guard let type = SectionElementType(rawValue: number(start + 56, UInt32.self)), offset == UInt64(end),
        byteCount <= UInt64(mapping.count - end), count <= byteCount / UInt64(type.stride)
      else { throw problem(.damaged) }
      let digest = mapping.withBytes(start + 96..<start + 128) { Array($0) }
      let entry = Entry(name: name, type: type, count: Int(count), offset: Int(offset), byteCount: Int(byteCount), digest: digest)
      end += entry.paddedByteCount
      guard end <= mapping.count else { throw problem(.damaged) }
      entries.append(entry)
    }
    guard end == mapping.count, Set(entries.map(\.name)).count == entries.count else { throw problem(.damaged) }
    return entries
  }

  /// Writes sections in order.
  static func write(_ sections: [Section], to output: OutputFile) throws {
    precondition(Set(sections.map(\.name)).count == sections.count, "two sections of one name")
    var table: [UInt8] = []
    var offset = headerByteCount + sections.count * entryByteCount
    for section in sections {
      var name = Array(section.name.utf8)
      name += [UInt8](repeating: 0, count: nameByteCount - name.count)
      let byteCount = section.byteCount
      var digest = SHA256()
      section.withParts { digest.update(bufferPointer: $0) }
      digest.update(data: padding(after: byteCount))
      table += name + raw(section.type.rawValue) + raw(UInt32(0)) + raw(UInt64(section.count)) + raw(UInt64(offset))
      table += raw(UInt64(byteCount)) + raw(UInt64(0)) + digest.finalize()
      offset += (byteCount + 63) / 64 * 64
    }
    let head = magic + raw(UInt32(1)) + raw(byteOrderMark) + raw(UInt64(offset)) + raw(UInt64(sections.count))
    let digest = (head + table).withUnsafeBytes { sha256($0) }
    try (head + digest + table).withUnsafeBytes { try output.append($0) }
    for section in sections {
      try section.withParts { try output.append($0) }
      let padding = padding(after: section.byteCount)
      if !padding.isEmpty { try padding.withUnsafeBytes { try output.append($0) } }
    }
  }

  private static func padding(after byteCount: Int) -> [UInt8] { [UInt8](repeating: 0, count: (64 - byteCount % 64) % 64) }
  private static func raw<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
}

extension Section {
  fileprivate var byteCount: Int {
    if case .text(let offsets, let bytes) = content { offsets.count * 8 + bytes.count } else { count * type.stride }
  }

  /// Calls `body` with the bytes, in one or two parts that cannot outlive the call.
  fileprivate func withParts(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    switch content {
    case .uint8(let values): try values.withUnsafeBytes(body)
    case .int32(let values): try values.withUnsafeBytes(body)
    case .int64(let values): try values.withUnsafeBytes(body)
    case .float(let values): try values.withUnsafeBytes(body)
    case .double(let values): try values.withUnsafeBytes(body)
    case .text(let offsets, let bytes):
      try offsets.withUnsafeBytes(body)
      try bytes.withUnsafeBytes(body)
    }
  }
}
