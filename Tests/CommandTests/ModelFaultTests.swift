import Foundation
import TestSupport
import Testing

@Suite("A damaged model version")
struct ModelFaultTests {
  /// A workspace with two versions: the newer one serves, and `other` served before.
  private func twoVersions() throws -> (plant: Plant, active: String, other: String) {
    let plant = try Plant(.retrained)
    let versions = try plant.versions()
    try #require(versions.count == 2)
    return (plant, versions[1], versions[0])
  }

  private func flip(_ name: String, in plant: Plant, at share: Double = 0.5) throws {
    try plant.damage(name) { $0[$0.startIndex + Int(Double($0.count) * share)] ^= 1 }
  }

  @Test(
    "is refused by the name of the file when no other served before, and nothing is begun",
    arguments: ["evidence.sections", "vectors.sections", "sources.sections", "manifest.json"])
  func alone(file: String) throws {
    let plant = try Plant()
    let version = try plant.versions()[0]
    try flip("models/\(version)/\(file)", in: plant)
    let before = try plant.state()
    expect(try plant.lathe("models", "verify"), ends: 1, saying: version, "\(file): SHA-256 is ", ", expected ")
    expect(try plant.lathe("models", "verify", version), ends: 1, saying: version, file)
    expect(try plant.lathe(Plant.cycle), ends: 1, saying: version, file, "damaged")
    expect(try plant.lathe("predict", "HS0000001"), ends: 1, saying: version, file, "damaged")
    expect(try plant.lathe("models", "activate", version), ends: 1, saying: version, file, "damaged")
    let doctor = try plant.lathe("doctor")
    #expect(doctor.exitCode == 1 && doctor.output.contains("BAD model versions") && doctor.output.contains(file), "\(doctor)")
    #expect(try plant.state().changes(since: before) == [])
    // Training is what brings it back.
    expect(try plant.lathe(Plant.training), ends: 0)
    expect(try plant.lathe(Plant.cycle), ends: 0)
  }

  @Test(
    "gives way to the one that served before, with an alert in the report",
    arguments: ["evidence.sections", "vectors.sections", "sources.sections", "manifest.json"])
  func previous(file: String) throws {
    let (plant, active, other) = try twoVersions()
    try flip("models/\(active)/\(file)", in: plant)
    let switchBefore = try plant.text("models/ACTIVE")
    let verifying = try plant.lathe("models", "verify")
    expect(verifying, ends: 1, saying: active, file)
    #expect(verifying.output.contains("\(other): sound"))

    let outcome = try plant.lathe(Plant.cycle)
    expect(outcome, ends: 0, saying: file, "\(other) serves instead")
    #expect(outcome.output.contains("MODEL_DAMAGED") && outcome.output.contains("predicted by `\(other)`"), "\(outcome)")
    let alerts = try plant.report().alerts("MODEL_DAMAGED")
    #expect(alerts.count == 1 && alerts.first?.severity == "critical")
    for word in [active, file, "\(other) serves instead"] { #expect(alerts.first?.message.contains(word) == true, "\(alerts)") }
    #expect(try plant.ledger("SELECT code FROM alerts WHERE code = 'MODEL_DAMAGED'") == ["MODEL_DAMAGED"])
    #expect(try plant.ledger("SELECT champion FROM cycles") == [other])
    #expect(try plant.lathe(Plant.cycle + ["--fail-on-alert"]).exitCode == 3)
    expect(try plant.lathe("predict", "HS0000001"), ends: 0, saying: "\(other) serves instead")
    #expect(try plant.text("models/ACTIVE") == switchBefore)
  }

  @Test("is refused when both versions are damaged, by the names of both")
  func both() throws {
    let (plant, active, other) = try twoVersions()
    try flip("models/\(active)/evidence.sections", in: plant)
    try flip("models/\(other)/manifest.json", in: plant)
    expect(try plant.lathe("models", "verify"), ends: 1, saying: active, other, "evidence.sections", "manifest.json")
    expect(try plant.lathe(Plant.cycle), ends: 1, saying: active, "evidence.sections", "damaged")
    #expect(try plant.ledger("SELECT count(*) FROM cycles") == ["0"])
  }

  @Test("is refused at whatever byte it was changed", arguments: 0..<8)
  func anyByte(part: Int) throws {
    let (plant, active, other) = try twoVersions()
    try flip("models/\(active)/evidence.sections", in: plant, at: Double(part) / 8)
    expect(try plant.lathe("models", "verify", active), ends: 1, saying: "evidence.sections")
    expect(try plant.lathe(Plant.cycle), ends: 0, saying: "evidence.sections", "\(other) serves instead")
  }

  @Test("with a manifest edited by hand is refused, even where the edit is well meant")
  func editedManifest() throws {
    let (plant, active, other) = try twoVersions()
    let name = "models/\(active)/manifest.json"
    let text = try plant.text(name)
    try #require(text.contains("2026-04-01T00:00:00Z"))
    try plant.write(text.replacingOccurrences(of: "2026-04-01T00:00:00Z", with: "2026-02-01T00:00:00Z"), to: name)
    expect(try plant.lathe("models", "verify", active), ends: 1, saying: active, "manifest.json")
    expect(try plant.lathe(Plant.cycle), ends: 0, saying: "manifest.json", "\(other) serves instead")
    let list = try plant.lathe("models", "list")
    #expect(list.output.contains("! model version '\(active)' is damaged") && list.output.contains("< \(other)"), "\(list)")
    try plant.write("no manifest", to: name)
    expect(try plant.lathe("models", "verify", active), ends: 1, saying: active, "manifest.json: not a manifest")
  }

  @Test(
    "that lacks a file, or has one too many or too short, says which",
    arguments: [
      ("vectors.sections", "missing"), ("evidence.sections", "missing"), ("manifest.json", "missing"),
      ("more.txt", "not named in the manifest"),
      ("vectors.sections", "bytes, expected"),
    ])
  func files(name: String, words: String) throws {
    let (plant, active, other) = try twoVersions()
    let file = "models/\(active)/\(name)"
    switch words {
    case "missing": try plant.remove(file)
    case "bytes, expected": try plant.damage(file) { $0.removeLast(100) }
    default: try plant.write("more", to: file)
    }
    expect(try plant.lathe("models", "verify"), ends: 1, saying: active, "\(name): ", words)
    expect(try plant.lathe("models", "activate", active), ends: 1, saying: active, "\(name): ", words)
    expect(try plant.lathe(Plant.cycle), ends: 0, saying: name, "\(other) serves instead")
  }

  @Test("gone with its folder gives way too")
  func gone() throws {
    let (plant, active, other) = try twoVersions()
    try plant.remove("models/\(active)")
    expect(try plant.lathe(Plant.cycle), ends: 0, saying: active, "\(other) serves instead")
    #expect(try plant.report().alerts("MODEL_DAMAGED").count == 1)
  }

  @Test(
    "is no version at all when the file that names it is damaged; activating one mends that",
    arguments: ["", "version_20260101_000000\n", "active version_20260101_000000\nprevious -\nsha256 0\n"])
  func activeFile(text: String) throws {
    let (plant, active, _) = try twoVersions()
    try plant.write(text, to: "models/ACTIVE")
    let before = try plant.state()
    for arguments in [Plant.cycle, ["predict", "HS0000001"], ["models", "list"]] {
      expect(try plant.lathe(arguments), ends: 1, saying: "models/ACTIVE", "damaged", "activate a version")
    }
    #expect(try plant.lathe("doctor").output.contains("BAD model versions"))
    #expect(try plant.state().changes(since: before) == [])
    expect(try plant.lathe("models", "activate", active), ends: 0)
    expect(try plant.lathe(Plant.cycle), ends: 0)
  }

  @Test("one flipped byte of the file that names it is seen", arguments: [0.1, 0.4, 0.8])
  func activeByte(share: Double) throws {
    let (plant, _, _) = try twoVersions()
    try flip("models/ACTIVE", in: plant, at: share)
    expect(try plant.lathe(Plant.cycle), ends: 1, saying: "models/ACTIVE", "damaged")
  }

  @Test("that there is none of is refused by each command, with the nearest name")
  func unknown() throws {
    let plant = try Plant()
    let version = try plant.versions()[0]
    let before = try plant.state()
    for arguments in [["models", "show"], ["models", "verify"], ["models", "activate"], ["predict", "HS0000001", "--model"]] {
      expect(
        try plant.lathe(arguments + [version + "9"]), ends: 1, saying: "unknown model version '\(version)9'", "did you mean '\(version)'?")
      expect(try plant.lathe(arguments + ["newest"]), ends: 1, saying: "unknown model version 'newest'", "the newest is '\(version)'")
      expect(try plant.lathe(arguments + ["../models/\(version)"]), ends: 1, saying: "unknown model version '../models/\(version)'")
    }
    #expect(try plant.state().changes(since: before) == [])
  }
}
