import Foundation
import TestSupport
import Testing

/// Expects that a command ended with `code`, and that its remarks hold each of `words`.
func expect(
  _ outcome: CommandOutcome, ends code: Int32, saying words: String..., at location: SourceLocation = #_sourceLocation
) {
  #expect(outcome.exitCode == code, "\(outcome)", sourceLocation: location)
  for word in words { #expect(outcome.remarks.contains(word), "'\(word)' is not in:\n\(outcome)", sourceLocation: location) }
  expectHarmless(outcome, at: location)
}

/// Expects that nothing shown is a terminal's command, and that no message has the marks of a program that broke.
/// - Parameter isJSON: Whether programs read it: they get all texts as they are, with what JSON wants escaped.
func expectHarmless(_ outcome: CommandOutcome, isJSON: Bool = false, at location: SourceLocation = #_sourceLocation) {
  let shown = outcome.output + outcome.remarks
  let raw = shown.unicodeScalars.filter { scalar in
    let turns = (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    let isControl = scalar.properties.generalCategory == .control && !"\n\t".unicodeScalars.contains(scalar)
    return isJSON ? isControl && scalar.isASCII : isControl || turns
  }
  #expect(raw.isEmpty, "control characters \(raw) in:\n\(outcome)", sourceLocation: location)
  for mark in ["Fatal error", "NSCocoaErrorDomain", "Optional(", "Error Domain"] {
    #expect(!shown.contains(mark), "'\(mark)' in:\n\(outcome)", sourceLocation: location)
  }
}

extension Plant {
  /// Expects that the last cycle that was begun ended as `status` says, with `words` in what the ledger has as its failure.
  func expectLastCycle(_ status: String, saying words: String = "", at location: SourceLocation = #_sourceLocation) throws {
    let found = try ledger("SELECT status || ': ' || coalesce(failure, '') FROM cycles ORDER BY cycle_id DESC LIMIT 1")
    #expect(found.first?.hasPrefix(status + ": ") == true, "\(found)", sourceLocation: location)
    if !words.isEmpty { #expect(found.first?.contains(words) == true, "\(found)", sourceLocation: location) }
  }

  /// Expects that doctor finds nothing wrong but a disk that is small, and that nothing is left of writing that was not finished.
  /// - Parameter allowingLeftovers: Whether something may be left, as by a process that was killed.
  func expectSound(allowingLeftovers: Bool = false, at location: SourceLocation = #_sourceLocation) throws {
    let outcome = try lathe("doctor")
    let faults = outcome.output.split(separator: "\n").filter { !$0.hasPrefix("ok ") && !$0.hasPrefix("BAD disk") }
    #expect(faults.isEmpty, "\(outcome)", sourceLocation: location)
    #expect(outcome.output.contains("ok  ledger"), "\(outcome)", sourceLocation: location)
    if !allowingLeftovers { #expect(try state().leftovers == [], sourceLocation: location) }
  }

  /// The report of the latest cycle, read from its JSON file.
  func report() throws -> ReadReport {
    let id = try ledger("SELECT max(cycle_id) AS value FROM cycles")[0]
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(ReadReport.self, from: bytes("reports/cycle-\(id).json"))
  }
}

/// What the tests look at of a report.
struct ReadReport: Decodable {
  struct Alert: Decodable {
    var code, severity, message: String
    var item: String?
  }
  struct Sample: Decodable {
    var items: [String]
    var populationCount: Int
    var remarks: [String]
  }
  struct Metric: Decodable {
    var name: String
    var value: Double?
  }
  struct Measured: Decodable { var metrics: [Metric] }
  struct Decision: Decodable { var retrain: Bool }
  struct Trigger: Decodable { var decision: Decision }

  var alerts: [Alert]
  var sample: Sample
  var measured: Measured
  var trigger: Trigger

  /// The value of a metric, or `nil` when it was not measured.
  func value(_ name: String) -> Double? { measured.metrics.first { $0.name == name }?.value }

  /// The alerts with this code.
  func alerts(_ code: String) -> [Alert] { alerts.filter { $0.code == code } }
}
