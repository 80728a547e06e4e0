"""Programs on free ports of 127.0.0.1: started, waited for, and ended by their own process ids."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.parse

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 30
STOP_SECONDS = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds: float, what: str):
    """The first true value of `condition`; an error that names what was waited for."""
    end = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)


class Program:
    """A process with a log file that answers HTTP on `address`."""

    def __init__(self, arguments: list, log: pathlib.Path, address: str, ready: str, **options):
        self.log, self.address = log, address
        with open(log, "wb") as sink:
            self.process = subprocess.Popen([str(argument) for argument in arguments],
                                            stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                                            **options)
        try:
            wait_until(lambda: self.answers(ready), START_SECONDS, f"{arguments[0]} answers {ready}")
        except BaseException:
            self.stop()
            raise

    def ask(self, path: str, body: bytes | None = None, headers: dict | None = None,
            method: str | None = None, address: str | None = None) -> tuple[int, bytes]:
        """One request to `address`, which is the program's own if none is given."""
        host, port = (address or self.address).rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body,
                               headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answers(self, path: str) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"ended with {self.process.returncode}\n{self.log.read_text()}")
        try:
            return self.ask(path)[0] == 200
        except OSError:
            return False

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Daemon(Program):
    """ml_exporter, and where it takes pushes."""

    def __init__(self, folder: pathlib.Path, *flags: str, socket: str = "none",
                 host_name: str | None = None):
        """With `host_name` it runs as on a machine of that name."""
        renamed = [] if host_name is None else [
            "unshare", *(["-r"] if os.geteuid() else []), "-u", "sh", "-c",
            'hostname "$0" && exec "$@"', host_name]
        binary = os.environ.get("ML_EXPORTER", REPOSITORY / ".build" / "release" / "ml_exporter")
        self.push = f"127.0.0.1:{free_port()}"
        address = f"127.0.0.1:{free_port()}"
        # What it keeps, it keeps where it runs.
        home = folder / f"ml_exporter-{address.rsplit(':', 1)[1]}"
        home.mkdir()
        super().__init__([*renamed, pathlib.Path(binary).resolve(), f"--web.listen-address={address}",
                          f"--push.listen-address={self.push}", f"--push.socket={socket}",
                          f"--storage.path={home}/data", *flags],
                         home / "log", address, "/-/ready", cwd=home)

    def put(self, path: str, body: bytes) -> tuple[int, bytes]:
        """One request to where pushes go, as a job pushes a group."""
        return self.ask(path, body, method="PUT", address=self.push)


class Prometheus(Program):
    """Debian's Prometheus on a configuration that is written into its folder."""

    def __init__(self, folder: pathlib.Path, configuration: str, *flags: str,
                 agent: bool = False):
        file = folder / "prometheus.yml"
        file.write_text(configuration)
        address = f"127.0.0.1:{free_port()}"
        super().__init__(["prometheus", f"--config.file={file}",
                          f"--storage.{'agent' if agent else 'tsdb'}.path={folder}/tsdb",
                          f"--web.listen-address={address}",
                          *flags], folder / "prometheus.log", address, "/-/ready")

    def api(self, path: str, **parameters):
        """The data of an answer; an error of the query is raised in Prometheus' own words."""
        body = urllib.parse.urlencode(parameters, doseq=True).encode()
        post = path in ("query", "query_range", "series", "labels")
        status, answer = self.ask(f"/api/v1/{path}" if post else f"/api/v1/{path}?{body.decode()}",
                                  body if post else None,
                                  {"Content-Type": "application/x-www-form-urlencoded"})
        result = json.loads(answer)
        if result["status"] != "success":
            raise ValueError(f"{status} {result.get('error')}: {parameters}")
        return result["data"]

    def vector(self, query: str) -> list[tuple[dict, float]]:
        return [(row["metric"], float(row["value"][1]))
                for row in self.api("query", query=query)["result"]]

    def value(self, query: str) -> float | None:
        rows = self.vector(query)
        return rows[0][1] if len(rows) == 1 else None


class Alertmanager(Program):
    """Debian's Alertmanager, alone, on a configuration that is written into its folder."""

    def __init__(self, folder: pathlib.Path, configuration: str):
        file = folder / "alertmanager.yml"
        file.write_text(configuration)
        address = f"127.0.0.1:{free_port()}"
        super().__init__(["prometheus-alertmanager", f"--config.file={file}",
                          f"--storage.path={folder}/alertmanager",
                          f"--web.listen-address={address}", "--cluster.listen-address="],
                         folder / "alertmanager.log", address, "/-/ready")

    def alerts(self) -> list[dict]:
        return json.loads(self.ask("/api/v2/alerts")[1])

    def post(self, alerts: list[dict]):
        status, answer = self.ask("/api/v2/alerts", json.dumps(alerts).encode(),
                                  {"Content-Type": "application/json"})
        if status != 200:
            raise ValueError(answer.decode())
