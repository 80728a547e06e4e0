"""A real Prometheus scrapes the daemon."""

import json
import os
import re
import time

import pytest

import pages
from programs import has, wait_until

pytestmark = pytest.mark.skipif(not has("prometheus"), reason="prometheus is not installed")
SCRAPES = 8


@pytest.fixture(scope="module")
def daemon(shared):
    return shared.daemon()


@pytest.fixture(scope="module")
def still(shared):
    """A daemon that looks at a fixture tree, so that its values stand still."""
    return shared.daemon(tree="odd")


@pytest.fixture(scope="module")
def prometheus(shared, daemon, still):
    server = shared.prometheus({"live": daemon.address, "still": still.address})
    for job in ("live", "still"):
        wait_until(lambda: (server.value(f'count_over_time(up{{job="{job}"}}[1m])') or 0)
                   >= SCRAPES, 60, f"{SCRAPES} scrapes of {job}")
    return server


@pytest.mark.parametrize("job", ["live", "still"])
def test_every_scrape_succeeded(prometheus, job):
    assert prometheus.value(f'min_over_time(up{{job="{job}"}}[1m])') == 1


def test_the_log_has_no_complaint_about_a_scrape(prometheus):
    lines = [line for line in prometheus.log.splitlines()
             if re.search(r"level=(warn|error)", line)]
    scrape = [line for line in lines if "scrape" in line or "target" in line]
    assert not scrape, "\n".join(scrape)


def test_the_scraped_series_are_those_of_the_page(prometheus, still):
    page = pages.parse_text(still.get().body)
    selector = '{job="still",__name__=~"node_.*|ml_.*|process_.*"}'
    assert prometheus.value('scrape_samples_scraped{job="still"}') == len(page.values)
    assert prometheus.value(f"count({selector})") == len(page.values)
    assert prometheus.value('scrape_samples_post_metric_relabeling{job="still"}') \
        == len(page.values)


def test_values_are_those_of_the_page(prometheus, still):
    page = pages.parse_text(still.get().body)
    for name in ("node_memory_DirectMap1G_bytes", "node_network_receive_bytes_total",
                 "node_disk_reads_completed_total", "node_cpu_seconds_total", "node_disk_info"):
        expected = page.named(name)
        rows = prometheus.query(f'{name}{{job="still"}}')
        found = {
            frozenset((k, v) for k, v in metric.items()
                      if k not in ("__name__", "job", "instance")): value
            for metric, value in rows
        }
        assert found == expected, name


def test_memory_total_is_that_of_the_kernel(prometheus):
    with open("/proc/meminfo") as file:
        kilobytes = int(re.search(r"MemTotal:\s+(\d+) kB", file.read()).group(1))
    assert prometheus.value('node_memory_MemTotal_bytes{job="live"}') == kilobytes * 1024


def test_cpu_seconds_add_up_to_the_cpus(prometheus):
    wait_until(lambda: prometheus.value('count_over_time(up{job="live"}[1m])') >= 12, 30,
               "twelve seconds of scrapes")
    cpus = prometheus.value('count(count by (cpu) (node_cpu_seconds_total{job="live"}))')
    rate = prometheus.value('sum(rate(node_cpu_seconds_total{job="live"}[10s]))')
    # Stolen and idle accounting of a virtual machine is not exact.
    assert cpus * 0.5 < rate < cpus * 1.5


def test_types_reach_prometheus(prometheus):
    answer = json.loads(prometheus.get("/api/v1/metadata").body)["data"]
    # OpenMetrics names a counter's family without the suffix of its samples.
    assert answer["node_cpu_seconds"][0]["type"] == "counter"
    assert answer["node_memory_MemTotal_bytes"][0]["type"] == "gauge"
    assert answer["node_uname_info"][0]["type"] in ("gauge", "info")


def client_ports(daemon, prometheus) -> set[int]:
    """The local ports of Prometheus's connections to the daemon, from /proc."""
    inodes = set()
    for name in os.listdir(f"/proc/{prometheus.pid}/fd"):
        try:
            target = os.readlink(f"/proc/{prometheus.pid}/fd/{name}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    port = int(daemon.address.rsplit(":", 1)[1])
    found = set()
    with open("/proc/net/tcp") as file:
        for line in file.readlines()[1:]:
            columns = line.split()
            local, remote, state, inode = columns[1], columns[2], columns[3], columns[9]
            if inode in inodes and int(remote.split(":")[1], 16) == port and state == "01":
                found.add(int(local.split(":")[1], 16))
    return found


def test_the_connection_is_kept(prometheus, daemon):
    before = client_ports(daemon, prometheus)
    time.sleep(4)
    after = client_ports(daemon, prometheus)
    assert len(before) == 1 and before == after
    page = pages.parse_text(daemon.get().body)
    # Prometheus and this request.
    assert page.sum("ml_exporter_http_connections") == 2


def test_requests_are_counted(prometheus, daemon):
    page = pages.parse_text(daemon.get().body)
    served = sum(value for labels, value in page.named("ml_exporter_http_requests_total").items()
                 if dict(labels).get("code") == "200")
    assert served >= SCRAPES
    assert page.sum("ml_exporter_http_refused_total") == 0
