#!/usr/bin/python3
"""EC2 answers with garbage, HTML, half a body or nothing to the real worker of a real
controller: each launch happens once, each termination too, nobody goes down, and what
happened is said."""

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

BAD_ANSWERS = ("garbage", "html", "half_body", "drop_before_effect", "drop_after_effect",
               "error_5xx")
LIMIT = 60  # seconds; each takes about one


class Ec2AnswersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="asg-answers-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.cluster = Cluster(BUILD, cls.folder)
        cls.addClassCleanup(cls.cluster.stop_all)
        cls.cluster.start_ec2local("--no-boot", "--boot-delay-ms", "30",
                                   "--stop-delay-ms", "20")
        cls.cluster.start_controller()
        cls.cluster.start_worker("worker-1")
        wait_for("the worker", lambda: cls.cluster.ask("worker", "list"), LIMIT)
        cls.cluster.openasg("template", "create", "web", "--image",
                            "ami-00000000000000001", "--instance-type", "t3.micro")
        cls.cluster.openasg("group", "create", "web", "--min", "0", "--max", "20",
                            "--desired", "0", "--template", "web", "--zones",
                            "us-east-1a", "--health-check", "ec2")

    def all_of_ec2(self):
        """Every instance that was ever launched: id -> (token, state)."""
        items = self.cluster.ec2("DescribeInstances").iterfind(".//instancesSet/item")
        return {item.findtext("instanceId"): (item.findtext("clientToken"),
                                              item.findtext("instanceState/name"))
                for item in items}

    def in_service(self):
        return [row["instance_id"] for row in self.cluster.ask("instance", "list", "web")
                if row["state"] == "in-service"]

    def agreed(self):
        """All of EC2, once what lives there is what the controller has in service."""
        found = self.all_of_ec2()
        live = {name for name, (_, state) in found.items()
                if state in ("pending", "running")}
        return found if live == set(self.in_service()) else None

    def settle(self, count, what):
        self.cluster.openasg("desired", "set", "web", str(count), "--force")
        self.cluster.openasg("wait", "web", "--in-service", str(count), "--at-most",
                             str(count), "--timeout", f"{LIMIT}s")
        self.cluster.control("DELETE", "/_control/faults")  # what was left of them
        return wait_for(f"EC2 and the controller to agree ({what})", self.agreed, LIMIT)

    def test_bad_answers_neither_lose_nor_double_anything(self):
        control = self.cluster.control
        for number, kind in enumerate(BAD_ANSWERS, 1):
            control("POST", "/_control/faults", kind=kind, action="RunInstances", count=2)
            found = self.settle(number, kind)
            self.assertEqual(number, len(found), f"{kind}: one launch each")
        self.assertEqual(len(BAD_ANSWERS), len({token for token, _ in found.values()}))
        for number, kind in enumerate(BAD_ANSWERS, 1):
            for action in ("TerminateInstances", "DescribeInstances"):
                control("POST", "/_control/faults", kind=kind, action=action, count=2)
            left = len(BAD_ANSWERS) - number
            self.assertEqual(len(BAD_ANSWERS), len(self.settle(left, kind)))
        calls = control("GET", "/_control/calls?after=0")["calls"]
        struck = {call["fault"] for call in calls if call["action"] == "RunInstances"}
        self.assertEqual(set(BAD_ANSWERS) | {""}, struck)
        for name in ("controller", "worker-1"):
            self.assertTrue(self.cluster.is_running(name))
        self.cluster.openasg("log", "verify", self.cluster.log_file(), "--states")


if __name__ == "__main__":
    unittest.main(verbosity=2)
