extension Settings {
  /// The reports of cycles.
  public struct Reports: Equatable, Sendable {
    /// Where they are written; a relative path starts at the workspace.
    public var directory = "reports"
    /// What each cycle writes, each format once.
    public var formats: [Format] = [.json, .csv, .markdown, .html]
    /// Columns of items or operations that figures are also given by; one that the source lacks is left out.
    public var groupBy = ["part_type", "resource_code"]
    /// Cycles whose files are kept; those of older ones are removed when a new one writes its own. The ledger keeps every cycle.
    public var keepLast = 30

    /// The defaults.
    public init() {}

    /// A format of the report.
    public enum Format: String, CaseIterable, Sendable {
      case json, csv, markdown, html

      /// What a file of this format ends with.
      public var fileEnding: String { self == .markdown ? "md" : rawValue }
    }
  }

  /// The log on the terminal.
  public struct Logging: Equatable, Sendable {
    /// Least important level shown.
    public var level = Level.info
    /// How a line looks.
    public var format = Format.text
    /// Whether levels are coloured.
    public var color = Color.auto

    /// The defaults.
    public init() {}

    /// Importance of a line, least first.
    public enum Level: String, CaseIterable, Sendable {
      case trace, debug, info, notice, warning, error, critical
    }

    /// How a line looks.
    public enum Format: String, CaseIterable, Sendable {
      /// For people.
      case text
      /// One JSON object a line.
      case json
    }

    /// When colour is used.
    public enum Color: String, CaseIterable, Sendable {
      /// On a terminal only.
      case auto
      case always, never
    }
  }

  /// What Lua code may use.
  public struct Scripting: Equatable, Sendable {
    /// Whether scripts and the REPL get `os` and `io`; strategies never do.
    public var trusted = false
    /// Memory of one Lua state, MiB.
    public var memoryMb = 256
    /// Time of one run, seconds.
    public var timeLimitSeconds = 60.0
    /// Where the strategies of cycles and retrainings run.
    public var isolation = Isolation.process

    /// The defaults.
    public init() {}

    /// What keeps a strategy apart from Lathe itself.
    public enum Isolation: String, CaseIterable, Sendable {
      /// A process of its own for each decision.
      case process
      /// Nothing but the limits of Lua.
      case none
    }
  }
}

extension Settings.Reports: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("directory", \.directory, .path, "Where reports are written; a relative path starts at the workspace."),
    Field(
      "formats", \.formats, .list(of: .choice(of: Format.self), unique: true, nonEmpty: true), "What each cycle writes."),
    Field(
      "group_by", \.groupBy, .list(of: .text, unique: true),
      "Columns of items or operations that figures are also given by; one of the defaults that the source lacks is left out."),
    Field(
      "keep_last", \.keepLast, .integer(1...1_000_000), unit: "cycles",
      "Cycles whose files are kept; the ledger keeps every cycle, and 'lathe report' makes its files again."),
  ]
}

extension Settings.Logging: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("level", \.level, .choice(of: Level.self), "Least important level shown."),
    Field("format", \.format, .choice(of: Format.self), "Lines for people, or a JSON object a line."),
    Field("color", \.color, .choice(of: Color.self), "Colour: on a terminal only, always, or never."),
  ]
}

extension Settings.Scripting: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("trusted", \.trusted, .bool, "Whether scripts and the REPL get os and io; strategies never do."),
    Field("memory_mb", \.memoryMb, .integer(8...65_536), unit: "MiB", "Memory of one Lua state."),
    Field("time_limit_seconds", \.timeLimitSeconds, .number(0.1...86_400), unit: "seconds", "Time of one run."),
    Field(
      "isolation", \.isolation, .choice(of: Isolation.self),
      "Where strategies decide: each decision in a process of its own, so that a crash costs that decision only, or in Lathe's. What scripts and the REPL start runs in theirs."
    ),
  ]
}
