internal import LuaBridge

extension ScriptSession {
  /// What may stand at `offset`, an offset into the text's UTF-8: names that continue the unfinished word before it.
  ///
  /// Values are looked up without running anything of a script or a class.
  /// - Returns: Where the unfinished word begins, and whole words that may stand there, sorted.
  public func completions(of text: String, at offset: Int) -> (start: Int, candidates: [String]) {
    guard let place = CompletionPlace(text, at: offset) else { return (offset, []) }
    let names = Set(candidates(at: place))
    let candidates = names.filter { name in
      // Names with an underscore in front are internal until asked for.
      name.hasPrefix(place.word) && name != place.word && (!name.hasPrefix("_") || place.word.hasPrefix("_"))
    }
    return (place.start, candidates.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }

  private func candidates(at place: CompletionPlace) -> [String] {
    guard let found = try? peek.call(place.path, as: Members.self) else { return [] }
    if place.path.isEmpty { return found.names + place.otherNames + (place.word.isEmpty ? [] : luaKeywords) }
    if found.class.isEmpty { return place.isMethod ? found.functions : found.names }
    var type = documentation.documentation(ofClass: found.class)
    for name in place.path.dropFirst(found.used) {
      type = type?.properties.first { $0.name == name }.flatMap { documentation.documentation(ofClass: $0.type.name) }
    }
    guard let type else { return [] }
    return type.methods.map(\.name) + (place.isMethod ? [] : type.properties.map(\.name))
  }

  /// What the prelude says of a path.
  private struct Members: LuaRecord {
    var `class` = ""
    var used = 0
    var names: [String] = []
    var functions: [String] = []

    static var fields: [LuaField<Members>] {
      [
        LuaField("class", \.class, "class of the object"), LuaField("used", \.used, "names up to it"),
        LuaField("names", \.names, "all members"), LuaField("functions", \.functions, "members that can be called"),
      ]
    }
  }
}
