#!/usr/bin/python3
"""What destroys asks on a terminal, is refused without one, and does not ask with --yes."""

import os
import unittest

from terminal import Terminal
from test_cli import OPENASG, Controller

import test_cli

GROUP = ["--min", "0", "--max", "4", "--desired", "2", "--template-id",
         "lt-0123456789abcdef0", "--template-version", "1", "--zones", "us-east-1a"]


class Questions(unittest.TestCase):
    environment = test_cli.CliTest.environment
    run_cli = test_cli.CliTest.run_cli
    ask = test_cli.CliTest.ask

    @classmethod
    def setUpClass(cls):
        cls.controller = Controller()
        cls.controller.start()

    @classmethod
    def tearDownClass(cls):
        cls.controller.remove()

    def on_terminal(self, *words):
        terminal = Terminal([OPENASG, *words], self.environment())
        self.addCleanup(terminal.close)
        return terminal

    def answer(self, answer, *words):
        terminal = self.on_terminal(*words)
        asked = terminal.wait_for(r"This will ([^?]*)\. Continue\? \[y/N\] ").group(1)
        terminal.type(answer)
        return asked, terminal.end(), terminal.text

    def is_halted(self):
        return self.ask("status")["is_halted"]

    def test_a_terminal_is_asked_and_no_is_no(self):
        for no in ("\n", "n\n", "\x04", "yeah\n", "perhaps, yes\n"):
            asked, code, text = self.answer(no, "halt")
            self.assertEqual(1, code, no)
            self.assertIn("nothing was done", text)
            self.assertIn("in all groups", asked)
            self.assertIn(self.controller.admin, asked)  # of which controller
            self.assertFalse(self.is_halted())

    def test_yes_is_yes(self):
        for yes in ("y\n", "YES\n", " yes \n"):
            self.assertEqual(0, self.answer(yes, "halt")[1])
            self.assertTrue(self.is_halted())
            self.run_cli("unhalt")

    def test_who_is_interrupted_did_nothing(self):
        self.assertNotEqual(0, self.answer("\x03", "halt")[1])
        self.assertFalse(self.is_halted())

    def test_without_a_terminal_it_is_refused_and_yes_goes_on(self):
        said = self.run_cli("halt", code=2).stderr
        self.assertIn("there is no terminal to confirm it on; nothing was done", said)
        self.assertIn("--yes", said)
        self.assertFalse(self.is_halted())
        self.run_cli("halt", "-y")
        self.assertTrue(self.is_halted())
        self.run_cli("unhalt")

    def test_each_that_destroys_asks(self):
        self.run_cli("group", "create", "doomed", *GROUP)
        for words in (["group", "delete", "doomed", "--force"], ["orphan", "end", "--all"],
                      ["orphan", "end", "i-1", "i-2"], ["reconcile", "--believe"],
                      ["keys", "remove-api", "ann"], ["keys", "rotate", "api", "ann", "--now"]):
            said = self.run_cli(*words, code=2).stderr
            self.assertIn("nothing was done. Repeat it with --yes", said, words)
        asked, code, _ = self.answer("n\n", "group", "delete", "doomed", "--force")
        self.assertIn("delete group doomed and terminate its 0 instances", asked)
        self.assertEqual(1, code)
        self.assertEqual("doomed", self.ask("group", "show", "doomed")["config"]["name"])
        self.assertEqual(0, self.answer("y\n", "group", "delete", "doomed", "--force")[1])

    def test_what_destroys_nothing_does_not_ask(self):
        self.run_cli("group", "create", "calm", *GROUP)
        for words in (["halt", "calm"], ["unhalt", "calm"], ["reconcile"]):
            terminal = self.on_terminal(*words)
            self.assertEqual(0, terminal.end(), terminal.text)
            self.assertNotIn("Continue?", terminal.text)
        # What is not there is not asked about.
        terminal = self.on_terminal("group", "delete", "nosuch", "--force")
        self.assertEqual(1, terminal.end())
        self.assertIn('there is no group "nosuch"', terminal.text)


if __name__ == "__main__":
    unittest.main()
