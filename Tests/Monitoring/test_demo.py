"""`make demo` shows what it promises, and leaves nothing running."""

import re
import subprocess
import sys

from files import REPOSITORY


def test_the_demo_tells_each_incident_and_ends():
    done = subprocess.run([sys.executable, str(REPOSITORY / "deploy" / "demo")],
                          capture_output=True, text=True, timeout=900)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for alert, receiver in (("ModelErrorBudgetBurnFast", "ml-pager"),
                            ("ModelLatencyHigh", "ml-channel"),
                            ("ModelInputErrorsHigh", "ml-channel"),
                            ("ModelTrafficStopped", "ml-pager")):
        assert f"{alert} to {receiver}" in said, said
        assert f"{alert} is over" in said, said
    pushed, counted = re.search(r"(\d+) requests were pushed; Prometheus counts (\d+)", said).groups()
    assert pushed == counted
    assert said.rstrip().endswith("stopped")
    for port in re.findall(r"http://127\.0\.0\.1:(\d+)", said):
        answered = subprocess.run(["curl", "-s", "-m", "2", f"http://127.0.0.1:{port}/"],
                                  capture_output=True)
        assert answered.returncode == 7, f"something still listens on {port}"
