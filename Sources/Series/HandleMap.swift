internal import Kernel
package import Wire

/// Series of one shape by key, each made at its first use.
package struct HandleMap<Handle: Sendable>: Sendable {
    private var keys = NameTable()
    private var handles: [Handle] = []

    package init() {}

    /// Writes keys and handles.
    package func write(
        to record: inout ByteWriter, write: (Handle, inout ByteWriter) -> Void
    ) {
        keys.write(to: &record)
        for handle in handles { write(handle, &record) }
    }

    /// Reads what `write` wrote; `read` reads one handle.
    package init(_ record: inout ByteReader, read: (inout ByteReader) -> Handle) {
        keys = NameTable(&record)
        for _ in 0..<keys.count { handles.append(read(&record)) }
    }

    /// The series with this key, made by `make` if it is new. If a limit is reached, returns nil and
    /// sets `refusal`.
    package mutating func handle(
        _ key: [UInt8], in store: inout SeriesStore, refusal: inout DropReason?,
        make: (inout SeriesStore) -> Handle
    ) -> Handle? {
        if let number = keys.number(of: key.span) { return handles[number] }
        if let reason = store.reserve(1) {
            refusal = reason
            return nil
        }
        _ = keys.add(key.span)
        let handle = make(&store)
        handles.append(handle)
        return handle
    }
}
