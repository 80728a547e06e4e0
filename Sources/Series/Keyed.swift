/// Series of one kind that are told apart by a key, each made when it is first asked for.
public struct Keyed<Handle: Sendable>: Sendable {
    private var keys = NameTable()
    private var handles: [Handle] = []

    public init() {}

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
