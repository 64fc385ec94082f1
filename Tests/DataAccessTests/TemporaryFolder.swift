#if canImport(Glibc)
  import Glibc
#endif

/// A folder that a test has for itself, removed with everything in it when the value is released.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/lathe-data-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { preconditionFailure("no temporary folder: \(errno)") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    guard let entries = opendir(path) else { return }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { unlink(path + "/" + name) }
    }
    closedir(entries)
    rmdir(path)
  }

  func file(_ name: String) -> String { path + "/" + name }

  /// The names of the files in it, sorted.
  var names: [String] {
    guard let entries = opendir(path) else { return [] }
    defer { closedir(entries) }
    var names: [String] = []
    while let entry = readdir(entries) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } })
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }
}
