public import Configuration
import DataAccess
public import Routing
import Tabular

extension ImportMapping {
  /// What is wrong with the mapping that the `import` section of the configuration declares, each with its place in the file. Only
  /// who imports needs sources.
  public static func faults(in effective: EffectiveSettings) -> [ConfigurationFault] {
    do throws(ConfigurationError) { _ = try ImportMapping(effective) } catch {
      return error.faults.filter { $0.keyPath != "import.sources" || !effective.settings.import.sources.isEmpty }
    }
    return []
  }

  /// The mapping that the `import` section of the configuration declares.
  ///
  /// - Throws: ``ConfigurationError`` with every fault of the section, each with its place in the file.
  public init(_ effective: EffectiveSettings) throws(ConfigurationError) {
    self.init()
    let settings = effective.settings.import
    var faults: [ImportError.Fault] = []
    timeZone = settings.timeZone
    missing = Set(settings.missing)
    maxRefusedShare = settings.maxRefusedShare
    mode = settings.mode == .merge ? .merge : .replace
    sources = settings.sources.enumerated().map { Source($1, "sources[\($0)]", &faults) }
    faults += self.faults()
    guard faults.isEmpty else {
      let placed = faults.map { fault in
        let key = "import." + fault.key
        return ConfigurationFault(place: effective.place(of: key), keyPath: key, message: "'\(key)' \(fault.message)")
      }
      throw ConfigurationError(faults: placed.sorted { ($0.place.line ?? .max, $0.keyPath) < ($1.place.line ?? .max, $1.keyPath) })
    }
  }
}

extension ImportMapping.Source {
  fileprivate init(_ settings: Settings.ImportSource, _ key: String, _ faults: inout [ImportError.Fault]) {
    self.init()
    files = settings.files
    delimiter = settings.delimiter.flatMap { $0 == "tab" ? UInt8(ascii: "\t") : $0.utf8.first }
    timeFormat = settings.timeFormat
    dropsDuplicates = settings.dropDuplicates
    filters = settings.filters.map { filter in
      var result = ImportMapping.Filter()
      result.name = filter.name
      result.keeps = ImportMapping.Condition(column: filter.column, allowed: filter.keep.map(Set.init), excluded: Set(filter.drop))
      return result
    }
    let given: [(ImportMapping.Target, Settings.ImportRelation?)] = [
      (.items, settings.items), (.routingOperations, settings.routingOperations), (.workResults, settings.workResults),
    ]
    for case (let target, let relation?) in given {
      var result = ImportMapping.Relation(target)
      result.groupBy = relation.groupBy
      for (name, field) in relation.fields.sorted(by: { $0.key < $1.key }) {
        result.fields[name] = ImportMapping.Field(field, "\(key).\(target.rawValue).fields.\(name)", &faults)
      }
      relations.append(result)
    }
  }
}

extension ImportMapping.Field {
  fileprivate init(_ settings: Settings.ImportField, _ key: String, _ faults: inout [ImportError.Fault]) {
    if let column = settings.column {
      self.init(.column(column))
    } else if let text = settings.constant {
      self.init(.constant(text))
    } else if let span = settings.between {
      self.init(.minutesBetween(start: span.start, end: span.end))
    } else {
      self.init(.joined(settings.columns, separator: settings.separator))
    }
    steps = settings.steps.map { step in
      if let text = step.after { return .after(text) }
      if let text = step.before { return .before(text) }
      if let pattern = step.match { return .match(pattern) }
      if let pattern = step.replace { return .replace(pattern: pattern, with: step.with) }
      return .collapseBlanks
    }
    valueMap = settings.valueMap
    unmapped = settings.unmapped == "keep" ? .kept : settings.unmapped == "refuse" ? .refused : .replaced(by: settings.unmapped)
    missing = Set(settings.missing)
    featureType = settings.type == .text ? .text : .double
    timeFormat = settings.timeFormat
    if let format = DurationFormat(settings.duration) {
      duration = format
    } else {
      faults.append(
        .init("\(key).duration", "must be minutes, hours, seconds, days, HHH:MM or H:MM:SS, got '\(settings.duration)'"))
    }
    decimalComma = settings.decimalComma
    trueValues = Set(settings.trueValues)
    falseValues = settings.falseValues.map(Set.init)
    check = settings.check.map { .init(start: $0.start, end: $0.end, toleranceMinutes: $0.toleranceMinutes) }
    conditions = settings.where.map { .init(column: $0.column, allowed: $0.keep.map(Set.init), excluded: Set($0.drop)) }
    aggregate = ImportMapping.Aggregate(rawValue: settings.aggregate.rawValue) ?? .same
    orderedBy = settings.by
  }
}
