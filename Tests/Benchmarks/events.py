"""Pushed events: single ones beside Pushgateway, many at once beside VictoriaMetrics, and what
pushers at full speed do to a scrape."""

import contextlib
import dataclasses
import json
import pathlib
import random
import statistics
import subprocess
import time

from measuring import HERE, ask, connect, cpu_nanoseconds, memory_kilobytes
from programs import Daemon, Program, Pushgateway, free_port, has, wait_until

CONNECTIONS = 16
ROWS = 10_000
SECONDS = 3
EVENT = b'{"model":"m","version":"1","duration_seconds":0.0123,"outcome":"ok"}'
GROUP = b"# TYPE requests_total counter\nrequests_total 1\nduration_seconds 0.0123\n"


class VictoriaMetrics(Program):
    """Debian's, with an empty storage."""

    def __init__(self, folder: pathlib.Path):
        self.address = f"127.0.0.1:{free_port()}"
        super().__init__(
            ["victoria-metrics", f"-httpListenAddr={self.address}",
             f"-storageDataPath={folder}/vm"], folder / "vm.log")
        wait_until(self.is_ready, 20, "VictoriaMetrics")

    def is_ready(self) -> bool:
        try:
            with contextlib.closing(connect(self.address)) as connection:
                return ask(connection, "/health").status == 200
        except OSError:
            return False


def pusher(folder: pathlib.Path) -> pathlib.Path:
    program = folder / "pusher"
    if not program.exists():
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", program, HERE / "pusher.c"], check=True)
    return program


def request(folder: pathlib.Path, path: str, body: bytes, content_type: str) -> pathlib.Path:
    file = folder / "request"
    file.write_bytes(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (
                         path.encode(), content_type.encode(), len(body), body))
    return file


@dataclasses.dataclass
class Pushes:
    count: int
    cpu_us: float
    """Of the program, per push."""
    p50_us: float
    p99_us: float
    longest_us: float


def push(program, address: str, path: str, body: bytes, content_type: str, folder: pathlib.Path,
         connections: int = CONNECTIONS, seconds: float = SECONDS) -> Pushes:
    """One push after the other on each of some connections that stay."""
    file = request(folder, path, body, content_type)
    before = cpu_nanoseconds(program.pid)
    done = subprocess.run(
        [pusher(folder), address.rsplit(":", 1)[1], str(connections), str(seconds), file],
        capture_output=True, text=True, check=True)
    good, bad, p50, p99, longest = map(int, done.stdout.split())
    if bad or not good:
        raise SystemExit(f"{bad} of {good + bad} pushes to {path} were refused")
    return Pushes(good, (cpu_nanoseconds(program.pid) - before) / good / 1e3, p50, p99, longest)


def bulk(program, address: str, path: str, body: bytes, content_type: str, rows: int) -> float:
    """Millions of rows per CPU second."""
    with contextlib.closing(connect(address, 60)) as connection:
        headers = {"Content-Type": content_type}
        for _ in range(5):
            ask(connection, path, headers, "POST", body)
        before, count = cpu_nanoseconds(program.pid), 0
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            answer = ask(connection, path, headers, "POST", body)
            if answer.status >= 300:
                raise SystemExit(f"{path} answered {answer.status}: {answer.text}")
            count += rows
        return count * 1e3 / (cpu_nanoseconds(program.pid) - before)


def bodies() -> dict[str, tuple[bytes, str]]:
    chance = random.Random(7)
    times = [round(chance.lognormvariate(-4, 1), 6) for _ in range(ROWS)]
    words = ["timeout" if chance.random() < 0.01 else "ok" for _ in range(ROWS)]
    scope = {"model": "m", "version": "1"}
    rows = [{**scope, "duration_seconds": value} for value in times]
    features = {f"x{n}": [round(chance.gauss(0, 1), 4) for _ in range(ROWS)] for n in range(10)}

    def columns(**content):
        return json.dumps({**scope, "columns": content}).encode(), "application/json"

    return {
        "columns, durations": columns(duration_seconds=times),
        "columns, durations and outcomes": columns(duration_seconds=times, outcome=words),
        "columns, durations and 10 features": columns(duration_seconds=times, features=features),
        "an array": (json.dumps(rows).encode(), "application/json"),
        "NDJSON": ("\n".join(map(json.dumps, rows)).encode(), "application/x-ndjson"),
    }


def imports() -> dict[str, tuple[str, bytes]]:
    """The same observations for VictoriaMetrics, as samples of their own times."""
    chance = random.Random(7)
    times = [round(chance.lognormvariate(-4, 1), 6) for _ in range(ROWS)]
    first = int(time.time() * 1000) - 3_600_000
    name = {"__name__": "duration_seconds", "model": "m", "version": "1"}
    stamps = list(range(first, first + ROWS))
    lines = "".join(
        f'duration_seconds{{model="m",version="1"}} {value} {stamp}\n'
        for value, stamp in zip(times, stamps))
    return {
        "columns": ("/api/v1/import", json.dumps(
            {"metric": name, "values": times, "timestamps": stamps}).encode()),
        "lines": ("/api/v1/import/prometheus", lines.encode()),
    }


def scrape_p99(daemon, busy: bool, folder: pathlib.Path, events: int = 100) -> float:
    """Milliseconds in which 99 of 100 scrapes are answered, beside pushes of some events each."""
    body = json.dumps([{"model": "m", "version": "1", "duration_seconds": 0.01}] * events).encode()
    file = request(folder, "/v1/events", body, "application/json")
    load = subprocess.Popen(
        [pusher(folder), daemon.push_address.rsplit(":", 1)[1], str(CONNECTIONS), "5", file],
        stdout=subprocess.DEVNULL) if busy else None
    seconds = []
    with contextlib.closing(connect(daemon.address)) as connection:
        end = time.monotonic() + 4
        while time.monotonic() < end:
            began = time.monotonic()
            ask(connection, "/metrics")
            seconds.append(time.monotonic() - began)
    if load:
        load.wait()
    return statistics.quantiles(seconds, n=100)[98] * 1e3


def measure(options, folder: pathlib.Path) -> list[str]:
    ours = Daemon(folder / "ours.log", "--collector.disable-defaults", "--push.producer-rate=0",
                  "--push.listen-address=127.0.0.1:0", "--push.socket=none",
                  "--storage.path=none")
    report = ["## Pushed events", ""]
    try:
        peer = Pushgateway(folder / "peer.log")
        try:
            one, other = (done.cpu_us for done in (
                push(ours, ours.push_address, "/v1/events", EVENT, "application/json", folder),
                push(peer, peer.address, "/metrics/job/j", GROUP, "text/plain", folder)))
        finally:
            peer.stop()
        report += [
            f"One event per request, {CONNECTIONS} connections: {one:.1f} us CPU each; Pushgateway "
            f"{other:.1f} us per group of two samples; ratio {other / one:.1f}.", "",
            f"{ROWS:,} events per request, millions per CPU second:", "",
            "| form | ml_exporter | VictoriaMetrics |", "| --- | --- | --- |"]
        rivals = {}
        if has("victoria-metrics"):
            victoria = VictoriaMetrics(folder)
            try:
                for name, (path, body) in imports().items():
                    rivals[name] = bulk(victoria, victoria.address, path, body, "text/plain", ROWS)
            finally:
                victoria.stop()
        for name, (body, content_type) in bodies().items():
            rate = bulk(ours, ours.push_address, "/v1/events", body, content_type, ROWS)
            rival = rivals.get("columns" if name.startswith("columns") else "lines")
            report.append(f"| {name} | {rate:.2f} | {f'{rival:.2f}' if rival else '-'} |")
        quiet, busy = (scrape_p99(ours, flag, folder) for flag in (False, True))
        report += [
            "", f"99 of 100 scrapes within {quiet:.2f} ms, with pushers at full speed {busy:.2f} ms "
            f"(the load generator shares the machine).",
            f"Resident after all of it: {memory_kilobytes(ours.pid)['VmRSS'] / 1000:.1f} MB."]
    finally:
        ours.stop()
    return report
