"""The short forms that the queries of the dashboards are written in."""

HOST = 'job=~"$job",instance=~"$instance"'

SHORT_FORMS = {
    "@host": HOST,
    "@model": HOST + ',model=~"$model",version=~"$version",variant=~"$variant"',
    "@version": HOST + ',model=~"$model",version=~"$version"',
    "@training": HOST + ',model=~"$model"',
    "@business": HOST + ',model=~"$model",kpi=~"$kpi"',
    "@rate": "$__rate_interval",
    "@range": "$__range",
}


def expanded(expression: str) -> str:
    """A query as Grafana gets it: `x{@host}[@rate]` with its selectors and its interval written out."""
    for short, long in SHORT_FORMS.items():
        expression = expression.replace(short, long)
    return " ".join(expression.split())
