"""Batches that are sent exactly once, a queue that is bounded, and a caller that never waits."""

import json
import os
import signal
import socket
import threading
import time

import pytest
from conftest import Stub, eventually, total
from programs import free_port

from ml_exporter_client import Monitor

OK = (200, b'{"accepted":1,"rejected":0,"errors":[]}', {})
BUSY = (503, b'{"error":{"code":"starting","detail":"the journal is being read"}}',
        {"Retry-After": "1"})


def sequences(stub):
    return [int(headers["Batch-Sequence"]) for _, _, headers, _ in stub.pushes]


def test_events_wait_for_a_daemon_that_is_away_and_further_ones_are_dropped(start, model):
    port = free_port()
    monitor = Monitor(f"127.0.0.1:{port}", capacity=500, batch=100, interval=0.05, timeout=1)
    began = time.perf_counter()
    for _ in range(2000):
        with monitor.request(model):
            pass
    assert time.perf_counter() - began < 1, "the caller has waited"
    dropped = monitor.stats().dropped["queue_full"]
    # A batch is in the sender's hands.
    assert 1400 <= dropped <= 1500
    late = start(f"--push.listen-address=127.0.0.1:{port}")
    assert monitor.flush(20)
    assert total(late, "ml_requests_total", model=model, outcome="ok") == 2000 - dropped
    assert monitor.stats().accepted == 2000 - dropped
    monitor.close()


def test_a_server_that_answers_nothing_costs_the_caller_nothing(model):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        monitor = Monitor(f"127.0.0.1:{silent.getsockname()[1]}", interval=0.01, timeout=1)
        slowest = 0.0
        for _ in range(300):
            began = time.perf_counter()
            with monitor.request(model):
                pass
            slowest = max(slowest, time.perf_counter() - began)
            time.sleep(0.001)
        assert slowest < 0.7
        began = time.perf_counter()
        monitor.close(0.5)
        assert time.perf_counter() - began < 2
        assert monitor.stats().dropped == {"exit": 300}


def test_a_lost_answer_is_asked_for_again_with_the_same_number(stub, model):
    server = stub(None, None, OK)
    monitor = Monitor(server.url, interval=0.01)
    with monitor.request(model):
        pass
    assert monitor.flush(10)
    assert sequences(server) == [1, 1, 1]
    assert len({body for _, _, _, body in server.pushes}) == 1
    monitor.close()


def test_a_batch_that_was_applied_twice_over_is_counted_once(daemon, model):
    """A proxy forwards the push and loses the answer, three times."""
    losses = [3]

    def forward(client):
        host, port = daemon.push_address.rsplit(":", 1)
        with client, socket.create_connection((host, int(port)), 5) as upstream:
            client.settimeout(0.3)
            try:
                while chunk := client.recv(65536):
                    upstream.sendall(chunk)
                    answer = upstream.recv(65536)
                    if losses[0] > 0:
                        losses[0] -= 1
                        return
                    client.sendall(answer)
            except OSError:
                pass

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)

        def serve():
            try:
                while True:
                    threading.Thread(target=forward, args=(listener.accept()[0],),
                                     daemon=True).start()
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        monitor = Monitor(f"http://127.0.0.1:{listener.getsockname()[1]}", interval=0.01)
        for _ in range(10):
            monitor.event(model=model)
        assert monitor.flush(15)
        assert losses[0] == 0
        assert total(daemon, "ml_requests_total", model=model, outcome="ok") == 10
        assert monitor.stats().duplicates == 1 and monitor.stats().accepted == 10
        monitor.close()


def test_retry_after_is_honoured(stub, model):
    server = stub(BUSY, OK)
    monitor = Monitor(server.url, interval=0.01)
    began = time.monotonic()
    monitor.event(model=model)
    assert monitor.flush(10)
    assert time.monotonic() - began >= 1
    assert sequences(server) == [1, 1]
    monitor.close()


def test_a_body_that_is_too_large_is_sent_in_halves(stub, model):
    large = (413, b'{"error":{"code":"body_too_large","detail":"at most 20 MiB"}}', {})
    server = stub(large, OK)
    monitor = Monitor(server.url, interval=0.1)
    for number in range(4):
        monitor.event(model=model, id=str(number))
    assert monitor.flush(10)
    assert [body.count(b"\n") + 1 for _, _, _, body in server.pushes] == [4, 2, 2]
    assert sequences(server) == [1, 1, 2]
    monitor.close()


@pytest.mark.parametrize("status", [401, 403, 404, 415])
def test_a_refusal_of_the_whole_push_is_dropped_and_logged(stub, model, caplog, status):
    server = stub((status, b'{"error":{"code":"no","detail":"this is not allowed"}}', {}))
    monitor = Monitor(server.url, interval=0.01)
    monitor.event(model=model)
    assert monitor.flush(5)
    assert monitor.stats().dropped == {f"http_{status}": 1}
    monitor.close()
    assert f"answers {status}: no: this is not allowed" in caplog.text


def test_a_large_backlog_is_sent_in_batches(daemon, model):
    monitor = Monitor(f"http://{daemon.push_address}", batch=100, interval=0.05, capacity=10_000)
    for _ in range(1050):
        monitor.event(model=model)
    assert monitor.flush()
    assert total(daemon, "ml_requests_total", model=model, outcome="ok") == 1050
    monitor.close()


def test_a_producer_is_released_when_it_closes(daemon, model):
    monitor = Monitor(f"http://{daemon.push_address}", name="train/er 1", interval=0.01)

    def producers():
        return [one["id"] for one in json.loads(
            daemon.push("/v1/producers", method="GET").body)["producers"]]

    monitor.event(model=model)
    assert monitor.flush()
    [mine] = [one for one in producers() if one.startswith("train_er_1/")]
    assert len(mine.split("/", 1)[1]) == 36
    monitor.close()
    assert mine not in producers()
    monitor.event(model=model)
    assert monitor.stats().dropped == {"closed": 1}


def test_the_socket_comes_first_and_tcp_else(daemon, model, monkeypatch):
    from ml_exporter_client import transport
    addresses = (f"unix:{daemon.socket}", f"http://{daemon.push_address}")
    monkeypatch.setattr(transport, "DEFAULT", addresses)
    monitor = Monitor(interval=0.01)
    monitor.event(model=model)
    assert monitor.flush()
    assert str(monitor._sender.transport.address) == addresses[0]
    # Over the socket the daemon knows the process, and so what the model costs its machine.
    assert total(daemon, "ml_producer_process_resident_memory_bytes", pid=str(os.getpid())) > 0
    assert total(daemon, "ml_producer_model_info", pid=str(os.getpid()), model=model) == 1
    monitor.close()

    monkeypatch.setattr(transport, "DEFAULT", ("unix:/nowhere/push.sock", addresses[1]))
    monitor = Monitor(interval=0.01)
    monitor.event(model=model)
    assert monitor.flush()
    assert str(monitor._sender.transport.address) == addresses[1]
    monitor.close()
    assert total(daemon, "ml_requests_total", model=model, outcome="ok") == 2


def test_a_connection_that_the_daemon_has_closed_is_no_failure(stub, model):
    server = stub((200, OK[1], {"Connection": "close"}), OK)
    monitor = Monitor(server.url, interval=0.01)
    for _ in range(3):
        monitor.event(model=model)
        assert monitor.flush(5)
    assert sequences(server) == [1, 2, 3]
    monitor.close()


def test_one_connection_serves_many_batches(daemon, model):
    monitor = Monitor(f"http://{daemon.push_address}", interval=0.01)
    monitor.event(model=model)
    assert monitor.flush()
    connection = monitor._sender.transport._connection
    assert connection is not None
    for _ in range(5):
        monitor.event(model=model)
        assert monitor.flush()
    assert monitor._sender.transport._connection is connection
    monitor.close()


def test_an_idle_sender_uses_no_processor(monitor, model):
    monitor.event(model=model)
    assert monitor.flush()
    time.sleep(0.1)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.02


def test_a_signal_handler_may_send_events(daemon, monitor, model):
    handled = []

    def handle(*_):
        handled.append(1)
        monitor.event(model=model)

    previous = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        end = time.monotonic() + 0.3
        sent = 0
        while time.monotonic() < end:
            monitor.event(model=model, outcome="timeout")
            sent += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert monitor.flush(30)
    stats = monitor.stats()
    # Not one is lost from the counts, wherever the handler has interrupted.
    assert stats.accepted + stats.dropped.get("queue_full", 0) == sent + len(handled)
    assert total(daemon, "ml_requests_total", model=model) == stats.accepted


def test_a_stub_sees_the_headers_of_a_producer(stub, model):
    server: Stub = stub()
    monitor = Monitor(server.url + "/prefix", token="secret", interval=0.01)
    monitor.event(model=model)
    eventually(lambda: server.pushes)
    monitor.close()
    method, path, headers, body = server.pushes[0]
    assert path == "/prefix/v1/events" and headers["Authorization"] == "Bearer secret"
    assert headers["Content-Type"] == "application/x-ndjson"
    assert float(headers["Producer-Start"]) <= time.time()
    assert json.loads(body) == {"model": model}
    # The producer is released at the end.
    assert server.requests[-1][0] == "DELETE"
    assert server.requests[-1][1].startswith("/prefix/v1/producers@base64/")


def test_a_mistake_in_the_sender_costs_a_batch_and_not_the_thread(daemon, model, monkeypatch, caplog):
    monitor = Monitor(f"http://{daemon.push_address}", interval=0.01)
    deliver = monitor._sender._deliver
    monkeypatch.setattr(monitor._sender, "_deliver", lambda lines: 1 / 0)
    monitor.event(model=model)
    eventually(lambda: monitor.stats().dropped == {"internal_error": 1})
    monkeypatch.setattr(monitor._sender, "_deliver", deliver)
    monitor.event(model=model)
    assert monitor.flush()
    assert total(daemon, "ml_requests_total", model=model, outcome="ok") == 1
    monitor.close()
    assert "ZeroDivisionError" in caplog.text
