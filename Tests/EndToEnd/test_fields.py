"""docs/fields.md: each field of an event makes the metrics that its row names, and no others of its own."""

import json
import re

import pytest

from programs import REPOSITORY

PAGE = (REPOSITORY / "docs" / "fields.md").read_text()
# One value of each field of a request, and what must be beside it.
REQUESTS = {
    "outcome": {"outcome": "ok"},
    "reason": {"outcome": "timeout", "reason": "deadline"},
    "duration_seconds": {"duration_seconds": 0.01},
    "stages": {"stages": {"inference": 0.01}},
    "batch_size": {"batch_size": 4},
    "tokens": {"tokens": {"input": 3, "output": 4}},
    "finish_reason": {"finish_reason": "stop"},
    "time_to_first_token_seconds": {"time_to_first_token_seconds": 0.2},
    "time_per_output_token_seconds": {"time_per_output_token_seconds": 0.02},
    "features": {"features": {"amount": 1.5, "age": None}},
    "input_errors": {"input_errors": [{"feature": "amount", "reason": "type"}]},
    "trace_id": {"trace_id": "0af7651916cd43dd8448eb211c80319c", "duration_seconds": 0.01},
    "count": {"count": 3},
    "columns": {"columns": {"duration_seconds": [0.1, 0.2]}},
    "timestamp": {"timestamp": 1_700_000_000},
    "prediction": {"prediction": "fraud"},
    "score": {"score": 0.9},
    "scores": {"scores": {"fraud": 0.9, "ok": 0.1}},
    "groups": {"groups": {"gender": "f"}},
    "attributions": {"attributions": {"amount": 0.3}},
    "id": {"id": "request-1"},
}
# Per type, events that have all of its fields.
OTHERS = {
    "label": [{"id": "request-1", "label": "fraud", "prediction": "fraud"}],
    "state": [{"in_flight": 3, "queue_length": 1, "kv_cache_usage_ratio": 0.4}],
    "model": [{"event": "loaded", "framework": "lightgbm", "git_sha": "0a1b2c3",
               "trained_at": 1_700_000_000}] * 2,
    "training": [{"run": "r7", "split": "validation", "epoch": 1, "step": 10, "rows": 100,
                  "duration_seconds": 5, "metrics": {"f1": 0.9}, "status": status,
                  "feature_importance": {"amount": 0.5},
                  "feature_statistics": {"amount": {"mean": 1, "stddev": 1, "median": 1}}}
                 for status in ("succeeded", "failed")],
    "metric": [{"name": "saved", "kind": "counter", "value": 5},
               {"name": "saved", "kind": "counter", "value": -1},
               {"name": "profit", "kind": "gauge", "value": 5, "target": 6, "unit": "euros"}],
}


def section(title: str) -> list[list[str]]:
    """The rows of the table below a heading, as cells."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    text = re.split(r"\n\|(?: --- \|)+\n", text)[1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("| `")]
    assert rows
    return rows


def names(cell: str) -> list[str]:
    return re.findall(r"`([\w*]+)`", cell)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The families of each model, after an event of each kind to a model of its own."""
    from conftest import Starter

    starter = Starter(tmp_path_factory.mktemp("fields"))
    daemon = starter.daemon()
    events = [{"model": "plain"}]
    events += [{"model": f"request-{name}", **fields} for name, fields in REQUESTS.items()]
    events += [{"type": kind, "model": f"type-{kind}", **fields}
               for kind, several in OTHERS.items() for fields in several]
    answer = daemon.push("/v1/events", json.dumps(events).encode(),
                         headers={"Content-Type": "application/json"})
    result = json.loads(answer.body)
    assert result["rejected"] == 0, result
    text = daemon.get("/metrics?collect[]=models").body
    metrics = daemon.get("/metrics?collect[]=models",
                         {"Accept": "application/openmetrics-text; version=1.0.0"}).body.decode()
    schema = json.loads(daemon.push("/openapi.json", method="GET").body)
    yield families(text), metrics, schema, families(text, without_zeros=True)
    starter.close()


def families(text: bytes, without_zeros: bool = False) -> dict[str, set[str]]:
    """By model the names of its series, histograms by their count."""
    found: dict[str, set[str]] = {}
    for line in text.decode().splitlines():
        match = re.match(r'(\w+)\{(?:[^}]*,)?model="([^"]*)"[^}]*\} (\S+)', line)
        if match and (float(match[3]) or not without_zeros) and not match[1].endswith(("_bucket", "_sum")):
            found.setdefault(match[2], set()).add(match[1].removesuffix("_count"))
    return found


def test_every_field_that_the_daemon_accepts_has_a_row(page):
    rows = {name for cells in section("Requests") for name in names(cells[0])}
    rows |= {name for cells in section("Other types") for name in names(cells[1])}
    assert rows | {"type"} == set(page[2]["components"]["schemas"]["Event"]["properties"])


def test_the_metrics_of_a_request_are_those_of_its_row(page):
    found, metrics, _, _ = page
    plain = found["plain"]
    for fields, told in ((names(cells[0]), cells[1]) for cells in section("Requests")):
        for field in set(fields) & set(REQUESTS):
            made = found[f"request-{field}"]
            if told.startswith("none"):
                assert made == plain, f"{field} makes {made - plain}: write it into docs/fields.md"
            elif told.startswith("`"):
                assert set(names(told)) - {"ok"} <= made, field
                assert made - plain <= set(names(told)) | {"ml_request_errors_total"}, field
    assert {field for cells in section("Requests") for field in names(cells[0])} - set(REQUESTS) == {
        "model", "version", "variant"}
    assert f'trace_id="{REQUESTS["trace_id"]["trace_id"]}"' in metrics


def test_the_metrics_of_other_types_are_those_of_their_rows(page):
    rows: dict[str, set[str]] = {}
    for kind, fields, told in section("Other types"):
        known = {name for event in OTHERS[names(kind)[0]] for name in event}
        assert set(names(fields)) <= known | {"labels"}, fields
        rows.setdefault(names(kind)[0], set()).update(
            name for name in names(told) if name.startswith("ml_"))
    for kind, told in rows.items():
        assert page[3][f"type-{kind}"] - {"ml_observations_since_training"} == told, kind
