"""The CPU that the most expensive bodies cost per inflated megabyte, for each kind of push, beside the
median of their kind."""

import contextlib
import gzip
import pathlib
import random
import statistics
import struct

from measuring import ask, connect, cpu_nanoseconds, verdict
from programs import Daemon

FLAGS = ("--collector.disable-defaults", "--push.producer-rate=0", "--storage.path=none")
MEGABYTE = 1 << 20
RATIO = 4
JSON, LINES, TEXT = "application/json", "application/x-ndjson", "text/plain"
PROTOBUF = ("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
            "encoding=delimited")
GROUP, EVENTS = "/metrics/job/cost", "/v1/events"


def fill(piece: bytes, head: bytes = b"", tail: bytes = b"", between: bytes = b"") -> bytes:
    """A body of about a megabyte."""
    count = max(1, (MEGABYTE - len(head) - len(tail)) // (len(piece) + len(between)))
    return head + between.join([piece] * count) + tail


def numbered(form: str, head: str = "", between: str = "") -> bytes:
    pieces, size = [], len(head)
    while size < MEGABYTE:
        pieces.append(form % len(pieces))
        size += len(pieces[-1]) + len(between)
    return (head + between.join(pieces)).encode()


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def family(name: bytes, kind: int, *metrics: bytes) -> bytes:
    message = field(1, name) + bytes([0x18, kind]) + b"".join(field(4, each) for each in metrics)
    return varint(len(message)) + message


EVENT = b'{"model":"m","version":"1","duration_seconds":0.1,"features":{"a":1.5,"b":"x"}}'
GAUGE = b"\x09" + struct.pack("<d", 1)


def bodies() -> dict[str, dict[str, tuple[str, str, bytes]]]:
    """By kind, then by name: path, content type, body."""
    noise = random.Random(1)
    value = b'"' + b"\\u00e9" * 100 + b'"'
    column = b"[" + b",".join([b"0.5"] * 10_000) + b"]"
    label = field(1, b"l") + field(2, b"v")
    kinds = {
        "JSON": (EVENTS, JSON, {
            "events": fill(EVENT, b"[", b"]", b","),
            "brackets": fill(b"[]", b'{"model":"m","version":"1","x":[', b"]}", b","),
            "depth": fill(b"[" * 60 + b"]" * 60, b'[', b"]", b","),
            "empty objects": fill(b"{}", b"[", b"]", b","),
            "escapes": fill(value, b'{"model":"m","version":"1","x":[', b"]}", b","),
            "unknown keys": numbered('"k%d":1', '{"model":"m","version":"1",', ",") + b"}",
            "features": numbered('"k%d":1', '{"model":"m","version":"1","features":{', ",") + b"}}",
            "digits": fill(b"0." + b"1" * 300, b'{"model":"m","version":"1","x":[', b"]}", b","),
            "blanks": b"[" + b" " * MEGABYTE + EVENT + b"]",
            "models": numbered('{"model":"m%d","version":"1"}', "[", ",") + b"]",
        }),
        "NDJSON": (EVENTS, LINES, {
            "events": fill(EVENT + b"\n"), "empty objects": fill(b"{}\n"), "not JSON": fill(b"x\n"),
            "empty lines": fill(b"\n"), "cut off": fill(EVENT[:-1] + b"\n"),
            "one line": fill(EVENT, b"[", b"]\n", b","),
        }),
        "columns": (EVENTS, JSON, {
            "one": b'{"model":"m","version":"1","columns":{"duration_seconds":%s}}' % column,
            "features": b'{"model":"m","version":"1","columns":{"features":{' + b",".join(
                b'"f%d":%s' % (number, column) for number in range(25)) + b"}}}",
            "texts": b'{"model":"m","version":"1","columns":{"reason":['
                     + b",".join(b'"r%d"' % number for number in range(10_000)) + b"]}}",
            "wrong": b'{"model":"m","version":"1","columns":{"duration_seconds":['
                     + b",".join([b'"x"'] * 10_000) + b"]}}",
        }),
        "text": (GROUP, TEXT, {
            "series": numbered('m{a="%d",b="x"} 1\n'), "families": numbered("m%d 1\n"),
            "HELP": numbered("# HELP m%d x\n"), "comments": fill(b"#\n"), "empty lines": fill(b"\n"),
            "labels": fill(b"m{" + b",".join(b'l%d=""' % number for number in range(60)) + b"} 1\n"),
            "escapes": fill(b'm{a="' + b"\\\\" * 500 + b'"} 1\n'),
            "buckets": numbered('h_bucket{le="%d"} 1\n', "# TYPE h histogram\n"),
            "histograms": numbered('h_count{a="%d"} 1\n', "# TYPE h histogram\n"),
            "twice": fill(b"m 1\n"),
            "digits": fill(b"m 0." + b"1" * 300 + b"\n"),
        }),
        "protobuf": (GROUP, PROTOBUF, {
            "gauges": b"".join(family(b"m%d" % number, 1, field(2, GAUGE))
                               for number in range(50_000)),
            "one name": fill(family(b"m", 1, field(2, GAUGE))),
            "labels": fill(family(b"m", 1, field(1, label) * 60 + field(2, GAUGE))),
            "buckets": family(b"h", 4, field(7, field(3, b"\x08\x01\x11" + bytes(8)) * 80_000)),
            "empty messages": fill(b"\x00"),
            "unknown fields": family(b"m", 1, fill(b"\x78\x01")),
        }),
        "gzip": (GROUP, TEXT, {
            "one member": gzip.compress(numbered('m{a="%d"} 1\n'), 1),
            "many members": b"".join(gzip.compress(b'm{a="%d"} 1\n' % number, 1)
                                     for number in range(20_000)),
            "empty members": gzip.compress(b"") * 40_000 + gzip.compress(b"m 1\n"),
            "noise": gzip.compress(b"# " + noise.randbytes(MEGABYTE // 2).hex().encode() + b"\n", 1),
        }),
    }
    return {kind: {name: (path, content_type, body) for name, body in found.items()}
            for kind, (path, content_type, found) in kinds.items()}


def cost(daemon, path: str, content_type: str, body: bytes, encoding: str | None) -> tuple[float, int]:
    """Milliseconds of CPU per inflated megabyte, and the answer."""
    headers = {"Content-Type": content_type}
    size = len(body)
    if encoding:
        headers["Content-Encoding"] = encoding
        size = len(gzip.decompress(body))
    method = "PUT" if path == GROUP else "POST"
    before = cpu_nanoseconds(daemon.pid)
    with contextlib.closing(connect(daemon.push_address, 60)) as wire:
        status = ask(wire, path, headers, method, body).status
    spent = (cpu_nanoseconds(daemon.pid) - before) / 1e6
    # The compressed bytes are read as well.
    return spent / (max(size, len(body)) / MEGABYTE), status


def measure(options, folder: pathlib.Path) -> list[str]:
    lines = ["## The most expensive bodies", "",
             f"ms of CPU per inflated MB; the worst is at most {RATIO} times the median of its kind.", "",
             "| | median | worst | which, its answer | ratio | |", "| --- | --- | --- | --- | --- | --- |"]
    daemon = Daemon(folder / "costs.log", *FLAGS)
    try:
        for kind, found in bodies().items():
            costs = {}
            for name, (path, content_type, body) in found.items():
                rounds = [cost(daemon, path, content_type, body, "gzip" if kind == "gzip" else None)
                          for _ in range(3)]
                costs[name] = (statistics.median(spent for spent, _ in rounds), rounds[0][1])
                with contextlib.closing(connect(daemon.push_address)) as wire:
                    ask(wire, GROUP, method="DELETE")
            median = statistics.median(spent for spent, _ in costs.values())
            worst = max(costs, key=lambda name: costs[name][0])
            spent, status = costs[worst]
            lines.append(f"| {kind} | {median:.1f} | {spent:.1f} | {worst}, {status} | "
                         f"{spent / median:.1f} | {verdict(spent <= RATIO * median)} |")
    finally:
        daemon.stop()
    return lines
