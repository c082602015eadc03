#!/usr/bin/python3
"""--wait on writes: it is true when the command ends, or exit code 6 with the reason."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
sys.path.insert(0, os.path.join(SOURCE, "deploy"))

from cluster import Cluster  # noqa: E402
from terminal import Terminal  # noqa: E402


class Waits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="asg-wait-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.cluster = Cluster(BUILD, cls.folder)
        cls.addClassCleanup(cls.cluster.stop_all)
        cls.cluster.start_ec2local("--boot-delay-ms", "200")
        cls.cluster.start_controller()
        cls.cluster.start_worker("worker-1")
        cls.cluster.openasg("template", "create", "web", "--image", "ami-0123456789abcdef0",
                            "--instance-type", "t3.micro")

    def run_cli(self, *words, code=0):
        done = subprocess.run(self.cluster.openasg_command(*words), env=self.cluster.env,
                              capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(code, done.returncode, f"{words}: {done.stdout}{done.stderr}")
        return done

    def create(self, name, size, *more, code=0):
        return self.run_cli("group", "create", name, "--min", "0", "--max", "8", "--desired",
                            str(size), "--template", "web", "--zones", "us-east-1a",
                            "--warmup", "0s", "--cooldown", "0s", *more, code=code)

    def serving(self, name):
        view = self.cluster.ask("group", "show", name)
        return view["in_service"]

    def test_create_set_and_delete_end_when_it_is_so(self):
        said = self.create("whole", 2, "--wait").stderr
        self.assertEqual(2, self.serving("whole"))
        self.assertIn("group whole: 2 in service, desired 2, 0 pending", said)
        self.run_cli("desired", "set", "whole", "4", "--wait=60s")
        self.assertEqual(4, self.serving("whole"))
        self.run_cli("group", "update", "whole", "--max", "3", "--force", "--wait")
        self.assertEqual(3, self.serving("whole"))
        self.run_cli("group", "delete", "whole", "--force", "--yes", "--wait")
        self.run_cli("group", "show", "whole", code=1)

    def test_an_instance_is_gone(self):
        self.create("ends", 2, "--wait")
        victim = self.cluster.ask("instance", "list", "ends")[0]["instance_id"]
        said = self.run_cli("instance", "terminate", victim, "--yes", "--wait").stderr
        self.assertIn(f"{victim} is gone", said)
        there = {each["instance_id"]: each["state"]
                 for each in self.cluster.ask("instance", "list", "ends")}
        self.assertIn(there.get(victim, "terminated"), ("terminated",))

    def test_the_limit_says_how_far_and_why(self):
        self.create("stuck", 0)
        self.run_cli("halt", "stuck")
        said = self.run_cli("desired", "set", "stuck", "1", "--wait=500ms", code=6).stderr
        self.assertIn("group stuck did not get there within 500ms: 0 in service, desired 1",
                      said)
        self.assertIn("halted", said)  # why
        self.assertIn("openasg explain stuck", said)
        # `openasg wait` says the same.
        said = self.run_cli("wait", "stuck", "--in-service", "1", "--timeout", "300ms",
                            code=6).stderr
        self.assertIn("halted", said)
        as_json = self.run_cli("desired", "set", "stuck", "2", "--wait=300ms", "-o", "json",
                               code=6)
        self.assertEqual(6, json.loads(as_json.stderr.splitlines()[-1])["error"]["exit_code"])

    def test_a_refusal_is_not_waited_for(self):
        self.create("full", 0)
        self.run_cli("desired", "set", "full", "9", "--wait", code=1)
        self.create("full", 0, "--wait", code=1)  # there is one already
        self.run_cli("desired", "set", "full", "1", "--wait=0s", code=2)

    def test_a_controller_that_is_killed_meanwhile_does_not_end_it(self):
        self.create("over", 0)
        self.run_cli("halt", "over")
        result = []
        thread = threading.Thread(target=lambda: result.append(
            subprocess.run(self.cluster.openasg_command(
                "desired", "set", "over", "1", "--wait=60s"), env=self.cluster.env,
                capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)))
        thread.start()
        self.run_cli("wait", "over", "--desired", "1")  # its order was taken
        self.cluster.kill("controller")
        self.cluster.start_controller()
        self.run_cli("unhalt", "over")
        thread.join()
        self.assertEqual(0, result[0].returncode, result[0].stderr)
        self.assertEqual(1, self.serving("over"))

    def test_a_terminal_sees_how_far_it_is(self):
        self.create("seen", 0)
        self.run_cli("halt", "seen")
        terminal = Terminal(self.cluster.openasg_command("desired", "set", "seen", "1", "--wait"),
                            {**self.cluster.env, "TERM": "xterm"}, columns=80)
        self.addCleanup(terminal.close)
        terminal.wait_for(r"waiting: group seen: 0 in service, desired 1; halted by an operator")
        self.run_cli("unhalt", "seen")
        terminal.wait_for(r"group seen: 1 in service")
        self.assertEqual(0, terminal.end())

    def test_an_order_that_is_overruled_is_no_success(self):
        """Else `desired set 3 --wait` would end well when a policy went back to 2 before."""
        self.create("back", 0)
        self.run_cli("halt", "back")
        terminal = Terminal(self.cluster.openasg_command("desired", "set", "back", "1", "--wait"),
                            {**self.cluster.env, "TERM": "xterm"})
        self.addCleanup(terminal.close)
        terminal.wait_for(r"waiting: group back: 0 in service, desired 1")
        self.run_cli("desired", "set", "back", "0")  # as many in service as are desired
        terminal.wait_for(r"group back: desired was 1 and has been changed since, by a policy, "
                          r"a scheduled action or another order: 0 in service, desired 0, .*"
                          r"openasg explain back")
        self.assertEqual(6, terminal.end())


if __name__ == "__main__":
    unittest.main()
