import Configuration
import Routing
import Tabular

extension Workspace {
  /// Throws `ConfigurationError` with every column that the settings name and `source` does not have: a feature that is weighted, or what
  /// figures are grouped by. The settings' defaults are no wish of anybody: they may be missing.
  func checkColumns(of source: any FactorySource) throws {
    let features = try source.featureColumns().map(\.name)
    var faults: [ConfigurationFault] = []
    func check(_ name: String, in known: [String], _ what: String, key: String) {
      if known.contains(name) { return }
      let place = effective.place(of: key)
      let known = known.isEmpty ? ["none"] : known
      let hint = nearestName(to: name, in: known) == nil ? "; known are \(known.joined(separator: ", "))" : suggestion(for: name, in: known)
      faults.append(
        ConfigurationFault(
          place: place, keyPath: key, message: "'\(key)': the factory's data has no \(what) '\(name.escapedForTerminal)'\(hint)"))
    }
    for name in settings.features.columns.keys {
      check(name, in: features, "feature column", key: "features.columns.\(name)")
    }
    let groupable = try Evaluation.operationColumns() + features
    let defaults = Settings.Reports().groupBy
    for (position, name) in settings.reports.groupBy.enumerated() where !defaults.contains(name) {
      check(name, in: groupable, "column of items or operations", key: "reports.group_by[\(position)]")
    }
    if faults.isEmpty { return }
    throw ConfigurationError(faults: faults.sorted { ($0.place.line ?? .max, $0.keyPath) < ($1.place.line ?? .max, $1.keyPath) })
  }
}
