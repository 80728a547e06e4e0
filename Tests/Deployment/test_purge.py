"""What purging does to a state directory that an administrator has put elsewhere.

The script runs as dpkg runs it, in a mount namespace of its own.
"""

import os

import pytest

from files import DEPLOY, ran

STATE = "/var/lib/ml_exporter"
BEFORE = """
mount --make-rprivate /
mount -t tmpfs none /var/lib
mount -t tmpfs none /run
"""
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def purged(preparation: str, question: str) -> tuple[int, list[str]]:
    """The status of the script, and what the question prints after it."""
    script = DEPLOY / "debian" / "ml-exporter.postrm"
    result = ran("unshare", "-m", "bash", "-euc", f"""
        {BEFORE}{preparation}
        status=0
        sh {script} purge >&2 || status=$?
        echo $status
        {question}""")
    assert result.returncode == 0, result.stderr
    status, *lines = result.stdout.split()
    return int(status), lines


def test_a_directory_goes():
    assert purged(f"mkdir {STATE} && touch {STATE}/journal.db", "ls /var/lib") == (0, [])


def test_a_mount_is_emptied():
    assert purged(f"""
        mkdir {STATE} && mount -t tmpfs none {STATE}
        mkdir {STATE}/lost+found && touch {STATE}/journal.db {STATE}/.hidden
        """, f"ls -A {STATE}") == (0, ["lost+found"])


def test_a_mount_below_it_and_its_files_stay():
    assert purged(f"""
        mkdir -p {STATE}/archive && mount -t tmpfs none {STATE}/archive
        touch {STATE}/journal.db {STATE}/archive/kept
        """, f"ls {STATE} {STATE}/archive/kept") == (
        0, [f"{STATE}/archive/kept", f"{STATE}:", "archive"])


def test_a_read_only_mount_does_not_keep_the_package():
    assert purged(f"""
        mkdir {STATE} && mount -t tmpfs none {STATE}
        touch {STATE}/journal.db && mount -o remount,ro {STATE}
        """, f"ls {STATE}") == (0, ["journal.db"])


def test_what_a_link_leads_to_stays():
    assert purged(f"""
        mkdir /var/lib/shared && touch /var/lib/shared/others
        ln -s /var/lib/shared {STATE}
        """, "find /var/lib -mindepth 1 | sort") == (
        0, ["/var/lib/shared", "/var/lib/shared/others"])


def test_nothing_there_is_no_failure():
    assert purged("", "ls /var/lib") == (0, [])
