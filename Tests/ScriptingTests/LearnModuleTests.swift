import FoundationEssentials
import LuaBridge
import Scripting
import Tabular
import Testing

/// A session with rows to learn from in the globals `X` and `y`.
private func makeLearningSession(rows: Int = 200, limits: LuaLimits = LuaLimits()) throws -> ScriptSession {
  let session = try ScriptSession(LuaVM.Settings(profile: .scripts, limits: limits, seed: 1, modules: ScriptSession.generalModules))
  var random = SeededGenerator(seed: 3, stream: "rows")
  let numbers = (0..<4).map { _ in (0..<rows).map { _ in random.uniform() } }
  let frame = try Frame(numbers.enumerated().map { ("x\($0 + 1)", Column($1)) })
  try session.vm.setGlobal("X", frame)
  try session.vm.setGlobal("y", Column((0..<rows).map { 10 * numbers[0][$0] + numbers[1][$0] }))
  return session
}

/// Work results of orders of one operation, one order a day.
private func history(orders: Int) throws -> Frame {
  let start: Int64 = 1_700_000_000
  return try Frame([
    ("result_id", Column((0..<orders).map { "R\($0)" })), ("order_no", Column((0..<orders).map { "W\($0)" })),
    ("item_code", Column((0..<orders).map { "I\($0 % 4)" })), ("op_seq", Column(Array(repeating: Int64(10), count: orders))),
    ("job_code", Column(Array(repeating: "TURN", count: orders))), ("resource_code", Column(Array(repeating: "T1", count: orders))),
    ("in_house", Column(Array(repeating: true, count: orders))),
    ("completed_at", Column((0..<orders).map { Timestamp(microseconds: (start + Int64($0) * 86_400) * 1_000_000) })),
    ("setup_minutes", Column(Array(repeating: 10.0, count: orders))),
    ("run_minutes", Column((0..<orders).map { 20.0 * Double(1 + $0 % 4) })),
    ("good_quantity", Column(Array(repeating: 10.0, count: orders))), ("bad_quantity", Column(Array(repeating: 0.0, count: orders))),
  ])
}

@Suite("Learning from scripts")
struct LearnModuleTests {
  @Test("a model that is saved and loaded predicts the same, and stays within the workspace")
  func saving() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-learn-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let session = try makeLearningSession()
    #expect(session.texts("learn.load('near.model')") == ["input:1: 'learn.load' is not available here"])
    session.vm.provide(ScriptFiles(folder: folder.path, kept: ["models"]))
    #expect(session.texts("model = learn.knn{ neighbor_count = 3 }:fit(X, y); model:save('near.model')") == [])
    #expect(session.texts("loaded = learn.load('near.model')") == [])
    #expect(
      session.texts("return tostring(loaded) == tostring(model), (loaded:predict(X) - model:predict(X)):abs():sum()") == ["true", "0.0"])
    #expect(session.texts("model:save('models/x')").last?.contains("is Lathe's own") == true)
    #expect(session.texts("model:save('../x')").last?.contains("lies outside the workspace") == true)
    #expect(session.texts("learn.load('none.model')").last?.contains("none.model") == true)

    let file = folder.appending(path: "near.model")
    var bytes = [UInt8](try Data(contentsOf: file))
    for (name, damaged) in [("short", Array(bytes.dropLast(9))), ("empty", [])] {
      try Data(damaged).write(to: folder.appending(path: name))
      #expect(session.texts("learn.load('\(name)')").last?.hasPrefix("input:1: learn.load: \(name) is no model") == true)
    }
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: file)
    #expect(session.texts("learn.load('near.model')").last?.hasPrefix("input:1: learn.load: near.model is no model") == true)
  }

  @Test("the same rows and seed give the same file on one thread and on several")
  func determinism() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-learn-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let session = try makeLearningSession()
    session.vm.provide(ScriptFiles(folder: folder.path))
    let make = "learn.stacking{ bases = { learn.knn{}, learn.knn{ neighbor_count = 9 } }, final = 'knn' }"
    #expect(session.texts("for i = 1, 2 do \(make):fit(X, y, { seed = 5, threads = i }):save('model' .. i) end") == [])
    #expect(try Data(contentsOf: folder.appending(path: "model1")) == Data(contentsOf: folder.appending(path: "model2")))
  }

  @Test(
    "the time limit ends what takes long, also within pcall, and nothing is left of it",
    arguments: [
      "learn.stacking{ bases = { 'knn', 'knn', 'knn', 'knn' }, final = 'knn', folds = 50 }:fit(X, y)",
      "learn.cross_validate({ learn.knn(), learn.knn(), learn.knn() }, X, y, { folds = 100 })",
      "learn.search('knn', { neighbor_count = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } }, X, y, { folds = 50 })",
      "model:importance(X, y, { repeats = 1000 })", "big = frame.concat{ X, X, X, X, X, X, X, X } model:predict(big)",
    ])
  func timeLimit(call: String) throws {
    let session = try makeLearningSession(rows: 20_000, limits: LuaLimits(time: .milliseconds(300)))
    #expect(session.texts("model = learn.knn{}:fit(X, y)") == [])
    let start = ContinuousClock.now
    let texts = session.texts("pcall(function() kept = (function() \(call) end)() end) print('went on')")
    let taken = ContinuousClock.now - start
    #expect(texts.last?.contains("stopped at the time limit") == true, "\(texts)")
    #expect(taken < .seconds(8))
    #expect(session.texts("return kept") == ["nil"])
    #expect(session.texts("return #learn.knn{}:fit(X:head(5), y:head(5)):predict(X:head(2))") == ["2"])
  }

  /// A fit that goes on for minutes unless it is ended.
  private static let longFit = "learn.forest{ tree_count = 100000, min_samples_leaf = 1 }:fit"

  @Test("a script is told how far work is, from 0 to 1, and what it gives does not depend on that")
  func progress() throws {
    let session = try makeLearningSession(rows: 2000)
    #expect(session.texts("told = {} forest = learn.forest{ tree_count = 300 }") == [])
    #expect(session.texts("a = forest:fit(X, y, { progress = function(p) told[#told + 1] = p end }) b = forest:fit(X, y)") == [])
    let check = """
      local last = told[#told]
      for i = 2, #told do assert(told[i].done >= told[i - 1].done and told[i].elapsed >= told[i - 1].elapsed) end
      return last.done, last.step, last.remaining, (a:predict(X) - b:predict(X)):abs():sum()
      """
    #expect(session.texts(check) == ["1.0", #""forest""#, "0.0", "0.0"])
    let steps = "steps = {} progress = function(p) steps[#steps + 1] = p.step end"
    #expect(session.texts(steps + " learn.cross_validate({ learn.knn(), learn.ridge() }, X, y, { progress = progress })") == [])
    #expect(session.texts("return steps[#steps]") == [#""fit 10 of 10""#])
    #expect(session.texts("found = learn.search('knn', { neighbor_count = { 1, 2 } }, X, y, { progress = progress })") == [])
    #expect(session.texts("model = learn.knn():fit(X, y) model:importance(X, y, { progress = progress }) return steps[#steps]").count == 1)
    // Within the function other work may be told of.
    let nested =
      "told = 0 inner = { progress = function() told = told + 1 end } "
      + "learn.knn():fit(X, y, { progress = function() learn.ridge():fit(X, y, inner) end }) return told >= 1"
    #expect(session.texts(nested) == ["true"])
  }

  @Test("an error of the function ends the work and is told at its own line; false ends it as well")
  func endingByProgress() throws {
    let session = try makeLearningSession(rows: 5000)
    let failing = "\(Self.longFit)(X, y, {\n progress = function(p)\n  error('no more')\n end })"
    #expect(session.texts(failing).last?.hasPrefix("input:3: no more\n") == true)
    #expect(
      session.texts("\(Self.longFit)(X, y, { progress = function(p) return p.x.y end })").last?.contains("attempt to index a nil") == true)
    #expect(
      session.texts("kept = \(Self.longFit)(X, y, { progress = function() return false end })") == [
        "input:1: estimator:fit: ended: 'progress' returned false"
      ])
    #expect(session.texts("return kept") == ["nil"])
    #expect(
      session.texts("learn.knn():fit(X, y, { progress = 3 })") == [
        "input:1: bad argument #3 'options' to 'estimator:fit' (progress: function expected, got number)"
      ])
    // A search gives what it has made.
    let search =
      "begun = learn.search('forest', { tree_count = { 1, 100000 }, min_samples_leaf = { 1 } }, X, y, "
      + "{ folds = 2, progress = function(p) return p.step == 'trial 1' end }) return #begun.trials, #begun.done"
    #expect(session.texts(search) == ["1", "1"])
    // Nobody else is kept from working afterwards.
    #expect(session.texts("return #learn.knn():fit(X, y):predict(X:head(2))") == ["2"])
  }

  @Test("the time limit also holds while a progress function is called, and strategies are told no time")
  func limitsOfProgress() throws {
    let session = try makeLearningSession(rows: 5000, limits: LuaLimits(time: .milliseconds(400)))
    for body in ["while true do end", "return true"] {
      let texts = session.texts("pcall(function() \(Self.longFit)(X, y, { progress = function() \(body) end }) end) print('went on')")
      #expect(texts.last?.contains("stopped at the time limit") == true, "\(texts)")
    }
    let strategy = try ScriptSession(LuaVM.Settings(profile: .strategies, seed: 1, modules: ScriptSession.generalModules))
    #expect(
      strategy.texts("learn.knn():fit({ a = { 1, 2 } }, { 1, 2 }, { progress = print })").last?
        .hasSuffix("estimator:fit: 'progress' tells the time, and is not available to strategies") == true)
  }

  @Test(
    "transformers, pipelines and indexes come back from their files; an index is searched where it lies, also when the file is replaced")
  func savingOthers() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-learn-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let session = try makeLearningSession(rows: 300)
    session.vm.provide(ScriptFiles(folder: folder.path))
    #expect(
      session.texts("T = X:with('kind', frame.column((function() local k = {} for i = 1, 300 do k[i] = 'k' .. i % 9 end return k end)()))")
        == [])
    let transformers = ["one_hot{}", "ordinal{}", "impute{ indicator = true }", "standardise{}", "log{ offset = 1 }", "target_encoder{}"]
    for name in transformers {
      let script =
        "f = learn.\(name):fit(T, y) f:save('f') g = learn.load('f') return tostring(f) == tostring(g), "
        + "tostring(f:transform(T)) == tostring(g:transform(T)), #g.features == #f.features"
      #expect(session.texts(script) == ["true", "true", "true"], "\(name)")
    }
    let pipeline =
      "m = learn.pipeline{ learn.target_encoder{}, learn.impute{ indicator = true }, 'boosting' }:fit(T, y) m:save('m') "
      + "return (learn.load('m'):predict(T) - m:predict(T)):abs():sum()"
    #expect(session.texts(pipeline) == ["0.0"])
    for kind in ["exact", "hnsw"] {
      let script =
        "i = learn.nearest(X, { search = '\(kind)', m = 4 }) i:save('i') j = learn.load('i') i:add(X:head(3)):save('i') "
        + "return j.kind, j.metric, #j, #learn.load('i'), #j:add(X:head(2)), tostring(j:search(X, 4)) == tostring(i:search(X, 4))"
      #expect(session.texts(script) == ["\"\(kind)\"", #""cosine""#, "300", "303", "302", "true"])
    }
    var bytes = [UInt8](try Data(contentsOf: folder.appending(path: "i")))
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: folder.appending(path: "j"))
    #expect(session.texts("learn.load('j')").last?.hasPrefix("input:1: learn.load: j is no model that can be read") == true)
    #expect(session.texts("learn.load('.')") == ["input:1: learn.load: . is no model that can be read: it is no file"])
  }

  @Test("the time limit ends the making of rows to learn minutes from")
  func timeLimitOfRows() throws {
    let session = try makeLearningSession(rows: 1, limits: LuaLimits(time: .milliseconds(50)))
    try session.vm.setGlobal("results", history(orders: 100_000))
    try session.vm.setGlobal("items", Frame([("item_code", Column((0..<4).map { "I\($0)" })), ("size", Column([1.0, 2, 3, 4]))]))
    let texts = session.texts("pcall(function() rows = learn.minutes_rows(items, results) end)")
    #expect(texts.last?.contains("stopped at the time limit") == true, "\(texts)")
    #expect(session.texts("return rows") == ["nil"])
  }

  @Test("the memory limit holds for models and for what a fit is made of")
  func memoryLimit() throws {
    let session = try makeLearningSession(rows: 20_000, limits: LuaLimits(memoryBytes: 8 << 20))
    let texts = session.texts("models = {} for i = 1, 100 do models[i] = learn.knn{}:fit(X, y) end")
    #expect(texts.last?.contains("not enough memory") == true, "\(texts)")
    #expect(session.texts("models = nil return tostring(learn.knn{})") == [#""learn.knn{}""#])
    #expect(session.texts("learn.cross_validate(learn.knn{}, X, y, { folds = 20000 })").last?.contains("not enough memory") == true)
  }

  @Test("strategies may learn, but neither keep models in files nor read them")
  func strategies() throws {
    let session = try ScriptSession(LuaVM.Settings(profile: .strategies, seed: 1, modules: ScriptSession.generalModules))
    #expect(session.texts("model = learn.knn{}:fit({ a = { 1, 2 } }, { 1, 2 }) return model:predict{ a = { 1 } }[1]") == ["1.5"])
    #expect(session.texts("model:save('x')") == ["input:1: 'model:save' writes and is not available to strategies"])
    #expect(session.texts("learn.load('x')") == ["input:1: 'learn.load' is not available here"])
  }

  @Test("minutes are learnt from work results: rows with what was known, as frame and columns")
  func minutesRows() throws {
    let session = try makeLearningSession()
    let items = try Frame([
      ("item_code", Column((0..<4).map { "I\($0)" })), ("design", Column(["a", "a", "b", nil])), ("size", Column([1.0, 2, 3, 4])),
    ])
    try session.vm.setGlobal("items", items)
    try session.vm.setGlobal("results", history(orders: 60))
    #expect(
      session.texts("rows = learn.minutes_rows(items, results) return #rows, #rows.features, rows.item_code[1]") == ["60", "60", #""I0""#])
    #expect(
      session.texts("return rows.run_minutes[2], rows.setup_minutes[2], rows.baseline[1], rows.result_id[60]") == [
        "4.0", "10.0", "nil", #""R59""#,
      ])
    #expect(
      session.texts("return rows.completed_at[1], rows.started_at.type, rows.features.job[1]") == [
        "1700000000", #""timestamp""#, #""TURN""#,
      ])
    #expect(session.texts("return learn.minutes_rows(items, results, { basis = 'order' }).run_minutes[2]") == ["40.0"])
    // An order that starts after the first ones: its own earlier results say it all.
    #expect(session.texts("return rows.baseline[60], #rows:indices{ since = rows.completed_at[50] } <= 10") == ["8.0", "true"])
    let script = """
      local known = rows:indices{ until_ = rows.completed_at[40] }
      local later = rows:indices{ since = rows.completed_at[40] }
      local y = (rows.run_minutes / rows.reference):log()
      local model = learn.knn{}:fit(rows.features[known], y[known], { times = rows.completed_at[known] })
      local minutes = rows.reference[later] * model:predict(rows.features[later]):exp()
      return metrics.mae(rows.run_minutes[later], minutes) < 1, #later
      """
    #expect(session.texts(script).last == "20")
    #expect(
      session.texts("learn.minutes_rows(items, results, { basis = 'piece' })").last?.contains("'unit' or 'order' expected, got 'piece'")
        == true)
    #expect(
      session.texts("learn.minutes_rows(items, results:without('run_minutes'))").last?
        .hasPrefix("input:1: learn.minutes_rows: unknown column 'run_minutes'") == true)
    #expect(session.texts("return #learn.minutes_rows(items:head(0), results:head(0))") == ["0"])
    // Rows to judge by, as they were known when their blocks began.
    #expect(
      session.texts(
        """
        local times = results.completed_at:sort()
        local rows = learn.minutes_rows(items, results, { judging = { times[20], times[40], times[60] } })
        local judged = rows.judged
        return #judged.features, #judged.outcomes, judged.outcomes.block:max(), #rows:indices{ of = "setup_minutes", until_ = times[20] } > 0
        """) == ["40", "40", "2", "true"])
    #expect(
      session.texts("learn.minutes_rows(items, results, { judging = { 5 } })").last?.contains("'judging' wants two times at least") == true)
    #expect(session.texts("learn.minutes_rows(items, results, { judging = { 5, 4 } })").last?.contains("'judging' must ascend") == true)
    // What everything learnt is compared with, also within a stack, and in files.
    let compared = """
      local known = rows:indices()
      local y = (rows.run_minutes / rows.reference):log()
      local all = { learn.baseline(), learn.operation_median(), learn.stacking{ bases = { learn.baseline(), 'operation_median' } } }
      local found = learn.cross_validate(all, rows.features[known], y[known], { log_of = rows.reference[known], folds = 3 })
      local own = rows.baseline[known]
      return (rows.reference[known] * found.predictions.baseline:exp() - own):abs():max() < 1e-9, found.overall.candidate:list()[3]
      """
    #expect(session.texts(compared) == ["true", #""stacking""#])
    #expect(
      session.texts("learn.baseline():fit(X, y)") == [
        "input:1: estimator:fit: the baseline wants rows of operations, with a feature 'baseline_ratio' and one target"
      ])
    // Half of the weight lies on either side; rows of weight 0 do not count.
    let median =
      "m = learn.operation_median():fit({ job = { 'a', 'a', 'a', 'b' }, reference_log = { 0, 0, 0, 0 } }, { 1, 2, 90, 7 }, "
      + "{ weights = { 1, 3, 0, 1 } }) return m:predict{ job = { 'a', 'b', 'c' }, reference_log = { 0, 0, 1 } }:list()"
    #expect(session.texts(median) == ["{ 2.0, 7.0, 1.0 }"])
  }
}
