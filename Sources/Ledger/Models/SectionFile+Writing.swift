public import Tabular

/// An array with a name, to be written to a ``SectionFile``.
public struct Section: Sendable {
  let name: String
  let type: SectionElementType
  let count: Int
  let content: Content

  enum Content: Sendable {
    case uint8([UInt8])
    case int32([Int32])
    case int64([Int64])
    case float([Float])
    case double([Double])
    /// Count + 1 offsets into the UTF-8 bytes, which follow.
    case text([Int64], [UInt8])
  }

  private init(_ name: String, _ type: SectionElementType, _ count: Int, _ content: Content) {
    precondition(!name.isEmpty && name.utf8.count <= SectionFile.nameByteCount, "'\(name)' cannot name a section")
    self.name = name
    self.type = type
    self.count = count
    self.content = content
  }

  /// Bytes.
  public init(_ name: String, _ values: [UInt8]) { self.init(name, .uint8, values.count, .uint8(values)) }
  /// Whole numbers of 32 bits.
  public init(_ name: String, _ values: [Int32]) { self.init(name, .int32, values.count, .int32(values)) }
  /// Whole numbers of 64 bits.
  public init(_ name: String, _ values: [Int64]) { self.init(name, .int64, values.count, .int64(values)) }
  /// Numbers of single precision.
  public init(_ name: String, _ values: [Float]) { self.init(name, .float, values.count, .float(values)) }
  /// Numbers of double precision.
  public init(_ name: String, _ values: [Double]) { self.init(name, .double, values.count, .double(values)) }

  /// Texts, in order; they need not be distinct.
  public init(texts name: String, _ texts: some Collection<String>) {
    var offsets: [Int64] = [0]
    var bytes: [UInt8] = []
    for text in texts {
      bytes.append(contentsOf: text.utf8)
      offsets.append(Int64(bytes.count))
    }
    self.init(name, .text, texts.count, .text(offsets, bytes))
  }

  /// The texts of a dictionary, by code.
  public init(_ name: String, _ dictionary: TextDictionary) { self.init(texts: name, dictionary.texts) }
}
