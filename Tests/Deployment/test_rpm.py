"""The RPM package: what it brings is what the Debian package brings, and its scripts keep the sockets."""

import re
import shutil

import pytest

from files import BINARY, DEPLOY, ROOT, accepted, ran

SPEC = DEPLOY / "rpm" / "ml_exporter.spec"
SOCKETS = {"ml_exporter.socket", "ml_exporter-push.socket"}


@pytest.fixture(scope="module")
def rpm():
    for tool in ("rpmbuild", "rpmlint"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    if not (ROOT / ".git").exists():
        pytest.skip("a copy without git")
    [path] = accepted(DEPLOY / "rpm" / "build").split()
    return path


def scripts(path) -> dict[str, str]:
    """The scripts by when they run."""
    parts = re.split(r"^(\w+) scriptlet \(using /bin/sh\):\n", accepted("rpm", "-qp", "--scripts", path),
                     flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def test_rpmlint_has_no_complaint(rpm):
    told = accepted("rpmlint", "-c", DEPLOY / "rpm" / "rpmlint.toml", SPEC, rpm)
    assert "0 errors, 0 warnings" in told, told


def test_it_brings_what_the_debian_package_brings(rpm, unpacked):
    ours = {line for line in accepted("rpm", "-qpl", rpm).splitlines()
            if not line.startswith(("/usr/share/doc/", "/usr/share/licenses/", "/usr/lib/.build-id"))}
    theirs = set()
    for path in unpacked.rglob("*"):
        name = "/" + str(path.relative_to(unpacked))
        if path.is_dir() or name.startswith(("/usr/share/doc/", "/usr/share/lintian/")):
            continue
        theirs.add("/usr" + name if name.startswith("/lib/") else name)
    directories = {path for path in ours if any(other.startswith(path + "/") for other in ours)}
    assert ours - directories == theirs


def test_runbooks_are_where_alerts_link_to(rpm):
    listed = accepted("rpm", "-qpl", rpm).splitlines()
    assert "/usr/share/doc/ml-exporter/runbooks/HostCpuHigh.md" in listed


def test_the_version_is_that_of_the_program(rpm):
    version = re.search(r"version (\S+)", accepted(BINARY, "--version"))[1]
    assert accepted("rpm", "-qp", "--qf", "%{VERSION}", rpm) == version


def test_settings_of_the_administrator_survive_an_upgrade(rpm):
    assert accepted("rpm", "-qp", "--configfiles", rpm).split() == ["/etc/default/ml_exporter"]
    assert "%config(noreplace) %{_sysconfdir}/default/ml_exporter" in SPEC.read_text()


def played(script: str, argument: int, tmp_path) -> list[str]:
    """The calls of systemctl that a script makes."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    for tool in ("systemctl", "systemd-sysusers", "systemd-tmpfiles"):
        (folder / tool).write_text(f"#!/bin/sh\necho {tool} \"$@\"\n")
        (folder / tool).chmod(0o755)
    result = ran("env", f"PATH={folder}:/usr/bin:/bin", "sh", "-ec", script, "script", argument)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_an_upgrade_renews_the_daemon_and_leaves_the_sockets(rpm, tmp_path):
    found = scripts(rpm)
    calls = (played(found["postinstall"], 2, tmp_path) + played(found["preuninstall"], 1, tmp_path)
             + played(found["postuninstall"], 1, tmp_path))
    assert "systemctl try-restart ml_exporter.service" in calls
    assert not [call for call in calls if "socket" in call]


def test_a_removal_ends_the_sockets_before_the_daemon(rpm, tmp_path):
    calls = played(scripts(rpm)["preuninstall"], 0, tmp_path)
    assert SOCKETS <= set(calls[0].split()) and "--now" in calls[0]
    assert calls[1].endswith("ml_exporter.service")
    assert not [call for call in played(scripts(rpm)["postuninstall"], 0, tmp_path)
                if "restart" in call]


def test_a_compiled_package_is_built_as_the_release_is():
    """The flags of the Makefile, without those that only a Makefile can have."""
    makefile = (ROOT / "Makefile").read_text()
    flags = re.search(r"^RELEASE := (.*)$", makefile, re.MULTILINE)[1]
    spec = re.sub(r"\\\n\s*", "", SPEC.read_text()).replace(" --disable-local-rpath", "")
    assert f"swift build {flags}" in spec
