internal import Glibc
internal import Kernel
internal import Logging
internal import Settings
internal import Wire

/// Writes one line per message to stderr, as exporters do: `time=... level=INFO msg="..." k=v`, or
/// the same as a JSON object.
struct Log: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let format: LogSettings.Format

    init(_ settings: LogSettings) {
        format = settings.format
        logLevel =
            switch settings.level {
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            }
    }

    static func logger(_ settings: LogSettings) -> Logger {
        Logger(label: "ml_exporter") { _ in Log(settings) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = [
            ("time", Log.timestamp(Clock.realNanoseconds)), ("level", Log.name(event.level)),
            ("msg", event.message.description),
        ]
        for (key, value) in (event.metadata ?? [:]).sorted(by: { $0.key < $1.key }) {
            fields.append((key, value.description))
        }
        var line: String
        switch format {
        case .logfmt:
            line = fields.map { "\($0)=\(Log.quotedIfNeeded($1))" }.joined(separator: " ")
        case .json:
            line =
                "{"
                + fields.map { "\(JSONText.quoted($0)):\(JSONText.quoted($1))" }
                .joined(separator: ",") + "}"
        }
        LogOutput.standardError.write(line + "\n")
    }

    /// Writes a whole text. Errors are ignored: there is no other place to report them.
    static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { all in
                unsafe Glibc.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: all[start...]).baseAddress,
                    all.count - start)
            }
            if written <= 0 {
                if written < 0, errno == EINTR { continue }
                return
            }
            start += written
        }
    }

    private static func name(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARN"
        case .error, .critical: "ERROR"
        }
    }

    /// RFC 3339 in UTC with milliseconds.
    static func timestamp(_ nanoseconds: UInt64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        func digits(_ value: Int, count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date = unsafe [
            digits(Int(parts.tm_year) + 1900, count: 4), digits(Int(parts.tm_mon) + 1, count: 2),
            digits(Int(parts.tm_mday), count: 2),
        ].joined(separator: "-")
        let time = unsafe [
            digits(Int(parts.tm_hour), count: 2), digits(Int(parts.tm_min), count: 2),
            digits(Int(parts.tm_sec), count: 2),
        ].joined(separator: ":")
        return "\(date)T\(time).\(digits(Int(nanoseconds / 1_000_000 % 1000), count: 3))Z"
    }

    static func quotedIfNeeded(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.value > 0x20 && $0.value != 0x22 && $0.value != 0x3D && $0.value != 0x5C
                && $0.value < 0x7F
        }
        return isPlain && !text.isEmpty ? text : JSONText.quoted(text)
    }
}
