"""Draws dashboards/preview/*.png and the picture of the README: `make previews`.

    python Tests/Monitoring/previews.py [FOLDER]      with FOLDER the pictures go there
"""

import contextlib
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "deploy" / "demo"), str(ROOT / "Tests" / "EndToEnd")]

import sheet  # noqa: E402
import story  # noqa: E402
from files import dashboards  # noqa: E402
from grafana import Grafana  # noqa: E402
from nvml import Library  # noqa: E402
from programs import Daemon  # noqa: E402

# Of the README: what one looks at first in an incident.
README_PANELS = {"Requests", "Errors", "p99", "Invalid rows", "In flight", "Predictions", "Requests by outcome",
                 "Errors by version", "Latency quantiles", "Missing values over time"}


# Rows that a picture can do without: of hardware that virtual machines lack, and details.
LEFT_OUT = {"Memory detail", "Pressure", "Temperatures and fans", "Clock"}


def shortened(board: dict) -> dict:
    """The board without some rows; what is below them moves up."""
    panels, shift, is_left_out, top = [], 0, False, 0
    for panel in board["panels"]:
        place = panel["gridPos"]
        if panel["type"] == "row":
            if is_left_out:
                shift += place["y"] - top
            is_left_out, top = panel["title"] in LEFT_OUT, place["y"]
        if not is_left_out:
            panels.append({**panel, "gridPos": {**place, "y": place["y"] - shift}})
    return {**board, "panels": panels}


def cropped(board: dict) -> dict:
    """The panels of the README's picture on a grid of their own."""
    panels, column, line, tallest = [], 0, 0, 0
    for panel in board["panels"]:
        if panel["title"] in README_PANELS and panel["type"] != "row":
            place = dict(panel["gridPos"], h=4 if panel["type"] == "stat" else 8)
            if column + place["w"] > 24:
                column, line, tallest = 0, line + tallest, 0
            panels.append({**panel, "gridPos": {**place, "x": column, "y": line}})
            column, tallest = column + place["w"], max(tallest, place["h"])
    return {**board, "panels": panels}


def main(target: pathlib.Path, readme: pathlib.Path):
    with tempfile.TemporaryDirectory(prefix="previews-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        socket = folder / "push.sock"
        gpus = Library(folder / "nvml", f"pid {os.getpid()}")
        hosts = []
        for place, library, called in ((str(socket), gpus.path, "gpu-1"), ("none", "none", "web-1")):
            hosts.append(Daemon(folder, f"--path.nvml={library}", socket=place, host_name=called))
            stack.callback(hosts[-1].stop)
        end = time.time() // story.STEP * story.STEP
        start = end - story.MINUTES * story.STEP
        file = story.told(folder, hosts, [f"unix:{socket}", hosts[1].push], start)
        print(f"{file.stat().st_size / 1e6:.0f} MB of samples", flush=True)
        story.blocks(file, folder / "tsdb")
        file.unlink()
        story.record(folder, start, end)
        story.alert(folder, start, end)
        running = story.prometheus(folder)
        stack.callback(running.stop)
        for title, board in dashboards().items():
            # The first rates have no window yet.
            grafana = Grafana(running, start + 600, end, step=60, scrape=story.STEP)
            grafana.chosen = {variable["name"]: variable["allValue"]
                              for variable in board["templating"]["list"] if "allValue" in variable}
            answers = {panel["id"]: grafana.panel(panel) for panel in board["panels"] if panel.get("targets")}
            marks = sheet.Marks.of(board, grafana)
            sheet.draw(shortened(board), answers, target / f"{title}.png", marks)
            if title == "model-serving":
                grafana.chosen["model"] = "fraud"
                fraud = {panel["id"]: grafana.panel(panel) for panel in cropped(board)["panels"]}
                sheet.draw(cropped(board), fraud, readme / "incident.png", sheet.Marks.of(board, grafana))
            print(title, flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[1]))
    else:
        main(ROOT / "dashboards" / "preview", ROOT / "docs" / "figures")
