"""docs/recovery.md with real processes: a backup beside a running controller, a group and
instances that come later, the old copy put back. Nothing is terminated, the alarm stands,
nothing is launched in place of what is unknown; adopting one and ending another settles
it."""

import os
import shutil
import sys
import tempfile
import unittest

root = os.environ["ASG_SOURCE_DIR"]
build = os.environ["ASG_BUILD_DIR"]
sys.path.insert(0, os.path.join(root, "deploy"))
from cluster import Cluster, Trouble, wait_for  # noqa: E402

IMAGE = "ami-0123456789abcdef0"


class RecoveryTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-recovery-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(build, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_ec2local("--no-boot", "--boot-delay-ms", "30")
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1", hello_every="300ms")

    def make_group(self, name, desired):
        self.cluster.openasg("group", "create", name, "--min", "0", "--max", "4",
                             "--desired", str(desired), "--template", "plain",
                             "--zones", "us-east-1a", "--health-check", "ec2")

    def serve(self, name, count):
        self.cluster.openasg("wait", name, "--in-service", str(count), "--timeout", "60s")

    def live(self, group):
        return {instance for instance, row in self.cluster.ec2_instances().items()
                if row["tags"].get("openasg:group") == group}

    def orphans(self):
        return {row["instance_id"]: row for row in self.cluster.ask("orphan", "list")}

    def held(self):
        status = self.cluster.ask("status")
        if isinstance(status, list):
            status = status[0]
        return status["held"]

    def restore(self, backup):
        self.cluster.kill("controller")
        log = self.cluster.log_file()
        for tail in ("", "-wal", "-shm"):
            if os.path.exists(log + tail):
                os.unlink(log + tail)
        shutil.copy(backup, log)
        os.chmod(log, 0o600)
        self.cluster.start_controller()

    def test_an_old_backup_ends_nobody_and_an_operator_settles_it(self):
        self.cluster.openasg("template", "create", "plain", "--image", IMAGE,
                             "--instance-type", "t3.micro")
        self.make_group("web", 1)
        self.serve("web", 1)
        backup = os.path.join(self.folder, "backup.log")
        self.cluster.env["OPENASG_LOG"] = self.cluster.log_file()
        self.cluster.openasg("log", "backup", backup)
        self.assertEqual(0o600, os.stat(backup).st_mode & 0o777)
        with self.assertRaises(Trouble):
            self.cluster.openasg("log", "backup", backup)

        # What the copy knows nothing of.
        self.make_group("late", 2)
        self.serve("late", 2)
        self.cluster.openasg("desired", "set", "web", "2")
        self.serve("web", 2)
        tokens = {row["token"] for row in self.cluster.ec2_instances().values()}
        late, web = self.live("late"), self.live("web")
        self.assertEqual((2, 2), (len(late), len(web)))

        self.restore(backup)
        wait_for("everything unknown to be listed", lambda: len(self.orphans()) == 3)
        self.assertIn("old copy", self.held())
        alarms = self.cluster.openasg("status")
        self.assertIn("orphan list", alarms)
        self.assertIn("held", self.cluster.openasg("group", "list"))
        for row in self.orphans().values():
            self.assertEqual("unknown-job", row["kind"])
            self.assertIsNone(row["ends_ms"])
        # Its worker went on all the time, and serves again: a launch of a job id that the
        # lost log gave out is another launch.
        self.make_group("fresh", 2)
        self.serve("fresh", 2)
        for instance in self.live("fresh"):
            self.assertNotIn(self.cluster.ec2_instances()[instance]["token"], tokens)
        self.assertEqual((late, web), (self.live("late"), self.live("web")))

        refused = self.cluster.openasg("instance", "adopt", *late, check=False)
        self.assertIn("does not exist", refused)
        self.make_group("late", 0)
        keep, drop = sorted(late)
        self.cluster.openasg("instance", "adopt", keep)
        self.serve("late", 1)
        self.assertIn("old copy", self.held())
        self.cluster.openasg("orphan", "end", drop, "--yes")
        self.cluster.openasg("instance", "adopt", "--all")
        self.serve("web", 2)
        wait_for("the hold to be over", lambda: self.held() == "")
        wait_for("the other to be terminated", lambda: self.live("late") == {keep})
        wait_for("nothing to be unknown", lambda: not self.orphans())
        self.assertEqual(web, self.live("web"))
        self.cluster.openasg("log", "verify", self.cluster.log_file(), "--states")


if __name__ == "__main__":
    unittest.main()
