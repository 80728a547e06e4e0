"""The rules as they are shipped: what each alert says, what it reads, and that it is tested."""

import os
import re
import shutil
import subprocess
import urllib.parse

import pytest
import yaml

from files import (REPOSITORY, RULE_TESTS, RULES, RUNBOOKS, SITUATIONS, alerts, catalogue, dashboards,
                   names, rules)

SEVERITIES = {"critical", "warning", "info"}
TEAMS = {"platform", "ml"}
# Where the Debian package puts docs/runbooks.
RUNBOOK_ADDRESS = "file:///usr/share/doc/ml-exporter/runbooks/"
GRAFANA = "http://localhost:3000/d/"
# It has no silence to test: it fires as long as alerting works.
ALWAYS = {"Watchdog"}
# Groups that hold constants only; any other group may read them, whatever runs first.
CONSTANTS = {"objectives"}
# Records that only a user's own rules make; what they mean stands in objectives.yml.
SETTINGS = {"ml_objective:higher_is_better:bool"}
TEST_FILES = sorted(RULE_TESTS.glob("*.yml"))


# A rule that compares the present value with the one recorded by the evaluation before.
READ_BEFORE_THEY_ARE_RENEWED = {
    ("model:ml_observations_since_training", "model:ml_training_last_success_timestamp_seconds:max"),
}


def promtool(*arguments: str, folder=None):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, cwd=folder)


def test_promtool_finds_nothing_to_say_about_the_rules():
    done = promtool("check", "rules", "--lint-fatal", *map(str, sorted(RULES.glob("*.yml"))))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.stem)
def test_the_groups_are_evaluated_in_the_order_of_their_files(file):
    """Left to itself promtool draws the order by chance, and what one group reads from another is then
    one evaluation old: with ten minutes between two of them, it is gone."""
    test = yaml.safe_load(file.read_text())
    groups = [group["name"] for read in test["rule_files"]
              for group in yaml.safe_load((RULE_TESTS / read).read_text())["groups"]]
    assert test["group_eval_order"] == groups


def test_the_rule_files_are_what_their_parts_say():
    done = subprocess.run([REPOSITORY / "deploy" / "prometheus" / "generate", "--check"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("rule", rules(), ids=str)
def test_a_rule_keeps_the_site_and_the_environment(rule):
    """Two sites or environments in one Prometheus are judged apart; only objectives are for all."""
    expression = re.sub(r"on \([\w, ]*\) group_left \(\) max by \([\w, ]+\) \(ml_objective", "", rule.content["expr"])
    for labels in re.findall(r"\b(?:by|on) \(([^)]+)\)", expression):
        assert {"site", "env"} <= set(labels.split(", ")), f"({labels})"


@pytest.mark.parametrize("rule", rules(), ids=str)
def test_a_window_holds_four_scrapes_of_a_minute(rule):
    """Of a rate or a gauge; a gauge that says a fault in so many words may be read over two."""
    for function, window in re.findall(r"\b(\w+)\([^()\[\]]*\[(\d+)m\]", rule.content["expr"]):
        least = 2 if function == "last_over_time" else 4
        assert int(window) >= least, f"{function} over {window} minutes"


def minutes(text: str) -> int:
    units = {"d": 1440, "h": 60, "m": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([dhm])", text))


def courses() -> dict[str, list[list[tuple[int, set[str]]]]]:
    """Per alert name and test: the moments it is looked at and the severities that fire then."""
    found = {}
    for file in TEST_FILES:
        for test in yaml.safe_load(file.read_text())["tests"]:
            per_alert = {}
            for moment in test.get("alert_rule_test", []):
                firing = {alert["exp_labels"]["severity"] for alert in moment["exp_alerts"]}
                per_alert.setdefault(moment["alertname"], []).append(
                    (minutes(str(moment["eval_time"])), firing))
            for name, moments in per_alert.items():
                found.setdefault(name, []).append(sorted(moments, key=lambda moment: moment[0]))
    for file in SITUATIONS:
        for situation in yaml.safe_load(file.read_text()):
            per_alert = {}
            for look in situation["looks"]:
                per_alert.setdefault(look["alert"], []).append(
                    (minutes(str(look["at"])), set(look["fires"])))
            for name, moments in per_alert.items():
                found.setdefault(name, []).append(sorted(moments, key=lambda moment: moment[0]))
    return found


COURSES = courses()


@pytest.mark.parametrize("rule", alerts(), ids=str)
def test_an_alert_is_tested_to_be_silent_to_fire_and_to_resolve(rule):
    tested = COURSES.get(rule.name, [])
    assert tested, "no promtool test names this alert"
    if rule.name in ALWAYS:
        assert all(firing for course in tested for _, firing in course)
        return
    for course in tested:
        fires = [index for index, (_, firing) in enumerate(course) if rule.severity in firing]
        if fires and not course[0][1] and fires[-1] < len(course) - 1 and not course[-1][1]:
            return
    pytest.fail(f"no test sees {rule.severity} silent, firing and resolved: {tested}")


def test_no_test_is_left_of_an_alert_that_is_gone():
    assert set(COURSES) == {rule.name for rule in alerts()}


@pytest.mark.parametrize("rule", alerts(), ids=str)
def test_an_alert_says_what_is_wrong_and_where_to_look(rule):
    labels, notes = rule.content["labels"], rule.content["annotations"]
    assert labels["severity"] in SEVERITIES and labels["team"] in TEAMS
    assert set(labels) == {"severity", "team"}
    assert set(notes) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert "$value" not in notes["summary"], "a value in the summary makes it another text each time"
    assert len(re.sub(r"{{.*?}}", "x", notes["summary"])) <= 80
    assert notes["description"].endswith(".") or notes["description"].endswith("}}")
    for value in re.findall(r"{{[^}]*(?:\$value|\.Value)[^}]*}}", notes["description"]):
        assert re.search(r"\| (humanize\w*|printf)", value), f"not rounded: {value}"
    assert notes["runbook_url"] == f"{RUNBOOK_ADDRESS}{rule.name}.md"


@pytest.mark.parametrize("rule", alerts(), ids=str)
def test_the_dashboard_of_an_alert_is_there_and_has_its_variables(rule):
    url = rule.content["annotations"]["dashboard_url"]
    assert url.startswith(GRAFANA)
    uid, _, query = url.removeprefix(GRAFANA).partition("?")
    board = {board["uid"]: board for board in dashboards().values()}[uid]
    variables = {variable["name"] for variable in board["templating"]["list"]}
    for name, value in urllib.parse.parse_qsl(query):
        assert name.removeprefix("var-") in variables
        assert "urlquery" in value, f"{name} is not escaped"


@pytest.mark.parametrize("rule", alerts(), ids=str)
def test_an_alert_has_a_page_that_helps(rule):
    page = RUNBOOKS / f"{rule.name}.md"
    assert page.exists(), f"{page} is missing"
    text = page.read_text()
    assert text.startswith(f"# {rule.name}\n")
    assert rule.severity != "critical" or "## Severity\n\n" in text, "it does not say why it pages"
    for heading in ("## What it means", "## Look first", "## What helps", "## False positives"):
        assert heading in text, f"no {heading}"


def test_no_page_is_left_of_an_alert_that_is_gone():
    pages = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == {rule.name for rule in alerts()}


def test_the_list_of_runbooks_is_complete():
    listed = set(re.findall(r"\[(\w+)\]\(\1\.md\)", (RUNBOOKS / "README.md").read_text()))
    assert listed == {rule.name for rule in alerts()}


def test_a_record_stands_before_the_rules_that_read_it():
    recorded = {rule.name: rule for rule in rules() if not rule.is_alert}
    for rule in rules():
        for name in names(rule.content["expr"]) & set(recorded):
            record = recorded[name]
            if record.group in CONSTANTS or record.name == rule.name:
                continue
            assert (record.file, record.group) == (rule.file, rule.group), f"{rule} reads {record}"
            if (rule.name, name) in READ_BEFORE_THEY_ARE_RENEWED:
                continue
            assert record.index < rule.index, f"{rule} reads {record} of the evaluation before"


@pytest.mark.parametrize("rule", rules(), ids=str)
def test_a_rule_reads_only_what_is_there(rule):
    known = set(catalogue()) | SETTINGS | {record.name for record in rules() if not record.is_alert}
    assert names(rule.content["expr"]) <= known


def test_every_record_is_read():
    """By a rule or a panel; a record without a reader only costs memory."""
    read = set().union(*(names(rule.content["expr"]) for rule in rules()))
    texts = " ".join(path.read_text() for path in RULES.parents[2].glob("dashboards/*.json"))
    for rule in rules():
        if not rule.is_alert:
            assert rule.name in read or rule.name in texts, f"no rule or panel reads {rule}"


def test_the_addresses_of_links_can_be_set(tmp_path):
    """RUNBOOKS and GRAFANA of `make rules` stand in every alert."""
    copy = tmp_path / "prometheus"
    shutil.copytree(REPOSITORY / "deploy" / "prometheus", copy)
    subprocess.run([copy / "generate"], check=True, env={
        **os.environ, "RUNBOOKS": "https://wiki.example.org/runbooks/", "GRAFANA": "https://grafana.example.org"})
    made = rules(copy / "rules")
    assert len(made) == len(rules())
    for rule in (rule for rule in made if rule.is_alert):
        notes = rule.content["annotations"]
        assert notes["runbook_url"] == f"https://wiki.example.org/runbooks/{rule.name}.md"
        assert notes["dashboard_url"].startswith("https://grafana.example.org/d/")
