import Glibc
import Kernel
import Scratch
import Testing

@testable import Host

/// What kubelet says of devices; `test_pod_resources.py` asks a real server of gRPC.
struct PodResourcesTests {
    typealias Holder = PodResources.Holder

    private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        // Lengths below 16,384.
        [number << 3 | 2, UInt8(bytes.count & 0x7F) | 0x80, UInt8(bytes.count >> 7)] + bytes
    }

    private func field(_ number: UInt8, _ text: String) -> [UInt8] {
        field(number, Array(text.utf8))
    }

    /// A pod with one container that holds devices.
    private func pod(
        _ namespace: String, _ name: String, _ devices: [String],
        resource: String = "nvidia.com/gpu"
    ) -> [UInt8] {
        let list = field(2, field(1, resource) + devices.flatMap { field(2, $0) })
        // cpu_ids, a packed list of numbers, and memory stand beside the devices.
        let container = field(3, field(1, "model") + list + field(3, [1, 2, 3]) + [0x28, 7])
        return field(1, field(1, name) + field(2, namespace) + container)
    }

    @Test func `a device has the container that holds it`() throws {
        let message = pod("prod", "fraud-0", ["GPU-1", "GPU-2"]) + pod("dev", "train", ["MIG-3"])
        let fraud = Holder(namespace: "prod", pod: "fraud-0", container: "model")
        let train = Holder(namespace: "dev", pod: "train", container: "model")
        #expect(
            try PodResources.parse(message) == [
                "GPU-1": [fraud], "GPU-2": [fraud], "MIG-3": [train],
            ])
    }

    @Test func `shares of a device are of that device`() throws {
        let message =
            pod("prod", "a", ["GPU-1::0", "nvidia0/vgpu1"]) + pod("prod", "b", ["GPU-1::1"])
        let found = try PodResources.parse(message)
        #expect(found["GPU-1"]?.count == 2)
        #expect(found["nvidia0"]?.map(\.pod) == ["a"])
        #expect(try PodResources.parse(pod("p", "m", ["nvidia0/gi1"]))["nvidia0/gi1"]?.count == 1)
    }

    @Test func `a message that is cut off or damaged never traps`() {
        let message = pod("prod", "fraud-0", ["GPU-1"])
        for count in message.indices { _ = try? PodResources.parse(Array(message[..<count])) }
        for index in message.indices {
            for byte: UInt8 in [0, 0x7F, 0x80, 0xFF] {
                var damaged = message
                damaged[index] = byte
                _ = try? PodResources.parse(damaged)
            }
        }
        #expect((try? PodResources.parse([])) == [:])
        #expect((try? PodResources.parse([UInt8](repeating: 0xFF, count: 64))) == nil)
    }

    @Test func `a kubelet that is away is a failure and costs no descriptor`() throws {
        let folder = try Folder()
        let socket = "\(folder.path)/kubelet.sock"
        func openFiles() throws -> Int {
            try #require(Root("/proc").openFileCount(of: "self"))
        }
        // Other tests run beside this one and open files of their own.
        let before = try openFiles()
        for _ in 0..<400 {
            #expect(throws: KernelError(ENOENT, subject: socket)) {
                try KubeletCall.list(socket, timeout: .milliseconds(100))
            }
        }
        #expect(try openFiles() < before + 200)
    }
}
