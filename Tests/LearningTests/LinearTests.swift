import Foundation
import Learning
import Tabular
import Testing

@Suite("Linear models")
struct LinearTests {
  /// Intercept and coefficients by Gauss's elimination on the normal equations with a column of ones.
  private func slowRidge(_ data: Dataset, without left: Int? = nil, alpha: Double) throws -> [[Double]] {
    let matrix = try DenseEncoder(fitting: data.features, weights: data.weights).encode(data.features)
    let count = matrix.columnCount + 1
    var system = [[Double]](repeating: Array(repeating: 0, count: count + data.targets.count), count: count)
    for row in 0..<data.rowCount where row != left {
      let x = [1] + matrix.row(row).map { Double($0) } + data.targets.map { $0[row] }
      for i in 0..<count { for j in x.indices { system[i][j] += (data.weights?[row] ?? 1) * x[i] * x[j] } }
    }
    for i in 1..<count { system[i][i] += alpha }
    for pivot in 0..<count {
      let best = try #require((pivot..<count).max { abs(system[$0][pivot]) < abs(system[$1][pivot]) })
      system.swapAt(pivot, best)
      for row in 0..<count where row != pivot {
        let factor = system[row][pivot] / system[pivot][pivot]
        for column in system[row].indices { system[row][column] -= factor * system[pivot][column] }
      }
    }
    return data.targets.indices.map { output in (0..<count).map { system[$0][count + output] / system[$0][$0] } }
  }

  @Test("ridge solves what a plain elimination solves", arguments: 0..<6 as Range<UInt64>)
  func direct(seed: UInt64) throws {
    let data = try linearRows(seed, weights: seed % 2 == 1)
    let alpha = [0.01, 1, 30][Int(seed) % 3]
    let model = try RidgeRegressor(alpha: alpha).fit(data, in: FitContext())
    let slow = try slowRidge(data, alpha: alpha)
    for output in 0..<2 {
      let fast = [model.intercepts[output]] + model.coefficients(output: output).map(\.perDeviation)
      // Both in double precision; the elimination is not centred, and loses four digits to the mean of 1,000.
      for (a, b) in zip(fast, slow[output]) { #expect(abs(a - b) < 1e-8 * max(1, abs(b))) }
    }
  }

  @Test("ridge_cv's errors are those of leaving each row out in turn", arguments: 0..<4 as Range<UInt64>)
  func leaveOneOut(seed: UInt64) throws {
    let data = try linearRows(seed, rows: 25, weights: seed % 2 == 1)
    let model = try RidgeCVRegressor(alphas: [0.5, 5]).fit(data, in: FitContext())
    let matrix = try DenseEncoder(fitting: data.features, weights: data.weights).encode(data.features)
    for (alpha, errors) in zip([0.5, 5], model.report.leaveOneOutErrors) {
      var sums = [0.0, 0.0]
      var total = 0.0
      for row in 0..<data.rowCount {
        let weight = data.weights?[row] ?? 1
        let fit = try slowRidge(data, without: row, alpha: alpha)
        for output in 0..<2 {
          let x = [1] + matrix.row(row).map { Double($0) }
          let error = data.targets[output][row] - zip(x, fit[output]).reduce(0) { $0 + $1.0 * $1.1 }
          sums[output] += weight * error * error
        }
        total += weight
      }
      for output in 0..<2 {
        let slow = (sums[output] / total).squareRoot()
        #expect(abs(try #require(errors)[output] / slow - 1) < 1e-7)
      }
    }
  }

  @Test("elastic_net's answer meets the conditions of the minimum, at every share of the two penalties", arguments: [0, 0.3, 1])
  func optimality(ratio: Double) throws {
    let data = try linearRows(7, weights: true)
    let alpha = 0.2
    let model = try ElasticNetRegressor(alpha: alpha, l1Ratio: ratio, tolerance: 1e-13, maxIterations: 100_000).fit(data, in: FitContext())
    #expect(model.report.hasConverged)
    let matrix = try DenseEncoder(fitting: data.features, weights: data.weights).encode(data.features)
    let weights = try #require(data.weights)
    let total = weights.reduce(0, +)
    let predictions = try model.predict(data.features)
    for output in 0..<2 {
      let residuals = zip(data.targets[output], predictions[output]).map { $0 - $1 }
      #expect(abs(zip(weights, residuals).reduce(0) { $0 + $1.0 * $1.1 }) / total < 1e-9, "the intercept is free")
      for (column, coefficient) in model.coefficients(output: output).enumerated() {
        let b = coefficient.perDeviation
        let slope = (0..<data.rowCount).reduce(0) { $0 + weights[$1] * Double(matrix[$1, column]) * residuals[$1] } / total
        let rest = slope - alpha * (1 - ratio) * b
        // A gap of 1e-13 of the sum of squares leaves slopes about its root away from the exact ones.
        if b == 0 {
          #expect(abs(rest) <= alpha * ratio + 1e-5)
        } else {
          #expect(abs(rest - (b < 0 ? -1 : 1) * alpha * ratio) < 1e-5)
        }
      }
    }
  }

  @Test("A fit that does not converge says so, and more rounds mend it")
  func convergence() throws {
    let data = try linearRows(3)
    let short = try ElasticNetRegressor(alpha: 1e-4, tolerance: 1e-12, maxIterations: 1).fit(data, in: FitContext())
    #expect(!short.report.hasConverged && short.report.iterations == [1, 1] && short.report.dualityGaps.contains { $0 > 1e-12 })
    let reread = try LinearModel(from: try ModelReader(sectionBytes(of: short), name: "m.bin"))
    #expect(!reread.report.hasConverged)
    let long = try ElasticNetRegressor(alpha: 1e-4, tolerance: 1e-12, maxIterations: 100_000).fit(data, in: FitContext())
    #expect(long.report.hasConverged && long.report.iterations.allSatisfy { $0 > 1 })
  }

  @Test("A weight counts like as many rows, and 0 like none, whatever the weights' unit", arguments: ["ridge", "elastic_net"])
  func weights(name: String) throws {
    let data = try linearRows(11, weights: true)
    let weights = try #require(data.weights)
    let repeated = weights.indices.flatMap { Array(repeating: $0, count: Int(weights[$0])) }
    let plain = try Dataset(
      features: data.features.selecting(rows: repeated), targets: data.targets.map { target in repeated.map { target[$0] } })
    // What has no weight may be anything.
    var targets = data.targets
    for row in weights.indices where weights[row] == 0 { targets[0][row] = 1e308 }
    let unit = 0x1p300
    let huge = try Dataset(features: data.features, targets: targets, weights: weights.map { $0 * unit })
    func fit(_ data: Dataset, unit: Double) throws -> LinearModel {
      name == "ridge"
        ? try RidgeRegressor(alpha: 2 * unit).fit(data, in: FitContext())
        : try ElasticNetRegressor(alpha: 0.05, tolerance: 1e-13, maxIterations: 10000).fit(data, in: FitContext())
    }
    let one = try fit(data, unit: 1).predict(data.features)
    for other in [try fit(plain, unit: 1), try fit(huge, unit: unit)] {
      for (a, b) in zip(one, try other.predict(data.features)) {
        // Features are rounded to Float after sums in another order.
        for (left, right) in zip(a, b) { #expect(abs(left - right) < 2e-5 * max(1, abs(left))) }
      }
    }
  }

  @Test("One thread and two give the same bytes and predictions, a row alone the same bits")
  func threads() throws {
    let data = try linearRows(5, rows: 9000, weights: true)
    let estimators: [any Estimator] = [
      RidgeRegressor(), RidgeCVRegressor(), try ElasticNetRegressor(alpha: 0.01),
    ]
    for estimator in estimators {
      let one = try estimator.fitted(data, in: FitContext(threads: 1))
      let two = try estimator.fitted(data, in: FitContext(threads: 2))
      #expect(sectionBytes(of: one) == sectionBytes(of: two))
      let all = try one.predict(data.features, threads: 1)
      #expect(try two.predict(data.features, threads: 2) == all)
      for row in [0, 8191, 8192, 8999] {
        #expect(try one.predict(data.features.selecting(rows: [row])) == all.map { [$0[row]] })
      }
    }
  }
}
