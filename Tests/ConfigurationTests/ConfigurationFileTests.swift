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
      let file = ConfigurationFile(path: url.path)
      let overrides = [ConfigurationOverride("queue.max_size", "9")]
      try write("sampling: {size: 1}")
      #expect(throws: ConfigurationError.self) { try file.read(overrides) }

      try write("sampling: {size: 20}")
      #expect(try file.read(overrides).effective.settings.sampling.size == 20)

      try write("sampling: {size: 21")
      var reading = try file.read(overrides)
      #expect(reading.refused.map(\.place.line) == [2] && reading.effective.settings.sampling.size == 20)
      let error = #expect(throws: ConfigurationError.self) { try file.read([ConfigurationOverride("queue.max_size", "0")]) }
      #expect(error?.faults.map(\.keyPath) == ["queue.max_size"])

      try FileManager.default.removeItem(at: url)
      reading = try file.read(overrides)
      #expect(reading.refused.map(\.description) == ["lathe.yaml: cannot read '\(url.path)': there is no such file"])
      #expect(reading.effective.settings.sampling.size == 20)

      try write("sampling: {size: 22}")
      reading = try file.read(overrides)
      #expect(reading.refused.isEmpty && reading.effective.settings.sampling.size == 22)
      #expect(reading.effective.settings.queue.maxSize == 9)
    }
  }

  @Test("tells what a further check finds together with faulty keys, but not what may follow from them")
  func furtherChecks() throws {
    try inFolder { folder in
      let url = folder.appending(path: "lathe.yaml")
      try Data("sampling: {size: 1}\nqueue: {max_size: 4}\n".utf8).write(to: url)
      let file = ConfigurationFile(path: url.path) { effective in
        ["sampling.seed", "sampling.parameters.by", "queue.max_size"].map {
          ConfigurationFault(place: ConfigurationPlace("lathe.yaml", line: 2), keyPath: $0, message: "\(effective.settings.queue.maxSize)")
        }
      }
      let error = #expect(throws: ConfigurationError.self) { try file.read() }
      #expect(error?.faults.map(\.keyPath) == ["sampling.size", "queue.max_size"])
      #expect(error?.faults.last?.message == "4")
    }
  }

  @Test("finds secret files beside itself, and names the line that is not UTF-8")
  func files() throws {
    try inFolder { folder in
      let url = folder.appending(path: "lathe.yaml")
      try Data("/srv/a.sqlite\n".utf8).write(to: folder.appending(path: "where.txt"))
      try Data("source: {path: {file: where.txt}}".utf8).write(to: url)
      #expect(try ConfigurationFile(path: url.path).read().effective.settings.source.path == "/srv/a.sqlite")

      try Data("# fine: é\n# ".utf8 + [0xC3, 0x28, 0x0A] + "queue: {}\n".utf8).write(to: url)
      let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: url.path).read() }
      #expect(error?.description == "lathe.yaml: cannot read '\(url.path)': line 2 is not UTF-8; save the file as UTF-8")
    }
  }
}
