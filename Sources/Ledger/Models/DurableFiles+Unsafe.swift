import Crypto
import DataAccess
import Glibc

// Pointers here live as long as the closure of the buffer that lends them; descriptors are owned by one value that closes them.

/// One owner of an open descriptor; closed exactly once.
struct Descriptor: ~Copyable, Sendable {
  let raw: Int32
  let path: String

  init(opening path: String, _ flags: Int32, activity: String) throws(DataAccessError) {
    self.path = path
    while true {
      let raw = open(path, flags | O_CLOEXEC, 0o644)
      if raw >= 0 {
        self.raw = raw
        return
      }
      if errno != EINTR { throw DataAccessError(errno: errno, path: path, activity: activity) }
    }
  }

  deinit { close(raw) }

  func sync() throws(DataAccessError) {
    guard fsync(raw) == 0 else { throw DataAccessError(errno: errno, path: path, activity: "making it durable") }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(DataAccessError) {
    let code = writeAll(bytes, to: raw)
    guard code == 0 else { throw DataAccessError(errno: code, path: path, activity: "writing it") }
  }

  /// Calls `body` with the file's bytes, block by block.
  func forEachBlock(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 64) { block in
      while true {
        let count = read(raw, block.baseAddress, block.count)
        if count < 0 {
          if errno == EINTR { continue }
          throw DataAccessError(errno: errno, path: path, activity: "reading it")
        }
        if count == 0 { return }
        try body(UnsafeRawBufferPointer(rebasing: block[..<count]))
      }
    }
  }
}

/// A file being written: counts and digests what goes in.
final class OutputFile {
  private let descriptor: Descriptor
  private let files: DurableFiles
  private var hasher = SHA256()
  private(set) var byteCount = 0

  /// Creates the file; one that is there already is an error unless it may be replaced.
  init(creating path: String, replacing: Bool = false, with files: DurableFiles) throws {
    try files.before(.create, path)
    descriptor = try Descriptor(opening: path, O_WRONLY | O_CREAT | (replacing ? O_TRUNC : O_EXCL), activity: "making it")
    self.files = files
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    try files.before(.write, descriptor.path)
    try descriptor.write(bytes)
    hasher.update(bufferPointer: bytes)
    byteCount += bytes.count
  }

  /// Adds bytes.
  func append(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try append($0) }
  }

  /// Makes what was written durable, and returns its digest.
  func finish() throws -> String {
    try files.before(.sync, descriptor.path)
    try descriptor.sync()
    return hexadecimal(hasher.finalize())
  }
}

extension DurableFiles {
  /// Writes a file and makes it durable (its name only with its folder).
  func write(_ text: String, to path: String, replacing: Bool = false) throws -> (byteCount: Int, sha256: String) {
    let file = try OutputFile(creating: path, replacing: replacing, with: self)
    var text = text
    try text.withUTF8 { try file.append(UnsafeRawBufferPointer($0)) }
    return (file.byteCount, try file.finish())
  }

  func createFolder(_ path: String) throws {
    try before(.createFolder, path)
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw DataAccessError(errno: errno, path: path, activity: "making the folder") }
  }

  /// Makes a folder whose name nobody else has: `prefix` and six characters. The name alone is random.
  func createTemporaryFolder(_ prefix: String) throws -> String {
    try before(.createFolder, prefix)
    var template = (prefix + "XXXXXX").utf8CString
    let isMade = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
    guard isMade else { throw DataAccessError(errno: errno, path: prefix, activity: "making the folder") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    chmod(path, 0o755)
    return path
  }

  func syncFolder(_ path: String) throws {
    try before(.syncFolder, path)
    try AtomicFile.syncFolder(path)
  }

  /// Renames, and returns `false` when the new name is a folder that holds something.
  func rename(_ path: String, to newPath: String) throws -> Bool {
    try before(.rename, newPath)
    if Glibc.rename(path, newPath) == 0 { return true }
    if errno == ENOTEMPTY || errno == EEXIST { return false }
    throw DataAccessError(errno: errno, path: newPath, activity: "giving it its name")
  }

  /// Removes a file, or a folder with the files in it, as far as it goes: for leftovers of our own.
  func removeLeftover(_ path: String) {
    guard (try? before(.remove, path)) != nil else { return }
    for name in (try? names(in: path)) ?? [] { unlink(path + "/" + name) }
    if rmdir(path) != 0 { unlink(path) }
  }

  /// The names in a folder, sorted; none when there is no such folder.
  func names(in path: String) throws -> [String] {
    guard let folder = opendir(path) else {
      if errno == ENOENT { return [] }
      throw DataAccessError(errno: errno, path: path, activity: "listing it")
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      // The name is a C string within the entry, which stays valid until the next `readdir`.
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The text of a small file, or `nil` when there is no such file.
  func text(of path: String) throws -> [UInt8]? {
    do throws(DataAccessError) { return try AtomicFile.read(path) } catch {
      if error.kind == .noSuchFile { return nil }
      throw error
    }
  }

  /// Size and SHA-256 of a file, or `nil` when there is no such file or it is no plain file.
  func digest(of path: String) throws -> (byteCount: Int, sha256: String)? {
    guard byteCount(of: path) != nil else { return nil }
    let descriptor = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW, activity: "reading it")
    var hasher = SHA256()
    var byteCount = 0
    try descriptor.forEachBlock {
      hasher.update(bufferPointer: $0)
      byteCount += $0.count
    }
    return (byteCount, hexadecimal(hasher.finalize()))
  }

  /// Size of a plain file, or `nil` when there is none.
  func byteCount(of path: String) -> Int? {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  func isFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

/// SHA-256 of bytes.
func sha256(_ parts: UnsafeRawBufferPointer...) -> SHA256.Digest {
  var hasher = SHA256()
  for part in parts { hasher.update(bufferPointer: part) }
  return hasher.finalize()
}

/// SHA-256 of bytes as 64 hexadecimal digits.
func sha256Text(_ bytes: some Sequence<UInt8>) -> String { hexadecimal(Array(bytes).withUnsafeBytes { sha256($0) }) }

/// Lower-case hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
