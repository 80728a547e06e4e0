extension [String] {
    /// The arguments with each `--flag=` as `--flag` and an empty value of its own.
    ///
    /// swift-argument-parser 1.x takes `--flag=` for a flag whose value is missing. An empty value is
    /// the usual way to lift a default (`--collector.diskstats.device-exclude=`).
    package var withEmptyValuesApart: [String] {
        flatMap { argument in
            guard argument.hasPrefix("--"), argument.utf8.count > 3,
                argument.utf8.firstIndex(of: UInt8(ascii: "="))
                    == argument.utf8.index(before: argument.utf8.endIndex)
            else { return [argument] }
            return [String(argument.dropLast()), ""]
        }
    }
}
