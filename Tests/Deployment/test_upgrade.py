"""Upgrades, downgrades and the removal of a package whose sockets systemd holds."""

import json
import re
import shutil
import threading

import pytest

from files import ROOT
from packages import repacked

FORMER = ROOT / "Tests/Deployment/former"
PUSHING = ROOT / "Tests/Deployment/pushing.py"
SOCKETS = ("ml_exporter.socket", "ml_exporter-push.socket")


def listening(machine) -> dict[str, str]:
    """The inode of every socket that listens for us: a socket that was closed has another."""
    found = {}
    for line in machine.path("/proc/1/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) in (10180, 10181):
            found[words[1]] = words[9]
    for line in machine.path("/proc/1/net/tcp6").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) in (10180, 10181):
            found[words[1]] = words[9]
    for line in machine.path("/proc/1/net/unix").read_text().splitlines()[1:]:
        if line.endswith(" /run/ml_exporter/push.sock") and line.split()[5] == "01":
            found["push.sock"] = line.split()[6]
    return found


def pushed(machine) -> int:
    found = re.search(r'^ml_requests_total\{model="carried".*\} (\d+)$', machine.page(),
                      re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def former(package, tmp_path_factory):
    """The package before this one: its maintainer scripts around the present program."""
    def change(tree):
        for script in ("preinst", "postinst", "prerm", "postrm"):
            shutil.copy(FORMER / script, tree / "DEBIAN" / script)
    return repacked(package, tmp_path_factory.mktemp("former"), "0.0.9-1", change)


@pytest.fixture(scope="module")
def held(machine, former):
    """A machine of the former package whose sockets are systemd's."""
    machine.install(former)
    machine.drop_in("socket.conf", machine.path(
        "/usr/share/ml_exporter/systemd/socket.conf").read_text())
    machine.run("systemctl", "stop", "ml_exporter")
    machine.run("systemctl", "enable", "--now", *SOCKETS)
    machine.run("systemctl", "start", "ml_exporter")
    shutil.copy(PUSHING, machine.path("/work"))
    return machine


class TestUnderWay:
    """One story on one machine, so the order counts."""

    def carried(self, machine, action) -> dict[str, int]:
        """Runs the action while services push; returns what became of their pushes."""
        before = pushed(machine)
        end = machine.path("/work/end")
        end.unlink(missing_ok=True)
        results = []
        thread = threading.Thread(target=lambda: results.append(
            machine.shell("/usr/bin/python3 /work/pushing.py /work/end", seconds=180)))
        thread.start()
        machine.wait(lambda: pushed(machine) > before, "the first pushes")
        action()
        during = pushed(machine)
        machine.wait(lambda: pushed(machine) > during + 20, "pushes after it")
        end.touch()
        thread.join()
        counts = json.loads(results[0])
        assert pushed(machine) - before == counts["acknowledged"], counts
        return counts

    def test_1_an_upgrade_from_the_former_package_loses_no_push(self, held, package):
        sockets = listening(held)
        assert len(sockets) == 3, sockets
        before = held.property("MainPID")
        counts = self.carried(held, lambda: held.install(package))
        assert held.property("MainPID") not in (before, "0")
        assert listening(held) == sockets, "a socket was closed"
        assert "refused" not in counts, counts

    def test_2_so_does_an_upgrade_from_this_package(self, held, package, tmp_path):
        sockets = listening(held)
        newer = repacked(package, tmp_path, "9.0-1")
        counts = self.carried(held, lambda: held.install(newer))
        assert listening(held) == sockets, "a socket was closed"
        assert "refused" not in counts, counts

    def test_3_a_downgrade_is_refused_and_leaves_the_newer_running(self, held, package):
        sockets, kept = listening(held), pushed(held)
        refusal = held.run("dpkg", "-i", f"/work/{package.name}", check=False)
        assert refusal.returncode != 0
        assert "is older than the installed 9.0-1" in refusal.stderr
        state = held.run("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", "ml-exporter")
        assert state.stdout == "9.0-1 installed"
        assert held.property("ActiveState") == "active"
        assert listening(held) == sockets and pushed(held) == kept

    def test_4_a_downgrade_that_is_meant_is_done(self, held, package):
        held.run("env", "ML_EXPORTER_DOWNGRADE=yes", "dpkg", "-i", f"/work/{package.name}")
        assert held.property("ActiveState") == "active"

    def test_5_a_copy_of_the_former_drop_in_is_reported(self, held, package, tmp_path):
        held.drop_in("socket.conf", "[Service]\nExecStart=\n"
                                    "ExecStart=/usr/bin/ml_exporter --web.systemd-socket $ARGS\n")
        newer = repacked(package, tmp_path, "9.1-1")
        shutil.copy(newer, held.path("/work"))
        told = held.run("dpkg", "-i", f"/work/{newer.name}").stderr
        assert "starts the daemon without --storage.path=/var/lib/ml_exporter" in told

    def test_6_after_the_removal_nothing_listens(self, held):
        held.run("dpkg", "-r", "ml-exporter")
        assert listening(held) == {}
        for unit in (*SOCKETS, "ml_exporter.service"):
            state = held.run("systemctl", "is-active", unit, check=False).stdout.strip()
            assert state == "inactive", unit
        assert held.path("/var/lib/ml_exporter/journal.db").exists()

    def test_7_a_purge_leaves_no_unit_enabled(self, held):
        held.run("dpkg", "-P", "ml-exporter")
        wanted = held.shell("find /etc/systemd/system -name 'ml_exporter*' -not -name '*.d'")
        assert wanted == ""


@pytest.fixture(scope="module")
def disk(machine, package):
    """A machine whose state is a disk of its own that another user wrote."""
    machine.run("dpkg", "-P", "ml-exporter", check=False)
    machine.shell("rm -rf /var/lib/ml_exporter /etc/systemd/system/ml_exporter.service.d; "
                  "mkdir /var/lib/ml_exporter; mount -t tmpfs disk /var/lib/ml_exporter; "
                  "chown 4711:4711 /var/lib/ml_exporter; chmod 700 /var/lib/ml_exporter")
    machine.install(package)
    yield machine
    machine.run("dpkg", "-P", "ml-exporter", check=False)


class TestState:
    """Where the state lies and whose it is."""

    def test_1_a_mount_of_another_owner_becomes_the_services(self, disk):
        assert disk.property("ActiveState") == "active"
        disk.shell("curl -sSf -H 'Content-Type: application/json' -d '{\"model\":\"carried\"}' "
                   "localhost:10181/v1/events")
        assert pushed(disk) == 1
        owner = disk.run("stat", "-c", "%U:%G %a", "/var/lib/ml_exporter").stdout.strip()
        assert owner == "ml_exporter:ml_exporter 750"

    def test_2_another_disk_takes_a_flag_and_a_right_to_write(self, disk):
        disk.shell("mkdir -p /data/ml; mount -t tmpfs other /data; "
                   "install -d -o ml_exporter -g ml_exporter -m 750 /data/ml")
        disk.drop_in("storage.conf", "[Unit]\nRequiresMountsFor=/data/ml\n[Service]\n"
                     "EnvironmentFile=\nEnvironment=ARGS=--storage.path=/data/ml\n"
                     "ReadWritePaths=/data/ml\n")
        disk.run("systemctl", "restart", "ml_exporter")
        disk.wait(lambda: disk.path("/data/ml/journal.db").exists(), "the journal on that disk")

    def test_3_purging_empties_the_mount_and_succeeds(self, disk):
        disk.run("dpkg", "-P", "ml-exporter")
        assert disk.shell("ls -A /var/lib/ml_exporter") == ""
        state = disk.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "ml-exporter",
                         check=False).stdout
        assert state in ("", "not-installed")
