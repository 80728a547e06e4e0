"""The manifests: valid for the API, and true of the daemon they deploy."""

import json
import re
import shutil

import pytest
import yaml

from chart import documents, of_kind
from files import BINARY, DEPLOY, ROOT, accepted

KUBERNETES = DEPLOY / "kubernetes"
BASE = [KUBERNETES / "base" / f"{name}.yaml"
        for name in ("namespace", "serviceaccount", "resourcequota", "daemonset", "networkpolicy")]
# What one object may be so that `kubectl apply` can repeat it in an annotation.
LARGEST_ANNOTATION = 262_144
# What the operator's API knows of what we say in a PodMonitor, and of rules.
MONITOR_KEYS = {"selector", "podMetricsEndpoints", "namespaceSelector", "sampleLimit",
                "targetLimit", "labelLimit", "labelNameLengthLimit", "labelValueLengthLimit"}
ENDPOINT_KEYS = {"port", "path", "params", "interval", "scrapeTimeout", "honorLabels",
                 "relabelings", "metricRelabelings", "filterRunning"}
GROUP_KEYS = {"name", "interval", "rules", "limit", "labels", "query_offset"}
RULE_KEYS = {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"}


@pytest.fixture(scope="module")
def daemonset():
    return yaml.safe_load((KUBERNETES / "base/daemonset.yaml").read_text())


@pytest.fixture(scope="module")
def container(daemonset):
    return daemonset["spec"]["template"]["spec"]["containers"][0]


@pytest.fixture(scope="module")
def rendered():
    """All that `kubectl apply -k` would send."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    return documents(accepted("kubectl", "kustomize", KUBERNETES))


@pytest.mark.parametrize("version", ["1.29", "1.33", "1.37"])
def test_the_manifests_are_valid(version):
    accepted("kubernetes-validate", "--strict", "-k", version, *BASE)


def test_every_manifest_is_deployed():
    base = yaml.safe_load((KUBERNETES / "base/kustomization.yaml").read_text())
    assert {path.name for path in BASE} == set(base["resources"])
    monitoring = yaml.safe_load((KUBERNETES / "monitoring/kustomization.yaml").read_text())
    there = {path.name for path in (KUBERNETES / "monitoring").glob("*.yaml")}
    assert there - {"kustomization.yaml"} == set(monitoring["resources"])


def test_what_is_generated_is_up_to_date():
    accepted(KUBERNETES / "generate", "--check")


def test_the_daemon_takes_the_flags(container):
    accepted(BINARY, "check-config", *container["args"])


def test_the_pod_has_no_rights(daemonset, container):
    pod = daemonset["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    security = container["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
    for each in (*pod["containers"], *pod["initContainers"]):
        assert set(each["resources"]) == {"requests", "limits"}
        assert not each["securityContext"].get("privileged")


def test_there_is_a_quota_for_the_priority_class(daemonset):
    quota = yaml.safe_load((KUBERNETES / "base/resourcequota.yaml").read_text())["spec"]
    [scope] = quota["scopeSelector"]["matchExpressions"]
    assert scope["values"] == [daemonset["spec"]["template"]["spec"]["priorityClassName"]]
    assert scope["scopeName"] == "PriorityClass" and int(quota["hard"]["pods"]) >= 5000


def test_the_pod_may_end_as_the_unit_may(daemonset):
    unit = (DEPLOY / "systemd/ml_exporter.service").read_text()
    longest = int(re.search(r"^TimeoutStopSec=(\d+)s$", unit, re.MULTILINE)[1])
    assert daemonset["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= longest


def test_virtual_nodes_get_no_pod(daemonset):
    [term] = daemonset["spec"]["template"]["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    avoided = {each["key"]: each["values"] for each in term["matchExpressions"]
               if each["operator"] == "NotIn"}
    assert avoided == {"type": ["virtual-kubelet"], "eks.amazonaws.com/compute-type": ["fargate"]}


def test_a_rollout_makes_no_series_new():
    """Labels about the pod are dropped before the scrape, in every job."""
    for path in ("monitoring/podmonitor.yaml", "components/servicemonitor/servicemonitor.yaml"):
        spec = yaml.safe_load((KUBERNETES / path).read_text())["spec"]
        for endpoint in spec.get("podMetricsEndpoints") or spec["endpoints"]:
            [drop] = [each["regex"] for each in endpoint["relabelings"]
                      if each.get("action") == "labeldrop"]
            labels = {"pod", "container", "endpoint"} | ({"service"} if "endpoints" in spec else set())
            assert set(drop.split("|")) == labels, path


def test_compose_and_kubernetes_leave_out_the_same_mounts(container):
    compose = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
    flags = [word.replace("$$", "$") for word in compose["services"]["ml_exporter"]["command"]]
    assert flags == container["args"]


def test_mounts_of_the_host_are_read_only_but_state_and_sockets(daemonset, container):
    volumes = {volume["name"]: volume["hostPath"]["path"]
               for volume in daemonset["spec"]["template"]["spec"]["volumes"]}
    writable = {volumes[mount["name"]] for mount in container["volumeMounts"]
                if not mount.get("readOnly")}
    assert writable == {"/run/ml_exporter", "/var/lib/ml_exporter"}


def test_what_was_pushed_outlives_the_pod(daemonset, container):
    assert "--storage.path=/var/lib/ml_exporter" in container["args"]
    [mounted] = [mount["name"] for mount in container["volumeMounts"]
                 if mount["mountPath"] == "/var/lib/ml_exporter"]
    [volume] = [volume for volume in daemonset["spec"]["template"]["spec"]["volumes"]
                if volume["name"] == mounted]
    assert volume["hostPath"]["type"] == "DirectoryOrCreate"


def test_the_user_is_that_of_the_image(daemonset):
    number = re.search(r"^USER (\d+):(\d+)$", (DEPLOY / "container/Dockerfile").read_text(),
                       re.MULTILINE)
    security = daemonset["spec"]["template"]["spec"]["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"]) == (int(number[1]), int(number[2]))


def test_ports_are_named_alike(container):
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"telemetry": 10180}
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] in ports
    policy = yaml.safe_load((KUBERNETES / "base/networkpolicy.yaml").read_text())["spec"]
    assert {port["port"] for rule in policy["ingress"] for port in rule["ports"]} == set(ports)
    assert policy["egress"] == [] and set(policy["policyTypes"]) == {"Ingress", "Egress"}


def test_selectors_find_the_pods(daemonset):
    labels = daemonset["spec"]["template"]["metadata"]["labels"]
    monitor = yaml.safe_load((KUBERNETES / "monitoring/podmonitor.yaml").read_text())
    policy = yaml.safe_load((KUBERNETES / "base/networkpolicy.yaml").read_text())
    for selector in (daemonset["spec"]["selector"], monitor["spec"]["selector"],
                     policy["spec"]["podSelector"]):
        assert selector["matchLabels"].items() <= labels.items()


def test_the_pod_monitor_says_nothing_that_the_operator_does_not_know(container):
    monitor = yaml.safe_load((KUBERNETES / "monitoring/podmonitor.yaml").read_text())
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert set(monitor["spec"]) <= MONITOR_KEYS
    for endpoint in monitor["spec"]["podMetricsEndpoints"]:
        assert set(endpoint) <= ENDPOINT_KEYS
        assert endpoint["port"] in {port["name"] for port in container["ports"]}


def test_the_operator_scrapes_as_the_shipped_prometheus_does():
    """Job by job: the same parameters, honoured labels and limits."""
    monitor = yaml.safe_load((KUBERNETES / "monitoring/podmonitor.yaml").read_text())["spec"]
    prometheus = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    jobs = {job["job_name"]: job for job in prometheus["scrape_configs"] if "params" in job}
    scraped = {}
    for endpoint in monitor["podMetricsEndpoints"]:
        [job] = [rule["replacement"] for rule in endpoint["relabelings"]
                 if rule.get("targetLabel") == "job"]
        scraped[job] = endpoint
        assert endpoint["params"] == jobs[job]["params"]
        assert endpoint["honorLabels"] == jobs[job]["honor_labels"]
        assert endpoint["interval"] == prometheus["global"]["scrape_interval"]
    assert set(scraped) == set(jobs)
    assert monitor["sampleLimit"] == max(job["sample_limit"] for job in jobs.values())


def test_rules_load_as_prometheus_would_get_them(tmp_path):
    objects = documents((KUBERNETES / "monitoring/rules.yaml").read_text())
    assert [each["metadata"]["name"] for each in objects] == [
        f"ml-exporter-{path.stem}" for path in sorted((DEPLOY / "prometheus/rules").glob("*.yml"))]
    assert objects
    for each in objects:
        assert each["kind"] == "PrometheusRule" and set(each["spec"]) == {"groups"}
        for group in each["spec"]["groups"]:
            assert set(group) <= GROUP_KEYS
            assert all(set(rule) <= RULE_KEYS for rule in group["rules"])
        file = tmp_path / f"{each['metadata']['name']}.yml"
        file.write_text(yaml.safe_dump(each["spec"]))
        accepted("promtool", "check", "rules", file)


def test_kustomize_renders_everything(rendered):
    kinds = [each["kind"] for each in rendered]
    for kind in ("Namespace", "ServiceAccount", "ResourceQuota", "DaemonSet", "NetworkPolicy",
                 "PodMonitor"):
        assert kinds.count(kind) == 1, kind
    assert "PrometheusRule" in kinds
    for each in rendered:
        assert each["kind"] == "Namespace" or each["metadata"]["namespace"] == "ml-exporter"


def test_grafana_sidecars_find_every_dashboard(rendered):
    maps = of_kind(rendered, "ConfigMap")
    boards = sorted((ROOT / "dashboards").glob("*.json"))
    assert len(maps) == len(boards) > 0
    shown = set()
    for each in maps:
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert len(json.dumps(each)) < LARGEST_ANNOTATION
        [text] = each["data"].values()
        shown.add(json.loads(text)["uid"])
    assert shown == {json.loads(board.read_text())["uid"] for board in boards}


def test_rendered_manifests_are_valid(rendered, tmp_path):
    ours = [each for each in rendered if "coreos" not in each["apiVersion"]]
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump_all(ours))
    accepted("kubernetes-validate", "--strict", "-k", "1.33", file)
