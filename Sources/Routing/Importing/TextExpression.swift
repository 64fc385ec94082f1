import DataAccess
import Tabular

/// The texts that a field is read from, for the rows of a block: each distinct text is worked on once.
struct TextExpression {
  /// What became of a distinct text.
  enum Outcome {
    case text(String)
    case missing
    case refused(reason: String)
  }

  /// The texts of a block's rows, before and after.
  struct Texts {
    /// A code a row into the others.
    var codes: [Int32]
    /// What stood in the file.
    var raw: [String]
    /// What became of it.
    var outcomes: [Outcome]
  }

  private let columns: [String]
  private let separator: String
  private let constant: String?
  private let steps: [Step]
  private let valueMap: [String: String]
  private let unmapped: ImportMapping.Unmapped
  private let missing: Set<String>

  /// Compiles a field's text part; a regular expression that is none throws what is wrong with it.
  init(_ field: ImportMapping.Field, missing: Set<String>) throws {
    switch field.input {
    case .column(let name): (columns, separator, constant) = ([name], "", nil)
    case .joined(let names, let text): (columns, separator, constant) = (names, text, nil)
    case .constant(let text): (columns, separator, constant) = ([], "", text)
    case .minutesBetween: (columns, separator, constant) = ([], "", "")
    }
    steps = try field.steps.map(Step.init)
    valueMap = field.valueMap
    unmapped = field.unmapped
    self.missing = missing.union(field.missing)
  }

  /// The texts of the rows of `block`, which has the columns.
  func texts(of block: Frame) -> Texts {
    var codes = [Int32](repeating: 0, count: block.rowCount)
    var raw: [String]
    let values = columns.compactMap { name -> TextValues? in
      guard case .text(let values)? = block[name]?.values else { return nil }
      return values
    }
    if let constant {
      raw = [constant]
    } else if values.count == 1 {
      codes = values[0].codes
      raw = values[0].dictionary.texts
    } else {
      let texts = values.map(\.dictionary.texts)
      var known: [[Int32]: Int32] = [:]
      raw = []
      for row in codes.indices {
        let key = values.map { $0.codes[row] }
        if let code = known[key] {
          codes[row] = code
        } else {
          codes[row] = Int32(raw.count)
          known[key] = Int32(raw.count)
          let parts = zip(texts, key).map { trimmed($0[Int($1)]) }
          // A key with a missing part is no key.
          raw.append(parts.contains(where: missing.contains) ? "" : parts.joined(separator: separator))
        }
      }
    }
    let isJoined = values.count > 1
    return Texts(codes: codes, raw: raw, outcomes: raw.map { outcome($0, isJoined: isJoined) })
  }

  private func outcome(_ raw: String, isJoined: Bool) -> Outcome {
    var text = trimmed(raw)
    if constant == nil, missing.contains(text) || isJoined && text.isEmpty { return .missing }
    for step in steps {
      guard let changed = step.apply(text) else { return .missing }
      text = trimmed(changed)
    }
    if let mapped = valueMap[text] {
      text = mapped
    } else if !valueMap.isEmpty {
      switch unmapped {
      case .kept: break
      case .refused: return .refused(reason: ImportReport.Reason.value)
      case .replaced(let other): text = other
      }
    }
    return text.isEmpty || missing.contains(text) && constant == nil ? .missing : .text(text)
  }

  /// A compiled change to a text.
  private enum Step {
    case after(String), before(String), collapseBlanks
    case match(Regex<AnyRegexOutput>), replace(Regex<AnyRegexOutput>, with: String)

    init(_ step: ImportMapping.Step) throws {
      switch step {
      case .after(let text): self = .after(text)
      case .before(let text): self = .before(text)
      case .collapseBlanks: self = .collapseBlanks
      case .match(let pattern): self = .match(try Regex(pattern))
      case .replace(let pattern, let text): self = .replace(try Regex(pattern), with: text)
      }
    }

    func apply(_ text: String) -> String? {
      switch self {
      case .after(let separator): text.firstRange(of: separator).map { String(text[$0.upperBound...]) } ?? text
      case .before(let separator): text.firstRange(of: separator).map { String(text[..<$0.lowerBound]) } ?? text
      case .collapseBlanks: text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      case .match(let regex):
        text.firstMatch(of: regex).flatMap { match in
          match.output.count > 1 ? match.output[1].substring.map(String.init) : String(text[match.range])
        }
      case .replace(let regex, let other): text.replacing(regex, with: other)
      }
    }
  }
}

/// A text without white space around.
func trimmed(_ text: String) -> String {
  guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last,
    first.properties.isWhitespace || last.properties.isWhitespace
  else { return text }
  var scalars = text.unicodeScalars[...]
  while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
  while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
  return String(scalars)
}
