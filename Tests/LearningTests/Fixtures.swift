import CKernels
import Foundation
import Learning
import Tabular

/// What `body` throws, in words.
func message(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "nothing was refused"
  } catch { return "\(error)" }
}

/// Calls `body` for each kind of CPU that this machine can be, while kernels keep to it. Only those of this thread do: what `body`
/// measures must work on one thread.
func onEachCPU(_ body: (lathe_cpu) throws -> Void) rethrows {
  defer { lathe_use_cpu(LATHE_AVX512) }
  for cpu in [LATHE_BASELINE, LATHE_AVX2, LATHE_AVX512] where cpu.rawValue <= lathe_best_cpu().rawValue {
    lathe_use_cpu(cpu)
    try body(cpu)
  }
}

/// The sections of a model, without a name before theirs.
func sectionBytes(of model: some Model) -> [UInt8] {
  var file = ModelWriter()
  model.write(to: &file)
  return file.bytes()
}

/// Numbers of −1…1.
func numbers(_ count: Int, _ generator: inout SeededGenerator) -> [Double] {
  (0..<count).map { _ in generator.uniform() * 2 - 1 }
}

/// Rows whose target is 3 × the first feature plus an effect of a level, in groups of four, one a second.
func madeRows(_ count: Int, seed: UInt64 = 5, noise: Double = 0.1) throws -> Dataset {
  var random = SeededGenerator(seed: seed)
  let first = (0..<count).map { _ in random.uniform() * 10 }
  let second = (0..<count).map { _ in random.uniform() }
  let codes = (0..<count).map { _ in Int32(random.integer(below: 3)) }
  let target = (0..<count).map { 3 * first[$0] + [0, 10, 20][Int(codes[$0])] + noise * (random.uniform() - 0.5) }
  return try Dataset(
    features: FeatureTable([
      .init("first", .numeric(first)), .init("second", .numeric(second)), .init("level", .categorical(codes, levels: ["a", "b", "c"])),
    ]), targets: [target], groups: (0..<count).map { $0 / 4 }, times: (0..<count).map(Double.init))
}

/// Rows with numbers, levels, missing values, two outputs and, if asked for, weights 0…3.
func linearRows(_ seed: UInt64, rows: Int = 60, weights: Bool = false) throws -> Dataset {
  var generator = SeededGenerator(seed: seed)
  let a = numbers(rows, &generator).map { $0 > 0.8 ? .nan : $0 * 10 }
  let b = numbers(rows, &generator)
  let codes = (0..<rows).map { _ in Int32(generator.integer(below: 4)) - 1 }
  let noise = numbers(rows, &generator)
  let y = (0..<rows).map { row -> Double in
    let first: Double = a[row].isNaN ? 2 : a[row]
    return 3 + first - 5 * b[row] + Double(codes[row]) * 4 + noise[row]
  }
  let z = (0..<rows).map { 1000 + b[$0] * noise[$0] }
  return try Dataset(
    features: try FeatureTable([
      .init("a", .numeric(a)), .init("b", .numeric(b)), .init("c", .categorical(codes, levels: ["x", "y", "z"])),
    ]), targets: [y, z], weights: weights ? (0..<rows).map { _ in Double(generator.integer(below: 4)) } : nil)
}

/// Two numbers, one with gaps, and levels; two positive skewed targets that depend on them.
func skewedRows(_ count: Int, seed: UInt64 = 5, weights: Bool = false, groups: Bool = false) throws -> Dataset {
  var generator = SeededGenerator(seed: seed)
  var (a, b, c): ([Double], [Double], [Int32]) = ([], [], [])
  var targets: [[Double]] = [[], []]
  for _ in 0..<count {
    let (x, y, level) = (generator.uniform() * 2 - 1, generator.uniform() * 2 - 1, generator.integer(below: 4))
    a.append(x)
    b.append(generator.uniform() < 0.1 ? .nan : y)
    c.append(Int32(level) - (level == 3 ? 4 : 0))
    targets[0].append(exp(x + 0.5 * y * y + 0.3 * Double(level)))
    targets[1].append(exp(1 - x * y))
  }
  return try Dataset(
    features: FeatureTable([
      .init("a", .numeric(a)), .init("b", .numeric(b)), .init("c", .categorical(c, levels: ["p", "q", "r"])),
    ]), targets: targets, weights: weights ? (0..<count).map { Double($0 % 4) } : nil, groups: groups ? (0..<count).map { $0 / 3 } : nil)
}
