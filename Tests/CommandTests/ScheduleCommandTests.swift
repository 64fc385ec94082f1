import Foundation
import Tabular
import TestSupport
import Testing

@Suite("The schedule on the command line")
struct ScheduleCommandTests {
  @Test("tells when cycles are due, and refuses what never is, at its place in the settings")
  func next() throws {
    let plant = try Plant()
    let nightly = ["--set", "schedule.cron=30 2 * * *", "--set", "schedule.timezone=Asia/Seoul"]
    let lines = try plant.lathe(nightly + ["schedule", "next", "--count", "3"]).output.split(separator: "\n")
    #expect(lines.count == 3 && lines.allSatisfy { $0.hasSuffix("T17:30:00Z") }, "\(lines)")
    expect(
      try plant.lathe("--set", "schedule.cron=61 * * * *", "schedule", "next"), ends: 2, saying: "minute must be 0–59, got '61'")
    expect(
      try plant.lathe("--set", "schedule.timezone=Asia/Seol", "config", "check"), ends: 2, saying: "did you mean 'Asia/Seoul'?")
    expect(try plant.lathe("schedule", "next", "--count", "0"), ends: 2, saying: "--count must be 1…1000, got 0")
    expect(try plant.lathe("schedule", "list"), ends: 0, saying: "nothing ran yet")
  }

  @Test("runs a cycle now, and the job that it asks for")
  func now() throws {
    let plant = try Plant()
    let outcome = try plant.lathe(
      "--set", "training.candidates=[ridge]", "--set", "trigger.parameters={codes: [NO_ACTUAL_DATA]}", "schedule", "now")
    expect(outcome, ends: 0)
    #expect(outcome.output.contains("cycle 1: ") && outcome.output.contains("training job 1 is pending"), "\(outcome)")
    #expect(outcome.output.contains("job 1 is "))
  }

  @Test("runs until it is told to stop, in one process a workspace, and begins again where it ended")
  func alone() throws {
    let plant = try Plant()
    let first = try plant.start(["schedule", "--no-worker"])
    let isWatching = try first.wait { _ in try plant.lathe("schedule", "list").output.contains("armed") }
    #expect(isWatching)
    expect(try plant.lathe("schedule"), ends: 1, saying: "is running the schedule already")
    first.send(SIGTERM)
    let outcome = first.outcome()
    #expect(outcome.exitCode == 130, "\(outcome)")
    expect(try plant.lathe("schedule", "list"), ends: 0)
    #expect(try plant.lathe("schedule", "list").output.contains("armed"))
  }

  private static let analyze = "/usr/bin/systemd-analyze"

  @Test(
    "systemd's units are what systemd accepts",
    .enabled(if: FileManager.default.isExecutableFile(atPath: analyze), "systemd-analyze is not installed here"))
  func units() throws {
    let folder = try BuiltProgram().repository.appending(path: "config/systemd").path
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
      // The program and the workspace of the examples are not on this machine.
      let place = try TemporaryFolder()
      for unit in try FileManager.default.contentsOfDirectory(atPath: folder) {
        let here = try String(contentsOfFile: folder + "/" + unit, encoding: .utf8)
          .replacingOccurrences(of: "/usr/local/bin/lathe", with: "/bin/true").replacingOccurrences(of: "/srv/lathe", with: "/tmp")
          .replacingOccurrences(of: "User=lathe\n", with: "")
        try Data(here.utf8).write(to: URL(filePath: place.path(unit)))
      }
      let outcome = try Command(
        URL(filePath: Self.analyze), ["verify", "--man=no", place.path(name)], in: place.path, environment: ["PATH": "/usr/bin:/bin"]
      ).run()
      #expect(outcome.exitCode == 0, "\(name): \(outcome)\n\(text)")
    }
  }
}
