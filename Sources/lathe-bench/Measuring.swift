import Foundation

/// One task as one implementation did it.
struct Timing: Encodable {
  /// What was done, by whom, and on how many things.
  var task, implementation: String
  var size: Int
  var threads = 1
  /// Seconds of the rounds.
  var median, min, max: Double
  /// The process's largest memory so far, bytes.
  var peakMemory: Int
  /// What shows that the task was done, and how well.
  var quality: [String: Double] = [:]
}

/// What must hold of two timings of one run, or of one alone.
struct Target: Encodable {
  /// The task, and what it is held against: another implementation's seconds, or a number of seconds.
  var task: String
  var peer: String?
  /// Least ratio of the peer's seconds to Lathe's; or most seconds, when there is no peer.
  var atLeast: Double?
  var atMostSeconds: Double?
  /// What came of it; `nil` when it was not measured.
  var value: Double?
  var isMet: Bool {
    guard let value else { return false }
    return atLeast.map { value >= $0 } ?? atMostSeconds.map { value <= $0 } ?? false
  }
}

/// Measures tasks and tells of them.
struct Bench {
  let name: String
  let options: BenchOptions
  private(set) var timings: [Timing] = []

  init(_ name: String, _ options: BenchOptions) {
    self.name = name
    self.options = options
  }

  /// Runs `implementations` of a task in turn, round by round, so that a machine that slows down slows all of them.
  ///
  /// - Parameters:
  ///   - threads: How many Lathe has; a peer has one.
  ///   - implementations: Each gives what shows that it did the task.
  ///   - rounds: How often; `nil`: as the options say.
  mutating func measure(
    _ task: String, size: Int, threads: Int = 1, _ implementations: [(name: String, body: () throws -> [String: Double])],
    rounds: Int? = nil
  ) throws {
    guard options.includes(task) else { return }
    var seconds = [[Double]](repeating: [], count: implementations.count)
    var qualities = [[String: Double]](repeating: [:], count: implementations.count)
    for _ in 0..<Swift.max(1, rounds ?? options.rounds) {
      for (index, implementation) in implementations.enumerated() {
        let start = DispatchTime.now()
        qualities[index] = try implementation.body()
        seconds[index].append(Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9)
      }
    }
    for (index, implementation) in implementations.enumerated() {
      let sorted = seconds[index].sorted()
      let timing = Timing(
        task: task, implementation: implementation.name, size: size, threads: implementation.name == "lathe" ? threads : 1,
        median: sorted[sorted.count / 2], min: sorted[0],
        max: sorted[sorted.count - 1], peakMemory: peakMemory(), quality: qualities[index])
      timings.append(timing)
      emit(timing)
    }
  }

  /// Holds what was measured against `targets`, tells, and throws when one is missed and that is asked for.
  func finish(_ targets: [Target]) throws {
    var targets = targets.filter { target in timings.contains { $0.task == target.task } }
    for index in targets.indices {
      let seconds = { (name: String) in timings.first { $0.task == targets[index].task && $0.implementation == name }?.median }
      guard let own = seconds("lathe") else { continue }
      targets[index].value = if let peer = targets[index].peer { seconds(peer).map { $0 / own } } else { own }
    }
    let met = targets.count { $0.isMet }
    if !options.jsonOnly {
      print("")
      for timing in timings {
        print(
          "\(padded(timing.task, 22)) \(padded(timing.implementation, 14)) \(padded(String(timing.size), 10)) \(shown(timing.median)) s  "
            + "(\(shown(timing.min)) … \(shown(timing.max)))  \(timing.peakMemory >> 20) MB")
      }
      for target in targets {
        let words = target.peer.map { "at least \(shown(target.atLeast ?? 0)) × \($0)" } ?? "at most \(shown(target.atMostSeconds ?? 0)) s"
        print("\(target.isMet ? "met   " : "MISSED") \(padded(target.task, 22)) \(words): \(target.value.map(shown) ?? "not measured")")
      }
      print("\(name): \(met) of \(targets.count) targets met")
    }
    if options.check, met < targets.count { throw CleanFailure() }
  }

  private func emit(_ timing: Timing) {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = .sortedKeys
    // Numbers and texts can always be encoded.
    if let line = try? encoder.encode(timing) { print(String(decoding: line, as: UTF8.self)) }
    // A reader follows line by line, also through a pipe.
    fflush(nil)
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text.padding(toLength: Swift.max(width, text.count), withPad: " ", startingAt: 0)
  }
  private func shown(_ value: Double) -> String {
    value >= 100 ? String(Int(value.rounded())) : String((value * 10_000).rounded() / 10_000)
  }
}

/// A target was missed, which has been told already.
struct CleanFailure: Error, CustomStringConvertible {
  let description = "a target was missed"
}

/// The process's largest memory so far, bytes.
private func peakMemory() -> Int {
  var usage = rusage()
  getrusage(RUSAGE_SELF.rawValue, &usage)
  return usage.ru_maxrss << 10
}
