"""promtool's unit tests at other intervals: the same course of every series, scraped more or less often."""

import pathlib
import re
import subprocess

import yaml

from files import RULES

INTERVALS = ("15s", "60s")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
COUNTERS = re.compile(r"(_total|_count|_sum|_bucket|^node_vmstat_\w+|^node_netstat_\w+|_stat_(early_)?drop)$")
# A rule is evaluated no less often than a sample is looked for.
SLOWEST_EVALUATION = 300


def seconds(text: str) -> int:
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([smhdw])", str(text)))


def values(text: str) -> list[float | str]:
    """What promtool makes of its short form: numbers, `_` for no sample, `stale` for an end."""
    found = []
    for item in text.split():
        if item in ("_", "stale"):
            found.append(item)
        elif run := re.fullmatch(r"_x(\d+)", item):
            found += ["_"] * int(run[1])
        elif run := re.fullmatch(r"(-?[\d.e]+?)(?:([+-][\d.]+))?x(\d+)", item):
            first, step = float(run[1]), float(run[2] or 0)
            found += [first + step * index for index in range(int(run[3]) + 1)]
        else:
            found.append(float(item))
    return found


def scraped(name: str, text: str, step: int, interval: int) -> str:
    """The course at another interval: counters go on evenly, everything else stays until it changes."""
    if step == interval:
        return text
    course, times = values(text), step // interval
    between = []
    for value, following in zip(course, [*course[1:], None]):
        if value in ("_", "stale"):
            between += [value] + ["_"] * (times - 1)
        elif COUNTERS.search(name) and isinstance(following, float) and following > value:
            between += [value + (following - value) * index / times for index in range(times)]
        else:
            between += [value] * times
    return " ".join(value if isinstance(value, str) else f"{value:.12g}" for value in between)


def at_interval(tests: dict, interval: str) -> dict:
    """A file of tests as if every series were scraped at this interval."""
    every = seconds(interval)
    slowest = max(seconds(test["interval"]) for test in tests["tests"])
    evaluation = min(max(seconds(tests.get("evaluation_interval", "1m")), slowest), SLOWEST_EVALUATION)
    changed = []
    for test in tests["tests"]:
        step = seconds(test["interval"])
        changed.append({**test, "interval": f"{every}s", "input_series": [
            {"series": series["series"], "values": scraped(
                series["series"].split("{")[0], series["values"], step, every)}
            for series in test["input_series"]]})
    return {**tests, "evaluation_interval": f"{evaluation}s", "tests": changed}


def groups(files: list[pathlib.Path]) -> list[str]:
    """Left to itself promtool draws the order of groups by chance."""
    return [group["name"] for file in files for group in yaml.safe_load(file.read_text())["groups"]]


def look(what: dict) -> dict:
    """One moment of a situation, as a test of an expression: the severities that fire then."""
    where = f',{what["where"]}' if "where" in what else ""
    return {"eval_time": what["at"],
            "expr": f'group by (severity) (ALERTS{{alertname="{what["alert"]}",alertstate="firing"{where}}})',
            "exp_samples": [{"labels": f'{{severity="{severity}"}}', "value": 1}
                            for severity in sorted(what["fires"])]}


def group_files(names: list[str], folder: pathlib.Path) -> list[pathlib.Path]:
    """`host/clock` is one group of host.yml, `host` all of it; a group reads only its own records."""
    found = []
    for name in names:
        file, _, group = name.partition("/")
        rules = RULES / f"{file}.yml"
        if group:
            chosen = [each for each in yaml.safe_load(rules.read_text())["groups"] if each["name"] == group]
            assert chosen, f"{file}.yml has no group {group}"
            rules = folder / f"{file}-{group}.yml"
            rules.write_text(yaml.safe_dump({"groups": chosen}, width=10 ** 9))
        found.append(rules)
    return found


def promtool_test(situation: dict, folder: pathlib.Path) -> dict:
    """A situation as a file of promtool's."""
    files = group_files(situation["rules"], folder)
    return {
        "rule_files": [str(file) for file in files], "group_eval_order": groups(files),
        "evaluation_interval": situation.get("evaluate", "1m"),
        "tests": [{
            "name": situation["name"], "interval": situation.get("step", "1m"),
            "input_series": [{"series": series, "values": course}
                             for series, course in situation["series"].items()],
            "promql_expr_test": [look(what) for what in situation["looks"]],
        }],
    }


def run(tests: dict, folder: pathlib.Path) -> subprocess.CompletedProcess:
    file = folder / "tests.yml"
    file.write_text(yaml.dump(tests, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), width=10 ** 9))
    return subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True)
