"""Panels in the terms of this project: what a panel shows, in which unit, from which queries."""

from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import (bargauge, common, dashboard, heatmap, prometheus, stat,
                                             table, text, timeseries)
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models import prometheus as prometheus_models
from grafana_foundation_sdk.models import text as text_models

from colours import BLUE, IN_TURN, ORANGE, RED
from expressions import expanded

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
SETTING = models.DynamicConfigValue


@dataclass
class Query:
    """One query of a panel. `legend` names each series by its labels."""

    expression: str
    legend: str
    dashed: bool = False
    below: bool = False
    """Drawn below the axis, as the other direction of the query before it."""


@dataclass
class Column:
    """One column of a table: a query that gives one value per row."""

    name: str
    expression: str
    unit: str
    decimals: int | None = None
    limits: tuple[float, float] | None = None
    """Warning and critical limit; the cell's colour tells where the value stands."""


@dataclass
class Link:
    """Where a click on a row goes: another dashboard, with the row's labels as its variables."""

    title: str
    uid: str
    variables: dict[str, str] = field(default_factory=dict)

    def url(self, headings: dict[str, str]) -> str:
        chosen = "".join(f'&var-{name}=${{__data.fields["{headings[label]}"]}}'
                         for name, label in self.variables.items())
        return (f"/d/{self.uid}?${{__url_time_range}}&${{datasource:queryparam}}"
                f"&${{job:queryparam}}{chosen}")


def reference(index: int) -> str:
    return chr(ord("A") + index)


def with_host_names(expression: str) -> str:
    """The same series with the name of their host beside its address."""
    return (f"({expression}) * on (instance) group_left (nodename) "
            "group by (instance, nodename) (node_uname_info{@host})")


def target(query: Query, index: int, instant: bool = False, kind: str | None = None):
    is_named = "{{nodename}}" in query.legend
    expression = with_host_names(query.expression) if is_named else query.expression
    built = (prometheus.Dataquery().expr(expanded(expression)).legend_format(query.legend)
             .ref_id(reference(index)).datasource(DATASOURCE))
    built = built.instant() if instant else built.range()
    return built.format(prometheus_models.PromQueryFormat(kind)) if kind else built


def thresholds(limits: tuple[float, float] | None, low_is_bad: bool = False):
    """Blue, orange from the first limit, red from the second."""
    steps = [models.Threshold(value=None, color=BLUE)]
    if limits:
        colours = (ORANGE, RED)
        steps += [models.Threshold(value=value, color=colour)
                  for value, colour in zip(limits, colours)]
        if low_is_bad:
            second, first = limits
            steps = [models.Threshold(value=None, color=RED),
                     models.Threshold(value=second, color=ORANGE),
                     models.Threshold(value=first, color=BLUE)]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def fixed(colour: str) -> SETTING:
    return SETTING("color", {"mode": "fixed", "fixedColor": colour})


def described(panel, title: str, description: str, unit: str | None, width: int, height: int):
    panel = (panel.title(title).description(description).datasource(DATASOURCE)
             .span(width).height(height))
    return panel.unit(unit) if unit else panel


def graph(title: str, description: str, unit: str, *queries: Query, width: int = 12,
          height: int = 8, stacked: bool = False, top: float | None = None,
          bottom: float | None = 0, limits: tuple[float, float] | None = None,
          colours: dict[str, str] | None = None, by_name: bool = False,
          decimals: int | None = None):
    """Lines over time.

    `colours` gives label values their colour; with `by_name`, and where the legend names labels, a series'
    name decides, so that each host, device or version has a colour of its own. Else each query has one.
    """
    panel = described(timeseries.Panel(), title, description, unit, width, height)
    panel = (panel.line_width(1).fill_opacity(30 if stacked else 8)
             .show_points(common_models.VisibilityMode.NEVER)
             .legend(common.VizLegendOptions().show_legend(True)
                     .display_mode(common_models.LegendDisplayMode.TABLE)
                     .placement(common_models.LegendPlacement.BOTTOM).calcs(["mean", "max", "lastNotNull"]))
             .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI)
                      .sort(common_models.SortOrder.DESCENDING))
             .thresholds(thresholds(limits)))
    if limits:
        panel = panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED))
    if stacked:
        panel = panel.stacking(
            common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))
    if bottom is not None and not any(query.below for query in queries):
        panel = panel.min(bottom)
    if top is not None:
        panel = panel.max(top)
    if decimals is not None:
        panel = panel.decimals(decimals)
    panel = panel.color_scheme(
        dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    for index, query in enumerate(queries):
        panel = panel.with_target(target(query, index))
        settings = []
        if not by_name and not colours and "{{" not in query.legend:
            settings.append(SETTING(
                "color", {"mode": "shades", "fixedColor": IN_TURN[index % len(IN_TURN)]}))
        if query.dashed:
            settings.append(SETTING("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}))
            settings.append(SETTING("custom.fillOpacity", 0))
            if stacked:
                settings.append(SETTING("custom.stacking", {"mode": "none", "group": "A"}))
        if query.below:
            settings.append(SETTING("custom.transform", "negative-Y"))
        if settings:
            panel = panel.override_by_query(reference(index), settings)
    for value, colour in (colours or {}).items():
        panel = panel.override_by_regexp(f"/(^|\\s){value}$/", [fixed(colour)])
    return panel


def number(title: str, description: str, unit: str, query: Query, width: int = 4, height: int = 4,
           limits: tuple[float, float] | None = None, decimals: int | None = None,
           low_is_bad: bool = False, spark: bool = True):
    """One number, coloured by its limits, with its recent course behind it."""
    panel = described(stat.Panel(), title, description, unit, width, height)
    panel = (panel.with_target(target(query, 0)).thresholds(thresholds(limits, low_is_bad))
             .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
             .color_mode(common_models.BigValueColorMode.VALUE)
             .graph_mode(common_models.BigValueGraphMode.AREA if spark
                         else common_models.BigValueGraphMode.NONE)
             .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])))
    return panel.decimals(decimals) if decimals is not None else panel


def bars(title: str, description: str, unit: str, query: Query, width: int = 12, height: int = 8,
         limits: tuple[float, float] | None = None, top: float | None = None):
    """The newest value of each series as a bar, longest first."""
    panel = described(bargauge.Panel(), title, description, unit, width, height)
    panel = (panel.with_target(target(query, 0, instant=True)).thresholds(thresholds(limits))
             .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
             .orientation(common_models.VizOrientation.HORIZONTAL)
             .display_mode(common_models.BarGaugeDisplayMode.BASIC)
             .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
             .min(0))
    return panel.max(top) if top is not None else panel


def heat(title: str, description: str, unit: str, query: Query, width: int = 12, height: int = 9):
    """The buckets of a histogram over time; the darker, the more observations."""
    panel = described(heatmap.Panel(), title, description, None, width, height)
    return (panel.with_target(target(query, 0, kind="heatmap")).calculate(False)
            .color(heatmap.HeatmapColorOptions().mode(heatmap_models.HeatmapColorMode.SCHEME)
                   .scheme("Blues").steps(64).reverse(False).fill("dark-blue").exponent(0.5)
                   .scale(heatmap_models.HeatmapColorScale.EXPONENTIAL))
            .y_axis(heatmap.YAxisConfig().unit(unit).axis_placement(
                common_models.AxisPlacement.LEFT))
            .cell_values(heatmap.CellValues().unit("short"))
            .unit("short").show_legend().cell_gap(1)
            .mode(common_models.TooltipDisplayMode.SINGLE))


def rows(title: str, description: str, labels: dict[str, str], *columns: Column,
         sort: str, link: Link | None = None, width: int = 24, height: int = 9):
    """A table: one row per set of `labels` (label to heading), one column per query, worst first."""
    panel = described(table.Panel(), title, description, "none", width, height)
    hidden = {"Time": True}
    headings = dict(labels)
    for index, column in enumerate(columns):
        expression = with_host_names(column.expression) if "nodename" in labels else column.expression
        panel = panel.with_target(
            target(Query(expression, column.name), index, instant=True, kind="table"))
        value = f"Value #{reference(index)}" if len(columns) > 1 else "Value"
        headings[value] = column.name
        settings = [SETTING("unit", column.unit)]
        if column.decimals is not None:
            settings.append(SETTING("decimals", column.decimals))
        if column.limits:
            steps = [{"value": None, "color": BLUE}, {"value": column.limits[0], "color": ORANGE},
                     {"value": column.limits[1], "color": RED}]
            settings += [SETTING("thresholds", {"mode": "absolute", "steps": steps}),
                         SETTING("color", {"mode": "thresholds"}),
                         SETTING("custom.cellOptions", {"type": "color-text"})]
        panel = panel.override_by_name(column.name, settings)
    if link:
        address = {"title": link.title, "url": link.url(labels), "targetBlank": False}
        for label in link.variables.values():
            panel = panel.override_by_name(labels[label], [SETTING("links", [address])])
    order = {name: index for index, name in enumerate(headings)}
    return (panel.thresholds(thresholds(None))
            .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
            .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
            .with_transformation(models.DataTransformerConfig(id_val="organize", options={
                "excludeByName": hidden, "indexByName": order, "renameByName": headings}))
            .sort_by([common.TableSortByFieldState().display_name(sort).desc(True)])
            .filterable(True).cell_height(common_models.TableCellHeight.SM))


def words(title: str, description: str, content: str, width: int = 24, height: int = 3):
    panel = text.Panel().title(title).description(description).span(width).height(height)
    return panel.content(content).mode(text_models.TextMode.MARKDOWN)
