import Tabular
import Configuration
import Metrics
import Routing

/// Holds what was measured against the thresholds.
struct AlertBuilder {
  let report: MetricReport
  let evaluation: Evaluation
  let predicted: PredictedSample
  let sample: Sample
  let plan: CyclePlan

  /// The alerts of single items and operations, those of `figures` in their order.
  func single(_ figures: [OperationFigures]) -> [Alert] { perOperation(figures) + failures() }

  /// The alerts of the whole cycle.
  func wholeCycle() -> [Alert] {
    var alerts = plan.troubles
    if let failure = sample.failure {
      alerts.append(
        Alert(.strategyError, .critical, message: "\(failure.message); a uniform sample was taken instead"))
    }
    let thresholds = plan.thresholds
    let unit = report.basis == .unit ? "minutes a piece" : "minutes an order"
    alerts += [
      above(.highMAE, "mae", thresholds.maeMax, unit), above(.highTrimMAE, "trim_mae", thresholds.trimMaeMax, unit),
      below(.lowProcessMatch, "process_match", thresholds.processMatchMin), above(.highMeanCV, "cv", thresholds.meanCvMax, nil),
    ].compactMap { $0 }
    let withoutActuals = report.itemsLeftOut["no actual results", default: 0]
    let nothing = !evaluation.items.contains { $0.leftOut == nil }
    if nothing || withoutActuals > 0 {
      let words =
        sample.items.isEmpty
        ? "nothing to judge: " + (sample.remarks.first ?? "no items were sampled")
        : "\(withoutActuals) of \(sample.items.count) sampled items have no results in the window"
      alerts.append(Alert(.noActualData, nothing ? .warning : .info, value: Double(withoutActuals), message: words))
    }
    return alerts
  }

  private func perOperation(_ figures: [OperationFigures]) -> [Alert] {
    let thresholds = plan.thresholds
    return figures.flatMap { figures -> [Alert] in
      var alerts: [Alert] = []
      if let cv = figures.cv, cv > thresholds.cvMax {
        alerts.append(
          Alert(
            .highCV, severity(cv, max: thresholds.cvMax), value: cv, threshold: thresholds.cvMax, item: figures.item,
            operation: figures.operationName,
            message:
              "run minutes vary by \(rounded(cv)) of their mean over \(counted(figures.results, "result")) (threshold \(rounded(thresholds.cvMax)))"
          ))
      }
      if figures.samples < thresholds.sampleCountMin {
        let isCritical = figures.samples * 2 <= thresholds.sampleCountMin
        alerts.append(
          Alert(
            .lowSamples, isCritical ? .critical : .warning, value: Double(figures.samples),
            threshold: Double(thresholds.sampleCountMin), item: figures.item, operation: figures.operationName,
            message: "the prediction rests on \(counted(figures.samples, "result")) (threshold \(thresholds.sampleCountMin))"))
      }
      return alerts
    }
  }

  private func failures() -> [Alert] {
    predicted.outcomes.compactMap { outcome in
      guard let failure = outcome.failure else { return nil }
      let reason = failure == .sourceFailed ? predicted.failure ?? failure.rawValue : failure.rawValue
      return Alert(
        .predictionFailed, .warning, item: outcome.item,
        message: "no prediction after \(counted(predicted.attempts, "try", "tries")): \(reason)")
    }
  }

  private func above(_ code: Alert.Code, _ metric: String, _ threshold: Double, _ unit: String?) -> Alert? {
    guard let measurement = report[metric], let value = measurement.value, value > threshold else { return nil }
    return Alert(
      code, severity(value, max: threshold), value: value, threshold: threshold,
      message:
        "\(metric) is \(rounded(value))\(unit.map { " " + $0 } ?? ""), above \(rounded(threshold)) (\(measurement.count) observations)")
  }

  private func below(_ code: Alert.Code, _ metric: String, _ threshold: Double) -> Alert? {
    guard let measurement = report[metric], let value = measurement.value, value < threshold else { return nil }
    return Alert(
      code, value <= threshold / 2 ? .critical : .warning, value: value, threshold: threshold,
      message: "\(metric) is \(rounded(value)), below \(rounded(threshold)) (\(measurement.count) observations)")
  }

  private func severity(_ value: Double, max threshold: Double) -> Alert.Severity { value >= 2 * threshold ? .critical : .warning }
}

/// A figure to three decimals at most, as messages and reports show it.
func rounded(_ value: Double) -> String {
  let scaled = (value * 1000).rounded() / 1000
  return scaled == scaled.rounded() && abs(scaled) < 1e15 ? String(Int64(scaled)) : String(scaled)
}
