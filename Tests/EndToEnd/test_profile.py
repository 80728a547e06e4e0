"""ml_exporter profile build, check and show, as a pipeline calls them."""

import hashlib
import json
import os
import pathlib
import random
import subprocess

import pytest

from programs import FIXTURES, binary

DATA = FIXTURES / "statistics"


def profile(*arguments, stdin: bytes | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([binary(), "profile", *map(str, arguments)], input=stdin,
                          capture_output=True, timeout=120)


def build(source, target, *flags, stdin: bytes | None = None) -> subprocess.CompletedProcess:
    done = profile("build", "--input", source, "--model", "m", "--version", "1", "-o", target, *flags,
                   stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    return done


@pytest.fixture(scope="module")
def fair(tmp_path_factory) -> pathlib.Path:
    """The profile of a public data set."""
    path = tmp_path_factory.mktemp("profile") / "fair.json"
    build(DATA / "fair" / "reference.csv", path)
    return path


def test_the_id_is_the_hash_of_the_canonical_form(fair):
    document = json.loads(fair.read_bytes())
    given = document.pop("profile_id")
    source = document.pop("source")
    # For numbers of this profile Python prints what ECMAScript prints, but for whole ones and exponents.
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return int(value) if isinstance(value, float) and value == int(value) else value

    text = json.dumps(plain(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert "e-" not in text
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == given
    assert source["sha256"] == hashlib.sha256((DATA / "fair" / "reference.csv").read_bytes()).hexdigest()
    assert source["rows"] == document["rows"] == 4366


@pytest.mark.parametrize("scenario, drifted", [
    ("nodrift", set()), ("older", None), ("unseen", None), ("shift", None)])
def test_check_finds_what_the_definition_finds(fair, scenario, drifted):
    done = profile("check", fair, "--input", DATA / "fair" / f"current_{scenario}.csv", "--json",
                   "--fail-on", "drift")
    report = json.loads(done.stdout)
    expected = json.loads((DATA / "expected-drift" / f"fair__{scenario}.json").read_text())
    found = {column["name"]: column for column in report["columns"]}
    for name, column in expected["columns"].items():
        if "stream_k10" in column and found[name]["type"] == "numerical":
            scores = column["stream_k10"]["scores"]
            for ours, theirs in (("psi", "psi"), ("psi_pvalue", "psi_pvalue"),
                                 ("wasserstein", "wasserstein_lower")):
                assert found[name].get(ours) == pytest.approx(scores[theirs], rel=1e-9, abs=1e-12)
            fine = column["stream_k240"]["scores"]
            assert found[name]["ks"] == pytest.approx(fine["ks_lower"], rel=1e-9)
            assert found[name]["rank_pvalue"] == pytest.approx(fine["rank_pvalue"], rel=1e-9, abs=1e-12)
    flagged = {name for name, column in found.items() if column.get("drifted")}
    if drifted is not None:
        assert flagged == drifted
    assert done.returncode == (1 if flagged else 0) == (1 if report["drift"] else 0)


def test_any_memory_standard_input_and_json_lines_give_the_same_profile(tmp_path):
    generator = random.Random(3)
    rows = [{"x": generator.gauss(1e6, 3), "word": generator.choice(["a", "b", "\u00e4,\"c\""]),
             "n": generator.randrange(1000) if generator.random() < 0.9 else None,
             "key": f"k{number}-{generator.random()}"} for number in range(150_000)]

    def quoted(value):
        if value is None:
            return ""
        text = str(value)
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"') else text

    csv = "x,word,n,key\n" + "".join(",".join(map(quoted, row.values())) + "\n" for row in rows)
    (tmp_path / "rows.csv").write_text(csv, encoding="utf-8")
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    whole = tmp_path / "whole.json"
    build(tmp_path / "rows.csv", whole)
    identity = json.loads(whole.read_text())["profile_id"]
    small = build(tmp_path / "rows.csv", tmp_path / "small.json", "--max-memory=1MiB",
                  "--temp-dir", tmp_path)
    assert (tmp_path / "small.json").read_bytes() == whole.read_bytes()
    assert b'column "key" is taken as id' in small.stderr
    for name, text, flags in (("csv", csv.encode(), ()), ("jsonl", lines, ("--format=jsonl",))):
        build("-", tmp_path / f"{name}.json", "--temp-dir", tmp_path, *flags, stdin=text)
        assert json.loads((tmp_path / f"{name}.json").read_text())["profile_id"] == identity
    # Temporary files have no names, and a profile that is being written has another.
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "csv.json", "jsonl.json", "rows.csv", "small.json", "whole.json"]


def test_a_column_that_becomes_text_is_read_again_also_from_standard_input(tmp_path):
    text = b"a\n" + b"1.0\n" * 500 + b"n/a\n"
    done = build("-", tmp_path / "p.json", "--temp-dir", tmp_path, stdin=text)
    assert b'"a" is taken as categorical' in done.stderr
    column = json.loads((tmp_path / "p.json").read_text())["columns"][0]
    assert column["categorical"]["categories"] == [{"value": "1.0", "count": 500}, {"value": "n/a", "count": 1}]


def test_show_and_check_print_a_row_per_column(fair):
    shown = profile("show", fair)
    assert shown.returncode == 0 and shown.stdout.count(b"feature") == 9
    checked = profile("check", fair, "--input", DATA / "fair" / "current_shift.csv")
    lines = checked.stdout.decode().splitlines()
    assert checked.returncode == 1 and len(lines) == 12 and lines[0].startswith("column")
    assert any("in training" in line and " yes " in line for line in lines)


def test_fail_on_chooses_what_a_pipeline_stops_at(tmp_path):
    (tmp_path / "train.csv").write_text("x\n" + "".join(f"{n % 97}\n" for n in range(2000)))
    (tmp_path / "now.csv").write_text("x\n" + "".join("1000\n" if n % 20 == 0 else f"{n % 97}\n"
                                                      for n in range(2000)))
    build(tmp_path / "train.csv", tmp_path / "p.json")
    for flags, status in (((), 1), (("--fail-on=drift",), 0), (("--fail-on=quality",), 1)):
        assert profile("check", tmp_path / "p.json", "--input", tmp_path / "now.csv",
                       *flags).returncode == status


@pytest.mark.parametrize("text, sentence", [
    (b"a,b\n1,2\n1\n", "rows.csv:3:2: 1 field in this record, the header has 2"),
    (b"a,b\n1,\"2\n", "rows.csv:2:3: the quoted field that starts here does not end"),
    (b"", "rows.csv: the file is empty"),
    (b"a\n", "rows.csv: there are no rows"),
    (b"a\n\xff\n", "rows.csv:2:1: invalid UTF-8"),
])
def test_wrong_rows_are_an_error_with_their_place(tmp_path, text, sentence):
    (tmp_path / "rows.csv").write_bytes(text)
    done = profile("build", "--input", tmp_path / "rows.csv", "--model=m", "--version=1", "-o",
                   tmp_path / "p.json")
    assert done.returncode == 2 and done.stderr.decode().strip().endswith(sentence)
    assert not (tmp_path / "p.json").exists()


@pytest.mark.parametrize("arguments, words", [
    ((), "expected build, check or show"),
    (("build",), "--input"),
    (("build", "--input=x", "--model=m", "--version=1", "-o", "p", "--bins=7"), "divisor of 240"),
    (("build", "--input=x", "--model=m", "--version=1", "-o", "p", "--max-memory=1"), "at least 1MiB"),
    (("build", "--input=x", "--model=m", "--version=1", "-o", "p", "--max-categories=51"), "1 to 50"),
    (("build", "--input=x", "--model=m", "--version=1", "-o", "p", "--format=xml"), "csv or jsonl"),
    (("build", "--input=/nonexistent", "--model=m", "--version=1", "-o", "p"), "No such file"),
    (("check", "/nonexistent", "--input=x"), "/nonexistent: No such file"),
    (("check", "p", "--input=x", "--fail-on=luck"), "drift or quality"),
    (("show",), "expected one profile"),
])
def test_wrong_usage_is_reported_and_is_status_2(arguments, words):
    done = profile(*arguments)
    assert done.returncode == 2 and words in done.stderr.decode()


def test_a_wrong_profile_is_an_error_with_line_and_column(fair, tmp_path):
    text = fair.read_text().replace('"upper_edges":[', '"upper_edges":[1e9,', 1)
    (tmp_path / "bad.json").write_text(text)
    done = profile("show", tmp_path / "bad.json")
    assert done.returncode == 2
    assert "bad.json:8:" in done.stderr.decode() and "upper_edges" in done.stderr.decode()
    (tmp_path / "large.json").write_bytes(b" " * (5 << 20))
    done = profile("show", tmp_path / "large.json")
    assert done.returncode == 2 and b"larger than 4194304 bytes" in done.stderr


def test_an_output_that_cannot_be_written_is_status_1_and_leaves_nothing(fair):
    done = profile("build", "--input", DATA / "fair" / "reference.csv", "--model=m", "--version=1",
                   "-o", "/nonexistent/p.json")
    assert done.returncode == 1 and b"/nonexistent/p.json" in done.stderr
    done = profile("build", "--input", DATA / "fair" / "reference.csv", "--model=m", "--version=1",
                   "-o", "-")
    assert done.returncode == 0 and json.loads(done.stdout)["rows"] == 4366
    assert os.path.getsize(fair) > 0
