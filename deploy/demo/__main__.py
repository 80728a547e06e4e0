"""Shows incidents from the push to the message: `make demo`, or `python3 deploy/demo [--keep]`.

Starts the daemon, a model service that pushes real traffic, Prometheus with our rules in a hurry,
Alertmanager with our routes and a receiver of its messages, all on free ports of 127.0.0.1. Then the
service fails, gets slow, is fed wrong inputs and falls silent; the demo waits until each alert is
notified and, where possible, resolved. All programs are stopped at the end.
"""

import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from hurry import hurried
from programs import REPOSITORY, Alertmanager, Daemon, Prometheus
from receiver import Receiver
from service import Producer, Service, business, training

# One second of the demo is a minute of the rules.
FACTOR = 60
WAIT_SECONDS = 240

PROMETHEUS = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}}
rule_files: [{folder}/rules/*.yml]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]
scrape_configs:
  - job_name: ml_exporter
    params: {{'exclude[]': [groups]}}
    static_configs: [{{targets: ['{daemon}']}}]
  - job_name: ml_exporter_groups
    params: {{'collect[]': [groups]}}
    honor_labels: true
    static_configs: [{{targets: ['{daemon}']}}]
"""

# Phase, the alert that has to be told, and what happens.
INCIDENTS = (
    ("errors", "ModelErrorBudgetBurnFast", "every tenth request fails, every twentieth times out"),
    ("latency", "ModelLatencyHigh", "every request takes twenty times as long"),
    ("inputs", "ModelInputErrorsHigh", "every fifth row has an amount that is no number"),
    ("silence", "ModelTrafficStopped", "nothing is pushed any more"),
)


def routes(receiver: Receiver) -> str:
    """Our routes and what they hold back; every message goes to the receiver."""
    text = (REPOSITORY / "deploy" / "alertmanager" / "alertmanager.yml").read_text()
    route = text[text.index("route:"):text.index("receivers:")]
    for name, factor in (("group_wait", 30), ("group_interval", 20)):
        route = re.sub(rf"{name}: (\d+)(s|m)", lambda match: (
            f"{name}: {max(1, int(match[1]) * (60 if match[2] == 'm' else 1) // factor)}s"), route)
    names = sorted(set(re.findall(r"receiver: ([\w-]+)", route)))
    receivers = "".join(
        f"  - name: {name}\n" + (
            "" if name == "none" else
            f"    webhook_configs: [{{url: 'http://{receiver.address}/{name}', send_resolved: true}}]\n")
        for name in names)
    return f"{route}receivers:\n{receivers}"


def yesterday(folder: pathlib.Path):
    """What the rules would have recorded of the model for a day and more: an outage is one only beside that."""
    now, day = int(time.time()), 86400 // FACTOR
    lines = [f'{name}{{model="fraud"}} 40 {at}\n'
             for name in ("model:ml_requests:rate1h", "model:ml_requests_rate10m:min140m")
             for at in range(now - day - day // 4, now - 60, 2)]
    (folder / "yesterday.om").write_text("".join(lines) + "# EOF\n")
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet",
                    folder / "yesterday.om", folder / "tsdb"], check=True, stdout=subprocess.DEVNULL)


class Stage:
    """Everything that runs, and what was said."""

    def __init__(self, folder: pathlib.Path, stack: contextlib.ExitStack):
        def keep(program):
            stack.callback(program.stop)
            return program

        self.began = time.monotonic()
        self.receiver = Receiver()
        stack.callback(self.receiver.close)
        self.daemon = keep(Daemon(folder))
        self.alertmanager = keep(Alertmanager(folder, routes(self.receiver)))
        hurried(REPOSITORY / "deploy" / "prometheus" / "rules", folder / "rules", FACTOR)
        yesterday(folder)
        self.prometheus = keep(Prometheus(folder, PROMETHEUS.format(
            folder=folder, alertmanager=self.alertmanager.address, daemon=self.daemon.address),
            "--rules.alert.resend-delay=2s"))
        self.service = Service(self.daemon.push, "fraud", "3", rate=40)
        self.service.producer.send([*training("fraud"), *business("fraud")])
        self.service.start()
        stack.callback(self.service.stop)

    def say(self, text: str):
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    def wait(self, alert: str, status: str, after: float) -> dict:
        """The alert of the first message at or after a time that says so."""
        def heard():
            for message in list(self.receiver.messages):
                if message.time < after:
                    continue
                for told in message.content["alerts"]:
                    if told["labels"]["alertname"] == alert and told["status"] == status:
                        return {**told, "receiver": message.path.strip("/")}
            return None
        end = time.monotonic() + WAIT_SECONDS
        while not (found := heard()):
            if time.monotonic() > end:
                raise TimeoutError(f"{alert} was not {status} within {WAIT_SECONDS} s")
            if self.service.failure:
                raise self.service.failure
            time.sleep(0.2)
        return found

    def steady(self, seconds: float):
        self.service.phase = "steady"
        time.sleep(seconds)


def play(stage: Stage):
    stage.say("steady traffic: 40 requests per second")
    stage.steady(20)
    heartbeat = stage.wait("Watchdog", "firing", 0)
    stage.say(f"Watchdog is heard at {heartbeat['receiver']}: alerting works")
    for phase, alert, what in INCIDENTS:
        stage.say(f"-- {phase}: {what}")
        began = time.time()
        stage.service.phase = phase
        told = stage.wait(alert, "firing", began)
        notes = told["annotations"]
        stage.say(f"   {told['labels']['severity']} {alert} to {told['receiver']}")
        stage.say(f"   {notes['summary']}. {notes['description']}")
        stage.say(f"   {notes['dashboard_url']}")
        stage.say(f"   {notes['runbook_url']}")
        stage.service.phase = "steady"
        stage.wait(alert, "resolved", began)
        stage.say(f"   {alert} is over")
    stage.service.stop()
    time.sleep(2)
    pushed = stage.service.pushed
    counted = stage.prometheus.value("sum(ml_requests_total)")
    stage.say(f"{pushed.requests} requests were pushed; Prometheus counts {counted:.0f}")


def main():
    parser = argparse.ArgumentParser(description="Shows incidents from the push to the message.")
    parser.add_argument("--keep", action="store_true",
                        help="leave everything running afterwards, until Ctrl-C")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="ml_exporter-demo-") as name, \
            contextlib.ExitStack() as stack:
        stage = Stage(pathlib.Path(name), stack)
        print(f"ml_exporter   http://{stage.daemon.address}/metrics\n"
              f"push          http://{stage.daemon.push}/v1/events\n"
              f"Prometheus    http://{stage.prometheus.address}/alerts\n"
              f"Alertmanager  http://{stage.alertmanager.address}/\n"
              f"Grafana       import dashboards/*.json with http://{stage.prometheus.address} "
              "as its data source\n", flush=True)
        play(stage)
        if keep:
            print("everything keeps running; Ctrl-C ends it", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(1)
    print("stopped", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
