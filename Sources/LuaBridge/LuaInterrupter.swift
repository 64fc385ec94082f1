internal import CLua

/// Stops the script that a VM runs. May be kept after the VM is gone, and used from any thread or a signal handler.
public final class LuaInterrupter: Sendable {
  // The C struct outlives the state until this last owner goes; `clua_interrupt` touches atomics and a semaphore only.
  nonisolated(unsafe) let core: OpaquePointer

  init(core: OpaquePointer) { self.core = core }

  deinit { clua_destroy(core) }

  /// Tells the running script to stop: its call throws ``LuaError/Reason/interrupted``, also out of `pcall`, coroutines, comparators and
  /// patterns. Does nothing when none runs.
  public func interrupt() { clua_interrupt(core) }

  /// Whether the script that runs has been told to stop. Long host functions ask this now and then.
  public var isStopRequested: Bool { clua_stopped(core) != Int32(CLUA_GO) }
}
