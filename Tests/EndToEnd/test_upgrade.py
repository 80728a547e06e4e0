"""The daemon is stopped and started again while clients push, as an upgrade does it."""

import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time

import pytest

from programs import Daemon, connect, has, wait_until
from tampering import strace
from test_process import high
from test_storage import FEW, JSON, accept, page, requests, stamp

STRACE = pytest.mark.skipif(not has("strace"), reason="no strace")
CLIENTS = 8


@pytest.fixture
def keep(start, tmp_path):
    def started(*flags, **options):
        return start.daemon(*FEW, f"--storage.path={tmp_path}/data", *flags, **options)
    return started


class Client(threading.Thread):
    """Pushes one batch after the other and notes what became of each."""

    def __init__(self, number: int, address: str, is_brief: bool = False):
        super().__init__(daemon=True)
        self.name_of_producer, self.address, self.is_brief = f"c{number}", address, is_brief
        self.over = threading.Event()
        self.statuses = {}
        self.accepted, self.unanswered = [], []

    def run(self):
        connection = connect(self.address)
        sequence = 0
        while not self.over.is_set():
            sequence += 1
            headers = {**JSON, **stamp(sequence, self.name_of_producer)}
            if self.is_brief:
                headers["Connection"] = "close"
            try:
                connection.request("POST", "/v1/events", b'{"model":"m"}', headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.unanswered.append((sequence, error))
                return
            self.statuses.setdefault(answer.status, []).append(sequence)
            if self.is_brief or answer.headers.get("Connection", "").lower() == "close":
                connection.close()
                if not self.is_brief:
                    return

    def repeat(self, daemon: Daemon, sequence: int) -> bool:
        """Sends a batch once more; returns whether it had been applied."""
        told = accept(daemon, {"model": "m"}, **stamp(sequence, self.name_of_producer))
        return told.get("duplicate") is True


def slow_syncs(daemon, folder, microseconds: int):
    """Every sync of the daemon takes so long."""
    return strace(daemon, folder, "-e", "trace=fdatasync",
                  "-e", f"inject=fdatasync:delay_enter={microseconds}", ending=signal.SIGKILL)


def start_clients(address: str, **options) -> list[Client]:
    clients = [Client(number, address, **options) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    wait_until(lambda: all(len(client.statuses.get(200, ())) > 5 for client in clients), 30,
               "pushes are taken")
    return clients


def what_became(clients: list[Client], daemon: Daemon, before: int = 0):
    """What was answered 200 counts, and nothing else was kept."""
    answered = sum(len(client.statuses.get(200, ())) for client in clients)
    assert requests(page(daemon), "m") == before + answered
    for client in clients:
        assert client.statuses.keys() <= {200, 503}
        for sequence in client.statuses[200][-3:]:
            assert client.repeat(daemon, sequence)
        for sequence in client.statuses.get(503, ()):
            assert not client.repeat(daemon, sequence)
        for sequence, _ in client.unanswered:
            assert not client.repeat(daemon, sequence)


@pytest.mark.parametrize("microseconds", [0, pytest.param(60_000, marks=STRACE)],
                         ids=["fast disk", "slow disk"])
def test_every_batch_that_was_kept_before_the_end_was_answered(keep, tmp_path, microseconds):
    daemon = keep()
    slow = slow_syncs(daemon, tmp_path, microseconds) if microseconds else contextlib.nullcontext()
    with slow:
        clients = start_clients(daemon.push_address)
        assert daemon.stop() == 0, daemon.log
    for client in clients:
        client.join(20)
        assert not client.is_alive()
        # A connection that nothing was sent on may be closed; one that was used is answered.
        for _, error in client.unanswered:
            assert isinstance(error, (http.client.RemoteDisconnected, ConnectionError)), error
    what_became(clients, keep())


@STRACE
def test_a_disk_that_hangs_cannot_hold_up_the_end(keep, tmp_path):
    daemon = keep()
    accept(daemon, {"model": "m"}, **stamp(1))
    with slow_syncs(daemon, tmp_path, 600_000_000):
        client = Client(0, daemon.push_address)
        client.start()
        time.sleep(0.5)
        assert daemon.get().status == 200
        daemon.send(signal.SIGTERM)
        # Its last thread cannot go before strace lets it.
        wait_until(lambda: "the storage hangs; exiting without waiting for it" in daemon.log, 30, "the end")
    assert daemon.process.wait(20) == 1
    client.join(20)
    assert client.statuses == {} and [each[0] for each in client.unanswered] == [1]
    daemon = keep()
    # The one without an answer may have been kept; sent again it counts once.
    client.repeat(daemon, 1)
    assert requests(page(daemon), "m") == 2


def activated(start, sockets: dict[str, socket.socket], *flags: str) -> Daemon:
    """Starts the daemon as systemd does, with named sockets."""
    names = ":".join(sockets)
    script = (f"LISTEN_FDS={len(sockets)} LISTEN_FDNAMES={names} LISTEN_PID=$$ exec \"$0\" \"$@\" "
              + " ".join(f"{3 + i}<&{s.fileno()}" for i, s in enumerate(sockets.values())))
    return start.daemon(
        *FEW, "--web.systemd-socket", *flags, listen=(), prefix=("bash", "-c", script),
        pass_fds=[s.fileno() for s in sockets.values()])


def test_a_restart_behind_sockets_of_systemd_drops_no_client(start, tmp_path):
    sockets = {name: high(socket.create_server(("127.0.0.1", 0), backlog=512))
               for name in ("metrics", "push")}
    with contextlib.ExitStack() as stack:
        for each in sockets.values():
            stack.enter_context(each)
        push = f"127.0.0.1:{sockets['push'].getsockname()[1]}"
        flags = (f"--storage.path={tmp_path}/data", "--push.listen-address=none")
        daemon = activated(start, sockets, *flags)
        clients = start_clients(push, is_brief=True)
        for _ in range(3):
            assert daemon.stop() == 0, daemon.log
            daemon = activated(start, sockets, *flags)
            counts = [len(client.statuses[200]) for client in clients]
            wait_until(lambda: all(len(client.statuses[200]) > count + 3
                                   for client, count in zip(clients, counts)), 30,
                       "pushes are taken again")
        for client in clients:
            client.over.set()
        for client in clients:
            client.join(20)
            # No client was refused or cut off; a few got 503 and tried again.
            assert client.unanswered == []
        answered = sum(len(client.statuses[200]) for client in clients)
        assert requests(page(daemon), "m") == answered
        for client in clients:
            assert client.statuses.keys() <= {200, 503}
