import Foundation
import Learning
import Tabular
import Testing

/// The diamonds of ggplot2, which are not part of the repository: in the folder that LATHE_SHARED names, else in `shared` beside the
/// checkout or beside its parent.
enum Diamonds {
  static let path: String? = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let given = ProcessInfo.processInfo.environment["LATHE_SHARED"].map { [URL(filePath: $0)] }
    let folders = given ?? [root.appending(path: "../shared"), root.appending(path: "../../shared")]
    return folders.map { $0.appending(path: "data/diamonds.csv").standardizedFileURL.path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }()

  /// Every `step`-th row; the targets are the price and, if asked for, its logarithm, the weights 0.5, 1.5, 2.5 in turn.
  static func rows(weights: Bool = false, every step: Int = 1, logarithm: Bool = false) throws -> Dataset {
    let (features, price) = try all.get()
    let rows = Array(stride(from: 0, to: price.count, by: step))
    let chosen = rows.map { price[$0] }
    return try Dataset(
      features: step == 1 ? features : features.selecting(rows: rows), targets: logarithm ? [chosen, chosen.map { log($0) }] : [chosen],
      weights: weights ? rows.indices.map { 0.5 + Double($0 % 3) } : nil)
  }

  private static let all = Result { try read() }

  private static func read() throws -> (FeatureTable, [Double]) {
    let text = try String(contentsOfFile: try #require(path), encoding: .utf8)
    let lines = text.components(separatedBy: "\n").filter { !$0.isEmpty }.map { $0.components(separatedBy: ",") }
    func column(_ name: String) throws -> [String] {
      let place = try #require(lines[0].firstIndex(of: name))
      return lines.dropFirst().map { $0[place] }
    }
    func numbers(_ name: String) throws -> [Double] {
      let values = try column(name).compactMap(Double.init)
      try #require(values.count == lines.count - 1)
      return values
    }
    var columns = try ["carat", "depth", "table", "x", "y", "z"].map { FeatureTable.Column($0, .numeric(try numbers($0))) }
    for name in ["cut", "color", "clarity"] {
      let values = try column(name)
      let levels = Set(values).sorted()
      let places = Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, Int32($0)) })
      columns.append(.init(name, .categorical(values.compactMap { places[$0] }, levels: levels)))
    }
    return (try FeatureTable(columns), try numbers("price"))
  }
}
