#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Seeded samples of rows, without replacement: which rows, ascending.
///
/// The same seed and the same rows in the same order give the same sample. Databases deliver rows in any order, so callers bring them
/// into the order of their key's bytes first; then every database gives the same sample.
public enum Sampling {
  /// `size` rows of `0..<population`, all as likely; all of them when there are not more. O(size), in memory and time.
  public static func uniform(population: Int, size: Int, seed: UInt64) throws(FrameError) -> [Int] {
    try check(size)
    var generator = SeededGenerator(seed: seed, stream: "sample.uniform")
    return uniform(population: population, size: size, &generator)
  }

  /// About `size / rows` of each stratum, a stratum being the rows with one value of `strata`; missing values are one too.
  ///
  /// Places go by largest remainder (equal remainders to the stratum first in order of value), but each stratum gets one as long as
  /// there are no more strata than places, from the strata furthest over their share; with more strata than places the largest get
  /// one each. O(rows).
  public static func stratified(by strata: Column, size: Int, seed: UInt64) throws(FrameError) -> [Int] {
    try check(size)
    let codes = strata.denseCodes(ordered: true)
    var rows = [[Int]](repeating: [], count: codes.count)
    for (row, code) in codes.codes.enumerated() { rows[Int(code)].append(row) }
    var generator = SeededGenerator(seed: seed, stream: "sample.stratified")
    var sample: [Int] = []
    for (stratum, places) in zip(rows, allocation(of: size, to: rows.map(\.count))) {
      sample += uniform(population: stratum.count, size: places, &generator).map { stratum[$0] }
    }
    return sample.sorted()
  }

  /// `size` rows, each drawn with a chance in proportion to its weight among those not drawn yet; rows of weight zero never. Weights
  /// must be finite and not negative. O(rows + size · log size · log(rows / size)).
  ///
  /// P. Efraimidis, P. Spirakis, "Weighted random sampling with a reservoir", 2006, algorithm A-ExpJ: rows have keys −ln(u) / weight,
  /// the smallest make the sample; how much weight passes before a row gets in is drawn at once, so most rows cost an addition.
  public static func weighted(_ weights: [Double], size: Int, seed: UInt64) throws(FrameError) -> [Int] {
    try check(size)
    if let row = weights.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
      throw .argument("weight of row \(row) must be a number ≥ 0, got \(weights[row])")
    }
    if size == 0 { return [] }
    var generator = SeededGenerator(seed: seed, stream: "sample.weighted")
    var chosen = LargestKeyFirst()
    var row = 0
    while row < weights.count, chosen.count < size {
      if weights[row] > 0 { chosen.insert(generator.exponential() / weights[row], row) }
      row += 1
    }
    while row < weights.count {
      // Each unit of weight lets a row in at the rate of the largest key so far: the wait is exponential. Every key is above 0, but for
      // a chance of 2⁻⁵³ and weights next to infinity; then nobody gets in any more.
      var wait = generator.exponential() / chosen.largest
      while row < weights.count, weights[row] <= 0 || weights[row] < wait {
        wait -= weights[row]
        row += 1
      }
      if row == weights.count { break }
      // The key of a row that is known to get in: exponential, below the largest.
      let chance = -expm1(-weights[row] * chosen.largest)
      chosen.replaceLargest(-log1p(-generator.uniform() * chance) / weights[row], row)
      row += 1
    }
    return chosen.rows.sorted()
  }

  /// Places for each stratum of `sizes`, together `min(size, rows)`; see ``stratified(by:size:seed:)``.
  static func allocation(of size: Int, to sizes: [Int]) -> [Int] {
    let population = sizes.reduce(0, +)
    if size >= population { return sizes }
    if size < sizes.count {
      let largest = Set(sizes.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }.prefix(size))
      return sizes.indices.map { largest.contains($0) ? 1 : 0 }
    }
    // Whole numbers throughout: quota = size × stratum ÷ population, its remainder in units of 1 ÷ population.
    var places = sizes.map { size * $0 / population }
    let remainders = sizes.map { size * $0 % population }
    let open = size - places.reduce(0, +)
    for stratum in sizes.indices.sorted(by: { (remainders[$1], $0) < (remainders[$0], $1) }).prefix(open) { places[stratum] += 1 }
    for empty in places.indices where places[empty] == 0 {
      func excess(_ stratum: Int) -> Int { places[stratum] * population - size * sizes[stratum] }
      var giver: Int?
      for stratum in places.indices where places[stratum] > 1 && (giver.map { excess(stratum) > excess($0) } ?? true) { giver = stratum }
      guard let giver else { break }
      places[giver] -= 1
      places[empty] = 1
    }
    return places
  }

  /// R. Floyd's algorithm (J. Bentley, "Programming pearls: a sample of brilliance", 1987): no list of the population is made.
  private static func uniform(population: Int, size: Int, _ generator: inout SeededGenerator) -> [Int] {
    if size >= population { return Array(0..<Swift.max(0, population)) }
    var chosen = Set<Int>(minimumCapacity: size)
    for last in population - size..<population {
      let row = generator.integer(below: last + 1)
      chosen.insert(chosen.contains(row) ? last : row)
    }
    return chosen.sorted()
  }

  private static func check(_ size: Int) throws(FrameError) {
    guard size >= 0 else { throw .argument("sample size must be ≥ 0, got \(size)") }
  }
}

/// Rows with keys, the largest at hand: a binary heap.
private struct LargestKeyFirst {
  private var keys: [Double] = []
  private(set) var rows: [Int] = []

  var count: Int { keys.count }
  /// There must be a row.
  var largest: Double { keys[0] }

  mutating func insert(_ key: Double, _ row: Int) {
    keys.append(key)
    rows.append(row)
    var position = keys.count - 1
    while position > 0, keys[(position - 1) / 2] < key {
      keys.swapAt(position, (position - 1) / 2)
      rows.swapAt(position, (position - 1) / 2)
      position = (position - 1) / 2
    }
  }

  mutating func replaceLargest(_ key: Double, _ row: Int) {
    var position = 0
    while 2 * position + 1 < keys.count {
      var child = 2 * position + 1
      if child + 1 < keys.count, keys[child + 1] > keys[child] { child += 1 }
      guard keys[child] > key else { break }
      keys[position] = keys[child]
      rows[position] = rows[child]
      position = child
    }
    keys[position] = key
    rows[position] = row
  }
}

extension SeededGenerator {
  /// A number of the exponential distribution of mean 1.
  fileprivate mutating func exponential() -> Double { -log1p(-uniform()) }
}

/// A uniform sample of a stream whose length is not known: at any time all elements so far are as likely to be in it.
///
/// J. Vitter, "Random sampling with a reservoir", 1985, Algorithm R. The same seed and stream give the same sample.
public struct Reservoir<Element: Sendable>: Sendable {
  /// The most elements kept.
  public let capacity: Int
  /// Number of elements seen.
  public private(set) var seen = 0
  /// The sample, in order of arrival.
  public var elements: [Element] { kept.sorted { $0.arrival < $1.arrival }.map(\.element) }
  private var kept: [(arrival: Int, element: Element)] = []
  private var generator: SeededGenerator

  /// Makes a reservoir for at most `capacity` elements.
  public init(capacity: Int, seed: UInt64) throws(FrameError) {
    guard capacity >= 0 else { throw .argument("sample size must be ≥ 0, got \(capacity)") }
    self.capacity = capacity
    generator = SeededGenerator(seed: seed, stream: "sample.reservoir")
  }

  /// Sees one more element, and returns the one that is not kept for it: another, this one, or none while there is room. O(1).
  @discardableResult
  public mutating func add(_ element: Element) -> Element? {
    defer { seen += 1 }
    if kept.count < capacity {
      kept.append((seen, element))
      return nil
    }
    guard capacity > 0 else { return element }
    let place = generator.integer(below: seen + 1)
    guard place < capacity else { return element }
    defer { kept[place] = (seen, element) }
    return kept[place].element
  }
}
