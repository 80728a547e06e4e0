/// The directories that stand for the machine's.
package struct FilesystemRoots: Sendable, Equatable {
    /// `/proc`
    package let proc: Root
    /// `/sys`
    package let sys: Root
    /// `/`: what mount points are relative to.
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
