import DataAccess
import Tabular

extension ImportMapping {
  /// What is wrong with the mapping before any file is looked at, with the keys that it is in.
  public func faults() -> [ImportError.Fault] {
    var faults: [ImportError.Fault] = []
    if sources.isEmpty { faults.append(.init("sources", "must name at least one source")) }
    if ZoneRules(timeZone) == nil {
      faults.append(
        .init("time_zone", "names the unknown zone '\(timeZone)'\(ZoneRules.suggestion(for: timeZone)); expected one such as Asia/Seoul"))
    }
    for (index, source) in sources.enumerated() { source.check("sources[\(index)]", &faults) }
    return faults
  }
}

extension ImportMapping.Source {
  fileprivate func check(_ key: String, _ faults: inout [ImportError.Fault]) {
    if files.isEmpty { faults.append(.init("\(key).files", "must name at least one file")) }
    if relations.isEmpty { faults.append(.init(key, "must fill items, routing_operations or work_results")) }
    checkTime(timeFormat, "\(key).time_format", &faults)
    for (index, filter) in filters.enumerated() {
      let place = "\(key).filters[\(index)]"
      if filter.name.isEmpty { faults.append(.init("\(place).name", "must say what the report calls the rows")) }
      filter.keeps.check(place, "keep or drop", &faults)
    }
    for relation in relations { relation.check("\(key).\(relation.target.rawValue)", &faults) }
  }
}

extension ImportMapping.Condition {
  fileprivate func check(_ key: String, _ names: String, _ faults: inout [ImportError.Fault]) {
    if allowed == nil, excluded.isEmpty { faults.append(.init(key, "must say which texts of '\(column)' to \(names)")) }
  }
}

extension ImportMapping.Relation {
  fileprivate func check(_ key: String, _ faults: inout [ImportError.Fault]) {
    let schema = target.schema
    let known = schema.columns.map(\.name)
    for name in fields.keys.sorted() {
      guard let field = fields[name] else { continue }
      let place = "\(key).fields.\(name)"
      if target != .items, !known.contains(name) {
        faults.append(
          .init(
            place, "\(target.rawValue) has no field '\(name)'\(nearest(name, known))")
        )
        continue
      }
      if target == .items, !known.contains(name),
        let clash = (known + fields.keys.sorted()).first(where: { $0 != name && $0.lowercased() == name.lowercased() })
      {
        faults.append(.init(place, "differs from '\(clash)' in letter case only, which SQLite does not tell apart"))
      }
      field.check(
        place, schema.type(of: name) ?? field.featureType, isMinutes: name.hasSuffix("_minutes"), isGrouped: !groupBy.isEmpty, &faults)
      if schema.required.contains(name), !field.conditions.isEmpty {
        faults.append(.init("\(place).where", "must be absent: every row needs '\(name)'"))
      }
    }
    // What has a value without being mapped: a result's id, and the plan that is the only one and always valid.
    let derived: Set<String> = ["result_id", "routing_no", "valid_from"]
    for name in schema.columns.map(\.name) where schema.required.contains(name) && !derived.contains(name) && fields[name] == nil {
      faults.append(.init("\(key).fields", "must have '\(name)'"))
    }
    for (index, name) in groupBy.enumerated() where fields[name] == nil {
      faults.append(
        .init("\(key).group_by[\(index)]", "'\(name)' is not among the fields\(nearest(name, fields.keys.sorted()))"))
    }
    if !groupBy.isEmpty {
      for name in schema.key where fields[name] != nil && !groupBy.contains(name) {
        faults.append(.init("\(key).group_by", "must have '\(name)', which is in the key of \(target.rawValue)"))
      }
    }
  }
}

extension ImportMapping.Field {
  fileprivate func check(_ key: String, _ type: ColumnType, isMinutes: Bool, isGrouped: Bool, _ faults: inout [ImportError.Fault]) {
    if let timeFormat { checkTime(timeFormat, "\(key).time_format", &faults) }
    for (index, step) in steps.enumerated() {
      let pattern: String?
      switch step {
      case .match(let text), .replace(let text, _): pattern = text
      default: pattern = nil
      }
      guard let pattern else { continue }
      do { _ = try Regex(pattern) } catch { faults.append(.init("\(key).steps[\(index)]", "is no regular expression: '\(pattern)'")) }
    }
    for (index, condition) in conditions.enumerated() { condition.check("\(key).where[\(index)]", "keep or drop", &faults) }
    if case .minutesBetween = input, !(isMinutes && type == .double) {
      faults.append(.init("\(key).between", "gives minutes, which this field does not hold"))
    }
    if case .joined(let columns, _) = input, columns.count < 2 { faults.append(.init("\(key).columns", "must name two columns or more")) }
    if check != nil, !(isMinutes && type == .double) {
      faults.append(.init("\(key).check", "is for minutes, which this field does not hold"))
    }
    if !isGrouped, aggregate != .same { faults.append(.init("\(key).aggregate", "needs 'group_by': without it each row is a record")) }
    if aggregate == .sum, type != .double {
      faults.append(.init("\(key).aggregate", "'sum' needs numbers, and this field holds \(type.rawValue)s"))
    }
    if aggregate == .count, type != .double, type != .integer {
      faults.append(.init("\(key).aggregate", "'count' gives a number, and this field holds \(type.rawValue)s"))
    }
    if aggregate == .min || aggregate == .max, type == .bool {
      faults.append(.init("\(key).aggregate", "flags have no order: take most_frequent"))
    }
    if orderedBy != nil, aggregate != .first, aggregate != .last {
      faults.append(.init("\(key).by", "goes with 'first' or 'last' only"))
    }
  }
}

private func checkTime(_ format: String, _ key: String, _ faults: inout [ImportError.Fault]) {
  do { _ = try TimeFormat(format) } catch { faults.append(.init(key, error.description)) }
}

/// The end of a message about an unknown name: the nearest one, else all.
private func nearest(_ name: String, _ known: [String]) -> String {
  let near = suggestion(for: name, in: known)
  return near.isEmpty ? "; known here: \(known.joined(separator: ", "))" : near
}
