import Tabular

/// A way to cut rows into parts to learn from and parts to be judged by.
public enum Split: Hashable, Sendable {
  /// Every row is judged once, rows dealt out at random.
  case kFold(Int)
  /// Every row is judged once, and the rows of a group (an item) are never on both sides.
  case grouped(Int)
  /// Every row is judged once, and each part has small and large values of the first target in about equal shares.
  case stratified(Int)
  /// Rows known after an instant, in so many consecutive blocks of time of about equal size; each is judged by what was learnt from all
  /// rows known before its first. With `nil` the first block's share of rows is learnt from before the first block.
  case forward(Int, since: Double?)
  /// Folds made by hand. No row is judged twice, and none is learnt from in the fold that judges it; rows that no fold judges are allowed.
  case given([Fold])

  /// One part: rows to learn from and rows to be judged by, each ascending.
  public struct Fold: Hashable, Sendable {
    /// Rows to learn from.
    public var training: [Int]
    /// Rows to be judged by.
    public var test: [Int]

    /// Makes a fold of its rows.
    public init(training: [Int], test: [Int]) {
      self.training = training
      self.test = test
    }
  }

  /// Folds of the rows that each is judged by, which are those of `rowCount`; all other rows of a fold are learnt from.
  public static func given(tests: [[Int]], rowCount: Int) -> Split {
    .given(
      tests.map { test in
        let judged = Set(test)
        return Fold(training: (0..<rowCount).filter { !judged.contains($0) }, test: test)
      })
  }

  /// The folds of `data`; the same for the same seed. Throws when one of them would be empty, or was given rows that are not there.
  public func folds(of data: Dataset, seed: UInt64) throws(LearningError) -> [Fold] {
    var random = SeededGenerator(seed: seed, stream: "split")
    switch self {
    case .given(let folds):
      try Self.check(folds, rowCount: data.rowCount)
      return folds.map { Fold(training: $0.training.sorted(), test: $0.test.sorted()) }
    case .kFold(let count):
      try check(count, data.rowCount, "rows")
      let order = (0..<data.rowCount).shuffled(using: &random)
      return Self.folds(count, of: data.rowCount, numbers: Self.dealt(order, count))
    case .stratified(let count):
      try check(count, data.rowCount, "rows")
      // Neighbours by target are dealt to different folds, in random order.
      let sorted = (0..<data.rowCount).sorted { (data.targets[0][$0], $0) < (data.targets[0][$1], $1) }
      var numbers = Array(repeating: 0, count: data.rowCount)
      for start in stride(from: 0, to: sorted.count, by: count) {
        for (row, fold) in zip(sorted[start..<min(start + count, sorted.count)], (0..<count).shuffled(using: &random)) {
          numbers[row] = fold
        }
      }
      return Self.folds(count, of: data.rowCount, numbers: numbers)
    case .grouped(let count):
      guard let groups = data.groups else { throw .data("grouped folds need groups: what belongs together must be told for each row") }
      var sizes: [Int: Int] = [:]
      for group in groups { sizes[group, default: 0] += 1 }
      try check(count, sizes.count, "groups")
      // The largest group first, each to the fold that is the smallest so far.
      let order = sizes.keys.sorted().shuffled(using: &random).enumerated().sorted {
        (-(sizes[$0.element] ?? 0), $0.offset) < (-(sizes[$1.element] ?? 0), $1.offset)
      }
      var taken = Array(repeating: 0, count: count)
      var foldOfGroup: [Int: Int] = [:]
      for (_, group) in order {
        let fold = taken.indices.min { (taken[$0], $0) < (taken[$1], $1) } ?? 0
        foldOfGroup[group] = fold
        taken[fold] += sizes[group] ?? 0
      }
      return Self.folds(count, of: data.rowCount, numbers: groups.map { foldOfGroup[$0] ?? 0 })
    case .forward(let count, let since):
      guard let times = data.times else { throw .data("forward blocks need times: when each row was known must be told") }
      let order = (0..<data.rowCount).sorted { (times[$0], $0) < (times[$1], $1) }
      guard count >= 1 else { throw .parameter("forward blocks must be an integer ≥ 1, got \(count)") }
      let first = since.map { since in order.firstIndex { times[$0] > since } ?? order.count } ?? order.count / (count + 1)
      try check(count, order.count - first, "rows after the first block's start", least: 1)
      var edges = (0...count).map { first + $0 * (order.count - first) / count }
      // Rows of one instant stay together: an edge moves back to the first of them.
      for edge in 1..<max(1, count) {
        while edges[edge] > edges[edge - 1], times[order[edges[edge]]] == times[order[edges[edge] - 1]] { edges[edge] -= 1 }
      }
      return try (0..<count).map { block throws(LearningError) in
        let test = order[edges[block]..<edges[block + 1]]
        guard let start = test.first.map({ times[$0] }) else {
          throw .data("block \(block + 1) of \(count) is empty: too many rows have one time")
        }
        let training = order[..<edges[block]].filter { times[$0] < start }
        if training.isEmpty { throw .data("no row is known before block \(block + 1) of \(count)") }
        return Fold(training: training.sorted(), test: test.sorted())
      }
    }
  }

  /// The same for the rows at `rows` alone: rows of given folds are called by their new places, and folds without any are left out.
  func selecting(rows: [Int]) -> Split {
    guard case .given(let folds) = self else { return self }
    let places = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
    let moved = folds.map { fold in
      Fold(training: fold.training.compactMap { places[$0] }, test: fold.test.compactMap { places[$0] })
    }
    return .given(moved.filter { !$0.training.isEmpty && !$0.test.isEmpty })
  }

  /// Refuses folds that judge nothing, learn nothing, or say more about a row than is true. Rows are told from 1.
  private static func check(_ folds: [Fold], rowCount: Int) throws(LearningError) {
    guard !folds.isEmpty else { throw .data("there is no fold: at least one row must be judged") }
    var foldOfRow = Array(repeating: 0, count: rowCount)
    for (number, fold) in folds.enumerated() {
      func refuse(_ rows: [Int]) throws(LearningError) {
        if let row = rows.first(where: { !(0..<rowCount).contains($0) }) {
          throw .data("fold \(number + 1) has row \(row + 1), which is none of the \(counted(rowCount, "row"))")
        }
      }
      guard !fold.test.isEmpty else { throw .data("fold \(number + 1) is empty: it has no row to be judged") }
      guard !fold.training.isEmpty else { throw .data("fold \(number + 1) has no row to learn from") }
      try refuse(fold.test)
      try refuse(fold.training)
      for row in fold.test {
        let earlier = foldOfRow[row]
        guard earlier == 0 else {
          throw .data(
            earlier == number + 1
              ? "fold \(number + 1) has row \(row + 1) twice" : "row \(row + 1) is judged by fold \(earlier) and by fold \(number + 1)")
        }
        foldOfRow[row] = number + 1
      }
      var isLearnt = Array(repeating: false, count: rowCount)
      for row in fold.training {
        if foldOfRow[row] == number + 1 { throw .data("fold \(number + 1) learns from row \(row + 1), by which it is judged") }
        if isLearnt[row] { throw .data("fold \(number + 1) learns from row \(row + 1) twice") }
        isLearnt[row] = true
      }
    }
  }

  private func check(_ count: Int, _ available: Int, _ what: String, least: Int = 2) throws(LearningError) {
    guard count >= least else { throw .parameter("the number of folds must be an integer ≥ \(least), got \(count)") }
    guard count <= available else {
      let advice = available < least ? "there is too little to cut" : "use at most \(available) folds"
      throw .data("\(count) folds of \(available) \(what): \(advice)")
    }
  }

  private static func dealt(_ order: [Int], _ count: Int) -> [Int] {
    var numbers = Array(repeating: 0, count: order.count)
    for (position, row) in order.enumerated() { numbers[row] = position % count }
    return numbers
  }

  private static func folds(_ count: Int, of rows: Int, numbers: [Int]) -> [Fold] {
    (0..<count).map { fold in
      Fold(training: (0..<rows).filter { numbers[$0] != fold }, test: (0..<rows).filter { numbers[$0] == fold })
    }
  }
}
