/// A field of dots that characters show: two across and four down to a cell (Unicode's Braille patterns).
struct Canvas {
  private let columns, rows: Int
  private var dots: [UInt8]
  private var colors: [Int?]

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    dots = Array(repeating: 0, count: columns * rows)
    colors = Array(repeating: nil, count: columns * rows)
  }

  /// Sets a dot; outside of the field nothing happens. The last coloured dot of a cell gives it its colour.
  mutating func dot(_ x: Int, _ y: Int, color: Int?) {
    guard (0..<columns * 2).contains(x), (0..<rows * 4).contains(y) else { return }
    let cell = y / 4 * columns + x / 2
    let bits: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
    dots[cell] |= bits[x % 2][y % 4]
    if let color { colors[cell] = color }
  }

  /// Sets the dots from one to another, or only every so many of them.
  mutating func line(_ from: (x: Int, y: Int), _ to: (x: Int, y: Int), color: Int?, every: Int = 1) {
    let steps = max(abs(to.x - from.x), abs(to.y - from.y))
    for step in stride(from: 0, through: steps, by: every) {
      let share = steps == 0 ? 0 : Double(step) / Double(steps)
      dot(
        from.x + Int((Double(to.x - from.x) * share).rounded()), from.y + Int((Double(to.y - from.y) * share).rounded()), color: color)
    }
  }

  /// The rows as text.
  func lines(usesColor: Bool) -> [String] {
    (0..<rows).map { row in
      var line = ""
      for column in 0..<columns {
        let cell = row * columns + column
        let character = dots[cell] == 0 ? " " : String(Character(Unicode.Scalar(0x2800 + UInt32(dots[cell])) ?? " "))
        line += Self.colored(character, usesColor && dots[cell] != 0 ? colors[cell] : nil)
      }
      return line
    }
  }

  /// A text in the colour of a series, by the terminal's own palette.
  static func colored(_ text: String, _ color: Int?) -> String {
    guard let color else { return text }
    return "\u{1B}[\([34, 33, 32, 35, 36, 31][color % 6])m\(text)\u{1B}[0m"
  }
}
