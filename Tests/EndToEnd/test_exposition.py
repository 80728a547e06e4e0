"""The page as text and as OpenMetrics, plain and compressed."""

import gzip
import re
import subprocess
import time

import pytest

import pages
from pages import listing
from programs import has

OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}
# Families whose values change between two readings of a fixture tree.
MOVING = re.compile(
    r"node_time_.*|node_filesystem_(avail|free|files|size).*|node_scrape_.*|process_.*"
    r"|ml_exporter_.*")


@pytest.fixture(scope="module")
def daemon(shared):
    return shared.daemon("--collector.cpu.info", "--collector.stat.softirq", tree="odd")


def still(name: str) -> bool:
    return not MOVING.fullmatch(name)


def test_both_formats_parse_and_say_the_same(daemon):
    plain = pages.parse_text(daemon.get().body)
    strict = pages.parse_openmetrics(daemon.get(headers=OPENMETRICS).body)
    assert plain.values.keys() == strict.values.keys(), listing(
        plain.values.keys() ^ strict.values.keys())
    assert plain.select(still).values == strict.select(still).values
    assert len(plain.values) > 1000
    assert not plain.duplicates and not strict.duplicates
    # OpenMetrics calls untyped "unknown" and has info metrics; counters and gauges are the same.
    assert {n: t for n, t in plain.types.items() if t in ("counter", "gauge")}.items() \
        <= {**plain.types, **strict.types}.items()


def test_the_text_page_names_its_type_and_version(daemon):
    answer = daemon.get(headers={"Accept": "text/plain"})
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.body.endswith(b"\n") and not answer.body.endswith(b"\n\n")
    assert b"# EOF" not in answer.body


def test_the_openmetrics_page_ends_with_eof(daemon):
    answer = daemon.get(headers=OPENMETRICS)
    assert answer.headers["Content-Type"].startswith(
        "application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert answer.body.endswith(b"\n# EOF\n") and answer.body.count(b"# EOF") == 1


def test_every_family_has_one_help_and_one_type_and_stands_together(daemon):
    lines = daemon.get().text.splitlines()
    helps = [line.split()[2] for line in lines if line.startswith("# HELP ")]
    types = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert helps == types and len(set(types)) == len(types)
    seen, current = set(), None
    for line in lines:
        name = line.split()[2] if line.startswith("#") else re.split(r"[{ ]", line)[0]
        if name != current:
            assert name not in seen, f"{name} stands in two places"
            seen.add(name)
            current = name


@pytest.mark.skipif(not has("promtool"), reason="promtool is not installed")
def test_promtool_finds_nothing_in_our_own_names(daemon):
    result = subprocess.run(
        ["promtool", "check", "metrics"], input=daemon.get().body, capture_output=True, timeout=60)
    complaints = (result.stdout + result.stderr).decode().splitlines()
    # Names that begin with node_ are the peer's; what promtool thinks of them is its affair.
    ours = [line for line in complaints if not line.startswith("node_")]
    assert not ours, "\n".join(ours)
    # 3 means "lint complaints"; 1 would mean that the page does not parse.
    assert result.returncode in (0, 3)


@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS["Accept"]])
def test_a_compressed_page_unpacks_to_the_plain_one(daemon, accept):
    plain = daemon.get(headers={"Accept": accept})
    packed = daemon.get(headers={"Accept": accept, "Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
    unpacked = gzip.decompress(packed.body)
    assert len(packed.body) < len(unpacked) / 2

    def constant(body: bytes) -> list[bytes]:
        return [line for line in body.splitlines()
                if still(re.split(rb"[{ ]", line.removeprefix(b"# HELP ").removeprefix(
                    b"# TYPE "))[0].decode())]

    assert constant(unpacked) == constant(plain.body)


@pytest.mark.parametrize("header, encoded", [
    ("gzip", True), ("gzip;q=1.0", True), ("deflate, gzip;q=0.5", True), ("*", True),
    ("gzip;q=0", False), ("identity", False), ("deflate", False), ("", False),
    ("gzip;q=0, *", False), ("GZIP", True),
])
def test_gzip_is_used_only_where_it_is_accepted(daemon, header, encoded):
    answer = daemon.get(headers={"Accept-Encoding": header})
    assert (answer.headers.get("Content-Encoding") == "gzip") is encoded
    assert answer.status == 200


def test_values_stand_in_the_peers_spelling(daemon):
    spelling = re.compile(r"-?(0|[1-9]\d*)(\.\d*[1-9])?|-?[1-9](\.\d*[1-9])?e[+-]\d{2,}|NaN|[+-]Inf")
    for line in daemon.get().text.splitlines():
        if not line.startswith("#"):
            value = line.rsplit(" ", 1)[1]
            assert spelling.fullmatch(value), line


def test_self_metrics_are_there(daemon):
    page = pages.parse_text(daemon.get().body)
    build = page.named("ml_exporter_build_info")
    assert list(build.values()) == [1]
    assert {"version", "revision", "swift_version", "libmicrohttpd_version"} >= {
        key for key, _ in next(iter(build))}
    assert list(page.named("node_exporter_build_info").values()) == [1]
    for name in ("node_scrape_collector_success", "node_scrape_collector_duration_seconds",
                 "ml_exporter_collector_cpu_seconds_total",
                 "ml_exporter_collector_skipped_lines_total"):
        assert len(page.named(name)) == 9, name
    assert set(page.named("node_scrape_collector_success").values()) == {1}
    assert page.sum("ml_exporter_http_requests_total") >= 1
    assert page.sum("ml_exporter_http_connections") >= 1
    for name in ("process_cpu_seconds_total", "process_open_fds", "process_max_fds",
                 "process_virtual_memory_bytes", "process_resident_memory_bytes",
                 "process_start_time_seconds"):
        assert page.value(name) > 0, name


def test_the_process_started_just_now(start):
    page = pages.parse_text(start.daemon("--collector.disable-defaults").get().body)
    assert abs(page.value("process_start_time_seconds") - time.time()) < 600


def test_families_are_sorted_by_name_whoever_they_belong_to(start, tmp_path):
    (tmp_path / "a.prom").write_text("# TYPE zz_last gauge\nzz_last 1\n# TYPE aa_first gauge\naa_first 1\n")
    daemon = start.daemon(f"--collector.textfile.directory={tmp_path}")
    assert daemon.push("/v1/events", b'{"model": "fraud"}',
                       headers={"Content-Type": "application/json"}).status == 200
    assert daemon.push("/metrics/job/nightly", b"# TYPE backup_rows gauge\nbackup_rows 7\n").status == 200
    page = daemon.get("/metrics").body.decode()
    names = re.findall(r"^# TYPE (\S+)", page, re.M)
    assert {"aa_first", "backup_rows", "ml_requests_total", "node_load1", "zz_last"} <= set(names)
    assert names == sorted(names)
