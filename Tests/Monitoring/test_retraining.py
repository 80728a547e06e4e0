"""Rows since the last training, of a model that is trained on one host and served on another.

Neither daemon knows it alone: one gets the training event, the other the predictions. The recording
rule joins them; here with two daemons and a real Prometheus, thirty seconds of the rule in one.
"""

import contextlib
import json
import time

import pytest
import yaml

from files import RULES
from hurry import hurried, quick
from programs import Daemon, Prometheus, wait_until

FACTOR = 30
ROWS = "model:ml_observations_since_training"
MODEL = {"model": "fraud", "version": "3"}
# A rate is extrapolated to its window, and a busy machine scrapes unevenly.
TOLERANCE = 0.2
PUSHES, ROWS_OF_PUSH = 40, 50

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 2s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: ml_exporter
    static_configs: [{{targets: ['{training}', '{serving}']}}]
"""


def push(daemon: Daemon, event: dict):
    status, answer = daemon.ask("/v1/events", json.dumps(event).encode(),
                                {"Content-Type": "application/json"}, address=daemon.push)
    assert status == 200 and json.loads(answer)["accepted"] == 1


class Fleet:
    """A host that trains, a host that serves, and Prometheus with the rule."""

    def __init__(self, folder, stack: contextlib.ExitStack):
        def daemon(name: str) -> Daemon:
            (folder / name).mkdir()
            running = Daemon(folder / name, "--collector.disable-defaults")
            stack.callback(running.stop)
            return running

        self.training, self.serving = daemon("training"), daemon("serving")
        hurried(RULES, folder / "rules", FACTOR)
        file = folder / "rules" / "training.yml"
        groups = [group for group in yaml.safe_load(file.read_text())["groups"]
                  if group["name"].endswith("retraining")]
        assert len(groups) == 1
        groups[0]["interval"] = quick(groups[0]["interval"], FACTOR)
        rules = folder / "retraining.yml"
        rules.write_text(yaml.safe_dump({"groups": groups}, width=10_000))
        self.prometheus = Prometheus(folder, CONFIGURATION.format(
            rules=rules, training=self.training.address, serving=self.serving.address))
        stack.callback(self.prometheus.stop)

    def train(self):
        push(self.training, {"type": "training", **MODEL, "status": "succeeded"})

    def serve(self, pushes: int):
        for _ in range(pushes):
            push(self.serving, {**MODEL, "batch_size": ROWS_OF_PUSH, "duration_seconds": 0.01})
            time.sleep(0.25)

    def expect(self, rows: float):
        """Waits until the rule says so, and holds that it stays there."""
        near = pytest.approx(rows, rel=TOLERANCE, abs=ROWS_OF_PUSH)
        wait_until(lambda: self.prometheus.value(ROWS) == near, 60, f"{ROWS} is about {rows}")
        time.sleep(12)
        assert self.prometheus.value(ROWS) == near


def test_rows_since_training_are_counted_over_hosts(tmp_path):
    with contextlib.ExitStack() as stack:
        fleet = Fleet(tmp_path, stack)
        fleet.train()
        push(fleet.serving, MODEL)
        wait_until(lambda: fleet.prometheus.value('ml_predictions_total{version="3"}') == 1, 60,
                   "Prometheus has the rows of the host that serves")
        fleet.serve(PUSHES)
        fleet.expect(PUSHES * ROWS_OF_PUSH)
        fleet.train()
        fleet.expect(0)
        fleet.serve(PUSHES // 2)
        fleet.expect(PUSHES // 2 * ROWS_OF_PUSH)
        # What each daemon knows by itself is something else.
        assert fleet.prometheus.value("ml_observations_since_training"
                                      f'{{instance="{fleet.training.address}"}}') == 0
