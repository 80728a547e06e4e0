"""The daemon with the flags of the DaemonSet, as user 10180 on a node with pods and no rights."""

import os
import re

import pytest
import yaml

from files import BINARY, DEPLOY, ran

NODE = r"""
folder=$1 binary=$2
shift 2
mount --make-rprivate /
ip link set lo up
for tree in /var/lib/kubelet /run/containerd /run/user; do
    mkdir -p $tree && mount -t tmpfs none $tree
done
mkdir -p /data && mount -t tmpfs data /data
for number in 1 2 3; do
    for point in /var/lib/kubelet/pods/uid-$number/volumes/kubernetes.io~projected/access \
        /var/lib/kubelet/plugins/kubernetes.io/csi/pv-$number \
        /run/containerd/io.containerd.grpc.v1.cri/sandboxes/$number/shm /run/user/$number; do
        mkdir -p $point && mount -t tmpfs tmpfs $point
    done
    ip link add veth$number type veth peer name peer$number
    ip link set veth$number name cali0000000000$number
done
# As kubelet, containerd and logind have them: user 10180 may not enter.
chmod 750 /var/lib/kubelet/pods /run/containerd /var/lib/kubelet/plugins
chmod 700 /run/user/*
mkdir "$folder/host" "$folder/state"
chown 10180:10180 "$folder/state"
flags=()
for flag in "$@"; do
    flag=${flag//=\/host/=$folder/host}
    flags+=("${flag/#--storage.path=*/--storage.path=$folder/state}")
done
unshare -m --propagation slave bash -c 'mount --rbind / "$1"; shift
    exec setpriv --reuid=10180 --regid=10180 --clear-groups --bounding-set=-all --no-new-privs "$@"' \
    x "$folder/host" "$binary" "${flags[@]}" --push.socket=none >"$folder/log" 2>&1 &
daemon=$!
for _ in {1..100}; do
    curl -sf 127.0.0.1:10180/-/ready >/dev/null && break
    sleep 0.1
done
curl -sf 127.0.0.1:10180/metrics >"$folder/page"
kill $daemon
wait $daemon
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    folder = tmp_path_factory.mktemp("node")
    for parent in (folder, *folder.parents[:-2]):
        parent.chmod(0o711)
    daemonset = yaml.safe_load((DEPLOY / "kubernetes/base/daemonset.yaml").read_text())
    flags = daemonset["spec"]["template"]["spec"]["containers"][0]["args"]
    result = ran("unshare", "-m", "-n", "-p", "-f", "--mount-proc", "bash", "-c", NODE, "node",
                 folder, BINARY.resolve(), *flags)
    assert (folder / "page").exists(), result.stderr
    assert "ml_exporter_build_info" in (folder / "page").read_text(), (folder / "log").read_text()
    return (folder / "page").read_text()


def test_what_pods_mount_is_no_file_system_of_the_node(page):
    points = set(re.findall(r'^node_filesystem_size_bytes\{.*mountpoint="([^"]*)"', page,
                            re.MULTILINE))
    assert "/data" in points and "/var/lib/kubelet" in points
    assert not {point for point in points
                if re.match("/(var/lib/kubelet/.|run/containerd/.|run/user/.)", point)}


def test_no_file_system_of_a_pod_is_an_error(page):
    failing = re.findall(r'^node_filesystem_device_error\{.*mountpoint="([^"]*)".* 1$', page,
                         re.MULTILINE)
    assert not [point for point in failing if re.search("kubelet|containerd|/run/user", point)]


def test_the_outer_ends_of_pods_are_no_devices_of_the_node(page):
    devices = set(re.findall(r'^node_network_\w+\{.*device="([^"]*)"', page, re.MULTILINE))
    assert "lo" in devices
    assert not {name for name in devices if name.startswith(("cali", "veth"))}
