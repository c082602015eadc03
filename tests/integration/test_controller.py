#!/usr/bin/python3
"""The controller's process and its log: killed, stopped, damaged, without room on disk."""

import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
sys.path.insert(0, os.path.join(SOURCE, "deploy"))

from cluster import Cluster, wait_for  # noqa: E402

GROUP = ["group", "create", "web", "--min", "0", "--max", "4", "--desired", "0",
         "--template-id", "lt-0123456789abcdef0", "--template-version", "1",
         "--zones", "us-east-1a"]


class Controller(unittest.TestCase):
    def setUp(self):
        for program in ("openasg-controller", "openasg"):
            if not os.path.exists(os.path.join(BUILD, "bin", program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-controller-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder, endpoint="http://127.0.0.1:9")
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_controller(log_snapshot_records=100)

    def log_text(self):
        with open(self.cluster.log_of("controller"), errors="replace") as file:
            return file.read()

    def ready(self):
        url = self.cluster.controller_endpoints()["http"] + "/readyz"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def halted(self):
        return bool(self.cluster.metrics()["asg_halted"])

    def test_a_killed_controller_goes_on_where_it_was(self):
        self.cluster.openasg("halt")
        before = self.cluster.ask("status")
        self.cluster.kill("controller")
        self.cluster.start_controller()
        after = self.cluster.ask("status")
        self.assertEqual(before["cluster_id"], after["cluster_id"])
        self.assertEqual(before["epoch"] + 1, after["epoch"])
        self.assertTrue(after["is_halted"])
        self.cluster.openasg("log", "verify", self.cluster.log_file())

    def test_a_stopped_controller_leaves_a_snapshot(self):
        self.cluster.openasg("halt")
        self.cluster.kill("controller", signal.SIGTERM)
        self.assertEqual(0, self.cluster.processes["controller"].returncode)
        with sqlite3.connect(self.cluster.log_file()) as db:
            head = db.execute("select max(seq) from records").fetchone()[0]
            newest = db.execute("select max(seq) from snapshots").fetchone()[0]
        db.close()
        self.assertEqual(head, newest)
        self.cluster.start_controller()
        self.assertTrue(self.cluster.ask("status")["is_halted"])

    def expect_refusal(self, pattern):
        """It does not lead, names what is wrong, and ends with 1."""
        command = [os.path.join(BUILD, "bin", "openasg-controller"), "--dir",
                   self.cluster.state]
        for name in ("agents", "workers", "admin"):
            command += [f"--listen-{name}", "tcp://127.0.0.1:*"]
        command += ["--listen-http", "127.0.0.1:0"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60)
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertRegex(done.stdout, pattern)

    def test_a_record_that_was_altered_is_named(self):
        self.cluster.openasg("halt")
        self.cluster.kill("controller", signal.SIGTERM)
        with open(self.cluster.log_file(), "r+b") as file:
            at = file.read().rfind(b"halt by ")
            self.assertGreater(at, 0)
            file.seek(at)
            file.write(b"w")
        self.expect_refusal(r"record \d+")

    def test_a_log_that_was_cut_short_is_refused(self):
        for _ in range(10):
            self.cluster.openasg("halt")
            self.cluster.openasg("unhalt")
        self.cluster.kill("controller", signal.SIGTERM)
        size = os.path.getsize(self.cluster.log_file())
        os.truncate(self.cluster.log_file(), size // 2 // 4096 * 4096)
        self.expect_refusal(r"cannot_start")

    def test_without_room_on_disk_it_stops_leading_until_there_is(self):
        self.assertEqual(200, self.ready())
        pid = self.cluster.processes["controller"].pid
        old = resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

        def refused():
            text = self.cluster.openasg("halt", check=False)
            return self.ready() == 503 and text
        wait_for("the controller to stop leading", refused, 30)
        self.assertTrue(self.cluster.is_running("controller"))
        self.assertIn("does not lead", self.cluster.openasg("status", check=False))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, old)
        wait_for("the controller to lead again", lambda: self.ready() == 200, 30)
        self.cluster.openasg("halt")
        self.assertTrue(self.cluster.ask("status")["is_halted"])
        self.cluster.kill("controller", signal.SIGTERM)
        self.cluster.openasg("log", "verify", self.cluster.log_file())

    def test_a_group_with_more_least_than_most_is_refused(self):
        wrong = list(GROUP)
        wrong[wrong.index("--min") + 1] = "5"
        self.assertRegex(self.cluster.openasg(*wrong, check=False), r"min")
        self.assertEqual(0, self.cluster.ask("status")["groups"])
        self.cluster.openasg(*GROUP)
        self.assertEqual(1, self.cluster.ask("status")["groups"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
