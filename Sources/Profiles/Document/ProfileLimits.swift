/// Bounds of a profile.
package enum ProfileLimits {
    /// `profile_bytes`: bytes of a profile's text.
    package static let profileBytes = 4 << 20
    /// `profile_columns`: columns of a profile.
    package static let profileColumns = 200
    /// Bytes of a column's name.
    static let nameBytes = 255
    /// Categories that are kept by name.
    package static let categories = 50
    /// Groups of a facet.
    static let groups = 8
    /// Coarse bins, of custom edges too: two digits.
    static let coarseBins = 100
    static let fineBins = 10_000
    /// Counts that a double holds exactly.
    static let count = 1 << 53
}
