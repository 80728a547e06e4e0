"""The overlays of the manifests: each alone, and together."""

import re

import pytest
import yaml

from chart import documents, of_kind
from files import BINARY, DEPLOY, accepted

KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
COMPONENTS = sorted(path.name for path in (KUBERNETES / "components").iterdir())
pytestmark = pytest.mark.skipif(not accepted("sh", "-c", "command -v kubectl || true"),
                                reason="kubectl is not installed")


@pytest.fixture(scope="module")
def rendered():
    """What each overlay renders, rendered once."""
    return {name: documents(accepted("kubectl", "kustomize", KUBERNETES / "overlays" / name))
            for name in OVERLAYS}


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Every component at once, in a kustomization of a user."""
    folder = tmp_path_factory.mktemp("together")
    up = "../" * (len(folder.parts) - 1)
    path = f"{up}{str(KUBERNETES).lstrip('/')}"
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": [f"{path}/base", f"{path}/monitoring"],
        # In the order of the names gpu-pods comes behind gpu; openshift brings selinux.
        "components": [f"{path}/components/{name}" for name in COMPONENTS if name != "selinux"]}))
    return documents(accepted("kubectl", "kustomize", folder))


def pods(objects: list[dict]) -> dict[str, dict]:
    return {each["metadata"]["name"]: each["spec"]["template"]["spec"]
            for each in of_kind(objects, "DaemonSet")}


def test_every_component_has_an_overlay():
    assert OVERLAYS == COMPONENTS


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_is_valid(rendered, name, tmp_path):
    ours = [each for each in rendered[name]
            if not re.search("coreos|openshift", each["apiVersion"])]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(ours))
    accepted("kubernetes-validate", "--strict", "-k", "1.33", tmp_path / "all.yaml")


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_daemon_takes_the_flags_of_an_overlay(rendered, name):
    for pod in pods(rendered[name]).values():
        flags = [word.replace("$(HOST_IP)", "192.0.2.1") for word in pod["containers"][0]["args"]]
        accepted(BINARY, "check-config", *flags)


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_overlay_gives_rights(rendered, name):
    for pod in pods(rendered[name]).values():
        [container] = pod["containers"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert not container["securityContext"].get("privileged")
        is_root = "pod-resources" in " ".join(container["args"])
        assert pod["securityContext"]["runAsNonRoot"] != is_root


def test_pods_that_ask_kubelet_are_root_and_own_the_state(rendered):
    """kubelet's directory is root's, and root without capabilities writes only what is its own."""
    found = pods(rendered["gpu-pods"])
    gpu, general = found["ml-exporter-gpu"], found["ml-exporter"]
    assert gpu["securityContext"]["runAsUser"] == 0 and gpu["securityContext"]["runAsGroup"] == 10180
    assert gpu["initContainers"][0]["env"] == [{"name": "OWNER", "value": "0:10180"}]
    assert general["initContainers"][0]["env"] == [{"name": "OWNER", "value": "10180:10180"}]
    assert not [flag for flag in general["containers"][0]["args"] if "pod-resources" in flag]


def test_every_namespaced_object_is_in_the_namespace(rendered):
    for objects in rendered.values():
        for each in objects:
            if each["kind"] in ("Namespace", "SecurityContextConstraints"):
                assert "namespace" not in each["metadata"], each["metadata"]
            else:
                assert each["metadata"]["namespace"] == "ml-exporter", each["metadata"]


def test_gpu_nodes_have_pods_of_their_own_in_nvidias_runtime(rendered):
    found = pods(rendered["gpu"])
    assert set(found) == {"ml-exporter", "ml-exporter-gpu"}
    gpu, general = found["ml-exporter-gpu"], found["ml-exporter"]
    assert gpu["runtimeClassName"] == "nvidia" and "runtimeClassName" not in general
    assert gpu["nodeSelector"]["nvidia.com/gpu.present"] == "true"
    terms = [pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"][0]["matchExpressions"] for pod in (general, gpu)]
    without = {"key": "nvidia.com/gpu.present", "operator": "NotIn", "values": ["true"]}
    assert without in terms[0] and without not in terms[1]
    environment = {each["name"]: each.get("value") for each in gpu["containers"][0]["env"]}
    assert environment["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert environment["NVIDIA_DRIVER_CAPABILITIES"] == "utility"
    # A Service, a monitor and a policy select both.
    labels = [each["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"]
              for each in of_kind(rendered["gpu"], "DaemonSet")]
    assert labels == ["ml-exporter"] * 2


def test_openshift_admits_what_the_pods_ask_for(rendered):
    [constraints] = of_kind(rendered["openshift"], "SecurityContextConstraints")
    [pod] = pods(rendered["openshift"]).values()
    assert constraints["users"] == ["system:serviceaccount:ml-exporter:ml-exporter"]
    assert constraints["allowHostNetwork"] == pod["hostNetwork"] is True
    assert constraints["allowHostPID"] == pod["hostPID"] is True
    added = {name for each in (*pod["containers"], *pod["initContainers"])
             for name in each["securityContext"]["capabilities"].get("add", ())}
    assert set(constraints["allowedCapabilities"]) == added
    kinds = {key for volume in pod["volumes"] for key in volume if key != "name"}
    assert set(constraints["volumes"]) == kinds
    assert pod["securityContext"]["seLinuxOptions"] == {"type": "spc_t"}
    assert not constraints["allowPrivilegedContainer"]


def test_a_restricted_pod_reaches_the_daemon_of_its_node(rendered):
    [pod] = pods(rendered["restricted"]).values()
    flags = pod["containers"][0]["args"]
    assert "--push.listen-address=$(HOST_IP):10181" in flags
    assert "--push.listen-address=127.0.0.1:10181" in flags
    assert "HOST_IP" in {each["name"] for each in pod["containers"][0]["env"]}
    [policy] = of_kind(rendered["restricted"], "NetworkPolicy")
    assert {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]} == {
        "telemetry", "push"}
    example = KUBERNETES / "components/restricted/pod.yaml"
    accepted("kubernetes-validate", "--strict", "-k", "1.33", example)
    client = yaml.safe_load(example.read_text())["spec"]
    assert not client.get("volumes") and not client.get("hostNetwork")
    assert client["containers"][0]["env"][1]["value"] == "$(HOST_IP):10181"


def test_a_private_root_is_mounted_without_propagation(rendered):
    [pod] = pods(rendered["private-mounts"]).values()
    [host] = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "host"]
    assert host["mountPropagation"] == "None" and host["mountPath"] == "/host"


def test_one_monitor_scrapes_a_node(rendered):
    for name, objects in rendered.items():
        monitors = of_kind(objects, "PodMonitor") + of_kind(objects, "ServiceMonitor")
        assert len(monitors) == 1, name
    [monitor] = of_kind(rendered["servicemonitor"], "ServiceMonitor")
    [service] = of_kind(rendered["servicemonitor"], "Service")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"][
        "labels"].items()
    assert service["spec"]["clusterIP"] == "None"
    pod_monitor = yaml.safe_load((KUBERNETES / "monitoring/podmonitor.yaml").read_text())["spec"]
    limits = {key: value for key, value in pod_monitor.items() if key.endswith("Limit")}
    assert limits.items() <= monitor["spec"].items()


def test_kube_prometheus_stack_selects_every_resource_of_the_operator(rendered):
    ours = [each for each in rendered["kube-prometheus-stack"] if "coreos" in each["apiVersion"]]
    assert len(ours) > 1
    for each in ours:
        assert each["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_all_components_work_together(together):
    found = pods(together)
    assert set(found) == {"ml-exporter", "ml-exporter-gpu"}
    for pod in found.values():
        assert pod["securityContext"]["seLinuxOptions"] == {"type": "spc_t"}
        assert "--push.listen-address=$(HOST_IP):10181" in pod["containers"][0]["args"]
        assert pod["containers"][0]["volumeMounts"][0]["mountPropagation"] == "None"
    names = {each["name"] for each in found["ml-exporter-gpu"]["containers"][0]["env"]}
    assert names == {"HOST_IP", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"}
