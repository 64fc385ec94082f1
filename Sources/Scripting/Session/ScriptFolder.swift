internal import FoundationEssentials
internal import LuaBridge
internal import Tabular

/// The folder that `require` takes modules from.
struct ScriptFolder {
  let path: String

  /// Longer files are no scripts.
  private static let sizeLimit = 16 << 20

  /// The source of the module `name`: `lib.dates` is `lib/dates.lua`. Throws when there is none, or it lies outside the folder.
  func source(named name: String) throws -> LuaSource {
    let steps = name.split(separator: ".", omittingEmptySubsequences: false)
    guard steps.allSatisfy(Self.isStep) else {
      throw LuaError(
        "'\(name.escapedForTerminal)' is no module's name: letters, digits, '_' and '-' expected, and '.' for a folder, as in 'lib.dates'")
    }
    let relative = steps.joined(separator: "/") + ".lua"
    let root = URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL.path
    let shown = (path.split(separator: "/").last.map { "\($0)/" } ?? "") + relative
    let file = URL(filePath: root + "/" + relative).resolvingSymlinksInPath().standardizedFileURL.path
    let manager = FileManager.default
    guard manager.fileExists(atPath: file) else {
      let known = ((try? manager.contentsOfDirectory(atPath: root)) ?? []).filter { $0.hasSuffix(".lua") }.sorted()
      throw LuaError(
        "module '\(name)' not found: there is no file \(shown)\(suggestion(for: name, in: known.map { String($0.dropLast(4)) }))")
    }
    guard file.hasPrefix(root + "/") else { throw LuaError("the module '\(name)' lies outside \(path)") }
    let attributes = try manager.attributesOfItem(atPath: file)
    guard attributes[.type] as? FileAttributeType == .typeRegular else { throw LuaError("\(shown) is no file") }
    guard (attributes[.size] as? UInt64 ?? 0) <= Self.sizeLimit else {
      throw LuaError("\(shown) is too big for a script: more than \(Self.sizeLimit >> 20) MiB")
    }
    guard let data = manager.contents(atPath: file) else { throw LuaError("\(shown) cannot be read") }
    guard let text = String(validating: data, as: UTF8.self) else { throw LuaError("\(shown) is not UTF-8; save it as UTF-8") }
    return LuaSource(text, name: shown)
  }

  private static func isStep(_ step: Substring) -> Bool {
    !step.isEmpty
      && step.utf8.allSatisfy { $0 == 95 || $0 == 45 || (48...57).contains($0) || (65...90).contains($0 & 0xDF) && $0 < 128 }
  }
}
