import Foundation
import Learning
import Testing

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
