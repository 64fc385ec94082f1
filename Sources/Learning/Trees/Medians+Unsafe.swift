import CKernels

/// Returns a median of `values`, of which there is at least one: where half of the weight is below a value and half above, the mean of
/// the two. Reorders them.
func median(_ values: inout [Double], weights: [Double]? = nil) -> Double {
  guard let weights else { return lathe_median(&values, values.count) }
  return quantile(values, weights: weights, share: 0.5)
}

/// Returns the value below which `share` of the weight lies; where it is at an edge between two, their mean.
///
/// Safe: the arrays are lent for the length of the call and have equal counts.
func quantile(_ values: [Double], weights: [Double]?, share: Double) -> Double {
  var keys = values
  var masses = weights ?? Array(repeating: 1, count: values.count)
  var keyScratch = keys
  var massScratch = masses
  lathe_sort_numbers(&keys, &masses, keys.count, &keyScratch, &massScratch)
  let aim = masses.reduce(0, +) * share
  var mass = 0.0
  for (place, key) in keys.enumerated() {
    mass += masses[place]
    if mass > aim { return key }
    if mass == aim, place + 1 < keys.count { return key / 2 + keys[place + 1] / 2 }
  }
  return keys[keys.count - 1]
}
