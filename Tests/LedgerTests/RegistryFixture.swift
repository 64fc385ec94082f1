import DataAccess
import Foundation
import Synchronization
import Tabular
import TestSupport

@testable import Ledger

/// Versions and a ledger in a folder of their own, and a clock that goes on a second with each look.
final class RegistryFixture {
  let folder: TemporaryFolder
  let ledger: Ledger
  let models: ModelStore
  private let clock: Clock

  private final class Clock: Sendable {
    let seconds = Mutex(0.0)
    func next() -> Timestamp {
      seconds.withLock { seconds in
        seconds += 1
        return noon.advanced(bySeconds: seconds)
      }
    }
  }

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path("models"), withIntermediateDirectories: false)
    ledger = try Ledger(path: folder.path("ledger.sqlite"))
    models = ModelStore(folder: folder.path("models"))
    clock = Clock()
  }

  /// The time of the last look at the clock, less so many looks.
  func time(before looks: Double = 0) -> Timestamp { noon.advanced(bySeconds: clock.seconds.withLock { $0 } - looks) }

  var registry: ModelRegistry { registry(DurableFiles()) }

  /// A registry whose steps on the disk fail as `files` says.
  func registry(_ files: DurableFiles) -> ModelRegistry {
    ModelRegistry(models: ModelStore(folder: models.folder, files: files), ledger: ledger, now: { [clock] in clock.next() })
  }

  /// What served, newest first, as the history tells it.
  func told() throws -> [String] { try registry.history().filter { $0.outcome == .done }.map(\.version) }

  func damage(_ version: String) throws { try write(Array("Words".utf8), to: models.path(of: version) + "/notes.txt") }

  /// What is in quarantine, and what is left of removals.
  func leftovers() throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: models.folder)
    let aside = (try? FileManager.default.contentsOfDirectory(atPath: models.folder + "/quarantine")) ?? []
    return (aside + names.filter { $0.hasPrefix(".removing") }).sorted()
  }
}
