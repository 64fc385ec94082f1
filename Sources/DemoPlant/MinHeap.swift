/// The least of some elements first: a binary heap. J. Williams, "Algorithm 232: Heapsort", 1964.
struct MinHeap<Element: Comparable> {
  private var elements: [Element] = []

  /// The least.
  var first: Element? { elements.first }

  mutating func insert(_ element: Element) {
    elements.append(element)
    var position = elements.count - 1
    while position > 0, elements[position] < elements[(position - 1) / 2] {
      elements.swapAt(position, (position - 1) / 2)
      position = (position - 1) / 2
    }
  }

  /// Removes the least; there must be one.
  mutating func removeFirst() -> Element {
    elements.swapAt(0, elements.count - 1)
    let first = elements.removeLast()
    var position = 0
    while 2 * position + 1 < elements.count {
      var child = 2 * position + 1
      if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
      guard elements[child] < elements[position] else { break }
      elements.swapAt(child, position)
      position = child
    }
    return first
  }
}
