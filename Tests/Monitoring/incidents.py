"""A fault for every alert: what a healthy host and model look like, and what differs when it happens."""

import http.server
import threading
import time
from dataclasses import dataclass, field

# A page is a map of series. A gauge is a number or a function of the seconds since its phase began; a
# counter is what it gains per second.


@dataclass(frozen=True)
class Counter:
    rate: float


def per_second(rates: dict[str, float]) -> dict:
    return {series: Counter(rate) for series, rate in rates.items()}


DISK = 'device="/dev/sda1",fstype="ext4",mountpoint="/srv"'

SHARED = 'device="tmpfs",fstype="tmpfs",mountpoint="/dev/shm"'
BTRFS = 'uuid="u"'
METADATA = f'{BTRFS},block_group_type="metadata",mode="single"'

HOST = {
    **per_second({
        'node_cpu_seconds_total{cpu="0",mode="idle"}': 0.8,
        'node_cpu_seconds_total{cpu="0",mode="iowait"}': 0.02,
        'node_cpu_seconds_total{cpu="0",mode="steal"}': 0,
        'node_cpu_seconds_total{cpu="0",mode="user"}': 0.18,
        "node_vmstat_pgmajfault": 2, "node_vmstat_oom_kill": 0,
        "node_pressure_memory_stalled_seconds_total": 0.001,
        'node_disk_io_time_weighted_seconds_total{device="sda"}': 0.5,
        'node_network_receive_packets_total{device="eth0"}': 1000,
        'node_network_receive_errs_total{device="eth0"}': 0,
        'node_network_transmit_packets_total{device="eth0"}': 1000,
        'node_network_transmit_errs_total{device="eth0"}': 0,
        'ml_gpu_ecc_errors_total{gpu="0",kind="uncorrected"}': 0,
        'ml_exporter_collector_skipped_lines_total{collector="vmstat"}': 0,
        'ml_exporter_http_refused_total{reason="connection_limit"}': 0,
        'ml_push_rejected_total{reason="series_limit"}': 0,
        'ml_push_requests_total{path="/v1/events",code="200"}': 20,
        'ml_push_requests_total{path="/v1/events",code="503"}': 0,
        "ml_push_lost_batches_total": 0, "ml_gpu_lost_total": 0,
        'ml_journal_errors_total{operation="commit"}': 0,
        'ml_journal_commit_duration_seconds_bucket{le="0.5"}': 50,
        'ml_journal_commit_duration_seconds_bucket{le="1.0"}': 50,
        'ml_journal_commit_duration_seconds_bucket{le="+Inf"}': 50,
        'ml_exporter_collector_series_dropped_total{collector="netdev"}': 0,
        'ml_series_dropped_total{reason="series_limit"}': 0,
        "node_kernel_hung_tasks_total": 0,
        'node_edac_correctable_errors_total{controller="0"}': 0,
        'node_edac_uncorrectable_errors_total{controller="0"}': 0,
        f'node_btrfs_device_errors_total{{{BTRFS},device="sdb",type="corruption"}}': 0,
        'node_network_carrier_changes_total{device="eth0"}': 0,
        "node_nf_conntrack_stat_drop": 0, "node_nf_conntrack_stat_early_drop": 0,
        "node_netstat_TcpExt_ListenDrops": 0,
        'prometheus_rule_evaluation_failures_total{rule_group="host.yml;cpu"}': 0,
        'prometheus_rule_group_iterations_missed_total{rule_group="host.yml;cpu"}': 0,
        "prometheus_notifications_errors_total": 0, "prometheus_notifications_sent_total": 2,
        "prometheus_tsdb_compactions_failed_total": 0,
        'alertmanager_notifications_failed_total{integration="slack"}': 0,
        'alertmanager_notifications_total{integration="slack"}': 2,
    }),
    "node_load1": 0.4,
    "node_memory_MemTotal_bytes": 16e9, "node_memory_MemAvailable_bytes": 10e9,
    f"node_filesystem_size_bytes{{{DISK}}}": 1000, f"node_filesystem_avail_bytes{{{DISK}}}": 900,
    f"node_filesystem_files{{{DISK}}}": 1000, f"node_filesystem_files_free{{{DISK}}}": 900,
    f"node_filesystem_readonly{{{DISK}}}": 0, f"node_filesystem_device_error{{{DISK}}}": 0,
    "node_nf_conntrack_entries": 100, "node_nf_conntrack_entries_limit": 1000,
    'node_bonding_slaves{master="bond0"}': 2, 'node_bonding_active{master="bond0"}': 2,
    'node_md_disks_required{device="md0"}': 2,
    'node_md_disks{device="md0",state="active"}': 2,
    'node_md_disks{device="md0",state="failed"}': 0,
    'node_md_state{device="md0",state="inactive"}': 0,
    'node_md_state{device="md0",state="recovering"}': 0,
    f"node_filesystem_size_bytes{{{SHARED}}}": 1000, f"node_filesystem_avail_bytes{{{SHARED}}}": 900,
    f"node_filesystem_readonly{{{SHARED}}}": 0,
    f"node_btrfs_used_bytes{{{METADATA}}}": 5e9, f"node_btrfs_size_bytes{{{METADATA}}}": 10e9,
    f"node_btrfs_allocation_ratio{{{METADATA}}}": 1,
    f'node_btrfs_device_size_bytes{{{BTRFS},device="sdb"}}': 10e9,
    'node_network_up{device="eth0"}': 1,
    'node_zfs_zpool_state{zpool="tank",state="degraded"}': 0,
    'node_nvme_info{device="nvme0",state="dead"}': 0,
    'node_hwmon_temp_celsius{chip="cpu",sensor="temp1"}': 60,
    'node_hwmon_temp_crit_celsius{chip="cpu",sensor="temp1"}': 100,
    "prometheus_notifications_alertmanagers_discovered": 1, "prometheus_config_last_reload_successful": 1,
    "alertmanager_config_last_reload_successful": 1,
    "node_filefd_allocated": 1000, "node_filefd_maximum": 10000,
    "node_timex_offset_seconds": 0.001, "node_timex_sync_status": 1,
    "node_timex_maxerror_seconds": 0.1, "node_textfile_scrape_error": 0,
    'ml_gpu_temperature_celsius{gpu="0"}': 60,
    'ml_gpu_throttled{gpu="0",reason="hw_thermal"}': 0,
    'ml_gpu_memory_used_bytes{gpu="0"}': 10e9, 'ml_gpu_memory_total_bytes{gpu="0"}': 80e9,
    "process_start_time_seconds": 1e9,
    'node_scrape_collector_success{collector="filesystem"}': 1,
    "ml_exporter_config_last_reload_successful": 1,
    "ml_series": 100, "ml_series_limit": 1000, "ml_journal_ready": 1,
    "ml_journal_skipped_records": 0, "ml_journal_files_set_aside": 0,
}


def buckets(name: str, labels: str, per_bound: dict[str, float]) -> dict:
    return per_second({f'{name}_bucket{{{labels},le="{bound}"}}': rate
                       for bound, rate in per_bound.items()})


def model(name: str) -> dict:
    """A healthy model: 1,000 requests per second, quick, trained yesterday, above its target."""
    one, two = f'model="{name}"', f'model="{name}",version="3"'
    return {
        **per_second({
            f'ml_requests_total{{{two},outcome="ok"}}': 1000,
            f'ml_requests_total{{{two},outcome="client_error"}}': 20,
            f'ml_requests_total{{{two},outcome="server_error"}}': 0,
            f'ml_requests_total{{{two},outcome="timeout"}}': 0,
            f'ml_requests_total{{{two},outcome="rejected"}}': 0,
            f"ml_request_duration_seconds_sum{{{two}}}": 50,
            f"ml_request_duration_seconds_count{{{two}}}": 1000,
            f"ml_model_reloads_total{{{two}}}": 0,
            f"ml_input_rows_total{{{two}}}": 1000, f"ml_input_rows_invalid_total{{{two}}}": 0,
            f'ml_input_validation_errors_total{{{two},feature="age",reason="type"}}': 0,
            f'ml_feature_rows_total{{{two},feature="age"}}': 1000,
            f'ml_feature_missing_total{{{two},feature="age"}}': 10,
            f"ml_training_failures_total{{{one}}}": 0,
        }),
        **buckets("ml_request_duration_seconds", two, {"0.1": 1000, "1.0": 1000, "2.5": 1000,
                                                       "+Inf": 1000}),
        **buckets("ml_time_to_first_token_seconds", two, {"0.5": 1000, "5.0": 1000, "+Inf": 1000}),
        f"ml_training_last_success_timestamp_seconds{{{one}}}": lambda _: time.time() - 60,
        f"ml_model_trained_timestamp_seconds{{{two}}}": lambda _: time.time() - 60,
        f'ml_training_metric{{{one},split="validation",metric="f1"}}': 0.9,
        f"ml_training_epoch{{{one}}}": 30,
        # It tells its first tokens, so without this a whole answer might take a minute.
        f"ml_objective:request_duration:seconds{{{one}}}": 1,
        f'ml_business_value{{{one},kpi="profit"}}': 1100,
        f'ml_business_target{{{one},kpi="profit"}}': 1000,
    }


@dataclass
class Incident:
    """What differs on a page while an alert's fault lasts, and what may be told beside it."""

    alert: str
    severity: str
    fault: dict
    also: set[str] = field(default_factory=set)
    """Alerts that are right to fire as well: the same fault, seen from another side."""
    after: dict = field(default_factory=dict)
    """What differs from health afterwards, to get out of long windows in time."""
    model: str | None = None

    @property
    def instance(self) -> str:
        return f"{self.alert}-{self.severity}".lower()


def of_host(alert: str, severity: str, fault: dict, **more) -> Incident:
    return Incident(alert, severity, fault, **more)


def of_model(alert: str, severity: str, fault: dict, after: dict | None = None, **more) -> Incident:
    name = alert.lower()
    names = {"one": f'model="{name}"', "two": f'model="{name}",version="3"'}

    def named(series: dict) -> dict:
        return {text.replace("@1", names["one"]).replace("@2", names["two"]): value
                for text, value in series.items()}
    return Incident(alert, severity, named(fault), after=named(after or {}), model=name, **more)


# Enough good requests that the errors before are a small share of the longest window.
PLENTY = {'ml_requests_total{@2,outcome="ok"}': Counter(2_000_000)}

INCIDENTS = [
    of_host("HostCpuHigh", "info", per_second({
        'node_cpu_seconds_total{cpu="0",mode="idle"}': 0.02,
        'node_cpu_seconds_total{cpu="0",mode="user"}': 0.96})),
    of_host("HostSaturated", "warning", {"node_load1": 5}),
    of_host("HostMemoryHigh", "warning", {"node_memory_MemAvailable_bytes": 1e9}),
    of_host("HostMemoryStalled", "warning",
            per_second({"node_pressure_memory_stalled_seconds_total": 0.4})),
    of_host("HostMajorPageFaults", "warning", {
        "node_vmstat_pgmajfault": Counter(2000), "node_memory_MemAvailable_bytes": 2e9}),
    of_host("HostOutOfMemoryKill", "warning", per_second({"node_vmstat_oom_kill": 0.5})),
    of_host("HostDiskSaturated", "warning",
            per_second({'node_disk_io_time_weighted_seconds_total{device="sda"}': 20})),
    of_host("HostFilesystemAlmostFull", "critical", {f"node_filesystem_avail_bytes{{{DISK}}}": 20}),
    of_host("HostFilesystemAlmostFull", "warning", {f"node_filesystem_avail_bytes{{{DISK}}}": 40}),
    of_host("HostFilesAlmostExhausted", "critical",
            {f"node_filesystem_files_free{{{DISK}}}": 20}),
    of_host("HostFilesAlmostExhausted", "warning",
            {f"node_filesystem_files_free{{{DISK}}}": 40}),
    of_host("HostFilesystemUnreadable", "warning", {f"node_filesystem_device_error{{{DISK}}}": 1}),
    of_host("HostNetworkErrors", "warning",
            per_second({'node_network_receive_errs_total{device="eth0"}': 50})),
    of_host("HostConntrackAlmostFull", "warning", {"node_nf_conntrack_entries": 900}),
    of_host("HostBondingDegraded", "warning", {'node_bonding_active{master="bond0"}': 1}),
    of_host("HostRaidDegraded", "critical", {'node_md_disks{device="md0",state="active"}': 1}),
    of_host("HostRaidDiskFailed", "warning", {'node_md_disks{device="md0",state="failed"}': 1}),
    of_host("HostFileDescriptorsAlmostExhausted", "critical", {"node_filefd_allocated": 9500}),
    of_host("HostFileDescriptorsAlmostExhausted", "warning", {"node_filefd_allocated": 8000}),
    of_host("HostClockSkew", "warning",
            {"node_timex_offset_seconds": lambda seconds: 0.2 + 0.001 * seconds}),
    of_host("HostClockNotSynchronised", "warning",
            {"node_timex_sync_status": 0, "node_timex_maxerror_seconds": 16}),
    of_host("HostTextfileError", "warning", {"node_textfile_scrape_error": 1}),
    of_host("GpuHot", "warning", {'ml_gpu_temperature_celsius{gpu="0"}': 95}),
    of_host("GpuThrottled", "warning", {'ml_gpu_throttled{gpu="0",reason="hw_thermal"}': 1}),
    of_host("GpuMemoryAlmostFull", "info", {'ml_gpu_memory_used_bytes{gpu="0"}': 79.5e9}),
    of_host("GpuLost", "critical", per_second({"ml_gpu_lost_total": 0.1})),
    of_host("GpuUncorrectedErrors", "critical",
            per_second({'ml_gpu_ecc_errors_total{gpu="0",kind="uncorrected"}': 0.5})),
    of_host("HostCpuStolen", "warning", per_second({
        'node_cpu_seconds_total{cpu="0",mode="idle"}': 0.5,
        'node_cpu_seconds_total{cpu="0",mode="steal"}': 0.3})),
    of_host("HostTasksHung", "warning", per_second({"node_kernel_hung_tasks_total": 0.5})),
    of_host("HostMemoryErrors", "critical",
            per_second({'node_edac_uncorrectable_errors_total{controller="0"}': 0.2})),
    of_host("HostMemoryErrors", "warning",
            per_second({'node_edac_correctable_errors_total{controller="0"}': 1})),
    of_host("HostTmpfsAlmostFull", "warning", {f"node_filesystem_avail_bytes{{{SHARED}}}": 10}),
    of_host("HostFilesystemReadOnly", "warning", {f"node_filesystem_readonly{{{DISK}}}": 1}),
    of_host("HostBtrfsMetadataFull", "warning", {f"node_btrfs_used_bytes{{{METADATA}}}": 9.9e9}),
    of_host("HostBtrfsErrors", "warning", per_second(
        {f'node_btrfs_device_errors_total{{{BTRFS},device="sdb",type="corruption"}}': 0.5})),
    of_host("HostLinkDown", "warning", {'node_network_up{device="eth0"}': 0}),
    of_host("HostLinkFlapping", "warning",
            per_second({'node_network_carrier_changes_total{device="eth0"}': 1})),
    of_host("HostConntrackDropping", "warning", per_second({"node_nf_conntrack_stat_drop": 5})),
    of_host("HostListenDrops", "warning", per_second({"node_netstat_TcpExt_ListenDrops": 20})),
    of_host("HostRaidDegraded", "warning", {'node_md_disks{device="md0",state="active"}': 1,
                                            'node_md_state{device="md0",state="recovering"}': 1}),
    of_host("HostRaidInactive", "critical", {'node_md_state{device="md0",state="inactive"}': 1}),
    of_host("HostZpoolDegraded", "warning", {'node_zfs_zpool_state{zpool="tank",state="degraded"}': 1}),
    of_host("HostNvmeFailed", "warning", {'node_nvme_info{device="nvme0",state="dead"}': 1}),
    of_host("HostTemperatureCritical", "critical",
            {'node_hwmon_temp_celsius{chip="cpu",sensor="temp1"}': 101}),
    of_host("PrometheusRulesFailing", "warning", per_second(
        {'prometheus_rule_evaluation_failures_total{rule_group="host.yml;cpu"}': 1})),
    of_host("PrometheusRulesSlow", "warning", per_second(
        {'prometheus_rule_group_iterations_missed_total{rule_group="host.yml;cpu"}': 1})),
    of_host("PrometheusWithoutAlertmanager", "critical",
            {"prometheus_notifications_alertmanagers_discovered": 0}),
    of_host("PrometheusNotificationsFailing", "warning",
            per_second({"prometheus_notifications_errors_total": 1})),
    of_host("PrometheusReloadFailed", "warning", {"prometheus_config_last_reload_successful": 0}),
    of_host("PrometheusStorageFailing", "warning",
            per_second({"prometheus_tsdb_compactions_failed_total": 1})),
    of_host("AlertmanagerNotificationsFailing", "warning",
            per_second({'alertmanager_notifications_failed_total{integration="slack"}': 1})),
    of_host("AlertmanagerReloadFailed", "warning", {"alertmanager_config_last_reload_successful": 0}),
    of_host("ExporterRestarting", "warning",
            {"process_start_time_seconds": lambda seconds: 1e9 + seconds // 4}),
    of_host("CollectorFailing", "warning",
            {'node_scrape_collector_success{collector="filesystem"}': 0}),
    of_host("CollectorSkipsLines", "info",
            per_second({'ml_exporter_collector_skipped_lines_total{collector="vmstat"}': 1})),
    of_host("CollectorSeriesDropped", "warning",
            per_second({'ml_exporter_collector_series_dropped_total{collector="netdev"}': 5})),
    of_host("ConfigReloadFailed", "warning", {"ml_exporter_config_last_reload_successful": 0}),
    of_host("ExporterRefusing", "warning",
            per_second({'ml_exporter_http_refused_total{reason="connection_limit"}': 5})),
    of_host("PushRejected", "warning",
            per_second({'ml_push_rejected_total{reason="series_limit"}': 5})),
    of_host("PushUnavailable", "warning",
            per_second({'ml_push_requests_total{path="/v1/events",code="503"}': 5})),
    of_host("PushBatchesLost", "warning", per_second({"ml_push_lost_batches_total": 1})),
    of_host("SeriesDropped", "warning",
            per_second({'ml_series_dropped_total{reason="series_limit"}': 5})),
    of_host("StorageUnavailable", "critical", {"ml_journal_ready": 0}),
    of_host("StorageFailing", "warning",
            per_second({'ml_journal_errors_total{operation="commit"}': 5})),
    of_host("StorageDamaged", "warning", {"ml_journal_skipped_records": 2}),
    of_host("StorageSlow", "warning",
            per_second({'ml_journal_commit_duration_seconds_bucket{le="0.5"}': 10})),
    of_host("SeriesLimitNear", "info", {"ml_series": 950}),
    of_model("ModelErrorBudgetBurnFast", "critical", per_second({
        'ml_requests_total{@2,outcome="ok"}': 900,
        'ml_requests_total{@2,outcome="server_error"}': 60,
        'ml_requests_total{@2,outcome="timeout"}': 40}),
        also={"ModelErrorBudgetBurnSlow"}, after=PLENTY),
    of_model("ModelErrorBudgetBurnSlow", "warning", per_second({
        'ml_requests_total{@2,outcome="ok"}': 996,
        'ml_requests_total{@2,outcome="server_error"}': 4}), after=PLENTY),
    of_model("ModelLatencyHigh", "warning", per_second({
        'ml_request_duration_seconds_bucket{@2,le="0.1"}': 900,
        'ml_request_duration_seconds_bucket{@2,le="1.0"}': 900})),
    of_model("ModelFirstTokenSlow", "warning", per_second({
        'ml_time_to_first_token_seconds_bucket{@2,le="0.5"}': 500})),
    of_model("ModelRejecting", "warning", per_second({
        'ml_requests_total{@2,outcome="rejected"}': 200})),
    of_model("ModelReloading", "warning", per_second({"ml_model_reloads_total{@2}": 0.5})),
    of_model("ModelInputErrorsHigh", "warning", per_second({
        "ml_input_rows_invalid_total{@2}": 100,
        'ml_input_validation_errors_total{@2,feature="age",reason="type"}': 100})),
    of_model("FeatureMissingChanged", "warning", per_second({
        'ml_feature_missing_total{@2,feature="age"}': 400})),
    of_model("TrainingStale", "warning", {
        "ml_training_last_success_timestamp_seconds{@1}": lambda _: time.time() - 8 * 1440}),
    of_model("TrainingFailed", "warning", per_second({"ml_training_failures_total{@1}": 0.5})),
    of_model("TrainingMetricWorse", "warning", {
        'ml_training_metric{@1,split="validation",metric="f1"}': 0.7}),
    of_model("ModelOld", "info", {
        "ml_model_trained_timestamp_seconds{@2}": lambda _: time.time() - 40 * 1440}),
    of_model("BusinessTargetMissed", "warning", {'ml_business_value{@1,kpi="profit"}': 800}),
]


class Page:
    """The metrics of one host, which counts on as time passes."""

    def __init__(self, incident: Incident | None = None):
        self.incident = incident
        self.health = {**HOST, **(model(incident.model) if incident and incident.model else {})}
        self.counts = {}
        self.phase, self.began = {}, time.monotonic()
        self.asked = self.began
        self.status, self.delay = 200, 0.0
        self.lock = threading.Lock()

    def begin(self, changes: dict):
        with self.lock:
            unknown = set(changes) - set(self.health)
            assert not unknown, f"a healthy page has no {unknown}"
            self.advance()
            self.phase, self.began = changes, time.monotonic()

    def advance(self):
        now = time.monotonic()
        for series, value in {**self.health, **self.phase}.items():
            if isinstance(value, Counter):
                self.counts[series] = (self.counts.get(series, 0.0)
                                       + value.rate * (now - self.asked))
        self.asked = now

    def text(self) -> str:
        with self.lock:
            self.advance()
            seconds = time.monotonic() - self.began
            lines = []
            for series, value in {**self.health, **self.phase}.items():
                if isinstance(value, Counter):
                    value = self.counts[series]
                elif callable(value):
                    value = value(seconds)
                lines.append(f"{series} {value!r}\n")
            return "".join(lines)


class Pages:
    """Serves each page at /NAME on one free port of 127.0.0.1."""

    def __init__(self, pages: dict[str, Page]):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                page = pages[self.path.split("?")[0].strip("/")]
                time.sleep(page.delay)
                body = page.text().encode() if page.status == 200 else b""
                self.send_response(page.status)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
