"""Proves the harness: nothing may be found in a toy that keeps its promises, each fault in one that
breaks them, and after power cuts what a daemon lost whose syncs do nothing."""

import pathlib
import re
import subprocess
import sys

FAULTS = {
    "none": set(),
    "early": {"lost", "backwards"},
    "forgets": {"doubled"},
    "blind": {"doubled"},
    "halves": {"other"},
}
ROWS = {"lost": "acknowledged and lost", "doubled": "applied more than once",
        "backwards": "counters that fell", "other": "other"}
SKIPPED = 77
HERE = pathlib.Path(__file__).parent


def main() -> int:
    wrong = 0
    for fault, wanted in FAULTS.items():
        run = subprocess.run(
            [sys.executable, HERE, "--daemon=toy", f"--fault={fault}", "--kills=16", "--pushers=4",
             "--seconds=1.2", "--seed=1"], capture_output=True, text=True, timeout=300)
        found = {kind for kind, row in ROWS.items()
                 if re.search(rf"^\| \**{row}\** \| [1-9]", run.stdout, re.MULTILINE)}
        good = wanted <= found and (run.returncode == 1) == bool(wanted)
        good = good and (bool(wanted) or not found)
        print(f"{'ok' if good else 'WRONG':5} toy with fault {fault}: "
              f"{', '.join(sorted(found)) or 'nothing'} found", flush=True)
        if not good:
            print(run.stdout, run.stderr, sep="")
            wrong += 1
    run = subprocess.run(
        [sys.executable, HERE / "power.py", "--fault=unsynced", "--cuts=9", "--seconds=2"],
        capture_output=True, text=True, timeout=300)
    if run.returncode == SKIPPED:
        print(run.stdout, end="")
    else:
        good = run.returncode == 1 and re.search(r"^\| \**acknowledged and lost\** \| [1-9]",
                                                 run.stdout, re.MULTILINE)
        print(f"{'ok' if good else 'WRONG':5} power cuts of a daemon whose syncs do nothing",
              flush=True)
        if not good:
            print(run.stdout, run.stderr, sep="")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
