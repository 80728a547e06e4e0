"""A small site: two hosts, two models, real traffic, Prometheus with our rules and a month of history."""

import collections
import contextlib
import os
import pathlib
import subprocess
import threading
import time
from dataclasses import dataclass

from files import REPOSITORY
from nvml import Library
from programs import Daemon, Prometheus, wait_until
from service import Producer, Service, business, training

DAY = 86400
HISTORY_DAYS = 30
HISTORY_STEP = 240
# Requests per second of the past; the services of today push more and less.
HISTORY_RATE = 25

CONFIGURATION = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files: [{rules}/*.yml]
scrape_configs:
  - job_name: ml_exporter
    params: {{'exclude[]': [groups]}}
    static_configs: [{{targets: [{targets}]}}]
  - job_name: ml_exporter_groups
    honor_labels: true
    params: {{'collect[]': [groups]}}
    static_configs: [{{targets: [{targets}]}}]
"""


@dataclass
class Moment:
    """What had been pushed by a time: counts by what is counted, its detail, model, version and host."""

    time: float
    counts: collections.Counter

    def __sub__(self, other: "Moment") -> "Moment":
        difference = self.counts.copy()
        difference.subtract(other.counts)
        return Moment(self.time - other.time, difference)

    def sum(self, kind: str, detail=None, **wanted) -> float:
        """`wanted` may name model, version and host; `detail` may be a set of details."""
        names = ("model", "version", "host")
        return sum(number for (what, which, *place), number in self.counts.items()
                   if what == kind and (detail is None or which == detail
                                        or isinstance(detail, set) and which in detail)
                   and all(dict(zip(names, place))[name] == value
                           for name, value in wanted.items()))

    def rate(self, kind: str, detail=None, **wanted) -> float:
        return self.sum(kind, detail, **wanted) / self.time


class Clumsy(threading.Thread):
    """Does what the daemon has to refuse or to leave out: wrong events, copies, reasons without end."""

    def __init__(self, push: str):
        super().__init__(daemon=True)
        self.producer = Producer(push, "clumsy")
        self.copies = 0
        self.stopping = threading.Event()

    def run(self):
        number = 0
        while not self.stopping.wait(0.5):
            number += 1
            event = {"model": "lab", "version": "1", "outcome": "rejected",
                     "reason": f"reason-{number}", "duration_seconds": 0.01, "colour": "blue"}
            try:
                # Without a model: the batch is refused as a whole.
                self.producer.send([{"type": "inference"}])
            except ValueError:
                pass
            self.producer.send([event])
            self.producer.sequence -= 1
            self.producer.send([event])
            self.copies += 1
            if number % 4 == 0:
                self.producer.sequence += 1024
        self.producer.close()

    def stop(self):
        self.stopping.set()
        self.join()


@dataclass
class Site:
    folder: pathlib.Path
    hosts: list[Daemon]
    prometheus: Prometheus
    services: list[Service]
    clumsy: Clumsy

    def moment(self) -> Moment:
        counts = collections.Counter()
        for service in self.services:
            place = (service.model, service.version, service.host)
            pushed = service.pushed
            for kind in ("outcomes", "errors", "missing", "tokens", "durations"):
                for detail, number in dict(getattr(pushed, kind)).items():
                    counts[kind, detail, *place] += number
            counts["requests", None, *place] += pushed.requests
            counts["rows", None, *place] += pushed.rows
            counts["earned", None, *place] += pushed.earned
            counts["lost", None, *place] += pushed.lost
            counts["labels", None, *place] += pushed.labels
            counts["invalid rows", None, *place] += pushed.invalid_rows
        counts["copies", None, "lab", "1", 1] = self.clumsy.copies
        return Moment(time.time(), counts)



def history(folder: pathlib.Path, instances: list[str], end: float):
    """A month of a model's traffic, as blocks in Prometheus' own folder."""
    start = end - HISTORY_DAYS * DAY
    lines = ["# TYPE ml_requests counter"]
    shares = {"ok": 0.997, "server_error": 0.001, "timeout": 0.0005, "client_error": 0.0015}
    for instance in instances:
        for outcome, share in shares.items():
            labels = (f'job="ml_exporter",instance="{instance}",model="fraud",version="3",'
                      f'variant="champion",outcome="{outcome}"')
            lines += [f"ml_requests_total{{{labels}}} {HISTORY_RATE * share * (at - start):.3f} {at}"
                      for at in range(int(start), int(end), HISTORY_STEP)]
    lines += ["# TYPE ml_feature_rows counter"]
    feature = 'version="3",variant="champion",feature="age"'
    for instance in instances:
        labels = f'job="ml_exporter",instance="{instance}",model="fraud",{feature}'
        lines += [f"ml_feature_rows_total{{{labels}}} {HISTORY_RATE * (at - start):.0f} {at}"
                  for at in range(int(start), int(end), HISTORY_STEP)]
    file = folder / "history.om"
    file.write_text("\n".join([*lines, "# EOF", ""]))
    done = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet",
                           "--max-block-duration=720h", file, folder / "tsdb"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    file.unlink()


def start(folder: pathlib.Path, stack: contextlib.ExitStack) -> Site:
    """Everything that runs is ended by `stack`, the services first."""
    socket = folder / "push.sock"
    settings = folder / "settings.yml"
    settings.write_text("defaults:\n  retrain_after_rows: 1000000\n")
    gpus = Library(folder / "nvml", f"pid {os.getpid()}")
    hosts = []
    # Dashboards tell hosts apart by name.
    for place, library, name in ((str(socket), gpus.path, "alpha"), ("none", "none", "beta")):
        hosts.append(Daemon(folder, f"--config.file={settings}", f"--path.nvml={library}",
                            "--storage.snapshot-interval=2s",
                            socket=place, host_name=name))
        stack.callback(hosts[-1].stop)
    history(folder, [host.address for host in hosts], time.time() - 120)
    prometheus = Prometheus(
        folder, CONFIGURATION.format(
            rules=REPOSITORY / "deploy" / "prometheus" / "rules",
            targets=", ".join(f"'{host.address}'" for host in hosts)),
        "--storage.tsdb.retention.time=60d", "--enable-feature=extra-scrape-metrics",
        "--storage.tsdb.allow-overlapping-blocks")
    stack.callback(prometheus.stop)
    # Over the socket the daemon knows the process that pushes, and what it costs.
    first, second = f"unix:{socket}", hosts[1].push
    services = [
        Service(first, "fraud", "3", "champion", rate=40),
        Service(second, "fraud", "3", "champion", rate=40, phase="inputs"),
        Service(first, "fraud", "4", "challenger", rate=20, phase="errors"),
        Service(first, "chat", "1", rate=20, language=True),
        Service(second, "chat", "1", rate=20, language=True, phase="latency"),
    ]
    for service in services:
        service.host = 0 if service.producer.push == first else 1
    site = Site(folder, hosts, prometheus, services, Clumsy(second))
    producer = Producer(hosts[0].push, "trainer")
    for model, f1 in (("fraud", 0.91), ("chat", 0.83)):
        producer.send([*training(model, f1), *business(model)])
    producer.close()
    for host, size in zip(hosts, (5, 7)):
        group = f"# TYPE backup_size_bytes gauge\nbackup_size_bytes {size}\n".encode()
        status, said = host.put("/metrics/job/nightly/instance/" + host.address, group)
        assert status == 200, said
    for service in (*services, site.clumsy):
        service.start()
        stack.callback(service.stop)
    wait_until(lambda: all(service.pushed.requests for service in services), 30, "first pushes")
    return site
