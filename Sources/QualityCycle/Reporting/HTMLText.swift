import Tabular

/// HTML in the making; every text that comes in is escaped, what is made here is not.
struct HTMLText {
  private(set) var text = ""

  /// Adds an element with text in it.
  mutating func add(_ name: String, _ words: String, class classes: String = "") {
    text += "<\(name)\(classes.isEmpty ? "" : " class=\"\(classes)\"")>\(words.escapedForMarkup)</\(name)>\n"
  }

  /// Adds what is HTML or SVG already.
  mutating func add(html: String) { text += html }

  /// Adds an element, and within it what `body` adds.
  mutating func within(_ name: String, class classes: String = "", _ body: (inout HTMLText) -> Void) {
    text += "<\(name)\(classes.isEmpty ? "" : " class=\"\(classes)\"")>\n"
    body(&self)
    text += "</\(name)>\n"
  }

  /// Adds a table; columns whose letter is `r` are aligned to the right.
  mutating func table(_ head: [String], alignment: String, _ rows: [[String]]) {
    let classes = alignment.map { $0 == "r" ? " class=\"r\"" : "" }
    text += "<div class=\"scroll\"><table><thead><tr>"
    for (cell, style) in zip(head, classes) { text += "<th\(style)>\(cell.escapedForMarkup)</th>" }
    text += "</tr></thead><tbody>\n"
    for row in rows {
      text += "<tr>"
      for (cell, style) in zip(row, classes) { text += "<td\(style)>\(cell.escapedForMarkup)</td>" }
      text += "</tr>\n"
    }
    text += "</tbody></table></div>\n"
  }

  /// The page: one file that needs nothing else, light or dark as its reader's system is.
  func page(title: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <title>\(title.escapedForMarkup)</title>
    <style>\(Self.style)</style>
    </head>
    <body>
    <main>
    \(text)</main>
    </body>
    </html>

    """
  }

  private static let style = """
    :root{color-scheme:light dark;--ink:#1d2430;--soft:#667085;--line:#e4e7ec;--paper:#fff;--card:#f8fafc;--good:#067647;--bad:#b42318;--warn:#93550b}
    @media (prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#333b4a;--paper:#12161d;--card:#1a202b;--good:#4cc38a;--bad:#ff8a80;--warn:#f0b849}}
    body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
    main{max-width:1080px;margin:0 auto;padding:24px 20px 64px}
    h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:40px 0 8px;padding-top:12px;border-top:1px solid var(--line)}
    p{margin:6px 0}.soft{color:var(--soft)}code{font-size:.92em}
    .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:20px 0}
    .card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
    .card .name{color:var(--soft);font-size:13px}.card .value{font-size:26px;font-weight:600;line-height:1.25}
    .card .more{color:var(--soft);font-size:12.5px}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
    .decision{border-left:4px solid var(--soft);background:var(--card);padding:10px 14px;border-radius:0 8px 8px 0;margin:16px 0}
    .decision.retrain{border-color:var(--warn)}.decision.failed{border-color:var(--bad)}
    .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:20px}
    .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
    th,td{text-align:left;padding:5px 10px;border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--soft);font-weight:500}
    .r{text-align:right}summary{cursor:pointer;padding:6px 0}details{border-bottom:1px solid var(--line)}details[open]{padding-bottom:10px}
    ul{margin:6px 0;padding-left:20px}
    @media print{details{break-inside:avoid}}
    """
}
