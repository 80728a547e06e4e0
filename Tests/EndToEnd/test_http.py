"""What the daemon answers over the wire beside a good scrape."""

import concurrent.futures
import contextlib
import re
import csv
import gzip
import pathlib
import resource
import signal
import socket
import time

import pytest

import pages
from programs import ask, connect, raw, wait_until

DATA = pathlib.Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def daemon(shared):
    return shared.daemon(tree="debian12-2cpu")


@pytest.mark.parametrize("path", ["/metrics", "/", "/-/healthy", "/-/ready"])
def test_head_is_get_without_a_body(daemon, path):
    head, get = daemon.get(path, method="HEAD"), daemon.get(path)
    assert (head.status, get.status) == (200, 200)
    assert head.body == b"" and get.body != b""
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("path", ["/nope", "/metrics/", "/metric", "/metrics2", "/-/", "//metrics",
                                  "/METRICS", "/debug/pprof/", "/favicon.ico"])
def test_an_unknown_path_is_404(daemon, path):
    assert daemon.get(path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/metrics", "/", "/-/healthy"])
def test_another_method_is_405_and_says_which_are_allowed(daemon, method, path):
    answer = daemon.get(path, method=method)
    assert answer.status == 405
    assert {word.strip() for word in answer.headers["Allow"].split(",")} == {"GET", "HEAD"}


@pytest.mark.parametrize("clients", [126, 127, 128, 129, 252, 254, 256, 258, 260, 384])
def test_clients_that_send_at_once_are_all_answered(daemon, clients):
    """128 is how many events libmicrohttpd takes at once, and two threads share the clients."""
    with contextlib.ExitStack() as stack:
        host, port = daemon.address.rsplit(":", 1)
        wires = [stack.enter_context(socket.create_connection((host, int(port)), 10))
                 for _ in range(clients)]
        wait_until(lambda: connections_of(daemon) >= clients, 10, "the connections")
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            for wire in wires:
                wire.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        for wire in wires:
            wire.settimeout(10)
            assert wire.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_the_landing_page_leads_to_the_metrics(daemon):
    answer = daemon.get("/")
    assert answer.headers["Content-Type"].lower() == "text/html; charset=utf-8"
    assert 'href="/metrics"' in answer.text


def test_a_query_does_not_change_the_route(daemon):
    assert daemon.get("/-/healthy?x=1&collect[]=nope").status == 200
    assert daemon.get("/metrics?unknown=1").status == 200


# MARK: collect[] and exclude[]

def collectors(answer) -> set[str]:
    page = pages.parse_text(answer.body)
    return {dict(labels)["collector"] for labels in page.named("node_scrape_collector_success")}


def test_collect_keeps_only_what_it_names(daemon):
    for query in ("collect[]=cpu&collect[]=meminfo", "collect%5B%5D=cpu&collect%5b%5d=meminfo",
                  "collect[]=cpu&other=1&collect[]=meminfo&collect[]=cpu"):
        answer = daemon.get(f"/metrics?{query}")
        assert answer.status == 200
        assert collectors(answer) == {"cpu", "meminfo"}
        assert b"node_load1" not in answer.body


def test_exclude_drops_what_it_names_and_ignores_the_unknown(daemon):
    answer = daemon.get("/metrics?exclude[]=cpu&exclude[]=nope")
    assert answer.status == 200
    found = collectors(answer)
    assert "cpu" not in found and "meminfo" in found and len(found) == 8


def test_collect_and_exclude_together_are_refused(daemon):
    answer = daemon.get("/metrics?collect[]=cpu&exclude[]=meminfo")
    assert answer.status == 400
    assert answer.text.strip() == "Combined collect and exclude queries are not allowed."


def test_an_unknown_collector_is_refused(daemon):
    answer = daemon.get("/metrics?collect[]=nope")
    assert answer.status == 400
    assert answer.text.strip() == (
        "Couldn't create filtered metrics handler: "
        "couldn't create collector: missing collector: nope")


def test_a_disabled_collector_is_refused(start):
    daemon = start.daemon("--no-collector.cpu")
    answer = daemon.get("/metrics?collect[]=cpu")
    assert answer.status == 400
    assert answer.text.strip() == (
        "Couldn't create filtered metrics handler: "
        "couldn't create collector: disabled collector: cpu")
    assert "cpu" not in collectors(daemon.get())


def test_disable_defaults_leaves_what_is_named_in_any_order(start):
    daemon = start.daemon("--collector.cpu", "--collector.disable-defaults", "--collector.time")
    assert collectors(daemon.get()) == {"cpu", "time"}


# MARK: options of the web side

def test_the_telemetry_path_can_move(start):
    daemon = start.daemon("--web.telemetry-path=/deep/stats", tree="debian12-2cpu")
    assert daemon.get("/deep/stats").status == 200
    assert daemon.get("/metrics").status == 404
    assert 'href="/deep/stats"' in daemon.get("/").text


def test_the_telemetry_path_may_be_the_root(start):
    daemon = start.daemon("--web.telemetry-path=/", tree="debian12-2cpu")
    assert b"node_load1" in daemon.get("/").body


def test_exporter_metrics_can_be_switched_off(start):
    daemon = start.daemon("--web.disable-exporter-metrics", tree="debian12-2cpu")
    names = {name for name, _ in pages.parse_text(daemon.get().body).values}
    assert not [name for name in names if name.startswith(("process_", "ml_exporter_"))]
    assert "node_exporter_build_info" not in names
    assert {"node_scrape_collector_success", "node_load1"} <= names


# MARK: addresses

def test_a_unix_socket_serves(start, tmp_path):
    path = tmp_path / "exporter.sock"
    daemon = start.daemon(listen=(f"unix:{path}",), tree="debian12-2cpu")
    assert daemon.get().status == 200
    assert path.is_socket()
    assert daemon.stop() == 0
    assert not path.exists()


def test_ipv6_serves(start):
    daemon = start.daemon(listen=("[::1]:0",), tree="debian12-2cpu")
    assert daemon.address.startswith("[::1]:")
    assert daemon.get().status == 200


def test_several_addresses_serve_at_once(start, tmp_path):
    listen = ("127.0.0.1:0", "[::1]:0", f"unix:{tmp_path}/s.sock")
    daemon = start.daemon(listen=listen, tree="debian12-2cpu")
    assert len(daemon.addresses) == 3
    for address in daemon.addresses:
        with contextlib.closing(connect(address)) as connection:
            assert ask(connection, "/metrics").status == 200
    listeners = {dict(labels)["listener"]
                 for labels in pages.parse_text(daemon.get().body).named(
                     "ml_exporter_http_connections")}
    # And the one that takes pushes.
    assert len(listeners - {daemon.push_address}) == 3


def test_an_address_without_host_listens_everywhere(start):
    daemon = start.daemon(listen=(":0",), tree="debian12-2cpu")
    port = daemon.address.rsplit(":", 1)[1]
    for host in ("127.0.0.1", "[::1]"):
        with contextlib.closing(connect(f"{host}:{port}")) as connection:
            assert ask(connection, "/-/healthy").status == 200


# MARK: connections

def test_a_connection_stays_open(daemon):
    with contextlib.closing(connect(daemon.address)) as connection:
        connection.connect()
        mine = connection.sock.getsockname()
        for path in ("/metrics", "/nope", "/-/healthy", "/metrics?collect[]=nope", "/metrics"):
            ask(connection, path)
            assert connection.sock is not None and connection.sock.getsockname() == mine


def test_pipelined_requests_are_answered_in_order(daemon):
    one = b"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n"
    received = raw(daemon.address, one % (b"/-/healthy", b"") + one % (b"/metrics", b"")
                   + one % (b"/nope", b"Connection: close\r\n"))
    statuses = re.findall(rb"HTTP/1\.1 (\d+)", received)
    assert statuses == [b"200", b"200", b"404"]


def test_two_scrapers_at_once_get_whole_pages(daemon):
    def scrape(_) -> int:
        with contextlib.closing(connect(daemon.address)) as connection:
            return min(len(pages.parse_text(ask(connection, "/metrics").body).values)
                       for _ in range(25))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        counts = set(pool.map(scrape, range(4)))
    assert min(counts) > 200


@pytest.mark.parametrize("request_bytes, statuses", [
    (b"GET /metrics HTTP/1.1\r\n\r\n", {400}),
    (b"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
    (b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"
     b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"0\r\n\r\nGET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", {501, 400}),
    (b"GET /metrics%00 HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    (b"GET /%2e%2e/metrics HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    (b"GET /../metrics HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    (b"GET /a%2fmetrics HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    (b"G@T /metrics HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    (b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n", {400}),
    (b"GET /metrics HTTP/9.9\r\nHost: a\r\n\r\n", {400, 505}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400, None}),
    (b"\x00" * 100 + b"\r\n\r\n", {400, None}),
    (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", {414, 400, 431}),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", {431, 413}),
    (b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
     {400, 413}),
])
def test_a_hostile_request_gets_one_refusal_and_is_disconnected(daemon, request_bytes, statuses):
    received = raw(daemon.address, request_bytes)
    lines = [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    found = {int(line.split()[1]) for line in lines} or {None}
    assert found <= statuses, received[:500]
    # libmicrohttpd itself sends the header of one refusal twice (a Content-Length it cannot read).
    assert len(lines) <= 1 or b"99999999999999999999" in request_bytes, received[:500]
    assert b"200 OK" not in received
    assert daemon.get("/-/healthy").status == 200


def test_a_slow_client_does_not_delay_another(daemon):
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            slow = stack.enter_context(contextlib.closing(connect(daemon.address)))
            slow.connect()
            slow.sock.sendall(b"GET /metrics HTTP/1.1\r\nHo")
        begin = time.monotonic()
        for _ in range(5):
            assert daemon.get().status == 200
        assert time.monotonic() - begin < 5


def test_a_client_that_never_reads_does_not_delay_another(start):
    daemon = start.daemon("--collector.cpu.info", tree="odd")
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            slow = stack.enter_context(contextlib.closing(connect(daemon.address)))
            slow.connect()
            slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        begin = time.monotonic()
        for _ in range(5):
            assert daemon.get().status == 200
        assert time.monotonic() - begin < 5


def test_a_client_that_disconnects_mid_request_harms_no_other(daemon):
    for _ in range(200):
        connection = connect(daemon.address)
        connection.connect()
        connection.sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        # Leaves with a reset instead of a farewell.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()
    assert daemon.get().status == 200


def connections_of(daemon) -> float:
    return pages.parse_text(daemon.get().body).sum("ml_exporter_http_connections")


def test_beyond_the_connection_limit_one_is_refused_and_not_left_hanging(start):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("the limit of open files is too low here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    daemon = start.daemon(tree="debian12-2cpu")
    with contextlib.ExitStack() as stack:
        refused = None
        for _ in range(1100):
            connection = stack.enter_context(contextlib.closing(connect(daemon.address)))
            connection.connect()
            connection.sock.settimeout(0.001)
            with contextlib.suppress(TimeoutError):
                refused = connection.sock.recv(4096)
                break
        assert refused is not None, "1,100 connections and none was refused"
        assert refused.startswith(b"HTTP/1.1 503 "), refused
    wait_until(lambda: daemon.answers("/-/healthy"), 20, "the next client is served")
    page = pages.parse_text(daemon.get().body)
    assert page.get("ml_exporter_http_refused_total", reason="connection_limit") >= 1
    wait_until(lambda: connections_of(daemon) <= 2, 20, "the connections are forgotten")


def test_beyond_max_requests_a_scrape_is_refused(start):
    daemon = start.daemon("--web.max-requests=1", tree="odd")
    with contextlib.ExitStack() as stack:
        wires = []
        # All requests lie ready when the daemon wakes up.
        daemon.send(signal.SIGSTOP)
        try:
            for _ in range(40):
                connection = stack.enter_context(contextlib.closing(connect(daemon.address)))
                connection.request("GET", "/metrics")
                wires.append(connection)
        finally:
            daemon.send(signal.SIGCONT)
        answers = [(a.status, a.read()) for a in (wire.getresponse() for wire in wires)]
    assert {status for status, _ in answers} == {200, 503}
    for status, body in answers:
        if status == 503:
            assert body.decode().strip() == \
                "Limit of concurrent requests reached (1), try again later."
    assert daemon.get().status == 200


# MARK: content negotiation

with open(DATA / "prometheus-accept-headers.tsv") as _file:
    ACCEPT = list(csv.reader(_file, delimiter="\t"))


@pytest.mark.parametrize("client, accept", ACCEPT, ids=[row[0] for row in ACCEPT])
def test_each_prometheus_gets_openmetrics(daemon, client, accept):
    answer = daemon.get(headers={"Accept": accept, "Accept-Encoding": "gzip"})
    # Every Prometheus prefers it to text; protobuf is not offered yet.
    parts = [part.strip() for part in answer.headers["Content-Type"].split(";")]
    assert parts[:2] == ["application/openmetrics-text", "version=1.0.0"]
    assert "charset=utf-8" in parts
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("capture", ["promscrape-2.42-default-00", "promscrape-2.42-native-00"])
def test_the_bytes_of_a_real_scrape_are_answered(daemon, capture):
    request = (DATA / f"{capture}.http").read_bytes()
    assert b"Accept-Encoding: gzip\r\n" in request
    received = raw(daemon.address, request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    head, body = received.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: application/openmetrics-text; version=1.0.0" in head
    assert gzip.decompress(body).endswith(b"# EOF\n")


@pytest.mark.parametrize("accept, kind", [
    ("*/*", "text/plain"), ("text/plain", "text/plain"), ("", "text/plain"),
    ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/plain"),
    ("application/openmetrics-text;version=1.0.0;q=0", "text/plain"),
    ("application/openmetrics-text;version=1.0.0;q=0.1,text/plain;version=0.0.4", "text/plain"),
    ("nonsense", "text/plain"), (";;;,,,q=1", "text/plain"),
])
def test_others_get_text(daemon, accept, kind):
    answer = daemon.get(headers={"Accept": accept})
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith(kind)
