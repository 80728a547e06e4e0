/// The directories that stand for the machine's.
public struct Roots: Sendable, Equatable {
    /// `/proc`
    public let proc: Root
    /// `/sys`
    public let sys: Root
    /// `/`: what mount points are relative to.
    public let rootfs: Root
    /// `/run/udev/data`
    public let udev: Root

    public init(proc: Root, sys: Root, rootfs: Root, udev: Root) {
        self.proc = proc
        self.sys = sys
        self.rootfs = rootfs
        self.udev = udev
    }
}
