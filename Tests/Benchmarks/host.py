"""A scrape of this machine: ours, Debian's node_exporter and the floor in C, side by side."""

import contextlib
import pathlib
import statistics
import subprocess

from measuring import (
    ACCEPT, Allocations, cpu_per_scrape, floor, kernel_files, listing, memory_kilobytes,
    sample_count, scrape, spread, starts, system_calls, verdict,
)
from programs import NINE_FLAGS, Daemon, NodeExporter, binary, connect

#: The files of the nine collectors of the spine.
FILES = (
    "/proc/stat", "/proc/meminfo", "/proc/diskstats", "/proc/loadavg", "/proc/1/mountinfo",
    "/sys/devices/system/clocksource/clocksource0/available_clocksource",
    "/sys/devices/system/clocksource/clocksource0/current_clocksource", "/proc/self/stat",
)


def nine(options, folder: pathlib.Path) -> list[str]:
    """The nine collectors of the first release, the same on both sides."""
    return measure(
        "The nine collectors of the spine",
        "on both: " + " ".join(NINE_FLAGS[1:]).replace("--collector.", ""),
        NINE_FLAGS, [*NINE_FLAGS, "--collector.netdev.device-exclude=^$"], FILES, options, folder)


def defaults(options, folder: pathlib.Path) -> list[str]:
    """Everything that is on without a flag, on either side."""
    return measure(
        "All default collectors", "the defaults of either program; the floor reads the files that "
        "ours keeps open", [], [], None, options, folder)


def measure(title, collectors, flags, peer_flags, files, options, folder) -> list[str]:
    ours = Daemon(folder / "ours.log", *flags)
    peer = NodeExporter(folder / "peer.log", *peer_flags)
    programs = [ours, peer]
    try:
        page, theirs = ours.get(headers={"Accept": ACCEPT}).body, peer.get().body
        with contextlib.closing(connect(ours.address)) as wire:
            packed = scrape(wire, 1)
        floor_run = floor(page, files or kernel_files(ours), 500, folder)
        cost = {"ours": [], "peer": [], "floor": []}
        our_rounds = cpu_per_scrape(ours, options.rounds, options.scrapes)
        peer_rounds = cpu_per_scrape(peer, options.rounds, options.scrapes)
        for our_cost, peer_cost in zip(our_rounds, peer_rounds):
            cost["ours"].append(our_cost)
            cost["peer"].append(peer_cost)
            result = subprocess.run(floor_run, capture_output=True, text=True, check=True)
            cost["floor"].append(float(result.stdout.split()[2]))
        calls = system_calls(ours, 200, folder)
        peer_calls = system_calls(peer, 200, folder)
        fresh = [Daemon(folder / "fresh.log", *flags),
                 NodeExporter(folder / "fresh-peer.log", *peer_flags)]
        programs += fresh
        for program in fresh:
            with contextlib.closing(connect(program.address)) as wire:
                scrape(wire, 1000)
        memory = [memory_kilobytes(program.pid) for program in fresh]
        allocations = Allocations(folder)
        counted = Daemon(folder / "counted.log", *flags, env=allocations.environment())
        programs.append(counted)
        windows = allocations.windows(counted, 5, 400)
    finally:
        for program in programs:
            program.stop()
    first = starts(binary(), "--web.listen-address=", [*flags, "--storage.path=none"], 10)
    peer_first = starts("prometheus-node-exporter", "--web.listen-address=", peer_flags, 10)

    median = {name: statistics.median(values) for name, values in cost.items()}
    faster, above = median["peer"] / median["ours"], median["ours"] / median["floor"]
    resident, anonymous = memory[0]["VmRSS"] / 1024, memory[0]["RssAnon"] / 1024
    start = statistics.median(first)
    per_scrape = [window[0] + window[1] for window in windows]
    constant = max(per_scrape) - min(per_scrape) < 0.5
    lines = [
        f"## {title}", "",
        f"Collectors: {collectors}.  ",
        f"Page: ours {sample_count(page)} samples, {len(page)} bytes, {packed} compressed; "
        f"node_exporter {sample_count(theirs)} samples, {len(theirs)} bytes.  ",
        f"{options.rounds} interleaved rounds of {options.scrapes} scrapes each on one kept "
        "connection, with the headers of Prometheus 2.42, gzip. Medians, extremes in brackets.",
        "",
        "| what | ours | node_exporter | floor in C | target | |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| CPU per scrape, us | {spread(cost['ours'])} | {spread(cost['peer'])} "
        f"| {spread(cost['floor'])} | | |",
        f"| node_exporter / ours | {faster:.1f} | | | at least 10 | {verdict(faster >= 10)} |",
        f"| ours / floor | {above:.2f} | {median['peer'] / median['floor']:.1f} | | at most 2 "
        f"| {verdict(above <= 2)} |",
        f"| resident after 1,000 scrapes, MB | {resident:.1f} | {memory[1]['VmRSS'] / 1024:.1f} "
        f"| | at most 20 | {verdict(resident <= 20)} |",
        f"| of it anonymous, MB | {anonymous:.1f} | {memory[1]['RssAnon'] / 1024:.1f} | "
        f"| at most 5 | {verdict(anonymous <= 5)} |",
        f"| exec to first answer, ms | {spread(first)} | {spread(peer_first)} | | at most 100 "
        f"| {verdict(start <= 100)} |",
        f"| system calls per scrape | {sum(calls.values()):.1f} | {sum(peer_calls.values()):.1f} "
        "| | | |",
        f"| allocations per scrape | {statistics.median(per_scrape):.2f} | | | constant "
        f"| {verdict(constant)} |",
        "", "System calls per scrape:  ",
        "Ours: " + listing(calls) + "  ", "node_exporter: " + listing(peer_calls),
        "", "Allocations per scrape:", "",
        "| window of 400 scrapes | allocate | reallocate | free | bytes |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, window in enumerate(windows, 1):
        lines.append(f"| {number} | " + " | ".join(f"{value:.2f}" for value in window) + " |")
    return lines
