internal import Exposition
internal import Groups
internal import HTTP
internal import Host
internal import Intake
internal import Journal
internal import Kernel
internal import Profiles
internal import Scrape
internal import Series
internal import Settings
internal import Watch

extension LimitTable {
    /// A new limit is one row here; `python3 docs/limits.py` then writes docs/limits.md.
    init(_ configuration: Configuration) {
        let web = Limits()
        let budgets = MemoryBudgets.ofMachine
        let push = PushListener.limits(ByteBudget(limit: budgets.bodies))
        let events = EventLimits()
        let series = configuration.push.series
        let watch = configuration.push.watchLimits
        let groups = configuration.push.groups
        let journal = JournalLimits()
        func http(_ reason: String) -> String {
            "`ml_exporter_http_refused_total{reason=\"\(reason)\"}`"
        }
        func rejected(_ reason: String) -> String {
            "`ml_push_rejected_total{reason=\"\(reason)\"}`"
        }
        func dropped(_ reason: String) -> String {
            "`ml_series_dropped_total{reason=\"\(reason)\"}`"
        }
        func refused(_ reason: String) -> String {
            "`ml_push_group_refused_total{reason=\"\(reason)\"}`"
        }
        let code = { (code: String) in "`ml_push_requests_total{code=\"\(code)\"}`" }
        rows = [
            // Connections.
            Row(
                "connections of the telemetry listener: `connection_limit`",
                limit: .count(web.connections), answer: "the longest idle one is closed; 503",
                counter: http("connection_limit")),
            Row(
                "connections of the push listener: `connection_limit`",
                limit: .count(push.connections),
                answer: "the longest idle one is closed; 503", counter: http("connection_limit")),
            Row(
                "share of one client of the telemetry listener's connections: `evicted`",
                limit: .count(web.clientConnections),
                answer: "at the limit, one beyond it is closed for another client",
                counter: http("evicted")),
            Row(
                "connections that read this 503", limit: .count(web.connectionReserve),
                answer: "wait in the kernel's backlog"),
            Row("time to read this 503", limit: .time(web.refusalTimeout), answer: "closed"),
            Row(
                "request line, header and response header",
                limit: .bytes(web.connectionMemoryBytes),
                answer: "414 or 431", counter: http("malformed")),
            Row(
                "time to send the header: `header_timeout`", limit: .time(web.headerTimeout),
                answer: "closed", counter: http("header_timeout")),
            Row(
                "time to send the body: `body_timeout`", limit: .time(web.bodyTimeout),
                answer: "closed",
                counter: http("body_timeout")),
            Row(
                "time to read the response: `write_timeout`", limit: .time(web.writeTimeout),
                answer: "closed", counter: http("write_timeout")),
            Row(
                "time between two requests: `idle_timeout`", limit: .time(web.idleTimeout),
                answer: "closed", counter: http("idle_timeout")),
            // Scrapes.
            Row(
                "scrapes that wait: `max_requests`",
                limit: .optional(configuration.web.maxRequests),
                setting: "`--web.max-requests`", answer: "503", counter: http("max_requests")),
            Row(
                "share of one client of the scrapes that wait: `client_max_requests`",
                limit: .optional(configuration.web.maxRequests / 4),
                setting: "`--web.max-requests`",
                answer: "at the limit, 503 for one beyond it when another client comes",
                counter: http("client_max_requests")),
            Row(
                "responses that clients have not read, at most a quarter of the control group's memory: `held_pages`",
                limit: .bytes(budgets.responses),
                answer: "slow readers are closed (`slow_reader`); 503",
                counter: http("held_pages")),
            Row(
                "shortest timeout of a scrape", limit: .time(ScrapeDeadline.shortestTimeout),
                answer: "shorter ones count as this"),
            Row(
                "time that a collector may take, or half of the longest scraper's timeout",
                limit: .time(Collectors.standardTimeout), answer: "skipped while it hangs",
                counter: "`ml_exporter_collector_timeouts_total`"),
            Row(
                "series of one collector", limit: .optional(configuration.host.seriesLimit),
                setting: "`--collector.series-limit`", answer: "left out",
                counter: "`ml_exporter_collector_series_dropped_total`"),
            Row(
                "body of a request to the telemetry listener: `body_bytes`",
                limit: .bytes(web.bodyBytes),
                answer: "413", counter: http("body_bytes")),
            // Pushes.
            Row(
                "body of a push: `body_bytes`", limit: .bytes(push.bodyBytes), answer: "413",
                counter: http("body_bytes")),
            Row(
                "compressed body of a push: `body_bytes`",
                limit: .bytes(push.encodedBodyBytes ?? push.bodyBytes), answer: "413",
                counter: http("body_bytes")),
            Row(
                "inflated body of a push", limit: .bytes(events.plainBytes), answer: "413",
                counter: code("413")),
            Row(
                "inflated bytes for each compressed byte, from 4 MiB on",
                limit: .count(events.ratio),
                answer: "413", counter: code("413")),
            Row(
                "bodies of all pushes together: `flight_bytes`", limit: .bytes(budgets.bodies),
                answer: "503", counter: http("flight_bytes")),
            Row(
                "the same with what is inflated and decoded, and waits: `memory_limit`",
                limit: .bytes(budgets.bodies), answer: "503, 413 for one push alone",
                counter: "`ml_push_memory_refused_total{use=\"bodies\"}`"),
            Row(
                "memory of the parsers of all pushes: `memory_limit`",
                limit: .bytes(budgets.decoding), answer: "503, 413 for one push alone",
                counter: "`ml_push_memory_refused_total{use=\"parsers\"}`"),
            Row(
                "CPU time for reading a body of events: `body_too_costly`",
                limit: .time(events.decodingTime), answer: "413",
                counter: "`ml_push_costly_bodies_total`"),
            Row(
                "requests of a producer per second",
                limit: .optional(configuration.push.producerRate),
                setting: "`--push.producer-rate`, `push.producer_rate`", answer: "429",
                counter: code("429")),
            Row(
                "requests of a producer at once", limit: .count(configuration.push.producerBurst),
                setting: "`push.producer_burst`", answer: "429", counter: code("429")),
            Row(
                "producers that are remembered", limit: .count(ProducerTable.Limits().producers),
                answer: "the longest silent one is forgotten"),
            Row(
                "names of producers with a series", limit: .count(ProducerTable.Limits().names),
                answer: "counted as `other`"),
            // Events.
            Row(
                "events of a push: `event_limit`", limit: .count(events.events),
                answer: "event refused",
                counter: rejected("event_limit")),
            Row(
                "keys and values of an event: `too_many`", limit: .count(events.tokens),
                answer: "event refused", counter: rejected("too_many")),
            Row(
                "features of an event", limit: .count(events.features), answer: "left out",
                counter: "`ml_push_dropped_features_total`"),
            Row(
                "entries of a list of an event: `too_many`", limit: .count(events.entries),
                answer: "event refused", counter: rejected("too_many")),
            Row(
                "labels of a business metric: `too_many`", limit: .count(events.labels),
                answer: "event refused", counter: rejected("too_many")),
            Row(
                "a name of an event: `too_long`", limit: .bytes(events.nameBytes),
                answer: "event refused",
                counter: rejected("too_long")),
            Row(
                "a text of an event: `too_long`", limit: .bytes(events.valueBytes),
                answer: "event refused; reasons and categories are cut",
                counter: rejected("too_long")),
            Row(
                "distance of a timestamp from now",
                limit: .time(.seconds(Int64(events.timestampSeconds))),
                answer: "timestamp ignored", counter: "`ml_push_ignored_timestamps_total`"),
            // Series of events.
            Row(
                "series of events: `series_limit`", limit: .count(series.series),
                setting: "`--push.max-series`, `limits.series`",
                answer: "event refused or value left out", counter: dropped("series_limit")),
            Row(
                "labels of all series of events: `page_limit`", limit: .bytes(series.pageBytes),
                answer: "event refused or value left out", counter: dropped("page_limit")),
            Row(
                "series of a model version: `version_series_limit`",
                limit: .count(series.seriesPerVersion), setting: "`limits.series_per_version`",
                answer: "value left out", counter: dropped("version_series_limit")),
            Row(
                "models: `model_limit`", limit: .count(series.models), setting: "`limits.models`",
                answer: "event refused", counter: dropped("model_limit")),
            Row(
                "versions of a model: `version_limit`", limit: .count(series.versionsPerModel),
                setting: "`limits.versions_per_model`", answer: "event refused",
                counter: dropped("version_limit")),
            Row(
                "variants of a version: `variant_limit`", limit: .count(series.variantsPerVersion),
                setting: "`limits.variants_per_version`", answer: "value left out",
                counter: dropped("variant_limit")),
            Row(
                "reasons of errors of a version: `reason_limit`", limit: .count(series.reasons),
                setting: "`limits.reasons`", answer: "counted as `other`",
                counter: dropped("reason_limit")),
            Row(
                "finish reasons of a version: `finish_reason_limit`",
                limit: .count(series.finishReasons), answer: "counted as `other`",
                counter: dropped("finish_reason_limit")),
            Row(
                "features of a version: `feature_limit`", limit: .count(series.features),
                setting: "`limits.features`", answer: "value left out",
                counter: dropped("feature_limit")),
            Row(
                "profiles in force: `profile_limit`", limit: .count(watch.profiles),
                setting: "`limits.profiles`", answer: "429", counter: code("429")),
            Row(
                "memory of the windows of all profiles: `watch_limit`", limit: .bytes(watch.bytes),
                setting: "`limits.watch_bytes`",
                answer: "a further version has counters and no windows",
                counter: dropped("watch_limit")),
            Row(
                "producers whose gauges are added up: `lease_limit`", limit: .count(series.leases),
                answer: "value left out", counter: dropped("lease_limit")),
            Row(
                "processes on the Unix socket with metrics: `process_limit`",
                limit: .count(series.processes), answer: "no metrics of the process",
                counter: dropped("process_limit")),
            Row(
                "bounds of a histogram", limit: .count(BucketBounds.limit), setting: "`buckets`",
                answer: "settings refused"),
            // Groups.
            Row(
                "groups: `group_limit`", limit: .count(groups.groups),
                setting: "`--push.max-groups`, `limits.groups`", answer: "429",
                counter: refused("group_limit")),
            Row(
                "series of a group: `series_limit`", limit: .count(groups.groupSeries),
                setting: "`limits.series_per_group`", answer: "429",
                counter: refused("series_limit")),
            Row(
                "series of all groups: `series_limit`", limit: .count(groups.series),
                setting: "`--push.max-group-series`, `limits.series_of_groups`", answer: "429",
                counter: refused("series_limit")),
            Row(
                "CPU time for reading a body of a group: `body_too_costly`",
                limit: .time(groups.readingTime), answer: "413",
                counter: refused("body_too_costly")),
            Row(
                "samples of all groups: `byte_limit`", limit: .bytes(groups.bytes),
                setting: "`--push.max-group-bytes`, `limits.bytes_of_groups`", answer: "429",
                counter: refused("byte_limit")),
            Row(
                "labels of a series: `label`", limit: .count(groups.labels.labels), answer: "400",
                counter: refused("label")),
            Row(
                "name of a metric or label: `label`", limit: .bytes(groups.labels.nameBytes),
                answer: "400", counter: refused("label")),
            Row(
                "value of a label: `label`", limit: .bytes(groups.labels.valueBytes), answer: "400",
                counter: refused("label")),
            // Storage.
            Row(
                "pushes that wait for their commit", limit: .count(journal.waiting), answer: "503",
                counter: "`ml_journal_refused_total`"),
            Row(
                "records of one commit", limit: .bytes(journal.commitBytes),
                answer: "the next commit"),
            Row("log of the database", limit: .bytes(journal.logBytes), answer: "commits wait"),
            Row(
                "file of records", limit: .bytes(journal.fileBytes), answer: "503",
                counter: "`ml_journal_errors_total`"),
            // Files.
            Row("settings file, and a file of flags", limit: .bytes(1 << 20), answer: "refused"),
            Row("reference profile", limit: .bytes(ProfileLimits.profileBytes), answer: "refused"),
            Row(
                "columns of a reference profile", limit: .count(ProfileLimits.profileColumns),
                answer: "refused"),
            Row(
                "categories of a column that a profile names",
                limit: .count(ProfileLimits.categories),
                answer: "one category for all others"),
        ]
    }
}
