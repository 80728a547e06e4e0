"""Starts what a test asks for and ends all of it by process id."""

import os
import pathlib

import pytest

import clocks
from programs import (
    Daemon, FIXTURES, NINE, NodeExporter, Prometheus, Pushgateway, binary, only, tree_flags)


def pytest_sessionstart(session):
    if not os.access(binary(), os.X_OK):
        pytest.exit(f"{binary()} is not there; build it with `make release`", returncode=2)


class Starter:
    """Starts programs below one folder; whatever still runs at the end is stopped."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.running = []

    def daemon(self, *flags: str, tree: str | pathlib.Path | None = None, collectors=NINE,
               **options) -> Daemon:
        """Our daemon; with `tree`, a fixture's name or a folder stands for the machine.

        Most trees hold what the nine collectors read, so only those are on then.
        """
        if tree is not None:
            flags = (*only(collectors), *tree_flags(FIXTURES / tree), *flags)
        log = self.folder / f"daemon-{len(self.running)}.log"
        return self.keep(Daemon(log, *flags, **options))

    def peer(self, *flags: str, collectors=NINE) -> NodeExporter:
        log = self.folder / f"peer-{len(self.running)}.log"
        return self.keep(NodeExporter(log, *only(collectors), *flags))

    def pushgateway(self, *flags: str) -> Pushgateway:
        log = self.folder / f"pushgateway-{len(self.running)}.log"
        return self.keep(Pushgateway(log, *flags))

    def prometheus(self, job: dict[str, str], *flags: str, **options) -> Prometheus:
        return self.keep(Prometheus(self.folder, job, *flags, **options))

    def keep(self, program):
        self.running.append(program)
        return program

    def close(self):
        statuses = [
            (program, alive, program.stop())
            for program in self.running if (alive := program.alive) or True
        ]
        for program, alive, status in statuses:
            # A daemon that was alive must have left in good order.
            if isinstance(program, Daemon) and alive:
                assert status == 0, f"exit status {status}\n{program.log}"


@pytest.fixture
def start(tmp_path):
    starter = Starter(tmp_path)
    yield starter
    starter.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """As `start`, for programs that a whole file of tests shares."""
    starter = Starter(tmp_path_factory.mktemp("shared"))
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def clock_library(tmp_path_factory):
    return clocks.built(tmp_path_factory.mktemp("library"))


@pytest.fixture
def clock(tmp_path, clock_library):
    return clocks.Clock(tmp_path, clock_library)
