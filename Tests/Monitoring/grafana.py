"""What Grafana does with a dashboard: fills in its variables and asks Prometheus."""

import itertools
import math
import re
from dataclasses import dataclass, field

from programs import Prometheus


@dataclass
class Result:
    """One series of one query of a panel: its labels, and its points as (time, value)."""

    labels: dict[str, str]
    points: list[tuple[float, float]]

    @property
    def finite(self) -> list[tuple[float, float]]:
        return [point for point in self.points if math.isfinite(point[1])]

    @property
    def last(self) -> float | None:
        return self.finite[-1][1] if self.finite else None


@dataclass
class Answer:
    """A query of a panel and what it gave."""

    reference: str
    legend: str
    expression: str
    results: list[Result]

    @property
    def useful(self) -> list[Result]:
        return [result for result in self.results if result.finite]

    def name(self, result: Result) -> str:
        return re.sub(r"{{(\w+)}}", lambda match: result.labels.get(match[1], ""),
                      self.legend).strip() or "{}"


@dataclass
class Grafana:
    """A time range of one Prometheus. `step` is the width of a point."""

    prometheus: Prometheus
    start: float
    end: float
    step: float
    scrape: float
    chosen: dict[str, str] = field(default_factory=dict)
    rate: float | None = None
    """The rate interval, when it is not the one that Grafana would take."""

    def filled(self, expression: str) -> str:
        rate = self.rate or max(self.step + self.scrape, 4 * self.scrape)
        width = self.end - self.start
        builtin = {
            "__rate_interval": seconds(rate), "__interval": seconds(self.step),
            "__interval_ms": f"{self.step * 1000:.0f}", "__range": seconds(width),
            "__range_s": f"{width:.0f}", "__range_ms": f"{width * 1000:.0f}",
        }
        values = {**builtin, **self.chosen}

        def value(match: re.Match) -> str:
            name = match[1] or match[2]
            assert name in values, f"${name} is not defined"
            return values[name]

        return re.sub(r"\$(?:{(\w+)(?::\w+)?}|(\w+))", value, expression)

    def values(self, variable: dict) -> list[str]:
        """What a variable can be chosen from, given the ones before it."""
        selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]).groups()
        return self.prometheus.api(f"label/{label}/values", **{
            "match[]": self.filled(selector), "start": self.start, "end": self.end})

    def ask(self, target: dict) -> Answer:
        expression = self.filled(target["expr"])
        if target.get("instant"):
            data = self.prometheus.api("query", query=expression, time=self.end)
            rows = [(row["metric"], [row["value"]]) for row in data["result"]]
        else:
            data = self.prometheus.api("query_range", query=expression, start=self.start,
                                       end=self.end, step=self.step)
            rows = [(row["metric"], row["values"]) for row in data["result"]]
        return Answer(target["refId"], target.get("legendFormat", ""), expression, [
            Result(labels, [(float(time), float(value)) for time, value in points])
            for labels, points in rows])

    def panel(self, panel: dict) -> list[Answer]:
        return [self.ask(target) for target in panel.get("targets", [])]


def seconds(number: float) -> str:
    return f"{max(1, round(number * 1000))}ms"


def several(values: list[str]) -> str:
    """A choice as the data source writes it into a regular expression."""
    escaped = [re.sub(r"([\\^$*+?.()|\[\]{}])", r"\\\\\1", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def choices(board: dict, grafana: Grafana) -> dict[str, dict[str, str]]:
    """Ways to set a dashboard's variables: all, two of each, and each single host with each model."""
    variables = [variable for variable in board["templating"]["list"]
                 if variable["type"] == "query"]
    every = {variable["name"]: variable["allValue"] for variable in variables}
    found = {"all": every}

    def chosen(pick) -> dict[str, str]:
        grafana.chosen = {}
        for variable in variables:
            names = [name for name in grafana.values(variable) if name]
            picked = pick(variable["name"], names)
            grafana.chosen[variable["name"]] = several(picked) if picked else variable["allValue"]
        return dict(grafana.chosen)

    # Not every model has variants, not every figure a target: two of them would leave the others out.
    found["several"] = chosen(
        lambda name, names: names[:{"job": 1, "variant": 0, "kpi": 0}.get(name, 2)])
    grafana.chosen = dict(every)
    by_name = {variable["name"]: variable for variable in variables}
    hosts = [name for name in grafana.values(by_name["instance"]) if name]
    models = [name for name in grafana.values(by_name["model"]) if name] if "model" in by_name \
        else [None]
    for host, model in itertools.product(hosts, models):
        single = {"instance": host, "model": model}
        label = f"{host} {model or ''}".strip()
        found[label] = chosen(
            lambda name, names, single=single: [single[name]] if single.get(name) else names[:name != "kpi"])
    grafana.chosen = dict(every)
    return found
