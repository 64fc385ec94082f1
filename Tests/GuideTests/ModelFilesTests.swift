import Foundation
import Learning
import Routing
import Tabular
import TestSupport
import Testing

@Suite("The guide to model files")
struct ModelFilesTests {
  /// Reads the names of the sections as the guide says, with nothing of what Lathe reads them by.
  private func sections(_ bytes: [UInt8]) throws -> [String] {
    func number(_ offset: Int, _ size: Int) -> Int { (0..<size).reversed().reduce(0) { $0 << 8 | Int(bytes[offset + $1]) } }
    #expect(bytes.prefix(8).elementsEqual("LATHEMDL".utf8) && number(8, 4) == 1 && number(40, 8) == bytes.count)
    var place = number(16, 8)
    #expect(place + number(24, 8) == bytes.count)
    return (0..<number(12, 4)).map { _ in
      let length = number(place, 2)
      let name = String(decoding: bytes[place + 2..<place + 2 + length], as: UTF8.self)
      let entry = place + 2 + length
      #expect(
        (1...7).contains(bytes[entry]) && number(entry + 1, 8) % 64 == 0 && number(entry + 1, 8) + number(entry + 9, 8) <= bytes.count)
      place = entry + 25
      return name
    }
  }

  @Test("names every section of every kind of model, as an independent reader finds them")
  func names() throws {
    let guide = try String(contentsOf: BuiltProgram().repository.appending(path: "docs/guide/model-files.md"), encoding: .utf8)
    let sizes = (0..<60).map { Double($0 * 37 % 101) }
    let features = try FeatureTable([
      .init("size", .numeric(sizes)), .init("baseline_ratio", .numeric(sizes.map { $0 / 1000 })),
      .init("reference_log", .numeric(sizes.map { _ in 3 })),
      .init("job", .categorical(sizes.indices.map { Int32($0 % 3) }, levels: ["a", "b", "c"])),
    ])
    let data = try Dataset(features: features, targets: [sizes.map { $0 / 100 + 0.5 }])
    MinutesEstimators.add()
    let makers: [any Estimator] =
      try Estimators.all.map { type in
        try Estimators.make(type.name, type.name == "mlp" ? ["max_epochs": 2] : type.name == "knn" ? ["search": "hnsw"] : [:])
      } + [BaselineEstimator(), OperationMedianEstimator()]
    #expect(makers.count >= 10)
    for estimator in makers {
      let names = try sections(Estimators.bytes(of: estimator.fitted(data, in: FitContext())))
      #expect(names.contains("model.kind") && names.count > 2)
      for name in names {
        // Without the parts that it lies in, and with 0 for every number.
        let own = name.split(separator: ".").last.map(String.init) ?? ""
        let parts = [own, "encoder." + own, "target_encoding." + own, "network." + own].map {
          $0.replacing(#/ \d+$/#, with: " 0").replacing(#/layer\d+$/#, with: "layer1")
        }
        #expect(parts.contains { guide.contains("`\($0)`") }, "\(type(of: estimator).name): \(name)")
      }
    }
  }
}
