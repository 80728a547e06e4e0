"""The programs under test as objects: our daemon, Debian's node_exporter, Prometheus.

Each is started on a free port of 127.0.0.1, waited for, and ended by its own process id.
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
from dataclasses import dataclass

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = REPOSITORY / "Tests" / "Fixtures"
NINE = ("cpu", "meminfo", "netdev", "diskstats", "stat", "loadavg", "filesystem", "uname", "time")


def only(collectors) -> tuple[str, ...]:
    """The flags that let these collectors run and no other."""
    return ("--collector.disable-defaults", *(f"--collector.{name}" for name in collectors))


NINE_FLAGS = only(NINE)
# Devices of the machine and what drives them.
HARDWARE = (
    "bcache", "btrfs", "cpufreq", "dmi", "edac", "fibrechannel", "hwmon", "interrupts", "mdadm",
    "mountstats", "nfs", "nfsd", "nvme", "powersupplyclass", "rapl", "schedstat",
    "tapestats", "thermal_zone", "xfs", "zfs",
)
# Those that came after Debian's node_exporter.
YOUNG_HARDWARE = ("bcachefs", "dmmultipath", "softirqs", "watchdog")
# Network, memory and system.
GATEWAY = (
    "arp", "bonding", "buddyinfo", "cgroups", "conntrack", "entropy", "filefd", "infiniband",
    "ipvs", "meminfo_numa", "netclass", "netdev", "netstat", "network_route", "os", "pressure",
    "processes", "selinux", "sockstat", "softnet", "tcpstat", "timex", "udp_queues", "vmstat",
    "zoneinfo",
)
YOUNG_GATEWAY = ("kernel_hung",)
START_SECONDS = 20
STOP_SECONDS = 20


def binary() -> str:
    return os.environ.get("ML_EXPORTER", str(REPOSITORY / ".build" / "release" / "ml_exporter"))


def tree_flags(tree: pathlib.Path) -> list[str]:
    """The flags that let a whole fixture tree stand for the machine."""
    return [
        f"--path.procfs={tree}/proc", f"--path.sysfs={tree}/sys",
        f"--path.rootfs={tree}/rootfs", f"--path.udev.data={tree}/udev",
        "--no-collector.netdev.netlink",
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds: float, what: str):
    """The first true value of `condition`, or a failed test that names what was waited for."""
    end = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connect(address: str, timeout: float = 20) -> http.client.HTTPConnection:
    """A connection to `host:port`, `[host]:port` or `unix:/path`."""
    if address.startswith("unix:"):
        return UnixConnection(address.removeprefix("unix:"), timeout)
    host, port = address.rsplit(":", 1)
    return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=timeout)


def ask(connection, path: str, headers: dict | None = None, method: str = "GET",
        body: bytes | None = None) -> Answer:
    """One request on a connection that stays."""
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def raw(address: str, request: bytes, seconds: float = 20) -> bytes:
    """Sends bytes and returns everything until the other side closes."""
    connection = connect(address, seconds)
    connection.connect()
    with connection.sock as wire:
        wire.sendall(request)
        received = b""
        try:
            while chunk := wire.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
        return received


class Program:
    """A process with a log file, ended by its id."""

    def __init__(self, arguments: list[str], log: pathlib.Path, **options):
        self.log_path = log
        with open(log, "wb") as sink:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, **options)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def send(self, number: int):
        self.process.send_signal(number)

    def stop(self) -> int:
        """Asks to end and returns the exit status; negative for a death by signal."""
        if self.alive:
            self.send(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not end within {STOP_SECONDS} s\n{self.log}") from None


class Service(Program):
    """A program that answers HTTP on `address`."""

    address: str

    def get(self, path: str = "/metrics", headers: dict | None = None, method: str = "GET",
            timeout: float = 20, body: bytes | None = None) -> Answer:
        connection = connect(self.address, timeout)
        try:
            return ask(connection, path, headers, method, body)
        finally:
            connection.close()

    def answers(self, path: str) -> bool:
        if not self.alive:
            raise AssertionError(f"ended with {self.process.returncode}\n{self.log}")
        try:
            return self.get(path, timeout=5).status == 200
        except OSError:
            return False


class Daemon(Service):
    """ml_exporter. Without an address it listens on a free port of 127.0.0.1."""

    def __init__(self, log: pathlib.Path, *flags: str, listen: tuple = ("127.0.0.1:0",),
                 prefix: tuple = (), until: str = "/-/ready", **options):
        arguments = [*prefix, binary()]
        arguments += [f"--web.listen-address={address}" for address in listen]
        if not any(flag.startswith("--push.listen-address") for flag in flags):
            arguments.append("--push.listen-address=127.0.0.1:0")
        if not any(flag.startswith("--storage.path") for flag in flags):
            arguments.append("--storage.path=none")
        if not any(flag.startswith("--push.socket") for flag in flags):
            arguments.append("--push.socket=none")
        super().__init__([*arguments, *flags], log, **options)
        wanted = max(1, len(listen))
        try:
            self.addresses = wait_until(
                lambda: self.listening(wanted), START_SECONDS, "the address in the log")
            self.address = self.addresses[0]
            wait_until(lambda: self.answers(until), START_SECONDS, until)
        except BaseException:
            if self.alive:
                self.process.kill()
            self.process.wait()
            raise

    def push(self, path: str, body: bytes = b"", method: str = "POST",
             headers: dict | None = None, timeout: float = 20) -> Answer:
        """One request to the push listener."""
        connection = connect(self.push_address, timeout)
        try:
            return ask(connection, path, headers, method, body)
        finally:
            connection.close()

    @property
    def push_address(self) -> str:
        """Where pushes are taken, as the log says."""
        return re.search(r'push_address="?([^" ,\n]+)', self.log).group(1)

    def listening(self, wanted: int) -> list[str]:
        if not self.alive:
            raise AssertionError(f"ended with {self.process.returncode}\n{self.log}")
        found = []
        for line in self.log.splitlines():
            if "Listening on" not in line:
                continue
            if line.startswith("{"):
                found.append(json.loads(line)["address"])
            elif match := re.search(r'address="?([^" ]+)', line):
                found.append(match.group(1))
        return found if len(found) >= wanted else []


class NodeExporter(Service):
    """Debian's prometheus-node-exporter."""

    program = "prometheus-node-exporter"

    def __init__(self, log: pathlib.Path, *flags: str):
        self.address = f"127.0.0.1:{free_port()}"
        super().__init__(
            [self.program, f"--web.listen-address={self.address}", *flags], log)
        wait_until(lambda: self.answers("/"), START_SECONDS, "the peer's first answer")


class Pushgateway(Service):
    """Debian's prometheus-pushgateway, which forgets everything when it ends unless told otherwise."""

    def __init__(self, log: pathlib.Path, *flags: str):
        self.address = f"127.0.0.1:{free_port()}"
        if not any(flag.startswith("--persistence.file") for flag in flags):
            flags = ("--persistence.file=", *flags)
        super().__init__(
            ["prometheus-pushgateway", f"--web.listen-address={self.address}", *flags], log)
        wait_until(lambda: self.answers("/-/ready"), START_SECONDS, "Pushgateway is ready")


class Prometheus(Service):
    """Debian's Prometheus that scrapes each job's target, and evaluates rules, every second."""

    def __init__(self, folder: pathlib.Path, job: dict[str, str], *flags: str,
                 rules: pathlib.Path | None = None):
        self.address = f"127.0.0.1:{free_port()}"
        config = folder / "prometheus.yml"
        config.write_text(
            "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  evaluation_interval: 1s\n"
            + (f"rule_files: ['{rules}']\n" if rules else "") + "scrape_configs:\n" + "".join(
                f"  - job_name: {name}\n    static_configs:\n      - targets: ['{target}']\n"
                for name, target in job.items()))
        super().__init__(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address={self.address}", *flags], folder / "prometheus.log")
        wait_until(lambda: self.answers("/-/ready"), START_SECONDS, "Prometheus is ready")

    def query(self, expression: str) -> list[tuple[dict, float]]:
        """An instant vector as label sets and values."""
        answer = self.get("/api/v1/query?query=" + urllib.parse.quote(expression, safe=""))
        result = json.loads(answer.body)
        assert result["status"] == "success", result
        return [(row["metric"], float(row["value"][1])) for row in result["data"]["result"]]

    def value(self, expression: str) -> float | None:
        rows = self.query(expression)
        return rows[0][1] if len(rows) == 1 else None


def has(program: str) -> bool:
    return shutil.which(program) is not None
