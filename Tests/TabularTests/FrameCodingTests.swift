import Foundation
import Tabular
import Testing

@Suite("Frames as JSON")
struct FrameCodingTests {
  static func sample() throws -> Frame {
    try Frame([
      ("item", Column(["Sil-1", nil, "실링", "Sil-1"])), ("minutes", Column([1.5, -0.0, .nan, .infinity])),
      ("count", Column([Int64.min, 0, 7, .max])), ("flag", Column([.bool(true), .missing, .bool(false), .missing], as: .bool)),
      ("at", Column([.timestamp(.distantPast), .missing, .missing, .timestamp(Timestamp(microseconds: 1))], as: .timestamp)),
    ])
  }

  @Test("come back exactly, missing values and odd numbers included")
  func roundTrips() throws {
    let frame = try Self.sample()
    let back = try JSONDecoder().decode(Frame.self, from: JSONEncoder().encode(frame))
    #expect(back == frame)
    #expect(back.rowCount == 4 && back.names == ["item", "minutes", "count", "flag", "at"])
  }

  @Test("keep their number of rows without columns")
  func withoutColumns() throws {
    #expect(try JSONDecoder().decode(Frame.self, from: JSONEncoder().encode(Frame(rowCount: 3))).rowCount == 3)
  }

  @Test(
    "are refused when a block has another length or a text no entry",
    arguments: [
      ("\"rows\":4", "\"rows\":3"), ("\"texts\":[\"Sil-1\",\"실링\"]", "\"texts\":[\"Sil-1\"]"), ("\"rows\":4", "\"rows\":-1"),
    ])
  func refuses(what: String, by other: String) throws {
    let text = String(decoding: try JSONEncoder().encode(Self.sample()), as: UTF8.self)
    #expect(text.contains(what))
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Frame.self, from: Data(text.replacing(what, with: other).utf8)) }
  }
}
