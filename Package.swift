// swift-tools-version: 6.1
import PackageDescription

/// Settings of every Swift target: imports are declared, existentials are spelt out.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]
/// Targets with hot loops stay optimised in debug builds: unoptimised they are some 40 times slower, and the tests with them.
let kernel: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// A target imports lower ranks only, never its own (docs/guide/architecture.md has the table; scripts/check holds every import against it).
let package = Package(
  name: "lathe",
  products: [.executable(name: "lathe", targets: ["lathe"]), .executable(name: "lathe-bench", targets: ["lathe-bench"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // Rank 0
    .systemLibrary(name: "CLuaSystem", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
    .systemLibrary(name: "CEdit", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
    .target(name: "CSpawn"),
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"], .when(configuration: .debug))]),
    .target(name: "Tabular", swiftSettings: kernel),
    // Rank 1
    .target(name: "CLua", dependencies: ["CLuaSystem"]),
    .target(name: "Learning", dependencies: ["CKernels", "Tabular"], swiftSettings: kernel),
    .target(name: "Metrics", dependencies: ["CKernels", "Tabular"], swiftSettings: kernel),
    .target(name: "Plotting", dependencies: ["Tabular"], swiftSettings: strict),
    .target(name: "DataAccess", dependencies: ["Tabular", grdb, sqlite], swiftSettings: kernel),
    // Rank 2
    .target(name: "LuaBridge", dependencies: ["CLua", "Tabular"], swiftSettings: strict),
    .target(name: "Configuration", dependencies: ["Tabular", yams], swiftSettings: strict),
    .target(name: "Routing", dependencies: ["DataAccess", "Learning", "Metrics", "Tabular"], swiftSettings: kernel),
    .target(name: "Ledger", dependencies: ["DataAccess", "Tabular", crypto, grdb], swiftSettings: strict),
    .target(name: "Processes", dependencies: ["CSpawn", "DataAccess"], swiftSettings: strict),
    // Rank 3
    .target(
      name: "QualityCycle",
      dependencies: ["Configuration", "DataAccess", "Learning", "Ledger", "Metrics", "Plotting", "Routing", "Tabular", logging],
      swiftSettings: strict),
    .target(name: "DemoPlant", dependencies: ["Tabular"], swiftSettings: kernel),
    // Rank 4
    .target(
      name: "Scripting",
      dependencies: [
        "Configuration", "DataAccess", "DemoPlant", "Learning", "Ledger", "LuaBridge", "Metrics", "Plotting", "Processes", "QualityCycle",
        "Routing",
        "Tabular",
        crypto,
        logging,
      ], swiftSettings: strict),
    .target(name: "Scheduling", dependencies: ["DataAccess", "Ledger", "Processes", "Tabular"], swiftSettings: strict),
    .target(
      name: "Notifying", dependencies: ["Configuration", "DataAccess", "Ledger", "Processes", "Tabular", crypto], swiftSettings: strict),
    // Rank 5
    .executableTarget(
      name: "lathe",
      dependencies: [
        "CEdit", "Configuration", "DataAccess", "DemoPlant", "Ledger", "LuaBridge", "Metrics", "Notifying", "Plotting", "QualityCycle",
        "Routing", "Scheduling", "Scripting", "Tabular",
        argumentParser, logging,
      ], swiftSettings: strict),
    .executableTarget(
      name: "lathe-bench",
      dependencies: [
        "Configuration", "DataAccess", "DemoPlant", "Learning", "Ledger", "LuaBridge", "Metrics", "QualityCycle", "Routing", "Scripting",
        "Tabular", argumentParser, logging, sqlite,
      ], swiftSettings: strict),
    // Tests
    .target(name: "TestSupport", dependencies: ["Routing", "Tabular"], path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(
      name: "DemoPlantTests", dependencies: ["DemoPlant", "Learning", "Metrics", "Routing", "Tabular", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "LearningTests", dependencies: ["CKernels", "Learning", "Tabular"], swiftSettings: strict),
    .testTarget(name: "PlottingTests", dependencies: ["Plotting", "Tabular"], swiftSettings: strict),
    .testTarget(name: "MetricsTests", dependencies: ["Metrics", "Tabular"], swiftSettings: strict),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "Tabular"], swiftSettings: strict),
    .testTarget(
      name: "QualityCycleTests",
      dependencies: [
        "Configuration", "DataAccess", "DemoPlant", "Learning", "Ledger", "Metrics", "QualityCycle", "Routing", "Tabular", "TestSupport",
        logging,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "RoutingTests", dependencies: ["DataAccess", "Learning", "Routing", "Tabular", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "DataAccessTests", dependencies: ["DataAccess", "Tabular", sqlite], swiftSettings: strict),
    .testTarget(
      name: "LedgerTests", dependencies: ["DataAccess", "Ledger", "Tabular", "TestSupport", "WorkerProbe"], swiftSettings: strict),
    .testTarget(
      name: "SchedulingTests", dependencies: ["DataAccess", "Ledger", "Processes", "Scheduling", "Tabular", "TestSupport", "WorkerProbe"],
      swiftSettings: strict),
    .testTarget(
      name: "NotifyingTests", dependencies: ["Configuration", "Ledger", "Notifying", "Tabular", "TestSupport", crypto],
      swiftSettings: strict),
    .executableTarget(
      name: "WorkerProbe", dependencies: ["DataAccess", "Ledger", "Scheduling", "Tabular"], path: "Tests/WorkerProbe", swiftSettings: strict
    ),
    .testTarget(
      name: "ScriptingTests", dependencies: ["LuaBridge", "Scripting", "Tabular"], exclude: ["DocumentationGolden", "Lua"],
      swiftSettings: strict),
    .testTarget(
      name: "StrategyTests",
      dependencies: [
        "Configuration", "Ledger", "LuaBridge", "Metrics", "Processes", "QualityCycle", "Routing", "Scripting", "Tabular", "TestSupport",
        "lathe",
        logging,
      ],
      swiftSettings: strict),
    .testTarget(name: "LuaBridgeTests", dependencies: ["LuaBridge", "Tabular"], swiftSettings: strict),
    .testTarget(
      name: "CommandTests", dependencies: ["DataAccess", "Tabular", "TestSupport", "lathe", sqlite], swiftSettings: strict),
    .testTarget(name: "GuideTests", dependencies: ["Learning", "Routing", "Tabular", "TestSupport", "lathe"], swiftSettings: strict),
    .testTarget(name: "REPLTests", dependencies: ["lathe"], swiftSettings: strict),
    .testTarget(name: "TabularTests", dependencies: ["Tabular", "TestSupport"], swiftSettings: strict),
  ]
)
