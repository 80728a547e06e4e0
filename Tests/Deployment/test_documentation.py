"""What the documentation says of files, targets, modules, threads, numbers and links is so."""

import re
import runpy

import pytest

from files import BINARY, DEPLOY, ROOT, accepted
from test_systemd import LIMITS

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DEPLOYMENT = ROOT / "docs" / "deployment.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
FIGURE = ROOT / "docs" / "figures" / "architecture.svg"


def named(page) -> str:
    return str(page.relative_to(ROOT))


def heading(line: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w -]", "", line.lstrip("# ").strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{named(page)}: {target}"
        if anchor and file.suffix == ".md":
            anchors = {heading(line) for line in file.read_text().splitlines()
                       if line.startswith("#")}
            assert anchor in anchors, f"{named(page)}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_targets_of_make_exist(page):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z0-9-]+)", page.read_text(), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_flags_exist(page):
    """A flag of ours is one that begins with the name of a family of flags."""
    known = accepted(BINARY, "--help-hidden")
    families = set(re.findall(r"--(?:no-)?([a-z]+)\.", known))
    text = page.read_text()
    if page.name.startswith("from-"):
        # The first column has the flags of the other program.
        text = re.sub(r"^\|[^|]*\|", "|", text, flags=re.MULTILINE)
    for flag in re.findall(r"--((?:no-)?([a-z]+)\.[\w.-]+\w)", text):
        is_placeholder = flag[0].endswith(("NAME", "SUBJECT"))
        if flag[1] in families and not is_placeholder:
            assert re.search(rf"--(no-)?{re.escape(flag[0].removeprefix('no-'))}\b", known), (
                f"{named(page)}: --{flag[0]}")


def test_files_that_deployment_names_are_there():
    text = DEPLOYMENT.read_text()
    paths = set(re.findall(r"\b(deploy/[\w./-]*\w)", text))
    assert len(paths) > 5
    for path in paths:
        assert (ROOT / path).exists(), path
    for path in re.findall(r"/usr/share/ml_exporter/systemd/([\w.-]+\w)", text):
        assert (DEPLOY / "systemd" / "drop-ins" / path).exists(), path


def test_the_exposures_are_those_that_are_tested():
    said = {name or None: float(score) for name, score in re.findall(
        r"^\| (?:`ml_exporter.service`|with `(\w+).conf`) \| ([\d.]+) \|",
        DEPLOYMENT.read_text(), re.MULTILINE)}
    assert said == {name: limit / 10 for name, limit in LIMITS.items()}


def section(page, title: str) -> str:
    """The text of a page below a heading, up to the next heading."""
    return re.split(r"^#+ ", page.read_text().split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def first_column(table: str) -> list[str]:
    """The names in backquotes that begin the rows of a table."""
    return re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE)


@pytest.fixture(scope="module")
def script() -> dict:
    """The functions of the script that draws the figure of the architecture."""
    return runpy.run_path(str(FIGURE.with_suffix(".py")))


def test_the_figure_of_the_architecture_is_the_one_that_its_script_draws(script):
    assert FIGURE.read_text() == script["drawn"](), "run python3 docs/figures/architecture.py"


def test_the_architecture_lists_every_module_in_the_order_of_the_package(script):
    modules = list(script["modules"]((ROOT / "Package.swift").read_text()))
    folders = {folder.name for folder in (ROOT / "Sources").iterdir() if folder.is_dir()}
    assert set(modules) == folders
    assert first_column(section(ARCHITECTURE, "Modules")) == modules
    shown = re.findall(r'class="name">(\w+)</text>', FIGURE.read_text())
    assert set(modules) <= set(shown)


def test_the_architecture_lists_every_thread():
    started = {name for file in (ROOT / "Sources").rglob("*.swift")
               for name in re.findall(r'\bWorker\("([\w-]+)"\)', file.read_text())}
    assert started
    assert set(first_column(section(ARCHITECTURE, "Threads"))) == started | {"main", "MHD-worker"}


def test_files_and_types_that_the_architecture_names_exist():
    text = ARCHITECTURE.read_text()
    sources = "\n".join(file.read_text() for file in (ROOT / "Sources").rglob("*.swift"))
    for path in re.findall(r"`(Sources/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
    modules = set(first_column(section(ARCHITECTURE, "Modules")))
    names = set(re.findall(r"`([A-Z][a-z]\w*[a-z])(?:[.:][\w.]+)?`", text)) - modules
    assert len(names) > 20
    declared = r"\b(?:struct|class|enum|protocol|typealias) {}\b"
    missing = {name for name in names if not re.search(declared.format(name), sources)}
    assert missing <= {"Package", "Synchronization", "Origin", "Host", "Connection"}, missing
