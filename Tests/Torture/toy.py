"""The contract of exactly-once pushes in few lines: toy.py PORT FILE FAULT.

The harness proves itself on it: with `none` it must find nothing, and with each fault that fault.
    early    answers before it commits
    forgets  does not remember sequence numbers over a restart
    blind    does not look at sequence numbers
    halves   commits the events of a batch apart from its number
"""

import http.server
import json
import os
import signal
import sqlite3
import sys
import threading
import time

PORT, FILE, FAULT = int(sys.argv[1]), sys.argv[2], sys.argv[3]


class Store:
    def __init__(self):
        self.guard = threading.Lock()
        self.base = sqlite3.connect(FILE, check_same_thread=False, isolation_level=None)
        self.base.executescript("""
            PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
            CREATE TABLE IF NOT EXISTS sums (name PRIMARY KEY, value INTEGER);
            CREATE TABLE IF NOT EXISTS seen (stream, sequence, PRIMARY KEY (stream, sequence));""")
        if FAULT == "forgets":
            self.base.execute("DELETE FROM seen")
        if FAULT == "early":
            self.base.execute("BEGIN")
            threading.Thread(target=self.commit_late, daemon=True).start()

    def commit_late(self):
        while True:
            time.sleep(0.3)
            with self.guard:
                self.base.execute("COMMIT")
                self.base.execute("BEGIN")

    def apply(self, stream: str, sequence: int, items: list[dict]) -> bool:
        """False for a batch that was applied before."""
        with self.guard:
            if FAULT != "early":
                self.base.execute("BEGIN")
            marked = self.base.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)",
                                       (stream, sequence)).rowcount
            fresh = marked == 1 or FAULT == "blind"
            for item in items if fresh else ():
                name, value = f'ml_requests_total{{model="{item["model"]}",outcome="ok"}}', 1
                if item.get("type") == "metric":
                    name = f'ml_business_value_total{{kpi="{item["name"]}",model="{item["model"]}"}}'
                    value = item["value"]
                    if FAULT == "halves":
                        self.add(name, value)
                        self.base.execute("COMMIT")
                        time.sleep(0.002)
                        self.base.execute("BEGIN")
                        continue
                self.add(name, value)
            if FAULT != "early":
                self.base.execute("COMMIT")
            return fresh

    def add(self, name: str, value: int):
        self.base.execute("INSERT INTO sums VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET "
                          "value = value + excluded.value", (name, value))

    def page(self) -> str:
        with self.guard:
            return "".join(f"{name} {value}\n"
                           for name, value in self.base.execute("SELECT * FROM sums ORDER BY name"))


STORE = Store()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        self.answer(STORE.page() if self.path == "/metrics" else "ready\n", "text/plain")

    def do_POST(self):
        items = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        stream = f"{self.headers['Producer-Id']} {self.headers['Producer-Start']}"
        fresh = STORE.apply(stream, int(self.headers["Batch-Sequence"]), items)
        told = {"accepted": len(items), "rejected": 0, "errors": []} if fresh else {
            "duplicate": True}
        self.answer(json.dumps(told), "application/json")

    def answer(self, text: str, kind: str):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
Server(("127.0.0.1", PORT), Handler).serve_forever()
