import Foundation
import Synchronization
import Tabular
import Testing

@testable import Learning

@Suite("Multi-layer perceptron, hard input and files")
struct MLPInputTests {
  @Test("Odd features give a defined result: nothing to learn from is the mean, all else finite")
  func oddFeatures() throws {
    let mlp = try MLPRegressor(hiddenLayers: [6], maxEpochs: 5)
    let codes = (0..<6).map { Int32($0 * 800) }
    let columns: [FeatureTable.Values] = [
      .numeric([1, 1, 1, 1, 1, 1]), .numeric([.nan, .nan, .nan, .nan, .nan, .nan]), .numeric([.infinity, -.infinity, 1, 2, .nan, 3]),
      .numeric([1e300, -1e300, 1e-300, 0, 5, .greatestFiniteMagnitude]), .categorical([0, 0, 0, 0, 0, 0], levels: ["x"]),
      .categorical(codes, levels: (0..<5000).map { "l\($0)" }), .categorical([-1, -1, -1, -1, -1, -1], levels: []),
    ]
    for values in columns {
      let features = try FeatureTable([.init("a", values)])
      let model = try mlp.fit(try Dataset(features: features, targets: [[1, 2, 3, 4, 5, 9]]), in: FitContext())
      #expect(try model.predict(features)[0].allSatisfy(\.isFinite), "\(values)")
    }
    let none = try FeatureTable([], rowCount: 6)
    let linear = try MLPRegressor(["hidden_layers": [], "learning_rate": 0.1, "patience": 150, "max_epochs": 150])
    let model = try linear.fit(try Dataset(features: none, targets: [[1, 2, 3, 4, 5, 9]]), in: FitContext())
    #expect(try model.predict(none)[0].allSatisfy { abs($0 - 4) < 0.01 })
    let row = try FeatureTable([.init("a", .numeric([3]))])
    #expect(try mlp.fit(try Dataset(features: row, targets: [[7]]), in: FitContext()).predict(row) == [[7]])
    #expect(try mlp.fit(try Dataset(features: row, targets: [[7]]), in: FitContext()).predict(row.selecting(rows: [])) == [[]])
  }

  @Test("Huge, tiny and constant targets are fitted in their own scale")
  func oddTargets() throws {
    let features = try FeatureTable([.init("a", .numeric([-1, -1, 1, 1]))])
    let mlp = try MLPRegressor(["hidden_layers": [8], "learning_rate": 0.05, "max_epochs": 200, "patience": 200])
    for size in [1e-300, 1, 1e300, .greatestFiniteMagnitude] {
      let data = try Dataset(features: features, targets: [[-size, -size, size, size]])
      let predicted = try mlp.fit(data, in: FitContext()).predict(features)[0]
      for (value, sign) in zip(predicted, [-1.0, -1, 1, 1]) { #expect(abs(value / size - sign) < 0.02, "\(value) for \(sign * size)") }
    }
    let constant = try Dataset(features: features, targets: [[0.1, 0.1, 0.1, 0.1]])
    #expect(try mlp.fit(constant, in: FitContext()).predict(features)[0].allSatisfy { abs($0 - 0.1) < 1e-15 })
    let raw = try MLPRegressor(["standardise_target": false])
    #expect(
      message { try raw.fit(try Dataset(features: features, targets: [[1, 2, 3, 1e300]]), in: FitContext()) }
        == "target 'y' has a value beyond ±1e15; set 'standardise_target' of mlp")
  }

  @Test("A training that diverges says so and what to change")
  func diverging() throws {
    let mlp = try MLPRegressor(["solver": "sgd", "learning_rate": 1e30, "activation": "identity", "standardise_target": false])
    let text = message { try mlp.fit(try skewedRows(400), in: FitContext()) }
    #expect(
      text.hasPrefix("mlp diverged in epoch 1: its loss is no finite number; lower 'learning_rate' (1e+30), set 'standardise_target'"))
  }

  @Test("Bad parameters and no rows are refused")
  func refusals() throws {
    #expect(message { try MLPRegressor(["hiden_layers": [3]]) } == "unknown parameter 'hiden_layers' of mlp; did you mean 'hidden_layers'?")
    #expect(message { try MLPRegressor(hiddenLayers: [0]) }.hasPrefix("'hidden_layers' of mlp must be a list of 0…8 integers 1…4096, got"))
    #expect(message { try MLPRegressor(learningRate: .nan) }.hasPrefix("'learning_rate' of mlp must be a number > 0, got"))
    #expect(message { try MLPRegressor(batchSize: 0) } == "'batch_size' of mlp must be an integer 1…65536, got 0")
    #expect(message { try MLPRegressor(["beta_1": 1]) } == "'beta_1' of mlp must be a number ≥ 0 and < 1, got 1")
    #expect(
      message { try MLPRegressor(["schedule": "step"]) }.hasPrefix(
        "'schedule' of mlp must be 'constant' or 'inverse_scaling' or 'cosine' or 'adaptive', got"))
    let empty = try Dataset(features: FeatureTable([.init("a", .numeric([]))]), targets: [[]])
    #expect(message { try MLPRegressor().fit(empty, in: FitContext()) } == "mlp cannot be fitted on no rows")
    #expect(try MLPRegressor(MLPRegressor().values) == MLPRegressor())
  }

  @Test("A fit can be cancelled at any moment, and tells how far it is")
  func cancellation() throws {
    let data = try skewedRows(200)
    let mlp = try MLPRegressor(["hidden_layers": [8], "max_epochs": 5, "batch_size": 50, "early_stopping": true])
    let asked = Atomic<Int>(0)
    let shares = Mutex<[Double]>([])
    let whole = FitContext(
      progress: { share in shares.withLock { $0.append(share) } },
      shouldStop: {
        asked.add(1, ordering: .relaxed)
        return false
      })
    let model = try mlp.fit(data, in: whole)
    #expect(shares.withLock { $0 } == [0.2, 0.4, 0.6, 0.8, 1])
    // Twice a batch and more: 4 batches of 5 epochs.
    let total = asked.load(ordering: .relaxed)
    #expect(total > 40)
    for moment in 0..<total {
      let count = Atomic<Int>(0)
      let context = FitContext(
        threads: 1, shouldStop: { count.add(1, ordering: .relaxed).oldValue == moment ? true : count.load(ordering: .relaxed) > moment })
      #expect(message { try mlp.fit(data, in: context) } == "cancelled")
    }
    #expect(try sectionBytes(of: mlp.fit(data, in: FitContext())) == sectionBytes(of: model))
  }
  @Test("A model comes back from its bytes; one that does not fit together is refused and crashes nothing")
  func files() throws {
    let data = try skewedRows(60)
    let model = try MLPRegressor(hiddenLayers: [5, 17], maxEpochs: 2, earlyStopping: true).fit(data, in: FitContext())
    let reader = try ModelReader(sectionBytes(of: model), name: "m.bin")
    let read = try MLPModel(from: reader)
    #expect(read == model)
    #expect(try read.predict(data.features) == model.predict(data.features))

    let sections = [
      "encoder.schema", "encoder", "network.activation", "network.sizes", "network.layer1", "network.layer2", "network.layer3", "names",
      "scales", "loss", "validation",
    ]
    /// A file with one section another.
    func altered(_ section: String, _ add: (inout ModelWriter) -> Void) throws -> String {
      var file = ModelWriter()
      for name in sections {
        if name == section {
          add(&file)
        } else if name.hasPrefix("network.layer") {
          file.add(name, try reader.numbers(name, Float.self))
        } else if name == "network.sizes" {
          file.add(name, try reader.numbers(name, Int64.self))
        } else if name == "loss" || name == "validation" {
          file.add(name, try reader.numbers(name, Double.self))
        } else {
          file.add(name, try reader.numbers(name, UInt8.self))
        }
      }
      let bytes = file.bytes()
      return message { try MLPModel(from: ModelReader(bytes, name: "m.bin")) }
    }
    #expect(try altered("none") { _ in } == "nothing was refused")
    for section in sections {
      #expect(try altered(section) { _ in } == "m.bin has no section '\(section)'")
      #expect(try altered(section) { $0.add(section, [UInt16(1)]) } == "section '\(section)' of m.bin has numbers of another type")
    }
    let inputs = try reader.numbers("network.sizes", Int64.self)[0]
    for sizes in [
      [], [inputs], [inputs, 5, 17, 0], [inputs, -5, 17, 2], [inputs, 5, 1 << 40, 2], [-1, 5, 17, 2], [inputs, .max, 17, 2],
    ] {
      #expect(try altered("network.sizes") { $0.add("network.sizes", sizes) } == "m.bin: its layers have impossible sizes: \(sizes)")
    }
    for sizes in [[inputs, 5, 16, 2], [inputs + 1, 5, 17, 2]] {
      #expect(try altered("network.sizes") { $0.add("network.sizes", sizes) }.hasPrefix("m.bin: layer "))
    }
    // Each size by itself is possible, and what they ask for is not there.
    #expect(try altered("network.sizes") { $0.add("network.sizes", [1 << 23, 1 << 23, 17, 2] as [Int64]) }.hasPrefix("m.bin: layer 1 has"))
    var weights = try reader.numbers("network.layer2", Float.self)
    for value in [Float.nan, .infinity] {
      weights[3] = value
      #expect(
        try altered("network.layer2") { $0.add("network.layer2", weights) } == "m.bin: layer 2 has a weight that is no finite number")
    }
    #expect(try altered("network.layer3") { $0.add("network.layer3", [Float(1)]) } == "m.bin: layer 3 has 1 weights, its sizes ask for 36")
    #expect(try altered("network.activation") { $0.add("network.activation", json: ["sine"]) } == "m.bin: its activation is not known")
    #expect(
      try altered("names") { $0.add("names", json: ["y"]) } == "m.bin: the network has 2 outputs and 2 scales for 1 target")
    let scales = String(decoding: try reader.numbers("scales", UInt8.self), as: UTF8.self)
    let broken = scales.replacing(/"scale":[0-9.e+-]+/, with: "\"scale\":\"nan\"")
    #expect(broken != scales)
    #expect(try altered("scales") { $0.add("scales", Array(broken.utf8)) } == "m.bin: the scale of a target does not fit together")
    let other = try DenseEncoder(fitting: try FeatureTable([.init("a", .numeric([1, 2]))]))
    var file = ModelWriter()
    other.write(to: &file)
    let schema = try ModelReader(file.bytes(), name: "o").numbers("encoder", UInt8.self)
    #expect(try altered("encoder") { $0.add("encoder", schema) } == "m.bin: 1 encodings for 3 features")
  }
}
