public import Kernel

/// Series of one kind that are told apart by a key, each made when it is first asked for.
public struct Keyed<Handle: Sendable>: Sendable {
    private var keys = NameTable()
    private var handles: [Handle] = []

    public init() {}

    /// Writes keys and handles.
    public func write(
        to record: inout RecordWriter, _ write: (Handle, inout RecordWriter) -> Void
    ) {
        keys.write(to: &record)
        for handle in handles { write(handle, &record) }
    }

    /// What was written; `read` reads one handle.
    public init(_ record: inout RecordReader, _ read: (inout RecordReader) -> Handle) {
        keys = NameTable(&record)
        for _ in 0..<keys.count { handles.append(read(&record)) }
    }

    /// The series with this key. `make` is asked for one that is new, once there is room for it.
    public mutating func handle(
        _ key: [UInt8], in ledger: inout Ledger, _ refusal: inout DropReason?,
        _ make: (inout Ledger) -> Handle
    ) -> Handle? {
        if let number = keys.number(of: key.span) { return handles[number] }
        if let reason = ledger.reserve(1) {
            refusal = reason
            return nil
        }
        _ = keys.add(key.span)
        let handle = make(&ledger)
        handles.append(handle)
        return handle
    }
}
