"""The same machine and the same fixture trees, read by Debian's node_exporter beside us.

Every series of the nine collectors is compared by type, label set and value.
"""

import re

import pytest

import pages
from pages import Page, Series, describe, listing
from peer_differences import DIFFERENCES, Kind
from programs import FIXTURES, HARDWARE, NINE, NINE_FLAGS, only, tree_flags

# Debian's build and 1.12 differ in their default patterns; both are given 1.12's.
PATTERNS = (
    r"--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$",
    r"--collector.filesystem.mount-points-exclude="
    r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
    r"--collector.filesystem.fs-types-exclude=^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs"
    r"|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore"
    r"|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$",
)
# 1.5.0 dies of a mount point that is not UTF-8.
SPARE_THE_PEER = PATTERNS[1].replace("^/(", "^/(mnt/bad.*|")
EVERY_DEVICE = ("--collector.netdev.device-exclude=^$",)
OPTIONS = ("--collector.cpu.info", "--collector.stat.softirq")

# What moves between two readings even on a fixture tree.
TREE_SLACK = {r"node_filesystem_(avail|free|files).*": 1024 * 1024 * 1024}

# How far a gauge of the live machine may lie outside the peer's two readings.
SLACK = {
    r"node_memory_.*": 256 * 1024 * 1024,
    r"node_load\d+": 2,
    r"node_procs_.*": 16,
    r"node_filesystem_.*": 1024 * 1024 * 1024,
    r"node_disk_io_now": 64,
    r"node_network_(up|.*_length)": 0,
}


def machine(name: str) -> bool:
    """Whether a sample is the machine's and not about a collector or a program."""
    return name.startswith("node_") and not name.startswith(("node_scrape_", "node_exporter_"))


def read(program) -> Page:
    return pages.parse_text(program.get("/metrics").body).select(machine)


def without(series: Series, label: str) -> Series:
    return series[0], frozenset(pair for pair in series[1] if pair[0] != label)


class Comparison:
    """Our page beside two readings of the peer, one before and one after ours."""

    def __init__(self, ours: Page, before: Page, after: Page, slack: dict[str, float]):
        self.ours, self.before, self.after, self.slack = ours, before, after, slack
        self.met: set = set()
        self.complaints: list[str] = []
        self.compare()

    def covered(self, kind: Kind, series: Series) -> bool:
        found = [entry for entry in DIFFERENCES if entry.covers(kind, series)]
        self.met.update(found)
        return bool(found)

    def compare(self):
        for name in sorted(self.ours.types.keys() & self.before.types.keys()):
            ours, theirs = self.ours.types[name], self.before.types[name]
            if ours != theirs:
                self.complaints.append(f"type of {name}: ours {ours}, theirs {theirs}")
        theirs = dict(self.before.values)
        for series, value in self.ours.values.items():
            twin = self.twin(series, theirs)
            if twin is None:
                # What appeared between the two readings is no difference.
                if series not in self.after.values and not self.covered(Kind.OURS, series):
                    self.complaints.append(f"only ours: {describe(series)} {value!r}")
                continue
            low, high = theirs.pop(twin), self.after.values.get(twin)
            self.judge(series, value, low, low if high is None else high)
        for series, value in theirs.items():
            if series in self.after.values and not self.covered(Kind.THEIRS, series):
                self.complaints.append(f"only theirs: {describe(series)} {value!r}")

    def twin(self, series: Series, theirs: dict) -> Series | None:
        if series in theirs:
            return series
        for entry in DIFFERENCES:
            if entry.covers(Kind.LABEL, series):
                shorter = without(series, entry.label)
                if shorter in theirs:
                    self.met.add(entry)
                    return shorter
        return None

    def judge(self, series: Series, value: float, low: float, high: float):
        slack = next(
            (slack for name, slack in self.slack.items() if re.fullmatch(name, series[0])), 0)
        low, high = min(low, high) - slack, max(low, high) + slack
        if not low <= value <= high and not self.covered(Kind.VALUE, series):
            self.complaints.append(f"value of {describe(series)}: {value!r} not in {low!r}..{high!r}")

    def stale(self, tree: str) -> list[str]:
        return [
            f"{entry.kind.value}: {entry.name} {entry.label}"
            for entry in DIFFERENCES if tree in entry.trees and entry not in self.met
        ]


@pytest.mark.parametrize("tree", ["debian12-2cpu", "odd"])
def test_a_fixture_tree_reads_the_same(start, tree):
    flags = (*tree_flags(FIXTURES / tree), *PATTERNS, *EVERY_DEVICE, *OPTIONS)
    peer = start.peer(*(SPARE_THE_PEER if flag == PATTERNS[1] else flag for flag in flags))
    daemon = start.daemon(*NINE_FLAGS, *flags)
    before, ours, after = read(peer), read(daemon), read(peer)
    result = Comparison(ours, before, after, TREE_SLACK)
    assert not result.complaints, "\n".join(result.complaints)
    assert not result.stale(tree), "no longer met:\n" + "\n".join(result.stale(tree))
    assert not ours.duplicates, listing(ours.duplicates)
    assert len(ours.values) >= len(before.values)


def test_the_devices_of_a_rack_server_read_the_same(start):
    collectors = (*NINE, *HARDWARE)
    flags = (*tree_flags(FIXTURES / "rack"), *PATTERNS, *EVERY_DEVICE, *OPTIONS,
             "--collector.bcache.priorityStats")
    peer = start.peer(*flags, collectors=collectors)
    daemon = start.daemon(*only(collectors), *flags)
    before, ours, after = read(peer), read(daemon), read(peer)
    result = Comparison(ours, before, after, TREE_SLACK)
    assert not result.complaints, "\n".join(result.complaints)
    assert not result.stale("rack"), "no longer met:\n" + "\n".join(result.stale("rack"))
    assert not ours.duplicates, listing(ours.duplicates)


TEXT_FILES = {
    "backup.prom": "# HELP backup_last_success_seconds When it last went well.\n"
                   "# TYPE backup_last_success_seconds gauge\n"
                   'backup_last_success_seconds{job_name="db",path="C:\\\\x\\n\\"y\\""} 1.7e9\n',
    "counts.prom": "# TYPE jobs_total counter\njobs_total{queue=\"a\"} 3\njobs_total 4\n"
                   "untyped_thing NaN\n",
    "distribution.prom": "# TYPE wait_seconds histogram\nwait_seconds_bucket{le=\"0.5\"} 1\n"
                         "wait_seconds_bucket{le=\"+Inf\"} 3\nwait_seconds_sum 4.5\n"
                         "wait_seconds_count 3\n# TYPE size_bytes summary\n"
                         "size_bytes{quantile=\"0.5\"} 7\nsize_bytes_sum 9\nsize_bytes_count 2\n",
    "ignored.txt": "not_here 1\n",
}


@pytest.mark.parametrize("broken", [None, "no_line_feed 1", "with_time 1 1700000000000\n",
                                    "bad{ 1\n", "twice 1\n# TYPE twice gauge\n"])
def test_text_files_read_the_same(start, tmp_path, broken):
    for name, text in TEXT_FILES.items():
        (tmp_path / name).write_text(text)
    if broken is not None:
        (tmp_path / "broken.prom").write_text(broken)
    flags = (f"--collector.textfile.directory={tmp_path}",)
    pages_of_both = [
        pages.parse_text(program.get().body).select(
            lambda name: not name.startswith(("go_", "process_", "promhttp_", "node_scrape_",
                                              "node_exporter_", "ml_")))
        for program in (start.peer(*flags, collectors=["textfile"]),
                        start.daemon(*only(["textfile"]), *flags))
    ]
    theirs, ours = ({key: str(value) for key, value in page.values.items()}
                    for page in pages_of_both)
    assert ours == theirs
    assert pages_of_both[0].types == pages_of_both[1].types
    assert pages_of_both[1].value("node_textfile_scrape_error") == (broken is not None)


def test_the_live_machine_has_the_same_devices(start):
    """Whatever hardware this machine has; absence is success 1 here and 0 there."""
    flags = ("--collector.bcache.priorityStats",)
    peer = start.peer(*flags, collectors=HARDWARE)
    daemon = start.daemon(*only(HARDWARE), *flags)
    for _ in range(5):
        result = bracketed(peer, daemon)
        if not result.complaints:
            break
    assert not result.complaints, "\n".join(result.complaints)
    page = pages.parse_text(daemon.get().body)
    assert set(page.named("node_scrape_collector_success").values()) == {1}, daemon.log


@pytest.mark.parametrize("source", ["--collector.netdev.netlink", "--no-collector.netdev.netlink"])
def test_the_live_machine_reads_the_same(start, source):
    flags = (*PATTERNS, *EVERY_DEVICE, source)
    peer = start.peer(*flags)
    daemon = start.daemon(*NINE_FLAGS, *flags)
    # A machine that others use may jump by more than the slack between three readings.
    for _ in range(5):
        result = bracketed(peer, daemon)
        if not result.complaints:
            break
    assert not result.complaints, "\n".join(result.complaints)
    assert len(result.ours.values) > 80


def bracketed(peer, daemon) -> Comparison:
    before, ours, after = read(peer), read(daemon), read(peer)
    return Comparison(ours, before, after, SLACK)


@pytest.mark.parametrize("name", ["cpu", "meminfo", "netdev", "diskstats", "stat", "loadavg",
                                  "filesystem", "uname", "time"])
def test_one_collector_alone_gives_the_same_series(start, name):
    """`collect[]` picks the same series on both sides."""
    flags = (*tree_flags(FIXTURES / "debian12-2cpu"), *PATTERNS, *EVERY_DEVICE)
    peer = start.peer(*flags)
    daemon = start.daemon(*NINE_FLAGS, *flags)
    path = f"/metrics?collect[]={name}"
    ours = pages.parse_text(daemon.get(path).body)
    theirs = pages.parse_text(peer.get(path).body)
    allowed = {entry.name for entry in DIFFERENCES if entry.kind is Kind.OURS}
    extra = {n for n, _ in ours.select(machine).values} - {n for n, _ in theirs.values}
    assert {n for n, _ in theirs.select(machine).values} <= {n for n, _ in ours.values}
    assert all(any(re.fullmatch(entry, n) for entry in allowed) for n in extra), extra
    assert ours.named("node_scrape_collector_success") == {
        frozenset({("collector", name)}): 1}
