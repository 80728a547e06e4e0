"""Changes one operator of Sources/ at a time and counts how often the unit tests notice.

    python3 Tests/Mutants/mutants.py [--count 40] [--seed 1] [--module NAME]...

Works on a copy below .build-mutants, which keeps its build between runs. A mutant is noticed when
the build or a unit test of the package fails, and survives when all pass. Prints a line each and a
share at the end; exits 1 below --wanted (85 %). Code that only logs, `precondition`s and imports
are left alone: a test cannot or need not notice them.
"""

import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / ".build-mutants" / "tree"
# What an operator becomes. Order matters: the first that matches at a place is taken.
CHANGES = [
    (re.compile(r" <= "), " < "), (re.compile(r" >= "), " > "), (re.compile(r" < (?!-)"), " <= "),
    (re.compile(r"(?<!-) > "), " >= "), (re.compile(r" == "), " != "), (re.compile(r" != "), " == "),
    (re.compile(r" && "), " || "), (re.compile(r" \|\| "), " && "),
    (re.compile(r" &\+ "), " &- "), (re.compile(r" &- "), " &+ "),
    (re.compile(r" \+ "), " - "), (re.compile(r" - (?=\w)"), " + "), (re.compile(r" \+= "), " -= "),
    (re.compile(r"\btrue\b"), "false"), (re.compile(r"\bfalse\b"), "true"),
]
LEFT_OUT = re.compile(
    r"^\s*(//|import|package import|internal import|precondition|#if|@|case \.|log\.|logger\.)"
    r"|func |\binit\b|operator|Generic|where Element|->")


def places(files: list[pathlib.Path]):
    """Every place that can be changed: file, line number, columns, the text that stands there then."""
    for path in files:
        for number, line in enumerate(path.read_text().splitlines()):
            if LEFT_OUT.search(line):
                continue
            # Texts in quotes are not code.
            code = re.sub(r'"(?:[^"\\]|\\.)*"', lambda text: "_" * len(text.group()), line)
            code = code.split("//")[0]
            for pattern, becomes in CHANGES:
                for match in pattern.finditer(code):
                    yield path, number, match.span(), becomes


def refresh():
    """Makes the copy equal to the tree; unchanged files keep their time, so the build stays incremental."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "Package.swift", "Sources", "Tests"], cwd=ROOT,
        capture_output=True, check=True).stdout.decode()
    names = {name for name in listed.split("\0") if name and (ROOT / name).exists()}
    for old in [path for path in COPY.rglob("*") if path.is_file() or path.is_symlink()]:
        name = str(old.relative_to(COPY))
        if name not in names and name.startswith(("Sources/", "Tests/")):
            old.unlink()
    for name in names:
        source, target = ROOT / name, COPY / name
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def run(arguments: list[str], seconds: int) -> bool:
    """Whether a command ends well in time; a mutant may loop for ever."""
    try:
        return subprocess.run(
            arguments, cwd=COPY, timeout=seconds, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def noticed(seconds: int) -> str | None:
    """How the change was noticed; None when it was not."""
    if not run(["swift", "build", "--build-tests"], seconds):
        return "build"
    if not run(["swift", "test", "--skip-build", "--disable-xctest"], seconds):
        return "test"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", default=[], help="only these modules")
    parser.add_argument("--wanted", type=float, default=0.85)
    parser.add_argument("--seconds", type=int, default=900, help="longest build or test run")
    arguments = parser.parse_args()

    COPY.mkdir(parents=True, exist_ok=True)
    refresh()
    if noticed(arguments.seconds) is not None:
        print("the unit tests fail without any change", file=sys.stderr)
        return 2

    modules = arguments.module or sorted(
        path.name for path in (COPY / "Sources").iterdir()
        if any(path.rglob("*.swift")) and path.name != "ml_exporter")
    files = sorted(path for name in modules for path in (COPY / "Sources" / name).rglob("*.swift"))
    every = list(places(files))
    chosen = random.Random(arguments.seed).sample(every, min(arguments.count, len(every)))
    survivors = []
    tried = 0
    for path, number, (start, end), becomes in chosen:
        original = path.read_text()
        lines = original.splitlines(keepends=True)
        line = lines[number]
        lines[number] = line[:start] + becomes + line[end:]
        path.write_text("".join(lines))
        try:
            how = noticed(arguments.seconds)
        finally:
            path.write_text(original)
        where = f"{path.relative_to(COPY)}:{number + 1}"
        # A change that the compiler refuses says nothing about the tests.
        if how == "build":
            print(f"refused   {where}", flush=True)
            continue
        tried += 1
        if how is None:
            survivors.append(where)
        print(f"{'noticed ' if how else 'SURVIVED'}  {where}: {lines[number].strip()}", flush=True)
    share = (tried - len(survivors)) / tried if tried else 0
    print(f"{tried - len(survivors)} of {tried} mutants noticed ({share:.0%}), seed {arguments.seed}")
    return 0 if share >= arguments.wanted else 1


if __name__ == "__main__":
    sys.exit(main())
