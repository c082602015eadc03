#!/usr/bin/python3
"""What EC2 announces, end to end with the real programs: agents on Spot instances read the
notices from the metadata, the controller replaces; scheduled events come by
DescribeInstanceStatus."""

import json
import os
import shutil
import sys
import tempfile
import unittest

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, Trouble, wait_for  # noqa: E402

IMAGE = "ami-00000000000000001"
AGENT = os.path.join(BUILD, "bin", "openasg-agent")
USER_DATA = f"""#!/bin/sh
exec {AGENT} --interval-ms 500 --spot-notices-ms 200 --dir "$PWD/agent" \\
  --grpc-listen ":0"
"""


class Notices(unittest.TestCase):
    def setUp(self):
        for program in ("openasg-controller", "openasg-worker", "openasg", "openasg-agent"):
            if not os.path.exists(os.path.join(BUILD, "bin", program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-spot-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_ec2local("--boot-delay-ms", "50")
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1")
        path = os.path.join(self.folder, "boot.sh")
        with open(path, "w") as file:
            file.write(USER_DATA)
        self.cluster.openasg("template", "create", "web", "--image", IMAGE,
                             "--instance-type", "t3.micro", "--user-data-file", path)

    def make_group(self, *options, desired=2):
        self.cluster.openasg("group", "create", "web", "--min", "0", "--max", "8",
                             "--desired", str(desired), "--template", "web",
                             "--zones", "us-east-1a", "--evaluation", "1s",
                             "--terminating-percent", "100", "--terminated-percent", "100",
                             *options)

    def rows(self):
        return self.cluster.ask("instance", "list", "web")

    def serving(self):
        return {r["instance_id"]: r for r in self.rows() if r["state"] == "in-service"}

    def wait_serving(self, count, seconds=60):
        return wait_for(f"{count} in service", lambda: len(self.serving()) == count
                        and self.serving(), seconds=seconds)

    def announce(self, instance_id, what, **form):
        return self.cluster.control("POST", f"/_control/instances/{instance_id}/{what}",
                                    **(form or {"in_ms": 0}))

    def explained(self, words):
        wait_for(words, lambda: words in self.cluster.openasg("explain", "web"))

    SPOT = ("--health-check", "agent", "--launch-set",
            "InstanceMarketOptions.MarketType=spot")

    def test_an_interrupted_instance_is_replaced_before_it_is_gone(self):
        self.make_group(*self.SPOT, "--drain", "1s")
        before = self.wait_serving(2)
        victim = sorted(before)[0]
        self.announce(victim, "interrupt", in_ms=600000)
        wait_for("another in its place", lambda: len(self.serving()) == 2
                 and victim not in self.serving(), seconds=60)
        self.explained("Spot interruption notice")
        self.explained("replacing it now")
        # Ours ended it, long before EC2 would have.
        wait_for("its end", lambda: victim not in self.cluster.ec2_instances(), seconds=60)
        self.assertEqual(len(self.cluster.ec2_instances()), 2)

    def test_a_recommended_one_goes_when_a_new_one_serves(self):
        self.make_group(*self.SPOT, "--capacity-rebalance")
        before = self.wait_serving(2)
        victim = sorted(before)[1]
        self.announce(victim, "rebalance")
        wait_for("its replacement", lambda: len(self.serving()) == 2
                 and victim not in self.serving(), seconds=60)
        text = self.cluster.openasg("explain", "web")
        self.assertIn("rebalance recommendation; it is terminated once its replacement is in service", text)
        self.assertIn("EC2 may reclaim it, and its replacement is in service", text)

    def test_a_scheduled_retirement_is_seen_by_the_worker(self):
        self.make_group(desired=2)
        before = self.wait_serving(2)
        first, second = sorted(before)
        self.announce(second, "event", code="system-reboot", in_ms=86400000)
        self.announce(first, "event", code="instance-retirement", in_ms=86400000)
        wait_for("its replacement", lambda: len(self.serving()) == 2
                 and first not in self.serving(), seconds=90)
        self.assertIn(second, self.serving())
        self.explained("EC2 has scheduled its retirement")
        self.explained("EC2 has scheduled system-reboot")

    def test_what_is_not_spot_cannot_be_interrupted(self):
        self.make_group(desired=1)
        only = sorted(self.wait_serving(1))[0]
        with self.assertRaises(Trouble):
            self.announce(only, "interrupt")
        self.assertEqual(json.dumps(sorted(self.serving())), json.dumps([only]))


if __name__ == "__main__":
    unittest.main()
