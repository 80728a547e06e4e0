"""Signals, a log that is not read, a machine without /proc."""

import contextlib
import os
import re
import signal
import subprocess

import pytest

from programs import Daemon, binary, connect, wait_until
from test_connections import BIG_GROUP, request, wire


class UnreadLog:
    """A daemon whose stderr is the end of a pipe or a socket; what was read before stays readable."""

    def __init__(self, reader: int, writer: int, *flags: str):
        self.reader = reader
        self.process = subprocess.Popen(
            [binary(), "--web.listen-address=127.0.0.1:0", "--push.listen-address=127.0.0.1:0",
             "--push.socket=none", "--storage.path=none", *flags],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer)
        os.close(writer)
        self.text = b""
        while b"Listening on\" address" not in self.text:
            chunk = os.read(reader, 4096)
            assert chunk, "the daemon has ended"
            self.text += chunk
        self.address = re.search(rb'msg="Listening on" address=(\S+)', self.text).group(1).decode()

    def page(self) -> str:
        with contextlib.closing(connect(self.address)) as connection:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()

    def dropped(self) -> int:
        return int(re.search(r"(?m)^ml_exporter_log_dropped_lines_total (\d+)$", self.page()).group(1))

    def close(self):
        with contextlib.suppress(OSError):
            os.close(self.reader)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def pipe() -> tuple[int, int]:
    return os.pipe()


def unix_socket() -> tuple[int, int]:
    import socket
    reader, writer = socket.socketpair()
    return reader.detach(), writer.detach()


@pytest.mark.parametrize("ends", [pipe, unix_socket])
def test_a_log_that_is_not_read_costs_lines_and_nothing_else(ends):
    daemon = UnreadLog(*ends())
    try:
        def fill():
            for _ in range(200):
                daemon.process.send_signal(signal.SIGHUP)
                daemon.page()
            return daemon.dropped() > 0

        wait_until(fill, 60, "log lines are dropped")
        assert "node_load1" in daemon.page()
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(20) == 0
    finally:
        daemon.close()


def test_lines_that_were_not_dropped_are_whole():
    daemon = UnreadLog(*pipe())
    try:
        def fill():
            for _ in range(200):
                daemon.process.send_signal(signal.SIGHUP)
                daemon.page()
            return daemon.dropped() > 0

        wait_until(fill, 60, "log lines are dropped")
        # What the pipe holds is read, and the next line begins on a line of its own.
        text = daemon.text + os.read(daemon.reader, 1 << 20)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(20) == 0
        while chunk := os.read(daemon.reader, 1 << 16):
            text += chunk
        lines = [line for line in text.decode().split("\n") if line]
        assert all(line.startswith("time=") for line in lines)
        assert "stopping" in lines[-1]
    finally:
        daemon.close()


def test_a_log_whose_reader_is_gone_stops_nothing():
    daemon = UnreadLog(*pipe())
    try:
        os.close(daemon.reader)
        for _ in range(5):
            daemon.process.send_signal(signal.SIGHUP)
            assert "node_load1" in daemon.page()
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(20) == 0
    finally:
        daemon.close()


def test_a_reload_signal_does_not_end_a_daemon_that_starts(start, tmp_path):
    for attempt in range(15):
        log = tmp_path / f"log-{attempt}"
        with open(log, "wb") as sink:
            process = subprocess.Popen(
                [binary(), "--web.listen-address=127.0.0.1:0", "--push.listen-address=none",
                 "--push.socket=none", "--storage.path=none"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=sink)
        try:
            # From the moment that the kernel has loaded the program and libraries run their constructors.
            wait_until(lambda: "libmicrohttpd" in maps(process.pid), 10, "the program is loaded")
            for _ in range(attempt * 3):
                maps(process.pid)
            # A started daemon waits for the signals, and the kernel shows these as not blocked meanwhile.
            wait_until(lambda: blocks_hangup(process.pid) or b"Listening on" in log.read_bytes(), 10,
                       "SIGHUP is blocked")
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in (0, -signal.SIGTERM)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def maps(process: int) -> str:
    try:
        with open(f"/proc/{process}/maps") as file:
            return file.read()
    except OSError:
        return ""


def blocks_hangup(process: int) -> bool:
    with open(f"/proc/{process}/status") as file:
        mask = re.search(r"(?m)^SigBlk:\s*([0-9a-f]+)$", file.read()).group(1)
    return int(mask, 16) >> (signal.SIGHUP - 1) & 1 == 1


def test_other_commands_end_by_a_hangup():
    process = subprocess.Popen(
        [binary(), "profile", "build", "--help"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert process.wait(20) == 0


def test_slow_readers_do_not_keep_the_daemon_from_ending(start):
    daemon = start.daemon("--push.producer-rate=0", collectors=("loadavg",), tree="debian12-2cpu")
    assert daemon.push("/metrics/job/big", BIG_GROUP, "PUT").status == 200
    with contextlib.ExitStack() as stack:
        for number in range(4):
            slow = stack.enter_context(
                wire(daemon.address, f"127.0.0.{number + 1}", receive_bytes=2048))
            slow.sendall(request())
            slow.recv(1)
        assert daemon.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="hiding /proc needs root")
def test_without_proc_the_start_fails_with_a_sentence():
    process = subprocess.run(
        ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh", binary(),
         "--web.listen-address=127.0.0.1:0", "--push.listen-address=none", "--push.socket=none",
         "--storage.path=none"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert process.returncode == 1, process.stderr
    assert "/proc is not mounted" in process.stderr
