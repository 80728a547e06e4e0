"""The clock of the machine is set by hours while the daemon runs and while it does not."""

import os
import time

import pytest

from load import Load
from programs import wait_until
from test_storage import FEW, accept, group, kill, page, requests, sentences, stamp

HOUR = 3600


@pytest.fixture
def keep(start, tmp_path, clock):
    def started(*flags, **options):
        return start.daemon(*FEW, f"--storage.path={tmp_path}/data", *flags,
                            env=clock.environment, **options)
    return started


def fill(daemon):
    """What lives for a time, of each kind, for so long that it must be there to the end."""
    for sequence in (1, 2, 4):
        accept(daemon, [{"model": "m", "duration_seconds": 0.25},
                        {"type": "state", "model": "m", "in_flight": 3}], **stamp(sequence))
    group(daemon, "job/hour?ttl=3600", b"rows 1\n")
    group(daemon, "job/ever", b"rows 2\n")


def is_all_there(daemon, count: int = 3, states: float | None = 3):
    found = page(daemon)
    assert requests(found, "m") == count
    assert found.value("ml_request_duration_seconds_sum", model="m", version="unversioned") \
        == 0.25 * count
    if states is not None:
        assert found.sum("ml_requests_in_flight") == states
    assert {dict(labels)["job"]: value for labels, value in found.named("rows").items()} \
        == {"hour": 1, "ever": 2}
    for sequence in (1, 2, 4):
        assert accept(daemon, {"model": "m"}, **stamp(sequence))["duplicate"] is True
    return found


def durations_are_durations(found):
    """What took long by the clock took no time."""
    for name in ("ml_journal_commit_duration_seconds_sum", "ml_push_duration_seconds_sum"):
        assert 0 <= found.sum(name) < 60
    for value in found.named("node_scrape_collector_duration_seconds").values():
        assert 0 <= value < 60


STEPS = pytest.mark.parametrize("hours", [6, -6, 30, -30])


@STEPS
def test_a_clock_that_is_set_changes_no_life(keep, clock, hours):
    daemon = keep("--storage.snapshot-interval=1s", "--push.model-ttl=2h")
    fill(daemon)
    before = page(daemon)
    clock.set(hours * HOUR)
    found = is_all_there(daemon)
    durations_are_durations(found)
    # What was pushed before has its time, and what is pushed now has the new one.
    for name in ("ever", "hour"):
        assert found.value("push_time_seconds", job=name) \
            == before.value("push_time_seconds", job=name)
    group(daemon, "job/new", b"new 1\n")
    assert abs(page(daemon).value("push_time_seconds", job="new") - clock.now) < 60
    accept(daemon, [{"model": "m", "duration_seconds": 0.25}], **stamp(3))
    assert abs(page(daemon).value(
        "ml_push_last_success_timestamp_seconds", producer="other") - clock.now) < 60
    # The next snapshot comes in its time.
    wait_until(lambda: abs(page(daemon).value("ml_journal_last_snapshot_timestamp_seconds")
                           - clock.now) < 60, 20, "a snapshot with the new time")
    for end in (kill, lambda daemon: daemon.stop()):
        end(daemon)
        daemon = keep("--push.model-ttl=2h")
        is_all_there(daemon, 4, None)
        assert accept(daemon, {"model": "m"}, **stamp(3))["duplicate"] is True
    assert sentences(daemon) == []


@STEPS
def test_what_is_to_end_ends_in_its_time_whatever_the_clock_says(keep, clock, hours):
    daemon = keep("--push.model-ttl=4s")
    group(daemon, "job/short?ttl=4", b"rows 1\n")
    accept(daemon, [{"model": "m"}], **stamp(1))
    clock.set(hours * HOUR)
    assert page(daemon).sum("rows") == 1 and requests(page(daemon), "m") == 1
    wait_until(lambda: page(daemon).named("rows") == {}, 20, "the group ends")
    wait_until(lambda: requests(page(daemon), "m") is None, 20, "the version ends")
    assert page(daemon).value("ml_push_groups_expired_total") == 1


@pytest.mark.parametrize("hours, end", [
    (6, "kill -9"), (-6, "SIGTERM"), (30, "SIGTERM"), (-30, "kill -9")])
def test_a_clock_set_while_the_daemon_is_stopped_changes_no_lifetime(keep, clock, hours, end):
    daemon = keep()
    fill(daemon)
    group(daemon, "job/short?ttl=5", b"short 1\n")
    begun = time.monotonic()
    if end == "SIGTERM":
        assert daemon.stop() == 0
    else:
        kill(daemon)
    clock.set(hours * HOUR)
    daemon = keep()
    found = page(daemon)
    if time.monotonic() - begun < 4:
        assert found.sum("short") == 1
    wait_until(lambda: page(daemon).named("short") == {}, 20, "the group ends")
    is_all_there(daemon, states=None)
    assert "duplicate" not in accept(daemon, {"model": "m", "duration_seconds": 0.25}, **stamp(3))
    is_all_there(daemon, 4, states=None)
    assert sentences(daemon) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts in a name space of its own")
def test_after_another_boot_the_real_time_clock_gives_the_elapsed_time(keep, clock, tmp_path):
    (tmp_path / "boot").write_text("00000000-0000-4000-8000-000000000000\n")
    rebooted = ("unshare", "--mount", "sh", "-c",
                'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"',
                str(tmp_path / "boot"))
    daemon = keep("--storage.snapshot-interval=1s")
    fill(daemon)
    # The clock was wrong and is set: no time went by.
    clock.set(6 * HOUR)
    wait_until(lambda: page(daemon).value("ml_journal_last_snapshot_timestamp_seconds")
               or accept(daemon, {"model": "other"}) and 0, 20, "a snapshot")
    assert daemon.stop() == 0
    daemon = keep(prefix=rebooted)
    is_all_there(daemon, states=None)
    kill(daemon)
    # The machine was off for two hours.
    clock.set(8 * HOUR)
    (tmp_path / "boot").write_text("00000000-0000-4000-8000-000000000001\n")
    daemon = keep(prefix=rebooted)
    wait_until(lambda: {dict(labels)["job"] for labels in page(daemon).named("rows")} == {"ever"},
               20, "the group of an hour has ended")
    assert accept(daemon, {"model": "m"}, **stamp(4))["duplicate"] is True


def test_nothing_is_cut_or_counted_twice_while_the_clock_jumps_about(keep, clock):
    daemon = keep("--storage.snapshot-interval=1s")
    load = Load(daemon)
    for hours in (5, -5, 0, 11, -30, 0):
        clock.set(hours * HOUR)
        load.continues(40)
    load.end()
    assert set(load.answers) == {200}
    load.audit(daemon)
    durations_are_durations(page(daemon))
    kill(daemon)
    load.audit(keep())
