"""The notebook-style example, run as a script."""

import os
import re
import subprocess
import sys

from conftest import ROOT, total


def test_the_example_shows_what_it_has_sent(daemon):
    package = ROOT / "deploy" / "python"
    done = subprocess.run(
        [sys.executable, package / "examples" / "fraud.py"], capture_output=True, text=True,
        timeout=120, env={**os.environ, "PYTHONPATH": str(package / "src"),
                          "ML_EXPORTER_URL": f"http://{daemon.push_address}",
                          "ML_EXPORTER_METRICS": f"http://{daemon.address}/metrics"})
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    # 200 requests, 800 rows of the frame, 800 of the wrapped estimator; each shown when it was sent.
    shown = [float(value) for value in re.findall(
        r'ml_requests_total\{model="fraud",outcome="ok",version="3"\} (\S+)', done.stdout)]
    assert shown == [200, 1000]
    assert total(daemon, "ml_requests_total", model="fraud", version="4", outcome="ok") == 800
    assert total(daemon, "ml_requests_total", model="fraud", version="3", outcome="server_error") == 1
    for series in (r'ml_training_metric\{metric="auc",model="fraud",split="validation"\} 0\.[6-9]',
                   r'ml_training_feature_importance\{feature="amount",model="fraud"\} 0\.\d',
                   r'ml_feature_missing_total\{feature="age",model="fraud",version="3"\} [1-9]',
                   r'ml_business_value\{.*prevented_losses'):
        assert re.search(series, done.stdout), (series, done.stdout)
    assert "rejected=0" in done.stdout and "dropped={}" in done.stdout
