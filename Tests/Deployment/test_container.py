"""The image, and the composition with Prometheus, Alertmanager and Grafana around it."""

import os
import pathlib
import re
import shutil

import pytest
import yaml

from files import BINARY, DEPLOY, HOUSE, accepted, ran

DOCKERFILE = DEPLOY / "container" / "Dockerfile"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
NUMBER = 10180
STATE = "/var/lib/ml_exporter"


@pytest.fixture(scope="module")
def composition():
    return yaml.safe_load(COMPOSE.read_text())


def test_hadolint_has_no_complaint():
    accepted("hadolint", "--config", DEPLOY / "container" / ".hadolint.yaml", DOCKERFILE)


def test_what_the_build_copies_is_in_its_context():
    ignored = (DEPLOY / "container" / "Dockerfile.dockerignore").read_text().split()
    assert ignored[0] == "*"
    given = {line.removeprefix("!") for line in ignored[1:]}
    build = DOCKERFILE.read_text().split("\nFROM ")[1]
    copied = {word.rstrip("/") for line in re.findall(r"^COPY (.*) \S+$", build, re.MULTILINE)
              for word in line.split()}
    assert copied == given
    for path in given:
        assert (HOUSE / path).exists(), path


def test_the_image_has_the_libraries_that_the_package_asks_for(package):
    depends = accepted("dpkg-deb", "--field", package, "Depends")
    wanted = set(re.findall(r"(?:^|, )(lib[\w.+-]+)", depends)) - {"libc6", "libgcc-s1"}
    installed = re.search(r"--no-install-recommends (.*?) \\\n +&&", DOCKERFILE.read_text(),
                          re.DOTALL)[1].replace("\\", "").split()
    assert wanted - set(installed) == set()


def test_the_composition_is_valid():
    accepted("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)


def test_what_the_composition_mounts_is_there(composition):
    volumes = set(composition["volumes"])
    for name, service in composition["services"].items():
        for volume in service["volumes"]:
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            if source.startswith("."):
                assert (COMPOSE.parent / source).exists(), f"{name}: {source}"
            else:
                assert source == "/" or source in volumes, f"{name}: {source}"


def test_files_that_the_composition_names_are_mounted(composition):
    """--config.file=/etc/NAME/FILE is FILE below the directory mounted at /etc/NAME."""
    seen = 0
    for service in composition["services"].values():
        mounts = dict(reversed(volume.split(":")[:2]) for volume in service["volumes"]
                      if isinstance(volume, str))
        for word in service.get("command", ()):
            if match := re.fullmatch(r"--config\.file=(/etc/\w+)/(\S+)", word):
                assert (COMPOSE.parent / mounts[match[1]] / match[2]).is_file(), word
                seen += 1
    assert seen == 2


def test_the_daemon_takes_the_flags_of_the_composition(composition):
    accepted(BINARY, "check-config", *composition["services"]["ml_exporter"]["command"])


def test_no_service_of_the_composition_may_more_than_it_must(composition):
    for name, service in composition["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        image = service["image"]
        assert "build" in service or re.search(r":v?\d+\.\d+\.\d+$", image), f"{image} may change"


def test_what_was_pushed_outlives_the_container(composition):
    service = composition["services"]["ml_exporter"]
    assert f"--storage.path={STATE}" in service["command"]
    assert f"state:{STATE}" in service["volumes"] and "state" in composition["volumes"]
    assert f"VOLUME {STATE}\n" in (DEPLOY / "container" / "Dockerfile").read_text()


def test_only_the_telemetry_is_reachable_from_elsewhere(composition):
    for name in ("prometheus", "alertmanager"):
        flags = " ".join(composition["services"][name]["command"])
        assert "--web.listen-address=127.0.0.1:" in flags
    assert composition["services"]["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"


def test_grafana_finds_the_data_source_and_the_dashboards(composition):
    provisioning = DEPLOY / "grafana" / "provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yaml").read_text())
    assert source["datasources"][0]["url"] == "http://localhost:9090"
    interval = source["datasources"][0]["jsonData"]["timeInterval"]
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert prometheus["global"]["scrape_interval"] == interval
    provider = yaml.safe_load((provisioning / "dashboards/ml_exporter.yaml").read_text())
    path = provider["providers"][0]["options"]["path"]
    assert any(volume.startswith("../../dashboards:" + path)
               for volume in composition["services"]["grafana"]["volumes"])


@pytest.fixture(scope="module")
def image(unpacked, tmp_path_factory):
    """Starts a command in the image's last stage, made of a Debian that is bootstrapped here (or
    the archive that ML_EXPORTER_DEBIAN names) and of our release."""
    for tool in ("buildah", "mmdebstrap"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    if os.geteuid() != 0:
        pytest.skip("needs root")
    folder = tmp_path_factory.mktemp("image")
    base = pathlib.Path(os.environ.get("ML_EXPORTER_DEBIAN", folder / "debian.tar"))
    if not base.exists():
        accepted("mmdebstrap", "--variant=minbase", "bookworm", base)
    built = folder / "built"
    built.mkdir()
    shutil.copy(unpacked / "usr/bin/ml_exporter", built)
    buildah = ["buildah", f"--root={folder}/storage", f"--runroot={folder}/run",
               "--storage-driver=vfs"]
    scratch = accepted(*buildah, "from", "scratch").strip()
    accepted(*buildah, "add", "--quiet", scratch, base, "/")
    accepted(*buildah, "commit", "--quiet", scratch, "localhost/debian")
    last = folder / "Dockerfile"
    last.write_text("ARG DEBIAN\nFROM ${DEBIAN}"
                    + DOCKERFILE.read_text().split("\nFROM ${DEBIAN}")[1])
    accepted(*buildah, "bud", "--quiet", "--isolation=chroot",
             "--build-arg=DEBIAN=localhost/debian", f"--build-context=build={built}",
             "-t", "ml_exporter", "-f", last, built)
    container = accepted(*buildah, "from", "ml_exporter").strip()
    yield [*buildah, "run", "--isolation=chroot", container, "--"]
    accepted(*buildah, "rm", "--all")
    shutil.rmtree(folder)


def test_the_program_runs_in_the_image(image):
    assert "ml_exporter, version" in accepted(*image, "ml_exporter", "--version")


def test_the_image_runs_as_nobody_special(image):
    assert accepted(*image, "id", "-u").strip() == str(NUMBER)
    assert accepted(*image, "pwd").strip() == "/var/lib/ml_exporter"
    owner = accepted(*image, "stat", "-c", "%u:%g %a", "/run/ml_exporter").strip()
    assert owner == f"{NUMBER}:{NUMBER} 755"
    assert ran(*image, "touch", "/etc/probe").returncode != 0


def test_the_image_is_healthy_while_it_serves(image):
    told = accepted(*image, "bash", "-c", """
        address=--web.listen-address=127.0.0.1:10182
        ml_exporter $address --storage.path=none 2>/dev/null & daemon=$!
        for _ in {1..100}; do
            ml_exporter healthcheck $address >/dev/null 2>&1 && break
            sleep 0.1
        done
        ml_exporter healthcheck $address >/dev/null 2>&1; echo "while it serves $?"
        kill $daemon
        wait $daemon; echo "its end $?"
        ml_exporter healthcheck $address >/dev/null 2>&1; echo "after that $?" """)
    assert told.splitlines() == ["while it serves 0", "its end 0", "after that 1"]
