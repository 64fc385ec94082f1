import FoundationEssentials
public import Tabular

/// What a model version is: what it was made from, and the digest of each of its files.
public struct ModelManifest: Hashable, Sendable {
  /// The version's name, the same as its folder's.
  public var version: String
  /// When it was made.
  public var createdAt: Timestamp
  /// What its maker said about it.
  public var description: ModelDescription
  /// Its files besides the manifest, by name.
  public var files: [File]

  /// One file of a version.
  public struct File: Hashable, Sendable, Codable {
    /// The name within the version's folder.
    public var name: String
    /// Its size.
    public var byteCount: Int
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    public var sha256: String

    enum CodingKeys: String, CodingKey {
      case name, sha256
      case byteCount = "bytes"
    }
  }
}

/// What the maker of a version says about it.
public struct ModelDescription: Hashable, Sendable {
  /// What predicts the minutes: `baseline`, …
  public var kind: String
  /// The version's own as-of: nothing later was known to it.
  public var trainedUntil: Timestamp
  /// The results that it was trained on: later than `since`, or from the first one on.
  public var since: Timestamp?
  /// The features that items are compared by.
  public var features: [Feature]
  /// Figures of the version by metric name; `nil` where nothing could be measured.
  public var metrics: [String: Double?]
  /// The parameters that it was made with.
  public var parameters: [String: PlainValue]
  /// SHA-256 of each strategy that had a part in it, by name.
  public var strategyDigests: [String: String]
  /// Fingerprint of the rows that it learnt from and was judged by; `nil` when none was taken.
  public var dataFingerprint: String?
  /// The version that served when this one was made.
  public var parent: String?
  /// The Lathe that made it.
  public var latheVersion: String

  /// One feature and its share in the similarity.
  public struct Feature: Hashable, Sendable, Codable {
    /// The column.
    public var name: String
    /// How its values are compared: `categorical` or `numeric`.
    public var kind: String
    /// Its weight, ≥ 0.
    public var weight: Double

    /// Makes a feature.
    public init(name: String, kind: String, weight: Double) {
      self.name = name
      self.kind = kind
      self.weight = weight
    }
  }

  /// Makes a description.
  public init(
    kind: String, trainedUntil: Timestamp, since: Timestamp? = nil, features: [Feature] = [], metrics: [String: Double?] = [:],
    parameters: [String: PlainValue] = [:], strategyDigests: [String: String] = [:], dataFingerprint: String? = nil, parent: String? = nil,
    latheVersion: String
  ) {
    self.kind = kind
    self.trainedUntil = trainedUntil
    self.since = since
    self.features = features
    self.metrics = metrics
    self.parameters = parameters
    self.strategyDigests = strategyDigests
    self.dataFingerprint = dataFingerprint
    self.parent = parent
    self.latheVersion = latheVersion
  }
}

extension ModelDescription: Codable {
  enum CodingKeys: String, CodingKey {
    case kind, since, features, metrics, parameters, parent
    case trainedUntil = "trained_until"
    case dataFingerprint = "data_fingerprint"
    case strategyDigests = "strategy_digests"
    case latheVersion = "lathe_version"
  }
}

extension ModelManifest: Codable {
  private enum CodingKeys: String, CodingKey {
    case version, files
    case createdAt = "created_at"
  }

  /// Reads the flat JSON object that ``encode(to:)`` writes.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    version = try container.decode(String.self, forKey: .version)
    createdAt = try container.decode(Timestamp.self, forKey: .createdAt)
    files = try container.decode([File].self, forKey: .files)
    description = try ModelDescription(from: decoder)
  }

  /// Writes one flat JSON object, the description's keys beside the manifest's own.
  public func encode(to encoder: any Encoder) throws {
    try description.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(version, forKey: .version)
    try container.encode(createdAt, forKey: .createdAt)
    try container.encode(files, forKey: .files)
  }
}

extension ModelManifest {
  /// The file's text: JSON whose first key is the SHA-256 of everything else in the file, so that no byte of it can change unseen.
  func sealedText() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let body = String(decoding: try encoder.encode(self), as: UTF8.self).dropFirst()  // without the brace
    let (head, tail) = (Self.sealHead, "\"," + body + "\n")
    return head + sha256Text((head + tail).utf8) + tail
  }

  /// Reads a sealed text; throws ``ModelDamage/Reason`` when a byte of it has changed.
  init(sealed bytes: [UInt8]) throws {
    let head = Array(Self.sealHead.utf8)
    guard bytes.count > head.count + 64, bytes.starts(with: head) else { throw ModelDamage.Reason.notAManifest }
    let got = String(decoding: bytes[head.count..<head.count + 64], as: UTF8.self)
    let expected = sha256Text(head + bytes[(head.count + 64)...])
    guard got == expected else { throw ModelDamage.Reason.digest(expected: got, got: expected) }
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(bytes))
    } catch { throw ModelDamage.Reason.notAManifest }
  }

  private static let sealHead = "{\n  \"sha256\" : \""
}
