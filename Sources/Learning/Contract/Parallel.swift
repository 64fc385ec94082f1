import Dispatch
import Synchronization

/// Runs `body` for each of `count` parts, at most `threads` at a time, and returns when all are done. Threads take parts in order, so
/// what a part does must not depend on who does it.
func inParallel(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
  let workers = min(count, threads)
  guard workers > 1 else {
    for part in 0..<count { body(part) }
    return
  }
  let next = Atomic<Int>(0)
  DispatchQueue.concurrentPerform(iterations: workers) { _ in
    while true {
      let part = next.add(1, ordering: .relaxed).oldValue
      if part >= count { return }
      body(part)
    }
  }
}

/// Has `body` make a value of each of `count` parts, at most `threads` at a time. After the first error the parts that have not begun are left
/// out, and the error of the earliest part that failed is thrown.
func inParallel<Value: Sendable>(
  _ count: Int, threads: Int, _ body: @Sendable (Int) throws(LearningError) -> Value
) throws(LearningError) -> [Value] {
  let slots = Mutex<[Result<Value, LearningError>?]>(Array(repeating: nil, count: count))
  let hasFailed = Atomic<Bool>(false)
  inParallel(count, threads: threads) { part in
    if hasFailed.load(ordering: .relaxed) { return }
    do throws(LearningError) {
      let value = try body(part)
      slots.withLock { $0[part] = .success(value) }
    } catch {
      hasFailed.store(true, ordering: .relaxed)
      slots.withLock { $0[part] = .failure(error) }
    }
  }
  let results = slots.withLock { $0 }
  for case .failure(let error)? in results { throw error }
  return results.compactMap { try? $0?.get() }
}
