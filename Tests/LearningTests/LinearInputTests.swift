import Foundation
import Learning
import Tabular
import Testing

@Suite("Linear models, hard input and files")
struct LinearInputTests {
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
        #expect(try LinearModel(from: try ModelReader(sectionBytes(of: model), name: "m.bin")).predict(features) == predictions)
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
    let data = try linearRows(1)
    for estimator in [RidgeRegressor(), RidgeCVRegressor(), ElasticNetRegressor()] as [any Estimator] {
      #expect(message { try estimator.fit(nothing, in: FitContext()) } == "\(type(of: estimator).name) cannot be fitted on no rows")
      #expect(message { try estimator.fit(data, in: FitContext(shouldStop: { true })) } == "cancelled")
    }
  }

  @Test("A model comes back from a file; one that does not fit together is refused by name")
  func files() throws {
    let data = try linearRows(2)
    let model = try RidgeCVRegressor(alphas: [1, 2]).fit(data, in: FitContext())
    let reader = try ModelReader(sectionBytes(of: model), name: "m.bin")
    let again = try LinearModel(from: reader)
    #expect(sectionBytes(of: again) == sectionBytes(of: model) && again.report == model.report && again.schema == model.schema)
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
