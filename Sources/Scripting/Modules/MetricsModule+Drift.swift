internal import LuaBridge
internal import Metrics
internal import Tabular

extension MetricsModule {
  /// The functions that look for drift over time.
  static let overTime = [driftCharts, cusum, ewma, normalQuantile]

  private static let values = Parameter("values", [Double].self, "a series that should stay around 0")
  private static let errors = Parameter("errors", [Double].self, "the standard error of each value")

  private static let driftCharts = LuaFunction(
    "drift_charts",
    """
    How the level of all work, of each job, and of each job on each resource moved since the champion learnt, period by period, against \
    what it was in the first periods. Charts of all work and of jobs come before those of their resources.
    """, Parameter("groups", ScriptFrame.self, "`ctx.groups` of a trigger rule"),
    Parameter("options", DriftChartOptions.self, "periods, and what has a chart"),
    returns: .value(DriftCharts.self, "a chart each; `ends` are epoch seconds, `deviations` logarithms of a ratio of minutes")
  ) { DriftCharts(charts: try DriftChart.charts(of: $0.frame(), $1.options)) }

  private static let cusum = LuaFunction(
    "cusum",
    """
    Two-sided cumulative sums of a series: the evidence, as a log likelihood ratio, that its level has moved up or down by `shift`. Beyond \
    ln A it comes once in A values or less often where nothing has changed.
    """, values, errors, Parameter("options", CusumOptions.self, "what is looked for"),
    returns: .value(CusumResult.self, "both sums, value by value, and the place where the present climb of each began; nil where it is 0")
  ) { CusumResult(sums: try ControlChart.cusum($0, errors: $1, shift: $2.shift, clip: $2.clip)) }

  private static let ewma = LuaFunction(
    "ewma", "The exponentially weighted moving level of a series and its standard error, value by value.", values, errors,
    Parameter("options", EwmaOptions.self, "how fast it forgets"),
    returns: .pair([Double].self, "the level after each value", [Double].self, "its standard error")
  ) { moving(try ControlChart.ewma($0, errors: $1, lambda: $2.lambda, clip: $2.clip)) }

  private static func moving(_ level: ControlChart.Level) -> ([Double], [Double]) { (level.values, level.errors) }

  private static let normalQuantile = LuaFunction(
    "normal_quantile", "The number that a standard normal variable exceeds with a probability.",
    Parameter("tail", Double.self, "the probability, 0…1"), returns: .value(Double.self, "the number; 1.96 for 0.025")
  ) { try ControlChart.normalQuantile(tail: $0) }
}

struct DriftChartOptions: LuaRecord {
  var options = DriftChart.Options()

  static var fields: [LuaField<DriftChartOptions>] {
    [
      LuaField("period_days", \.options.periodDays, "days whose cycles are taken together, > 0", default: "7"),
      LuaField("reference_periods", \.options.referencePeriods, "first periods that tell what is usual, ≥ 1", default: "6"),
      LuaField("min_share", \.options.minShare, "least share of all results for a chart, 0…1", default: "0.03"),
      LuaField("wander", \.options.wander, "usual standard deviation of a job from period to period, ≥ 0", default: "0.02"),
      LuaField("group_wander", \.options.groupWander, "the same of a job on one resource", default: "0.05"),
    ]
  }
}

struct CusumOptions: LuaRecord {
  var shift = 0.1
  var clip = Double.infinity

  static var fields: [LuaField<CusumOptions>] {
    [
      LuaField("shift", \.shift, "the step to be found, > 0, in the values' unit", default: "0.1"),
      LuaField("clip", \.clip, "errors that a value counts as at most, > 0", default: "math.huge"),
    ]
  }
}

struct EwmaOptions: LuaRecord {
  var lambda = 0.2
  var clip = Double.infinity

  static var fields: [LuaField<EwmaOptions>] {
    [
      LuaField("lambda", \.lambda, "weight of a new value against what came before, above 0 and up to 1", default: "0.2"),
      LuaField("clip", \.clip, "errors that a value counts as at most, > 0", default: "math.huge"),
    ]
  }
}

/// Charts, as scripts see them.
struct DriftCharts: LuaPushable {
  var charts: [DriftChart]

  static var luaType: LuaType {
    LuaType(
      "{ level: string, job: string?, resource: string?, results: integer, share: number, ends: number[], deviations: number[], errors: number[] }[]"
    )
  }

  func push(on stack: LuaStack) throws {
    let numbers = { (values: [Double]) in PlainValue.list(values.map(PlainValue.number)) }
    let tables = charts.map { chart in
      var fields: [String: PlainValue] = [
        "level": .text(chart.level.rawValue), "results": .integer(Int64(chart.results)), "share": .number(chart.share),
        "ends": numbers(chart.ends), "deviations": numbers(chart.deviations), "errors": numbers(chart.errors),
      ]
      fields["job"] = chart.job.map(PlainValue.text)
      fields["resource"] = chart.resource.map(PlainValue.text)
      return PlainValue.map(fields)
    }
    try PlainValue.list(tables).push(on: stack)
  }
}

/// The sums of a CUSUM, as scripts see them: places from 1.
struct CusumResult: LuaPushable {
  var sums: ControlChart.Sums

  static var luaType: LuaType { LuaType("{ up: number[], down: number[], up_since: integer?, down_since: integer? }") }

  func push(on stack: LuaStack) throws {
    var fields: [String: PlainValue] = [
      "up": .list(sums.up.map(PlainValue.number)), "down": .list(sums.down.map(PlainValue.number)),
    ]
    fields["up_since"] = sums.upSince.map { .integer(Int64($0 + 1)) }
    fields["down_since"] = sums.downSince.map { .integer(Int64($0 + 1)) }
    try fields.push(on: stack)
  }
}
