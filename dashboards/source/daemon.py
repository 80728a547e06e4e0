"""ml_exporter itself: is it scraped, what does it cost, what did it refuse."""

from board import Board, firing, host_choices
from panels import Column, Query, bars, graph, heat, number, rows
from uids import DAEMON


def summary(board: Board):
    board.row(
        "Now",
        number("Scraped", "Daemons whose last scrape succeeded.", "short",
               Query("count(ml_exporter_build_info{@host})", "up")),
        number("Down", "Daemons that were scraped within a day and cannot be now. "
               "Alert: ExporterDown.", "short",
               Query("count(up{@host} == 0 and on (job, instance) "
                     "last_over_time(ml_exporter_build_info{@host}[1d])) or vector(0)", "down"),
               limits=(1, 5)),
        number("Collectors that fail", "Collectors that could not read their subject in the last "
               "scrape. Alert: CollectorFailing.", "short",
               Query("sum(node_scrape_collector_success{@host} == bool 0)", "failing"),
               limits=(1, 5)),
        number("Series limit used", "Pushed series as a share of the limit; the fullest daemon. "
               "Alert: SeriesLimitNear.", "percentunit",
               Query("max(ml_series{@host} / ml_series_limit{@host})", "used"), limits=(0.8, 0.95),
               decimals=1),
        number("Pushes refused", "Pushed items per second that were refused. Alert: PushRejected.",
               "ops", Query("sum(rate(ml_push_rejected_total{@host}[@rate]))", "refused"),
               limits=(0.001, 1), decimals=2),
        number("CPU of all daemons", "CPUs that the daemons keep busy, all together.", "short",
               Query("sum(rate(process_cpu_seconds_total{@host}[@rate]))", "CPU"), decimals=4))


def scrapes(board: Board):
    board.row(
        "Scrapes",
        graph("Scrape time", "How long Prometheus waited for the page. Alert: ScrapeSlow.", "s",
              Query("scrape_duration_seconds{@host}", "{{job}} {{instance}}"), by_name=True),
        graph("Samples", "Samples of the page.", "short",
              Query("scrape_samples_scraped{@host}", "{{job}} {{instance}}"), by_name=True),
        graph("Collectors, slowest", "Time of each collector in the scrape; the ten slowest.", "s",
              Query("topk(10, max by (collector) (node_scrape_collector_duration_seconds{@host}))",
                    "{{collector}}"), by_name=True),
        graph("Collectors, CPU", "CPU seconds per second of each collector; the ten dearest.",
              "percentunit",
              Query("topk(10, sum by (collector) "
                    "(rate(ml_exporter_collector_cpu_seconds_total{@host}[@rate])))",
                    "{{collector}}"), by_name=True),
        graph("Samples by collector", "Samples that each collector wrote on the page; the ten largest.",
              "short", Query("topk(10, max by (collector) (ml_exporter_collector_series{@host}))",
                             "{{collector}}"), by_name=True),
        graph("Hung collectors and mounts", "Mounts that have not answered, and pages per second that were made "
              "without a collector because it took too long.", "short",
              Query("sum by (instance) (ml_exporter_filesystem_hung_calls{@host})",
                    "mounts {{instance}}"),
              Query("sum by (instance, collector) "
                    "(rate(ml_exporter_collector_timeouts_total{@host}[@rate]))",
                    "{{instance}} {{collector}}")),
        rows("Failing collectors", "Collectors whose last scrape failed. Empty when all is well.",
             {"instance": "Host", "collector": "Collector"},
             Column("Failing", "max by (instance, collector) "
                    "(node_scrape_collector_success{@host} == bool 0) > 0", "bool_yes_no"),
             sort="Failing", width=8, height=8),
        graph("Skipped lines", "Malformed lines of kernel files per second that were skipped. "
              "Alert: CollectorSkipsLines.", "ops",
              Query("sum by (instance, collector) "
                    "(rate(ml_exporter_collector_skipped_lines_total{@host}[@rate])) > 0",
                    "{{instance}} {{collector}}"), by_name=True, width=8),
        graph("Duplicates and held counters", "Series that were left out because the page had them, "
              "and kernel counters that fell and were held.", "ops",
              Query("sum(rate(ml_exporter_duplicate_series_total{@host}[@rate]))", "duplicates"),
              Query("sum(rate(ml_exporter_collector_held_counters_total{@host}[@rate]))",
                    "held counters"),
              Query("sum by (reason) (rate(ml_exporter_omitted_samples_total{@host}[@rate]))",
                    "omitted: {{reason}}"), width=8))


def server(board: Board):
    board.row(
        "HTTP",
        graph("Answers", "Answers per second by status.", "reqps",
              Query("sum by (listener, code) (rate(ml_exporter_http_requests_total{@host}[@rate]))",
                    "{{listener}} {{code}}"), by_name=True, stacked=True, width=8),
        graph("Connections", "Open connections of each listener.", "short",
              Query("sum by (instance, listener) (ml_exporter_http_connections{@host})",
                    "{{instance}} {{listener}}"), by_name=True, width=8),
        graph("Refused connections", "Clients per second that a limit refused or cut. "
              "Alert: ExporterRefusing.", "ops",
              Query("sum by (reason) (rate(ml_exporter_http_refused_total{@host}[@rate]))",
                    "{{reason}}"), by_name=True, width=8),
        graph("Unread responses", "Bytes of responses that clients have not read yet, and the limit dashed.",
              "bytes",
              Query("sum by (instance) (ml_exporter_http_held_response_bytes{@host})", "{{instance}}"),
              Query("max by (instance) (ml_exporter_http_held_response_bytes_max{@host})",
                    "{{instance}} limit", dashed=True), width=12),
        graph("Lost log lines", "Log lines per second that were dropped because they were not read.", "ops",
              Query("sum by (instance) (rate(ml_exporter_log_dropped_lines_total{@host}[@rate]))",
                    "{{instance}}"), by_name=True, width=12))


def pushes(board: Board):
    board.row(
        "Pushes",
        graph("Pushes by status", "Push requests per second by status.", "reqps",
              Query("sum by (code) (rate(ml_push_requests_total{@host}[@rate]))", "{{code}}"),
              by_name=True, stacked=True, width=8),
        graph("Events by type", "Events per second that were applied.", "ops",
              Query("sum by (type) (rate(ml_push_events_total{@host}[@rate]))", "{{type}}"),
              by_name=True, stacked=True, width=8),
        graph("Rejected pushes", "Pushed items per second that were refused, by reason. "
              "Alert: PushRejected.", "ops",
              Query("sum by (reason) (rate(ml_push_rejected_total{@host}[@rate]))", "{{reason}}"),
              Query("sum by (reason) (rate(ml_push_group_refused_total{@host}[@rate]))",
                    "group {{reason}}", dashed=True), by_name=True, width=8),
        heat("Push time", "How long a push took, from its last byte to the answer.", "s",
             Query("sum by (le) (increase(ml_push_duration_seconds_bucket{@host}[@rate]))",
                   "{{le}}"), width=8, height=8),
        graph("Bytes", "Bytes per second that producers pushed.", "Bps",
              Query("sum by (instance) (rate(ml_push_bytes_total{@host}[@rate]))", "{{instance}}"),
              by_name=True, width=8),
        graph("Duplicate and lost batches", "Batches per second that came again and were not counted "
              "twice, and batches that never came. Alert: PushBatchesLost.", "ops",
              Query("sum(rate(ml_push_duplicate_batches_total{@host}[@rate]))", "again"),
              Query("sum(rate(ml_push_lost_batches_total{@host}[@rate]))", "lost"),
              width=8),
        graph("Ignored fields and features", "Parts of accepted events per second that were not used: unknown "
              "fields, features beyond the limit, times far from now.", "ops",
              Query("sum(rate(ml_push_unknown_fields_total{@host}[@rate]))", "unknown fields"),
              Query("sum(rate(ml_push_dropped_features_total{@host}[@rate]))", "features"),
              Query("sum(rate(ml_push_truncated_texts_total{@host}[@rate]))", "cut texts"),
              Query("sum(rate(ml_push_ignored_timestamps_total{@host}[@rate]))", "times"),
              width=8),
        graph("Memory of pushes", "Bytes that pushes in progress hold, by use, and the limits dashed.",
              "bytes",
              Query("sum by (use) (ml_push_memory_bytes{@host})", "{{use}}"),
              Query("sum by (use) (ml_push_memory_limit_bytes{@host})", "{{use}} limit", dashed=True),
              width=8),
        graph("Pushes too costly", "Pushes per second that were refused because pushes held too much "
              "memory or a body took too much CPU time.", "ops",
              Query("sum by (use) (rate(ml_push_memory_refused_total{@host}[@rate]))", "memory: {{use}}"),
              Query("sum(rate(ml_push_costly_bodies_total{@host}[@rate]))", "CPU time"), width=8),
        graph("Groups", "Groups that jobs have pushed in Pushgateway's way, and their series.", "short",
              Query("sum(ml_push_groups{@host})", "groups"),
              Query("sum(ml_push_group_series{@host})", "series"),
              Query("sum(increase(ml_push_groups_expired_total{@host}[@rate]))", "expired",
                    dashed=True), width=8),
        graph("Settings file", "1 if the last reload of the settings file succeeded; empty "
              "without one. Alert: ConfigReloadFailed.", "short",
              Query("ml_exporter_config_last_reload_successful{@host}", "{{instance}}"),
              by_name=True, top=1, width=8),
        graph("Series", "Pushed series, and the limit dashed.", "short",
              Query("ml_series{@host}", "{{instance}}"),
              Query("ml_series_limit{@host}", "{{instance}} limit", dashed=True), width=8),
        graph("Dropped series", "Items per second that would have made a series beyond a limit. "
              "Alert: SeriesDropped.", "ops",
              Query("sum by (reason) (rate(ml_series_dropped_total{@host}[@rate]))", "{{reason}}"),
              by_name=True, width=8),
        bars("Silent producers", "Time since the last push by each name of producers (Producer-Id before the slash); the twenty longest.", "s",
             Query("topk(20, time() - max by (instance, producer) "
                   "(ml_push_last_success_timestamp_seconds{@host}))",
                   "{{instance}} {{producer}}"), width=8))


def storage(board: Board):
    board.row(
        "Storage",
        graph("Commits", "Commits per second, each of one or more pushes. Empty where pushes are kept "
              "in memory only.", "ops",
              Query("rate(ml_journal_commits_total{@host}[@rate])", "{{instance}}"), by_name=True,
              width=8),
        heat("Commit time", "How long commits took: what the disk adds to a push. "
             "Alert: StorageSlow.", "s",
             Query("sum by (le) (increase(ml_journal_commit_duration_seconds_bucket{@host}[@rate]))",
                   "{{le}}"), width=8, height=8),
        graph("Storage errors", "What the storage did not do, per second, and pushes that were refused "
              "because too many waited for the disk. Alert: StorageFailing.", "ops",
              Query("sum by (operation) (rate(ml_journal_errors_total{@host}[@rate]))",
                    "{{operation}}"),
              Query("sum(rate(ml_journal_refused_total{@host}[@rate]))", "too many wait",
                    dashed=True), by_name=True, width=8),
        graph("Journal writes", "Bytes of records per second that were committed.", "Bps",
              Query("sum by (instance) (rate(ml_journal_bytes_total{@host}[@rate]))",
                    "{{instance}}"), by_name=True, width=8),
        graph("Time since last snapshot", "What was committed after it is read record by record by the "
              "next start.", "s",
              Query("time() - (ml_journal_last_snapshot_timestamp_seconds{@host} > 0)",
                    "{{instance}}"), by_name=True, width=8),
        rows("At the last start", "Whether pushes survive and are taken, what the start read, and what "
             "it could not use. Alerts: StorageUnavailable, StorageDamaged.",
             {"instance": "Host"},
             Column("Survive", "max by (instance) (ml_journal_enabled{@host})", "bool_yes_no"),
             Column("Taken", "min by (instance) (ml_journal_ready{@host})", "bool_yes_no"),
             Column("Records read", "max by (instance) (ml_journal_replayed_batches{@host})", "short"),
             Column("Left out", "max by (instance) (ml_journal_skipped_records{@host})", "short",
                    limits=(1, 1)),
             Column("Files set aside", "max by (instance) (ml_journal_files_set_aside{@host})", "short",
                    limits=(1, 1)),
             sort="Left out", width=8, height=8))


def process(board: Board):
    board.row(
        "Process",
        graph("CPU", "CPUs that each daemon keeps busy.", "short",
              Query("rate(process_cpu_seconds_total{@host}[@rate])", "{{instance}}"), by_name=True,
              width=8),
        graph("Memory", "Resident memory of each daemon.", "bytes",
              Query("process_resident_memory_bytes{@host}", "{{instance}}"), by_name=True, width=8),
        graph("Open files", "Open descriptors as a share of the limit.", "percentunit",
              Query("process_open_fds{@host} / process_max_fds{@host}", "{{instance}}"),
              by_name=True, width=8, limits=(0.7, 0.9)),
        rows("Versions", "What runs where, and since when.",
             {"instance": "Host", "version": "Version", "revision": "Revision"},
             Column("Started", "max by (instance, version, revision) (ml_exporter_build_info{@host} "
                    "* on (job, instance) group_left () process_start_time_seconds{@host}) * 1000",
                    "dateTimeFromNow"),
             sort="Started", height=7))


def build() -> Board:
    board = Board(DAEMON, "ml_exporter / Itself",
                  "The daemon: scrapes, collectors, pushes, limits and its own process.",
                  host_choices("ml_exporter_build_info"), [firing(',instance=~"$instance|"')])
    for part in (summary, scrapes, server, pushes, storage, process):
        part(board)
    return board
