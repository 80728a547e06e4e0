internal import ArgumentParser
package import Kernel

/// Flags of the directories from which the machine is read.
package struct PathOptions: ParsableArguments {
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

    package init() {}

    /// The roots. An empty path is an error; a missing directory is not, because it may be mounted later.
    package func roots(_ errors: inout ValidationErrors) -> FilesystemRoots {
        for (flag, path) in [
            ("--path.procfs", procfs), ("--path.sysfs", sysfs), ("--path.rootfs", rootfs),
            ("--path.udev.data", udevData),
        ] where path.isEmpty {
            errors.add("\(flag) must be a directory.")
        }
        return FilesystemRoots(
            proc: Root(procfs), sys: Root(sysfs), rootfs: Root(rootfs), udev: Root(udevData))
    }
}
