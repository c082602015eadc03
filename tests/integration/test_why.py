#!/usr/bin/python3
"""Why nothing happens, as an operator reads it: the NOTE of `group list`, `group show` and
`explain` of a real controller, with a worker, agents and a local EC2."""

import os
import re
import shutil
import sys
import tempfile
import unittest

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402
from fleet import user_data  # noqa: E402

IMAGE = "ami-00000000000000001"
MOMENT = r"until \d\d:\d\d:\d\d"


class Why(unittest.TestCase):
    def setUp(self):
        for program in ("openasg-controller", "openasg-worker", "openasg", "openasg-agent"):
            if not os.path.exists(os.path.join(BUILD, "bin", program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-why-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.load = os.path.join(self.folder, "load")
        os.makedirs(self.load)

    def start(self, *options, text="#!/bin/sh\n", **settings):
        self.cluster.start_ec2local("--boot-delay-ms", "30", *options)
        self.cluster.start_controller(**settings)
        self.cluster.start_worker("worker-1")
        path = os.path.join(self.folder, "boot.sh")
        with open(path, "w") as file:
            file.write(text)
        self.cluster.openasg("template", "create", "web", "--image", IMAGE,
                             "--instance-type", "t3.nano", "--user-data-file", path)

    def start_with_agents(self):
        self.start(text="")  # the script names the controller, which is there by then
        script = os.path.join(self.folder, "agents.sh")
        with open(script, "w") as file:
            file.write(user_data(self.cluster, self.load))
        self.cluster.openasg("template", "create", "fleet", "--image", IMAGE,
                             "--instance-type", "t3.nano", "--user-data-file", script)

    def make_group(self, desired, *options, template="web"):
        self.cluster.openasg("group", "create", "web", "--min", "1", "--max", "6",
                             "--desired", str(desired), "--template", template, "--zones",
                             "us-east-1a", "--evaluation", "1s", *options)

    def view(self):
        return self.cluster.ask("group", "list")[0]

    def holds(self):
        return {row["reason"]: row for row in self.view()["holds"]}

    def note(self):
        title, row = self.cluster.openasg("group", "list").splitlines()[:2]
        return row[title.index("NOTE"):].strip()

    def wait_note(self, pattern, seconds=40):
        wait_for(f"a NOTE like {pattern}", lambda: re.search(pattern, self.note()),
                 seconds=seconds)
        return self.note()

    def wait_serving(self, count):
        wait_for(f"{count} in service", lambda: self.view()["in_service"] == count,
                 seconds=60)

    def say_load(self, percent):
        for row in self.cluster.ask("instance", "list", "web"):
            path = os.path.join(self.load, row["private_ip"])
            with open(path + ".new", "w") as file:
                file.write(str(percent))
            os.replace(path + ".new", path)

    # ---- the tests ----

    def test_what_an_operator_stopped(self):
        self.start("--no-boot")
        self.make_group(1)
        self.wait_serving(1)
        self.assertEqual(self.note(), "-")
        self.cluster.openasg("halt", "--yes")
        self.assertEqual(self.wait_note("halted"), "halted")
        self.assertIn("Held, halted: all groups are halted by an operator",
                      self.cluster.openasg("explain", "web"))
        self.cluster.openasg("unhalt")
        wait_for("nothing held", lambda: self.note() == "-")
        self.cluster.openasg("halt", "web", "--yes")
        self.assertEqual(self.wait_note("halted"), "halted")
        self.assertEqual(list(self.holds()), ["group-halted"])
        self.cluster.openasg("suspend", "web", "az-rebalance")
        self.assertIn("nothing is launched or terminated | the process az-rebalance is "
                      "suspended", self.cluster.openasg("group", "show", "web"))
        self.cluster.openasg("resume", "web", "az-rebalance")
        self.cluster.openasg("unhalt", "web")
        self.cluster.openasg("suspend", "web", "launch")
        self.cluster.openasg("desired", "set", "web", "2")
        self.assertEqual(self.wait_note("suspended"), "suspended: launch")
        self.assertIn("launch waits: the process launch is suspended",
                      self.cluster.openasg("group", "show", "web"))
        self.cluster.openasg("resume", "web", "launch")
        self.wait_serving(2)
        wait_for("nothing held", lambda: self.note() == "-")
        self.assertIn("Nothing is held.", self.cluster.openasg("explain", "web"))

    def test_nobody_who_calls_ec2(self):
        self.start("--no-boot", jobs_lease="1s", jobs_heartbeat="200ms")
        self.make_group(1)
        self.wait_serving(1)
        self.cluster.kill("worker-1")
        self.cluster.openasg("desired", "set", "web", "2")
        self.assertIn("no worker can call EC2", self.wait_note("no worker"))
        self.assertIn("openasg worker list", self.cluster.openasg("explain", "web"))
        self.cluster.start_worker("worker-1")
        self.wait_serving(2)
        wait_for("nothing held", lambda: self.note() == "-")

    def test_launches_that_fail(self):
        self.start("--no-boot")
        fault = self.cluster.control("POST", "/_control/faults", kind="error_5xx",
                                     action="RunInstances", code="UnauthorizedOperation",
                                     http_status="403")
        self.make_group(1)
        self.wait_note("launch backoff " + MOMENT)
        note = self.wait_note("launches paused: EC2 refused them " + MOMENT, seconds=90)
        moment = re.search(r"\d\d:\d\d:\d\d", note)[0]
        text = self.cluster.openasg("explain", "web")
        self.assertIn(f"Held, launch-breaker: launch waits: EC2 refused the last launches; "
                      f"until {moment}", text)
        self.cluster.control("DELETE", f"/_control/faults/{fault['id']}")

    def test_ec2_without_room(self):
        self.start("--no-boot")
        self.cluster.control("POST", "/_control/faults", kind="capacity", type="t3.nano")
        self.make_group(1)
        self.wait_note("EC2 has no capacity " + MOMENT)
        self.assertEqual(self.view()["in_service"], 0)

    def test_warming_and_a_load_that_is_not_low_for_long_enough(self):
        self.start_with_agents()
        self.make_group(2, "--warmup", "8s", template="fleet")
        self.cluster.openasg("policy", "put", "web", "cpu", "--target", "50",
                             "--stabilisation", "30s")
        self.wait_serving(2)
        self.assertEqual(self.view()["warming"], 2)  # and in service, as EC2 counts them
        self.wait_note(r"^2 warming " + MOMENT)
        self.assertIn("policies ignore the metrics of 2 warming instances; until",
                      self.cluster.openasg("explain", "web"))
        self.say_load(5)
        self.wait_note("scale-in stabilisation " + MOMENT)
        hold = self.holds()["stabilisation"]
        self.assertEqual(hold["policy"], "cpu")
        self.assertEqual(self.view()["wanted"], 1)
        self.assertNotIn("warming", self.holds())
        self.assertIn("policy cpu wants 1 and waits: the load must stay low",
                      self.cluster.openasg("explain", "web"))
        self.say_load(45)  # it is not too low any more
        wait_for("nothing held", lambda: self.note() == "-")

    def test_the_limit_of_scale_in_says_when_it_goes_on(self):
        self.start_with_agents()
        self.make_group(4, "--warmup", "0s", template="fleet")
        self.cluster.openasg("policy", "put", "web", "cpu", "--target", "50",
                             "--stabilisation", "1s", "--scale-in-ten-minutes", "25")
        self.wait_serving(4)
        self.say_load(5)
        note = self.wait_note("scale-in limit " + MOMENT, seconds=60)
        moment = re.search(r"\d\d:\d\d:\d\d", note)[0]
        hold = self.holds()["scale-in-limit"]
        left_ms = hold["until_ms"] - self.cluster.ask("status")["time_ms"]
        self.assertTrue(500000 < left_ms <= 600000, left_ms)
        self.assertIn(f"scale-in waits: 1 terminated in 10 min, the limit is 1 (25 %); "
                      f"until {moment}", self.cluster.openasg("explain", "web"))
        # An order is not paced, and the limit is over with what it was for.
        self.cluster.openasg("group", "update", "web", "--min", "0", "--desired", "0",
                             "--force")
        self.wait_serving(0)
        wait_for("no limit", lambda: "scale-in limit" not in self.note())

    def test_cooldown_and_max(self):
        self.start_with_agents()
        self.make_group(1, "--warmup", "0s", "--cooldown", "5m", template="fleet")
        self.cluster.openasg("policy", "put", "web", "more", "--kind", "simple",
                             "--comparison", "greater", "--threshold", "70", "--adjustment",
                             "1")
        self.wait_serving(1)
        self.cluster.openasg("desired", "set", "web", "2")
        self.wait_serving(2)
        self.say_load(90)
        self.wait_note("cooldown " + MOMENT)
        self.assertEqual(self.holds()["cooldown"]["policy"], "more")
        self.cluster.openasg("policy", "delete", "web", "more")
        self.cluster.openasg("policy", "put", "web", "cpu", "--target", "10")
        self.wait_note(r"at max, wants \d+")
        self.assertGreater(self.view()["wanted"], 6)


if __name__ == "__main__":
    unittest.main(verbosity=2)
