"""The Helm chart: the objects of the kustomize base and its overlays, by the values of users."""

import json
import shutil

import pytest
import yaml

from chart import CHART, EVERYTHING, linted, named, of_kind, rendered
from files import BINARY, DEPLOY, accepted

KUBERNETES = DEPLOY / "kubernetes"
STACK = {"monitorLabels": {"release": "kube-prometheus-stack"}}
# The values that make of the chart what an overlay makes of the base.
OVERLAYS = {
    "gpu": {"gpu": {"enabled": True}},
    "gpu-pods": {"gpu": {"enabled": True, "podResources": {"enabled": True}}},
    "kube-prometheus-stack": STACK,
    "private-mounts": {"hostRootFsMount": {"mountPropagation": "None"}},
    "restricted": {"push": {"hostPort": 10181}},
    "selinux": {"seLinuxOptions": {"type": "spc_t"}},
    "servicemonitor": {"prometheus": {"podMonitor": {"enabled": False},
                                      "monitor": {"enabled": True}}},
}


def merged(first: dict, second: dict) -> dict:
    result = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def kustomized(folder) -> list[dict]:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    return [each for each in yaml.safe_load_all(accepted("kubectl", "kustomize", folder)) if each]


def test_lint_has_no_complaint():
    assert linted() == []
    assert linted(merged(EVERYTHING, merged(OVERLAYS["gpu"], OVERLAYS["restricted"]))) == []


def test_without_values_it_is_the_base():
    base = named(kustomized(KUBERNETES / "base"))
    chart = named(rendered({"namespace": {"create": True}}))
    assert set(chart) == set(base)
    for key in base:
        assert chart[key] == base[key], key


def test_with_everything_it_is_what_kustomize_renders():
    everything = named(kustomized(KUBERNETES))
    chart = named(rendered(EVERYTHING))
    assert set(chart) == set(everything)
    for key in everything:
        assert chart[key] == everything[key], key


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_values_do_what_an_overlay_does(overlay):
    wanted = named(kustomized(KUBERNETES / "overlays" / overlay))
    chart = named(rendered(merged(EVERYTHING, OVERLAYS[overlay])))
    assert set(chart) == set(wanted)
    for key in wanted:
        assert chart[key] == wanted[key], key


def test_openshift_has_the_constraints_of_the_component():
    objects = rendered({"openshift": {"enabled": True}})
    [constraints] = named(of_kind(objects, "SecurityContextConstraints")).values()
    assert constraints == yaml.safe_load((KUBERNETES / "components/openshift/scc.yaml").read_text())
    [daemonset] = of_kind(objects, "DaemonSet")
    assert daemonset["spec"]["template"]["spec"]["securityContext"]["seLinuxOptions"] == {
        "type": "spc_t"}


def test_the_schema_accepts_the_values_that_the_chart_has():
    accepted("check-jsonschema", "--schemafile", CHART / "values.schema.json",
             CHART / "values.yaml")


@pytest.mark.parametrize("values, part", [
    ({"image": {"digset": "sha256:0"}}, "digset"),
    ({"image": {"digest": "md5:0"}}, "digest"),
    ({"imagePullSecret": []}, "imagePullSecret"),
    ({"extraArgs": ["web.listen-address=:9100"]}, "extraArgs"),
    ({"telemetry": {"port": 0}}, "port"),
    ({"tolerations": {"operator": "Exists"}}, "tolerations"),
    ({"terminationGracePeriodSeconds": 5}, "terminationGracePeriodSeconds"),
    ({"hostRootFsMount": {"mountPropagation": "Bidirectional"}}, "mountPropagation"),
    ({"prometheus": {"podMonitor": {"interval": 15}}}, "interval"),
])
def test_the_schema_names_a_mistake(values, part):
    with pytest.raises(Exception, match=part):
        rendered(values)


def test_two_monitors_at_once_are_refused():
    with pytest.raises(Exception, match="would scrape every node twice"):
        rendered({"prometheus": {"monitor": {"enabled": True}, "podMonitor": {"enabled": True}}})


def test_the_image_may_be_a_digest_of_a_registry():
    digest = "sha256:" + "0" * 64
    [daemonset] = of_kind(rendered({"image": {
        "registry": "registry.example.org", "repository": "ml/ml_exporter", "digest": digest}}),
        "DaemonSet")
    pod = daemonset["spec"]["template"]["spec"]
    wanted = f"registry.example.org/ml/ml_exporter@{digest}"
    assert {each["image"] for each in pod["containers"] + pod["initContainers"]} == {wanted}


def test_the_tag_is_the_version_of_the_program():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = accepted(BINARY, "--version").split("version ")[1].split()[0]
    assert chart["appVersion"] == version
    [daemonset] = of_kind(rendered(), "DaemonSet")
    image = daemonset["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == f"ml_exporter:{version}"


def test_what_users_set_reaches_the_pods():
    values = {
        "resources": {"limits": {"memory": "1Gi"}},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "nodeSelector": {"pool": "gpu"},
        "affinity": {"podAffinity": {}},
        "priorityClassName": "monitoring",
        "extraArgs": ["--collector.gpu.dcgm-names"],
        "env": [{"name": "A", "value": "b"}],
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        "podLabels": {"team": "ml"}, "podAnnotations": {"note": "x"}, "commonLabels": {"site": "1"},
        "imagePullSecrets": [{"name": "registry"}],
        "telemetry": {"port": 9100},
    }
    objects = rendered(values)
    [daemonset] = of_kind(objects, "DaemonSet")
    pod = daemonset["spec"]["template"]["spec"]
    container = pod["containers"][0]
    # Helm merges maps: what the chart has beside the value of a user stays.
    assert container["resources"]["limits"]["memory"] == "1Gi"
    assert pod["tolerations"] == values["tolerations"]
    assert pod["nodeSelector"] | values["nodeSelector"] == pod["nodeSelector"]
    assert pod["priorityClassName"] == "monitoring"
    assert container["args"][-1] == "--collector.gpu.dcgm-names"
    assert "--web.listen-address=:9100" in container["args"]
    assert values["env"][0] in container["env"]
    assert values["extraVolumes"][0] in pod["volumes"]
    assert values["extraVolumeMounts"][0] in container["volumeMounts"]
    labels = daemonset["spec"]["template"]["metadata"]["labels"]
    assert labels["team"] == "ml" and labels["site"] == "1"
    assert pod["imagePullSecrets"] == values["imagePullSecrets"]
    # Another priority class needs no quota.
    assert not of_kind(objects, "ResourceQuota")
    accepted(BINARY, "check-config", *container["args"])


def test_relabelings_of_users_come_after_those_of_the_chart():
    rule = {"action": "labeldrop", "regex": "namespace"}
    for kind, name, endpoints in (("PodMonitor", "podMonitor", "podMetricsEndpoints"),
                                  ("ServiceMonitor", "monitor", "endpoints")):
        values = {"prometheus": {name: {
            "enabled": True, "relabelings": [rule], "metricRelabelings": [rule],
            "additionalLabels": {"release": "monitoring"}}}}
        [monitor] = of_kind(rendered(values), kind)
        assert monitor["metadata"]["labels"]["release"] == "monitoring"
        for endpoint in monitor["spec"][endpoints]:
            assert endpoint["relabelings"][-1] == rule and len(endpoint["relabelings"]) > 3
            assert endpoint["metricRelabelings"] == [rule]


def test_gpu_pods_and_the_others_share_no_node():
    values = {"gpu": {"enabled": True, "nodeLabel": {"key": "accelerator", "value": "a100"}},
              "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                  "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]},
                                        {"matchExpressions": [{"key": "b", "operator": "Exists"}]}],
              }}}}
    [general, gpu] = of_kind(rendered(values), "DaemonSet")
    without = {"key": "accelerator", "operator": "NotIn", "values": ["a100"]}
    terms = general["spec"]["template"]["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert [without in term["matchExpressions"] for term in terms] == [True, True]
    assert gpu["spec"]["template"]["spec"]["nodeSelector"]["accelerator"] == "a100"
    [alone, _] = of_kind(rendered({"gpu": {"enabled": True}, "affinity": None}), "DaemonSet")
    assert json.dumps(alone).count("NotIn") == 1


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_what_it_renders_is_valid(version, tmp_path):
    values = merged(EVERYTHING, merged(OVERLAYS["gpu"], OVERLAYS["restricted"]))
    ours = [each for each in rendered(values) if "coreos" not in each["apiVersion"]]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(ours))
    accepted("kubernetes-validate", "--strict", "-k", version, tmp_path / "all.yaml")


def test_another_release_shares_no_name_and_no_pods():
    first, second = rendered(), rendered(name="other")
    names = [{f"{each['kind']} {each['metadata']['name']}" for each in objects}
             for objects in (first, second)]
    assert not names[0] & names[1]
    selectors = [of_kind(objects, "DaemonSet")[0]["spec"]["selector"]["matchLabels"]
                 for objects in (first, second)]
    assert selectors[0] != selectors[1]
