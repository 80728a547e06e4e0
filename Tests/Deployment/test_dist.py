"""What `make dist` collects: the same bytes from two folders, a valid bill of materials, checksums that hold."""

import json
import os
import re
import shutil
import subprocess

import pytest

from files import BINARY, ROOT, accepted

EPOCH = "1795000000"


def collected(folder, package) -> dict[str, bytes]:
    """The release that a copy of the source in a folder collects of what is built already."""
    folder.mkdir()
    names = accepted("git", "ls-files", "-z", cwd=ROOT).split("\0") if (ROOT / ".git").exists() else []
    for name in names:
        if name and not name.startswith("Tests/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".build" / "release").mkdir(parents=True)
    shutil.copy(BINARY, folder / ".build" / "release" / "ml_exporter")
    for part, file in (("deb", package), ("wheel", next((ROOT / ".build" / "wheel").glob("*.whl")))):
        (folder / ".build" / part).mkdir()
        shutil.copy(file, folder / ".build" / part)
    # Other times, another mask: neither may show.
    done = subprocess.run(["bash", "-c", "umask 077; find . -exec touch -d 2001-02-03 {} +; deploy/dist/build"],
                          cwd=folder, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.name: path.read_bytes() for path in (folder / ".build" / "dist").iterdir()}


@pytest.fixture(scope="module")
def release(package, tmp_path_factory):
    if not (ROOT / ".git").exists():
        pytest.skip("a copy without git")
    if not list((ROOT / ".build" / "wheel").glob("*.whl")):
        pytest.skip("no wheel: make wheel")
    folder = tmp_path_factory.mktemp("dist")
    return (collected(folder / "one", package), collected(folder / "another-name", package),
            folder / "one" / ".build" / "dist")


def test_two_folders_give_the_same_bytes(release):
    one, another, _ = release
    assert set(one) == set(another) and len(one) == 5
    for name in one:
        assert one[name] == another[name], name


def test_the_checksums_hold(release):
    accepted("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=release[2])
    assert len((release[2] / "SHA256SUMS").read_text().splitlines()) == 4


def test_the_program_has_no_path_of_its_build(unpacked):
    program = (unpacked / "usr/bin/ml_exporter").read_bytes()
    for path in (ROOT, os.path.expanduser("~")):
        assert str(path).encode() + b"/" not in program


def test_the_hashes_of_incremental_builds_are_zeros(unpacked):
    """They are made of debugging data, which has the folder of the build in it."""
    dump = accepted("objdump", "-s", "-j", ".swift_modhash", unpacked / "usr/bin/ml_exporter")
    words = re.findall(r"^ [0-9a-f]+ ((?:[0-9a-f]{2,8} ){1,4})", dump, re.MULTILINE)
    assert words and not "".join(words).replace(" ", "").strip("0")


def test_the_tarball_runs_from_its_folder(release, tmp_path):
    accepted("tar", "-xf", *release[2].glob("*.tar.gz"), "-C", tmp_path)
    [folder] = tmp_path.iterdir()
    assert accepted(folder / "bin/ml_exporter", "--version").startswith("ml_exporter, version")
    for name in ("LICENSE", "README.md", "share/dashboards/host.json", "share/prometheus/rules/host.yml",
                 "systemd/ml_exporter.service", "doc/runbooks/HostCpuHigh.md", "man/man1/ml_exporter.1.gz"):
        assert (folder / name).is_file(), name
    owners = accepted("tar", "--numeric-owner", "-tvf", *release[2].glob("*.tar.gz"))
    assert all(" 0/0 " in line for line in owners.splitlines())


def test_the_bill_of_materials_is_valid_and_complete(release):
    [file] = release[2].glob("*.spdx.json")
    accepted("pyspdxtools", "--infile", file)
    content = json.loads(file.read_text())
    names = {package["name"] for package in content["packages"]}
    needed = re.findall(r"NEEDED +(\S+)", accepted("objdump", "-p", BINARY))
    for library in needed:
        owners = {line.split(":")[0] for line in accepted("dpkg", "-S", f"*/{library}").splitlines()}
        assert owners & names, f"{library}: {owners}"
    packages = re.findall(r"com/apple/([\w-]+)", (ROOT / "Package.swift").read_text())
    assert packages and set(packages) <= names
    assert content["creationInfo"]["created"] == "2026-11-18T11:06:40Z"
