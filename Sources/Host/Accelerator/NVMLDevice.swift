internal import CNVML
internal import Kernel

/// An NVIDIA device as it was listed, and what it cannot answer.
struct NVMLDevice {
    /// A part of a partitioned device (MIG).
    struct Part {
        let handle: NVMLHandle
        let key: [UInt8]
        let labels: [(name: String, value: String)]
        let names: [(name: String, value: String)]
        let instance: UInt32
        /// Such as `1g.10gb`; empty if NVML does not report it.
        let profile: String
    }

    let handle: NVMLHandle
    let index: UInt32
    let uuid: String
    let name: String
    let busID: String
    let minor: UInt64?
    let key: [UInt8]
    let labels: [(name: String, value: String)]
    let names: [(name: String, value: String)]
    let parts: [Part]
    var questions: DeviceQueries
    /// PCIe traffic where the device does not count it itself.
    var traffic: PCIeTraffic?

    /// What device plugins call the device, or its part, when they assign it to a container: its UUID,
    /// and on GKE the name of its file with the instance of a part.
    func assignedNames(part: Part?) -> [String] {
        let file = minor.map { "nvidia\($0)" }
        guard let part else { return [uuid] + (file.map { [$0] } ?? []) }
        let partUUID = part.names.first { $0.name == "uuid" }.map { [$0.value] } ?? []
        return partUUID + (file.map { ["\($0)/gi\(part.instance)"] } ?? [])
    }

    /// A machine has at most 7 parts per device now; more are not listed.
    static var partLimit: UInt32 { 32 }

    /// Nil for a device that is lost.
    init?(_ library: NVML, at index: UInt32, driverVersion: String) {
        do throws(NVMLError) {
            handle = try library.device(at: index)
            uuid = try library.text(cnvml_uuid, of: handle)
            name = try library.text(cnvml_name, of: handle)
            busID = try library.text(cnvml_bus, of: handle)
        } catch {
            return nil
        }
        self.index = index
        minor = try? library.ask(cnvml_minor, of: handle)
        // Everything that labels are made of, so that a device that moved gets other labels.
        let key = Array("\(index)/\(uuid)/\(driverVersion)".utf8)
        self.key = key
        labels = [("gpu", "\(index)")]
        names = [("uuid", uuid), ("name", name), ("driver_version", driverVersion)]
        questions = DeviceQueries(handle)
        parts = NVMLDevice.parts(
            library, of: handle, key: key, labels: labels, driverVersion: driverVersion)
    }

    private static func parts(
        _ library: NVML, of device: NVMLHandle, key: [UInt8],
        labels: [(name: String, value: String)], driverVersion: String
    ) -> [Part] {
        var parts: [Part] = []
        do throws(NVMLError) {
            if try library.ask(cnvml_mig_is_on, of: device) != 1 { return [] }
            let limit = min(
                try library.ask(cnvml_mig_device_limit, of: device), UInt64(partLimit))
            for place in 0..<UInt32(limit) {
                guard let handle = try library.partition(of: device, at: place) else { continue }
                let instance = try library.ask(cnvml_mig_instance, of: handle)
                let computeInstance = try library.ask(cnvml_mig_compute_instance, of: handle)
                let uuid = try library.text(cnvml_uuid, of: handle)
                let name = try library.text(cnvml_name, of: handle)
                let profile = NVMLDevice.profile(name)
                parts.append(
                    Part(
                        handle: handle,
                        key: key + Array("/\(uuid)/\(instance)/\(computeInstance)".utf8),
                        labels: labels + [
                            ("gpu_instance", "\(instance)"),
                            ("compute_instance", "\(computeInstance)"),
                        ],
                        names: [
                            ("uuid", uuid), ("name", name), ("driver_version", driverVersion),
                            ("profile", profile),
                        ],
                        instance: UInt32(truncatingIfNeeded: instance), profile: profile))
            }
        } catch {
            // A device that cannot be partitioned returns an error here. So does one that lost a part
            // while it was listed; the parts before it are returned.
        }
        return parts
    }

    /// The text after `MIG ` in a part's name: `NVIDIA A100-SXM4-40GB MIG 1g.5gb`.
    static func profile(_ name: String) -> String {
        let words = name.split(separator: " ", omittingEmptySubsequences: true)
        guard let place = words.lastIndex(of: "MIG"), place + 1 < words.count else { return "" }
        return words[(place + 1)...].joined(separator: " ")
    }
}

/// Queries one device. Remembers which queries it does not support, and counts failures.
struct DeviceQueries {
    let device: NVMLHandle
    /// Calls that failed with a transient error.
    var failures: UInt64 = 0
    private(set) var isLost = false
    private var unanswered: UInt64 = 0

    init(_ device: NVMLHandle) {
        self.device = device
    }

    mutating func number(_ library: NVML, question: cnvml_question) -> Double? {
        bits(library, question: question).map { Double($0) }
    }

    mutating func bits(_ library: NVML, question: cnvml_question) -> UInt64? {
        let device = device
        return answer(UInt64(question.rawValue)) { () throws(NVMLError) in
            try library.ask(question, of: device)
        }
    }

    /// `place` identifies the query; those of `bits` have the places below 32.
    mutating func answer<Answer>(
        _ place: UInt64, ask: () throws(NVMLError) -> Answer
    ) -> Answer? {
        let bit: UInt64 = 1 << place
        if isLost || unanswered & bit != 0 { return nil }
        do throws(NVMLError) {
            return try ask()
        } catch {
            record(error, bit: bit)
            return nil
        }
    }

    /// The value of a field, or nil.
    mutating func value(of field: cnvml_field) -> Double? {
        if field.code == 0 { return Double(field.value) }
        let error = NVMLError(code: field.code)
        if error.isLoss {
            isLost = true
        } else if !error.isLasting {
            failures &+= 1
        }
        return nil
    }

    private mutating func record(_ error: NVMLError, bit: UInt64) {
        if error.isLoss {
            isLost = true
        } else if error.isLasting {
            unanswered |= bit
        } else {
            failures &+= 1
        }
    }
}
