import Foundation
import Learning
import Tabular
import Testing

/// A model of one number, and an estimator with a parameter of each kind.
private struct ConstantModel: Model {
  static let kind = "constant"
  let schema: FeatureSchema
  let targetNames: [String]
  let value: Double

  init(schema: FeatureSchema, targetNames: [String], value: Double) {
    self.schema = schema
    self.targetNames = targetNames
    self.value = value
  }

  func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    [Array(repeating: value, count: try schema.aligned(features).rowCount)]
  }

  func write(to file: inout ModelWriter) {
    file.add("schema", json: schema)
    file.add("names", json: targetNames)
    file.add("value", [value])
  }

  init(from file: ModelReader) throws(LearningError) {
    schema = try file.json("schema")
    targetNames = try file.json("names")
    let values = try file.numbers("value", Double.self)
    guard values.count == 1 else { throw file.fault("\(values.count) values for one") }
    value = values[0]
  }
}

private struct Constant: Estimator {
  enum Center: String, CaseIterable, Sendable { case mean, first }
  static let name = "constant"
  static let parameters: [Parameter<Self>] = [
    .number("offset", \.offset, .within(-10...10), "added to the figure, minutes"),
    .integer("rows", \.rows, 1...1000, "rows looked at"),
    .optionalInteger("depth", \.depth, 1...30, "levels"),
    .flag("doubled", \.doubled, "whether twice"),
    .choice("center", \.center, "which figure"),
    .integers("sizes", \.sizes, 1...4096, count: 0...3, "widths"),
    .numbers("alphas", \.alphas, .above(0), count: 1...3, "strengths"),
  ]
  private(set) var offset = 0.0
  private(set) var rows = 10
  private(set) var depth: Int?
  private(set) var doubled = false
  private(set) var center = Center.mean
  private(set) var sizes = [2]
  private(set) var alphas = [1.0]

  init() {}

  func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> ConstantModel {
    try context.checkCancellation()
    let mean = data.targets[0].reduce(0, +) / Double(data.rowCount)
    return ConstantModel(schema: data.features.schema, targetNames: data.targetNames, value: mean + offset)
  }
}

@Suite("What all estimators share")
struct ContractTests {
  @Test("Parameters are checked by their declarations, and a misspelt one gets the nearest name")
  func parameters() throws {
    #expect(message { try Constant(["ofset": 1]) } == "unknown parameter 'ofset' of constant; did you mean 'offset'?")
    #expect(message { try Constant(["offset": 11]) } == "'offset' of constant must be a number -10…10, got 11")
    #expect(message { try Constant(["offset": .number(.nan)]) }.hasPrefix("'offset' of constant must be a number -10…10, got "))
    #expect(message { try Constant(["rows": 0]) } == "'rows' of constant must be an integer 1…1000, got 0")
    #expect(message { try Constant(["rows": 1.5]) } == "'rows' of constant must be an integer 1…1000, got 1.5")
    #expect(message { try Constant(["depth": "x"]) }.hasPrefix("'depth' of constant must be an integer 1…30 or null, got "))
    #expect(message { try Constant(["doubled": 1]) } == "'doubled' of constant must be true or false, got 1")
    #expect(message { try Constant(["center": "median"]) }.hasPrefix("'center' of constant must be 'mean' or 'first', got "))
    #expect(message { try Constant(["sizes": [1, 2, 3, 4]]) }.hasPrefix("'sizes' of constant must be a list of 0…3 integers 1…4096, got "))
    #expect(
      message { try Constant(["alphas": [0]]) }.hasPrefix("'alphas' of constant must be a list of 1…3 numbers, each a number > 0, got "))
    let all: [String: PlainValue] = [
      "offset": 2.5, "rows": 7, "depth": 3, "doubled": true, "center": "first", "sizes": [8, 4], "alphas": [0.1, 2.0],
    ]
    #expect(try Constant(all).values == all)
    #expect(try Constant(["depth": .null]) == Constant())
  }

  @Test("A dataset refuses parts that do not fit, naming row, column, what was expected and what came")
  func datasets() throws {
    let features = try FeatureTable([.init("a", .numeric([1, 2, .nan])), .init("b", .categorical([0, -1, 1], levels: ["x", "y"]))])
    #expect(try Dataset(features: features, targets: [[1, 2, 3]]).rowCount == 3)
    #expect(message { try Dataset(features: features, targets: []) } == "a dataset needs at least one target")
    #expect(message { try Dataset(features: features, targets: [[1, 2]]) } == "target 'y' has 2 rows, the features have 3")
    #expect(
      message { try Dataset(features: features, targets: [[1, .nan, 3]]) }
        == "target 'y' is nan at row 2; expected finite numbers: leave such rows out")
    #expect(
      message { try Dataset(features: features, targets: [[1, 2, 3]], weights: [1, -1, 1]) }.hasPrefix("the weight of row 2 is -1.0"))
    #expect(message { try Dataset(features: features, targets: [[1, 2, 3]], weights: [0, 0, 0]) } == "all weights are 0")
    #expect(message { try Dataset(features: features, targets: [[1, 2, 3]], groups: [1]) } == "1 groups for 3 rows")
    #expect(message { try FeatureTable([.init("a", .numeric([1])), .init("a", .numeric([2]))]) } == "two features have the name 'a'")
    #expect(
      message { try FeatureTable([.init("a", .categorical([2], levels: ["x"]))]) }
        == "feature 'a' has code 2; expected −1 or a position among its 1 level")
  }

  @Test("Features are matched by name and level; what was not known is missing, what lacks is an error")
  func alignment() throws {
    let schema = try FeatureTable([.init("a", .numeric([])), .init("b", .categorical([], levels: ["x", "y"]))]).schema
    let table = try FeatureTable([.init("b", .categorical([0, 1, 2, -1], levels: ["z", "y", "x"])), .init("a", .numeric([1, 2, 3, 4]))])
    let aligned = try schema.aligned(table)
    #expect(aligned.columns.map(\.name) == ["a", "b"])
    #expect(aligned.columns[1].values == .categorical([-1, 1, 0, -1], levels: ["x", "y"]))
    #expect(
      message { try schema.aligned(try FeatureTable([.init("A", .numeric([1]))])) }
        == "the model wants feature 'a', which is not there; did you mean 'A'?")
    let numbers = try FeatureTable([.init("a", .numeric([1])), .init("b", .numeric([1]))])
    #expect(message { try schema.aligned(numbers) } == "feature 'b' has levels in the model, got numbers")
  }

  @Test("A frame's texts become levels, truth values and instants numbers, missing ones missing")
  func frames() throws {
    var text = ColumnBuilder(.text)
    text.append("x")
    text.appendMissing()
    text.append("y")
    let frame = try Frame([("t", text.column()), ("n", Column([1.5, .nan, 3])), ("k", Column([Int64(1), 2, 3]))])
    let table = try FeatureTable(frame)
    #expect(table.columns[0].values == .categorical([0, -1, 1], levels: ["x", "y"]))
    #expect(table.columns[2].values == .numeric([1, 2, 3]))
    #expect(try table.selecting(rows: [2]).columns[0].values == .categorical([1], levels: ["x", "y"]))
    #expect(message { try FeatureTable(frame, columns: ["m"]) }.hasPrefix("the frame has no column 'm'"))
  }

  @Test("A model comes back from its bytes; any byte that was altered or cut off is an error that names the file")
  func modelFiles() throws {
    let data = try Dataset(features: try FeatureTable([.init("a", .numeric([1, 2]))]), targets: [[3, 5]])
    let model = try Constant().fit(data, in: FitContext())
    var writer = ModelWriter()
    writer.add("inner", model: model)
    writer.add("floats", [Float(1), 2])
    let bytes = writer.bytes()
    let reader = try ModelReader(bytes, name: "m.bin")
    let inner = try reader.model("inner")
    #expect(inner.kind == "constant")
    #expect(try ConstantModel(from: inner.file).predict(data.features) == [[4, 4]])
    #expect(try reader.numbers("floats", Float.self) == [1, 2])
    #expect(message { try reader.numbers("floats", Double.self) } == "section 'floats' of m.bin has numbers of another type")
    #expect(message { try reader.numbers("none", Double.self) } == "m.bin has no section 'none'")
    for length in 0..<bytes.count {
      #expect(message { try ModelReader(Array(bytes[..<length]), name: "m.bin") }.hasPrefix("m.bin is no model that can be read"))
    }
    for place in bytes.indices {
      var altered = bytes
      altered[place] ^= 0x10
      let outcome = message { try ModelReader(altered, name: "m.bin") }
      #expect(outcome.hasPrefix("m.bin is no model that can be read"), "byte \(place): \(outcome)")
    }
  }

  @Test("A context's parts draw unrelated numbers, share progress, and stop together")
  func contexts() throws {
    let context = FitContext(seed: 1, threads: 2, shouldStop: { true })
    #expect(context.part("a").seed != context.part("b").seed && context.part("a").seed == context.part("a").seed)
    #expect(message { try context.part("a").checkCancellation() } == "cancelled")
    #expect(
      message { try Constant().fitted(try Dataset(features: try FeatureTable([], rowCount: 0), targets: [[]]), in: FitContext()) }
        == "constant cannot be fitted on no rows")
  }
}
