"""ml_exporter storage inspect, verify and compact, for who looks at a folder at night."""

import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import pytest

from programs import binary, has
from test_storage import (
    accept, fill, group, is_all_there, keep, kill, of_models, page, scribble, stamp)

ACTIONS = ("inspect", "verify", "compact")

__all__ = ["keep"]


def storage(action: str, folder, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [binary(), "storage", action, f"--storage.path={folder}", *flags],
        capture_output=True, text=True, timeout=60)


def told(action: str, folder, *flags: str) -> dict:
    answer = storage(action, folder, "--json", *flags)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


def contents(folder) -> dict:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()}


def pushed(found) -> dict:
    """What a page shows of pushes, but for what the daemon counts of itself."""
    return {series: value for series, value in found.values.items()
            if series[0].startswith(("rows", "push_time", "push_failure", "ml_"))
            and not series[0].startswith(("ml_exporter", "ml_push", "ml_journal", "ml_build"))}


@pytest.fixture
def crashed(keep, tmp_path):
    """A folder with everything in it: what a snapshot holds, and records behind it."""
    daemon = keep()
    fill(daemon)
    assert daemon.stop() == 0
    daemon = keep()
    accept(daemon, {"model": "later", "duration_seconds": 0.2}, **stamp(9))
    group(daemon, "job/later", b"# TYPE rows gauge\nrows 7\n")
    before = page(daemon)
    kill(daemon)
    return tmp_path / "data", before


# Sound.

def test_inspect_tells_what_is_kept_and_changes_nothing(crashed):
    folder, _ = crashed
    before = contents(folder)
    found = told("inspect", folder)
    assert contents(folder) == before
    assert found["in_use"] is False and found["faults"] == 0 and found["set_aside"] == []
    files = {file["name"]: file for file in found["files"]}
    assert files["journal.db"]["format"] == files["snapshot.db"]["format"] == 3
    assert files["journal.db-wal"]["bytes"] == (folder / "journal.db-wal").stat().st_size
    [snapshot] = found["snapshots"]
    assert snapshot["file"] == "snapshot.db" and 0 <= snapshot["age_seconds"] < 60
    assert snapshot["sections"]["group"]["count"] == 1
    assert snapshot["sections"]["version"]["bytes"] > 1000
    # What belongs to no model, and two models; the third came later.
    assert snapshot["sections"]["model"]["count"] == len(found["models"]) == 3
    records = found["records"]
    assert records["replayed"]["count"] == 2
    assert records["last"] == snapshot["last_record"] + 2
    assert records["kinds"]["group"]["count"] == 3
    assert records["kinds"]["deleted group"]["count"] == 1
    assert records["kinds"]["retired version"]["count"] == 1
    assert records["kinds"]["forgotten producer"]["count"] == 1
    assert records["kinds"]["events"]["count"] == 7
    assert {"model": "m", "versions": ["7"]} in found["models"]
    assert {"model": "later", "versions": ["unversioned"]} in found["models"]
    assert "retired" not in [each["model"] for each in found["models"]]
    assert found["groups"] == [{"instance": "a", "job": "night"}, {"job": "later"}]
    assert found["producers"] == ["other", "p"]
    text = storage("inspect", folder).stdout
    for words in ("not in use; inspected without changes", "snapshot.db: records up to",
                  "a start applies 2", "3 models with 3 versions, 2 groups, 2 producers",
                  "model m: 7", 'group instance="a",job="night"'):
        assert words in text, text
    assert contents(folder) == before


def test_verify_says_that_all_is_sound_and_changes_nothing(crashed):
    folder, _ = crashed
    before = contents(folder)
    answer = storage("verify", folder)
    assert answer.returncode == 0
    assert answer.stdout.strip().endswith("sound, 1 snapshot and 13 records")
    assert told("verify", folder)["sound"] is True
    assert contents(folder) == before


def test_compact_leads_to_the_very_same_page(crashed, keep):
    folder, before = crashed
    sizes = told("compact", folder)
    assert sizes["records"] == 2 and "kept_as" not in sizes
    # Two snapshots instead of one and records: a folder with so little in it may grow.
    assert sizes["bytes_after"] == sum(path.stat().st_size for path in folder.iterdir())
    assert sorted(path.name for path in folder.iterdir()) \
        == ["journal.db", "lock", "snapshot-former.db", "snapshot.db"]
    assert told("verify", folder)["sound"] is True
    daemon = keep()
    found = page(daemon)
    assert pushed(found) == pushed(before) and len(pushed(before)) > 60
    is_all_there(found, before)
    assert found.value("ml_journal_replayed_batches") == 0
    for sequence in (1, 2, 4, 9):
        assert accept(daemon, {"model": "m"}, **stamp(sequence))["duplicate"] is True
    assert "duplicate" not in accept(daemon, {"model": "m"}, **stamp(3))
    kill(daemon)
    # The former snapshot holds all of it, too.
    scribble(folder / "snapshot.db", 4096)
    assert of_models(page(keep())) != {}


def test_compact_gives_the_space_of_many_records_back(keep, tmp_path):
    daemon = keep("--push.producer-rate=0")
    for number in range(200):
        accept(daemon, [{"model": "m", "duration_seconds": 0.1}] * 50, **stamp(number + 1))
    before = page(daemon)
    kill(daemon)
    answer = storage("compact", tmp_path / "data")
    assert answer.returncode == 0
    assert "200 records went into the snapshots;" in answer.stdout
    sizes = told("compact", tmp_path / "data")
    assert sizes["records"] == 0 and sizes["bytes_after"] < 200_000
    assert pushed(page(keep())) == pushed(before)


# Beside a daemon.

def test_inspect_and_verify_read_beside_a_daemon_and_do_not_disturb_it(keep, tmp_path):
    daemon = keep("--storage.snapshot-interval=1s")
    fill(daemon)
    for number in range(10, 40):
        accept(daemon, {"model": "m"}, **stamp(number))
        found = told("inspect", tmp_path / "data")
        assert found["in_use"] is True and found["faults"] == 0
        assert {"model": "m", "versions": ["7", "unversioned"]} in found["models"]
        assert told("verify", tmp_path / "data")["sound"] is True
        time.sleep(0.05)
    assert "in use by a daemon; inspected without changes" \
        in storage("inspect", tmp_path / "data").stdout
    assert "level=ERROR" not in daemon.log
    assert daemon.stop() == 0


def test_a_daemon_starts_while_others_look(keep, tmp_path):
    for number in range(1, 9):
        looks = [subprocess.Popen(
            [binary(), "storage", "verify", f"--storage.path={tmp_path}/data"],
            stdout=subprocess.PIPE) for _ in range(3 if number > 1 else 0)]
        daemon = keep()
        assert "duplicate" not in accept(daemon, {"model": "m"}, **stamp(number))
        kill(daemon)
        for look in looks:
            assert b": sound, " in look.communicate(timeout=60)[0]
            assert look.returncode == 0


def test_compact_refuses_to_work_beside_a_daemon(keep, tmp_path):
    daemon = keep()
    accept(daemon, {"model": "m"})
    answer = storage("compact", tmp_path / "data")
    assert answer.returncode == 1 and answer.stdout == ""
    assert "is in use by a daemon: stop it first; nothing was changed" in answer.stderr
    accept(daemon, {"model": "m"})
    assert not (tmp_path / "data" / "snapshot.db").exists()


# What is not there.

@pytest.mark.parametrize("action", ACTIONS)
def test_an_empty_folder_stays_empty(tmp_path, action):
    answer = storage(action, tmp_path)
    assert answer.returncode == 0
    assert "the storage is empty" in answer.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_no_such_folder_is_wrong_usage(tmp_path, action):
    answer = storage(action, tmp_path / "nowhere")
    assert answer.returncode == 2 and answer.stdout == ""
    assert f"{tmp_path}/nowhere: No such file or directory" in answer.stderr
    (tmp_path / "file").write_text("x")
    assert storage(action, tmp_path / "file").returncode == 2
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("words", [
    [], ["look"], ["inspect", "--storage.path=none"], ["verify", "--no-such-flag"],
    ["compact", "--config.file=/nowhere"]])
def test_wrong_usage(words):
    answer = subprocess.run([binary(), "storage", *words], capture_output=True, text=True)
    assert answer.returncode == 2 and answer.stdout == ""
    assert answer.stderr.startswith("ml_exporter: error: ")


def test_help_tells_of_all_three():
    answer = subprocess.run([binary(), "storage", "--help"], capture_output=True, text=True)
    assert answer.returncode == 0
    for action in ACTIONS:
        assert f"ml_exporter storage {action} [flags]" in answer.stdout
    general = subprocess.run([binary(), "--help"], capture_output=True, text=True)
    assert "ml_exporter storage --help" in general.stdout


def test_flags_may_stand_in_a_file(crashed, tmp_path):
    folder, _ = crashed
    (tmp_path / "flags").write_text(f"# the daemon's\n--storage.path={folder}\n--log.level=warn\n")
    answer = subprocess.run(
        [binary(), "storage", "verify", f"@{tmp_path}/flags"], capture_output=True, text=True)
    assert answer.returncode == 0 and f"{folder}: sound" in answer.stdout


# Damaged.

def change_last_record(folder) -> int:
    """Changes the bytes of the last record. Returns its number."""
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as records:
        last = records.execute("SELECT max(position) FROM record").fetchone()[0]
        records.execute("UPDATE record SET body = zeroblob(length(body)) WHERE position = ?",
                        (last,))
        records.commit()
    return last


def test_verify_names_every_fault_and_what_a_start_does(crashed, keep):
    folder, _ = crashed
    last = change_last_record(folder)
    answer = storage("verify", folder)
    assert answer.returncode == 1
    first, summary = answer.stdout.splitlines()
    assert first == (f"journal.db, record {last}: its bytes changed; a start leaves it out and "
                     "counts it in ml_journal_skipped_records")
    assert summary == f"{folder}: 1 fault; 1 snapshot and {last} records could be read"
    assert "1 fault: storage verify lists each" in storage("inspect", folder).stdout
    # A start does what was told.
    found = page(keep())
    assert found.value("ml_journal_skipped_records") == 1
    assert "later" not in str(found.named("rows"))


@pytest.mark.parametrize("begin", [0, 100, 4096])
@pytest.mark.parametrize("name", ["snapshot.db", "journal.db"])
def test_verify_finds_damaged_files(crashed, name, begin):
    folder, _ = crashed
    scribble(folder / name, begin)
    before = contents(folder)
    answer = storage("verify", folder)
    # What the log holds of journal.db counts, and not what is behind it.
    if name == "snapshot.db" or answer.returncode != 0:
        assert answer.returncode == 1
        assert answer.stdout.startswith(name) and "; a start" in answer.stdout
    assert storage("inspect", folder).returncode == 0
    assert contents(folder) == before


def test_compact_keeps_a_file_with_records_that_cannot_be_used(crashed, keep):
    folder, _ = crashed
    change_last_record(folder)
    answer = storage("compact", folder)
    assert answer.returncode == 0
    [name] = [path.name for path in folder.iterdir() if ".set-aside-" in path.name]
    assert f"their file was renamed to {name}" in answer.stdout
    assert f"{name}: set aside before" in storage("verify", folder).stdout
    found = page(keep())
    assert found.value("rows", job="night", instance="a") == 41
    assert "later" not in str(found.named("rows"))


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up the rights of root")
def test_what_must_not_be_read_is_said(crashed):
    folder, _ = crashed
    with tempfile.TemporaryDirectory() as place:
        open_folder = pathlib.Path(place) / "data"
        shutil.copytree(folder, open_folder)
        for path in (open_folder.parent, open_folder):
            path.chmod(0o755)
        os.chmod(open_folder / "journal.db", 0)
        plain = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary(), "storage",
             "verify", f"--storage.path={open_folder}"], capture_output=True, text=True)
        assert plain.returncode == 1
        assert plain.stdout.startswith("journal.db: ")
        assert "a start refuses pushes until it can read the file" in plain.stdout
        open_folder.parent.chmod(0o700)
        plain = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary(), "storage",
             "verify", f"--storage.path={open_folder}"], capture_output=True, text=True)
        assert plain.returncode == 1 and "Permission denied" in plain.stderr


# Other releases.

@pytest.mark.parametrize("name", ["journal.db", "snapshot.db"])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_later_release_is_refused_and_an_older_one_read(crashed, action, name):
    folder, _ = crashed

    def mark(version: int):
        with contextlib.closing(sqlite3.connect(folder / name)) as file:
            file.execute(f"PRAGMA user_version = {version}")
    mark(4)
    before = contents(folder)
    answer = storage(action, folder)
    assert answer.returncode == 1 and answer.stdout == ""
    assert f"{folder}/{name} has format 4, but this release reads formats up to 3: start the " \
        "release that wrote it, or a later one" in answer.stderr
    assert contents(folder) == before
    mark(0)
    assert storage(action, folder).returncode == 0


def test_compact_keeps_the_bounds_of_histograms_whatever_the_flags_are(keep, tmp_path):
    config = tmp_path / "config.yml"
    config.write_text("models:\n  m:\n    buckets:\n      ml_request_duration_seconds: [0.5, 1]\n")
    daemon = keep(f"--config.file={config}")
    accept(daemon, {"model": "m", "duration_seconds": 0.7})
    before = page(daemon)
    assert daemon.stop() == 0
    assert storage("compact", tmp_path / "data").returncode == 0
    assert pushed(page(keep())) == pushed(before)


# Cut off.

def test_compact_that_is_killed_at_any_moment_loses_nothing(crashed, keep, tmp_path):
    folder, before = crashed
    saved = tmp_path / "saved"
    shutil.copytree(folder, saved)
    chance = random.Random(5)
    took = time.monotonic()
    assert storage("compact", folder).returncode == 0
    took = time.monotonic() - took
    wanted = None
    killed = 0
    for _ in range(40):
        shutil.rmtree(folder)
        shutil.copytree(saved, folder)
        process = subprocess.Popen(
            [binary(), "storage", "compact", f"--storage.path={folder}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, took))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        assert storage("verify", folder).returncode == 0
        found = told("inspect", folder)
        kept = (found["models"], found["groups"], found["producers"])
        wanted = wanted or kept
        assert kept == wanted
    assert killed > 10
    found = page(keep())
    assert pushed(found) == pushed(before)
    is_all_there(found, before)


@pytest.mark.skipif(not has("strace"), reason="no strace")
@pytest.mark.parametrize("call", ["rename", "unlink", "fsync", "fdatasync", "pwrite64"])
def test_compact_that_is_killed_at_a_system_call_loses_nothing(crashed, keep, tmp_path, call):
    folder, before = crashed
    saved = tmp_path / "saved"
    shutil.copytree(folder, saved)
    when = 1
    while True:
        shutil.rmtree(folder)
        shutil.copytree(saved, folder)
        killed = subprocess.run(
            ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={call}",
             "-e", f"inject={call}:signal=KILL:when={when}",
             binary(), "storage", "compact", f"--storage.path={folder}"],
            capture_output=True, timeout=60)
        assert storage("verify", folder).returncode == 0
        found = told("inspect", folder)
        assert {"model": "later", "versions": ["unversioned"]} in found["models"]
        assert found["producers"] == ["other", "p"] and len(found["groups"]) == 2
        if killed.returncode == 0:
            break
        when += 1 if when < 12 else 7
    assert when > 1
    found = page(keep())
    assert pushed(found) == pushed(before)
