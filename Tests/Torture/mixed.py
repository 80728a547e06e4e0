"""Five minutes of everything at once: scrapes, pushes of every kind, reloads, clients that go away in the
middle and clients that do not read. Memory, descriptors and threads must not grow.

    python3 Tests/Torture/mixed.py --seconds 300 --seed 1

Ends with 1 when the daemon has ended, answered what it should not, or kept what a load has taken.
"""

import argparse
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time

from daemons import MLExporter

KNOWN = {200, 202, 400, 404, 408, 413, 429, 503}
GROWTH = {"memory, MB": 16, "descriptors": 16, "threads": 2}


class Load:
    """Clients of all kinds on threads of their own, until `stop`."""

    def __init__(self, daemon, settings: pathlib.Path, seed: int):
        self.daemon, self.settings, self.seed = daemon, settings, seed
        self.stopping = threading.Event()
        self.problems: list[str] = []
        self.counts: dict[str, int] = {}
        kinds = (self.scrape, self.scrape, self.push_events, self.push_events, self.push_groups,
                 self.push_groups, self.cut_off, self.read_slowly, self.reload)
        self.threads = [threading.Thread(target=self.repeat, args=(kind, number), daemon=True)
                        for number, kind in enumerate(kinds)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def repeat(self, kind, number: int):
        chance = random.Random(self.seed * 1_000 + number)
        while not self.stopping.is_set():
            try:
                kind(chance)
                self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
            except (OSError, http.client.HTTPException):
                # A connection that was closed by a limit; a dead daemon is seen by the samples.
                self.stopping.wait(0.05)

    def ask(self, port: int, method: str, path: str, body: bytes = b"", headers=None) -> int:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            answer.read()
        if answer.status not in KNOWN:
            self.problems.append(f"{method} {path} was answered {answer.status}")
        return answer.status

    def scrape(self, chance):
        path = chance.choice(["/metrics", "/metrics?collect[]=groups", "/metrics?exclude[]=models"])
        accept = chance.choice(["identity", "gzip"])
        self.ask(self.daemon.telemetry, "GET", path, headers={"Accept-Encoding": accept})
        self.stopping.wait(chance.random() * 0.2)

    def push_events(self, chance):
        events = [{"model": f"m{chance.randrange(20)}", "version": "1", "duration_seconds": 0.1,
                   "features": {f"f{chance.randrange(50)}": 1.5}}
                  for _ in range(chance.choice([1, 10, 5_000]))]
        body = json.dumps(events).encode()
        headers = {"Content-Type": "application/json"}
        if chance.random() < 0.5:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        self.ask(self.daemon.push, "POST", "/v1/events", body, headers)

    def push_groups(self, chance):
        path = f"/metrics/job/j{chance.randrange(100)}"
        count = chance.choice([1, 10, 20_000])
        lines = b"".join(b'm{a="%d"} 1\n' % number for number in range(count))
        method = chance.choice(["PUT", "PUT", "POST", "DELETE"])
        self.ask(self.daemon.push, method, path, b"" if method == "DELETE" else lines)

    def cut_off(self, chance):
        """Goes away in the middle of a request."""
        address = ("127.0.0.1", self.daemon.push)
        with socket.create_connection(address, timeout=10) as client:
            client.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                           b"application/json\r\nContent-Length: 1000000\r\n\r\n"
                           + b" " * chance.randrange(500_000))
        self.stopping.wait(0.02)

    def read_slowly(self, chance):
        """Asks for pages and reads nothing for a while."""
        address = ("127.0.0.1", self.daemon.telemetry)
        with socket.create_connection(address, timeout=10) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.stopping.wait(chance.random() * 2)

    def reload(self, chance):
        self.settings.write_text(f"limits:\n  groups: {chance.randrange(50, 200)}\n")
        os.kill(self.daemon.process.pid, signal.SIGHUP)
        self.stopping.wait(0.5)


def usage(pid: int) -> dict[str, int]:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {"memory, MB": int(status.split("RssAnon:")[1].split()[0]) >> 10,
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": int(status.split("Threads:")[1].split()[0])}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        settings = folder / "settings.yml"
        settings.write_text("limits:\n  groups: 100\n")
        daemon = MLExporter(folder, None, "--storage.snapshot-interval=5s",
                            "--push.producer-rate=0", f"--config.file={settings}")
        daemon.start()
        daemon.wait()
        samples: list[dict[str, int]] = []
        load = Load(daemon, settings, options.seed)
        end = time.monotonic() + options.seconds
        while time.monotonic() < end and daemon.process.poll() is None:
            time.sleep(1)
            with contextlib.suppress(OSError):
                samples.append(usage(daemon.process.pid))
        load.stop()
        problems = load.problems[:20]
        if daemon.process.poll() is not None:
            problems.append(f"the daemon ended with {daemon.process.returncode}")
        elif (status := daemon.stop()) != 0:
            problems.append(f"the daemon ended with {status} when it was told to")
        third = max(1, len(samples) // 3)
        for what, allowed in GROWTH.items():
            # The first third fills what is kept: groups, series, pools.
            before = statistics.median(sample[what] for sample in samples[third:2 * third])
            after = statistics.median(sample[what] for sample in samples[2 * third:])
            most = max(sample[what] for sample in samples)
            print(f"{what}: {before:.0f} in the second third, {after:.0f} in the last, {most} at most")
            if after > before + allowed:
                problems.append(f"{what} grew by {after - before:.0f}, more than {allowed}")
        print(", ".join(f"{name} {count}" for name, count in sorted(load.counts.items())))
        for problem in problems:
            print(f"BROKEN: {problem}")
        return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
