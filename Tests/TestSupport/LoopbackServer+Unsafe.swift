package import Foundation
import Glibc
import Synchronization

/// A server on the loopback interface that answers each request as it is told to, and keeps what came. Pointers live as long as the calls they are
/// lent to.
package final class LoopbackServer: Sendable {
  /// One request as it came.
  package struct Request: Sendable {
    /// The first line.
    package var line: String
    /// Headers by name in small letters.
    package var headers: [String: String]
    /// The body.
    package var body: Data
  }

  /// The port.
  package let port: UInt16
  private let socket: Int32
  private let answers: Mutex<[String]>
  private let received = Mutex<[Request]>([])

  /// Starts one that gives `answers` in turn, each the status and headers behind `HTTP/1.1 `, then the last one again; an empty one is none: the
  /// connection stays open without a word.
  package init(_ answers: [String]) throws {
    self.answers = Mutex(answers)
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, size) == 0 && listen(socket, 16) == 0 && getsockname(socket, address, &size) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
    self.socket = socket
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in serve() }
  }

  /// What has come so far.
  package var requests: [Request] { received.withLock { $0 } }

  /// Ends it: who connects then is refused.
  package func stop() {
    shutdown(socket, Int32(SHUT_RDWR))
    close(socket)
  }

  private func serve() {
    while true {
      let connection = accept(socket, nil, nil)
      if connection < 0 { return }
      Thread.detachNewThread { [self] in answer(connection) }
    }
  }

  private func answer(_ connection: Int32) {
    var data = Data()
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var request: Request?
    while request == nil {
      let count = read(connection, &buffer, buffer.count)
      if count <= 0 { break }
      data.append(contentsOf: buffer[..<count])
      guard let end = data.range(of: Data("\r\n\r\n".utf8)) else { continue }
      let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n").map(String.init)
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { continue }
        headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
      let body = data[end.upperBound...]
      if body.count >= Int(headers["content-length"] ?? "0") ?? 0 {
        request = Request(line: lines.first ?? "", headers: headers, body: Data(body))
      }
    }
    guard let request else {
      close(connection)
      return
    }
    received.withLock { $0.append(request) }
    let answer = answers.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? "" }
    if answer.isEmpty { return }
    let bytes = Array("HTTP/1.1 \(answer)\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".utf8)
    _ = write(connection, bytes, bytes.count)
    close(connection)
  }
}
