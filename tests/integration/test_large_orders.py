#!/usr/bin/python3
"""An apply as large as one order may be, against a real controller: it is taken as a whole,
tried as well, verified and replayed; one that is refused leaves nothing behind."""

import os
import shutil
import subprocess
import tempfile
import time
import unittest

import test_cli
from test_cli import OPENASG, Controller

MIB = 1048576
GROUPS = 640
LIMIT = "OPENASG_CONTROLLER_LIMITS_GROUPS"
VALUE = "v" * 250


def files(count, more=""):
    """Some 12.7 KB of an order for each group."""
    tags = ",".join(f"{{key: key-{no}, value: {VALUE}}}" for no in range(46))
    return "---\n".join(
        f"group:\n  name: group-{no:04}\n  min: 0\n  max: 8\n  template_id: lt-0123456789abcdef0\n"
        f'  template_version: "1"\n  subnets: [{{zone: us-east-1a}}]\n  tags: [{tags}]\n'
        for no in range(count)) + more


class LargeOrderTest(unittest.TestCase):
    def setUp(self):
        self.controller = Controller()
        self.addCleanup(self.controller.remove)
        os.environ[LIMIT] = "5000"
        self.addCleanup(os.environ.pop, LIMIT)
        self.controller.start()
        self.folder = tempfile.mkdtemp(prefix="openasg-large-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_cli(self, *words):
        env = dict(os.environ, OPENASG_DIR=self.controller.dir,
                   OPENASG_CONTROLLER=self.controller.admin, HOME=self.folder)
        return subprocess.run([OPENASG, *words], capture_output=True, text=True, env=env,
                              timeout=120, stdin=subprocess.DEVNULL)

    def write(self, text):
        path = os.path.join(self.folder, "groups.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def count(self):
        return self.run_cli("group", "list", "-o", "csv").stdout.count("group-")

    def test_one_order_of_nearly_8_mib(self):
        path = self.write(files(GROUPS))
        size = os.path.getsize(path)
        tried = self.run_cli("apply", "-f", path, "--dry-run")
        self.assertEqual(0, tried.returncode, tried.stderr[-500:])
        self.assertEqual(0, self.count())
        begun = time.monotonic()
        applied = self.run_cli("apply", "-f", path)
        took = time.monotonic() - begun
        self.assertEqual(0, applied.returncode, applied.stderr[-500:])
        self.assertEqual(GROUPS, self.count())
        print(f"{size / MIB:.2f} MiB of YAML, {GROUPS} groups: {took:.2f} s", flush=True)
        self.controller.stop()
        records = self.run_cli("log", "export", "--format", "csv").stdout
        self.assertEqual(1, records.count("apply by "))  # a trial leaves none
        for words in (["log", "verify"], ["replay"]):
            done = self.run_cli(*words)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_the_last_group_refuses_all_of_it(self):
        path = self.write(files(GROUPS, "---\ngroup:\n  name: z\n  min: 9\n  max: 8\n"
                                "  template_id: lt-0123456789abcdef0\n"
                                "  subnets: [{zone: us-east-1a}]\n"))
        refused = self.run_cli("apply", "-f", path)
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("z", refused.stderr)
        self.assertEqual(0, self.count())


del test_cli.CliTest

if __name__ == "__main__":
    unittest.main()
