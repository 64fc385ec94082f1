import Configuration
import FoundationEssentials
import Testing

@Suite("A configuration file")
struct ConfigurationFileTests {
  private func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-configuration-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test("keeps the last good settings while it is wrong or gone, and takes the new ones when it is right again")
  func reload() throws {
    try inFolder { folder in
      let url = folder.appending(path: "lathe.yaml")
      func write(_ text: String) throws { try Data(text.utf8).write(to: url) }
      try write("sampling: {size: 20}")
      var file = try ConfigurationFile(path: url.path, overrides: [.init("queue.max_size", "9")])
      #expect(file.effective.settings.sampling.size == 20)

      try write("sampling: {size: 21")
      #expect(file.reload().map(\.place.line) == [2])
      #expect(file.effective.settings.sampling.size == 20)

      try FileManager.default.removeItem(at: url)
      #expect(file.reload().map(\.description) == ["lathe.yaml: cannot read '\(url.path)': there is no such file"])
      #expect(file.effective.settings.sampling.size == 20)

      try write("sampling: {size: 22}")
      #expect(file.reload().isEmpty)
      #expect(file.effective.settings.sampling.size == 22)
      #expect(file.effective.settings.queue.maxSize == 9)
    }
  }

  @Test("finds secret files beside itself, and names the line that is not UTF-8")
  func files() throws {
    try inFolder { folder in
      let url = folder.appending(path: "lathe.yaml")
      try Data("/srv/a.sqlite\n".utf8).write(to: folder.appending(path: "where.txt"))
      try Data("source: {path: {file: where.txt}}".utf8).write(to: url)
      #expect(try ConfigurationFile(path: url.path).effective.settings.source.path == "/srv/a.sqlite")

      try Data("# fine: é\n# ".utf8 + [0xC3, 0x28, 0x0A] + "queue: {}\n".utf8).write(to: url)
      let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: url.path) }
      #expect(error?.description == "lathe.yaml: cannot read '\(url.path)': line 2 is not UTF-8; save the file as UTF-8")
    }
  }
}
