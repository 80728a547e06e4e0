internal import Glibc
internal import Kernel
internal import Wire

/// The containers that use each device, from kubelet (PodResources API v1, stable since Kubernetes
/// 1.28). Queried every 10 s; while kubelet does not answer, the last result is kept.
struct PodResources {
    /// A container that a device was assigned to.
    struct Holder: Hashable {
        let namespace: String
        let pod: String
        let container: String

        /// Identifies the row of the device while this container uses it.
        var key: [UInt8] { Array("/\(namespace)/\(pod)/\(container)".utf8) }

        var labels: [(name: String, value: String)] {
            [("namespace", namespace), ("pod", pod), ("container", container)]
        }
    }

    static let period = Duration.seconds(10)
    static let timeout = Duration.milliseconds(500)

    private let socket: String
    private var holders: [String: Set<Holder>] = [:]
    private var nextCall: UInt64 = 0
    private(set) var failure: KernelError?

    init(socket: String) {
        self.socket = socket
    }

    mutating func refresh() {
        let now = Clock.monotonicNanoseconds
        if now < nextCall { return }
        nextCall = now &+ PodResources.period.nanoseconds
        do throws(KernelError) {
            let message = try KubeletCall.list(socket, timeout: PodResources.timeout)
            guard let found = try? PodResources.parse(message) else {
                throw KernelError("a malformed message", subject: socket)
            }
            holders = found
            failure = nil
        } catch {
            failure = error
        }
    }

    /// The container that alone holds the device; nil when none or several do. `names` are what
    /// device plugins call it: its UUID, and `nvidia0` or `nvidia0/gi1` on GKE.
    func holder(of names: [String]) -> Holder? {
        let found = names.reduce(into: Set<Holder>()) { $0.formUnion(holders[$1] ?? []) }
        return found.count == 1 ? found.first : nil
    }

    /// The containers by device, of a message ListPodResourcesResponse.
    static func parse(_ message: [UInt8]) throws(ProtobufError) -> [String: Set<Holder>] {
        var holders: [String: Set<Holder>] = [:]
        // PodResources, ContainerResources, ContainerDevices.
        for pod in try fields(message) where pod.number == 1 {
            let about = try fields(pod.bytes)
            for container in about where container.number == 3 {
                let parts = try fields(container.bytes)
                let holder = Holder(
                    namespace: text(2, in: about), pod: text(1, in: about),
                    container: text(1, in: parts))
                for devices in parts where devices.number == 2 {
                    for field in try fields(devices.bytes) where field.number == 2 {
                        holders[device(field.bytes), default: []].insert(holder)
                    }
                }
            }
        }
        return holders
    }

    /// A device without the number that the plugin gives each share of it: `GPU-1::3`, `nvidia0/vgpu2`.
    private static func device(_ name: [UInt8]) -> String {
        let name = String(decoding: name, as: UTF8.self)
        let parts = name.split(separator: "/", maxSplits: 1)
        if parts.count == 2, parts[1].hasPrefix("vgpu") { return String(parts[0]) }
        guard let mark = name.firstIndex(of: ":"), name[mark...].hasPrefix("::") else {
            return name
        }
        return String(name[..<mark])
    }

    private static func text(
        _ number: UInt64, in fields: [(number: UInt64, bytes: [UInt8])]
    ) -> String {
        fields.first { $0.number == number }.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
    }

    /// The fields of a message that are messages or text.
    private static func fields(
        _ message: [UInt8]
    ) throws(ProtobufError) -> [(number: UInt64, bytes: [UInt8])] {
        var reader = ProtobufReader(message.span)
        var fields: [(number: UInt64, bytes: [UInt8])] = []
        while !reader.isAtEnd {
            let (number, type) = try reader.key()
            if type == 2 {
                fields.append((number, try reader.bytes().copied))
            } else {
                try reader.skip(type)
            }
        }
        return fields
    }
}
