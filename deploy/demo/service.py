"""A model service that is not there: it pushes the traffic of one to ml_exporter, and knows what it pushed.

    python3 deploy/demo/service.py --push 127.0.0.1:10181 --model fraud --phase errors

Nothing is left to chance, so that the numbers on a dashboard can be compared with what was sent: the
n-th request always has the same duration and outcome in a phase.
"""

import argparse
import collections
import http.client
import json
import os
import socket
import threading
import time
from dataclasses import dataclass, field

PHASES = ("steady", "errors", "latency", "inputs", "silence")
TICK_SECONDS = 0.25
# Of a hundred requests ninety take 20 ms, nine 80 ms and one 200 ms.
DURATIONS = ((90, 0.02), (99, 0.08), (100, 0.2))
SLOWDOWN = 20
KV_CACHE_USAGE = 0.42
STAGES = {"queue": 0.1, "preprocess": 0.2, "inference": 0.6, "postprocess": 0.1}
# Of the business, in each tick.
EARNED, LOST = 5.0, 1.0


@dataclass
class PushedTotals:
    """Totals of what was pushed and acknowledged; the daemon must have the same."""

    outcomes: collections.Counter = field(default_factory=collections.Counter)
    rows: int = 0
    invalid_rows: int = 0
    errors: collections.Counter = field(default_factory=collections.Counter)
    missing: collections.Counter = field(default_factory=collections.Counter)
    tokens: collections.Counter = field(default_factory=collections.Counter)
    durations: collections.Counter = field(default_factory=collections.Counter)
    labels: int = 0
    earned: float = 0
    lost: float = 0

    @property
    def requests(self) -> int:
        return self.outcomes.total()

    def count(self, event: dict):
        rows = event.get("batch_size", 1)
        self.outcomes[event["outcome"]] += 1
        self.durations[event["duration_seconds"]] += 1
        self.rows += rows
        # Input errors of an event count as one row: an event does not say which row of its batch they concern.
        self.invalid_rows += bool(event.get("input_errors"))
        for error in event.get("input_errors", ()):
            self.errors[error["feature"], error["reason"]] += 1
        for name, value in event.get("features", {}).items():
            self.missing[name] += value is None
        for direction, number in event.get("tokens", {}).items():
            self.tokens[direction] += number


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Producer:
    """Numbers its batches and sends each until it is acknowledged: nothing counts twice or not at all."""

    def __init__(self, push: str, name: str):
        self.push = push
        self.identity = {"Producer-Id": f"{name}-{os.getpid()}",
                         "Producer-Start": f"{time.time():.3f}",
                         "Content-Type": "application/json"}
        self.sequence = 0
        self.connection = None

    def connect(self) -> http.client.HTTPConnection:
        if self.push.startswith("unix:"):
            return UnixConnection(self.push.removeprefix("unix:"))
        host, port = self.push.rsplit(":", 1)
        return http.client.HTTPConnection(host, int(port), timeout=10)

    def send(self, events: list[dict], stop: threading.Event | None = None) -> dict:
        """The daemon's answer. Raises when the daemon refuses an item, because that is a bug here."""
        self.sequence += 1
        body = json.dumps(events).encode()
        headers = {**self.identity, "Batch-Sequence": str(self.sequence)}
        while True:
            try:
                self.connection = self.connection or self.connect()
                self.connection.request("POST", "/v1/events", body, headers)
                answer = self.connection.getresponse()
                content = json.loads(answer.read() or b"{}")
                if answer.status == 200 and not content.get("rejected"):
                    return content
                if answer.status not in (429, 503):
                    raise ValueError(f"{answer.status} {content}")
            except (OSError, http.client.HTTPException):
                self.close()
            if stop is not None and stop.wait(TICK_SECONDS):
                return {}
            if stop is None:
                time.sleep(TICK_SECONDS)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Service(threading.Thread):
    """Pushes `rate` requests per second until it is stopped; `phase` may change at any time."""

    def __init__(self, push: str, model: str, version: str = "1", variant: str = "",
                 rate: float = 40, phase: str = "steady", language: bool = False):
        super().__init__(daemon=True)
        self.model, self.version, self.variant = model, version, variant
        self.rate, self.phase, self.language = rate, phase, language
        self.pushed = PushedTotals()
        self.number = 0
        self.failure: Exception | None = None
        self.producer = Producer(push, f"{model}-{version}{variant}")
        self.stopping = threading.Event()

    @property
    def identity(self) -> dict:
        return {"model": self.model, "version": self.version,
                **({"variant": self.variant} if self.variant else {})}

    def request(self, number: int) -> dict:
        """The n-th request in this phase."""
        duration = next(time for limit, time in DURATIONS if number % 100 < limit)
        outcome, reason = "ok", None
        if number % 50 == 7:
            outcome, reason = "client_error", "bad_request"
        if self.phase == "errors" and number % 10 == 3:
            outcome, reason = "server_error", "backend"
        elif self.phase == "errors" and number % 20 == 5:
            outcome, reason = "timeout", "deadline"
        if self.phase == "latency":
            duration *= SLOWDOWN
        event = {**self.identity, "outcome": outcome, "duration_seconds": duration,
                 "stages": {name: share * duration for name, share in STAGES.items()}}
        if reason:
            event["reason"] = reason
        if self.language:
            event |= {"tokens": {"input": 120, "output": 30 if number % 2 else 50},
                      "time_to_first_token_seconds": duration * 5,
                      "time_per_output_token_seconds": duration / 4,
                      "finish_reason": "length" if number % 10 == 0 else "stop"}
            return event
        event |= {"batch_size": 2 if number % 4 == 0 else 1,
                  "features": {"amount": float(number % 100), "age": 20 + number % 50,
                               "country": "DE" if number % 3 else "FR"},
                  "prediction": "fraud" if number % 25 == 0 else "ok"}
        if number % 40 == 1:
            event["features"]["age"] = None
        if self.phase == "inputs" and number % 5 == 2:
            event["features"]["age"] = None
            event["input_errors"] = [{"feature": "amount", "reason": "type"}]
        return event

    def state(self) -> dict:
        event = {"type": "state", **self.identity, "in_flight": 3, "queue_length": 1}
        if self.language:
            event["kv_cache_usage_ratio"] = KV_CACHE_USAGE
        return event

    def label(self) -> dict:
        """What turned out to be true of one prediction."""
        return {"type": "label", **self.identity, "prediction": "fraud", "label": "fraud"}

    def earning(self, value: float) -> dict:
        return {"type": "metric", "name": "saved", "kind": "counter", "value": value,
                "model": self.model}

    def loaded(self) -> dict:
        return {"type": "model", **self.identity, "event": "loaded", "framework": "lightgbm",
                "git_sha": "0a1b2c3", "trained_at": time.time() - 86400}

    def run(self):
        try:
            self.producer.send([self.loaded(), self.state()], self.stopping)
            start, sent = time.monotonic(), 0.0
            while not self.stopping.wait(TICK_SECONDS):
                due = (time.monotonic() - start) * self.rate
                count, sent = int(due - sent), sent + int(due - sent)
                if self.phase == "silence":
                    continue
                events = [self.request(self.number + index) for index in range(count)]
                self.number += count
                others = [self.state(), self.earning(EARNED), self.earning(-LOST)]
                if not self.language:
                    others.append(self.label())
                if self.producer.send([*events, *others], self.stopping):
                    for event in events:
                        self.pushed.count(event)
                    self.pushed.labels += not self.language
                    self.pushed.earned += EARNED
                    self.pushed.lost += LOST
        except Exception as failure:
            self.failure = failure
        finally:
            self.producer.close()

    def stop(self):
        """Ends it after the push that is under way; raises what went wrong."""
        self.stopping.set()
        if self.is_alive():
            self.join()
        if self.failure:
            raise self.failure


def training(model: str, f1: float = 0.91, status: str = "succeeded") -> list[dict]:
    """The events that report a finished training run, one per split."""
    run = {"type": "training", "model": model, "run": "2026-11-20T10:00", "epoch": 12, "step": 4800}
    return [
        {**run, "split": "train", "metrics": {"f1": min(1, f1 + 0.03), "binary_logloss": 0.18}},
        {**run, "split": "validation", "metrics": {"f1": f1, "binary_logloss": 0.21},
         "feature_importance": {"amount": 0.5, "age": 0.3, "country": 0.2},
         "feature_statistics": {"amount": {"mean": 49.5, "stddev": 28.9, "median": 49.5},
                                "age": {"mean": 44.5, "stddev": 14.4, "median": 44.5}},
         "status": status, "duration_seconds": 812, "rows": 120000},
    ]


def business(model: str, profit: float = 1_100_000, target: float = 1_000_000) -> list[dict]:
    """A figure as it stands, with its target."""
    return [{"type": "metric", "name": "weekly_profit", "kind": "gauge", "value": profit,
             "target": target, "model": model}]


def main():
    parser = argparse.ArgumentParser(description="Pushes the traffic of a model service.")
    parser.add_argument("--push", default="127.0.0.1:10181", help="host:port or unix:/path")
    parser.add_argument("--model", default="fraud")
    parser.add_argument("--version", default="1")
    parser.add_argument("--variant", default="")
    parser.add_argument("--rate", type=float, default=40, help="requests per second")
    parser.add_argument("--phase", choices=PHASES, default="steady")
    parser.add_argument("--language", action="store_true", help="a language model: tokens")
    arguments = vars(parser.parse_args())
    service = Service(**arguments)
    service.producer.send([*training(service.model), *business(service.model)])
    service.start()
    try:
        while service.is_alive():
            time.sleep(1)
    except KeyboardInterrupt:
        pass
    service.stop()
    print(f"{service.pushed.requests} requests: {dict(service.pushed.outcomes)}")


if __name__ == "__main__":
    main()
