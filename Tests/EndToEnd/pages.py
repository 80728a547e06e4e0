"""A page of metrics as families, series and values, read by prometheus_client's parsers."""

import itertools
from dataclasses import dataclass, field

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

# One series: its sample name and its labels without empty values, which mean "absent".
Series = tuple[str, frozenset]


@dataclass
class Page:
    types: dict[str, str] = field(default_factory=dict)
    """By family name, a counter's with `_total`."""
    values: dict[Series, float] = field(default_factory=dict)
    duplicates: list[Series] = field(default_factory=list)

    def select(self, wanted) -> "Page":
        """The part whose sample names `wanted` accepts."""
        values = {key: value for key, value in self.values.items() if wanted(key[0])}
        names = {name for name, _ in values}
        return Page({n: t for n, t in self.types.items() if n in names}, values, self.duplicates)

    def value(self, name: str, **labels: str) -> float:
        return self.values[name, frozenset(labels.items())]

    def get(self, name: str, **labels: str) -> float | None:
        return self.values.get((name, frozenset(labels.items())))

    def named(self, name: str) -> dict[frozenset, float]:
        return {labels: value for (found, labels), value in self.values.items() if found == name}

    def sum(self, name: str) -> float:
        return sum(self.named(name).values())


def _page(families) -> Page:
    page = Page()
    for family in families:
        name = family.name + "_total" if family.type == "counter" else family.name
        assert name not in page.types, f"family {name} stands twice"
        page.types[name] = family.type
        for sample in family.samples:
            labels = frozenset((k, v) for k, v in sample.labels.items() if v != "")
            key = (sample.name, labels)
            if key in page.values:
                page.duplicates.append(key)
            page.values[key] = sample.value
    return page


def parse_text(body: bytes) -> Page:
    return _page(text(body.decode()))


def parse_openmetrics(body: bytes) -> Page:
    """Strict: the parser refuses what the format's document refuses."""
    return _page(openmetrics(body.decode()))


def families_in_order(body: bytes) -> list[str]:
    """The family names as TYPE lines stand on the page."""
    return [line.split()[2] for line in body.decode().splitlines() if line.startswith("# TYPE ")]


def describe(series: Series) -> str:
    name, labels = series
    return name + "{" + ",".join(f"{k}={v!r}" for k, v in sorted(labels)) + "}"


def listing(series, limit: int = 40) -> str:
    return "\n".join(map(describe, itertools.islice(sorted(series, key=describe), limit)))
