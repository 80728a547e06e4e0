"""The files under test, and what they name: metrics, dashboards, rules, runbooks."""

import functools
import json
import pathlib
import re
from dataclasses import dataclass

import promql_parser
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = REPOSITORY / "dashboards"
RULES = REPOSITORY / "deploy" / "prometheus" / "rules"
RUNBOOKS = REPOSITORY / "docs" / "runbooks"
# Scores against profiles. No service of the site has one, and no dashboard shows them yet: they are on the
# page of Tests/EndToEnd/test_watch.py, and in `GET .../report`.
DRIFT = re.compile(r"ml_(feature|prediction|score)_(bin|drift|reference|window|zscore|rank|out_of|unseen)"
                   r"|ml_(dataset|window|outlier_rows)_|ml_model_profile_info")
CATALOGUE = pathlib.Path(__file__).parent / "catalogue"
RULE_TESTS = pathlib.Path(__file__).parent / "rules"
SITUATIONS = sorted((pathlib.Path(__file__).parent / "situations").glob("*.yml"))


@dataclass(frozen=True)
class Metric:
    """A family of the daemon's page, or a series that Prometheus adds to a target."""

    name: str
    kind: str
    labels: frozenset[str]

    @property
    def samples(self) -> tuple[str, ...]:
        """The names that its samples have on a page."""
        if self.kind == "histogram":
            return tuple(self.name + end for end in ("_bucket", "_sum", "_count"))
        return (self.name,)


@functools.cache
def catalogue() -> dict[str, Metric]:
    """Every sample name that a query may use, with its family."""
    found = {}
    for table in sorted(CATALOGUE.glob("*.tsv")):
        for line in table.read_text().splitlines():
            if line and not line.startswith("#"):
                name, kind, labels = line.split("\t")
                metric = Metric(name, kind, frozenset(filter(None, labels.split(","))))
                found.update(dict.fromkeys(metric.samples, metric))
    return found


@dataclass(frozen=True)
class Rule:
    """An alert or a record, and where it stands."""

    file: str
    group: str
    index: int
    content: dict

    @property
    def name(self) -> str:
        return self.content.get("alert") or self.content["record"]

    @property
    def is_alert(self) -> bool:
        return "alert" in self.content

    @property
    def severity(self) -> str:
        return self.content["labels"]["severity"]

    def __str__(self) -> str:
        return f"{self.file} {self.group}[{self.index}] {self.name}"


@functools.cache
def rules(folder: pathlib.Path = RULES) -> list[Rule]:
    return [Rule(file.name, group["name"], index, rule)
            for file in sorted(folder.glob("*.yml"))
            for group in yaml.safe_load(file.read_text())["groups"]
            for index, rule in enumerate(group["rules"])]


def alerts() -> list[Rule]:
    return [rule for rule in rules() if rule.is_alert]


@functools.cache
def stored_dashboards() -> dict[str, dict]:
    """The files as they are: a collapsed row holds its panels."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))}


@functools.cache
def dashboards() -> dict[str, dict]:
    """The dashboards with every row opened, as Grafana lays them out then."""
    return {name: expanded(board) for name, board in stored_dashboards().items()}


def expanded(board: dict) -> dict:
    """A copy in which the panels of collapsed rows stand below them and push down what follows."""
    opened, shift = [], 0
    for panel in board["panels"]:
        place = panel["gridPos"]
        inner = panel.get("panels", [])
        opened.append({**panel, "panels": [], "gridPos": {**place, "y": place["y"] + shift}})
        for each in inner:
            spot = each["gridPos"]
            opened.append({**each, "gridPos": {**spot, "y": spot["y"] + shift}})
        if inner:
            shift += max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in inner) - place["y"] - 1
    return {**board, "panels": opened}


def selectors(expression: str) -> list[promql_parser.VectorSelector]:
    """Every vector selector of a query, however deep."""
    found = []

    def visit(node):
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            visit(node.vector_selector)
        elif isinstance(node, promql_parser.BinaryExpr):
            visit(node.lhs)
            visit(node.rhs)
        elif isinstance(node, promql_parser.Call):
            for argument in node.args:
                visit(argument)
        elif isinstance(node, (promql_parser.AggregateExpr, promql_parser.ParenExpr,
                               promql_parser.UnaryExpr, promql_parser.SubqueryExpr)):
            visit(node.expr)

    visit(promql_parser.parse(expression))
    return found


def matchers(selector: promql_parser.VectorSelector) -> list[tuple[str, str, str]]:
    """(label, operator, value) of a selector, its name left out."""
    operators = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    return [(matcher.name, operators[str(matcher.op).rsplit(".", 1)[-1]], matcher.value)
            for matcher in selector.matchers.matchers if matcher.name != "__name__"]


def names(expression: str) -> set[str]:
    """The metrics that a query reads; of `{__name__=~"a|b"}` both."""
    found = set()
    for selector in selectors(expression):
        if selector.name:
            found.add(selector.name)
        for matcher in selector.matchers.matchers:
            if matcher.name == "__name__":
                found.update(re.split(r"\|", matcher.value))
    return found
