import Learning
import Tabular
import Testing

@Suite("Features as a dense matrix")
struct DenseEncoderTests {
  private func table(_ columns: (String, FeatureTable.Values)...) throws -> FeatureTable {
    try FeatureTable(columns.map { FeatureTable.Column($0.0, $0.1) })
  }

  private func column(_ matrix: Matrix, _ column: Int) -> [Float] { (0..<matrix.rowCount).map { matrix[$0, column] } }

  @Test("Numbers get mean 0 and deviation 1, gaps the median and an indicator, levels a column each")
  func everyKind() throws {
    let features = try table(
      ("a", .numeric([1, 2, .nan, 9])), ("b", .numeric([1, 3, 1, 3])), ("c", .categorical([1, 0, 1, -1], levels: ["x", "y"])))
    let encoder = try DenseEncoder(fitting: features)
    let matrix = try encoder.encode(features)
    #expect(encoder.columnNames == ["a", "a missing", "b", "c=y", "c=x", "c missing"])
    // Mean of 1, 2, 9 is 4, their variance (9 + 4 + 25) / 3; the gap is filled with the median, 2.
    let deviation = (38.0 / 3).squareRoot()
    #expect(column(matrix, 0) == [-3, -2, -2, 5].map { Float($0 / deviation) })
    #expect(column(matrix, 1) == [0, 0, 1, 0])
    #expect(column(matrix, 2) == [-1, 1, -1, 1])
    #expect(column(matrix, 3) == [1, 0, 1, 0])
    #expect(column(matrix, 4) == [0, 1, 0, 0])
    #expect(column(matrix, 5) == [0, 0, 0, 1])
  }

  @Test("A gap where the fit had none is the median, and a level where it had no gap is all zeros")
  func gapsThatAreNew() throws {
    let encoder = try DenseEncoder(
      fitting: try table(("a", .numeric([1, 2, 6])), ("c", .categorical([0, 1, 1], levels: ["x", "y"]))), options: .init(standardise: false)
    )
    let matrix = try encoder.encode(try table(("c", .categorical([-1, 0], levels: ["z", "y"])), ("a", .numeric([.nan, 7]))))
    #expect(matrix == Matrix(rowCount: 2, columnCount: 3, values: [2, 0, 0, 7, 0, 0]))
  }

  @Test("The most frequent levels keep a column, the rest share one; a level that the fit did not see is missing")
  func manyLevels() throws {
    // Level l occurs l + 1 times; 5,000 more never occur.
    let codes: [Int32] = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, -1]
    let levels = (0..<5006).map { "l\($0)" }
    let features = try table(("c", .categorical(codes, levels: levels)))
    let encoder = try DenseEncoder(fitting: features, options: .init(levelLimit: 3))
    #expect(encoder.columnNames == ["c=l5", "c=l4", "c=l3", "c other", "c missing"])
    let matrix = try encoder.encode(try table(("c", .categorical([5, 4, 3, 2, 0, 4000, -1], levels: levels))))
    let ones = (0..<7).map { row in (0..<5).filter { matrix[row, $0] == 1 } }
    #expect(ones == [[0], [1], [2], [3], [3], [4], [4]])
    #expect(matrix.values.reduce(0, +) == 7)
    #expect(try DenseEncoder(fitting: features, options: .init(levelLimit: 6)).columnCount == 7)
    #expect(try DenseEncoder(fitting: features, options: .init(levelLimit: 1)).columnNames == ["c=l5", "c other", "c missing"])
  }

  @Test("Levels that are equally frequent are ranked by name, however they are numbered")
  func levelsAreNotOrdered() throws {
    let one = try DenseEncoder(
      fitting: try table(("c", .categorical([0, 1, 2, 2], levels: ["p", "q", "r"]))), options: .init(levelLimit: 2))
    let other = try DenseEncoder(
      fitting: try table(("c", .categorical([2, 1, 0, 0], levels: ["r", "q", "p"]))), options: .init(levelLimit: 2))
    #expect(one.columnNames == ["c=r", "c=p", "c other"])
    #expect(other.columnNames == one.columnNames)
  }

  @Test(
    "Columns that are all the same are left out",
    arguments: [
      FeatureTable.Values.numeric([7, 7, 7]), .numeric([.nan, .nan, .nan]), .numeric([.infinity, .infinity, .nan]),
      .categorical([1, 1, 1], levels: ["x", "y"]), .categorical([-1, -1, -1], levels: []), .numeric([0.1 + 0.2, 0.3, 0.3]),
      .numeric([0, 5e-324, 0]),
    ])
  func constants(values: FeatureTable.Values) throws {
    let features = try table(("a", values), ("b", .numeric([1, 2, 3])))
    let encoder = try DenseEncoder(fitting: features)
    var isIndicated = false
    if case .numeric(let numbers) = values { isIndicated = numbers[0] == .infinity }
    #expect(encoder.columnNames == (isIndicated ? ["a missing", "b"] : ["b"]))
    #expect(try encoder.encode(features).values.allSatisfy(\.isFinite))
  }

  @Test("No column at all is a matrix of no columns")
  func nothing() throws {
    let features = try FeatureTable([], rowCount: 3)
    #expect(try DenseEncoder(fitting: features).encode(features) == Matrix(rowCount: 3, columnCount: 0))
    let one = try table(("a", .numeric([4])), ("c", .categorical([0], levels: ["x"])))
    #expect(try DenseEncoder(fitting: one).encode(one) == Matrix(rowCount: 1, columnCount: 0))
  }

  @Test("Infinities are the largest finite value of the fit, and huge and tiny numbers stay numbers")
  func extremes() throws {
    let infinite = try table(("a", .numeric([-.infinity, 1, 3, .infinity, .nan])))
    let plain = try table(("a", .numeric([1, 1, 3, 3, .nan])))
    #expect(try DenseEncoder(fitting: infinite).encode(infinite) == (try DenseEncoder(fitting: plain).encode(plain)))

    let most = Double.greatestFiniteMagnitude
    for numbers in [[most, -most, most, -most], [1e300, -1e300, 1e300, -1e300], [1e-300, -1e-300, 1e-300, -1e-300]] {
      let features = try table(("a", .numeric(numbers)))
      #expect(try column(DenseEncoder(fitting: features).encode(features), 0) == [1, -1, 1, -1], "\(numbers)")
    }
    for standardise in [true, false] {
      let encoder = try DenseEncoder(fitting: try table(("a", .numeric([1, 2, 3]))), options: .init(standardise: standardise))
      let values = try encoder.encode(try table(("a", .numeric([most, -most, 1e300, .infinity, -.infinity, .nan, 3, 1, 2])))).values
      #expect(values.allSatisfy { ($0 * $0).isFinite })
      #expect(values[0] > 1e5 && values[1] < -1e5)
      #expect(Array(values[3...5]) == Array(values[6...8]))
    }
  }

  @Test("A row of weight 3 counts like three rows, one of weight 0 not at all", arguments: 0..<10 as Range<UInt64>)
  func weights(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let count = 40
    let numbers = (0..<count).map { _ in generator.uniform() < 0.2 ? .nan : Double(generator.integer(below: 9)) }
    let codes = (0..<count).map { _ in Int32(generator.integer(below: 8)) - 1 }
    let levels = (0..<7).map { "l\($0)" }
    let weights = (0..<count).map { _ in generator.integer(below: 4) }
    let features = try table(("a", .numeric(numbers)), ("c", .categorical(codes, levels: levels)))
    let repeated = features.selecting(rows: weights.indices.flatMap { Array(repeating: $0, count: weights[$0]) })
    let options = DenseEncoder.Options(levelLimit: 3)
    let one = try DenseEncoder(fitting: features, weights: weights.map { Double($0) * 0x1p1020 }, options: options)
    let other = try DenseEncoder(fitting: repeated, options: options)
    #expect(one.columnNames == other.columnNames)
    // Sums in another order differ in the last bits of a Double.
    for (a, b) in zip(try one.encode(features).values, try other.encode(features).values) { #expect(abs(a - b) < 1e-6) }
  }

  @Test("Gaps become the weighted median of any numbers", arguments: 0..<50 as Range<UInt64>)
  func medians(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let count = 1 + generator.integer(below: 40)
    let numbers = (0..<count).map { _ in Double(generator.integer(below: 1 + Int(seed))) }
    let weights = (0..<count).map { _ in 1 + generator.integer(below: 3) }
    let sorted = zip(numbers, weights).flatMap { Array(repeating: $0, count: $1) }.sorted()
    let median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    // A column of one value is left out.
    guard Set(numbers).count > 1 else { return }
    let encoder = try DenseEncoder(
      fitting: try table(("a", .numeric(numbers))), weights: weights.map { Double($0) }, options: .init(standardise: false))
    #expect(try encoder.encode(table(("a", .numeric([.nan])))).values == [Float(median)])
  }

  @Test("Missing values are the median of the rows repeated by weight", arguments: 0..<40 as Range<UInt64>)
  func median(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let count = 2 + generator.integer(below: 30)
    let spread = 2 + generator.integer(below: 40)
    let numbers = (0..<count).map { _ in Double(generator.integer(below: spread) - 3) } + [-5, 50, .nan]
    let weights = numbers.map { _ in 1 + generator.integer(below: seed % 2 == 0 ? 1 : 3) }
    let encoder = try DenseEncoder(
      fitting: try table(("a", .numeric(numbers))), weights: weights.map { Double($0) }, options: .init(standardise: false))
    let sorted = numbers.indices.flatMap { Array(repeating: numbers[$0], count: weights[$0]) }.filter { !$0.isNaN }.sorted()
    let middle = sorted.count / 2
    let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    #expect(try encoder.encode(try table(("a", .numeric([.nan])))).values.first == Float(median))
  }

  @Test("Feature weights multiply a feature's columns, and 0 leaves it out")
  func featureWeights() throws {
    let features = try table(
      ("a", .numeric([1, -1])), ("b", .numeric([5, 6])), ("c", .categorical([0, 1], levels: ["x", "y"])))
    let encoder = try DenseEncoder(fitting: features, options: .init(featureWeights: ["a": 2, "b": 0, "c": 0.5]))
    #expect(encoder.columnNames == ["a", "c=x", "c=y"])
    #expect(try encoder.encode(features).values == [2, 0.5, 0, -2, 0, 0.5])
  }

  @Test("A row's numbers do not depend on the other rows that are encoded with it")
  func rowByRow() throws {
    var generator = SeededGenerator(seed: 3)
    let features = try table(
      ("a", .numeric((0..<600).map { _ in generator.uniform() })),
      ("c", .categorical((0..<600).map { _ in Int32(generator.integer(below: 3)) }, levels: ["x", "y", "z"])))
    let encoder = try DenseEncoder(fitting: features)
    let all = try encoder.encode(features)
    for row in [0, 255, 256, 599] { #expect(try encoder.encode(features.selecting(rows: [row])).values == Array(all.row(row))) }
  }

  @Test("What cannot be is refused with what was expected")
  func refusals() throws {
    let features = try table(("alpha", .numeric([1, 2])))
    #expect(
      message { try DenseEncoder(fitting: features, options: .init(levelLimit: 0)) } == "the limit of levels must be an integer ≥ 1, got 0")
    #expect(
      message { try DenseEncoder(fitting: features, options: .init(featureWeights: ["alpa": 1])) }
        == "a weight is set for 'alpa', which is no feature; did you mean 'alpha'?")
    for weight in [-1, .nan, .infinity] {
      #expect(
        message { try DenseEncoder(fitting: features, options: .init(featureWeights: ["alpha": weight])) }
          == "the weight of feature 'alpha' must be a number 0…1000000, got \(weight)")
    }
    #expect(message { try DenseEncoder(fitting: features.selecting(rows: [])) } == "features cannot be encoded from no rows")
    #expect(message { try DenseEncoder(fitting: features, weights: [1]) } == "1 weights for 2 rows")
    #expect(message { try DenseEncoder(fitting: features, weights: [0, 0]) } == "weights must be finite numbers ≥ 0, not all of them 0")
    let encoder = try DenseEncoder(fitting: features)
    #expect(
      message { try encoder.encode(try table(("alpha", .categorical([0], levels: ["x"])))) }
        == "feature 'alpha' has numbers in the model, got levels")
  }

  @Test("An encoder comes back from a file; one that does not fit together is refused")
  func files() throws {
    let features = try table(
      ("a", .numeric([1e300, 0.1, .nan, 9])), ("c", .categorical([1, 0, 2, -1], levels: ["x", "y", "z"])))
    let encoder = try DenseEncoder(fitting: features, options: .init(levelLimit: 1, featureWeights: ["a": 1.1]))
    var file = ModelWriter()
    encoder.write(to: &file)
    let reader = try ModelReader(file.bytes(), name: "m.bin")
    #expect(try DenseEncoder(from: reader) == encoder)

    let text = String(decoding: try reader.numbers("encoder", UInt8.self), as: UTF8.self)
    func altered(_ old: String, _ new: String) throws -> String {
      try #require(text.contains(old), "\(old) in \(text)")
      var file = ModelWriter()
      file.add("encoder.schema", json: encoder.schema)
      file.add("encoder", Array(text.replacing(old, with: new).utf8))
      let bytes = file.bytes()
      return message { try DenseEncoder(from: try ModelReader(bytes, name: "m.bin")) }
    }
    for (old, new) in [
      ("\"missing\":2", "\"missing\":3"), ("\"width\":3", "\"width\":2"), ("\"width\":3", "\"width\":-3"), ("\"width\":3", "\"width\":99"),
      ("\"columns\":[0,1,1]", "\"columns\":[1,0]"), ("\"columns\":[0,1,1]", "\"columns\":[0,1,7]"),
      ("\"weight\":1.1", "\"weight\":\"nan\""),
      ("\"weight\":1.1", "\"weight\":-1"), ("\"least\":0.1", "\"least\":\"inf\""),
    ] {
      let outcome = try altered(old, new)
      #expect(outcome.hasPrefix("m.bin: the encoding of feature '"), "\(old) → \(new): \(outcome)")
    }
    #expect(try altered("\"numeric\"", "\"other\"") == "section 'encoder' of m.bin is not what this Lathe writes")
    var other = ModelWriter()
    other.add("encoder.schema", json: try table(("a", .numeric([]))).schema)
    other.add("encoder", try reader.numbers("encoder", UInt8.self))
    let bytes = other.bytes()
    #expect(message { try DenseEncoder(from: try ModelReader(bytes, name: "m.bin")) } == "m.bin: 2 encodings for 1 feature")
  }
}
