"""Draws architecture.svg, the figure of docs/architecture.md.

    python3 docs/figures/architecture.py

The modules and their imports are read from Package.swift; the steps of a scrape and of a push stand
below. Tests/Deployment/test_documentation.py compares the file with what this script draws.
"""

import pathlib
import re
import textwrap
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
FIGURE = HERE / "architecture.svg"
MANIFEST = HERE.parents[1] / "Package.swift"

WIDTH = 1240
MARGIN = 20
LINE = 14
# Columns of text that fit a box of 100 units at a font of 10.
COLUMNS_PER_100 = 17

# What each C module makes available, shown in place of its imports.
LIBRARIES = {
    "CMicroHTTPD": "libmicrohttpd", "CISAL": "ISA-L", "CDeflate": "libdeflate", "CSQLite": "SQLite",
    "CYAML": "libyaml", "CNettle": "Nettle", "CLinux": "Linux calls", "CNVML": "NVML, by dlopen",
    "CVersion": "revision", "CText": "RE2, simdjson, Boost",
}

# The threads from top to bottom, then the steps in order: the thread and what it does.
SCRAPE = (
    "A scrape: GET /metrics",
    ("http-accept", "MHD-worker", "scrape", "scrape-watchdog"),
    (
        ("http-accept", "accept(2), pass it to libmicrohttpd"),
        ("MHD-worker", "validate the head, choose the route, suspend"),
        ("MHD-worker", "add the scraper to the queue"),
        ("scrape", "take all scrapers with the same request"),
        ("scrape", "each FamilyOwner writes its families"),
        ("scrape", "Page.merge: text files, groups"),
        ("scrape", "GzipEncoder, if the client accepts gzip"),
        ("scrape", "answer: resume the connections"),
        ("MHD-worker", "send the page; its memory returns to the pool"),
    ),
    # Beside the sequence: the thread, the column, what it does, and whether it acts on the thread
    # of that column or is started by it.
    (("scrape-watchdog", 4, "a collector hangs: start another scrape thread, skip it", True),),
)
PUSH = (
    "A push: POST /v1/events, PUT or POST /metrics/job/...",
    ("MHD-worker", "journal", "keeper", "timer"),
    (
        ("MHD-worker", "PushGate: Origin, Host, rate, before the body"),
        ("MHD-worker", "receive the body into one buffer, suspend"),
        ("MHD-worker", "decode events, or parse and render a group"),
        ("MHD-worker", "add the submission to the queue"),
        ("journal", "decide: sequence number, limits, reservation"),
        ("journal", "one SQLite transaction for all, fdatasync"),
        ("journal", "apply to Models, GroupStore, ProducerTable"),
        ("journal", "answer: resume the connection"),
        ("MHD-worker", "send 200"),
    ),
    (
        ("keeper", 6, "write the snapshot, checkpoint the log", False),
        ("timer", 4, "submit what has expired, wake the writer", True),
    ),
)


def modules(manifest: str) -> dict[str, list[str]]:
    """The targets of Sources/ in the order of Package.swift, each with the targets that it imports."""
    targets = manifest[manifest.index("    targets: ["):manifest.index('name: "Scratch"')]
    heads = list(re.finditer(
        r'(?:module\(|\.systemLibrary\(|\.target\(|\.executableTarget\()\s*(?:name:\s*)?"(\w+)"', targets))
    ends = [head.start() for head in heads[1:]] + [len(targets)]
    found = {}
    for head, end in zip(heads, ends):
        lists = re.findall(r"(?:imports|dependencies): \[([^\]]*)\]", targets[head.end():end])
        found[head[1]] = [name for text in lists for name in re.findall(r'"(\w+)"', text)]
    return found


def level(name: str, imports: dict[str, list[str]]) -> int:
    """0 for C modules, else one more than the highest module that is imported."""
    if name in LIBRARIES:
        return 0
    return 1 + max((level(imported, imports) for imported in imports[name]), default=0)


def text(x: float, y: float, content: str, style: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{style}">{escape(content)}</text>'


def box(x: float, y: float, width: float, height: float, style: str) -> str:
    return (f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" '
            f'class="{style}"/>')


def wrapped(content: str, width: float) -> list[str]:
    return textwrap.wrap(content, int(width * COLUMNS_PER_100 / 100), break_long_words=False)


def module_rows(top: float) -> tuple[list[str], float]:
    """The modules, those that import most on top; returns the parts and the lower edge."""
    imports = modules(MANIFEST.read_text())
    levels = {name: level(name, imports) for name in imports}
    parts = [text(MARGIN, top + 16, "Modules: each imports only modules of lower rows", "title")]
    y = top + 30
    for row in range(max(levels.values()), -1, -1):
        names = [name for name in imports if levels[name] == row]
        if not names:
            continue
        gap = 10
        width = min((WIDTH - 2 * MARGIN - gap * (len(names) - 1)) / len(names), 400)
        notes = [wrapped(LIBRARIES.get(name) or ", ".join(imports[name]), width) for name in names]
        height = 26 + LINE * max(len(note) for note in notes)
        for place, (name, note) in enumerate(zip(names, notes)):
            x = MARGIN + place * (width + gap)
            parts.append(box(x, y, width, height, "c" if row == 0 else "swift"))
            parts.append(text(x + 6, y + 16, name, "name"))
            parts += [text(x + 6, y + 16 + LINE * (line + 1), words, "note")
                      for line, words in enumerate(note)]
        y += height + gap
    return parts, y


def sequence(figure: tuple, top: float) -> tuple[list[str], float]:
    """The steps of one request, a lane per thread; returns the parts and the lower edge."""
    title, threads, steps, asides = figure
    lane, label, gap = 78, 112, 12
    width = (WIDTH - 2 * MARGIN - label - gap * (len(steps) - 1)) / len(steps)
    height = lane - 14
    first = top + 28
    y = {thread: first + place * lane for place, thread in enumerate(threads)}
    parts = [text(MARGIN, top + 16, title, "title")]
    for place, thread in enumerate(threads):
        parts.append(box(MARGIN, y[thread], WIDTH - 2 * MARGIN, lane, f"lane{place % 2}"))
        parts.append(text(MARGIN + 6, y[thread] + lane / 2 + 4, thread, "name"))

    def step(column: int, thread: str, content: str, style: str) -> None:
        x = MARGIN + label + column * (width + gap)
        parts.append(box(x, y[thread] + 7, width, height, style))
        lines = wrapped(content, width - 8)
        start = y[thread] + 7 + (height - LINE * len(lines)) / 2 + 10
        parts.extend(text(x + 5, start + LINE * line, words, "note") for line, words in enumerate(lines))

    for column, (thread, content) in enumerate(steps):
        step(column, thread, f"{column + 1}. {content}", "swift")
        if column:
            before = steps[column - 1][0]
            x = MARGIN + label + column * (width + gap)
            parts.append(arrow(x - gap, y[before] + lane / 2, x - 1, y[thread] + lane / 2))
    for thread, column, content, acts in asides:
        step(column, thread, content, "aside")
        x = MARGIN + label + column * (width + gap) + width / 2
        ends = [y[thread] + 6, y[steps[column][0]] + 8 + height]
        start, end = ends if acts else reversed(ends)
        parts.append(arrow(x, start, x, end, dashed=True))
    return parts, first + len(threads) * lane


def arrow(x1: float, y1: float, x2: float, y2: float, dashed: bool = False) -> str:
    style = "aside-line" if dashed else "line"
    return (f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" class="{style}" '
            'marker-end="url(#head)"/>')


STYLE = """\
text { font-family: sans-serif; fill: #1b1f24; }
.title { font-size: 15px; font-weight: bold; }
.name { font-size: 12px; font-weight: bold; }
.note { font-size: 10px; }
.c { fill: #eceff3; stroke: #6b7684; }
.swift { fill: #e3eefb; stroke: #2c6cb0; }
.aside { fill: #fdf1dc; stroke: #a86c12; }
.lane0 { fill: #f7f8fa; stroke: #d5dae0; }
.lane1 { fill: #ffffff; stroke: #d5dae0; }
.line { stroke: #1b1f24; }
.aside-line { stroke: #a86c12; stroke-dasharray: 4 3; }"""


def drawn() -> str:
    """The text of architecture.svg."""
    parts, y = module_rows(MARGIN)
    for figure in (SCRAPE, PUSH):
        more, y = sequence(figure, y + 20)
        parts += more
    height = y + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img">\n'
        "<title>Modules of ml_exporter, and the steps of a scrape and of a push</title>\n"
        f"<style>\n{STYLE}\n</style>\n"
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z"/></marker></defs>\n'
        # Without a background the text cannot be read on a dark page.
        f'<rect width="{WIDTH}" height="{height:g}" fill="#ffffff"/>\n')
    return head + "\n".join(parts) + "\n</svg>\n"


if __name__ == "__main__":
    FIGURE.write_text(drawn())
