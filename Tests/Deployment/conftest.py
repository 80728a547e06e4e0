"""The package that `make deb` has built, and machines to install it on."""

import pytest

import machine as machines
from files import ROOT, accepted


@pytest.fixture(scope="session")
def package():
    """The Debian package."""
    found = sorted((ROOT / ".build" / "deb").glob("ml-exporter_*_amd64.deb"))
    if len(found) != 1:
        pytest.exit(f"{len(found)} packages below .build/deb: run `make deb`", returncode=2)
    return found[0]


@pytest.fixture(scope="session")
def unpacked(package, tmp_path_factory):
    """The files of the package below a directory, nothing installed."""
    folder = tmp_path_factory.mktemp("unpacked")
    accepted("dpkg-deb", "-x", package, folder)
    return folder


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine with systemd that may be broken; gone after the tests of one file."""
    if reason := machines.why_not():
        pytest.skip(f"no machine with systemd: {reason}")
    made = machines.Machine(tmp_path_factory.mktemp("machine"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def installed(machine, package):
    """A machine that the package was installed on."""
    machine.install(package)
    return machine
