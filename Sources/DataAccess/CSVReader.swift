#if canImport(Glibc)
  import Glibc
#endif

/// Reads a CSV file record by record, holding no more of it than a buffer.
///
/// RFC 4180, and what is found beyond it: `,` `;` tab or `|` between fields, line ends LF, CRLF or CR, a byte order mark, no line
/// end at the end, a quote within an unquoted field (which is a letter there). UTF-8 only, checked. Blank lines are passed over,
/// but for a file of one column, where they are an empty field.
///
///     let reader = try CSVReader(path: "log.csv")
///     while try reader.next() { use(reader.line, reader.text(0)) }
///
/// Not `Sendable`, and safe with raw memory: it owns the buffer, frees it once, and a field is only asked for between two calls of ``next()``.
public final class CSVReader {
  /// The file.
  public let path: String
  /// The columns' names, from the first record: an empty one is called `column_3`, a repeated one gets `_2`.
  public private(set) var header: [String] = []
  /// What separates fields.
  public let delimiter: UInt8
  /// The line on which the current record begins, from 1.
  public private(set) var line = 0
  /// Number of fields of the current record.
  public private(set) var fieldCount = 0

  private let descriptor: Int32
  private let maxRecordBytes: Int
  private var buffer: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var position = 0
  private var limit = 0
  private var isAtEnd = false
  private var nextLine = 1
  private var fields: UnsafeMutablePointer<Field>
  private var fieldCapacity = 64
  private let stops: UnsafeMutablePointer<Bool>

  /// Where a field lies in the buffer, and how it was written.
  private struct Field {
    var start: Int
    var end: Int
    var isQuoted: Bool
  }

  /// The delimiters that are found without being told, likeliest first.
  public static let knownDelimiters: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|")]

  /// Opens the file and reads its header.
  ///
  /// - Parameters:
  ///   - delimiter: What separates fields; `nil`: whichever of `,` `;` tab and `|` occurs most in the header.
  ///   - bufferByteCount: Bytes read at a time; the buffer grows only for a record that is longer.
  ///   - maxRecordBytes: A longer record is an error: most likely a quote was opened and never closed.
  public init(
    path: String, delimiter: UInt8? = nil, bufferByteCount: Int = 1 << 18, maxRecordBytes: Int = 1 << 26
  ) throws(CSVError) {
    precondition(bufferByteCount >= 4, "the buffer must hold a byte order mark")
    // Without waiting: a pipe that nobody writes to would be waited for, and cannot be read twice anyway.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw CSVError(.file, path: path, DataAccessError(errno: errno, path: path, activity: "reading it").description)
    }
    var status = stat()
    if fstat(file, &status) == 0, [S_IFIFO, S_IFSOCK, S_IFCHR].contains(status.st_mode & S_IFMT) {
      close(file)
      throw CSVError(.file, path: path, "\(path): is a pipe or a device, expected a file; write it to one first")
    }
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: bufferByteCount + 1)
    // The header is looked at before `self` exists: what separates its fields is a constant of the reader.
    var filled = 0
    var code: Int32 = 0
    while filled < bufferByteCount, code == 0 {
      let count = read(file, room + filled, bufferByteCount - filled)
      if count == 0 { break }
      if count < 0 { code = errno == EINTR ? 0 : errno } else { filled += count }
    }
    let start = UnsafeBufferPointer(start: room, count: filled)
    let mark = start.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    self.path = path
    self.maxRecordBytes = maxRecordBytes
    self.delimiter = delimiter ?? Self.likeliestDelimiter(UnsafeBufferPointer(rebasing: start[mark...]))
    descriptor = file
    buffer = room
    capacity = bufferByteCount
    limit = filled
    position = mark
    room[filled] = 10
    fields = .allocate(capacity: fieldCapacity)
    stops = .allocate(capacity: 256)
    stops.initialize(repeating: false, count: 256)
    for byte in [10, 13, self.delimiter] { stops[Int(byte)] = true }
    guard code == 0 else { throw CSVError(.file, path: path, DataAccessError(errno: code, path: path, activity: "reading it").description) }
    if start.starts(with: [0xff, 0xfe]) || start.starts(with: [0xfe, 0xff]) || start.prefix(4).contains(0) {
      throw CSVError(.encoding, path: path, "expected UTF-8, but it looks like UTF-16: convert it with `iconv -f UTF-16 -t UTF-8`")
    }
    let isPlain = self.delimiter < 0x80 && self.delimiter != UInt8(ascii: "\"") && !stops[34] && self.delimiter > 8
    guard isPlain, ![10, 13].contains(self.delimiter) else {
      throw CSVError(.header, path: path, "the delimiter must be one ASCII character other than a quote or a line end")
    }
    guard try next() else { throw CSVError(.header, path: path, "the file is empty; expected a first line with the names of its columns") }
    readHeader()
  }

  deinit {
    close(descriptor)
    buffer.deallocate()
    fields.deallocate()
    stops.deallocate()
  }

  /// The delimiter that the file probably has, when the header is one name with another known delimiter in it: ``delimiter`` was wrong.
  public var likelierDelimiter: UInt8? {
    guard header.count == 1 else { return nil }
    return Self.knownDelimiters.first { $0 != delimiter && header[0].utf8.contains($0) }
  }

  /// The bytes of a field, without quotes: valid until the next call of ``next()``.
  @inline(__always) public func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    assert(index < fieldCount)
    let field = fields[index]
    return UnsafeBufferPointer(start: buffer + field.start, count: field.end &- field.start)
  }

  /// Whether a field was written in quotes.
  public func isQuoted(_ index: Int) -> Bool { fields[index].isQuoted }

  /// The text of a field.
  public func text(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  /// Moves to the next record; false when there is none.
  ///
  /// - Throws: ``CSVError`` for bytes that are no UTF-8, a quote that is never closed, text after a closing quote, a record longer than the limit.
  public func next() throws(CSVError) -> Bool {
    while true {
      switch try parse() {
      case .record:
        if fieldCount == 1, header.count != 1, bytes(0).isEmpty, !fields[0].isQuoted { continue }
        return true
      case .end: return false
      case .incomplete: try refill()
      }
    }
  }

  private enum Outcome { case record, incomplete, end }

  /// Finds the fields of the record at `position`, and moves behind it when it is whole.
  private func parse() throws(CSVError) -> Outcome {
    let base = buffer
    let end = limit
    var at = position
    if at == end { return isAtEnd ? .end : .incomplete }
    var count = 0
    var lines = 0
    var hasDoubledQuotes = false
    record: while true {
      if count == fieldCapacity { growFields() }
      if at < end, base[at] == 34 {
        at += 1
        let start = at
        while true {
          while at < end, base[at] != 34 {
            // A CR that an LF follows is counted with it.
            if base[at] == 10 || base[at] == 13 && (at + 1 == end || base[at + 1] != 10) { lines += 1 }
            at += 1
          }
          if at == end {
            if !isAtEnd { return .incomplete }
            throw CSVError(.quoting, path: path, line: nextLine, "a quote is opened in this record and never closed")
          }
          if at + 1 == end, !isAtEnd { return .incomplete }
          guard at + 1 < end, base[at + 1] == 34 else { break }
          hasDoubledQuotes = true
          at += 2
        }
        fields[count] = Field(start: start, end: at, isQuoted: true)
        at += 1
      } else {
        let start = at
        // The byte behind the last one is a line end: the loop needs no other bound.
        while !stops[Int(base[at])] { at &+= 1 }
        fields[count] = Field(start: start, end: at, isQuoted: false)
      }
      count &+= 1
      if at == end {
        if !isAtEnd { return .incomplete }
        break record
      }
      switch base[at] {
      case delimiter:
        at &+= 1
        if at == end, !isAtEnd { return .incomplete }
      case 10:
        at &+= 1
        lines &+= 1
        break record
      case 13:
        if at + 1 == end, !isAtEnd { return .incomplete }
        at += at + 1 < end && base[at + 1] == 10 ? 2 : 1
        lines += 1
        break record
      default:
        let shown = String(decoding: UnsafeBufferPointer(start: base + at, count: min(20, end - at)), as: UTF8.self)
        throw CSVError(
          .quoting, path: path, line: nextLine,
          "field \(count) goes on after its closing quote, with '\(shown.prefix { !$0.isNewline })'; a quote within quotes is written twice"
        )
      }
    }
    line = nextLine
    try checkEncoding(UnsafeBufferPointer(start: base + position, count: at - position))
    nextLine += lines
    position = at
    fieldCount = count
    if hasDoubledQuotes { removeDoubledQuotes() }
    return .record
  }

  /// Moves the unfinished record to the buffer's start and fills up behind it.
  private func refill() throws(CSVError) {
    let rest = limit - position
    if rest == capacity {
      guard rest < maxRecordBytes else {
        throw CSVError(
          .tooLong, path: path, line: nextLine,
          "the record that begins here is longer than \(maxRecordBytes) bytes; a quote is probably opened and never closed")
      }
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2 + 1)
      larger.update(from: buffer + position, count: rest)
      buffer.deallocate()
      buffer = larger
      capacity *= 2
    } else {
      memmove(buffer, buffer + position, rest)
    }
    position = 0
    limit = rest
    while true {
      let count = read(descriptor, buffer + limit, capacity - limit)
      if count < 0 {
        if errno == EINTR { continue }
        throw CSVError(.file, path: path, DataAccessError(errno: errno, path: path, activity: "reading it").description)
      }
      limit += count
      isAtEnd = count == 0
      break
    }
    buffer[limit] = 10
  }

  private func growFields() {
    let larger = UnsafeMutablePointer<Field>.allocate(capacity: fieldCapacity * 2)
    larger.update(from: fields, count: fieldCapacity)
    fields.deallocate()
    fields = larger
    fieldCapacity *= 2
  }

  /// Closes up fields with doubled quotes where they lie: the bytes behind are read no more.
  private func removeDoubledQuotes() {
    for index in 0..<fieldCount where fields[index].isQuoted {
      var (source, target) = (fields[index].start, fields[index].start)
      while source < fields[index].end {
        buffer[target] = buffer[source]
        source += buffer[source] == 34 ? 2 : 1
        target += 1
      }
      fields[index].end = target
    }
  }

  private func checkEncoding(_ record: UnsafeBufferPointer<UInt8>) throws(CSVError) {
    guard let offset = invalidUTF8Offset(record) else { return }
    let before = record[..<offset]
    let lineStart = before.lastIndex { $0 == 10 || $0 == 13 }.map { $0 + 1 } ?? 0
    let lineNumber = line + before.indices.count { before[$0] == 10 || before[$0] == 13 && record[$0 + 1] != 10 }
    let column = record[lineStart..<offset].count { $0 & 0xc0 != 0x80 } + 1
    throw CSVError(
      .encoding, path: path, line: lineNumber,
      "byte \(hexadecimal(record[offset])) in column \(column) is no UTF-8; \(encodingHint(record, at: offset))")
  }

  private func readHeader() {
    var taken: Set<String> = []
    header = (0..<fieldCount).map { index in
      let name = text(index).isEmpty ? "column_\(index + 1)" : text(index)
      var (unique, occurrence) = (name, 1)
      while !taken.insert(unique).inserted {
        occurrence += 1
        unique = "\(name)_\(occurrence)"
      }
      return unique
    }
  }

  private static func likeliestDelimiter(_ start: UnsafeBufferPointer<UInt8>) -> UInt8 {
    var counts = [Int](repeating: 0, count: knownDelimiters.count)
    var isInQuotes = false
    for byte in start {
      if byte == 34 { isInQuotes.toggle() }
      if isInQuotes { continue }
      if byte == 10 || byte == 13 { break }
      if let index = knownDelimiters.firstIndex(of: byte) { counts[index] += 1 }
    }
    let most = counts.max() ?? 0
    return counts.firstIndex(of: most).map { knownDelimiters[$0] } ?? UInt8(ascii: ",")
  }
}

/// A byte as two hexadecimal digits: `e9`.
private func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
