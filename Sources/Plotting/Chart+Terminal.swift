import Tabular

extension Chart {
  /// The chart in characters: points as Braille dots, two by four to a cell, with axes and legend.
  ///
  /// - Parameters:
  ///   - width: Cells a line has, at least 40.
  ///   - height: Lines of the picture within the axes, at least 4.
  ///   - usesColor: Whether series are told apart by colour too.
  public func text(width: Int = 80, height: Int = 15, usesColor: Bool = false) -> String {
    let height = max(4, height)
    var lines = heading(title, note)
    guard let (xScale, yScale) = scales(xTicks: max(2, width / 14), yTicks: max(2, height / 3)) else {
      return (lines + ["(nothing to show)"]).joined(separator: "\n") + "\n"
    }
    let margin = yScale.ticks.map(\.text.displayWidth).max() ?? 0
    let columns = max(20, max(40, width) - margin - 2)
    var canvas = Canvas(columns: columns, rows: height)
    let place = { (x: Double, y: Double) -> (x: Int, y: Int)? in
      guard let across = xScale.place(x), let up = yScale.place(y), (0...1).contains(across), (0...1).contains(up) else { return nil }
      return (Int((across * Double(columns * 2 - 1)).rounded()), Int(((1 - up) * Double(height * 4 - 1)).rounded()))
    }
    for rule in rules {
      guard let at = place(xScale.lower, rule.value) else { continue }
      for x in stride(from: 0, to: columns * 2, by: 4) { canvas.dot(x, at.y, color: nil) }
    }
    if showsDiagonal {
      let (low, high) = (max(xScale.lower, yScale.lower), min(xScale.upper, yScale.upper))
      if let from = place(low, low), let to = place(high, high) { canvas.line(from, to, color: nil, every: 3) }
    }
    for (position, series) in series.enumerated() {
      var last: (x: Int, y: Int)?
      for (x, y) in zip(series.x, series.y) {
        let at = place(x, y)
        if let at {
          if series.kind == .line, let last { canvas.line(last, at, color: position) } else { canvas.dot(at.x, at.y, color: position) }
        }
        last = at
      }
    }
    // A tick's label stands on the line that its value lies in.
    var labels: [Int: String] = [:]
    for tick in yScale.ticks { if let up = yScale.place(tick.value) { labels[Int((1 - up) * Double(height * 4 - 1)) / 4] = tick.text } }
    for (row, cells) in canvas.lines(usesColor: usesColor).enumerated() {
      let label = labels[row] ?? ""
      lines.append(String(repeating: " ", count: margin - label.displayWidth) + label + (label.isEmpty ? " │" : " ┤") + cells)
    }
    lines.append(String(repeating: " ", count: margin) + " └" + String(repeating: "─", count: columns))
    lines.append(String(repeating: " ", count: margin + 2) + tickLine(xScale, columns))
    lines.append(
      String(repeating: " ", count: margin + 2) + "\(x.label) · \(y.label)".escapedForTerminal
        + (legend(usesColor).map { "   " + $0 } ?? ""))
    for rule in rules {
      lines.append(String(repeating: " ", count: margin + 2) + "⋯ \(rule.label) \(brief(rule.value))".escapedForTerminal)
    }
    return lines.map { line in line.trimmingTrailingBlanks }.joined(separator: "\n") + "\n"
  }

  private func legend(_ usesColor: Bool) -> String? {
    guard series.count > 1 else { return nil }
    return series.enumerated().map { position, series in
      Canvas.colored("●", usesColor ? position : nil) + " " + series.name.escapedForTerminal
    }
    .joined(separator: "  ")
  }

  /// The labels of the horizontal axis, each in the middle under its place, as many as fit.
  private func tickLine(_ scale: Scale, _ columns: Int) -> String {
    var line = ""
    for tick in scale.ticks {
      guard let across = scale.place(tick.value) else { continue }
      let width = tick.text.displayWidth
      let start = min(columns - width, max(0, Int(across * Double(columns - 1)) - width / 2))
      if start < line.displayWidth + (line.isEmpty ? 0 : 2) { continue }
      line += String(repeating: " ", count: start - line.displayWidth) + tick.text
    }
    return line
  }
}

extension BarChart {
  /// The chart in characters, a line a bar; a range stands behind its bar in figures.
  ///
  /// - Parameters:
  ///   - width: Cells a line has, at least 40.
  ///   - usesColor: Whether the bars are coloured.
  public func text(width: Int = 80, usesColor: Bool = false) -> String {
    var lines = heading(title, note)
    let names = bars.map { $0.name.escapedForTerminal.truncated(toDisplayWidth: 24) }
    let margin = names.map(\.displayWidth).max() ?? 0
    let label = bars.map { rangedLabel($0).displayWidth }.max() ?? 0
    let columns = max(10, max(40, width) - margin - label - 4)
    guard let scale, let zero = scale.place(0) else { return (lines + ["(nothing to show)"]).joined(separator: "\n") + "\n" }
    for (bar, name) in zip(bars, names) {
      let head = name + String(repeating: " ", count: margin - name.displayWidth) + " "
      guard let value = bar.value, value.isFinite, let end = scale.place(value) else {
        lines.append(head + "–" + (bar.remark.isEmpty ? "" : "  \(bar.remark.escapedForTerminal)"))
        continue
      }
      let (from, to) = (min(zero, end) * Double(columns), max(zero, end) * Double(columns))
      let drawn = Self.blocks(from: from, to: to)
      lines.append(head + Canvas.colored(drawn, usesColor ? 0 : nil) + " " + rangedLabel(bar).escapedForTerminal)
    }
    lines.append(
      String(repeating: " ", count: margin + 1) + (unit + (rule.map { "; \($0.label) \(brief($0.value))" } ?? "")).escapedForTerminal)
    return lines.map(\.trimmingTrailingBlanks).joined(separator: "\n") + "\n"
  }

  private func rangedLabel(_ bar: Bar) -> String {
    labelText(bar) + (bar.range.map { "  \(brief($0.lowerBound)) … \(brief($0.upperBound))" } ?? "")
  }

  /// Blanks up to `from`, then a bar up to `to`, in eighths of a cell at its end.
  private static func blocks(from: Double, to: Double) -> String {
    let eighths: [String] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let start = Int(from)
    let length = max(to - Double(start), 0.125)
    return String(repeating: " ", count: start) + String(repeating: "█", count: Int(length))
      + eighths[Int((length - length.rounded(.down)) * 8)]
  }
}

/// The lines above a picture.
private func heading(_ title: String, _ note: String) -> [String] {
  [title, note].filter { !$0.isEmpty }.map(\.escapedForTerminal)
}

extension String {
  fileprivate var trimmingTrailingBlanks: String {
    var text = self[...]
    while text.last == " " || text.last == "\u{2800}" { text.removeLast() }
    return String(text)
  }
}
