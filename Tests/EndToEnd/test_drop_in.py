"""What people already have for node_exporter finds what it asks for: the dashboard Node Exporter Full
and the rules of node-mixin, on a machine that has one of everything."""

import json
import pathlib
import shutil

import pytest

import pages
from programs import FIXTURES, has, tree_flags, wait_until

NAMES = (pathlib.Path(__file__).parent / "data" / "node-exporter-full-metrics.txt").read_text()

# Names that the dashboard asks for and that are not there, and why.
MISSING = {
    "node_network_receive_nohandler_total": "told by the live kernel's link messages alone",
    "node_systemd_socket_accepted_connections_total": "the collector systemd is not built",
    "node_systemd_socket_current_connections": "the collector systemd is not built",
    "node_systemd_socket_refused_connections_total": "the collector systemd is not built",
    "node_systemd_units": "the collector systemd is not built",
    "node_netstat_Tcp_MaxConn": "outside --collector.netstat.fields, as node_exporter has it",
}
# Collectors that the dashboard needs and that are off by default in node_exporter.
EXTRA = ("interrupts", "processes", "tcpstat")


@pytest.fixture(scope="module")
def machine(shared):
    """A daemon with all its collectors, looking at a machine made of two fixture trees."""
    tree = shared.folder / "machine"
    for name in ("gateway", "rack"):
        for file in sorted((FIXTURES / name).rglob("*")):
            copy = tree / file.relative_to(FIXTURES / name)
            if file.is_symlink():
                if not copy.exists():
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.symlink_to(file.readlink())
            elif file.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
    return shared.daemon(
        *tree_flags(tree), "--no-collector.arp.netlink",
        *(f"--collector.{name}" for name in EXTRA))


def test_node_exporter_full_finds_its_names(machine):
    wanted = NAMES.split()
    assert len(wanted) == len(set(wanted)) == 228
    there = {name for name, _ in pages.parse_text(machine.get().body).values}
    missing = [name for name in wanted if name not in there]
    assert missing == [name for name in wanted if name in MISSING]


def test_the_live_kernel_tells_what_a_tree_of_files_cannot(shared):
    there = {name for name, _ in pages.parse_text(shared.daemon().get().body).values}
    assert "node_network_receive_nohandler_total" in there


# The recording rules of node-mixin by name, said in our words.
CPU = 'node_cpu_seconds_total{job="node",mode="idle"}'
PHYSICAL = 'device!~"lo|veth.*|docker.*"'
RECORDS = {
    "instance:node_num_cpu:sum": f"count without (cpu, mode) ({CPU})",
    "instance:node_cpu_utilisation:rate5m":
        'avg without (cpu) (1 - sum without (mode) '
        '(rate(node_cpu_seconds_total{job="node",mode=~"idle|iowait|steal"}[5m])))',
    "instance:node_load1_per_cpu:ratio":
        'node_load1{job="node"} / instance:node_num_cpu:sum{job="node"}',
    "instance:node_memory_utilisation:ratio":
        '1 - node_memory_MemAvailable_bytes{job="node"} / node_memory_MemTotal_bytes{job="node"}',
    "instance:node_vmstat_pgmajfault:rate5m": 'rate(node_vmstat_pgmajfault{job="node"}[5m])',
    "instance_device:node_disk_io_time_seconds:rate5m":
        'rate(node_disk_io_time_seconds_total{job="node",device=~"nvme.+|sd.+|dm-.+|md.+"}[5m])',
    "instance_device:node_disk_io_time_weighted_seconds:rate5m":
        'rate(node_disk_io_time_weighted_seconds_total{job="node",device=~"nvme.+|sd.+"}[5m])',
    **{
        f"instance:node_network_{way}_{what}_{where}:rate5m":
            f'sum without (device) (rate(node_network_{way}_{what}_total'
            f'{{job="node",{devices}}}[5m]))'
        for way in ("receive", "transmit") for what in ("bytes", "drop")
        for where, devices in (("excluding_lo", 'device!="lo"'), ("physical", PHYSICAL))
    },
}

FILESYSTEM = 'job="node",fstype!="",mountpoint!=""'
# The conditions of its alerts, each with what must be there for it ever to be met.
ALERTS = {
    "NodeFilesystemAlmostOutOfSpace":
        f"node_filesystem_avail_bytes{{{FILESYSTEM}}} / node_filesystem_size_bytes"
        f"{{{FILESYSTEM}}} * 100 < 5 and node_filesystem_readonly{{{FILESYSTEM}}} == 0",
    "NodeFilesystemSpaceFillingUp":
        f"node_filesystem_avail_bytes{{{FILESYSTEM}}} / node_filesystem_size_bytes"
        f"{{{FILESYSTEM}}} * 100 < 15"
        f" and predict_linear(node_filesystem_avail_bytes{{{FILESYSTEM}}}[6h], 24*60*60) < 0",
    "NodeFilesystemAlmostOutOfFiles":
        f"node_filesystem_files_free{{{FILESYSTEM}}} / node_filesystem_files"
        f"{{{FILESYSTEM}}} * 100 < 3 and node_filesystem_readonly{{{FILESYSTEM}}} == 0",
    "NodeFilesystemFilesFillingUp":
        f"node_filesystem_files_free{{{FILESYSTEM}}} / node_filesystem_files{{{FILESYSTEM}}} < 0.4"
        f" and predict_linear(node_filesystem_files_free{{{FILESYSTEM}}}[6h], 24*60*60) < 0",
    "NodeNetworkReceiveErrs":
        'rate(node_network_receive_errs_total{job="node"}[2m])'
        ' / rate(node_network_receive_packets_total{job="node"}[2m]) > 0.01',
    "NodeNetworkTransmitErrs":
        'rate(node_network_transmit_errs_total{job="node"}[2m])'
        ' / rate(node_network_transmit_packets_total{job="node"}[2m]) > 0.01',
    "NodeHighNumberConntrackEntriesUsed":
        'node_nf_conntrack_entries{job="node"} / node_nf_conntrack_entries_limit > 0.75',
    "NodeTextFileCollectorScrapeError": 'node_textfile_scrape_error{job="node"} == 1',
    "NodeClockSkewDetected":
        'abs(node_timex_offset_seconds{job="node"}) > 0.05'
        ' and deriv(node_timex_offset_seconds{job="node"}[5m]) != 0',
    "NodeClockNotSynchronising":
        'min_over_time(node_timex_sync_status{job="node"}[5m]) == 0'
        ' and node_timex_maxerror_seconds{job="node"} >= 16',
    "NodeRAIDDegraded":
        'node_md_disks_required{job="node"} - ignoring (state) '
        'node_md_disks{job="node",state="active"} > 0',
    "NodeRAIDDiskFailure": 'node_md_disks{job="node",state="failed"} > 0',
    "NodeFileDescriptorLimit":
        'node_filefd_allocated{job="node"} / node_filefd_maximum{job="node"} > 0.7',
    "NodeMemoryMajorPagesFaults": 'rate(node_vmstat_pgmajfault{job="node"}[5m]) > 500',
    "NodeDiskIOSaturation":
        'rate(node_disk_io_time_weighted_seconds_total{job="node"}[5m]) > 10',
    "NodeCPUHighUsage":
        'sum without (mode) (avg without (cpu) (rate(node_cpu_seconds_total'
        '{job="node",mode!~"idle|iowait"}[2m]))) * 100 > 90',
    "NodeSystemSaturation":
        'node_load1{job="node"} / count without (cpu, mode) '
        '(node_cpu_seconds_total{job="node",mode="idle"}) > 2',
    "NodeMemoryHighUtilization":
        '100 - (node_memory_MemAvailable_bytes{job="node"} '
        '/ node_memory_MemTotal_bytes{job="node"} * 100) > 90',
    "NodeBondingDegraded":
        'node_bonding_slaves{job="node"} - node_bonding_active{job="node"} != 0',
}
# What node-mixin's dashboards count and join besides.
JOINED = ("node_uname_info", "node_exporter_build_info", "node_time_seconds")


@pytest.fixture(scope="module")
def prometheus(shared, machine):
    if not has("prometheus"):
        pytest.skip("prometheus is not installed")
    rules = shared.folder / "node.yml"
    # JSON is YAML.
    rules.write_text(json.dumps({"groups": [
        {"name": "records",
         "rules": [{"record": name, "expr": text} for name, text in RECORDS.items()]},
        {"name": "alerts",
         "rules": [{"alert": name, "expr": text} for name, text in ALERTS.items()]},
    ]}))
    server = shared.prometheus({"node": machine.address}, rules=rules)
    wait_until(lambda: (server.value('count_over_time(up{job="node"}[1m])') or 0) >= 5, 60,
               "five scrapes")
    return server


def test_the_rules_load_and_evaluate(prometheus):
    def evaluated():
        answer = json.loads(prometheus.get("/api/v1/rules").body)
        rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
        return rules if all(rule["health"] != "unknown" for rule in rules) else None

    rules = wait_until(evaluated, 60, "an evaluation of each rule")
    assert len(rules) == len(RECORDS) + len(ALERTS)
    assert {rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "ok"} \
        == {}


@pytest.mark.parametrize("record", RECORDS)
def test_a_recording_rule_has_a_result(prometheus, record):
    rows = wait_until(lambda: prometheus.query(record), 30, record)
    assert {metric["job"] for metric, _ in rows} == {"node"}
    assert all(value == value for _, value in rows), rows


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_could_be_met(prometheus, alert):
    """Each comparison of its condition, turned round into one that always holds, has a result."""
    text = ALERTS[alert]
    for operator in (" < 5", " < 0.4", " < 0", " > 0.01", " > 0.75", " > 0.05", " > 0.7",
                     " > 500", " > 10", " > 0", " < 15", " < 3", " > 90", " > 2", " != 0", " == 0", " == 1", " >= 16"):
        text = text.replace(operator + " ", " >= bool -1e300 ")
        text = text.removesuffix(operator) + " >= bool -1e300" if text.endswith(operator) else text
    assert prometheus.query(text), text


def test_the_machine_of_the_alerts_has_a_failed_disk(prometheus):
    """md1 of the rack runs with two disks of three, one of them failed."""
    def firing():
        answer = json.loads(prometheus.get("/api/v1/alerts").body)
        return {alert["labels"]["alertname"] for alert in answer["data"]["alerts"]}

    wait_until(lambda: {"NodeRAIDDegraded", "NodeRAIDDiskFailure"} <= firing(), 30, "the alerts")


@pytest.mark.parametrize("name", JOINED)
def test_dashboards_find_what_they_join(prometheus, name):
    assert prometheus.value(f'count({name}{{job="node"}})') == 1
