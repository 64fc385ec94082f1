// Safe: every pointer is to an array's or a caller's buffer, used within the call, and reads stay within the text's length.

extension TextDictionary {
  /// The code of the text with this hash, or `nil` when it is not in the dictionary.
  func find(_ text: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int32? {
    if slots.isEmpty { return nil }
    let mask = slots.count &- 1
    return slots.withUnsafeBufferPointer { slots in
      bytes.withUnsafeBufferPointer { bytes in
        var index = Int(hash) & mask
        while true {
          let slot = slots[index]
          if slot == 0 { return nil }
          if UInt32(truncatingIfNeeded: slot >> 32) == hash {
            let code = Int(slot & 0xffff_ffff) &- 1
            let start = offsets[code]
            if offsets[code &+ 1] &- start == text.count, Self.isEqual(bytes, start, text) { return Int32(truncatingIfNeeded: code) }
          }
          index = (index &+ 1) & mask
        }
      }
    }
  }

  /// Sets `codes` to the codes of `count` texts that lie one behind the other; new ones are added.
  ///
  /// A lookup of its own waits three times for memory that no cache holds: for its slot, for where its text lies, for the text. Here
  /// each wait is shared by all texts of the batch, because the processor has many such reads under way at once when they do not
  /// depend on each other.
  /// - Parameters:
  ///   - text: The texts' UTF-8 bytes.
  ///   - ends: Where each text ends, ascending.
  ///   - count: Number of texts; some hundreds are best.
  public mutating func intern(
    batch text: UnsafePointer<UInt8>, ends: UnsafePointer<Int32>, count: Int, codes: UnsafeMutablePointer<Int32>
  ) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count * 2) { memory in
      guard let hashes = memory.baseAddress else { return }
      let starts = hashes + count
      var start = 0
      for index in 0..<count {
        let end = Int(ends[index])
        hashes[index] = UInt64(Self.hash(UnsafeBufferPointer(start: text + start, count: end &- start)))
        start = end
      }
      if slots.isEmpty {
        for index in 0..<count { codes[index] = -1 }
      } else {
        let mask = slots.count &- 1
        slots.withUnsafeBufferPointer { slots in
          for index in 0..<count {
            var position = Int(hashes[index]) & mask
            var slot = slots[position]
            // The next slots mostly lie in the cache line that was waited for.
            while slot != 0, slot >> 32 != hashes[index] {
              position = (position &+ 1) & mask
              slot = slots[position]
            }
            codes[index] = Int32(truncatingIfNeeded: slot & 0xffff_ffff) &- 1
          }
        }
        offsets.withUnsafeBufferPointer { offsets in
          for index in 0..<count {
            let code = max(0, Int(codes[index]))
            starts[index] = UInt64(offsets[code]) << 32 | UInt64(min(offsets[code &+ 1] &- offsets[code], 0xffff_ffff))
          }
        }
        bytes.withUnsafeBufferPointer { bytes in
          var start = 0
          for index in 0..<count {
            let end = Int(ends[index])
            let isSame =
              Int(starts[index] & 0xffff_ffff) == end &- start
              && Self.isEqual(bytes, Int(starts[index] >> 32), UnsafeBufferPointer(start: text + start, count: end &- start))
            if !isSame { codes[index] = -1 }
            start = end
          }
        }
      }
      start = 0
      for index in 0..<count {
        let end = Int(ends[index])
        if codes[index] < 0 {
          codes[index] = intern(
            UnsafeBufferPointer(start: text + start, count: end &- start), hash: UInt32(truncatingIfNeeded: hashes[index]))
        }
        start = end
      }
    }
  }

  /// Whether the bytes from `start` on are those of `text`. There are as many.
  @inline(__always) private static func isEqual(
    _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ text: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    guard let left = bytes.baseAddress, let right = text.baseAddress else { return text.isEmpty }
    let (known, given) = (UnsafeRawPointer(left + start), UnsafeRawPointer(right))
    let count = text.count
    if count >= 8 {
      var position = 0
      while position &+ 8 < count {
        if known.loadUnaligned(fromByteOffset: position, as: UInt64.self)
          != given.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        {
          return false
        }
        position &+= 8
      }
      // The last eight bytes, some of which may have been compared already.
      return known.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        == given.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    }
    return shortWord(known, count) == shortWord(given, count)
  }

  /// A hash of the text: W. Yi's wyhash in shape, sixteen bytes a step, each step a full multiplication folded in half.
  @inline(__always) static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt32 {
    guard let base = text.baseAddress else { return 0x9e37_79b9 }
    let raw = UnsafeRawPointer(base)
    let count = text.count
    var seed = UInt64(truncatingIfNeeded: count) ^ 0xa076_1d64_78bd_642f
    var (first, second): (UInt64, UInt64)
    if count >= 8 {
      var position = 0
      while position &+ 16 < count {
        seed = folded(
          raw.loadUnaligned(fromByteOffset: position, as: UInt64.self) ^ 0xe703_7ed1_a0b4_28db,
          raw.loadUnaligned(fromByteOffset: position &+ 8, as: UInt64.self) ^ seed)
        position &+= 16
      }
      first = raw.loadUnaligned(fromByteOffset: max(0, count &- 16), as: UInt64.self)
      second = raw.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    } else {
      (first, second) = (shortWord(raw, count), 0)
    }
    first ^= 0xe703_7ed1_a0b4_28db
    second ^= seed
    let mixed = folded(folded(first, second) ^ 0x8ebc_6af0_9c88_c6e3, seed)
    return UInt32(truncatingIfNeeded: mixed ^ mixed >> 32)
  }

  @inline(__always) private static func folded(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }

  /// Fewer than eight bytes as one word: different for different texts of one length.
  @inline(__always) private static func shortWord(_ raw: UnsafeRawPointer, _ count: Int) -> UInt64 {
    if count >= 4 {
      let low = raw.loadUnaligned(as: UInt32.self)
      let high = raw.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
      return UInt64(low) | UInt64(high) << 32
    }
    if count == 0 { return 0 }
    let first = UInt64(raw.load(as: UInt8.self))
    let middle = UInt64(raw.load(fromByteOffset: count >> 1, as: UInt8.self))
    let last = UInt64(raw.load(fromByteOffset: count &- 1, as: UInt8.self))
    return first | middle << 8 | last << 16
  }
}
