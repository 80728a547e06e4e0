internal import CVersion

/// What this program is.
enum Version {
    static let number = "0.1.0"

    /// The commit it was built from, with the suffix `-dirty` if the tree had changes; empty if the
    /// build was not given one.
    static let revision = unsafe String(cString: cversion_revision())

    /// The release of the compiler. It is known at build time only through `#if compiler`, so
    /// that releases not listed here are reported as "or later".
    #if compiler(>=6.5)
        static let swift = "6.5 or later"
    #elseif compiler(>=6.4)
        static let swift = "6.4"
    #elseif compiler(>=6.3)
        static let swift = "6.3"
    #else
        static let swift = "6.2"
    #endif

    static let text =
        "ml_exporter, version \(number) (revision \(revision.isEmpty ? "unknown" : revision), swift \(swift), linux)"
}
