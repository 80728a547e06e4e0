"""Forks, exits and the environment, each in processes of their own."""

import copy
import json
import os
import pickle
import signal
import ssl
import subprocess
import sys
import threading
import time

import pytest
from conftest import ROOT, Stub, eventually, total
from programs import free_port

from ml_exporter_client import Monitor, lightning
from ml_exporter_client.monitor import program_name
from ml_exporter_client.transport import Address, BadAddress

SOURCE = str(ROOT / "deploy" / "python" / "src")


def run(code: str, daemon=None, check=0, arguments=(), **environment) -> subprocess.CompletedProcess:
    variables = {**os.environ, "PYTHONPATH": SOURCE, **environment}
    if daemon is not None:
        variables["ML_EXPORTER_URL"] = f"http://{daemon.push_address}"
    done = subprocess.run([sys.executable, *arguments, "-c", code], env=variables, timeout=60,
                          capture_output=True, text=True)
    assert done.returncode == check, done.stdout + done.stderr
    return done


def count(daemon, model, **labels):
    return total(daemon, "ml_requests_total", model=model, **labels)


def producers(daemon, name):
    listed = json.loads(daemon.push("/v1/producers", method="GET").body)["producers"]
    return [one["id"] for one in listed if one["id"].startswith(name)]


def test_a_script_that_ends_at_once_has_sent_its_events(daemon, model):
    run(f"""
from ml_exporter_client import Monitor
monitor = Monitor(name="{model}")
for _ in range(100):
    with monitor.request("{model}"):
        pass
""", daemon)
    assert count(daemon, model, outcome="ok") == 100
    assert producers(daemon, model) == []


def test_a_script_that_ends_by_an_exception_has_sent_its_events(daemon, model):
    done = run(f"""
from ml_exporter_client import Monitor
with Monitor().request("{model}"):
    raise LookupError
""", daemon, check=1)
    assert count(daemon, model, outcome="server_error") == 1
    assert "LookupError" in done.stderr


def test_without_a_daemon_a_script_ends_within_two_seconds_and_says_what_was_lost(model):
    began = time.monotonic()
    done = run(f"""
from ml_exporter_client import Monitor
Monitor("http://127.0.0.1:1").event(model="{model}")
""")
    assert time.monotonic() - began < 6
    assert "1 events were dropped: exit" in done.stderr


def test_forked_workers_are_producers_of_their_own_and_nothing_is_counted_twice(daemon, model):
    run(f"""
import os, time
from ml_exporter_client import Monitor
monitor = Monitor(interval=0.2)
for _ in range(10):
    monitor.event(model="{model}", version="parent")
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        for _ in range(25):
            monitor.event(model="{model}", version="child")
        assert monitor.stats().accepted == 0
        assert monitor.flush(10)
        assert monitor.stats().accepted == 25, monitor.stats()
        raise SystemExit
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
monitor.event(model="{model}", version="parent")
""", daemon)
    assert count(daemon, model, version="parent", outcome="ok") == 11
    assert count(daemon, model, version="child", outcome="ok") == 100


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_send_their_events_before_they_end(daemon, model, method, tmp_path):
    script = tmp_path / "job.py"
    script.write_text(f"""
import multiprocessing
from ml_exporter_client import Monitor
monitor = Monitor(interval=30)

def work(number):
    for _ in range(5):
        with monitor.request("{model}", version="{method}"):
            pass

if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    workers = [context.Process(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
""")
    environment = {**os.environ, "PYTHONPATH": SOURCE,
                   "ML_EXPORTER_URL": f"http://{daemon.push_address}"}
    subprocess.run([sys.executable, script], env=environment, check=True, timeout=60)
    assert count(daemon, model, version=method, outcome="ok") == 15


def test_a_fork_while_other_threads_send_does_not_hang(daemon, model):
    run(f"""
import os, threading, time
from ml_exporter_client import Monitor
monitor = Monitor(interval=0.001, batch=10)
over = False
def work():
    while not over:
        monitor.event(model="{model}", version="threads")
        time.sleep(0.0001)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for _ in range(30):
    child = os.fork()
    if child == 0:
        monitor.event(model="{model}", version="child")
        ok = monitor.flush(10)
        os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0
over = True
for thread in threads: thread.join()
""", daemon)
    assert count(daemon, model, version="child", outcome="ok") == 30


def test_an_event_in_a_late_exit_handler_is_sent_or_counted(daemon, model):
    run(f"""
import atexit
atexit.register(lambda: print(monitor.stats().dropped))
from ml_exporter_client import Monitor
monitor = Monitor()
atexit.register(lambda: monitor.event(model="{model}"))
""", daemon)
    assert count(daemon, model, outcome="ok") == 1


def test_a_sigterm_handler_can_close(daemon, model):
    code = f"""
import signal, sys, time
from ml_exporter_client import Monitor
monitor = Monitor(interval=30)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
monitor.event(model="{model}")
print("ready", flush=True)
time.sleep(30)
"""
    environment = {**os.environ, "PYTHONPATH": SOURCE,
                   "ML_EXPORTER_URL": f"http://{daemon.push_address}"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    process.stdout.close()
    assert count(daemon, model, outcome="ok") == 1


# MARK: Pickles

def test_what_holds_a_monitor_can_be_pickled_and_copied(daemon, monitor, model, tmp_path):
    from sklearn.linear_model import LinearRegression

    from ml_exporter_client.sklearn import Measured
    measured = Measured(LinearRegression(), monitor, model, version="here").fit([[1], [2]], [1, 2])
    same = copy.deepcopy(pickle.loads(pickle.dumps(measured)))
    assert same._monitor._sender is monitor._sender
    same.predict([[3]])
    with monitor.training(model) as run:
        assert pickle.loads(pickle.dumps(lightning.callback(run))).run.run == run.run
    assert monitor.flush()
    assert count(daemon, model, version="here", outcome="ok") == 1


def test_a_worker_that_unpickles_a_monitor_sends_with_one_thread(daemon, model):
    given = pickle.dumps(Monitor(f"http://{daemon.push_address}", token="secret"))
    assert b"secret" not in given
    run(f"""
import pickle, threading
for _ in range(5):
    monitor = pickle.loads({given!r})
    with monitor.request("{model}"):
        pass
assert threading.active_count() == 2
""")
    assert count(daemon, model, outcome="ok") == 5


def test_a_monitor_as_a_context_closes_at_its_end(daemon, model):
    with Monitor(f"http://{daemon.push_address}") as monitor:
        monitor.event(model=model)
    assert count(daemon, model, outcome="ok") == 1


# MARK: Environment

@pytest.mark.parametrize("value, enabled", [("1", False), ("true", False), ("0", True), ("", True)])
def test_monitoring_is_switched_off_by_a_variable(monkeypatch, model, value, enabled):
    monkeypatch.setenv("ML_EXPORTER_DISABLE", value)
    before = threading.active_count()
    monitor = Monitor("http://127.0.0.1:1")
    assert monitor.enabled is enabled
    if enabled:
        return
    with monitor.request(model) as request:
        request["score"] = 1
    monitor.columns(model, features={"a": [1]})
    with monitor.training(model) as run:
        run.log(loss=1)
    monitor.metric("x", 1)
    assert monitor.flush() and monitor.stats().queued == 0
    assert threading.active_count() == before
    monitor.close()


def test_the_address_and_the_token_come_from_variables(stub, monkeypatch, model):
    server = stub()
    monkeypatch.setenv("ML_EXPORTER_URL", server.url)
    monkeypatch.setenv("ML_EXPORTER_TOKEN", "secret")
    monkeypatch.setenv("ML_EXPORTER_NAME", "service")
    monitor = Monitor(interval=0.01)
    monitor.event(model=model)
    assert monitor.flush()
    headers = server.pushes[0][2]
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Producer-Id"].startswith("service/")
    monitor.close()


def test_https_is_verified_with_the_ca_of_a_variable(monkeypatch, stub, tmp_path, model, caplog):
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server: Stub = stub(wrap=lambda sock: context.wrap_socket(sock, server_side=True))
    monkeypatch.setenv("ML_EXPORTER_URL", f"https://localhost:{server.port}")
    monkeypatch.setenv("ML_EXPORTER_CA", str(tmp_path / "ca.pem"))
    monitor = Monitor(interval=0.01)
    monitor.event(model=model)
    assert monitor.flush()
    assert monitor.stats().accepted == 1
    monitor.close()

    monkeypatch.delenv("ML_EXPORTER_CA")
    monitor = Monitor(interval=0.01)
    monitor.event(model=model)
    eventually(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text)
    monitor.close(0.1)


@pytest.mark.parametrize("text, shown", [
    ("127.0.0.1:10181", "http://127.0.0.1:10181"), ("localhost", "http://localhost:10181"),
    ("http://[::1]:81/", "http://[::1]:81"), ("https://gate.example/ml", "https://gate.example:10181/ml"),
    ("unix:/run/x.sock", "unix:/run/x.sock"), ("unix:///run/x.sock", "unix:/run/x.sock")])
def test_an_address_is_written_as(text, shown):
    assert str(Address.parse(text)) == shown


@pytest.mark.parametrize("text", ["ftp://x", "http://:80", "unix:x", "http://x:99999", "http://"])
def test_a_wrong_address_costs_the_measurements_only(text, model, caplog):
    with pytest.raises(BadAddress):
        Address.parse(text)
    monitor = Monitor(text)
    assert not monitor.enabled and "nothing is sent to ml_exporter" in caplog.text
    with monitor.request(model):
        pass


def test_a_ca_that_is_missing_is_said(model, caplog):
    monitor = Monitor(f"https://127.0.0.1:{free_port()}", ca="/nowhere.pem", interval=0.01)
    monitor.event(model=model)
    eventually(lambda: "cannot be reached" in caplog.text)
    monitor.close(0.1)


@pytest.mark.parametrize("program, name", [
    ("/srv/train.py", "train"), ("/usr/bin/gunicorn", "gunicorn"),
    ("/lib/uvicorn/__main__.py", "uvicorn"), ("-c", "python"), ("", "python")])
def test_a_producer_is_called_as_its_program(monkeypatch, program, name):
    monkeypatch.setattr(sys, "argv", [program])
    assert program_name() == name
