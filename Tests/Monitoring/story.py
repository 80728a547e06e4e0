"""Six hours of a site in one minute: a deployment, a burst of errors, a rollback, inputs that drift.

Each simulated minute is pushed to two real daemons, and their real pages are kept with the time of that minute. What a
page says of the machine is continued from two real pages: counters at their rate, gauges with some noise. Alerts and
recorded series are what Prometheus makes of that history with the shipped rules.
"""

import json
import math
import pathlib
import random
import re
import subprocess
import time

from files import REPOSITORY, rules
from programs import Daemon, Prometheus
from service import Producer, business, training

MINUTES = 360
STEP = 60
# Requests that one pushed event stands for.
WEIGHT = 24
DEPLOYED, ERRORS, ROLLED_BACK, DRIFTING = 120, 150, 178, 255
# The machine of the tests is busy with tests; what is shown is one that serves. Shares of a CPU by mode, of all memory
# by field, and bytes and packets per second of a device.
CPU_SHARES = {"user": 0.24, "system": 0.06, "iowait": 0.012, "softirq": 0.008, "nice": 0.0, "irq": 0.0,
              "steal": 0.004}
MEMORY_SHARES = {"MemAvailable": 0.56, "MemFree": 0.27, "Cached": 0.26, "Buffers": 0.012, "SReclaimable": 0.03,
                 "Active": 0.34, "Inactive": 0.22, "AnonPages": 0.31, "Committed_AS": 0.5}
DEVICE_RATES = {"node_network_receive_bytes_total": 2.2e6, "node_network_transmit_bytes_total": 0.9e6,
                "node_network_receive_packets_total": 2600, "node_network_transmit_packets_total": 2100}
LINE = re.compile(r"(\w+)(\{.*\})? (\S+)$")


def traffic(minute: int) -> float:
    """Requests of a minute as a share of the usual number: slow waves and noise."""
    return 1 + 0.18 * math.sin(minute / 95) + 0.05 * math.sin(minute / 17) + random.gauss(0, 0.02)


class Story:
    def __init__(self, start: float):
        self.start = start

    def moment(self, minute: int) -> float:
        return self.start + minute * STEP

    def fraud(self, minute: int, host: int) -> list[dict]:
        """The requests of a minute to the fraud model on one host."""
        events = []
        share = 0.0
        if host == 0 and DEPLOYED <= minute < ROLLED_BACK:
            share = 0.25 if minute < DEPLOYED + 20 else 1.0
        burst = ERRORS <= minute < ROLLED_BACK
        drift = max(0.0, min(1.0, (minute - DRIFTING) / 60)) if minute >= DRIFTING else 0.0
        for number in range(round(40 * traffic(minute))):
            is_new = number / 40 < share
            duration = random.lognormvariate(math.log(0.022), 0.55)
            event = {"model": "fraud", "version": "4" if is_new else "3", "count": WEIGHT, "outcome": "ok",
                     "variant": "challenger" if is_new else "champion",
                     "batch_size": random.choice((1, 1, 1, 2, 4))}
            fate = random.random()
            if fate < 0.012:
                event |= {"outcome": "client_error", "reason": "bad_request"}
            elif burst and is_new and fate < 0.12:
                event |= {"outcome": "server_error", "reason": "feature store"}
                duration *= 5
            elif burst and is_new and fate < 0.16:
                event |= {"outcome": "timeout", "reason": "deadline"}
                duration = 1.0
            elif fate > 0.9992:
                event |= {"outcome": "server_error", "reason": "backend"}
            if burst and is_new:
                duration *= 1.8
            event["duration_seconds"] = duration
            event["stages"] = {"queue": duration * 0.1, "preprocess": duration * (0.5 if burst else 0.2),
                               "inference": duration * (0.3 if burst else 0.6),
                               "postprocess": duration * 0.1}
            event["features"] = {
                "amount": random.lognormvariate(3, 1),
                "age": None if random.random() < 0.02 + 0.16 * drift else 40,
                "country": None if random.random() < 0.01 else "DE"}
            if random.random() < 0.002 + 0.03 * drift:
                event["input_errors"] = [{"feature": "amount", "reason": random.choice(
                    ("type", "type", "out_of_range"))}]
            events.append(event)
        for version, variant in (("3", "champion"), ("4", "challenger")):
            if version == "3" or DEPLOYED <= minute <= ROLLED_BACK and host == 0:
                events.append({"type": "state", "model": "fraud", "version": version, "variant": variant,
                               "in_flight": 0 if minute == ROLLED_BACK and version == "4"
                               else random.randint(1, 6) + (18 if burst and share else 0),
                               "queue_length": 9 if burst and share else random.randint(0, 1)})
        events.append({"type": "metric", "name": "saved", "kind": "counter", "model": "fraud",
                       "value": 900 * traffic(minute)})
        events.append({"type": "metric", "name": "saved", "kind": "counter", "model": "fraud",
                       "value": -160 * (3 if burst and host == 0 else 1)})
        events.append({"type": "label", "model": "fraud", "version": "3",
                       "prediction": "fraud", "label": "fraud"})
        return events

    def chat(self, minute: int) -> list[dict]:
        slow = 2.5 if 205 <= minute < 235 else 1.0
        events = []
        for _ in range(round(12 * traffic(minute))):
            output = random.randint(20, 160)
            first, each = random.lognormvariate(math.log(0.35 * slow), 0.4), random.gauss(0.021, 0.002)
            events.append({"model": "chat", "version": "1", "count": 4, "outcome": "ok",
                           "duration_seconds": first + output * each,
                           "tokens": {"input": random.randint(200, 2500), "output": output},
                           "time_to_first_token_seconds": first, "time_per_output_token_seconds": each,
                           "stages": {"queue": 0.1 * first, "prefill": 0.9 * first, "decode": output * each},
                           "finish_reason": random.choices(("stop", "length", "tool_calls"), (80, 14, 6))[0]})
        events.append({"type": "state", "model": "chat", "version": "1",
                       "in_flight": random.randint(3, 9) * round(slow), "queue_length": round(4 * (slow - 1)),
                       "kv_cache_usage_ratio": min(1.0, random.uniform(0.42, 0.55) * slow)})
        return events

    def events(self, minute: int, host: int) -> list[dict]:
        events = self.fraud(minute, host) + self.chat(minute)
        loads = {0: ("3", "champion", 9), DEPLOYED: ("4", "challenger", 1),
                 ROLLED_BACK: ("3", "champion", 9)}
        if minute in loads and (host == 0 or minute == 0):
            version, variant, days = loads[minute]
            events.insert(0, {"type": "model", "model": "fraud", "version": version, "variant": variant,
                              "event": "loaded", "framework": "lightgbm", "git_sha": f"{version}a1b2c3",
                              "trained_at": self.start - days * 86400})
        if minute == 0:
            events.insert(0, {"type": "model", "model": "chat", "version": "1", "event": "loaded",
                              "framework": "vllm", "git_sha": "9f8e7d6",
                              "trained_at": self.start - 40 * 86400})
            if host == 0:
                for model, f1 in (("fraud", 0.91), ("chat", 0.83)):
                    events += [*training(model, f1), *business(model)]
        return events


def samples(page: str) -> dict[tuple[str, str], float]:
    found = {}
    for line in page.splitlines():
        if not line.startswith("#") and (match := LINE.match(line)):
            found[match[1], match[2] or ""] = float(match[3])
    return found


class Machine:
    """What the page of a host says of its machine, continued from two real pages."""

    def __init__(self, first: str, second: str, seconds: float):
        self.kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", second, re.MULTILINE))
        before, self.values = samples(first), samples(second)
        self.rates, self.loose = {}, set()
        for key, value in self.values.items():
            change = value - before.get(key, value)
            is_shown = key[0] == "node_cpu_seconds_total" or key[0] in DEVICE_RATES
            if self.counts(key[0]) and (change > 0 or is_shown):
                self.rates[key] = change / seconds
            elif change and not self.counts(key[0]):
                self.loose.add(key)
        self.level = dict.fromkeys(self.loose, 0.0)

    def counts(self, name: str) -> bool:
        return self.kinds.get(name) == "counter" or name.startswith(("node_netstat_", "node_vmstat_"))

    def minute(self, at: float, load: float) -> dict[tuple[str, str], float]:
        for key, rate in self.rates.items():
            name, labels = key
            mode = re.search(r'mode="(\w+)"', labels)
            if name == "node_cpu_seconds_total":
                shares = {word: share * load * random.uniform(0.9, 1.1) for word, share in CPU_SHARES.items()}
                rate = shares.get(mode[1], 1 - sum(shares.values()))
            elif name in DEVICE_RATES and 'device="lo"' not in labels:
                rate = DEVICE_RATES[name] * load * random.uniform(0.85, 1.15)
            elif name.startswith("node_pressure"):
                rate = 0.004 * load * random.random()
            elif rate:
                rate *= load * random.uniform(0.9, 1.1)
            self.values[key] += rate * STEP
        page = dict(self.values)
        for key in self.loose:
            self.level[key] = 0.95 * self.level[key] + random.gauss(0, 0.012)
            page[key] = self.values[key] * (1 + self.level[key])
        total = self.values.get(("node_memory_MemTotal_bytes", ""), 0.0)
        self.held = 0.97 * getattr(self, "held", 0.0) + random.gauss(0, 0.004)
        for key in page:
            field = key[0].removeprefix("node_memory_").removesuffix("_bytes")
            if field in MEMORY_SHARES:
                away = -1 if field in ("MemAvailable", "MemFree") else 1
                page[key] = total * (MEMORY_SHARES[field] + away * self.held)
            elif key[0] in ("node_timex_sync_status", "node_timex_offset_seconds"):
                page[key] = 1 if key[0].endswith("status") else random.gauss(0, 2e-4)
            elif key[0].startswith("node_load"):
                page[key] = 0.7 * load * random.uniform(0.9, 1.1)
            elif key[0] == "node_time_seconds":
                page[key] = at
            elif key[0] == "ml_gpu_utilization_ratio":
                page[key] = min(0.97, 0.55 * load * random.uniform(0.9, 1.1))
            elif key[0] == "ml_gpu_power_watts":
                page[key] = 300 * load * random.uniform(0.95, 1.05)
            elif key[0] == "ml_gpu_temperature_celsius":
                page[key] = round(54 + 10 * load + random.gauss(0, 0.6))
        return page


def is_of_the_machine(name: str) -> bool:
    return not name.startswith("ml_") or name.startswith(
        ("ml_gpu_", "ml_exporter_", "ml_producer_process_", "ml_cgroup_"))


def told(folder: pathlib.Path, hosts: list[Daemon], pushes: list[str], start: float) -> pathlib.Path:
    """The file of all samples of the six hours, as OpenMetrics with times."""
    random.seed(2026)
    story, began = Story(start), time.time()
    producers = [Producer(push, f"site-{index}") for index, push in enumerate(pushes)]
    for index, producer in enumerate(producers):
        # From the first push on the page has the process that pushes.
        producer.send(story.fraud(0, index) + story.chat(0))
    pages = [host.ask("/metrics")[1].decode() for host in hosts]
    time.sleep(12)
    machines = [Machine(page, host.ask("/metrics")[1].decode(), 12) for page, host in zip(pages, hosts)]
    since: dict[tuple, tuple[float, float]] = {}
    file = folder / "story.om"
    with open(file, "w") as lines:
        for minute in range(MINUTES + 1):
            at, load = story.moment(minute), traffic(minute)
            for index, (host, producer, machine) in enumerate(zip(hosts, producers, machines)):
                producer.send(story.events(minute, index))
                target = f'job="ml_exporter",instance="{host.address}"'
                page = {key: value for key, value in samples(
                    host.ask("/metrics?collect[]=models")[1].decode()).items()
                    if not is_of_the_machine(key[0])}
                own = samples(host.ask("/metrics?collect[]=exporter")[1].decode()) if minute == 0 else {}
                page |= {key: value for key, value in own.items() if key[0].startswith("ml_journal")}
                for key, value in page.items():
                    # A time that the daemon noted just now was noted in the simulated minute.
                    if key[0].endswith("_timestamp_seconds") and value >= began:
                        known = since.get((index, *key))
                        if known is None or known[0] != value:
                            since[index, *key] = known = (value, at)
                        page[key] = known[1]
                page |= {key: value for key, value in machine.minute(at, load).items()
                         if is_of_the_machine(key[0])}
                page |= {("up", ""): 1, ("scrape_duration_seconds", ""): 0.004 * random.uniform(0.9, 1.3),
                         ("scrape_samples_scraped", ""): len(page)}
                for (name, labels), value in page.items():
                    inner = labels[1:-1] + "," if labels else ""
                    lines.write(f"{name}{{{inner}{target}}} {value!r} {at:.0f}\n")
        lines.write("# EOF\n")
    for producer in producers:
        producer.close()
    return file


def blocks(file: pathlib.Path, folder: pathlib.Path):
    done = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", file, folder],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def prometheus(folder: pathlib.Path) -> Prometheus:
    return Prometheus(folder, "scrape_configs: []\n", "--storage.tsdb.retention.time=60d",
                      "--storage.tsdb.allow-overlapping-blocks")


def record(folder: pathlib.Path, start: float, end: float):
    """The recorded series of the shipped rules. A rule sees those of earlier rounds only."""
    files = sorted((REPOSITORY / "deploy" / "prometheus" / "rules").glob("*.yml"))
    for _ in range(2):
        running = prometheus(folder)
        try:
            done = subprocess.run(
                ["promtool", "tsdb", "create-blocks-from", "rules", f"--start={start:.0f}", f"--end={end:.0f}",
                 f"--url=http://{running.address}", "--eval-interval=1m", f"--output-dir={folder}/tsdb", *files],
                capture_output=True, text=True)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        finally:
            running.stop()


def seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhdw])", text))


def alert(folder: pathlib.Path, start: float, end: float):
    """ALERTS, as Prometheus would have had it: a series fires once it was there for as long as `for` says."""
    running, file = prometheus(folder), folder / "alerts.om"
    try:
        with open(file, "w") as lines:
            for rule in (rule for rule in rules() if rule.is_alert and rule.name != "Watchdog"):
                data = running.api("query_range", query=rule.content["expr"], start=start, end=end, step=STEP)
                for row in data["result"]:
                    labels = {**row["metric"], "alertname": rule.name, "alertstate": "firing",
                              "severity": rule.severity}
                    labels.pop("__name__", None)
                    text = ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels.items()))
                    since = previous = None
                    for at, _ in row["values"]:
                        if previous is None or at - previous > STEP * 1.5:
                            since = at
                        previous = at
                        if at - since >= seconds(rule.content.get("for", "0s")):
                            lines.write(f"ALERTS{{{text}}} 1 {at:.0f}\n")
            lines.write("# EOF\n")
    finally:
        running.stop()
    if file.stat().st_size > len("# EOF\n"):
        blocks(file, folder / "tsdb")
