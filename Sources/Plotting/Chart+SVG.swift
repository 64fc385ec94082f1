import Tabular

extension Chart {
  /// The chart as an SVG picture that stands for itself or within a page; the same bytes for the same chart.
  ///
  /// Of a series of more than 3,000 points so many are drawn, evenly spread over their order, and the note says so.
  /// - Parameters:
  ///   - width: Width in pixels; the picture shrinks with a narrower page.
  ///   - height: Height in pixels.
  public func svg(width: Double = 720, height: Double = 320) -> String {
    var svg = SVGText()
    svg.label(title, x: 8, y: 20, "head")
    let note = noteWithCuts
    if !note.isEmpty { svg.label(note, x: 8, y: 38, "soft") }
    var area = Area(left: 64, top: note.isEmpty ? 36 : 52, right: width - 16, bottom: height - 44)
    if showsLegend { area.top += 20 }
    guard let (xScale, yScale) = scales(xTicks: Int((area.right - area.left) / 90), yTicks: Int((area.bottom - area.top) / 44)) else {
      svg.label("nothing to show", x: width / 2, y: height / 2, "soft", anchor: "middle")
      return svg.document(width: width, height: height, title: title, note: note)
    }
    let place = { (x: Double, y: Double) -> (x: Double, y: Double)? in
      guard let across = xScale.place(x), let up = yScale.place(y) else { return nil }
      return (area.left + across * (area.right - area.left), area.bottom - up * (area.bottom - area.top))
    }
    drawAxes(xScale, yScale, area, into: &svg)
    if showsDiagonal {
      let ends = (max(xScale.lower, yScale.lower), min(xScale.upper, yScale.upper))
      if ends.0 < ends.1, let from = place(ends.0, ends.0), let to = place(ends.1, ends.1) { svg.line(from.x, from.y, to.x, to.y, "rule") }
    }
    for rule in rules {
      guard let at = place(xScale.lower, rule.value), area.top - 1 <= at.y, at.y <= area.bottom + 1 else { continue }
      svg.line(area.left, at.y, area.right, at.y, "rule")
      svg.label(rule.label, x: area.left + 6, y: at.y - 5, "soft")
    }
    for (position, series) in series.enumerated() { draw(series, position % SVGText.colorCount, place, into: &svg) }
    if showsLegend { drawLegend(y: area.top - 14, into: &svg) }
    return svg.document(width: width, height: height, title: title, note: note)
  }

  /// The part of the picture within the axes.
  private struct Area {
    var left, top, right, bottom: Double
  }

  private var showsLegend: Bool { series.count > 1 }

  private func drawAxes(_ xScale: Scale, _ yScale: Scale, _ area: Area, into svg: inout SVGText) {
    for tick in yScale.ticks {
      guard let up = yScale.place(tick.value) else { continue }
      let at = area.bottom - up * (area.bottom - area.top)
      svg.line(area.left, at, area.right, at, "grid")
      svg.label(tick.text, x: area.left - 8, y: at + 4, "soft", anchor: "end")
    }
    for tick in xScale.ticks {
      guard let across = xScale.place(tick.value) else { continue }
      let at = area.left + across * (area.right - area.left)
      svg.line(at, area.bottom, at, area.bottom + 5, "axis")
      // A label at the edge would be cut off.
      let half = Double(tick.text.displayWidth) * 3.5
      svg.label(tick.text, x: min(at, area.right + 12 - half), y: area.bottom + 18, "soft", anchor: "middle")
    }
    svg.line(area.left, area.bottom, area.right, area.bottom, "axis")
    svg.label(x.label, x: (area.left + area.right) / 2, y: area.bottom + 36, "soft", anchor: "middle")
    svg.label(y.label, x: 14, y: (area.top + area.bottom) / 2, "soft", anchor: "middle", rotated: true)
  }

  private func draw(_ series: Series, _ color: Int, _ place: (Double, Double) -> (x: Double, y: Double)?, into svg: inout SVGText) {
    let shown = shownPoints(of: series)
    for index in shown where !series.ranges.isEmpty {
      guard let range = series.ranges[index], let low = place(series.x[index], range.lowerBound),
        let high = place(series.x[index], range.upperBound)
      else { continue }
      svg.line(low.x, low.y, high.x, high.y, "r s\(color)")
    }
    if series.kind == .line {
      var path = ""
      var isOpen = false
      for index in shown {
        guard let at = place(series.x[index], series.y[index]) else {
          isOpen = false
          continue
        }
        path += "\(isOpen ? "L" : "M")\(number(at.x)) \(number(at.y))"
        isOpen = true
      }
      if !path.isEmpty { svg.add("path", [("d", path), ("class", "l s\(color)")]) }
    }
    let radius = series.kind == .line ? 3.5 : 2.5
    for index in shown where series.kind == .points || shown.count <= 100 {
      guard let at = place(series.x[index], series.y[index]) else { continue }
      let attributes = [
        ("cx", number(at.x)), ("cy", number(at.y)), ("r", number(radius)), ("class", series.kind == .points ? "p f\(color)" : "f\(color)"),
      ]
      if series.labels.isEmpty {
        svg.add("circle", attributes)
      } else {
        svg.add("circle", attributes, content: "<title>\(series.labels[index].escapedForMarkup)</title>")
      }
    }
  }

  private func drawLegend(y: Double, into svg: inout SVGText) {
    var x = 64.0
    for (position, series) in series.enumerated() {
      svg.add("circle", [("cx", number(x + 5)), ("cy", number(y - 4)), ("r", "5"), ("class", "f\(position % SVGText.colorCount)")])
      svg.label(series.name, x: x + 15, y: y, "soft")
      x += 36 + Double(series.name.displayWidth) * 7
    }
  }

  private static let mostPoints = 3000

  /// The points of a series that are drawn.
  private func shownPoints(of series: Series) -> [Int] {
    guard series.x.count > Self.mostPoints else { return Array(series.x.indices) }
    return (0..<Self.mostPoints).map { $0 * series.x.count / Self.mostPoints }
  }

  private var noteWithCuts: String {
    let cut = series.filter { $0.x.count > Self.mostPoints }.map {
      "\(written(Double(Self.mostPoints), decimals: 0)) of \(written(Double($0.x.count), decimals: 0)) \($0.name) drawn"
    }
    return ([note] + cut).filter { !$0.isEmpty }.joined(separator: "; ")
  }

  /// The scales around everything that is shown; `nil` when nothing is.
  func scales(xTicks: Int, yTicks: Int) -> (x: Scale, y: Scale)? {
    var (xs, ys): ([Double], [Double]) = ([], [])
    for series in series {
      for (across, up) in zip(series.x, series.y) where Scale.isShown(across, x.scale) && Scale.isShown(up, y.scale) {
        xs.append(across)
        ys.append(up)
      }
      for range in series.ranges { if let range { ys += [range.lowerBound, range.upperBound] } }
    }
    if xs.isEmpty { return nil }
    ys += rules.map(\.value)
    if showsDiagonal {
      let both = xs + ys
      (xs, ys) = (both, both)
    }
    guard let xScale = Scale(x, values: xs, tickCount: max(2, xTicks)), let yScale = Scale(y, values: ys, tickCount: max(2, yTicks)) else {
      return nil
    }
    return (xScale, yScale)
  }
}

extension BarChart {
  /// The chart as an SVG picture; its height follows the number of bars.
  public func svg(width: Double = 720) -> String {
    var svg = SVGText()
    svg.label(title, x: 8, y: 20, "head")
    if !note.isEmpty { svg.label(note, x: 8, y: 38, "soft") }
    let top = (note.isEmpty ? 36.0 : 54.0) + (rule == nil ? 0 : 16)
    let rowHeight = 24.0
    let names = bars.map { $0.name.truncated(toDisplayWidth: 32) }
    let left = 24 + Double(names.map(\.displayWidth).max() ?? 0) * 7
    let right = width - 24 - Double(bars.map { labelText($0).displayWidth }.max() ?? 0) * 7
    let bottom = top + Double(bars.count) * rowHeight
    let height = bottom + 44
    guard let scale, left + 40 < right else {
      svg.label("nothing to show", x: width / 2, y: top + 10, "soft", anchor: "middle")
      return svg.document(width: width, height: height, title: title, note: note)
    }
    let place = { (value: Double) in left + (scale.place(value) ?? 0) * (right - left) }
    for tick in scale.ticks {
      svg.line(place(tick.value), top, place(tick.value), bottom, "grid")
      svg.label(tick.text, x: place(tick.value), y: bottom + 16, "soft", anchor: "middle")
    }
    if let rule {
      svg.line(place(rule.value), top - 4, place(rule.value), bottom, "rule")
      svg.label(rule.label, x: place(rule.value), y: top - 8, "soft", anchor: "middle")
    }
    for (position, bar) in bars.enumerated() {
      let middle = top + (Double(position) + 0.5) * rowHeight
      svg.label(names[position], x: left - 8, y: middle + 4, "", anchor: "end")
      guard let value = bar.value, value.isFinite else {
        svg.label("–" + (bar.remark.isEmpty ? "" : "  \(bar.remark)"), x: left + 6, y: middle + 4, "soft")
        continue
      }
      let (from, to) = (min(place(0), place(value)), max(place(0), place(value)))
      svg.add(
        "rect",
        [("x", number(from)), ("y", number(middle - 8)), ("width", number(max(1, to - from))), ("height", "16"), ("class", "b f0")])
      if let range = bar.range { svg.line(place(range.lowerBound), middle, place(range.upperBound), middle, "axis") }
      let end = max(to, bar.range.map { place($0.upperBound) } ?? to)
      svg.label(labelText(bar), x: end + 6, y: middle + 4, "soft over")
    }
    svg.line(place(0), top, place(0), bottom, "axis")
    svg.label(unit, x: (left + right) / 2, y: bottom + 34, "soft", anchor: "middle")
    return svg.document(width: width, height: height, title: title, note: note)
  }

  /// The figure at the end of a bar, with its remark.
  func labelText(_ bar: Bar) -> String { (bar.value.map(brief) ?? "–") + (bar.remark.isEmpty ? "" : "  \(bar.remark)") }

  /// The scale of the lengths, from zero; `nil` when no bar has a value.
  var scale: Scale? {
    let values = bars.flatMap { bar in [bar.value, bar.range?.lowerBound, bar.range?.upperBound].compactMap { $0 } }.filter(\.isFinite)
    if values.isEmpty { return nil }
    return Scale(Axis(unit, includesZero: true), values: values + [0] + (rule.map { [$0.value] } ?? []), tickCount: 6)
  }
}
