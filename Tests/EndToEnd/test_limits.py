"""The table of limits: what the daemon prints is what docs/limits.md says, and nothing is missing."""

import pathlib
import re
import runpy
import subprocess

from programs import binary

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/limits.md"
# Texts in Sources that end like the name of a limit: files and metrics of the kernel.
NO_LIMITS = {"charge_control_limit", "input_current_limit", "memory_limit", "pids_limit"}


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([binary(), "check-config", *arguments], capture_output=True, text=True,
                          timeout=60)


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("| ")][1:]


def test_the_document_is_what_the_daemon_prints():
    script = runpy.run_path(str(ROOT / "docs/limits.py"))
    assert DOCUMENT.read_text() == script["page"](binary()), \
        f"python3 docs/limits.py {binary()}"


def test_every_limit_has_a_value_and_an_answer():
    table = rows(DOCUMENT.read_text())
    assert len(table) > 40
    for row in table:
        if row[0] == "---":
            continue
        assert len(row) == 5, row
        subject, value, _, answer, _ = row
        assert subject and value and answer, row


def test_every_name_of_a_limit_in_the_code_is_in_the_table():
    named = set(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows(DOCUMENT.read_text()))))
    used = set()
    for path in (ROOT / "Sources").rglob("*.swift"):
        if path.name.startswith("LimitTable"):
            continue
        used |= set(re.findall(r'"([a-z]+(?:_[a-z]+)*_limit)"', path.read_text()))
    missing = {name for name in used - named - NO_LIMITS
               if not name.startswith(("ml_", "node_"))}
    assert not missing, "a row of Sources/ml_exporter/Limits/LimitTable+Rows.swift is missing"


def test_the_table_follows_flags_and_settings(tmp_path):
    settings = tmp_path / "settings.yml"
    settings.write_text("limits:\n  models: 7\n  bytes_of_groups: 1048576\n")
    done = run("--limits", f"--config.file={settings}", "--push.max-groups=1234567")
    assert done.returncode == 0 and done.stderr == ""
    values = {row[0]: row[1] for row in rows(done.stdout)}
    assert values["models: `model_limit`"] == "7"
    assert values["groups: `group_limit`"] == "1,234,567"
    assert values["samples of all groups: `byte_limit`"] == "1 MiB"


def test_wrong_flags_are_errors_with_limits_too():
    done = run("--limits", "--push.max-groups=many")
    assert done.returncode == 2 and done.stdout == ""
    assert "--push.max-groups" in done.stderr
