"""Commands of the README and of docs/, executed as they stand, and the documents that they print.

A block that begins with ```sh run or ```python run is executed, in the order of its page; a block ```text after
it holds lines of its output, in their order, where ... stands for anything. All pages share one daemon, started by
`make run` as the README says, in a network of its own: there the ports are the default ones.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import pytest
import yaml

from files import BINARY, ROOT, accepted

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CLIENT = ROOT / "deploy" / "python" / "src"
START_SECONDS = 120
# What a shell starts in the network: lo, and an empty /run for the Unix socket.
PREPARE = ("ip link set lo up; mount -t tmpfs run /run; mkdir /run/ml_exporter; cd \"$1\"; "
           "make run BUILT=yes >\"$2\" 2>&1 & echo begun; wait")


@dataclass
class Command:
    page: pathlib.Path
    language: str
    code: str
    number: int
    output: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.number}"


def blocks(page: pathlib.Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text())


def commands(page: pathlib.Path) -> list[Command]:
    """The commands of a page that are executed, each with the output that is shown behind it."""
    found, previous = [], None
    for information, code in blocks(page):
        language, *words = information.split()[:2] or [""]
        if language == "text" and previous is not None:
            previous.output = code.splitlines()
        previous = None
        if words == ["run"] and code.strip() != "make run":
            previous = Command(page, language, code, len(found) + 1)
            found.append(previous)
    return found


EXECUTED = [command for page in PAGES for command in commands(page)]


class Network:
    """A network namespace in which `make run` has started the daemon on its default addresses."""

    def __init__(self, folder: pathlib.Path):
        self.log, self.folder = folder / "log", folder / "work"
        self.folder.mkdir()
        # The command of the README, in a copy of what it needs: state is written where it is started.
        for name in ("Makefile", "deploy", "docs", "dashboards"):
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / ".build").symlink_to(ROOT / ".build")
        self.namespaces = ["-n", "-m"] if os.geteuid() == 0 else ["-r", "-n", "-m"]
        self.process = subprocess.Popen(
            ["unshare", *self.namespaces, "bash", "-c", PREPARE, "network", self.folder, self.log],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        try:
            assert self.process.stdout.readline() == b"begun\n"
            self.wait("stop: ")
        except BaseException:
            self.close()
            raise

    def wait(self, text: str):
        """Until the banner of `make run` is there, which is printed once the daemon serves."""
        end = time.monotonic() + START_SECONDS
        while text not in (self.log.read_text() if self.log.exists() else ""):
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def run(self, command: Command) -> subprocess.CompletedProcess:
        enter = ["nsenter", "-t", str(self.process.pid), "-n", "-m"]
        if "-r" in self.namespaces:
            enter += ["-U", "--preserve-credentials"]
        tools = f"{BINARY.resolve().parent}:{pathlib.Path(sys.executable).parent}"
        program = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
        return subprocess.run(
            [*enter, f"--wd={self.folder}", *program[command.language], command.code],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
            env=os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(CLIENT)})

    def close(self):
        """Ends the shell, make and the daemon, which are one session."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    probe = ["unshare", *(["-r"] if os.geteuid() else []), "-n", "-m", "ip", "link", "set", "lo", "up"]
    if subprocess.run(probe, capture_output=True).returncode != 0:
        pytest.skip("no network namespaces here")
    made = Network(tmp_path_factory.mktemp("network"))
    yield made
    made.close()


def missing(expected: list[str], output: str) -> str | None:
    """The first expected line that does not follow those before it."""
    lines = iter(output.splitlines())
    for wanted in expected:
        pattern = ".*".join(map(re.escape, wanted.split("...")))
        if not any(re.fullmatch(pattern, line) for line in lines):
            return wanted
    return None


def test_the_readme_and_the_pages_for_beginners_execute_commands():
    pages = {command.page.name for command in EXECUTED}
    assert pages >= {"README.md", "quick-start.md", "from-node-exporter.md", "from-pushgateway.md",
                     "troubleshooting.md", "upgrading.md"}
    assert "```sh run\nmake run\n```" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("command", EXECUTED, ids=str)
def test_a_command_does_what_its_page_says(network, command):
    done = network.run(command)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{network.log.read_text()}"
    assert missing(command.output, done.stdout) is None, done.stdout + done.stderr


def test_the_banner_names_what_one_needs_next(network):
    text = network.log.read_text()
    for line in ("page", "metrics", "push", "try", "state", "stop"):
        assert re.search(rf"^ +{line}: +\S", text, re.MULTILINE), text
    [try_it] = re.findall(r"^ +try: +(.*)$", text, re.MULTILINE)
    done = network.run(Command(ROOT / "Makefile", "sh", try_it, 0))
    assert done.returncode == 0 and '"accepted":1' in done.stdout, done.stdout + done.stderr
    [state] = re.findall(r"^ +state: +(\S+)", text, re.MULTILINE)
    assert pathlib.Path(state) == network.folder / "data" and pathlib.Path(state).is_dir()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_are_what_they_say(page, tmp_path):
    """Shell can be parsed, YAML loaded, and a configuration of Prometheus is one."""
    for information, code in blocks(page):
        language, *words = information.split()[:2] or [""]
        if language == "sh":
            accepted("bash", "-n", "-c", code)
        elif language == "python":
            compile(code, str(page), "exec")
        elif language == "yaml":
            yaml.safe_load(code)
        if words == ["promtool"]:
            (tmp_path / "prometheus.yml").write_text(code)
            accepted("promtool", "check", "config", "--syntax-only", tmp_path / "prometheus.yml")


def test_figures_of_the_readme_are_those_of_the_kept_runs():
    """Each number of the table "Measured" stands in a run under Tests/."""
    text = (ROOT / "README.md").read_text()
    table = text.split("\n## Measured\n")[1].strip().split("\n\n")[0]
    runs = "\n".join(path.read_text() for folder in ("Benchmarks", "Torture")
                     for path in (ROOT / "Tests" / folder / "Runs").glob("*.md")).replace(",", "")
    numbers = [(float(number.replace(",", "")), unit) for number, unit in re.findall(
        r"([\d,]*\d(?:\.\d+)?)\*{0,2} (ms|µs|MB|of \d)", table)]
    assert len(numbers) >= 12
    measured = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", runs)}
    for number, unit in numbers:
        half = 0.501 * 10.0 ** -len(str(number).split(".")[1].rstrip("0"))
        scales = (1, 1000) if unit == "ms" else (1,)
        assert any(abs(value / scale - number) <= half for value in measured for scale in scales), (
            f"{number} {unit}")


def test_the_readme_counts_alerts_and_dashboards():
    text = (ROOT / "README.md").read_text()
    alerts = sum(path.read_text().count("- alert:")
                 for path in (ROOT / "deploy/prometheus/rules").glob("*.yml"))
    words = dict(zip(("four", "five", "six", "seven", "eight"), range(4, 9)))
    [boards] = re.findall(r"Grafana: (\w+) dashboards", text)
    assert words[boards] == len(list((ROOT / "dashboards").glob("*.json")))
    assert f"Alertmanager: {alerts} alerts" in text
