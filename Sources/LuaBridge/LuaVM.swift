internal import CLua
public import Tabular

/// A Lua state with its environment, limits and host functions.
///
/// Confined: it is used by one thread or executor at a time, and traps when two enter it. What leaves it is plain data
/// (`PlainValue`, Swift values) or a reference that is confined like it. The order of `pairs` over string keys differs from run to
/// run, as in every Lua; `math.random` depends on the seed alone.
public final class LuaVM {
  /// What the VM offers to its scripts.
  public struct Settings {
    /// Which functions there are.
    public var profile: LuaProfile
    /// What a script may use up.
    public var limits: LuaLimits
    /// Seed of `math.random`.
    public var seed: UInt64
    /// The modules, each a global table.
    public var modules: [LuaModule]
    /// Host functions that are globals of their own.
    public var functions: [LuaFunction]
    /// Takes each line that a script prints.
    public var print: (String) -> Void
    /// Finds the source of `require`'d modules by name; `nil`: there is none of that name.
    public var load: ((String) throws -> LuaSource?)?

    /// Makes settings.
    public init(
      profile: LuaProfile = .strategies, limits: LuaLimits = LuaLimits(), seed: UInt64 = 0, modules: [LuaModule] = [],
      functions: [LuaFunction] = [], print: @escaping (String) -> Void = { _ in }, load: ((String) throws -> LuaSource?)? = nil
    ) {
      self.profile = profile
      self.limits = limits
      self.seed = seed
      self.modules = modules
      self.functions = functions
      self.print = print
      self.load = load
    }
  }

  /// What the VM was made with.
  public let settings: Settings
  /// Stops the running script from elsewhere.
  public let interrupter: LuaInterrupter
  let core: OpaquePointer
  let state: OpaquePointer
  /// The coroutine whose host function runs, or the main one: what the host pushes and calls goes there.
  var active: OpaquePointer
  /// Registry references of the classes' metatables, made when an object of the class is first pushed.
  var metatables: [ObjectIdentifier: Int32] = [:]
  /// The methods and properties of the classes whose objects have been pushed, by class.
  var members: [String: [String]] = [:]
  private var contexts: [ObjectIdentifier: Any] = [:]
  private var chunkNames: Set<String> = []
  private var entered: UInt?

  /// Makes a VM with a fresh state. Throws when the memory limit does not even hold the libraries.
  public init(_ settings: Settings = Settings()) throws(LuaError) {
    self.settings = settings
    let host = clua_host(context: nil, call: callHost, describe: describeHostError, release: releaseHostObject)
    guard let core = clua_create(host, max(0, settings.limits.memoryBytes)) else { throw LuaError("not enough memory", reason: .memory) }
    interrupter = LuaInterrupter(core: core)
    guard let state = clua_open(core, settings.profile.isTrusted, settings.seed) else {
      throw LuaError("a limit of \(settings.limits.memoryBytes) bytes does not hold Lua itself", reason: .memory)
    }
    self.core = core
    self.state = state
    active = state
    // Unretained: calls come only while this object calls into the state.
    clua_set_context(core, Unmanaged.passUnretained(self).toOpaque())
    openEnvironment()
  }

  deinit { clua_close(core) }

  // MARK: Context

  /// Gives functions declared `in:` a `Context` this value to work on, in place of an earlier one.
  public func provide<Context>(_ context: Context, as type: Context.Type = Context.self) { contexts[ObjectIdentifier(type)] = context }

  /// Takes the value for `type` away: functions that need it fail from now on.
  public func withdraw<Context>(_ type: Context.Type) { contexts[ObjectIdentifier(type)] = nil }

  /// The value given for `type`; for ``LuaVM`` this VM.
  public func context<Context>(_ type: Context.Type) -> Context? { (contexts[ObjectIdentifier(type)] ?? self) as? Context }

  // MARK: Running

  /// Loads source text and returns it as a function. Throws ``LuaError/Reason/syntax(incomplete:)``; bytecode is refused.
  public func load(_ source: LuaSource) throws(LuaError) -> LuaFunctionReference {
    try loadOnStack(source)
    return LuaFunctionReference(takingTopOf: self)
  }

  /// Runs a chunk and returns its results as data.
  public func run(_ source: LuaSource, timeLimit: Duration? = nil) throws(LuaError) -> [PlainValue] {
    try load(source).call(timeLimit: timeLimit)
  }

  /// Runs a chunk and returns its result, which has to be a `Result`.
  public func run<Result: LuaReadable>(_ source: LuaSource, as type: Result.Type, timeLimit: Duration? = nil) throws(LuaError) -> Result {
    try load(source).call(as: type, timeLimit: timeLimit)
  }

  /// Sets a global of the scripts.
  public func setGlobal(_ name: String, _ value: some LuaPushable) throws(LuaError) {
    let base = lua_gettop(active)
    defer { lua_settop(active, base) }
    clua_push_globals(active)
    let stack = LuaStack(vm: self, state: active)
    try stack.push(name)
    try pushing { () throws in try value.push(on: stack) }
    lua_rawset(active, base + 1)
  }

  /// A global of the scripts, as data or reference; a missing one reads as nil.
  public func global<Value: LuaReadable>(_ name: String, as type: Value.Type) throws(LuaError) -> Value {
    let base = lua_gettop(active)
    defer { lua_settop(active, base) }
    clua_push_globals(active)
    try LuaStack(vm: self, state: active).push(name)
    lua_rawget(active, base + 1)
    do { return try Value.read(from: LuaSlot(vm: self, state: active, index: base + 2)) } catch {
      throw LuaError("'\(name)': \(error)")
    }
  }

  /// Bytes in use: Lua's, and those that host objects hold.
  public var memoryUsed: Int { clua_memory_used(core) }
  /// The greatest ``memoryUsed`` so far.
  public var memoryPeak: Int { clua_memory_peak(core) }
  /// Throws, as a script's own allocation would, when the memory limit does not hold `count` more elements of `bytes` each: for host
  /// functions of which a script says how much they make, before they make it.
  public func checkMemory(for count: Int, each bytes: Int) throws(LuaError) {
    if count <= (settings.limits.memoryBytes - memoryUsed) / bytes { return }
    collectGarbage()
    guard count <= (settings.limits.memoryBytes - memoryUsed) / bytes else { throw notEnoughMemory() }
  }
  /// Collects all garbage now.
  public func collectGarbage() { clua_collect(state) }

  /// Tests only: makes allocation `index` of the scripts fail, counted from here (1 is the next); 0 ends that.
  package func failAllocation(_ index: UInt64) { clua_fail_allocation(core, index) }
  /// Tests only: how many allocations scripts have asked for since then.
  package var allocationsSinceFailing: UInt64 { clua_allocations(core) }

  // MARK: Inside

  /// Pushes the function of `source`. [+1, or 0 when it throws]
  func loadOnStack(_ source: LuaSource) throws(LuaError) {
    var text = Substring(source.text)
    if text.first == "\u{FEFF}" { text.removeFirst() }
    if text.first == "#" { text = text[(text.firstIndex(where: \.isNewline) ?? text.endIndex)...] }
    if text.first == "\u{1B}" { throw LuaError("is compiled Lua; only source text is loaded", chunk: source.name) }
    chunkNames.insert(source.name)
    guard lua_checkstack(active, 8) != 0 else { throw LuaError("stack overflow") }
    var bytes = String(text)
    let status = bytes.withUTF8 { buffer in
      buffer.withMemoryRebound(to: CChar.self) { clua_load(core, active, $0.baseAddress, $0.count, "@" + source.name) }
    }
    if status != LUA_OK { throw takeError(status: status, on: active) }
  }

  /// Calls the function under the arguments on `state`. [-(arguments + 1), +results, or 0 when it throws]
  func callOnStack(_ state: OpaquePointer, arguments: Int32, results: Int32, timeLimit: Duration?) throws(LuaError) {
    let isOutermost = clua_depth(core) == 0
    enter()
    let limit = isOutermost ? (timeLimit ?? settings.limits.time) : nil
    let status = clua_call(core, state, arguments, results, limit.map(Self.nanoseconds) ?? 0)
    if isOutermost { entered = nil }
    if status != LUA_OK { throw takeError(status: status, on: state) }
  }

  /// Replaces the value on top by its text, as `tostring` gives it. [-1, +0]
  func takeText(on state: OpaquePointer) throws(LuaError) -> String {
    enter()
    let isOutermost = clua_depth(core) == 0
    let status = clua_text(core, state, settings.limits.time.map(Self.nanoseconds) ?? 0)
    if isOutermost { entered = nil }
    if status != LUA_OK { throw takeError(status: status, on: state) }
    defer { clua_pop(state, 1) }
    return LuaSlot(vm: self, state: state, index: lua_gettop(state)).text ?? ""
  }

  private func enter() {
    let thread = clua_thread()
    precondition(entered == nil || entered == thread, "a Lua VM is used by two threads at once")
    entered = thread
  }

  private static func nanoseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : max(1, product &+ attoseconds / 1_000_000_000)
  }

  /// Runs `body`, making its errors ``LuaError``s.
  func pushing(_ body: () throws -> Void) throws(LuaError) {
    do { try body() } catch let error as LuaError { throw error } catch { throw LuaError("\(error)", underlying: error) }
  }

  /// The error whose value is on top of the stack. [-1, +0]
  private func takeError(status: Int32, on state: OpaquePointer) -> LuaError {
    defer { clua_pop(state, 1) }
    let traceback = frames()
    let place = traceback.first { $0.line != nil }
    // What cannot be loaded did not run, so nothing stopped it: the flag is that of the run before.
    switch status == LUA_ERRSYNTAX ? Int32(CLUA_GO) : clua_stopped(core) {
    case Int32(CLUA_TIMEOUT):
      let limit = settings.limits.time.map { " of \($0)" } ?? ""
      return LuaError("stopped at the time limit\(limit)", chunk: place?.chunk, line: place?.line, traceback: traceback, reason: .timeout)
    case Int32(CLUA_INTERRUPTED):
      return LuaError("interrupted", chunk: place?.chunk, line: place?.line, traceback: traceback, reason: .interrupted)
    default: break
    }
    if status == LUA_ERRMEM { return notEnoughMemory(traceback) }
    if let object = clua_error_object(state, -1) {
      // The box lives as long as the value on the stack.
      let box = Unmanaged<HostError>.fromOpaque(object).takeUnretainedValue()
      if var inner = box.error as? LuaError {
        if inner.traceback.isEmpty { inner.traceback = traceback }
        return inner
      }
      return LuaError(
        LuaError.printable(box.message), chunk: box.chunk, line: box.line, traceback: traceback, underlying: box.error)
    }
    let text = errorText(on: state)
    if text == "not enough memory" { return notEnoughMemory(traceback) }
    let incomplete = text.hasSuffix("<eof>") && !text.contains("unfinished string")
    let reason: LuaError.Reason = status == LUA_ERRSYNTAX ? .syntax(incomplete: incomplete) : .runtime
    guard let (chunk, line, message) = LuaError.split(text) else {
      return LuaError(LuaError.printable(text), traceback: traceback, reason: reason)
    }
    return LuaError(
      LuaError.printable(message), chunk: chunkName(chunk), line: line, traceback: status == LUA_ERRSYNTAX ? [] : traceback, reason: reason)
  }

  private func notEnoughMemory(_ traceback: [LuaError.Frame] = []) -> LuaError {
    LuaError("not enough memory: the limit is \(settings.limits.memoryBytes >> 20) MiB", traceback: traceback, reason: .memory)
  }

  private func errorText(on state: OpaquePointer) -> String {
    let slot = LuaSlot(vm: self, state: state, index: lua_absindex(state, -1))
    switch slot.kind {
    case .string, .integer, .number:
      // A script may raise a text of any length.
      return slot.withBytes { String(decoding: $0.prefix(4 * LuaError.messageLimit), as: UTF8.self) } ?? ""
    case .nil: return "an error without a message (nil) was raised"
    case .table:
      if let message = slot.rawField("message") { return message }
      fallthrough
    default:
      // `__tostring` of the script may fail itself, or loop; the call that failed is over, and with it its time limit.
      lua_pushvalue(state, -1)
      let status = clua_text(core, state, Self.nanoseconds(.seconds(1)))
      defer { clua_pop(state, 1) }
      let text = LuaSlot(vm: self, state: state, index: lua_absindex(state, -1)).text
      return status == LUA_OK ? text ?? "" : "an error was raised whose text cannot be made (\(slot.kind.rawValue))"
    }
  }

  private func frames() -> [LuaError.Frame] {
    var first: UnsafePointer<clua_frame>?
    let count = Int(clua_trace(core, &first))
    return UnsafeBufferPointer(start: first, count: count).map { frame in
      let line = frame.line > 0 ? Int(frame.line) : nil
      return LuaError.Frame(chunk: chunkName(text(of: frame.source)), line: line, function: text(of: frame.name))
    }
  }

  /// The whole name of a chunk that Lua has cut to `...end`.
  func chunkName(_ short: String) -> String {
    guard short.hasPrefix("...") else { return short }
    let end = short.dropFirst(3)
    return chunkNames.first { $0.hasSuffix(end) } ?? short
  }

  /// The text of a fixed array of characters that ends at its first zero.
  func text<Characters>(of characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
