import FoundationEssentials
import Tabular
import Testing

@testable import Ledger

@Suite("Section files")
struct ModelSectionFileTests {
  private static let sections: [Section] = [
    Section("bytes", [0, 1, 255] as [UInt8]),
    Section("int32", [.min, -1, 0, .max] as [Int32]),
    Section("int64", [.min, .max] as [Int64]),
    Section("floats", (0..<100).map { Float($0) / 7 } + [.nan, .infinity]),
    Section("doubles", [Double.pi, -0.0]),
    Section(texts: "texts", ["", "재질", "a\0b", "재질"]),
    Section("nothing", [] as [Double]),
    Section(texts: "no texts", []),
  ]

  private func write(_ sections: [Section], to path: String) throws {
    let output = try OutputFile(creating: path, replacing: true, with: DurableFiles())
    try SectionFile.write(sections, to: output)
    _ = try output.finish()
  }

  /// Opens the file and uses each section.
  private func useAll(_ path: String) throws {
    let file = try SectionFile(path: path)
    _ = try file.values("bytes", as: UInt8.self)
    _ = try file.values("int32", as: Int32.self)
    _ = try file.values("int64", as: Int64.self)
    _ = try file.values("floats", as: Float.self)
    _ = try file.values("doubles", as: Double.self)
    _ = try file.texts("texts")
    _ = try file.values("nothing", as: Double.self)
    _ = try file.texts("no texts")
  }

  @Test("give back what was written, bit for bit, each array at a multiple of 64 bytes")
  func roundTrip() throws {
    try inTemporaryFolder { folder in
      let path = folder + "/a.sections"
      try write(Self.sections, to: path)
      let file = try SectionFile(path: path)
      #expect(file.names == ["bytes", "int32", "int64", "floats", "doubles", "texts", "nothing", "no texts"])
      #expect(try Array(file.values("bytes", as: UInt8.self)) == [0, 1, 255])
      #expect(try Array(file.values("int32", as: Int32.self)) == [.min, -1, 0, .max])
      #expect(try Array(file.values("int64", as: Int64.self)) == [.min, .max])
      let floats = try file.values("floats", as: Float.self)
      #expect(floats.count == 102 && floats[99] == 99 / 7 && floats[100].isNaN && floats.last == .infinity)
      #expect(try file.values("doubles", as: Double.self).map(\.bitPattern) == [Double.pi.bitPattern, (-0.0).bitPattern])
      #expect(try file.texts("texts") == ["", "재질", "a\0b", "재질"])
      #expect(try file.values("nothing", as: Double.self).isEmpty)
      #expect(try file.texts("no texts") == [])
      #expect(file.entries.values.allSatisfy { $0.offset % 64 == 0 })
      try file.verify()
    }
  }

  @Test("give back a dictionary with its codes")
  func dictionary() throws {
    try inTemporaryFolder { folder in
      var dictionary = TextDictionary()
      for number in 0..<1000 { _ = dictionary.intern("품목 \(number * 7919 % 1000)") }
      try write([Section("items", dictionary)], to: folder + "/a")
      let read = try SectionFile(path: folder + "/a").dictionary("items")
      #expect(read.texts == dictionary.texts)
      #expect(read.code(of: "품목 7") == dictionary.code(of: "품목 7"))
    }
  }

  @Test("outlive their file: an array keeps the mapping")
  func lifetime() throws {
    try inTemporaryFolder { folder in
      try write([Section("floats", [Float](repeating: 2, count: 5000))], to: folder + "/a")
      let values = try SectionFile(path: folder + "/a").values("floats", as: Float.self)
      try FileManager.default.removeItem(atPath: folder + "/a")
      #expect(values.reduce(0, +) == 10_000)
    }
  }

  @Test("are refused by use when any byte is changed, padding included")
  func flips() throws {
    try inTemporaryFolder { folder in
      let path = folder + "/a"
      try write(Self.sections, to: path)
      try withEachByteFlipped(in: path) { position in
        #expect(throws: SectionFileError.self, "byte \(position)") { try useAll(path) }
        #expect(throws: SectionFileError.self, "byte \(position)") { try SectionFile(path: path).verify() }
      }
    }
  }

  @Test("are refused when cut anywhere, or longer than they were")
  func truncation() throws {
    try inTemporaryFolder { folder in
      let path = folder + "/a"
      try write(Self.sections, to: path)
      let sound = try bytes(of: path)
      for count in stride(from: 0, to: sound.count, by: 7) {
        try Data(sound[..<count]).write(to: URL(filePath: path))
        #expect(throws: SectionFileError.self, "\(count) bytes") { try SectionFile(path: path) }
      }
      try Data(sound + [0]).write(to: URL(filePath: path))
      #expect(throws: SectionFileError(path: path, section: nil, problem: .size(expected: sound.count, got: sound.count + 1))) {
        try SectionFile(path: path)
      }
    }
  }

  @Test("name the file and the section in every refusal")
  func messages() throws {
    try inTemporaryFolder { folder in
      let path = folder + "/a"
      try write(Self.sections, to: path)
      func message(_ body: (SectionFile) throws -> Void) -> String {
        do {
          try body(try SectionFile(path: path))
          return "none"
        } catch { return "\(error)" }
      }
      #expect(message { _ = try $0.values("float", as: Float.self) } == path + ": there is no section 'float'; did you mean 'floats'?")
      #expect(message { _ = try $0.values("floats", as: Double.self) } == path + ": section 'floats' must hold Double, got Float")
      #expect(message { _ = try $0.dictionary("texts") } == path + ": section 'texts' is damaged: its checksum does not match")
      let sound = try bytes(of: path)
      var damaged = sound
      damaged[try SectionFile(path: path).entries["texts"]?.offset ?? 0] ^= 1
      try Data(damaged).write(to: URL(filePath: path))
      #expect(message { try $0.verify() } == path + ": section 'texts' is damaged: its checksum does not match")
      #expect(message { _ = try $0.values("floats", as: Float.self) } == "none")
      try Data("no such thing at all, but long enough to have had a header of its own, had it been one".utf8).write(to: URL(filePath: path))
      #expect(message { _ in } == path + ": not a section file")
      try FileManager.default.removeItem(atPath: path)
      #expect(message { _ in } == "\(path): no such file, while reading it; check the path")
    }
  }
}
