#!/usr/bin/python3
"""What an operator does with a release that has new rules and a new form of the state: the
programs of today and those with tests/upgrade/next.patch, one after another on one log."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
NEXT = os.path.join(BUILD, "upgrade")
sys.path.insert(0, os.path.join(SOURCE, "deploy"))

from cluster import Cluster  # noqa: E402

GROUP = ["group", "create", "web", "--min", "0", "--max", "20", "--desired", "0",
         "--template-id", "lt-0123456789abcdef0", "--template-version", "1",
         "--zones", "us-east-1a"]


class Upgrade(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-upgrade-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder, endpoint="http://127.0.0.1:9")
        self.addCleanup(self.cluster.stop_all)

    # ---- the steps ----

    def start(self, build):
        self.cluster.bin = os.path.join(build, "bin")
        self.cluster.start_controller(log_hash_events=1)

    def stop(self):
        self.cluster.kill("controller", signal.SIGTERM)
        self.assertEqual(0, self.cluster.processes["controller"].returncode)

    def set_desired(self, value):
        """Set it; what it is then."""
        self.cluster.openasg("desired", "set", "web", value, "--force")
        groups = self.cluster.ask("group", "list")
        return groups[0]["config"]["desired"]

    def head(self):
        db = sqlite3.connect(self.cluster.log_file())
        try:
            return db.execute("select max(seq) from records").fetchone()[0]
        finally:
            db.close()

    def snapshots(self):
        """(sequence number, form) of each, oldest first."""
        db = sqlite3.connect(self.cluster.log_file())
        try:
            rows = db.execute("select seq, bytes from snapshots join snapshot_parts "
                              "on part = first_part order by seq").fetchall()
        finally:
            db.close()
        return [(seq, data[len(b"openasg state ")]) for seq, data in rows]

    def run_on_log(self, build, *arguments):
        return subprocess.run(
            [os.path.join(build, "bin", "openasg"), *map(str, arguments[:1]),
             self.cluster.log_file(), *map(str, arguments[1:])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
            env=self.cluster.env)

    def replay(self, build, *arguments):
        done = self.run_on_log(build, "replay", *arguments, "-o", "json")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        said = json.loads(done.stdout)
        said = said[0] if isinstance(said, list) else said
        self.assertTrue(said["is_identical"])
        self.assertGreater(said["state_hashes"], 0)
        return said

    def parts(self, said):
        return [(part["rules"], part["first_seq"], part["last_seq"])
                for part in said["rules"]]

    # ---- what must be true of a log that both have written ----

    def check_the_log(self, last_of_old):
        head = self.head()
        said = self.replay(NEXT)
        self.assertEqual([(1, 1, last_of_old), (2, last_of_old + 1, head)],
                         self.parts(said))
        self.assertEqual(2, said["state_form"])
        text = self.run_on_log(NEXT, "replay").stdout
        self.assertIn(f"rules 1 decided records 1 to {last_of_old}\n", text)
        self.assertIn(f"rules 2 decided records {last_of_old + 1} to {head}\n", text)
        self.check_the_old_program(last_of_old)

    def check_the_old_program(self, last_of_old):
        """It proves all, replays its own part, and refuses the rest in words."""
        done = subprocess.run([os.path.join(BUILD, "bin", "openasg"), "log", "verify",
                               self.cluster.log_file()], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stdout)
        said = self.replay(BUILD, "--to", last_of_old)
        self.assertEqual([(1, 1, last_of_old)], self.parts(said))
        self.assertEqual(1, said["state_form"])
        done = self.run_on_log(BUILD, "replay")
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertIn(f"record {last_of_old + 1}: rules 2 decide from here on, and this "
                      "openasg knows rules 1 to 1", done.stderr)
        self.assertIn("use the release that wrote this log, or a newer one", done.stderr)

    def refused_start(self):
        """What today's controller says when it does not start."""
        command = [os.path.join(BUILD, "bin", "openasg-controller"), "--dir",
                   self.cluster.state, "--listen-http", "127.0.0.1:0",
                   "--listen-enrol", "127.0.0.1:0"]
        for name in ("agents", "workers", "admin"):
            command += [f"--listen-{name}", "tcp://127.0.0.1:*"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60)
        self.assertEqual(1, done.returncode, done.stdout)
        return done.stdout

    # ---- tests ----

    def test_an_upgrade_after_a_clean_stop(self):
        self.start(BUILD)
        self.cluster.openasg(*GROUP)
        self.assertEqual(3, self.set_desired(3))
        self.stop()
        last_of_old = self.head()
        self.assertEqual([(last_of_old, 1)], self.snapshots()[-1:])  # nothing to replay
        self.start(NEXT)
        self.assertEqual(6, self.set_desired(5))  # rounded up: rules 2
        self.stop()
        self.assertEqual((self.head(), 2), self.snapshots()[-1])
        self.check_the_log(last_of_old)
        # From the snapshot of form 1 the same follows as from the beginning.
        said = self.replay(NEXT, "--from", last_of_old + 1)
        self.assertEqual([(2, last_of_old + 1, self.head())], self.parts(said))
        # Going back is refused: the newest snapshot is of a form that today's does not know.
        self.assertRegex(self.refused_start(),
                         r"saved by a newer openasg \(form 2 of the state, this one "
                         r"knows 1 to 1\)")

    def test_an_upgrade_after_a_kill(self):
        self.start(BUILD)
        self.cluster.openasg(*GROUP)
        self.assertEqual(3, self.set_desired(3))
        self.cluster.kill("controller", signal.SIGKILL)
        last_of_old = self.head()
        self.assertEqual([], self.snapshots())  # all of it is replayed by its own rules
        self.start(NEXT)
        self.assertEqual(4, self.set_desired(4))
        self.assertEqual(8, self.set_desired(7))
        self.cluster.kill("controller", signal.SIGKILL)
        self.start(NEXT)  # over both rules
        self.assertEqual(10, self.set_desired(9))
        self.cluster.kill("controller", signal.SIGKILL)
        self.check_the_log(last_of_old)
        self.assertRegex(self.refused_start(),
                         rf"record {last_of_old + 1}: rules 2 decide from here on, and "
                         r"this openasg knows rules 1 to 1")

    def test_an_upgrade_within_a_tail(self):
        """A snapshot of form 1, a tail of rules 1, then a kill."""
        self.start(BUILD)
        self.cluster.openasg(*GROUP)
        self.stop()
        self.start(BUILD)
        self.assertEqual(3, self.set_desired(3))
        self.cluster.kill("controller", signal.SIGKILL)
        last_of_old = self.head()
        self.assertLess(self.snapshots()[-1][0], last_of_old)
        self.start(NEXT)
        self.assertEqual(6, self.set_desired(5))
        self.stop()
        self.check_the_log(last_of_old)

    def test_a_release_without_new_rules_goes_on(self):
        self.start(BUILD)
        self.cluster.openasg(*GROUP)
        self.cluster.kill("controller", signal.SIGKILL)
        self.start(BUILD)
        self.assertEqual(5, self.set_desired(5))
        self.stop()
        said = self.replay(BUILD)
        self.assertEqual([(1, 1, self.head())], self.parts(said))
        self.assertEqual([1], sorted({form for _, form in self.snapshots()}))


if __name__ == "__main__":
    unittest.main()
