import Learning
import Tabular
import Testing

private func numbers(_ table: FeatureTable, _ name: String) throws -> [Double] {
  let column = try #require(table.columns.first { $0.name == name }, "no column '\(name)' in \(table.columns.map(\.name))")
  guard case .numeric(let numbers) = column.values else {
    Issue.record("'\(name)' has levels")
    return []
  }
  return numbers
}

@Suite("Encoding by target")
struct TargetEncoderTests {
  /// A level a row by `SeededGenerator`, some missing, two outputs that depend on it.
  private func sample(_ seed: UInt64, rows: Int = 80, weights: Bool = false, groups: Bool = false) throws -> Dataset {
    var generator = SeededGenerator(seed: seed)
    let codes = (0..<rows).map { _ in Int32(generator.integer(below: 5)) - 1 }
    let y = codes.map { Double($0) * 3 + generator.uniform() }
    let z = codes.map { _ in 100 + generator.uniform() }
    return try Dataset(
      features: try FeatureTable([
        .init("q", .numeric(y.indices.map { Double($0) })), .init("c", .categorical(codes, levels: ["k", "l", "m", "n"])),
      ]), targets: [y, z], weights: weights ? (0..<rows).map { _ in Double(generator.integer(below: 4)) } : nil,
      groups: groups ? (0..<rows).map { _ in generator.integer(below: 12) } : nil)
  }

  /// What a row of level `code` becomes when the rows at `rows` are known, by the definition.
  private func slow(_ data: Dataset, output: Int, code: Int32, rows: [Int], smoothing: Double) -> Double {
    guard case .categorical(let codes, _) = data.features.columns[1].values else { return .nan }
    func mean(_ rows: [Int]) -> (Double, Double) {
      let weight = rows.reduce(0) { $0 + (data.weights?[$1] ?? 1) }
      return (weight, rows.reduce(0) { $0 + (data.weights?[$1] ?? 1) * data.targets[output][$1] } / weight)
    }
    let (_, prior) = mean(rows)
    let (weight, level) = mean(rows.filter { codes[$0] == code })
    return weight > 0 ? (weight * level + smoothing * prior) / (weight + smoothing) : prior
  }

  @Test("has the numbers of scikit-learn's TargetEncoder", .enabled(if: Diamonds.path != nil, "data/diamonds.csv is not here"))
  func reference() throws {
    let data = try Diamonds.rows()
    let encoding = try TargetEncoder(smoothing: 20).fit(data)
    let encoded = try encoding.transform(data.features)
    // TargetEncoder(smooth=20, target_type='continuous') of 1.9.1; both are sums in double precision, in different orders.
    let reference: [String: [String: Double]] = [
      "cut": [
        "Fair": 4353.5312849314505, "Good": 3928.880429240411, "Ideal": 3457.982615290819, "Premium": 4583.314314274004,
        "Very Good": 3981.678978221638,
      ],
      "color": ["D": 3172.1994105133576, "J": 5313.980549659924],
      "clarity": ["I1": 3924.3955248860243, "IF": 2876.639775932743, "VVS2": 3286.2894208490493],
    ]
    for (name, levels) in reference {
      let column = try #require(data.features.columns.first { $0.name == name })
      guard case .categorical(let codes, let names) = column.values else {
        Issue.record("'\(name)' has no levels")
        continue
      }
      let values = try numbers(encoded, name)
      for (level, value) in levels {
        let code = try #require(names.firstIndex(of: level))
        let row = try #require(codes.firstIndex(of: Int32(code)))
        #expect(abs(values[row] / value - 1) < 1e-11, "\(name)=\(level)")
      }
    }
    #expect(abs(encoding.priors[0] / 3932.799721913237 - 1) < 1e-11)
    #expect(encoded.columns.map(\.name) == data.features.columns.map(\.name))
  }

  @Test("A level becomes its smoothed mean for each output, with weights", arguments: 0..<4 as Range<UInt64>)
  func smoothing(seed: UInt64) throws {
    let data = try sample(seed, weights: seed % 2 == 1)
    let smoothing = [0, 3.5][Int(seed / 2)]
    let encoding = try TargetEncoder(smoothing: smoothing).fit(data)
    let asked = try FeatureTable([
      .init("c", .categorical([0, 1, 2, 3, -1], levels: ["k", "l", "m", "n"])), .init("q", .numeric([1, 2, 3, 4, 5])),
    ])
    let encoded = try encoding.transform(asked)
    #expect(encoded.columns.map(\.name) == ["q", "c: y1", "c: y2"])
    for (output, name) in ["c: y1", "c: y2"].enumerated() {
      for (code, value) in zip([0, 1, 2, 3, -1] as [Int32], try numbers(encoded, name)) {
        let expected = slow(data, output: output, code: code, rows: Array(0..<data.rowCount), smoothing: smoothing)
        #expect(abs(value - expected) < 1e-10)
      }
    }
  }

  @Test("A level that was not in the fit, or only without weight, becomes the mean of all rows; so does a missing value")
  func unknown() throws {
    let features = try FeatureTable([.init("c", .categorical([0, 0, 1, 2], levels: ["k", "l", "m"]))])
    let data = try Dataset(features: features, targets: [[1, 2, 9, 1e300]], weights: [1, 1, 1, 0])
    let encoding = try TargetEncoder(smoothing: 1).fit(data)
    let asked = try FeatureTable([.init("c", .categorical([0, 1, 2, 3, -1], levels: ["new", "k", "m", "l"]))])
    #expect(try numbers(try encoding.transform(asked), "c") == [4, 7.0 / 3, 4, 6.5, 4])
  }

  @Test("A row's own target, and those of its group, change nothing of its numbers, to the bit", arguments: [false, true])
  func ownTarget(groups: Bool) throws {
    let data = try sample(8, rows: 40, weights: true, groups: groups)
    let encoder = try TargetEncoder(smoothing: 0.1, folds: 4)
    let before = try encoder.fitOutOfFold(data, in: FitContext(seed: 3)).features
    let whole = try encoder.fit(data).transform(data.features)
    var isChangedInWhole = false
    for row in 0..<data.rowCount {
      for change in [1e-9, 5, -1e12] {
        var targets = data.targets
        let members = data.groups.map { groups in groups.indices.filter { groups[$0] == groups[row] } } ?? [row]
        for member in members { targets[0][member] += change }
        let altered = try data.replacing(targets: targets)
        let after = try encoder.fitOutOfFold(altered, in: FitContext(seed: 3)).features
        for member in members {
          #expect(try numbers(after, "c: y1")[member] == numbers(before, "c: y1")[member], "row \(member)")
        }
        let wholeAfter = try encoder.fit(altered).transform(data.features)
        isChangedInWhole = try isChangedInWhole || numbers(wholeAfter, "c: y1")[row] != numbers(whole, "c: y1")[row]
      }
    }
    // What the same rows would see without folds: the check can fail.
    #expect(isChangedInWhole)
  }

  @Test("A level a row, which gives the target away, tells nothing out of fold")
  func plantedLeak() throws {
    var generator = SeededGenerator(seed: 1)
    let rows = 300
    let y = (0..<rows).map { _ in generator.uniform() }
    let features = try FeatureTable([.init("id", .categorical((0..<rows).map { Int32($0) }, levels: (0..<rows).map { "id\($0)" }))])
    let data = try Dataset(features: features, targets: [y])
    let encoder = try TargetEncoder(smoothing: 0, folds: 10)
    #expect(zip(try numbers(try encoder.fit(data).transform(features), "id"), y).allSatisfy { abs($0 - $1) < 1e-12 })
    let honest = try numbers(try encoder.fitOutOfFold(data, in: FitContext()).features, "id")
    // Each fold knows the mean of the others alone: ten numbers, and no relation with a row's own target.
    #expect(Set(honest).count == 10)
    let mean = honest.reduce(0, +) / Double(rows)
    #expect(honest.allSatisfy { abs($0 - mean) < 0.05 })
  }

  @Test("Out of fold, a row becomes what the rows of the other folds say", arguments: 0..<3 as Range<UInt64>)
  func outOfFold(seed: UInt64) throws {
    let data = try sample(seed, rows: 30, weights: seed == 1)
    // With a fold a row, which rows the others are is known.
    let encoder = try TargetEncoder(smoothing: 2, folds: 1000)
    let (encoding, features) = try encoder.fitOutOfFold(data, in: FitContext(seed: seed))
    #expect(try encoding == encoder.fit(data))
    guard case .categorical(let codes, _) = data.features.columns[1].values else { return }
    let weighing = (0..<30).filter { (data.weights?[$0] ?? 1) > 0 }
    for (output, name) in ["c: y1", "c: y2"].enumerated() {
      let values = try numbers(features, name)
      for row in weighing {
        let others = (0..<30).filter { $0 != row }
        #expect(abs(values[row] - slow(data, output: output, code: codes[row], rows: others, smoothing: 2)) < 1e-10)
      }
    }
    #expect(try numbers(features, "q") == (0..<30).map { Double($0) })
  }

  @Test("The same seed deals the same folds, another one others")
  func seeds() throws {
    let data = try sample(4)
    let one = try TargetEncoder().fitOutOfFold(data, in: FitContext(seed: 1)).features
    #expect(try TargetEncoder().fitOutOfFold(data, in: FitContext(seed: 1)).features == one)
    #expect(try TargetEncoder().fitOutOfFold(data, in: FitContext(seed: 2)).features != one)
  }

  @Test("Numbers of any size and far from 0 stay finite and exact enough", arguments: [1e300, 1.7e308, 1e-290])
  func extremes(size: Double) throws {
    let codes: [Int32] = [0, 0, 1, 1, -1, 1]
    let features = try FeatureTable([.init("c", .categorical(codes, levels: ["k", "l"]))])
    let data = try Dataset(
      features: features, targets: [[size, size, -size, -size, size, -size], [1e15, 1e15 + 2, 1, 3, 5, 2]],
      weights: [1e300, 1e300, 1e300, 1e300, 1e300, 1e300])
    let encoded = try TargetEncoder(smoothing: 0).fit(data).transform(features)
    for (value, expected) in zip(try numbers(encoded, "c: y1"), [size, size, -size, -size, size, -size]) {
      #expect(abs(value / expected - 1) < 1e-12)
    }
    #expect(try numbers(encoded, "c: y2") == [1e15 + 1, 1e15 + 1, 2, 2, 5, 2])
    let (_, own) = try TargetEncoder().fitOutOfFold(data, in: FitContext())
    #expect(try numbers(own, "c: y1").allSatisfy(\.isFinite))
  }

  @Test("Features of few levels can stay as they are, for others to encode")
  func leastLevels() throws {
    let features = try FeatureTable([
      .init("few", .categorical([0, 1, 0], levels: ["x", "y"])), .init("many", .categorical([0, 1, 2], levels: ["x", "y", "z"])),
    ])
    let data = try Dataset(features: features, targets: [[1, 2, 3]])
    let encoded = try TargetEncoder(leastLevels: 3).fit(data).transform(features)
    #expect(encoded.columns[0] == features.columns[0])
    #expect(try numbers(encoded, "many").count == 3)
  }

  @Test("What cannot be is refused with what was expected")
  func refusals() throws {
    #expect(message { try TargetEncoder(smoothing: -1) }.hasPrefix("'smoothing' of target_encoder must be a number ≥ 0, got -1"))
    #expect(message { try TargetEncoder(folds: 1) } == "'folds' of target_encoder must be an integer 2…1000, got 1")
    #expect(message { try TargetEncoder(["fold": 3]) } == "unknown parameter 'fold' of target_encoder; did you mean 'folds'?")
    let features = try FeatureTable([.init("c", .categorical([0, 0], levels: ["x"]))])
    let one = try Dataset(features: features, targets: [[1, 2]], weights: [0, 1])
    #expect(
      message { try TargetEncoder().fitOutOfFold(one, in: FitContext()) }
        == "target_encoder out of fold needs at least 2 rows of a weight above 0, got 1")
    let group = try Dataset(features: features, targets: [[1, 2]], groups: [7, 7])
    #expect(
      message { try TargetEncoder().fitOutOfFold(group, in: FitContext()) }
        == "target_encoder out of fold needs rows of at least 2 groups of a weight above 0, got 1")
    let none = try Dataset(features: features.selecting(rows: []), targets: [[]])
    #expect(message { try TargetEncoder().fit(none) } == "target_encoder cannot be fitted on no rows")
    let data = try Dataset(features: features, targets: [[1, 2]])
    #expect(message { try TargetEncoder().fitOutOfFold(data, in: FitContext(shouldStop: { true })) } == "cancelled")
    let clash = try Dataset(
      features: try FeatureTable([.init("c", .categorical([0], levels: ["x"])), .init("c: b", .numeric([1]))]), targets: [[1], [2]],
      targetNames: ["a", "b"])
    #expect(message { try TargetEncoder().fit(clash) } == "encoded by target, two features would have the name 'c: b'")
    #expect(message { try TargetEncoder().fit(data).transform(try FeatureTable([], rowCount: 1)) }.hasPrefix("the model wants feature 'c'"))
  }

  @Test("An encoding comes back from a file; one that does not fit together is refused")
  func files() throws {
    let data = try sample(6)
    let encoding = try TargetEncoder().fit(data)
    var file = ModelWriter()
    encoding.write(to: &file)
    let reader = try ModelReader(file.bytes(), name: "m.bin")
    #expect(try TargetEncoding(from: reader) == encoding)
    let values = try reader.numbers("target_encoding.numbers", Double.self)
    #expect(values.count == 2 * (1 + 5))

    func altered(
      targets: [String] = ["a", "b"], encoded: [Int32] = [1], numbers: [Double]? = nil, schema: FeatureSchema? = nil
    ) throws -> String {
      var file = ModelWriter()
      file.add("target_encoding.schema", json: schema ?? encoding.schema)
      file.add("target_encoding.targets", json: targets)
      file.add("target_encoding.encoded", encoded)
      file.add("target_encoding.numbers", numbers ?? values)
      let bytes = file.bytes()
      return message { try TargetEncoding(from: try ModelReader(bytes, name: "m.bin")) }
    }
    #expect(try altered() == "nothing was refused")
    #expect(try altered(targets: []) == "m.bin: it has no output")
    for encoded in [[0], [2], [-1], [1, 1]] as [[Int32]] {
      #expect(try altered(encoded: encoded) == "m.bin: what is encoded are not features of levels", "\(encoded)")
    }
    #expect(try altered(numbers: Array(values.dropLast())) == "m.bin: 11 encoded numbers, expected 12")
    #expect(try altered(encoded: []) == "m.bin: 12 encoded numbers, expected 2")
    #expect(try altered(numbers: values.dropLast() + [.infinity]) == "m.bin: an encoded number is none")
    #expect(try altered(targets: ["a", "a"]) == "m.bin: encoded by target, two features would have the name 'c: a'")
  }
}
