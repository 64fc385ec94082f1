import FoundationEssentials
import LuaBridge
import Scripting
import Tabular
import Testing

/// The text of a test's Lua file.
private func script(_ name: String) throws -> LuaSource {
  let path = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.startIndex)) + "/Lua/\(name).lua"
  let data = try Data(contentsOf: URL(filePath: path))
  return LuaSource(String(decoding: data, as: UTF8.self), name: "\(name).lua")
}

func makeSession(profile: LuaProfile = .scripts, print: @escaping (String) -> Void = { _ in }) throws -> ScriptSession {
  try ScriptSession(LuaVM.Settings(profile: profile, seed: 1, modules: ScriptSession.generalModules, print: print))
}

@Suite("Lua modules")
struct ModuleTests {
  @Test(
    "do what their Lua test says",
    arguments: ["frame", "column", "learn", "learn_transformers", "learn_nearest", "metrics", "sample", "json", "time", "plot"])
  func module(name: String) throws {
    let session = try makeSession()
    session.vm.provide(ScriptClock(at: try #require(Timestamp("2012-03-01"))))
    try session.run(script("expect"))
    try session.run(script(name))
  }

  @Test("log passes level, text and data on, and spells out what could forge a line")
  func log() throws {
    let session = try makeSession()
    var lines: [String] = []
    session.vm.provide(ScriptLog { lines.append("\($0.rawValue) \($1)\($2.map { " \($0)" } ?? "")") })
    try session.run(script("expect"))
    try session.run(script("log"))
    #expect(lines == ["debug starting", "info sampled {seed: 42, size: 500}", "warning true", "error bad\\u{1B}[31m line\\nforged"])
  }

  @Test("log stops passing messages on when there are too many")
  func flood() throws {
    let session = try makeSession()
    var lines: [String] = []
    let log = ScriptLog(limit: 3) { _, message, _ in lines.append(message) }
    session.vm.provide(log)
    #expect(session.texts("for i = 1, 100 do log.info(i) end") == [])
    #expect(lines == ["1", "2", "3", "the script has logged 3 messages; further ones are dropped"])
    #expect(log.droppedCount == 97)
  }

  @Test("files are those of the workspace, also behind links")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-files-\(UInt64.random(in: 0 ... .max))")
    let root = folder.appending(path: "workspace")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("a\n1\n".utf8).write(to: folder.appending(path: "secret.csv"))
    try FileManager.default.createSymbolicLink(
      at: root.appending(path: "link.csv"), withDestinationURL: folder.appending(path: "secret.csv"))
    try FileManager.default.createSymbolicLink(at: root.appending(path: "up"), withDestinationURL: folder)

    let session = try makeSession()
    session.vm.provide(ScriptFiles(folder: root.path, kept: ["lathe.yaml", "ledger.sqlite", "models"]))
    for name in ["lathe.yaml", "./up/workspace/lathe.yaml", "ledger.sqlite", "ledger.sqlite-journal", "models/ACTIVE"] {
      #expect(session.texts("frame.new{ a = { 1 } }:write_csv('\(name)')").last?.contains("is Lathe's own") == true, "\(name)")
    }
    #expect(session.texts("frame.new{ { 'item', { 'a', 'b' } }, { 'n', frame.column({ 1 }, 2) } }:write_csv('out.csv')") == [])
    #expect(session.texts("return frame.read_csv('out.csv').item[2], #frame.read_csv('./out.csv')") == [#""b""#, "2"])
    #expect(session.texts("return frame.read_csv('out.csv', { types = { n = 'text' } }).n.type") == [#""text""#])
    for path in ["../secret.csv", folder.path + "/secret.csv", "link.csv", "up/secret.csv", "a/../../secret.csv", "/etc/passwd", ""] {
      guard case .failed(let error) = session.evaluate("frame.read_csv('\(path)')") else {
        Issue.record("'\(path)' was read")
        continue
      }
      #expect(error.contains("outside the workspace") || path.isEmpty, "\(path): \(error)")
    }
    session.vm.provide(ScriptFiles(folder: root.path, allowsAnywhere: true))
    #expect(session.texts("return #frame.read_csv('../secret.csv')") == ["1"])
  }

  @Test("what touches files and the clock is not there for strategies")
  func strategies() throws {
    let session = try makeSession(profile: .strategies)
    for (call, message) in [
      ("frame.new{}:write_csv('x')", "input:1: 'frame:write_csv' writes and is not available to strategies"),
      ("frame.read_csv('x')", "input:1: 'frame.read_csv' is not available here"),
      ("time.now()", "input:1: 'time.now' is not available here"),
    ] {
      guard case .failed(let error) = session.evaluate(call) else {
        Issue.record("\(call) ran")
        continue
      }
      #expect(error == message)
    }
  }

  @Test("a lazy frame reads a column when it is first used, once, and gathers only what is used")
  func lazyFrames() throws {
    let session = try makeSession()
    var reads: [String] = []
    let frame = ScriptFrame(rowCount: 3, names: ["id", "kind", "unused"]) { name in
      reads.append(name)
      return name == "id" ? Column([1, 2, 3] as [Int64]) : Column(["a", "b", "a"])
    }
    try session.vm.setGlobal("population", frame)
    #expect(session.texts("return #population, population.column_names[3]") == ["3", #""unused""#])
    #expect(reads == [])
    #expect(session.texts("return population:filter(population.kind:eq('a')):head(5).id:sum(), population.kind[1]") == ["4.0", #""a""#])
    #expect(reads == ["kind", "id"])
    #expect(session.texts("return #sample.stratified(population, 'kind', 2, 1)") == ["2"])
    #expect(reads == ["kind", "id"])
  }
}

extension ScriptSession {
  /// The results as the prompt shows them; a failure as its text.
  func texts(_ line: String) -> [String] {
    switch evaluate(line) {
    case .shown(let text): text.isEmpty ? [] : text.split(separator: "\t").map(String.init)
    case .incomplete: ["incomplete"]
    case .failed(let message): [message]
    case .quit: ["quit"]
    }
  }
}
