"""Values of key panels, compared with what was pushed and with the machine's own figures."""

import os
import re

import pytest

from files import dashboards
from grafana import Grafana

BOARDS = dashboards()
FAILED = {"server_error", "timeout"}
JUDGED = {"ok", *FAILED}
# A rate is extrapolated to its window and a push comes in lumps; a share has only the lumps.
RATE, SHARE = 0.05, 0.03


class Panels:
    """Panels over the window in which the pushed counts are known, read as a user reads them."""

    def __init__(self, site):
        self.site = site
        self.expected = site.after - site.before
        self.grafana = Grafana(site.prometheus, site.before.time, site.after.time, step=2, scrape=1,
                               rate=self.expected.time - 2)

    def read(self, board: str, title: str, reference: str = "A", model: str = "chat|fraud",
             **labels: str) -> float:
        """The newest value of the one series that has these labels."""
        content = BOARDS[board]
        panel, = [panel for panel in content["panels"] if panel["title"] == title and panel["type"] != "row"]
        target, = [target for target in panel["targets"] if target["refId"] == reference]
        self.grafana.chosen = {
            variable["name"]: variable["allValue"]
            for variable in content["templating"]["list"] if "allValue" in variable}
        if "model" in self.grafana.chosen:
            self.grafana.chosen["model"] = f"({model})"
        answer = self.grafana.ask(target)
        found = [result for result in answer.results
                 if all(result.labels.get(name) == value for name, value in labels.items())]
        assert len(found) == 1, f"{answer.expression}: {[result.labels for result in found]}"
        return found[0].last


@pytest.fixture(scope="session")
def panels(site):
    return Panels(site)


def near(value: float, tolerance: float):
    return pytest.approx(value, rel=tolerance)


def quantile_bucket(durations: dict[float, int], q: float, bounds: list[float]):
    """The bucket in which a quantile lies: (below, above]."""
    total, seen = sum(durations.values()), 0
    for duration in sorted(durations):
        seen += durations[duration]
        if seen >= q * total:
            above = next(bound for bound in bounds if duration <= bound)
            return max([0, *(bound for bound in bounds if bound < above)]), above


BOUNDS = [.001, .0025, .005, .01, .025, .05, .075, .1, .25, .5, 1, 2.5, 5, 10]


def test_the_fleet_counts_hosts_and_models(panels):
    assert panels.read("fleet-overview", "Hosts up") == 2
    assert panels.read("fleet-overview", "Hosts down") == 0
    assert panels.read("fleet-overview", "Model versions") == 3
    assert panels.read("fleet-overview", "Models", "F", model="fraud", version="3") == 2
    assert panels.read("fleet-overview", "Models", "F", model="fraud", version="4") == 1


def test_requests_per_second(panels):
    expected = panels.expected
    assert panels.read("fleet-overview", "Requests") == near(expected.rate("requests"), RATE)
    assert panels.read("model-serving", "Requests") == near(expected.rate("requests"), RATE)
    for model in ("fraud", "chat"):
        told = panels.read("fleet-overview", "Requests by model", model=model)
        assert told == near(expected.rate("requests", model=model), RATE)
    for version in ("3", "4"):
        of_version = expected.rate("requests", model="fraud", version=version)
        assert panels.read("fleet-overview", "Models", "C", model="fraud",
                           version=version) == near(of_version, RATE)
        assert panels.read("model-serving", "Requests by version", model="fraud",
                           version=version) == near(of_version, RATE)


def test_requests_by_outcome(panels):
    for outcome in ("ok", "client_error", "server_error", "timeout"):
        told = panels.read("model-serving", "Requests by outcome", outcome=outcome)
        assert told == near(panels.expected.rate("outcomes", outcome), 2 * RATE)
    assert panels.read("model-serving", "Requests by outcome", outcome="rejected") == 0


def test_errors_are_what_the_service_failed_of_what_it_had_to_answer(panels):
    expected = panels.expected

    def share(**wanted):
        return expected.sum("outcomes", FAILED, **wanted) / expected.sum("outcomes", JUDGED, **wanted)

    assert share(model="fraud", version="4") > 0.1, "the simulation fails enough"
    assert panels.read("fleet-overview", "Server errors and timeouts") == near(share(), SHARE)
    assert panels.read("model-serving", "Errors") == near(share(), SHARE)
    assert panels.read("fleet-overview", "Models", "A", model="fraud", version="4") == near(
        share(model="fraud", version="4"), SHARE)
    assert panels.read("model-serving", "Errors by version", model="fraud", version="3") == 0
    for number, host in enumerate(panels.site.hosts):
        told = panels.read("model-serving", "Errors by host", instance=host.address)
        assert told == pytest.approx(share(host=number), rel=SHARE)


def test_errors_by_reason(panels):
    for reason, outcome in (("backend", "server_error"), ("deadline", "timeout"),
                            ("bad_request", "client_error")):
        told = panels.read("model-serving", "Errors by reason", reason=reason)
        assert told == near(panels.expected.rate("outcomes", outcome), 2 * RATE)


@pytest.mark.parametrize("reference,q", [("A", 0.5), ("B", 0.95), ("C", 0.99)])
def test_a_quantile_of_the_latency_lies_in_its_bucket(panels, reference, q):
    durations = {}
    for (kind, duration, *_), number in panels.expected.counts.items():
        if kind == "durations":
            durations[duration] = durations.get(duration, 0) + number
    below, above = quantile_bucket(durations, q, BOUNDS)
    told = panels.read("model-serving", "Latency quantiles", reference)
    assert below - 0.001 <= told <= above + 0.001


def test_the_mean_latency_and_its_stages(panels):
    expected = panels.expected
    total = sum(detail * number for (kind, detail, *_), number in expected.counts.items()
                if kind == "durations")
    mean = total / expected.sum("durations")
    assert panels.read("model-serving", "Latency quantiles", "D") == near(mean, SHARE)
    for stage, share in (("queue", 0.1), ("preprocess", 0.2), ("inference", 0.6),
                         ("postprocess", 0.1)):
        assert panels.read("model-serving", "Time by stage", stage=stage) == near(share * mean, SHARE)


def test_rows_and_what_was_wrong_with_them(panels):
    expected = panels.expected
    assert panels.read("model-serving", "Predictions") == near(expected.rate("rows"), RATE)
    invalid = expected.sum("invalid rows") / expected.sum("rows")
    assert panels.read("model-serving", "Invalid rows") == near(invalid, SHARE)
    of_champion = (expected.sum("invalid rows", model="fraud", version="3")
                   / expected.sum("rows", model="fraud", version="3"))
    assert panels.read("fleet-overview", "Models", "D", model="fraud", version="3") == near(
        of_champion, SHARE)
    assert panels.read("model-serving", "Validation errors by reason", reason="type") == near(
        expected.rate("errors"), RATE)
    missing = (expected.sum("missing", "age", model="fraud", version="3")
               / expected.sum("requests", model="fraud", version="3"))
    assert panels.read("model-serving", "Missing values over time", model="fraud", version="3",
                       feature="age") == near(missing, 2 * SHARE)


def test_batch_size_and_tokens(panels):
    expected = panels.expected
    mean = expected.sum("rows", model="fraud") / expected.sum("requests", model="fraud")
    assert panels.read("model-serving", "Batch size", "C") == near(mean, SHARE)
    assert panels.read("model-serving", "Tokens", "A") == near(expected.rate("tokens", "input"), RATE)
    assert panels.read("model-serving", "Tokens", "B") == near(expected.rate("tokens", "output"), RATE)


def test_what_language_models_tell(panels):
    expected = panels.expected
    finished = expected.rate("tokens", "input") / 120
    for reason, share in (("stop", 0.9), ("length", 0.1)):
        assert panels.read("model-serving", "Finish reasons", finish_reason=reason) == near(
            finished * share, 2 * RATE)
    assert panels.read("model-serving", "KV cache", model="chat") == 0.42


def test_gauges_of_producers_are_added_up(panels):
    # Three services say that they have three requests in flight for fraud, two for chat.
    assert panels.read("model-serving", "In flight", model="fraud") == 9
    assert panels.read("fleet-overview", "Models", "E", model="chat", version="1") == 6
    assert panels.read("model-serving", "Loads", model="fraud") == 0


def test_training_and_business(panels):
    assert panels.read("training-and-business", "Trained models") == 2
    assert 0 < panels.read("training-and-business", "Oldest success") < 600
    assert panels.read("training-and-business", "Failed runs") == 0
    assert panels.read("training-and-business", "Oldest served model") == pytest.approx(
        86400, abs=600)
    for model, f1 in (("fraud", 0.91), ("chat", 0.83)):
        assert panels.read("training-and-business", "Learning curves", model=model,
                           split="validation", metric="f1") == f1
        assert panels.read("training-and-business", "Runs", "B", model=model) == 812
    assert panels.read("training-and-business", "Feature importance", model="fraud",
                       feature="amount") == 0.5
    assert panels.read("training-and-business", "Features in training", "A", model="fraud",
                       feature="age") == 44.5
    assert panels.read("training-and-business", "Value against target", model="fraud",
                       kpi="weekly_profit") == pytest.approx(1.1)
    assert panels.read("training-and-business", "Values and targets", "B", model="fraud",
                       kpi="weekly_profit") == 1_000_000


def test_earnings_losses_and_labels(panels):
    expected = panels.expected
    for model in ("fraud", "chat"):
        earned, lost = expected.rate("earned", model=model), expected.rate("lost", model=model)
        assert panels.read("training-and-business", "Earned and lost", "A", model=model,
                           kpi="saved") == near(earned, RATE)
        assert panels.read("training-and-business", "Earned and lost", "B", model=model,
                           kpi="saved") == near(lost, RATE)
        assert panels.read("training-and-business", "Value per prediction", model=model,
                           kpi="saved") == near(earned / expected.rate("rows", model=model), RATE)
    assert panels.read("training-and-business", "Labels", model="fraud") == near(
        expected.rate("labels"), RATE)


def test_the_machine_says_the_same_of_itself(panels):
    with open("/proc/meminfo") as file:
        total = int(re.search(r"MemTotal:\s+(\d+)", file.read())[1]) * 1024
    with open("/proc/uptime") as file:
        uptime = float(file.read().split()[0])
    cpus = os.sysconf("SC_NPROCESSORS_ONLN")
    for host in panels.site.hosts:
        assert panels.read("host", "Load and CPUs", "C", instance=host.address) == cpus
    assert panels.read("host", "Memory by use", "E") == 2 * total
    assert panels.read("host", "Uptime") == pytest.approx(uptime, abs=300)
    used = 1 - os.statvfs("/").f_bavail / os.statvfs("/").f_blocks
    fullest = panels.read("host", "Fullest filesystem")
    assert used - 0.02 <= fullest <= 1
    by_mode = [panels.read("host", "CPU by mode", mode=mode)
               for mode in ("user", "system", "iowait", "nice", "irq", "softirq", "steal")]
    assert 0 < sum(by_mode) <= 1


def test_what_the_stand_in_for_gpus_says(panels):
    host = panels.site.hosts[0].address
    assert panels.read("fleet-overview", "GPUs") == 2
    assert panels.read("fleet-overview", "Hosts", "G", instance=host) == pytest.approx(0.38)
    for gpu in (0, 1):
        names = {"instance": host, "gpu": str(gpu)}
        assert panels.read("host", "GPU busy", **names) == pytest.approx(0.37 + gpu / 100)
        assert panels.read("host", "GPU temperature", **names) == 41 + gpu
        assert panels.read("host", "GPU power", **names) == pytest.approx(70.123 + gpu / 1000)
        assert panels.read("host", "GPU power", "B", **names) == 350
        assert panels.read("host", "GPU memory", **names) == (3 + gpu) * 2**30
        assert panels.read("host", "GPU memory", "B", **names) == 80 * 2**30
    # This process uses both, and pushes for both models over the socket.
    for model in ("fraud", "chat"):
        version = {"fraud": "3", "chat": "1"}[model]
        assert panels.read("model-serving", "GPU memory of the service", model=model,
                           version=version) == 2 * 2 * 2**30


def test_the_daemon_counts_its_own_work(panels):
    assert panels.read("ml-exporter", "Scraped") == 2
    assert panels.read("ml-exporter", "Down") == 0
    assert panels.read("ml-exporter", "Collectors that fail") == 0
    batches = 2 / 0.5 + len(panels.site.services) / 0.25
    assert panels.read("ml-exporter", "Pushes by status", code="200") == near(batches, 0.2)
    inferences = panels.expected.rate("requests") + 2
    assert panels.read("ml-exporter", "Events by type", type="inference") == near(inferences, 0.05)
    assert panels.read("ml-exporter", "Duplicate and lost batches", "A") == near(
        panels.expected.rate("copies"), RATE)
    used = panels.read("ml-exporter", "Series limit used")
    assert 0 < used < 0.1


def test_nothing_that_was_acknowledged_is_missing_or_counted_twice(site):
    """The totals themselves, when all services have stopped. Runs last: it ends the traffic."""
    import time
    for service in site.services:
        service.stop()
    time.sleep(3)
    expected = site.moment()
    for number, host in enumerate(site.hosts):
        for service in site.services:
            if service.host != number:
                continue
            labels = (f'instance="{host.address}",model="{service.model}",'
                      f'version="{service.version}"')
            for outcome in ("ok", "client_error", "server_error", "timeout"):
                told = site.prometheus.value(f'ml_requests_total{{{labels},outcome="{outcome}"}}')
                assert told == expected.sum("outcomes", outcome, model=service.model,
                                         version=service.version, host=number)
            assert site.prometheus.value(f"ml_input_rows_total{{{labels}}}") == expected.sum(
                "rows", model=service.model, version=service.version, host=number)
            assert site.prometheus.value(f"ml_request_duration_seconds_count{{{labels}}}") == (
                expected.sum("requests", model=service.model, version=service.version, host=number))
