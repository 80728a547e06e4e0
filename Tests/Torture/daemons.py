"""The daemons under torture: started, killed without warning, started again on the same files."""

import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(port: int, path: str, seconds: float = 10) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class Daemon:
    """A program with files of its own. `push` and `telemetry` are its ports on 127.0.0.1."""

    name = ""
    page = "/metrics"
    # Flags that reduce what new pushes may do; what was acknowledged has to be there all the same.
    restrictions: tuple[str, ...] = ()

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.environment = {}
        self.telemetry = free_port()
        self.push = self.telemetry
        self.log = open(folder / "daemon.log", "ab")
        self.process = None
        # With limits that what is kept exceeds by far, and closed to pushes.
        self.restricted = False

    def arguments(self) -> list[str]:
        raise NotImplementedError

    def version(self) -> str:
        raise NotImplementedError

    def start(self):
        self.process = subprocess.Popen(
            self.arguments(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, env={**os.environ, **self.environment})

    def ready(self) -> bool:
        try:
            return fetch(self.telemetry, "/-/ready", 5)[0] == 200
        except OSError:
            return False

    def wait(self) -> float:
        """Seconds until it is ready."""
        begun = time.monotonic()
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() - begun > READY_SECONDS:
                raise SystemExit(f"{self.name} did not become ready (status "
                                 f"{self.process.poll()}): see {self.folder}/daemon.log")
            time.sleep(0.01)
        return time.monotonic() - begun

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9


def first_line(*command: str) -> str:
    told = subprocess.run(command, capture_output=True, text=True, timeout=20)
    return (told.stdout + told.stderr).splitlines()[0]


class Pushgateway(Daemon):
    """Debian's, with persistence on, written as often as it can be told to."""

    name = "pushgateway"
    interval = "1s"

    def arguments(self):
        program = shutil.which("prometheus-pushgateway")
        if not program:
            raise SystemExit("prometheus-pushgateway is not installed")
        return [program, f"--web.listen-address=127.0.0.1:{self.push}",
                f"--persistence.file={self.folder}/state", f"--persistence.interval={self.interval}",
                "--log.level=error"]

    def version(self):
        return first_line("prometheus-pushgateway", "--version").split(" (")[0]


class MLExporter(Daemon):
    name = "ml_exporter"
    # Of limits only: what has outlived its time is meant to go.
    restrictions = ("--push.max-series=1", "--push.max-groups=1", "--push.max-group-series=1",
                    "--push.max-group-bytes=1", "--push.producer-rate=1",
                    "--exposition.native-histograms", "--storage.snapshot-interval=1s")
    binary = os.environ.get("ML_EXPORTER", str(ROOT / ".build" / "release" / "ml_exporter"))

    def __init__(self, folder, storage: pathlib.Path | None = None, *flags: str):
        super().__init__(folder)
        self.push = free_port()
        self.storage, self.flags = storage or folder / "data", flags

    def arguments(self):
        push = "none" if self.restricted else f"127.0.0.1:{self.push}"
        return [self.binary, f"--web.listen-address=127.0.0.1:{self.telemetry}",
                f"--push.listen-address={push}", "--push.socket=none",
                "--collector.disable-defaults", f"--storage.path={self.storage}", *self.flags,
                *(self.restrictions if self.restricted else ())]

    def version(self):
        return first_line(self.binary, "--version")


class Toy(Daemon):
    """A few lines of Python that keep the contract, or break it in a way that must be found."""

    name = "toy"
    fault = "none"

    def arguments(self):
        return [sys.executable, str(pathlib.Path(__file__).with_name("toy.py")),
                str(self.push), str(self.folder / "toy.db"), self.fault]

    def version(self):
        return f"toy (fault: {self.fault})"


DAEMONS = {each.name: each for each in (Pushgateway, MLExporter, Toy)}
