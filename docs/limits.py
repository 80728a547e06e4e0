"""Writes limits.md: the limits that a built daemon prints.

    python3 docs/limits.py PROGRAM

Tests/EndToEnd/test_limits.py compares the file with what the daemon prints.
"""

import pathlib
import subprocess
import sys

FILE = pathlib.Path(__file__).resolve().parent / "limits.md"
HEAD = """# Limits

What a client, a file or the machine can make the daemon hold or do is limited. What is beyond a limit is
answered as below and counted, and what was accepted before stays. The name behind a colon is the one that
errors and the label `reason` have for a limit. A fixed limit has no flag.

`ml_exporter check-config --limits FLAGS` prints this table with the values under other flags and a settings
file; `python3 docs/limits.py PROGRAM` writes it here.

"""


def page(program: str) -> str:
    done = subprocess.run([program, "check-config", "--limits"], capture_output=True, text=True,
                          check=True, timeout=60)
    return HEAD + done.stdout


if __name__ == "__main__":
    FILE.write_text(page(sys.argv[1]))
