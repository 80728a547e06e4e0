"""Groups as their users meet them: clients of two years, times, sums, formats, the settings file."""

import concurrent.futures
import gzip
import signal
import subprocess
import sys
import time

import pytest

import pages
from programs import binary, connect, wait_until

CLIENTS = {"today": "0.26.0", "2022": "0.15.0"}

# What an author writes: nothing here knows that it is not Pushgateway that listens.
PUSHER = """
import sys
from prometheus_client import (CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary,
    delete_from_gateway, instance_ip_grouping_key, push_to_gateway, pushadd_to_gateway)
from prometheus_client import REGISTRY

address = sys.argv[1]
registry = CollectorRegistry()
Counter("jobs", "Jobs done.", ["queue"], registry=registry).labels('a "b" \\\\').inc(3)
Gauge("rows", "Rows.", registry=registry).set(7.5)
Histogram("seconds", "Seconds.", registry=registry, buckets=(0.1, 1)).observe(0.5)
Summary("bytes", "Bytes.", registry=registry).observe(100)
Info("build", "Build.", registry=registry).info({"commit": "c0ffee"})
Enum("state", "State.", states=["up", "down"], registry=registry).state("up")
for url in (address, "http://" + address, "http://" + address + "/"):
    push_to_gateway(url, job="batch", registry=registry)
push_to_gateway(address, job="with a/slash", registry=registry,
    grouping_key={"instance": "", "path": "/a b", "plain": "x"})
other = CollectorRegistry()
Gauge("rows", "Rows.", registry=other).set(8)
Gauge("more", "More.", registry=other).set(1)
pushadd_to_gateway(address, job="batch", registry=other)
push_to_gateway(address, job="default", registry=REGISTRY)
push_to_gateway(address, job="gone", registry=other, grouping_key=instance_ip_grouping_key())
delete_from_gateway(address, job="gone", grouping_key=instance_ip_grouping_key())
try:
    push_to_gateway(address, job="bad", registry=other, grouping_key={"a-b": "1"})
    sys.exit("a bad grouping key was taken")
except OSError as error:
    assert error.code == 400, error
"""


@pytest.fixture(scope="session", params=CLIENTS, ids=CLIENTS)
def client(request, tmp_path_factory):
    """The Python of a virtual environment with that prometheus_client."""
    folder = tmp_path_factory.mktemp(f"client-{request.param}")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check",
                    f"prometheus_client=={CLIENTS[request.param]}"], check=True)
    return folder / "bin/python"


@pytest.fixture
def daemon(start):
    return start.daemon(tree="debian12-2cpu")


def groups(daemon) -> pages.Page:
    return pages.parse_text(daemon.push("/metrics", method="GET").body)


def stable(page: pages.Page) -> dict:
    """A page without what is the daemon's own or a time, its bounds as numbers."""
    return {(key[0], frozenset((name, float(text) if name == "le" else text) for name, text in key[1])):
            value for key, value in page.values.items()
            if dict(key[1]).get("job") and not key[0].endswith(("_created", "_time_seconds"))
            and not key[0].startswith(("process_", "python_gc"))}


def test_clients_of_pushgateway_are_served_unchanged(daemon, start, client):
    peer = start.pushgateway()
    for address in (daemon.push_address, peer.address):
        subprocess.run([client, "-c", PUSHER, address], check=True, timeout=60)
    ours, theirs = groups(daemon), pages.parse_text(peer.get().body)
    assert stable(ours) == stable(theirs)
    assert ours.value("rows", job="batch") == 8
    assert ours.value("seconds_bucket", job="batch", le="+Inf") == 1
    assert ours.value("rows", job="with a/slash", path="/a b", plain="x") == 7.5
    assert not ours.named("more").keys() & {frozenset({("job", "gone")})}
    names = {name for name, labels in theirs.values if dict(labels).get("job")}
    assert names == {name for name, _ in ours.values}


def test_a_default_registry_joins_our_own_families(daemon):
    body = (b"# HELP process_cpu_seconds_total Theirs.\n# TYPE process_cpu_seconds_total counter\n"
            b"process_cpu_seconds_total 7\n")
    assert daemon.push("/metrics/job/j", body).status == 200
    page = daemon.get()
    found = pages.parse_text(page.body)
    assert not found.duplicates
    assert found.value("process_cpu_seconds_total", job="j") == 7
    assert found.get("process_cpu_seconds_total") is not None
    assert page.body.count(b"# TYPE process_cpu_seconds_total") == 1
    assert b"Theirs." not in page.body
    strict = daemon.get(headers={"Accept": "application/openmetrics-text"})
    assert pages.parse_openmetrics(strict.body).value("process_cpu_seconds_total", job="j") == 7
    answer = daemon.push("/metrics/job/k", b"# TYPE node_load1 counter\nnode_load1 1\n")
    assert answer.status == 400 and "node_load1" in answer.text


def test_pages_with_and_without_groups(daemon):
    assert daemon.push("/metrics/job/j", b"x 1\n").status == 200
    everything = pages.parse_text(daemon.get().body)
    alone = pages.parse_text(daemon.get("/metrics?collect[]=groups").body)
    without = pages.parse_text(daemon.get("/metrics?exclude[]=groups").body)
    assert {name for name, _ in alone.values} == {
        "x", "push_time_seconds", "push_failure_time_seconds"}
    assert stable(groups(daemon)) == stable(alone)
    assert without.values.keys() == {
        key for key in everything.values if key not in alone.values}
    models = pages.parse_text(daemon.get("/metrics?collect[]=models").body)
    assert models.get("ml_series") == 0 and models.get("node_load1") is None


def test_openmetrics_leaves_out_names_that_belong_to_others(daemon):
    body = (b"# TYPE c_total counter\nc_total 1\n# TYPE c gauge\nc 2\n"
            b"# TYPE c_created gauge\nc_created 3\n")
    assert daemon.push("/metrics/job/j", body).status == 200
    answer = daemon.push("/metrics", method="GET",
                         headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    page = pages.parse_openmetrics(answer.body)
    assert page.value("c_total", job="j") == 1
    assert page.get("c", job="j") is None and page.get("c_created", job="j") is None
    assert groups(daemon).value("c", job="j") == 2


FORBIDDEN = """# TYPE n_total counter
n_total NaN
n_total{below="0"} -4
n_total{good="1"} 4
# TYPE h histogram
h_bucket{kind="other count",le="+Inf"} 5
h_count{kind="other count"} 3
h_bucket{kind="falls",le="1"} 5
h_bucket{kind="falls",le="2"} 3
h_bucket{kind="falls",le="+Inf"} 6
h_count{kind="falls"} 6
h_bucket{kind="no sum",le="+Inf"} 6
h_sum{kind="no sum"} NaN
h_count{kind="no sum"} 6
h_bucket{kind="below 0",le="-1"} 2
h_bucket{kind="below 0",le="+Inf"} 6
h_bucket{kind="good",le="+Inf"} 6
h_sum{kind="good"} 1
h_count{kind="good"} 6
# TYPE s summary
s{quantile="0.5"} -1
s_sum -2
s_count 2
# TYPE ml_exporter_http_connections_total counter
ml_exporter_http_connections_total 1
# TYPE ml_exporter_build_info_created gauge
ml_exporter_build_info_created 1
"""


def test_a_strict_reader_of_openmetrics_gets_the_page_whatever_is_pushed(daemon):
    assert daemon.push("/metrics/job/j", FORBIDDEN.encode()).status == 200
    strict = {"Accept": "application/openmetrics-text;version=1.0.0"}
    page = pages.parse_openmetrics(daemon.get(headers=strict).body)
    assert page.get("node_load1") is not None
    pushed = {(name, *(text for key, text in labels if key not in ("job", "le")))
              for name, labels in page.values if ("job", "j") in labels}
    assert pushed == {
        ("n_total", "1"), ("h_bucket", "no sum"), ("h_bucket", "below 0"), ("h_bucket", "good"),
        ("h_sum", "good"), ("h_count", "good"), ("s_count",), ("ml_exporter_build_info_created",),
        ("push_time_seconds",), ("push_failure_time_seconds",)}
    # Text 0.0.4 has everything, and the next page the number of what the strict one left out.
    text = pages.parse_text(daemon.get().body)
    assert text.value("h_count", job="j", kind="falls") == 6
    omitted = {dict(labels)["reason"]: value
               for labels, value in text.named("ml_exporter_omitted_samples_total").items()}
    assert omitted == {"type_conflict": 0, "name_clash": 1, "forbidden_value": 2 + 3 + 5 + 2 + 2 + 2}


@pytest.mark.parametrize("name, kind, wrong", [
    ("process_cpu_seconds_total", "counter", "gauge"), ("node_load1", "gauge", "counter"),
    ("node_cpu_seconds_total", "counter", "untyped"), ("node_memory_MemFree_bytes", "gauge", "counter"),
    ("ml_requests_total", "counter", "gauge"), ("ml_training_epoch", "gauge", "untyped"),
    ("ml_push_groups", "gauge", "counter"), ("ml_journal_enabled", "gauge", "counter"),
    ("ml_exporter_build_info", "gauge", "counter"), ("ml_series", "gauge", "counter"),
    ("node_scrape_collector_success", "gauge", "untyped"),
])
def test_names_of_the_page_have_their_type_before_the_first_scrape(start, name, kind, wrong):
    daemon = start.daemon(tree="debian12-2cpu")
    for typ, status in ((wrong, 400), (kind, 200), (wrong, 400)):
        answer = daemon.push("/metrics/job/j", f"# TYPE {name} {typ}\n{name} 1\n".encode(), method="POST")
        assert answer.status == status, answer.text
    assert f"but should have {kind}" in answer.text


def test_a_group_ends_after_its_time(daemon):
    assert daemon.push("/metrics/job/short?ttl=1", b"x 1\n").status == 200
    assert daemon.push("/metrics/job/long?ttl=1000", b"x 1\n").status == 200
    assert daemon.push("/metrics/job/j?ttl=-1", b"x 1\n").status == 400
    assert len(groups(daemon).named("x")) == 2
    wait_until(lambda: len(groups(daemon).named("x")) == 1, 10, "the short group's end")
    assert not [1 for _, labels in groups(daemon).values if ("job", "short") in labels]
    assert pages.parse_text(daemon.get().body).value("ml_push_groups_expired_total") == 1


def test_workers_add_up(daemon):
    body = (b"# TYPE jobs_total counter\njobs_total 2\n# TYPE t histogram\n"
            b't_bucket{le="1"} 1\nt_bucket{le="+Inf"} 2\nt_sum 2.5\nt_count 2\n')
    with concurrent.futures.ThreadPoolExecutor(16) as workers:
        statuses = list(workers.map(
            lambda _: daemon.push("/metrics/job/j?aggregate=sum", body).status, range(400)))
    assert statuses == [200] * 400
    page = groups(daemon)
    assert page.value("jobs_total", job="j") == 800
    assert page.value("t_bucket", job="j", le="1.0") == 400
    assert page.value("t_sum", job="j") == 1000
    other = b'# TYPE t histogram\nt_bucket{le="2"} 1\nt_count 1\n'
    answer = daemon.push("/metrics/job/j?aggregate=sum", other)
    assert answer.status == 400 and "other bounds" in answer.text
    assert groups(daemon).value("t_count", job="j") == 800


def test_bodies_beyond_the_limits_are_refused(daemon):
    line = b'x{n="%08d"} 1\n'
    large = b"".join(line % number for number in range(1_300_000))
    assert daemon.push("/metrics/job/j", large, timeout=60).status == 413
    bomb = gzip.compress(b"\n" * (50 << 20))
    answer = daemon.push("/metrics/job/j", bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status == 413 and "inflate" in answer.text
    assert daemon.push("/metrics/job/j", b"x 1\n").status == 200
    many = b"".join(line % number for number in range(100_001))
    answer = daemon.push("/metrics/job/j", many, timeout=60)
    assert answer.status == 429 and "100000 series" in answer.text
    refused = pages.parse_text(daemon.get().body)
    assert refused.value("ml_push_group_refused_total", reason="series_limit") == 1
    assert groups(daemon).value("x", job="j") == 1


def test_names_without_end_cost_bounded_memory(start):
    daemon = start.daemon("--push.max-groups=50", "--push.max-group-series=1000",
                          tree="debian12-2cpu")
    statuses = [daemon.push(f"/metrics/job/j{n}", b"".join(b"x%d_%d 1\n" % (n, m) for m in range(30)))
                .status for n in range(100)]
    assert set(statuses) == {200, 429}
    page = pages.parse_text(daemon.get().body)
    assert page.value("ml_push_groups") <= 50
    assert page.value("ml_push_group_series") <= 1000
    assert len([1 for name, _ in page.values if name.startswith("x")]) \
        == page.value("ml_push_group_series")


def test_slow_readers_of_a_large_page_delay_no_other_client(start):
    daemon = start.daemon(tree="debian12-2cpu")
    body = b"".join(b'requests_total{path="/a/long/path/of/some/length",worker="%06d"} %d\n' % (n, n)
                    for n in range(99_000))
    assert daemon.push("/metrics/job/large", body, timeout=60).status == 200
    readers = []
    try:
        for _ in range(64):
            reader = connect(daemon.address, 60)
            reader.request("GET", "/metrics")
            readers.append(reader)
        time.sleep(1)
        started = time.monotonic()
        assert daemon.get("/-/healthy").status == 200
        assert daemon.push("/metrics/job/small", b"y 1\n").status == 200
        assert time.monotonic() - started < 10
        status = [line for line in open(f"/proc/{daemon.pid}/status") if line.startswith("VmRSS")]
        # One page is 10 MB; what readers share is in memory once, and few pages are made.
        assert int(status[0].split()[1]) < 700_000, status
        answers = [reader.getresponse() for reader in readers]
        whole = [answer for answer in answers if answer.status == 200]
        assert whole and {answer.status for answer in answers} <= {200, 503}
        assert whole[-1].read().count(b"\nrequests_total{") >= 98_999
    finally:
        for reader in readers:
            reader.close()
    wait_until(lambda: daemon.get("/metrics?collect[]=time").status == 200, 20, "a page again")


# MARK: The settings file

SETTINGS = """
push: {group_ttl: 1000s}
limits: {groups: 2}
models:
  fraud:
    buckets: {ml_request_duration_seconds: [0.1, 1]}
"""


def test_the_settings_file_is_read_again_when_asked(start, tmp_path):
    file = tmp_path / "settings.yml"
    file.write_text(SETTINGS)
    daemon = start.daemon(f"--config.file={file}", "--push.enable-reload", tree="debian12-2cpu")

    def loaded() -> tuple[float, float]:
        page = pages.parse_text(daemon.get().body)
        return (page.value("ml_exporter_config_last_reload_successful"),
                page.value("ml_exporter_config_last_reload_success_timestamp_seconds"))

    def push(job: str) -> int:
        return daemon.push(f"/metrics/job/{job}", b"").status

    good, first = loaded()
    assert good == 1 and abs(first - time.time()) < 60
    assert [push(job) for job in "abc"] == [200, 200, 429]
    file.write_text("limits: {groups: 3}\n")
    assert daemon.push("/-/reload").status == 200
    assert push("c") == 200
    file.write_text("limits:\n  groups: many\n")
    answer = daemon.push("/-/reload")
    assert answer.status == 500
    assert answer.text == \
        f"{file}:2:11: limits.groups must be a whole number from 0 to 1000000\n"
    good, second = loaded()
    assert good == 0 and second > first
    assert push("d") == 429
    file.write_text("limits: {groups: 4}\n")
    daemon.send(signal.SIGHUP)
    wait_until(lambda: loaded()[0] == 1, 10, "the file to be read after SIGHUP")
    assert push("d") == 200
    file.unlink()
    daemon.send(signal.SIGHUP)
    wait_until(lambda: loaded()[0] == 0, 10, "the missing file to be told")
    assert daemon.get("/-/reload", method="POST").status == 404


def test_a_flag_counts_more_than_the_settings_file(start, tmp_path):
    file = tmp_path / "settings.yml"
    file.write_text(SETTINGS)
    daemon = start.daemon(f"--config.file={file}", "--push.max-groups=3", tree="debian12-2cpu")
    statuses = [daemon.push(f"/metrics/job/{job}", b"").status for job in "abcd"]
    assert statuses == [200, 200, 200, 429]


def test_reload_over_http_is_off_unless_asked_for(start, tmp_path):
    file = tmp_path / "settings.yml"
    file.write_text("")
    daemon = start.daemon(f"--config.file={file}", tree="debian12-2cpu")
    assert daemon.push("/-/reload").status == 404
    other = start.daemon(tree="debian12-2cpu")
    assert pages.parse_text(other.get().body).get(
        "ml_exporter_config_last_reload_successful") is None


@pytest.mark.parametrize("text, sentence", [
    ("limit: {}\n", ":1:1: unknown key limit, did you mean limits?; known keys: profiles, push, limits, defaults, models"),
    ("models:\n  m:\n    buckets:\n      ml_request_duration_seconds: [2, 1]\n",
     ":4:40: bounds of models.m.buckets.ml_request_duration_seconds must be numbers in ascending order"),
    ("a: b: c\n", ":1:5: mapping values are not allowed in this context"),
    ("a: &x 1\nb: *x\n", ":1:4: anchors and tags are not supported"),
])
def test_a_wrong_settings_file_is_reported_with_line_and_column(tmp_path, text, sentence):
    file = tmp_path / "settings.yml"
    file.write_text(text)
    for command in (["check-config"], []):
        result = subprocess.run([binary(), *command, f"--config.file={file}"],
                                capture_output=True, text=True, timeout=60)
        assert result.returncode == 2
        assert f"ml_exporter: error: {file}{sentence}" in result.stderr
    file.write_text("push: {model_ttl: 1h}\n")
    subprocess.run([binary(), "check-config", f"--config.file={file}"], check=True, timeout=60)
    missing = subprocess.run([binary(), "check-config", "--config.file=/no/such/file"],
                             capture_output=True, text=True, timeout=60)
    assert missing.returncode == 2 and "/no/such/file" in missing.stderr
