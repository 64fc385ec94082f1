public import LuaBridge
internal import Tabular

/// What `help` works on.
struct HelpContext {
  var documentation: ScriptDocumentation
  var print: (String) -> Void
}

extension ScriptSession {
  /// The functions that every session has as globals: `help`, `exit` and `quit`.
  public static let functions: [LuaFunction] = [help, exit(named: "exit"), exit(named: "quit")]

  /// `help`.
  public static let help = LuaFunction(
    "help", "Shows what there is, or what a module, function, method or object does.", in: HelpContext.self,
    Parameter("subject", HelpSubject.self, "a module, function or object, or a name as a text"), returns: .nothing, effect: .pure
  ) { context, subject in context.print(subject.text(in: context.documentation)) }

  private static func exit(named name: String) -> LuaFunction {
    LuaFunction(
      name, "Ends the session, or the script that runs.", Parameter("code", Int.self, "exit code of the command", default: 0),
      returns: .nothing
    ) { throw LuaExit(code: Int32(truncatingIfNeeded: $0)) }
  }

  /// What the prelude asks of the host; it takes the module away from the scripts.
  static func hostModule(_ documentation: ScriptDocumentation) -> LuaModule {
    let modules = documentation.modules.map(\.name)
    return LuaModule(
      "__session", "What a session's prelude works with.",
      functions: [
        LuaFunction("modules", "The modules.", returns: .value([String].self, "their names")) { modules },
        LuaFunction("libraries", "Lua's libraries.", returns: .value([String].self, "their names")) { luaLibraries },
        LuaFunction("keywords", "Lua's keywords.", returns: .value([String].self, "keywords")) { luaKeywords },
        LuaFunction(
          "class_of", "Names the class of an object.", Parameter("object", LuaAny.self, "an object"),
          returns: .value(String.self, "the name")
        ) { $0.slot.described },
        LuaFunction(
          "name_of", "Names a function of the host.", Parameter("function", LuaAny.self, "a function"),
          returns: .value(String?.self, "the name")
        ) { $0.slot.documentedName },
      ])
  }
}

/// What help is asked on.
private struct HelpSubject: LuaReadable {
  /// The topic; `nil` where the value has none.
  var name: String?
  /// What the value is: `table`, `number`.
  var kind: String

  static var luaType: LuaType { LuaType("any") }
  static var absent: HelpSubject? { HelpSubject(name: "", kind: LuaKind.nil.rawValue) }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> HelpSubject {
    HelpSubject(name: slot.kind == .string ? try String.read(from: slot) : slot.documentedName, kind: slot.described)
  }

  func text(in documentation: ScriptDocumentation) -> String {
    if let name { return documentation.help(name) }
    if kind == LuaKind.function.rawValue {
      return "There is no help on this function. Lua's own are described at https://www.lua.org/manual/5.4/"
    }
    return "There is no help on a \(kind). help() lists the modules."
  }
}
