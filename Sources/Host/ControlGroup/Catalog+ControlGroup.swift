extension Catalog {
    static let controlGroup: [Entry] = [
        Entry(ServiceGroups.self, runsByDefault: false, "Control groups (cgroup v2) of services.") {
            machine, settings in
            ServiceGroups(machine.roots, settings.controlGroup)
        }
    ]
}
