/// `count` numbers of 0..<1 from Knuth's 64-bit linear congruence, which a line of NumPy repeats:
/// `s = (s*6364136223846793005 + 1442695040888963407) % 2**64; (s >> 11) * 2.0**-53`.
func congruence(_ count: Int, seed: UInt64) -> [Double] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(state >> 11) * 0x1p-53
  }
}

/// Whether two numbers agree to `digits` of their size: both sides sum in another order.
func agrees(_ value: Double?, _ expected: Double, relative: Double = 1e-12) -> Bool {
  value.map { abs($0 - expected) <= relative * max(1, abs(expected)) } ?? false
}
