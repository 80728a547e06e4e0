"""The keys of events, as docs/push.md describes them.

A key that the daemon learns is added to a class here; until the daemon accepts it, it also stands
in `AWAITED` and is not sent.
"""

from __future__ import annotations

from typing import Any, Literal, Mapping, Sequence, TypedDict, Union

Outcome = Literal["ok", "client_error", "server_error", "timeout", "rejected", "cancelled"]
# Numbers are written as text: version=3 is version="3".
Name = Union[str, int]
# A number, or a scalar of numpy, pandas, torch or jax.
Number = Any
# A list, an array, a column of a frame.
Column = Any


class RequestFields(TypedDict, total=False):
    """Fields of a request besides its model."""

    version: Name
    variant: Name
    outcome: Outcome
    reason: str
    duration_seconds: Number
    stages: Mapping[str, Number]
    batch_size: Number
    tokens: Mapping[str, Number]
    time_to_first_token_seconds: Number
    time_per_output_token_seconds: Number
    features: Any
    prediction: Any
    score: Number
    scores: Mapping[str, Number]
    groups: Mapping[str, Any]
    input_errors: Sequence[Mapping[str, str]]
    attributions: Mapping[str, Number]
    id: Name
    trace_id: str
    timestamp: Number
    finish_reason: str


class ColumnFields(TypedDict, total=False):
    """As `RequestFields`, with a column where a request has a value."""

    outcome: Column
    reason: Column
    duration_seconds: Column
    stages: Mapping[str, Column]
    batch_size: Column
    tokens: Mapping[str, Column]
    time_to_first_token_seconds: Column
    time_per_output_token_seconds: Column
    features: Any
    prediction: Column
    score: Column
    scores: Any
    groups: Any
    input_errors: Column
    attributions: Any
    id: Column
    trace_id: Column
    timestamp: Column
    finish_reason: Column


class LabelFields(TypedDict, total=False):
    """Fields of a label besides its model, id and value."""

    version: Name
    variant: Name
    prediction: Any
    score: Number
    groups: Mapping[str, Any]


class MetricFields(TypedDict, total=False):
    """Fields of a business metric besides its name and value."""

    target: Number
    model: str
    version: Name
    variant: Name
    labels: Mapping[str, Any]
    unit: str


# Keys whose values are texts for the daemon; a number given for one is written as text.
TEXTS = frozenset({
    "type", "model", "version", "variant", "outcome", "reason", "id", "trace_id", "run", "split",
    "status", "event", "framework", "git_sha", "name", "kind", "unit", "finish_reason",
})
# Objects whose values are texts.
TEXT_OBJECTS = frozenset({"groups", "labels"})
# Columns of the daemon that are an object of columns.
COLUMN_OBJECTS = frozenset({"features", "stages", "tokens", "scores", "groups", "attributions"})

# Limits of the daemon (docs/push.md).
NAME_BYTES = 255
EVENTS_PER_PUSH = 10_000
