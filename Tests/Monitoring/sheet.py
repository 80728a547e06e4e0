"""A picture of a dashboard from the answers to its queries: each panel where it stands in Grafana.

It is no rendering by Grafana; it shows that every panel has data, and what the data look like.
"""

import datetime
import math
import pathlib
import textwrap
from dataclasses import dataclass, field

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib import colors, dates, patches
from PIL import Image

from grafana import Answer, Grafana

IN_TURN = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
INCHES_PER_COLUMN, INCHES_PER_LINE = 0.75, 0.33
LINES_IN_LEGEND = 6
# Grafana's dark theme.
PAPER, PANEL, INK, FAINT, EDGE = "#111217", "#181b1f", "#e3e3e8", "#9a9ba3", "#2c3038"
# Blue of the definitions is too dark for thin lines and text on this background.
BRIGHTER = {"#0072B2": "#2f95d6"}
HEAT = colors.LinearSegmentedColormap.from_list("heat", (PANEL, "#0b4f78", "#2f95d6", "#9ad4ff"))


@dataclass
class Marks:
    """What Grafana marks on every graph: moments of model loads, and times in which an alert fires."""

    loads: list[tuple[float, str]] = field(default_factory=list)
    firing: list[tuple[float, float, str]] = field(default_factory=list)

    @classmethod
    def of(cls, board: dict, grafana: Grafana) -> "Marks":
        marks = cls()
        for annotation in board["annotations"]["list"]:
            if "expr" not in annotation:
                continue
            answer = grafana.ask({"expr": annotation["expr"], "refId": "A", "legendFormat": ""})
            for result in answer.useful:
                if annotation.get("useValueForTime") == "on":
                    name = f"{result.labels.get('model')} {result.labels.get('version')} loaded"
                    moments = {value / 1000 for _, value in result.finite}
                    marks.loads += [(at, name) for at in moments if grafana.start < at < grafana.end]
                else:
                    times = [at for at, _ in result.finite]
                    # What fires all the time marks nothing.
                    if times[-1] - times[0] < 0.6 * (grafana.end - grafana.start):
                        marks.firing.append((times[0], times[-1], result.labels.get("alertname", "")))
        return marks

    def spans(self) -> list[tuple[float, float, str]]:
        """The times in which any alert fires, without overlap, with the first alert of each."""
        joined: list[tuple[float, float, str]] = []
        for first, last, name in sorted(self.firing):
            if joined and first <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(last, joined[-1][1]), joined[-1][2])
            else:
                joined.append((first, last, name))
        return joined


def bright(colour: str) -> str:
    return BRIGHTER.get(colour, colour)


def shown(value: float | None, unit: str, decimals: int | None = None) -> str:
    """A value as Grafana would write it, near enough."""
    if value is None or not math.isfinite(value):
        return "no data" if value is None else str(value)
    if unit == "percentunit":
        return f"{value * 100:.{1 if decimals is None else decimals}f} %"
    if unit == "bool_yes_no":
        return "Yes" if value else "No"
    if unit == "dateTimeFromNow":
        then = datetime.datetime.fromtimestamp(value / 1000)
        return f"{(datetime.datetime.now() - then).total_seconds():.0f} s ago"
    if unit == "s":
        size = abs(value)
        for limit, factor, name in ((1e-3, 1e6, "µs"), (1, 1e3, "ms"), (60, 1, "s"),
                                    (3600, 1 / 60, "min"), (86400, 1 / 3600, "hours"),
                                    (math.inf, 1 / 86400, "days")):
            if size < limit:
                return f"{value * factor:.3g} {name}"
    suffix = {"bytes": "B", "Bps": "B/s", "reqps": " req/s", "ops": "/s", "pps": " p/s",
              "iops": " io/s", "celsius": " °C", "watt": " W", "hertz": " Hz"}.get(unit, "")
    size, names = (1024, ("", " Ki", " Mi", " Gi", " Ti")) if unit == "bytes" else \
        (1000, ("", " k", " M", " G", " T"))
    step = 0
    while abs(value) >= size and step < 4:
        value, step = value / size, step + 1
    digits = f"{value:.{decimals}f}" if decimals is not None else f"{value:.4g}"
    return f"{digits}{names[step]}{suffix}"


def unit_of(panel: dict, column: str | None = None) -> tuple[str, int | None]:
    defaults = panel["fieldConfig"]["defaults"]
    unit, decimals = defaults.get("unit", "short"), defaults.get("decimals")
    for override in panel["fieldConfig"].get("overrides", []):
        if column and override["matcher"].get("options") == column:
            for setting in override["properties"]:
                if setting["id"] == "unit":
                    unit = setting["value"]
                if setting["id"] == "decimals":
                    decimals = setting["value"]
    return unit, decimals


def colour_at(value: float | None, steps: list[dict]) -> str:
    if value is None:
        return FAINT
    reached = [step for step in steps if step["value"] is None or value >= step["value"]]
    return reached[-1]["color"]


def fixed_colours(panel: dict) -> dict[str, str]:
    """Label values with a colour of their own, from the overrides by pattern."""
    found = {}
    for override in panel["fieldConfig"].get("overrides", []):
        if override["matcher"]["id"] == "byRegexp":
            name = override["matcher"]["options"].split(")")[-1].rstrip("$/")
            for setting in override["properties"]:
                if setting["id"] == "color":
                    found[name] = setting["value"]["fixedColor"]
    return found


def settings_of(panel: dict, reference: str) -> dict:
    """What the overrides of a query say."""
    return {setting["id"]: setting["value"]
            for override in panel["fieldConfig"].get("overrides", [])
            if override["matcher"] == {"id": "byFrameRefID", "options": reference}
            for setting in override["properties"]}


def time_axis(axes, points: list[float]):
    is_long = points and max(points) - min(points) > 1200
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M" if is_long else "%H:%M:%S"))
    axes.xaxis.set_major_locator(dates.AutoDateLocator(maxticks=6))
    axes.tick_params(labelsize=7, colors=FAINT, length=2)
    if points and min(points) < max(points):
        axes.set_xlim(*(datetime.datetime.fromtimestamp(end) for end in (min(points), max(points))))


def mark(axes, marks: Marks | None):
    if marks is None:
        return
    top = axes.get_xaxis_transform()
    for at, name in marks.loads:
        moment = datetime.datetime.fromtimestamp(at)
        axes.axvline(moment, color="#56B4E9", linewidth=0.9, linestyle=(0, (4, 2)))
        axes.text(moment, 0.97, name + " ", transform=top, fontsize=6.5, color="#56B4E9", va="top", ha="right")
    for first, last, name in marks.spans():
        since, until = map(datetime.datetime.fromtimestamp, (first, last))
        axes.axvspan(since, until, color="#D55E00", alpha=0.16, linewidth=0, zorder=0)
        axes.text(since, 0.86, " " + name, transform=top, fontsize=6.5, color="#ff9a52", va="top", clip_on=True)


def lines(axes, panel: dict, answers: list[Answer], marks: Marks | None = None):
    stacked = panel["fieldConfig"]["defaults"]["custom"].get("stacking", {}).get("mode") == "normal"
    fixed, legend, floor, number = fixed_colours(panel), [], {}, 0
    unit, decimals = unit_of(panel)
    for place, answer in enumerate(answers):
        own = settings_of(panel, answer.reference)
        dashed = "custom.lineStyle" in own
        sign = -1 if own.get("custom.transform") == "negative-Y" else 1
        for result in answer.useful:
            name = answer.name(result)
            known = next((fixed[word] for word in (name, name.split(" ")[-1]) if word in fixed), None)
            # A query of one series has the colour of its place, any other a colour per series.
            is_single = "{{" not in answer.legend
            colour = bright(known or IN_TURN[(place if is_single else number) % 8])
            number += 1
            times = [datetime.datetime.fromtimestamp(at) for at, _ in result.finite]
            values = [sign * value for _, value in result.finite]
            if stacked and not dashed:
                below = [floor.get(at, 0) for at, _ in result.finite]
                above = [low + value for low, value in zip(below, values)]
                axes.fill_between(times, below, above, color=colour, alpha=0.5, linewidth=0)
                floor.update(zip((at for at, _ in result.finite), above))
                values = above
            axes.plot(times, values, color=colour, linewidth=1.2,
                      linestyle="--" if dashed else "-", marker="." if len(times) == 1 else None)
            legend.append((name, colour, result.last, max(value for _, value in result.finite)))
    for step in panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])[1:]:
        low, high = axes.get_ylim()
        if low <= step["value"] <= high:
            axes.axhline(step["value"], color=step["color"], linewidth=1, linestyle=":")
    mark(axes, marks)
    time_axis(axes, [at for answer in answers for result in answer.useful for at, _ in result.finite])
    axes.yaxis.set_major_formatter(lambda value, _: shown(value, unit, axis_decimals(axes, unit)))
    if not any(value < 0 for line in axes.lines for value in line.get_ydata()):
        axes.set_ylim(bottom=0)
    axes.grid(color=EDGE, linewidth=0.6)
    # The largest first: what matters is not under "and 3 more".
    legend.sort(key=lambda entry: -abs(entry[3]))
    for name, colour, last, most in legend[:LINES_IN_LEGEND]:
        peak = f", max {shown(most, unit, decimals)}" if most > 1.5 * abs(last) and len(name) < 30 else ""
        axes.plot([], [], color=colour, label=f"{name[:40]}  {shown(last, unit, decimals)}{peak}")
    if legend:
        more = len(legend) - LINES_IN_LEGEND
        if more > 0:
            axes.plot([], [], color="none", label=f"and {more} more")
        axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncol=2,
                    frameon=False, labelcolor=INK, handlelength=1, borderaxespad=0, labelspacing=0.3)


def axis_decimals(axes, unit: str) -> int | None:
    """As many decimals as tell the ticks of small percentages apart."""
    low, high = axes.get_ylim()
    return 3 if unit == "percentunit" and high - low < 0.004 else None


def number(axes, panel: dict, answers: list[Answer], marks: Marks | None = None):
    results = answers[0].useful
    last = results[0].last if results else None
    unit, decimals = unit_of(panel)
    colour = bright(colour_at(last, panel["fieldConfig"]["defaults"]["thresholds"]["steps"]))
    if results and len(results[0].finite) > 1 and panel["options"].get("graphMode") == "area":
        values = [value for _, value in results[0].finite]
        low, high = min(values), max(values)
        spread = (high - low) or 1
        curve = [0.3 * (value - low) / spread for value in values]
        axes.fill_between([index / (len(values) - 1) for index in range(len(values))], curve,
                          color=colour, alpha=0.25, linewidth=0)
    axes.text(0.5, 0.55, shown(last, unit, decimals), ha="center", va="center", fontsize=19, weight="bold",
              color=colour, transform=axes.transAxes)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.axis("off")


def bars(axes, panel: dict, answers: list[Answer], marks: Marks | None = None):
    unit, decimals = unit_of(panel)
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    found = sorted(((answers[0].name(result), result.last) for result in answers[0].useful),
                   key=lambda bar: bar[1])[-10:]
    axes.barh([name[:40] for name, _ in found], [value for _, value in found],
              color=[bright(colour_at(value, steps)) for _, value in found], height=0.6)
    for place, (_, value) in enumerate(found):
        axes.text(value, place, " " + shown(value, unit, decimals), fontsize=7, va="center", color=INK)
    axes.tick_params(labelsize=7, length=0, colors=INK)
    axes.set_xticks([])
    axes.margins(x=0.2)
    axes.spines[:].set_visible(False)


def heat(axes, panel: dict, answers: list[Answer], marks: Marks | None = None):
    rows = {float(result.labels["le"]): dict(result.points) for result in answers[0].results}
    bounds, times = sorted(rows), sorted({at for row in rows.values() for at in row})
    below = dict.fromkeys(times, 0.0)
    grid = []
    for bound in bounds:
        grid.append([max(0.0, rows[bound].get(at, 0.0) - below[at]) ** 0.5 for at in times])
        below = {at: rows[bound].get(at, below[at]) for at in times}
    if times:
        axes.pcolormesh([datetime.datetime.fromtimestamp(at) for at in times], range(len(bounds)),
                        grid, cmap=HEAT, shading="nearest")
    unit = panel["options"]["yAxis"]["unit"]
    axes.set_yticks(range(len(bounds)), ["+Inf" if math.isinf(bound) else shown(bound, unit)
                                         for bound in bounds])
    time_axis(axes, times)


def cell_steps(panel: dict, column: str) -> list[dict] | None:
    """The limits that colour a column's cells."""
    for override in panel["fieldConfig"].get("overrides", []):
        if override["matcher"].get("options") == column:
            for setting in override["properties"]:
                if setting["id"] == "thresholds":
                    return setting["value"]["steps"]
    return None


def table(axes, panel: dict, answers: list[Answer], marks: Marks | None = None):
    options = next(step["options"] for step in panel["transformations"] if step["id"] == "organize")
    places = options["indexByName"]
    labels = {label: heading for label, heading in sorted(
        options["renameByName"].items(), key=lambda entry: places.get(entry[0], 99))
        if not label.startswith("Value")}
    rows = {}
    for answer in answers:
        for result in answer.results:
            key = tuple(result.labels.get(label, "") for label in labels)
            rows.setdefault(key, {})[answer.legend] = result.last
    order = panel["options"]["sortBy"][0]["displayName"]
    ranked = sorted(rows.items(), key=lambda row: -(row[1].get(order) or 0))
    fits = max(1, int(panel["gridPos"]["h"] * 1.35) - 3)
    text = [[*key, *(shown(values.get(answer.legend), *unit_of(panel, answer.legend))
                     if answer.legend in values else "" for answer in answers)]
            for key, values in ranked[:fits]]
    headings = [*labels.values(), *(answer.legend for answer in answers)]
    axes.axis("off")
    if not text:
        axes.text(0.5, 0.5, "no rows", ha="center", color=FAINT, fontsize=8)
        return
    drawn = axes.table(cellText=text, colLabels=headings, loc="upper center", cellLoc="left",
                       edges="horizontal")
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(8)
    for (line, column), cell in drawn.get_celld().items():
        cell.set_edgecolor(EDGE)
        cell.set_height(0.95 / (fits + 1.5))
        cell.set_text_props(color=INK, horizontalalignment="left")
        if line == 0:
            cell.set_text_props(color=bright("#0072B2"), weight="bold")
        elif column >= len(labels) and (steps := cell_steps(panel, headings[column])):
            value = ranked[line - 1][1].get(headings[column])
            cell.set_text_props(color=bright(colour_at(value, steps)), weight="bold")


DRAW = {"timeseries": lines, "stat": number, "bargauge": bars, "heatmap": heat, "table": table}


def reduced(image: Image.Image) -> Image.Image:
    """The picture with 256 colours, those of the definitions among them: a few red pixels matter most."""
    defined = sorted({*IN_TURN, *map(bright, IN_TURN)})
    common = image.quantize(256 - len(defined), dither=Image.Dither.NONE).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette([*common[:3 * (256 - len(defined))],
                        *(int(text[place:place + 2], 16) for text in defined for place in (1, 3, 5))])
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def draw(board: dict, answers: dict[int, list[Answer]], file: pathlib.Path, marks: Marks | None = None):
    """Writes the picture of a dashboard. `answers` has those of each panel, by its id."""
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    width_inches, height_inches = 24 * INCHES_PER_COLUMN, (height + 2) * INCHES_PER_LINE
    figure = plt.figure(figsize=(width_inches, height_inches), facecolor=PAPER)

    def box(x, y, w, h, left=0.0, right=0.0, top=0.0, bottom=0.0):
        """A place on the sheet; margins in inches."""
        return [(x * INCHES_PER_COLUMN + left) / width_inches,
                1 - ((y + 2 + h) * INCHES_PER_LINE - bottom) / height_inches,
                (w * INCHES_PER_COLUMN - left - right) / width_inches,
                (h * INCHES_PER_LINE - top - bottom) / height_inches]

    figure.text(0.01, 1 - 1.1 * INCHES_PER_LINE / height_inches, board["title"], fontsize=14,
                color=INK, weight="bold")
    for panel in board["panels"]:
        place = panel["gridPos"]
        spot = (place["x"], place["y"], place["w"], place["h"])
        if panel["type"] == "row":
            left, low, _, high = box(*spot)
            figure.text(left + 0.005, low + high / 3, panel["title"], fontsize=10, color=INK)
            continue
        left, low, wide, high = box(*spot, 0.04, 0.04, 0.03, 0.03)
        figure.patches.append(patches.Rectangle(
            (left, low), wide, high, transform=figure.transFigure, facecolor=PANEL,
            edgecolor=EDGE, linewidth=0.6, zorder=-1))
        title = textwrap.shorten(panel["title"], int(place["w"] * 8), placeholder="…")
        figure.text(left + 0.06 / width_inches, low + high - 0.2 / height_inches, title, fontsize=9,
                    color=INK, weight="bold")
        kind = panel["type"]
        wide_left = {"bargauge": 1.9, "timeseries": 0.65, "heatmap": 0.65}.get(kind, 0.12)
        axes = figure.add_axes(box(*spot, wide_left, 0.2, 0.34,
                                   0.72 if kind == "timeseries" else 0.3), facecolor=PANEL)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(EDGE)
        found = answers[panel["id"]]
        if kind != "table" and not any(answer.useful for answer in found):
            axes.axis("off")
            axes.text(0.5, 0.5, "no data on this machine", ha="center", va="center", color=FAINT,
                      fontsize=8, transform=axes.transAxes)
            continue
        DRAW[kind](axes, panel, found, marks)
    figure.savefig(file, dpi=100, facecolor=PAPER)
    plt.close(figure)
    with Image.open(file) as image:
        reduced(image.convert("RGB")).save(file, optimize=True)
