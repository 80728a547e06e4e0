"""profile build and profile check of two CSVs, beside Evidently's DataDriftPreset on the same files."""

import json
import os
import pathlib
import random
import subprocess
import sys

from measuring import binary

ROWS = 500_000
COLUMNS = 20
# Evidently is slow and large; it is measured on fewer rows, and its cost is stated per value.
PEER_ROWS = 200_000
PEER = """
import resource, sys, json
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
rows = int(sys.argv[3])
reference = pd.read_csv(sys.argv[1], nrows=rows)
current = pd.read_csv(sys.argv[2], nrows=rows)
begin = resource.getrusage(resource.RUSAGE_SELF)
Report([DataDriftPreset()]).run(current, reference)
end = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime,
                  "with_reading": end.ru_utime + end.ru_stime, "kilobytes": end.ru_maxrss}))
"""


def write(path: pathlib.Path, seed: int, shift: float):
    """Rows of 16 numeric columns of several shapes and 4 categorical ones."""
    generator = random.Random(seed)
    gauss, uniform = generator.gauss, generator.random
    words = [f"category {number}" for number in range(300)]
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join(f"c{column:02}" for column in range(COLUMNS)) + "\n")
        for _ in range(ROWS):
            base = gauss(0, 1)
            row = [f"{base + shift:.6f}", f"{base * 100:.2f}", f"{gauss(1e6, 5):.3f}", repr(uniform())]
            row += [f"{uniform() ** -0.5:.4f}", str(int(uniform() * 10)), str(int(uniform() * 100000)),
                    "" if uniform() < 0.1 else f"{uniform() * 50:.1f}"] * 3
            row += [words[int(uniform() ** 3 * 300)], "yes" if uniform() < 0.3 else "no",
                    words[int(uniform() * 20)], words[int(uniform() * 3)]]
            file.write(",".join(row) + "\n")


def cost(arguments: list[str]) -> tuple[float, int]:
    """CPU seconds and kilobytes of the resident set of one command."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{arguments} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def peer() -> str | None:
    """A Python that has Evidently (`make statistics` makes one)."""
    here = pathlib.Path(__file__).resolve().parents[2] / ".venv-statistics" / "bin" / "python"
    return str(here) if here.exists() else None


def measure(options, folder: pathlib.Path) -> list[str]:
    reference, current, profile = folder / "reference.csv", folder / "current.csv", folder / "p.json"
    write(reference, 1, 0)
    write(current, 2, 0.3)
    build = [binary(), "profile", "build", "--input", str(reference), "--model=m", "--version=1", "-o",
             str(profile)]
    check = [binary(), "profile", "check", str(profile), "--input", str(current)]
    rounds = max(1, min(options.rounds, 3))
    built = min(cost(build) for _ in range(rounds))
    checked = min(cost(check) for _ in range(rounds))
    spilled = cost(build + ["--max-memory=16MiB", "--temp-dir", str(folder)])
    values = 2 * ROWS * COLUMNS
    seconds = built[0] + checked[0]
    report = [
        f"## Profiles: two CSVs of {ROWS:,} rows and {COLUMNS} columns"
        f" ({reference.stat().st_size / 1e6:.0f} MB each)", "",
        "| work | CPU s | ns per value | MB |", "| --- | --- | --- | --- |",
    ]

    def row(name: str, taken: tuple[float, int], count: int):
        report.append(f"| {name} | {taken[0]:.2f} | {taken[0] / count * 1e9:.0f} | {taken[1] / 1024:.0f} |")

    row("build", built, values // 2)
    row("build, 16 MiB of memory", spilled, values // 2)
    row("check", checked, values // 2)
    row("build + check", (seconds, max(built[1], checked[1])), values)
    python = peer()
    if python is None:
        return report + ["", "Evidently is not installed here (`make statistics`)."]
    done = subprocess.run([python, "-W", "ignore", "-c", PEER, reference, current, str(PEER_ROWS)],
                          capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout.splitlines()[-1])
    count = 2 * PEER_ROWS * COLUMNS
    row(f"Evidently, {PEER_ROWS:,} rows", (theirs["seconds"], theirs["kilobytes"]), count)
    row("the same with reading", (theirs["with_reading"], theirs["kilobytes"]), count)
    ratio = theirs["seconds"] / count / (seconds / values)
    reading = theirs["with_reading"] / count / (seconds / values)
    return report + ["", f"Per value Evidently takes {ratio:.1f} times the CPU of build + check,"
                         f" {reading:.1f} times with the reading of its files."]


if __name__ == "__main__":
    sys.exit("run bench.py profiles")
