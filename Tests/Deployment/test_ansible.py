"""The playbook, played on a machine with systemd: twice, and with a mistake."""

import re
import shutil

import pytest

from files import DEPLOY

PLAYBOOK = DEPLOY / "ansible" / "playbook.yml"


@pytest.fixture(scope="module")
def host(machine, package):
    if not shutil.which("ansible-playbook"):
        pytest.skip("ansible-playbook is not installed")
    for path in (PLAYBOOK, package):
        shutil.copy(path, machine.path("/work"))
    machine.path("/work/hosts").write_text("[ml_exporter]\nlocalhost ansible_connection=local\n")
    machine.shell("id inference 2>/dev/null || useradd --system inference")
    return machine, package


def played(host, *settings: str):
    machine, package = host
    words = [word for setting in (f"ml_exporter_package=/work/{package.name}",
                                  "ml_exporter_update_cache=false", *settings)
             for word in ("-e", setting)]
    return machine.run(
        "env", "LC_ALL=C.UTF-8", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3", "/usr/bin/ansible-playbook",
        "-i", "/work/hosts", "-e", "ansible_become=false", *words, "/work/playbook.yml",
        check=False, seconds=240)


def test_1_it_installs_sets_and_starts(host):
    result = played(host, '{"ml_exporter_flags": ["--web.listen-address=127.0.0.1:10180"]}',
                    '{"ml_exporter_producers": ["inference"]}', '{"ml_exporter_drop_ins": ["gpu"]}')
    assert result.returncode == 0, result.stdout + result.stderr
    machine = host[0]
    assert "ml_exporter_build_info" in machine.page()
    assert machine.run("systemctl", "is-active", "ml_exporter-push.socket").stdout.strip() == "active"
    assert "ml_exporter" in machine.shell("id -nG inference").split()
    assert 'ARGS="--web.listen-address=127.0.0.1:10180"' in machine.path(
        "/etc/default/ml_exporter").read_text()


def test_2_again_it_changes_nothing(host):
    before = host[0].property("MainPID")
    result = played(host, '{"ml_exporter_flags": ["--web.listen-address=127.0.0.1:10180"]}',
                    '{"ml_exporter_producers": ["inference"]}', '{"ml_exporter_drop_ins": ["gpu"]}')
    assert re.search(r"ok=\d+ +changed=0 .* failed=0", result.stdout), result.stdout
    assert host[0].property("MainPID") == before


def test_3_a_wrong_flag_changes_no_machine(host):
    before = host[0].property("MainPID")
    result = played(host, '{"ml_exporter_flags": ["--no-such-flag"]}')
    assert result.returncode != 0 and "no-such-flag" in result.stdout
    assert host[0].property("MainPID") == before
    assert "no-such-flag" not in host[0].path("/etc/default/ml_exporter").read_text()
