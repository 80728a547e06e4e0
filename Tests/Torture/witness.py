"""Who looks at the page meanwhile: a real Prometheus, and a scraper that never rests."""

import http.client
import json
import pathlib
import re
import shutil
import subprocess
import threading
import time
import urllib.parse

from daemons import Daemon, fetch, free_port
from ledger import Findings

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(\{[^\n]*\})? (\S+)$', re.MULTILINE)
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


def samples(page: str, names: set[str]) -> dict[tuple[str, str], float]:
    """The samples of some names, by name and labels as they stand."""
    return {(name, labels): float(value) for name, labels, value in SAMPLE.findall(page)
            if name in names}


def labels(text: str) -> dict[str, str]:
    return dict(LABEL.findall(text))


class Scraper(threading.Thread):
    """Scrapes as often as it can and remembers the highest value that each series ever showed."""

    def __init__(self, daemon: Daemon, rising: set[str], findings: Findings):
        super().__init__(daemon=True)
        self.target, self.rising, self.findings = daemon, rising, findings
        self.highest = {}
        self.scrapes = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            try:
                status, page = fetch(self.target.telemetry, self.target.page)
            except (OSError, http.client.HTTPException):
                continue
            if status == 200:
                self.see(page)

    def see(self, page: str):
        self.scrapes += 1
        for series, value in samples(page, self.rising).items():
            before = self.highest.get(series, 0)
            if value < before:
                self.findings.add("backwards", f"{series[0]}{series[1]} fell from {before:.0f} to "
                                               f"{value:.0f} before our eyes")
            self.highest[series] = value

    def close(self):
        self.over.set()
        self.join()


class Prometheus:
    """Debian's Prometheus, scraping the daemon twice a second."""

    def __init__(self, folder: pathlib.Path, target: Daemon):
        program = shutil.which("prometheus")
        if not program:
            raise SystemExit("prometheus is not installed")
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(f"""
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
  - job_name: torture
    honor_labels: true
    metrics_path: {target.page}
    static_configs: [{{targets: ["127.0.0.1:{target.telemetry}"]}}]
""")
        self.log = open(folder / "prometheus.log", "wb")
        self.process = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.tsdb.path={folder}/prometheus",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def wait(self):
        for _ in range(600):
            try:
                if fetch(self.port, "/-/ready")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit("prometheus did not become ready")

    def query(self, text: str) -> list[dict]:
        status, answer = fetch(
            self.port, "/api/v1/query?" + urllib.parse.urlencode({"query": text}), 60)
        if status != 200:
            raise SystemExit(f"{text}: {answer}")
        return json.loads(answer)["data"]["result"]

    def judge(self, rising: set[str], findings: Findings) -> int:
        """Counts how often a counter fell. Gives the samples that it looked at."""
        seen = 0
        for name in sorted(rising):
            for fallen in self.query(f"resets({name}[1d]) > 0"):
                findings.add("backwards", f"{name}{fallen['metric']} fell {fallen['value'][1]} "
                                          "times for Prometheus", int(fallen["value"][1]))
            counted = self.query(f"sum(count_over_time({name}[1d]))")
            seen += int(counted[0]["value"][1]) if counted else 0
        return seen

    def close(self):
        self.process.terminate()
        self.process.wait(60)


def damage_told(page: str) -> dict[str, float] | None:
    """What a page tells of the storage; None when all of it could be used."""
    sound = {"ml_journal_ready": 1, "ml_journal_files_set_aside": 0,
             "ml_journal_skipped_records": 0}
    told = {name: value for (name, _), value in samples(page, set(sound)).items()}
    return None if told == sound else told
