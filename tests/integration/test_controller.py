#!/usr/bin/python3
"""The controller's process and its log: killed, stopped, damaged, without room on disk."""

import json
import os
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
        return bool(self.cluster.metrics()["openasg_halted"])

    def test_a_killed_controller_goes_on_where_it_was(self):
        self.cluster.openasg("halt", "--yes")
        before = self.cluster.ask("status")
        self.cluster.kill("controller")
        self.cluster.start_controller()
        after = self.cluster.ask("status")
        self.assertEqual(before["cluster_id"], after["cluster_id"])
        self.assertEqual(before["epoch"] + 1, after["epoch"])
        self.assertTrue(after["is_halted"])
        self.cluster.openasg("log", "verify", self.cluster.log_file())

    def test_jobs_that_wait_stay_at_home_when_a_halted_controller_starts(self):
        self.cluster.env.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
                                AWS_SECRET_ACCESS_KEY="of nobody")
        self.cluster.start_ec2local()  # nothing is launched before it has been listed
        self.cluster.openasg(*GROUP)
        self.cluster.openasg("desired", "set", "web", 2)  # no worker is there to take it
        self.cluster.openasg("halt", "--yes")
        self.cluster.kill("controller")
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1")

        def worker_said():
            with open(self.cluster.log_of("worker-1"), errors="replace") as file:
                return file.read()

        def calls():
            return {call["action"] for call in
                    self.cluster.control("GET", "/_control/calls")["calls"]}
        wait_for("a job that changes nothing", lambda: "DescribeInstances" in calls())
        self.assertIn("halted=yes", worker_said())
        self.assertNotIn("kind=launch", worker_said())
        self.assertEqual({"DescribeInstances"}, calls() - {"DescribeInstanceStatus"})
        self.cluster.openasg("unhalt")
        wait_for("the launch", lambda: calls() & {"DescribeLaunchTemplateVersions",
                                                  "RunInstances"})

    def test_a_stopped_controller_leaves_a_snapshot(self):
        self.cluster.openasg("halt", "--yes")
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
        command += ["--listen-http", "127.0.0.1:0", "--listen-enrol", "127.0.0.1:0"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60)
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertRegex(done.stdout, pattern)
        self.assertIn(f"run `openasg log verify {self.cluster.log_file()}`", done.stdout)

    def verify_damage(self):
        """The first record that `openasg log verify` calls bad; it says what to do."""
        done = subprocess.run(self.cluster.openasg_command(
            "log", "verify", self.cluster.log_file(), "--output", "json"),
            env=self.cluster.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(4, done.returncode, done.stdout + done.stderr)
        self.assertIn("restore the last backup that verifies", done.stderr)
        verdict = json.loads(done.stdout)
        self.assertFalse(verdict["is_verified"])
        self.assertTrue(verdict["advice"])
        return verdict["bad_seq"]

    def alter_a_record(self, change):
        """One byte of its note; the controller and `openasg log` name that record."""
        self.cluster.openasg("halt", "--yes")
        self.cluster.kill("controller", signal.SIGTERM)
        with sqlite3.connect(self.cluster.log_file()) as db:
            seq = db.execute("select max(seq) from records "
                             "where note = 'halt by admin'").fetchone()[0]
        db.close()
        with open(self.cluster.log_file(), "r+b") as file:
            text = file.read()
            at = text.rfind(b"halt by ")
            self.assertGreater(at, 0)
            file.seek(at)
            file.write(bytes([change(text[at])]))
        self.expect_refusal(rf"record {seq} ")
        self.assertEqual(seq, self.verify_damage())

    def test_a_record_that_was_altered_is_named(self):
        self.alter_a_record(lambda byte: ord("w"))

    def test_a_flipped_bit_is_named_with_its_record(self):
        self.alter_a_record(lambda byte: byte ^ 0x80)

    def test_a_log_that_was_cut_short_is_refused(self):
        for _ in range(40):
            self.cluster.openasg("halt", "--yes")
            self.cluster.openasg("unhalt")
        self.cluster.kill("controller", signal.SIGTERM)
        size = os.path.getsize(self.cluster.log_file())
        os.truncate(self.cluster.log_file(), size * 3 // 4 // 4096 * 4096)
        self.expect_refusal(r"cannot_start .* cut short .* record \d+ cannot be read")
        self.assertGreater(self.verify_damage(), 1)

    def test_without_room_on_disk_it_stops_leading_until_there_is(self):
        self.assertEqual(200, self.ready())
        pid = self.cluster.processes["controller"].pid
        old = resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

        def refused():
            text = self.cluster.openasg("halt", "--yes", check=False)
            return self.ready() == 503 and text
        wait_for("the controller to stop leading", refused, 30)
        self.assertTrue(self.cluster.is_running("controller"))
        self.assertIn("does not lead", self.cluster.openasg("status", check=False))
        self.assertRegex(self.log_text(), r"the disk of \S+openasg\.log (is full|failed)")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, old)
        wait_for("the controller to lead again", lambda: self.ready() == 200, 30)
        self.cluster.openasg("halt", "--yes")
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

    def test_payloads_that_are_pruned_leave_a_log_that_proves_and_explains(self):
        self.cluster.kill("controller", signal.SIGTERM)
        self.cluster.start_controller(log_keep_metrics="1s", log_snapshot_every="1s")
        self.cluster.openasg(*GROUP)
        self.cluster.openasg("policy", "put", "web", "cpu50", "--target", "50")
        wait_for("payloads to be pruned",
                 lambda: self.cluster.metrics()["openasg_log_pruned_total"] > 0, 90)
        log = self.cluster.log_file()
        verified = self.cluster.ask("log", "verify", log)
        self.assertTrue(verified["is_verified"])
        self.assertGreater(verified["pruned"], 0)
        self.assertEqual(1, verified["first_seq"])  # the chain is kept from its beginning
        self.assertTrue(self.cluster.ask("replay", log)["is_identical"])
        explained = self.cluster.openasg("explain", "web")
        self.assertIn("min 0, max 4", explained)
        self.assertIn("cpu50", explained)
        self.cluster.kill("controller")
        self.cluster.start_controller()
        self.assertEqual(1, self.cluster.ask("status")["groups"])
        self.assertEqual(explained.splitlines()[0],
                         self.cluster.openasg("explain", "web").splitlines()[0])
        self.cluster.openasg("log", "verify", log, "--states")

    def shift_clock(self, seconds):
        with open(os.path.join(self.folder, "clock"), "r+b") as file:
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))

    def test_a_clock_that_jumps_is_not_believed_and_never_turns_the_log_back(self):
        shim = os.path.join(self.folder, "shim.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", shim,
                        os.path.join(SOURCE, "tests", "chaos", "shim.c"), "-ldl"],
                       check=True)
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.cluster.env_of["controller"] = {
            "LD_PRELOAD": shim, "ASAN_OPTIONS": sanitizer,
            "CHAOS_CLOCK_FILE": os.path.join(self.folder, "clock")}
        with open(os.path.join(self.folder, "clock"), "wb") as file:
            file.write(bytes(8))
        self.cluster.kill("controller", signal.SIGTERM)
        self.cluster.start_controller()
        self.cluster.openasg(*GROUP)
        for jump in (3600, -7200):
            told = self.log_text().count("clock_jump")
            self.shift_clock(jump)
            wait_for("the jump to be told",
                     lambda: self.log_text().count("clock_jump") > told, 30)
            self.cluster.openasg("halt", "--yes")
            self.cluster.openasg("unhalt")
            self.assertEqual(200, self.ready())
            self.shift_clock(0)
            self.cluster.openasg("unhalt")  # it has seen that the clock is right again
        self.assertNotIn("clock_ahead_of_log", self.log_text())
        self.shift_clock(3600)  # a new start has nothing else to believe
        self.cluster.kill("controller")
        self.cluster.start_controller()
        self.cluster.openasg("halt", "--yes")
        self.shift_clock(-7200)
        self.cluster.kill("controller")
        self.cluster.start_controller()
        self.cluster.openasg("unhalt")
        self.cluster.kill("controller", signal.SIGTERM)
        with sqlite3.connect(self.cluster.log_file()) as db:
            times = [row[0] for row in
                     db.execute("select time_ms from records order by seq")]
            notes = db.execute("select time_ms from records where note = 'halt by admin' "
                               "order by seq").fetchall()
        db.close()
        self.assertEqual(sorted(times), times)
        self.assertLess(notes[1][0] - times[0], 1800 * 1000)  # the first jumps
        self.assertGreater(notes[2][0] - times[0], 1800 * 1000)  # the new start
        self.cluster.openasg("log", "verify", self.cluster.log_file(), "--states")
        self.shift_clock(400 * 86400)
        self.cluster.start_controller()
        wait_for("a word about the clock",
                 lambda: "days ahead of the last record of the log" in self.log_text(), 30)


if __name__ == "__main__":
    unittest.main(verbosity=2)
