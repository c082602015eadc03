#!/usr/bin/python3
"""Completion in real shells on terminals: bash, zsh and fish, with the names that a real
controller knows; quick and silent when it is away."""

import os
import shutil
import subprocess
import tempfile
import time
import unittest

from terminal import Terminal
from test_cli import BUILD, OPENASG, Controller

GROUP = ["--min", "0", "--max", "4", "--desired", "0", "--template-id",
         "lt-0123456789abcdef0", "--template-version", "1", "--zones", "us-east-1a"]


class Complete(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.controller = Controller()
        cls.addClassCleanup(cls.controller.remove)
        cls.controller.start()
        cls.home = tempfile.mkdtemp(prefix="openasg-complete-")
        cls.addClassCleanup(shutil.rmtree, cls.home)
        for words in (["group", "create", "payments", *GROUP], ["group", "create", "web", *GROUP],
                      ["policy", "put", "web", "cpu50", "--target", "50"],
                      ["schedule", "put", "web", "mornings", "--recurrence", "0 9 * * 1-5",
                       "--min", "2"],
                      ["context", "add", "production"]):
            cls.run_cli(*words)

    @classmethod
    def environment(cls, **more):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith(("OPENASG_", "XDG_", "ZDOTDIR"))}
        path = os.path.join(BUILD, "bin") + ":" + env["PATH"]
        return {**env, "OPENASG_DIR": cls.controller.dir, "TERM": "xterm", "PATH": path,
                "OPENASG_CONTROLLER": cls.controller.admin, "HOME": cls.home,
                "HISTFILE": "/dev/null", "INPUTRC": "/dev/null", **more}

    @classmethod
    def run_cli(cls, *words, **environment):
        done = subprocess.run([OPENASG, *words], capture_output=True, text=True, timeout=60,
                              env=cls.environment(**environment), stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"{words}: {done.stderr}")
        return done.stdout

    def fitting(self, *words, **environment):
        lines = self.run_cli("__complete", "--", *words, **environment).split("\n")
        self.assertIn(lines[0], (":", ":files"))
        self.flags = lines[0]
        return [line.split("\t")[0] for line in lines[1:] if line]

    def test_words_of_the_table(self):
        self.assertEqual(["group"], self.fitting("gr"))
        self.assertEqual(["group"], self.fitting("-o", "json", "gr"))
        self.assertIn("list", self.fitting("group", ""))
        self.assertEqual(["show"], self.fitting("jobs", "sh"))
        self.assertNotIn("__complete", self.fitting(""))
        self.assertEqual(["json"], self.fitting("status", "-o", "js"))
        self.assertEqual(["--output=json"], self.fitting("status", "--output=js"))
        self.assertIn("--columns", self.fitting("group", "list", "--"))
        self.assertNotIn("--columns", self.fitting("group", "show", "--"))
        self.assertNotIn("--output", self.fitting("status", "--output", "json", "--o"))
        self.assertEqual([], self.fitting("nosuch", ""))
        self.assertEqual(["command,alarm"], self.fitting("events", "--kind", "command,al"))
        self.fitting("log", "verify", "")
        self.assertEqual(":files", self.flags)
        self.fitting("status", "--config=")
        self.assertEqual(":files", self.flags)

    def test_names_of_the_controller(self):
        self.assertEqual(["payments", "web"], self.fitting("group", "show", ""))
        self.assertEqual(["payments"], self.fitting("explain", "pa"))
        self.assertEqual(["--group=web"], self.fitting("events", "--group=w"))
        self.assertEqual(["cpu50"], self.fitting("policy", "delete", "web", ""))
        self.assertEqual([], self.fitting("policy", "delete", "payments", ""))
        self.assertEqual(["mornings"], self.fitting("schedule", "delete", "web", "m"))
        self.assertEqual(["production"], self.fitting("status", "--context", ""))
        self.assertIn("terminate", self.fitting("suspend", "web", ""))
        self.assertIn("replace-unhealthy", self.fitting("suspend", "web", "launch", "rep"))
        # Options of the line count: this one's controller is another.
        self.assertEqual([], self.fitting("--controller", "tcp://127.0.0.1:9", "group", "show",
                                          "", OPENASG_CONTROLLER=""))

    def test_quick_and_silent_without_a_controller(self):
        for environment in ({"OPENASG_CONTROLLER": "tcp://127.0.0.1:9"},
                            {"OPENASG_DIR": "/nonexistent"}, {"OPENASG_CONTROLLER": "nonsense"},
                            {"OPENASG_CONTEXT": "nosuch"}):
            began = time.monotonic()
            done = subprocess.run([OPENASG, "__complete", "--", "group", "show", ""],
                                  capture_output=True, text=True, timeout=60,
                                  env=self.environment(**environment))
            self.assertEqual((0, ":\n", ""), (done.returncode, done.stdout, done.stderr))
            self.assertLess(time.monotonic() - began, 3)  # 1 s, on a busy machine

    def script(self, shell, name):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(self.run_cli("completion", shell))
        return path

    def shell(self, command, **environment):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        terminal = Terminal([shutil.which(command[0]), *command[1:]],
                            self.environment(**environment), columns=200)
        self.addCleanup(terminal.close)
        return terminal

    def play(self, terminal, exact):
        """TAB by TAB. `exact`: how the shell shows what it has completed."""
        for typed, shown in (("openasg gro\t", "openasg group "), ("sh\t", "show "),
                             ("pay\t", "payments ")):
            terminal.type(typed)
            terminal.wait_for(exact(shown))
        terminal.type("--out\t")
        terminal.wait_for(exact("put"))
        terminal.type("\x15openasg policy delete we\t")
        terminal.wait_for("b")
        terminal.type("cp\t")
        terminal.wait_for(exact("u50"))
        terminal.type("\x15openasg status --output=js\t")
        terminal.wait_for(exact("on"))
        terminal.type("\x15openasg explain \t\t")  # both names are listed
        terminal.wait_for("payments")
        terminal.wait_for("web")

    def test_bash(self):
        script = self.script("bash", "openasg.bash")
        terminal = self.shell(["bash", "--norc", "--noprofile", "-i"], PS1="$ ")
        terminal.type(f"source {script}; echo rea''dy\n")
        terminal.wait_for("[\r\n]ready\n")
        self.play(terminal, lambda text: text)
        terminal.type("\x15openasg log verify " + self.home + "/openasg.ba\t")
        terminal.wait_for("sh ")

    def test_zsh(self):
        self.script("zsh", "functions/_openasg")
        terminal = self.shell(["zsh", "-f", "-i"], PS1="$ ")
        terminal.type(f"fpath=({self.home}/functions $fpath); autoload -U compinit; "
                      "compinit -u -D; setopt no_beep; bindkey -e; echo rea''dy\n")
        terminal.wait_for("[\r\n]ready\n", 60)
        self.play(terminal, lambda text: ".*".join(text.strip()))

    def test_fish(self):
        self.script("fish", ".config/fish/completions/openasg.fish")
        terminal = self.shell(["fish", "--private", "-i"])
        terminal.type("set -g fish_greeting; set -g fish_autosuggestion_enabled 0; "
                      "echo rea''dy\r")
        terminal.wait_for("[\r\n]ready\n", 60)
        self.play(terminal, lambda text: ".*".join(text.strip()))


if __name__ == "__main__":
    unittest.main()
