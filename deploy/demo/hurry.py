"""A copy of the rules in which time passes faster, so that an hour of a rule is a minute.

Only lengths of time change: windows, `for`, offsets, and the seconds that expressions count with. What
is compared with them (shares, requests per second) stays, so a copy fires for the same faults.
"""

import pathlib
import re

import yaml

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
DURATION = r"((?:\d+(?:ms|[smhdw]))+)"
# Seconds that stand in expressions as plain numbers: of hours, days and so on.
SECONDS = {3600, 21600, 86400, 259200}


def quick(text: str, factor: float) -> str:
    """A duration as Prometheus writes it, divided."""
    total = sum(int(number) * UNITS[unit]
                for number, unit in re.findall(r"(\d+)(ms|[smhdw])", text))
    return f"{max(1, round(total / factor * 1000))}ms"


def expression(text: str, factor: float) -> str:
    text = re.sub(rf"\[{DURATION}\]", lambda match: f"[{quick(match[1], factor)}]", text)
    text = re.sub(rf"\[{DURATION}:{DURATION}\]", lambda match: (
        f"[{quick(match[1], factor)}:{quick(match[2], factor)}]"), text)
    text = re.sub(rf"\boffset {DURATION}", lambda match: f"offset {quick(match[1], factor)}", text)
    return re.sub(r"(?<![\w.:])(\d+)(?![\w.:\[])", lambda match: (
        f"{int(match[1]) / factor:g}" if int(match[1]) in SECONDS else match[1]), text)


def hurried(source: pathlib.Path, target: pathlib.Path, factor: float):
    """Writes the copy of every rule file of `source` into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.glob("*.yml")):
        content = yaml.safe_load(file.read_text())
        for group in content["groups"]:
            for rule in group["rules"]:
                rule["expr"] = expression(rule["expr"], factor)
                for wait in ("for", "keep_firing_for"):
                    if wait in rule:
                        rule[wait] = quick(rule[wait], factor)
                for name, note in rule.get("annotations", {}).items():
                    rule["annotations"][name] = re.sub(
                        rf"\[{DURATION}\]", lambda match: f"[{quick(match[1], factor)}]", note)
        (target / file.name).write_text(yaml.safe_dump(content, width=10_000))
