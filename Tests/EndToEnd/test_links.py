"""Network devices that come, go and change their names while the daemon runs."""

import os
import subprocess
import sys

import pytest

import pages

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")


@pytest.fixture
def daemon(start, tmp_path):
    """A daemon in a network namespace of its own, which is asked over a Unix socket."""
    return start.daemon(
        "--collector.disable-defaults", "--collector.netdev", "--collector.loadavg",
        listen=(f"unix:{tmp_path}/telemetry",), prefix=("unshare", "--net"))


def ip(daemon, *arguments: str):
    subprocess.run(
        ["nsenter", f"--net=/proc/{daemon.pid}/ns/net", "ip", *arguments], check=True)


def devices(daemon, family: str = "node_network_receive_bytes_total") -> set[str]:
    page = pages.parse_text(daemon.get().body)
    assert page.value("node_scrape_collector_success", collector="netdev") == 1
    return {dict(labels)["device"] for labels in page.named(family)}


def test_devices_come_and_go(daemon):
    assert devices(daemon) == devices(daemon) == {"lo"}
    ip(daemon, "link", "add", "one", "type", "bridge")
    assert devices(daemon) == {"lo", "one"}
    ip(daemon, "link", "set", "one", "name", "first")
    assert devices(daemon) == {"lo", "first"}
    ip(daemon, "link", "add", "two", "type", "bridge")
    ip(daemon, "link", "delete", "first")
    assert devices(daemon) == devices(daemon) == {"lo", "two"}


TALK = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
    wire.bind(("127.0.0.1", 0))
    for _ in range(3):
        wire.sendto(bytes(100), wire.getsockname())
        wire.recv(200)
print(open("/proc/thread-self/net/dev").read())
"""


def test_counters_are_those_of_proc_net_dev(daemon):
    devices(daemon)
    ip(daemon, "link", "set", "lo", "up")
    devices(daemon)
    text = subprocess.run(
        ["nsenter", f"--net=/proc/{daemon.pid}/ns/net", sys.executable, "-c", TALK],
        check=True, capture_output=True, text=True).stdout
    received, packets = next(
        line.split()[1:3] for line in text.splitlines() if line.split()[:1] == ["lo:"])
    assert int(packets) >= 3
    page = pages.parse_text(daemon.get().body)
    assert page.value("node_network_receive_packets_total", device="lo") == int(packets)
    assert page.value("node_network_transmit_bytes_total", device="lo") == int(received)


def test_a_flood_of_changes_is_no_failure(daemon):
    devices(daemon)
    ip(daemon, "link", "add", "many0", "type", "bridge")
    script = "".join(f"link set many0 mtu {1300 + n % 100}\n" for n in range(3000))
    subprocess.run(
        ["nsenter", f"--net=/proc/{daemon.pid}/ns/net", "ip", "-batch", "-"], input=script,
        text=True, check=True)
    assert devices(daemon) == devices(daemon) == {"lo", "many0"}
