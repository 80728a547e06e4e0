"""Rejected events and ignored keys within a 200, and how often they are logged."""

import json
import logging
import re

import pytest
from conftest import eventually

from ml_exporter_client import Monitor
from ml_exporter_client.report import Report


def test_refusals_within_a_200_are_counted_and_logged_in_the_daemons_words(monitor, model, caplog):
    for number in range(5):
        monitor.event(model=model, duration_seconds=0.1)
        monitor.event(model=model, duration_seconds=-1)
    monitor.event(model=model, outcome="fine")
    assert monitor.flush()
    stats = monitor.stats()
    assert (stats.accepted, stats.rejected) == (5, 6)
    monitor.close()
    text = caplog.text
    assert sum(int(count) for count in re.findall(r"refused (\d+) events", text)) == 6
    assert f"model {model}: bad_value: duration_seconds must be a number of seconds from 0 to 31536000" in text
    assert "outcome must be one of ok, client_error" in text


def test_a_batch_of_which_nothing_is_usable_is_counted(monitor, model, caplog):
    monitor.event(model=model, duration_seconds=-1)
    assert monitor.flush()
    assert monitor.stats().rejected == 1
    monitor.close()
    assert "must be a number of seconds from 0 to 31536000, found -1" in caplog.text


def test_ignored_keys_are_counted_and_logged(stub, model, caplog):
    answer = {"accepted": 2, "rejected": 0, "errors": [], "ignored": ["latency", "ttft"]}
    server = stub((200, json.dumps(answer).encode(), {}))
    monitor = Monitor(server.url, interval=0.05)
    monitor.event(model=model, latency=3)
    monitor.event(model=model, ttft=3)
    assert monitor.flush()
    assert monitor.stats().ignored == {"latency": 1, "ttft": 1}
    assert monitor.stats().accepted == 2
    monitor.close()
    assert "ignores these keys: latency, ttft" in caplog.text


def test_an_answer_of_something_else_is_a_loss(stub, model, caplog):
    server = stub((200, b"<html>hello</html>", {}))
    monitor = Monitor(server.url, interval=0.01)
    monitor.event(model=model)
    assert monitor.flush()
    assert monitor.stats().dropped == {"no_answer": 1}
    monitor.close()
    assert "the answer is not the daemon's" in caplog.text


@pytest.mark.parametrize("body", [
    {"error": {"code": "stale_start", "detail": "a later process has pushed"}},
    {"error": {"code": "not_json", "detail": "a later process has pushed"}, "accepted": 0,
     "rejected": 0, "errors": []}])
def test_a_push_that_was_refused_as_a_whole_is_counted_with_its_reason(stub, model, caplog, body):
    server = stub((400, json.dumps(body).encode(), {}))
    monitor = Monitor(server.url, interval=0.05)
    monitor.event(model=model)
    monitor.event(model=model)
    assert monitor.flush()
    assert monitor.stats().rejected == 2 and not monitor.dropped
    monitor.close()
    assert f"{body['error']['code']}: a later process has pushed" in caplog.text
    assert len(server.pushes) == 1


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def refusal(detail):
    return json.dumps({"accepted": 0, "rejected": 1, "errors": [
        {"index": 0, "code": "wrong_type", "detail": detail}]}).encode()


def test_one_line_a_minute_says_what_all_of_it_was(caplog):
    clock = Clock()
    report = Report(clock)
    for second in range(180):
        clock.now = 1000.0 + second
        report.answer(refusal(f"version must be a string ({second % 3})"), 1, lambda index: "")
        report.log(0)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    first, second, third = (record.getMessage() for record in caplog.records)
    assert "refused 1 events" in first
    assert "refused 60 events" in second and "refused 60 events" in third
    assert all(f"({kind})" in second for kind in range(3))


def test_what_happens_for_the_hundredth_time_is_one_entry():
    report = Report()
    for number in range(300):
        report.answer(json.dumps({"accepted": 1, "rejected": 0, "errors": [],
                                  "ignored": [f"key_{number}"]}).encode(), 1, lambda index: "")
    stats = report.stats(0)
    assert len(stats.ignored) == 101 and stats.ignored["other"] == 200


def test_nothing_is_logged_when_all_is_well(monitor, model, caplog):
    for _ in range(10):
        with monitor.request(model):
            pass
    monitor.close()
    assert not caplog.records


def test_a_daemon_that_is_away_is_logged_once_with_its_address(model, caplog):
    monitor = Monitor("http://127.0.0.1:1", interval=0.01)
    monitor.event(model=model)
    eventually(lambda: caplog.records)
    monitor.close(0.5)
    assert "http://127.0.0.1:1 cannot be reached: [Errno 111]" in caplog.text
    # The second is the last line of the process: what was lost.
    assert len(caplog.records) == 2 and "1 events were dropped: exit" in caplog.text


def test_a_handler_that_raises_does_not_stop_the_sender(monitor, model, daemon):
    class Broken(logging.Handler):
        def emit(self, record):
            raise RuntimeError

    logger = logging.getLogger("ml_exporter_client")
    handler = Broken()
    logger.addHandler(handler)
    try:
        monitor.event(model=model, duration_seconds=-1)
        assert monitor.flush()
        monitor.event(model=model)
        assert monitor.flush()
        assert monitor.stats().accepted == 1
    finally:
        logger.removeHandler(handler)
