#!/usr/bin/python3
"""`openasg keys rotate` on a fleet of real programs: what docs/security.md says of who has
to do what, and that no instance is lost on the way."""

import os
import re
import shutil
import signal
import sys
import tempfile
import time
import unittest

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402

AGENT = os.path.join(BUILD, "bin", "openasg-agent")
SETTINGS = {"enrol_certificate_life": "1m", "probe_background_every": "1s",
            "reports_first_after": "2m"}
WAIT = 90


class Rotation(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-rotation-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_ec2local("--boot-delay-ms", "50")
        self.cluster.start_controller(**SETTINGS)
        self.cluster.start_worker("worker-1")
        script = os.path.join(self.folder, "boot.sh")
        with open(os.open(script, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(f'#!/bin/sh\nexec {AGENT} --cpu-source session --interval-ms 200 '
                       '--dir "$PWD/agent" --grpc-listen ":0"\n')
        self.cluster.openasg("template", "create", "web", "--image",
                             "ami-00000000000000001", "--instance-type", "t3.micro",
                             "--user-data-file", script)
        self.cluster.openasg("group", "create", "web", "--min", "1", "--max", "4",
                             "--desired", "2", "--template", "web", "--zones", "us-east-1a",
                             "--health-check", "agent", "--evaluation", "1s")
        self.first = self.wait_serving()

    def serving(self):
        return {r["instance_id"] for r in self.cluster.ask("instance", "list", "web")
                if r["state"] == "in-service"}

    def wait_serving(self):
        return wait_for("2 in service", lambda: len(self.serving()) == 2 and self.serving(),
                        WAIT)

    def metric(self, name):
        return self.cluster.metrics().get(name, 0)

    def restart(self):
        self.cluster.kill("controller", signal.SIGTERM)
        self.cluster.start_controller(**SETTINGS)

    def wait_more(self, name, count):
        begin = self.metric(name)
        wait_for(f"{count} more of {name}", lambda: self.metric(name) >= begin + count, WAIT)

    def check_probes(self):
        """The prober believes the agents, and they the prober. After a restart a probe may
        have gone to the port that agents usually have: they say their own with a report."""
        def all_succeed():
            failed = self.metric("openasg_probes_failed_total")
            self.wait_more("openasg_probes_total", 8)
            return self.metric("openasg_probes_failed_total") == failed
        wait_for("eight probes in a row that succeed", all_succeed, WAIT)

    def rotate(self, *words):
        return self.cluster.openasg("keys", "rotate", *words)

    def wait_renewed(self):
        """Every agent has a certificate of now, and knows whom the controller trusts."""
        now = time.time()

        def is_renewed():
            paths = [os.path.join(folder, name) for folder, _, names in os.walk(self.folder)
                     for name in names if name == "enrolment"]
            return len(paths) == 2 and all(os.stat(path).st_mtime > now for path in paths)
        wait_for("all agents to renew", is_renewed, WAIT)

    def check_nobody_was_lost(self):
        self.assertEqual(self.serving(), self.first)
        self.assertEqual(set(self.cluster.ec2_instances()), self.first)

    def test_agents_learn_the_controllers_new_key_by_themselves(self):
        before = self.cluster.controller_endpoints()["key"]
        self.rotate("controller")
        self.restart()
        self.assertNotEqual(self.cluster.controller_endpoints()["key"], before)
        self.wait_more("openasg_reports_total", 20)
        self.check_probes()
        self.cluster.kill("worker-1", signal.SIGTERM)
        self.cluster.start_worker("worker-1")
        wait_for("the worker", lambda: self.cluster.ask("worker", "list"), WAIT)
        self.check_nobody_was_lost()

    def test_what_has_joined_goes_on_with_another_join_secret(self):
        self.rotate("join-secret")
        self.restart()
        self.wait_more("openasg_reports_total", 20)
        self.check_probes()
        self.cluster.openasg("desired", "set", "web", "3")  # and new ones join
        wait_for("a third", lambda: len(self.serving()) == 3, WAIT)

    def test_a_workers_old_key_is_refused_and_its_new_one_taken(self):
        folder = os.path.join(self.folder, "worker-1")
        self.rotate("worker", "worker-1", "--to", folder)
        self.cluster.kill("worker-1", signal.SIGTERM)
        self.cluster.start_worker("worker-1")
        self.cluster.openasg("desired", "set", "web", "3")
        wait_for("a third", lambda: len(self.serving()) == 3, WAIT)

    def test_the_authority_is_replaced_and_no_agent_is_cut_off(self):
        self.rotate("ca")
        self.restart()
        self.check_probes()
        self.wait_renewed()
        said = self.rotate("ca", "--finish", "--now", "--yes")  # they have renewed, within seconds
        self.restart()
        self.check_probes()
        self.assertIn(re.search(r"(?m)^[0-9a-f]{64}$", said).group(0), self.cluster.openasg(
            "instance", "join-line", next(iter(self.first))))
        self.wait_renewed()
        self.rotate("ca", "--forget", "--now", "--yes")
        self.restart()
        self.check_probes()
        self.wait_more("openasg_reports_total", 20)
        self.check_nobody_was_lost()


if __name__ == "__main__":
    unittest.main()
