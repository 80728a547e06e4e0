extension Catalog {
    static let controlGroup: [Entry] = [
        Entry(
            ControlGroups.self, runsByDefault: false,
            summary: "Control groups (cgroup v2) of services."
        ) {
            machine, settings in
            ControlGroups(machine.roots, settings: settings.controlGroup)
        }
    ]
}
