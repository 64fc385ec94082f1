import FoundationEssentials
import Tabular
import Testing

@testable import Configuration

@Suite("Settings")
struct SettingsTests {
  private func load(_ yaml: String, environment: [String: String] = [:], overrides: [ConfigurationOverride] = []) throws -> Settings {
    try Settings.load(yaml, named: "lathe.yaml", environment: environment, overrides: overrides).settings
  }

  @Test(
    "are the defaults when the file says nothing",
    arguments: ["", "# only words\n", "---\n", "sampling:\n  # size: 3\n", "\u{FEFF}\n", "{}", "~"])
  func nothing(yaml: String) throws { #expect(try load(yaml) == Settings()) }

  @Test("read what YAML writers write")
  func reading() throws {
    let settings = try load(
      """
      features:
        columns:
          재질: categorical
          "Größe (mm)": {kind: numeric, weight: 1e1}
          no: {weight: .5}
      sampling: {size: 0x10, strategy: no, seed: +7, population: "all"}
      thresholds: {mae_max: &limit 12, trim_mae_max: *limit, cv_max: 1.5e-1}
      scripting: {trusted: Yes}
      reports: {formats: [markdown]}
      trigger:
        parameters:
          codes: [HIGH_MAE, "7", 'no']
          hours: 0o17
          share: 1e3
          deep: {on: true}
          at: 2012-03-01
      """)
    var kept = Settings.Features.Column()
    #expect(settings.features.columns["no"]?.kind == nil)
    #expect(settings.features.columns["no"]?.weight == 0.5)
    kept.kind = .categorical
    #expect(settings.features.columns["재질"] == kept)
    #expect(settings.features.columns["Größe (mm)"]?.weight == 10)
    #expect(settings.sampling.size == 16 && settings.sampling.strategy == "no" && settings.sampling.seed == 7)
    #expect(settings.sampling.population == .all)
    #expect(settings.thresholds.maeMax == 12 && settings.thresholds.trimMaeMax == 12 && settings.thresholds.cvMax == 0.15)
    #expect(settings.scripting.trusted)
    #expect(settings.reports.formats == [.markdown])
    #expect(
      settings.trigger.parameters == [
        "codes": .list([.text("HIGH_MAE"), .text("7"), .text("no")]), "hours": .integer(15), "share": .number(1000),
        "deep": .map(["on": .bool(true)]), "at": .text("2012-03-01"),
      ])
  }

  @Test("take the command line before the file, the last of one key before the first")
  func overrides() throws {
    let settings = try load(
      "sampling: {size: 20, seed: 3}\ntrigger: {parameters: {hours: 1}}",
      overrides: [
        .init("sampling.size", "30"), .init("sampling.size", "40"), .init("reports.formats", "[csv]"), .init("queue.max_size", "7"),
        .init("trigger.parameters.codes", "[A]"),
      ])
    #expect(settings.sampling.size == 40 && settings.sampling.seed == 3 && settings.queue.maxSize == 7)
    #expect(settings.reports.formats == [.csv])
    #expect(settings.trigger.parameters == ["hours": .integer(1), "codes": .list([.text("A")])])
  }

  @Test("take secrets from the environment or a file, use them, and never show them")
  func secrets() throws {
    let effective = try Settings.load(
      "source: {path: \"${HOME_DB}/$${x}.sqlite\"}\nreports: {directory: {file: where.txt}}\nsampling:\n  size: ${N}", named: "lathe.yaml",
      environment: ["HOME_DB": "/srv/hush", "N": "77"],
      readingFile: { _ in "/var/quiet\n" })
    #expect(effective.settings.source.path == "/srv/hush/${x}.sqlite")
    #expect(effective.settings.reports.directory == "/var/quiet")
    #expect(effective.settings.sampling.size == 77)
    for text in [effective.shown, effective.canonicalText, "\(effective)", String(reflecting: effective)] {
      #expect(!text.contains("hush") && !text.contains("quiet") && !text.contains("77"))
    }
    #expect(effective.shown.contains("  path: \"***\"  # lathe.yaml:1\n"))
    #expect(effective.redacting("cannot open /srv/hush/${x}.sqlite") == "cannot open ***/${x}.sqlite")
  }

  @Test("show each given value with its origin")
  func shown() throws {
    let effective = try Settings.load(
      "sampling:\n  size: 200\nfeatures:\n  columns:\n    part: numeric\n", named: "lathe.yaml",
      overrides: [.init("sampling.seed", "7", origin: "--seed")])
    #expect(
      effective.shown.contains(
        """
        sampling:
          strategy: stratified
          size: 200  # lathe.yaml:2
          seed: 7  # --seed
          population: with_results
        """))
    #expect(effective.shown.contains("    part: numeric  # lathe.yaml:5\n"))
    #expect(try load(effective.shown) == effective.settings)
    #expect(try load(effective.canonicalText) == effective.settings)
  }

  @Test("written out and read back are equal, whatever texts and numbers they hold", arguments: 0..<200 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    func text() -> String {
      let pieces = [
        "a", "no", "1e3", "0x1", "null", "~", ": ", "#", "\"", "'", "\\", "\n", "\t", "é", "재", "${X}", "$", "-", "{", "]", "*", "&", "%",
        "@", " ", "\u{85}", "\u{2028}", "😀", "\u{7F}", "\u{0}",
      ]
      return (0...Int.random(in: 0...4, using: &random)).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
    }
    func value(_ depth: Int) -> PlainValue {
      switch Int.random(in: 0..<(depth > 2 ? 4 : 6), using: &random) {
      case 0: return .bool(Bool.random(using: &random))
      case 1: return .integer(Int64.random(in: .min ... .max, using: &random))
      case 2: return .number(Double(bitPattern: UInt64.random(in: 0..<0x7FE0_0000_0000_0000, using: &random)))
      case 3: return .text(text().split(separator: "${").joined())
      case 4: return .list((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth + 1) })
      default: return .map(Dictionary((0..<Int.random(in: 0...3, using: &random)).map { ("k\($0)" + text(), value(depth + 1)) }) { $1 })
      }
    }
    var settings = Settings()
    settings.sampling.strategy = text()
    settings.source.path = "p" + text().filter { $0 != "\0" }
    settings.thresholds.maeMax = Double.random(in: 0...1e9, using: &random)
    for number in 0..<3 {
      var column = Settings.Features.Column()
      column.kind = [nil, .categorical, .numeric][number]
      column.weight = Double.random(in: 0.1...9, using: &random)
      settings.features.columns["c\(number)" + text()] = column
    }
    settings.trigger.parameters = ["p": value(0), text() + "q": value(1)]
    let written = writeYAML(Settings.root.write(settings))
    let read = try load(written)
    #expect(read == settings, "\(written)")
    #expect(read.source == settings.source)
    #expect(read.features == settings.features)
    #expect(read.sampling == settings.sampling)
    #expect(read.trigger == settings.trigger)
  }

  @Test("the documented default file reads as the defaults, and is the one that is shipped")
  func documented() throws {
    #expect(try load(Settings.documentedDefaults) == Settings())
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "config/lathe.yaml")
    let shipped = (try? String(decoding: Data(contentsOf: file), as: UTF8.self)) ?? ""
    if shipped != Settings.documentedDefaults, ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1" {
      try Data(Settings.documentedDefaults.utf8).write(to: file)
    }
    #expect(shipped == Settings.documentedDefaults, "config/lathe.yaml is stale; RECORD_GOLDEN=1 writes it anew")
  }

  @Test("declare every property, under its own name in snake_case, in order")
  func declared() {
    check(Settings(), under: "")
    check(Settings.Features.Column(), under: "features.columns")
    check(Settings.ImportSource(), under: "import.sources")
    check(Settings.ImportFilter(), under: "import.sources.filters")
    check(Settings.ImportRelation(), under: "import.sources.items")
    check(Settings.ImportField(), under: "import.sources.items.fields")
    check(Settings.ImportSpan(), under: "import.sources.items.fields.check")
    check(Settings.ImportStep(), under: "import.sources.items.fields.steps")
    check(Settings.ImportCondition(), under: "import.sources.items.fields.where")
  }

  private func check<R: ConfigurationRecord>(_ record: R, under path: String) {
    let labels = Mirror(reflecting: record).children.map { snakeCase($0.label ?? "") }
    #expect(R.fields.map(\.name) == labels, "\(path)")
    for child in Mirror(reflecting: record).children {
      if let section = child.value as? any ConfigurationRecord { check(section, under: joined(path, child.label ?? "")) }
    }
  }

  private func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
  }

  @Test("the reference lists every key, once")
  func reference() {
    let keys = Settings.descriptions.map(\.path)
    #expect(Set(keys).count == keys.count)
    for key in keys { #expect(Settings.reference.contains("`\(key)`"), "\(key)") }
    #expect(Settings.reference.contains("| `sampling.size` | an integer 10…10000 | `500` | items | Items a cycle looks at. |"))
    #expect(Settings.reference.contains("| `features.columns.COLUMN.weight` | a number ≥ 0 | `1.0` |"))
  }
}
