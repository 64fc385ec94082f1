/// The types of strategies: what a file returns, what its `decide` is given, and what it answers. They are checked by Lathe when it loads
/// a strategy, and by editors with this text.
let strategyStub = """
  ---A declared parameter of a strategy. Its value comes from the command line, else from the settings, else it is the default.
  ---@class (exact) StrategyParameter
  ---@field type "integer"|"number"|"string"|"boolean"|"string[]"|"number[]" what it holds
  ---@field default any its value when nobody says otherwise
  ---@field doc string what it means
  ---@field min? number least value, also of a list's elements
  ---@field max? number greatest value, also of a list's elements
  ---@field choices? string[] the texts that it may be

  ---What every strategy is given. It is read-only.
  ---@class StrategyContext
  ---@field as_of number the time that the decision is made for, epoch seconds; nothing later is visible
  ---@field seed integer seed of everything random; math.random uses it already
  ---@field data lathe.data the factory's data, cut at as_of
  ---@field log lathe.log writes into the cycle's log
  ---@field history frame a row a cycle, oldest first: cycle_id, as_of, each metric, retrained

  ---@class SamplingContext: StrategyContext
  ---@field size integer how many items are asked for
  ---@field since number start of the window whose results judge, epoch seconds
  ---@field population frame the items to choose from, a row each; a column is read when it is first used

  ---@class (exact) SamplingAnswer
  ---@field items string[]|column codes of the chosen items
  ---@field reasons? table<string, string> why an item was chosen, by its code

  ---Which items a cycle looks at: a file in strategies/sampling returns one.
  ---@class (exact) SamplingStrategy
  ---@field interface 1
  ---@field summary string what it does, in a sentence
  ---@field parameters? table<string, StrategyParameter>
  ---@field decide fun(ctx: SamplingContext, p: table<string, any>): SamplingAnswer

  ---@class StrategyAlert
  ---@field code string what is wrong: "HIGH_MAE", "LOW_PROCESS_MATCH", …
  ---@field severity "info"|"warning"|"critical"
  ---@field message string
  ---@field value? number what was measured
  ---@field threshold? number what it was held against
  ---@field item? string code of the item
  ---@field operation? string key of the operation

  ---@class StrategyTraining
  ---@field as_of number epoch seconds
  ---@field outcome string how it ended

  ---@class TriggerContext: StrategyContext
  ---@field report table<string, number> the cycle's metrics by name; nil where nothing was measured
  ---@field alerts StrategyAlert[]
  ---@field last_training? StrategyTraining
  ---@field groups frame how much longer each job took on each resource than the champion predicted, a row a group and cycle since its training, oldest first: cycle_id, as_of, resource_code, job_code, results, mean_log_ratio, spread, first_completed_at, last_completed_at; each result counts in one row

  ---@class (exact) TriggerAnswer
  ---@field retrain boolean
  ---@field priority? "low"|"normal"|"high" how soon (default "normal")
  ---@field reasons? any[] why: texts or tables, kept with the decision
  ---@field candidates? string[] kinds of candidate to train

  ---Whether to retrain: a file in strategies/triggers returns one.
  ---@class (exact) TriggerRule
  ---@field interface 1
  ---@field summary string what it does, in a sentence
  ---@field parameters? table<string, StrategyParameter>
  ---@field decide fun(ctx: TriggerContext, p: table<string, any>): TriggerAnswer

  ---@class ComparisonContender
  ---@field name string
  ---@field complexity integer rank: the baseline has the least
  ---@field metrics table<string, number> figures over all verdict rows
  ---@field blocks table<string, number>[] the same figures, block of time by block of time
  ---@field errors number[] absolute errors, row by row; the rows are the same for all contenders
  ---@field cold_start table<string, number> figures on items that were never seen
  ---@field fit_seconds number
  ---@field latency_ms number

  ---@class ComparisonContext: StrategyContext
  ---@field champion ComparisonContender
  ---@field candidates ComparisonContender[]

  ---@class (exact) ComparisonAnswer
  ---@field winner? string name of the candidate that takes over; nil keeps the champion
  ---@field reasons? any[] why: texts or tables, kept with the decision

  ---Which candidate takes over: a file in strategies/comparison returns one.
  ---@class (exact) ComparisonPolicy
  ---@field interface 1
  ---@field summary string what it does, in a sentence
  ---@field parameters? table<string, StrategyParameter>
  ---@field decide fun(ctx: ComparisonContext, p: table<string, any>): ComparisonAnswer
  """
