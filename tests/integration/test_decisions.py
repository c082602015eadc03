"""bench/decisions in a quick form: the same arguments give the same bytes, and openasg's
defaults keep to the band that docs/decisions-measured.md recorded. Nothing is timed."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["ASG_SOURCE_DIR"]
BUILD = os.environ["ASG_BUILD_DIR"]
sys.path.insert(0, os.path.join(ROOT, "bench", "decisions"))
import curves  # noqa: E402
import decisions  # noqa: E402

PROGRAM = os.path.join(BUILD, "bench", "bench_decisions")
QUICK = ["--quick", "--seeds", "1..1"]
TRACE = "# a trace\nhistory 2 day 4 peak 10\n1 2 500 1000\n700 200\n"


def play(*arguments):
    return subprocess.run([PROGRAM, *arguments], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def runs_of(text):
    return [decisions.Run(*line.split("\t")[:4], *map(int, line.split("\t")[4:]))
            for line in text.splitlines()]


class Decisions(unittest.TestCase):
    def test_the_same_arguments_give_the_same_bytes(self):
        rules = ["openasg", "hpa", "aws", "nomad", "step", "threshold"]
        self.assertEqual(play(*QUICK, *rules), play(*QUICK, *rules))

    def test_the_defaults_keep_to_their_band(self):
        runs = runs_of(play(*QUICK, "openasg", "hpa"))
        ours = decisions.figures([r for r in runs if r.rule == "openasg"])
        theirs = decisions.figures([r for r in runs if r.rule == "hpa"])
        self.assertGreaterEqual(ours.runs, 8)
        self.assertLess(ours.over, 0.8 * theirs.over)
        self.assertLess(ours.lost, theirs.lost)
        self.assertLess(ours.cost, 1.15)
        self.assertLess(ours.turns, theirs.turns)

    def test_a_preset_and_a_setting_change_what_is_decided(self):
        rules = ["openasg", "openasg:preset=calm", "openasg:patience=1",
                 "openasg:target_milli=60000"]
        runs = runs_of(play(*QUICK, *rules))
        for rule in rules[1:]:
            self.assertNotEqual([r.alive for r in runs if r.rule == rule],
                                [r.alive for r in runs if r.rule == "openasg"], rule)

    def test_what_it_does_not_know_is_refused(self):
        for arguments in (["--seeds", "x", "hpa"], ["no-rule"], ["openasg:no_setting=1"],
                          ["openasg:preset=none"], []):
            done = subprocess.run([PROGRAM, *QUICK, *arguments], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertIn("decisions: ", done.stderr)

    def test_traces_are_read_from_a_folder_and_what_is_none_is_said(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("small_day.txt", TRACE), ("other.txt", "no trace\n")):
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
            done = subprocess.run([PROGRAM, "--set", "trace", "--traces", folder, "openasg"],
                                  check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        runs = runs_of(done.stdout)
        self.assertEqual({r.shape for r in runs}, {"small-day"})
        self.assertEqual({r.span for r in runs}, {240000})
        self.assertIn("other.txt is not a trace", done.stderr)

    def test_a_curve_is_drawn(self):
        lines = play("--curve", "step-up-5", "--launch", "30000", "openasg").splitlines()
        rows = [tuple(map(int, line.split("\t"))) for line in lines]
        self.assertGreaterEqual(len(rows), 720)
        text = curves.draw("a step", [("openasg", rows[:720])])
        self.assertTrue(text.startswith("<svg ") and text.endswith("</svg>\n"))
        self.assertLess(len(text), 30000)


if __name__ == "__main__":
    unittest.main()
