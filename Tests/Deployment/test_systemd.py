"""The unit: without mistakes, hardened, and a sandbox that the daemon can work in."""

import json
import re
import shutil
import signal

import pytest

from files import DEPLOY, UNIT, accepted, assignments

# The highest exposure that `systemd-analyze security` may find, in tenths.
LIMITS = {None: 19, "gpu": 22, "producers": 26, "socket": 19}
PRODUCER = """
import socket, time
wire = socket.socket(socket.AF_UNIX)
wire.connect("/run/ml_exporter/push.sock")
body = b"{\\"model\\": \\"fraud\\"}"
wire.sendall(b"POST /v1/events HTTP/1.1\\r\\nHost: localhost\\r\\n"
             b"Content-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
print(wire.recv(65536).decode(), flush=True)
time.sleep(60)
"""
DROP_INS = DEPLOY / "systemd" / "drop-ins"


@pytest.fixture(scope="module")
def root(unpacked, tmp_path_factory):
    """The package's files with the units of this machine, which ours refer to."""
    folder = tmp_path_factory.mktemp("root")
    shutil.copytree("/lib/systemd/system", folder / "lib/systemd/system", symlinks=True)
    shutil.copytree(unpacked, folder, dirs_exist_ok=True, symlinks=True)
    (folder / "bin").mkdir()
    shutil.copy("/bin/kill", folder / "bin")
    return folder


def test_the_units_have_no_mistakes(root):
    for unit in ("ml_exporter.service", "ml_exporter.socket", "ml_exporter-push.socket"):
        told = accepted("sh", "-c", f"systemd-analyze verify --man=no --root={root} {unit} 2>&1")
        assert "ml_exporter" not in told


def commands(text: str) -> list[list[str]]:
    return [value.split() for name, value in assignments(text) if name == "ExecStart" and value]


def test_a_drop_in_repeats_the_command_line_of_the_unit():
    """ExecStart= of a drop-in replaces that of the unit; nothing of it may be lost."""
    [[*unit, arguments]] = commands(UNIT.read_text())
    replaced = {path.stem: commands(path.read_text()) for path in DROP_INS.iterdir()}
    assert {name for name, found in replaced.items() if found} == {"socket"}
    assert replaced["socket"] == [[*unit, "--web.systemd-socket", arguments]]


def test_no_drop_in_empties_a_list_of_the_unit():
    """A line `Name=` starts a list again: whatever the unit or another drop-in has said is gone."""
    emptied = {(path.stem, name) for path in DROP_INS.iterdir()
               for name, value in assignments(path.read_text()) if not value}
    assert emptied == {("socket", "ExecStart")}


def test_the_drop_ins_work_together(root):
    folder = root / "lib/systemd/system/ml_exporter.service.d"
    shutil.copytree(root / "usr/share/ml_exporter/systemd", folder)
    try:
        told = accepted("sh", "-c", "systemd-analyze verify --man=no "
                                    f"--root={root} ml_exporter.service 2>&1")
        assert "ml_exporter" not in told
    finally:
        shutil.rmtree(folder)


def test_gpu_drivers_come_before_the_service(root):
    """char-nvidia of DeviceAllow= is a number that /proc/devices has only with the driver."""
    given = assignments((DROP_INS / "gpu.conf").read_text())
    after = {unit for name, value in given if name == "After" for unit in value.split()}
    wanted = {unit for name, value in given if name == "Wants" for unit in value.split()}
    assert wanted == {"modprobe@nvidia.service"} <= after
    assert "nvidia-persistenced.service" in after


def test_the_groups_of_the_gpu_drop_in_are_made():
    given = dict(assignments((DROP_INS / "gpu.conf").read_text()))
    users = (DEPLOY / "systemd/sysusers.d/ml_exporter.conf").read_text()
    for group in given["SupplementaryGroups"].split():
        assert re.search(rf"^g {group} ", users, re.MULTILINE), group


@pytest.mark.parametrize("drop_in", LIMITS)
def test_exposure_is_limited(root, drop_in):
    folder = root / "lib/systemd/system/ml_exporter.service.d"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if drop_in:
        shutil.copy(root / f"usr/share/ml_exporter/systemd/{drop_in}.conf", folder)
    accepted("systemd-analyze", "security", "--offline=true", f"--root={root}",
             f"--threshold={LIMITS[drop_in]}", "ml_exporter.service")
    text = accepted("systemd-analyze", "security", "--offline=true", f"--root={root}",
                    "ml_exporter.service")
    assert f"{LIMITS[drop_in] / 10}" in text.splitlines()[-1], "the limit can be lowered"
    shutil.rmtree(folder)


def test_every_drop_in_has_a_limit():
    assert {path.stem for path in DROP_INS.iterdir()} == set(LIMITS) - {None}


def test_every_directive_that_stays_off_is_explained(root):
    shutil.rmtree(root / "lib/systemd/system/ml_exporter.service.d", ignore_errors=True)
    findings = json.loads(accepted(
        "systemd-analyze", "security", "--offline=true", f"--root={root}", "--json=short",
        "ml_exporter.service"))
    exposed = {finding["name"].split("=")[0] for finding in findings
               if finding["exposure"] and float(finding["exposure"]) > 0}
    explained = re.findall(r"^#   ([A-Z][A-Za-z]+)\S* +\S", UNIT.read_text(), re.MULTILINE)
    assert exposed <= set(explained)


def test_an_explanation_is_of_a_directive_that_is_off():
    explained = re.findall(r"^#   ([A-Z][A-Za-z]+)(\S*) +\S", UNIT.read_text(), re.MULTILINE)
    given = assignments(UNIT.read_text())
    for name, value in explained:
        if value.startswith("="):
            assert (name, value[1:]) not in given
        else:
            assert name not in dict(given)


class TestRunning:
    """The daemon under a real systemd, inside the sandbox of its unit."""

    @pytest.fixture(autouse=True)
    def fresh(self, installed):
        """The unit as the package brings it, running."""
        installed.run("systemctl", "stop", "ml_exporter.socket", "ml_exporter-push.socket",
                      check=False)
        installed.drop_in("none.conf", "")
        installed.run("systemctl", "reset-failed", "ml_exporter", check=False)
        installed.run("systemctl", "restart", "ml_exporter")

    def test_systemd_knows_that_it_is_ready(self, installed):
        assert installed.property("ActiveState") == "active"
        assert "ml_exporter_build_info" in installed.page()

    def test_it_has_no_rights(self, installed):
        status = installed.status()
        assert status["Uid"].split()[0] == installed.shell("id -u ml_exporter").strip()
        assert {status[f"Cap{kind}"] for kind in ("Eff", "Prm", "Bnd", "Amb", "Inh")} == {"0" * 16}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")

    def test_it_can_write_its_state_and_nothing_else(self, installed):
        inside = ["nsenter", "-t", installed.property("MainPID"), "-m", "touch"]
        installed.run(*inside, "/var/lib/ml_exporter/probe", "/run/ml_exporter/probe")
        for path in ("/etc/probe", "/usr/bin/probe", "/home/probe", "/var/log/probe"):
            assert "Read-only" in installed.run(*inside, path, check=False).stderr

    def test_the_sandbox_hides_nothing_from_the_collectors(self, installed):
        def measured(page: str) -> set[str]:
            """Names of the machine's metrics and the collectors that could read their subject."""
            found = set(re.findall(r"^(node_\w+)[ {]", page, re.MULTILINE))
            return found | set(re.findall(
                r'^(?:node_scrape_collector_success|ml_exporter_collector_present)\S+ 1$', page,
                re.MULTILINE))

        inside = measured(installed.page())
        installed.run("systemctl", "stop", "ml_exporter")
        page = installed.shell("""
            /usr/bin/ml_exporter --web.listen-address=127.0.0.1:10180 --storage.path=none >/dev/null 2>&1 & daemon=$!
            curl -sSf --retry 50 --retry-connrefused --retry-delay 1 127.0.0.1:10180/metrics
            kill $daemon; wait $daemon""")
        assert measured(page) - inside == set()

    def test_one_that_is_killed_comes_back(self, installed):
        before = installed.property("MainPID")
        installed.run("kill", "-KILL", before)
        installed.wait(lambda: installed.property("MainPID") not in (before, "0")
                       and installed.property("ActiveState") == "active", "the next start")
        assert "ml_exporter_build_info" in installed.page()

    def test_one_that_hangs_is_started_again(self, installed):
        installed.drop_in("watchdog.conf", "[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\n")
        installed.run("systemctl", "restart", "ml_exporter")
        before = installed.property("MainPID")
        installed.run("sleep", "5")
        assert installed.property("MainPID") == before, "a healthy daemon was killed"
        installed.run("kill", f"-{signal.SIGSTOP}", before)
        installed.wait(lambda: installed.property("MainPID") not in (before, "0")
                       and installed.property("ActiveState") == "active", "the next start")

    def test_wrong_flags_are_reported_once(self, installed):
        installed.drop_in("flags.conf", "[Service]\nEnvironment=ARGS=--no-such-flag\n"
                                        "EnvironmentFile=\n")
        installed.run("systemctl", "restart", "ml_exporter", check=False)
        installed.wait(lambda: installed.property("ActiveState") == "failed", "the failure")
        assert installed.property("ExecMainStatus") == "2"
        assert installed.property("NRestarts") == "0"
        assert "unknown long flag '--no-such-flag'" in installed.journal()

    def test_flags_come_from_the_default_file(self, installed):
        default = installed.path("/etc/default/ml_exporter")
        text = default.read_text()
        default.write_text('ARGS="--web.listen-address=127.0.0.1:10199 '
                           '--collector.disable-defaults --collector.loadavg"\n')
        try:
            installed.run("systemctl", "restart", "ml_exporter")
            page = installed.shell("curl -sSf 127.0.0.1:10199/metrics")
            assert "node_load1 " in page and "node_cpu_seconds_total" not in page
        finally:
            default.write_text(text)

    def test_a_reload_reads_the_settings_file_again(self, installed):
        settings = installed.path("/etc/ml_exporter.yml")
        settings.write_text("{}\n")
        installed.drop_in("flags.conf", "[Service]\nEnvironmentFile=\n"
                                        "Environment=ARGS=--config.file=/etc/ml_exporter.yml\n")
        installed.run("systemctl", "restart", "ml_exporter")
        before = installed.property("MainPID")
        settings.write_text("nonsense: 1\n")
        installed.run("systemctl", "reload", "ml_exporter")
        installed.wait(lambda: "nonsense" in installed.journal(), "the mistake in the log")
        assert installed.property("MainPID") == before
        assert "ml_exporter_build_info" in installed.page()

    def test_it_ends_on_request(self, installed):
        installed.run("systemctl", "stop", "ml_exporter")
        assert installed.property("ExecMainStatus") == "0"
        assert installed.property("Result") == "success"

    def test_services_of_the_machine_push_to_it(self, installed):
        installed.run("sh", "-c", "id pusher || useradd --system --groups ml_exporter pusher")
        push = ["curl", "-sS", "--max-time", "20", "-H", "Content-Type: application/json",
                "-d", '{"model": "fraud", "duration_seconds": 0.01}']
        told = installed.run(*push, "http://127.0.0.1:10181/v1/events").stdout
        assert json.loads(told)["accepted"] == 1
        by_socket = ["setpriv", "--reuid=pusher", "--regid=pusher", "--init-groups", *push,
                     "--unix-socket", "/run/ml_exporter/push.sock", "http://localhost/v1/events"]
        for _ in range(2):
            assert json.loads(installed.run(*by_socket).stdout)["accepted"] == 1
            assert 'ml_requests_total{model="fraud"' in installed.page()
            # What a daemon that was killed leaves behind does not keep the next from listening.
            before = installed.property("MainPID")
            installed.run("kill", "-KILL", before)
            installed.wait(lambda: installed.property("MainPID") not in (before, "0")
                           and installed.property("ActiveState") == "active", "the next start")
        by_socket[1:3] = ["--reuid=nobody", "--regid=nogroup"]
        refused = installed.run(*by_socket, check=False)
        assert refused.returncode != 0 and refused.stdout == ""

    def test_a_restart_behind_the_socket_refuses_no_connection(self, installed):
        installed.drop_in("socket.conf", (DROP_INS / "socket.conf").read_text())
        installed.run("systemctl", "stop", "ml_exporter")
        installed.run("systemctl", "start", "ml_exporter.socket")
        assert installed.property("ActiveState") == "inactive"
        assert "ml_exporter_build_info" in installed.page(), "the first scrape starts it"
        answers = installed.shell("""
            (for _ in 1 2 3; do sleep 0.3; systemctl restart ml_exporter; done) & restarts=$!
            while kill -0 $restarts 2>/dev/null; do
                curl -s -o /dev/null -w '%{http_code}\\n' --max-time 20 127.0.0.1:10180/-/healthy
            done""").split()
        assert len(answers) > 10
        # 503 and a closed connection are what a draining daemon answers; 000 is a refusal.
        assert "000" not in answers and "200" in answers

    def test_a_restart_behind_the_push_sockets_refuses_no_push(self, installed):
        installed.run("systemctl", "stop", "ml_exporter")
        installed.run("systemctl", "start", "ml_exporter-push.socket")
        owner = installed.run("stat", "-c", "%U:%G %a", "/run/ml_exporter/push.sock").stdout
        assert owner.strip() == "root:ml_exporter 660"
        answers = installed.shell("""
            push() {
                curl -s -o /dev/null -w '%{http_code}\\n' --max-time 20 \\
                    -H 'Content-Type: application/json' -d '{"model": "fraud"}' \\
                    "$@"/v1/events || true
            }
            (for _ in 1 2 3; do sleep 0.3; systemctl restart ml_exporter; done) & restarts=$!
            while kill -0 $restarts 2>/dev/null; do
                push --unix-socket /run/ml_exporter/push.sock http://localhost
                push http://127.0.0.1:10181
            done""").split()
        assert len(answers) > 10
        assert "000" not in answers and "200" in answers

    def test_the_gpu_drop_in_opens_device_files(self, installed):
        installed.drop_in("gpu.conf", (DROP_INS / "gpu.conf").read_text())
        installed.run("systemctl", "restart", "ml_exporter")
        groups = installed.status()["Groups"].split()
        for name in ("video", "render"):
            assert installed.shell(f"getent group {name}").split(":")[2] in groups
        assert "ml_exporter_build_info" in installed.page()

    def test_what_a_producer_costs_takes_the_drop_in(self, installed):
        def shown() -> set[str]:
            """What the page tells of a process of another user that pushes and lives on."""
            installed.run("sh", "-c", "id pusher || useradd --system --groups ml_exporter pusher")
            producer = installed.shell(
                "setsid setpriv --reuid=pusher --regid=pusher --init-groups /usr/bin/python3 -c "
                f"'{PRODUCER}' >/work/pushed 2>&1 & echo $!").strip()
            try:
                installed.wait(lambda: "200 OK" in installed.path("/work/pushed").read_text(),
                               "an answer to the producer")
                return set(re.findall(
                    rf'^ml_producer_process_(\w+){{pid="{producer}"}}', installed.page(),
                    re.MULTILINE))
            finally:
                installed.run("kill", producer)

        without = shown()
        assert {"cpu_seconds_total", "resident_memory_bytes"} <= without
        installed.drop_in("producers.conf", (DROP_INS / "producers.conf").read_text())
        installed.run("systemctl", "restart", "ml_exporter")
        assert shown() - without == {"read_bytes_total", "written_bytes_total"}

    def test_the_producers_drop_in_gives_two_rights_and_hides_secrets(self, installed):
        installed.drop_in("producers.conf", (DROP_INS / "producers.conf").read_text())
        installed.run("systemctl", "restart", "ml_exporter")
        status = installed.status()
        reading = (1 << 19) | (1 << 2)  # CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == reading
        for path in ("/etc/shadow", "/root", "/etc/ssl/private"):
            inside = ["nsenter", "-t", installed.property("MainPID"), "-m", "stat", "-c", "%a", path]
            assert installed.run(*inside).stdout.strip() == "0", path
