#!/usr/bin/python3
"""What deploy/ hands to an operator: the units are ones that systemd takes and that expose
little, and the settings of the walk-through are ones that the programs know."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
UNITS = os.path.join(SOURCE, "deploy", "systemd")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


class DeployTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-deploy-")

    def tearDown(self):
        shutil.rmtree(self.folder)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd here")
    def test_systemd_takes_the_units_without_a_word(self):
        paths = []
        for name in sorted(os.listdir(UNITS)):
            with open(os.path.join(UNITS, name)) as file:
                text = file.read()
            # The programs are not installed here; what systemd asks is that one is there.
            fit = re.sub(r"(?m)^(Exec\w+=[-+!@]*)/usr/bin/openasg\S*", r"\1/bin/true", text)
            self.assertNotEqual(text, fit)
            paths.append(os.path.join(self.folder, name))
            with open(paths[-1], "w") as file:
                file.write(fit)
        self.assertEqual(3, len(paths))
        done = run("systemd-analyze", "verify", "--man=no", *paths)
        ours = [line for line in (done.stdout + done.stderr).splitlines()
                if "openasg" in line]
        self.assertEqual((0, []), (done.returncode, ours))

    def test_a_program_that_cannot_begin_yet_is_started_again_without_end(self):
        """systemd's own limit, 5 starts in 10 s, would leave it down for good: a worker whose
        host has no route to the metadata yet ends within moments."""
        for name in sorted(os.listdir(UNITS)):
            with open(os.path.join(UNITS, name)) as file:
                unit, service = file.read().split("[Service]")
            self.assertIn("\nStartLimitIntervalSec=0\n", unit)
            self.assertIn("\nRestart=always\n", service)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd here")
    def test_the_units_expose_little(self):
        for name in sorted(os.listdir(UNITS)):
            done = run("systemd-analyze", "security", "--offline=true", "--threshold=12",
                       os.path.join(UNITS, name))
            self.assertEqual(0, done.returncode, done.stdout[-300:])

    def test_the_programs_know_the_settings_of_the_walk_through(self):
        with open(os.path.join(SOURCE, "deploy", "README.md")) as file:
            text = file.read()
        blocks = re.findall(
            r"(?ms)^```yaml \S+ file=/etc/openasg/(\w+)\.yaml\n(.*?)^```$", text)
        self.assertEqual(["controller", "worker"], [name for name, _ in blocks])
        for name, block in blocks:
            path = os.path.join(self.folder, name + ".yaml")
            with open(path, "w") as file:
                file.write(block)
            done = run(os.path.join(BUILD, "bin", "openasg-" + name), "--config", path,
                       "--print-config")
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn("tcp://10.0.0.5:770", done.stdout)

    def test_every_user_of_a_unit_is_made_by_the_file_of_users(self):
        with open(os.path.join(SOURCE, "deploy", "sysusers.d", "openasg.conf")) as file:
            made = set(re.findall(r"(?m)^u (\S+) ", file.read()))
        used = {}
        for name in sorted(os.listdir(UNITS)):
            with open(os.path.join(UNITS, name)) as file:
                unit = file.read()
            user = re.search(r"(?m)^User=(.*)$", unit)
            used[name] = user and user[1]
            self.assertEqual(user is None, "\nDynamicUser=yes\n" in unit, name)
            self.assertEqual(user and user[1],
                             (re.search(r"(?m)^Group=(.*)$", unit) or [None, None])[1])
            for bound in ("MemoryMax", "LimitNOFILE", "TasksMax"):
                self.assertRegex(unit, rf"(?m)^{bound}=\w+$", name)
        self.assertEqual(used, {"openasg-agent.service": None,
                                "openasg-controller.service": "openasg",
                                "openasg-worker.service": "openasg-worker"})
        self.assertEqual(made, {"openasg", "openasg-worker"})

    def test_the_units_let_libzmq_do_what_it_cannot_do_without(self):
        """Where nobody plays the units under their filters (tests/e2e/test_walk_through.py):
        a listener of libzmq looks at the interfaces, by netlink, and its threads set the
        scheduling that they have; refused, the first aborts and the second are killed."""
        for name in sorted(os.listdir(UNITS)):
            with open(os.path.join(UNITS, name)) as file:
                unit = file.read()
            if name != "openasg-worker.service":  # it does not listen
                self.assertRegex(unit, r"(?m)^RestrictAddressFamilies=.*\bAF_NETLINK\b")
            filters = re.findall(r"(?m)^SystemCallFilter=(.*)$", unit)
            if any(line.startswith("~") and "@resources" in line for line in filters):
                self.assertEqual("sched_setscheduler", filters[-1], name)

    def test_the_units_run_programs_with_options_they_have(self):
        for name in sorted(os.listdir(UNITS)):
            with open(os.path.join(UNITS, name)) as file:
                command = re.search(r"(?m)^ExecStart=/usr/bin/(\S+) (.*)$", file.read())
            program = os.path.join(BUILD, "bin", command[1])
            self.assertTrue(os.path.exists(program), program)
            said = run(program, "--help").stdout
            for option in re.findall(r"--[\w-]+", command[2]):
                self.assertIn(option, said)


if __name__ == "__main__":
    unittest.main()
