import Tabular
import Testing

@Suite("Dictionaries of texts")
struct TextDictionaryTests {
  /// Texts of every length around the word sizes, many of which share all but one byte.
  private func texts(seed: UInt64, count: Int) -> [String] {
    var random = SeededGenerator(seed: seed, stream: "texts")
    return (0..<count).map { _ in
      let length = random.integer(below: 40)
      var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
      if length > 0, random.integer(below: 4) > 0 { bytes[random.integer(below: length)] = UInt8(97 + random.integer(below: 26)) }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  @Test("gives codes in order of first appearance, whether texts come alone or in batches", arguments: 0..<10 as Range<UInt64>)
  func codes(seed: UInt64) {
    let texts = texts(seed: seed, count: 3_000)
    var known: [String: Int32] = [:]
    let expected = texts.map { text in
      let code = known[text] ?? Int32(known.count)
      known[text] = code
      return code
    }
    var alone = TextDictionary()
    #expect(texts.map { alone.intern($0) } == expected)
    var batched = TextDictionary()
    var random = SeededGenerator(seed: seed, stream: "batches")
    var codes: [Int32] = []
    while codes.count < texts.count {
      let batch = texts[codes.count..<min(texts.count, codes.count + 1 + random.integer(below: 300))]
      let bytes: [UInt8] = batch.flatMap { Array($0.utf8) } + [0]
      let ends = batch.reduce(into: [Int32]()) { $0.append(($0.last ?? 0) + Int32($1.utf8.count)) }
      var found = [Int32](repeating: 0, count: batch.count)
      batched.intern(batch: bytes, ends: ends, count: batch.count, codes: &found)
      codes += found
    }
    #expect(codes == expected)
    #expect(batched == alone && batched.count == known.count)
    #expect(expected.indices.allSatisfy { batched[expected[$0]] == texts[$0] })
    for (text, code) in known { #expect(batched.code(of: text) == code) }
    #expect(batched.code(of: "not there") == nil && TextDictionary().code(of: "") == nil)
  }

  @Test("tells apart what is written the same but encoded otherwise, and what differs in one byte anywhere")
  func distinct() {
    var dictionary = TextDictionary()
    var texts = ["é", "e\u{301}", "", "\0", "\0\0"]
    for length in 1...33 {
      for place in 0..<length {
        var bytes = [UInt8](repeating: 120, count: length)
        bytes[place] = 121
        texts.append(String(decoding: bytes, as: UTF8.self))
      }
    }
    #expect(Set(texts.map { dictionary.intern($0) }).count == texts.count)
  }
}
