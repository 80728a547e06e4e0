"""`make demo` shows what it promises, and leaves nothing running."""

import pathlib
import re
import subprocess
import sys

from files import REPOSITORY


def test_the_demo_tells_each_incident_and_ends(tmp_path):
    done = subprocess.run([sys.executable, str(REPOSITORY / "deploy" / "demo")], cwd=tmp_path,
                          capture_output=True, text=True, timeout=900)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for alert, receiver in (("ModelErrorBudgetBurnFast", "ml-pager"),
                            ("ModelLatencyHigh", "ml-channel"),
                            ("ModelInputErrorsHigh", "ml-channel"),
                            ("ModelTrafficStopped", "ml-pager")):
        assert f"{alert} to {receiver}" in said, said
        assert f"{alert} is over" in said, said
    first, *_ = said.splitlines()
    assert "One second stands for a minute" in first
    for path in re.findall(r"Runbook: (\S+)", said):
        assert pathlib.Path(path).is_file(), path
    report = pathlib.Path(re.search(r"^Report: (.+)$", said, re.MULTILINE)[1])
    assert report.parent == tmp_path and "Incident 4 of 4" in report.read_text()
    assert "| firing | ModelLatencyHigh |" in report.read_text()
    # No link to a program that does not run.
    known = set(re.findall(r"^\w+ +http://([\d.:]+)", said, re.MULTILINE))
    assert set(re.findall(r"http://([\w.:]+)", said)) <= known and "ml-exporter.example" not in said
    pushed, counted = re.search(r"(\d+) requests were pushed; Prometheus counts (\d+)", said).groups()
    assert pushed == counted
    assert "Stopped. " in said.splitlines()[-1] and "DEMO=--keep" in said
    for port in re.findall(r"http://127\.0\.0\.1:(\d+)", said):
        answered = subprocess.run(["curl", "-s", "-m", "2", f"http://127.0.0.1:{port}/"],
                                  capture_output=True)
        assert answered.returncode == 7, f"something still listens on {port}"
