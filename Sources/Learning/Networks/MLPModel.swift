import Foundation
import Tabular

/// A trained network with what surrounds it: how features become its inputs and its outputs become targets.
public struct MLPModel: Model, Hashable {
  /// What kind of model it is, in files.
  public static let kind = "mlp"

  /// Names of its outputs.
  public let targetNames: [String]
  /// Mean loss of each epoch, in the scale that was fitted; see ``MLPRegressor``.
  public let lossCurve: [Double]
  /// R² on the rows kept aside after each epoch, in the scale that was fitted; empty without early stopping.
  public let validationCurve: [Double]
  private let encoder: DenseEncoder
  private let scales: [TargetScale]
  private let network: Network

  init(
    encoder: DenseEncoder, targetNames: [String], scales: [TargetScale], network: Network, lossCurve: [Double], validationCurve: [Double]
  ) {
    self.encoder = encoder
    self.targetNames = targetNames
    self.scales = scales
    self.network = network
    self.lossCurve = lossCurve
    self.validationCurve = validationCurve
  }

  /// The features that it was fitted on.
  public var schema: FeatureSchema { encoder.schema }

  /// The predictions for each row: one array an output. A prediction that is no finite number is the mean of the targets.
  public func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    let outputs = network.outputs(for: try encoder.encode(features), threads: threads)
    return scales.enumerated().map { output, scale in (0..<outputs.rowCount).map { scale.unscaled(outputs[$0, output]) } }
  }

  /// Adds all that ``init(from:)`` needs.
  public func write(to file: inout ModelWriter) {
    encoder.write(to: &file)
    network.write(to: &file)
    file.add("names", json: targetNames)
    file.add("scales", json: scales)
    file.add("loss", lossCurve)
    file.add("validation", validationCurve)
  }

  /// Reads a model; throws when something does not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    encoder = try DenseEncoder(from: file)
    network = try Network(from: file)
    targetNames = try file.json("names")
    scales = try file.json("scales")
    lossCurve = try file.numbers("loss")
    validationCurve = try file.numbers("validation")
    guard network.inputCount == encoder.columnCount else {
      throw file.fault("the network has \(network.inputCount) inputs for \(counted(encoder.columnCount, "encoded column"))")
    }
    guard network.outputCount == targetNames.count, scales.count == targetNames.count else {
      throw file.fault(
        "the network has \(network.outputCount) outputs and \(scales.count) scales for \(counted(targetNames.count, "target"))")
    }
    guard scales.allSatisfy(\.isSound) else { throw file.fault("the scale of a target does not fit together") }
  }
}

/// How a target is brought to a scale on which it is easily learnt, and back.
struct TargetScale: Hashable, Codable, Sendable {
  private let isLogarithmic: Bool
  private let center, scale: Double
  /// The least and greatest value of the fit, as fitted.
  private let least, greatest: Double

  /// Learns from the rows of weight above 0.
  init(_ target: [Double], _ weights: [Double]?, name: String, isLogarithmic: Bool, isStandardised: Bool) throws(LearningError) {
    self.isLogarithmic = isLogarithmic
    var values: [(Double, Double)] = []
    values.reserveCapacity(target.count)
    for (row, value) in target.enumerated() {
      let weight = weights?[row] ?? 1
      guard weight > 0 else { continue }
      guard !isLogarithmic || value > 0 else {
        throw .data("target '\(name)' is \(value) at row \(row + 1); 'log_target' of mlp needs targets > 0")
      }
      values.append((isLogarithmic ? log(value) : value, weight))
    }
    least = values.reduce(.infinity) { min($0, $1.0) }
    greatest = values.reduce(-.infinity) { max($0, $1.0) }
    guard isStandardised else {
      (center, scale) = (0, 1)
      guard max(abs(least), abs(greatest)) < 1e15 else {
        throw .data("target '\(name)' has a value beyond ±1e15; set 'standardise_target' of mlp")
      }
      return
    }
    let (mean, deviation) = moments(values)
    center = mean
    // A constant target is its mean, whatever the network makes of it.
    scale = deviation > max(abs(least), abs(greatest)) * 1e-13 && deviation >= 2 * .leastNormalMagnitude ? deviation : 0
  }

  /// `value` on the scale.
  func scaled(_ value: Double) -> Float {
    // Halves, because the difference of two huge numbers overflows.
    scale > 0 ? Float(((isLogarithmic ? log(value) : value) / 2 - center / 2) / (scale / 2)) : 0
  }

  /// The value that `number` on the scale stands for; finite whatever it is.
  ///
  /// Minutes from logarithms are at most ten times beyond the least and greatest of the fit: where a network goes beyond what it
  /// learnt, an exponential takes it too far.
  func unscaled(_ number: Float) -> Double {
    let value = number.isFinite ? center + scale * Double(number) : center
    let finite = min(.greatestFiniteMagnitude, max(-.greatestFiniteMagnitude, value))
    guard isLogarithmic else { return finite }
    return min(.greatestFiniteMagnitude, exp(min(greatest + log(10), max(least - log(10), finite))))
  }

  /// Whether it gives a finite number for any.
  var isSound: Bool { [center, scale, least, greatest].allSatisfy(\.isFinite) && scale >= 0 && least <= greatest }
}
