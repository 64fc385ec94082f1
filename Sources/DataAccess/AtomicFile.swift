import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Writes whole files so that a reader, or a crash, finds the old content or the new one, never a part.
public enum AtomicFile {
  private static let serial = Atomic<UInt64>(0)

  /// Replaces the content of the file at `path`, or makes it: temporary file in the same folder, write, fsync, rename, fsync of the folder.
  ///
  /// A symbolic link stays one: the file that it names is replaced. The rights of a file that exists are kept.
  public static func write(_ bytes: some Sequence<UInt8>, to path: String) throws(DataAccessError) {
    let stream = try Stream(path)
    try stream.append(bytes)
    try stream.finish()
  }

  /// Makes the folder at `path` and those around it, unless they are there.
  public static func makeFolder(_ path: String) throws(DataAccessError) {
    if mkdir(path, 0o777) == 0 { return }
    let code = errno
    var status = stat()
    // Also through a symbolic link; one that leads nowhere is a name that is taken.
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    if code == EEXIST { throw DataAccessError(.refused, path: path, activity: "making the folder", detail: "a file has that name") }
    guard code == ENOENT, folderName(of: path) != path else {
      throw DataAccessError(errno: code, path: path, activity: "making the folder")
    }
    try makeFolder(folderName(of: path))
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw DataAccessError(errno: errno, path: path, activity: "making the folder")
    }
  }

  /// A file that is written piece by piece, and appears, or takes the old one's place, only when it is finished.
  public final class Stream {
    private let path: String
    private let target: String
    private let temporary: String
    private let descriptor: Int32
    private var isOpen = true

    /// Begins the file at `path`; what is there stays until ``finish()``. Without that nothing is left.
    public init(_ path: String) throws(DataAccessError) {
      self.path = path
      target = AtomicFile.resolved(path)
      AtomicFile.removeLeftovers(in: folderName(of: target), of: fileName(of: target))
      let number = AtomicFile.serial.add(1, ordering: .relaxed).newValue
      temporary = "\(folderName(of: target))/.\(fileName(of: target)).\(getpid()).\(number).tmp"
      descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw DataAccessError(errno: errno, path: path, activity: "writing it") }
      var status = stat()
      if stat(target, &status) == 0 { _ = fchmod(descriptor, status.st_mode & 0o7777) }
    }

    deinit { if isOpen { abandon() } }

    /// Adds bytes at the end.
    public func append(_ bytes: some Sequence<UInt8>) throws(DataAccessError) {
      let code = writeAll(bytes, to: descriptor)
      guard code == 0 else { throw failure(code) }
    }

    /// Makes the file durable under its name.
    public func finish() throws(DataAccessError) {
      guard fsync(descriptor) == 0 else { throw failure(errno) }
      isOpen = false
      // A file system may report a failed write only here.
      var code = Glibc.close(descriptor) == 0 ? 0 : errno
      if code == 0, rename(temporary, target) != 0 { code = errno }
      guard code == 0 else {
        unlink(temporary)
        throw DataAccessError(errno: code, path: path, activity: "writing it")
      }
      try AtomicFile.syncFolder(folderName(of: target))
    }

    private func failure(_ code: Int32) -> DataAccessError {
      abandon()
      return DataAccessError(errno: code, path: path, activity: "writing it")
    }

    private func abandon() {
      guard isOpen else { return }
      isOpen = false
      Glibc.close(descriptor)
      unlink(temporary)
    }
  }

  /// Replaces the content of the file at `path` by a text in UTF-8.
  public static func write(_ text: String, to path: String) throws(DataAccessError) { try write(text.utf8, to: path) }

  /// Removes what killed processes left of files that they were writing in `folder`. What a living one writes stays.
  ///
  /// - Parameter file: The name of the file that they were writing; `nil`: of any.
  public static func removeLeftovers(in folder: String, of file: String? = nil) {
    guard let directory = opendir(folder) else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      // The name is a C string within the entry, which stays valid until the next `readdir`.
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      let parts = name.split(separator: ".")
      guard name.hasPrefix(file.map { ".\($0)." } ?? "."), parts.count >= 4, parts.last == "tmp",
        let process = pid_t(parts[parts.count - 3]), process > 0,
        kill(process, 0) != 0, errno == ESRCH
      else { continue }
      unlink(folder + "/" + name)
    }
  }

  /// Makes the names in a folder durable: a new, renamed or removed file is lost in a crash before this.
  public static func syncFolder(_ folder: String) throws(DataAccessError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DataAccessError(errno: errno, path: folder, activity: "making its names durable") }
    let code = fsync(descriptor) == 0 ? 0 : errno
    close(descriptor)
    // EINVAL: a file system without durable folders.
    guard code == 0 || code == EINVAL else { throw DataAccessError(errno: code, path: folder, activity: "making its names durable") }
  }

  /// Returns the whole content of a file.
  public static func read(_ path: String) throws(DataAccessError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DataAccessError(errno: errno, path: path, activity: "reading it") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw DataAccessError(errno: errno, path: path, activity: "reading it") }
    var content: [UInt8] = []
    content.reserveCapacity(Int(status.st_size))
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &block, block.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw DataAccessError(errno: errno, path: path, activity: "reading it")
      }
      if count == 0 { return content }
      content.append(contentsOf: block[..<count])
    }
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}

/// Writes all bytes and returns 0, or the error number. A buffer's pointer is used within its closure only.
package func writeAll(_ bytes: some Sequence<UInt8>, to descriptor: Int32) -> Int32 {
  func put(_ buffer: UnsafeBufferPointer<UInt8>) -> Int32 {
    var rest = buffer[...]
    while !rest.isEmpty {
      let count = write(descriptor, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[rest.indices]).baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      rest = rest.dropFirst(count)
    }
    return 0
  }
  return bytes.withContiguousStorageIfAvailable(put) ?? Array(bytes).withUnsafeBufferPointer(put)
}

/// The folder that a path's last part lies in.
func folderName(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// A path's last part.
func fileName(of path: String) -> String { path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path }

extension DataAccessError {
  /// The error for an error number of the operating system. glibc's `strerror` answers from a buffer of the calling thread.
  package init(errno code: Int32, path: String, activity: String) {
    let kind: Kind =
      switch code {
      case ENOENT, ENOTDIR: .noSuchFile
      case EACCES, EPERM: .permission
      case EROFS: .readOnly
      case EISDIR: .folder
      case ENOSPC, EDQUOT: .diskFull
      default: .inputOutput
      }
    let detail =
      switch code {
      case ENOTDIR: "a part of the path is a file"
      default: kind == .inputOutput ? String(cString: strerror(code)) : ""
      }
    self.init(kind, path: path, activity: activity, detail: detail)
  }
}
