internal import ArgumentParser
internal import Kernel

/// A duration in the syntax of Go's exporters (time.ParseDuration): `5s`, `1m30s`, `250ms`, `1.5h`.
package struct DurationText: ExpressibleByArgument, Sendable {
    package let duration: Duration

    private static let units: [(name: String, seconds: Double)] = [
        ("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
    ]

    package init(_ duration: Duration) {
        self.duration = duration
    }

    /// Nil for any other text, for negative durations and for those above 100 years.
    package init?(argument: String) {
        var rest = Substring(argument)
        var seconds = 0.0
        if rest.isEmpty { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0 == "." || ("0"..."9").contains($0) }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { ("a"..."z").contains($0) }
            rest = rest.dropFirst(unit.count)
            if unit.isEmpty, rest.isEmpty, argument == "0" { break }
            guard let value = Double(number),
                let scale = DurationText.units.first(where: { $0.name == unit })?.seconds
            else { return nil }
            seconds += value * scale
        }
        guard seconds <= 100 * 366 * 86_400 else { return nil }
        duration = .seconds(seconds)
    }

    package var defaultValueDescription: String {
        let seconds = duration.seconds
        if seconds == seconds.rounded(), seconds >= 1 { return "\(Int(seconds))s" }
        return "\(Int((seconds * 1000).rounded()))ms"
    }
}
