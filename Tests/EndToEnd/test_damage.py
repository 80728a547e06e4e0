"""Every kind of byte of the state's files changed, and every file cut off at each kind of place.

Where a byte stands in an SQLite file is defined by https://www.sqlite.org/fileformat2.html; the places
here are looked up in the files themselves. After each damage the daemon serves the machine, shows
nothing that is wrong, takes pushes, and has said what it found: in one line for each file, in
ml_journal_files_set_aside or ml_journal_skipped_records.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess

import pytest

from programs import binary
from test_storage import (
    FEW, accept, aside, group, kill, page, requests, sentences, serves_the_machine, stamp)

WAL, RECORDS, LATEST, FORMER = "journal.db-wal", "journal.db", "snapshot.db", "snapshot-former.db"
WAL_HEADER, FRAME_HEADER, PAGE = 32, 24, 4096


@pytest.fixture
def keep(start, tmp_path):
    def started(*flags, path=tmp_path / "data"):
        return start.daemon(*FEW, f"--storage.path={path}", *flags)
    return started


class Files:
    """A folder with both snapshots, records in the file and more in the log, of batches 1 to 6.

    Batch 1 is in both snapshots, 2 in the latest, and 3 and 4 are in the file of records.
    """

    def __init__(self, folder):
        self.folder = folder

    def place(self, file: str, needle: bytes, skip: int = 0) -> int:
        """Where these bytes begin in a file."""
        return (self.folder / file).read_bytes().index(needle, skip)

    def value(self, file: str, query: str) -> bytes:
        with contextlib.closing(sqlite3.connect(self.folder / file)) as base:
            return base.execute(query).fetchone()[0]

    def pages(self, file: str) -> dict[str, int]:
        """Where the first page of each table begins."""
        with contextlib.closing(sqlite3.connect(self.folder / file)) as base:
            return {name: (root - 1) * PAGE for name, root in
                    base.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0")}


@pytest.fixture(scope="module")
def whole(shared, tmp_path_factory):
    """The files as a kill leaves them; no process has opened them since."""
    folder = tmp_path_factory.mktemp("whole")
    path = folder / "data"

    def start():
        return shared.daemon(*FEW, f"--storage.path={path}")

    for number in (1, 2):
        daemon = start()
        accept(daemon, {"model": "m"}, **stamp(number))
        group(daemon, f"job/{number}", b"rows %d\n" % number)
        assert daemon.stop() == 0
    # The log of this one is moved into the file by the next process that opens it.
    daemon = start()
    for number in (3, 4):
        accept(daemon, {"model": "m"}, **stamp(number))
    kill(daemon)
    with contextlib.closing(sqlite3.connect(path / RECORDS)) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    daemon = start()
    for number in (5, 6):
        accept(daemon, {"model": "m"}, **stamp(number))
    kill(daemon)
    return Files(path)


@pytest.fixture
def damaged(whole, tmp_path):
    """A copy of the files, to be damaged."""
    shutil.copytree(whole.folder, tmp_path / "data")
    return Files(tmp_path / "data")


def flip(path, offset: int, count: int = 1):
    with open(path, "r+b") as file:
        file.seek(offset)
        old = file.read(count)
        assert len(old) == count, "the place is not in the file"
        file.seek(offset)
        file.write(bytes(byte ^ 0xA5 for byte in old))


def body(files: Files, file: str, query: str) -> int:
    """The middle of a stored value, well inside its bytes."""
    value = files.value(file, query)
    return files.place(file, value[:60]) + min(len(value), 60) // 2


def column(files: Files, file: str, query: str) -> int:
    """A stored number, big-endian in as many bytes as SQLite takes for it."""
    value = files.value(file, query)
    size = next(size for size in (1, 2, 3, 4, 6, 8) if value < 1 << 8 * size - 1)
    return files.place(file, value.to_bytes(size, "big", signed=True), PAGE)


# Of a snapshot: which bytes are changed.
SNAPSHOT = {
    "magic": lambda files, name: (0, 1),
    "page size": lambda files, name: (16, 2),
    "root of the schema": lambda files, name: (100, 1),
    "cells of the schema": lambda files, name: (PAGE - 200, 100),
    "section's table page": lambda files, name: (files.pages(name)["section"], 8),
    "section's body": lambda files, name: (
        body(files, name, "SELECT body FROM section WHERE name = 'version'"), 1),
    "section's checksum": lambda files, name: (
        column(files, name, "SELECT checksum FROM section WHERE name = 'version'"), 1),
    "section of a group": lambda files, name: (
        body(files, name, "SELECT body FROM section WHERE name = 'group'"), 1),
    "last page": lambda files, name: ((files.folder / name).stat().st_size - PAGE, PAGE),
}


def serves_and_accepts(keep, daemon, count: float):
    """It takes a push, and the next daemon knows it."""
    assert accept(daemon, {"model": "m"}, **stamp(7))["accepted"] == 1
    kill(daemon)
    assert requests(page(keep()), "m") == count + 1


@pytest.mark.parametrize("kind", SNAPSHOT)
def test_a_changed_byte_of_the_snapshot_costs_nothing(keep, whole, damaged, kind):
    offset, count = SNAPSHOT[kind](whole, LATEST)
    flip(damaged.folder / LATEST, offset, count)
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 6
    assert {dict(labels)["job"] for labels in found.named("rows")} == {"1", "2"}
    assert found.value("ml_journal_files_set_aside") == 1
    assert found.value("ml_journal_ready") == 1
    [line] = sentences(daemon)
    [name] = aside(damaged.folder)
    assert name.startswith(f"{LATEST}.") and name in line
    serves_and_accepts(keep, daemon, 6)


@pytest.mark.parametrize("kind", ["section's body", "magic", "section's table page"])
def test_with_both_snapshots_damaged_the_records_are_shown(keep, whole, damaged, kind):
    for name in (LATEST, FORMER):
        offset, count = SNAPSHOT[kind](whole, name)
        flip(damaged.folder / name, offset, count)
    daemon = keep()
    found = serves_the_machine(daemon)
    # What is left of the records says it, and nothing else is shown.
    assert 4 <= requests(found, "m") <= 6
    assert found.value("ml_journal_files_set_aside") == 2
    lines = sentences(daemon)
    assert len(lines) == 3 and len(aside(damaged.folder)) == 2
    # The records that only the snapshots held are counted as missing.
    assert sum("are missing" in line for line in lines) == 1
    assert found.value("ml_journal_skipped_records") > 0
    assert any(FORMER in line for line in lines)
    serves_and_accepts(keep, daemon, requests(found, "m"))


CUTS = {
    "nothing is left": lambda size: 0, "in the magic": lambda size: 7,
    "in the header": lambda size: 60, "in the schema": lambda size: 2000,
    "after the first page": lambda size: PAGE, "in the middle": lambda size: size // 2,
    "in the last page": lambda size: size - 100, "a page is missing": lambda size: size - PAGE,
}


def cut_off(path, cut: str):
    os.truncate(path, CUTS[cut](path.stat().st_size))


@pytest.mark.parametrize("cut", CUTS)
def test_a_snapshot_that_is_cut_off_costs_nothing(keep, damaged, cut):
    cut_off(damaged.folder / LATEST, cut)
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 6
    assert found.value("ml_journal_files_set_aside") == 1
    [line] = sentences(daemon)
    [name] = aside(damaged.folder)
    assert name.startswith(f"{LATEST}.") and name in line
    serves_and_accepts(keep, daemon, 6)


@pytest.mark.parametrize("cut", CUTS)
def test_a_file_of_records_that_is_cut_off_costs_what_was_cut(keep, damaged, cut):
    cut_off(damaged.folder / RECORDS, cut)
    daemon = keep()
    found = serves_the_machine(daemon)
    # The snapshots hold two batches, the log the rest of the pages that it changed.
    assert 2 <= requests(found, "m") <= 6
    if requests(found, "m") < 6:
        assert sentences(daemon) != []
        assert found.value("ml_journal_files_set_aside") + \
            found.value("ml_journal_skipped_records") >= 1
    serves_and_accepts(keep, daemon, requests(found, "m"))


@pytest.mark.parametrize("is_gone", [False, True], ids=["empty", "gone"])
def test_a_log_without_its_file_is_set_aside(keep, damaged, is_gone):
    path = damaged.folder / RECORDS
    path.unlink()
    if not is_gone:
        path.touch()
    log = (damaged.folder / WAL).read_bytes()
    verified = subprocess.run([binary(), "storage", "verify", f"--storage.path={damaged.folder}"],
                              capture_output=True, text=True, timeout=60)
    assert verified.returncode == 1 and "its log is not" in verified.stdout + verified.stderr
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 2
    assert found.value("ml_journal_files_set_aside") == 1
    line, loss = sentences(daemon)
    assert "is empty, but its log is not" in line and "acknowledged records are lost" in loss
    [kept] = [name for name in aside(damaged.folder) if name.startswith(f"{WAL}.")]
    assert (damaged.folder / kept).read_bytes() == log
    serves_and_accepts(keep, daemon, 2)


# Of the file of records, whose pages the log covers where it changed them: without the log.
RECORD = {
    "magic": lambda files: (0, 1), "page size": lambda files: (16, 2),
    "schema": lambda files: (100, 8),
    "table page": lambda files: (files.pages(RECORDS)["record"], 8), "application": lambda files: (68, 4),
}


@pytest.mark.parametrize("kind", RECORD)
def test_a_changed_byte_of_the_file_of_records_costs_what_no_snapshot_holds(
        keep, whole, damaged, kind):
    for name in (WAL, "journal.db-shm"):
        (damaged.folder / name).unlink()
    offset, count = RECORD[kind](damaged)
    flip(damaged.folder / RECORDS, offset, count)
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 2
    assert found.value("ml_journal_files_set_aside") == 1
    line, loss = sentences(daemon)
    [name] = aside(damaged.folder)
    assert name.startswith(f"{RECORDS}.") and name in line
    assert "acknowledged records are lost" in loss
    serves_and_accepts(keep, daemon, 2)


def test_a_changed_byte_of_a_record_costs_this_record(keep, whole, damaged):
    for name in (WAL, "journal.db-shm"):
        (damaged.folder / name).unlink()
    position = damaged.value(RECORDS, "SELECT max(position) FROM record")
    value = damaged.value(RECORDS, f"SELECT body FROM record WHERE position = {position}")
    flip(damaged.folder / RECORDS, damaged.place(RECORDS, value) + len(value) // 2)
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 3
    # The records of the log that was removed are missing as well.
    assert found.value("ml_journal_skipped_records") > 1
    lines = sentences(daemon)
    assert any("1 records changed" in line for line in lines) and aside(damaged.folder) == []
    assert any("acknowledged records are lost" in line for line in lines)
    serves_and_accepts(keep, daemon, 3)


# Of the log: its header, and header and page of the frames of the last commit. A log that was cut
# off by a power cut looks the same, so what follows the first wrong byte was never there.
LOG = {
    "magic": (0, 1), "format": (4, 1), "page size": (8, 4), "salt": (16, 4), "checksum": (24, 4),
}


@pytest.mark.parametrize("kind", LOG)
def test_a_changed_byte_of_the_logs_header_costs_the_log(keep, damaged, kind):
    flip(damaged.folder / WAL, *LOG[kind])
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 4
    serves_and_accepts(keep, daemon, 4)


@pytest.mark.parametrize("kind", ["page number", "commit", "salt", "checksum", "page"])
def test_a_changed_byte_of_a_frame_costs_its_commit(keep, damaged, kind):
    size = (damaged.folder / WAL).stat().st_size
    frame = FRAME_HEADER + PAGE
    assert (size - WAL_HEADER) % frame == 0
    place = {"page number": 0, "commit": 7, "salt": 8, "checksum": 16, "page": FRAME_HEADER + 50}
    flip(damaged.folder / WAL, size - frame + place[kind])
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 5
    assert aside(damaged.folder) == []
    serves_and_accepts(keep, daemon, 5)


def test_the_index_of_the_log_may_hold_anything(keep, damaged):
    path = damaged.folder / "journal.db-shm"
    flip(path, 0, path.stat().st_size)
    daemon = keep()
    assert requests(serves_the_machine(daemon), "m") == 6
    assert sentences(daemon) == []


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"x y z\n", bytes(300), b"\xff" * 300])
def test_what_the_lock_file_says_may_be_anything(keep, damaged, content):
    (damaged.folder / "lock").write_bytes(content)
    daemon = keep()
    assert requests(serves_the_machine(daemon), "m") == 6
    assert sentences(daemon) == []
