#!/usr/bin/python3
"""Contexts of the command line: saved, used, which one goes first, and what goes wrong."""

import json
import os
import shutil
import stat
import subprocess
import tempfile
import unittest

from terminal import Terminal
from test_cli import OPENASG, Controller


class Contexts(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="openasg-contexts-")
        self.addCleanup(shutil.rmtree, self.home)
        self.config = os.path.join(self.home, ".config", "openasg")

    def environment(self, **more):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith(("OPENASG_", "XDG_"))}
        return {**env, "HOME": self.home, **more}

    def run_cli(self, *words, code=0, cwd=None, **environment):
        done = subprocess.run([OPENASG, *words], capture_output=True, text=True, cwd=cwd,
                              env=self.environment(**environment), timeout=60,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(code, done.returncode, f"{words}: {done.stdout}{done.stderr}")
        return done

    def add(self, name, port, *more):
        self.run_cli("context", "add", name, "--controller", f"tcp://127.0.0.1:{port}",
                     "--dir", os.path.join(self.home, name), *more)

    def in_force(self, *words, **environment):
        """Controller, dir and key file by --print-config."""
        text = self.run_cli(*words, "--print-config", **environment).stdout
        said = dict(line.split(": ", 1) for line in text.splitlines()
                    if not line.startswith("#") and ": " in line)
        return said["controller"].rsplit(":", 1)[1], os.path.dirname(said["key_file"])

    def settings_of(self, name, port):
        return str(port), os.path.join(self.home, name)

    def test_which_settings_go_first(self):
        self.add("one", 1)
        self.add("two", 2)
        os.makedirs(self.config, exist_ok=True)
        with open(os.path.join(self.config, "config.yaml"), "w") as file:
            file.write("controller: tcp://127.0.0.1:9\nkey_file: /nowhere/admin.key\n")
        self.assertEqual(("9", "/nowhere"), self.in_force())
        self.run_cli("context", "use", "one")
        one, two = self.settings_of("one", 1), self.settings_of("two", 2)
        self.assertEqual(one, self.in_force())  # not config.yaml's key
        self.assertEqual(two, self.in_force(OPENASG_CONTEXT="two"))
        self.assertEqual(one, self.in_force("--context", "one", OPENASG_CONTEXT="two"))
        # Variables go over a context in the environment, not over one of the command line.
        away = {"OPENASG_CONTROLLER": "tcp://127.0.0.1:3"}
        self.assertEqual(("3", two[1]), self.in_force(OPENASG_CONTEXT="two", **away))
        self.assertEqual(two, self.in_force("--context", "two", **away))
        # Who names a controller otherwise does not mean the one in use, nor its keys.
        self.assertEqual(("3", "/nowhere"), self.in_force(**away))
        self.assertEqual(("4", "/nowhere"), self.in_force("--controller", "tcp://127.0.0.1:4"))
        self.assertEqual(("9", "/nowhere"), self.in_force("--dir", self.home))
        # Options go over everything.
        self.assertEqual(("5", two[1]), self.in_force("--context", "two", "--controller",
                                                      "tcp://127.0.0.1:5", **away))
        self.run_cli("context", "use", "--none")
        self.assertEqual(("9", "/nowhere"), self.in_force())

    def test_files_and_their_modes(self):
        self.run_cli("context", "add", "here", "--dir", "keys", "--key-file", "ann.key",
                     cwd=self.home)
        path = os.path.join(self.config, "contexts", "here.yaml")
        self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode))
        for folder in (self.config, os.path.dirname(path)):
            self.assertEqual(0o700, stat.S_IMODE(os.stat(folder).st_mode))
        with open(path) as file:
            text = file.read()
        self.assertIn(f"dir: {self.home}/keys\n", text)  # wherever it is used from
        self.assertIn(f"key_file: {self.home}/ann.key\n", text)
        os.chmod(path, 0o622)
        said = self.run_cli("--context", "here", "status", code=2).stderr
        self.assertIn("chmod", said)
        said = self.run_cli("context", "list").stdout
        self.assertIn("chmod", said)  # the list shows it all the same

    def test_own_settings_that_others_may_write_are_refused(self):
        os.makedirs(self.config)
        path = os.path.join(self.config, "config.yaml")
        with open(path, "w") as file:
            file.write("controller: tcp://127.0.0.1:9\n")
        os.chmod(path, 0o666)
        self.assertIn("chmod go-w", self.run_cli("status", code=2).stderr)
        # A file that is named was looked at.
        self.assertEqual("9", self.in_force("--config", path)[0])
        os.chmod(path, 0o644)
        self.assertEqual("9", self.in_force()[0])

    def test_xdg_config_home(self):
        other = os.path.join(self.home, "xdg")
        os.mkdir(other)
        self.run_cli("context", "add", "x", XDG_CONFIG_HOME=other)
        self.assertTrue(os.path.exists(os.path.join(other, "openasg", "contexts", "x.yaml")))
        self.assertEqual([], json.loads(self.run_cli("context", "list", "-o", "json").stdout))

    def test_list_show_and_rm(self):
        self.add("b", 2)
        self.add("a", 1)
        self.run_cli("context", "use", "b")
        listed = json.loads(self.run_cli("context", "list", "-o", "json").stdout)
        self.assertEqual([("a", False), ("b", True)],
                         [(each["name"], each["is_current"]) for each in listed])
        self.assertIn("tcp://127.0.0.1:2", self.run_cli("context", "show").stdout)
        self.assertIn("tcp://127.0.0.1:1", self.run_cli("context", "show", "a").stdout)
        shown = json.loads(self.run_cli("context", "show", "-o", "json",
                                        OPENASG_CONTEXT="a").stdout)
        self.assertEqual(("a", "OPENASG_CONTEXT"), (shown["name"], shown["from"]))
        self.run_cli("context", "add", "a", code=1)
        self.add("a", 7, "--replace")
        self.assertIn(":7", self.run_cli("context", "show", "a").stdout)
        self.assertIn("no context is in use now", self.run_cli("context", "rm", "b").stderr)
        self.run_cli("context", "show", code=1)
        self.run_cli("context", "rm", "b", code=1)

    def test_a_copy_starts_from_another(self):
        self.add("old", 1)
        self.run_cli("context", "add", "new", "--context", "old", "--controller",
                     "tcp://127.0.0.1:2")
        self.assertEqual(("2", os.path.join(self.home, "old")),
                         self.in_force("--context", "new"))

    def test_what_is_wrong_says_what_to_do(self):
        self.add("prod", 1)
        for how in (lambda: self.run_cli("status", "--context", "prdo", code=2),
                    lambda: self.run_cli("status", OPENASG_CONTEXT="prdo", code=2)):
            self.assertIn('did you mean "prod"?', how().stderr)
        said = self.run_cli("status", "--context", "staging", code=2).stderr
        self.assertIn("openasg context add staging", said)
        for bad in ("../prod", "", ".x", "a/b", "x" * 65):
            self.run_cli("context", "add", bad, code=2)
        said = self.run_cli("context", "use", "nosuch", code=1).stderr
        self.assertIn("openasg context list", said)
        self.run_cli("context", "use", "prod")
        os.unlink(os.path.join(self.config, "contexts", "prod.yaml"))
        said = self.run_cli("status", code=2).stderr
        self.assertIn('there is no context "prod" (from "openasg context use")', said)
        self.run_cli("context", "use", "--none")  # and this mends it
        with open(os.path.join(self.config, "contexts", "bad.yaml"), "w") as file:
            file.write("controler: tcp://127.0.0.1:1\n")
        said = self.run_cli("status", "--context", "bad", code=2).stderr
        self.assertIn("bad.yaml", said)
        self.assertIn("did you mean", said)

    def test_a_shell_that_says_otherwise_is_noted(self):
        self.add("prod", 1)
        said = self.run_cli("context", "use", "prod", OPENASG_DIR="/tmp").stderr
        self.assertIn("OPENASG_DIR is set in this shell and takes precedence", said)

    def test_a_question_names_the_context(self):
        controller = Controller()
        self.addCleanup(controller.remove)
        controller.start()
        self.run_cli("context", "add", "prod", "--controller", controller.admin, "--dir",
                     controller.dir)
        self.run_cli("context", "use", "prod")
        terminal = Terminal([OPENASG, "halt"], self.environment())
        self.addCleanup(terminal.close)
        terminal.wait_for(r"\(context prod, " + controller.admin + r"\)\. Continue\?")
        terminal.type("y\n")
        self.assertEqual(0, terminal.end())


if __name__ == "__main__":
    unittest.main()
