"""Fails on pages that do not keep the form of the documentation (`make lint`).

    python3 Tests/Language/documents.py [FILE...]

Reads the Markdown files that git knows, or those named. Words are the subject of words.py.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INDEX = ROOT / "docs" / "README.md"
# Generated and kept texts.
LEFT_OUT = ("Tests/", "CHANGELOG.md", "deploy/python/README.md")
LINE_COLUMNS = 130
SENTENCE_WORDS = 48
# How documentation does not say it, and how it does.
PHRASES = {
    r"\| standard \|": "default", r"is no failure": "is not an error", r"whom it is about": "which ... it describes",
    r"\bPrometheis\b": "Prometheus servers", r"\bends both\b": "deletes both", r"\btells how\b": "describes",
    r"\bsays nothing\b": "is empty, prints nothing", r"\bin its turn\b": "", r"\bdo without\b": "does not need",
    r"\bnothing else has to be\b": "", r"\bit is a matter of\b": "", r"\bsimply\b": "",
    r"\bobviously\b": "",
}


def prose(text: str):
    """Line numbers and lines outside of code blocks."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield number, line


def plain(line: str) -> str:
    """The words of a line: links and code as one word each."""
    return re.sub(r"`[^`]*`", "code", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line))


def headings(text: str):
    level = 0
    for number, line in prose(text):
        if match := re.match(r"(#+) ", line):
            depth = len(match[1])
            if depth == 1 and level:
                yield number, "a second title"
            elif depth > level + 1:
                yield number, f"a heading of level {depth} below one of level {level}"
            level = depth
    if not text.startswith("# "):
        yield 1, "the first line is not the title"


def code(text: str):
    is_open = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if not is_open and line == "```":
                yield number, "a code block without a language (text: output)"
            is_open = not is_open
    if is_open:
        yield number, "a code block that does not end"


def tables(text: str):
    width = None
    for number, line in prose(text):
        if not line.startswith("|"):
            width = None
            continue
        cells = re.sub(r"\\\|", "", re.sub(r"`[^`]*`", "code", line)).count("|")
        if width is not None and cells != width:
            yield number, f"a row of {cells - 1} cells in a table of {width - 1}"
        width = width or cells


def lines(text: str):
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip() and not line.endswith("  "):
            yield number, "white space at the end"
        if "\t" in line:
            yield number, "a tab"
    for number, line in prose(text):
        if len(line) > LINE_COLUMNS and not re.match(r"\||- \[|!\[|<", line):
            yield number, f"{len(line)} columns; at most {LINE_COLUMNS}"
        for phrase, better in PHRASES.items():
            if match := re.search(phrase, re.sub(r"`[^`]*`", "", line), re.IGNORECASE):
                yield number, f"{match.group()!r}" + (f"; write {better!r}" if better else "")
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield len(text.splitlines()), "not exactly one line break at the end"


def sentences(text: str):
    """Sentences that one reads twice. Items of lists and paragraphs are taken apart first."""
    paragraph, start = [], 0
    for number, line in [*prose(text), (0, "")]:
        begins = not line.strip() or re.match(r"\s*([-*|#>]|\d+\.) ?", line)
        if begins and paragraph:
            for sentence in re.split(r"(?<=[.!?:;])\s", plain(" ".join(paragraph))):
                words = len(re.findall(r"\w[\w'-]*", sentence))
                if words > SENTENCE_WORDS:
                    yield start, f"a sentence of {words} words; at most {SENTENCE_WORDS}"
            paragraph = []
        if line.strip() and not line.startswith("|"):
            start = start if paragraph else number
            paragraph.append(line)


def faults(path: pathlib.Path):
    text = path.read_text()
    for check in (headings, code, tables, lines, sentences):
        yield from check(text)
    is_page = path.parent == ROOT / "docs" and path != INDEX
    if is_page and f"]({path.name})" not in INDEX.read_text():
        yield 1, "docs/README.md has no link to this page"


def files(arguments: list[str]) -> list[pathlib.Path]:
    if arguments:
        return [pathlib.Path(name).resolve() for name in arguments]
    listed = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, check=True)
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if not name.startswith(LEFT_OUT) and (ROOT / name).exists()]


def main(arguments: list[str]) -> int:
    found = 0
    for path in files(arguments):
        for number, fault in sorted(faults(path)):
            found += 1
            print(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{number}: {fault}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
