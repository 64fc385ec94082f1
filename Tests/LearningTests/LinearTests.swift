import Foundation
import Learning
import Tabular
import Testing

/// The diamonds of ggplot2, which are not part of the repository: in the folder that LATHE_SHARED names, else in `shared` beside the
/// checkout or beside its parent.
enum Diamonds {
  static let path: String? = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let given = ProcessInfo.processInfo.environment["LATHE_SHARED"].map { [URL(filePath: $0)] }
    let folders = given ?? [root.appending(path: "../shared"), root.appending(path: "../../shared")]
    return folders.map { $0.appending(path: "data/diamonds.csv").standardizedFileURL.path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }()

  /// Every `step`-th row; the targets are the price and, if asked for, its logarithm, the weights 0.5, 1.5, 2.5 in turn.
  static func rows(weights: Bool = false, every step: Int = 1, logarithm: Bool = false) throws -> Dataset {
    let (features, price) = try all.get()
    let rows = Array(stride(from: 0, to: price.count, by: step))
    let chosen = rows.map { price[$0] }
    return try Dataset(
      features: step == 1 ? features : features.selecting(rows: rows), targets: logarithm ? [chosen, chosen.map { log($0) }] : [chosen],
      weights: weights ? rows.indices.map { 0.5 + Double($0 % 3) } : nil)
  }

  private static let all = Result { try read() }

  private static func read() throws -> (FeatureTable, [Double]) {
    let text = try String(contentsOfFile: try #require(path), encoding: .utf8)
    let lines = text.components(separatedBy: "\n").filter { !$0.isEmpty }.map { $0.components(separatedBy: ",") }
    func column(_ name: String) throws -> [String] {
      let place = try #require(lines[0].firstIndex(of: name))
      return lines.dropFirst().map { $0[place] }
    }
    func numbers(_ name: String) throws -> [Double] {
      let values = try column(name).compactMap(Double.init)
      try #require(values.count == lines.count - 1)
      return values
    }
    var columns = try ["carat", "depth", "table", "x", "y", "z"].map { FeatureTable.Column($0, .numeric(try numbers($0))) }
    for name in ["cut", "color", "clarity"] {
      let values = try column(name)
      let levels = Set(values).sorted()
      let places = Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, Int32($0)) })
      columns.append(.init(name, .categorical(values.compactMap { places[$0] }, levels: levels)))
    }
    return (try FeatureTable(columns), try numbers("price"))
  }
}

private func message(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "nothing was refused"
  } catch { return "\(error)" }
}

private func bytes(_ model: some Model) -> [UInt8] {
  var file = ModelWriter()
  model.write(to: &file)
  return file.bytes()
}

/// A column a number a row; rows by `SeededGenerator`.
private func numbers(_ count: Int, _ generator: inout SeededGenerator) -> [Double] {
  (0..<count).map { _ in generator.uniform() * 2 - 1 }
}

/// scikit-learn 1.9.1 on StandardScaler (with the rows' weights) for numbers and all levels one-hot, double precision.
///
/// Features are `Float` here, off by up to 6e-8 of a standard deviation each. The dimensions and the weight of diamonds depend on each
/// other so closely (their least eigenvalue is a hundredth of the greatest) that coefficients of thousands move by less than 0.01.
@Suite("Linear models against scikit-learn", .enabled(if: Diamonds.path != nil, "data/diamonds.csv is not here"))
struct LinearReferenceTests {
  private func expect(
    _ model: LinearModel, output: Int = 0, _ reference: [String: Double], predictions: [Double], tolerance: Double, in data: Dataset
  ) throws {
    let found = Dictionary(uniqueKeysWithValues: model.coefficients(output: output).map { ($0.column, $0.perDeviation) })
    for (name, value) in reference {
      let coefficient = try #require(found[name])
      #expect(abs(coefficient - value) <= tolerance, "\(name): \(coefficient), expected \(value)")
    }
    let rows = data.features.selecting(rows: [0, 1000, 53939])
    for (prediction, value) in zip(try model.predict(rows)[output], predictions) {
      #expect(abs(prediction - value) <= tolerance, "prediction \(prediction), expected \(value)")
    }
  }

  @Test("ridge has the coefficients of Ridge")
  func ridge() throws {
    let data = try Diamonds.rows()
    let model = try RidgeRegressor().fit(data, in: FitContext())
    #expect(model.report.rank == 26)
    try expect(
      model,
      [
        "carat": 5333.06612954, "table": -59.1795437567, "x": -1127.87912088, "cut=Fair": -580.518380554, "cut=Ideal": 252.670595276,
        "color=J": -1542.9296909, "clarity=IF": 1529.04702198,
      ], predictions: [-1346.92321644, 3690.86409541, 2734.30503295], tolerance: 0.01, in: data)
  }

  @Test("ridge has the coefficients of Ridge with weights and two outputs")
  func weightedRidge() throws {
    let data = try Diamonds.rows(weights: true, logarithm: true)
    let model = try RidgeRegressor(alpha: 100).fit(data, in: FitContext())
    try expect(
      model,
      [
        "carat": 5158.45623234, "table": -60.5327719886, "x": -953.460279419, "cut=Fair": -575.567807458, "cut=Ideal": 252.137726624,
        "color=J": -1492.88308965, "clarity=IF": 1455.58975838,
      ], predictions: [-1377.76569681, 3710.64759026, 2775.42119738], tolerance: 0.01, in: data)
    try expect(
      model, output: 1,
      [
        "carat": -0.264184277196, "table": 0.0189857367051, "x": 1.2402303421, "cut=Fair": -0.0989546011326, "cut=Ideal": 0.060194969293,
        "color=J": -0.310002981566, "clarity=IF": 0.368725025582,
      ], predictions: [5.80629105028, 8.03198529506, 7.86580093639], tolerance: 1e-5, in: data)
  }

  @Test("ridge without standardising penalises as Ridge does on the numbers as they are")
  func rawRidge() throws {
    let data = try Diamonds.rows()
    let model = try RidgeRegressor(alpha: 50, standardise: false).fit(data, in: FitContext())
    let found = Dictionary(uniqueKeysWithValues: model.coefficients(output: 0).map { ($0.column, $0.perUnit) })
    let reference = [
      "carat": 10268.3111233, "table": -25.5581158397, "x": -613.991021341, "cut=Fair": -595.134437288, "cut=Ideal": 257.148142002,
      "color=J": -1482.28313779, "clarity=IF": 1475.65533549,
    ]
    for (name, value) in reference { #expect(abs(try #require(found[name]) - value) < 0.02, "\(name)") }
    try expect(model, [:], predictions: [-1495.73754375, 3754.5612092, 2824.77331481], tolerance: 0.01, in: data)
  }

  @Test("ridge_cv has the leave-one-out errors and the choice of RidgeCV", arguments: [false, true])
  func ridgeCV(weights: Bool) throws {
    let model = try RidgeCVRegressor(alphas: [0.1, 1, 10, 100, 1000]).fit(try Diamonds.rows(weights: weights), in: FitContext())
    #expect(model.report.alphas == [10])
    // RidgeCV's own errors are multiplied by the roots of the weights: compared is their sum of squares by the sum of weights.
    let reference =
      weights
      ? [1135.8971427, 1135.89390819, 1135.87882578, 1137.13863589, 1192.19040768]
      : [1131.32800701, 1131.32313704, 1131.31200954, 1134.04704555, 1222.14024427]
    for (errors, value) in zip(model.report.leaveOneOutErrors, reference) { #expect(abs(try #require(errors)[0] - value) < 1e-3) }
  }

  @Test("ridge_cv chooses for all outputs together, or for each, as RidgeCV does")
  func perTarget() throws {
    let data = try Diamonds.rows(every: 300, logarithm: true)
    #expect(data.rowCount == 180)
    let alphas = [1000, 0.1, 1, 10, 100]
    let shared = try RidgeCVRegressor(alphas: alphas).fit(data, in: FitContext())
    #expect(shared.report.alphas == [1, 1] && shared.report.candidates == alphas.sorted())
    let reference = [
      [1519.3156969278, 1468.3059859576, 1497.8625814405, 1759.7661520664, 2757.2980142013],
      [0.1678050415, 0.1705383407, 0.2197337105, 0.3245376445, 0.6514570621],
    ]
    for (candidate, errors) in shared.report.leaveOneOutErrors.enumerated() {
      let errors = try #require(errors)
      for output in 0..<2 { #expect(abs(errors[output] / reference[output][candidate] - 1) < 1e-5) }
    }
    let own = try RidgeCVRegressor(alphas: alphas, alphaPerTarget: true).fit(data, in: FitContext())
    #expect(own.report.alphas == [1, 0.1])
    let first = try RidgeRegressor(alpha: 1).fit(data, in: FitContext())
    let second = try RidgeRegressor(alpha: 0.1).fit(data, in: FitContext())
    #expect(own.coefficients(output: 0) == first.coefficients(output: 0))
    #expect(own.coefficients(output: 1) == second.coefficients(output: 1))
  }

  @Test("elastic_net has the coefficients of ElasticNet, and the same zeros")
  func elasticNet() throws {
    let data = try Diamonds.rows()
    func fit(_ alpha: Double, _ ratio: Double, _ data: Dataset) throws -> (model: LinearModel, zeros: [String]) {
      // scikit-learn's went as far as double precision does; at this gap a coefficient may still be off by some hundredths, where columns
      // depend on each other.
      let model = try ElasticNetRegressor(alpha: alpha, l1Ratio: ratio, tolerance: 1e-12, maxIterations: 20000).fit(data, in: FitContext())
      #expect(model.report.hasConverged && model.report.dualityGaps[0] <= 1e-12)
      return (model, model.coefficients(output: 0).filter { $0.perDeviation == 0 }.map(\.column).sorted())
    }
    let lasso = try fit(10, 1, data)
    #expect(lasso.zeros == ["color=G", "cut=Premium", "cut=Very Good", "y"])
    try expect(
      lasso.model,
      [
        "carat": 4856.57448934, "table": -77.8460864531, "x": -711.873297117, "cut=Fair": -435.154318065, "cut=Ideal": 87.547819939,
        "color=J": -1652.92287123,
      ], predictions: [-1405.29063602, 3680.07093664, 2784.00126559], tolerance: 0.1, in: data)
    // Four clarities have coefficients above 0 and four below: what is added to all eight costs nothing. Their differences are determined.
    let clarity = Dictionary(uniqueKeysWithValues: lasso.model.coefficients(output: 0).map { ($0.column, $0.perDeviation) })
    let (best, worst) = (try #require(clarity["clarity=IF"]), try #require(clarity["clarity=I1"]))
    #expect(abs(best - worst - (684.863489216 + 3576.63529582)) < 0.1)
    let both = try fit(0.1, 0.5, data)
    #expect(both.zeros == [])
    try expect(
      both.model,
      [
        "carat": 2740.96724579, "table": -85.0497073605, "x": 547.092935632, "cut=Fair": -344.866538769, "cut=Ideal": 196.564359687,
        "color=J": -673.216293584, "clarity=IF": 488.117740569,
      ], predictions: [-1598.24924096, 3904.35714664, 3380.27920322], tolerance: 0.1, in: data)
    // Without sizes it is ridge with alpha × rows, which is what the reference is from.
    let squares = try fit(1, 0, data)
    try expect(
      squares.model,
      [
        "carat": 878.365104527, "table": -5.13039333407, "x": 705.794161438, "cut=Fair": -26.6249017221, "cut=Ideal": 25.7693457415,
        "color=J": -33.490270596, "clarity=IF": 25.6357306609,
      ], predictions: [-346.717528946, 3969.4776999, 4009.25862254], tolerance: 0.1, in: data)
    let weighted = try Diamonds.rows(weights: true)
    let heavy = try fit(10, 0.9, weighted)
    #expect(heavy.zeros == ["color=D", "color=E", "cut=Very Good", "table"])
    try expect(
      heavy.model,
      [
        "carat": 879.617761387, "x": 708.700648466, "cut=Fair": -18.359271674, "cut=Ideal": 18.9837634004, "color=J": -24.8615292444,
        "clarity=IF": 17.47410058,
      ], predictions: [-311.61659811, 3959.47331195, 4001.54132802], tolerance: 0.1, in: weighted)
  }
}

@Suite("Linear models")
struct LinearTests {
  /// Rows with numbers, levels, missing values, two outputs and, if asked for, weights 0…3.
  private func sample(_ seed: UInt64, rows: Int = 60, weights: Bool = false) throws -> Dataset {
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
    let data = try sample(seed, weights: seed % 2 == 1)
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
    let data = try sample(seed, rows: 25, weights: seed % 2 == 1)
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
    let data = try sample(7, weights: true)
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
    let data = try sample(3)
    let short = try ElasticNetRegressor(alpha: 1e-4, tolerance: 1e-12, maxIterations: 1).fit(data, in: FitContext())
    #expect(!short.report.hasConverged && short.report.iterations == [1, 1] && short.report.dualityGaps.contains { $0 > 1e-12 })
    let reread = try LinearModel(from: try ModelReader(bytes(short), name: "m.bin"))
    #expect(!reread.report.hasConverged)
    let long = try ElasticNetRegressor(alpha: 1e-4, tolerance: 1e-12, maxIterations: 100_000).fit(data, in: FitContext())
    #expect(long.report.hasConverged && long.report.iterations.allSatisfy { $0 > 1 })
  }

  @Test("A weight counts like as many rows, and 0 like none, whatever the weights' unit", arguments: ["ridge", "elastic_net"])
  func weights(name: String) throws {
    let data = try sample(11, weights: true)
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
    let data = try sample(5, rows: 9000, weights: true)
    let estimators: [any Estimator] = [
      RidgeRegressor(), RidgeCVRegressor(), try ElasticNetRegressor(alpha: 0.01),
    ]
    for estimator in estimators {
      let one = try estimator.fitted(data, in: FitContext(threads: 1))
      let two = try estimator.fitted(data, in: FitContext(threads: 2))
      #expect(bytes(one) == bytes(two))
      let all = try one.predict(data.features, threads: 1)
      #expect(try two.predict(data.features, threads: 2) == all)
      for row in [0, 8191, 8192, 8999] {
        #expect(try one.predict(data.features.selecting(rows: [row])) == all.map { [$0[row]] })
      }
    }
  }

  @Test("Columns that depend on each other get the least coefficients among the best, and the rank tells")
  func collinear() throws {
    var generator = SeededGenerator(seed: 1)
    let a = numbers(30, &generator)
    let b = numbers(30, &generator)
    let y = (0..<30).map { 4 * a[$0] + b[$0] + 7 }
    let features = try FeatureTable([.init("a", .numeric(a)), .init("b", .numeric(b)), .init("twice", .numeric(a.map { 2 * $0 + 1 }))])
    let data = try Dataset(features: features, targets: [y])
    for alpha in [0, 1e-12] {
      let model = try RidgeRegressor(alpha: alpha).fit(data, in: FitContext())
      #expect(model.report.rank == 2)
      let parts = model.coefficients(output: 0)
      // The two columns are the same to Float's precision, and share what there is.
      #expect(abs(parts[0].perDeviation - parts[2].perDeviation) < 1e-5)
      #expect(abs(parts[0].perUnit - 2) < 1e-5 && abs(parts[2].perUnit - 1) < 1e-5 && abs(parts[1].perUnit - 1) < 1e-5)
      for (prediction, target) in zip(try model.predict(features)[0], y) { #expect(abs(prediction - target) < 1e-5) }
    }
    #expect(try RidgeRegressor(alpha: 1e-3).fit(data, in: FitContext()).report.rank == 3)
  }

  @Test("With more columns than rows, every penalty gives finite numbers, and none fits the rows exactly")
  func wide() throws {
    var generator = SeededGenerator(seed: 2)
    let columns = (0..<40).map { index in FeatureTable.Column("x\(index)", .numeric(numbers(12, &generator))) }
    let data = try Dataset(features: try FeatureTable(columns), targets: [numbers(12, &generator)])
    let exact = try RidgeRegressor(alpha: 0).fit(data, in: FitContext())
    #expect(exact.report.rank == 11)
    for (prediction, target) in zip(try exact.predict(data.features)[0], data.targets[0]) { #expect(abs(prediction - target) < 1e-5) }
    // The answer of the least sum of squares is what a vanishing penalty comes to.
    let tiny = try RidgeRegressor(alpha: 1e-5).fit(data, in: FitContext())
    for (a, b) in zip(exact.coefficients(output: 0), tiny.coefficients(output: 0)) { #expect(abs(a.perDeviation - b.perDeviation) < 1e-5) }
    let chosen = try RidgeCVRegressor().fit(data, in: FitContext())
    #expect(chosen.report.leaveOneOutErrors.allSatisfy { $0 != nil })
    let lasso = try ElasticNetRegressor(alpha: 0.1, l1Ratio: 1).fit(data, in: FitContext())
    #expect(lasso.report.hasConverged && lasso.coefficients(output: 0).contains { $0.perDeviation == 0 })
  }

  @Test("Numbers far from 0 keep the digits that tell them apart", arguments: [true, false])
  func cancellation(standardise: Bool) throws {
    var generator = SeededGenerator(seed: 4)
    let x = numbers(50, &generator)
    let features = try FeatureTable([.init("x", .numeric(x.map { 1e9 + $0 }))])
    let data = try Dataset(features: features, targets: [x.map { 3e9 + 5 * ((1e9 + $0) - 1e9) }])
    let model = try RidgeRegressor(alpha: 0, standardise: standardise).fit(data, in: FitContext())
    // A target of 3e9 has steps of 5e-7.
    #expect(abs(model.coefficients(output: 0)[0].perUnit - 5) < 1e-5)
    for (prediction, target) in zip(try model.predict(features)[0], data.targets[0]) { #expect(abs(prediction - target) < 1e-4) }
  }

  @Test("The greatest and the least numbers give finite predictions", arguments: [1e300, 1.7e308, 1e-300, 0x1p-1074])
  func extremes(size: Double) throws {
    let features = try FeatureTable([
      .init("a", .numeric([size, -size, size / 2, .nan, .infinity, 0])), .init("b", .numeric([1, 2, 3, 4, 5, 7])),
    ])
    let data = try Dataset(features: features, targets: [[size, -size, 0, size, -size, size / 2], [1, 2, 3, 4, 5, 6]])
    for standardise in [true, false] {
      let estimators: [any Estimator] = [
        try RidgeRegressor(standardise: standardise), try RidgeRegressor(alpha: 0, standardise: standardise),
        try RidgeCVRegressor(alphas: [0.1, 10], standardise: standardise), try ElasticNetRegressor(standardise: standardise),
      ]
      for estimator in estimators {
        let model = try estimator.fitted(data, in: FitContext())
        let predictions = try model.predict(features)
        #expect(predictions.allSatisfy { $0.allSatisfy(\.isFinite) }, "\(estimator)")
        #expect(try LinearModel(from: try ModelReader(bytes(model), name: "m.bin")).predict(features) == predictions)
      }
    }
    // Least squares do not depend on the unit.
    let model = try RidgeRegressor(alpha: 0, standardise: false).fit(data, in: FitContext())
    #expect(abs(try model.predict(features)[1][5] - 6) < 1)
  }

  @Test("One row, constant columns, no column and constant targets give the mean")
  func degenerate() throws {
    let one = try Dataset(
      features: try FeatureTable([.init("a", .numeric([3])), .init("c", .categorical([0], levels: ["x"]))]), targets: [[5], [-2]])
    let constant = try Dataset(
      features: try FeatureTable([.init("a", .numeric([3, 3, 3])), .init("n", .numeric([.nan, .nan, .nan]))]),
      targets: [[5, 4, 6], [-2, -2, -2]])
    let none = try Dataset(features: try FeatureTable([], rowCount: 2), targets: [[4, 6], [-2, -2]])
    let still = try Dataset(features: try FeatureTable([.init("a", .numeric([3, 4]))]), targets: [[5, 5], [-2, -2]])
    for data in [one, constant, none, still] {
      for estimator in [RidgeRegressor(), RidgeCVRegressor(), ElasticNetRegressor()] as [any Estimator] {
        let model = try estimator.fitted(data, in: FitContext())
        #expect(try model.predict(data.features.selecting(rows: [0])) == [[5], [-2]], "\(estimator)")
      }
    }
    // Nothing is known without the only row, so the greatest strength is taken.
    let alone = try RidgeCVRegressor(alphas: [1, 7, 2]).fit(one, in: FitContext())
    #expect(alone.report.alphas == [7, 7] && alone.report.leaveOneOutErrors == [nil, nil, nil])
  }

  @Test("Of 5,000 levels the most frequent get coefficients, the rest one together; a level never seen is none of them")
  func manyLevels() throws {
    let rows = 6000
    let codes = (0..<rows).map { Int32($0 < 1000 ? $0 % 4 : $0 - 1000) }
    let levels = (0..<5000).map { "l\($0)" }
    let features = try FeatureTable([.init("c", .categorical(codes, levels: levels))])
    let data = try Dataset(features: features, targets: [codes.map { $0 < 4 ? Double($0) : 10 }])
    let model = try RidgeRegressor(alpha: 0.001, levelLimit: 4).fit(data, in: FitContext())
    #expect(model.coefficients(output: 0).map(\.column) == ["c=l0", "c=l1", "c=l2", "c=l3", "c other"])
    let asked = try FeatureTable([.init("c", .categorical([0, 1, 2, 3, -1], levels: ["l2", "l4999", "l0", "new"]))])
    let predictions = try model.predict(asked)[0]
    #expect(abs(predictions[0] - 2) < 1e-3 && abs(predictions[1] - 10) < 1e-3 && abs(predictions[2]) < 1e-3)
    #expect(predictions[3] == predictions[4] && predictions[3] == model.intercepts[0])
  }

  @Test("More columns than memory allows for are refused with what to do")
  func tooWide() throws {
    let columns = (0..<9).map { index in
      FeatureTable.Column("c\(index)", .categorical((0..<600).map { Int32($0) }, levels: (0..<600).map { "l\($0)" }))
    }
    let data = try Dataset(features: try FeatureTable(columns), targets: [Array(repeating: 1, count: 600)])
    #expect(
      message { try RidgeRegressor(levelLimit: 1000).fit(data, in: FitContext()) }
        == "ridge would have 5400 columns, at most 4096 are possible: lower 'level_limit', or encode features of many levels by target")
  }

  @Test("Parameters out of bounds and misspelt ones are refused; no rows and a cancelled fit as well")
  func refusals() throws {
    #expect(message { try RidgeRegressor(alpha: -1) }.hasPrefix("'alpha' of ridge must be a number ≥ 0, got -1"))
    #expect(message { try RidgeRegressor(["alhpa": 1]) } == "unknown parameter 'alhpa' of ridge; did you mean 'alpha'?")
    #expect(message { try RidgeRegressor(["level_limit": 0]) } == "'level_limit' of ridge must be an integer 1…1000, got 0")
    #expect(
      message { try RidgeCVRegressor(alphas: []) }.hasPrefix(
        "'alphas' of ridge_cv must be a list of 1…1000 numbers, each a number > 0, got "))
    #expect(message { try RidgeCVRegressor(alphas: [1, 0]) }.hasPrefix("'alphas' of ridge_cv must be "))
    #expect(message { try RidgeCVRegressor(["alpha": 1]) } == "unknown parameter 'alpha' of ridge_cv; did you mean 'alphas'?")
    #expect(message { try ElasticNetRegressor(l1Ratio: 1.5) } == "'l1_ratio' of elastic_net must be a number 0…1, got 1.5")
    #expect(message { try ElasticNetRegressor(alpha: 0) }.hasPrefix("'alpha' of elastic_net must be a number > 0, got "))
    #expect(message { try ElasticNetRegressor(["max_iteration": 5]) }.hasSuffix("did you mean 'max_iterations'?"))
    #expect(message { try ElasticNetRegressor(["tolerance": .number(.nan)]) }.hasPrefix("'tolerance' of elastic_net must be a number > 0"))
    let nothing = try Dataset(features: try FeatureTable([], rowCount: 0), targets: [[]])
    let data = try sample(1)
    for estimator in [RidgeRegressor(), RidgeCVRegressor(), ElasticNetRegressor()] as [any Estimator] {
      #expect(message { try estimator.fit(nothing, in: FitContext()) } == "\(type(of: estimator).name) cannot be fitted on no rows")
      #expect(message { try estimator.fit(data, in: FitContext(shouldStop: { true })) } == "cancelled")
    }
  }

  @Test("A model comes back from a file; one that does not fit together is refused by name")
  func files() throws {
    let data = try sample(2)
    let model = try RidgeCVRegressor(alphas: [1, 2]).fit(data, in: FitContext())
    let reader = try ModelReader(bytes(model), name: "m.bin")
    let again = try LinearModel(from: reader)
    #expect(bytes(again) == bytes(model) && again.report == model.report && again.schema == model.schema)
    #expect(try again.predict(data.features) == model.predict(data.features))
    #expect(again.coefficients(output: 1) == model.coefficients(output: 1))

    let encoder = try DenseEncoder(from: reader)
    let coefficients = try reader.numbers("coefficients", Double.self)
    let report = String(decoding: try reader.numbers("report", UInt8.self), as: UTF8.self)
    func altered(
      targets: [String] = ["y1", "y2"], coefficients given: [Double]? = nil, intercepts: [Double] = [0, 0], _ old: String = "",
      _ new: String = ""
    ) throws -> String {
      try #require(old.isEmpty || report.contains(old), "\(old) in \(report)")
      var file = ModelWriter()
      encoder.write(to: &file)
      file.add("targets", json: targets)
      file.add("coefficients", given ?? coefficients)
      file.add("intercepts", intercepts)
      file.add("report", Array(old.isEmpty ? report.utf8 : report.replacing(old, with: new).utf8))
      let bytes = file.bytes()
      return message { try LinearModel(from: try ModelReader(bytes, name: "m.bin")) }
    }
    #expect(try altered() == "nothing was refused")
    #expect(try altered(targets: []) == "m.bin: it has no output")
    #expect(try altered(intercepts: [0]) == "m.bin: 1 intercept for 2 outputs")
    #expect(
      try altered(coefficients: Array(coefficients.dropLast()))
        == "m.bin: \(coefficients.count - 1) coefficients for 2 outputs of \(encoder.columnCount) columns")
    #expect(try altered(coefficients: coefficients.dropLast() + [.nan]) == "m.bin: a coefficient is no number")
    #expect(try altered(intercepts: [0, .infinity]) == "m.bin: a coefficient is no number")
    for (old, new) in [
      ("\"candidates\":[1,2]", "\"candidates\":[1]"), ("\"candidates\":[1,2]", "\"candidates\":[1,-2]"), ("\"rank\":", "\"rank\":-"),
      ("\"iterations\":[]", "\"iterations\":[3]"),
    ] {
      #expect(try altered(old, new) == "m.bin: the report of the fit does not fit it", "\(old) → \(new)")
    }
    #expect(try altered("\"estimator\"", "\"x\"") == "section 'report' of m.bin is not what this Lathe writes")
  }
}
