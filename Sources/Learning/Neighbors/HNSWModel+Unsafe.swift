import CKernels
import Synchronization

extension HNSWGraph {
  /// Whether every number that a search follows leads to a place that is there.
  ///
  /// Safe: the pointers are lent by the sections, and the sizes are those that were checked against them.
  var isSound: Bool {
    guard nodeCount > 0 else { return entry == -1 && top == 0 }
    return levels.withNumbers { levels in
      upperFirst.withNumbers { upperFirst in
        upper.withNumbers { upper in
          links.withNumbers { links in
            guard entry >= 0, Int(entry) < nodeCount, Int(levels[Int(entry)]) == top else { return false }
            var blocks = 0
            for node in 0..<nodeCount {
              guard Int(upperFirst[node]) == blocks, Int(levels[node]) <= top else { return false }
              blocks += Int(levels[node])
            }
            let limit = Int32(nodeCount)
            let part = 32_768
            let isSound = Atomic<Bool>(true)
            let shared = UncheckedBuffer(links)
            inParallel((nodeCount + part - 1) / part, threads: 2) { index in
              let from = index * part
              let size = min(nodeCount, from + part) - from
              if lathe_lists_are_sound(shared.start.map { $0 + from * width }, size, width, limit) == 0 {
                isSound.store(false, ordering: .relaxed)
              }
            }
            guard isSound.load(ordering: .relaxed) else { return false }
            // On level l, links lead to nodes that have that level: their lists are read next.
            for node in 0..<nodeCount where levels[node] > 0 {
              for level in 1...Int(levels[node]) {
                let first = (Int(upperFirst[node]) + level - 1) * m
                for target in upper[first..<first + m] {
                  guard target >= 0 else {
                    if target == -1 { break }
                    return false
                  }
                  guard target < limit, Int(levels[Int(target)]) >= level else { return false }
                }
              }
            }
            return true
          }
        }
      }
    }
  }
}

extension IndexNumbers<Float> {
  /// Whether none is NaN or infinite, on two threads. Safe: parts lie in the numbers.
  var allAreFinite: Bool {
    withNumbers { numbers in
      let part = 1 << 20
      let isFinite = Atomic<Bool>(true)
      let shared = UncheckedBuffer(numbers)
      let count = numbers.count
      inParallel((count + part - 1) / part, threads: 2) { index in
        let from = index * part
        if lathe_all_finite(shared.start.map { $0 + from }, min(count, from + part) - from) == 0 {
          isFinite.store(false, ordering: .relaxed)
        }
      }
      return isFinite.load(ordering: .relaxed)
    }
  }
}
