"""A daemon in a control group of 96 MB: no push, however it is made, makes the kernel kill it."""

import concurrent.futures
import gzip
import pathlib
import random

import pytest

from control_group import limited  # noqa: F401
from pages import parse_text
from programs import ask, connect, wait_until

LIMIT = 96 << 20
ANSWERS = {200, 202, 400, 413, 429, 503}
TEXT, JSON = "text/plain", "application/json"


def families() -> bytes:
    """Many families of one sample, the most memory per byte."""
    return b"".join(b"m%d 1\n" % number for number in range(100_000))


def explained() -> bytes:
    """Families without a sample."""
    return b"".join(b"# HELP h%d\n# TYPE h%d gauge\n" % (number, number)
                    for number in range(100_000))


def labelled() -> bytes:
    labels = b",".join(b'l%d=""' % number for number in range(29))
    return b"".join(b"m%d{%s} 1\n" % (number, labels) for number in range(50_000))


def buckets() -> bytes:
    return b"# TYPE h histogram\n" + b"".join(
        b'h_bucket{le="%d"} 1\n' % number for number in range(99_000)) + b"h_sum 1\nh_count 1\n"


def comments() -> bytes:
    """Few bytes that inflate to the limit."""
    return b"m 1\n" + b"# " + random.Random(7).randbytes(110_000).hex().encode() + b"\n" \
        + b"#\n" * (9 << 20)


def columns() -> bytes:
    """As many values as a push may have."""
    column = b"[" + b",".join([b"1"] * 10_000) + b"]"
    features = b",".join(b'"f%d":%s' % (number, column) for number in range(200))
    return b'{"model":"m","version":"1","columns":{"features":{%s}}}' % features


def brackets() -> bytes:
    """As many structures as a body may have."""
    return b'{"model":"m","version":"1","x":[' + b",".join([b"[]"] * 6_000_000) + b"]}"


def events() -> bytes:
    features = b",".join(b'"feature_%d":1.5' % number for number in range(40))
    event = b'{"model":"m","version":"1","duration_seconds":0.1,"features":{%s}}' % features
    return b"[" + b",".join([event] * 10_000) + b"]"


LONG = "/".join(f"label_{number}/{'v' * 1000}" for number in range(20))
GROUPS = {"families": families, "explained": explained, "labelled": labelled, "buckets": buckets,
          "comments": comments}
EVENTS = {"columns": columns, "brackets": brackets, "events": events}


def numbers(daemon):
    return parse_text(daemon.get("/metrics?exclude[]=groups&exclude[]=models").body)


def push(daemon, path: str, body: bytes, content_type: str) -> int:
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
    method = "POST" if path.startswith("/v1") else "PUT"
    answer = daemon.push(path, body, method, headers, timeout=120)
    if answer.status == 503:
        assert answer.headers["Retry-After"]
    return answer.status


@pytest.fixture
def small(start, tmp_path, limited):  # noqa: F811
    limited.limit(LIMIT)
    join = f'echo $$ > "{limited.folder}/cgroup.procs" && exec "$0" "$@"'
    daemon = start.daemon(
        "--push.producer-rate=0", f"--storage.path={tmp_path}/data",
        "--storage.snapshot-interval=2s", prefix=("sh", "-c", join))
    yield daemon
    # Dead, or the group cannot be removed.
    assert daemon.stop() == 0


@pytest.mark.parametrize("name", [*GROUPS, *EVENTS])
def test_pushes_that_take_much_memory_are_refused_or_taken_and_the_daemon_lives(
        small, limited, name):  # noqa: F811
    body = gzip.compress((GROUPS | EVENTS)[name](), 1)
    if len(body) > 8 << 20:
        pytest.fail(f"{len(body)} bytes would be refused for their length")
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        if name in GROUPS:
            paths = [f"/metrics/job/j{number}{'/' + LONG if number % 2 else ''}"
                     for number in range(24)]
        else:
            paths = ["/v1/events"] * 12
        answers = list(pool.map(
            lambda path: push(small, path, body, TEXT if name in GROUPS else JSON), paths))
        pages = list(pool.map(lambda _: small.get("/metrics").status, range(8)))
    assert set(answers) <= ANSWERS, answers
    assert set(pages) <= {200, 503} and 200 in pages
    assert small.alive and limited.kills == 0
    # Afterwards nothing of what was refused is still counted.
    wait_until(lambda: small.push("/v1/events", b'{"model":"m","version":"2"}', headers={
        "Content-Type": JSON}).status == 200, 30, "a small push is taken")
    found = numbers(small)
    assert found.value("ml_push_memory_limit_bytes", use="bodies") <= LIMIT / 4
    wait_until(lambda: numbers(small).value("ml_push_memory_bytes", use="bodies") == 0, 30,
               "the memory of pushes is released")
    assert found.value("ml_push_group_bytes") <= LIMIT / 4


def resident(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) << 10


def test_memory_returns_to_the_system_after_a_load(start):
    daemon = start.daemon("--push.producer-rate=0")
    ask(connect(daemon.push_address), "/v1/events", {"Content-Type": JSON}, "POST",
        b'{"model":"m","version":"1","features":{"f1":1}}')
    daemon.get("/metrics")
    idle = resident(daemon.pid)
    bodies = [gzip.compress(body, 1) for body in (columns(), events())]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: push(daemon, "/v1/events", bodies[number % 2], JSON),
                      range(16)))
        text = gzip.compress(families(), 1)
        list(pool.map(lambda number: push(daemon, f"/metrics/job/{number % 3}", text, TEXT),
                      range(12)))
    for number in range(3):
        daemon.push(f"/metrics/job/{number}", method="DELETE")
    assert resident(daemon.pid) > idle
    # The series of 200 features stay: less than a megabyte.
    wait_until(lambda: resident(daemon.pid) < idle + (5 << 20), 90, "the memory is given back")
