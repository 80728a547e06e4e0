"""The Debian package: what it brings, and that it comes, is renewed and goes without loss."""

import hashlib
import http.client
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time

import pytest

from files import BINARY, DEPLOY, ROOT, accepted, assignments, ran
from packages import repacked

PIECES = (
    "etc/default/ml_exporter",
    "lib/systemd/system/ml_exporter.service",
    "lib/systemd/system/ml_exporter.socket",
    "lib/systemd/system/ml_exporter-push.socket",
    "usr/bin/ml_exporter",
    "usr/lib/sysusers.d/ml_exporter.conf",
    "usr/lib/tmpfiles.d/ml_exporter.conf",
    "usr/share/doc/ml-exporter/copyright",
    "usr/share/doc/ml-exporter/changelog.gz",
    "usr/share/doc/ml-exporter/changelog.Debian.gz",
    "usr/share/man/man1/ml_exporter.1.gz",
)


def test_lintian_has_no_complaint(package):
    accepted("lintian", "--fail-on", "error,warning", package.with_suffix(".changes"))


def test_it_brings_what_running_needs(unpacked):
    for piece in PIECES:
        assert (unpacked / piece).is_file(), piece


def test_it_brings_what_prometheus_and_grafana_need(unpacked):
    share = unpacked / "usr/share/ml_exporter"
    for source, target in ((ROOT / "dashboards", "dashboards"),
                           (DEPLOY / "perses", "perses"),
                           (DEPLOY / "prometheus", "prometheus"),
                           (DEPLOY / "alertmanager", "alertmanager"),
                           (DEPLOY / "grafana", "grafana"),
                           (DEPLOY / "systemd" / "drop-ins", "systemd")):
        wanted = {path.relative_to(source): path.read_bytes()
                  for pattern in ("*.json", "*.yml", "*.yaml", "*.conf", "*.tmpl")
                  for path in source.rglob(pattern)}
        if target == "dashboards":
            wanted = {path: text for path, text in wanted.items() if path.suffix == ".json"}
        assert wanted, f"{source} is empty"
        for path, text in wanted.items():
            assert (share / target / path).read_bytes() == text, f"{target}/{path}"


def test_it_brings_no_secrets_and_nothing_else_that_lies_about(tmp_path):
    """The part of the build that copies configurations, on a tree with a site's own files in it."""
    source, stage = tmp_path / "source", tmp_path / "stage"
    for folder in ("deploy", "dashboards", "docs"):
        shutil.copytree(ROOT / folder, source / folder)
    stray = ("deploy/alertmanager/secrets/smtp-password", "deploy/prometheus/secrets/token.yml",
             "deploy/prometheus/.prometheus.yml.swp", "deploy/grafana/grafana.db",
             "deploy/prometheus/rules/host.yml~", "docs/.notes.md", "docs/draft.odt")
    for name in stray:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("hush")
    text = (DEPLOY / "debian/build").read_text()
    part = text[text.index("# Known kinds of files only"):text.index("deploy/debian/manual \"")]
    accepted("bash", "-euc", f"stage={stage}; mkdir $stage; {part}", cwd=source)
    brought = {path for path in stage.rglob("*") if path.is_file()}
    assert len(brought) > 50
    assert not [path for path in brought if path.read_bytes() == b"hush"]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a copy without git")
def test_git_ignores_secrets():
    for name in ("deploy/alertmanager/secrets/smtp-password", "deploy/prometheus/secrets/token"):
        assert accepted("git", "check-ignore", name, cwd=ROOT).strip() == name


def test_nothing_in_it_is_open_to_writers(unpacked):
    for folder, _, files in os.walk(unpacked):
        for name in files:
            assert os.lstat(os.path.join(folder, name)).st_mode & 0o7022 == 0, name


def test_only_the_default_file_is_configuration(package):
    assert accepted("dpkg-deb", "--info", package, "conffiles").split() == [
        "/etc/default/ml_exporter"]


def test_the_libraries_that_it_loads_are_its_dependencies(package, unpacked):
    needed = accepted("objdump", "-p", unpacked / "usr/bin/ml_exporter")
    depends = set(re.findall(r"(?:^|[,|] )([\w.+-]+)",
                             accepted("dpkg-deb", "--field", package, "Depends")))
    for library in re.findall(r"NEEDED +(\S+)", needed):
        owners = {line.split(":")[0] for line in
                  accepted("dpkg", "-S", f"*/{library}").splitlines()}
        assert owners & depends, f"{library}: {owners}"


def test_the_program_is_stripped_and_hardened(unpacked):
    headers = accepted("readelf", "-hldW", unpacked / "usr/bin/ml_exporter")
    assert "DYN (Position-Independent Executable" in headers
    assert "GNU_RELRO" in headers and "NOW" in headers
    assert re.search(r"GNU_STACK.* RW +0x", headers)
    assert "no symbols" in ran("nm", unpacked / "usr/bin/ml_exporter").stderr


def test_the_manual_tells_every_flag(unpacked):
    page = unpacked / "usr/share/man/man1/ml_exporter.1.gz"
    text = accepted("sh", "-c", f"zcat {page} | man -l - | col -b", cwd=unpacked)
    flags = set(re.findall(r"^  (--[\w.-]+)", accepted(BINARY, "--help"), re.MULTILINE))
    assert len(flags) > 20
    missing = {flag for flag in flags if flag not in re.sub(r"\s+", " ", text)}
    assert not missing
    version = re.search(r"version (\S+)", accepted(BINARY, "--version"))[1]
    assert f"ml_exporter {version}" in text


def test_the_same_source_gives_the_same_package(package):
    before = hashlib.sha256(package.read_bytes()).hexdigest()
    accepted(DEPLOY / "debian" / "build")
    assert hashlib.sha256(package.read_bytes()).hexdigest() == before


def test_the_program_of_the_package_serves(unpacked, tmp_path):
    """Without systemd: the unit's own command line, in a working directory as the unit makes."""
    unit = dict(assignments((unpacked / "lib/systemd/system/ml_exporter.service").read_text()))
    defaults = dict(assignments((unpacked / "etc/default/ml_exporter").read_text()))
    given = " ".join(shlex.split(defaults["ARGS"]))
    arguments = shlex.split(unit["ExecStart"].replace("$ARGS", given))
    assert arguments[0] == "/usr/bin/ml_exporter"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log"
    with open(log, "wb") as sink:
        daemon = subprocess.Popen(
            [str(unpacked / "usr/bin/ml_exporter"), *arguments[1:],
             f"--web.listen-address=127.0.0.1:{port}", f"--storage.path={tmp_path}/data"],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
    try:
        end = time.monotonic() + 20
        while True:
            assert daemon.poll() is None and time.monotonic() < end, log.read_text()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                page = answer.read().decode()
                break
            except OSError:
                time.sleep(0.05)
        assert answer.status == 200
        revision = re.search(r"revision ([\w-]+)", accepted(BINARY, "--version"))[1]
        assert f'revision="{revision.replace("unknown", "")}"' in page
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0, log.read_text()


def newer(package, folder, version: str):
    """The package again under a higher version, its unit with a line that tells it."""
    def change(tree):
        unit = tree / "lib/systemd/system/ml_exporter.service"
        unit.write_text(
            unit.read_text().replace("[Service]\n", "[Service]\nEnvironment=NEWER=yes\n"))
    return repacked(package, folder, version, change)


class TestLife:
    """Installed, renewed, removed, purged: one story on one machine, so the order counts."""

    def test_1_installing_starts_it(self, installed):
        assert installed.property("ActiveState") == "active"
        assert installed.run("systemctl", "is-enabled", "ml_exporter").stdout.strip() == "enabled"
        assert "ml_exporter_build_info" in installed.page()
        assert installed.run("man", "-w", "ml_exporter").stdout.strip().endswith(".1.gz")

    def test_2_producers_find_the_directory_of_the_socket(self, installed):
        owner = installed.run("stat", "-c", "%U:%G %a", "/run/ml_exporter").stdout.strip()
        assert owner == "ml_exporter:ml_exporter 755"

    def test_3_upgrading_keeps_state_and_settings(self, installed, package, tmp_path):
        state = installed.path("/var/lib/ml_exporter/data")
        state.mkdir()
        (state / "journal").write_text("acknowledged\n")
        journal = installed.path("/var/lib/ml_exporter/journal.db")
        number = journal.stat().st_ino
        installed.shell("""curl -sSf -H 'Content-Type: application/json' -d '{"model":"kept"}' \
            localhost:10181/v1/events""")
        default = installed.path("/etc/default/ml_exporter")
        default.write_text(default.read_text() + "# changed by its owner\n")
        before = installed.property("MainPID")
        installed.install(newer(package, tmp_path, "9.0-1"))
        assert installed.property("MainPID") not in (before, "0")
        environment = installed.path(f"/proc/{installed.property('MainPID')}/environ").read_bytes()
        assert b"NEWER=yes" in environment.split(b"\0")
        assert (state / "journal").read_text() == "acknowledged\n"
        assert journal.stat().st_ino == number
        assert 'ml_requests_total{model="kept",outcome="ok",version="unversioned"} 1' \
            in installed.page()
        assert "# changed by its owner" in default.read_text()
        assert "ml_exporter_build_info" in installed.page()

    def test_4_a_stopped_and_disabled_daemon_stays_so(self, installed, package, tmp_path):
        installed.run("systemctl", "disable", "ml_exporter")
        installed.install(newer(package, tmp_path, "9.1-1"))
        enabled = installed.run("systemctl", "is-enabled", "ml_exporter", check=False)
        assert enabled.stdout.strip() == "disabled"

    def test_5_removing_keeps_state_and_settings(self, installed):
        installed.run("dpkg", "-r", "ml-exporter")
        assert installed.property("ActiveState") == "inactive"
        assert installed.path("/var/lib/ml_exporter/data/journal").exists()
        assert installed.path("/var/lib/ml_exporter/journal.db").exists()
        assert installed.path("/etc/default/ml_exporter").exists()
        assert not installed.path("/usr/bin/ml_exporter").exists()

    def test_6_it_comes_back_to_them(self, installed, package):
        installed.install(package)
        assert installed.path("/var/lib/ml_exporter/data/journal").read_text() == "acknowledged\n"
        assert "# changed by its owner" in installed.path("/etc/default/ml_exporter").read_text()

    def test_7_purging_leaves_nothing_behind(self, installed):
        installed.run("dpkg", "-P", "ml-exporter")
        for path in ("/var/lib/ml_exporter", "/run/ml_exporter", "/etc/default/ml_exporter",
                     "/etc/systemd/system/multi-user.target.wants/ml_exporter.service"):
            assert not installed.path(path).exists(), path
