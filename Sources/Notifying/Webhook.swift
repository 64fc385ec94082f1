import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Posts a body, and waits; `nil` when it was accepted with a status 200…299, else what went wrong. A redirection is refused, because it would lead
/// the message where nobody sent it, and no more than a first piece of the answer is read.
func postWebhook(_ address: String, _ body: [UInt8], headers: [String: String], timeoutSeconds: Double) -> String? {
  guard let url = URL(string: address), url.host() != nil else { return "its url is none" }
  var request = URLRequest(url: url, timeoutInterval: timeoutSeconds)
  request.httpMethod = "POST"
  request.httpBody = Data(body)
  for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
  let configuration = URLSessionConfiguration.ephemeral
  configuration.timeoutIntervalForRequest = timeoutSeconds
  configuration.timeoutIntervalForResource = timeoutSeconds
  let delivery = Delivery()
  let session = URLSession(configuration: configuration, delegate: delivery, delegateQueue: nil)
  defer { session.invalidateAndCancel() }
  session.dataTask(with: request).resume()
  guard delivery.wait(seconds: timeoutSeconds + 1) else { return "no answer within \(timeoutSeconds) seconds" }
  return delivery.failure
}

/// Waits for one answer.
private final class Delivery: NSObject, URLSessionDataDelegate, Sendable {
  private let ended = DispatchSemaphore(value: 0)
  /// What went wrong; `.some(nil)`: nothing.
  private let result = Mutex<String??>(nil)

  var failure: String? { result.withLock { $0 ?? "no answer" } }

  func wait(seconds: Double) -> Bool { ended.wait(timeout: .now() + seconds) == .success }

  private func note(_ failure: String?) { result.withLock { if $0 == nil { $0 = .some(failure) } } }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    note("redirected with status \(response.statusCode), which is not followed")
    completionHandler(nil)
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    note((200...299).contains(status) ? nil : "answered with status \(status)")
    completionHandler(.cancel)
  }

  /// The last call: until then the session is in use.
  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    // Without the address, which may be a secret.
    let code = (error as? URLError)?.code
    let words: [URLError.Code: String] = [
      .timedOut: "no answer in time", .cannotConnectToHost: "the host refuses the connection", .cannotFindHost: "the host is not known",
    ]
    note(code.map { words[$0] ?? "the connection failed (\($0.rawValue))" } ?? "the connection ended without an answer")
    ended.signal()
  }
}
