extension Settings {
  /// The documented default file: every key with its words, at its default. It reads back as the defaults.
  public static var documentedDefaults: String {
    let descriptions = Dictionary(descriptions.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    let header = """
      # Configuration of a workspace. Every key may be left out; the values here are the defaults.
      # `lathe config check` finds what is wrong, `lathe config show` says where each value comes from.
      # A text may hold ${VARIABLE}, taken from the environment, or be {file: path}; such a value is never shown.


      """
    return header
      + writeYAML(root.write(Settings())) { path in
        guard let key = descriptions[path] else { return YAMLRemarks() }
        if !path.contains(".") { return YAMLRemarks(above: [key.words], isSection: true) }
        return YAMLRemarks(above: [key.words + key.constraint])
      }
  }

  /// All keys as a Markdown table, generated from their declarations.
  public static var reference: String {
    var text = """
      # Configuration

      The keys of `lathe.yaml`. `NAME` and `COLUMN` stand for names of your own, `[]` for each element of a list.
      A text may hold `${VARIABLE}`, taken from the environment (`$${` stands for `${` itself), or be `{file: path}`, the text of a file;
      such a value is a secret and is shown as `***`. The command line has precedence over the file.

      """
    for section in descriptions where !section.path.contains(".") {
      text += "\n## `\(section.path)`\n\n\(section.words)\n\n"
      text += "| key | value | default | unit | meaning |\n|---|---|---|---|---|\n"
      for key in descriptions where key.path.hasPrefix(section.path + ".") {
        let cells = ["`\(key.path)`", key.expectation, key.defaultText.isEmpty ? "" : "`\(key.defaultText)`", key.unit, key.words]
        text += "| " + cells.joined(separator: " | ") + " |\n"
      }
    }
    return text
  }

  static var descriptions: [KeyDescription] { fields.flatMap { $0.descriptions(of: Settings()) } }
}

extension KeyDescription {
  /// What is accepted, with its unit, where the words leave that open: ` (an integer 10…10000, items)`.
  fileprivate var constraint: String {
    guard ["an integer", "a number", "one of", "a list"].contains(where: expectation.hasPrefix) else { return "" }
    return " (" + expectation + (unit.isEmpty ? "" : ", " + unit) + ")"
  }
}
