"""What is known of models from pushes: its memory, its native histograms, its producers."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest

from pages import parse_text
from programs import has, wait_until

LINES = {"Content-Type": "application/x-ndjson"}
PROTOBUF = ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited")


def push(daemon, events) -> dict:
    body = "\n".join(json.dumps(event) for event in events).encode()
    answer = daemon.push("/v1/events", body, headers=LINES)
    assert answer.status == 200, answer.text
    return json.loads(answer.body)


def memory(daemon, field: str) -> int:
    """Kilobytes."""
    with open(f"/proc/{daemon.pid}/status") as file:
        return int(re.search(rf"{field}:\s+(\d+)", file.read()).group(1))


def test_a_hundred_thousand_series_and_their_page_stay_below_48_megabytes(start):
    daemon = start.daemon("--push.producer-rate=0")
    features = {f"feature_number_{number}": 1.5 for number in range(29)}
    for model in range(50):
        told = push(daemon, [
            {"model": f"recommendation-{model}", "version": f"2026-11-{version}",
             "duration_seconds": 0.3, "stages": {"queue": 0.1, "inference": 0.2},
             "features": features}
            for version in range(10)])
        assert told["rejected"] == 0
    for encoding in ("identity", "gzip", "identity"):
        answer = daemon.get("/metrics", headers={"Accept-Encoding": encoding})
        assert answer.status == 200
    assert len(answer.body) > 9_000_000
    assert 95_000 < parse_text(answer.body).value("ml_series") <= 100_000
    assert memory(daemon, "VmHWM") < 48 * 1024


@pytest.mark.skipif(not has("prometheus"), reason="prometheus is not installed")
def test_prometheus_computes_quantiles_of_native_histograms(start):
    daemon = start.daemon("--collector.disable-defaults", "--exposition.native-histograms")
    push(daemon, [{"model": "fraud", "version": "3", "trace_id": "4bf92f35",
                   "duration_seconds": number / 1000} for number in range(1, 1001)])
    server = start.prometheus(
        {"models": daemon.address}, "--enable-feature=native-histograms,exemplar-storage")
    count = "histogram_count(ml_request_duration_seconds)"
    wait_until(lambda: server.value(count) == 1000, 30, "the histogram in Prometheus")
    for quantile in (0.5, 0.9, 0.99):
        told = server.value(f"histogram_quantile({quantile}, ml_request_duration_seconds)")
        # A bucket is 9 % wide.
        assert quantile / 1.1 < told < quantile * 1.1
    assert server.value("histogram_sum(ml_request_duration_seconds)") == pytest.approx(500.5)
    assert server.value('ml_requests_total{outcome="ok"}') == 1000
    assert server.value("up") == 1
    # Prometheus 2 takes one kind of buckets, and who does not ask for protobuf sees the other.
    assert server.query("ml_request_duration_seconds_bucket") == []
    page = parse_text(daemon.get("/metrics").body)
    assert page.value("ml_request_duration_seconds_bucket", model="fraud", version="3",
                      le="0.5") == 500


def test_protobuf_is_offered_only_with_native_histograms(start):
    plain = start.daemon("--collector.disable-defaults")
    native = start.daemon("--collector.disable-defaults", "--exposition.native-histograms")
    accept = {"Accept": f"{PROTOBUF},text/plain;version=0.0.4;q=0.5"}
    assert plain.get("/metrics", accept).headers["Content-Type"].startswith("text/plain")
    answer = native.get("/metrics", accept)
    assert answer.headers["Content-Type"].startswith("application/vnd.google.protobuf")
    assert b"ml_exporter_build_info" in answer.body
    # A browser, curl and a Prometheus of today's settings get what they got.
    assert native.get("/metrics").headers["Content-Type"].startswith("text/plain")


PRODUCER = textwrap.dedent("""
    import http.client, json, os, socket, sys
    class Connection(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(sys.argv[1])
    connection = Connection("localhost")
    for version in ("3", "4"):
        connection.request("POST", "/v1/events", json.dumps(
            {"model": "fraud", "version": version, "duration_seconds": 0.01}),
            {"Content-Type": "application/json"})
        assert connection.getresponse().read()
    held = bytearray(64 << 20)
    held[::4096] = b"x" * len(held[::4096])
    print("pushed", flush=True)
    sys.stdin.read()
""")


def test_a_producer_on_the_socket_is_exposed_until_it_exits(start, tmp_path):
    path = tmp_path / "push.sock"
    daemon = start.daemon("--collector.disable-defaults", f"--push.socket={path}")
    producer = subprocess.Popen(
        [sys.executable, "-c", PRODUCER, str(path)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE)
    try:
        assert producer.stdout.readline() == b"pushed\n"
        pid = str(producer.pid)
        page = parse_text(daemon.get("/metrics").body)
        for version in ("3", "4"):
            assert page.value(
                "ml_producer_model_info", pid=pid, model="fraud", version=version) == 1
        assert page.value("ml_producer_process_resident_memory_bytes", pid=pid) > 64 << 20
        assert page.value("ml_producer_process_threads", pid=pid) == 1
        assert page.value("ml_producer_process_open_fds", pid=pid) == len(
            os.listdir(f"/proc/{pid}/fd"))
        assert page.value("ml_producer_process_cpu_seconds_total", pid=pid) > 0
        assert page.value("ml_producer_process_written_bytes_total", pid=pid) >= 0
    finally:
        producer.send_signal(signal.SIGKILL)
        producer.wait()
        producer.stdin.close()
        producer.stdout.close()
    page = daemon.get("/metrics").text
    assert "ml_producer_" not in page
    # What it counted stays.
    assert 'ml_requests_total{model="fraud",outcome="ok",version="3"} 1\n' in page
