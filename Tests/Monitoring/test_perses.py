"""The dashboards for Perses, against the types of the package `perses` of PyPI, which refuse unknown keys."""

import json
import subprocess
import sys

import pytest
from perses.model.dashboard import Dashboard

from files import DASHBOARDS, REPOSITORY, dashboards

KEPT = {path.stem: json.loads(path.read_text())
        for path in sorted((REPOSITORY / "deploy" / "perses").glob("*.json"))}


def without_transforms(content):
    """The package (0.0.2) does not know `transforms` of tables, which the documentation of Perses has."""
    if isinstance(content, dict):
        return {key: without_transforms(value) for key, value in content.items() if key != "transforms"}
    if isinstance(content, list):
        return [without_transforms(value) for value in content]
    return content


def test_they_are_what_their_source_makes(tmp_path):
    subprocess.run([sys.executable, str(DASHBOARDS / "source"), str(tmp_path)], check=True)
    made = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "perses").glob("*.json")}
    assert made == KEPT, "run `make dashboards`"


@pytest.mark.parametrize("name", dashboards())
def test_a_definition_has_the_form_that_perses_documents(name):
    board = Dashboard.model_validate(without_transforms(KEPT[name]))
    assert board.spec.panels and board.spec.layouts and board.spec.variables


@pytest.mark.parametrize("name", dashboards())
def test_panels_and_queries_are_those_of_grafana(name):
    wanted = {panel["title"]: [target["expr"] for target in panel["targets"]]
              for panel in dashboards()[name]["panels"] if panel.get("targets")}
    spec = KEPT[name]["spec"]
    found = {panel["spec"]["display"]["name"]: [
        query["spec"]["plugin"]["spec"]["query"] for query in panel["spec"]["queries"]]
        for panel in spec["panels"].values()}
    assert found == wanted
    placed = [item["content"]["$ref"] for layout in spec["layouts"] for item in layout["spec"]["items"]]
    assert sorted(placed) == sorted(f"#/spec/panels/{key}" for key in spec["panels"])
    first, *_, last = spec["layouts"]
    assert first["spec"]["display"]["collapse"]["open"] and all(
        item["y"] >= 0 and item["x"] + item["width"] <= 24 for item in first["spec"]["items"])
    assert last["spec"]["items"]
