"""Shows incidents from the push to the message: `make demo`, or `python3 deploy/demo [--keep]`.

Starts the daemon, a model service that pushes real traffic, Prometheus with our rules in a hurry,
Alertmanager with our routes and a receiver of its messages, all on free ports of 127.0.0.1. Then the
service fails, gets slow, is fed wrong inputs and falls silent; the demo waits until each alert is
notified and, where possible, resolved. All programs are stopped at the end; a file keeps what was said.
"""

import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

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

# Phase, the alert that has to be notified, and what happens.
INCIDENTS = (
    ("errors", "ModelErrorBudgetBurnFast",
     "A dependency breaks: every tenth request fails, every twentieth times out."),
    ("latency", "ModelLatencyHigh", "The service gets slow: every request takes twenty times as long."),
    ("inputs", "ModelInputErrorsHigh",
     "A client sends text in place of numbers: every fifth row has an amount that cannot be read."),
    ("silence", "ModelTrafficStopped", "The service is cut off: nothing is pushed any more."),
)
REPORT = "ml_exporter-demo.md"
RUNBOOKS = REPOSITORY / "docs" / "runbooks"
# What one would look at in each.
GRAPHS = {
    "errors": "sum by (outcome) (rate(ml_requests_total[10s]))",
    "latency": "histogram_quantile(0.99, sum by (le) (rate(ml_request_duration_seconds_bucket[10s])))",
    "inputs": "sum by (feature, reason) (rate(ml_input_validation_errors_total[10s]))",
    "silence": "sum(rate(ml_requests_total[10s]))",
}


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
        self.lines: list[str] = []
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

    def say(self, text: str = ""):
        """Prints a line and keeps it for the report."""
        line = f"{time.monotonic() - self.began:6.1f} s  {text}" if text else ""
        self.lines.append(line)
        print(line, flush=True)

    def link(self, query: str) -> str:
        """A graph of Prometheus that exists as long as the demo runs."""
        return (f"http://{self.prometheus.address}/graph?g0.range_input=5m&g0.tab=0&g0.expr="
                + urllib.parse.quote(query))

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
    stage.say("The model \"fraud\" serves 40 requests per second; for 20 s nothing happens.")
    for waited in range(4):
        stage.steady(5)
        counted = stage.prometheus.value("sum(ml_requests_total)") or 0
        stage.say(f"Prometheus has seen {counted:.0f} requests.")
    heartbeat = stage.wait("Watchdog", "firing", 0)
    stage.say(f"Alerting works: the Watchdog's message has reached {heartbeat['receiver']}.")
    for number, (phase, alert, what) in enumerate(INCIDENTS, 1):
        stage.say()
        stage.say(f"Incident {number} of {len(INCIDENTS)}. {what}")
        began = time.time()
        stage.service.phase = phase
        told = stage.wait(alert, "firing", began)
        notes = told["annotations"]
        seconds = time.time() - began
        stage.say(f"After {seconds:.0f} s: the {told['labels']['severity']} alert {alert} to {told['receiver']}.")
        stage.say(f"   Message: {notes['summary']}. {' '.join(notes['description'].split())}")
        stage.say(f"   Runbook: {RUNBOOKS / alert}.md")
        stage.say(f"   Graph:   {stage.link(GRAPHS[phase])}")
        stage.say("The fault is repaired.")
        stage.service.phase = "steady"
        stage.wait(alert, "resolved", began)
        stage.say(f"{alert} is over.")
    stage.say()
    stage.service.stop()
    time.sleep(2)
    pushed = stage.service.pushed
    counted = stage.prometheus.value("sum(ml_requests_total)")
    stage.say(f"{pushed.requests} requests were pushed; Prometheus counts {counted:.0f}.")


def report(stage: Stage) -> pathlib.Path:
    """The file with all that was said and every message that arrived."""
    text = ["# What the demo saw", "", "One second of the demo is a minute of the rules.", "", "```text",
            *stage.lines, "```", "", "## Messages", "", "| after | receiver | status | alert | summary |",
            "| --- | --- | --- | --- | --- |"]
    start = time.time() - (time.monotonic() - stage.began)
    for message in list(stage.receiver.messages):
        for told in message.content["alerts"]:
            text.append(f"| {message.time - start:.1f} s | {message.path.strip('/')} | {told['status']} "
                        f"| {told['labels']['alertname']} | {told['annotations'].get('summary', '')} |")
    file = pathlib.Path(REPORT).resolve()
    file.write_text("\n".join(text) + "\n")
    return file


def main():
    parser = argparse.ArgumentParser(description="Shows incidents from the push to the message.")
    parser.add_argument("--keep", action="store_true",
                        help="leave everything running afterwards, until Ctrl-C")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="ml_exporter-demo-") as name, \
            contextlib.ExitStack() as stack:
        print("Four incidents of a model service, from the push to the message. One second stands for a minute:\n"
              "\"for 10 minutes\" in a message was 10 seconds here. It takes about three minutes.\n", flush=True)
        stage = Stage(pathlib.Path(name), stack)
        print(f"ml_exporter   http://{stage.daemon.address}/metrics\n"
              f"push          http://{stage.daemon.push}/v1/events\n"
              f"Prometheus    http://{stage.prometheus.address}/alerts\n"
              f"Alertmanager  http://{stage.alertmanager.address}/\n", flush=True)
        play(stage)
        print(f"\nReport: {report(stage)}", flush=True)
        if keep:
            print("Everything keeps running until Ctrl-C. To see the dashboards, import dashboards/*.json into a\n"
                  f"Grafana with http://{stage.prometheus.address} as its data source.", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(1)
    print("Stopped." if keep else "Stopped. To look around in Prometheus at the end: make demo DEMO=--keep",
          flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
