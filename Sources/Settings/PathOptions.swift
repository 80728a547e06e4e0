public import ArgumentParser
public import Kernel

/// Where the machine's file systems are found.
public struct PathOptions: ParsableArguments {
    @Option(
        name: .customLong("path.procfs"),
        help: ArgumentHelp("procfs mountpoint.", valueName: "directory"))
    var procfs = "/proc"

    @Option(
        name: .customLong("path.sysfs"),
        help: ArgumentHelp("sysfs mountpoint.", valueName: "directory"))
    var sysfs = "/sys"

    @Option(
        name: .customLong("path.rootfs"),
        help: ArgumentHelp("rootfs mountpoint.", valueName: "directory"))
    var rootfs = "/"

    @Option(
        name: .customLong("path.udev.data"),
        help: ArgumentHelp("udev data path.", valueName: "directory"))
    var udevData = "/run/udev/data"

    public init() {}

    /// The roots; an empty path is a mistake, a missing directory is not: it may come later.
    public func roots(_ mistakes: inout Mistakes) -> Roots {
        for (flag, path) in [
            ("--path.procfs", procfs), ("--path.sysfs", sysfs), ("--path.rootfs", rootfs),
            ("--path.udev.data", udevData),
        ] where path.isEmpty {
            mistakes.add("\(flag) must name a directory.")
        }
        return Roots(
            proc: Root(procfs), sys: Root(sysfs), rootfs: Root(rootfs), udev: Root(udevData))
    }
}
