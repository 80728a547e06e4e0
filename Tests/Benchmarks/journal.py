"""What it costs to keep a push: the journal beside memory alone and beside Pushgateway, on the disk
as it is and on one whose every sync takes 5 ms longer; and how soon a start has read it all."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

from events import EVENT, GROUP, Pushes, push, scrape_p99
from measuring import HERE, ask, binary, connect, spread, verdict
from programs import Daemon, Pushgateway, free_port, wait_until

PUSHERS = (1, 16, 256)
SLOW_US = 5000
WINDOWS = 12
EVENTS = 1_000_000
FLAGS = ("--collector.disable-defaults", "--push.producer-rate=0")


def slow_disk(folder: pathlib.Path) -> dict[str, str]:
    library = folder / "slow_sync.so"
    if not library.exists():
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library,
                        HERE / "slow_sync.c"], check=True)
    return {**os.environ, "LD_PRELOAD": str(library), "SLOW_SYNC_US": str(SLOW_US)}


def number(page: str, name: str) -> float:
    return sum(float(value) for value in re.findall(
        rf"^{name}(?:{{[^}}]*}})? (\S+)$", page, re.MULTILINE))


def page(daemon) -> str:
    with contextlib.closing(connect(daemon.address)) as wire:
        return ask(wire, "/metrics").text


def written_bytes(pid: int) -> int:
    """What a process has caused to be written to storage (proc_pid_io(5))."""
    with open(f"/proc/{pid}/io") as file:
        return int(re.search(r"^write_bytes: (\d+)", file.read(), re.MULTILINE).group(1))


def events(daemon, folder, pushers: int, seconds: float = 4) -> Pushes:
    return push(daemon, daemon.push_address, "/v1/events", EVENT, "application/json", folder,
                pushers, seconds)


def row(name: str, pushers: int, done: Pushes, seconds: float, written: str) -> str:
    return (f"| {name} | {pushers} | {done.count / seconds:,.0f} | {done.cpu_us:.1f} | "
            f"{done.p50_us / 1e3:.2f} | {done.p99_us / 1e3:.2f} | {done.longest_us / 1e3:.1f} | "
            f"{written} |")


def pushes(folder: pathlib.Path) -> tuple[list[str], float, float]:
    """The table, and the CPU per push at 16 pushers of ours with the journal and of Pushgateway."""
    lines = ["| | pushers | pushes/s | CPU per push, us | p50, ms | p99, ms | longest, ms | bytes written per push |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    seconds, ours, theirs = 4, 0.0, 0.0
    stores = {
        "memory only": (("--storage.path=none",), None),
        "journal": ((f"--storage.path={folder}/plain",), None),
        f"journal, {SLOW_US / 1000:.0f} ms more per sync": (
            (f"--storage.path={folder}/slow",), slow_disk(folder)),
    }
    for name, (flags, environment) in stores.items():
        daemon = Daemon(folder / "ours.log", *FLAGS, *flags, env=environment)
        try:
            events(daemon, folder, 4, 0.5)
            for pushers in PUSHERS:
                before, commits = written_bytes(daemon.pid), number(
                    page(daemon), "ml_journal_commits_total")
                done = events(daemon, folder, pushers, seconds)
                written = (written_bytes(daemon.pid) - before) / done.count
                shared = number(page(daemon), "ml_journal_commits_total") - commits
                kept = f"{written:,.0f}; {done.count / shared:.1f} pushes a commit" \
                    if shared else "-"
                lines.append(row(name, pushers, done, seconds, kept))
                if name == "journal" and pushers == 16:
                    ours = done.cpu_us
        finally:
            daemon.stop()
    peer = Pushgateway(folder / "peer.log", f"--persistence.file={folder}/peer.db",
                       "--persistence.interval=1s")
    try:
        for pushers in PUSHERS:
            done = push(peer, peer.address, "/metrics/job/j", GROUP, "text/plain", folder, pushers,
                        seconds)
            lines.append(row("Pushgateway, written every second, never synced", pushers, done,
                             seconds, "-"))
            if pushers == 16:
                theirs = done.cpu_us
    finally:
        peer.stop()
    return lines, ours, theirs


def steadiness(folder: pathlib.Path) -> list[str]:
    """Whether answers wait when the log is moved into its file and when a snapshot is written."""
    daemon = Daemon(folder / "steady.log", *FLAGS, f"--storage.path={folder}/steady",
                    "--storage.snapshot-interval=5s")
    try:
        windows = [events(daemon, folder, 16, 2) for _ in range(WINDOWS)]
        found = page(daemon)
    finally:
        daemon.stop()
    p99 = [window.p99_us / 1e3 for window in windows]
    return [
        f"16 pushers for {2 * WINDOWS} s, {sum(window.count for window in windows):,} pushes, "
        f"{number(found, 'ml_journal_bytes_total') / 2**20:.0f} MiB of records, a snapshot every 5 s: "
        f"p99 of windows of 2 s {spread(p99)} ms, the longest answer "
        f"{max(window.longest_us for window in windows) / 1e3:.1f} ms.", ""]


def stalls(folder: pathlib.Path) -> list[str]:
    """How long a push waits for a snapshot of as many groups and series as the limits allow."""
    groups, models, variants = 10_000, 40, 20
    found = []
    for name, interval in (("no snapshot", "24h"), ("a snapshot every 3 s", "3s")):
        daemon = Daemon(folder / "stalls.log", *FLAGS, f"--storage.path={folder}/stalls-{interval}",
                        f"--storage.snapshot-interval={interval}")
        try:
            with contextlib.closing(connect(daemon.push_address)) as wire:
                for group in range(groups):
                    rows = "".join(f'rows{{part="{part}"}} {group}\n' for part in range(9))
                    ask(wire, f"/metrics/job/batch{group}", method="PUT", body=rows.encode())
                for model in range(models):
                    body = [{"model": f"m{model}", "version": "1", "variant": f"v{variant}",
                             "duration_seconds": 0.1,
                             "features": {f"f{feature}": 1.5 for feature in range(20)}}
                            for variant in range(variants)]
                    ask(wire, "/v1/events", method="POST", body=json.dumps(body).encode(),
                        headers={"Content-Type": "application/json"})
            shown = page(daemon)
            done = events(daemon, folder, 1, 12)
        finally:
            daemon.stop()
        found.append(f"{name}: p99 {done.p99_us / 1e3:.1f} ms, the longest {done.longest_us / 1e3:.1f} ms")
    series = number(shown, "ml_push_group_series") + number(shown, "ml_series")
    return [f"One pusher for 12 s beside {groups:,} groups and {series:,.0f} series: {'; '.join(found)} "
            "(target: no push waits more than 20 ms longer).", ""]


def scrapes(folder: pathlib.Path) -> list[str]:
    lines = ["| 99 of 100 scrapes of all default collectors within | ms |", "| --- | --- |"]
    for name, flags, busy, environment in (
            ("no pushes", ("--storage.path=none",), False, None),
            ("16 pushers, memory only", ("--storage.path=none",), True, None),
            ("16 pushers, journal", (f"--storage.path={folder}/scraped",), True, None),
            (f"16 pushers, journal, {SLOW_US / 1000:.0f} ms more per sync",
             (f"--storage.path={folder}/scraped-slow",), True, slow_disk(folder))):
        daemon = Daemon(folder / "scraped.log", "--push.producer-rate=0", *flags, env=environment)
        try:
            lines.append(f"| {name} | {scrape_p99(daemon, busy, folder, 1):.2f} |")
        finally:
            daemon.stop()
    return lines


def starts(folder: pathlib.Path) -> list[str]:
    """A start after kill -9 on a million events that no snapshot holds yet, one per record."""
    flags = (*FLAGS, f"--storage.path={folder}/million", "--storage.snapshot-interval=24h")
    daemon = Daemon(folder / "million.log", *flags)
    try:
        told = 0.0
        while told < EVENTS:
            events(daemon, folder, 256, 5)
            told = number(page(daemon), "ml_predictions_total")
        bytes_kept = number(page(daemon), "ml_journal_bytes_total")
    finally:
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.process.wait()
    port = free_port()
    with open(folder / "again.log", "wb") as log:
        began = time.monotonic()
        process = subprocess.Popen(
            [binary(), f"--web.listen-address=127.0.0.1:{port}", "--push.listen-address=127.0.0.1:0",
             "--push.socket=none", *flags], stderr=log, stdin=subprocess.DEVNULL)
    try:
        def answered(path):
            with contextlib.suppress(OSError), contextlib.closing(
                    connect(f"127.0.0.1:{port}")) as wire:
                return ask(wire, path).status == 200

        wait_until(lambda: answered("/metrics"), 20, "the first page")
        first = time.monotonic() - began
        wait_until(lambda: answered("/-/ready"), 120, "ready")
        ready = time.monotonic() - began
        with contextlib.closing(connect(f"127.0.0.1:{port}")) as wire:
            again = ask(wire, "/metrics").text
    finally:
        process.terminate()
        process.wait(60)
    if number(again, "ml_predictions_total") < told:
        raise SystemExit("events were lost")
    return [
        "", f"{told:,.0f} events were pushed one by one ({bytes_kept / 2**20:.0f} MiB of records), then "
        f"kill -9. The next start served a page after {first:.2f} s and was ready after {ready:.2f} s; "
        f"it read {number(again, 'ml_journal_replayed_batches'):,.0f} records behind the snapshot."]


def measure(options, folder: pathlib.Path) -> list[str]:
    where = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True)
    table, ours, theirs = pushes(folder)
    ratio = theirs / ours
    return [
        "## The journal", "",
        f"One event per push; what is answered has been synced. The disk: {where.stdout.strip()}.", "",
        *table, "",
        f"Pushgateway / ours with the journal at 16 pushers: {ratio:.1f} (target at least 10: "
        f"{verdict(ratio >= 10)}).", "",
        *steadiness(folder), *stalls(folder), *scrapes(folder), *starts(folder)]
