"""The init container: the daemon owns the directories, whatever owner they had before."""

import os
import subprocess

import pytest
import yaml

from files import DEPLOY

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def owner() -> dict:
    daemonset = yaml.safe_load((DEPLOY / "kubernetes/base/daemonset.yaml").read_text())
    [container] = daemonset["spec"]["template"]["spec"]["initContainers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}
    return container


@pytest.mark.parametrize("before, mode", [("0:0", 0o755), ("10180:10180", 0o750),
                                          ("4711:4711", 0o700), ("0:10180", 0o750)])
@pytest.mark.parametrize("after", ["10180:10180", "0:10180"])
def test_the_directories_are_the_daemons(tmp_path, before, mode, after):
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    user, group = map(int, before.split(":"))
    folders = [tmp_path / "run", tmp_path / "state"]
    for folder in folders:
        folder.mkdir()
        for path in (folder / "file", folder):
            if path != folder:
                path.touch(0o600)
            os.chown(path, user, group)
        folder.chmod(mode)
    container = owner()
    command = [{"/run/ml_exporter": str(folders[0]), "/var/lib/ml_exporter": str(folders[1])}.get(
        word, word) for word in container["command"]]
    environment = {each["name"]: each["value"] for each in container["env"]} | {"OWNER": after}
    for _ in range(2):
        subprocess.run(
            ["setpriv", "--bounding-set=-all,+chown", "--inh-caps=-all,+chown", "--regid=10180",
             "--clear-groups", *command], check=True, timeout=20,
            env={"PATH": os.environ["PATH"]} | environment)
        for folder in folders:
            for path in (folder, folder / "file"):
                about = path.stat()
                assert f"{about.st_uid}:{about.st_gid}" == after, path
