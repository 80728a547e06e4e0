"""Pushes of groups, beside Debian's Pushgateway 1.5.1: the same requests, then both pages."""

import http.client
import re
import time

import pytest

import pages
from programs import ask, connect
from push_differences import DIFFERENCES
from push_scenarios import Request, Scenario, all_scenarios

SEQUENCES = 300
SAMPLE = re.compile(r'([^{ ]+)(?:{(.*)})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_0-9]+)="((?:[^"\\]|\\.)*)"')


class Outcome:
    """What a scenario led to: a status per request, and its part of the page."""

    def __init__(self, statuses: list, answer):
        self.statuses = statuses
        self.types, self.values, self.helps = {}, None, {}
        if answer.status == 200:
            self.values = {}
        self.duplicates = []

    def read(self, page: str, tag: str, is_random: bool):
        """Keeps the lines that have the tag in their names or labels, and what heads them."""
        told, said = "", ""
        for line in page.splitlines():
            if line.startswith("# HELP "):
                said = line.removeprefix("# HELP ")
            elif line.startswith("# TYPE "):
                told = line
            elif tag in line:
                name, kind = told.split()[2:]
                self.types[name] = kind
                # Several groups may say different things; then which one counts is chance.
                if not name.startswith("push_") and not is_random:
                    self.helps[name] = said.removeprefix(name).strip() \
                        if said.split()[:1] == [name] else ""
                self.keep(*SAMPLE.fullmatch(line).groups(default=""))

    def keep(self, name: str, labels: str, value: str):
        # Bounds are spelled canonically here: le="1.0".
        key = name, frozenset(
            (label, repr(float(text)) if label in ("le", "quantile") else text)
            for label, text in LABEL.findall(labels) if text)
        if key in self.values:
            self.duplicates.append(key)
        # A time is compared as said or not said.
        self.values[key] = float(value) > 0 if name.startswith("push_") else repr(float(value))

    def differences(self, other: "Outcome") -> list[str]:
        found = []
        if self.statuses != other.statuses:
            found.append(f"statuses {self.statuses} and {other.statuses}")
        for what in ("types", "values", "helps", "duplicates"):
            ours, theirs = getattr(self, what), getattr(other, what)
            if ours is None or theirs is None:
                if ours is not theirs:
                    found.append(f"{what} {ours} and {theirs}")
                continue
            if what == "duplicates":
                found += [f"twice: {pages.describe(key)}" for key in ours + theirs]
                continue
            for key in sorted(ours.keys() | theirs.keys(), key=repr):
                if ours.get(key) != theirs.get(key):
                    name = key if isinstance(key, str) else pages.describe(key)
                    found.append(f"{name}: {ours.get(key)} and {theirs.get(key)}")
        return found


class Side:
    """A server of groups, asked one scenario after the other."""

    def __init__(self, address: str, timeout: float = 20, is_peer: bool = False):
        self.address = address
        self.is_peer = is_peer
        self.timeout = timeout
        self.connection = connect(address, timeout)
        self.hangs = False

    def request(self, request) -> int | str:
        for last in (False, True):
            try:
                return ask(self.connection, request.path, request.headers, request.method,
                           request.body).status
            except (http.client.HTTPException, OSError) as error:
                self.connection.close()
                self.connection = connect(self.address, self.timeout)
                self.hangs |= isinstance(error, TimeoutError)
                if last or self.hangs:
                    return type(error).__name__

    def run(self, scenario: Scenario, tag: str) -> Outcome:
        requests = [request.of(tag) for request in scenario.requests]
        statuses = [self.request(request) for request in requests]
        if self.is_peer and requests[-1].method == "DELETE":
            # It answers 202 and deletes afterwards; on a busy machine the page still shows the group.
            time.sleep(0.1)
        page = ask(self.connection, "/metrics")
        outcome = Outcome(statuses, page)
        if page.status == 200:
            outcome.read(page.body.decode(errors="replace"), tag,
                         scenario.name.startswith("sequence"))
        for job in {path for request in requests
                    if (path := request.path.split("?")[0]) and request.method != "DELETE"}:
            if not self.hangs:
                self.request(Request("DELETE", job))
        return outcome


@pytest.fixture(scope="module")
def sides(shared):
    daemon = shared.daemon(tree="debian12-2cpu")
    return Side(daemon.push_address), [peer(shared)], shared


def peer(shared) -> Side:
    return Side(shared.pushgateway().address, timeout=2, is_peer=True)


def test_groups_are_pushed_as_to_pushgateway(sides):
    ours, theirs, shared = sides
    wrong, met = [], set()
    for number, scenario in enumerate(all_scenarios(SEQUENCES)):
        tag = f"s{number:05}"
        here, there = ours.run(scenario, tag), theirs[0].run(scenario, tag)
        if there.values is None or theirs[0].hangs:
            # Its page is broken for ever, or a mistake in base64 has left a lock locked.
            theirs[0] = peer(shared)
        differences = here.differences(there)
        reason = next((name for name in DIFFERENCES if re.fullmatch(name, scenario.name)), None)
        if differences and reason:
            met.add(reason)
        elif differences:
            wrong.append(scenario.name + "".join(f"\n    {text}" for text in differences))
    assert not wrong, f"{len(wrong)} differ (ours and theirs):\n" + "\n".join(wrong)
    assert met == set(DIFFERENCES), f"not met any more: {set(DIFFERENCES) - met}"
