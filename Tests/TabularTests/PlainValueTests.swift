import Foundation
import Tabular
import Testing

@Suite("Plain values")
struct PlainValueTests {
  @Test("come back from JSON as what they were, whole numbers whole")
  func roundTrips() throws {
    let value: PlainValue = ["codes": ["HIGH_MAE", "x\ny"], "hours": 24, "share": 0.5, "on": true, "none": .null, "deep": [[["a": []]]]]
    #expect(try JSONDecoder().decode(PlainValue.self, from: JSONEncoder().encode(value)) == value)
  }

  @Test("write numbers that JSON has no word for as texts")
  func notFinite() throws {
    #expect(
      String(decoding: try JSONEncoder().encode(PlainValue.list([.number(.nan), .number(-.infinity)])), as: UTF8.self)
        == "[\"nan\",\"-inf\"]")
  }

  @Test("read as a person would write them, keys sorted")
  func description() {
    let value: PlainValue = ["until": 3, "codes": ["A", "B"], "a": ["z": .null]]
    #expect(value.description == "{a: {z: null}, codes: [A, B], until: 3}")
  }
}
