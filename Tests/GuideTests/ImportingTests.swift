import Foundation
import TestSupport
import Testing

/// The production log, which is not part of the repository: in the folder that LATHE_SHARED names, else in `shared` beside the checkout.
private let productionLog: String? = {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  let given = ProcessInfo.processInfo.environment["LATHE_SHARED"].map { [URL(filePath: $0)] }
  let folders = given ?? [root.appending(path: "../shared"), root.appending(path: "../../shared")]
  return folders.map { $0.appending(path: "data/production_4tu.csv").standardizedFileURL.path }
    .first { FileManager.default.fileExists(atPath: $0) }
}()

struct ImportingTests {
  @Test(
    "The importing guide shows the report that its example gives", .enabled(if: productionLog != nil, "data/production_4tu.csv is not here")
  )
  func report() throws {
    let reader = try GuideReader()
    let outcome = try reader.shell(
      """
      lathe init log --config config/examples/production-log.yaml
      cp '\(try #require(productionLog))' log/data/
      cd log; lathe data import
      """)
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    let parts = try reader.guide("importing.md").components(separatedBy: "```")
    let report = try #require(parts.first { $0.hasPrefix("text\n") }).split(separator: "\n").dropFirst()
    #expect(report.count >= 9)
    for line in report {
      #expect(outcome.output.split(separator: "\n").contains { shows($0, String(line)) }, "'\(line)' is not in:\n\(outcome.output)")
    }
  }

  @Test("A value is made in the order that the importing guide tells")
  func orderOfSteps() throws {
    let outcome = try GuideReader().shell(
      #"""
      lathe init plant
      cd plant
      printf 'id;item;op;start;end;hours;flag\n' > data/a.csv
      printf '1;A;ZZ-10-t;25.3.2012 01:30;25.3.2012 03:30;1,5;j\n2;A;YY-20-t;25.3.2012 02:30;25.3.2012 03:30;1;n\n' >> data/a.csv
      printf '3;C;YY-20-t;26.3.2012 02:30;26.3.2012 05:30;;n\n4;-;YY-20-t;26.3.2012 02:30;26.3.2012 05:30;2;n\n' >> data/a.csv
      cat > lathe.yaml <<'YAML'
      import:
        time_zone: Europe/Berlin
        max_refused_share: 1
        sources:
          - files: [data/a.csv]
            time_format: d.M.yyyy HH:mm
            work_results:
              fields:
                item_code: item
                job_code: {column: op, steps: [{after: "-"}, {before: "-"}], value_map: {"10": TURN}, unmapped: OTHER}
                order_no: {columns: [item, id], separator: "/"}
                resource_code: {column: op, steps: [{match: '^([A-Z]+)-2'}]}
                completed_at: end
                run_minutes: {column: hours, decimal_comma: true, duration: hours}
                wait_minutes: {between: {start: start, end: end}}
                in_house: {column: flag, true_values: [j], false_values: null}
      YAML
      lathe data import
      lathe run - <<'LUA'
      local names = { "item_code", "order_no", "job_code", "resource_code", "in_house", "completed_at", "run_minutes", "wait_minutes" }
      print(data.results():select(names):sort("item_code"))
      LUA
      """#)
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    // 01:30 to 03:30 is an hour on the morning on which 02:30 does not exist.
    for line in [
      "…/data/a.csv: 4 rows, 2 used, 2 refused",
      "unparsable time … 3  start … 25.3.2012 02:30  a time as 31.3.2012 13:45 (d.M.yyyy HH:mm, Europe/Berlin)",
      "missing key … 5  item … a value for item_code",
      "A … A/1 … TURN … – … true … 2012-03-25T01:30:00Z … 90 … 60",
      "C … C/3 … OTHER … YY … false … 2012-03-26T03:30:00Z … – … 180",
    ] {
      #expect(outcome.output.split(separator: "\n").contains { shows($0, line) }, "'\(line)' is not in:\n\(outcome.output)")
    }
  }

  @Test("An import that fails at a header makes no database, and says which column is nearest")
  func failingHeader() throws {
    let outcome = try GuideReader().shell(
      """
      lathe init plant; cd plant
      printf 'item,part\\nA,B\\n' > data/a.csv
      printf 'import: {sources: [{files: [data/a.csv], items: {fields: {item_code: itm}}}]}\\n' > lathe.yaml
      lathe data import || echo "exit code $?"
      ls data
      """)
    #expect(outcome.exitCode == 0)
    #expect(outcome.output.contains("the header lacks column 'itm'; did you mean 'item'?"))
    #expect(outcome.output.contains("exit code 1"))
    #expect(!outcome.output.contains("factory.sqlite"), "\(outcome.output)")
  }
}
