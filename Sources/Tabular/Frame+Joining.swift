/// Which rows a join keeps.
public enum JoinKind: String, CaseIterable, Sendable {
  /// Those with a partner.
  case inner
  /// All of the left frame; without a partner the right columns are missing.
  case left
}

extension Frame {
  /// Returns each row of this frame beside each row of `other` that has the same values in the columns `names`.
  ///
  /// Rows come in this frame's order, partners in theirs. A missing key has no partner; keys must have one type in both. Columns of
  /// `other` that are not keys follow those of this frame, with `suffix` where the name is taken. O(rows of both + rows of the result).
  public func joined(
    _ other: Frame, on names: [String], kind: JoinKind = .inner, suffix: String = "_right"
  ) throws(FrameError) -> Frame {
    if names.isEmpty { throw .argument("a join needs at least one column to join on") }
    let (left, right) = try pairedRows(other, names, kind)
    var result = gathering(left)
    for (name, column) in zip(other.names, other.columns) where !names.contains(name) {
      let unique = self[name] == nil ? name : name + suffix
      if result[unique] != nil { throw .duplicateColumn(unique) }
      try result.set(unique, column.gathering(optional: right))
    }
    return result
  }

  private func pairedRows(_ other: Frame, _ names: [String], _ kind: JoinKind) throws(FrameError) -> (left: [Int], right: [Int?]) {
    var codes: DenseCodes?
    var isMissing = [Bool](repeating: false, count: rowCount + other.rowCount)
    for name in names {
      let (mine, theirs) = (try column(name), try other.column(name))
      guard mine.type == theirs.type else { throw .columnType(column: name, expected: mine.type.rawValue, got: theirs.type) }
      let both = try Column.concatenating([mine, theirs])
      let next = both.denseCodes(ordered: false)
      codes = codes?.combined(with: next) ?? next
      if both.missingCount > 0 { for row in isMissing.indices where both.isMissing(row) { isMissing[row] = true } }
    }
    guard let codes else { return ([], []) }
    // Partners of a code lie one behind the other: first[code], then next[row] until −1.
    var first = [Int](repeating: -1, count: codes.count)
    var next = [Int](repeating: -1, count: other.rowCount)
    for row in (0..<other.rowCount).reversed() where !isMissing[rowCount + row] {
      let code = Int(codes.codes[rowCount + row])
      next[row] = first[code]
      first[code] = row
    }
    var (left, right): ([Int], [Int?]) = ([], [])
    for row in 0..<rowCount {
      var partner = isMissing[row] ? -1 : first[Int(codes.codes[row])]
      if partner < 0, kind == .left {
        left.append(row)
        right.append(nil)
      }
      while partner >= 0 {
        left.append(row)
        right.append(partner)
        partner = next[partner]
      }
    }
    return (left, right)
  }
}
