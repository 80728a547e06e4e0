"""Measures pages and remote writing, works out what hosts, sites and fleets cost, and writes docs/scaling.md.

    .venv-monitoring/bin/python Tests/Monitoring/scaling.py            # make scaling
"""

import contextlib
import gzip
import http.server
import pathlib
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy" / "demo"))

from programs import REPOSITORY, Daemon, Prometheus
from service import Producer, Service, business, training

DOCUMENT = REPOSITORY / "docs" / "scaling.md"
BEGIN, END = "<!-- made by make scaling -->\n", "<!-- end -->\n"
DAY = 86400
# Prometheus' own documentation counts on one to two bytes per sample on disk.
BYTES_PER_SAMPLE = 1.5


@dataclass
class Page:
    samples: int
    plain: int
    packed: int

    def __sub__(self, other: "Page") -> "Page":
        return Page(self.samples - other.samples, self.plain - other.plain,
                    self.packed - other.packed)


@dataclass
class Measured:
    host: Page
    table: Page
    """What one version of a model of three features adds."""
    feature: float
    """Samples that each further feature adds."""
    language: Page
    """What one version of a language model adds."""
    written: float
    """Bytes per sample of remote writing."""


def page(daemon: Daemon) -> Page:
    _, body = daemon.ask("/metrics?exclude[]=groups")
    _, packed = daemon.ask("/metrics?exclude[]=groups", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed).count(b"\n") > 10
    lines = [line for line in body.splitlines() if line and not line.startswith(b"#")]
    return Page(len(lines), len(body), len(packed))


def filled(push: str, model: str, features: int = 0, language: bool = False):
    """One version of a model with everything that a service usually tells."""
    service = Service(push, model, "1", language=language)
    events = [service.request(number) for number in range(100)]
    for event in events:
        if "features" in event:
            event["features"] |= {f"feature_{index}": 1.0 for index in range(features)}
    producer = Producer(push, model)
    producer.send([service.loaded(), service.state(), *training(model), *business(model), *events])
    producer.close()


def measure(folder: pathlib.Path) -> Measured:
    with contextlib.ExitStack() as stack:
        daemon = Daemon(folder)
        stack.callback(daemon.stop)
        for _ in range(3):
            host = page(daemon)
        # The first model also brings the families' heads and the daemon's own counts of pushes.
        filled(daemon.push, "first")
        first = page(daemon)
        filled(daemon.push, "second")
        second = page(daemon)
        filled(daemon.push, "third", features=10)
        third = page(daemon)
        filled(daemon.push, "fourth", language=True)
        fourth = page(daemon)
        table = second - first
        return Measured(host, table, (third.samples - second.samples - table.samples) / 10,
                        fourth - third, remote_bytes(folder, daemon))


def remote_bytes(folder: pathlib.Path, daemon: Daemon) -> float:
    """Bytes per sample that Prometheus sends to a remote engine, compressed."""
    class Sink(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    port = sink.server_address[1]
    prometheus = Prometheus(folder, f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
remote_write: [{{url: 'http://127.0.0.1:{port}/', queue_config: {{max_shards: 1}}}}]
scrape_configs:
  - {{job_name: ml_exporter, static_configs: [{{targets: ['{daemon.address}']}}]}}
  - {{job_name: self, static_configs: [{{targets: [localhost:9]}}]}}
""")
    try:
        time.sleep(30)
        text = prometheus.ask("/metrics")[1].decode()

        def total(name: str) -> float:
            return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                       if line.startswith(name + "{"))
        return (total("prometheus_remote_storage_bytes_total")
                / total("prometheus_remote_storage_samples_total"))
    finally:
        prometheus.stop()
        sink.shutdown()
        sink.server_close()


@dataclass
class Plan:
    name: str
    hosts: int
    interval: int
    tables: int
    """Versions of models with 20 features, on each host."""
    languages: int


PLANS = (
    Plan("one host", 1, 15, 2, 1),
    Plan("one site", 2_000, 15, 2, 1),
    Plan("one site, hosts only", 5_000, 15, 0, 0),
    Plan("fleet of 100,000 hosts", 100_000, 30, 2, 1),
)


def planned(plan: Plan, measured: Measured) -> dict[str, float]:
    per_table = measured.table.samples + 17 * measured.feature
    series = plan.hosts * (measured.host.samples + plan.tables * per_table
                           + plan.languages * measured.language.samples)
    rate = series / plan.interval
    return {"series": series, "rate": rate, "disk": rate * DAY * BYTES_PER_SAMPLE,
            "written": rate * measured.written}


def short(number: float) -> str:
    for limit, divisor, name in ((1e4, 1, ""), (1e6, 1e3, " k"), (1e9, 1e6, " M"),
                                 (1e12, 1e9, " G"), (float("inf"), 1e12, " T")):
        if number < limit:
            return f"{number / divisor:.3g}{name}" if divisor > 1 else f"{number:,.0f} "
    raise ValueError(number)


def tables(measured: Measured) -> str:
    def row(name: str, what: Page) -> str:
        return f"| {name} | {what.samples:,} | {what.plain:,} | {what.packed:,} |\n"
    text = ("| page | samples | bytes | bytes with gzip |\n| --- | ---: | ---: | ---: |\n"
            + row("a host, default collectors", measured.host)
            + row("+ a version of a model with 3 features", measured.table)
            + row("+ a version of a language model", measured.language)
            + f"\nEach further feature adds {measured.feature:g} samples. Remote writing takes "
            f"{measured.written:.1f} bytes per sample.\n\n")
    text += ("| plan | scraped each | series | samples/s | disk per day | remote writing |\n"
             "| --- | ---: | ---: | ---: | ---: | ---: |\n")
    for plan in PLANS:
        cost = planned(plan, measured)
        text += (f"| {plan.name} | {plan.interval} s | {short(cost['series']).strip()} | "
                 f"{short(cost['rate']).strip()} | {short(cost['disk'])}B | {short(cost['written'])}B/s |\n")
    return text


def main():
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(pathlib.Path(folder))
    made = tables(measured)
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + made + END + rest.split(END)[1])
    print(made)


if __name__ == "__main__":
    main()
