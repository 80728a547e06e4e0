"""The rules over three simulated weeks in a real Prometheus: no alert without a fault, each fault found once.

promtool writes the series and then, level by level, what the recording rules make of them; each alert is one
query over all the time, and `for` and `keep_firing_for` are applied here. `make fleet` takes more hosts and
every minute: WEEKS_HOSTS, WEEKS_STEP.
"""

import collections
import os
import subprocess

import pytest
import yaml

from files import RULES, alerts, names, rules
from intervals import seconds
from programs import Prometheus
from weeks import BEGIN, DAYS, FAULTS, MINUTES, Weeks

HOSTS = int(os.environ.get("WEEKS_HOSTS", 2))
STEP = int(os.environ.get("WEEKS_STEP", 300))
# promtool asks for a block at once, and Prometheus gives at most 11,000 points.
POINTS = 10_000
BLOCKS = "--max-block-duration=162h"
END = BEGIN + 60 * MINUTES
CONFIGURATION = "global: {scrape_interval: 1m, evaluation_interval: 1m}\n"
FLAGS = ("--storage.tsdb.retention.time=20y", "--query.max-samples=200000000")


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def backfill(weeks: Weeks, folder):
    file = folder / "samples.om"
    with open(file, "w") as text:
        for begin in range(0, MINUTES, 1440):
            text.write(weeks.text(begin, begin + 1440))
        text.write("# EOF\n")
    promtool("tsdb", "create-blocks-from", "openmetrics", BLOCKS, "--quiet", file, folder / "tsdb")


def needed(known: set[str]) -> list[list[dict]]:
    """The records that lead to alerts, with something to read: first those of series only, then those of
    these, and so on."""
    records = collections.defaultdict(list)
    for rule in rules():
        if not rule.is_alert:
            records[rule.name].append(rule.content)
    levels, made = [], set()
    while records:
        level = {name: contents for name, contents in records.items()
                 if not (set().union(*(names(content["expr"]) for content in contents)) & set(records)) - {name}}
        assert level, f"records that read each other: {set(records)}"
        useful = [content for name, contents in level.items() for content in contents
                  if not names(content["expr"]) or names(content["expr"]) & (known | made)]
        made |= {content["record"] for content in useful}
        levels.append(useful)
        for name in level:
            del records[name]
    return [level for level in levels if level]


def record(level: list[dict], folder, prometheus: Prometheus):
    file = folder / "level.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "level", "rules": level}]}, width=10 ** 9))
    promtool("tsdb", "create-blocks-from", "rules", BLOCKS, f"--url=http://{prometheus.address}",
             f"--start={BEGIN}", f"--end={END}", f"--eval-interval={STEP}s",
             f"--output-dir={folder}/tsdb", file)


def episodes(times: list[int], rule: dict) -> list[tuple[int, int]]:
    """From when to when an alert fired whose expression was true at these times."""
    wait, hold = seconds(rule.get("for", "0s")), seconds(rule.get("keep_firing_for", "0s"))
    runs = []
    for at in times:
        if runs and at - runs[-1][1] <= STEP:
            runs[-1][1] = at
        else:
            runs.append([at, at])
    found = []
    for begin, end in runs:
        if found and begin - found[-1][1] <= hold + STEP:
            found[-1] = (found[-1][0], end)
        elif end - begin >= wait:
            found.append((begin + wait, end))
    return found


@pytest.fixture(scope="module")
def fired(tmp_path_factory):
    """(alert, severity, labels, begin, end) of everything that fired in three weeks."""
    folder = tmp_path_factory.mktemp("weeks")
    weeks = Weeks(HOSTS)
    backfill(weeks, folder)
    known = {text.split("{")[0] for text in weeks.series}
    levels = needed(known)
    for level in levels:
        prometheus = Prometheus(folder, CONFIGURATION, *FLAGS)
        try:
            record(level, folder, prometheus)
        finally:
            prometheus.stop()
    there = known | {content["record"] for level in levels for content in level}
    prometheus = Prometheus(folder, CONFIGURATION, *FLAGS)
    found = []
    try:
        for rule in alerts():
            if not names(rule.content["expr"]) & there:
                continue
            times = collections.defaultdict(list)
            for begin in range(BEGIN, END, POINTS * STEP):
                end = min(begin + (POINTS - 1) * STEP, END)
                for row in prometheus.api("query_range", query=rule.content["expr"], start=begin, end=end,
                                          step=STEP)["result"]:
                    labels = {name: value for name, value in row["metric"].items() if name != "__name__"}
                    times[tuple(sorted(labels.items()))] += [int(float(at)) for at, _ in row["values"]]
            for labels, moments in times.items():
                found += [(rule.name, rule.severity, dict(labels), begin, end)
                          for begin, end in episodes(moments, rule.content)]
    finally:
        prometheus.stop()
    return found


def when(at: int) -> str:
    minute = (at - BEGIN) // 60
    return f"day {minute // 1440} {minute // 60 % 24:02}:{minute % 60:02}"


def belongs(fault, alert: str, labels: dict, begin: int, end: int) -> bool:
    """It began while the fault lasted or shortly after, and is about the same host or model."""
    return (alert == fault.alert or alert in fault.also) and all(
        labels.get(name) == value for name, value in fault.labels.items()) and (
        BEGIN + 60 * fault.begin <= begin <= BEGIN + 60 * fault.end + 7200)


def test_nothing_fires_without_a_fault(fired):
    wrong = [f"{severity} {alert} {labels} {when(begin)} to {when(end)}"
             for alert, severity, labels, begin, end in fired if severity != "info"
             and not any(belongs(fault, alert, labels, begin, end) for fault in FAULTS)]
    host_weeks = HOSTS * DAYS / 7
    pages = sum(text.startswith("critical") for text in wrong)
    print(f"{pages} false pages in {host_weeks:g} weeks of hosts, {len(wrong) - pages} false warnings")
    assert wrong == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.alert)
def test_each_fault_is_found_once_and_resolved_once(fired, fault):
    found = [(begin, end) for alert, severity, labels, begin, end in fired
             if (alert, severity) == (fault.alert, fault.severity) and belongs(fault, alert, labels, begin, end)]
    assert len(found) == 1, [(when(begin), when(end)) for begin, end in found]
    [(begin, end)] = found
    assert begin < BEGIN + 60 * fault.end, "found only when it was over"
    assert end < BEGIN + 60 * fault.end + 3 * 3600, f"resolved only at {when(end)}"
    assert end < END - STEP, "never resolved"


def test_the_rules_that_are_watched_are_most_of_them(fired):
    weeks = Weeks(HOSTS)
    known = {text.split("{")[0] for text in weeks.series}
    records = {content["record"] for level in needed(known) for content in level}
    assert len([rule for rule in alerts() if names(rule.content["expr"]) & (known | records)]) >= 35
