"""The stand-in for NVIDIA's management library, built and steered."""

import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "StandIns" / "nvml.c"


class Library:
    """A library of its own; `old` has only what one of 2014 had."""

    def __init__(self, folder: pathlib.Path, settings: str = "", old: bool = False):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.path = folder / "libnvidia-ml.so.1"
        subprocess.run(
            ["cc", "-shared", "-fPIC", *(["-DOLD"] if old else []), "-o", self.path, SOURCE],
            check=True)
        self.set(settings)

    def set(self, settings: str):
        """Lines `KEY VALUE` as nvml.c explains them; the whole file at once."""
        draft = self.folder / "draft"
        draft.write_text(settings + "\n")
        draft.rename(f"{self.path}.settings")
