"""What was answered is there again, whatever ended the daemon and whatever befell its files."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess

import pytest

from pages import parse_text
from programs import binary, has, wait_until
from tampering import strace

JSON = {"Content-Type": "application/json"}
FEW = ("--collector.disable-defaults", "--collector.loadavg")
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounts in a name space of its own")
RISING = ("ml_requests_total", "ml_request_duration_seconds_bucket",
          "ml_request_duration_seconds_count", "ml_request_duration_seconds_sum",
          "ml_predictions_total", "ml_business_value_total")


@pytest.fixture
def keep(start, tmp_path):
    """Starts a daemon on the folder of the test."""
    def started(*flags, path=tmp_path / "data", **options):
        return start.daemon(*FEW, f"--storage.path={path}", *flags, **options)
    return started


def stamp(sequence: int, producer: str = "p") -> dict:
    return {"Producer-Id": producer, "Producer-Start": "1795219000",
            "Batch-Sequence": str(sequence)}


def events(daemon, body, **headers):
    answer = daemon.push("/v1/events", json.dumps(body).encode(), headers={**JSON, **headers})
    return answer, json.loads(answer.body)


def accept(daemon, body, **headers):
    answer, told = events(daemon, body, **headers)
    assert answer.status == 200, told
    return told


def group(daemon, path: str, body: bytes = b"", method: str = "PUT"):
    answer = daemon.push(f"/metrics/{path}", body, method=method)
    assert answer.status in (200, 202), answer.text
    return answer


def page(daemon):
    return parse_text(daemon.get().body)


def of_models(found) -> dict:
    return {series: value for series, value in found.values.items() if series[0] in RISING}


def requests(found, model: str):
    return found.get("ml_requests_total", model=model, version="unversioned", outcome="ok")


def kill(daemon):
    daemon.process.kill()
    daemon.process.wait()


def sentences(daemon) -> list[str]:
    """What the log warns of, but for what the machine of the tests is."""
    return [line for line in daemon.log.splitlines()
            if ("level=WARN" in line or "level=ERROR" in line)
            and "running as root" not in line and "in a container" not in line]


def serves_the_machine(daemon):
    found = page(daemon)
    assert found.get("node_load1") is not None
    return found


def fill(daemon):
    """Something of everything that a daemon keeps."""
    for sequence in (1, 2, 4):
        accept(daemon, [
            {"model": "m", "version": "7", "duration_seconds": 0.03, "batch_size": 2},
            {"model": "m", "version": "7", "duration_seconds": 4, "outcome": "timeout"},
            {"type": "metric", "model": "m", "version": "7", "name": "saved", "value": 2.5,
             "kind": "counter"},
        ], **stamp(sequence))
    accept(daemon, {"model": "retired"})
    assert daemon.push("/v1/models/retired/versions/unversioned", method="DELETE").status == 200
    group(daemon, "job/night/instance/a", b"# TYPE rows gauge\nrows 41\n")
    group(daemon, "job/deleted", b"left 1\n")
    group(daemon, "job/deleted", method="DELETE")
    # Forgotten and registered again, under another number.
    accept(daemon, {"model": "forgotten"}, **stamp(1, "other"))
    assert daemon.push("/v1/producers/other", method="DELETE").status == 200
    accept(daemon, {"model": "forgotten"}, **stamp(1, "other"))


def is_all_there(found, before):
    assert of_models(found) == of_models(before)
    assert len(of_models(before)) > 20
    scope = {"model": "m", "version": "7"}
    assert found.value("ml_requests_total", **scope, outcome="timeout") == 3
    assert found.value("ml_request_duration_seconds_bucket", **scope, le="0.05") == 3
    assert found.value("ml_request_duration_seconds_sum", **scope) == pytest.approx(12.09)
    assert requests(found, "retired") is None
    assert requests(found, "forgotten") == 2
    assert found.value("rows", job="night", instance="a") == 41
    for name in ("push_time_seconds", "push_failure_time_seconds"):
        assert found.value(name, job="night", instance="a") \
            == before.value(name, job="night", instance="a")
    assert found.named("left") == {}
    assert not [labels for labels in found.named("push_time_seconds")
                if ("job", "deleted") in labels]


@pytest.mark.parametrize("end", ["kill -9", "SIGTERM"])
def test_what_was_answered_is_there_after(keep, end):
    daemon = keep()
    fill(daemon)
    before = page(daemon)
    for _ in range(2):
        if end == "SIGTERM":
            assert daemon.stop() == 0
        else:
            kill(daemon)
        daemon = keep()
        found = page(daemon)
        is_all_there(found, before)
        replayed = found.value("ml_journal_replayed_batches")
        assert replayed == 0 if end == "SIGTERM" else replayed > 5
        for sequence in (1, 2, 4):
            assert accept(daemon, {"model": "m"}, **stamp(sequence))["duplicate"] is True
        assert accept(daemon, {"model": "m"}, **stamp(1, "other"))["duplicate"] is True
    assert "duplicate" not in accept(daemon, {"model": "m"}, **stamp(3))
    assert "duplicate" not in accept(daemon, {"model": "m"}, **stamp(5))
    assert sentences(daemon) == []


def test_a_snapshot_bounds_what_a_start_reads(keep):
    daemon = keep("--storage.snapshot-interval=1s")
    for number in range(30):
        accept(daemon, {"model": "m"}, **stamp(number + 1))
    wait_until(lambda: page(daemon).value("ml_journal_last_snapshot_timestamp_seconds") > 0,
               20, "a snapshot")
    accept(daemon, {"model": "m"}, **stamp(31))
    kill(daemon)
    found = page(keep())
    assert requests(found, "m") == 31
    assert found.value("ml_journal_replayed_batches") < 31


def test_a_folder_copied_while_the_daemon_runs_is_a_power_cut(keep, tmp_path):
    daemon = keep()
    fill(daemon)
    before = page(daemon)
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    accept(daemon, {"model": "later"})
    copy = keep(path=tmp_path / "copy")
    found = page(copy)
    is_all_there(found, before)
    assert requests(found, "later") is None
    assert accept(copy, {"model": "m"}, **stamp(4))["duplicate"] is True
    assert sentences(copy) == []


def test_a_log_that_ends_in_the_middle_of_a_commit_ends_before_it(keep, tmp_path):
    daemon = keep()
    sizes = []
    for number in range(1, 6):
        accept(daemon, {"model": "m"}, **stamp(number))
        sizes.append((tmp_path / "data" / "journal.db-wal").stat().st_size)
    assert sizes[-1] > sizes[-2]
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    os.truncate(tmp_path / "copy" / "journal.db-wal", (sizes[-2] + sizes[-1]) // 2)
    copy = keep(path=tmp_path / "copy")
    assert requests(page(copy), "m") == 4
    assert "duplicate" not in accept(copy, {"model": "m"}, **stamp(5))


# One folder, one daemon.

def test_a_second_daemon_on_the_folder_does_not_start(keep, tmp_path):
    daemon = keep()
    second = subprocess.run(
        [binary(), *FEW, "--web.listen-address=127.0.0.1:0", "--push.listen-address=127.0.0.1:0",
         "--push.socket=none", f"--storage.path={tmp_path}/data"],
        capture_output=True, text=True, timeout=20)
    assert second.returncode == 1
    assert f"{tmp_path}/data is in use by another ml_exporter; give each its own --storage.path" \
        in second.stderr
    assert accept(daemon, {"model": "m"})["accepted"] == 1


def test_memory_only_says_so(start):
    daemon = start.daemon(*FEW, "--storage.path=none")
    [line] = sentences(daemon)
    assert line.count("msg=") == 1
    assert "level=WARN" in line and "pushes are kept in memory only: --storage.path=none" in line
    found = page(daemon)
    assert found.value("ml_journal_enabled") == 0
    assert found.get("ml_journal_ready") is None
    assert accept(daemon, {"model": "m"})["accepted"] == 1


def test_the_folder_is_made_with_those_above_it(keep, tmp_path):
    path = tmp_path / "not" / "yet" / "there"
    daemon = keep(path=path)
    accept(daemon, {"model": "m"})
    kill(daemon)
    assert requests(page(keep(path=path)), "m") == 1
    assert path.stat().st_mode & 0o007 == 0


# Not yet ready.

@pytest.mark.skipif(not has("strace"), reason="no strace")
def test_nothing_pushed_is_shown_or_taken_before_everything_was_read(keep, tmp_path):
    daemon = keep()
    fill(daemon)
    before = page(daemon)
    kill(daemon)
    # Only reads of the storage: a collector that waits as long would be skipped as hung.
    slow = ("strace", "-D", "-f", "-o", str(tmp_path / "trace"), "-e", "trace=pread64",
            "-e", "inject=pread64:delay_enter=1500000",
            *(word for name in ("journal.db", "journal.db-wal", "snapshot.db") for word in ("-P", str(tmp_path / "data" / name))))
    daemon = keep(prefix=slow, until="/-/healthy")
    ready = daemon.get("/-/ready")
    found = serves_the_machine(daemon)
    answer, told = events(daemon, {"model": "m"}, **stamp(5))
    pushed = daemon.push("/metrics/job/early", b"rows 1\n", method="PUT")
    assert ready.status == 503 and "reading the storage" in ready.text
    assert of_models(found) == {} and found.named("rows") == {}
    assert found.value("ml_journal_ready") == 0
    assert answer.status == pushed.status == 503
    assert told["error"]["code"] == "storage_unavailable"
    assert answer.headers["Retry-After"] and pushed.headers["Retry-After"]
    wait_until(lambda: daemon.answers("/-/ready"), 60, "everything was read")
    is_all_there(page(daemon), before)
    assert "duplicate" not in accept(daemon, {"model": "m"}, **stamp(5))


# Files that are not what they should be.

def scribble(path, begin: int = 0, byte: int = 0xA5):
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.seek(begin)
        file.write(bytes([byte]) * (size - begin))


def stopped_after_pushes(keep, tmp_path):
    """A folder with both snapshots, as three daemons leave it."""
    for number in range(3):
        daemon = keep()
        accept(daemon, {"model": "m"}, **stamp(number + 1))
        assert daemon.stop() == 0
    return tmp_path / "data"


def aside(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if "set-aside" in path.name)


@pytest.mark.parametrize("begin", [0, 100, 4096])
def test_a_damaged_snapshot_is_replaced_by_the_former_and_the_records(keep, tmp_path, begin):
    folder = stopped_after_pushes(keep, tmp_path)
    scribble(folder / "snapshot.db", begin)
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 3
    assert found.value("ml_journal_files_set_aside") == 1
    [line] = sentences(daemon)
    assert line.count("msg=") == 1
    [name] = aside(folder)
    assert name.startswith("snapshot.db.") and name in line
    assert accept(daemon, {"model": "m"}, **stamp(3))["duplicate"] is True


@pytest.mark.parametrize("begin", [0, 100])
def test_damaged_records_cost_what_no_snapshot_holds(keep, tmp_path, begin):
    folder = stopped_after_pushes(keep, tmp_path)
    scribble(folder / "journal.db", begin)
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 3
    assert found.value("ml_journal_files_set_aside") == 1
    [line] = sentences(daemon)
    assert "journal.db" in line and "set aside as" in line
    assert any(name.startswith("journal.db.") for name in aside(folder))
    assert accept(daemon, {"model": "m"}, **stamp(4))["accepted"] == 1
    kill(daemon)
    assert requests(page(keep()), "m") == 4


def test_a_record_whose_bytes_changed_costs_itself(keep, tmp_path):
    daemon = keep()
    for number in range(3):
        accept(daemon, {"model": "m"}, **stamp(number + 1))
    kill(daemon)
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "journal.db")) as records:
        changed = records.execute(
            "UPDATE record SET body = zeroblob(length(body)) WHERE position = "
            "(SELECT min(position) + 1 FROM record)")
        assert changed.rowcount == 1
        records.commit()
    daemon = keep()
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 2
    assert found.value("ml_journal_skipped_records") == 1
    [line] = sentences(daemon)
    assert "journal.db" in line and "1 records changed" in line
    assert aside(tmp_path / "data") == []


@pytest.mark.parametrize("name", ["journal.db", "snapshot.db"])
@pytest.mark.parametrize("content", [b"dear diary\n" * 500, None], ids=["text", "database"])
def test_a_file_of_another_program_is_set_aside_unharmed(keep, tmp_path, name, content):
    folder = tmp_path / "data"
    folder.mkdir()
    if content is None:
        with contextlib.closing(sqlite3.connect(folder / name)) as other:
            other.execute("CREATE TABLE diary (line)")
            other.commit()
        content = (folder / name).read_bytes()
    else:
        (folder / name).write_bytes(content)
    daemon = keep()
    found = serves_the_machine(daemon)
    assert found.value("ml_journal_files_set_aside") == 1
    [line] = sentences(daemon)
    [kept] = [each for each in aside(folder) if each.startswith(f"{name}.")]
    assert kept in line
    assert (folder / kept).read_bytes() == content
    assert accept(daemon, {"model": "m"})["accepted"] == 1


@pytest.mark.parametrize("name", ["journal.db", "snapshot.db"])
def test_files_of_a_later_release_stay_and_wait_for_it(keep, tmp_path, name):
    folder = stopped_after_pushes(keep, tmp_path)
    def mark(version: int):
        with contextlib.closing(sqlite3.connect(folder / name)) as file:
            file.execute(f"PRAGMA user_version = {version}")
    mark(4)
    daemon = keep()
    found = serves_the_machine(daemon)
    assert of_models(found) == {} and found.value("ml_journal_ready") == 0
    answer, told = events(daemon, {"model": "m"}, **stamp(4))
    assert answer.status == 503 and answer.headers["Retry-After"]
    assert "start the release that wrote it, or a later one" in told["error"]["detail"]
    retired = daemon.push("/v1/models/m/versions/unversioned", method="DELETE")
    assert retired.status == 503
    assert json.loads(retired.body)["error"]["code"] == "storage_unavailable"
    # It is tried again, and not said again.
    wait_until(lambda: page(daemon).value("ml_journal_errors_total", operation="open") >= 2,
               30, "another try")
    [line] = sentences(daemon)
    assert f"{folder}/{name} has format 4" in line
    assert aside(folder) == []
    assert daemon.stop() == 0
    mark(1)
    daemon = keep()
    assert requests(page(daemon), "m") == 3
    assert accept(daemon, {"model": "m"}, **stamp(3))["duplicate"] is True


def test_a_path_that_can_be_no_folder_costs_pushes_only(keep, tmp_path):
    (tmp_path / "file").write_text("here is a file\n")
    daemon = keep(path=tmp_path / "file" / "data")
    found = serves_the_machine(daemon)
    assert found.value("ml_journal_ready") == 0
    answer, told = events(daemon, {"model": "m"})
    assert answer.status == 503 and told["error"]["code"] == "storage_unavailable"
    [line] = sentences(daemon)
    assert f"{tmp_path}/file" in line
    assert (tmp_path / "file").read_text() == "here is a file\n"
    # What was in the way goes away.
    (tmp_path / "file").unlink()
    wait_until(lambda: page(daemon).value("ml_journal_ready") == 1, 30, "the next try")
    assert accept(daemon, {"model": "m"})["accepted"] == 1


# Disks that refuse.

def on_a_disk_of(options: str, folder) -> tuple:
    """Starts what follows with a small disk at `folder`, in its own mount namespace."""
    folder.mkdir()
    return ("unshare", "--mount", "sh", "-c",
            f'mount -t tmpfs -o {options} tmpfs "$0" && exec "$@"', str(folder))


@ROOT
def test_a_read_only_folder_costs_pushes_until_it_can_be_written(keep, tmp_path):
    folder = tmp_path / "disk"
    daemon = keep(path=folder, prefix=on_a_disk_of("ro", folder))
    assert serves_the_machine(daemon).value("ml_journal_ready") == 0
    answer, told = events(daemon, {"model": "m"}, **stamp(1))
    assert answer.status == 503 and answer.headers["Retry-After"]
    assert "Read-only file system" in told["error"]["detail"]
    [line] = sentences(daemon)
    assert str(folder) in line and "Read-only file system" in line
    subprocess.run(["nsenter", f"--target={daemon.pid}", "--mount", "mount", "-o", "remount,rw",
                    str(folder)], check=True)
    wait_until(lambda: page(daemon).value("ml_journal_ready") == 1, 30, "the next try")
    assert "duplicate" not in accept(daemon, {"model": "m"}, **stamp(1))


@ROOT
def test_a_full_disk_refuses_pushes_until_there_is_space(keep, tmp_path):
    folder = tmp_path / "disk"
    daemon = keep(path=folder, prefix=on_a_disk_of("size=1m", folder))
    inside = f"/proc/{daemon.pid}/root{folder}"
    accept(daemon, {"model": "m"}, **stamp(1))
    group(daemon, "job/night", b"rows 1\n")
    with open(f"{inside}/ballast", "wb", buffering=0) as ballast, \
            pytest.raises(OSError, match="No space left"):
        while True:
            ballast.write(bytes(4096))
    for _ in range(3):
        answer, told = events(daemon, {"model": "m"}, **stamp(2))
        assert answer.status == 503 and answer.headers["Retry-After"]
        assert told["error"]["code"] == "storage_failed"
        answer = daemon.push("/metrics/job/night", b"rows 2\n", method="PUT")
        assert answer.status == 503 and answer.headers["Retry-After"]
    found = serves_the_machine(daemon)
    assert requests(found, "m") == 1 and set(found.named("rows").values()) == {1}
    assert found.value("ml_journal_errors_total", operation="commit") >= 6
    os.unlink(f"{inside}/ballast")
    assert "duplicate" not in accept(daemon, {"model": "m"}, **stamp(2))
    group(daemon, "job/night", b"rows 2\n")
    found = page(daemon)
    assert requests(found, "m") == 2 and set(found.named("rows").values()) == {2}
    refused, again = [line for line in daemon.log.splitlines() if "pushes" in line
                      and "push_address" not in line]
    assert "pushes are refused" in refused and "the storage accepts pushes again" in again


@pytest.mark.skipif(not has("strace"), reason="no strace")
def test_a_disk_that_fails_to_sync_takes_nothing_and_the_retry_counts_once(keep, tmp_path):
    daemon = keep()
    accept(daemon, {"model": "m"}, **stamp(1))
    group(daemon, "job/night", b"rows 1\n")
    with broken_syncs(daemon, tmp_path):
        for _ in range(2):
            answer, told = events(daemon, {"model": "m"}, **stamp(2))
            assert answer.status == 503 and answer.headers["Retry-After"]
            assert told["error"]["code"] == "storage_failed"
            assert "with the same Batch-Sequence" in told["error"]["detail"]
        assert daemon.push("/metrics/job/night", b"rows 2\n", method="PUT").status == 503
        assert daemon.push("/metrics/job/night", method="DELETE").status == 503
        assert daemon.push("/v1/models/m/versions/unversioned", method="DELETE").status == 503
        found = serves_the_machine(daemon)
        assert requests(found, "m") == 1
        assert set(found.named("rows").values()) == {1}
    assert "duplicate" not in accept(daemon, {"model": "m"}, **stamp(2))
    assert accept(daemon, {"model": "m"}, **stamp(2))["duplicate"] is True
    kill(daemon)
    daemon = keep()
    found = page(daemon)
    assert requests(found, "m") == 2
    assert set(found.named("rows").values()) == {1}
    assert accept(daemon, {"model": "m"}, **stamp(2))["duplicate"] is True


def broken_syncs(daemon, folder):
    """Lets every sync of the daemon fail with EIO."""
    return strace(daemon, folder, "-e", "trace=fdatasync,fsync",
                  "-e", "inject=fdatasync,fsync:error=EIO")


# What ends by its time.

def test_what_has_outlived_its_time_does_not_come_back_after_a_crash(keep):
    daemon = keep("--push.model-ttl=2s")
    for _ in range(3):
        accept(daemon, {"model": "idle", "duration_seconds": 0.1})
    accept(daemon, {"type": "state", "model": "idle", "in_flight": 1})
    answer = daemon.push("/metrics/job/short/shard/1?ttl=2", b"held 1\n", method="PUT")
    assert answer.status == 200
    wait_until(lambda: requests(page(daemon), "idle") is None
               and not page(daemon).named("held"), 20, "both are gone")
    # They start again, and another group takes the series over.
    accept(daemon, {"model": "idle"})
    group(daemon, "job/short", b'held{shard="1"} 5\n')
    before = page(daemon)
    assert requests(before, "idle") == 1
    assert before.value("held", job="short", shard="1") == 5
    kill(daemon)
    found = page(keep("--push.model-ttl=24h"))
    assert requests(found, "idle") == 1
    assert of_models(found) == of_models(before)
    assert found.named("held") == before.named("held")
    assert found.named("push_time_seconds") == before.named("push_time_seconds")
    assert len(found.named("push_time_seconds")) == 1


def test_what_has_ended_is_gone_after_a_crash_without_another_push(keep):
    daemon = keep("--push.model-ttl=2s")
    accept(daemon, {"model": "idle"}, **stamp(1))
    group(daemon, "job/stays", b"rows 1\n")
    daemon.push("/metrics/job/short?ttl=2", b"held 1\n", method="PUT")
    wait_until(lambda: requests(page(daemon), "idle") is None
               and not page(daemon).named("held"), 20, "both are gone")
    kill(daemon)
    daemon = keep("--push.model-ttl=24h")
    found = page(daemon)
    assert requests(found, "idle") is None
    assert found.named("held") == {} and set(found.named("rows").values()) == {1}
    assert accept(daemon, {"model": "m"}, **stamp(1))["duplicate"] is True


@pytest.mark.skipif(not has("strace"), reason="no strace")
def test_what_cannot_be_forgotten_on_the_disk_stays_until_it_can(keep, tmp_path):
    daemon = keep()
    daemon.push("/metrics/job/short?ttl=2", b"held 1\n", method="PUT")
    with broken_syncs(daemon, tmp_path):
        wait_until(lambda: page(daemon).value("ml_journal_errors_total", operation="commit") > 0,
                   20, "an attempt to forget")
        assert set(page(daemon).named("held").values()) == {1}
    wait_until(lambda: not page(daemon).named("held"), 20, "it is forgotten")
    kill(daemon)
    daemon = keep()
    assert page(daemon).named("held") == {}
    assert page(daemon).get("ml_push_groups_expired_total") in (None, 0)


# Bodies that cannot be read.

@pytest.mark.parametrize("path", ["none", "data"])
def test_a_body_that_cannot_be_read_uses_its_number_up(start, tmp_path, path):
    daemon = start.daemon(
        *FEW, f"--storage.path={'none' if path == 'none' else tmp_path / path}")
    damaged = {"Content-Encoding": "gzip"}
    answer = daemon.push("/metrics/job/j", b"no gzip", method="PUT",
                         headers={**damaged, **stamp(1)})
    assert answer.status == 400 and "gzip" in answer.text
    answer = daemon.push("/metrics/job/j", b"rows 1\n", method="PUT", headers=stamp(1))
    assert answer.status == 200 and "applied before" in answer.text
    answer = daemon.push("/v1/events", b"no gzip", headers={**JSON, **damaged, **stamp(2)})
    assert answer.status == 400
    assert accept(daemon, {"model": "m"}, **stamp(2))["duplicate"] is True
    # A body in an unsupported encoding leaves its number free.
    answer = daemon.push("/metrics/job/j", b"rows 1\n", method="PUT",
                         headers={"Content-Encoding": "br", **stamp(3)})
    assert answer.status == 415
    answer = daemon.push("/metrics/job/j", b"rows 1\n", method="PUT", headers=stamp(3))
    assert answer.status == 200 and "applied before" not in answer.text
    found = page(daemon)
    assert found.named("rows") and requests(found, "m") is None
