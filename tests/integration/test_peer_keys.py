#!/usr/bin/python3
"""Who is not let in is told on both sides within seconds, whoever's mistake it was; and a
key that is taken back takes no job from then on, whatever lies beside it in the folder."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402

IMAGE = "ami-00000000000000001"


class PeerKeys(unittest.TestCase):
    def setUp(self):
        for program in ("openasg-controller", "openasg-worker", "openasg", "openasg-ec2local"):
            if not os.path.exists(os.path.join(BUILD, "bin", program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-peers-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_ec2local("--no-boot", "--boot-delay-ms", "30")
        self.cluster.start_controller()
        self.workers_d = os.path.join(self.cluster.state, "workers.d")

    def log_of(self, name):
        with open(self.cluster.log_of(name)) as file:
            return file.read()

    def wait_for_log(self, name, *words, seconds=20):
        def is_there():
            return any(all(word in line for word in words)
                       for line in self.log_of(name).splitlines())
        try:
            wait_for(f"{words} in the log of {name}", is_there, seconds=seconds)
        except Exception:
            print(self.log_of(name)[-3000:])
            raise

    def start_stranger(self, name, **settings):
        """A worker that makes its own key, which nobody allowed."""
        folder = os.path.join(self.folder, name)
        endpoints = self.cluster.controller_endpoints()
        chosen = {"name": name, "dir": folder, "controller-endpoint": endpoints["workers"],
                  "controller-key": endpoints["key"],
                  "ec2-endpoint": self.cluster.ec2_endpoint, **settings}
        self.cluster.start(name, ["openasg-worker"] + [
            f"--{key}={value}" for key, value in chosen.items()])
        wait_for("its key", lambda: os.path.exists(os.path.join(folder, name + ".pub")))
        with open(os.path.join(folder, name + ".pub")) as file:
            return file.read().split("public: ")[1].strip()

    def names(self):
        return {row["name"] for row in self.cluster.ask("worker", "list")}

    def refused(self):
        return self.cluster.ask("worker", "list", "--refused")

    def metric(self, name):
        return float(self.cluster.metrics()[name])

    def public_key(self, name):
        with open(os.path.join(self.folder, name + ".pub")) as file:
            return file.read().split("public: ")[1].strip()

    def test_an_unadmitted_worker_is_told_on_both_sides_and_gets_in_when_it_is(self):
        key = self.start_stranger("host-a")
        self.wait_for_log("host-a", " refused ", key, "is not in the controller's workers.d",
                          "host-a.pub")
        self.wait_for_log("controller", " peer_refused ", key, "127.0.0.1", "workers.d")
        rows = self.refused()
        self.assertEqual([(row["edge"], row["key"], row["address"]) for row in rows],
                         [("workers", key, "127.0.0.1")])
        self.assertGreater(rows[0]["count"], 0)
        wait_for("the metric", lambda: self.metric("openasg_peers_refused_total") > 0)
        self.assertIn("key not admitted", self.cluster.openasg("worker", "list", "--refused"))
        own = os.path.join(self.folder, "host-a", "host-a.pub")
        self.assertEqual(os.stat(own).st_mode & 0o777, 0o644)
        shutil.copy(own, self.workers_d)
        wait_for("it to get in", lambda: "host-a" in self.names(), seconds=30)
        self.wait_for_log("host-a", " controller_reached ")

    def test_a_wrong_server_key_is_told_on_both_sides(self):
        self.cluster.openasg("keys", "make", "other", "--to", self.folder)
        wrong = self.public_key("other")
        self.start_stranger("host-b", **{"controller-key": wrong})
        self.wait_for_log("host-b", " controller_away ", "hung up during the handshake",
                          "server_key")
        self.wait_for_log("controller", " peer_refused ", "wrong server key")

    def test_the_line_of_the_public_file_may_be_pasted_as_it_is(self):
        with open(os.path.join(self.cluster.state, "controller.key.pub")) as file:
            line = file.read().strip()
        self.assertTrue(line.startswith("public: "))
        self.start_stranger("host-d", **{"controller-key": line})
        self.wait_for_log("host-d", " refused ", "workers.d")  # so the server key is right

    def test_nobody_there_is_told(self):
        self.start_stranger("host-c", **{"controller-endpoint": "tcp://127.0.0.1:1"})
        self.wait_for_log("host-c", " controller_away ", "no process listens on tcp://127.0.0.1:1")

    def test_a_revoked_worker_gets_no_job_though_a_bad_file_lies_beside_its_key(self):
        self.cluster.start_worker("worker-1")
        wait_for("it to be there", lambda: "worker-1" in self.names())
        with open(os.path.join(self.workers_d, "bad.pub"), "w") as file:
            file.write("garbage\n")
        self.wait_for_log("controller", " key_left_out ", "bad.pub")
        self.cluster.openasg("template", "create", "web", "--image", IMAGE,
                             "--instance-type", "t3.micro")
        os.unlink(os.path.join(self.workers_d, "worker-1.pub"))
        wait_for("it to be shut out", lambda: not self.names(), seconds=4)
        self.wait_for_log("controller", " worker_shut_out worker=")
        taken = self.log_of("worker-1").count(" job_")
        self.cluster.openasg("group", "create", "web", "--min", "0", "--max", "2",
                             "--desired", "1", "--template", "web", "--zones", "us-east-1a")
        self.wait_for_log("worker-1", " refused ", "workers.d")
        self.assertEqual(self.log_of("worker-1").count(" job_"), taken)
        wait_for("the metric", lambda: self.metric("openasg_connections_closed_total") > 0)
        self.assertFalse(self.cluster.ec2_instances())
        self.assertEqual(self.log_of("controller").count(" key_left_out "), 1)

    # ---- openasg ----

    def run_openasg(self, *arguments):
        return subprocess.run(
            [os.path.join(BUILD, "bin", "openasg"), *arguments], text=True, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.cluster.env)

    def test_openasg_tells_why_it_got_no_answer(self):
        endpoints = self.cluster.controller_endpoints()
        self.cluster.openasg("keys", "make", "ann", "--to", self.folder)
        ann = os.path.join(self.folder, "ann")
        there = ["--controller", endpoints["admin"]]
        ours = ["--dir", self.cluster.state]
        refused = self.run_openasg("status", *there, "--key-file", ann + ".key",
                                   "--server-key=" + endpoints["key"])
        self.assertEqual(refused.returncode, 3)
        self.assertIn("refuses our key", refused.stderr)
        self.assertIn("admins.d", refused.stderr)
        key = self.public_key("ann")
        self.assertIn(key, refused.stderr)
        self.wait_for_log("controller", " peer_refused ", key, "admins.d")
        shutil.copy(ann + ".pub", os.path.join(self.workers_d, "host-e.pub"))
        self.run_openasg("status", *there, "--key-file", ann + ".key",
                         "--server-key=" + endpoints["key"])
        self.wait_for_log("controller", " peer_refused ", key, "this is the key of worker host-e",
                          endpoints["workers"], "(listen.workers)")
        wrong = self.run_openasg("status", *there, *ours, "--server-key=" + key)
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("hung up during the handshake", wrong.stderr)
        self.assertIn("--server-key", wrong.stderr)
        self.assertNotIn("may have been executed", wrong.stderr)
        order = self.run_openasg("halt", "--yes", *there, *ours, "--server-key=" + key)
        self.assertIn("The command was not sent", order.stderr)
        nobody = self.run_openasg("status", *ours, "--controller", "tcp://127.0.0.1:1")
        self.assertEqual(nobody.returncode, 3)
        self.assertIn("nothing listens at", nobody.stderr)


if __name__ == "__main__":
    unittest.main()
