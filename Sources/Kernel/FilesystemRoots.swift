/// The directories from which the machine is read, `--path.*`.
package struct FilesystemRoots: Sendable, Equatable {
    /// `/proc`
    package let proc: Root
    /// `/sys`
    package let sys: Root
    /// `/`: mount points are relative to it.
    package let rootfs: Root
    /// `/run/udev/data`
    package let udev: Root

    package init(proc: Root, sys: Root, rootfs: Root, udev: Root) {
        self.proc = proc
        self.sys = sys
        self.rootfs = rootfs
        self.udev = udev
    }
}
