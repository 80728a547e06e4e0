internal import ArgumentParser
internal import Settings

/// What can be set about memory.
struct MemoryOptions: ParsableArguments {
    @OptionGroup(title: "Collector vmstat") var paging: VMStatOptions

    func settings(_ errors: inout ValidationErrors) -> MemorySettings {
        MemorySettings(pagingPattern: paging.pattern(&errors))
    }
}

struct MemorySettings: Sendable {
    /// Nil shows all.
    let pagingPattern: Pattern?
}

struct VMStatOptions: ParsableArguments {
    static let standard = "^(oom_kill|pgpg|pswp|pg.*fault).*"

    @Option(
        name: .customLong("collector.vmstat.fields"),
        help: ArgumentHelp("Regexp of fields to show.", valueName: "regexp"))
    var fields = VMStatOptions.standard

    func pattern(_ errors: inout ValidationErrors) -> Pattern? {
        fields.isEmpty ? nil : Pattern(fields, flag: "--collector.vmstat.fields", errors: &errors)
    }
}
