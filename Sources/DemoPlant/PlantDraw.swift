import Tabular

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Random numbers by name: each depends on the seed and on what it is drawn for, not on what was drawn before.
///
/// That is what lets a plant of any size be made piece by piece, in any order, without keeping its items.
struct PlantDraw: Hashable, Sendable {
  let seed: UInt64

  /// What a number is drawn for. The raw values are part of every plant's data: they must not change.
  enum Purpose: UInt64 {
    case family = 1, familyFeature, familyMinutes, item, itemFeature, itemMinutes, resource, order, step, standard, dirt
  }

  func hash(_ purpose: Purpose, _ first: Int, _ second: Int = 0) -> UInt64 {
    let place = SeededGenerator.mixed(UInt64(bitPattern: Int64(first)) &* 0x9e37_79b9_7f4a_7c15 &+ purpose.rawValue)
    return SeededGenerator.mixed(seed ^ place ^ SeededGenerator.mixed(UInt64(bitPattern: Int64(second)) &+ 0x51_7cc1_b727_220a))
  }

  /// A number of 0..<1.
  func uniform(_ purpose: Purpose, _ first: Int, _ second: Int = 0) -> Double {
    Double(hash(purpose, first, second) >> 11) * 0x1p-53
  }

  /// A factor around 1 whose logarithm has the standard deviation `sigma`.
  func factor(_ sigma: Double, _ purpose: Purpose, _ first: Int, _ second: Int = 0) -> Double {
    var generator = generator(purpose, first, second)
    return generator.factor(sigma)
  }

  /// A generator for several numbers of one purpose.
  func generator(_ purpose: Purpose, _ first: Int, _ second: Int = 0) -> SeededGenerator {
    SeededGenerator(seed: hash(purpose, first, second))
  }
}

extension SeededGenerator {
  /// A number of the standard normal distribution. G. Box, M. Muller, "A note on the generation of random normal deviates", 1958.
  mutating func normal() -> Double {
    let radius = (-2 * log1p(-uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// A factor around 1 whose logarithm has the standard deviation `sigma`.
  mutating func factor(_ sigma: Double) -> Double { exp(sigma * normal()) }
}

/// `base` to the power of `exponent`.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

/// e to the power of `exponent`.
func exponential(_ exponent: Double) -> Double { exp(exponent) }
