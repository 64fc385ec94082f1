import Foundation
import Scripting
import Testing

@Suite struct SessionRequireTests {
  @Test("takes modules from the script folder, also from folders in it")
  func requires() throws {
    try withScripts(["lib/dates.lua": "return { day = 86400 }", "main.lua": "#!/usr/bin/env lathe\nreturn require('lib.dates').day"]) {
      session, _ in
      #expect(session.evaluate("require 'main'") == .shown("86400"))
    }
  }

  @Test(
    "refuses what is no module of the folder",
    arguments: [
      ("../out", "'../out' is no module's name: letters, digits, '_' and '-' expected, and '.' for a folder, as in 'lib.dates'"),
      ("/etc/passwd", "'/etc/passwd' is no module's name: letters, digits, '_' and '-' expected, and '.' for a folder, as in 'lib.dates'"),
      ("..out", "'..out' is no module's name: letters, digits, '_' and '-' expected, and '.' for a folder, as in 'lib.dates'"),
      ("", "'' is no module's name: letters, digits, '_' and '-' expected, and '.' for a folder, as in 'lib.dates'"),
      ("mian", "module 'mian' not found: there is no file scripts/mian.lua; did you mean 'main'?"),
      ("folder", "scripts/folder.lua is no file"), ("bytes", "scripts/bytes.lua is not UTF-8; save it as UTF-8"),
    ])
  func refuses(name: String, message: String) throws {
    try withScripts(["main.lua": "return 1", "folder.lua/x.lua": ""]) { session, folder in
      try Data([0x2D, 0x2D, 0xFF, 0x0A]).write(to: folder.appending(path: "bytes.lua"))
      #expect(session.evaluate("require '\(name)'") == .failed("input:1: \(message)"))
    }
  }

  @Test("does not follow links out of the folder")
  func links() throws {
    try withScripts(["../out.lua": "return 'secret'"]) { session, folder in
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: "link.lua"), withDestinationURL: folder.deletingLastPathComponent().appending(path: "out.lua"))
      guard case .failed(let message) = session.evaluate("require 'link'") else { Issue.record("was loaded"); return }
      #expect(message.hasPrefix("input:1: the module 'link' lies outside "))
    }
  }

  @Test("says where a module fails, and takes it anew once it is mended")
  func mended() throws {
    try withScripts(["broken.lua": "\nreturn nil + 1"]) { session, folder in
      #expect(
        session.evaluate("require 'broken'") == .failed("scripts/broken.lua:2: attempt to perform arithmetic on a nil value"))
      try "return 'mended'".write(to: folder.appending(path: "broken.lua"), atomically: true, encoding: .utf8)
      #expect(session.evaluate("require 'broken'") == .shown("\"mended\""))
    }
  }

  /// Calls `body` with a session over a new folder `scripts` that holds `files`.
  private func withScripts(_ files: [String: String], _ body: (ScriptSession, URL) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "scripts-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let folder = root.appending(path: "scripts")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in files {
      let file = folder.appending(path: name).standardizedFileURL
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    try body(try makeSeriesSession(scriptFolder: folder.path), folder)
  }
}
