"""The two ways to push, who pushes so, and what a page must show of it."""

import re
from collections import Counter

from ledger import Findings, Ledger
from pushers import DURATION_SECONDS, EventPusher, GroupPusher
from slots import SlotLedger
from witness import labels, samples

BLOCK = re.compile(r"(p\d+s\d+)b(\d+)")


class Events:
    """Pushes that count once, known by the digits of a counter."""

    rising = {"ml_business_value_total", "ml_requests_total", "ml_predictions_total",
              "ml_request_duration_seconds_count", "ml_request_duration_seconds_bucket",
              "ml_request_duration_seconds_sum", "ml_input_rows_total"}

    def __init__(self, ledger=None):
        self.ledger = ledger or Ledger()

    def pusher(self, *arguments):
        return EventPusher(*arguments, self.ledger)

    def audit(self, page: str, promised, findings: Findings, at_rest: bool):
        found = samples(page, self.rising)
        blocks = {}
        requests, counted, seconds = Counter(), Counter(), Counter()
        for (name, text), value in found.items():
            given = labels(text)
            if name == "ml_business_value_total" and (match := BLOCK.fullmatch(given["kpi"])):
                blocks[match[1], int(match[2])] = value
            elif name == "ml_requests_total":
                requests[given["model"]] += value
            elif name == "ml_request_duration_seconds_count":
                counted[given["model"]] += value
            elif name == "ml_request_duration_seconds_sum":
                seconds[given["model"]] += value
        applied = self.ledger.audit(promised, blocks, findings)
        if not at_rest:
            return
        # A batch is one: its events are there if and only if its digit is.
        expected = Counter()
        for stream, events in applied.items():
            expected["torture-" + stream[1:stream.index("s")]] += events
        for what, shown in (("requests", requests), ("durations", counted),
                            ("seconds", {model: total / DURATION_SECONDS
                                         for model, total in seconds.items()})):
            for model in expected if shown else ():
                if shown.get(model, 0) != expected[model]:
                    findings.add("other", f"{model} shows {shown.get(model, 0):.0f} {what}, the "
                                          f"batches that are there have {expected[model]}")


class Groups:
    """Pushes that replace a group, known by the number in each slot."""

    rising = {"torture_batch"}

    def __init__(self, ledger=None):
        self.ledger = ledger or SlotLedger()

    def pusher(self, *arguments):
        return GroupPusher(*arguments, self.ledger)

    def audit(self, page: str, promised, findings: Findings, at_rest: bool):
        slots = {}
        for (_, text), value in samples(page, self.rising).items():
            given = labels(text)
            slots[given["pusher"], int(given["slot"])] = value
        self.ledger.audit(promised, slots, findings)


PUSHES = {"events": Events, "groups": Groups}
