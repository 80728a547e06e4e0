"""What is deployed, as these tests look at it."""

import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "ml_exporter.service"
BINARY = pathlib.Path(os.environ.get("ML_EXPORTER", ROOT / ".build/release/ml_exporter"))


def ran(*command, **options) -> subprocess.CompletedProcess:
    """Runs a command of this machine or of the tests' own virtual environment."""
    own = pathlib.Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{own}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, env=environment, **options)


def accepted(*command, **options) -> str:
    """What a command prints that has to succeed."""
    result = ran(*command, **options)
    assert result.returncode == 0, f"{shlex.join(map(str, command))}\n{result.stdout}{result.stderr}"
    return result.stdout


def assignments(text: str) -> list[tuple[str, str]]:
    """Names and values of a unit file or a file of shell variables, in order."""
    lines = (line.strip() for line in text.splitlines())
    return [tuple(line.split("=", 1)) for line in lines
            if "=" in line and not line.startswith(("#", "["))]
