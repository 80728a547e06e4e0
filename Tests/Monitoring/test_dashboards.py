"""The dashboards as files: the linter's rules for them, their grid, ids, units, variables, metrics."""

import functools
import re
import subprocess
import sys

import promql_parser
import pytest

from files import (DASHBOARDS, DRIFT, REPOSITORY, alerts, catalogue, dashboards, matchers, names, rules,
                   selectors, stored_dashboards)

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
HOST_CHOICE = {("job", "=~", "$job"), ("instance", "=~", "$instance")}
MODEL_CHOICE = {("model", "=~", "$model")}
UNITS = {
    "Bps", "binBps", "bool_yes_no", "bytes", "celsius", "dateTimeFromNow", "hertz", "iops", "none",
    "ops", "percentunit", "pps", "reqps", "s", "short", "watt",
}
# Series that are of Prometheus, not of a target.
WITHOUT_TARGET = {"ALERTS"}
BUILT_IN = {"__rate_interval", "__interval", "__range", "__url_time_range", "__data", "__all"}
BOARDS = dashboards()


def panels(board: dict) -> list[dict]:
    return [panel for panel in board["panels"] if panel["type"] not in ("row", "text")]


PANELS = [pytest.param(name, panel, id=f"{name}: {panel['title']} ({panel['id']})")
          for name, board in BOARDS.items() for panel in panels(board)]
QUERIES = [pytest.param(name, panel, target, id=f"{name}: {panel['title']} {target['refId']}")
           for name, board in BOARDS.items() for panel in panels(board)
           for target in panel["targets"]]


def runnable(expression: str) -> str:
    """The query with Grafana's own variables filled in, as far as PromQL needs it to be parsed."""
    return (expression.replace("$__rate_interval", "5m").replace("$__interval", "1m")
            .replace("$__range", "1h"))


@functools.cache
def recorded() -> set[str]:
    return {rule.name for rule in rules() if not rule.is_alert}


def test_they_are_what_their_source_makes(tmp_path):
    done = subprocess.run([sys.executable, str(DASHBOARDS / "source"), str(tmp_path)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = {path.name: path.read_text() for path in tmp_path.glob("*.json")}
    kept = {path.name: path.read_text() for path in DASHBOARDS.glob("*.json")}
    assert set(made) == set(kept)
    for name in made:
        assert made[name] == kept[name], f"{name}: run `make dashboards`"


def test_what_the_library_reads_back_is_what_stands_there():
    """A key that the schema does not know is lost on the way through the library's own types."""
    import json
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard
    register_default_plugins()

    def lost(before, after, path=""):
        if isinstance(before, dict) and isinstance(after, dict):
            for key, value in before.items():
                if key in after:
                    yield from lost(value, after[key], f"{path}.{key}")
                elif value is not None:
                    yield f"{path}.{key}"
        elif isinstance(before, list) and isinstance(after, list):
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from lost(one, other, f"{path}[{index}]")
        elif before != after:
            yield f"{path}: {before!r} became {after!r}"

    # Annotations of Prometheus carry keys of the data source's own.
    own = re.compile(r"^\.annotations\.list\[\d+\]\.(step|titleFormat|textFormat|useValueForTime)$")
    for name, board in stored_dashboards().items():
        again = json.loads(JSONEncoder().encode(Dashboard.from_json(json.loads(json.dumps(board)))))
        found = [key for key in lost(board, again) if not own.match(key)]
        assert not found, f"{name}: {found}"


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_can_be_imported_provisioned_and_published(name):
    board = BOARDS[name]
    assert board["schemaVersion"] == 41 and board["id"] is None
    assert re.fullmatch(r"[a-z0-9-]{8,40}", board["uid"])
    assert "__inputs" not in board and "${DS_" not in str(board)
    assert board["editable"] is True
    assert board["graphTooltip"] == 1 and board["refresh"] == "30s"
    assert board["title"] and board["description"] and "ml_exporter" in board["tags"]
    assert len({other["uid"] for other in BOARDS.values()}) == len(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_variables_are_chosen_in_order_and_all_are_used(name):
    board = BOARDS[name]
    variables = board["templating"]["list"]
    first, *queries = variables
    assert first["name"] == "datasource" and first["type"] == "datasource"
    assert first["label"] == "Data source" and first["query"] == "prometheus"
    hosts = [variable["name"] for variable in queries if variable["name"] != "nodename"]
    assert hosts[:2] == ["job", "instance"]
    known = {"datasource"}
    for variable in queries:
        assert variable["type"] == "query" and variable["datasource"] == SOURCE
        assert variable["multi"] and variable["includeAll"] and variable["refresh"] == 2
        of_model = variable["name"] in ("model", "version", "variant", "kpi")
        assert variable["allValue"] == (".*" if of_model else ".+")
        assert variable["label"] and variable["description"]
        text = variable["query"]
        inner = re.fullmatch(r"label_values\((.+), (\w+)\)", text)
        assert inner and inner[2] == variable["name"]
        promql_parser.parse(inner[1])
        assert names(inner[1]) <= set(catalogue())
        assert used(text) <= known, f"{variable['name']} uses what comes later"
        known.add(variable["name"])
    texts = " ".join(target["expr"] for panel in panels(board) for target in panel["targets"])
    texts += " ".join(annotation.get("expr", "") for annotation in board["annotations"]["list"])
    texts += " ".join(variable.get("query", "") for variable in queries)
    for variable in queries:
        assert f"${variable['name']}" in texts, f"{variable['name']} chooses nothing"


def used(text: str) -> set[str]:
    found = set(re.findall(r"\$\{?(\w+)", text))
    return found - BUILT_IN


@pytest.mark.parametrize("name", BOARDS)
def test_every_variable_that_is_used_is_defined(name):
    board = BOARDS[name]
    defined = {variable["name"] for variable in board["templating"]["list"]}
    assert used(str(board["panels"]) + str(board["annotations"])) <= defined


@pytest.mark.parametrize("name", BOARDS)
def test_panels_stand_on_the_grid_without_gaps_or_overlap(name):
    board = BOARDS[name]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken = {}
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["w"] > 0 and place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]
    bottom = max(y for _, y in taken)
    assert all(any((x, y) in taken for x in range(24)) for y in range(bottom + 1))
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(titles)) == len(titles), "two panels of one name cannot be told apart in a talk"


@pytest.mark.parametrize("name", BOARDS)
def test_rows_below_the_first_screen_are_collapsed(name):
    """Grafana asks for the panels of an open row alone."""
    panels = stored_dashboards()[name]["panels"]
    rows = [panel for panel in panels if panel["type"] == "row"]
    for row in rows:
        assert row["collapsed"] == (row["gridPos"]["y"] >= 20) == bool(row.get("panels")), row["title"]
        assert all(panel["gridPos"]["y"] > row["gridPos"]["y"] for panel in row.get("panels", ()))
    assert not rows[0]["collapsed"]
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    assert bottom < 50, "too much is open at once"


@pytest.mark.parametrize("name,panel", PANELS)
def test_a_series_of_a_host_or_version_has_a_colour_of_its_own(name, panel):
    """Shades of one colour are for queries that give one series."""
    for override in panel["fieldConfig"].get("overrides", []):
        shades = [setting for setting in override["properties"]
                  if setting["id"] == "color" and setting["value"].get("mode") == "shades"]
        if shades:
            legend, = [target["legendFormat"] for target in panel["targets"]
                       if target["refId"] == override["matcher"]["options"]]
            assert "{{" not in legend


@pytest.mark.parametrize("name,panel", PANELS)
def test_a_panel_says_what_it_shows_and_in_which_unit(name, panel):
    assert panel["title"] and panel["datasource"] == SOURCE
    assert len(panel["description"]) >= 20 and panel["description"].endswith(".")
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    for override in panel["fieldConfig"].get("overrides", []):
        for setting in override["properties"]:
            if setting["id"] == "unit":
                assert setting["value"] in UNITS
    steps = defaults.get("thresholds", {}).get("steps", [{"value": None}])
    values = [step["value"] for step in steps]
    assert values[0] is None and values[1:] == sorted(values[1:]) and 80 not in values


@pytest.mark.parametrize("name,panel", PANELS)
def test_a_panel_names_alerts_that_are_there(name, panel):
    for told in re.findall(r"Alerts?: ([\w, ]+?)(?: at| below|\.)", panel["description"]):
        assert set(told.split(", ")) <= {rule.name for rule in alerts()}


@pytest.mark.parametrize("name,panel", PANELS)
def test_a_link_leads_to_a_dashboard_and_keeps_time_and_choice(name, panel):
    uids = {board["uid"]: board for board in BOARDS.values()}
    for override in panel["fieldConfig"].get("overrides", []):
        for setting in override["properties"]:
            for link in setting["value"] if setting["id"] == "links" else []:
                uid, query = re.fullmatch(r"/d/([\w-]+)\?(.+)", link["url"]).groups()
                assert "${__url_time_range}" in query and "${datasource:queryparam}" in query
                defined = {variable["name"] for variable in uids[uid]["templating"]["list"]}
                assert set(re.findall(r"var-(\w+)=", query)) <= defined


@pytest.mark.parametrize("name,panel,target", QUERIES)
def test_a_query_is_chosen_by_the_variables_and_reads_what_is_there(name, panel, target):
    expression = target["expr"]
    assert target["datasource"] == SOURCE and target["refId"]
    parsed = runnable(expression)
    promql_parser.parse(parsed)
    assert names(parsed) <= set(catalogue()) | recorded()
    for selector in selectors(parsed):
        if selector.name in WITHOUT_TARGET or selector.name in recorded():
            continue
        chosen = set(matchers(selector))
        assert HOST_CHOICE <= chosen, f"{selector.name} is not of the chosen hosts"
        labels = catalogue()[selector.name].labels
        if "model" in labels and "$model" in str(BOARDS[name]["templating"]):
            assert MODEL_CHOICE <= chosen, f"{selector.name} is not of the chosen models"
        for label, _, _ in chosen:
            known = labels | {"job", "instance", "le"}
            assert label in known, f"{selector.name} has no label {label}"


@pytest.mark.parametrize("name,panel,target", QUERIES)
def test_counters_are_rated_over_grafanas_interval(name, panel, target):
    expression = target["expr"]
    for window in re.findall(r"\[([^\]]+)\]", expression):
        function = re.findall(r"(\w+)\([^()]*\[" + re.escape(window) + r"\]", expression)
        if set(function) <= {"last_over_time", "deriv"}:
            continue
        assert window in ("$__rate_interval", "$__range"), f"fixed window {window}"
    for metric in bare(promql_parser.parse(runnable(expression))):
        known = catalogue().get(metric)
        assert known is None or known.kind in ("gauge", "untyped") or metric in RESETS_KNOWN, \
            f"{metric} is a {known.kind} and stands alone"


# Counts since the last training: its value itself is the message.
RESETS_KNOWN: set[str] = set()


def bare(node) -> set[str]:
    """Metrics that stand outside of a rate and of `count`, `group` and `0 * sum`, which drop values."""
    if isinstance(node, promql_parser.VectorSelector):
        return {node.name}
    if isinstance(node, promql_parser.AggregateExpr):
        kept = str(node.op).rsplit(".", 1)[-1].lower() not in ("count", "group")
        return bare(node.expr) if kept else set()
    if isinstance(node, promql_parser.BinaryExpr):
        if isinstance(node.lhs, promql_parser.NumberLiteral) and node.lhs.val == 0:
            return set()
        return bare(node.lhs) | bare(node.rhs)
    if isinstance(node, promql_parser.Call):
        return set().union(*(bare(argument) for argument in node.args))
    if isinstance(node, (promql_parser.ParenExpr, promql_parser.UnaryExpr)):
        return bare(node.expr)
    return set()


@pytest.mark.parametrize("name,panel,target", QUERIES)
def test_a_legend_is_there_and_is_made_of_labels_that_remain(name, panel, target):
    legend = target["legendFormat"]
    assert legend
    wanted = set(re.findall(r"{{(\w+)}}", legend))
    grouped = re.findall(r"by \(([^)]*)\)", target["expr"])
    for label in wanted:
        known = any(label in catalogue()[metric].labels | {"job", "instance", "le"}
                    for metric in names(runnable(target["expr"])) if metric in catalogue())
        assert known or any(label in by for by in grouped), f"{label} is of none of these metrics"


@pytest.mark.parametrize("name", BOARDS)
def test_incidents_are_marked(name):
    first, *others = BOARDS[name]["annotations"]["list"]
    assert first["builtIn"] == 1
    told = {annotation["name"]: annotation for annotation in others}
    assert "ALERTS{" in told["Alerts"]["expr"] and 'alertname!="Watchdog"' in told["Alerts"]["expr"]
    for annotation in others:
        assert annotation["datasource"] == SOURCE
        promql_parser.parse(annotation["expr"])
    if "ml_requests_total" in str(BOARDS[name]["panels"]):
        assert told["Model loads"]["useValueForTime"] == "on"


@pytest.mark.parametrize("name", BOARDS)
def test_dashboards_lead_to_each_other(name):
    link, = BOARDS[name]["links"]
    assert link["type"] == "dashboards" and link["tags"] == ["ml_exporter"]
    assert link["asDropdown"] and link["includeVars"] and link["keepTime"]


def test_the_dashboards_show_most_of_what_the_daemon_knows_of_models():
    """A metric of models that no panel and no rule reads wants one, or goes."""
    texts = " ".join(path.read_text() for path in DASHBOARDS.glob("*.json"))
    texts += " ".join((REPOSITORY / "deploy" / "prometheus" / "rules").joinpath(name).read_text()
                      for name in ("serving.yml", "training.yml", "exporter.yml"))
    models = {metric.name for metric in catalogue().values()
              if metric.name.startswith("ml_") and not metric.name.startswith("ml_gpu_")}
    unseen = sorted(name for name in models if name not in texts and not DRIFT.match(name))
    assert set(unseen) <= {
        # For own queries; the panels show what follows from it.
        "ml_feature_values_total", "ml_exporter_http_connections_accepted_total",
        "ml_exporter_collector_present", "ml_training_info",
        "ml_push_groups_limit", "ml_push_group_series_limit", "ml_push_group_bytes",
        "ml_push_group_bytes_limit",
        "ml_push_costly_bodies_total",
        "ml_push_memory_bytes", "ml_push_memory_limit_bytes", "ml_push_memory_refused_total",
        "ml_exporter_config_last_reload_success_timestamp_seconds",
    }, unseen
