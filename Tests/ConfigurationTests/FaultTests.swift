import Configuration
import Testing

/// The faults of a text, one a line, as a user sees them.
func faults(
  _ yaml: String, environment: [String: String] = [:], overrides: [ConfigurationOverride] = []
) -> String {
  do {
    let effective = try Settings.load(
      yaml, named: "lathe.yaml", environment: environment, overrides: overrides,
      readingFile: { path in
        guard path == "secret.txt" else { throw FilesAreNotRead() }
        return "hunter22\n"
      })
    return "none: \(effective.settings == Settings() ? "defaults" : "changed")"
  } catch { return error.description }
}

@Suite("Configuration faults")
struct FaultTests {
  @Test(
    "says where, what was expected, what came, and the nearest name",
    arguments: [
      ("sampling:\n  sise: 5", "lathe.yaml:2:3: unknown key 'sampling.sise'; did you mean 'size'?"),
      ("samplin: {size: 20}", "lathe.yaml:1:1: unknown key 'samplin'; did you mean 'sampling'?"),
      ("size: 20", "lathe.yaml:1:1: unknown key 'size'; did you mean 'sampling.size'?"),
      (
        "queue:\n  colour: red",
        "lathe.yaml:2:3: unknown key 'queue.colour'; known here: max_size, max_retries, retry_backoff_seconds, lease_seconds"
      ),
      ("sampling:\n  size: many", "lathe.yaml:2:9: 'sampling.size' must be an integer 10…10000, got 'many'"),
      ("sampling: {size: 5}", "lathe.yaml:1:18: 'sampling.size' must be an integer 10…10000, got 5"),
      ("sampling: {size: 20.0}", "lathe.yaml:1:18: 'sampling.size' must be an integer 10…10000, got 20.0"),
      ("sampling: {size: 1e3}", "lathe.yaml:1:18: 'sampling.size' must be an integer 10…10000, got 1e3"),
      ("sampling: {size: 0500}", "lathe.yaml:1:18: 'sampling.size' must be an integer 10…10000, got 0500"),
      (
        "sampling: {size: 99999999999999999999}",
        "lathe.yaml:1:18: 'sampling.size' must be an integer 10…10000, got 99999999999999999999"
      ),
      (
        "sampling: {size: \"500\"}",
        "lathe.yaml:1:18: 'sampling.size' must be an integer 10…10000, got the text '500' (without quotes it is no text)"
      ),
      ("sampling:\n  size:\n  seed: 1", "lathe.yaml:2:8: 'sampling.size' must be an integer 10…10000, got nothing"),
      ("sampling: {size: [500]}", "lathe.yaml:1:18: 'sampling.size' must be an integer 10…10000, got a list"),
      ("sampling: {seed: -1}", "lathe.yaml:1:18: 'sampling.seed' must be an integer ≥ 0, got -1"),
      ("features: {embedding_dim: 100}", "lathe.yaml:1:27: 'features.embedding_dim' must be one of 32, 64, 128, 256, 512, got 100"),
      ("features: {similarity_floor: 1.5}", "lathe.yaml:1:30: 'features.similarity_floor' must be a number 0…1, got 1.5"),
      ("thresholds: {mae_max: .inf}", "lathe.yaml:1:23: 'thresholds.mae_max' must be a number ≥ 0, got '.inf'"),
      ("thresholds: {mae_max: nan}", "lathe.yaml:1:23: 'thresholds.mae_max' must be a number ≥ 0, got nan"),
      ("thresholds: {trim_ratio: 0.5}", "lathe.yaml:1:26: 'thresholds.trim_ratio' must be a number ≥ 0 and < 0.5, got 0.5"),
      (
        "prediction: {recency_half_life_days: 0}",
        "lathe.yaml:1:38: 'prediction.recency_half_life_days' must be a number > 0, got 0"
      ),
      (
        "prediction: {basis: unti}",
        "lathe.yaml:1:21: 'prediction.basis' must be one of auto, unit, order, got 'unti'; did you mean 'unit'?"
      ),
      ("source: {driver: oracle}", "lathe.yaml:1:18: 'source.driver' must be one of sqlite, got 'oracle'"),
      ("source: {path: ''}", "lathe.yaml:1:16: 'source.path' must be a path, got ''"),
      (
        "source: {path: ledger.sqlite}",
        "lathe.yaml:1:16: 'source.path' must not be 'ledger.sqlite': that file is the workspace's own ledger"
      ),
      ("scripting: {trusted: maybe}", "lathe.yaml:1:22: 'scripting.trusted' must be true or false, got 'maybe'"),
      ("sampling: {strategy: {a: b}}", "lathe.yaml:1:22: 'sampling.strategy' must be a text, got a map"),
      ("sampling:\n  - size", "lathe.yaml:2:3: 'sampling' must be a map of keys, got a list"),
      ("sampling: stratified", "lathe.yaml:1:11: 'sampling' must be a map of keys, got 'stratified'"),
      ("- sampling", "lathe.yaml:1:1: the configuration must be a map of keys, got a list"),
      ("just words", "lathe.yaml:1:1: the configuration must be a map of keys, got 'just words'"),
      (
        "reports: {formats: json}",
        "lathe.yaml:1:20: 'reports.formats' must be a list, not empty, of one of json, csv, markdown, html, each once, got 'json'"
      ),
      (
        "reports: {formats: []}",
        "lathe.yaml:1:20: 'reports.formats' must be a list, not empty, of one of json, csv, markdown, html, each once, got a list"
      ),
      ("reports: {formats: [json, csv, json]}", "lathe.yaml:1:32: 'reports.formats' must have each value once, got 'json' again"),
      (
        "reports: {formats: [json, cvs]}",
        "lathe.yaml:1:27: 'reports.formats[1]' must be one of json, csv, markdown, html, got 'cvs'; did you mean 'csv'?"
      ),
      (
        "features: {columns: [a]}",
        "lathe.yaml:1:21: 'features.columns' must be a map from names to one of categorical, numeric, ignore, or a map of keys, got a list"
      ),
      (
        "features: {columns: {재질: numerc}}",
        "lathe.yaml:1:26: 'features.columns.재질' must be one of categorical, numeric, ignore, got 'numerc'; did you mean 'numeric'?"
      ),
      ("features:\n  columns:\n    a: {weight: -1}", "lathe.yaml:3:17: 'features.columns.a.weight' must be a number ≥ 0, got -1"),
      (
        "features: {columns: {a: ignore, b: {weight: 0}}}",
        "lathe.yaml:1:21: 'features.columns' must leave a column to compare items by: all are ignored or have weight 0"
      ),
      ("trigger: {parameters: 3}", "lathe.yaml:1:23: 'trigger.parameters' must be a map of parameters, got 3"),
      (
        "trigger: {parameters: {a: no}}",
        "lathe.yaml:1:27: 'trigger.parameters.a': 'no' may mean a text or false; write false, or quote it"
      ),
      (
        "trigger: {parameters: {a: }}",
        "lathe.yaml:1:27: 'trigger.parameters.a' has no value; leave the key out to keep the strategy's default"
      ),
    ])
  func message(yaml: String, expected: String) { #expect(faults(yaml) == expected) }

  @Test(
    "names the place where the text stops being YAML",
    arguments: [
      ("sampling:\n\tsize: 20", "lathe.yaml:2:1: not valid YAML: a tab cannot indent; use spaces"),
      ("sampling:\n  size: [20", "lathe.yaml:3:1: not valid YAML: while parsing a flow sequence did not find expected ',' or ']'"),
      ("sampling: size: 20", "lathe.yaml:1:15: not valid YAML: mapping values are not allowed in this context"),
      ("a: \"x", "lathe.yaml:1:6: not valid YAML: while scanning a quoted scalar found unexpected end of stream"),
      ("a: *b", "lathe.yaml:1:4: not valid YAML: found undefined alias"),
      (
        "queue: {max_size: 2}\n---\nqueue: {max_size: 3}", "lathe.yaml:2:1: not valid YAML: a second document begins here; only one is read"
      ),
      ("queue: {max_size: 2\u{1}}", "lathe.yaml:1:20: not valid YAML: control characters are not allowed"),
      ("queue: {max_size: !!int 2}", "lathe.yaml:1:19: a tag ('tag:yaml.org,2002:int') has no meaning here; leave it out"),
      ("queue:\n  <<: {max_size: 2}", "lathe.yaml:2:3: merge keys ('<<') are not supported; write the keys out"),
      ("? [a, b]\n: 3", "lathe.yaml:1:3: a key must be a plain text, got a list"),
    ])
  func syntax(yaml: String, expected: String) { #expect(faults(yaml) == expected) }

  @Test("lists everything that is wrong, in the order of the file, duplicates included")
  func all() {
    let yaml = """
      sampling: {size: 5, size: 50, sise: 1}
      queue:
        max_size: 21
        "max_size": 30
        max_size: 22
      thresholds:
        mae_max: high
      queue: {max_size: x}
      """
    #expect(
      faults(yaml, overrides: [.init("logging.level", "loud"), .init("sampling.seeds", "1", origin: "--seeds")]) == """
        lathe.yaml:1:21: 'sampling.size' is given twice; first in line 1
        lathe.yaml:1:31: unknown key 'sampling.sise'; did you mean 'size'?
        lathe.yaml:4:3: 'queue.max_size' is given twice; first in line 3
        lathe.yaml:5:3: 'queue.max_size' is given twice; first in line 4
        lathe.yaml:7:12: 'thresholds.mae_max' must be a number ≥ 0, got 'high'
        lathe.yaml:8:1: 'queue' is given twice; first in line 2
        lathe.yaml:8:19: 'queue.max_size' must be an integer 1…20, got 'x'
        --seeds: unknown key 'sampling.seeds'; did you mean 'seed'?
        command line: 'logging.level' must be one of trace, debug, info, notice, warning, error, critical, got 'loud'
        """)
  }

  @Test("checks the command line even when the file is no YAML")
  func both() {
    #expect(
      faults("a: [", overrides: [.init("queue.max_size", "0", origin: "--queue"), .init("queue.max_size", "[", origin: "--q")]) == """
        lathe.yaml:2:1: not valid YAML: while parsing a flow node did not find expected node content
        --q: 'queue.max_size': not valid YAML: while parsing a flow node did not find expected node content
        --queue: 'queue.max_size' must be an integer 1…20, got 0
        """)
  }

  @Test("never shows a secret in a fault, and says which variable is missing")
  func secrets() {
    let environment = ["DRIVER": "topsecret", "FACTORY_DB": "f.sqlite"]
    #expect(
      faults("source: {driver: \"${DRIVER}\"}", environment: environment)
        == "lathe.yaml:1:18: 'source.driver' must be one of sqlite, got '***'")
    #expect(
      faults("source: {path: \"${FACTORY_BD}/x\"}", environment: environment)
        == "lathe.yaml:1:16: 'source.path': the environment variable 'FACTORY_BD' is not set; did you mean 'FACTORY_DB'?")
    #expect(
      faults("source: {path: \"${FACTORY_DB\"}", environment: environment)
        == "lathe.yaml:1:16: 'source.path': '${' without '}'; write '$${' for the two characters themselves")
    #expect(
      faults("source: {path: {file: nowhere.txt}}")
        == "lathe.yaml:1:23: 'source.path': cannot read the file 'nowhere.txt': files are not read here")
    #expect(
      faults("trigger: {parameters: {key: \"${DRIVER}\"}}", environment: environment)
        == "lathe.yaml:1:29: 'trigger.parameters.key' must not hold a secret: the ledger keeps the parameters of every cycle")
    #expect(faults("sampling: {size: \"${SIZE}\"}", environment: ["SIZE": "12345678"]).contains("'***'"))
  }

  @Test("survives aliases that stand for billions of values, and nesting without end")
  func bombs() {
    var yaml = "trigger:\n  parameters:\n    a0: &a0 [1, 2]\n"
    for level in 1...40 { yaml += "    a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n" }
    #expect(faults(yaml).contains("too many values: more than 100000, or nested deeper than 64, with aliases written out"))
    let deep = "trigger: {parameters: {a: " + String(repeating: "[", count: 200) + String(repeating: "]", count: 200) + "}}"
    #expect(faults(deep).hasPrefix("lathe.yaml:1:88: too many values"))
    let deeper = "a: " + String(repeating: "[", count: 100_000)
    #expect(faults(deeper).contains("not valid YAML"))
  }
}
