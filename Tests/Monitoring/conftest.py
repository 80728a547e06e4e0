"""The demo's programs are the tests' programs; one small site serves all tests that look at panels."""

import contextlib
import pathlib
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "demo"))
# The stand-in for GPUs.
sys.path.append(str(ROOT / "Tests" / "EndToEnd"))

# Long enough that a rate over the window is about what was pushed.
WINDOW_SECONDS = 40


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A running site, and what was pushed before and after the window that the panels show."""
    import fleet
    with contextlib.ExitStack() as stack:
        running = fleet.start(tmp_path_factory.mktemp("site"), stack)
        time.sleep(5)
        running.before = running.moment()
        time.sleep(WINDOW_SECONDS)
        running.after = running.moment()
        yield running
