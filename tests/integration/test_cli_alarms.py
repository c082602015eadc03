#!/usr/bin/python3
"""Alarms on the command line: what kind, of which group, since when, and what to do."""

import json
import os
import shutil
import sys
import tempfile
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
sys.path.insert(0, os.path.join(SOURCE, "deploy"))

from cluster import Cluster, wait_for  # noqa: E402


class Alarms(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-alarms-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_ec2local()
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1")

    def listed(self, *words):
        return self.cluster.ask("alarm", "list", *words)

    def test_each_has_its_row_and_what_to_do(self):
        self.assertEqual([], self.listed())
        self.assertRegex(self.cluster.openasg("status"), r"(?m)^alarms: +-$")
        template = self.cluster.ec2("CreateLaunchTemplate", **{
            "LaunchTemplateName": "lost", "LaunchTemplateData.InstanceType": "t3.small",
        }).findtext(".//launchTemplateId")
        for name in ("calm", "bad"):
            self.cluster.openasg("group", "create", name, "--min", "0", "--max", "4",
                                 "--desired", "0", "--template-id", template,
                                 "--template-version", "1", "--zones", "us-east-1a")
        self.cluster.ec2("DeleteLaunchTemplate", LaunchTemplateId=template)
        self.cluster.openasg("group", "update", "bad", "--desired", "1")
        wait_for("the alarm", lambda: {"dead-letter"} <= {row["kind"] for row in self.listed()})
        row = [row for row in self.listed() if row["kind"] == "dead-letter"][0]
        self.assertEqual("bad", row["group"])
        self.assertIn("openasg jobs bad --dead", row["advice"])
        raised = [json.loads(line) for line in self.cluster.openasg(
            "events", "--once", "--kind", "alarm", "-o", "json").splitlines()]
        self.assertEqual([each["time_ms"] for each in raised
                          if each["text"].startswith("alarm dead-letter: ")][-1:],
                         [row["since_ms"]])
        self.assertEqual([], self.listed("calm"))
        self.assertEqual({"bad"}, {each["group"] for each in self.listed("bad")})
        status = self.cluster.openasg("status")
        self.assertRegex(status, r"(?m)^alarms: +[1-9][0-9]*, see below$")
        self.assertRegex(status, r"(?m)^dead-letter +bad ")
        self.assertIn("what to do: openasg alarm list", status)
        view = self.cluster.ask("status")
        self.assertEqual(view["alarms"], [each["text"] for each in view["alarm_list"]])
        # A group that is gone has no alarms.
        self.cluster.openasg("group", "delete", "bad", "--force", "--yes", "--wait")
        self.assertEqual([], self.listed())
        self.assertEqual(0, self.cluster.ask("status")["dead_jobs"])


if __name__ == "__main__":
    unittest.main()
