import Plotting
import Tabular

/// Lays the facts out as lines of a terminal.
struct MonitorPage {
  let facts: MonitorFacts
  let width: Int, height: Int
  let usesColor: Bool
  /// Whether it fills the screen, and says how it ends.
  var isLive = true

  /// The least size that everything has a place on.
  static let leastWidth = 60, leastHeight = 15

  /// At most `height` lines of at most `width` cells.
  var lines: [String] {
    guard width >= Self.leastWidth, height >= Self.leastHeight else {
      return ["\(Self.leastWidth) × \(Self.leastHeight) cells are needed, this terminal has \(width) × \(height)"].map(cut)
        + [cut("q ends")].prefix(max(0, height - 1))
    }
    let head = [bold(spread("lathe monitor  \(facts.workspace)", clock(facts.at)))] + champion + [""]
    let work = section("jobs") + jobs + [""] + section("cycles") + cycles
    let next = facts.nextCycle.map { "next cycle \(clock($0))" } ?? ""
    let foot = [isLive ? dim(spread("q ends", next)) : cut(next)]
    var alerts = [""] + section("alerts") + self.alerts
    let room = height - head.count - work.count - foot.count
    if alerts.count > room {
      let hidden = alerts.count - max(0, room - 1)
      alerts = Array(alerts.prefix(max(0, room - 1))) + [dim(cut("  and \(hidden) more: lathe alerts list --open"))]
    }
    var page = Array((head + work + alerts).prefix(height - foot.count))
    page += Array(repeating: "", count: isLive ? height - foot.count - page.count : 1)
    return page + foot
  }

  private var champion: [String] {
    guard let version = facts.champion else { return [cut("no version serves yet: lathe train --baseline")] }
    return [cut("\(version) serves" + (facts.servesSince.map { " since \(clock($0))" } ?? ""))]
  }

  private var jobs: [String] {
    let order = ["running", "pending", "deferred", "succeeded", "skipped", "failed", "cancelled"]
    let counts = order.compactMap { status in facts.jobs[status].map { "\($0) \(status)" } }
    var lines = [cut("  " + (counts.isEmpty ? "none yet" : counts.joined(separator: "   ")))]
    for job in facts.running.prefix(2) {
      let share = min(1, max(0, job.percent / 100))
      let cells = 20
      let filled = Int(share * Double(cells))
      let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: cells - filled)
      let times = [job.elapsedSeconds.map { "\(duration($0)) so far" }, job.remainingSeconds.map { "\(duration($0)) left" }].compactMap {
        $0
      }
      lines.append(cut("  job \(job.id) \(bar) \(Int(job.percent)) %  \(times.joined(separator: ", "))"))
      lines.append(cut("    \(job.step.isEmpty ? job.kind : job.step)"))
    }
    if facts.running.count > 2 { lines.append(cut("  and \(facts.running.count - 2) more that run")) }
    return lines
  }

  private var cycles: [String] {
    let latest = facts.latest.map { [cut("  \($0)")] } ?? ["  none yet: lathe cycle"]
    guard !facts.cycles.isEmpty else { return latest }
    let shown = facts.cycles.suffix(width - 40)
    func line(_ name: String, _ values: [Double?], _ digits: Int) -> String {
      let last = values.last.flatMap { $0 }.map { rounded($0, digits) } ?? "–"
      return cut("  \(name.padded(to: 14)) \(sparkline(values)) \(last)")
    }
    let marks = String(shown.map { $0.retrained ? "▲" : " " })
    return latest + [line("trim_mae", shown.map(\.trimMAE), 3), line("process_match", shown.map(\.processMatch), 3)]
      + (marks.contains("▲") ? [dim(cut("  \("retraining".padded(to: 14)) \(marks)"))] : [])
  }

  private var alerts: [String] {
    var lines = facts.alerts.map { alert in
      let mark = alert.severity == "critical" ? "!!" : alert.severity == "warning" ? "! " : "  "
      let line = cut("\(mark)\(alert.id) \(alert.code)\(alert.about.isEmpty ? "" : " " + alert.about): \(alert.message)")
      return alert.severity == "critical" ? colored(line, 31) : alert.severity == "warning" ? colored(line, 33) : line
    }
    if lines.isEmpty { lines = ["  none open"] }
    if facts.failedMessages > 0 || facts.waitingMessages > 0 {
      lines.append(cut("  messages: \(facts.waitingMessages) waiting, \(facts.failedMessages) given up"))
    }
    return lines
  }

  private func section(_ name: String) -> [String] { [bold(name)] }

  private func cut(_ text: String) -> String { text.escapedForTerminal.truncated(toDisplayWidth: width) }

  /// Two texts at the two ends of a line; the first gives way.
  private func spread(_ left: String, _ right: String) -> String {
    let left = left.escapedForTerminal.truncated(toDisplayWidth: max(0, width - right.displayWidth - 2))
    return left + String(repeating: " ", count: max(1, width - left.displayWidth - right.displayWidth)) + right
  }

  private func bold(_ text: String) -> String { styled(text, "1") }
  private func dim(_ text: String) -> String { styled(text, "2") }
  private func colored(_ text: String, _ color: Int) -> String { styled(text, "\(color)") }
  private func styled(_ text: String, _ code: String) -> String { usesColor && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }

  private func clock(_ instant: Timestamp) -> String { String("\(instant)".prefix(16)).replacing("T", with: " ") }

  private func duration(_ seconds: Double) -> String {
    let whole = Int(max(0, seconds).rounded())
    return whole < 90 ? "\(whole) s" : whole < 5400 ? "\(whole / 60) min" : "\(whole / 3600) h \(whole / 60 % 60) min"
  }

  private func rounded(_ value: Double, _ digits: Int) -> String {
    guard abs(value) < 1e9 else { return "\(value)" }
    let scale = [1.0, 10, 100, 1000][digits]
    return "\((value * scale).rounded() / scale)"
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - displayWidth)) }
}
