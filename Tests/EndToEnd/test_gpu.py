"""GPUs: NVIDIA's by a stand-in for their library, AMD's and Intel's by a fixture tree."""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

import pages
from allocations import per_scrape
from nvml import Library
from programs import FIXTURES, wait_until
from test_bad_input import DAMAGES

GPU = ("--collector.disable-defaults", "--collector.gpu")

# Reads through PyPI's nvidia-ml-py what the daemon shows, and prints it as `series value`.
WITNESS = """
import pynvml as n
n.nvmlInit()
for i in range(n.nvmlDeviceGetCount()):
    d = n.nvmlDeviceGetHandleByIndex(i)
    def say(name, value, **labels):
        text = ",".join(f'{k}="{v}"' for k, v in sorted({"gpu": i, **labels}.items()))
        print(f"ml_gpu_{name}{{{text}}} {value!r}")
    use = n.nvmlDeviceGetUtilizationRates(d)
    say("utilization_ratio", use.gpu / 100)
    say("memory_utilization_ratio", use.memory / 100)
    memory = n.nvmlDeviceGetMemoryInfo(d, version=n.nvmlMemory_v2)
    say("memory_used_bytes", memory.used)
    say("memory_total_bytes", memory.total)
    say("temperature_celsius", n.nvmlDeviceGetTemperature(d, n.NVML_TEMPERATURE_GPU))
    say("power_watts", n.nvmlDeviceGetPowerUsage(d) / 1000)
    say("power_limit_watts", n.nvmlDeviceGetEnforcedPowerLimit(d) / 1000)
    say("energy_joules_total", n.nvmlDeviceGetTotalEnergyConsumption(d) / 1000)
    for domain in "GRAPHICS", "SM", "MEM", "VIDEO":
        value = n.nvmlDeviceGetClockInfo(d, getattr(n, "NVML_CLOCK_" + domain))
        say("clock_hertz", value * 1_000_000, domain=domain.lower().replace("mem", "memory"))
    for kind in "CORRECTED", "UNCORRECTED":
        say("ecc_errors_total", n.nvmlDeviceGetTotalEccErrors(
            d, getattr(n, "NVML_MEMORY_ERROR_TYPE_" + kind), n.NVML_AGGREGATE_ECC),
            kind=kind.lower())
    bits = n.nvmlDeviceGetCurrentClocksThrottleReasons(d)
    say("throttled", int(bits & n.nvmlClocksThrottleReasonSwPowerCap != 0), reason="sw_power_cap")
    say("throttled", int(bits & n.nvmlClocksThrottleReasonHwSlowdown != 0), reason="hw_slowdown")
    names = ("PCIE_COUNT_TX_BYTES", "PCIE_COUNT_RX_BYTES")
    sent, received = n.nvmlDeviceGetFieldValues(
        d, [getattr(n, "NVML_FI_DEV_" + name) for name in names])
    say("pcie_transmitted_bytes_total", sent.value.ullVal)
    say("pcie_received_bytes_total", received.value.ullVal)
    all_links = 0xFFFFFFFF
    sent, received = n.nvmlDeviceGetFieldValues(
        d, [(n.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX, all_links),
            (n.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX, all_links)])
    say("nvlink_transmitted_bytes_total", sent.value.ullVal * 1024)
    say("nvlink_received_bytes_total", received.value.ullVal * 1024)
    for process in n.nvmlDeviceGetComputeRunningProcesses(d):
        if process.usedGpuMemory is not None:
            say("process_memory_bytes", process.usedGpuMemory, pid=process.pid)
"""


@pytest.fixture
def library(tmp_path) -> Library:
    return Library(tmp_path / "nvml")


@pytest.fixture
def gpu(start, library):
    """A daemon that finds the stand-in where the loader looks for libraries."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library.folder)}
    return start.daemon(*GPU, "--collector.loadavg", env=environment)


def page(daemon) -> pages.Page:
    found = pages.parse_text(daemon.get().body)
    assert not found.duplicates
    return found


def success(found: pages.Page, collector: str = "gpu") -> float:
    return found.value("node_scrape_collector_success", collector=collector)


def test_what_is_shown_is_what_nvidia_ml_py_reads(gpu, library):
    witness = subprocess.run(
        [sys.executable, "-c", WITNESS], check=True, capture_output=True, text=True,
        env={**os.environ, "LD_LIBRARY_PATH": str(library.folder)}).stdout
    wanted = {}
    for line in witness.splitlines():
        wanted |= pages.parse_text(line.encode() + b"\n").values
    assert len(wanted) == 42
    found = page(gpu).values
    assert {key: found.get(key) for key in wanted} == wanted


def test_both_formats_are_well_formed_with_every_name(start, library):
    daemon = start.daemon(*GPU, "--collector.gpu.dcgm-names", f"--path.nvml={library.path}")
    library.set("mig 0")
    found = page(daemon)
    assert found.types["DCGM_FI_DEV_GPU_UTIL"] == "gauge"
    assert found.types["DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION_total"] == "counter"
    strict = pages.parse_openmetrics(daemon.get(
        headers={"Accept": "application/openmetrics-text;version=1.0.0"}).body)

    def ours(read: pages.Page) -> set[str]:
        return {name for name, _ in read.values if name.startswith("ml_gpu_")}

    assert ours(strict) == ours(found)
    # dcgm-exporter's counters have no `_total`, so OpenMetrics cannot call them counters.
    assert strict.types["DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"] == "unknown"


def test_a_machine_without_gpus_is_silent(start):
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine has a GPU")
    daemon = start.daemon(*GPU, f"--path.sysfs={FIXTURES}/debian12-2cpu/sys")
    found = page(daemon)
    assert success(found) == 1
    assert found.value("ml_exporter_collector_present", collector="gpu") == 0
    assert not [name for name, _ in found.values if "gpu" in name]
    assert "nvml" not in daemon.log.lower() and "nvidia" not in daemon.log.lower()


def test_an_incompatible_driver_is_reported_once(start, library):
    library.set("start 18")
    daemon = start.daemon(*GPU, "--collector.loadavg", f"--path.nvml={library.path}")
    for _ in range(3):
        found = page(daemon)
        assert success(found) == 0 and success(found, "loadavg") == 1
    assert daemon.log.count("version mismatch") == 1


def test_a_call_that_hangs_costs_the_gpus_alone(gpu, library):
    assert success(page(gpu)) == 1
    library.set("slow 6000")
    begun = time.monotonic()
    headers = {"X-Prometheus-Scrape-Timeout-Seconds": "3"}
    found = pages.parse_text(gpu.get(headers=headers).body)
    assert time.monotonic() - begun < 3
    assert success(found) == 0 and success(found, "loadavg") == 1
    assert found.value("ml_exporter_collector_timeouts_total", collector="gpu") == 1
    threads = found.value("process_threads")
    # While the call hangs no scrape waits for it again, and no second thread is started.
    begun = time.monotonic()
    found = page(gpu)
    assert time.monotonic() - begun < 2
    assert success(found) == 0 and found.value("process_threads") <= threads
    library.set("")
    wait_until(lambda: success(page(gpu)) == 1, 30, "the call comes back")


def test_a_daemon_whose_gpus_hang_still_stops(gpu, library):
    page(gpu)
    library.set("slow 8000")
    gpu.get(headers={"X-Prometheus-Scrape-Timeout-Seconds": "1"})
    assert gpu.stop() == 0


def test_a_sampled_link_does_not_slow_scrapes(start, library):
    library.set("counters 0")
    daemon = start.daemon(*GPU, f"--path.nvml={library.path}")

    def received():
        return page(daemon).get("ml_gpu_pcie_received_bytes_total", gpu="0")

    first = wait_until(received, 30, "an estimate")
    assert wait_until(lambda: (now := received()) > first and now, 30, "a growing estimate")
    # Two devices, two directions, 20 ms each: a scrape that asked would take 80 ms at least.
    took = [page(daemon).value("node_scrape_collector_duration_seconds", collector="gpu")
            for _ in range(10)]
    assert min(took) < 0.04


def test_a_lost_device_comes_back_with_the_library(gpu, library):
    assert page(gpu).get("ml_gpu_temperature_celsius", gpu="0") == 41
    library.set("lost 0")
    found = page(gpu)
    assert found.get("ml_gpu_temperature_celsius", gpu="0") is None
    assert found.value("ml_gpu_temperature_celsius", gpu="1") == 42
    assert found.value("ml_gpu_lost_total") == 1


def test_prometheus_takes_the_page(gpu, library, promtool):
    assert promtool(gpu.get().body) == ""


@pytest.fixture
def promtool():
    if not shutil.which("promtool"):
        pytest.skip("no promtool")

    def check(body: bytes) -> str:
        result = subprocess.run(
            ["promtool", "check", "metrics"], input=body, capture_output=True)
        return "\n".join(
            line for line in (result.stdout + result.stderr).decode().splitlines()
            if line.startswith("ml_gpu"))

    return check


def test_a_scrape_allocates_nothing_per_gpu(start, tmp_path):
    def allocations(devices: int) -> float:
        library = Library(tmp_path / f"nvml-{devices}", f"devices {devices}")
        return per_scrape(
            start, tmp_path / str(devices), *GPU, f"--path.nvml={library.path}")

    # Responses of 16 KiB and more are counted against a limit, at a constant cost: both are larger.
    assert allocations(8) - allocations(5) < 1


# MARK: AMD and Intel

@pytest.fixture
def cards(tmp_path) -> pathlib.Path:
    tree = tmp_path / "tree"
    shutil.copytree(FIXTURES / "cards", tree)
    return tree


def card_files() -> list[str]:
    root = FIXTURES / "cards/sys/class/drm"
    return sorted(str(file.relative_to(root)) for file in root.rglob("card0/**/*")
                  if file.is_file() and "uevent" not in file.name)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_of_a_card_costs_its_value(start, cards, damage):
    daemon = start.daemon(
        *GPU, "--collector.drm", "--path.nvml=none", f"--path.sysfs={cards}/sys")
    whole = page(daemon)
    drm = cards / "sys/class/drm"
    for name in card_files():
        file = drm / name
        good = file.read_bytes()
        damage(file)
        found = page(daemon)
        assert success(found) == 1 and success(found, "drm") == 1, name
        # The other cards are as they were.
        for key, value in whole.values.items():
            if ("gpu", "card1") in key[1]:
                assert found.values.get(key) == value, name
        if file.is_dir():
            file.rmdir()
        elif file.is_symlink() or file.exists():
            file.unlink()
        file.write_bytes(good)
    daemon.get()
    assert daemon.alive


def test_a_card_that_comes_and_goes(start, cards):
    daemon = start.daemon(*GPU, "--path.nvml=none", f"--path.sysfs={cards}/sys")
    drm = cards / "sys/class/drm"
    assert page(daemon).get("ml_gpu_utilization_ratio", gpu="card0") == 0.87
    shutil.move(drm / "card0", drm / "card9")
    found = page(daemon)
    assert found.get("ml_gpu_utilization_ratio", gpu="card0") is None
    assert found.get("ml_gpu_utilization_ratio", gpu="card9") == 0.87


def test_amd_cards_read_as_node_exporters(start, cards):
    sysfs = f"--path.sysfs={cards}/sys"
    peer = page(start.peer(sysfs, collectors=("drm",))).select(lambda name: "_drm_" in name)
    ours = page(start.daemon("--collector.disable-defaults", "--collector.drm", sysfs)).select(
        lambda name: "_drm_" in name)
    # 1.5.0 takes every card for one of amdgpu; later versions look at the driver, as we do.
    theirs = {key: value for key, value in peer.values.items()
              if dict(key[1])["card"] in ("card0", "card4")}
    assert len(theirs) == 16
    assert ours.values == theirs
    assert ours.types == peer.types
