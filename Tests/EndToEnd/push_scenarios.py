"""Requests for two servers of groups: each scenario is a list of them, told by its name.

In paths and bodies `@@` stands for what is the scenario's own, its tag, and `@64@` for that in
base64, so that scenarios on one server do not meet. The random ones come from fixed seeds.
"""

import base64
import gzip
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

PROTOBUF = ("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
            "encoding=delimited")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes | Callable[[str], bytes] = b""
    """With places for the tag, or made from it."""
    headers: dict = field(default_factory=dict)

    def of(self, tag: str) -> "Request":
        path = self.path.replace("@@", tag).replace("@64@", encoded(tag))
        body = self.body(tag) if callable(self.body) else self.body.replace(b"@@", tag.encode())
        return Request(self.method, path, body, self.headers)


@dataclass(frozen=True)
class Scenario:
    name: str
    requests: tuple[Request, ...]


def encoded(value: str, padded: bool = True) -> str:
    text = base64.urlsafe_b64encode(value.encode()).decode()
    return text if padded else text.rstrip("=")


SAMPLE = b"@@_x 1\n"


# MARK: Paths

PATHS = {
    "job": "/metrics/job/@@",
    "job and label": "/metrics/job/@@/instance/i",
    "two labels": "/metrics/job/@@/b/2/a/1",
    "slash at the end": "/metrics/job/@@/",
    "empty last value": "/metrics/job/@@/a/",
    "odd parts": "/metrics/job/@@/a",
    "three parts": "/metrics/job/@@/a/1/b",
    "label twice": "/metrics/job/@@/a/1/a/2",
    "job as label": "/metrics/job/@@/job/other",
    "no job": "/metrics/job/",
    "no job at all": "/metrics/job",
    "instance first": "/metrics/instance/i/job/@@",
    "other word": "/metrics/jobs/@@",
    "double slash": "/metrics/job/@@//a/1",
    "empty job in the middle": "/metrics/job//a/@@",
    "dot segment": "/metrics/job/@@/./a/1",
    "climbing segment": "/metrics/job/@@/x/../a/1",
    "encoded slash": "/metrics/job/@@/a/x%2Fy",
    "encoded blank": "/metrics/job/@@/a/x%20y",
    "plus": "/metrics/job/@@/a/x+y",
    "encoded quote": "/metrics/job/@@/a/%22",
    "encoded line feed": "/metrics/job/@@/a/x%0Ay",
    "UTF-8": "/metrics/job/@@/a/%C3%BC",
    "no UTF-8": "/metrics/job/@@/a/%FF",
    "bad escape": "/metrics/job/@@/a/%zz",
    "dotted label": "/metrics/job/@@/a.b/1",
    "dashed label": "/metrics/job/@@/a-b/1",
    "digit label": "/metrics/job/@@/1a/1",
    "colon label": "/metrics/job/@@/a:b/1",
    "hidden label": "/metrics/job/@@/__a/1",
    "empty label": "/metrics/job/@@//1",
    "label le": "/metrics/job/@@/le/1",
    "base64 job": "/metrics/job@base64/@64@",
    "base64 label": f"/metrics/job/@@/a@base64/{encoded('x/y z')}",
    "base64 without padding": f"/metrics/job/@@/a@base64/{encoded('x/y z', False)}",
    "base64 of nothing": "/metrics/job/@@/a@base64/=",
    "base64 of nothing, no sign": "/metrics/job/@@/a@base64/",
    "base64 with the other alphabet": "/metrics/job/@@/a@base64/ab+/",
    "invalid base64": "/metrics/job/@@/a@base64/a.b",
    "base64 that is too short": "/metrics/job/@@/a@base64/abcde",
    "base64 of a byte that is no UTF-8": "/metrics/job/@@/a@base64/_w==",
    "invalid base64 job": "/metrics/job@base64/a.b",
    "suffix alone": "/metrics/job/@@/@base64/eA==",
    "query": "/metrics/job/@@?x=1",
    "capitals": "/METRICS/job/@@",
}

# MARK: Bodies

BODIES = {
    "nothing": b"",
    "counter": b"# HELP @@_c Help.\n# TYPE @@_c counter\n@@_c 1\n",
    "untyped": b"@@_x 1\n",
    "labels": b'@@_x{b="2",a="1"} 1\n',
    "escapes": b'# HELP @@_x a\\\\b\\nc\n@@_x{a="\\\\ \\" \\n"} 1\n',
    "own job and instance": b'@@_x{job="mine",instance="me"} 1\n',
    "no line feed": b"@@_x 1",
    "carriage return": b"@@_x 1\r\n",
    "blank at the end": b"@@_x 1 \n",
    "tabs": b"@@_x\t1\n",
    "blank lines": b"\n\n@@_x 1\n\n",
    "remark": b"# a remark\n@@_x 1\n",
    "EOF": b"@@_x 1\n# EOF\n",
    "exemplar": b'# TYPE @@_x_total counter\n@@_x_total 1 # {a="1"} 1\n# EOF\n',
    "timestamp": b"@@_x 1 1700000000000\n",
    "timestamp of no digits": b"@@_x 1 x\n",
    "duplicate": b"@@_x 1\n@@_x 2\n",
    "duplicate in another order": b'@@_x{a="1",b="2"} 1\n@@_x{b="2",a="1"} 2\n',
    "duplicate but for an empty label": b'@@_x{a="1"} 1\n@@_x{a="1",b=""} 2\n',
    "label twice": b'@@_x{a="1",a="2"} 1\n',
    "label __name__": b'@@_x{__name__="y"} 1\n',
    "hidden label": b'@@_x{__a="y"} 1\n',
    "trailing comma": b'@@_x{a="1",} 1\n',
    "empty braces": b"@@_x{} 1\n",
    "no value": b"@@_x\n",
    "no quotes": b"@@_x{a=1} 1\n",
    "open quotes": b'@@_x{a="1} 1\n',
    "bad escape": b'@@_x{a="\\t"} 1\n',
    "no UTF-8": b'@@_x{a="\xff"} 1\n',
    "no UTF-8 in help": b"# HELP @@_x \xff\n@@_x 1\n",
    "UTF-8": '@@_x{a="ü"} 1\n'.encode(),
    "name with a dash": b"@@-x 1\n",
    "name with a colon": b"@@:x 1\n",
    "name of digits": b"1 1\n",
    "type after sample": b"@@_x 1\n# TYPE @@_x counter\n",
    "second type": b"# TYPE @@_x counter\n# TYPE @@_x counter\n@@_x 1\n",
    "second help": b"# HELP @@_x a\n# HELP @@_x b\n@@_x 1\n",
    "unknown type": b"# TYPE @@_x thing\n@@_x 1\n",
    "type of OpenMetrics": b"# TYPE @@_x unknown\n@@_x 1\n",
    "type in capitals": b"# TYPE @@_x COUNTER\n@@_x 1\n",
    "type without sample": b"# TYPE @@_x counter\n",
    "type twice with samples between": b"# TYPE @@_x gauge\n@@_x 1\n@@_y 1\n@@_x{a=\"1\"} 2\n",
    "NaN": b"@@_x NaN\n",
    "infinite": b"@@_x +Inf\n@@_y -inf\n@@_z Infinity\n",
    "signed NaN": b"@@_x -NaN\n",
    "negative counter": b"# TYPE @@_x counter\n@@_x -1\n",
    "hexadecimal": b"@@_x 0x10\n",
    "underscores": b"@@_x 1_000\n",
    "exponent": b"@@_x 1e3\n@@_y 1E-3\n@@_z .5\n",
    "too large": b"@@_x 1e999\n",
    "too small": b"@@_x 1e-999\n",
    "long": b"@@_x 0.1234567890123456789012345678901234567890\n",
    "histogram": b'# TYPE @@_h histogram\n@@_h_bucket{le="0.5"} 1\n@@_h_bucket{le="+Inf"} 2\n'
                 b"@@_h_sum 3.5\n@@_h_count 2\n",
    "histogram without +Inf": b'# TYPE @@_h histogram\n@@_h_bucket{le="1"} 1\n@@_h_sum 3\n'
                              b"@@_h_count 2\n",
    "histogram without count": b'# TYPE @@_h histogram\n@@_h_bucket{le="1"} 1\n',
    "histogram of a count": b"# TYPE @@_h histogram\n@@_h_count 2\n",
    "histogram with falling counts": b'# TYPE @@_h histogram\n@@_h_bucket{le="1"} 5\n'
                                     b'@@_h_bucket{le="2"} 3\n@@_h_count 3\n@@_h_sum 1\n',
    "histogram with mixed bounds": b'# TYPE @@_h histogram\n@@_h_bucket{le="2"} 2\n'
                                   b'@@_h_bucket{le="1"} 1\n@@_h_count 3\n@@_h_sum 1\n',
    "histogram with a bound twice": b'# TYPE @@_h histogram\n@@_h_bucket{le="1"} 1\n'
                                    b'@@_h_bucket{le="1.0"} 2\n@@_h_count 3\n@@_h_sum 1\n',
    "histogram with a plain sample": b"# TYPE @@_h histogram\n@@_h 1\n",
    "histogram with an invalid bound": b'# TYPE @@_h histogram\n@@_h_bucket{le="x"} 1\n',
    "histogram with half a count": b'# TYPE @@_h histogram\n@@_h_bucket{le="1"} 1.5\n'
                                   b"@@_h_count 2.5\n@@_h_sum 1\n",
    "histogram with a negative count": b"# TYPE @@_h histogram\n@@_h_count -1\n",
    "histogram of two metrics": b'# TYPE @@_h histogram\n@@_h_count{a="1"} 1\n'
                                b'@@_h_count{a="2"} 2\n@@_h_sum{a="2"} 2\n@@_h_sum{a="1"} 1\n',
    "summary": b'# TYPE @@_s summary\n@@_s{quantile="0.5"} 1\n@@_s_sum 2\n@@_s_count 3\n',
    "summary of a sum": b"# TYPE @@_s summary\n@@_s_sum 2\n",
    "parts without a type": b'@@_h_bucket{le="1"} 1\n@@_h_sum 1\n@@_h_count 1\n',
    "name of a part": b"# TYPE @@_h histogram\n@@_h_count 1\n# TYPE @@_h_count gauge\n@@_h_count 2\n",
    "gauge with le": b'# TYPE @@_g gauge\n@@_g{le="1"} 1\n',
    "gauge with quantile": b'# TYPE @@_g gauge\n@@_g{quantile="1"} 1\n',
    "counter and total": b"# TYPE @@_c counter\n@@_c 1\n# TYPE @@_c_total counter\n@@_c_total 1\n",
    "push time": b"push_time_seconds 7\n@@_x 1\n",
    "own name": b"# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 7\n",
    "HTML": b"<html>\n",
    "NUL": b"@@_x 1\n\x00\n",
}


# MARK: Protobuf

def varint(value: int) -> bytes:
    result = b""
    while value > 127:
        result += bytes([value & 127 | 128])
        value >>= 7
    return result + bytes([value])


def part(number: int, body: bytes | str) -> bytes:
    body = body.encode() if isinstance(body, str) else body
    return varint(number << 3 | 2) + varint(len(body)) + body


def real(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def family(name: str, kind: int | None, *metrics: bytes, help_text: str | None = None) -> bytes:
    body = part(1, name)
    body += part(2, help_text) if help_text is not None else b""
    body += whole(3, kind) if kind is not None else b""
    body += b"".join(part(4, metric) for metric in metrics)
    return varint(len(body)) + body


def label(name: str, value: str) -> bytes:
    return part(1, part(1, name) + part(2, value))


COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM = range(5)


def messages(tag: str) -> dict[str, bytes]:
    return {
        "counter": family(f"{tag}_c", COUNTER, part(3, real(1, 5)), help_text="Help."),
        "gauge with labels": family(f"{tag}_g", GAUGE, label("b", "1") + label("a", "2") + part(2, real(1, 5))),
        "untyped": family(f"{tag}_u", UNTYPED, part(5, real(1, 5))),
        "no type is a counter": family(f"{tag}_c", None, part(3, real(1, 5))),
        "no value is zero": family(f"{tag}_c", COUNTER, part(3, b"")),
        "type without the field": family(f"{tag}_c", COUNTER, part(2, real(1, 5))),
        "histogram": family(f"{tag}_h", HISTOGRAM, part(7, whole(1, 3) + real(2, 4.5)
                                                   + part(3, whole(1, 1) + real(2, 0.5)))),
        "summary": family(f"{tag}_s", SUMMARY, part(4, whole(1, 3) + real(2, 4.5)
                                                + part(3, real(1, 0.5) + real(2, 7)))),
        "timestamp": family(f"{tag}_c", COUNTER, part(3, real(1, 5)) + whole(6, 1700000000000)),
        "two families": family(f"{tag}_a", GAUGE, part(2, real(1, 1))) + family(f"{tag}_b", GAUGE, part(2, real(1, 2))),
        "same family twice": family(f"{tag}_a", GAUGE, part(2, real(1, 1))) + family(f"{tag}_a", GAUGE, part(2, real(1, 2))),
        "same series twice": family(f"{tag}_a", GAUGE, part(2, real(1, 1)), part(2, real(1, 2))),
        "same label twice": family(f"{tag}_a", GAUGE, label("x", "1") + label("x", "2") + part(2, real(1, 1))),
        "bad label name": family(f"{tag}_a", GAUGE, label("x-y", "1") + part(2, real(1, 1))),
        "hidden label name": family(f"{tag}_a", GAUGE, label("__x", "1") + part(2, real(1, 1))),
        "bad name": family(f"{tag}-a", GAUGE, part(2, real(1, 1))),
        "no name": family("", GAUGE, part(2, real(1, 1))),
        "no metrics": family(f"{tag}_a", GAUGE),
        "unknown field": family(f"{tag}_a", GAUGE, part(2, real(1, 1)) + part(99, "x")),
        "unknown type": family(f"{tag}_a", 17, part(2, real(1, 1))),
        "cut off": family(f"{tag}_a", GAUGE, part(2, real(1, 1)))[:-3],
        "noise": b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        "nothing": b"",
    }


# MARK: Encodings

def compress(tag: str) -> bytes:
    return gzip.compress(SAMPLE.replace(b"@@", tag.encode()), mtime=0)


ENCODINGS = {
    "gzip": ("gzip", compress),
    "gzip of two members": ("gzip", lambda tag: compress(tag) + gzip.compress(b"\n")),
    "gzip cut off": ("gzip", lambda tag: compress(tag)[:-4]),
    "gzip with a wrong sum": (
        "gzip", lambda tag: compress(tag)[:-8] + b"\0\0\0\0" + compress(tag)[-4:]),
    "invalid gzip": ("gzip", SAMPLE),
    "gzip of nothing": ("gzip", gzip.compress(b"", mtime=0)),
    "gzip with noise behind": ("gzip", lambda tag: compress(tag) + b"noise"),
    "capitals": ("GZIP", compress),
    "identity": ("identity", SAMPLE),
    "deflate": ("deflate", SAMPLE),
}


TYPES = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "OpenMetrics": "application/openmetrics-text; version=1.0.0",
    "JSON": "application/json",
    "form": "application/x-www-form-urlencoded",
    "malformed": ";;;",
    "protobuf without encoding": "application/vnd.google.protobuf",
}


# MARK: Sequences

def sequence(number: int) -> Scenario:
    """Some pushes and deletions over few groups and few names, so that they meet."""
    chance = random.Random(number)
    kinds = ["counter", "gauge", "untyped", "histogram", "summary"]

    def lines(name: str) -> str:
        kind = chance.choice(kinds)
        text = f"# HELP {name} {chance.choice('ab')}\n" if chance.random() < 0.3 else ""
        text += f"# TYPE {name} {kind}\n" if kind != "untyped" else ""
        for value in chance.sample(range(4), chance.randint(1, 3)):
            labels = f'a="{value}"' if value else ""
            if kind in ("histogram", "summary"):
                text += f"{name}_sum{{{labels}}} {value}\n{name}_count{{{labels}}} {value}\n"
            else:
                text += f"{name}{{{labels}}} {chance.randint(0, 9)}\n"
        return text

    requests = []
    for _ in range(chance.randint(3, 8)):
        path = "/metrics/job/@@" + chance.choice(["", "", "/g/1", "/g/2", "/a/1"])
        method = chance.choice(["PUT", "POST", "POST", "DELETE"])
        names = chance.sample(["@@_x", "@@_y", "@@_x_count", "@@_x_sum"], chance.randint(0, 2))
        body = "".join(map(lines, names)) if method != "DELETE" else ""
        requests.append(Request(method, path, body.encode()))
    return Scenario(f"sequence {number}", tuple(requests))


def all_scenarios(sequences: int) -> list[Scenario]:
    scenarios = []
    for name, path in PATHS.items():
        for method in ("PUT", "POST", "DELETE"):
            scenarios.append(Scenario(f"path {name} {method}", (Request(method, path, SAMPLE),)))
    for name, body in BODIES.items():
        requests = (Request("PUT", "/metrics/job/@@/g/1", b"@@_first 1\n"),
                    Request("POST", "/metrics/job/@@/g/1", body))
        scenarios.append(Scenario(f"body {name}", requests))
    for name in messages(""):
        request = Request("PUT", "/metrics/job/@@", lambda tag, name=name: messages(tag)[name],
                          {"Content-Type": PROTOBUF})
        scenarios.append(Scenario(f"message {name}", (request,)))
    for name, (coding, body) in ENCODINGS.items():
        request = Request("PUT", "/metrics/job/@@", body, {"Content-Encoding": coding})
        scenarios.append(Scenario(f"encoding {name}", (request,)))
    for name, content_type in TYPES.items():
        request = Request("PUT", "/metrics/job/@@", SAMPLE, {"Content-Type": content_type})
        scenarios.append(Scenario(f"type {name}", (request,)))
    for method in ("GET", "HEAD", "PATCH", "OPTIONS"):
        scenarios.append(Scenario(f"method {method}", (Request(method, "/metrics/job/@@"),)))
    scenarios += [sequence(number) for number in range(sequences)]
    return scenarios
