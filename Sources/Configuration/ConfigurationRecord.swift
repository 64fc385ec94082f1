/// A group of declared keys: a section of `lathe.yaml`, or a record within one.
///
/// How to declare a section, in a file of its own:
///
///     public struct TrainingSettings: Equatable, Sendable {
///       public var folds = 5                                     // the default, its one home
///       public var columns: [String: ColumnMapping] = [:]
///     }
///     extension TrainingSettings: ConfigurationRecord {
///       static let fields: [Field<Self>] = [
///         Field("folds", \.folds, .integer(2...20), "Blocks of time that a verdict is taken over."),
///         Field("columns", \.columns, .map(of: .record(ColumnMapping.self, orText: \.column)), "Where each field comes from."),
///       ]
///       func faultsAcrossKeys() -> [(key: String, message: String)] { … }
///     }
///
/// and a line in ``Settings/fields``. Unknown keys, wrong types and values out of bounds, with their places, `config show`,
/// `config reference` and the default `lathe.yaml` follow from that. The key's name is the property's in snake_case: a test holds the
/// two, their order, and that no property is left undeclared. `Field(required:…)` has no default: its key must be given wherever the
/// record is (the property then starts with a placeholder, such as an empty text, that no reader ever sees).
protocol ConfigurationRecord: Equatable, Sendable {
  /// Makes the record of the defaults.
  init()
  /// The keys, in the order in which they are shown.
  static var fields: [Field<Self>] { get }
  /// What is wrong between keys that are each right: the key to blame, and words to follow its name (`must be …, got …`).
  func faultsAcrossKeys() -> [(key: String, message: String)]
}

extension ConfigurationRecord {
  func faultsAcrossKeys() -> [(key: String, message: String)] { [] }
}

/// The declaration of one key of a record.
struct Field<Record: ConfigurationRecord>: Sendable {
  let name: String
  let words: String
  let unit: String
  let isRequired: Bool
  let read: @Sendable (ConfigurationNode, String, inout ConfigurationReader, inout Record) -> Void
  let write: @Sendable (Record) -> ConfigurationNode
  let expectation: String
  let children: @Sendable () -> [KeyDescription]

  /// Declares a key with a default, which is the value in `Record()`.
  init<Value>(
    _ name: String, _ property: any WritableKeyPath<Record, Value> & Sendable, _ type: ValueType<Value>, unit: String = "", _ words: String
  ) {
    self.init(name, property, type, unit: unit, words, isRequired: false)
  }

  /// Declares a key that must be given.
  init<Value>(
    required name: String, _ property: any WritableKeyPath<Record, Value> & Sendable, _ type: ValueType<Value>, unit: String = "",
    _ words: String
  ) {
    self.init(name, property, type, unit: unit, words, isRequired: true)
  }

  private init<Value>(
    _ name: String, _ property: any WritableKeyPath<Record, Value> & Sendable, _ type: ValueType<Value>, unit: String, _ words: String,
    isRequired: Bool
  ) {
    self.name = name
    self.words = words
    self.unit = unit
    self.isRequired = isRequired
    read = { node, path, reader, record in
      if let value = type.read(node, path, &reader) { record[keyPath: property] = value }
    }
    write = { type.write($0[keyPath: property]) }
    expectation = type.expectation
    children = type.children
  }

  /// This key and those within it.
  func descriptions(of defaults: Record) -> [KeyDescription] {
    let value = write(defaults)
    let text =
      switch value.content {
      case .null: "–"
      case .map(let entries) where !entries.isEmpty: ""
      default: isRequired ? "required" : inlineYAML(value)
      }
    let own = KeyDescription(path: name, expectation: expectation, defaultText: text, unit: unit, words: words)
    return [own] + children().map { $0.under(name) }
  }
}
