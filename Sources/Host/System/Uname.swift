internal import Exposition
internal import Glibc
internal import Kernel

/// The system information of uname(2).
struct Uname: Collector, ~Copyable {
    static var name: String { "uname" }

    private let family = Family(
        "node_uname_info", kind: .gauge,
        help: "Labeled system information as provided by the uname system call.")
    private var fields: [String] = []
    private var series: Series?

    mutating func collect(_ scrape: inout CollectionContext, into page: inout Page)
        throws(KernelError)
    {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { throw .last("uname") }
        let now = [
            text(&names.sysname), text(&names.release), text(&names.version),
            text(&names.machine), text(&names.nodename), text(&names.__domainname),
        ]
        if now != fields || series == nil {
            fields = now
            series = Series(
                family,
                labels: LabelSet([
                    ("sysname", now[0]), ("release", now[1]), ("version", now[2]),
                    ("machine", now[3]), ("nodename", now[4]), ("domainname", now[5]),
                ]))
        }
        page.begin(family)
        if let series { page.sample(series, value: 1) }
    }

    private func text<Characters>(_ characters: inout Characters) -> String {
        unsafe withUnsafeBytes(of: &characters) { unsafe String(terminated: $0) }
    }
}
