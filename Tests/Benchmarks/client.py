#!/usr/bin/env python3
"""What an event of the Python client costs the thread that has it, with the daemon beside it.

Prints a report and keeps it in Runs/ beside this file (--no-keep does not). `make python-bench`
builds the release and the environment first.
"""

import argparse
import asyncio
import datetime
import os
import pathlib
import platform
import re
import statistics
import sys
import tempfile
import time
from time import perf_counter_ns

sys.dont_write_bytecode = True

from measuring import HERE, REPOSITORY, machine, verdict  # noqa: E402
from programs import NINE_FLAGS, Daemon  # noqa: E402

sys.path.insert(0, str(REPOSITORY / "deploy" / "python" / "src"))

from ml_exporter_client import Monitor  # noqa: E402

TARGET_US = 5.0
ROW = {f"feature_{number}": number * 1.5 for number in range(20)}


def timed(action, count: int, pause_every: int = 200) -> list[float]:
    """Microseconds of each of `count` calls, less what the clock itself takes."""
    empty = sorted(-(perf_counter_ns() - perf_counter_ns()) for _ in range(2001))[1000]
    found = []
    for number in range(count):
        began = perf_counter_ns()
        action()
        found.append((perf_counter_ns() - began - empty) / 1000)
        if number % pause_every == 0:
            # A service has other things to do: the sender runs, and the queue does not fill.
            time.sleep(0.002)
    return found


def actions(monitor: Monitor):
    def plain():
        with monitor.request("fraud", version="3"):
            pass

    def features():
        with monitor.request("fraud", version="3", features=ROW) as request:
            request["score"] = 0.5

    @monitor.request("fraud", version="3")
    def decorated():
        pass

    def tokens():
        with monitor.request("llama", version="3") as request:
            request.token()
            request.token()

    yield "request", plain
    yield "request with 20 features and a score", features
    yield "decorated function", decorated
    yield "request with two tokens", tokens
    yield "label", lambda: monitor.label("fraud", "request-1", 1)
    yield "metric", lambda: monitor.metric("profit", 3, kind="counter")


def asynchronous(monitor: Monitor, count: int) -> list[float]:
    async def use():
        found = []
        for number in range(count):
            began = perf_counter_ns()
            async with monitor.request("fraud", version="3"):
                pass
            found.append((perf_counter_ns() - began) / 1000)
            if number % 200 == 0:
                await asyncio.sleep(0.002)
        return found

    return asyncio.run(use())


def prometheus(count: int) -> "list[float] | None":
    """The same request counted and observed by prometheus_client, for comparison."""
    try:
        from prometheus_client import CollectorRegistry, Counter, Histogram
    except ImportError:
        return None
    registry = CollectorRegistry()
    labels = ("model", "version")
    counter = Counter("requests", "x", (*labels, "outcome"), registry=registry)
    histogram = Histogram("duration_seconds", "x", labels, registry=registry)

    def observe():
        began = time.perf_counter()
        counter.labels("fraud", "3", "ok").inc()
        histogram.labels("fraud", "3").observe(time.perf_counter() - began)

    return timed(observe, count)


def row(name: str, found: list[float], has_target: bool = True) -> str:
    found = sorted(found)
    median = statistics.median(found)
    target = f"at most {TARGET_US:g} | {verdict(median <= TARGET_US)}" if has_target else "|"
    return (f"| {name} | {median:.2f} | {found[int(0.99 * len(found))]:.2f} | "
            f"{found[int(0.999 * len(found))]:.1f} | {target} |")


def measure(count: int, folder: pathlib.Path) -> list[str]:
    report = ["| call | median, us | 99 %, us | 99.9 %, us | target of the median | |",
              "| --- | --- | --- | --- | --- | --- |"]
    daemon = Daemon(folder / "log", *NINE_FLAGS, f"--push.socket={folder}/push.sock")
    try:
        monitor = Monitor(f"unix:{folder}/push.sock")
        for name, action in actions(monitor):
            timed(action, 2000)
            report.append(row(name, timed(action, count)))
        report.append(row("request, async", asynchronous(monitor, count)))
        if not monitor.flush(60):
            raise SystemExit("the daemon has not taken all events")
        stats = monitor.stats()
        if stats.rejected or stats.dropped:
            raise SystemExit(f"events were lost: {stats}")
        thread = sender_cost(monitor, count)
        monitor.close()
        away = Monitor("http://127.0.0.1:1")
        action = dict(actions(away))["request with 20 features and a score"]
        timed(action, 25_000, pause_every=10**9)
        report.append(row("the same, daemon away and queue full", timed(action, count)))
        away.close(0)
        os.environ["ML_EXPORTER_DISABLE"] = "1"
        report.append(row("request, ML_EXPORTER_DISABLE=1",
                          timed(dict(actions(Monitor()))["request"], count)))
        reference = prometheus(count)
        if reference:
            report.append(row("prometheus_client, a counter and a histogram", reference, False))
    finally:
        daemon.stop()
    return [*report, "", f"All {stats.accepted} events were accepted. The sender's thread takes "
            f"{thread:.1f} us of CPU for a request with 20 features, outside of the caller."]


def sender_cost(monitor: Monitor, count: int) -> float:
    """CPU microseconds of the whole process per event, less the caller's."""
    for _ in range(10_000):
        monitor.request("fraud", version="3", features=ROW).begin().end()
    process, own = time.process_time_ns(), time.thread_time_ns()
    if not monitor.flush(60):
        raise SystemExit("the daemon has not taken all events")
    other = (time.process_time_ns() - process) - (time.thread_time_ns() - own)
    return other / 10_000 / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=50_000, help="of each kind")
    parser.add_argument("--no-keep", action="store_true", help="do not write into Runs/")
    options = parser.parse_args()
    today = datetime.date.today().isoformat()
    with tempfile.TemporaryDirectory() as folder:
        table = measure(options.events, pathlib.Path(folder))
    text = "\n".join([
        f"# {today}, {machine()[0]}: the Python client", "",
        "Machine: " + ", ".join(machine()) + f", load {os.getloadavg()[0]:.2f} at the end.  ",
        f"Python {platform.python_version()}; {options.events} events of each kind over the Unix "
        "socket, the daemon on the same machine.", "", *table, ""])
    print(text)
    if not options.no_keep:
        slug = re.sub(r"[^a-z0-9]+", "-", machine()[0].lower()).strip("-")
        file = HERE / "Runs" / f"{today}-{slug}-{os.cpu_count()}cpu-python.md"
        file.write_text(text)
        print(f"kept in {file.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
