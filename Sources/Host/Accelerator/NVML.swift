internal import CNVML
internal import Kernel

/// A device of NVML, or a part of one. Good as long as the library that gave it is open.
struct NVMLHandle: Sendable, Equatable {
    let bits: UInt
}

/// Why NVML gave no answer: one of its return codes.
struct NVMLError: Error, Equatable {
    let code: Int32

    /// The device has fallen off the bus: no call about it will be answered.
    var isLoss: Bool { code == Int32(cnvml_gpu_is_lost) }

    /// The answer will not change while the driver and the device stay what they are.
    var isLasting: Bool {
        code == Int32(cnvml_not_supported)
            || code == Int32(cnvml_function_not_found)
            || code == Int32(cnvml_no_permission)
            || code == Int32(cnvml_deprecated)
    }
}

/// NVIDIA's management library (NVML), opened and started at run time. NVML may be called from any
/// thread; the last owner stops and closes it.
@safe
final class NVML: @unchecked Sendable {
    /// What became of opening it.
    enum Opening {
        case opened(NVML)
        /// The machine has no such library: the loader's words.
        case missing(String)
        /// The library found no driver: the machine has no NVIDIA device, or not yet. NVML's words.
        case driverless(String)
        /// There is a driver, and NVML cannot use it.
        case failed(String)
    }

    private let library: OpaquePointer

    private init(_ library: OpaquePointer) {
        unsafe self.library = library
    }

    /// `path` as dlopen(3) takes it.
    static func open(_ path: String) -> Opening {
        var message = [CChar](repeating: 0, count: 256)
        let capacity = message.count
        guard let library = unsafe cnvml_open(path, &message, capacity) else {
            return .missing(String(terminated: message))
        }
        let code = unsafe cnvml_start(library)
        if code == 0 { return unsafe .opened(NVML(library)) }
        let reason = unsafe String(cString: cnvml_describe(library, code))
        unsafe cnvml_close(library)
        let words = "nvmlInit: \(reason) (code \(code))"
        return code == Int32(cnvml_driver_not_loaded) ? .driverless(words) : .failed(words)
    }

    deinit {
        _ = unsafe cnvml_stop(library)
        unsafe cnvml_close(library)
    }

    func deviceCount() throws(NVMLError) -> UInt32 {
        var count: UInt32 = 0
        try check(unsafe cnvml_device_count(library, &count))
        return count
    }

    func device(at index: UInt32) throws(NVMLError) -> NVMLHandle {
        var device: UInt = 0
        try check(unsafe cnvml_device_at(library, index, &device))
        return NVMLHandle(bits: device)
    }

    /// A part of a device that is partitioned (MIG); nil where the place is empty.
    func partition(
        of device: NVMLHandle, at index: UInt32
    ) throws(NVMLError) -> NVMLHandle? {
        var found: UInt = 0
        let code = unsafe cnvml_mig_device_at(library, device.bits, index, &found)
        if code == Int32(cnvml_not_found) { return nil }
        try check(code)
        return NVMLHandle(bits: found)
    }

    /// A string property of the device; empty if the device does not have it.
    func text(_ kind: cnvml_text_kind, of device: NVMLHandle) throws(NVMLError) -> String {
        var characters = [CChar](repeating: 0, count: 128)
        let capacity = UInt32(characters.count)
        let code = unsafe cnvml_text(library, device.bits, kind.rawValue, &characters, capacity)
        if code != 0, NVMLError(code: code).isLoss { throw NVMLError(code: code) }
        return code == 0 ? String(terminated: characters) : ""
    }

    var driverVersion: String {
        (try? text(cnvml_driver_version, of: NVMLHandle(bits: 0))) ?? ""
    }

    func ask(
        _ question: cnvml_question, of device: NVMLHandle
    ) throws(NVMLError) -> UInt64 {
        var answer: UInt64 = 0
        try check(unsafe cnvml_ask(library, device.bits, question.rawValue, &answer))
        return answer
    }

    /// The share of the last sample period, in percent, in which a kernel ran on the device, and in
    /// which its memory was read or written.
    func utilization(of device: NVMLHandle) throws(NVMLError) -> (UInt32, UInt32) {
        var (gpu, memory): (UInt32, UInt32) = (0, 0)
        try check(unsafe cnvml_utilization(library, device.bits, &gpu, &memory))
        return (gpu, memory)
    }

    func memory(of device: NVMLHandle) throws(NVMLError) -> cnvml_memory {
        var memory = cnvml_memory()
        try check(unsafe cnvml_memory(library, device.bits, &memory))
        return memory
    }

    /// Reads the fields; the code of each field is 0 if it has a value.
    func fill(
        _ fields: inout [cnvml_field], of device: NVMLHandle
    ) throws(NVMLError) {
        let count = UInt32(fields.count)
        try check(unsafe cnvml_fields(library, device.bits, &fields, count))
    }

    /// The processes of one kind (0 compute, 1 graphics) into the first places of `processes`.
    /// Returns how many.
    func list(
        _ kind: UInt32, of device: NVMLHandle, into processes: inout [cnvml_process]
    ) throws(NVMLError) -> Int {
        let capacity = UInt32(processes.count)
        var count: UInt32 = 0
        try check(
            unsafe cnvml_processes(
                library, device.bits, kind, &processes, capacity, &count))
        return Int(count)
    }

    private func check(_ code: Int32) throws(NVMLError) {
        if code != 0 { throw NVMLError(code: code) }
    }
}
