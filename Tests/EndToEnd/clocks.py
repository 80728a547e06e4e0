"""Clocks of a daemon that tests set and let run ahead."""

import mmap
import os
import pathlib
import shutil
import struct
import subprocess
import time

import pytest

SOURCE = pathlib.Path(__file__).with_name("shift_clock.c")


def built(folder: pathlib.Path) -> pathlib.Path:
    """The library that shifts the clocks of a program."""
    if not shutil.which("gcc"):
        pytest.skip(f"no gcc to build {SOURCE.name}")
    library = folder / "shift_clock.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    return library


class Clock:
    """The clocks of the daemons that are started with `environment`."""

    def __init__(self, folder: pathlib.Path, library: pathlib.Path):
        file = folder / "clock"
        file.write_bytes(bytes(16))
        with open(file, "r+b") as writing:
            self.page = mmap.mmap(writing.fileno(), 16)
        self.environment = {**os.environ, "LD_PRELOAD": str(library), "SHIFT_CLOCK": str(file)}
        self.passed, self.moved = 0, 0

    def let_pass(self, seconds: int):
        """Lets so much time pass at once, by all clocks."""
        self.passed += seconds
        self.write()

    def set(self, seconds: int):
        """Sets the real-time clock so many seconds from the true time."""
        self.moved = seconds
        self.write()

    def write(self):
        self.page[:] = struct.pack("<qq", self.passed, self.moved)

    @property
    def now(self) -> float:
        """The daemon's real time."""
        return time.time() + self.passed + self.moved
