import Tabular

/// What is wrong with one file of a model version.
public struct ModelDamage: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file's name within the version's folder.
  public var file: String
  /// What is wrong with it.
  public var reason: Reason

  /// A way for a file to be wrong.
  public enum Reason: Error, Hashable, Sendable {
    case missing
    case unexpected
    case size(expected: Int, got: Int)
    case digest(expected: String, got: String)
    case notAManifest
    case otherVersion(String)
    case unreadable(String)
  }

  /// `index.sections: SHA-256 is 12…, expected ab…`.
  public var description: String {
    switch reason {
    case .missing: "\(file): missing"
    case .unexpected: "\(file): not named in the manifest"
    case .size(let expected, let got): "\(file): \(got) bytes, expected \(expected)"
    case .digest(let expected, let got): "\(file): SHA-256 is \(got), expected \(expected)"
    case .notAManifest: "\(file): not a manifest"
    case .otherVersion(let name): "\(file): belongs to version '\(name)'"
    case .unreadable(let message): "\(file): \(message)"
    }
  }
}

/// Why a model version cannot be had.
public enum ModelStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no version of that name.
  case unknownVersion(String, known: [String])
  /// Its files are not what they were when it was made.
  case damaged(version: String, [ModelDamage])
  /// The file that names the active version is damaged.
  case damagedSwitch(path: String)
  /// No version was active before this one.
  case noPrevious
  /// The version that was active before cannot be put in force again.
  case cannotRollBack(to: String, reason: String)
  /// Another version is in force than the one that was to be replaced.
  case otherChampion(expected: String, found: String?)

  /// The message, with what to do.
  public var description: String {
    switch self {
    case .unknownVersion(let name, let known):
      let near = suggestion(for: name, in: known)
      return "unknown model version '\(name)'"
        + (known.isEmpty ? "; there are none yet" : near.isEmpty ? "; the newest is '\(known.last ?? "")'" : near)
    case .damaged(let version, let damages):
      return "model version '\(version)' is damaged and refused: " + damages.map(\.description).joined(separator: "; ")
    case .damagedSwitch(let path): return "'\(path)' is damaged; activate a version to write it anew"
    case .otherChampion(let expected, let found):
      return
        "\(found ?? "no version") is in force by now, not \(expected), which was to be replaced: what was compared with it says nothing any more"
    case .noPrevious: return "there is no earlier active model version to go back to; 'lathe models activate VERSION' puts another in force"
    case .cannotRollBack(let version, let reason):
      return "\(version), which served before, cannot be gone back to: \(reason); 'lathe models activate VERSION' puts another in force"
    }
  }
}
