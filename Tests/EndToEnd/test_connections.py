"""Clients that occupy connections, leave in the middle of a request or do not read what they asked for."""

import contextlib
import random
import resource
import socket

import pytest

import pages
from programs import raw, wait_until

BIG_GROUP = b"".join(b'big{a="%d",b="%s"} 1\n' % (number, b"v" * 900) for number in range(21_000))


def wire(address: str, source: str = "127.0.0.1", receive_bytes: int | None = None,
         seconds: float = 20) -> socket.socket:
    """A connection from another address of the loopback interface."""
    host, port = address.rsplit(":", 1)
    connection = socket.socket()
    if receive_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(seconds)
    connection.bind((source, 0))
    connection.connect((host, int(port)))
    return connection


def request(path: str = "/metrics", *headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", *headers]
    return "".join(line + "\r\n" for line in lines).encode() + b"\r\n"


def scrape(address: str, source: str, path: str = "/metrics") -> tuple[int, bytes]:
    """Status and body of a scrape on a connection of its own; status 0 without an answer."""
    try:
        with wire(address, source) as connection:
            connection.sendall(request(path, "Connection: close"))
            received = b""
            while chunk := connection.recv(1 << 20):
                received += chunk
    except OSError:
        return 0, b""
    head, _, body = received.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head.startswith(b"HTTP/1.1 ") else 0), body


def refused(daemon, reason: str, source: str = "127.0.0.9") -> float:
    _, body = scrape(daemon.address, source)
    return pages.parse_text(body).get("ml_exporter_http_refused_total", reason=reason)


@pytest.fixture
def many_files():
    """As many descriptors as this process may have, for its own ends of the connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("the limit of open files is too low here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("occupation", [
    request("/-/healthy"), b"", b"GET /metrics HTTP/1.1\r\nHost: a\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{",
    request("/-/healthy").replace(b"GET", b"HEAD"),
    request("/-/healthy").replace(b"GET", b"OPTIONS"),
], ids=["idle", "silent", "half a header", "half a body", "idle after HEAD", "idle after OPTIONS"])
def test_connections_of_one_address_keep_no_other_out(start, many_files, occupation):
    daemon = start.daemon(tree="debian12-2cpu")
    with contextlib.ExitStack() as stack:
        for _ in range(600):
            connection = stack.enter_context(wire(daemon.address))
            connection.sendall(occupation)
            if occupation.endswith(b"\r\n\r\n"):
                connection.recv(65536)
        for _ in range(5):
            assert scrape(daemon.address, "127.0.0.2")[0] == 200
        page = pages.parse_text(scrape(daemon.address, "127.0.0.2")[1])
        assert page.get("ml_exporter_http_connections", listener=daemon.address) <= 512
        turned_away = (
            page.get("ml_exporter_http_refused_total", reason="evicted")
            + page.get("ml_exporter_http_refused_total", reason="connection_limit"))
        assert turned_away >= 600 - 512


def test_at_the_limit_of_pushers_the_longest_idle_one_makes_way(start, many_files):
    daemon = start.daemon(tree="debian12-2cpu")
    with contextlib.ExitStack() as stack:
        idle = []
        for _ in range(1024):
            connection = stack.enter_context(wire(daemon.push_address))
            connection.sendall(request("/-/healthy"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            idle.append(connection)
        late = stack.enter_context(wire(daemon.push_address))
        late.sendall(request("/-/healthy"))
        assert late.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert idle[0].recv(1) == b""
        idle[1].sendall(request("/-/healthy"))
        assert idle[1].recv(65536).startswith(b"HTTP/1.1 200 ")
    assert refused(daemon, "evicted") >= 1


HALF_REQUESTS = [
    b"GET /metrics HTTP/1.1\r\nHost: a\r\n", b"GET /met", b"",
    b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{",
    b"PUT /metrics/job/j HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    request("/-/healthy") + b"GET /-/heal",
]


@pytest.mark.parametrize("half", HALF_REQUESTS, ids=range(len(HALF_REQUESTS)))
@pytest.mark.parametrize("listener", ["address", "push_address"])
def test_a_client_that_leaves_in_the_middle_gives_its_place_back(shared, half, listener):
    daemon = getattr(shared, "leaving", None)
    if daemon is None:
        daemon = shared.leaving = shared.daemon(tree="debian12-2cpu")
    address = getattr(daemon, listener)
    for _ in range(100):
        with wire(address) as connection:
            connection.sendall(half)

    def left() -> float:
        return pages.parse_text(daemon.get().body).get(
            "ml_exporter_http_connections", listener=address)

    # The deadline of a header is 10 s, that of a body 30 s.
    wait_until(lambda: left() <= 1, 8, "the connections of clients that have left are closed")


def test_slow_readers_keep_no_other_from_its_page(start):
    daemon = start.daemon("--push.producer-rate=0", collectors=("loadavg",), tree="debian12-2cpu")
    assert daemon.push("/metrics/job/big", BIG_GROUP, "PUT").status == 200
    with contextlib.ExitStack() as stack:
        for number in range(70):
            slow = stack.enter_context(wire(
                daemon.address, f"127.0.0.{1 + number % 3 * 10}", receive_bytes=2048))
            slow.sendall(request())
            # Each on its own, so that they do not share pages.
            slow.recv(1)
        for _ in range(3):
            status, body = scrape(daemon.address, "127.0.0.2")
            assert status == 200 and len(body) > len(BIG_GROUP)
        page = pages.parse_text(scrape(daemon.address, "127.0.0.2", "/metrics?collect[]=loadavg")[1])
        limit = page.get("ml_exporter_http_held_response_bytes_max")
        assert page.get("ml_exporter_http_held_response_bytes") <= limit
        assert (page.get("ml_exporter_http_refused_total", reason="held_pages")
                + page.get("ml_exporter_http_refused_total", reason="slow_reader")) > 0
        # Not one page per client: 70 would be 1.4 GB.
        assert page.get("process_resident_memory_bytes") < 400 << 20


def test_slow_readers_of_the_push_listener_hold_bytes_too(start):
    daemon = start.daemon("--push.producer-rate=0", collectors=("loadavg",), tree="debian12-2cpu")
    assert daemon.push("/metrics/job/big", BIG_GROUP, "PUT").status == 200
    with contextlib.ExitStack() as stack:
        for number in range(40):
            slow = stack.enter_context(wire(daemon.push_address, receive_bytes=2048))
            slow.sendall(request("/metrics" if number % 2 else "/api/v1/metrics"))
        page = pages.parse_text(scrape(daemon.address, "127.0.0.2", "/metrics?collect[]=loadavg")[1])
        assert page.get("ml_exporter_http_held_response_bytes") \
            <= page.get("ml_exporter_http_held_response_bytes_max")
        assert scrape(daemon.address, "127.0.0.2")[0] == 200


@pytest.mark.parametrize("descriptors", [256, 1024])
def test_few_descriptors_are_divided_between_connections_and_collectors(
        start, many_files, descriptors):
    daemon = start.daemon(prefix=("prlimit", f"--nofile={descriptors}:{descriptors}"))
    before = pages.parse_text(scrape(daemon.address, "127.0.0.2")[1])
    half = (b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 9\r\n\r\n")
    with contextlib.ExitStack() as stack:
        for number in range(descriptors + 200):
            address = daemon.push_address if number % 2 else daemon.address
            # Beyond all places clients wait in the backlog of the listening socket.
            with contextlib.suppress(TimeoutError):
                stack.enter_context(wire(address, f"127.0.1.{1 + number % 40}", seconds=1)).sendall(
                    half if number % 2 else b"GET /metrics HTTP/1.1\r\n")
        for _ in range(3):
            status, body = scrape(daemon.address, "127.0.0.2")
            assert status == 200
            page = pages.parse_text(body)
            assert page.types.keys() >= before.types.keys() - {"ml_exporter_collector_timeouts_total"}
            failed = {dict(labels)["collector"]
                      for labels, value in page.named("node_scrape_collector_success").items()
                      if value == 0}
            assert failed <= {dict(labels)["collector"] for labels, value in before.named(
                "node_scrape_collector_success").items() if value == 0}
            assert page.get("process_open_fds") <= page.get("process_max_fds") == descriptors


def test_the_soft_limit_of_descriptors_is_raised(start):
    daemon = start.daemon(tree="debian12-2cpu", prefix=("prlimit", "--nofile=200:4096"))
    assert pages.parse_text(daemon.get().body).get("process_max_fds") == 4096


@pytest.mark.parametrize("count", [100, 416, 500, 1000, 1700])
@pytest.mark.parametrize("pair", [b"collect[]=cpu", b"a", b"a=&", b"%5B=%5D"])
def test_any_number_of_parameters_is_answered(shared, count, pair):
    daemon = getattr(shared, "parameters", None)
    if daemon is None:
        daemon = shared.parameters = shared.daemon(tree="debian12-2cpu")
    target = b"/metrics?" + b"&".join([pair] * count)
    received = raw(daemon.address, b"GET " + target
                   + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", seconds=8)
    assert received[:13] in (b"HTTP/1.1 200 ", b"HTTP/1.1 414 ", b"HTTP/1.1 431 ")


def test_random_requests_leave_no_connection_behind(start):
    daemon = start.daemon(tree="debian12-2cpu")
    generator = random.Random(20261125)
    pieces = [b"GET /metrics HTTP/1.1\r\n", b"POST /v1/events HTTP/1.1\r\n", b"Host: localhost\r\n",
              b"Content-Length: 7\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n", b"5\r\nabcde\r\n",
              b"Cookie: a=b; c=d\r\n", b"X: y\r\n", b"{}", b"\0", b"HEAD / HTTP/1.0\r\n\r\n"]
    for _ in range(400):
        address = generator.choice([daemon.address, daemon.push_address])
        with wire(address, f"127.0.0.{generator.randint(1, 5)}") as connection:
            with contextlib.suppress(OSError):
                for _ in range(generator.randint(0, 8)):
                    connection.sendall(generator.choice(pieces))
                if generator.random() < 0.3:
                    connection.shutdown(socket.SHUT_WR)

    def left() -> float:
        return pages.parse_text(daemon.get().body).sum("ml_exporter_http_connections")

    wait_until(lambda: left() <= 1, 8, "the connections are closed")
