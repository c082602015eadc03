#!/usr/bin/python3
"""--watch of lists and `openasg events`: what changed, on a terminal and in a pipe, over a
controller that is killed, without a gap and nothing twice."""

import json
import os
import signal
import subprocess
import threading
import unittest

import test_cli
from terminal import Terminal
from test_cli import OPENASG, Controller, wait_for

GROUP = ["--min", "0", "--max", "9", "--desired", "0", "--template-id",
         "lt-0123456789abcdef0", "--template-version", "1", "--zones", "us-east-1a"]


class Stream:
    """A command that goes on, and the lines that it wrote."""

    def __init__(self, words, env):
        self.process = subprocess.Popen([OPENASG, *words], env=env, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL)
        self.out, self.err = [], []
        self.threads = [threading.Thread(target=self.read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out),
                                     (self.process.stderr, self.err))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def read(file, lines):
        for line in file:
            lines.append(line.rstrip("\n"))

    def wait_for(self, text, seconds=20):
        wait_for(text, lambda: any(text in line for line in self.out + self.err), seconds)

    def end(self, how=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        for thread in self.threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return code


class WatchTest(unittest.TestCase):
    environment = test_cli.CliTest.environment
    run_cli = test_cli.CliTest.run_cli

    def setUp(self):
        self.controller = Controller()
        self.addCleanup(self.controller.remove)
        self.controller.start()

    def create(self, name):
        self.run_cli("group", "create", name, *GROUP)

    def stream(self, *words):
        stream = Stream(words, self.environment())
        self.addCleanup(lambda: stream.process.poll() is None and stream.end(signal.SIGKILL))
        return stream


class Watch(WatchTest):
    def test_a_pipe_gets_a_line_a_change(self):
        self.create("calm")
        self.create("web")
        stream = self.stream("group", "list", "--watch=100ms")
        stream.wait_for("now      web")
        self.run_cli("group", "update", "web", "--max", "5")
        stream.wait_for("changed  web")
        self.create("late")
        stream.wait_for("added    late")
        self.run_cli("group", "delete", "web")
        stream.wait_for("gone     web")
        self.assertEqual(0, stream.end())
        self.assertEqual(1, sum("  calm " in line for line in stream.out))  # nothing twice

    def test_what_follows_is_ended_by_ctrl_c_with_exit_code_0(self):
        self.create("web")
        for words in (("explain", "web", "--follow"), ("log", "tail", "--follow")):
            stream = self.stream(*words)
            stream.wait_for("web")
            self.assertEqual(0, stream.end(), words)

    def test_lines_of_json(self):
        self.create("web")
        stream = self.stream("group", "list", "-w=100ms", "-o", "json")
        stream.wait_for('"now"')
        self.run_cli("group", "update", "web", "--max", "5")
        stream.wait_for('"changed"')
        self.assertEqual(0, stream.end())
        lines = [json.loads(line) for line in stream.out]
        self.assertEqual(["now", "changed"], [line["change"] for line in lines])
        self.assertEqual([9, 5], [line["item"]["config"]["max"] for line in lines])

    def test_a_terminal_is_drawn_anew_with_marks(self):
        self.create("calm")
        self.create("web")
        terminal = Terminal([OPENASG, "group", "list", "--watch=100ms"],
                            self.environment(TERM="xterm"))
        self.addCleanup(terminal.close)
        terminal.wait_for(r"group list, every 100ms, .*Ctrl-C to stop\x1b\[K\n")
        terminal.wait_for(r"\n  web ")
        self.run_cli("group", "update", "web", "--max", "5")
        terminal.wait_for(r"\n  calm [^\n]*\n\* \x1b\[1mweb ")
        terminal.wait_for(r"\n  web ")  # and the mark goes again
        self.controller.stop(signal.SIGKILL)
        terminal.wait_for("the controller cannot be reached, trying again: [a-z]")  # and no colours
        self.controller.start()
        terminal.wait_for("the controller (is back|was restarted)")
        terminal.wait_for(r"\n  web ")
        terminal.type("\x03")
        self.assertEqual(0, terminal.end())

    def test_a_narrow_terminal_has_the_note(self):
        """As the list itself: columns are left out, not what is on the right."""
        self.create("web")
        self.run_cli("halt", "web")
        terminal = Terminal([OPENASG, "group", "list", "--watch=100ms"],
                            self.environment(TERM="xterm"), columns=80)
        self.addCleanup(terminal.close)
        terminal.wait_for(r"\n  NAME .* NOTE\x1b\[K\n")
        terminal.wait_for(r"\n  web .* halted\x1b\[K\n")
        terminal.type("\x03")
        self.assertEqual(0, terminal.end())

    def test_a_killed_controller_does_not_end_it(self):
        self.create("web")
        stream = self.stream("group", "list", "--watch=100ms")
        stream.wait_for("now      web")
        self.controller.stop(signal.SIGKILL)
        stream.wait_for("the controller cannot be reached, trying again")
        self.controller.start()
        stream.wait_for("the controller was restarted")
        self.create("late")
        stream.wait_for("added    late")
        self.assertEqual(0, stream.end())
        self.assertEqual(1, sum("  web " in line for line in stream.out))

    def test_what_cannot_go_on_ends_it(self):
        said = self.run_cli("instance", "list", "nosuch", "--watch", code=1)
        self.assertIn('there is no group "nosuch"', said.stderr)
        said = self.run_cli("group", "list", "--watch", "-o", "yaml", code=2)
        self.assertIn("leave out --output", said.stderr)
        self.run_cli("group", "list", "--watch=1ms", code=2)
        self.controller.stop()
        self.run_cli("group", "list", "--watch", "--request-timeout", "200ms", code=3)


class Events(WatchTest):
    def events(self, *words):
        """What there is, as JSON."""
        done = self.run_cli("events", "--once", "-o", "json", *words)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_lines_as_they_happen(self):
        self.create("before")
        stream = self.stream("events")
        wait_for("it to listen", lambda: self.listens(stream))
        said = [line for line in stream.out if " web command: " in line]
        self.assertRegex(said[0], r"^20..-..-..T..:..:..[.0-9]*Z [0-9]+ web command: ")
        self.assertFalse(any(" before " in line for line in stream.out))
        self.assertEqual(0, stream.end())

    def listens(self, stream):
        """Orders until one is seen: it begins with what comes after its start."""
        if not getattr(self, "made", False):
            self.create("web")
            self.made = True
        self.run_cli("group", "update", "web", "--max", str(3 + len(stream.out) % 5))
        return any(" web command: " in line for line in stream.out)

    def test_kill_nine_leaves_no_gap_and_nothing_twice(self):
        self.create("web")
        stream = self.stream("events", "--since", "0", "-o", "json")
        stream.wait_for('"web"')
        for turn in range(3):
            for step in range(4):
                self.run_cli("group", "update", "web", "--max", str(10 + 4 * turn + step))
            self.controller.stop(signal.SIGKILL)
            self.controller.start()
        self.create("last")
        stream.wait_for('"last"')
        self.assertEqual(0, stream.end())
        heard = [json.loads(line) for line in stream.out]
        there = self.events("--since", "0")
        self.assertEqual(there[:len(heard)], heard)
        self.assertGreaterEqual(len(heard), 14)

    def test_explain_follows_over_a_restart(self):
        """Each decision once, those of the time in which it could not ask as well."""
        self.create("web")
        stream = self.stream("explain", "--follow")
        stream.wait_for(" web  ")
        for turn in range(2):
            self.run_cli("group", "update", "web", "--max", str(10 + turn))
            self.controller.stop(signal.SIGKILL)
            wait_for("it to say so", lambda: len(stream.err) == 2 * turn + 1)
            self.controller.start()
            wait_for("it to go on", lambda: len(stream.err) == 2 * turn + 2)
        self.create("last")
        stream.wait_for(" last  ")
        self.assertIsNone(stream.process.poll())
        stream.end()
        there = self.run_cli("explain").stdout.splitlines()
        self.assertEqual(there[:len(stream.out)], stream.out)
        self.assertEqual(["openasg: the controller cannot be reached, trying again",
                          "openasg: the controller is back"] * 2, stream.err)

    def test_resumed_where_it_ended(self):
        self.create("one")
        first = self.events()
        self.create("two")
        second = self.events("--since", str(first[-1]["seq"]))
        self.assertEqual({"two"}, {each["group"] for each in second} - {""})
        self.assertEqual(self.events("--since", "0"), first + second)

    def test_by_group_and_kind(self):
        self.create("one")
        self.create("two")
        self.run_cli("group", "update", "one", "--max", "0", "--min", "3", code=1)
        for each in self.events("--group", "one"):
            self.assertEqual("one", each["group"])
        kinds = {each["kind"] for each in self.events("--kind", "command,refused")}
        self.assertLessEqual(kinds, {"command", "refused"})
        self.assertIn("command", kinds)
        said = self.run_cli("events", "--kind", "comand", code=2).stderr
        self.assertIn('did you mean "command"?', said)
        said = self.run_cli("events", "--kind", "zzz", code=2).stderr
        self.assertIn("write one of scale-out, ", said)
        said = self.run_cli("events", "--once", "--group", "noone").stderr
        self.assertIn('there is no group "noone" now', said)
        self.run_cli("events", "-o", "csv", code=2)


if __name__ == "__main__":
    unittest.main()
