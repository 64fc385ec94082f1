public import Ledger
public import Tabular

/// How two versions differ: by their manifests, and by what they predict.
public struct VersionDifference: Hashable, Codable, Sendable {
  /// A figure of each; `nil` where a version has none of that name.
  public struct Pair<Value: Hashable & Codable & Sendable>: Hashable, Codable, Sendable {
    /// Of the first, and of the second version.
    public var a, b: Value?
  }

  /// What both predict of one operation, minutes a piece or an order.
  public struct Change: Hashable, Codable, Sendable {
    /// The item, the operation's job code, and how often that came before in the routing.
    public var item, operation: String
    /// How often the job code came before in the routing.
    public var occurrence: Int
    /// Run minutes of each; `nil` where a version does not have the operation in the routing, or knows no minutes.
    public var a, b: Double?
    /// From the first to the second, percent of the first; `nil` where one of them is missing or the first is 0.
    public var percent: Double?
  }

  /// What was predicted.
  public struct Predictions: Hashable, Codable, Sendable {
    /// Items that both predicted, and those that one could not.
    public var items, failures: Int
    /// Operations of these items, and those whose minutes are the same.
    public var operations, unchanged: Int
    /// Mean of the absolute change, percent; `nil` when no operation has one.
    public var meanAbsolutePercent: Double?
    /// The operations that changed most: those that one version does not have first, then by the change.
    public var changes: [Change]
  }

  /// The versions.
  public var a, b: String
  /// Facts of the manifests, by name: kind, parent, instants.
  public var facts: [String: Pair<String>]
  /// The parameters, those of an estimator under `estimator.`.
  public var parameters: [String: Pair<PlainValue>]
  /// Kind and weight of each feature.
  public var features: [String: Pair<String>]
  /// Metrics that each was deployed with: of other rows when they were deployed by other verdicts.
  public var metrics: [String: Pair<Double>]
  /// Sizes of the files, bytes.
  public var files: [String: Pair<Int>]
  /// What they predict; `nil` when there is no factory data to predict from.
  public var predictions: Predictions?
}

extension VersionDifference {
  /// Compares manifests.
  init(_ a: ModelManifest, _ b: ModelManifest) {
    let of = { (manifest: ModelManifest) in manifest.description }
    self.init(
      a: a.version, b: b.version, facts: Self.pairs(Self.facts(of: a), Self.facts(of: b)),
      parameters: Self.pairs(Self.flat(of(a).parameters), Self.flat(of(b).parameters)),
      features: Self.pairs(Self.features(of: a), Self.features(of: b)),
      metrics: Self.pairs(of(a).metrics.compactMapValues { $0 }, of(b).metrics.compactMapValues { $0 }),
      files: Self.pairs(
        Dictionary(uniqueKeysWithValues: a.files.map { ($0.name, $0.byteCount) }),
        Dictionary(uniqueKeysWithValues: b.files.map { ($0.name, $0.byteCount) })))
  }

  private static func pairs<Value>(_ a: [String: Value], _ b: [String: Value]) -> [String: Pair<Value>] {
    let names = Set(a.keys).union(b.keys)
    return Dictionary(uniqueKeysWithValues: names.map { ($0, Pair(a: a[$0], b: b[$0])) })
  }

  private static func facts(of manifest: ModelManifest) -> [String: String] {
    var facts = [
      "kind": manifest.description.kind, "created_at": manifest.createdAt.description,
      "trained_until": manifest.description.trainedUntil.description, "lathe_version": manifest.description.latheVersion,
    ]
    facts["parent"] = manifest.description.parent
    facts["since"] = manifest.description.since?.description
    return facts
  }

  private static func features(of manifest: ModelManifest) -> [String: String] {
    Dictionary(manifest.description.features.map { ($0.name, "\($0.kind), weight \($0.weight)") }) { $1 }
  }

  /// Maps within parameters become names with a dot.
  private static func flat(_ parameters: [String: PlainValue]) -> [String: PlainValue] {
    var flat: [String: PlainValue] = [:]
    for (name, value) in parameters {
      guard case .map(let inner) = value else {
        flat[name] = value
        continue
      }
      for (key, value) in Self.flat(inner) { flat[name + "." + key] = value }
    }
    return flat
  }
}
