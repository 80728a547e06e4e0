"""Prometheus' configurations, each as promtool and Prometheus itself see it."""

import http.server
import re
import shutil
import subprocess
import threading

import pytest
import yaml

from files import REPOSITORY
from programs import Prometheus, wait_until

FOLDER = REPOSITORY / "deploy" / "prometheus"
FILES = ("prometheus.yml", "prometheus-remote-write.yml", "prometheus-agent.yml")
JOBS = ("ml_exporter", "ml_exporter_groups")
LIMITS = ("sample_limit", "body_size_limit", "label_limit", "label_name_length_limit",
          "label_value_length_limit")


@pytest.fixture
def installed(tmp_path):
    """The folder as it lies in /etc/prometheus, with a list of hosts."""
    folder = tmp_path / "prometheus"
    shutil.copytree(FOLDER, folder)
    (folder / "targets" / "hosts.yml.example").rename(folder / "targets" / "hosts.yml")
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "remote-write-token").write_text("secret")
    for file in FILES:
        path = folder / file
        path.write_text(path.read_text().replace("/etc/prometheus", str(folder)))
    return folder


@pytest.mark.parametrize("file", FILES)
def test_promtool_takes_it(installed, file):
    agent = ["--agent"] if "agent" in file else []
    done = subprocess.run(["promtool", "check", "config", *agent, file], cwd=installed,
                          capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "WARNING" not in said and "FAILED" not in said, said


@pytest.mark.parametrize("file", FILES)
def test_machine_and_groups_are_two_jobs_with_limits(file):
    jobs = {job["job_name"]: job
            for job in yaml.safe_load((FOLDER / file).read_text())["scrape_configs"]}
    machine, groups = (jobs[name] for name in JOBS)
    assert machine["params"] == {"exclude[]": ["groups"]}
    assert not machine.get("honor_labels", False)
    assert groups["params"] == {"collect[]": ["groups"]} and groups["honor_labels"] is True
    for job in (machine, groups):
        assert all(limit in job for limit in LIMITS)
        assert job["relabel_configs"][0] == machine["relabel_configs"][0]
    # Groups that two hosts hold under the same job and instance differ in the scraped address.
    assert machine["relabel_configs"] == groups["relabel_configs"][:-1]
    assert groups["relabel_configs"][-1] == {"source_labels": ["__address__"], "target_label": "exporter"}


@pytest.mark.parametrize("file", FILES)
def test_a_scrape_of_groups_may_have_what_the_daemon_takes(file):
    source = (REPOSITORY / "Sources" / "Groups" / "GroupLimits.swift").read_text()
    number = {name: int(value) << int(shift or 0) for name, value, shift in
              re.findall(r"package var (\w+) = ([\d_]+)(?: << (\d+))?", source)}
    [groups] = [job for job in yaml.safe_load((FOLDER / file).read_text())["scrape_configs"]
                if job["job_name"] == "ml_exporter_groups"]
    # Each group has two times beside its series.
    assert groups["sample_limit"] >= number["series"] + 2 * number["groups"]
    # Headers of families and numbers stand on the page beside what is counted.
    assert int(groups["body_size_limit"].removesuffix("MB")) << 20 >= number["bytes"] * 3 // 2


def test_prometheus_runs_with_it_and_gives_hosts_our_port(installed, tmp_path):
    prometheus = Prometheus(tmp_path, (installed / "prometheus.yml").read_text()
                            .replace("rules/*", f"{installed}/rules/*")
                            .replace("targets/*", f"{installed}/targets/*"),
                            "--enable-feature=exemplar-storage,extra-scrape-metrics")
    try:
        targets = wait_until(
            lambda: (found := prometheus.api("targets", state="active")["activeTargets"])
            and len(found) >= 10 and found, 30, "targets")
        for job in JOBS:
            assert {target["labels"]["instance"] for target in targets
                    if target["scrapePool"] == job} == {
                "localhost:10180", "gpu-01.example.org:10180", "gpu-02.example.org:10180",
                "train-01.example.org:10180"}
        groups = prometheus.api("rules")["groups"]
        broken = [rule for group in groups for rule in group["rules"] if rule["health"] == "err"]
        assert len(groups) >= 8 and not broken
    finally:
        assert prometheus.stop() == 0


def test_the_agent_runs_with_its_configuration(installed, tmp_path):
    text = (installed / "prometheus-agent.yml").read_text()
    agent = Prometheus(tmp_path, text, "--enable-feature=agent", agent=True)
    try:
        assert {"ml_exporter", "ml_exporter_groups"} <= set(
            agent.api("status/config")["yaml"].split())
    finally:
        assert agent.stop() == 0


GROUP = 'backup_last_size_bytes{instance="",job="backup"} '


def test_the_same_group_on_two_hosts_is_two_series(tmp_path):
    """Only the addresses are of this machine; what is done with labels is what the shipped file says."""
    class Daemon(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(f"{GROUP}{self.server.server_address[1]}\n".encode())

        def log_message(self, *_):
            pass

    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Daemon) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    addresses = [f"127.0.0.1:{server.server_address[1]}" for server in servers]
    [groups] = [job for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
                if job["job_name"] == "ml_exporter_groups"]
    groups |= {"static_configs": [{"targets": addresses}], "file_sd_configs": [], "scrape_interval": "1s",
               "scrape_timeout": "1s"}
    prometheus = Prometheus(tmp_path, yaml.safe_dump({"scrape_configs": [groups]}))
    try:
        rows = wait_until(lambda: len(found := prometheus.vector("backup_last_size_bytes")) >= 2 and found,
                          30, "both hosts")
        assert {(labels["job"], labels["exporter"], value) for labels, value in rows} == {
            ("backup", address, float(address.split(":")[1])) for address in addresses}
    finally:
        prometheus.stop()
        for server in servers:
            server.shutdown()
            server.server_close()
