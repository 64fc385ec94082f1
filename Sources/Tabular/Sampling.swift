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
  /// must be finite and not negative. O(rows).
  ///
  /// P. Efraimidis, P. Spirakis, "Weighted random sampling with a reservoir", 2006: rows have keys −ln(u) / weight, the smallest make
  /// the sample. Which keys are too large to be among them is mostly told without a logarithm.
  public static func weighted(_ weights: [Double], size: Int, seed: UInt64) throws(FrameError) -> [Int] {
    try check(size)
    // As bits, negative ones and those that are no numbers are greater than all others.
    if weights.reduce(0, { Swift.max($0, $1.bitPattern) }) > Double.greatestFiniteMagnitude.bitPattern,
      let row = weights.firstIndex(where: { !($0 >= 0 && $0.isFinite) })
    {
      throw .argument("weight of row \(row) must be a number ≥ 0, got \(weights[row])")
    }
    if size == 0 { return [] }
    var (bound, factor) = (keyBound(of: weights, size), 2.0)
    while true {
      let (keys, rows) = keys(of: weights, upTo: bound, seed)
      if keys.count < size, bound < .infinity {
        bound *= factor
        factor *= factor
        continue
      }
      if keys.count <= size { return rows }
      var ordered = keys
      let largest = ordered.withUnsafeMutableBufferPointer { buffer in
        select(size - 1, in: buffer)
        return buffer[size - 1]
      }
      // Of rows with the largest key, the first.
      var open = size - keys.count { $0 < largest }
      return zip(keys, rows).compactMap { key, row in
        if key < largest { return row }
        if key > largest || open == 0 { return nil }
        open -= 1
        return row
      }
    }
  }

  /// A bound that somewhat more than `size` keys are likely to be below; how good it is changes no sample.
  private static func keyBound(of weights: [Double], _ size: Int) -> Double {
    let count = min(1024, weights.count)
    let some = (0..<count).map { weights[$0 * weights.count / count] }.filter { $0 > 0 }
    let scale = Double(weights.count) / Double(max(1, count))
    let goal = Double(size) * 1.2 + 64
    guard goal < 0.8 * Double(some.count) * scale else { return .infinity }
    // How many keys lie below a bound is concave in it: Newton's steps come from below and never go beyond.
    var bound = goal / (scale * some.reduce(0, +))
    for _ in 0..<20 {
      var (below, slope) = (0.0, 0.0)
      for weight in some {
        let above = exp(-weight * bound)
        below += 1 - above
        slope += weight * above
      }
      if below * scale >= goal * 0.98 { break }
      bound += (goal / scale - below) / slope
    }
    return bound > 0 ? bound : .infinity
  }

  /// The keys that are at most `bound`, and their rows.
  private static func keys(of weights: [Double], upTo bound: Double, _ seed: UInt64) -> (keys: [Double], rows: [Int]) {
    var generator = SeededGenerator(seed: seed, stream: "sample.weighted")
    var (keys, rows): ([Double], [Int]) = ([], [])
    for (row, weight) in weights.enumerated() {
      let draw = generator.uniform()
      // −ln(1 − draw) ≥ draw.
      guard draw <= weight * bound, weight > 0 else { continue }
      let key = -log1p(-draw) / weight
      guard key <= bound else { continue }
      keys.append(key)
      rows.append(row)
    }
    return (keys, rows)
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
