import Configuration
import Crypto
import Foundation
import Ledger
import Synchronization
import Tabular
import TestSupport
import Testing

@testable import Notifying

@Suite("Delivering messages")
struct DeliveryTests {
  private static let now = Timestamp(microseconds: 1_700_000_000_000_000)
  private static let message = NotificationMessage(
    id: 7, target: "team", subject: "cycle 3", severity: "warning", message: "a < b & \"c\"\nline", facts: ["kind": "alerts"],
    status: .waiting, attempts: 0, createdAt: now, notBefore: now)

  private func target(_ change: (inout Settings.NotificationTarget) -> Void) -> Settings.NotificationTarget {
    var target = Settings.NotificationTarget()
    target.timeoutSeconds = 5
    change(&target)
    return target
  }

  @Test("posts facts with a signature that whoever knows the secret can check")
  func signature() throws {
    let server = try LoopbackServer(["200 OK"])
    defer { server.stop() }
    let body = NotificationBody(Self.message, at: Self.now)
    let bytes = body.json
    let headers = body.headers(of: bytes, secret: "secret words")
    #expect(postWebhook("http://127.0.0.1:\(server.port)/hook", bytes, headers: headers, timeoutSeconds: 5) == nil)
    let request = try #require(server.requests.first)
    #expect(request.line.hasPrefix("POST /hook ") && request.headers["content-type"] == "application/json")
    #expect(request.headers["x-lathe-delivery"] == "7" && request.body == Data(bytes))
    let facts = try JSONDecoder().decode([String: PlainValue].self, from: request.body)
    #expect(facts["id"] == 7 && facts["kind"] == "alerts" && facts["message"] == .text(Self.message.message))
    // As a receiver would: its own HMAC (RFC 2104) of hashes alone.
    let signature = try #require(request.headers["x-lathe-signature"]).split(separator: ",")
    let (time, code) = (signature[0].dropFirst(2), signature[1].dropFirst(3))
    #expect(time == "1700000000")
    let key = Array("secret words".utf8) + [UInt8](repeating: 0, count: 64 - 12)
    let inner = SHA256.hash(data: key.map { $0 ^ 0x36 } + Array("\(time).".utf8) + Array(request.body))
    let outer = SHA256.hash(data: key.map { $0 ^ 0x5c } + Array(inner))
    #expect(code == outer.map { String(format: "%02x", $0) }.joined())
    #expect(body.headers(of: bytes, secret: "")["X-Lathe-Signature"] == nil)
    let slack = try JSONDecoder().decode([String: String].self, from: Data(body.slack))
    #expect(slack == ["text": "Lathe, warning: a &lt; b &amp; \"c\"\nline"])
  }

  @Test(
    "says what went wrong with a webhook, without its address",
    arguments: [
      (["500 Internal Server Error"], "answered with status 500"),
      (["302 Found\r\nLocation: http://127.0.0.1:1/elsewhere"], "redirected with status 302, which is not followed"),
      ([""], "no answer"),
    ])
  func failures(_ answers: [String], words: String) throws {
    let server = try LoopbackServer(answers)
    defer { server.stop() }
    let failure = postWebhook("http://127.0.0.1:\(server.port)/secret-path", [1], headers: [:], timeoutSeconds: answers == [""] ? 0.5 : 30)
    #expect(failure?.contains(words) == true && failure?.contains("secret-path") == false, "\(failure ?? "nil")")
  }

  @Test("says that nobody listens")
  func refused() throws {
    let server = try LoopbackServer(["200 OK"])
    server.stop()
    #expect(postWebhook("http://127.0.0.1:\(server.port)/", [1], headers: [:], timeoutSeconds: 2) != nil)
    #expect(postWebhook("nonsense", [1], headers: [:], timeoutSeconds: 2) == "its url is none")
  }

  @Test("runs a command with the message on its input, and kills one that takes too long with all that it has started")
  func commands() throws {
    let folder = try TemporaryFolder()
    let environment = ["PATH": "/usr/bin:/bin", "OUT": folder.path("out")]
    let long = [UInt8](repeating: 65, count: 300_000)
    #expect(
      runCommand("sh", ["-c", "cat > $OUT; yes | head -c 1000000"], input: long, environment: environment, timeoutSeconds: 20) == nil)
    #expect(try Data(contentsOf: URL(filePath: folder.path("out"))) == Data(long))
    #expect(
      runCommand("sh", ["-c", "echo no way >&2; exit 3"], input: [], environment: environment, timeoutSeconds: 20)
        == "it ended with status 3: no way")
    #expect(runCommand("sh", ["-c", "kill -9 $$"], input: [], environment: environment, timeoutSeconds: 20) == "it was ended by signal 9")
    #expect(
      runCommand("sh", ["-c", "sleep 100 & sleep 100"], input: long, environment: environment, timeoutSeconds: 0.3)
        == "it was killed after 0.3 seconds")
    #expect(
      runCommand("no-such-program", [], input: [], environment: environment, timeoutSeconds: 1)
        == "there is no program 'no-such-program' that can be run")
    // One that does not read what it gets is not waited for.
    #expect(runCommand("true", [], input: long, environment: environment, timeoutSeconds: 20) == nil)
  }

  @Test("tries again later and later, then gives up; a secret in what went wrong is hidden")
  func retries() throws {
    let folder = try TemporaryFolder()
    let ledger = try Ledger(path: folder.path("ledger.sqlite"))
    let clock = Mutex(Self.now)
    let server = try LoopbackServer(["503 Busy", "200 OK"])
    defer { server.stop() }
    let targets = [
      "team": target { $0.url = "http://127.0.0.1:\(server.port)/" },
      "pager": target {
        $0.command = ["sh", "-c", "echo password >&2; exit 1"]
        $0.maxAttempts = 2
      },
    ]
    func notifier(_ targets: [String: Settings.NotificationTarget]) -> Notifier {
      Notifier(
        ledger, targets: targets, lockPath: folder.path("lock"), now: { clock.withLock { $0 } },
        redact: { $0.replacing("password", with: "***") }, environment: ["PATH": "/usr/bin:/bin"])
    }
    #expect(try notifier(targets).run() == Notifier.Outcome())
    let start = CycleStart(asOf: Self.now, since: Self.now, seed: 1, champion: "v1", configuration: "", latheVersion: "test")
    let cycle = try ledger.begin(start, at: Self.now)
    try ledger.finish(cycle, as: .failed, failure: "reason", at: Self.now)
    let first = try notifier(targets).run()
    #expect(first.made == 2 && first.waiting == 2 && first.failures.contains { $0.contains("it ended with status 1: ***") })
    #expect(try notifier(targets).run().made == 0, "nothing is due")
    clock.withLock { $0 = $0.advanced(bySeconds: 60) }
    let second = try notifier(targets).run()
    #expect(second.sent == 1 && second.failed == 1)
    #expect(try ledger.notifications(.failed, limit: 9).map(\.target) == ["pager"])
    #expect(server.requests.count == 2 && server.requests[0].headers["x-lathe-delivery"] == server.requests[1].headers["x-lathe-delivery"])
    // A target that is no more gets nothing.
    let next = try ledger.begin(start, at: Self.now)
    try ledger.finish(next, as: .failed, failure: "reason", at: Self.now)
    try ledger.compose([NotificationRule(target: "team")], at: Self.now)
    #expect(try notifier(["pager": targets["pager"] ?? .init()]).run().failed == 1)
    #expect(notifier(targets).test("teem") == "the settings have no target 'teem'; did you mean 'team'?")
    #expect(notifier(targets).test("team") == nil)
    #expect((1...8).map { Notifier.backoff(3, $0) } == (1...8).map { Notifier.backoff(3, $0) })
    #expect(zip(1...20, (1...20).map { Notifier.backoff(3, $0) }).allSatisfy { $1 >= 22 && $1 <= 4500 })
  }
}
