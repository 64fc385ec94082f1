import DataAccess
import Learning
import LuaBridge
import Tabular

/// A transformer as scripts hold it: parameters that were checked, not fitted yet.
struct ScriptTransformer: LuaObject {
  let transformer: any Transformer

  static let luaName = "transformer"
  static let luaClass = LuaClass<ScriptTransformer>(
    """
    A way to prepare features with its parameters, which were checked when it was made. Fitting gives a `fitted_transformer` and leaves it \
    as it is; in `learn.pipeline` it is fitted with the estimator.
    """, methods: [fit, fitTransform],
    properties: [
      LuaProperty("name", "Which transformer it is: `one_hot`.") { type(of: $0.transformer).name },
      LuaProperty("parameters", "All its parameters by name; one that is not set has no field.") { $0.transformer.values },
    ], text: { $0.choice.luaCall })

  /// The parameters that are not at their defaults.
  var choice: EstimatorChoice { transformer.choice }

  private struct FitOptions: RowOptionsRecord, WorkOptionsRecord {
    var rows = RowOptions()
    var work = WorkOptions()

    static var fields: [LuaField<FitOptions>] { [weightsField, groupsField, timesField, seedField, threadsField] }
  }

  private static let features = Parameter("X", FeatureSource.self, "features, a row a case")
  private static let target = Parameter("y", TargetSource?.self, "for `target_encoder`: what came of each row, as for an estimator")
  private static let options = Parameter("options", FitOptions.self, "what is known about the rows, and how to work")

  private static let fit = LuaFunction(
    "fit",
    """
    Learns from rows how others are to be changed. Columns of X that `y` and the options name are no features.
    """, on: ScriptTransformer.self, in: LuaVM.self, features, target, options,
    returns: .value(ScriptFittedTransformer.self, "what was learnt"), effect: .pure
  ) { transformer, vm, features, target, options in
    try LearningRows.naming("transformer:fit") {
      let data = try transformer.data(features.frame, target, options.rows, in: vm)
      return ScriptFittedTransformer(fitted: try transformer.transformer.fit(data, in: options.work.context(in: vm)))
    }
  }

  private static let fitTransform = LuaFunction(
    "fit_transform",
    """
    Learns from rows and changes them so that an estimator may be fitted on them: `target_encoder` encodes each row from other rows alone, \
    and never from those of its group. For other rows use what is given second.
    """, on: ScriptTransformer.self, in: LuaVM.self, features, target, options,
    returns: .pair(Frame.self, "the rows with changed features", ScriptFittedTransformer.self, "what was learnt"), effect: .pure
  ) { transformer, vm, features, target, options in
    try LearningRows.naming("transformer:fit_transform") {
      let data = try transformer.data(features.frame, target, options.rows, in: vm)
      let (own, context) = (transformer.transformer, try options.work.context(in: vm))
      // How much it makes is known once it is fitted; one that needs targets makes a number a level.
      let isSized = !type(of: own).needsTarget
      let sized = isSized ? try own.fit(data, in: context) : nil
      try vm.checkMemory(for: data.rowCount, each: 16 * ((sized?.columnCount ?? 0) + data.features.columns.count * data.targets.count))
      let (fitted, table) = try sized.map { ($0, try $0.transform(data.features)) } ?? own.fitTransform(data, in: context)
      let found = ScriptFittedTransformer(fitted: fitted)
      return (try found.frame(table, of: features.frame), found)
    }
  }

  /// The rows to learn from; where no target is needed, and none is given, with one that means nothing.
  private func data(_ frame: Frame, _ target: TargetSource?, _ rows: RowOptions, in vm: LuaVM) throws -> Dataset {
    if target == nil, type(of: transformer).needsTarget {
      throw LearningError.data("\(type(of: transformer).name) learns from a target: 'y' must be given")
    }
    let none = TargetSource.columns([("y", Column(Array(repeating: 0.0, count: frame.rowCount)))])
    return try LearningRows.dataset(frame, target ?? none, rows, in: vm)
  }
}

/// What a transformer learnt, as scripts hold it.
struct ScriptFittedTransformer: LuaObject {
  let fitted: FittedTransformer

  static let luaName = "fitted_transformer"
  static let luaClass = LuaClass<ScriptFittedTransformer>(
    "What a transformer learnt: changes rows of any frame, and can be kept in a file for `learn.load`.", methods: [transform, save],
    properties: [
      LuaProperty("name", "Which transformer learnt it: `one_hot`.") { $0.fitted.name },
      LuaProperty("features", "Names of the features that it changes.") { $0.fitted.inputs.features.map(\.name) },
    ],
    bytes: { $0.fitted.inputs.features.reduce(0) { $0 + 64 * (1 + ($1.levels?.count ?? 0)) } },
    text: { "\($0.fitted.name) of \(counted($0.fitted.inputs.features.count, "feature"))" })

  private static let transform = LuaFunction(
    "transform",
    """
    Changes the rows of a frame. Features are found by name and new ones stand in the places of those that they are made of; other columns \
    stay as they are. A level that was not in the fit counts as missing.
    """, on: ScriptFittedTransformer.self, in: LuaVM.self, Parameter("X", FeatureSource.self, "features, a row a case"),
    returns: .value(Frame.self, "the rows with changed features"), effect: .pure
  ) { transformer, vm, features in
    try LearningRows.naming("fitted_transformer:transform") {
      try vm.checkMemory(for: features.frame.rowCount, each: 16 * (features.frame.names.count + transformer.fitted.columnCount))
      return try transformer.frame(transformer.fitted.transform(try FeatureTable(features.frame)), of: features.frame)
    }
  }

  private static let save = LuaFunction(
    "save", "Writes it into a file, in place of one of that name; `learn.load` reads it.", on: ScriptFittedTransformer.self,
    in: ScriptFiles.self,
    Parameter("path", String.self, "the file, as seen from the workspace"), returns: .nothing, effect: .writes
  ) { transformer, files, path in
    var writer = ModelWriter()
    writer.add(LoadedFile.transformer) { transformer.fitted.write(to: &$0) }
    try LearningRows.naming("fitted_transformer:save") { try AtomicFile.write(writer.bytes(), to: try files.writablePath(path)) }
  }

  /// The columns of `table`, which was made of those of `source`: unchanged ones as they were, and at the end those that are no features.
  func frame(_ table: FeatureTable, of source: Frame) throws -> Frame {
    let changed = Set(fitted.inputs.features.map(\.name))
    let made = try table.frame
    var columns = made.names.map { name in (name, (changed.contains(name) ? nil : source[name]) ?? made[name]) }
    let taken = Set(made.names + changed)
    columns += source.names.filter { !taken.contains($0) }.map { ($0, source[$0]) }
    return try Frame(columns.compactMap { name, column in column.map { (name, $0) } }, rowCount: source.rowCount)
  }
}
