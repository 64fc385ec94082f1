import Glibc
import Tabular

extension FeatureTable {
  /// The table with the levels of a feature as numbers: their places in `order`, from 0; a level that is not there, and a missing one, is NaN.
  ///
  /// For levels that have an order, such as tolerance classes; of others an order says nothing: trees take levels as they are, and
  /// ``DenseEncoder`` and ``TargetEncoder`` make numbers of them.
  public func ordinal(_ name: String, order: [String]) throws(LearningError) -> FeatureTable {
    guard Set(order).count == order.count else { throw .parameter("the order of '\(name)' has a level twice") }
    let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, Double($0)) })
    return try replacing(name) { (values) throws(LearningError) in
      guard case .categorical(let codes, let levels) = values else {
        throw .data("feature '\(name)' has numbers, which are ordered already")
      }
      let numbers = levels.map { places[$0] ?? .nan }
      return .numeric(codes.map { $0 < 0 ? .nan : numbers[Int($0)] })
    }
  }

  /// The table with the natural logarithm of a feature of numbers; 0 and less are missing.
  public func logarithm(of name: String) throws(LearningError) -> FeatureTable {
    try replacing(name) { (values) throws(LearningError) in
      guard case .numeric(let numbers) = values else { throw .data("feature '\(name)' has levels, which have no logarithm") }
      return .numeric(numbers.map { $0 > 0 ? log($0) : .nan })
    }
  }

  private func replacing(_ name: String, _ change: (Values) throws(LearningError) -> Values) throws(LearningError) -> FeatureTable {
    guard let place = columns.firstIndex(where: { $0.name == name }) else {
      throw .data("there is no feature '\(name)'" + suggestion(for: name, in: columns.map(\.name)))
    }
    var columns = columns
    columns[place].values = try change(columns[place].values)
    return try FeatureTable(columns, rowCount: rowCount)
  }
}
