"""`make torture` for about a minute: the daemon is killed, its disk fails and loses its power, its files
are changed and removed."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

from programs import binary

TORTURE = pathlib.Path(__file__).resolve().parents[1] / "Torture"
PROMISES = ("acknowledged and lost", "applied more than once", "never sent")
SKIPPED = 77


def torture(program: str, *options: str) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, str(TORTURE / program), *options], capture_output=True, text=True,
        timeout=300, env={**os.environ, "ML_EXPORTER": binary()})
    if run.returncode == SKIPPED:
        pytest.skip(run.stdout.strip())
    return run.returncode, run.stdout + run.stderr


def row(report: str, name: str) -> str:
    return re.search(rf"^\| \**{re.escape(name)}\** \| (.*) \|$", report, re.MULTILINE).group(1)


def keeps_its_promises(status: int, report: str, *others: str):
    for name in (*PROMISES, "other", *others):
        assert row(report, name) == "0", report
    assert status == 0, report


@pytest.mark.parametrize("pushes, kills", [("events", 8), ("groups", 4)])
def test_what_was_answered_survives_kills_at_any_moment(pushes, kills):
    status, report = torture(".", f"--pushes={pushes}", f"--kills={kills}", "--seconds=1.5")
    keeps_its_promises(status, report, "counters that fell")
    acknowledged, _ = row(report, "acknowledged; sent without an answer").split("; ")
    assert int(acknowledged) > 100, report


def test_what_was_answered_survives_the_loss_of_power():
    status, report = torture("power.py", "--cuts=18", "--seconds=4")
    keeps_its_promises(status, report)
    assert all(int(count) > 100 for count in re.findall(r"\d+", row(report, "acknowledged")))


def test_a_daemon_that_does_not_sync_is_found_out():
    status, report = torture("power.py", "--cuts=6", "--seconds=2", "--fault=unsynced")
    assert status == 1 and int(row(report, "acknowledged and lost")) > 0, report


def test_what_was_answered_survives_a_storage_that_fails_at_random():
    status, report = torture("faults.py", "--rounds=6", "--seconds=1")
    keeps_its_promises(status, report, "counters that fell")
    acknowledged, _ = row(report, "acknowledged; sent without an answer").split("; ")
    assert int(acknowledged) > 100, report


def test_a_changed_bit_of_any_file_is_told_when_it_costs_something():
    status, report = torture("damage.py", "--flips=24", "--seconds=2.5")
    keeps_its_promises(status, report)
    assert int(row(report, "acknowledged")) > 100, report


def test_what_was_answered_survives_the_removal_of_files_while_it_runs():
    status, report = torture("removal.py", "--rounds=6", "--seconds=1")
    keeps_its_promises(status, report, "counters that fell")
