"""The Helm chart, rendered by Helm's own library (PyPI: helm-python-sdk), without a cluster."""

import json
import re

import yaml
from helm_python import Chart, lint

from files import DEPLOY

CHART = DEPLOY / "helm"
NAMESPACE = "ml-exporter"
# What deploy/kubernetes has without an overlay.
EVERYTHING = {
    "namespace": {"create": True},
    "prometheus": {"podMonitor": {"enabled": True}, "rules": {"enabled": True}},
    "dashboards": {"enabled": True},
}
# Labels that only an installation by Helm has.
HELMS = {"helm.sh/chart", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by",
         "app.kubernetes.io/version"}


def documents(text: str) -> list[dict]:
    return [document for document in yaml.safe_load_all(text) if document]


def rendered(values: dict | None = None, name: str = "ml-exporter") -> list[dict]:
    texts = Chart.load(str(CHART)).render(values or {}, name=name, namespace=NAMESPACE)
    return [each for path, text in sorted(texts.items()) if path.endswith(".yaml")
            for each in documents(text)]


def linted(values: dict | None = None) -> list[str]:
    report = lint(str(CHART), values or {}, strict=True, namespace=NAMESPACE)
    return [message["error"] for message in report["messages"] if message["severity"] > 1]


def of_kind(objects: list[dict], kind: str) -> list[dict]:
    return [each for each in objects if each["kind"] == kind]


def named(objects: list[dict]) -> dict[str, dict]:
    """The objects by kind and name, in one spelling, without what only Helm adds."""
    found = {}
    for each in objects:
        text = json.dumps(plain(each), sort_keys=True)
        key = f"{each['kind']} {each['metadata']['name']}"
        assert key not in found, key
        found[key] = json.loads(text)
    return found


def plain(value):
    if isinstance(value, dict):
        kept = {key: plain(each) for key, each in value.items() if key not in HELMS}
        # Chart and kustomize name the image in ways of their own.
        if isinstance(kept.get("image"), str):
            kept["image"] = re.split(r"[:@]", kept["image"])[0]
        # Kustomize writes the namespace of objects that have none as well.
        return kept
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value
