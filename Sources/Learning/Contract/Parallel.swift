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
