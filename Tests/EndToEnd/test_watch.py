"""A profile goes in over HTTP, and what a model is given is compared with it: drift is on the page once a
sub-window has ended, and is there again after any end of the daemon."""

import gzip
import hashlib
import json
import pathlib
import random
import signal
import subprocess
import time

import pytest

from pages import parse_text
from programs import binary, has, wait_until
from test_storage import FEW, JSON, accept, kill, page, stamp

FIVE = 300
FAMILIES = ("ml_feature_", "ml_dataset_", "ml_window_", "ml_outlier_", "ml_model_profile_info")
PATH = "/v1/models/fraud/versions/3/profile"


@pytest.fixture
def keep(start, tmp_path, clock):
    def started(*flags, path=tmp_path / "data", **options):
        return start.daemon(*FEW, f"--storage.path={path}", *flags, env=clock.environment,
                            **options)
    return started


def build(folder: pathlib.Path, name: str = "fraud-3", version: str = "3", seed: int = 1):
    """The file of a profile of three features of 2,000 rows."""
    draw = random.Random(seed)
    lines = ["amount,age,country"]
    for _ in range(2000):
        lines.append(f"{draw.gauss(100, 20):.6f},{draw.gauss(40, 10):.6f},"
                     f"{draw.choice(['DE', 'FR', 'AT'])}")
    rows, profile = folder / f"{name}.csv", folder / f"{name}.json"
    rows.write_text("\n".join(lines) + "\n")
    subprocess.run([binary(), "profile", "build", "--input", rows, "--model", "fraud",
                    "--version", version, "-o", profile], check=True, capture_output=True)
    return profile


def put(daemon, profile: pathlib.Path, path: str = PATH, **headers):
    answer = daemon.push(path, profile.read_bytes(), method="PUT", headers={**JSON, **headers})
    return answer


def batch(draw: random.Random, rows: int = 200, shift: float = 0.0) -> dict:
    return {"model": "fraud", "version": "3", "columns": {"features": {
        "amount": [draw.gauss(100 + shift, 20) for _ in range(rows)],
        "age": [draw.gauss(40, 10) for _ in range(rows)],
        "country": [draw.choice(["DE", "FR", "AT"]) for _ in range(rows)]}}}


def watched(daemon) -> dict:
    """The samples of the watch."""
    found = parse_text(daemon.get("/metrics?collect[]=watch&collect[]=reference").body)
    return {series: value for series, value in found.values.items()
            if series[0].startswith(FAMILIES)}


def drifted(daemon) -> dict:
    return {dict(labels)["feature"]: value for (name, labels), value in watched(daemon).items()
            if name == "ml_feature_drifted"}


def ends(daemon) -> float:
    """When the window of the scores ended."""
    values = [value for (name, _), value in watched(daemon).items()
              if name == "ml_window_end_timestamp_seconds"]
    return values[0] if values else 0


def next_window(daemon, clock):
    """Lets five minutes pass and waits for the scores of the window that has ended then."""
    clock.let_pass(FIVE)
    end = (time.time() + clock.passed) // FIVE * FIVE
    wait_until(lambda: ends(daemon) > end - 1, 60, "the scores of the next window")


def test_profile_is_given_read_and_taken_away(keep, tmp_path):
    daemon = keep()
    profile = build(tmp_path)
    assert daemon.push(PATH, method="GET").status == 404
    answer = put(daemon, profile)
    assert answer.status == 200, answer.text
    name = json.loads(answer.body)["profile_id"]
    assert name == json.loads(profile.read_text())["profile_id"]
    stored = daemon.push(PATH, method="GET")
    assert stored.status == 200
    assert hashlib.sha256(stored.body).hexdigest()[:16] == name
    # The same again, as the canonical bytes and compressed.
    again = daemon.push(PATH, gzip.compress(stored.body), method="PUT",
                        headers={**JSON, "Content-Encoding": "gzip"})
    assert again.status == 200 and json.loads(again.body)["profile_id"] == name
    found = watched(daemon)
    info = [dict(labels) for (name_, labels) in found if name_ == "ml_model_profile_info"]
    assert info == [{"model": "fraud", "version": "3", "profile": name[:8], "profile_id": name}]
    assert all(value == 0 for (metric, _), value in found.items()
               if metric.endswith("_total")), found
    assert daemon.push(PATH, method="DELETE").status == 200
    assert daemon.push(PATH, method="DELETE").status == 404
    assert watched(daemon) == {}


def test_wrong_profiles_are_refused_with_line_and_column(keep, tmp_path):
    daemon = keep()
    text = build(tmp_path).read_text()
    cases = {
        "another version": (text.replace('"profile_version": 1', '"profile_version": 2'),
                            400, "only version 1"),
        "truncated": (text[:-40], 400, "profile:"),
        "NaN": (text.replace('"mean":', '"mean":NaN,"x":', 1), 400, "profile:"),
        "id": (text.replace('"profile_id": "', '"profile_id": "0'), 400, "is not the id"),
        "not JSON": ("profile", 400, "profile:1:1"),
        "too large": (text + " " * (4 << 20), 413, "4194304"),
    }
    for what, (body, status, sentence) in cases.items():
        assert body != text, what
        answer = daemon.push(PATH, body.encode(), method="PUT", headers=JSON)
        assert answer.status == status, (what, answer.text)
        assert sentence in answer.text, (what, answer.text)
    other = daemon.push(PATH.replace("fraud", "churn"), text.encode(), method="PUT", headers=JSON)
    assert other.status == 400 and "churn" in other.text
    assert daemon.push(PATH, text.encode(), method="PUT",
                       headers={"Content-Type": "text/plain"}).status == 415
    wrong = daemon.push(PATH, text.encode(), method="POST", headers=JSON)
    assert wrong.status == 405 and "PUT" in wrong.headers["Allow"]
    assert watched(daemon) == {}


@pytest.mark.skipif(not has("prometheus"), reason="prometheus is not installed")
def test_drift_is_found_in_the_window_on_its_feature_only(start, keep, clock, tmp_path):
    daemon = keep()
    assert put(daemon, build(tmp_path)).status == 200
    server = start.prometheus({"watch": daemon.address})
    draw = random.Random(3)
    accept(daemon, batch(draw))
    next_window(daemon, clock)
    assert drifted(daemon) == {"amount": 0, "age": 0, "country": 0}
    query = 'ml_feature_drifted{model="fraud",feature="amount"}'
    wait_until(lambda: server.value(query) == 0, 60, "Prometheus has the score before the drift")
    # An hour later the former rows have left the window; one feature rises by two deviations.
    clock.let_pass(3600)
    accept(daemon, batch(draw, shift=40))
    next_window(daemon, clock)
    assert drifted(daemon) == {"amount": 1, "age": 0, "country": 0}
    wait_until(lambda: server.value(query) == 1, 60, "Prometheus has the drift")
    assert server.value("sum(ml_feature_drifted)") == 1
    report = json.loads(daemon.push("/v1/models/fraud/versions/3/report", method="GET").body)
    columns = {column["name"]: column for column in report["variants"][0]["columns"]}
    assert columns["amount"]["drifted"] and columns["amount"]["direction"] == "up"
    assert "by chance in less than one window of a million" in columns["amount"]["sentences"][0]
    assert sum(columns["amount"]["counts"]) == 200
    assert sum(columns["amount"]["reference_counts"]) == 2000
    assert not columns["age"]["drifted"] and columns["age"]["sentences"] == []


def test_fifty_kills_leave_the_numbers_of_a_run_without(keep, clock, tmp_path):
    profile = build(tmp_path)
    killed, calm = keep(path=tmp_path / "killed"), keep(path=tmp_path / "calm")
    draw = random.Random(5)
    for daemon in (killed, calm):
        assert put(daemon, profile).status == 200
    for sequence in range(1, 51):
        # A minute into the next five minutes: both count the batch in the same ones.
        clock.let_pass(FIVE + 60 - int(time.time() + clock.passed) % FIVE)
        body = batch(draw, rows=20, shift=sequence)
        for daemon in (killed, calm):
            accept(daemon, body, **stamp(sequence))
        kill(killed)
        killed = keep(path=tmp_path / "killed")
        assert accept(killed, body, **stamp(sequence)).get("duplicate")
    clock.let_pass(FIVE + 60 - int(time.time() + clock.passed) % FIVE)
    now = (time.time() + clock.passed) // FIVE * FIVE
    for daemon in (killed, calm):
        wait_until(lambda daemon=daemon: ends(daemon) > now - 1, 60, "scores of the last window")
    numbers = [{series: value for series, value in watched(daemon).items()
                if series[0] != "ml_window_end_timestamp_seconds"} for daemon in (killed, calm)]
    assert numbers[0] == numbers[1]
    assert sum(value for (name, labels), value in numbers[0].items()
               if name == "ml_feature_bin_total" and dict(labels)["feature"] == "age") == 1000


def test_clock_that_is_set_by_thirty_hours_tears_no_window(keep, clock, tmp_path):
    daemon = keep()
    assert put(daemon, build(tmp_path)).status == 200
    draw = random.Random(7)
    for hours in (0, 30, -30):
        clock.set(hours * 3600)
        accept(daemon, batch(draw, rows=100))
    before = ends(daemon)
    clock.let_pass(FIVE)
    wait_until(lambda: ends(daemon) != before, 60, "the scores of the next window")
    observations = [value for (name, labels), value in watched(daemon).items()
                    if name == "ml_feature_window_observations"]
    assert observations == [300, 300, 300]


def test_files_of_the_settings_are_read_at_the_start_and_again(start, keep, tmp_path):
    first, second = build(tmp_path, "one"), build(tmp_path, "two", seed=2)
    settings = tmp_path / "settings.yml"
    settings.write_text(f"profiles: [{first}]\ndefaults:\n  watch: {{features: [age]}}\n")
    daemon = keep(f"--config.file={settings}")

    def profile() -> str:
        found = [dict(labels)["profile_id"] for (name, labels) in watched(daemon)
                 if name == "ml_model_profile_info"]
        return found[0] if found else ""

    names = [json.loads(file.read_text())["profile_id"] for file in (first, second)]
    wait_until(lambda: profile() == names[0], 30, "the file's profile")
    assert {dict(labels)["feature"] for (name, labels) in watched(daemon)
            if name == "ml_feature_bin_total"} == {"age"}
    settings.write_text(f"profiles: [{second}]\n")
    daemon.send(signal.SIGHUP)
    wait_until(lambda: profile() == names[1], 30, "the other file's profile")
    # A request wins over the file until it is taken back.
    assert put(daemon, first).status == 200
    assert profile() == names[0]
    assert daemon.push(PATH, method="DELETE").status == 200
    assert profile() == names[1]
    second.write_text(second.read_text()[:-30])
    daemon.send(signal.SIGHUP)
    wait_until(lambda: "settings rejected" in daemon.log, 30, "the refusal of a damaged file")
    assert str(second) in daemon.log and profile() == names[1]
    # What is in force does not depend on the file any more.
    kill(daemon)
    settings.write_text("")
    daemon = keep()
    assert profile() == names[1]


def test_parts_of_the_page_are_chosen(keep, tmp_path):
    daemon = keep()
    assert put(daemon, build(tmp_path)).status == 200
    accept(daemon, batch(random.Random(1), rows=5))
    models = page(daemon).values.keys()
    assert any(name == "ml_feature_bin_total" for name, _ in models)
    without = parse_text(daemon.get("/metrics?exclude[]=reference").body).values
    assert any(name == "ml_feature_bin_total" for name, _ in without)
    assert not any(name == "ml_feature_bin_info" for name, _ in without)
    only = parse_text(daemon.get("/metrics?collect[]=reference").body).values
    assert any(name == "ml_feature_bin_info" for name, _ in only)
    assert not any(name in ("ml_feature_bin_total", "ml_requests_total") for name, _ in only)
    landed = parse_text(daemon.get("/metrics?collect[]=models").body).values
    assert any(name == "ml_requests_total" for name, _ in landed)
    assert not any(name.startswith("ml_feature_bin") for name, _ in landed)
