import Scripting
import Testing

@Suite struct SessionCompletionTests {
  @Test(
    "completes globals, keywords, members of modules and tables, and methods of objects",
    arguments: [
      ("ser", 0, ["series"]), ("series.", 7, ["draw", "join", "limit", "new"]), ("series.n", 7, ["new"]), ("x = series.dr", 11, ["draw"]),
      ("whi", 0, ["while"]), ("pr", 0, ["print"]), ("s:", 2, ["save", "scaled", "sum"]), ("s:sc", 2, ["scaled"]),
      ("s.", 2, ["first", "half", "save", "scaled", "sum"]), ("s.half:su", 7, ["sum"]), ("s.first.", 8, []), ("t.", 2, ["deep", "f", "s"]),
      ("t:", 2, ["f"]), ("t.deep.", 7, ["er"]), ("t.s:s", 4, ["save", "scaled", "sum"]), ("o:gre", 2, ["greet"]), ("o.na", 2, ["name"]),
      ("text:up", 5, ["upper"]), ("text.", 5, []), ("string.forma", 7, ["format"]), ("nothing.", 8, []), ("f().", 4, []), ("a[1].", 5, []),
      ("'ser", 4, []), ("-- ser", 6, []), ("[[ ser", 6, []), ("[==[ ]] ser", 11, []), ("--[[ x ]] ser", 10, ["series"]),
      ("'it\\'s' .. ser", 11, ["series"]), ("12", 2, []), ("x..ser", 3, ["series"]), ("_V", 0, ["_VERSION"]), ("s : su", 4, ["sum"]),
      ("local seven = 7\nse", 16, ["select", "series", "setmetatable", "seven"]), ("한 = ser", 6, ["series"]), ("series.new", 7, []),
      ("goto x ::ser", 9, ["series"]),
    ] as [(String, Int, [String])])
  func completes(text: String, start: Int, candidates: [String]) throws {
    let session = try makeSeriesSession()
    #expect(
      session.evaluate(
        """
        s = series.new{1, 2}; text = 'x'
        t = { f = print, deep = { er = 1 }, s = s, ['no name'] = 1, [1] = 2 }
        class = { greet = function() end }; class.__index = class
        o = setmetatable({ name = 'x' }, class)
        """) == .shown(""))
    let completion = session.completions(of: text, at: text.utf8.count)
    #expect(completion.candidates == candidates)
    #expect(completion.start == (candidates.isEmpty && !text.hasSuffix("new") ? text.utf8.count : start))
  }

  @Test("completes what stands before the cursor only")
  func cursor() throws {
    let completion = try makeSeriesSession().completions(of: "series.ne({1})", at: 9)
    #expect(completion.start == 7)
    #expect(completion.candidates == ["new"])
  }

  @Test("offers no keywords and no names with underscores before anything is typed")
  func emptyWord() throws {
    let candidates = try makeSeriesSession().completions(of: "", at: 0).candidates
    #expect(candidates.contains("series"))
    #expect(!candidates.contains("while"))
    #expect(!candidates.contains { $0.hasPrefix("_") })
  }

  @Test("runs no code of scripts to complete")
  func runsNothing() throws {
    let printed = Printed()
    let session = try makeSeriesSession(printed)
    _ = session.evaluate("t = setmetatable({}, { __index = function(_, k) print(k) end, __pairs = print, __len = print })")
    #expect(session.completions(of: "t.abc.d", at: 7).candidates == [])
    #expect(session.completions(of: "t.a", at: 3).candidates == [])
    #expect(printed.lines == [])
  }
}
