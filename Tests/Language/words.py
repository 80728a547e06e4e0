"""Fails on words that the project's language does without (`make lint`).

    python3 Tests/Language/words.py [FILE...]

Reads the text files that git knows, or those named. The list stands in words.txt beside this file.
"""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Captured or generated texts, whose words are not ours.
LEFT_OUT = (
    "LICENSE", "CHANGELOG.md", "Tests/Fixtures/", "Tests/Language/", "Tests/Fuzz/Corpus/",
    "Tests/EndToEnd/data/", "Tests/Benchmarks/Runs/", "Tests/Torture/Runs/", "dashboards/preview/",
)
SUFFIXES = {".swift", ".c", ".cpp", ".h", ".py", ".md", ".yml", ".yaml", ".sh", ".json", ".1", ""}


def expressions(text: str) -> tuple[re.Pattern, list[re.Pattern]]:
    """The forbidden words as one expression, and what is allowed all the same."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    words = [line for line in lines if not line.startswith("!")]
    allowed = [re.compile(line[1:], re.IGNORECASE) for line in lines if line.startswith("!")]
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE), allowed


def faults(text: str, forbidden: re.Pattern, allowed: list[re.Pattern]):
    """Line numbers and words of a text that are not allowed."""
    for number, line in enumerate(text.splitlines(), 1):
        spans = [match.span() for pattern in allowed for match in pattern.finditer(line)]
        for match in forbidden.finditer(line):
            if not any(start <= match.start() and match.end() <= end for start, end in spans):
                yield number, match.group()


def files(arguments: list[str]) -> list[pathlib.Path]:
    if arguments:
        return [pathlib.Path(name) for name in arguments]
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name]
    return [
        ROOT / name for name in names
        if not name.startswith(LEFT_OUT) and pathlib.PurePath(name).suffix in SUFFIXES
    ]


def main(arguments: list[str]) -> int:
    forbidden, allowed = expressions((HERE / "words.txt").read_text())
    found = 0
    for path in files(arguments):
        try:
            text = path.read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        for number, word in faults(text, forbidden, allowed):
            found += 1
            print(f"{path.relative_to(ROOT) if path.is_absolute() else path}:{number}: {word}")
    if found:
        print(f"{found} words of Tests/Language/words.txt; write the field's term", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
