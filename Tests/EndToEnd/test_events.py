"""POST /v1/events and its neighbours, as clients see them."""

import gzip
import http.client
import json
import os
import socket
import stat
import time

import pytest

from allocations import per_push
from pages import parse_openmetrics, parse_text
from programs import connect, raw, wait_until

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def daemon(shared):
    return shared.daemon("--collector.disable-defaults", "--push.producer-rate=0")


def events(daemon, body, headers=JSON, **more):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = daemon.push("/v1/events", body, headers={**headers, **more})
    return answer.status, json.loads(answer.body), answer


def page(daemon):
    return parse_text(daemon.get("/metrics").body)


def requests(daemon, model, outcome="ok", version="unversioned"):
    return page(daemon).get("ml_requests_total", model=model, version=version, outcome=outcome)


def told_of_pushes(daemon):
    return {name for name, _ in page(daemon).values
            if name.startswith(("ml_push_", "ml_series"))}


def test_without_pushes_the_page_has_one_series_of_pushes(start):
    daemon = start.daemon("--collector.disable-defaults")
    assert told_of_pushes(daemon) == {"ml_push_requests_total"}
    assert page(daemon).value("ml_push_requests_total", path="/v1/events", code="200") == 0
    assert events(daemon, {"model": "first"})[0] == 200
    told = told_of_pushes(daemon)
    assert {"ml_push_rejected_total", "ml_push_groups", "ml_series", "ml_series_dropped_total",
            "ml_push_duration_seconds_bucket"} <= told
    assert page(daemon).sum("ml_push_rejected_total") == 0


# What an author sees.

def test_an_event_is_on_the_next_page(daemon):
    status, told, _ = events(daemon, {
        "model": "first", "version": "3", "variant": "champion", "outcome": "timeout",
        "reason": "upstream", "duration_seconds": 0.03, "stages": {"inference": 0.02},
        "batch_size": 4, "tokens": {"input": 120, "output": 30},
        "features": {"amount": 12.5, "age": None}, "trace_id": "4bf92f3577b34da6"})
    assert (status, told) == (200, {"accepted": 1, "rejected": 0, "errors": []})
    found = page(daemon)
    scope = {"model": "first", "version": "3", "variant": "champion"}
    assert found.value("ml_requests_total", **scope, outcome="timeout") == 1
    assert found.value("ml_requests_total", **scope, outcome="ok") == 0
    assert found.value("ml_request_errors_total", **scope, reason="upstream") == 1
    assert found.value("ml_request_duration_seconds_count", **scope) == 1
    assert found.value("ml_request_duration_seconds_sum", **scope) == 0.03
    assert found.value("ml_predictions_total", **scope) == 4
    assert found.value("ml_tokens_total", **scope, direction="input") == 120
    # One features object is one observation, whatever the batch size.
    assert found.value("ml_feature_missing_total", **scope, feature="age") == 1
    accept = {"Accept": "application/openmetrics-text;version=1.0.0"}
    assert b'trace_id="4bf92f3577b34da6"' in daemon.get("/metrics", headers=accept).body
    parse_openmetrics(daemon.get("/metrics", headers=accept).body)


def test_all_forms_say_the_same(daemon):
    rows = [{"model": "forms", "duration_seconds": 0.25 * n, "score": 0.1 * n} for n in range(5)]
    columns = {"model": "forms", "columns": {
        "duration_seconds": [row["duration_seconds"] for row in rows],
        "score": [row["score"] for row in rows]}}
    counted = {"model": "forms", "count": 5, "duration_seconds": {
        "values": [row["duration_seconds"] for row in rows], "counts": [1] * 5}}
    lines = b"\n".join(json.dumps(row).encode() for row in rows)
    for body, headers in (
            (rows, JSON), (columns, JSON), (counted, JSON), (lines, LINES),
            (gzip.compress(lines), {**LINES, "Content-Encoding": "GZIP"})):
        before = page(daemon)
        status, told, _ = events(daemon, body, headers)
        assert status == 200 and told["rejected"] == 0
        after = page(daemon)
        scope = {"model": "forms", "version": "unversioned"}

        def grown(name):
            return after.value(name, **scope) - (before.get(name, **scope) or 0)

        assert grown("ml_request_duration_seconds_count") == 5
        assert grown("ml_request_duration_seconds_sum") == pytest.approx(2.5)
    assert requests(daemon, "forms") == 25


def test_a_wrong_event_costs_itself(daemon):
    status, told, _ = events(daemon, [{"model": "some"}, {"model": 7}, 8, {"model": "some"}])
    assert status == 200 and (told["accepted"], told["rejected"]) == (2, 2)
    assert [(e["index"], e["code"]) for e in told["errors"]] == [
        (1, "wrong_type"), (2, "not_an_object")]
    status, told, _ = events(daemon, b'{"model":"some"}\nnonsense\n{"model":"some"}', LINES)
    assert status == 200 and told["errors"][0]["code"] == "syntax"
    assert requests(daemon, "some") == 4


# Statuses.

@pytest.mark.parametrize("body, code", [
    (b"", "not_json"), (b"{", "not_json"), (b"nonsense", "not_json"), (b"3", "not_json"),
    (b"[{}", "not_json"), (b'{"model":"m"} x', "not_json"), (b'{"a":NaN}', "not_json"),
    (b"\xef\xbb\xbf{}", "every_event_refused"), (b'{"model":"\xff"}', "not_json"),
    (b"[" * 100_000, "not_json"), (b'{"x":' * 50_000, "not_json"),
    (b"{}", "every_event_refused"), (b"[1,2]", "every_event_refused"),
    (b'{"model":"m","model":"m"}', "every_event_refused"),
    (b'{"model":"m","duration_seconds":1e999}', "every_event_refused"),
    (b'{"model":"m","duration_seconds":-1}', "every_event_refused"),
    (b'{"model":"m","count":1e400}', "every_event_refused"),
    (b'{"model":"\\ud800"}', "every_event_refused"),
])
def test_a_body_without_a_usable_event_is_400(daemon, body, code):
    status, told, _ = events(daemon, body)
    assert status == 400 and told["error"]["code"] == code and told["error"]["detail"]
    assert told["accepted"] == 0


def test_a_bare_curl_gets_the_right_header_in_the_error(daemon):
    for content_type in ("application/x-www-form-urlencoded", "text/plain", ""):
        status, told, _ = events(daemon, b'{"model":"m"}', {"Content-Type": content_type})
        assert status == 415 and "-H 'Content-Type: application/json'" in told["error"]["detail"]
    status, told, _ = events(daemon, b"{}", {**JSON, "Content-Encoding": "br"})
    assert status == 415 and "gzip" in told["error"]["detail"]


def test_limits_of_a_body_are_named(daemon):
    status, told, _ = events(daemon, b" " * (20 << 20) + b"{}")
    assert status == 413 and "20971520" in told["error"]["detail"]
    noise = os.urandom((8 << 20) + 1)
    status, told, _ = events(daemon, noise, {**JSON, "Content-Encoding": "gzip"})
    assert status == 413 and "8388608" in told["error"]["detail"]
    bomb = gzip.compress(b" " * (200 << 20))
    status, told, _ = events(daemon, bomb, {**JSON, "Content-Encoding": "gzip"})
    assert status == 413 and "100 times" in told["error"]["detail"]
    lines = b'{"model":"bomb"}\n' * 200_000
    status, told, _ = events(daemon, gzip.compress(lines), {**LINES, "Content-Encoding": "gzip"})
    assert status in (200, 413)
    for damaged in (b"x", gzip.compress(b"[]")[:-3], gzip.compress(b"[]") + b"noise"):
        status, told, _ = events(daemon, damaged, {**JSON, "Content-Encoding": "gzip"})
        assert status in (400, 413)


def test_ten_thousand_events_and_no_more(daemon):
    status, told, _ = events(daemon, [{"model": "many"}] * 10_002)
    assert status == 200 and (told["accepted"], told["rejected"]) == (10_000, 2)
    assert {e["code"] for e in told["errors"]} == {"event_limit"}
    assert requests(daemon, "many") == 10_000


@pytest.mark.parametrize("method, path, status, allow", [
    ("GET", "/v1/events", 405, "POST"), ("PUT", "/v1/events", 405, "POST"),
    ("POST", "/v1/models", 405, "GET, HEAD"), ("GET", "/v1/producers/a", 405, "DELETE"),
    ("GET", "/v1/models/m/versions/1", 405, "DELETE"), ("GET", "/v1/models/m", 405, "DELETE"),
    ("POST", "/v1/models/m/versions/1/profile", 405, "GET, HEAD, PUT, DELETE"),
    ("GET", "/v1/models/m/versions/1/profiles", 404, None), ("GET", "/v1", 404, None),
    ("GET", "/v1/", 404, None), ("DELETE", "/v1/producers/unknown", 404, None),
    ("DELETE", "/v1/models/unknown/versions/1", 404, None), ("POST", "/api/v1/write", 404, None),
    ("PUT", "/-/quit", 404, None), ("PUT", "/api/v1/admin/wipe", 404, None),
])
def test_paths_and_methods(daemon, method, path, status, allow):
    answer = daemon.push(path, method=method)
    assert answer.status == status and answer.headers["Allow"] == allow
    if path.startswith("/v1/"):
        assert json.loads(answer.body)["error"]["detail"]


@pytest.mark.parametrize("headers", [
    {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:10181"},
    {"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example:10181"},
])
@pytest.mark.parametrize("method, path", [
    ("POST", "/v1/events"), ("GET", "/v1/models"), ("PUT", "/metrics/job/j"), ("GET", "/metrics")])
def test_no_web_page_pushes(daemon, headers, method, path):
    answer = daemon.push(path, b'{"model":"evil"}', method, {**JSON, **headers})
    assert answer.status == 403
    assert requests(daemon, "evil") is None


def test_an_allowed_name_is_no_foreign_host(start):
    daemon = start.daemon("--push.allowed-host=push.example.org")
    assert daemon.push("/v1/models", method="GET", headers={"Host": "push.example.org:1"}).status == 200
    assert daemon.push("/v1/models", method="GET", headers={"Host": "localhost"}).status == 200
    assert daemon.push("/v1/models", method="GET", headers={"Host": "other.org"}).status == 403


def test_nothing_on_the_telemetry_listener_changes_anything(daemon):
    for path in ("/v1/events", "/v1/models", "/metrics/job/j", "/-/reload", "/openapi.json"):
        assert daemon.get(path, JSON, "POST", body=b'{"model":"wrong"}').status in (404, 405)
    assert requests(daemon, "wrong") is None


# Exactly once.

def stamp(sequence, producer="p", start="1795219000.25"):
    return {"Producer-Id": producer, "Producer-Start": start, "Batch-Sequence": str(sequence)}


def test_a_batch_counts_once(daemon):
    body = {"model": "once"}
    assert events(daemon, body, **stamp(1))[1] == {"accepted": 1, "rejected": 0, "errors": []}
    for _ in range(3):
        status, told, _ = events(daemon, body, **stamp(1))
        assert status == 200 and told["duplicate"] is True and told["accepted"] == 0
    assert "duplicate" not in events(daemon, body, **stamp(3))[1]
    assert "duplicate" not in events(daemon, body, **stamp(2))[1]
    assert "duplicate" not in events(daemon, body, **stamp(1, start="1795219001"))[1]
    assert events(daemon, body, **stamp(1, start="1795219000.250"))[1]["duplicate"]
    assert requests(daemon, "once") == 4
    lost = page(daemon).value("ml_push_lost_batches_total")
    events(daemon, body, **stamp(1027))
    # 1 to 3 were seen; none has left unseen. The next four let 4 to 7 go.
    assert page(daemon).value("ml_push_lost_batches_total") == lost
    events(daemon, body, **stamp(1031))
    assert page(daemon).value("ml_push_lost_batches_total") == lost + 4
    assert events(daemon, body, **stamp(5))[1]["duplicate"]


def test_an_older_start_is_stale(daemon):
    for start in ("20", "30"):
        assert events(daemon, {"model": "stale"}, **stamp(1, "s", start))[0] == 200
    status, told, _ = events(daemon, {"model": "stale"}, **stamp(1, "s", "10"))
    assert status == 400 and told["error"]["code"] == "stale_start"


@pytest.mark.parametrize("headers", [
    {"Producer-Id": "x"}, {"Batch-Sequence": "1"}, stamp(0), stamp(-1), stamp("one"), stamp(1, ""),
    stamp(1, start="yesterday"), stamp(1, start="-5"), stamp(2**70),
])
def test_headers_that_do_not_tell_are_400(daemon, headers):
    status, told, _ = events(daemon, {"model": "headers"}, **headers)
    assert status == 400 and told["error"]["code"] == "bad_header"


def test_a_400_uses_its_number_up_and_a_415_does_not(daemon):
    assert events(daemon, b"{", **stamp(1, "numbers"))[0] == 400
    assert events(daemon, {"model": "n"}, **stamp(1, "numbers"))[1]["duplicate"]
    assert events(daemon, b"{}", {"Content-Type": "text/plain"}, **stamp(2, "numbers"))[0] == 415
    assert "duplicate" not in events(daemon, {"model": "n"}, **stamp(2, "numbers"))[1]


def test_producers_are_listed_and_forgotten(daemon):
    events(daemon, {"type": "state", "model": "stateful", "in_flight": 3}, **stamp(7, "a b/c"))
    assert page(daemon).value(
        "ml_requests_in_flight", model="stateful", version="unversioned") == 3
    listed = json.loads(daemon.push("/v1/producers", method="GET").body)["producers"]
    [row] = [row for row in listed if row["id"] == "a b/c"]
    assert row["last_sequence"] == 7 and abs(row["last_push"] - time.time()) < 60
    assert daemon.push("/v1/producers/a%20b%2Fc", method="DELETE").status == 200
    assert daemon.push("/v1/producers@base64/YSBiL2M", method="DELETE").status == 404
    gone = page(daemon).get("ml_requests_in_flight", model="stateful", version="unversioned")
    assert gone in (None, 0)


def test_the_headers_work_on_pushgateways_paths(daemon):
    for _ in range(2):
        answer = daemon.push("/metrics/job/j?aggregate=sum", b"# TYPE c counter\nc 5\n",
                             headers=stamp(1, "group"))
        assert answer.status == 200
    assert b'c{instance="",job="j"} 5' in daemon.push("/metrics", method="GET").body


# Models.

def test_a_version_is_listed_and_retired(daemon):
    for version in ("1", "2/beta"):
        events(daemon, {"model": "a/b", "version": version, "batch_size": 3})
        events(daemon, {"model": "a/b", "version": version, "variant": "v"})
    listed = json.loads(daemon.push("/v1/models", method="GET").body)["models"]
    rows = {row["version"]: row["rows"] for row in listed if row["model"] == "a/b"}
    assert set(rows) == {"1", "2/beta"} and rows["1"] in (3, 4)
    answer = daemon.push("/v1/models@base64/YS9i/versions@base64/Mi9iZXRh", method="DELETE")
    assert answer.status == 200
    assert requests(daemon, "a/b", version="2/beta") is None
    assert requests(daemon, "a/b", version="1") == 1
    assert daemon.push("/v1/models/a%2Fb/versions/1", method="DELETE").status == 200
    assert requests(daemon, "a/b", version="1") is None
    events(daemon, {"model": "a/b", "version": "1"})
    assert requests(daemon, "a/b", version="1") == 1


# The Unix socket.

def test_the_socket_tells_the_process(start, tmp_path):
    path = tmp_path / "push.sock"
    daemon = start.daemon(f"--push.socket={path}", "--push.socket-mode=0620",
                          f"--push.socket-group={os.getgid()}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o620 and path.stat().st_gid == os.getgid()
    connection = connect(f"unix:{path}")
    connection.request("POST", "/v1/events", b'{"model":"local"}', JSON)
    assert connection.getresponse().read()
    found = page(daemon)
    pid = str(os.getpid())
    assert requests(daemon, "local") == 1
    assert found.value("ml_producer_model_info", pid=pid, model="local", version="unversioned") == 1
    assert found.value("ml_producer_process_resident_memory_bytes", pid=pid) > 1e6
    connection.close()
    assert daemon.stop() == 0
    assert not path.exists()


@pytest.mark.parametrize("flags, what", [
    (["--push.socket=relative"], "--push.socket"), (["--push.socket-mode=999"], "--push.socket-mode"),
    (["--push.socket-group=no-such-group"], "--push.socket-group"),
    (["--push.producer-rate=many"], "--push.producer-rate"),
])
def test_wrong_flags_are_reported(flags, what):
    import subprocess

    from programs import binary
    done = subprocess.run([binary(), "check-config", *flags], capture_output=True, text=True)
    assert done.returncode == 2 and what in done.stderr


# Who pushes too much, or badly.

def test_a_producer_has_a_rate(start):
    daemon = start.daemon("--push.producer-rate=50")
    connection = connect(daemon.push_address)
    statuses = []
    for _ in range(300):
        connection.request("POST", "/v1/events", b'{"model":"m"}', JSON)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
        if answer.status == 429:
            assert answer.getheader("Retry-After") == "1"
    assert statuses[:100] == [200] * 100 and 429 in statuses
    assert events(daemon, {"model": "other"}, **stamp(1, "other"))[0] == 200
    assert requests(daemon, "m") == statuses.count(200)


def test_a_body_that_ends_early_changes_nothing(daemon):
    head = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(daemon.push_address.rsplit(":", 1)) as wire:
        wire.sendall(head + b'Content-Length: 100\r\n\r\n{"model":"cut"}')
    answer = raw(daemon.push_address, head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                 b"5\r\n{\"mod\r\nb\r\nel\":\"cut2\"}\r\n0\r\n\r\n")
    assert b" 200 " in answer.split(b"\r\n")[0]
    assert requests(daemon, "cut2") == 1 and requests(daemon, "cut") is None


def test_names_cannot_forge_series(daemon):
    evil = 'a"} 1\nml_requests_total{model="forged",version="1",outcome="ok"} 99\n#'
    assert events(daemon, {"model": evil, "version": "\\", "reason": "\n", "outcome": "timeout"})[0] == 200
    assert requests(daemon, "forged", version="1") is None
    assert requests(daemon, evil, outcome="timeout", version="\\") == 1


def test_a_flood_of_names_costs_bounded_memory(start):
    daemon = start.daemon("--collector.disable-defaults", "--push.max-series=2000",
                          "--push.producer-rate=0")
    connection = connect(daemon.push_address)

    def resident():
        return page(daemon).value("process_resident_memory_bytes")

    def flood(first):
        for batch in range(20):
            body = json.dumps([
                {"model": f"m{first + batch}-{n}", "version": os.urandom(8).hex(),
                 "outcome": "timeout", "reason": os.urandom(8).hex(),
                 "features": {os.urandom(8).hex(): 1}} for n in range(1000)])
            connection.request("POST", "/v1/events", body, JSON)
            connection.getresponse().read()

    events(daemon, {"model": "known"})
    flood(0)
    before = resident()
    flood(100)
    assert resident() < before + (8 << 20)
    status, told, _ = events(daemon, {"model": "known"})
    assert status == 200 and requests(daemon, "known") == 2
    found = page(daemon)
    assert found.value("ml_series") <= 2000
    assert found.sum("ml_series_dropped_total") > 0


# Memory.

def test_events_of_known_names_allocate_nothing(start, tmp_path):
    def body(count):
        return json.dumps([
            {"model": "m", "version": "1", "duration_seconds": 0.01, "outcome": "timeout",
             "reason": "up", "features": {"amount": n, "country": "DE"}} for n in range(count)])

    few, many = (
        per_push(start, tmp_path / name, body(count).encode(), "application/json")
        for name, count in (("few", 100), ("many", 2100)))
    assert (many - few) / 2000 < 0.002
