/// What a push said in vain: counted, and no reason to refuse an event.
public struct Omissions: Sendable, Equatable {
    /// Keys that the contract does not know.
    public var unknownFields: UInt64 = 0
    /// Features beyond the limit of one event.
    public var features: UInt64 = 0
    /// Timestamps too far from now.
    public var timestamps: UInt64 = 0

    public init() {}
}
