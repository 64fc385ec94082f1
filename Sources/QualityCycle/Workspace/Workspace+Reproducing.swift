import Configuration
import Foundation
public import Learning
public import Ledger
import Tabular

/// What came of doing a job again from its record alone: nothing is decided or put in force by it.
public struct Reproduction: Hashable, Codable, Sendable {
  /// The job, and the verdict that is compared with.
  public var job, verdict: Int64
  /// Fingerprint of the rows then (`nil` in records of before it was taken) and now.
  public var recordedFingerprint: String?
  /// Fingerprint of the rows now.
  public var dataFingerprint: String
  /// Whether the rows are those of then; `nil` when nobody knows.
  public var isSameData: Bool? { recordedFingerprint.map { $0 == dataFingerprint } }
  /// Whether the policy's file and parameters are those of then.
  public var isSamePolicy: Bool
  /// Whether the verdict is, but for the seconds that things took.
  public var isSameVerdict: Bool
  /// The version that the job deployed; `nil` when the champion stayed, or the version is gone.
  public var version: String?
  /// Files of the version whose bytes are others now; `nil` without a version to compare with.
  public var differentFiles: [String]?

  /// As a person reads it.
  public func text() -> String {
    let said = { (same: Bool?, unknown: String) in same.map { $0 ? "the same" : "NOT the same" } ?? unknown }
    var text = "job \(job), verdict \(verdict), done again from the record; nothing was changed\n"
    text += "data:    \(said(isSameData, "no fingerprint was taken then")) (\(dataFingerprint)"
    text += (isSameData == false ? recordedFingerprint.map { ", then \($0)" } ?? "" : "") + ")\n"
    text += "policy:  \(said(isSamePolicy, ""))\nverdict: \(said(isSameVerdict, ""))\n"
    if let version, let differentFiles {
      text += "model:   \(said(differentFiles.isEmpty, "")), compared with \(version)"
      text += (differentFiles.isEmpty ? "" : ": " + differentFiles.joined(separator: ", ")) + "\n"
    }
    return text
  }
}

extension Workspace {
  /// The workspace with the settings that were in force when `job` was asked for.
  ///
  /// - Throws: `ConfigurationError` when the kept settings are no longer understood.
  public func asAsked(for job: Job, shouldStop: @escaping @Sendable () -> Bool) throws -> Workspace {
    if job.payload.configuration.isEmpty { return stopping(shouldStop) }
    var surroundings = surroundings
    surroundings.shouldStop = shouldStop
    // Where the data is may be a secret, which the ledger does not keep; it is the same for all jobs of a workspace.
    let source = ConfigurationOverride("source.path", settings.source.path, origin: "lathe.yaml")
    return try Workspace(folder: folder, surroundings: surroundings) { overrides in
      ConfigurationFile.Reading(
        effective: try Settings.load(job.payload.configuration, named: "settings of job \(job.id)", overrides: [source] + overrides))
    }
  }

  /// Does a job that has a verdict again, from its record alone, and compares what comes out: rows, policy, verdict, the version's bytes.
  ///
  /// To be asked of ``asAsked(for:shouldStop:)``. A search of parameters makes as many trials as then, however long they take.
  /// - Throws: ``ReproductionError``, what the rooms throw, what is wrong with the challenged version, `CancellationError`.
  public func reproduce(
    _ job: Job, policy: any ComparisonPolicy, progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
  ) throws -> Reproduction {
    let ledger = try ledger()
    let entries = try ledger.verdicts(limit: .max).filter { $0.record.job == job.id }
    guard let entry = entries.first(where: { $0.version != nil }) ?? entries.first, let kept = try ledger.verdict(entry.id) else {
      throw ReproductionError.noVerdict(job: job.id)
    }
    let recorded = try Ledger.value(Verdict.self, from: kept)
    let champion = try load(job.payload.champion)
    var plan = try trainingPlan(RetrainingRequest(asOf: job.payload.asOf, candidates: job.payload.candidates), champion: champion)
    plan.seed = job.payload.seed
    plan.tuning?.trialsMade = Dictionary(
      recorded.candidates.compactMap { figures in figures.tuning.map { (figures.name, $0.trials.count) } }, uniquingKeysWith: { $1 })
    let (trained, judgement) = try judged(plan, champion: champion, policy: policy) {
      progress(TrainingProgress($0.step, 0.9 * $0.share))
    }
    let verdict = try Ledger.asKept(judgement)
    var found = Reproduction(
      job: job.id, verdict: entry.id, recordedFingerprint: recorded.dataFingerprint, dataFingerprint: trained.scored.dataFingerprint,
      isSamePolicy: recorded.policy == verdict.policy, isSameVerdict: recorded.withoutTimes == verdict.withoutTimes)
    if let version = entry.version, try models.list().contains(version) {
      found.version = version
      found.differentFiles = try differentFiles(from: version, winner: recorded.winner, trained)
    }
    progress(TrainingProgress("done", 1))
    return found
  }

  /// Writes the model anew, beside the versions, and tells the files that are not as those of `version`.
  private func differentFiles(from version: String, winner: String?, _ trained: TrainedCandidates) throws -> [String] {
    let manifest = try models.manifest(of: version)
    guard let candidate = trained.plan.candidates.first(where: { $0.name == winner }) else { return manifest.files.map(\.name) }
    let context = FitContext(seed: trained.plan.seed, threads: trained.plan.threads, shouldStop: surroundings.shouldStop)
    let model = try trained.refitted(candidate, in: context).model
    let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-\(version)-\(ProcessInfo.processInfo.processIdentifier)")
      .path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = ModelStore(folder: folder)
    let made = try store.create(manifest.description, at: manifest.createdAt) { draft in try model.write(to: draft) }
    let digests = { (files: [ModelManifest.File]) in Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.sha256) }) }
    let (before, now) = (digests(manifest.files), digests(try store.manifest(of: made).files))
    return Set(before.keys).union(now.keys).filter { before[$0] != now[$0] }.sorted()
  }
}

extension Verdict {
  /// The verdict but for what differs from one run to the next: seconds, and bounds of time.
  fileprivate var withoutTimes: Verdict {
    var verdict = self
    verdict.plan.tuning?.trialsMade = nil
    verdict.champion = champion.withoutTimes
    verdict.candidates = candidates.map(\.withoutTimes)
    return verdict
  }
}

extension Verdict.Figures {
  fileprivate var withoutTimes: Self {
    var figures = self
    (figures.fitSeconds, figures.latencyMilliseconds) = (0, 0)
    figures.tuning?.ranOutOfTime = false
    return figures
  }
}

/// Why a job cannot be done again.
public enum ReproductionError: Error, Hashable, CustomStringConvertible {
  case noJob(Int64)
  case noVerdict(job: Int64)

  /// The message, with what to do.
  public var description: String {
    switch self {
    case .noJob(let job): "there is no job \(job); 'lathe jobs list' shows those that there are"
    case .noVerdict(let job): "job \(job) has come to no verdict, so there is nothing to compare with; 'lathe jobs show \(job)' tells why"
    }
  }
}
