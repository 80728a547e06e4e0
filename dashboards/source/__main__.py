"""Writes the dashboards: `python dashboards/source [FOLDER]`, by default the folder above this one.

Those of Perses are written to deploy/perses, or to FOLDER/perses: Grafana would read a folder below its own.
"""

import json
import pathlib
import sys

import daemon
import fleet
import host
import perses
import serving
import training

BOARDS = {"fleet-overview": fleet, "host": host, "model-serving": serving,
          "training-and-business": training, "ml-exporter": daemon}


def write(folder: pathlib.Path, for_perses: pathlib.Path):
    for_perses.mkdir(exist_ok=True)
    for name, source in BOARDS.items():
        text = source.build().json()
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        (for_perses / f"{name}.json").write_text(perses.converted(json.loads(text)), encoding="utf-8")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments:
        write(pathlib.Path(arguments[0]), pathlib.Path(arguments[0]) / "perses")
    else:
        top = pathlib.Path(__file__).resolve().parents[2]
        write(top / "dashboards", top / "deploy" / "perses")
