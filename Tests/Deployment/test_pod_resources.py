"""GPUs labelled by the pods that hold them: the release, a stand-in for NVIDIA's library, and a kubelet
that is a real server of gRPC with the PodResources API."""

import concurrent.futures
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import grpc
import pytest

from files import BINARY, ROOT, accepted

FIRST, SECOND = (f"GPU-{index:08x}-0000-0000-0000-000000000000" for index in range(2))


def field(number: int, value: str | bytes) -> bytes:
    """A field of a protobuf message that is text or a message."""
    data = value.encode() if isinstance(value, str) else value
    length, rest = b"", len(data)
    while rest >= 0x80:
        length += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return bytes([number << 3 | 2]) + length + bytes([rest]) + data


def pod(namespace: str, name: str, *devices: str) -> bytes:
    held = field(2, field(1, "nvidia.com/gpu") + b"".join(field(2, each) for each in devices))
    return field(1, field(1, name) + field(2, namespace) + field(3, field(1, "model") + held))


class Kubelet(grpc.GenericRpcHandler):
    def __init__(self, path):
        self.path = path
        self.answer = b""
        self.server = None

    def service(self, details):
        if details.method != "/v1.PodResourcesLister/List":
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self.answer)

    def start(self):
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        self.server.add_generic_rpc_handlers((self,))
        assert self.server.add_insecure_port(f"unix:{self.path}")
        self.server.start()

    def stop(self):
        self.server.stop(0).wait(10)


@pytest.fixture
def kubelet(tmp_path):
    made = Kubelet(tmp_path / "kubelet.sock")
    made.start()
    yield made
    made.stop()


class Daemon:
    def __init__(self, folder, *flags: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder / "log"
        with open(self.log, "wb") as sink:
            self.process = subprocess.Popen(
                [BINARY, f"--web.listen-address=127.0.0.1:{self.port}", "--storage.path=none",
                 "--push.listen-address=none", "--push.socket=none",
                 "--collector.disable-defaults", "--collector.gpu", *flags],
                stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)

    def page(self) -> str:
        end = time.monotonic() + 20
        while True:
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                connection.request("GET", "/metrics")
                return connection.getresponse().read().decode()
            except OSError:
                time.sleep(0.05)

    def until(self, pattern: str) -> str:
        """The page once it has that line; kubelet is asked every 10 s."""
        end = time.monotonic() + 25
        while time.monotonic() < end:
            page = self.page()
            if re.search(pattern, page, re.MULTILINE):
                return page
            time.sleep(0.5)
        raise AssertionError(f"{pattern}\n{page}\n{self.log.read_text()}")


@pytest.fixture
def started(tmp_path):
    """Starts daemons beside two GPUs."""
    library = tmp_path / "libnvidia-ml.so.1"
    accepted("cc", "-shared", "-fPIC", "-o", library, ROOT / "Tests/StandIns/nvml.c")
    daemons = []

    def start(kubelet, *flags: str, settings: str = "") -> Daemon:
        (tmp_path / "libnvidia-ml.so.1.settings").write_text(settings + "\n")
        daemons.append(Daemon(tmp_path, f"--path.nvml={library}",
                              f"--collector.gpu.pod-resources={kubelet.path}", *flags))
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(20) == 0, daemon.log.read_text()


HELD = 'container="model",gpu="{}",namespace="{}",pod="{}"'


def test_every_series_of_a_gpu_names_its_pod(started, kubelet):
    kubelet.answer = pod("prod", "fraud-0", FIRST) + pod("kube-system", "dns")
    page = started(kubelet).page()
    lines = [line for line in page.splitlines()
             if re.match(r'ml_gpu_\w+\{.*gpu="0"', line) and not line.startswith("ml_gpu_process_")]
    assert len(lines) > 10
    for line in lines:
        labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
        assert (labels["namespace"], labels["pod"], labels["container"]) == (
            "prod", "fraud-0", "model"), line
    assert 'node_scrape_collector_success{collector="gpu"} 1' in page
    assert not re.search(r'^ml_gpu_\w+\{.*gpu="1".*pod=', page, re.MULTILINE)


def test_names_of_dcgm_exporter_have_its_labels(started, kubelet):
    kubelet.answer = pod("prod", "fraud-0", SECOND)
    page = started(kubelet, "--collector.gpu.dcgm-names").page()
    assert re.search(r'^DCGM_FI_DEV_GPU_TEMP\{.*container="model",.*gpu="1",.*namespace="prod",'
                     r'.*pod="fraud-0"', page, re.MULTILINE)


def test_parts_of_a_gpu_have_pods_of_their_own(started, kubelet):
    kubelet.answer = pod("a", "one", "MIG-00000000-0000-0000-0000-000000000001") + pod(
        "b", "whole", SECOND)
    page = started(kubelet, settings="mig 0").page()
    assert re.search(r'^ml_gpu_memory_used_bytes\{.*gpu_instance="8".*namespace="a",pod="one"', page,
                     re.MULTILINE)
    assert not re.search(r'^ml_gpu_power_watts\{.*gpu="0".*pod=', page, re.MULTILINE)


def test_a_gpu_that_several_pods_share_has_no_pod(started, kubelet):
    kubelet.answer = pod("prod", "a", f"{FIRST}::0") + pod("prod", "b", f"{FIRST}::1") + pod(
        "prod", "c", f"{SECOND}::0")
    page = started(kubelet).page()
    assert not re.search(r'^ml_gpu_power_watts\{.*gpu="0".*pod=', page, re.MULTILINE)
    assert f"ml_gpu_power_watts{{{HELD.format(1, 'prod', 'c')}}}" in page


def test_another_pod_and_no_pod_show_within_seconds(started, kubelet):
    kubelet.answer = pod("prod", "a", FIRST)
    daemon = started(kubelet)
    assert HELD.format(0, "prod", "a") in daemon.page()
    kubelet.answer = pod("prod", "b", FIRST)
    page = daemon.until(r'^ml_gpu_power_watts\{.*pod="b"')
    assert 'pod="a"' not in page


def test_many_pods_are_one_message_of_many_frames(started, kubelet):
    kubelet.answer = b"".join(pod("batch", f"job-{number}-" + "x" * 200) for number in range(2000))
    kubelet.answer += pod("prod", "fraud-0", FIRST)
    assert len(kubelet.answer) > 400_000
    assert HELD.format(0, "prod", "fraud-0") in started(kubelet).page()


def test_a_kubelet_that_restarts_fails_the_collector_and_keeps_the_labels(started, kubelet):
    kubelet.answer = pod("prod", "a", FIRST)
    daemon = started(kubelet)
    daemon.page()
    kubelet.stop()
    shutil.rmtree(kubelet.path, ignore_errors=True)
    page = daemon.until(r'^node_scrape_collector_success\{collector="gpu"\} 0')
    assert HELD.format(0, "prod", "a") in page
    assert str(kubelet.path) in daemon.log.read_text()
    if os.path.exists(kubelet.path):
        os.unlink(kubelet.path)
    kubelet.answer = pod("prod", "b", FIRST)
    kubelet.start()
    daemon.until(r'^node_scrape_collector_success\{collector="gpu"\} 1')
    assert HELD.format(0, "prod", "b") in daemon.until(r'^ml_gpu_power_watts\{.*pod="b"')


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 64, b"",
                                    b"\xff" * 70_000, None])
def test_what_is_no_kubelet_costs_half_a_second_and_no_gpu(started, kubelet, answer):
    kubelet.stop()
    if os.path.exists(kubelet.path):
        os.unlink(kubelet.path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(kubelet.path))
        listener.listen()
        pool = concurrent.futures.ThreadPoolExecutor(1)

        def serve():
            connection, _ = listener.accept()
            with connection:
                if answer is None:
                    time.sleep(3)
                else:
                    connection.sendall(answer)
        served = pool.submit(serve)
        daemon = started(kubelet)
        page = daemon.page()
        took = float(re.search(r'^node_scrape_collector_duration_seconds\{collector="gpu"\} (\S+)',
                               page, re.MULTILINE)[1])
        assert 'node_scrape_collector_success{collector="gpu"} 0' in page
        assert "ml_gpu_power_watts" in page and took < 2
        served.exception(10)
    kubelet.start()
