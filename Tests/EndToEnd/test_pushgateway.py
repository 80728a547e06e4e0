"""Pushes of groups, beside Debian's Pushgateway 1.5.1: the same requests, then both pages."""

import http.client
import itertools
import re

import pytest

import pages
from programs import ask, connect
from push_differences import DIFFERENCES
from push_scenarios import Scenario, all_scenarios

SEQUENCES = 300


class Outcome:
    """What a scenario led to: a status per request, and its part of the page."""

    def __init__(self, statuses: list, page: pages.Page | None, helps: dict[str, str]):
        self.statuses = statuses
        self.types = page.types if page else None
        self.values = page and {
            # A time is compared as said or not said.
            key: bool(value) if key[0] in ("push_time_seconds", "push_failure_time_seconds")
            else repr(value) for key, value in page.values.items()}
        self.helps = helps
        self.duplicates = page.duplicates if page else None

    def differences(self, other: "Outcome") -> list[str]:
        found = []
        if self.statuses != other.statuses:
            found.append(f"statuses {self.statuses} and {other.statuses}")
        for what in ("types", "values", "helps"):
            ours, theirs = getattr(self, what), getattr(other, what)
            if ours is None or theirs is None:
                if ours is not theirs:
                    found.append(f"{what} {ours} and {theirs}")
                continue
            for key in sorted(ours.keys() | theirs.keys(), key=repr):
                if ours.get(key) != theirs.get(key):
                    name = key if isinstance(key, str) else pages.describe(key)
                    found.append(f"{name}: {ours.get(key)} and {theirs.get(key)}")
        return found


class Side:
    """A server of groups, asked one scenario after the other."""

    def __init__(self, address: str):
        self.address = address
        self.connection = connect(address)

    def request(self, request) -> int | str:
        for last in (False, True):
            try:
                return ask(self.connection, request.path, request.headers, request.method,
                           request.body).status
            except (http.client.HTTPException, OSError) as error:
                self.connection.close()
                self.connection = connect(self.address)
                if last:
                    return type(error).__name__

    def run(self, scenario: Scenario, tag: str) -> Outcome:
        requests = [request.of(tag) for request in scenario.requests]
        statuses = [self.request(request) for request in requests]
        page = ask(self.connection, "/metrics")
        outcome = Outcome(statuses, *mine(page.body.decode(), tag)) if page.status == 200 \
            else Outcome(statuses, None, {"page": page.status})
        for job in {path for request in requests
                    if (path := request.path.split("?")[0]) and request.method != "DELETE"}:
            ask(self.connection, job, method="DELETE")
        return outcome


def mine(page: str, tag: str) -> tuple[pages.Page, dict[str, str]]:
    """The part of a page that has the tag in its names or labels."""
    lines, names = [], {}
    for line in page.splitlines():
        if line.startswith("# "):
            _, keyword, name, rest = (line + " ").split(" ", 3)
            names.setdefault(name, {})[keyword] = rest.strip()
        elif tag in line:
            lines.append(line)
    found = pages.parse_text("\n".join(itertools.chain(
        (f"# TYPE {name} {words['TYPE']}" for name, words in names.items()), lines, [""])).encode())
    used = {name for name, _ in found.values}
    used |= {re.sub("_(count|sum|bucket)$", "", name) for name in used}
    found.types = {name: kind for name, kind in found.types.items() if name in used}
    helps = {name: words.get("HELP", "") for name, words in names.items()
             if name in used and not name.startswith("push_")}
    return found, helps


@pytest.fixture(scope="module")
def sides(shared):
    daemon = shared.daemon(tree="debian12-2cpu")
    return Side(daemon.push_address), [Side(shared.pushgateway().address)], shared


def test_groups_are_pushed_as_to_pushgateway(sides):
    ours, theirs, shared = sides
    wrong, met = [], set()
    for number, scenario in enumerate(all_scenarios(SEQUENCES)):
        tag = f"s{number:05}"
        here, there = ours.run(scenario, tag), theirs[0].run(scenario, tag)
        if there.values is None or "TimeoutError" in there.statuses:
            # Pushgateway's page is broken from now on, or it hangs.
            theirs[0] = Side(shared.pushgateway().address)
        differences = here.differences(there)
        reason = next((name for name in DIFFERENCES if re.fullmatch(name, scenario.name)), None)
        if differences and reason:
            met.add(reason)
        elif differences:
            wrong.append(scenario.name + "".join(f"\n    {text}" for text in differences))
    assert not wrong, f"{len(wrong)} differ (ours and theirs):\n" + "\n".join(wrong)
    assert met == set(DIFFERENCES), f"not met any more: {set(DIFFERENCES) - met}"
