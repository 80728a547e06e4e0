"""Every example of docs/python.md, run as it stands."""

import ast
import importlib
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from conftest import ROOT, samples, total
from programs import free_port, wait_until

import ml_exporter_client.report
from ml_exporter_client import Monitor, fields

DOCUMENT = (ROOT / "docs" / "python.md").read_text()
PACKAGE = ROOT / "deploy" / "python" / "src"
BLOCKS = dict(re.findall(r"```python\n# file: (\S+)\n(.*?)```", DOCUMENT, re.S))


@pytest.fixture
def run(daemon, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE),
                   "ML_EXPORTER_URL": f"http://{daemon.push_address}"}
    for name, code in BLOCKS.items():
        (tmp_path / name).write_text(code)

    def begin(*arguments, **more):
        done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, text=True, timeout=120,
                              capture_output=True, env={**environment, **more})
        assert done.returncode == 0 and "ml_exporter" not in done.stderr, done.stderr
        return done.stdout

    begin.folder, begin.environment = tmp_path, environment
    return begin


def test_all_examples_are_run_here_or_with_the_frameworks():
    assert set(BLOCKS) == {
        "requests_of_a_service.py", "batch.py", "train.py", "boosting.py", "keras_training.py",
        "with_starlette.py", "llm.py"}
    # test_frameworks.py runs it.
    ast.parse(BLOCKS["keras_training.py"])


def test_requests(daemon, run):
    run("requests_of_a_service.py")
    assert samples(daemon, "ml_requests_total", model="fraud", version="3", outcome="ok") == {
        (): 100, (("variant", "challenger"),): 100}
    assert total(daemon, "ml_request_errors_total", model="fraud", reason="ValueError") == 1
    assert samples(daemon, "ml_request_stage_duration_seconds_count", model="fraud", version="3") == {
        (("stage", "preprocess"),): 101, (("stage", "inference"),): 100}


def test_batch(daemon, run):
    before = total(daemon, "ml_labels_received_total", model="fraud")
    requests = total(daemon, "ml_requests_total", model="fraud", outcome="ok")
    run("batch.py")
    assert total(daemon, "ml_labels_received_total", model="fraud") - before == 3
    assert total(daemon, "ml_requests_total", model="fraud", outcome="ok") - requests == 3


def test_training(daemon, run):
    run("train.py")
    assert total(daemon, "ml_training_rows", model="fraud") == 120_000
    assert total(daemon, "ml_training_metric", model="fraud", split="validation") == 0.9
    assert total(daemon, "ml_business_target", kpi="weekly_profit") == 1_000_000
    assert total(daemon, "ml_business_value_total", kpi="chargebacks") == 35.5


def test_boosting(daemon, run):
    run("boosting.py")
    for model in ("with-lightgbm", "with-xgboost"):
        assert total(daemon, "ml_training_metric", model=model, split="validation", metric="auc") > 0.8
        assert total(daemon, "ml_training_step", model=model) == 5
    assert total(daemon, "ml_requests_total", model="with-sklearn", version="1", outcome="ok") == 5
    assert total(daemon, "ml_feature_values_total", model="with-sklearn", feature="amount") == 5


def test_starlette(daemon, run):
    before = total(daemon, "ml_requests_total", model="fraud", version="3")
    port = free_port()
    service = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "with_starlette:app", "--port", str(port)],
        cwd=run.folder, env=run.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def ask():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/predict?amount=2") as answer:
                    return answer.status == 200
            except OSError:
                return False

        wait_until(ask, 30, "the service")
        assert all(ask() for _ in range(4))
    finally:
        service.terminate()
        service.wait(20)
    assert total(daemon, "ml_requests_total", model="fraud", version="3") - before == 5


def test_llm(daemon, run):
    from http.server import ThreadingHTTPServer

    from test_openai import Handler
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        assert run("llm.py", LLM_URL=url) == "Hello world"
    finally:
        server.shutdown()
        server.server_close()
    assert total(daemon, "ml_tokens_total", model="llama", direction="output") == 5


def test_the_modules_that_are_named_have_what_is_named():
    for module, name in (("sklearn", "Measured"), ("lightgbm", "callback"), ("xgboost", "callback"),
                         ("keras", "callback"), ("lightning", "callback"),
                         ("huggingface", "callback"), ("openai", "measure"),
                         ("asgi", "MonitorMiddleware"), ("wsgi", "MonitorMiddleware")):
        assert f"ml_exporter_client.{module}" in DOCUMENT
        assert hasattr(importlib.import_module(f"ml_exporter_client.{module}"), name)


def test_the_defaults_are_those_of_the_code():
    import inspect
    defaults = {name: parameter.default for name, parameter in inspect.signature(
        Monitor).parameters.items()}
    for name, text in (("capacity", "20,000"), ("batch", "1,000"), ("interval", "1 s"),
                       ("timeout", "5 s")):
        assert float(text.replace(",", "").removesuffix(" s")) == defaults[name]
        assert text in next(line for line in DOCUMENT.splitlines() if line.startswith("| ")
                            and f"`{name}`" in line.split("|")[1])
    assert ml_exporter_client.report.SECONDS == 60


def test_every_field_of_the_package_is_one_of_the_daemon(daemon):
    known = daemon.push("/openapi.json", method="GET").text
    for kind in (fields.RequestFields, fields.LabelFields, fields.MetricFields):
        for name in kind.__annotations__:
            assert f'"{name}"' in known, f"the daemon does not know {name}"


def test_the_costs_are_those_of_the_kept_run():
    [run] = re.findall(r"Tests/Benchmarks/Runs/\S+-python\.md", DOCUMENT)
    kept = (ROOT / run).read_text()
    rows = re.findall(r"^\| (\S[^|]+) \| (\d[\d.]+) \| (\d[\d.]+) \|$", DOCUMENT, re.M)
    assert len(rows) >= 4
    for name, median, high in rows:
        assert f"| {name} | {median} | {high} |" in kept
    assert time.strftime("%Y") >= run.rsplit("/", 1)[1][:4]
