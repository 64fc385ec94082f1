/// How a frame is laid out as text.
public struct FrameLayout: Hashable, Sendable {
  /// Rows shown; of a longer frame the first and the last ones, with the number of those between.
  public var rows: Int
  /// Cells of a line, or `nil` for as many as it takes; columns that do not fit are named below the table.
  public var width: Int?
  /// Cells of a text at most.
  public var textWidth: Int

  /// Makes a layout.
  public init(rows: Int = 20, width: Int? = nil, textWidth: Int = 40) {
    self.rows = rows
    self.width = width
    self.textWidth = textWidth
  }
}

extension Frame {
  /// Returns the frame as an aligned table: a line of names, then a line a row; numbers to the right with the same decimals a column,
  /// missing values as `–`.
  ///
  ///     part_type  minutes
  ///     O-ring        4.25
  ///     오링          12.5
  ///     … 340 more rows …
  /// Only the rows that are shown are looked at.
  public func rendered(_ layout: FrameLayout = FrameLayout()) -> String {
    if names.isEmpty { return rowCount == 1 ? "1 row without columns\n" : "\(rowCount) rows without columns\n" }
    let shown = Swift.max(1, layout.rows)
    let isCut = rowCount > shown
    let (head, tail) = isCut ? ((shown + 1) / 2, shown / 2) : (rowCount, 0)
    let rows = Array(0..<head) + Array(rowCount - tail..<rowCount)

    var lines = [String](repeating: "", count: rows.count + 1)
    var used = 0
    var hidden: [String] = []
    for (name, column) in zip(names, columns) {
      let cells =
        [name.escapedForTerminal.truncated(toDisplayWidth: layout.textWidth)]
        + column.texts(of: rows).map { $0.escapedForTerminal.truncated(toDisplayWidth: layout.textWidth) }
      let width = cells.reduce(0) { Swift.max($0, $1.displayWidth) }
      let gap = used == 0 ? 0 : 2
      if let limit = layout.width, used > 0, !hidden.isEmpty || used + gap + width > limit {
        hidden.append(name.escapedForTerminal)
        continue
      }
      for (line, cell) in cells.enumerated() {
        let padding = String(repeating: " ", count: width - cell.displayWidth)
        lines[line] += String(repeating: " ", count: gap) + (column.isRightAligned ? padding + cell : cell + padding)
      }
      used += gap + width
    }
    for line in lines.indices { while lines[line].last == " " { lines[line].removeLast() } }
    if isCut { lines.insert("… \(rowCount - head - tail) more rows …", at: 1 + head) }
    if rowCount == 0 { lines.append("(no rows)") }
    if !hidden.isEmpty {
      lines.append("… and \(hidden.count) more \(hidden.count == 1 ? "column" : "columns"): \(hidden.joined(separator: ", "))")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension Column {
  fileprivate var isRightAligned: Bool { type == .double || type == .integer }

  /// The values at `rows` as readers see them.
  fileprivate func texts(of rows: [Int]) -> [String] {
    var decimals: Int?
    if case .double(let values) = values { decimals = Self.decimals(for: rows.lazy.filter { !self.isMissing($0) }.map { values[$0] }) }
    return rows.map { row in
      switch self[row] {
      case .missing: "–"
      case .double(let value): decimals.map { value.fixed(decimals: $0) } ?? value.shown
      case .integer(let value): "\(value)"
      case .bool(let value): "\(value)"
      case .text(let value): value
      case .timestamp(let value): value.description
      }
    }
  }

  /// The fewest decimals, at most 4, that show all numbers exactly or to 4 places; `nil` where some are too small or large for that.
  private static func decimals(for numbers: some Sequence<Double>) -> Int? {
    var decimals = 0
    for number in numbers where number.isFinite && number != 0 {
      let size = Swift.abs(number)
      if size < 1e-3 || size >= 1e12 { return nil }
      var scale = [1.0, 10, 100, 1000, 10_000][decimals]
      while decimals < 4, (size * scale).rounded() / scale != size {
        decimals += 1
        scale *= 10
      }
    }
    return decimals
  }
}

extension Double {
  /// The number with so many decimals, 0…4, rounded half away from zero; its size must be below 1e12.
  fileprivate func fixed(decimals: Int) -> String {
    guard isFinite else { return shown }
    let scale: Int64 = [1, 10, 100, 1000, 10_000][decimals]
    let scaled = Int64((magnitude * Double(scale)).rounded())
    let sign = self < 0 && scaled > 0 ? "-" : ""
    if decimals == 0 { return sign + "\(scaled)" }
    let fraction = String(scaled % scale)
    return sign + "\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
