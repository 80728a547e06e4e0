"""numpy, pandas and missing values as the daemon counts them."""

import dataclasses
import datetime
import decimal
import enum
import json
import math
import types
import uuid
from random import Random
from typing import NamedTuple

import numpy
import pandas
import pydantic
import pytest
from conftest import samples, total

from ml_exporter_client import values


def written(**event):
    lost = []
    return json.loads(values.encode(event, lost)), lost


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize("given, plain", [
    (numpy.int64(3), 3), (numpy.float32(0.5), 0.5), (numpy.float64(2.5), 2.5),
    (numpy.bool_(True), True), (numpy.str_("x"), "x"), (numpy.uint8(7), 7),
    (numpy.float64("nan"), None), (numpy.float32("nan"), None), (float("nan"), None),
    (pandas.NA, None), (pandas.NaT, None), (numpy.array(4), 4), (numpy.array([4.5]), 4.5),
    (decimal.Decimal("1.5"), 1.5), (decimal.Decimal("NaN"), None), (Colour.RED, "red"),
    (b"x", "x"), (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc), 1767225600),
    (pandas.Timestamp("2026-01-01", tz="UTC"), 1767225600),
    (datetime.timedelta(seconds=2), 2), (numpy.datetime64("2026-01-01"), "2026-01-01"),
    (float("inf"), "Infinity"), (numpy.float32("-inf"), "-Infinity"), (2**70, 2**70),
])
def test_a_feature_of_this_type_is_written_as(given, plain):
    event, lost = written(model="m", features={"x": given})
    assert event["features"] == {"x": plain} and not lost


@pytest.mark.parametrize("given, text", [
    (3, "3"), (3.0, "3"), (numpy.int64(3), "3"), ("3", "3"), (1.5, "1.5"), (numpy.str_("v"), "v")])
def test_a_version_is_text(given, text):
    assert written(model="m", version=given)[0]["version"] == text


def test_outside_of_features_an_infinite_number_is_null():
    assert written(model="m", score=float("inf"))[0]["score"] is None
    assert written(type="training", metrics={"loss": float("inf")})[0]["metrics"] == {"loss": None}


def test_what_has_no_value_is_null_and_is_told():
    event, lost = written(model="m", features={"x": object(), "y": 1, "z": numpy.zeros((2, 2))})
    assert event["features"]["x"] is None and event["features"]["y"] == 1
    assert any("object is not a number or a text" in sentence for sentence in lost)


def test_rows_of_many_kinds_are_features():
    @dataclasses.dataclass
    class Row:
        a: float
        b: str

    class Model(pydantic.BaseModel):
        a: float
        b: str

    class Named(NamedTuple):
        a: float
        b: str

    for row in (Row(1.5, "x"), pandas.Series({"a": 1.5, "b": "x"}), {"a": 1.5, "b": "x"},
                pandas.DataFrame({"a": [1.5], "b": ["x"]}), Model(a=1.5, b="x"), Named(1.5, "x"),
                types.MappingProxyType({"a": 1.5, "b": "x"})):
        assert written(model="m", features=row)[0]["features"] == {"a": 1.5, "b": "x"}


def test_probabilities_that_exceed_1_by_rounding_are_1():
    assert written(model="m", score=numpy.float32(1.0000001))[0]["score"] == 1
    assert written(model="m", scores={1: 1.000001, 0: -1e-9})[0]["scores"] == {"1": 1, "0": 0}
    assert written(model="m", score=1.2)[0]["score"] == 1.2


def test_a_long_reason_is_cut_within_the_daemons_limit():
    event, _ = written(model="m", reason="é" * 400)
    assert len(event["reason"].encode()) == 254


def test_nesting_without_end_is_cut():
    loop = {}
    loop["loop"] = loop
    event, lost = written(model="m", features=loop)
    assert lost and math.isfinite(len(str(event)))


# Each is sent ten times; all are counted, whatever the type.
CASES = [
    ({"a": 1.0}, {}), ({"a": float("nan")}, {}), ({"a": numpy.int64(1)}, {}),
    ({"a": numpy.float32(1)}, {}), ({"a": numpy.bool_(1)}, {}), ({"a": pandas.NA}, {}),
    ({"a": 1.0}, {"score": numpy.float32(0.5)}), ({"a": 1.0}, {"prediction": numpy.int64(1)}),
    ({"a": 1.0}, {"prediction": numpy.str_("x")}), ({"a": 1.0}, {"score": float("nan")}),
    ({"a": 1.0}, {"batch_size": numpy.int32(4)}), ({"a": 1.0}, {"groups": {"g": numpy.int64(2)}}),
    ({"a": 1.0}, {"id": numpy.int64(12)}), ({"a": 1.0}, {"duration_seconds": numpy.float32(0.1)}),
    ({"a": 1.0}, {"tokens": {"input": numpy.int64(3)}}), ({"a": 1.0}, {"version": 1}),
    ({"a": numpy.float64("inf")}, {}),
]


def test_every_request_with_foreign_types_is_counted(daemon, monitor, model):
    for features, fields in CASES:
        for _ in range(10):
            with monitor.request(model, features=features) as request:
                request.update(fields)
    assert monitor.flush()
    assert monitor.stats().accepted == 10 * len(CASES)
    assert monitor.stats().rejected == 0 and not monitor.stats().dropped
    assert total(daemon, "ml_requests_total", model=model, outcome="ok") == 10 * len(CASES)
    assert total(daemon, "ml_feature_missing_total", model=model, feature="a") == 20
    assert total(daemon, "ml_feature_not_finite_total", model=model, feature="a") == 10
    assert samples(daemon, "ml_requests_total", model=model, outcome="ok", version="1") == {(): 10}


LEAVES = [
    1, 1.5, float("nan"), float("inf"), None, True, "x", "\ud800", b"\xff", 10**400, complex(1, 2),
    object(), {1}, range(3), slice(1), numpy.int64(1), numpy.float32("nan"), numpy.bool_(0),
    numpy.datetime64("NaT"), numpy.timedelta64(3, "s"), numpy.array([]), numpy.array([1, 2]),
    numpy.void(b"x"), numpy.longdouble(1.5), pandas.NA, pandas.NaT, pandas.Timestamp("2020"),
    pandas.Interval(1, 2), pandas.Period("2020"), pandas.Categorical(["a"])]
KEYS = ["a", "b", 1, 2.5, None, ("amount", "mean"), numpy.int64(3), float("nan")]
FIELDS = ["features", "score", "scores", "version", "groups", "tokens", "stages", "id", "reason",
          "prediction", "timestamp", "input_errors", "columns", "attributions", "batch_size"]


def anything(random, depth=3):
    kind = random.random()
    if depth == 0 or kind < 0.5:
        return random.choice(LEAVES)
    if kind < 0.8:
        return {random.choice(KEYS): anything(random, depth - 1) for _ in range(3)}
    return [anything(random, depth - 1) for _ in range(2)]


def test_whatever_an_event_holds_is_json_and_each_event_is_accounted_for(daemon, monitor, model):
    random = Random(2026)
    for _ in range(3000):
        event = {name: anything(random) for name in random.sample(FIELDS, 3)}
        json.loads(values.encode({"model": model, **event}, []), parse_constant=pytest.fail)
        monitor.event(model=model, **event)
    assert monitor.flush(20)
    stats = monitor.stats()
    # An event with columns may be none or several; all others are one each.
    assert not stats.dropped and stats.rejected > 500 and stats.accepted > 500
