internal import ArgumentParser
internal import Settings

/// What can be set about control groups.
struct ControlGroupOptions: ParsableArguments {
    @Option(
        name: .customLong("collector.cgroup.include"),
        help: ArgumentHelp(
            "Regexp of control groups (/system.slice/x.service) to show; turns cgroup on.",
            valueName: "regexp"))
    var include: String?
    @Option(
        name: .customLong("collector.cgroup.limit"),
        help: ArgumentHelp("Maximum number of control groups.", valueName: "count"))
    var limit = 256

    /// Naming groups turns the collector on.
    var isAskedFor: Bool { !(include ?? "").isEmpty }

    func settings(_ errors: inout ValidationErrors) -> ControlGroupSettings {
        if limit <= 0 { errors.add("--collector.cgroup.limit: \(limit) is not above 0.") }
        return ControlGroupSettings(
            filter: Filter(
                flag: "--collector.cgroup", include: include, exclude: nil, errors: &errors),
            limit: max(limit, 1))
    }
}

struct ControlGroupSettings: Sendable {
    let filter: Filter
    let limit: Int
}
