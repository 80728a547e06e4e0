/// The page at `/`: what this is and where the metrics are.
enum LandingPage {
    /// The page has a style of its own and leads nowhere else.
    static let headers = [
        ("Content-Type", "text/html; charset=UTF-8"),
        (
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
    ]

    static func page(telemetryPath: String) -> String {
        let path = escaped(telemetryPath)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><title>ml_exporter</title>
            <style>body{font-family:sans-serif;margin:2rem}</style></head>
            <body><h1>ml_exporter</h1>
            <h2>Metrics of this machine and the models on it, for Prometheus</h2>
            <p>Version: \(escaped(Version.number))</p>
            <ul>
            <li><a href="\(path)">Metrics</a></li>
            <li><a href="/-/healthy">Healthy</a></li>
            <li><a href="/-/ready">Ready</a></li>
            </ul></body></html>

            """
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
