internal import ArgumentParser
internal import Settings

/// What can be set about memory.
struct MemoryOptions: ParsableArguments {
    @OptionGroup(title: "Collector vmstat") var paging: PagingOptions

    func settings(_ mistakes: inout Mistakes) -> MemorySettings {
        MemorySettings(pagingPattern: paging.pattern(&mistakes))
    }
}

struct MemorySettings: Sendable {
    /// Nil shows all.
    let pagingPattern: Pattern?
}

struct PagingOptions: ParsableArguments {
    static let standard = "^(oom_kill|pgpg|pswp|pg.*fault).*"

    @Option(
        name: .customLong("collector.vmstat.fields"),
        help: ArgumentHelp("Regexp of fields to show.", valueName: "regexp"))
    var fields = PagingOptions.standard

    func pattern(_ mistakes: inout Mistakes) -> Pattern? {
        fields.isEmpty ? nil : Pattern(fields, flag: "--collector.vmstat.fields", &mistakes)
    }
}
