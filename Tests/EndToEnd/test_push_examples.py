"""Every example of docs/push.md, run as it stands but for the address."""

import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from pages import parse_text
from programs import REPOSITORY, free_port, wait_until

# Where the package lies that the examples import.
PACKAGE = str(REPOSITORY / "deploy" / "python" / "src")
DOCUMENT = (REPOSITORY / "docs" / "push.md").read_text()


def blocks() -> dict[str, str]:
    found = {}
    for code in re.findall(r"```(?:sh|python)\n(.*?)```", DOCUMENT, re.S):
        # How the package is installed is tested where it is built.
        if code.startswith("make wheel\n"):
            continue
        kind, name = re.match(r"# (file|run): (\S+)\n", code).groups()
        found[name] = code.split("\n", 1)[1] if kind == "file" else code
    return found


BLOCKS = blocks()


@pytest.fixture
def place(start, tmp_path):
    """A daemon, and a folder with the examples pointed at it."""
    socket = tmp_path / "push.sock"
    daemon = start.daemon(f"--push.socket={socket}")
    daemon.url = f"unix:{socket}"
    for name, code in BLOCKS.items():
        code = code.replace("127.0.0.1:10181", daemon.push_address)
        code = code.replace("/run/ml_exporter/push.sock", str(socket))
        (tmp_path / name).write_text(code)
    return daemon, tmp_path


def environment(daemon, **more: str) -> dict[str, str]:
    """That of a process that imports the client and pushes to this daemon."""
    return {**os.environ, "PYTHONPATH": PACKAGE, "ML_EXPORTER_URL": daemon.url, **more}


def run(folder: pathlib.Path, *arguments: str, **variables: str) -> str:
    done = subprocess.run(arguments, cwd=folder, env={**os.environ, **variables},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def samples(daemon, name: str) -> list[tuple[dict, float]]:
    page = parse_text(daemon.get("/metrics?collect[]=models").body)
    return [(dict(labels), value) for labels, value in page.named(name).items()]


def requests(daemon, **labels) -> float:
    """The sum of ml_requests_total over the series with these labels."""
    return sum(value for got, value in samples(daemon, "ml_requests_total")
               if all(got.get(name) == want for name, want in labels.items()))


def test_these_are_all_examples():
    assert set(BLOCKS) == {
        "curl", "socket", "many", "measured.py", "with_requests.py", "fastapi_service.py",
        "flask_service.py", "job.sh"}


@pytest.mark.parametrize("name, ok, timeouts", [("curl", 1, 0), ("socket", 1, 0), ("many", 42, 1)])
def test_a_line_of_curl(place, name, ok, timeouts):
    daemon, folder = place
    assert '"rejected":0' in run(folder, "sh", name)
    assert requests(daemon, model="fraud", version="3", outcome="ok") == ok
    assert requests(daemon, model="fraud", version="3", outcome="timeout") == timeouts


def test_the_client_measures_requests(place):
    daemon, folder = place
    run(folder, sys.executable, "measured.py", **environment(daemon))
    assert requests(daemon, model="fraud", outcome="ok") == 100
    values = samples(daemon, "ml_feature_values_total")
    assert {(got["feature"], value) for got, value in values} == {("amount", 100), ("country", 100)}


def test_requests(place):
    daemon, folder = place
    run(folder, sys.executable, "with_requests.py")
    assert requests(daemon, model="fraud", outcome="ok") == 1
    assert requests(daemon, model="fraud", outcome="timeout") == 1


def serve(daemon, folder: pathlib.Path, arguments: list[str], port: int, count: int):
    """Runs a service, asks it for predictions and ends it in good order."""
    with open(folder / "service.log", "wb") as log:
        service = subprocess.Popen([sys.executable, "-m", *arguments], cwd=folder, stdout=log,
                                   stderr=log, env=environment(daemon))
    try:
        def ask(amount: str) -> int:
            try:
                url = f"http://127.0.0.1:{port}/predict?amount={amount}"
                with urllib.request.urlopen(url, timeout=5) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code
            except OSError:
                return 0

        wait_until(lambda: ask("1") == 200, 30, (folder / "service.log").read_text())
        for number in range(count - 1):
            assert ask(str(number)) == 200
        assert ask("much") in (400, 422, 500)
    finally:
        service.terminate()
        service.wait(20)


def test_fastapi(place):
    daemon, folder = place
    port = free_port()
    serve(daemon, folder, ["uvicorn", "fastapi_service:app", "--port", str(port)], port, 20)
    assert requests(daemon, model="fraud", outcome="ok") == 20
    assert requests(daemon, model="fraud", outcome="client_error") == 1


@pytest.mark.parametrize("more", [[], ["--preload"]])
def test_the_workers_of_gunicorn_add_up(place, more):
    daemon, folder = place
    port = free_port()
    serve(daemon, folder, ["gunicorn", "--workers", "3", "--bind", f"127.0.0.1:{port}", *more,
                           "flask_service:app"], port, 40)
    wait_until(lambda: requests(daemon, model="fraud", outcome="ok") == 40, 10,
               f"{requests(daemon, model='fraud', outcome='ok')} of 40")
    assert requests(daemon, model="fraud", outcome="server_error") == 1


def test_a_shell_job(place):
    daemon, folder = place
    (folder / "bin").mkdir()
    (folder / "bin" / "train").write_text("#!/bin/sh\nexit 0\n")
    (folder / "bin" / "train").chmod(0o755)
    run(folder, "sh", "job.sh", PATH=f"{folder}/bin:{os.environ['PATH']}")
    [(labels, value)] = samples(daemon, "ml_training_last_success_timestamp_seconds")
    assert labels["model"] == "fraud" and abs(value - time.time()) < 60
