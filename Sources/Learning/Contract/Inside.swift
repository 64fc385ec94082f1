public import Tabular

// What the models tell about themselves, for scripts; names are those of their properties.

extension LinearModel {
  /// `coefficients` (output, column, per_unit, per_deviation), `intercepts`, `alphas`, and how the fit went.
  public var inside: [String: PlainValue] {
    var coefficients: [PlainValue] = []
    for (output, name) in targetNames.enumerated() {
      coefficients += self.coefficients(output: output).map {
        ["output": .text(name), "column": .text($0.column), "per_unit": .number($0.perUnit), "per_deviation": .number($0.perDeviation)]
      }
    }
    var inside: [String: PlainValue] = [
      "coefficients": .list(coefficients), "intercepts": numbers(intercepts), "alphas": numbers(report.alphas),
      "has_converged": .bool(report.hasConverged),
    ]
    inside["rank"] = report.rank.map { .integer(Int64($0)) }
    if !report.candidates.isEmpty {
      inside["leave_one_out"] = .list(
        zip(report.candidates, report.leaveOneOutErrors).map { alpha, errors in
          ["alpha": .number(alpha), "rmse": errors.map(numbers) ?? .list([])]
        })
    }
    if !report.iterations.isEmpty {
      inside["iterations"] = .list(report.iterations.map { .integer(Int64($0)) })
      inside["duality_gaps"] = numbers(report.dualityGaps)
    }
    return inside
  }
}

extension ForestModel {
  /// `tree_count` and `gains` (feature, share).
  public var inside: [String: PlainValue] {
    ["tree_count": .integer(Int64(treeCount)), "gains": gains(featureGains, schema)]
  }
}

extension BoostingModel {
  /// `tree_counts`, one an output, and `gains` (feature, share).
  public var inside: [String: PlainValue] {
    ["tree_counts": .list(treeCounts.map { .integer(Int64($0)) }), "gains": gains(featureGains, schema)]
  }
}

extension MLPModel {
  /// `loss_curve`, and `validation_curve` where rows were kept aside, a number an epoch.
  public var inside: [String: PlainValue] {
    var inside: [String: PlainValue] = ["loss_curve": numbers(lossCurve)]
    if !validationCurve.isEmpty { inside["validation_curve"] = numbers(validationCurve) }
    return inside
  }
}

extension StackedModel {
  /// `bases` and `final`: what each of them has inside, with its `kind`.
  public var inside: [String: PlainValue] {
    ["bases": .list(bases.map(\.insideWithKind)), "final": final.insideWithKind]
  }
}

extension PipelineModel {
  /// `steps`, the transformers' names, and `model`: what the model of their features has inside, with its `kind`.
  public var inside: [String: PlainValue] {
    ["steps": .list(steps.map { .text($0.name) }), "model": model.insideWithKind]
  }
}

extension Model {
  fileprivate var insideWithKind: PlainValue { .map(inside.merging(["kind": .text(Self.kind)]) { own, _ in own }) }
}

private func numbers(_ values: [Double]) -> PlainValue { .list(values.map { .number($0) }) }

/// Features with what splits by them gained, the greatest first.
private func gains(_ shares: [Double], _ schema: FeatureSchema) -> PlainValue {
  let sorted = zip(schema.features, shares).sorted { (-$0.1, $0.0.name) < (-$1.1, $1.0.name) }
  return .list(sorted.map { ["feature": .text($0.0.name), "share": .number($0.1)] })
}
