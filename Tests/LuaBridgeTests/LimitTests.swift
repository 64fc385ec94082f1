import Foundation
import LuaBridge
import Synchronization
import Tabular
import Testing

// Serialised: the count of living objects is the process's.
@Suite("Limits", .serialized)
struct LimitTests {
  @Test(
    "an interruption from another thread ends a script wherever it is",
    arguments: [
      "while true do started() end",
      "while true do started() pcall(function() while true do end end) end",
      "coroutine.wrap(function() while true do started() end end)()",
      "while true do started() table.sort({3, 2, 1}, function() while true do end end) end",
      "while true do started(); (('a'):rep(40)):find(('a-'):rep(12) .. 'b') end",
      "started() xpcall(function() while true do end end, function() while true do end end)",
    ])
  func interruption(script: String) throws {
    let started = DispatchSemaphore(value: 0)
    let once = Atomic<Bool>(false)
    let module = LuaModule(
      "host", "",
      functions: [
        LuaFunction("started", "Tells that the script runs.", returns: .nothing) {
          if !once.exchange(true, ordering: .relaxed) { started.signal() }
        }
      ])
    let vm = try LuaVM(LuaVM.Settings(limits: LuaLimits(time: nil), modules: [module]))
    let interrupter = vm.interrupter
    // A thread of its own: the shared ones are busy with scripts that wait to be stopped.
    Thread.detachNewThread {
      started.wait()
      interrupter.interrupt()
    }
    do throws(LuaError) {
      _ = try vm.run("local started = host.started; " + script)
      Issue.record("it ended by itself")
    } catch { #expect(error.reason == .interrupted) }
    #expect(try vm.run("return 1 + 1") == [2])
  }

  @Test("a coroutine that survives a stopped call runs on in the next")
  func survivor() throws {
    let vm = try makeVM(time: .milliseconds(50))
    #expect(vm.failure("co = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end) co() while true do end") != nil)
    #expect(try vm.run(LuaSource("return co()", name: "next"), timeLimit: .seconds(60)) == [2])
  }

  @Test("the time limit reaches scripts that were called by host functions called by scripts")
  func nested() throws {
    let vm = try makeVM(time: .milliseconds(50))
    do throws(LuaError) {
      _ = try vm.run("plant.map({1, 2}, function() plant.map({1}, function() while true do end end) end)")
      Issue.record("it ended by itself")
    } catch {
      #expect(error.reason == .timeout)
      #expect(error.line == 1)
    }
  }

  @Test("two VMs on one thread stop each for itself")
  func nestedVMs() throws {
    let inner = try makeVM(time: .milliseconds(50))
    let module = LuaModule(
      "host", "",
      functions: [
        LuaFunction("inner", "Runs a loop in the other VM.", in: Inner.self, returns: .value(String.self, ""), effect: .reads) {
          $0.vm.failure("while true do end") ?? ""
        }
      ])
    let outer = try LuaVM(LuaVM.Settings(limits: LuaLimits(time: .seconds(60)), modules: [module]))
    outer.provide(Inner(vm: inner))
    #expect(try outer.run("return host.inner():match('time limit') ~= nil") == [true])
  }

  private struct Inner { var vm: LuaVM }

  @Test("objects are released exactly once, whatever becomes of the script")
  func releases() throws {
    let before = Tracked.alive.load(ordering: .relaxed)
    do {
      let vm = try makeVM(memory: 8 << 20)
      let scripts = [
        "for i = 1, 100 do local s = plant.series{i} end",
        "kept = {} for i = 1, 100 do kept[i] = plant.series{i} end",
        "plant.series{1}:scaled('x')",
        "plant.map({1, 2}, function() error(plant.series{1}) end)",
        "local s = plant.series{1} for i = 1, 50 do pcall(function() return s + 'x' end) end",
        "coroutine.wrap(function() local s = plant.series{1} coroutine.yield(s) end)()",
        "local t = {} for i = 1, 1e5 do t[i] = plant.series{i} end",
      ]
      for script in scripts { _ = vm.failure(script) }
      #expect(try vm.run("kept = nil collectgarbage() collectgarbage() return true") == [true])
    }
    #expect(Tracked.alive.load(ordering: .relaxed) == before)
  }

  @Test("every allocation may fail: the host lives, nothing leaks, and the next script runs")
  func failingAllocations() throws {
    let before = Tracked.alive.load(ordering: .relaxed)
    let script = """
      local t = {}
      for i = 1, 20 do t[i] = ('item %d'):format(i) end
      local f = assert(load('return function(x) return {x = x} end'))()
      local co = coroutine.wrap(function(a) local s = plant.series{a} coroutine.yield(s) return f(s) end)
      local s = co(1)
      table.sort(t, function(a, b) return a > b end)
      local text = table.concat(t, ','):gsub('%d+', function(d) return d .. '!' end)
      local ok, e = pcall(plant.fail, 1)
      local m = plant.map({1, 2}, function(x) return x + #tostring(e) end)
      return plant.echo{ n = #m, s = (s + 1)[1], t = text:find('2!', 1, true) ~= nil, e = e .. '' }
      """
    var failures = 0
    do {
      let vm = try makeVM()
      let function = try vm.load(LuaSource(script, name: "t.lua"))
      for index in 1...UInt64.max {
        vm.failAllocation(index)
        let result = Result { () throws(LuaError) in try function.call() }
        let made = vm.allocationsSinceFailing
        vm.failAllocation(0)
        switch result {
        case .failure(let error): #expect(error.message.contains("not enough memory"), "\(error)")
        case .success(let values): #expect(values.first?["n"] == 2)
        }
        if made < index { break }
        failures += 1
        #expect(try vm.run("return 1 + 1") == [2])
      }
    }
    #expect(failures > 50)
    #expect(Tracked.alive.load(ordering: .relaxed) == before)
  }

  @Test("every allocation of the start may fail, too")
  func failingStart() throws {
    // The libraries take some 30 kB; each limit below fails at another allocation.
    for limit in stride(from: 0, to: 200_000, by: 256) {
      if let vm = try? LuaVM(LuaVM.Settings(limits: LuaLimits(memoryBytes: limit))) { _ = vm.failure("return ('x'):rep(100)") }
    }
    #expect(throws: LuaError.self) { try LuaVM(LuaVM.Settings(limits: LuaLimits(memoryBytes: 100))) }
  }

  @Test("what objects hold outside Lua keeps the collector going")
  func externalMemory() throws {
    let vm = try makeVM(memory: 64 << 20)
    // 20,000 objects that stand for 80 kB each.
    _ = try vm.run("local s = plant.series{1, 2, 3, 4, 5, 6, 7, 8, 9, 10} for i = 1, 20000 do local x = s:scaled(i) end")
    #expect(vm.memoryPeak < 16 << 20)
  }

  @Test("a VM does not outlive its last reference")
  func noCycle() throws {
    weak var gone: LuaVM?
    do {
      let vm = try makeVM(load: { _ in LuaSource("return 1", name: "m") })
      _ = try vm.run("local m = require('m') x = plant.series{1}")
      gone = vm
      #expect(gone != nil)
    }
    #expect(gone == nil)
  }
}
