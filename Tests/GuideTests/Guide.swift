import Foundation

/// A guide's fenced blocks: what a reader types, and what is then to be seen.
struct Guide {
  /// A block, and where it stands.
  struct Step {
    /// What a reader does with a block.
    enum Action: Equatable {
      /// Types it at the shell.
      case shell
      /// Types it at the prompt of `lathe repl`.
      case prompt
      /// Writes it to a file.
      case file(String)
    }

    /// What to do with ``text``.
    var action: Action
    /// What is typed or written.
    var text: String
    /// The guide's line on which it begins.
    var line: Int
    /// Lines that must be seen, in order.
    var expected: [String] = []
  }

  /// The blocks, in order.
  let steps: [Step]

  /// Reads the Markdown of a guide.
  ///
  /// `sh` blocks are typed at the shell; `lua` blocks are a file when their first line is a comment that names it, and are typed at the
  /// prompt otherwise; a `text` block is what the block before it shows.
  init(_ markdown: String) throws {
    var steps: [Step] = []
    var block: (language: String, line: Int, lines: [String])?
    for (index, line) in markdown.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard line.hasPrefix("```") else {
        block?.lines.append(String(line))
        continue
      }
      guard let (language, start, lines) = block else {
        block = (String(line.dropFirst(3)), index + 2, [])
        continue
      }
      block = nil
      let text = lines.joined(separator: "\n") + "\n"
      switch language {
      case "sh": steps.append(Step(action: .shell, text: text, line: start))
      case "lua": steps.append(Step(action: Self.file(lines).map { .file($0) } ?? .prompt, text: text, line: start))
      case "text":
        guard let last = steps.indices.last, steps[last].expected.isEmpty else {
          throw GuideFault("line \(start): no block shows this text")
        }
        steps[last].expected = lines.filter { $0.contains { $0 != " " && $0 != "…" } }
      default: throw GuideFault("line \(start): a block must be sh, lua or text, got '\(language)'")
      }
    }
    if let (_, start, _) = block { throw GuideFault("line \(start): the block has no end") }
    self.steps = steps
  }

  private static func file(_ lines: [String]) -> String? {
    guard let first = lines.first, first.hasPrefix("-- "), first.hasSuffix(".lua"), !first.dropFirst(3).contains(" ") else {
      return nil
    }
    return String(first.dropFirst(3))
  }
}

/// What is wrong with a guide.
struct GuideFault: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Whether `line` is what `pattern` shows: the same but for blanks at the ends, and any text where the pattern has `…`.
func shows(_ line: Substring, _ pattern: String) -> Bool {
  let parts = trimmed(pattern[...]).split(separator: "…", omittingEmptySubsequences: false)
  var rest = trimmed(line)
  guard parts.count > 1 else { return rest == parts[0] }
  guard let first = parts.first, let last = parts.last, rest.hasPrefix(first) else { return false }
  rest = rest.dropFirst(first.count)
  guard rest.hasSuffix(last) else { return false }
  rest = rest.dropLast(last.count)
  for part in parts.dropFirst().dropLast() where !part.isEmpty {
    guard let found = rest.firstRange(of: part) else { return false }
    rest = rest[found.upperBound...]
  }
  return true
}

private func trimmed(_ text: Substring) -> Substring {
  var text = text.drop(while: \.isWhitespace)
  while text.last?.isWhitespace == true { text.removeLast() }
  return text
}
