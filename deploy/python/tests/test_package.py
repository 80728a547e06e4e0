"""The wheel, as it is built, installed and checked."""

import ast
import email
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT, total

PACKAGE = ROOT / "deploy" / "python"
SOURCES = sorted((PACKAGE / "src" / "ml_exporter_client").glob("*.py"))
# What Python 3.9 has not, by name.
YOUNG = {"tomllib", "ExceptionGroup", "BaseExceptionGroup", "TaskGroup", "override", "aiter", "anext"}


def build(folder):
    """A wheel from a copy of the sources in `folder`."""
    copy = folder / "python"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    subprocess.run([sys.executable, "-m", "flit_core.wheel", "--outdir", folder / "out", copy],
                   check=True, capture_output=True,
                   env={**os.environ, "SOURCE_DATE_EPOCH": "1795000000"})
    [wheel] = (folder / "out").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_is_pure_typed_and_without_dependencies(wheel):
    assert wheel.name == "ml_exporter_client-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = email.message_from_bytes(
            archive.read("ml_exporter_client-0.1.0.dist-info/METADATA"))
    assert {f"ml_exporter_client/{source.name}" for source in SOURCES} | {
        "ml_exporter_client/py.typed"} <= set(names)
    assert not [name for name in names if "test" in name or name.endswith((".so", ".pyc"))]
    assert metadata["Requires-Python"] == ">=3.9"
    assert metadata.get_all("Requires-Dist") is None


def test_the_wheel_has_the_same_bytes_wherever_it_is_built(wheel, tmp_path):
    assert build(tmp_path / "elsewhere").read_bytes() == wheel.read_bytes()


def test_the_installed_wheel_works_without_anything_else(daemon, wheel, tmp_path, model):
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
                    "--disable-pip-version-check", "--target", tmp_path, wheel], check=True)
    # -I -S: neither the environment of the tests nor any other package.
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import ml_exporter_client
from ml_exporter_client import asgi, wsgi, openai, sklearn, lightgbm, xgboost, keras, lightning
from ml_exporter_client import huggingface
assert ml_exporter_client.__file__.startswith({str(tmp_path)!r})
monitor = ml_exporter_client.Monitor("http://{daemon.push_address}")
with monitor.request("{model}"):
    pass
"""
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, timeout=60)
    assert total(daemon, "ml_requests_total", model=model, outcome="ok") == 1


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_source_is_of_python_3_9(source):
    tree = ast.parse(source.read_text(), feature_version=(3, 9))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not names & YOUNG
    for node in ast.walk(tree):
        # `X | Y` between types is evaluated in assignments, annotations are not.
        if isinstance(node, ast.Call):
            named = {keyword.arg for keyword in node.keywords}
            assert not (getattr(node.func, "id", "") == "zip" and "strict" in named)
            assert not (getattr(node.func, "attr", "") == "dataclass" and named & {
                "slots", "kw_only"})
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert any(node.module == "__future__" for node in imports) or source.name == "__init__.py"


def interpreters():
    """Every Python from 3.9 on that can be run here, on the path or installed by pyenv."""
    found = {}
    for minor in range(9, 20):
        name = f"python3.{minor}"
        pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
        for path in [*pyenv.glob(f"versions/3.{minor}.*/bin/{name}"), shutil.which(name)]:
            if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
                found[name] = str(path)
                break
    return found or {"python3": sys.executable}


INTERPRETERS = interpreters()


@pytest.mark.parametrize("name", INTERPRETERS)
def test_all_of_it_works_with(daemon, name, model):
    done = subprocess.run(
        [INTERPRETERS[name], "-I", "-W", "error", PACKAGE / "tests" / "every_version.py",
         f"http://{daemon.push_address}", model], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    assert total(daemon, "ml_requests_total", model=model, version="1", outcome="ok") == 8
    assert total(daemon, "ml_requests_total", model=model, version="1", outcome="timeout") == 1
    for version in ("child", "last"):
        assert total(daemon, "ml_requests_total", model=model, version=version, outcome="ok") == 1


TYPED = """
from ml_exporter_client import Monitor, annotate
monitor = Monitor("unix:/run/ml_exporter/push.sock")

@monitor.request("fraud", version=3)
def predict(amount: float) -> str:
    annotate(score=0.5)
    return "fraud"

with monitor.request("fraud", features={"amount": 1.0}, outcome="timeout") as request:
    request["score"] = 0.5
reveal_type(predict(2.0))
monitor.columns("fraud", features={"a": [1]}, score=[0.5])
"""


@pytest.mark.parametrize("line, error", [
    ("", None),
    ('monitor.request("fraud", latency=3)', "latency"),
    ('monitor.request("fraud", outcome="fine")', "outcome"),
    ('predict("x")', "float"),
    ('monitor.metric("profit", 3, colour="red")', "colour")])
def test_a_type_checker_finds_mistakes_in_calls(tmp_path, line, error):
    (tmp_path / "service.py").write_text(TYPED + line + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path.parent / "mypy",
         "service.py"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "MYPYPATH": str(PACKAGE / "src")})
    assert 'Revealed type is "str"' in done.stdout or "builtins.str" in done.stdout
    errors = [text for text in done.stdout.splitlines() if ": error:" in text]
    assert len(errors) == (error is not None), done.stdout
    assert all(error in text for text in errors)


def test_the_package_is_clean_under_mypy_strict():
    done = subprocess.run([sys.executable, "-m", "mypy", "--config-file", "pyproject.toml"],
                          cwd=PACKAGE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
