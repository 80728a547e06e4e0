"""Batches as columns."""

import numpy
import pandas
import pytest
from conftest import samples, total


def frame(rows):
    return pandas.DataFrame({
        "amount": numpy.arange(rows, dtype="float64"), "country": ["DE", "FR"] * (rows // 2),
        "age": pandas.array([30, None] * (rows // 2), dtype="Int64")})


FEATURES = {
    "a DataFrame": lambda: {"features": frame(100)},
    "a dict of arrays": lambda: {"features": {
        "amount": numpy.arange(100.0), "country": ["DE", "FR"] * 50,
        "age": numpy.array([30, numpy.nan] * 50)}},
    "a list of dicts": lambda: {"features": frame(100).astype(object).to_dict("records")},
    "an array with names": lambda: {
        "features": frame(100).astype(object).to_numpy(),
        "feature_names": ["amount", "country", "age"]},
}


@pytest.mark.parametrize("kind", FEATURES)
def test_rows_of(daemon, monitor, model, kind):
    monitor.columns(model, version=3, **FEATURES[kind](), score=numpy.linspace(0, 1, 100),
                    prediction=numpy.arange(100) % 2)
    assert monitor.flush()
    assert monitor.stats().accepted == 100, monitor.stats()
    assert total(daemon, "ml_requests_total", model=model, version="3", outcome="ok") == 100
    assert total(daemon, "ml_feature_values_total", model=model, feature="amount") == 100
    assert total(daemon, "ml_feature_missing_total", model=model, feature="age") == 50


def test_a_large_batch_is_sent_in_parts_and_counted_whole(daemon, monitor, model):
    rows = 25_000
    monitor.columns(model, features=frame(rows), score=numpy.full(rows, 0.5, dtype="float32"))
    assert monitor.flush(20)
    assert monitor.stats().accepted == rows
    assert total(daemon, "ml_requests_total", model=model, outcome="ok") == rows


def test_single_values_count_for_all_rows(daemon, monitor, model):
    monitor.columns(model, features={"a": [1, 2, 3]}, outcome="timeout", groups={"region": "eu"},
                    scores={"x": [0.1, 0.2, 0.3], "y": numpy.float32([0.9, 0.8, 1.0000001])})
    assert monitor.flush()
    assert total(daemon, "ml_requests_total", model=model, outcome="timeout") == 3
    assert monitor.stats().rejected == 0


def test_an_array_that_is_reused_does_not_change_what_is_sent(daemon, monitor, model):
    buffer = numpy.zeros(4)
    monitor.columns(model, features={"a": buffer})
    buffer[:] = numpy.nan
    monitor.flush()
    assert total(daemon, "ml_feature_missing_total", model=model, feature="a") == 0


def test_columns_of_different_lengths_are_dropped_and_the_reason_is_logged(monitor, model, caplog):
    monitor.columns(model, features={"a": [1, 2, 3]}, score=[0.5, 0.5])
    assert monitor.flush()
    assert monitor.stats().dropped == {"unreadable": 3}
    monitor.close()
    assert "score has 2 rows and not 3" in caplog.text


def test_labels_of_many_requests(daemon, monitor, model):
    monitor.labels(model, pandas.Series([1, 2, 3, 4]), numpy.array([1.0, numpy.nan, 0.0, 1.0]))
    assert monitor.flush()
    # The second is not known yet.
    assert monitor.stats().accepted == 3 and monitor.stats().rejected == 0


def test_nothing_at_all_is_no_event(monitor, model):
    monitor.columns(model, features=pandas.DataFrame({"a": []}))
    monitor.labels(model, [], [])
    assert monitor.flush() and monitor.stats().accepted == 0
    assert not monitor.stats().dropped


def test_rows_that_wait_are_bounded(model):
    from ml_exporter_client import Monitor
    monitor = Monitor("http://127.0.0.1:1", capacity=10)
    for _ in range(20):
        monitor.columns(model, features={"a": [1.0] * 50})
    dropped = monitor.stats().dropped["queue_full"]
    # Two of them fit, and one or two are in the sender's hands.
    assert 20 * 50 - 4 * 50 <= dropped <= 18 * 50
    monitor.close(0.1)


def test_a_batch_of_long_texts_is_sent_in_bodies_that_the_daemon_accepts(daemon, monitor, model):
    rows = 15_000
    monitor.columns(model, features={"text": [f"{row} " + "x" * 1000 for row in range(rows)]})
    assert monitor.flush(30)
    assert monitor.stats().accepted == rows and not monitor.dropped
    assert total(daemon, "ml_feature_values_total", model=model, feature="text") == rows
