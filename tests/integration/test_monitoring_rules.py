#!/usr/bin/python3
"""The rules, the board and the examples of deploy/monitoring: promtool takes them, each alert
fires and stays silent as it should and has its runbook, the board is what board.py writes and is
whole, and every query names metrics that docs/metrics.md has."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "monitoring"))
import monitoring  # noqa: E402

ALERTS = """NotLeading NoWorkers LogNotAdvancing LogVerifyFailed HaltedLong DryRunForgotten
GroupAtMax GroupBelowMin ScaleOutSlow DeadLetters LaunchFailing Churn MassSilence
MetricSourceBlind ThrottledLong CredentialsExpiring QuotaNear DiskFullSoon
AgentVersionsMixed""".split()
OF_ONE_GROUP = """DryRunForgotten GroupAtMax GroupBelowMin LaunchFailing Churn
MetricSourceBlind""".split()
UNITS = {"none", "s", "h", "ops", "wps", "reqps", "percentunit", "bytes"}


def read(*names):
    with open(os.path.join(monitoring.SOURCE, *names), encoding="utf-8") as file:
        return file.read()


def promtool(*words):
    return subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL)


@unittest.skipIf(shutil.which("promtool") is None, "promtool comes with Debian's prometheus")
class Promtool(unittest.TestCase):
    def test_it_takes_the_rules(self):
        done = promtool("check", "rules", "--lint=all", "--lint-fatal", monitoring.RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_alert_fires_and_is_silent(self):
        done = promtool("test", "rules", *monitoring.CASES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        names = {case["name"] for path in monitoring.CASES
                 for case in monitoring.read_yaml(path)["tests"]}
        for alert in ALERTS:
            self.assertTrue(any(name.startswith(f"{alert} fires") for name in names), alert)
            self.assertTrue(any(name.startswith(f"{alert} is silent ") for name in names), alert)
        for record in monitoring.records():
            self.assertIn(record, names)

    def test_what_people_read_is_whole(self):
        """promtool shows the texts of alerts that are not expected: here none is."""
        shown, count = "", 0
        with tempfile.TemporaryDirectory(prefix="openasg-rules-") as folder:
            for path in monitoring.CASES:
                file = monitoring.read_yaml(path)
                file["rule_files"] = [monitoring.RULES]
                file["tests"] = [case for case in file["tests"] if " fires" in case["name"]]
                for case in file["tests"]:
                    tested = case.pop("promql_expr_test")[0]
                    case["alert_rule_test"] = [{
                        "eval_time": tested["eval_time"], "exp_alerts": [],
                        "alertname": case["name"].split()[0]}]
                count += len(file["tests"])
                copy = os.path.join(folder, os.path.basename(path))
                with open(copy, "w", encoding="utf-8") as out:
                    monitoring.YAML().dump(file, out)
                done = promtool("test", "rules", copy)
                shown += done.stdout + done.stderr
        self.assertEqual(shown.count("summary="), count, shown)
        for wrong in ("{{", "}}", "<no value>", "error expanding", "%!", '""'):
            self.assertNotIn(wrong, shown)
        for words in ("Group web has been halted for more than 1 hour",
                      "All groups have been halted for more than 1 hour",
                      "Group web has had its maximum of 4 instances for 15 minutes",
                      "took 4m 57s from the first report", "fail with InsufficientInstanceCapacity",
                      "may use only 50% of its request rate of RunInstances",
                      "an account quota (VcpuLimitExceeded)", "92% of limits.groups"):
            self.assertIn(words, shown)

    def test_it_takes_the_example(self):
        with tempfile.TemporaryDirectory(prefix="openasg-rules-") as folder:
            path = os.path.join(folder, "prometheus.yml")
            text = read("deploy", "monitoring", "prometheus.yml")
            installed = "/usr/share/openasg/monitoring/openasg.rules.yml"
            self.assertIn(installed, text)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace(installed, monitoring.RULES))
            done = promtool("check", "config", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Rules(unittest.TestCase):
    def test_they_are_those_that_were_decided(self):
        self.assertEqual(list(monitoring.alerts()), ALERTS)

    def test_each_says_what_it_is_and_where_to_read_on(self):
        runbooks = read("docs", "runbooks.md")
        sections = re.split(r"(?m)^## ", runbooks)[1:]
        self.assertEqual([section.split("\n")[0] for section in sections], ALERTS)
        for alert, section in zip(ALERTS, sections):
            rule = monitoring.alerts()[alert]
            with self.subTest(alert=alert):
                severity = rule["labels"]["severity"]
                self.assertIn(severity, ("critical", "warning", "info"))
                self.assertIn(f"| [{alert}](#{alert.lower()}) | {severity} |", runbooks)
                self.assertEqual(rule["labels"]["component"], "openasg")
                texts = rule["annotations"]
                self.assertTrue(texts["runbook_url"].endswith(f"/runbooks.md#{alert.lower()}"))
                self.assertTrue(texts["description"].endswith("."))
                if alert in OF_ONE_GROUP:
                    self.assertIn("{{ $labels.group }}", texts["summary"])
                for part in ("**Meaning.**", "**Look.**", "**Do.**"):
                    self.assertIn(part, section)

    def test_every_metric_is_known(self):
        for rule in monitoring.rules():
            name = rule.get("alert") or rule["record"]
            self.assertTrue(monitoring.names_in(rule["expr"]), name)
            self.assertEqual(monitoring.unknown_names(rule["expr"]), [], name)

    @unittest.skipIf(shutil.which("jsonnet") is None, "Debian's jsonnet is not installed")
    def test_the_mixin_has_the_same(self):
        for kind, count in (("Alerts", len(ALERTS)), ("Rules", len(monitoring.records()))):
            path = os.path.join(monitoring.FOLDER, "mixin.libsonnet")
            done = subprocess.run(["jsonnet", "-e", f"(import '{path}').prometheus{kind}"],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            rules = [rule for group in json.loads(done.stdout)["groups"]
                     for rule in group["rules"]]
            self.assertEqual(len(rules), count)
            for rule in rules:
                self.assertIn(rule, monitoring.rules())

    @unittest.skipIf(shutil.which("amtool") is None, "Debian's alertmanager is not installed")
    def test_amtool_takes_the_example_and_wakes_somebody(self):
        path = os.path.join(monitoring.FOLDER, "alertmanager.yml")
        for words, receiver in ((["check-config", path], "SUCCESS"),
                                (["config", "routes", "test", f"--config.file={path}",
                                  "component=openasg", "severity=critical"], "pager"),
                                (["config", "routes", "test", f"--config.file={path}",
                                  "component=openasg", "severity=warning"], "channel")):
            done = subprocess.run(["amtool", *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(receiver, done.stdout)

    def test_alertmanager_has_a_way_for_each_severity(self):
        example = monitoring.read_yaml(os.path.join(monitoring.FOLDER, "alertmanager.yml"))
        names = {receiver["name"] for receiver in example["receivers"]}
        routes = [example["route"], *example["route"]["routes"],
                  *example["route"]["routes"][0]["routes"]]
        for route in routes:
            self.assertIn(route.get("receiver", example["route"]["receiver"]), names)
        for rule in example["inhibit_rules"]:
            for matcher in rule["source_matchers"] + rule["target_matchers"]:
                key, _, value = re.fullmatch(r'(\w+)(=~|!=|=)"([\w|]*)"', matcher).groups()
                if key == "alertname":
                    for word in value.split("|"):
                        self.assertIn(word, ALERTS)


class Board(unittest.TestCase):
    def setUp(self):
        self.board = monitoring.read_board()
        self.panels = self.board["panels"]

    def test_it_is_what_the_script_writes(self):
        done = subprocess.run([sys.executable, os.path.join(monitoring.FOLDER, "board.py"), "-"],
                              capture_output=True, text=True, check=True, timeout=60)
        self.assertEqual(done.stdout, read("deploy", "monitoring", "openasg.json"),
                         "run deploy/monitoring/board.py and commit openasg.json")

    def test_ids_and_places(self):
        ids = [panel["id"] for panel in self.panels]
        self.assertEqual(len(ids), len(set(ids)))
        taken = {}
        for panel in self.panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, f"{panel['title']} covers {taken.get((x, y))}")
                    taken[x, y] = panel["title"]
        titles = [panel["title"] for panel in self.panels if panel["type"] != "row"]
        self.assertEqual(len(titles), len(set(titles)))

    def test_each_panel_says_what_it_shows(self):
        for panel in self.panels:
            if panel["type"] == "row":
                continue
            with self.subTest(panel=panel["title"]):
                self.assertIn(panel["fieldConfig"]["defaults"]["unit"], UNITS)
                self.assertRegex(panel["description"], r"^[A-Za-z].{20,}\.$")
                self.assertEqual(panel["datasource"]["uid"], "${datasource}")
                self.assertTrue(panel["targets"])
                self.assertEqual(len({t["refId"] for t in panel["targets"]}),
                                 len(panel["targets"]))
                for target in panel["targets"]:
                    self.assertEqual(target["datasource"]["uid"], "${datasource}")

    def test_variables(self):
        variables = {one["name"]: one for one in self.board["templating"]["list"]}
        self.assertEqual(list(variables), ["datasource", "group"])
        self.assertEqual(variables["datasource"]["query"], "prometheus")
        used = set(re.findall(r"\$\{?(\w+)", read("deploy", "monitoring", "openasg.json")))
        self.assertEqual(used - {"__rate_interval", "__all", "__auto"}, set(variables))

    def test_every_query_names_metrics_that_exist(self):
        for title, expression in monitoring.queries():
            self.assertTrue(monitoring.names_in(expression), title)
            self.assertEqual(monitoring.unknown_names(expression), [], title)


if __name__ == "__main__":
    unittest.main()
