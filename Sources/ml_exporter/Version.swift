/// What this program is.
enum Version {
    static let number = "0.1.0"

    #if compiler(>=6.4)
        static let swift = "6.4"
    #elseif compiler(>=6.3)
        static let swift = "6.3"
    #else
        static let swift = "6.2"
    #endif

    static let text = "ml_exporter, version \(number) (swift \(swift), linux)"
}
