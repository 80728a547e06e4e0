"""The dashboards as definitions of Perses, made of the classic ones: same panels, queries, variables and rows.

What Perses has no counterpart for is left out: annotations, links of rows, heat maps of classic buckets (drawn as
stacked lines).
"""

import json
import re

PROJECT = "ml_exporter"
UNITS = {
    "percentunit": "percent-decimal", "bytes": "bytes", "binBps": "bytes/sec", "Bps": "bytes/sec", "s": "seconds",
    "reqps": "requests/sec", "ops": "ops/sec", "iops": "ops/sec", "pps": "packets/sec",
}
CALCULATIONS = {"mean": "mean", "max": "max", "lastNotNull": "last-number"}


def formatted(unit: str, decimals: int | None = None) -> dict:
    made = {"unit": UNITS.get(unit, "decimal")}
    if decimals is not None:
        made["decimalPlaces"] = decimals
    if made["unit"] == "decimal" and decimals is None:
        made["shortValues"] = True
    return made


def thresholds(defaults: dict) -> dict | None:
    first, *steps = defaults.get("thresholds", {}).get("steps", [{}])
    if not steps:
        return None
    return {"mode": "absolute", "defaultColor": first["color"],
            "steps": [{"value": step["value"], "color": step["color"]} for step in steps]}


def query(target: dict) -> dict:
    return {"kind": "TimeSeriesQuery", "spec": {"plugin": {
        "kind": "PrometheusTimeSeriesQuery",
        "spec": {"query": target["expr"], "seriesNameFormat": target.get("legendFormat", "")}}}}


def overridden(panel: dict, reference: str) -> dict:
    return {setting["id"]: setting["value"] for override in panel["fieldConfig"].get("overrides", [])
            if override["matcher"] == {"id": "byFrameRefID", "options": reference}
            for setting in override["properties"]}


def lines(panel: dict) -> dict:
    defaults = panel["fieldConfig"]["defaults"]
    custom = defaults.get("custom", {})
    is_stacked = custom.get("stacking", {}).get("mode") == "normal" or panel["type"] == "heatmap"
    axis = {"format": formatted(defaults["unit"], defaults.get("decimals"))}
    axis |= {key: defaults[key] for key in ("min", "max") if key in defaults}
    visual = {"display": "line", "lineWidth": 1, "areaOpacity": 0.3 if is_stacked else 0.08,
              "palette": {"mode": "auto"}}
    if is_stacked:
        visual["stack"] = "all"
    calculations = panel["options"].get("legend", {}).get("calcs", [])
    spec = {"legend": {"position": "bottom", "mode": "table",
                       "values": [CALCULATIONS[each] for each in calculations if each in CALCULATIONS]},
            "yAxis": axis, "visual": visual}
    if limits := thresholds(defaults):
        spec["thresholds"] = limits
    fixed = [{"queryIndex": index, "colorMode": "fixed-single", "colorValue": colour["fixedColor"]}
             for index, target in enumerate(panel["targets"])
             if "fixedColor" in (colour := overridden(panel, target["refId"]).get("color", {}))]
    if fixed:
        spec["querySettings"] = fixed
    return {"kind": "TimeSeriesChart", "spec": spec}


def number(panel: dict) -> dict:
    defaults = panel["fieldConfig"]["defaults"]
    spec = {"calculation": "last-number", "format": formatted(defaults["unit"], defaults.get("decimals"))}
    if limits := thresholds(defaults):
        spec["thresholds"] = limits
    if panel["options"].get("graphMode") == "area":
        spec["sparkline"] = {}
    return {"kind": "StatChart", "spec": spec}


def bars(panel: dict) -> dict:
    defaults = panel["fieldConfig"]["defaults"]
    return {"kind": "BarChart", "spec": {
        "calculation": "last-number", "format": formatted(defaults["unit"], defaults.get("decimals")),
        "sort": "desc", "mode": "value"}}


def table(panel: dict) -> dict:
    options = next(step["options"] for step in panel["transformations"] if step["id"] == "organize")
    order = sorted(options["renameByName"].items(), key=lambda entry: options["indexByName"].get(entry[0], 99))
    columns = [{"name": re.sub(r"^Value #([A-Z])$", lambda match: f"value #{ord(match[1]) - 64}",
                               "value" if name == "Value" else name),
                "header": heading, "enableSorting": True} for name, heading in order]
    return {"kind": "Table", "spec": {
        "density": "compact", "columnSettings": [*columns, {"name": "timestamp", "hide": True}],
        "transforms": [{"kind": "MergeSeries", "spec": {}}]}}


PLUGINS = {"timeseries": lines, "heatmap": lines, "stat": number, "bargauge": bars, "table": table}


def variable(content: dict) -> dict:
    selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", content["query"]).groups()
    return {"kind": "ListVariable", "spec": {
        "name": content["name"],
        "display": {"name": content["label"], "description": content["description"]},
        "defaultValue": "$__all", "allowAllValue": True, "allowMultiple": True,
        "customAllValue": content["allValue"], "sort": "alphabetical-asc",
        "plugin": {"kind": "PrometheusLabelValuesVariable",
                   "spec": {"labelName": label, "matchers": [selector]}}}}


def converted(board: dict) -> str:
    """The text of a Perses dashboard from a classic one as it is stored."""
    panels, layouts = {}, []

    def add(layout: dict, panel: dict, top: int):
        key, place = f"panel-{panel['id']}", panel["gridPos"]
        panels[key] = {"kind": "Panel", "spec": {
            "display": {"name": panel["title"], "description": panel["description"]},
            "plugin": PLUGINS[panel["type"]](panel),
            "queries": [query(target) for target in panel["targets"]]}}
        layout["spec"]["items"].append({
            "x": place["x"], "y": place["y"] - top, "width": place["w"], "height": place["h"],
            "content": {"$ref": f"#/spec/panels/{key}"}})

    top = 0
    for panel in board["panels"]:
        if panel["type"] == "row":
            top = panel["gridPos"]["y"] + 1
            layouts.append({"kind": "Grid", "spec": {
                "display": {"title": panel["title"], "collapse": {"open": not panel["collapsed"]}}, "items": []}})
            for inner in panel.get("panels") or ():
                add(layouts[-1], inner, top)
        else:
            add(layouts[-1], panel, top)
    content = {
        "kind": "Dashboard", "metadata": {"name": board["uid"], "project": PROJECT},
        "spec": {
            "display": {"name": board["title"], "description": board["description"]},
            "duration": board["time"]["from"].removeprefix("now-"), "refreshInterval": board["refresh"],
            "variables": [variable(each) for each in board["templating"]["list"] if each["type"] == "query"],
            "panels": panels, "layouts": layouts}}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
