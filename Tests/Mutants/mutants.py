"""Changes one operator of Sources/ at a time and counts how often the unit tests notice.

    python3 Tests/Mutants/mutants.py [--count 40] [--seed 1] [--module NAME]... [--list]

All mutants are compiled into one build of a copy below .build-mutants: a changed `<` becomes an
operator of its own, which is `<=` if the environment variable MUTANT has its number and `<`
otherwise. One run of the tests per mutant then needs no build. The tests of the mutant's module run
first, all others only if those notice nothing.

A mutant is noticed when a test fails, the process traps, or the tests do not end in time. It is
refused when the compiler accepts no such operator at its place, which says nothing about the tests:
another place is drawn instead. Prints a line each and a share at the end; exits 1 below --wanted
(85 %). Code that only logs, preconditions and imports are left alone: a test cannot or need not
notice them.
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / ".build-mutants" / "tree"
OPERATORS = "MutantOperators.swift"

COMPARISON = """
infix operator {op}: ComparisonPrecedence
func {op} <T: Comparable>(a: T, b: T) -> Bool {{ mutant == {id} ? a {new} b : a {old} b }}
@_disfavoredOverload
func {op} <T: BinaryInteger, U: BinaryInteger>(a: T, b: U) -> Bool {{
    mutant == {id} ? a {new} b : a {old} b
}}
"""
EQUALITY = """
infix operator {op}: ComparisonPrecedence
func {op} <T: Equatable>(a: T, b: T) -> Bool {{ mutant == {id} ? a {new} b : a {old} b }}
@_disfavoredOverload
func {op} <T: BinaryInteger, U: BinaryInteger>(a: T, b: U) -> Bool {{
    mutant == {id} ? a {new} b : a {old} b
}}
@_disfavoredOverload
func {op} <T>(a: T?, b: _OptionalNilComparisonType) -> Bool {{
    mutant == {id} ? a {new} b : a {old} b
}}
@_disfavoredOverload
func {op} <A: Equatable, B: Equatable>(a: (A, B), b: (A, B)) -> Bool {{
    mutant == {id} ? a {new} b : a {old} b
}}
"""
LOGICAL = """
infix operator {op}: {precedence}
func {op} (a: Bool, b: @autoclosure () throws -> Bool) rethrows -> Bool {{
    mutant == {id} ? try a {new} b() : try a {old} b()
}}
"""
WRAPPING = """
infix operator {op}: AdditionPrecedence
func {op} <T: FixedWidthInteger>(a: T, b: T) -> T {{ mutant == {id} ? a {new} b : a {old} b }}
"""
SUM = """
infix operator {op}: AdditionPrecedence
func {op} <T: AdditiveArithmetic>(a: T, b: T) -> T {{ mutant == {id} ? a {new} b : a {old} b }}
"""
ASSIGNMENT = """
infix operator {op}: AssignmentPrecedence
func {op} <T: AdditiveArithmetic>(a: inout T, b: T) {{
    if mutant == {id} {{ a {new} b }} else {{ a {old} b }}
}}
"""
LITERAL = "\nfunc {op}() -> Bool {{ mutant == {id} ? {new} : {old} }}\n"


@dataclass(frozen=True)
class Change:
    pattern: re.Pattern
    old: str
    new: str
    swift: str


def binary(old: str, new: str, swift: str, pattern: str | None = None) -> Change:
    return Change(re.compile(pattern or rf" {re.escape(old)} "), old, new, swift)


def logical(old: str, new: str, precedence: str) -> Change:
    return binary(old, new, LOGICAL.replace("{precedence}", precedence))


# What an operator becomes. Order matters: a place belongs to the first that matches.
CHANGES = [
    binary("<=", "<", COMPARISON), binary(">=", ">", COMPARISON),
    binary("<", "<=", COMPARISON), binary(">", ">=", COMPARISON, r"(?<!-) > "),
    binary("==", "!=", EQUALITY), binary("!=", "==", EQUALITY),
    logical("&&", "||", "LogicalConjunctionPrecedence"),
    logical("||", "&&", "LogicalDisjunctionPrecedence"),
    binary("&+", "&-", WRAPPING), binary("&-", "&+", WRAPPING),
    binary("+", "-", SUM), binary("-", "+", SUM, r" - (?=\w)"),
    binary("+=", "-=", ASSIGNMENT),
    binary("true", "false", LITERAL, r"\btrue\b"), binary("false", "true", LITERAL, r"\bfalse\b"),
]
LEFT_OUT = re.compile(
    r"^\s*(//|import|package import|internal import|precondition|#if|@|case \.|log\.|logger\.)"
    r"|func |\binit\b|operator|Generic|where Element|->|while true|^\s*\"")
# Errors name the copy's file and line.
ERROR = re.compile(r"^(/\S+\.swift):(\d+):\d+: error:", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    path: pathlib.Path
    line: int
    span: tuple[int, int]
    change: Change

    @property
    def module(self) -> str:
        return self.path.relative_to(COPY / "Sources").parts[0]

    @property
    def where(self) -> str:
        return f"{self.path.relative_to(COPY)}:{self.line + 1}"

    def shown(self) -> str:
        line = self.path.read_text().splitlines()[self.line]
        start, end = self.span
        new = self.change.new if self.change.swift is LITERAL else f" {self.change.new} "
        return f"{line[:start]}⟦{new}⟧{line[end:]}".strip()


def places(files: list[pathlib.Path]):
    """Every place that can be changed."""
    for path in files:
        for number, line in enumerate(path.read_text().splitlines()):
            if LEFT_OUT.search(line):
                continue
            # Texts in quotes are not code.
            code = re.sub(r'"(?:[^"\\]|\\.)*"', lambda text: "_" * len(text.group()), line)
            code = code.split("//")[0]
            for change in CHANGES:
                for match in change.pattern.finditer(code):
                    yield Mutant(path, number, match.span(), change)


def tracked() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "Package.swift", "Package.resolved", "Sources", "Tests", "docs"], cwd=ROOT,
        capture_output=True, check=True).stdout.decode()
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


def refresh():
    """Makes the copy equal to the tree; unchanged files keep their time, so the build stays incremental."""
    names = tracked()
    for old in [path for path in COPY.rglob("*") if path.is_file() or path.is_symlink()]:
        name = str(old.relative_to(COPY))
        if name not in names and name.startswith(("Sources/", "Tests/", "docs/")):
            old.unlink()
    for name in sorted(names):
        source, target = ROOT / name, COPY / name
        if source.is_symlink():
            if not target.is_symlink():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
            continue
        content = source.read_bytes()
        if name == "Package.swift":
            # The operators are written without the marks of memory safety and are no release code.
            content = content.replace(b"    .strictMemorySafety(),\n", b"").replace(
                b"    .treatAllWarnings(as: .error),\n", b"")
        if target.exists() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(source.stat().st_mode)


def plant(mutants: list[Mutant]):
    """Writes the operators of the mutants into the copy. Numbers are places in the list."""
    by_file: dict[pathlib.Path, list[tuple[int, Mutant]]] = {}
    by_module: dict[str, list[str]] = {}
    for number, mutant in enumerate(mutants):
        by_file.setdefault(mutant.path, []).append((number, mutant))
        by_module.setdefault(mutant.module, []).append(mutant.change.swift.format(
            op=symbol(number, mutant), id=number, old=mutant.change.old, new=mutant.change.new))
    for path, planted in by_file.items():
        lines = path.read_text().splitlines(keepends=True)
        # From the end of a line, so that columns in front of it stay.
        for number, mutant in sorted(planted, key=lambda entry: entry[1].span, reverse=True):
            start, end = mutant.span
            text = symbol(number, mutant)
            new = f"{text}()" if mutant.change.swift is LITERAL else f" {text} "
            lines[mutant.line] = lines[mutant.line][:start] + new + lines[mutant.line][end:]
        path.write_text("".join(lines))
    for module, operators in by_module.items():
        (COPY / "Sources" / module / OPERATORS).write_text(
            "internal import Glibc\n\n"
            'let mutant: Int = getenv("MUTANT").flatMap { Int(String(cString: $0)) } ?? -1\n'
            + "".join(operators))


def symbol(number: int, mutant: Mutant) -> str:
    if mutant.change.swift is LITERAL:
        return f"mutant{number}"
    # Supplemental mathematical operators, two so that there are enough.
    return chr(0x2A00 + number // 200) + chr(0x2A00 + number % 200)


def build() -> str | None:
    """What the compiler said; None if it had no error."""
    done = subprocess.run(
        ["swift", "build", "--build-tests"], cwd=COPY, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stdout + done.stderr


def passes(number: int, seconds: int, *arguments: str) -> bool:
    """Whether the tests pass in time; a mutant may loop for ever."""
    command = [
        "timeout", "--kill-after=10", str(seconds),
        "swift", "test", "--skip-build", "--disable-xctest", *arguments]
    return subprocess.run(
        command, cwd=COPY, env=os.environ | {"MUTANT": str(number)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def compile_mutants(candidates: list[Mutant], count: int) -> tuple[list[Mutant], list[Mutant]]:
    """Builds `count` of the candidates, in their order, and names those that the compiler refused."""
    refused: list[Mutant] = []
    while True:
        chosen = [mutant for mutant in candidates if mutant not in refused][:count]
        refresh()
        plant(chosen)
        said = build()
        if said is None:
            return chosen, refused
        places_of_errors = {(name, int(line) - 1) for name, line in ERROR.findall(said)}
        # An expression of several lines may be named by its first or last one.
        guilty = [
            mutant for mutant in chosen
            if any((str(mutant.path), mutant.line + off) in places_of_errors
                   for off in range(-3, 4))]
        if not guilty:
            sys.exit(f"the copy does not build:\n{said[-4000:]}")
        refused += guilty


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", default=[], help="only these modules")
    parser.add_argument("--wanted", type=float, default=0.85)
    parser.add_argument("--seconds", type=int, default=900, help="longest run of the tests")
    parser.add_argument("--trust", action="store_true",
                        help="do not run the tests without a change first: they are known to pass")
    parser.add_argument("--list", action="store_true", help="only print the places")
    arguments = parser.parse_args()

    COPY.mkdir(parents=True, exist_ok=True)
    refresh()
    # The executable's module has no unit tests: the end-to-end tests are its tests.
    modules = arguments.module or sorted(
        path.name for path in (COPY / "Sources").iterdir()
        if any(path.rglob("*.swift")) and path.name != "ml_exporter")
    files = sorted(
        path for name in modules for path in (COPY / "Sources" / name).rglob("*.swift")
        if path.name != OPERATORS)
    candidates = list(places(files))
    random.Random(arguments.seed).shuffle(candidates)
    print(f"{len(candidates)} places in {len(files)} files", flush=True)
    descriptions = {mutant: mutant.shown() for mutant in candidates[:4 * arguments.count]}
    if arguments.list:
        for mutant in candidates[:arguments.count]:
            print(f"{mutant.where}: {descriptions[mutant]}")
        return 0
    mutants, refused = compile_mutants(candidates, arguments.count)
    for mutant in refused:
        print(f"refused   {mutant.where}: {descriptions[mutant]}", flush=True)
    if not arguments.trust and not passes(-1, arguments.seconds):
        print("the unit tests fail without any change", file=sys.stderr)
        return 2

    survivors = 0
    for number, mutant in enumerate(mutants):
        own = f"{mutant.module}Tests"
        survived = passes(number, arguments.seconds, "--filter", f"^{own}\\.") and passes(
            number, arguments.seconds, "--skip", f"^{own}\\.")
        survivors += survived
        print(f"{'SURVIVED' if survived else 'noticed '}  {mutant.where}: {descriptions[mutant]}",
              flush=True)
    noticed = len(mutants) - survivors
    share = noticed / len(mutants) if mutants else 0
    print(f"{noticed} of {len(mutants)} mutants noticed ({share:.0%}), seed {arguments.seed}")
    return 0 if share >= arguments.wanted else 1


if __name__ == "__main__":
    sys.exit(main())
