internal import Exposition
internal import Kernel

/// The pool of the random number generator: /proc/sys/kernel/random (random(4)).
struct Entropy: Collector, ~Copyable {
    static var name: String { "entropy" }

    private var available: KernelFile
    private var size: KernelFile
    private let availableBits = UnlabelledMetric(
        "node_entropy_available_bits", kind: .gauge, help: "Bits of available entropy.")
    private let sizeBits = UnlabelledMetric(
        "node_entropy_pool_size_bits", kind: .gauge, help: "Bits of entropy pool.")

    init(_ roots: FilesystemRoots) {
        available = roots.proc.file("sys/kernel/random/entropy_avail", isOneRecord: true)
        size = roots.proc.file("sys/kernel/random/poolsize", isOneRecord: true)
    }

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        try scrape.number(&available, single: availableBits, to: &page)
        try scrape.number(&size, single: sizeBits, to: &page)
    }
}
