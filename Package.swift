// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target of this house is compiled with.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

/// A room of `Sources/` and the rooms it may import.
func room(_ name: String, imports: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: house)
}

/// The tests of one room. What several of them need to write files is `Scratch`, which no room imports.
func tests(of name: String, imports: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.byName(name: name)] + imports,
        swiftSettings: house,
    )
}

let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

/// The commit that is built, as `make` tells it; empty in a bare `swift build`. Only CVersion is
/// compiled anew when it changes.
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
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CNVML", linkerSettings: [.linkedLibrary("dl")]),
        .target(
            name: "CVersion",
            cSettings: [.define("ML_EXPORTER_REVISION", to: "\"\(revision)\"")]),
        .target(
            name: "CText", linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("simdjson")]),
        room("Kernel", imports: ["CLinux", "CText"]),
        room("Exposition", imports: ["Kernel", "CText"]),
        room("Settings", imports: ["Kernel", "CText", "CYAML", argumentParser]),
        room("HTTPServer", imports: ["Kernel", "CMicroHTTPD", "CISAL", "CLinux"]),
        room("Observation", imports: ["Kernel"]),
        room("Intake", imports: ["Kernel", "Observation", "CText", "CDeflate"]),
        room(
            "Host",
            imports: ["Kernel", "Exposition", "Settings", "CLinux", "CNVML", argumentParser]),
        room("Groups", imports: ["Kernel", "Exposition"]),
        room("Series", imports: ["Kernel", "Exposition", "Observation"]),
        room("Model", imports: ["Kernel", "Exposition", "Observation", "Series"]),
        room("Journal", imports: ["Kernel", "CSQLite", "CISAL", "CLinux"]),
        .executableTarget(
            name: "ml_exporter",
            dependencies: [
                "CLinux", "CVersion", "Kernel", "Exposition", "Settings", "HTTPServer", "Host",
                "Groups", "Intake", "Observation", "Series", "Model", "Journal", argumentParser,
                logging,
            ],
            resources: [.embedInCode("Push/openapi.json")], swiftSettings: house),
        .target(name: "Scratch", path: "Tests/Scratch", swiftSettings: house),
        tests(of: "Kernel", imports: ["Scratch"]),
        tests(of: "Exposition", imports: ["Kernel"]),
        tests(of: "Groups", imports: ["Kernel", "Exposition"]),
        tests(of: "Settings", imports: ["Kernel", argumentParser]),
        tests(of: "HTTPServer", imports: ["Intake", "Kernel"]),
        tests(of: "Observation", imports: ["Kernel"]),
        tests(of: "Intake", imports: ["Kernel", "Observation", "CDeflate"]),
        tests(of: "Series", imports: ["Kernel", "Exposition", "Observation"]),
        tests(of: "Model", imports: ["Kernel", "Exposition", "Observation", "Series"]),
        tests(
            of: "Host",
            imports: ["CLinux", "Kernel", "Exposition", "Settings", "Scratch", argumentParser]),
        tests(of: "Journal", imports: ["Kernel", "Scratch"]),
    ],
    cxxLanguageStandard: .cxx17,
)
