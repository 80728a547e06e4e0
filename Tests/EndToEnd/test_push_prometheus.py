"""A real Prometheus over pushed events: its rates and quantiles are the known values."""

import json
import threading
import time

import pytest

from programs import connect, has, wait_until

pytestmark = pytest.mark.skipif(not has("prometheus"), reason="prometheus is not installed")

# Of a hundred events fifty take 0.06 s, forty 0.2 s, ten 3 s; five of them time out.
SECONDS = [0.06] * 50 + [0.2] * 40 + [3.0] * 10
OUTCOMES = ["timeout"] * 5 + ["ok"] * 95
BATCH = json.dumps({"model": "known", "version": "1", "columns": {
    "duration_seconds": SECONDS, "outcome": OUTCOMES}})
PER_SECOND = 10


class Pusher(threading.Thread):
    """Pushes ten batches a second and counts them."""

    def __init__(self, address: str):
        super().__init__(daemon=True)
        self.address, self.batches, self.ended = address, 0, threading.Event()

    def run(self):
        connection = connect(self.address)
        due = time.monotonic()
        while not self.ended.is_set():
            connection.request("POST", "/v1/events", BATCH, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 200 and answer.read()
            self.batches += 1
            due += 1 / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))


def test_rates_and_quantiles_are_the_known_values(start):
    daemon = start.daemon("--collector.disable-defaults")
    pusher = Pusher(daemon.push_address)
    pusher.start()
    server = start.prometheus({"push": daemon.address})
    buckets = "sum by (le) (rate(ml_request_duration_seconds_bucket{model=\"known\"}[10s]))"
    wait_until(lambda: (server.value('count_over_time(up{job="push"}[1m])') or 0) >= 16, 90,
               "sixteen scrapes")
    # Within the bucket that a quantile falls into, Prometheus draws a line between its bounds.
    for quantile, value in ((0.25, 0.0625), (0.5, 0.075), (0.7, 0.175), (0.9, 0.25), (0.95, 3.75)):
        found = server.value(f"histogram_quantile({quantile}, {buckets})")
        assert found == pytest.approx(value, rel=0.05), quantile
    rate = server.value('sum(rate(ml_requests_total{model="known"}[10s]))')
    assert rate == pytest.approx(PER_SECOND * len(SECONDS), rel=0.25)
    errors = server.value('sum(rate(ml_request_errors_total{model="known"}[10s]))')
    assert errors / rate == pytest.approx(0.05, rel=0.05)
    mean = server.value('rate(ml_request_duration_seconds_sum{model="known"}[10s])'
                        ' / rate(ml_request_duration_seconds_count{model="known"}[10s])')
    assert mean == pytest.approx(sum(SECONDS) / len(SECONDS), rel=0.05)
    pusher.ended.set()
    pusher.join(20)
    wait_until(lambda: server.value('sum(ml_requests_total{model="known"})')
               == pusher.batches * len(SECONDS), 20, "every event has been scraped")
    assert server.value('ml_requests_total{model="known",outcome="timeout"}') == pusher.batches * 5
