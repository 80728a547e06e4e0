#!/usr/bin/env python3
"""What a scrape costs: ours, Debian's node_exporter and a floor in C, side by side in one run.

Prints a report and keeps it in Runs/ beside this file (--no-keep does not). No number here is
asserted by a test: they hold for one machine. `make bench` builds the release first.
"""

import argparse
import contextlib
import datetime
import os
import pathlib
import platform
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "EndToEnd"))
sys.dont_write_bytecode = True

from programs import (  # noqa: E402
    NINE_FLAGS, REPOSITORY, Daemon, NodeExporter, ask, binary, connect, free_port,
)

with open(HERE.parent / "EndToEnd" / "data" / "prometheus-accept-headers.tsv") as _file:
    ACCEPT = _file.readline().rstrip("\n").split("\t")[1]
HEADERS = {
    "User-Agent": "Prometheus/2.42.0", "Accept": ACCEPT, "Accept-Encoding": "gzip",
    "X-Prometheus-Scrape-Timeout-Seconds": "10",
}
FILES = (
    "/proc/stat", "/proc/meminfo", "/proc/diskstats", "/proc/loadavg", "/proc/1/mountinfo",
    "/sys/devices/system/clocksource/clocksource0/available_clocksource",
    "/sys/devices/system/clocksource/clocksource0/current_clocksource", "/proc/self/stat",
)


# MARK: measuring

def cpu_nanoseconds(pid: int) -> int:
    """What all threads of a process have run, to the nanosecond."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total


def memory_kilobytes(pid: int) -> dict[str, int]:
    with open(f"/proc/{pid}/status") as file:
        return {key: int(value) for key, value in re.findall(
            r"(VmRSS|RssAnon|RssFile):\s+(\d+)", file.read())}


def scrape(connection, count: int, headers=HEADERS) -> int:
    """Scrapes on a connection that stays; the size of the last body."""
    size = 0
    for _ in range(count):
        answer = ask(connection, "/metrics", headers)
        if answer.status != 200:
            raise SystemExit(f"a scrape was answered {answer.status}")
        size = len(answer.body)
    return size


def cpu_per_scrape(program, rounds: int, count: int):
    """Yields once per round: the CPU microseconds of one scrape, keep-alive and gzip."""
    with contextlib.closing(connect(program.address)) as connection:
        scrape(connection, 200)
        for _ in range(rounds):
            before = cpu_nanoseconds(program.pid)
            scrape(connection, count)
            yield (cpu_nanoseconds(program.pid) - before) / count / 1000


def first_answer(arguments: list[str], port: int) -> float:
    """Milliseconds from exec to the end of the first answered scrape."""
    begin = time.monotonic()
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                with contextlib.closing(connect(f"127.0.0.1:{port}", 5)) as connection:
                    scrape(connection, 1)
                return 1000 * (time.monotonic() - begin)
            except ConnectionRefusedError:
                time.sleep(0.001)
    finally:
        process.terminate()
        process.wait(20)


def starts(name: str, listen: str, times: int) -> list[float]:
    found = []
    for _ in range(times):
        port = free_port()
        found.append(first_answer([name, f"{listen}127.0.0.1:{port}", *NINE_FLAGS], port))
    return found


def system_calls(program, count: int, folder: pathlib.Path) -> dict[str, float]:
    """System calls of one scrape by name, counted by strace."""
    output = folder / "strace.txt"
    with contextlib.closing(connect(program.address)) as connection:
        scrape(connection, 50)
        tracer = subprocess.Popen(
            ["strace", "-f", "-c", "-U", "calls,name", "-o", output, "-p", str(program.pid)],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        os.set_blocking(tracer.stderr.fileno(), False)
        time.sleep(1)
        scrape(connection, count)
        tracer.terminate()
        tracer.wait(20)
    calls = {}
    for line in output.read_text().splitlines():
        if match := re.fullmatch(r"\s*(\d+)\s+(\w+)\s*", line):
            if match.group(2) != "total":
                calls[match.group(2)] = int(match.group(1)) / count
    return calls


class Allocations:
    """The counters of malloc_counter.c for one process."""

    def __init__(self, folder: pathlib.Path):
        self.library = folder / "malloc_counter.so"
        self.file = folder / "allocations"
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", self.library,
                        HERE / "malloc_counter.c"], check=True)

    def environment(self) -> dict:
        return {**os.environ, "LD_PRELOAD": str(self.library), "MALLOC_COUNTER": str(self.file)}

    def read(self) -> tuple[int, ...]:
        return struct.unpack("4Q", self.file.read_bytes())

    def windows(self, program, windows: int, count: int) -> list[list[float]]:
        """Per window the calls per scrape that allocate, reallocate, free, and the bytes."""
        found = []
        with contextlib.closing(connect(program.address)) as connection:
            scrape(connection, 500)
            for _ in range(windows):
                before = self.read()
                scrape(connection, count)
                found.append([(b - a) / count for a, b in zip(before, self.read())])
        return found


def floor(page: bytes, iterations: int, folder: pathlib.Path) -> list[str]:
    program = folder / "floor"
    if not program.exists():
        subprocess.run(["gcc", "-O2", "-o", program, HERE / "floor.c", "-ldeflate"], check=True)
    (folder / "page").write_bytes(page)
    files = [name for name in FILES if os.access(name, os.R_OK)]
    return [str(program), str(iterations), str(folder / "page"), *files, "--", *mounts(page)]


def mounts(page: bytes) -> list[str]:
    """The mount points that our page reports: those are what statfs is asked for."""
    return sorted(set(re.findall(r'node_filesystem_size_bytes\{.*mountpoint="([^"\\]*)"',
                                 page.decode())))


# MARK: reporting

def machine() -> list[str]:
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) // 1024
    return [model.group(1) if model else platform.machine(), f"{os.cpu_count()} CPUs",
            f"{memory} MiB", f"Linux {platform.release()}"]


def versions() -> list[str]:
    def output(*arguments: str) -> str:
        result = subprocess.run(arguments, capture_output=True, text=True, cwd=REPOSITORY)
        return (result.stdout + result.stderr).strip()

    return [
        "ml_exporter " + output("git", "describe", "--always", "--dirty")
        + f" ({pathlib.Path(binary()).stat().st_size // 1024} KiB)",
        output("prometheus-node-exporter", "--version").splitlines()[0],
        next(iter(re.findall(r"Swift version \S+", output("swift", "--version"))), "Swift unknown"),
    ]


def verdict(good: bool) -> str:
    return "reached" if good else "**missed**"


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def measure(options, folder: pathlib.Path) -> str:
    load = os.getloadavg()[0]
    ours = Daemon(folder / "ours.log", *NINE_FLAGS)
    peer = NodeExporter(folder / "peer.log", *NINE_FLAGS, "--collector.netdev.device-exclude=^$")
    programs = [ours, peer]
    try:
        page, theirs = ours.get(headers={"Accept": ACCEPT}).body, peer.get().body
        with contextlib.closing(connect(ours.address)) as wire:
            packed = scrape(wire, 1)
        floor_run = floor(page, 500, folder)
        cost = {"ours": [], "peer": [], "floor": []}
        our_rounds = cpu_per_scrape(ours, options.rounds, options.scrapes)
        peer_rounds = cpu_per_scrape(peer, options.rounds, options.scrapes)
        for our_cost, peer_cost in zip(our_rounds, peer_rounds):
            cost["ours"].append(our_cost)
            cost["peer"].append(peer_cost)
            result = subprocess.run(floor_run, capture_output=True, text=True, check=True)
            cost["floor"].append(float(result.stdout.split()[2]))
        calls = system_calls(ours, 200, folder)
        peer_calls = system_calls(peer, 200, folder)
        fresh = [Daemon(folder / "fresh.log", *NINE_FLAGS),
                 NodeExporter(folder / "fresh-peer.log", *NINE_FLAGS)]
        programs += fresh
        for program in fresh:
            with contextlib.closing(connect(program.address)) as wire:
                scrape(wire, 1000)
        memory = [memory_kilobytes(program.pid) for program in fresh]
        allocations = Allocations(folder)
        counted = Daemon(folder / "counted.log", *NINE_FLAGS, env=allocations.environment())
        programs.append(counted)
        windows = allocations.windows(counted, 5, 400)
    finally:
        for program in programs:
            program.stop()
    first = starts(binary(), "--web.listen-address=", 10)
    peer_first = starts("prometheus-node-exporter", "--web.listen-address=", 10)

    median = {name: statistics.median(values) for name, values in cost.items()}
    faster, above = median["peer"] / median["ours"], median["ours"] / median["floor"]
    resident, anonymous = memory[0]["VmRSS"] / 1024, memory[0]["RssAnon"] / 1024
    start = statistics.median(first)
    per_scrape = [window[0] + window[1] for window in windows]
    constant = max(per_scrape) - min(per_scrape) < 0.5
    lines = [
        f"# {datetime.date.today().isoformat()}, {machine()[0]}", "",
        "Machine: " + ", ".join(machine()) + f", load {load:.2f} at the start.  ",
        "Versions: " + "; ".join(versions()) + ".  ",
        "Collectors on both: " + " ".join(NINE_FLAGS[1:]).replace("--collector.", "") + ".  ",
        f"Page: ours {sample_count(page)} samples, {len(page)} bytes, {packed} compressed; "
        f"node_exporter {sample_count(theirs)} samples, {len(theirs)} bytes.  ",
        f"{options.rounds} interleaved rounds of {options.scrapes} scrapes each on one kept "
        "connection, with the headers of Prometheus 2.42, gzip. Medians, extremes in brackets.",
        "",
        "| what | ours | node_exporter | floor in C | target | |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| CPU per scrape, us | {spread(cost['ours'])} | {spread(cost['peer'])} "
        f"| {spread(cost['floor'])} | | |",
        f"| node_exporter / ours | {faster:.1f} | | | at least 10 | {verdict(faster >= 10)} |",
        f"| ours / floor | {above:.2f} | {median['peer'] / median['floor']:.1f} | | at most 2 "
        f"| {verdict(above <= 2)} |",
        f"| resident after 1,000 scrapes, MB | {resident:.1f} | {memory[1]['VmRSS'] / 1024:.1f} "
        f"| | at most 18 | {verdict(resident <= 18)} |",
        f"| of it anonymous, MB | {anonymous:.1f} | {memory[1]['RssAnon'] / 1024:.1f} | "
        f"| at most 5 | {verdict(anonymous <= 5)} |",
        f"| exec to first answer, ms | {spread(first)} | {spread(peer_first)} | | at most 100 "
        f"| {verdict(start <= 100)} |",
        f"| system calls per scrape | {sum(calls.values()):.1f} | {sum(peer_calls.values()):.1f} "
        "| | | |",
        f"| allocations per scrape | {statistics.median(per_scrape):.2f} | | | constant "
        f"| {verdict(constant)} |",
        "", "## System calls per scrape", "",
        "Ours: " + listing(calls) + "  ", "node_exporter: " + listing(peer_calls),
        "", "## Allocations per scrape", "",
        "| window of 400 scrapes | allocate | reallocate | free | bytes |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, window in enumerate(windows, 1):
        lines.append(f"| {number} | " + " | ".join(f"{value:.2f}" for value in window) + " |")
    return "\n".join(lines) + "\n"


def sample_count(page: bytes) -> int:
    return sum(not line.startswith(b"#") for line in page.splitlines())


def listing(calls: dict[str, float]) -> str:
    shown = sorted(calls.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:.2f}" for name, count in shown if count >= 0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--scrapes", type=int, default=500, help="per round and program")
    parser.add_argument("--no-keep", action="store_true", help="do not write into Runs/")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(options, pathlib.Path(folder))
    print(report)
    if not options.no_keep:
        slug = re.sub(r"[^a-z0-9]+", "-", machine()[0].lower()).strip("-")
        file = HERE / "Runs" / f"{datetime.date.today().isoformat()}-{slug}-{os.cpu_count()}cpu.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(report)
        print(f"kept in {file.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
