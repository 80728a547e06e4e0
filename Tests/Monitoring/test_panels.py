"""Every query of every panel on a real Prometheus that scrapes two daemons with known traffic."""

import re

import matplotlib.image
import pytest
from PIL import Image

import sheet
from files import DASHBOARDS, DRIFT, REPOSITORY, catalogue, dashboards
from grafana import Grafana, choices

BOARDS = dashboards()
# Queries that may give nothing here, and why: a panel's title, and which of its queries (all if empty).
EMPTY = {
    ("host", "Clock frequency", ""): "virtual machines have no frequency scaling",
    ("host", "Connection tracking", ""): "the module may not be loaded",
    ("host", "Temperatures", ""): "virtual machines have no sensors",
    ("host", "Thermal zones", ""): "virtual machines have no thermal zones",
    ("host", "Fans", ""): "virtual machines have no fans",
    ("host", "Network saturation", ""): "virtual devices have no speed",
    ("host", "Root filesystem size", ""): "/ of a container may be left out",
    ("host", "Root filesystem used", ""): "/ of a container may be left out",
    ("host", "GPU throttled", ""): "no GPU holds its clocks back",
    ("host", "Disk latency", ""): "an idle disk has no time per request",
    ("host", "Filesystems", "E"): "full in: nothing fills up",
    ("host", "Pressure (PSI), some", ""): "the kernel may be built without pressure",
    ("host", "Pressure (PSI), full", ""): "the kernel may be built without pressure",
    ("fleet-overview", "Hosts", "D"): "the kernel may be built without pressure",
    ("model-serving", "Traffic and a week ago", "B"):
        "the past of this site has a point each four minutes; it has a test of its own",
    ("ml-exporter", "Failing collectors", ""): "empty when all is well",
    ("ml-exporter", "Skipped lines", ""): "empty when all is well",
    ("ml-exporter", "Hung collectors and mounts", ""): "nothing hangs",
    ("ml-exporter", "Duplicates and held counters", "B"): "no kernel counter fell",
}
# Labels that a series of a legend may lack.
OPTIONAL = {"variant", "revision", "device_error"}


def may_be_empty(name: str, panel: dict, reference: str) -> bool:
    return any((name, panel["title"]) == (board, title) and (not which or reference in which)
               for board, title, which in EMPTY)


def panels(board: dict) -> list[dict]:
    return [panel for panel in board["panels"] if panel.get("targets")]


@pytest.fixture(scope="session")
def asked(site):
    """Per dashboard and choice of variables: every panel's answers."""
    found = {}
    for name, board in BOARDS.items():
        grafana = Grafana(site.prometheus, site.before.time, site.after.time, step=2, scrape=1)
        for label, chosen in choices(board, grafana).items():
            grafana.chosen = chosen
            found[name, label] = {panel["id"]: grafana.panel(panel) for panel in panels(board)}
    return found


def choices_of(asked, name: str) -> list[str]:
    return [label for board, label in asked if board == name]


EACH = [pytest.param(name, panel, id=f"{name}: {panel['title']}")
        for name, board in BOARDS.items() for panel in panels(board)]


@pytest.mark.parametrize("name,panel", EACH)
def test_a_panel_shows_something_for_all_and_for_several(asked, name, panel):
    for label in ("all", "several"):
        for answer in asked[name, label][panel["id"]]:
            if not may_be_empty(name, panel, answer.reference):
                assert answer.useful, f"{label} {answer.reference}: nothing for {answer.expression}"


@pytest.mark.parametrize("name,panel", EACH)
def test_a_panel_shows_something_for_one_host_and_model(asked, name, panel):
    single = [label for label in choices_of(asked, name) if label not in ("all", "several")]
    assert single
    for index, target in enumerate(panel["targets"]):
        assert may_be_empty(name, panel, target["refId"]) or any(asked[name, label][panel["id"]][index].useful for label in single), \
            f"{target['refId']} shows nothing for any of {single}"


@pytest.mark.parametrize("name,panel", EACH)
def test_a_choice_narrows_what_is_shown(asked, name, panel):
    """No series of a host or model that was not chosen."""
    for label in choices_of(asked, name):
        if label in ("all", "several"):
            continue
        host, _, model = label.partition(" ")
        for answer in asked[name, label][panel["id"]]:
            for result in answer.results:
                assert result.labels.get("instance", host) == host
                assert not model or result.labels.get("model", model) == model


@pytest.mark.parametrize("name,panel", EACH)
def test_the_labels_of_a_legend_are_there(asked, name, panel):
    for label in choices_of(asked, name):
        for answer in asked[name, label][panel["id"]]:
            wanted = set(re.findall(r"{{(\w+)}}", answer.legend))
            for result in answer.results:
                missing = {key for key in wanted if not result.labels.get(key)}
                assert missing <= OPTIONAL, f"{label} {answer.legend}: {result.labels}"
            if panel["type"] == "table":
                continue
            legends = [answer.name(result) for result in answer.results]
            assert len(set(legends)) == len(legends), f"{label}: two series are called the same"


@pytest.mark.parametrize("name,panel",
                         [each for each in EACH if each.values[1]["type"] == "table"])
def test_the_columns_of_a_table_join(asked, name, panel):
    """Each row of a table needs the same labels in every column, else the columns stand in own rows."""
    for answer in asked[name, "all"][panel["id"]]:
        for result in answer.results:
            headings = next(
                step["options"]["renameByName"] for step in panel["transformations"]
                if step["id"] == "organize")
            labels = {label for label in headings if not label.startswith("Value")}
            assert set(result.labels) <= labels, f"{answer.expression}: {result.labels}"


def test_no_reason_is_left_for_a_panel_that_is_gone():
    there = {(name, panel["title"]) for name, board in BOARDS.items() for panel in panels(board)}
    assert {(name, title) for name, title, _ in EMPTY} <= there


@pytest.mark.parametrize("name", BOARDS)
def test_a_month_can_be_looked_at(site, name):
    """Thirty days, as wide steps: no error, and the traffic of the past where it is drawn."""
    end = site.after.time
    grafana = Grafana(site.prometheus, end - 30 * 86400, end, step=3600, scrape=15)
    grafana.chosen = {variable["name"]: variable["allValue"]
                      for variable in BOARDS[name]["templating"]["list"] if "allValue" in variable}
    for panel in panels(BOARDS[name]):
        answers = grafana.panel(panel)
        if (name, panel["title"]) == ("model-serving", "Requests by version"):
            champion, = [result for result in answers[0].results
                         if result.labels.get("variant") == "champion"]
            middle = champion.finite[len(champion.finite) // 2][1]
            assert len(champion.finite) > 700
            assert middle == pytest.approx(2 * 25, rel=0.02), "25 requests/s on each of two hosts"


def test_a_week_ago_is_drawn_beside_now(site):
    panel, = [panel for panel in panels(BOARDS["model-serving"])
              if panel["title"] == "Traffic and a week ago"]
    grafana = Grafana(site.prometheus, site.before.time, site.after.time, step=10, scrape=150)
    grafana.chosen = {variable["name"]: variable["allValue"]
                      for variable in BOARDS["model-serving"]["templating"]["list"]
                      if "allValue" in variable}
    _, past = grafana.panel(panel)
    assert past.results[0].last == pytest.approx(50, rel=0.02)


@pytest.mark.parametrize("name", BOARDS)
def test_a_picture_of_each_dashboard_is_drawn(asked, name, tmp_path):
    """As `make previews` draws it, which has six hours to show."""
    file = tmp_path / f"{name}.png"
    sheet.draw(BOARDS[name], asked[name, "all"], file)
    image = matplotlib.image.imread(file)
    assert image.shape[1] > 1000 and image.std() > 0.05, "an empty picture"


def test_a_picture_keeps_the_colour_of_few_pixels():
    """The critical red is a few lines of a picture whose other colours are many."""
    shades = Image.linear_gradient("L").resize((512, 512))
    picture = Image.merge("RGB", (shades, shades.rotate(90), shades.rotate(180)))
    red = (0xD5, 0x5E, 0x00)
    picture.putpixel((7, 7), red)
    kept = sheet.reduced(picture).convert("RGB").getpixel((7, 7))
    assert max(abs(one - other) for one, other in zip(kept, red)) <= 4
    assert sheet.reduced(Image.new("RGB", (8, 8), red)).mode == "P"


def test_the_previews_are_those_of_the_dashboards():
    assert {path.stem for path in (DASHBOARDS / "preview").glob("*.png")} == set(BOARDS)
    page = (REPOSITORY / "docs" / "dashboards.md").read_text()
    for name in BOARDS:
        assert f"dashboards/preview/{name}.png" in page


def test_groups_keep_their_own_job_and_stand_once(site):
    """Two scrape jobs on one page: neither the machine nor a group is counted twice or renamed."""
    rows = site.prometheus.vector("backup_size_bytes")
    assert {(labels["job"], labels["instance"], value) for labels, value in rows} == {
        ("nightly", host.address, size) for host, size in zip(site.hosts, (5, 7))}
    assert not site.prometheus.vector('{__name__=~".+",exported_job!=""}')
    assert len(site.prometheus.vector("node_uname_info")) == len(site.hosts)
    assert len(site.prometheus.vector('up{job="ml_exporter_groups"} == 1')) == len(site.hosts)


# What this site gives no reason to show.
UNSEEN = {
    "ml_exporter_collector_held_counters_total": "no kernel counter fell",
    "ml_gpu_idle_seconds_total": "of Intel's cards",
    "ml_gpu_processes_dropped_total": "no GPU has so many processes",
    "ml_exporter_filesystem_hung_calls": "no file system has to be asked on a thread of its own",
    "ml_exporter_collector_timeouts_total": "no collector hung",
    "ml_exporter_collector_series_dropped_total": "no collector is over its limit",
}


def test_the_catalogue_tells_the_names_types_and_labels_of_the_page(site):
    """Of all metrics but those of the machine, which its hardware decides."""
    # As OpenMetrics has it: a counter's family is called without _total.
    kinds = site.prometheus.api("metadata")
    for name, metric in catalogue().items():
        if not name.startswith(("ml_", "process_")):
            continue
        rows = site.prometheus.vector(f'{{__name__="{name}",job="ml_exporter"}}')
        if not rows:
            assert name in UNSEEN or DRIFT.match(name), f"{name} is not on the page"
            continue
        labels = {label for row, _ in rows for label in row} - {"__name__", "job", "instance", "le"}
        assert labels <= metric.labels, f"{name} has {labels - metric.labels} too"
        stem = metric.name.removesuffix("_total")
        # Beside a gauge of that name OpenMetrics cannot call it a counter.
        if stem == metric.name or stem not in catalogue():
            assert kinds[stem][0]["type"] == metric.kind, name


def test_the_catalogue_leaves_out_nothing_that_the_daemon_tells_of_models(site):
    told = {row["__name__"] for row, _ in site.prometheus.vector(
        'count by (__name__) ({__name__=~"ml_.+",job="ml_exporter"})')}
    assert told - set(catalogue()) == set()
