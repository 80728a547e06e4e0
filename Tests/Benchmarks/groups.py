"""One page of 100,000 pushed series, beside Pushgateway with the same series."""

import contextlib
import pathlib
import statistics

from measuring import ask, connect, cpu_nanoseconds, memory_kilobytes
from programs import Daemon, Pushgateway

SERIES = 100_000
GROUPS = 100
PUSHES = 2_000


def body(group: int) -> bytes:
    """What one service pushes: counters by path and status."""
    lines = [b"# HELP http_requests_total Requests answered, by path and status.\n"
             b"# TYPE http_requests_total counter\n"]
    for number in range(SERIES // GROUPS):
        lines.append(b'http_requests_total{path="/api/v1/items/%04d",status="%d",method="GET"} %d\n'
                     % (number // 5, 200 + number % 5 * 100, number * 7919 + group))
    return b"".join(lines)


class Rival:
    """A server of groups with the addresses that it is pushed to and scraped at."""

    def __init__(self, name: str, program, push: str, path: str):
        self.name, self.program, self.push, self.path = name, program, push, path

    def request(self, connection, method: str, path: str, body: bytes | None = None,
                headers: dict | None = None) -> int:
        answer = ask(connection, path, headers, method, body)
        if answer.status != 200:
            raise SystemExit(f"{self.name} answered {answer.status} to {method} {path}")
        return len(answer.body)

    def fill(self) -> float:
        """CPU milliseconds of pushing everything, a group at a time."""
        before = cpu_nanoseconds(self.program.pid)
        with contextlib.closing(connect(self.push, 120)) as connection:
            for group in range(GROUPS):
                self.request(connection, "PUT", f"/metrics/job/batch/instance/{group}", body(group))
        return (cpu_nanoseconds(self.program.pid) - before) / 1e6

    def scrapes(self, count: int, coding: str) -> tuple[float, int]:
        """CPU milliseconds of one page, and its bytes on the wire."""
        with contextlib.closing(connect(self.program.address, 120)) as connection:
            headers = {"Accept-Encoding": coding}
            size = self.request(connection, "GET", self.path, headers=headers)
            before = cpu_nanoseconds(self.program.pid)
            for _ in range(count):
                size = self.request(connection, "GET", self.path, headers=headers)
            return (cpu_nanoseconds(self.program.pid) - before) / count / 1e6, size

    def pushes(self, count: int) -> float:
        """CPU microseconds of replacing one sample in a small group, beside all the others."""
        with contextlib.closing(connect(self.push, 120)) as connection:
            before = cpu_nanoseconds(self.program.pid)
            for number in range(count):
                self.request(connection, "PUT", "/metrics/job/small", b"last_run %d\n" % number)
            return (cpu_nanoseconds(self.program.pid) - before) / count / 1e3


def measure(options, folder: pathlib.Path) -> list[str]:
    ours = Daemon(folder / "ours.log", "--collector.disable-defaults",
                  "--web.disable-exporter-metrics", "--push.max-group-series=200000",
                  "--push.listen-address=127.0.0.1:0", "--storage.path=none")
    peer = Pushgateway(folder / "peer.log")
    rivals = (Rival("ml_exporter", ours, ours.push_address, "/metrics?collect[]=groups"),
              Rival("Pushgateway", peer, peer.address, "/metrics"))
    rows = {}
    try:
        for rival in rivals:
            row = rows[rival.name] = {}
            # With everything there a push of the peer looks at all series: fewer of them are enough.
            quick = rival.name == "ml_exporter"
            row["push of everything, ms"] = rival.fill()
            plain, gzip = [], []
            for _ in range(options.rounds):
                plain.append(rival.scrapes(5, "identity")[0])
                gzip.append(rival.scrapes(5, "gzip")[0])
            row["page plain, ms"] = statistics.median(plain)
            row["page gzip, ms"] = statistics.median(gzip)
            row["page plain, MB"] = rival.scrapes(1, "identity")[1] / 1e6
            row["page gzip, MB"] = rival.scrapes(1, "gzip")[1] / 1e6
            row["push of one sample, us"] = rival.pushes(PUSHES if quick else PUSHES // 100)
            row["resident, MB"] = memory_kilobytes(rival.program.pid)["VmRSS"] / 1000
    finally:
        ours.stop()
        peer.stop()
    report = [f"## {SERIES:,} pushed series in {GROUPS} groups", "",
              "CPU time per request; median of rounds where there are several.", "",
              "| | ml_exporter | Pushgateway | ratio |", "| --- | --- | --- | --- |"]
    for what in rows["ml_exporter"]:
        one, two = rows["ml_exporter"][what], rows["Pushgateway"][what]
        report.append(f"| {what} | {one:.2f} | {two:.2f} | {two / one:.1f} |")
    return report
