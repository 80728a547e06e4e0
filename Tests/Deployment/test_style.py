"""YAML and shell of everything that is deployed."""

import re

import pytest

from files import BINARY, DEPLOY, ROOT, accepted

# Flow sequences of one word, flags longer than a line and two-blank comments are the style here.
RULES = ("{extends: default, rules: {document-start: disable, line-length: disable, "
         "braces: {max-spaces-inside: 0}, comments: {min-spaces-from-content: 1}, "
         "truthy: {check-keys: false}, indentation: {indent-sequences: whatever}, "
         "comments-indentation: disable}}")
SCRIPTS = sorted([*(DEPLOY / "debian").glob("ml-exporter.p*"), DEPLOY / "debian/build",
                  DEPLOY / "rpm/build", DEPLOY / "install-dependencies", DEPLOY / "run",
                  DEPLOY / "dist/build", ROOT / "Tests/Chroot/run", ROOT / "Tests/Dist/twice"])


def test_yamllint_has_no_complaint():
    files = [path for pattern in ("*.yml", "*.yaml") for path in DEPLOY.rglob(pattern)
             # Helm's templates are YAML only once they are rendered; promtool and amtool check the others.
             if not {"templates", "secrets", "rules", "alertmanager", "rules.yaml"} & set(path.parts)]
    assert len(files) > 20
    accepted("yamllint", "--strict", "-d", RULES, *files,
             ROOT / "dashboards" / "kustomization.yaml")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_no_complaint(script):
    accepted("shellcheck", script)


@pytest.mark.parametrize("file, line", [
    ("container/Dockerfile", "ARG VERSION={}"),
    ("helm/Chart.yaml", "appVersion: {}"),
    ("podman/ml_exporter.container", "Image=localhost/ml_exporter:{}"),
    ("rpm/ml_exporter.spec", "Version:        {}"),
    ("ansible/playbook.yml",
     '    ml_exporter_package: "{{{{ playbook_dir }}}}/../../.build/deb/ml-exporter_{}-1_amd64.deb"'),
])
def test_every_file_that_names_a_version_names_that_of_the_program(file, line):
    version = re.search(r"version (\S+)", accepted(BINARY, "--version"))[1]
    assert line.format(version) in (DEPLOY / file).read_text().splitlines()
