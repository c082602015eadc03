#!/usr/bin/python3
"""/metrics of a controller and a worker while a real group scales out and in: promtool takes
it, docs/metrics.md has every family, values move as they should, and a group's series are gone
with the group."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
sys.path.insert(0, os.path.join(SOURCE, "tests", "tidy"))
from cluster import Cluster, wait_for  # noqa: E402
from fleet import LoadBalancer, user_data  # noqa: E402
import metrics_page  # noqa: E402

WAIT = 90
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ODD = 'odd"one"\\of=them{},'
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
SUFFIXES = ("_bucket", "_sum", "_count")


def read_labels(text):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        assert match, f"labels {text!r}"
        labels[match[1]] = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], match[2])
        at = match.end()
    return labels


class Scrape:
    """A /metrics, read strictly: each family once, its rows together below its type."""

    def __init__(self, text):
        self.text = text
        self.types, self.units, self.rows = {}, {}, {}
        family = None
        for line in text.removesuffix("# EOF\n").splitlines():
            if line.startswith("# "):
                _, word, name, rest = line.split(" ", 3)
                if name != family:
                    assert name not in self.types, f"{name} comes twice"
                    family = name
                if word == "TYPE":
                    self.types[name] = rest
                if word == "UNIT":
                    assert name.endswith("_" + rest), line
                    self.units[name] = rest
                continue
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] == family or match[1].startswith(family + "_"), line
            labels = read_labels(match[2] or "")
            key = (match[1], tuple(sorted(labels.items())))
            assert key not in self.rows, f"{line} comes twice"
            self.rows[key] = float(match[3])

    def get(self, name, **labels):
        return self.rows.get((name, tuple(sorted(labels.items()))))

    def named(self, name):
        return {labels: value for (its, labels), value in self.rows.items() if its == name}


def fetch(url, accept=None):
    request = urllib.request.Request(url + "/metrics",
                                     headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


class Metrics(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-metrics-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_ec2local("--boot-delay-ms", "300")
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1", listen_http="127.0.0.1:0")
        log = wait_for("the worker's pages", lambda: re.search(
            r" http url=(\S+)", self.log_of("worker-1")))
        self.worker = log[1].strip('"')

    def log_of(self, name):
        with open(self.cluster.log_of(name)) as file:
            return file.read()

    def scrape(self):
        return Scrape(fetch(self.cluster.controller_endpoints()["http"])[1])

    def wait(self, what, condition, seconds=WAIT):
        """Until the scrape is so; it."""
        def look():
            scrape = self.scrape()
            return scrape if condition(scrape) else None
        return wait_for(what, look, seconds)

    def group(self, name, *options):
        self.cluster.openasg("group", "create", name, "--min", "1", "--max", "4",
                             "--template", "web", "--zones", "us-east-1a",
                             "--health-check", "agent", "--evaluation", "1s",
                             "--warmup", "1s",
                             "--terminating-percent", "100", "--terminated-percent", "100",
                             *options)

    def drain_script(self):
        path = os.path.join(self.folder, "drain.sh")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o700), "w") as file:
            file.write("#!/bin/sh\nexit 0\n")
        return path

    def template(self, load_folder):
        script = os.path.join(self.folder, "boot.sh")
        with open(script, "w") as file:
            file.write(user_data(self.cluster, load_folder).rstrip() +
                       f" --drain-script {self.drain_script()}\n")
        self.cluster.openasg("template", "create", "web", "--image",
                             "ami-00000000000000001", "--instance-type", "t3.micro",
                             "--user-data-file", script)

    def check_promtool(self, text):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed (Debian package prometheus)")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual(0, done.returncode, done.stdout)

    def check_documented(self, scrape, sections):
        rows = {row[0]: row for section in sections for row in metrics_page.families(section)}
        self.assertEqual({name: metrics_page.kind_word(row[1]) for name, row in rows.items()},
                         scrape.types)
        for (name, labels) in scrape.rows:
            family = name
            if family not in rows:
                family = next(name.removesuffix(end) for end in SUFFIXES if name.endswith(end))
            told = rows[family][2]
            its = dict(labels)
            its.pop("le", None)
            self.assertEqual(set(told), set(its), name)
            for label, value in its.items():
                self.assertTrue(not told[label] or value in told[label], (name, label, value))

    def check_openmetrics(self, url, plain):
        kind, text = fetch(url, OPENMETRICS)
        self.assertEqual(OPENMETRICS, kind)
        self.assertTrue(text.endswith("\n# EOF\n"))
        scrape = Scrape(text)
        for name, its in scrape.types.items():
            self.assertFalse(its == "counter" and name.endswith("_total"), name)
            self.assertEqual(its, plain.types[name + "_total" if its == "counter" else name])
        self.assertEqual(len(plain.types), len(scrape.types))
        self.assertEqual("seconds", scrape.units["openasg_commit_duration_seconds"
                                                 if "openasg_leading" in scrape.types else
                                                 "openasg_worker_ec2_attempt_duration_seconds"])
        for (name, labels) in scrape.rows:
            if name.endswith("_bucket"):
                self.assertRegex(dict(labels)["le"], r"^(\+Inf|[0-9]+\.[0-9]+|[0-9]e-05)$")

    def test_a_group_scales_out_and_in(self):
        load = LoadBalancer(self.cluster, "web", 20.0)
        self.addCleanup(load.stopping.set)
        self.template(load.folder)
        self.group("web", "--desired", "1", "--drain", "1m")
        self.cluster.openasg("policy", "put", "web", "cpu50", "--target", 50,
                             "--stabilisation", "3s", "--saturation", 0,
                             "--scale-in-at-once", 100, "--scale-in-ten-minutes", 100)
        load.start()
        first = self.wait("one in service with a metric", lambda s: s.get(
            "openasg_group_instances", group="web", state="in_service") == 1
            and s.get("openasg_group_metric_value", group="web", policy="cpu50",
                      metric="cpu") is not None
            and all(s.get("openasg_launch_seconds_count", stage=stage) == 1 for stage in
                    ("request", "running", "joined", "in_service")))
        self.assertEqual(50, first.get("openasg_group_metric_target", group="web",
                                       policy="cpu50"))
        self.assertEqual(1, first.get("openasg_group_min_instances", group="web"))
        self.assertEqual(4, first.get("openasg_group_max_instances", group="web"))
        self.assertEqual(0, first.get("openasg_reaction_seconds_count"))
        self.assertEqual(0, first.get("openasg_decisions_total", group="web",
                                      direction="out", outcome="applied"))
        load.offered = 150.0
        out = self.wait("a scale-out", lambda s: s.get(
            "openasg_group_instances", group="web", state="in_service") >= 3
            and s.get("openasg_reaction_seconds_count") >= 1)
        self.assertGreaterEqual(out.get("openasg_group_desired_instances", group="web"), 3)
        self.assertGreaterEqual(out.get("openasg_decisions_total", group="web",
                                        direction="out", outcome="applied"), 1)
        mean = (out.get("openasg_reaction_seconds_sum")
                / out.get("openasg_reaction_seconds_count"))
        self.assertTrue(0 < mean < 30, mean)
        value_at = out.get("openasg_group_metric_timestamp_seconds", group="web",
                           policy="cpu50", metric="cpu")
        self.assertLess(abs(time.time() - value_at), 30)
        self.check_promtool(out.text)
        self.check_documented(out, ("groups", "controller", "process"))
        self.check_openmetrics(self.cluster.controller_endpoints()["http"], out)
        worker = Scrape(fetch(self.worker)[1])
        self.assertGreaterEqual(worker.get("openasg_worker_ec2_calls_total",
                                           action="RunInstances"), 2)
        self.check_promtool(worker.text)
        self.check_documented(worker, ("worker", "process"))
        self.check_openmetrics(self.worker, worker)
        of_all = [(("version", self.cluster.ask("status")["version"]),)]
        self.wait("the version of every agent",  # it comes with a report
                  lambda s: list(s.named("openasg_agents")) == of_all)
        load.offered = 10.0
        back = self.wait("a scale-in", lambda s: s.get(
            "openasg_group_instances", group="web", state="in_service") == 1
            and s.get("openasg_instance_lifetime_seconds_count") >= 2)
        self.assertGreaterEqual(back.get("openasg_decisions_total", group="web",
                                         direction="in", outcome="applied"), 1)
        self.assertGreaterEqual(back.get("openasg_drain_seconds_count"), 2)
        self.cluster.openasg("suspend", "web", "launch")
        self.wait("the suspended process", lambda s: s.get(
            "openasg_group_suspended", group="web", process="launch") == 1
            and s.get("openasg_group_held", group="web", reason="suspended") == 1)
        self.cluster.openasg("resume", "web", "launch")
        self.wait("that it is over", lambda s: not s.named("openasg_group_suspended"))
        self.cluster.openasg("group", "delete", "web", "--force", "--yes")
        gone = self.wait("the end of its series", lambda s: 'group="web"' not in s.text)
        self.check_promtool(gone.text)

    def test_any_name_is_a_label(self):
        self.template(self.folder)
        self.group(ODD, "--desired", "1")
        scrape = self.wait("its series", lambda s: s.get(
            "openasg_group_desired_instances", group=ODD) == 1)
        self.check_promtool(scrape.text)
        self.cluster.openasg("group", "update", ODD, "--max", "7")
        self.wait("its new maximum", lambda s: s.get(
            "openasg_group_max_instances", group=ODD) == 7)

    def test_launches_that_fail_are_counted_by_code(self):
        self.template(self.folder)
        self.cluster.control("POST", "/_control/faults", action="RunInstances", kind="capacity",
                             probability="1")
        self.group("web", "--desired", "1")
        failed = self.wait("a failed launch", lambda s: s.get(
            "openasg_launch_failures_total", group="web",
            code="InsufficientInstanceCapacity"))
        self.assertEqual(1, failed.get("openasg_offering_unavailable", type="t3.micro",
                                       zone="us-east-1a", market="on-demand")
                         or failed.get("openasg_offering_unavailable", type="template",
                                       zone="us-east-1a", market="on-demand"),
                         failed.named("openasg_offering_unavailable"))
        self.check_promtool(failed.text)

    def test_a_launch_that_ec2_throttles_has_not_failed(self):
        self.template(self.folder)
        self.cluster.control("POST", "/_control/faults", action="RunInstances",
                             kind="throttle", count="3")  # all tries of one call
        self.group("web", "--desired", "1")
        scrape = self.wait("its launch", lambda s: s.get(
            "openasg_launch_seconds_count", stage="request"))
        faults = self.cluster.control("GET", "/_control/faults")["faults"]
        self.assertEqual((0, 3), (faults[0]["left"], faults[0]["hits"]))
        self.assertEqual({}, scrape.named("openasg_launch_failures_total"))

    def test_of_too_many_groups_the_biggest_are_shown(self):
        self.cluster.kill("controller")
        self.cluster.start_controller(metrics_groups=2)
        self.template(self.folder)
        for name, desired in (("a", 0), ("b", 1), ("c", 0), ("d", 2)):
            self.cluster.openasg("group", "create", name, "--min", "0", "--max", "4",
                                 "--desired", desired, "--template", "web", "--zones",
                                 "us-east-1a")
        scrape = self.wait("the cut", lambda s: s.get("openasg_metrics_groups_cut") == 2
                           and s.get("openasg_groups") == 4)
        shown = {dict(labels)["group"]
                 for labels in scrape.named("openasg_group_desired_instances")}
        self.assertEqual({"b", "d"}, shown)

    def test_many_that_scrape_at_once_get_whole_answers(self):
        answers, url = [], self.cluster.controller_endpoints()["http"]

        def ask():
            for _ in range(5):
                answers.append(fetch(url, OPENMETRICS)[1])
        threads = [threading.Thread(target=ask) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(50, len(answers))
        for text in answers:
            Scrape(text)
            self.assertTrue(text.endswith("# EOF\n"))


if __name__ == "__main__":
    unittest.main()
