"""What is, and what must not be, in the release binary."""

import re
import subprocess

import pytest

from programs import binary, has

# Mangled names say the module as its length and its name: 10Foundation is the full one,
# 20FoundationEssentials the small one that ArgumentParser brings.
FULL_FOUNDATION = re.compile(r"(?<![0-9])10Foundation")
CORE_FOUNDATION = re.compile(r"\b_?(CFRuntime|CFString|CFBundle|_?CFRunLoop)[A-Za-z]*")
ICU = re.compile(r"\b_ZN[KO]?\d+icu")


def symbols(*arguments: str) -> str:
    return subprocess.run(["nm", *arguments], capture_output=True, text=True, timeout=120).stdout


def toolchain_libraries() -> str | None:
    """The folder of the toolchain's shared libraries."""
    if not has("swiftc"):
        return None
    info = subprocess.run(["swiftc", "-print-target-info"], capture_output=True, text=True,
                          timeout=60).stdout
    match = re.search(r'"(/[^"]+/lib/swift)"', info)
    return f"{match.group(1)}/linux" if match else None


def test_the_full_foundation_is_not_in_the_binary():
    found = symbols(binary())
    assert "6Kernel" in found and "FoundationEssentials" in found, "the binary is stripped"
    for pattern in (FULL_FOUNDATION, CORE_FOUNDATION, ICU):
        assert not pattern.search(found), pattern.search(found).group(0)


def test_the_patterns_would_find_the_full_foundation():
    folder = toolchain_libraries()
    if folder is None:
        pytest.skip("no Swift toolchain here")
    foundation = symbols("-D", f"{folder}/libFoundation.so")
    assert FULL_FOUNDATION.search(foundation) and CORE_FOUNDATION.search(foundation)
    assert ICU.search(symbols("-D", f"{folder}/lib_FoundationICU.so"))


def test_no_swift_library_is_needed_at_run_time():
    output = subprocess.run(["readelf", "-d", binary()], capture_output=True, text=True,
                            check=True, timeout=60).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output)
    assert any(name.startswith("libmicrohttpd") for name in needed), needed
    assert not [n for n in needed if re.match(r"lib(swift|Foundation|_Foundation|dispatch)", n)]
