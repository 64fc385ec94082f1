/// The offset of the first byte that is not part of valid UTF-8, or `nil` when all is valid. O(bytes), eight at a time while they are ASCII.
func invalidUTF8Offset(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
  guard let base = text.baseAddress else { return nil }
  let raw = UnsafeRawPointer(base)
  var position = 0
  let count = text.count
  while position < count {
    while position &+ 8 <= count, raw.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
      position &+= 8
    }
    while position < count, base[position] < 0x80 { position &+= 1 }
    if position >= count { return nil }
    // Unicode 15, table 3-7: the second byte's range depends on the first; overlong forms, surrogates and values above 10FFFF are out.
    let lead = base[position]
    let (length, low, high): (Int, UInt8, UInt8)
    switch lead {
    case 0xc2...0xdf: (length, low, high) = (2, 0x80, 0xbf)
    case 0xe0: (length, low, high) = (3, 0xa0, 0xbf)
    case 0xed: (length, low, high) = (3, 0x80, 0x9f)
    case 0xe1...0xef: (length, low, high) = (3, 0x80, 0xbf)
    case 0xf0: (length, low, high) = (4, 0x90, 0xbf)
    case 0xf4: (length, low, high) = (4, 0x80, 0x8f)
    case 0xf1...0xf3: (length, low, high) = (4, 0x80, 0xbf)
    default: return position
    }
    if position + 1 >= count || base[position + 1] < low || base[position + 1] > high { return position }
    for offset in 2..<max(length, 2) where position + offset >= count || base[position + offset] & 0xc0 != 0x80 { return position }
    position += length
  }
  return nil
}

/// A number as we write it: the shortest digits that read back as the same number, always with a point or an exponent so that a
/// reader takes it for a `double`; `NaN`, `inf`, `-inf`.
func writtenDouble(_ value: Double) -> String { value.isNaN ? "NaN" : value.description }
