/// What is wrong with a CSV file, and where.
public struct CSVError: Error, Hashable, CustomStringConvertible {
  /// The kinds of fault that a caller may want to tell apart.
  public enum Kind: String, Sendable {
    case file, header, encoding, quoting, tooLong, fieldCount, value
  }

  /// What kind of fault it is.
  public var kind: Kind
  /// The file.
  public var path: String
  /// The line, from 1, or `nil` when the fault is not in a line.
  public var line: Int?
  /// What is wrong, what was expected, and what to do.
  public var message: String

  /// Makes an error.
  public init(_ kind: Kind, path: String, line: Int? = nil, _ message: String) {
    self.kind = kind
    self.path = path
    self.line = line
    self.message = message
  }

  /// File, line, message.
  public var description: String { kind == .file ? message : "\(path)\(line.map { ":\($0)" } ?? ""): \(message)" }
}

/// What a file's bytes look like that are no UTF-8: the end of a message.
func encodingHint(_ record: UnsafeBufferPointer<UInt8>, at offset: Int) -> String {
  if record.contains(0) { return "it looks like UTF-16: convert it with `iconv -f UTF-16 -t UTF-8`" }
  // In the Korean code page letters are pairs of bytes, the first from 81 on; western code pages have single ones between ASCII letters.
  var (start, end) = (offset, offset)
  while start > 0, record[start - 1] >= 0x80 { start -= 1 }
  while end < record.count, record[end] >= 0x80 { end += 1 }
  if end - start >= 2, (end - start) % 2 == 0 {
    return "it looks like a code page with two bytes a letter, such as Korean: convert it with `iconv -f CP949 -t UTF-8`"
  }
  return "it looks like Windows-1252 (western): convert it with `iconv -f WINDOWS-1252 -t UTF-8`"
}
