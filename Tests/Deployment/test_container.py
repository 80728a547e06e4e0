"""The image, and the composition with Prometheus, Alertmanager and Grafana around it."""

import os
import pathlib
import re
import shutil

import pytest
import yaml

from files import BINARY, DEPLOY, ROOT, accepted, ran

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
        assert (ROOT / path).exists(), path


def test_the_image_has_the_libraries_that_the_package_asks_for(package):
    depends = accepted("dpkg-deb", "--field", package, "Depends")
    wanted = set(re.findall(r"(?:^|, )(lib[\w.+-]+)", depends)) - {"libc6", "libgcc-s1"}
    installed = re.search(r"--no-install-recommends (.*?) \\\n +&&", DOCKERFILE.read_text(),
                          re.DOTALL)[1].replace("\\", "").split()
    assert wanted - set(installed) == set()


@pytest.mark.parametrize("file", sorted(COMPOSE.parent.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_composition_is_valid(file):
    accepted("check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)


def test_overriding_files_change_services_that_exist(composition):
    for file in set(COMPOSE.parent.glob("*.yaml")) - {COMPOSE}:
        changed = yaml.safe_load(file.read_text())["services"]
        assert set(changed) <= set(composition["services"]), file.name
        for volume in changed["ml_exporter"].get("volumes", ()):
            # Compose merges by target: another one would be a second mount.
            targets = {each["target"] for each in composition["services"]["ml_exporter"]["volumes"]
                       if isinstance(each, dict)}
            assert volume["target"] in targets, file.name


def test_the_image_asks_for_gpus_and_says_what_it_is():
    last = DOCKERFILE.read_text().split("\nFROM ${DEBIAN}")[1]
    assert "NVIDIA_VISIBLE_DEVICES=all" in last and "NVIDIA_DRIVER_CAPABILITIES=utility" in last
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", last))
    assert {"source", "revision", "version", "licenses"} <= labels
    version = re.search(r"version (\S+)", accepted(BINARY, "--version"))[1]
    assert f"ARG VERSION={version}\n" in last


def test_the_image_builds_the_versions_of_the_release():
    manifest = (ROOT / "Package.swift").read_text()
    packages = re.findall(r"\.package\(url: (.*)\)", manifest)
    assert packages and all(re.search(r'exact: "\d+\.\d+\.\d+"', each) for each in packages)
    assert re.search(r"^ARG SWIFT=swift:\d+\.\d+\.\d+-bookworm$", DOCKERFILE.read_text(), re.MULTILINE)


def seconds(duration: str) -> int:
    found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", duration)
    return 60 * int(found[1] or 0) + int(found[2] or 0)


def test_no_service_is_killed_while_it_ends_or_fills_the_disk_with_its_log(composition):
    unit = (DEPLOY / "systemd/ml_exporter.service").read_text()
    longest = int(re.search(r"^TimeoutStopSec=(\d+)s$", unit, re.MULTILINE)[1])
    for name, service in composition["services"].items():
        assert seconds(service["stop_grace_period"]) >= longest, name
        options = service["logging"]["options"]
        assert options["max-size"] and int(options["max-file"]) > 1, name
    assert seconds(composition["services"]["prometheus"]["stop_grace_period"]) >= 60


def test_prometheus_has_the_features_that_its_configuration_needs(composition):
    head = (DEPLOY / "prometheus/prometheus.yml").read_text()
    needed = re.search(r"--enable-feature=([\w,-]+)", head)[1]
    assert f"--enable-feature={needed}" in composition["services"]["prometheus"]["command"]


def test_no_secret_is_kept_in_the_tree(composition):
    """Secrets come from a folder of the machine, so no file of the tree may be one."""
    mounted = {}
    for service in composition["services"].values():
        for volume in service["volumes"]:
            if isinstance(volume, str):
                target, _, source = volume.removesuffix(":ro,z")[::-1].partition(":")
                mounted[target[::-1]] = source[::-1]
    for config in ("alertmanager/alertmanager.yml", "prometheus/prometheus-remote-write.yml"):
        for path in re.findall(r"(/etc/\w+/secrets)/", (DEPLOY / config).read_text()):
            assert mounted[path].startswith("${ML_EXPORTER_SECRETS:-/etc/"), path


def test_what_the_composition_mounts_is_there(composition):
    volumes = set(composition["volumes"])
    for name, service in composition["services"].items():
        for volume in service["volumes"]:
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            if source == "${ML_EXPORTER_SECRETS":
                continue
            if source.startswith("."):
                assert (COMPOSE.parent / source).exists(), f"{name}: {source}"
            else:
                assert source == "/" or source in volumes, f"{name}: {source}"


def test_files_that_the_composition_names_are_mounted(composition):
    """--config.file=/etc/NAME/config/FILE is FILE below the directory that is mounted there."""
    seen = 0
    for service in composition["services"].values():
        mounts = dict(reversed(volume.split(":")[:2]) for volume in service["volumes"]
                      if isinstance(volume, str) and not volume.startswith("$"))
        for word in service.get("command", ()):
            if match := re.fullmatch(r"--config\.file=(/etc/\w+/config)/(\S+)", word):
                assert (COMPOSE.parent / mounts[match[1]] / match[2]).is_file(), word
                seen += 1
    assert seen == 2


def test_the_daemon_takes_the_flags_of_the_composition(composition):
    command = composition["services"]["ml_exporter"]["command"]
    accepted(BINARY, "check-config", *(word.replace("$$", "$") for word in command))


def test_no_service_of_the_composition_may_more_than_it_must(composition):
    for name, service in composition["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        # Only what reads the whole machine is free of SELinux.
        unlabelled = ["label=disable"] if name == "ml_exporter" else []
        assert service["security_opt"] == ["no-new-privileges:true", *unlabelled], name
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


def test_the_image_runs_as_an_unprivileged_user(image):
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
