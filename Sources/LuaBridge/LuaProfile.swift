/// What a function does to the world beyond its result.
public enum LuaEffect: String, Hashable, Sendable, CaseIterable {
  /// Nothing: the same arguments give the same result.
  case pure
  /// It reads what is outside the script: data, files, the clock.
  case reads
  /// It changes something outside the script.
  case writes
}

/// Which functions a script may use.
public struct LuaProfile: Hashable, Sendable {
  /// Who the scripts are, as messages name them: "strategies".
  public var audience: String
  /// The effects that its functions may have; functions with others are absent, and say so when they are touched.
  public var effects: Set<LuaEffect>
  /// Whether Lua's `io` and `os` are there.
  public var isTrusted: Bool

  /// Makes a profile.
  public init(audience: String, effects: Set<LuaEffect>, isTrusted: Bool = false) {
    self.audience = audience
    self.effects = effects
    self.isTrusted = isTrusted
  }

  /// Scripts that decide and touch nothing.
  public static let strategies = LuaProfile(audience: "strategies", effects: [.pure, .reads])
  /// Workflow scripts and the REPL.
  public static let scripts = LuaProfile(audience: "scripts that are not trusted", effects: [.pure, .reads, .writes])
  /// Workflow scripts and the REPL with `io` and `os`.
  public static let trustedScripts = LuaProfile(audience: "scripts", effects: [.pure, .reads, .writes], isTrusted: true)
}

/// What a script may use up.
public struct LuaLimits: Hashable, Sendable {
  /// Bytes of Lua's memory and of the host objects that the script holds.
  public var memoryBytes: Int
  /// Time of one call from the host; `nil`: none.
  public var time: Duration?

  /// Makes limits; by default 256 MiB and 60 seconds.
  public init(memoryBytes: Int = 256 << 20, time: Duration? = .seconds(60)) {
    self.memoryBytes = memoryBytes
    self.time = time
  }
}

/// A script's text and where it is from.
public struct LuaSource: Hashable, Sendable {
  /// Lua source text.
  public var text: String
  /// Its name in messages: the path of the file, as the user would write it.
  public var name: String

  /// Makes a source.
  public init(_ text: String, name: String) {
    self.text = text
    self.name = name
  }
}
