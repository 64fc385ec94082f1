import Tabular

/// SVG in the making. Texts are escaped, numbers have one decimal at most: a tenth of a point is finer than anybody sees.
struct SVGText {
  private(set) var text = ""

  /// Adds an element with attributes, and what is in it.
  mutating func add(_ name: String, _ attributes: [(String, String)], content: String? = nil) {
    text += "<\(name)"
    for (name, value) in attributes { text += " \(name)=\"\(value.escapedForMarkup)\"" }
    if let content { text += ">\(content)</\(name)>\n" } else { text += "/>\n" }
  }

  mutating func label(_ words: String, x: Double, y: Double, _ classes: String, anchor: String = "start", rotated: Bool = false) {
    var attributes = [("x", number(x)), ("y", number(y)), ("class", classes), ("text-anchor", anchor)]
    if rotated { attributes.append(("transform", "rotate(-90 \(number(x)) \(number(y)))")) }
    add("text", attributes, content: words.escapedForMarkup)
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ classes: String) {
    add("line", [("x1", number(x1)), ("y1", number(y1)), ("x2", number(x2)), ("y2", number(y2)), ("class", classes)])
  }

  /// The picture: its size, its words for those who do not see it, and its colours, which follow the reader's light or dark setting.
  func document(width: Double, height: Double, title: String, note: String) -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" width="\(number(width))" \
    height="\(number(height))" role="img" class="chart">
    <title>\(title.escapedForMarkup)</title>
    <desc>\(note.escapedForMarkup)</desc>
    <style>\(Self.style)</style>
    \(text)</svg>

    """
  }

  /// Colours that those who see fewer colours tell apart too: M. Okabe, K. Ito, "Color universal design", 2008.
  private static let style = """
    .chart{--ink:#1d2430;--back:var(--paper,#fff);--soft:#667085;--grid:#e4e7ec;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#8a6d00;--c5:#56b4e9;\
    max-width:100%;height:auto;font-family:system-ui,sans-serif;font-size:12px}\
    @media (prefers-color-scheme:dark){.chart{--ink:#e6e9ef;--back:var(--paper,#12161d);--soft:#98a2b3;--grid:#333b4a;--c0:#4da3dd;--c1:#ff8a4c;--c2:#3ecf9e;--c3:#e39cc4;\
    --c4:#d8b43c;--c5:#8fd0f5}}\
    .chart text{fill:var(--ink)}.chart .over{paint-order:stroke;stroke:var(--back);stroke-width:4px;stroke-linejoin:round}.chart .soft{fill:var(--soft)}.chart .head{font-weight:600;font-size:14px}\
    .chart .grid{stroke:var(--grid)}.chart .axis{stroke:var(--soft)}.chart .rule{stroke:var(--soft);stroke-dasharray:5 4}\
    .chart .l{fill:none;stroke-width:2;stroke-linejoin:round}.chart .r{stroke-width:1.5;opacity:.55}\
    .chart .p{opacity:.6}.chart .b{opacity:.85}\
    .s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}\
    .f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}
    """
  /// How many colours there are; a series beyond them takes the first again.
  static let colorCount = 6
}

/// A coordinate.
func number(_ value: Double) -> String {
  let tenths = (value * 10).rounded() / 10
  return tenths == tenths.rounded() ? String(Int(tenths)) : String(tenths)
}
