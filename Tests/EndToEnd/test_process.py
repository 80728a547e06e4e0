"""The daemon as a process: flags, subcommands, signals, systemd."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from programs import Daemon, ask, binary, connect, free_port, wait_until


def run(*arguments: str, seconds: float = 30, **options) -> subprocess.CompletedProcess:
    return subprocess.run([binary(), *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=seconds, **options)


def sentences(result: subprocess.CompletedProcess) -> list[str]:
    """The errors on stderr, one per line, without the hint at --help."""
    return [line for line in result.stderr.splitlines()
            if line.strip() and "--help" not in line and not line.startswith("Usage")]


# MARK: flags

MISTAKES = {
    "--web.listen-address=nonsense": "nonsense",
    "--web.listen-address=127.0.0.1:99999": "99999",
    "--web.listen-address=vsock://:9100": "vsock",
    "--web.max-requests=-1": "max-requests",
    "--web.telemetry-path=metrics": "telemetry-path",
    "--log.level=loud": "loud",
    "--log.format=xml": "xml",
    "--collector.filesystem.mount-points-exclude=(": "mount-points-exclude",
    "--collector.diskstats.device-include=[": "device-include",
    "--web.config.file=/etc/web.yml": "web.config.file",
}


@pytest.mark.parametrize("command", [(), ("check-config",)], ids=["serve", "check-config"])
@pytest.mark.parametrize("flag", MISTAKES)
def test_a_mistake_is_one_sentence_and_exit_2(command, flag):
    result = run(*command, flag)
    assert result.returncode == 2, result
    lines = sentences(result)
    assert len(lines) == 1, result.stderr
    assert MISTAKES[flag] in lines[0]
    assert "Fatal" not in result.stderr and "0x" not in result.stderr


def test_all_mistakes_are_said_together():
    flags = list(MISTAKES)
    result = run("check-config", *flags)
    assert result.returncode == 2
    for flag, word in MISTAKES.items():
        assert any(word in line for line in sentences(result)), (flag, result.stderr)
    assert len(sentences(result)) == len(flags), result.stderr


@pytest.mark.parametrize("flag", ["--no-such-flag", "positional", "--collector.nope",
                                  "--web.max-requests=many", "--web.max-requests"])
def test_an_unknown_flag_or_word_is_exit_2(flag):
    result = run(flag)
    assert result.returncode == 2, result
    assert result.stderr.strip()


@pytest.mark.parametrize("collector, subject", [
    ("netdev", "device"), ("diskstats", "device"),
    ("filesystem", "mount-points"), ("filesystem", "fs-types"),
])
def test_include_and_exclude_together_are_refused(collector, subject):
    result = run("check-config", f"--collector.{collector}.{subject}-include=a",
                 f"--collector.{collector}.{subject}-exclude=b")
    assert result.returncode == 2
    assert len(sentences(result)) == 1, result.stderr
    assert f"{subject}-include" in result.stderr and f"{subject}-exclude" in result.stderr


def test_check_config_accepts_what_is_right_and_starts_nothing():
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        # The port is taken; check-config does not bind it.
        result = run("check-config", f"--web.listen-address=127.0.0.1:{port}",
                     "--no-collector.cpu", "--collector.netdev.device-exclude=^lo$")
    assert result.returncode == 0, result


def test_version_and_help_go_to_stdout():
    version, help_text = run("--version"), run("--help")
    assert (version.returncode, help_text.returncode) == (0, 0)
    assert re.search(r"ml_exporter.*\d+\.\d+\.\d+", version.stdout)
    assert not version.stderr and not help_text.stderr
    for flag in ("--web.listen-address", "--web.telemetry-path", "--web.max-requests",
                 "--web.systemd-socket", "--web.disable-exporter-metrics", "--path.procfs",
                 "--path.sysfs", "--path.rootfs", "--path.udev.data",
                 "--collector.disable-defaults", "--collector.cpu", "--collector.netdev.netlink",
                 "--collector.filesystem.mount-points-exclude", "--log.level", "--log.format"):
        assert flag in help_text.stdout, flag


@pytest.mark.parametrize("words, begin", [
    (["help"], "Usage: ml_exporter"), (["-help"], "Usage: ml_exporter"),
    (["help", "storage"], "Usage: ml_exporter storage"), (["storage", "help"], "Usage: ml_exporter storage"),
    (["profile", "help"], "Usage: ml_exporter profile"), (["-version"], "ml_exporter, version"),
])
def test_other_spellings_of_help_and_version(words, begin):
    result = run(*words)
    assert result.returncode == 0 and result.stdout.startswith(begin), result


def test_a_command_may_come_behind_its_flags():
    result = run("--web.listen-address=127.0.0.1:0", "check-config")
    assert (result.returncode, result.stdout) == (0, "Configuration OK.\n"), result


@pytest.mark.parametrize("word, meant", [
    ("--web.listen-adress=:1", "--web.listen-address"), ("--colector.cpu", "--collector.cpu"),
    ("chek-config", "check-config"), ("--storage.pth", "--storage.path"),
])
def test_a_misspelt_flag_or_command_is_answered_with_the_one_that_is_meant(word, meant):
    result = run(word)
    assert result.returncode == 2
    assert f"did you mean {meant}?" in result.stderr


def test_a_word_that_is_near_nothing_is_answered_without_a_guess():
    result = run("--qqqqqqqqqqqqqqqq")
    assert result.returncode == 2 and "did you mean" not in result.stderr


@pytest.mark.parametrize("telemetry, push", [
    ("127.0.0.1:10180", "127.0.0.1:10180"), (":10180", "127.0.0.1:10180"),
    ("unix:/tmp/a.sock", "unix:/tmp/a.sock"), ("[::1]:9", "[::]:9"),
])
def test_two_listeners_on_one_address_are_refused(telemetry, push):
    for command in ([], ["check-config"]):
        result = run(*command, f"--web.listen-address={telemetry}", f"--push.listen-address={push}")
        assert result.returncode == 2
        assert sentences(result) == [
            f"ml_exporter: error: --push.listen-address={push} is already taken by "
            f"--web.listen-address={telemetry}."]


def test_listeners_on_ports_of_their_own_are_accepted():
    result = run("check-config", "--web.listen-address=127.0.0.1:10180", "--web.listen-address=:0",
                 "--push.listen-address=127.0.0.2:10180", "--push.listen-address=:0")
    assert result.returncode == 0, result


def test_check_config_warns_of_what_cannot_work_here(tmp_path):
    (tmp_path / "file").write_text("")
    flags = {
        "--path.procfs=/no/proc": "No such file or directory",
        f"--path.sysfs={tmp_path}/file": "not a directory",
        f"--collector.textfile.directory={tmp_path}/none": "No such file or directory",
        f"--storage.path={tmp_path}/file/data": f"{tmp_path}/file is not a directory",
    }
    result = run("check-config", *flags)
    assert (result.returncode, result.stdout) == (0, "Configuration OK.\n"), result
    lines = result.stderr.splitlines()
    assert len(lines) == len(flags), lines
    for flag, reason in flags.items():
        assert any(line.startswith(f"ml_exporter: warning: {flag}: ") and reason in line
                   for line in lines), (flag, lines)
    assert not run("check-config", f"--storage.path={tmp_path}/new/data").stderr


# MARK: healthcheck and start

def test_healthcheck_is_0_beside_a_daemon_and_1_without(start):
    daemon = start.daemon()
    flag = f"--web.listen-address={daemon.address}"
    assert run("healthcheck", flag).returncode == 0
    assert daemon.stop() == 0
    result = run("healthcheck", flag)
    assert result.returncode == 1
    assert len(sentences(result)) == 1, result.stderr


def test_healthcheck_asks_a_unix_socket(start, tmp_path):
    start.daemon(listen=(f"unix:{tmp_path}/s.sock",))
    assert run("healthcheck", f"--web.listen-address=unix:{tmp_path}/s.sock").returncode == 0


def test_a_port_in_use_is_a_plain_message_and_exit_1():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run(f"--web.listen-address={address}", "--storage.path=none")
    assert result.returncode == 1, result
    assert address in result.stderr and "in use" in result.stderr.lower()
    assert "Fatal" not in result.stderr and "Crash" not in result.stderr


def test_a_living_unix_socket_is_not_taken_over(start, tmp_path):
    daemon = start.daemon(listen=(f"unix:{tmp_path}/s.sock",))
    assert run(f"--web.listen-address=unix:{tmp_path}/s.sock",
               "--storage.path=none").returncode == 1
    assert daemon.get("/-/healthy").status == 200


def test_a_dead_unix_socket_is_replaced(start, tmp_path):
    path = f"{tmp_path}/s.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    assert start.daemon(listen=(f"unix:{path}",)).get("/-/healthy").status == 200


def test_the_first_answer_comes(start, capsys):
    begin = time.monotonic()
    daemon = start.daemon()
    daemon.get()
    with capsys.disabled():
        print(f" [first answer after {1000 * (time.monotonic() - begin):.0f} ms] ", end="")


# MARK: signals

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_a_signal_ends_it_in_good_order_while_scrapes_are_in_flight(start, number):
    daemon = start.daemon(tree="odd")
    cut, whole, running = [], [], True

    def scrape():
        while running:
            try:
                connection = connect(daemon.address, 10)
                with contextlib.closing(connection):
                    while True:
                        connection.request("GET", "/metrics")
                        answer = connection.getresponse()
                        body = answer.read()
                        (whole if answer.status in (200, 503) and body else cut).append(body)
                        if answer.headers.get("Connection", "").lower() == "close":
                            break
            except (ConnectionError, OSError):
                # Refused or closed before an answer began: nothing was cut.
                return
            except Exception as error:
                cut.append(error)
                return

    threads = [threading.Thread(target=scrape) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(whole) > 20, 20, "scrapes in flight")
    begin = time.monotonic()
    daemon.send(number)
    status = daemon.wait()
    seconds = time.monotonic() - begin
    running = False
    for thread in threads:
        thread.join(20)
    assert status == 0, daemon.log
    assert not cut, cut[:3]
    assert seconds < 15


def test_an_idle_connection_does_not_hold_up_the_end(start):
    daemon = start.daemon()
    with contextlib.closing(connect(daemon.address)) as kept:
        ask(kept, "/-/healthy")
        begin = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - begin < 15


def test_hangup_and_a_broken_pipe_do_not_end_it(start):
    daemon = start.daemon()
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGHUP):
        daemon.send(number)
        time.sleep(0.1)
        assert daemon.alive and daemon.get("/-/healthy").status == 200


def test_two_signals_still_end_it_in_good_order(start):
    daemon = start.daemon()
    daemon.send(signal.SIGTERM)
    daemon.send(signal.SIGTERM)
    assert daemon.wait() == 0


# MARK: logs

def test_logfmt_lines_have_a_level_and_a_message(start):
    daemon = start.daemon("--log.format=logfmt")
    daemon.stop()
    lines = daemon.log.splitlines()
    assert lines
    for line in lines:
        assert re.search(r"\blevel=\w+", line) and re.search(r'\bmsg=("[^"]*"|\S+)', line), line


def test_json_lines_are_json(start):
    daemon = start.daemon("--log.format=json", "--log.level=debug")
    daemon.stop()
    lines = [json.loads(line) for line in daemon.log.splitlines()]
    assert all({"level", "msg"} <= line.keys() for line in lines)
    assert any(line["msg"] == "Listening on" for line in lines)


def test_the_level_error_is_silent_when_all_is_well(tmp_path):
    address = f"127.0.0.1:{free_port()}"
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([binary(), f"--web.listen-address={address}",
                                    f"--push.listen-address=127.0.0.1:{free_port()}",
                                    "--storage.path=none", "--log.level=error"],
                                   stderr=log, stdin=subprocess.DEVNULL)
    try:
        def healthy():
            with contextlib.suppress(OSError), contextlib.closing(connect(address)) as wire:
                return ask(wire, "/-/healthy").status == 200

        wait_until(healthy, 20, "an answer")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert (tmp_path / "log").read_text() == ""


# MARK: systemd

def activated(start, sockets: list[socket.socket], *flags: str) -> Daemon:
    """Starts the daemon as systemd does: descriptors from 3 on, their number and its own pid."""
    script = f"LISTEN_FDS={len(sockets)} LISTEN_PID=$$ exec \"$0\" \"$@\" " + " ".join(
        f"{3 + i}<&{s.fileno()}" for i, s in enumerate(sockets))
    return start.daemon(
        "--web.systemd-socket", *flags, listen=(), prefix=("bash", "-c", script),
        pass_fds=[s.fileno() for s in sockets])


def high(listener: socket.socket) -> socket.socket:
    """The same socket on a descriptor that does not collide with those that are handed over."""
    import fcntl
    copy = socket.socket(fileno=fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD, 100))
    listener.close()
    return copy


def test_a_socket_of_systemd_is_used_and_left_open(start, tmp_path):
    tcp = high(socket.create_server(("127.0.0.1", 0)))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(f"{tmp_path}/activated.sock")
    unix.listen()
    unix = high(unix)
    with tcp, unix:
        address = f"127.0.0.1:{tcp.getsockname()[1]}"
        for _ in range(2):
            daemon = activated(start, [tcp, unix])
            for each in (address, f"unix:{tmp_path}/activated.sock"):
                with contextlib.closing(connect(each)) as connection:
                    assert ask(connection, "/metrics").status == 200
            assert daemon.stop() == 0
            # The socket is systemd's: it still listens, for the next start.
            assert os.path.exists(f"{tmp_path}/activated.sock")
            with socket.create_connection(tcp.getsockname()):
                pass
            tcp.accept()[0].close()


def test_systemd_socket_without_a_socket_is_refused():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LISTEN_")}
    result = run("--web.systemd-socket", "--storage.path=none", env=environment)
    assert result.returncode in (1, 2)
    said = [line for line in sentences(result) if "level=ERROR" in line]
    assert len(said) == 1 and "--web.systemd-socket" in said[0], result.stderr


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_systemd_is_notified_of_start_life_and_end(start, tmp_path, abstract):
    name = f"\0ml-exporter-test-{os.getpid()}" if abstract else f"{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
        inbox.bind(name)
        inbox.settimeout(10)
        environment = {**os.environ, "NOTIFY_SOCKET": name.replace("\0", "@"),
                       "WATCHDOG_USEC": "400000"}
        daemon = start.daemon(env=environment)
        assert "READY=1" in inbox.recv(4096).decode().splitlines()
        for _ in range(3):
            assert "WATCHDOG=1" in inbox.recv(4096).decode().splitlines()
        daemon.send(signal.SIGTERM)
        said = []
        while "STOPPING=1" not in said:
            said += inbox.recv(4096).decode().splitlines()
        assert daemon.wait() == 0


def test_a_notify_socket_that_is_gone_harms_nothing(start, tmp_path):
    environment = {**os.environ, "NOTIFY_SOCKET": f"{tmp_path}/missing", "WATCHDOG_USEC": "200000"}
    daemon = start.daemon(env=environment)
    time.sleep(0.5)
    assert daemon.get("/-/healthy").status == 200
