public import Foundation

extension PlantTruth {
  /// The file's name: it lies beside the plant's data.
  public static let fileName = "demo-truth.json"

  /// Where the truth lies that belongs to the data at `path`.
  public static func path(besides path: String) -> String { (path as NSString).deletingLastPathComponent + "/" + fileName }

  /// Reads the truth at `path`.
  ///
  /// - Throws: ``DemoPlantError`` when the file is not what this version writes, and what reading it throws.
  public init(path: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do { self = try decoder.decode(PlantTruth.self, from: Data(contentsOf: URL(filePath: path))) } catch is DecodingError {
      throw DemoPlantError(
        description: "\(path) is not what 'lathe demo' of this version writes; make the plant again in a new workspace")
    }
  }

  /// The file's bytes: JSON with sorted keys.
  public func bytes() throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self)
  }
}
