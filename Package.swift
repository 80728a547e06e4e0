// swift-tools-version: 6.2
import PackageDescription

/// The settings that every Swift target is compiled with.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

/// A module of `Sources/` and the targets it may import.
func module(_ name: String, imports: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: settings)
}

/// The unit tests of one module. `Scratch` gives tests a temporary folder; no module imports it.
func tests(of name: String, imports: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.byName(name: name)] + imports,
        swiftSettings: settings,
    )
}

let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

/// The commit that is built, set by `make` and empty in a bare `swift build`. Only CVersion depends
/// on it, so that a new commit does not recompile Swift.
let revision = (Context.environment["ML_EXPORTER_REVISION"] ?? "")
    .filter { ($0.isASCII && ($0.isLetter || $0.isNumber)) || $0 == "-" }

let package = Package(
    name: "ml_exporter",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(
            name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(
            name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CNVML", linkerSettings: [.linkedLibrary("dl")]),
        .target(
            name: "CVersion",
            cSettings: [.define("ML_EXPORTER_REVISION", to: "\"\(revision)\"")]),
        .target(
            name: "CText", linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("simdjson")]),
        module("Kernel", imports: ["CLinux", "CText"]),
        module("Wire", imports: ["Kernel"]),
        module("Statistics", imports: ["CText"]),
        module("Profiles", imports: ["Kernel", "Wire", "Statistics", "CText", "CNettle"]),
        module("Exposition", imports: ["Kernel", "Wire", "CText"]),
        module("Settings", imports: ["Kernel", "Wire", "CText", "CYAML", argumentParser]),
        module("HTTP", imports: ["Kernel", "Wire", "CMicroHTTPD", "CISAL", "CLinux"]),
        module("Observation", imports: ["Kernel", "Wire"]),
        module("Intake", imports: ["Kernel", "Wire", "Observation", "CText", "CDeflate"]),
        module(
            "Host",
            imports: [
                "Kernel", "Wire", "Exposition", "Settings", "CLinux", "CNVML", argumentParser,
            ]),
        module("Groups", imports: ["Kernel", "Wire", "Exposition"]),
        module("Series", imports: ["Kernel", "Wire", "Exposition", "Observation"]),
        module("Model", imports: ["Kernel", "Wire", "Exposition", "Observation", "Series"]),
        module("Journal", imports: ["Kernel", "Wire", "CSQLite", "CISAL", "CLinux"]),
        module(
            "PushPipeline",
            imports: ["Kernel", "Wire", "Groups", "Intake", "Observation", "Model", "Journal"]),
        module("Scrape", imports: ["Kernel", "Exposition", "HTTP", "Host", logging]),
        .executableTarget(
            name: "ml_exporter",
            dependencies: [
                "CLinux", "CVersion", "Kernel", "Wire", "Exposition", "Settings", "HTTP", "Host",
                "Groups", "Intake", "Observation", "Series", "Model", "Journal", "PushPipeline",
                "Scrape", "Statistics", "Profiles", argumentParser, logging,
            ],
            resources: [.embedInCode("Push/openapi.json")], swiftSettings: settings),
        .target(name: "Scratch", path: "Tests/Scratch", swiftSettings: settings),
        tests(of: "Kernel", imports: ["Scratch"]),
        tests(of: "Wire", imports: ["Kernel"]),
        tests(of: "Statistics"),
        tests(of: "Profiles", imports: ["Kernel", "Statistics", "Scratch"]),
        tests(of: "Exposition", imports: ["Kernel", "Wire"]),
        tests(of: "Groups", imports: ["Kernel", "Exposition"]),
        tests(of: "Settings", imports: ["Kernel", "Scratch", argumentParser]),
        tests(of: "HTTP", imports: ["Intake", "Kernel"]),
        tests(of: "Observation", imports: ["Kernel", "Wire"]),
        tests(of: "Intake", imports: ["Kernel", "Wire", "Observation", "CDeflate"]),
        tests(of: "Series", imports: ["Kernel", "Exposition", "Observation"]),
        tests(of: "Model", imports: ["Kernel", "Wire", "Exposition", "Observation", "Series"]),
        tests(
            of: "Host",
            imports: ["CLinux", "Kernel", "Exposition", "Settings", "Scratch", argumentParser]),
        tests(of: "Journal", imports: ["Kernel", "Wire", "Scratch"]),
        tests(of: "Scrape", imports: ["Kernel", "Exposition", "HTTP", "Host", logging]),
        tests(
            of: "PushPipeline",
            imports: [
                "Kernel", "Wire", "Exposition", "Groups", "Intake", "Observation", "Series",
                "Model", "Journal", "Scratch",
            ]),
    ],
    cxxLanguageStandard: .cxx17,
)
