import Synchronization
public import Tabular

/// A file of big arrays, read in place by mapping it into memory; every byte of it is covered by a checksum.
///
/// Layout, in the byte order of the machine that wrote it (a mark says which, another order is refused):
///
///     0    "LATHESEC", format version (UInt32, 1), byte-order mark (UInt32, 0x0A0B0C0D), bytes of the file (UInt64), sections (UInt64)
///     32   SHA-256 of the header and table, with these 32 bytes left out
///     64   table, 128 bytes a section: name (UTF-8, 56 bytes, zeros behind), element type (UInt32), zeros (UInt32),
///          count (UInt64), offset (UInt64), bytes without padding (UInt64), zeros (UInt64), SHA-256 of the section with its padding
///     …    the sections, each at a multiple of 64, zeros between
///
/// Opening checks header, table and the file's size; a section's checksum is checked when it is first used, so that a model of some
/// hundred megabytes serves its first prediction at once. SHA-256 runs at some 1 GB a second: a faster checksum would save
/// a tenth of a second on the largest model and protect against less.
///
/// The file must not be changed or truncated while it is open; those of a ``ModelStore`` never are.
public final class SectionFile: Sendable {
  /// Where the file lies.
  public let path: String
  let mapping: Mapping
  let entries: [String: Entry]
  /// The names of the sections, in the order of the file.
  public let names: [String]
  private let verified = Mutex<Set<String>>([])

  /// One section's place in the file.
  struct Entry: Hashable, Sendable {
    var name: String
    var type: SectionElementType
    var count: Int
    var offset: Int
    var byteCount: Int
    var digest: [UInt8]

    /// Bytes up to the next section.
    var paddedByteCount: Int { (byteCount + 63) / 64 * 64 }
  }

  /// Opens a file and checks its header, table and size.
  /// - Throws: ``SectionFileError``, ``DataAccessError``.
  public init(path: String) throws {
    self.path = path
    mapping = try Mapping(path: path)
    let entries = try Self.readTable(mapping, path: path)
    names = entries.map(\.name)
    self.entries = Dictionary(entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The numbers of a section, in place: nothing is copied, and the file stays open as long as the result lives.
  /// - Throws: ``SectionFileError`` when there is no such section, it holds another type, or its bytes are damaged.
  /// - Complexity: O(bytes) on the first use of a section, then O(1).
  public func values<Element: SectionElement>(_ name: String, as: Element.Type = Element.self) throws(SectionFileError) -> MappedArray<
    Element
  > {
    let entry = try soundEntry(name, Element.sectionType)
    return MappedArray(mapping: mapping, offset: entry.offset, count: entry.count)
  }

  /// The texts of a section.
  public func texts(_ name: String) throws(SectionFileError) -> [String] {
    let entry = try soundEntry(name, .text)
    guard let texts = mapping.texts(entry) else { throw SectionFileError(path: path, section: name, problem: .damaged) }
    return texts
  }

  /// The texts of a section as a dictionary: each text's code is its position.
  public func dictionary(_ name: String) throws(SectionFileError) -> TextDictionary {
    let entry = try soundEntry(name, .text)
    guard let dictionary = mapping.dictionary(entry) else { throw SectionFileError(path: path, section: name, problem: .damaged) }
    return dictionary
  }

  /// Checks the checksums of all sections.
  public func verify() throws(SectionFileError) {
    for name in names { try check(name) }
  }

  private func soundEntry(_ name: String, _ type: SectionElementType) throws(SectionFileError) -> Entry {
    let entry = try check(name)
    guard entry.type == type else {
      throw SectionFileError(path: path, section: name, problem: .otherType(expected: type, got: entry.type))
    }
    return entry
  }

  @discardableResult
  private func check(_ name: String) throws(SectionFileError) -> Entry {
    guard let entry = entries[name] else { throw SectionFileError(path: path, section: name, problem: .unknown(known: names)) }
    guard !verified.withLock({ $0.contains(name) }) else { return entry }
    // Outside of the lock: two threads may both check, which costs time once and blocks nobody.
    guard mapping.digest(from: entry.offset, count: entry.paddedByteCount) == entry.digest else {
      throw SectionFileError(path: path, section: name, problem: .damaged)
    }
    verified.withLock { _ = $0.insert(name) }
    return entry
  }
}

/// What the elements of a section are; the raw value stands in the file.
public enum SectionElementType: UInt32, Sendable, CustomStringConvertible {
  case uint8 = 1
  case int32, int64, float, double, text

  /// Bytes of an element; of a text, of its offset.
  var stride: Int {
    switch self {
    case .uint8: 1
    case .int32, .float: 4
    case .int64, .double, .text: 8
    }
  }

  /// The type's name in messages.
  public var description: String {
    switch self {
    case .uint8: "UInt8"
    case .int32: "Int32"
    case .int64: "Int64"
    case .float: "Float"
    case .double: "Double"
    case .text: "texts"
    }
  }
}

/// A number that sections hold: every pattern of its bits is a value.
public protocol SectionElement: BitwiseCopyable, Sendable {
  /// How the file calls it.
  static var sectionType: SectionElementType { get }
}

extension UInt8: SectionElement {
  /// ``SectionElementType/uint8``.
  public static var sectionType: SectionElementType { .uint8 }
}
extension Int32: SectionElement {
  /// ``SectionElementType/int32``.
  public static var sectionType: SectionElementType { .int32 }
}
extension Int64: SectionElement {
  /// ``SectionElementType/int64``.
  public static var sectionType: SectionElementType { .int64 }
}
extension Float: SectionElement {
  /// ``SectionElementType/float``.
  public static var sectionType: SectionElementType { .float }
}
extension Double: SectionElement {
  /// ``SectionElementType/double``.
  public static var sectionType: SectionElementType { .double }
}

/// Why a section file, or a section of it, is refused.
public struct SectionFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// The section, `nil` when it is the header or the file as a whole.
  public var section: String?
  /// What is wrong.
  public var problem: Problem

  /// A way for a section file to be wrong.
  public enum Problem: Hashable, Sendable {
    case notASectionFile
    case otherFormat(UInt32)
    case otherByteOrder
    case size(expected: Int, got: Int)
    case damaged
    case unknown(known: [String])
    case otherType(expected: SectionElementType, got: SectionElementType)
  }

  /// `models/…/index.sections: section 'vectors' is damaged: its checksum does not match`.
  public var description: String {
    let subject = section.map { "section '\($0)'" } ?? "the header"
    return path + ": "
      + {
        switch problem {
        case .notASectionFile: "not a section file"
        case .otherFormat(let version): "format version \(version), this Lathe reads version 1"
        case .otherByteOrder: "written on a machine of the other byte order"
        case .size(let expected, let got): "\(got) bytes, expected \(expected): truncated or overwritten"
        case .damaged: "\(subject) is damaged: its checksum does not match"
        case .unknown(let known): "there is no \(subject)" + suggestion(for: section ?? "", in: known)
        case .otherType(let expected, let got): "\(subject) must hold \(expected), got \(got)"
        }
      }()
  }
}

/// Numbers in a mapped file; a value that keeps the file open.
public struct MappedArray<Element: SectionElement>: RandomAccessCollection, Sendable {
  let mapping: Mapping
  let offset: Int
  /// How many there are.
  public let count: Int

  /// 0.
  public var startIndex: Int { 0 }
  /// ``count``.
  public var endIndex: Int { count }
}
