internal import CNVML
internal import Kernel
internal import Synchronization

/// What has gone over a device's PCIe link since it was first sampled: an estimate.
final class BusTraffic: Sendable {
    let transmittedBytes = Atomic<UInt64>(0)
    let receivedBytes = Atomic<UInt64>(0)
    /// The device has answered at least once.
    let isKnown = Atomic<Bool>(false)
}

/// Estimates PCIe traffic of devices that do not count it: a thread asks each of them once a second
/// for the rate of the last 20 ms, in which the call waits, and adds it up over time. That wait is
/// why no scrape does it.
final class BusSampler: Sendable {
    struct Line: Sendable {
        let device: DeviceHandle
        let traffic: BusTraffic
    }

    static let period = Duration.seconds(1)

    private let library: ManagementLibrary
    private let lines: [Line]
    private let bell: Doorbell
    private let isEnded = Atomic<Bool>(false)

    private init(_ library: ManagementLibrary, _ lines: [Line]) throws(KernelError) {
        self.library = library
        self.lines = lines
        bell = try Doorbell()
    }

    static func start(
        _ library: ManagementLibrary, _ lines: [Line]
    ) throws(KernelError) -> BusSampler {
        let sampler = try BusSampler(library, lines)
        // Nobody waits for it: a call may hang in the driver.
        try Worker("gpu-pcie") { sampler.run() }.detach()
        return sampler
    }

    /// Asks the thread to end, soon.
    func end() {
        isEnded.store(true, ordering: .relaxed)
        bell.ring()
    }

    func samples(_ device: DeviceHandle) -> Bool {
        lines.contains { $0.device == device }
    }

    private func run() {
        var marks = lines.map { _ in Clock.monotonicNanoseconds }
        var isSilent = lines.map { _ in false }
        while !isEnded.load(ordering: .relaxed) {
            for index in lines.indices where !isSilent[index] {
                isSilent[index] = !sample(lines[index], since: &marks[index])
            }
            bell.wait(atMost: BusSampler.period)
        }
    }

    /// Returns false when the device will never answer.
    private func sample(_ line: Line, since mark: inout UInt64) -> Bool {
        do throws(ManagementError) {
            let transmitted = try library.ask(cnvml_pcie_transmitted, of: line.device)
            let received = try library.ask(cnvml_pcie_received, of: line.device)
            let now = Clock.monotonicNanoseconds
            let seconds = Double(now &- mark) / 1e9
            mark = now
            BusSampler.add(transmitted, seconds, to: line.traffic.transmittedBytes)
            BusSampler.add(received, seconds, to: line.traffic.receivedBytes)
            line.traffic.isKnown.store(true, ordering: .releasing)
            return true
        } catch {
            return !error.isLasting && !error.isLoss
        }
    }

    private static func add(
        _ kilobytesPerSecond: UInt64, _ seconds: Double, to total: borrowing Atomic<UInt64>
    ) {
        // NVML has 32 bits for the rate, so the product is far below 2^64.
        let bytes = Double(kilobytesPerSecond & 0xFFFF_FFFF) * 1000 * min(seconds, 3600)
        total.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    }
}
