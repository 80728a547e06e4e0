#!/usr/bin/env python3
"""What the daemon costs: ours, its peers and floors in C, side by side in one run.

Prints a report and keeps it in Runs/ beside this file (--no-keep does not). No number here is
asserted by a test: they hold for one machine. `make bench` builds the release first.
"""

import argparse
import datetime
import os
import pathlib
import re
import sys
import tempfile

sys.dont_write_bytecode = True

import costs  # noqa: E402
import events  # noqa: E402
import groups  # noqa: E402
import host  # noqa: E402
import journal  # noqa: E402
import profiles  # noqa: E402
import scale  # noqa: E402
from measuring import HERE, REPOSITORY, machine, versions  # noqa: E402

SECTIONS = {"nine": host.nine, "defaults": host.defaults, "scale": scale.measure,
            "events": events.measure, "groups": groups.measure, "journal": journal.measure,
            "profiles": profiles.measure, "costs": costs.measure}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("section", nargs="*", help=f"{', '.join(SECTIONS)}; all when none is named")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--scrapes", type=int, default=500, help="per round and program")
    parser.add_argument("--no-keep", action="store_true", help="do not write into Runs/")
    options = parser.parse_args()
    wanted = options.section or list(SECTIONS)
    if unknown := [name for name in wanted if name not in SECTIONS]:
        parser.error(f"no section is called {', '.join(unknown)}")
    today = datetime.date.today().isoformat()
    report = [
        f"# {today}, {machine()[0]}", "",
        "Machine: " + ", ".join(machine()) + f", load {os.getloadavg()[0]:.2f} at the start.  ",
        "Versions: " + "; ".join(versions()) + ".", "",
    ]
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            report += SECTIONS[name](options, pathlib.Path(folder)) + [""]
    text = "\n".join(report)
    print(text)
    if not options.no_keep:
        slug = re.sub(r"[^a-z0-9]+", "-", machine()[0].lower()).strip("-")
        sections = "" if not options.section else "-" + "-".join(wanted)
        name = f"{today}-{slug}-{os.cpu_count()}cpu{sections}.md"
        file = HERE / "Runs" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        print(f"kept in {file.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
