"""Alertmanager's configuration: who hears of what, what is held back, what the messages say."""

import datetime
import re
import subprocess
import time

import pytest
import yaml

from files import REPOSITORY, alerts
from programs import Alertmanager, wait_until
from receiver import Receiver

FOLDER = REPOSITORY / "deploy" / "alertmanager"
FILE = FOLDER / "alertmanager.yml"


def amtool(*arguments: str) -> str:
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_amtool_takes_it():
    assert "SUCCESS" in amtool("check-config", str(FILE))


def test_every_secret_is_a_file():
    text = FILE.read_text()
    assert not re.search(r"^\s*-?\s*&?\w*\s*(api_url|routing_key|service_key|\w*password|credentials"
                         r"|token|url_token):", text, re.M)
    files = re.findall(r"(?:_file|_key_file): ([^\s}]+)", text)
    assert files and all(file.startswith("/etc/alertmanager/secrets/") for file in files)
    told = text.split("global:")[0]
    for file in set(files):
        name = file.rsplit("/", 1)[1]
        assert name in told or name.replace("pagerduty-ml", "") in told, f"{name} is not explained"


def expected_receiver(rule) -> str:
    if rule.name == "Watchdog":
        return "dead-mans-switch"
    severity, team = rule.severity, rule.content["labels"]["team"]
    if severity == "info":
        return "none"
    if severity == "critical":
        return f"{team}-pager"
    late = rule.name.startswith(("Training", "Business"))
    return "ml-mail" if team == "ml" and late else f"{team}-channel"


@pytest.mark.parametrize("rule", alerts(), ids=str)
def test_an_alert_reaches_whom_it_concerns(rule):
    labels = {"alertname": rule.name, **rule.content["labels"]}
    told = amtool("config", "routes", "test", f"--config.file={FILE}",
                  *(f"{name}={value}" for name, value in labels.items()))
    assert told.strip() == expected_receiver(rule)


def test_an_alert_without_a_route_is_not_lost():
    told = amtool("config", "routes", "test", f"--config.file={FILE}", "alertname=Unheard")
    assert told.strip() == "platform-channel"


def test_held_back_alerts_exist():
    names = {rule.name for rule in alerts()}
    for rule in yaml.safe_load(FILE.read_text())["inhibit_rules"]:
        for matcher in rule["source_matchers"] + rule["target_matchers"]:
            label, operator, value = re.match(r'(\w+) (=~?) "?([^"]+)"?$', matcher).groups()
            if label == "alertname":
                for part in re.split(r"\|(?![^(]*\))", value):
                    assert any(re.fullmatch(part, name) for name in names), f"{part} names no alert"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The shipped configuration; only addresses, secrets and times are of this machine."""
    folder = tmp_path_factory.mktemp("alertmanager")
    receiver = Receiver()
    secrets = folder / "secrets"
    secrets.mkdir()
    text = FILE.read_text()
    for file in set(re.findall(r"/etc/alertmanager/secrets/([\w-]+)", text)):
        slack = file.startswith("slack-")
        (secrets / file).write_text(f"http://{receiver.address}/{file}" if slack else f"key-{file}")
    for old, new in {
        "/etc/alertmanager/secrets": str(secrets),
        "/etc/alertmanager/templates": str(FOLDER / "templates"),
        "mail.example.org:587": receiver.mail_address,
        "smtp_require_tls: true": "smtp_require_tls: false\n  pagerduty_url: "
                                  f"http://{receiver.address}/v2/enqueue",
        "https://deadmansswitch.example.org": f"http://{receiver.address}",
        "http://localhost:9099": f"http://{receiver.address}",
        "group_wait: 30s": "group_wait: 1s", "group_interval: 5m": "group_interval: 2s",
        "group_interval: 1m": "group_interval: 1s", "repeat_interval: 2m": "repeat_interval: 1s",
    }.items():
        assert old in text
        text = text.replace(old, new)
    alertmanager = Alertmanager(folder, text)
    yield alertmanager, receiver
    alertmanager.stop()
    receiver.close()


def alert(name: str, severity: str, team: str, ends: bool = False, **labels: str) -> dict:
    now = datetime.datetime.now(datetime.timezone.utc)
    start = now - datetime.timedelta(minutes=5)
    content = {
        "labels": {"alertname": name, "severity": severity, "team": team, **labels},
        "annotations": {"summary": f"{name} summary", "description": f"{name} description",
                        "runbook_url": f"https://runbook/{name}",
                        "dashboard_url": f"https://dashboard/{name}"},
        "startsAt": start.isoformat(), "generatorURL": "http://prometheus/graph",
    }
    content["endsAt"] = (now if ends else now + datetime.timedelta(minutes=5)).isoformat()
    return content


def delivered(receiver, status: str) -> set[str]:
    return {alert["labels"]["alertname"]
            for message in receiver.at("/alerts") for alert in message.content["alerts"]
            if message.content["status"] == status and alert["status"] == status}


def test_incidents_notify_once_everywhere_and_their_consequences_are_inhibited(running):
    alertmanager, receiver = running
    fraud = {"model": "fraud", "version": "3"}
    told = [alert("ModelErrorBudgetBurnFast", "critical", "ml", **fraud),
            alert("TrainingStale", "warning", "ml", model="churn"),
            alert("HostRaidDegraded", "critical", "platform", instance="h2", device="md0"),
            alert("ExporterDown", "warning", "platform", instance="h1", job="ml_exporter"),
            alert("Watchdog", "info", "platform")]
    held = [alert("ModelErrorBudgetBurnSlow", "warning", "ml", **fraud),
            alert("ModelLatencyHigh", "warning", "ml", **fraud),
            alert("HostMemoryHigh", "warning", "platform", instance="h1")]
    shown = [alert("HostCpuHigh", "info", "platform", instance="h3")]
    other = alert("ModelLatencyHigh", "warning", "ml", model="fraud", version="4")
    alertmanager.post([*told, *held, *shown, other])
    wait_until(lambda: len(delivered(receiver, "firing")) == 5, 30, "five alerts at the webhook")
    assert delivered(receiver, "firing") == {
        "ModelErrorBudgetBurnFast", "TrainingStale", "HostRaidDegraded", "ExporterDown",
        "ModelLatencyHigh"}
    suppressed = {(entry["labels"]["alertname"], entry["labels"].get("version"))
                  for entry in alertmanager.alerts() if entry["status"]["inhibitedBy"]}
    assert suppressed == {("ModelErrorBudgetBurnSlow", "3"), ("ModelLatencyHigh", "3"),
                          ("HostMemoryHigh", None)}

    page = receiver.wait("/v2/enqueue", 10, lambda message: "fraud" in message.body).content
    assert page["routing_key"] == "key-pagerduty-ml-key" and page["event_action"] == "trigger"
    assert page["payload"]["severity"] == "critical"
    assert page["payload"]["summary"] == (
        "CRITICAL ModelErrorBudgetBurnFast: ModelErrorBudgetBurnFast summary")
    assert {link["href"] for link in page["links"]} == {
        "https://runbook/ModelErrorBudgetBurnFast", "https://dashboard/ModelErrorBudgetBurnFast"}
    raid = receiver.wait("/v2/enqueue", 10, lambda message: "Raid" in message.body).content
    assert raid["routing_key"] == "key-pagerduty-platform-key"

    slack = receiver.wait("/slack-platform-url", 10, lambda m: "ExporterDown" in m.body).content
    attachment = slack["attachments"][0]
    assert slack["channel"] == "#platform-alerts" and attachment["color"] == "#E69F00"
    assert attachment["title"] == "WARNING ExporterDown: ExporterDown summary"
    assert attachment["title_link"] == "https://dashboard/ExporterDown"
    assert "ExporterDown description" in attachment["text"]
    assert "https://runbook/ExporterDown" in attachment["text"]
    assert receiver.at("/slack-ml-url"), "the team of the models was told"

    mail = receiver.wait("mail", 10).body
    assert "Subject: WARNING TrainingStale: TrainingStale summary" in mail
    assert "https://runbook/TrainingStale" in mail.replace("=3D", "=").replace("=\r\n", "")

    webhook = receiver.at("/alerts")[0]
    assert webhook.headers["Authorization"] == "Bearer key-webhook-token"
    assert not [message for message in receiver.messages if "HostCpuHigh" in message.body]
    wait_until(lambda: len(receiver.at("/ml_exporter")) >= 3, 30, "Watchdog three times")
    assert {message.content["groupLabels"]["alertname"]
            for message in receiver.at("/ml_exporter")} == {"Watchdog"}

    time.sleep(5)
    pages = [message for message in receiver.at("/v2/enqueue") if "fraud" in message.body]
    assert len(pages) == 1, "a continuing incident pages once"

    alertmanager.post([alert("ModelErrorBudgetBurnFast", "critical", "ml", ends=True, **fraud),
                       alert("ModelErrorBudgetBurnSlow", "warning", "ml", ends=True, **fraud)])
    end = receiver.wait("/v2/enqueue", 30, lambda message: '"resolve"' in message.body).content
    assert end["dedup_key"] == page["dedup_key"]
    green = receiver.wait("/slack-ml-url", 10, lambda m: "RESOLVED" in m.body).content
    assert green["attachments"][0]["color"] == "#0072B2"
    assert "ModelErrorBudgetBurnFast" in delivered(receiver, "resolved")


def held_back(alertmanager, posted: list[dict]) -> set[tuple[str, str | None]]:
    """Of these alerts, what another one holds back: (alert, environment)."""
    places = {entry["labels"]["instance"] for entry in posted}
    alertmanager.post(posted)
    wait_until(lambda: len([entry for entry in alertmanager.alerts()
                            if entry["labels"].get("instance") in places]) == len(posted), 20, "all alerts")
    return {(entry["labels"]["alertname"], entry["labels"].get("env"))
            for entry in alertmanager.alerts()
            if entry["labels"].get("instance") in places and entry["status"]["inhibitedBy"]}


def test_one_cause_pages_once(running):
    alertmanager, _ = running
    disk = {"instance": "d1", "job": "ml_exporter", "device": "/dev/sda1", "mountpoint": "/"}
    array = {"instance": "d1", "job": "ml_exporter", "device": "md0"}
    daemon = {"instance": "d1", "job": "ml_exporter"}
    assert held_back(alertmanager, [
        alert("HostFilesystemFillingUp", "critical", "platform", **disk, fstype="ext4"),
        alert("HostFilesystemAlmostFull", "critical", "platform", **disk, fstype="ext4"),
        alert("HostRaidDegraded", "critical", "platform", **array),
        alert("HostRaidDiskFailed", "warning", "platform", **array, state="failed"),
        alert("StorageUnavailable", "critical", "platform", **daemon),
        alert("StorageFailing", "warning", "platform", **daemon, operation="commit"),
        alert("PushUnavailable", "warning", "platform", **daemon, code="503"),
    ]) == {("HostFilesystemFillingUp", None), ("HostRaidDiskFailed", None), ("StorageFailing", None),
           ("PushUnavailable", None)}


def test_a_host_that_is_down_holds_back_all_that_is_on_it(running):
    alertmanager, _ = running
    daemon = {"instance": "d2", "job": "ml_exporter"}
    assert held_back(alertmanager, [
        alert("ExporterDown", "warning", "platform", **daemon),
        alert("StorageUnavailable", "critical", "platform", **daemon),
        alert("HostRaidInactive", "critical", "platform", **daemon, device="md0"),
        alert("ConfigReloadFailed", "warning", "platform", **daemon),
        alert("ScrapesFailing", "warning", "platform", **daemon),
    ]) == {("StorageUnavailable", None), ("HostRaidInactive", None), ("ConfigReloadFailed", None),
           ("ScrapesFailing", None)}


def test_an_environment_holds_back_only_its_own(running):
    """Two sites may have hosts of one name, and two environments models of one name."""
    alertmanager, _ = running
    assert held_back(alertmanager, [
        alert("ExporterDown", "warning", "platform", instance="d3", env="staging", site="a"),
        alert("HostMemoryHigh", "warning", "platform", instance="d3", env="staging", site="a"),
        alert("HostMemoryHigh", "warning", "platform", instance="d3", env="prod", site="a"),
        alert("HostMemoryHigh", "warning", "platform", instance="d3", env="staging", site="b"),
    ]) == {("HostMemoryHigh", "staging")}
    assert len([entry for entry in alertmanager.alerts() if entry["status"]["inhibitedBy"]
                and entry["labels"].get("instance") == "d3"]) == 1


def test_every_inhibition_compares_site_and_environment():
    for rule in yaml.safe_load(FILE.read_text())["inhibit_rules"]:
        assert {"site", "env"} <= set(rule["equal"]), rule
