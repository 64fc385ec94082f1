import Crypto
import Foundation
import Ledger
import Tabular

/// What a message says to those who get it.
struct NotificationBody {
  private let message: NotificationMessage
  private let now: Timestamp

  init(_ message: NotificationMessage, at now: Timestamp) {
    self.message = message
    self.now = now
  }

  /// The facts: `id`, `target`, `subject`, `severity`, `message`, `created_at`, and what the message is of.
  var json: [UInt8] {
    var fields: [String: PlainValue] = [:]
    if case .map(let facts) = message.facts { fields = facts }
    fields["id"] = .integer(message.id)
    fields["target"] = .text(message.target)
    fields["subject"] = .text(message.subject)
    fields["severity"] = .text(message.severity)
    fields["message"] = .text(message.message)
    fields["created_at"] = .text("\(message.createdAt)")
    return encoded(.map(fields))
  }

  /// A body that Slack's incoming webhooks take: a `text`, in which `&`, `<` and `>` are escaped as Slack asks for.
  var slack: [UInt8] {
    let text = message.message.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    return encoded(["text": .text("Lathe, \(message.severity): " + text)])
  }

  private func encoded(_ value: PlainValue) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do { return Array(try encoder.encode(value)) } catch { preconditionFailure("plain values are encodable: \(error)") }
  }

  /// Headers of a webhook: `X-Lathe-Delivery` is the message's number, the same at each try; with a secret `X-Lathe-Signature` is
  /// `t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256 (RFC 2104) of `SECONDS.` and the body: who gets it can tell that it is ours, and is new.
  func headers(of body: [UInt8], secret: String) -> [String: String] {
    var headers = ["Content-Type": "application/json", "User-Agent": "lathe", "X-Lathe-Delivery": "\(message.id)"]
    if !secret.isEmpty {
      let seconds = String(Int(now.seconds))
      let code = HMAC<SHA256>.authenticationCode(for: Array("\(seconds).".utf8) + body, using: SymmetricKey(data: Array(secret.utf8)))
      headers["X-Lathe-Signature"] = "t=\(seconds),v1=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    return headers
  }
}
