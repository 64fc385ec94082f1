import Foundation
import Ledger
import LuaBridge
import QualityCycle
import Tabular

private struct EnqueueOptions: LuaRecord {
  var candidates: [String]?
  var asOf: Timestamp?
  var priority = Priority.normal
  var reason: String?

  enum Priority: String, CaseIterable, LuaReadable {
    case low, normal, high
  }

  static let fields: [LuaField<EnqueueOptions>] = [
    LuaField("candidates", \.candidates, "kinds of challenger; those of the settings when left out"),
    LuaField("as_of", \.asOf, "learn from what was completed up to this time; now when left out"),
    LuaField("priority", \.priority, "how soon", default: "\"normal\""), LuaField("reason", \.reason, "why"),
  ]
}

private let enqueueFunction = LuaFunction(
  "enqueue", "Queues a training; one that waits already for the same is joined.", in: Workspace.self,
  Parameter("options", EnqueueOptions.self, "what to train"), returns: .value(PlainValue.self, "id, status, joined, reason"),
  effect: .writes
) { workspace, options in
  let queued = try workspace.enqueueTraining(
    candidates: options.candidates, asOf: options.asOf, priority: JobPriority(name: options.priority.rawValue) ?? .normal,
    reason: options.reason)
  return [
    "id": .integer(queued.id), "status": .text(queued.status.rawValue), "joined": .bool(queued.joined),
    "reason": queued.reason.map { .text($0) } ?? .null,
  ]
}

private let listFunction = LuaFunction(
  "list", "All jobs, newest first.", in: Workspace.self,
  returns: .value(ScriptFrame.self, "job, status, priority, champion, as_of, attempts, created_at, reason"), effect: .reads
) { workspace in
  let jobs = try workspace.jobQueue().jobs()
  return ScriptFrame(
    try Frame([
      ("job", Column(jobs.map(\.id))), ("status", Column(jobs.map(\.status.rawValue))), ("priority", Column(jobs.map(\.priority.name))),
      ("champion", Column(jobs.map(\.payload.champion))), ("as_of", Column(jobs.map(\.payload.asOf))),
      ("attempts", Column(jobs.map { Int64($0.attempts) })), ("created_at", Column(jobs.map(\.createdAt))),
      ("reason", Column(jobs.map(\.reason))),
    ]))
}

private let getFunction = LuaFunction(
  "get", "All that is known of a job.", in: Workspace.self, Parameter("job", Int.self, "its number"),
  returns: .value(PlainValue.self, "the job as 'lathe jobs show' tells it"), effect: .reads
) { workspace, job in try described(job, in: workspace) }

private let runFunction = LuaFunction(
  "run", "Takes up the next job and does it in this process, which takes as long as a training takes.", in: Workspace.self,
  returns: .value(PlainValue.self, "the job as it ended; nil when none may start now"), effect: .writes
) { workspace in
  let policy = try StrategyLibrary(workspace).comparisonPolicy(workspace.effective)
  guard let job = try workspace.workOff(worker: "script", policy: policy) else { return PlainValue.null }
  return try described(Int(job.id), in: workspace)
}

private let cancelFunction = LuaFunction(
  "cancel", "Calls a job off; one that runs ends with its worker's next sign of life.", in: Workspace.self,
  Parameter("job", Int.self, "its number"), Parameter("reason", String?.self, "why"),
  returns: .value(String.self, "where it stands then"), effect: .writes
) { workspace, job, reason in
  try workspace.jobQueue().cancel(Int64(job), reason: reason ?? "called off by a script", at: workspace.surroundings.now()).rawValue
}

private let retryFunction = LuaFunction(
  "retry", "Tries a job again that failed, was skipped or cancelled.", in: Workspace.self, Parameter("job", Int.self, "its number"),
  returns: .value(String.self, "where it stands then"), effect: .writes
) { workspace, job in try workspace.jobQueue().retry(Int64(job), at: workspace.surroundings.now()).rawValue }

/// `jobs`: the queue of trainings.
let jobsModule = LuaModule(
  "jobs", "The queue of trainings: asking for them, looking at them, doing them.",
  functions: [enqueueFunction, listFunction, getFunction, runFunction, cancelFunction, retryFunction])

private func described(_ number: Int, in workspace: Workspace) throws -> PlainValue {
  guard let job = try workspace.jobQueue().job(Int64(number)) else {
    throw LuaError("there is no job \(number); jobs.list() has those there are")
  }
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  return try JSONDecoder().decode(PlainValue.self, from: encoder.encode(job))
}
