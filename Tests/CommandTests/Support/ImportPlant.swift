import Foundation
import TestSupport

/// A workspace whose settings import two small files, `data/items.csv` and `data/results.csv`.
///
/// Its commands are those of a ``Plant``; nothing is imported yet.
@dynamicMemberLookup
struct ImportPlant {
  /// The workspace.
  let plant: Plant
  /// The content of `data/results.csv`.
  let results = """
    order_no,item_code,job_code,completed_at,run_minutes
    1,A,turn,2026-03-01T10:00:00Z,5
    2,A,turn,2026-04-10T10:00:00Z,6

    """

  /// Makes it, in `folder` if one is given.
  init(in folder: String? = nil) throws {
    plant = try Plant(.made, in: folder)
    try plant.write(
      """
      import:
        sources:
          - files: [data/items.csv]
            items:
              fields:
                item_code: item_code
                part_type: part_type
          - files: [data/results.csv]
            work_results:
              fields:
                order_no: order_no
                item_code: item_code
                job_code: job_code
                completed_at: completed_at
                run_minutes: run_minutes

      """, to: "lathe.yaml")
    try plant.write("item_code,part_type\nA,ring\nB,disc\n", to: "data/items.csv")
    try writeResults(results)
  }

  subscript<Value>(dynamicMember member: KeyPath<Plant, Value>) -> Value { plant[keyPath: member] }

  /// Replaces the results to import.
  func writeResults(_ text: String) throws { try plant.write(text, to: "data/results.csv") }

  /// Gives so many results to import, 119,992, that they do not fit into memory before they are written.
  func writeManyResults() throws {
    let rows = (10..<120_000).map { "\($0),A,turn,2026-03-01T10:00:00Z,\($0 % 50)\n" }
    try writeResults(results + rows.joined())
  }

  /// Whether an import is writing what it has not committed yet: the database has grown, and its journal says how to take that back.
  var isWriting: Bool {
    let size = { (name: String) in
      (try? FileManager.default.attributesOfItem(atPath: plant.path(name))[.size] as? Int) ?? 0
    }
    return size("data/factory.sqlite-journal") > 0 && size("data/factory.sqlite") > 1 << 20
  }

  /// See ``Plant/lathe(_:input:)``.
  func lathe(_ arguments: String...) throws -> CommandOutcome { try plant.lathe(arguments) }

  /// See ``Plant/state()``.
  func state() throws -> PlantState { try plant.state() }

  /// See ``Plant/path(_:)``.
  func path(_ name: String) -> String { plant.path(name) }
}
