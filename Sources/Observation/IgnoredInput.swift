/// What a push said in vain: counted, and no reason to refuse an event.
package struct IgnoredInput: Sendable, Equatable {
    /// Keys that the contract does not know.
    package var unknownFields: UInt64 = 0
    /// Features beyond the limit of one event.
    package var features: UInt64 = 0
    /// Timestamps too far from now.
    package var timestamps: UInt64 = 0

    package init() {}
}
