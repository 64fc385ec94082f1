import Learning
import LuaBridge

/// What a file held that a script has saved.
enum LoadedFile: LuaPushable {
  case model(ScriptModel)
  case fitted(ScriptFittedTransformer)
  case neighbors(ScriptIndex)

  /// Where the parts of a fitted transformer and of an index stand in their files.
  static let transformer = "transformer", index = "index"

  static var luaType: LuaType { LuaType("model|fitted_transformer|neighbor_index") }

  func push(on stack: LuaStack) throws {
    switch self {
    case .model(let model): try model.push(on: stack)
    case .fitted(let fitted): try fitted.push(on: stack)
    case .neighbors(let index): try index.push(on: stack)
    }
  }

  /// Reads a file.
  static let load = LuaFunction(
    "load",
    """
    Reads what `save` wrote. A file that is damaged, or none of these, is an error that names it. The graph of an index stays in the file, \
    which must not be changed in place while it is in use; to save over it is fine.
    """, in: ScriptFiles.self, Parameter("path", String.self, "the file, as seen from the workspace"),
    returns: .value(LoadedFile.self, "what was saved: a model, a fitted transformer, or an index"), effect: .reads
  ) { files, path in
    try LearningRows.naming("learn.load") {
      let file = try ModelReader(mapping: try files.path(path), name: path)
      if file.has("\(index).kind") { return .neighbors(try ScriptIndex(from: file.part(index))) }
      if file.has("\(transformer).name") {
        return .fitted(ScriptFittedTransformer(fitted: try FittedTransformer(from: file.part(transformer))))
      }
      return .model(ScriptModel(try Estimators.model(from: file), size: file.byteCount))
    }
  }
}
