package import Statistics

/// The settings of the watch.
package struct WatchSettings: Sendable, Equatable {
    /// A score that is on the page.
    package enum Method: String, CaseIterable, Sendable {
        case psi, ks
    }

    /// The settings of one model.
    package struct Rules: Sendable, Equatable {
        /// The shortest stretch that is judged.
        package var window = Duration.seconds(3600)
        /// The longest stretch that is judged when rows are few.
        package var windowLimit = Duration.seconds(24 * 3600)
        package var drift = DriftRule()
        package var methods = Set(Method.allCases)
        /// Features on the page; nil for all. All are watched.
        package var features: Set<String>?
        /// Whether the names of unseen categories are kept in memory, for the report.
        package var keepsUnseenNames = true

        package init() {}
    }

    package var rules = Rules()
    /// By model.
    package var models: [String: Rules] = [:]

    package init() {}

    package func rules(of model: String) -> Rules { models[model] ?? rules }
}

/// The limits of the watch.
package struct WatchLimits: Sendable, Equatable {
    /// `profiles`: profiles that are in force.
    package var profiles = 500
    /// `watch_bytes`: memory of all windows.
    package var bytes = 256 << 20

    package init() {}
}
