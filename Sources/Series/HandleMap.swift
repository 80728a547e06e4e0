package import Kernel

/// Series of one kind that are told apart by a key, each made when it is first asked for.
package struct HandleMap<Handle: Sendable>: Sendable {
    private var keys = NameTable()
    private var handles: [Handle] = []

    package init() {}

    /// Writes keys and handles.
    package func write(
        to record: inout ByteWriter, _ write: (Handle, inout ByteWriter) -> Void
    ) {
        keys.write(to: &record)
        for handle in handles { write(handle, &record) }
    }

    /// What was written; `read` reads one handle.
    package init(_ record: inout ByteReader, _ read: (inout ByteReader) -> Handle) {
        keys = NameTable(&record)
        for _ in 0..<keys.count { handles.append(read(&record)) }
    }

    /// The series with this key. `make` is asked for one that is new, once there is room for it.
    package mutating func handle(
        _ key: [UInt8], in ledger: inout SeriesStore, _ refusal: inout DropReason?,
        _ make: (inout SeriesStore) -> Handle
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
