"""Every shipped alert on a real Prometheus and Alertmanager, an hour of the rules in a minute.

Each alert has a host (and a model) of its own. All are healthy first, then every fault happens, then all
are healthy again. So an alert that fires where it should not is seen at once.
"""

import collections
import contextlib
import re
import subprocess
import time

import pytest

from files import REPOSITORY, RULES, alerts
from hurry import hurried
from incidents import INCIDENTS, Page, Pages
from programs import Alertmanager, Prometheus
from receiver import Receiver

FACTOR = 60
# What compares with days or waits for hours has its faults in test_weeks.py or in `situations`.
ELSEWHERE = {"ModelTrafficStopped", "ModelTrafficChanged", "HostFilesystemFillingUp", "HostFilesFillingUp",
             "PushGroupStale", "ExportersMissing", "ScrapesFailing"}
# Not looked at: a busy machine that answers every second misses scrapes, and this alert is about those.
MISSED = "ScrapesFailing"
HEALTHY_SECONDS = 45
FAULT_SECONDS = 170
RECOVERY_SECONDS = 240

# Alerts about scraping itself have targets of their own.
SCRAPING = {"ExporterDown", "ExportersDown", "PushedGroupsNotScraped", "ScrapeSlow",
            "ScrapeLimitNear", "PushGroupFailed"}

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{folder}/rules/*.yml]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]
scrape_configs:
{jobs}
"""


def job(name: str, address: str, targets: list[str], **settings) -> str:
    more = "".join(f"    {key}: {value}\n" for key, value in settings.items())
    hosts = "".join(
        f"      - targets: ['{address}']\n        labels: {{__metrics_path__: /{target}, "
        f"instance: {target.removesuffix('-groups')}}}\n" for target in targets)
    return f"  - job_name: {name}\n{more}    static_configs:\n{hosts}"


def routes(receiver: Receiver) -> str:
    """Our routes and what they hold back; only where messages go and how soon is of this test."""
    text = (REPOSITORY / "deploy" / "alertmanager" / "alertmanager.yml").read_text()
    route = text[text.index("route:"):text.index("receivers:")]
    for old, new in {"group_wait: 30s": "group_wait: 2s", "group_interval: 5m": "group_interval: 5s",
                     "group_interval: 1m": "group_interval: 2s"}.items():
        route = route.replace(old, new)
    names = sorted(set(re.findall(r"receiver: ([\w-]+)", route)))
    return route + "receivers:\n" + "".join(
        f"  - name: {name}\n" + ("" if name == "none" else
                                 f"    webhook_configs: [{{url: 'http://{receiver.address}/{name}', "
                                 "send_resolved: true}]\n") for name in names)


def past(folder, now: float):
    """What the rules have recorded a scaled day and week ago, of models that are compared with it."""
    def series(name: str, labels: str, value: float, begin: float, end: float):
        return [f"{name}{{{labels}}} {value} {at:.0f}"
                for at in range(int(now - begin), int(now - end), 4)]
    day, week = 86400 / FACTOR, 604800 / FACTOR
    families = {
        "model_version_feature:ml_feature_missing:ratio_rate1h": series(
            "model_version_feature:ml_feature_missing:ratio_rate1h",
            'model="featuremissingchanged",version="3",feature="age"', 0.01, day + 60, day - 900),
        "model_split_metric:ml_training_metric:max": series(
            "model_split_metric:ml_training_metric:max",
            'model="trainingmetricworse",split="validation",metric="f1"', 0.9, week, 60),
    }
    text = "".join(f"# TYPE {name} gauge\n" + "\n".join(lines) + "\n"
                   for name, lines in families.items()) + "# EOF\n"
    (folder / "past.om").write_text(text)
    done = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet",
                           folder / "past.om", folder / "tsdb"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def place(labels: dict) -> tuple[str, str, str]:
    """(host or model, alert, severity)"""
    where = labels.get("model") or labels.get("instance") or labels.get("job")
    return where, labels["alertname"], labels["severity"]


class Story:
    """What Prometheus saw and what was told, phase by phase."""

    def __init__(self, folder, stack: contextlib.ExitStack):
        self.pages = {incident.instance: Page(incident) for incident in INCIDENTS}
        for name in ("exporterdown-warning", "slow", "limited", "node-1", "node-2", "node-3",
                     "halfscraped", "halfscraped-groups", "groups-groups"):
            self.pages[name] = Page()
        nightly = 'job="nightly",instance=""'
        self.pages["groups-groups"].health = {
            f"push_time_seconds{{{nightly}}}": 1000, f"push_failure_time_seconds{{{nightly}}}": 0}
        self.pages["halfscraped-groups"].health = {"nothing_here": 1}
        self.pages["limited"].health = {f'sample{{number="{index}"}}': 1 for index in range(10)}
        self.server = Pages(self.pages)
        stack.callback(self.server.close)
        self.receiver = Receiver()
        stack.callback(self.receiver.close)
        self.alertmanager = Alertmanager(folder, routes(self.receiver))
        stack.callback(self.alertmanager.stop)
        hurried(RULES, folder / "rules", FACTOR)
        past(folder, time.time())
        address = self.server.address
        hosts = [name for name in self.pages
                 if not name.startswith(("node-", "slow", "limited")) and "-groups" not in name]
        jobs = [
            job("ml_exporter", address, hosts),
            job("ml_exporter_groups", address, ["halfscraped-groups", "groups-groups"],
                honor_labels="true"),
            job("node", address, ["node-1", "node-2", "node-3"]),
            job("ml_exporter_slow", address, ["slow"], scrape_interval="7s", scrape_timeout="6900ms"),
            job("ml_exporter_limited", address, ["limited"], sample_limit="20"),
        ]
        self.prometheus = Prometheus(
            folder, CONFIGURATION.format(folder=folder, alertmanager=self.alertmanager.address,
                                         jobs="".join(jobs)),
            "--enable-feature=extra-scrape-metrics", "--storage.tsdb.retention.time=60d",
            # Alertmanager takes an alert for resolved after four of these without news of it.
            "--rules.alert.resend-delay=10s", "--storage.tsdb.allow-overlapping-blocks")
        stack.callback(self.prometheus.stop)

    def firing(self) -> set[tuple[str, str, str]]:
        """(host or model, alert, severity) of everything that fires now."""
        found = set()
        for alert in self.prometheus.api("alerts")["alerts"]:
            labels = alert["labels"]
            if alert["state"] == "firing" and labels["alertname"] not in ("Watchdog", MISSED):
                found.add(place(labels))
        return found

    def episodes(self) -> collections.Counter:
        """How often each alert became active since the faults: a busy machine misses scrapes, and an
        alert whose series is missing for a moment is over. Each activation has a time of its own."""
        found = collections.Counter()
        seconds = int(time.time() - self.faulted) + 1
        for row in self.prometheus.api("query", query=f"ALERTS_FOR_STATE[{seconds}s]")["result"]:
            found[place(row["metric"])] += len({since for _, since in row["values"]})
        return found

    def fault(self):
        self.faulted = time.time()
        for incident in INCIDENTS:
            self.pages[incident.instance].begin(incident.fault)
        for name in ("exporterdown-warning", "node-1", "node-2", "halfscraped-groups"):
            self.pages[name].status = 503
        self.pages["slow"].delay = 5.5
        limited = self.pages["limited"]
        limited.health |= {f'sample{{number="{index}"}}': 1 for index in range(19)}
        groups = self.pages["groups-groups"]
        groups.begin({series: 2000 for series in groups.health if "failure" in series})

    def mend(self):
        for incident in INCIDENTS:
            self.pages[incident.instance].begin(incident.after)
        for page in self.pages.values():
            page.status, page.delay = 200, 0.0
        self.pages["limited"].health = {f'sample{{number="{index}"}}': 1 for index in range(10)}
        self.pages["groups-groups"].begin({})


def expected() -> set[tuple[str, str, str]]:
    found = {(incident.model or incident.instance, incident.alert, incident.severity)
             for incident in INCIDENTS}
    return found | {
        ("exporterdown-warning", "ExporterDown", "warning"), ("node", "ExportersDown", "critical"),
        ("halfscraped", "PushedGroupsNotScraped", "warning"), ("slow", "ScrapeSlow", "warning"),
        ("limited", "ScrapeLimitNear", "warning"), ("nightly", "PushGroupFailed", "warning"),
    }


def allowed() -> set[tuple[str, str, str]]:
    """What may fire beside it, because it is the same fault; most of it is held back."""
    severities = ("critical", "warning", "info")
    found = {(incident.model or incident.instance, alert, severity)
             for incident in INCIDENTS for alert in {incident.alert, *incident.also}
             for severity in severities}
    return found | {(host, "ExporterDown", "warning") for host in ("node-1", "node-2")}


def test_each_alert_has_a_fault():
    there = {(alert, severity) for _, alert, severity in expected()}
    assert there == {(rule.name, rule.severity) for rule in alerts()
                     if rule.name not in ELSEWHERE | {"Watchdog"}}
    assert SCRAPING <= {alert for alert, _ in there}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        running = Story(tmp_path_factory.mktemp("incidents"), stack)
        time.sleep(HEALTHY_SECONDS)
        running.before = running.firing()
        running.fault()
        running.seen = set()
        wanted, end = expected(), time.monotonic() + FAULT_SECONDS
        while time.monotonic() < end:
            running.seen |= running.firing()
            # Some wait an hour of the rules; all have to fire, and not only for a moment.
            if wanted <= running.firing():
                break
            time.sleep(1)
        time.sleep(10)
        running.during = running.firing()
        running.held = {(alert["labels"].get("model") or alert["labels"].get("instance"),
                         alert["labels"]["alertname"], alert["labels"]["severity"])
                        for alert in running.alertmanager.alerts()
                        if alert["status"]["inhibitedBy"]}
        running.mended = time.time()
        running.mend()
        end = time.monotonic() + RECOVERY_SECONDS
        while running.firing() and time.monotonic() < end:
            time.sleep(1)
        running.after = running.firing()
        time.sleep(15)
        yield running


def test_nothing_fires_while_all_is_well(story):
    assert story.before == set()


def test_each_fault_is_seen(story):
    assert expected() - story.during == set()


def test_nothing_else_fires(story):
    assert (story.seen | story.during) - expected() - allowed() == set()


def test_each_alert_resolves(story):
    assert story.after == set()


def told(story, status: str, until: float = float("inf")) -> collections.Counter:
    """How many firings of each alert messages told of with this status; Watchdog is meant to repeat.

    A message lists its whole group, so what fires already is listed again with what joins it."""
    firings = collections.defaultdict(set)
    for message in story.receiver.messages:
        for alert in message.content["alerts"] if message.time < until else ():
            labels = alert["labels"]
            if alert["status"] == status and labels["alertname"] != "Watchdog":
                firings[place(labels)].add((alert["fingerprint"], alert["startsAt"]))
    return collections.Counter({key: len(found) for key, found in firings.items()})


def test_no_message_says_what_the_one_before_it_said(story):
    before = {}
    for message in story.receiver.messages:
        if message.content["groupLabels"]["alertname"] == "Watchdog":
            continue
        group = message.content["receiver"], message.content["groupKey"]
        said = {(alert["fingerprint"], alert["status"], alert["startsAt"])
                for alert in message.content["alerts"]}
        assert said != before.get(group), f"{group} was told twice of {said}"
        before[group] = said


def test_each_alert_is_delivered_once_and_resolved_once(story):
    firing, resolved = told(story, "firing"), told(story, "resolved")
    episodes = story.episodes()
    for key in sorted(expected()):
        _, alert, severity = key
        if severity == "info":
            assert firing[key] == resolved[key] == 0, f"{alert} is only shown"
        else:
            # Two that follow each other at once may be told as one.
            assert 1 <= firing[key] <= episodes[key], (
                f"{key} fired {episodes[key]} times and {firing[key]} were delivered")
            assert 1 <= resolved[key] <= episodes[key], (
                f"{key} fired {episodes[key]} times and {resolved[key]} were told as resolved")


def test_what_follows_from_a_graver_alert_is_held_back(story):
    assert ("modelerrorbudgetburnfast", "ModelErrorBudgetBurnSlow", "warning") in story.held
    assert ("hostfilesystemalmostfull-critical", "HostFilesystemAlmostFull", "warning") in story.held
    assert {host for host, alert, _ in story.held if alert == "ExporterDown"} == {"node-1", "node-2"}
    # When the fast one is over, the slow one may be told: the long windows still hold it.
    firing = told(story, "firing", until=story.mended)
    assert firing["modelerrorbudgetburnfast", "ModelErrorBudgetBurnSlow", "warning"] == 0


def test_a_delivery_says_what_where_and_what_to_do(story):
    for message in story.receiver.messages:
        for alert in message.content["alerts"]:
            notes = alert["annotations"]
            assert notes["summary"] and notes["description"] and "<no value>" not in str(notes)
            assert alert["labels"]["alertname"] in notes["runbook_url"]


def test_the_watchdog_is_heard_again_and_again(story):
    heard = [message for message in story.receiver.at("/dead-mans-switch")]
    assert len(heard) >= 2
