internal import Kernel

/// The limits of the daemon under given settings: the output of `check-config --limits`, and, under the
/// defaults, docs/limits.md. The rows are in `LimitTable+Rows.swift`.
struct LimitTable {
    /// One limit.
    struct Row {
        /// What is limited. If errors or counters have a name for the limit, it stands behind a colon.
        let subject: String
        /// The limit in force.
        let value: String
        /// The flag or the key of the settings file; empty for a fixed limit.
        let setting: String
        /// What becomes of that which is beyond the limit.
        let answer: String
        /// The metric that counts it; empty if only the answer or the log tells.
        let counter: String

        init(
            _ subject: String, limit: Value, setting: String = "", answer: String,
            counter: String = ""
        ) {
            self.subject = subject
            value = limit.text
            self.setting = setting
            self.answer = answer
            self.counter = counter
        }
    }

    /// A limit with its unit.
    enum Value {
        case count(Int), bytes(Int), time(Duration)
        /// As `count`; 0 is no limit.
        case optional(Int)

        var text: String {
            switch self {
            case .count(let count): Value.grouped(count)
            case .optional(let count): count == 0 ? "none" : Value.grouped(count)
            case .bytes(let bytes): Value.text(bytes: bytes)
            case .time(let duration): Value.text(milliseconds: duration.nanoseconds / 1_000_000)
            }
        }

        private static func text(milliseconds: UInt64) -> String {
            for (unit, size) in [("h", 3_600_000), ("s", 1000)] as [(String, UInt64)]
            where milliseconds >= size && milliseconds % size == 0 {
                return "\(milliseconds / size) \(unit)"
            }
            return "\(milliseconds) ms"
        }

        private static func text(bytes: Int) -> String {
            for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
            where bytes >= size && bytes % size == 0 {
                return "\(bytes / size) \(unit)"
            }
            return "\(grouped(bytes)) bytes"
        }

        private static func grouped(_ count: Int) -> String {
            var text = ""
            for (place, digit) in String(count).reversed().enumerated() {
                if place > 0, place % 3 == 0, digit != "-" { text.append(",") }
                text.append(digit)
            }
            return String(text.reversed())
        }
    }

    let rows: [Row]

    /// A Markdown table.
    var text: String {
        let head = Row(
            "limit", limit: .count(0), setting: "flag, or key of the settings file",
            answer: "what is beyond it", counter: "counted in")
        let line = { (row: Row, value: String) in
            "| "
                + [row.subject, value, row.setting, row.answer, row.counter]
                .joined(separator: " | ") + " |"
        }
        return
            ([line(head, "value"), "| --- | --- | --- | --- | --- |"]
            + rows.map { line($0, $0.value) }).joined(separator: "\n") + "\n"
    }
}
