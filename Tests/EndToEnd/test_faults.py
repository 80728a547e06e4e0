"""System calls on the storage fail, one at a time, while clients push: what was answered is there."""

from dataclasses import dataclass

import pytest

from load import Load
from programs import has, wait_until
from tampering import strace
from test_storage import FEW, JSON, accept, aside, kill, page, sentences, serves_the_machine, stamp

pytestmark = pytest.mark.skipif(not has("strace"), reason="no strace")
WAL, RECORDS, LATEST, DRAFT = "journal.db-wal", "journal.db", "snapshot.db", "snapshot-draft.db"
FILES = {"journal.db", "journal.db-wal", "journal.db-shm", "lock", "snapshot.db",
         "snapshot-former.db"}


@pytest.fixture
def keep(start, tmp_path):
    def started(*flags, **options):
        return start.daemon(*FEW, f"--storage.path={tmp_path}/data", *flags, **options)
    return started


@dataclass
class Fault:
    """Calls of these kinds on a file of the folder (or on itself) fail so."""

    calls: str
    injection: str
    file: str
    # What is counted in ml_journal_errors_total; nothing where the daemon gets by.
    operation: str | None

    def __str__(self):
        return f"{self.calls} {self.file or 'folder'} {self.injection}"

    def words(self, folder) -> list[str]:
        """For strace."""
        path = f"{folder}/{self.file}" if self.file else str(folder)
        return ["-P", path, "-e", f"trace={self.calls}", "-e",
                f"inject={self.calls}:{self.injection}"]

    def on(self, daemon, folder, work):
        return strace(daemon, work, *self.words(folder))

    def count(self, work) -> int:
        """How many calls have failed."""
        return (work / "trace").read_text().count("INJECTED")


def named(faults) -> dict:
    return {"argvalues": faults, "ids": [str(fault) for fault in faults]}


def errors(daemon) -> dict[str, float]:
    return {dict(labels)["operation"]: value
            for labels, value in page(daemon).named("ml_journal_errors_total").items() if value}


def is_tidy(folder):
    """No draft, nothing set aside, nothing else."""
    assert {path.name for path in folder.iterdir()} <= FILES


COMMITS = [
    Fault("pwrite64", "error=EIO:when=3+7", WAL, "commit"),
    Fault("pwrite64", "error=ENOSPC:when=1+4", WAL, "commit"),
    Fault("pwrite64", "error=ENOSPC", WAL, "commit"),
    Fault("pwrite64", "error=EINTR:when=1+2", WAL, None),
    Fault("fdatasync", "error=EIO:when=2+3", WAL, "commit"),
    Fault("fdatasync", "error=EIO", WAL, "commit"),
    Fault("fdatasync", "error=ENOSPC:when=1+4", WAL, "commit"),
    Fault("fdatasync", "error=EINTR:when=1+5", WAL, "commit"),
]


@pytest.mark.parametrize("fault", **named(COMMITS))
def test_a_commit_that_fails_is_not_answered_and_its_retry_counts_once(keep, tmp_path, fault):
    daemon = keep()
    load = Load(daemon)
    with fault.on(daemon, tmp_path / "data", tmp_path):
        wait_until(lambda: fault.count(tmp_path) > 20, 20, "calls that fail")
        load.scrapes_go_on()
        # A failed commit may leave it to the next to succeed, or fail each.
        serves_the_machine(daemon)
    load.continues()
    load.end()
    load.audit(daemon)
    if fault.operation:
        assert errors(daemon).keys() == {fault.operation}
        assert load.answers[503] >= 1
    else:
        assert errors(daemon) == {} and set(load.answers) == {200}
    kill(daemon)
    daemon = keep()
    load.audit(daemon)
    assert sentences(daemon) == []
    is_tidy(tmp_path / "data")


SNAPSHOTS = [
    Fault("openat", "error=ENOSPC", DRAFT, "snapshot"),
    Fault("openat", "error=EMFILE:when=2+3", DRAFT, "snapshot"),
    Fault("openat", "error=EINTR:when=1+2", DRAFT, None),
    Fault("pwrite64", "error=ENOSPC:when=2+3", DRAFT, "snapshot"),
    Fault("pwrite64", "error=EIO", DRAFT, "snapshot"),
    Fault("fsync", "error=EIO", DRAFT, "snapshot"),
    Fault("fsync", "error=EINTR", DRAFT, "snapshot"),
    Fault("rename", "error=EIO", DRAFT, "snapshot"),
    Fault("rename", "error=ENOSPC", LATEST, "snapshot"),
    Fault("fsync", "error=EIO", "", "snapshot"),
]


@pytest.mark.parametrize("fault", **named(SNAPSHOTS))
def test_a_snapshot_that_fails_costs_no_push_and_leaves_no_draft(keep, tmp_path, fault):
    daemon = keep("--storage.snapshot-interval=1s")
    load = Load(daemon)
    with fault.on(daemon, tmp_path / "data", tmp_path):
        wait_until(lambda: fault.count(tmp_path) >= (1 if fault.operation else 2), 20,
                   "calls that fail")
        load.continues()
        if fault.operation:
            wait_until(lambda: errors(daemon), 20, "errors are counted")
    assert errors(daemon).keys() == ({fault.operation} if fault.operation else set())
    begun = page(daemon).value("ml_journal_last_snapshot_timestamp_seconds")
    wait_until(
        lambda: page(daemon).value("ml_journal_last_snapshot_timestamp_seconds") > begun,
        20, "a snapshot")
    load.end()
    assert set(load.answers) == {200}
    kill(daemon)
    daemon = keep()
    load.audit(daemon)
    assert sentences(daemon) == []
    assert daemon.stop() == 0
    is_tidy(tmp_path / "data")


CHECKPOINTS = [
    Fault("pwrite64", "error=EIO", RECORDS, "checkpoint"),
    Fault("pwrite64", "error=ENOSPC:when=2+3", RECORDS, "checkpoint"),
    Fault("fdatasync", "error=EIO", RECORDS, "checkpoint"),
]


@pytest.mark.parametrize("fault", **named(CHECKPOINTS))
def test_a_log_that_cannot_be_moved_costs_no_push(keep, tmp_path, fault):
    daemon = keep()
    load = Load(daemon)
    text = b"# TYPE bulk gauge\n" + b"".join(
        b'bulk{of="%s",n="%d"} 1\n' % (b"x" * 900, number) for number in range(100))

    def bulk():
        for _ in range(50):
            assert daemon.push("/metrics/job/bulk", text, method="PUT").status == 200

    with fault.on(daemon, tmp_path / "data", tmp_path):
        bulk()
        wait_until(lambda: fault.count(tmp_path) >= 1, 20, "calls that fail")
        wait_until(lambda: errors(daemon), 20, "errors are counted")
        wait_until(lambda: any("was not moved into its file" in line for line in sentences(daemon)),
                   20, "it is said")
    assert errors(daemon).keys() == {fault.operation}
    bulk()
    size = (tmp_path / "data" / RECORDS).stat().st_size
    wait_until(lambda: bulk() or (tmp_path / "data" / RECORDS).stat().st_size > size, 20,
               "the log is moved")
    load.end()
    assert set(load.answers) == {200}
    load.audit(daemon)
    kill(daemon)
    daemon = keep()
    load.audit(daemon)
    assert page(daemon).sum("bulk") == 100
    assert sentences(daemon) == []
    is_tidy(tmp_path / "data")


STARTS = [
    Fault("openat", "error=EIO:when=1", RECORDS, "open"),
    Fault("openat", "error=EMFILE:when=1", LATEST, "open"),
    Fault("openat", "error=EACCES:when=1", "lock", "open"),
    Fault("pread64", "error=EIO:when=1", RECORDS, "open"),
    # SQLite says of a page that cannot be read that the file is damaged: it is not.
    Fault("pread64", "error=EIO:when=2", LATEST, None),
    Fault("pread64", "error=EIO:when=2..3", LATEST, "open"),
    # Each try reads the log once before SQLite does, and the next one is 5 s later.
    Fault("pread64", "error=EIO:when=1..2", WAL, "open"),
    Fault("fsync", "error=EIO:when=1", "", "open"),
]


@pytest.mark.parametrize("fault", **named(STARTS))
def test_a_start_that_fails_is_tried_again_and_nothing_is_set_aside(keep, tmp_path, fault):
    folder = tmp_path / "data"
    for number in range(2):
        daemon = keep()
        accept(daemon, {"model": "m"}, **stamp(number + 1))
        assert daemon.stop() == 0
    daemon = keep()
    accept(daemon, {"model": "m"}, **stamp(3))
    kill(daemon)
    daemon = keep(until="/-/healthy", prefix=(
        "strace", "-D", "-f", "-o", str(tmp_path / "trace"), *fault.words(folder)))
    found = serves_the_machine(daemon)
    if found.value("ml_journal_ready") == 0:
        assert found.named("ml_requests_total") == {}
        answer = daemon.push("/v1/events", b'{"model":"m"}', headers={**JSON, **stamp(3)})
        assert answer.status in (200, 503)
    wait_until(lambda: page(daemon).value("ml_journal_ready") == 1, 20, "the next try")
    assert fault.count(tmp_path) >= 1
    found = page(daemon)
    assert errors(daemon).keys() == ({fault.operation} if fault.operation else set())
    assert len(sentences(daemon)) <= 2 and all(str(folder) in line for line in sentences(daemon))
    assert fault.operation is None or sentences(daemon)
    assert found.value("ml_requests_total", model="m", version="unversioned", outcome="ok") == 3
    assert found.value("ml_journal_files_set_aside") == 0
    for number in range(3):
        assert accept(daemon, {"model": "m"}, **stamp(number + 1))["duplicate"] is True
    assert aside(folder) == []
    kill(daemon)
