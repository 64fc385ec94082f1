package import Foundation

/// The program `lathe` that was built with the tests, to be run as its users do.
package struct BuiltProgram: Sendable {
  /// The folder of the checkout.
  package let repository: URL
  /// The executable.
  package let executable: URL

  /// Finds it.
  package init() throws {
    repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    // The tests' program lies beside the product, whatever the build folder is.
    let beside = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    let arguments = CommandLine.arguments.map { URL(filePath: $0).deletingLastPathComponent() }
    let places = [beside] + arguments + [repository.appending(path: ".build/debug")]
    guard let place = places.first(where: { FileManager.default.isExecutableFile(atPath: $0.appending(path: "lathe").path) }) else {
      throw NoProgram()
    }
    executable = place.appending(path: "lathe")
  }

  /// What a command is run in: nothing of the surroundings of the tests, so that they hold on every machine.
  package func environment(home: String) -> [String: String] {
    [
      "PATH": executable.deletingLastPathComponent().path + ":/usr/local/bin:/usr/bin:/bin",
      "HOME": home, "LANG": "C.UTF-8", "NO_COLOR": "1", "TZ": "UTC",
    ]
  }

  private struct NoProgram: Error, CustomStringConvertible {
    let description = "there is no program 'lathe' beside the tests: build it first"
  }
}
