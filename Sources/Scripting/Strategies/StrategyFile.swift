import Crypto
import Foundation
import LuaBridge
public import QualityCycle
public import Tabular

/// A strategy's file, loaded and checked: what it declares, without having decided anything.
public struct StrategyFile: Sendable {
  /// What it decides.
  public let kind: StrategyKind
  /// Its name: that of the file without its ending.
  public let name: String
  /// The path, as messages show it.
  public let path: String
  /// What it does, in a sentence.
  public let summary: String
  /// The parameters it declares, by name.
  public let parameters: [StrategyParameter]
  /// SHA-256 of the text.
  public let sha256: String
  /// The text.
  let source: String

  /// The version of the contract between strategies and host.
  public static let interface = 1

  /// Loads `source` and checks everything that can be checked without deciding.
  ///
  /// - Throws: ``StrategyFaults`` with everything that is wrong, each with file and line.
  public init(kind: StrategyKind, name: String, path: String, source: String) throws(StrategyFaults) {
    var checker = StrategyChecker(path: path, source: source)
    let declared = checker.check()
    guard checker.faults.isEmpty, let declared else { throw StrategyFaults(faults: checker.faults) }
    self.kind = kind
    self.name = name
    self.path = path
    self.source = source
    summary = declared.summary
    parameters = declared.parameters
    sha256 = SHA256.hash(data: Data(source.utf8)).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  /// The values of all parameters: `given` over the declared defaults.
  ///
  /// - Throws: ``StrategyFaults`` with every unknown name and every value that the declaration does not allow.
  public func values(_ given: [String: PlainValue]) throws(StrategyFaults) -> [String: PlainValue] {
    let faults = parameterFaults(given)
    if !faults.isEmpty {
      throw StrategyFaults(
        faults: faults.map { fault in
          StrategyFault(
            path: path, message: fault.isUnknown ? fault.message(for: fault.name) : "parameter " + fault.message(for: fault.name))
        })
    }
    return Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, given[$0.name] ?? $0.fallback) })
  }

  /// What is wrong with values given to parameters, by name: those that are unknown, and values that the declaration does not allow.
  func parameterFaults(_ given: [String: PlainValue]) -> [ParameterFault] {
    given.sorted { $0.key < $1.key }.compactMap { name, value in
      guard let parameter = parameters.first(where: { $0.name == name }) else {
        let known = parameters.map(\.name)
        let hint = nearestName(to: name, in: known).map { "did you mean '\($0)'?" } ?? "known are \(known.joined(separator: ", "))"
        return ParameterFault(name: name, isUnknown: true, words: known.isEmpty ? "the strategy has none" : hint)
      }
      return parameter.fault(of: value).map { ParameterFault(name: name, isUnknown: false, words: $0) }
    }
  }

  /// What is wrong with a value given to a parameter.
  struct ParameterFault {
    var name: String
    var isUnknown: Bool
    var words: String

    /// The message, with the parameter called `key`.
    func message(for key: String) -> String {
      isUnknown ? "unknown parameter '\(key.escapedForTerminal)'; \(words)" : "'\(key.escapedForTerminal)' \(words)"
    }
  }
}

/// One thing that is wrong with a strategy.
public struct StrategyFault: Hashable, Codable, Sendable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// The line, where there is one.
  public var line: Int?
  /// What is wrong, and what was expected.
  public var message: String

  /// Makes a fault.
  public init(path: String, line: Int? = nil, message: String) {
    self.path = path
    self.line = line
    self.message = message
  }

  /// `strategies/triggers/x.lua:3: …`.
  public var description: String { "\(path):\(line.map { "\($0):" } ?? "") \(message)" }
}

/// Everything that is wrong with a strategy.
public struct StrategyFaults: Error, Hashable, Sendable, CustomStringConvertible {
  /// The faults, in order of their lines.
  public var faults: [StrategyFault]

  /// Makes the error.
  public init(faults: [StrategyFault]) { self.faults = faults }

  /// A line a fault.
  public var description: String { faults.map(\.description).joined(separator: "\n") }
}
