import CKernels

/// Returns the median of `values`, of which there is at least one; see ``quantile(_:weights:share:)``.
func median(_ values: inout [Double], weights: [Double]? = nil) -> Double { quantile(&values, weights: weights, share: 0.5) }

/// Returns the value below which `share` of the weight lies; where that is between two values, their mean. Reorders the values.
///
/// Safe: the arrays are lent for the length of the call and have equal counts.
func quantile(_ values: inout [Double], weights: [Double]?, share: Double) -> Double {
  guard var masses = weights else { return lathe_quantile(&values, values.count, share) }
  var valueScratch = values
  var massScratch = masses
  lathe_sort_numbers(&values, &masses, values.count, &valueScratch, &massScratch)
  let aim = masses.reduce(0, +) * share
  var mass = 0.0
  for (place, value) in values.enumerated() {
    mass += masses[place]
    if mass > aim { return value }
    if mass == aim, place + 1 < values.count { return value / 2 + values[place + 1] / 2 }
  }
  return values[values.count - 1]
}
