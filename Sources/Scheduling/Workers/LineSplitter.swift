/// Cuts a stream of bytes into lines, in bounded memory: what is beyond the longest line is dropped and told.
struct LineSplitter {
  /// Longest line, bytes.
  let maxBytes: Int
  private var rest: [UInt8] = []
  private var isCut = false

  init(maxBytes: Int) { self.maxBytes = maxBytes }

  /// Takes the next bytes, and calls `body` with each line that is whole by them, without its end, and whether it was cut.
  mutating func feed(_ bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>, Bool) -> Void) {
    var left = bytes
    while let end = left.firstIndex(of: 10) {
      take(left[..<end])
      finish(body)
      left = left[(end + 1)...]
    }
    take(left)
  }

  /// Calls `body` with a last line that has no end.
  mutating func finish(_ body: (ArraySlice<UInt8>, Bool) -> Void) {
    if !rest.isEmpty || isCut { body(rest[...], isCut) }
    rest.removeAll(keepingCapacity: true)
    isCut = false
  }

  private mutating func take(_ bytes: ArraySlice<UInt8>) {
    let room = maxBytes - rest.count
    rest += bytes.prefix(room)
    if bytes.count > room { isCut = true }
  }
}
