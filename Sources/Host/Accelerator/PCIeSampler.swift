internal import CNVML
internal import Kernel
internal import Synchronization

/// The estimated PCIe traffic of a device since its first sample.
final class PCIeTraffic: Sendable {
    let transmittedBytes = Atomic<UInt64>(0)
    let receivedBytes = Atomic<UInt64>(0)
    /// The device has answered at least once.
    let isKnown = Atomic<Bool>(false)
}

/// Estimates PCIe traffic of devices that do not count it: a thread asks each of them once a second
/// for the rate of the last 20 ms, in which the call waits, and adds it up over time. That wait is
/// why no scrape does it.
final class PCIeSampler: Sendable {
    struct Line: Sendable {
        let device: NVMLHandle
        let traffic: PCIeTraffic
    }

    static let period = Duration.seconds(1)

    private let library: NVML
    private let lines: [Line]
    private let wakeup: EventFD
    private let isEnded = Atomic<Bool>(false)

    private init(_ library: NVML, lines: [Line]) throws(KernelError) {
        self.library = library
        self.lines = lines
        wakeup = try EventFD()
    }

    static func start(
        _ library: NVML, lines: [Line]
    ) throws(KernelError) -> PCIeSampler {
        let sampler = try PCIeSampler(library, lines: lines)
        // Detached, because a call can hang in the driver and joining the thread would hang too.
        try Worker("gpu-pcie") { sampler.run() }.detach()
        return sampler
    }

    /// Asks the thread to end, soon.
    func end() {
        isEnded.store(true, ordering: .relaxed)
        wakeup.signal()
    }

    func samples(_ device: NVMLHandle) -> Bool {
        lines.contains { $0.device == device }
    }

    private func run() {
        var marks = lines.map { _ in Clock.monotonicNanoseconds }
        var isSilent = lines.map { _ in false }
        while !isEnded.load(ordering: .relaxed) {
            for index in lines.indices where !isSilent[index] {
                isSilent[index] = !sample(lines[index], since: &marks[index])
            }
            wakeup.wait(atMost: PCIeSampler.period)
        }
    }

    /// Returns false when the device will never answer.
    private func sample(_ line: Line, since mark: inout UInt64) -> Bool {
        do throws(NVMLError) {
            let transmitted = try library.ask(cnvml_pcie_transmitted, of: line.device)
            let received = try library.ask(cnvml_pcie_received, of: line.device)
            let now = Clock.monotonicNanoseconds
            let seconds = Double(now &- mark) / 1e9
            mark = now
            PCIeSampler.add(transmitted, seconds: seconds, to: line.traffic.transmittedBytes)
            PCIeSampler.add(received, seconds: seconds, to: line.traffic.receivedBytes)
            line.traffic.isKnown.store(true, ordering: .releasing)
            return true
        } catch {
            return !error.isLasting && !error.isLoss
        }
    }

    private static func add(
        _ kilobytesPerSecond: UInt64, seconds: Double, to total: borrowing Atomic<UInt64>
    ) {
        // NVML has 32 bits for the rate, so the product is far below 2^64.
        let bytes = Double(kilobytesPerSecond & 0xFFFF_FFFF) * 1000 * min(seconds, 3600)
        total.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    }
}
