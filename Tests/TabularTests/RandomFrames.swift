import Tabular

/// A frame with a column of every type, few different values and, in all but `id`, some missing ones.
func randomFrame(rows: Int, seed: UInt64) throws -> Frame {
  var generator = SeededGenerator(seed: seed, stream: "frame")
  func cells(_ make: (inout SeededGenerator) -> Cell) -> [Cell] {
    (0..<rows).map { _ in generator.uniform() < 0.15 ? .missing : make(&generator) }
  }
  let texts = ["", "A", "a", "AB", "é", "e\u{301}", "오링", "z"]
  return try Frame([
    ("id", Column((0..<rows).map { Int64($0) })),
    ("text", Column(cells { .text(texts[$0.integer(below: texts.count)]) }, as: .text)),
    ("whole", Column(cells { .integer([Int64.min, -3, 0, 7, .max][$0.integer(below: 5)]) }, as: .integer)),
    (
      "number",
      Column(cells { .double([-Double.infinity, -2.5, -0.0, 0.0, 1e-300, 3, .infinity, .nan][$0.integer(below: 8)]) }, as: .double)
    ),
    ("flag", Column(cells { .bool($0.uniform() < 0.5) }, as: .bool)),
    ("time", Column(cells { .timestamp(Timestamp(microseconds: Int64($0.integer(below: 4)) - 2)) }, as: .timestamp)),
  ])
}

/// Whether the first cell comes before the second: the order that the documentation promises, spelt out.
func precedes(_ left: Cell, _ right: Cell) -> Bool {
  switch (left, right) {
  case (.missing, _): false
  case (_, .missing): true
  case (.double(let left), .double(let right)): left < right || !left.isNaN && right.isNaN
  case (.integer(let left), .integer(let right)): left < right
  case (.bool(let left), .bool(let right)): !left && right
  case (.text(let left), .text(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
  case (.timestamp(let left), .timestamp(let right)): left < right
  default: false
  }
}

/// Whether neither comes before the other: −0 and 0 are the same, and so is every NaN.
func same(_ left: Cell, _ right: Cell) -> Bool { !precedes(left, right) && !precedes(right, left) }
