#!/usr/bin/python3
"""A real Prometheus scrapes a real controller and worker, with the rules of deploy/monitoring,
while groups scale out, meet their maximum and fail to launch: every query of the board has data,
every recording rule does, and an alert fires and ends."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
sys.path.insert(0, os.path.join(SOURCE, "tests", "monitoring"))
import monitoring  # noqa: E402
from cluster import Cluster, Trouble, wait_for  # noqa: E402

AGENT = os.path.join(BUILD, "bin", "openasg-agent")
WAIT = 120


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Prometheus:
    """Debian's, in a folder of its own, on loopback; it looks each second."""

    def __init__(self, folder, targets):
        self.folder = os.path.join(folder, "prometheus")
        os.makedirs(self.folder)
        self.url = f"http://127.0.0.1:{free_port()}"
        with open(monitoring.RULES, encoding="utf-8") as file:
            rules = file.read()
        quick = re.sub(r"(?m)^(    interval:) \d+[ms]$", r"\1 1s", rules)
        assert quick.count("interval: 1s") == 2
        # An hour of one value a minute: here the last minutes, of one a second.
        quick = quick.replace("[59m59s:1m]", "[59m59s:1s]")
        self.write("rules.yml", quick)
        jobs = [{"job_name": name, "static_configs": [{"targets": [target]}]}
                for name, target in targets.items()]
        self.write("prometheus.yml", json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s",
                       "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"], "scrape_configs": jobs}))
        self.log = open(os.path.join(self.folder, "log"), "w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={self.folder}/prometheus.yml",
             f"--storage.tsdb.path={self.folder}/data",
             f"--web.listen-address={self.url.removeprefix('http://')}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            if self.process.poll() is not None:
                with open(self.log.name, encoding="utf-8") as file:
                    raise Trouble("prometheus ended: " + file.read()[-2000:]) from None
            return False

    def query(self, expression):
        form = urllib.parse.urlencode({"query": expression}).encode()
        try:
            with urllib.request.urlopen(self.url + "/api/v1/query", form, timeout=30) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expression}: {error.read().decode()}") from None

    def has(self, expression):
        """Samples that are numbers: a quantile of nothing is NaN."""
        return [row for row in self.query(expression) if row["value"][1] != "NaN"]


@unittest.skipIf(shutil.which("prometheus") is None, "Debian's prometheus is not installed")
class Live(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-live-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        port = free_port()
        self.cluster.start_ec2local("--boot-delay-ms", "50")
        self.cluster.start_controller(limits_groups=3)
        self.cluster.start_worker("worker-1", listen_http=f"127.0.0.1:{port}")
        http = self.cluster.controller_endpoints()["http"].removeprefix("http://")
        self.prometheus = Prometheus(self.folder, {"openasg": http,
                                                   "openasg-worker": f"127.0.0.1:{port}"})
        self.addCleanup(self.prometheus.close)
        wait_for("prometheus", self.prometheus.is_ready, WAIT)
        # What happens before its first look it would not see as a change.
        wait_for("its first look", lambda: len(self.prometheus.query("up == 1")) == 2, WAIT)

    # ---- the fleet ----

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)
        return path

    def create(self, name, kind, *options):
        burn = os.path.join(SOURCE, "deploy", "demo", "burn.py")
        script = self.write(f"{name}.sh", f"""#!/bin/sh
/usr/bin/python3 {burn} {self.folder}/load 150 &
exec {AGENT} --drain-script /bin/true --cpu-source session --cpu-capacity-milli 150 --interval-ms 200 \\
  --dir "$PWD/agent" --grpc-listen ":0"
""")
        self.cluster.openasg("template", "create", name, "--image", "ami-00000000000000001",
                             "--instance-type", kind, "--user-data-file", script)
        self.cluster.openasg(
            "group", "create", name, "--min", "1", "--max", "2", "--template", name, "--zones",
            "us-east-1a", "--health-check", "agent", "--evaluation", "1s", "--cooldown", "1s",
            "--warmup", "1s", "--terminating-percent", "100", "--terminated-percent", "100",
            *options)

    def serving(self, name):
        return [row for row in self.cluster.ask("instance", "list", name)
                if row["state"] == "in-service"]

    def play(self):
        """What there is to see: an instance that drains and ends, a scale-out up to the maximum
        with throttles, launches without capacity and beyond the account's quota."""
        cluster = self.cluster
        self.write("load", "5")
        self.create("web", "t3.micro", "--desired", "2", "--drain", "10m")
        wait_for("two in service", lambda: len(self.serving("web")) == 2, WAIT)
        cluster.openasg("desired", "set", "web", "1")
        wait_for("one in service", lambda: len(self.serving("web")) == 1, WAIT)
        cluster.openasg("suspend", "web", "az-rebalance")
        cluster.openasg("policy", "put", "web", "cpu50", "--target", "50", "--preset", "quick",
                        "--scale-out-periods", "2")
        cluster.control("POST", "/_control/faults", kind="throttle", action="RunInstances",
                        count="2")
        self.write("load", "100")
        wait_for("two in service", lambda: len(self.serving("web")) == 2, WAIT)
        cluster.control("POST", "/_control/faults", kind="capacity", type="t3.small")
        self.create("scarce", "t3.small", "--desired", "1")
        wait_for("no capacity", lambda: any(
            name.startswith("openasg_offering_unavailable") for name in cluster.metrics()), WAIT)
        cluster.control("POST", "/_control/faults", kind="error_5xx", action="RunInstances",
                        code="VcpuLimitExceeded", http_status="400")
        self.create("refused", "t3.micro", "--desired", "1")

    # ---- what Prometheus has of it ----

    def missing(self):
        """Queries of the board without data."""
        found = []
        for title, expression in monitoring.queries():
            expression = expression.replace("$__rate_interval", "10m").replace("$group", ".*")
            if not self.prometheus.has(expression):
                found.append(f"{title}: {expression}")
        return found

    def firing(self):
        return {(row["metric"]["alertname"], row["metric"].get("group", ""))
                for row in self.prometheus.query('ALERTS{alertstate="firing"}')}

    def test_the_board_and_the_rules_have_data(self):
        self.play()
        left = []

        def is_all_there():
            left[:] = self.missing()
            return not left

        try:
            wait_for("data of every query", is_all_there, WAIT, pause=2)
        except Trouble:
            self.fail("no data:\n" + "\n".join(left))
        for record in monitoring.records():
            wait_for(record, lambda name=record: self.prometheus.has(name), WAIT, pause=1)

        names = set(self.prometheus_names())
        for rule in monitoring.rules():
            for name in monitoring.names_in(rule["expr"]) - {"ALERTS"}:
                self.assertIn(name, names, rule.get("alert") or rule["record"])

        # What needs no long wait fires, with its group, and nothing else; then it ends.
        quota = {("QuotaNear", "refused"), ("QuotaNear", "")}  # EC2's, and limits.groups
        wait_for("QuotaNear", lambda: quota <= self.firing(), WAIT, pause=1)
        self.assertLessEqual({name for name, _ in self.firing()},
                             {"QuotaNear", "LaunchFailing"})
        self.cluster.openasg("group", "delete", "refused", "--force", "--yes")
        wait_for("their end", lambda: not quota & self.firing(), WAIT, pause=1)

        health = {rule["name"]: rule["health"] for group in self.rule_groups()
                  for rule in group["rules"]}
        self.assertEqual(set(health.values()), {"ok"}, health)

    def prometheus_names(self):
        with urllib.request.urlopen(self.prometheus.url + "/api/v1/label/__name__/values",
                                    timeout=30) as answer:
            return json.load(answer)["data"]

    def rule_groups(self):
        with urllib.request.urlopen(self.prometheus.url + "/api/v1/rules", timeout=30) as answer:
            return json.load(answer)["data"]["groups"]


if __name__ == "__main__":
    unittest.main()
