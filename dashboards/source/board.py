"""A dashboard: its variables, annotations, links and rows of panels, and its JSON."""

import json

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from colours import ORANGE, RED, SKY
from expressions import expanded
from panels import DATASOURCE

TAG = "ml_exporter"
WIDTH = 24
# Rows that begin below this line are collapsed: Grafana asks for their panels when they are opened.
FIRST_SCREEN = 20


def source_variable():
    return (dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
            .description("The Prometheus that scrapes ml_exporter"))


def choice(name: str, label: str, query: str, every: str, description: str):
    """A variable whose values are the label values that `query` finds in the chosen time range."""
    return (dashboard.QueryVariable(name).label(label).description(description)
            .datasource(DATASOURCE).query(expanded(query)).multi(True).include_all(True)
            .all_value(every).refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(models.VariableSort.ALPHABETICAL_ASC)
            .current(models.VariableOption(selected=True, text=["All"], value=["$__all"])))


def host_choices(metric: str):
    return [
        choice("job", "Job", f"label_values({metric}, job)", ".+", "Scrape jobs of Prometheus"),
        choice("instance", "Instance", f'label_values({metric}{{job=~"$job"}}, instance)', ".+",
               "Hosts"),
    ]


def named_host_choices():
    """Hosts can also be chosen by their name, which narrows the addresses."""
    return [
        choice("job", "Job", "label_values(node_uname_info, job)", ".+", "Scrape jobs of Prometheus"),
        choice("nodename", "Host", 'label_values(node_uname_info{job=~"$job"}, nodename)', ".+",
               "Names of hosts"),
        choice("instance", "Address",
               'label_values(node_uname_info{job=~"$job",nodename=~"$nodename"}, instance)', ".+",
               "Addresses of the chosen hosts"),
    ]


def model_choices(metric: str):
    return [
        choice("model", "Model", f"label_values({metric}{{@host}}, model)", ".*", "Models"),
        choice("version", "Version",
               f'label_values({metric}{{@host,model=~"$model"}}, version)', ".*",
               "Versions of the chosen models"),
        choice("variant", "Variant",
               f'label_values({metric}{{@host,model=~"$model",version=~"$version"}}, variant)', ".*",
               "Variants, where services push them: champion, challenger"),
    ]


def firing(selector: str):
    return (dashboard.AnnotationQuery().name("Alerts").datasource(DATASOURCE).enable(True)
            .hide(False).icon_color(RED)
            .expr(expanded(f'ALERTS{{alertstate="firing",alertname!="Watchdog"{selector}}}')),
            {"titleFormat": "{{alertname}}", "textFormat": "{{severity}} {{model}} {{instance}}",
             "step": "60s"})


def loads():
    """A mark where a model was loaded; the time is the series' value, in milliseconds."""
    query = "max by (model, version) (ml_model_loaded_timestamp_seconds{@model}) * 1000"
    return (dashboard.AnnotationQuery().name("Model loads").datasource(DATASOURCE).enable(True)
            .hide(False).icon_color(SKY).expr(expanded(query)),
            {"titleFormat": "{{model}} {{version}} loaded", "textFormat": "",
             "useValueForTime": "on", "step": "60s"})


class Board:
    """Rows of panels, laid out from left to right and top to bottom."""

    def __init__(self, uid: str, title: str, description: str, variables: list,
                 annotations: list, time: str = "now-1h"):
        self.uid = uid
        self.annotations = annotations
        self.builder = (
            dashboard.Dashboard(title).uid(uid).description(description).tags([TAG])
            .timezone("browser").editable().tooltip(models.DashboardCursorSync.CROSSHAIR)
            .time(time, "now").refresh("30s").version(1)
            .link(dashboard.DashboardLink("ml_exporter").type(models.DashboardLinkType.DASHBOARDS)
                  .tags([TAG]).as_dropdown(True).include_vars(True).keep_time(True)
                  .target_blank(False).icon("external link").tooltip("Other dashboards")))
        for variable in (source_variable(), *variables):
            self.builder = self.builder.with_variable(variable)
        self.panels = []
        self.line = self.last_id = 0

    def row(self, title: str, *panels):
        """A heading and its panels; a panel that does not fit starts the next line."""
        heading = dashboard.Row(title).grid_pos(
            models.GridPos(x=0, y=self.line, w=WIDTH, h=1)).id(self.next_id()).build()
        heading.collapsed = self.line >= FIRST_SCREEN
        self.panels.append(heading)
        self.line += 1
        top, column, tallest = self.line, 0, 0
        for builder in panels:
            panel = builder.build()
            if column + panel.grid_pos.w > WIDTH:
                self.line, column, tallest = self.line + tallest, 0, 0
            panel.grid_pos.x, panel.grid_pos.y = column, self.line
            panel.id_val = self.next_id()
            (heading.panels if heading.collapsed else self.panels).append(panel)
            column += panel.grid_pos.w
            tallest = max(tallest, panel.grid_pos.h)
        # The panels of a collapsed row take no place until it is opened.
        self.line = top if heading.collapsed else self.line + tallest
        return self

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def json(self) -> str:
        built = self.builder.build()
        built.panels = self.panels
        content = json.loads(JSONEncoder(sort_keys=True, indent=2).encode(built))
        content["id"] = None
        content["annotations"] = {"list": [
            {"builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"},
             "enable": True, "hide": True, "iconColor": ORANGE, "name": "Annotations & Alerts",
             "type": "dashboard"},
            *({**json.loads(JSONEncoder().encode(query.build())), **more}
              for query, more in self.annotations)]}
        # The SDK knows a data source variable's type only as text of this key.
        for variable in content["templating"]["list"]:
            if variable["type"] == "datasource":
                variable["query"] = "prometheus"
        return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
