import Learning
public import LuaBridge
public import Routing
import Tabular

/// Operations that were done, as rows to learn minutes from, as scripts hold them.
struct ScriptMinutesRows: LuaObject {
  /// What was known of each row when its order started.
  let features: ScriptFrame
  /// What came of it, and what was estimated.
  let outcomes: Frame
  /// The rows to judge by: what was known when their blocks began.
  let judged: JudgedFrames

  /// The columns of ``outcomes`` by name.
  private static let outcomeWords = [
    ("run_minutes", "Run minutes as the basis says, missing where they were not reported."),
    ("setup_minutes", "Set-up minutes of the order, missing where they were not reported."),
    ("baseline", "The run minutes that the aggregation of similar items' results estimates; missing where nothing was known."),
    ("reference", "The run minutes that the `…_ratio` features are relative to; missing where nothing was known."),
    ("setup_reference", "The set-up minutes to expect; missing where nothing was known."),
    ("started_at", "When the row's order started, as far as it is known."),
    ("completed_at", "When the row was completed."),
    ("item_code", "The item of each row."),
    ("result_id", "The identifier of the first result of each row."),
  ]

  init(_ rows: MinutesRows) throws {
    features = ScriptFrame(try rows.features.frame)
    let minutes = [rows.runMinutes, rows.setupMinutes, rows.baseline, rows.reference, rows.setupReference]
    let instants = try [rows.startedAt, rows.completedAt].map { times in
      try Column(times.map { Timestamp(seconds: $0).map(Cell.timestamp) ?? .missing }, as: .timestamp)
    }
    let columns = minutes.map(LearningRows.column) + instants + [Column(rows.items.map { rows.itemCodes[$0] }), Column(rows.results)]
    outcomes = try Frame(zip(Self.outcomeWords.map(\.0), columns).map { ($0, $1) })
    judged = try JudgedFrames(rows)
  }

  static let luaName = "minutes_rows"
  static let luaClass = LuaClass<ScriptMinutesRows>(
    """
    Operations that were done, a row each: what was known when each one's order started, and what it took. A row's features rest on \
    results that were completed before, never on its own or a later one. `#rows` is their number.
    """, methods: [indices],
    properties: [
      LuaProperty("features", "Job and resource, statistics of own and alike items' results, and the item's features as `item.…`.") {
        $0.features
      },
      LuaProperty("outcomes", "All columns that are no features, as a frame.") { $0.outcomes },
      LuaProperty(
        "judged",
        """
        The rows that `judging` asks for: `features` as they were known when the block of each began, or its order if that was before, and \
        `outcomes` with its place `row` among all, `block`, `run_minutes`, `setup_minutes`, `baseline`, `reference` and `setup_reference`. Learn \
        for a block from what was completed before it, which `rows:indices` finds.
        """
      ) { $0.judged },
    ] + outcomeWords.map { name, words in LuaProperty(name, words) { try $0.outcomes.column(name) } },
    count: { $0.outcomes.rowCount },
    bytes: { $0.features.estimatedBytes + $0.judged.features.estimatedBytes + $0.outcomes.columns.reduce(0) { $0 + $1.estimatedBytes } },
    text: { rows in "\(counted(rows.outcomes.rowCount, "row")) to learn minutes from, \(counted(rows.features.names.count, "feature"))" })

  private struct IndexOptions: LuaRecord {
    var of = MinutesTarget.run
    var since: Timestamp?
    var until: Timestamp?

    static var fields: [LuaField<IndexOptions>] {
      [
        LuaField("of", \.of, "which minutes must be known: `run_minutes` or `setup_minutes`", default: "\"run_minutes\""),
        LuaField("since", \.since, "completed after this time"), LuaField("until_", \.until, "completed up to this time"),
      ]
    }
  }

  private static let indices = LuaFunction(
    "indices", "The rows of a time whose minutes are known and could be predicted, in the order of their orders' starts.",
    on: ScriptMinutesRows.self, Parameter("options", IndexOptions.self, "which time"),
    returns: .value(Column.self, "positions of rows, from 1: `rows.features[positions]`, `rows.run_minutes[positions]`")
  ) { rows, options in
    let minutes = try rows.outcomes.column(options.of.rawValue)
    let reference = try rows.outcomes.column(options.of == .run ? "reference" : "setup_reference")
    let completed = try rows.outcomes.column("completed_at")
    let found = (0..<rows.outcomes.rowCount).filter { row in
      guard let instant = completed.timestamp(row), options.of.isUsable(minutes.number(row) ?? .nan, reference.number(row) ?? .nan) else {
        return false
      }
      return options.since.map { instant > $0 } ?? true && options.until.map { instant <= $0 } ?? true
    }
    return LearningRows.positions(found)
  }

  private struct BuildOptions: LuaRecord {
    var basis: Basis?
    var judging: [Timestamp] = []

    static var fields: [LuaField<BuildOptions>] {
      [
        LuaField(
          "basis", \.basis, "what run minutes are counted per: `unit` or `order`; without, `unit` where half of the results have a quantity"
        ),
        LuaField(
          "judging", \.judging,
          """
          ascending times: the rows completed between the first and the last become `rows.judged`, a block between each two, with what was known \
          when the block began
          """),
      ]
    }
  }

  /// Makes rows of the factory's relations.
  static let build = LuaFunction(
    "minutes_rows",
    """
    Makes rows to learn minutes from, of items and work results as `data.items` and `data.results` give them. Learn `(rows.run_minutes / \
    rows.reference):log()` to do justice to short operations and long ones alike, and `((rows.setup_minutes + 1) / (rows.setup_reference + \
    1)):log()` for set-ups.
    """, in: LuaVM.self, Parameter("items", Frame.self, "`item_code` and columns of features"),
    Parameter("results", Frame.self, "work results, in any order"), Parameter("options", BuildOptions.self, "what to count"),
    returns: .value(ScriptMinutesRows.self, "the rows"), effect: .pure
  ) { vm, items, results, options in
    try LearningRows.naming("learn.minutes_rows") {
      // Some sixty numbers a row, and the walk that makes them.
      try vm.checkMemory(for: results.rowCount, each: 8 * (60 + items.names.count))
      let basis = options.basis ?? (quantityShare(of: results) >= 0.5 ? .unit : .order)
      if let (earlier, later) = zip(options.judging, options.judging.dropFirst()).first(where: { $0 >= $1 }) {
        throw LearningError.parameter("'judging' must ascend, got \(earlier) before \(later)")
      }
      guard options.judging.count != 1 else {
        throw LearningError.parameter("'judging' wants two times at least, between which rows are judged, got \(options.judging[0])")
      }
      return try ScriptMinutesRows(
        MinutesRows(items: items, results: results, basis: basis, judging: options.judging, in: WorkOptions().context(in: vm)))
    }
  }

  private static func quantityShare(of results: Frame) -> Double {
    guard results.rowCount > 0 else { return 0 }
    let quantities = ["good_quantity", "bad_quantity"].compactMap { results[$0] }
    let known = (0..<results.rowCount).count { row in quantities.contains { ($0.number(row) ?? 0) > 0 } }
    return Double(known) / Double(results.rowCount)
  }
}

extension Basis: LuaReadable {}
extension MinutesTarget: LuaReadable {}

/// The rows that models are judged by, as scripts see them.
struct JudgedFrames: LuaPushable {
  let features: ScriptFrame
  let outcomes: Frame

  init(_ rows: MinutesRows) throws {
    let judged = rows.judged
    features = ScriptFrame(try judged.features.frame)
    outcomes = try Frame([
      ("row", Column(judged.rows.map { Int64($0 + 1) })), ("block", Column(judged.blocks.map { Int64($0 + 1) })),
      ("run_minutes", LearningRows.column(judged.rows.map { rows.runMinutes[$0] })),
      ("setup_minutes", LearningRows.column(judged.rows.map { rows.setupMinutes[$0] })),
      ("baseline", LearningRows.column(judged.baseline)), ("reference", LearningRows.column(judged.reference)),
      ("setup_reference", LearningRows.column(judged.setupReference)),
    ])
  }

  static var luaType: LuaType { LuaType("{ features: frame, outcomes: frame }") }

  func push(on stack: LuaStack) throws {
    try ["features": features, "outcomes": ScriptFrame(outcomes)].push(on: stack)
  }
}
