import DataAccess
import Foundation
import Processes
import Tabular

/// Runs a program with `input` on its standard input, and waits; `nil` when it ended with status 0, else what went wrong. What it writes is
/// read and dropped, but the beginning of its errors; when its time is up, it and all that it has started are killed.
func runCommand(
  _ program: String, _ arguments: [String], input: [UInt8], environment: [String: String], timeoutSeconds: Double
) -> String? {
  guard let path = executable(program, environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin") else {
    return "there is no program '\(program)' that can be run"
  }
  let child: ChildProcess
  do throws(DataAccessError) {
    child = try ChildProcess(executable: path, arguments: arguments, environment: environment)
  } catch { return "\(error)" }
  let end = ProcessInfo.processInfo.systemUptime + timeoutSeconds
  var rest = input[...]
  var said: [UInt8] = []
  var streams = [child.output, child.errors]
  var buffer = [UInt8](repeating: 0, count: 4096)
  while !child.hasEnded() {
    let left = end - ProcessInfo.processInfo.systemUptime
    guard left > 0 else {
      _ = child.reap()
      return "it was killed after \(timeoutSeconds) seconds"
    }
    child.wait(seconds: min(left, 0.05), streams: streams, hasInput: !rest.isEmpty)
    child.write(&rest)
    if rest.isEmpty { child.closeInput() }
    for stream in streams {
      guard let bytes = child.read(stream, into: &buffer) else {
        streams.removeAll { $0 == stream }
        continue
      }
      if stream == child.errors, said.count < 500 { said += bytes.prefix(500 - said.count) }
    }
  }
  if let bytes = child.read(child.errors, into: &buffer), said.count < 500 { said += bytes.prefix(500 - said.count) }
  let words = String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines).escapedForTerminal
  switch child.reap() {
  case .exited(0): return nil
  case .exited(let status): return "it ended with status \(status)" + (words.isEmpty ? "" : ": \(words)")
  case .signaled(let signal): return "it was ended by signal \(signal)" + (words.isEmpty ? "" : ": \(words)")
  }
}

/// The file of a program, as a shell would find it.
private func executable(_ program: String, _ path: String) -> String? {
  let places = program.contains("/") ? [program] : path.split(separator: ":").map { "\($0)/\(program)" }
  return places.first { FileManager.default.isExecutableFile(atPath: $0) }
}
