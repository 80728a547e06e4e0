"""The unit of podman's quadlet, which Debian 12's podman 4.3 does not read yet: its keys and flags."""

import re

import yaml

from files import BINARY, DEPLOY, accepted, assignments

QUADLET = DEPLOY / "podman" / "ml_exporter.container"
# Of podman-systemd.unit(5), 4.4 and newer.
KEYS = {"AddDevice", "ContainerName", "DropCapability", "Exec", "Image", "Network",
        "NoNewPrivileges", "PodmanArgs", "ReadOnly", "SecurityLabelDisable", "Volume"}


def section(name: str) -> list[tuple[str, str]]:
    text = re.search(rf"^\[{name}\]\n(.*?)(?=^\[|\Z)", QUADLET.read_text(), re.MULTILINE | re.DOTALL)
    return assignments(text[1])


def test_every_key_is_one_that_quadlet_knows():
    assert {key for key, _ in section("Container")} <= KEYS


def test_the_daemon_takes_its_flags():
    accepted(BINARY, "check-config", *dict(section("Container"))["Exec"].split())


def test_it_looks_at_the_machine_as_the_composition_does():
    compose = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
    flags = compose["services"]["ml_exporter"]["command"]
    paths = {flag for flag in flags if flag.startswith(("--path.", "--storage."))}
    assert paths <= set(dict(section("Container"))["Exec"].split())
    volumes = {value for key, value in section("Container") if key == "Volume"}
    assert "/:/host:ro,rslave" in volumes
    assert dict(section("Container"))["DropCapability"] == "all"
    assert dict(section("Container"))["SecurityLabelDisable"] == "true"


def test_podman_waits_as_long_as_the_unit_and_systemd_longer():
    unit = dict(assignments((DEPLOY / "systemd/ml_exporter.service").read_text()))
    longest = int(unit["TimeoutStopSec"].removesuffix("s"))
    given = re.search(r"--stop-timeout=(\d+)", dict(section("Container"))["PodmanArgs"])[1]
    assert int(given) >= longest
    assert int(dict(section("Service"))["TimeoutStopSec"].removesuffix("s")) > int(given)


def test_the_rest_of_it_is_a_unit_without_mistakes(tmp_path):
    """What is not quadlet's own systemd reads; podman adds ExecStart=."""
    text = re.sub(r"^\[Container\]\n.*?(?=^\[)", "", QUADLET.read_text(), flags=re.MULTILINE | re.DOTALL)
    unit = tmp_path / "ml_exporter.service"
    unit.write_text(text.replace("[Service]\n", "[Service]\nExecStart=/bin/true\n"))
    told = accepted("sh", "-c", f"systemd-analyze verify --man=no {unit} 2>&1")
    assert "ml_exporter" not in told
