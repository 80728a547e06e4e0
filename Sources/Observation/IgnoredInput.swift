/// Input that was left out without refusing its event: counted, and named in the answer.
package struct IgnoredInput: Sendable, Equatable {
    /// A key that the API does not have, and the known key that is spelled nearly so.
    package struct Field: Sendable, Equatable {
        package let key: String
        /// Empty if no known key is near.
        package let suggestion: String

        package init(key: String, suggestion: String) {
            self.key = key
            self.suggestion = suggestion
        }
    }

    /// Unknown keys that an answer names; further ones are only counted.
    package static let namedFields = 20

    /// Unknown keys, each as often as it was found.
    package var unknownFields: UInt64 = 0
    /// The first `namedFields` different unknown keys.
    package var fields: [Field] = []
    /// Features beyond the limit of one event.
    package var features: UInt64 = 0
    /// Timestamps too far from now.
    package var timestamps: UInt64 = 0
    /// Reasons and categories that were longer than their limit and were cut.
    package var cutTexts: UInt64 = 0

    package init() {}
}
