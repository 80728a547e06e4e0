"""What the sections of the benchmark measure with: CPU time, memory, system calls, allocations."""

import contextlib
import os
import pathlib
import platform
import re
import statistics
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "EndToEnd"))

from programs import REPOSITORY, ask, binary, connect, free_port  # noqa: E402

with open(HERE.parent / "EndToEnd" / "data" / "prometheus-accept-headers.tsv") as _file:
    ACCEPT = _file.readline().rstrip("\n").split("\t")[1]
HEADERS = {
    "User-Agent": "Prometheus/2.42.0", "Accept": ACCEPT, "Accept-Encoding": "gzip",
    "X-Prometheus-Scrape-Timeout-Seconds": "10",
}


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


def cpu_per_scrape(program, rounds: int, count: int, warm_up: int = 200):
    """Yields once per round: the CPU microseconds of one scrape, keep-alive and gzip."""
    with contextlib.closing(connect(program.address)) as connection:
        scrape(connection, warm_up)
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


def starts(name: str, listen: str, flags, times: int) -> list[float]:
    found = []
    for _ in range(times):
        port = free_port()
        found.append(first_answer([name, f"{listen}127.0.0.1:{port}", *flags], port))
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


def kernel_files(program) -> list[str]:
    """The files of /proc and /sys that a daemon keeps open."""
    folder = f"/proc/{program.pid}/fd"
    names = {os.readlink(f"{folder}/{descriptor}") for descriptor in os.listdir(folder)}
    return sorted(name for name in names if re.match("/(proc|sys)/", name)
                  and os.path.isfile(name))


def floor(page: bytes, files, iterations: int, folder: pathlib.Path) -> list[str]:
    program = folder / "floor"
    if not program.exists():
        subprocess.run(["gcc", "-O2", "-o", program, HERE / "floor.c", "-ldeflate"], check=True)
    (folder / "page").write_bytes(page)
    files = [name for name in files if os.access(name, os.R_OK)]
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


def sample_count(page: bytes) -> int:
    return sum(not line.startswith(b"#") for line in page.splitlines())


def listing(calls: dict[str, float]) -> str:
    shown = sorted(calls.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:.2f}" for name, count in shown if count >= 0.05)
