"""Writes the dashboards: `python dashboards/source [FOLDER]`, by default the folder above this one."""

import pathlib
import sys

import daemon
import fleet
import host
import serving
import training

BOARDS = {"fleet-overview": fleet, "host": host, "model-serving": serving,
          "training-and-business": training, "ml-exporter": daemon}


def write(folder: pathlib.Path):
    for name, source in BOARDS.items():
        (folder / f"{name}.json").write_text(source.build().json(), encoding="utf-8")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    write(pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parents[1])
