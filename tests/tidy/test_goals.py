"""docs/performance.md says of each goal what its own tables say, and every goal names a
figure of a benchmark that exists."""

import os
import sys
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "bench"))
import goals  # noqa: E402
import run  # noqa: E402


def page_with(bench, row):
    return f"<!-- goals: begin -->\n<!-- goals: end -->\n<!-- {bench}: begin -->\n" \
           f"| figure | median | min | max | unit | |\n{row}\n<!-- {bench}: end -->\n"


class Goals(unittest.TestCase):
    def test_the_page_is_judged_by_its_own_tables(self):
        with open(os.path.join(ROOT, "docs", "performance.md")) as file:
            page = file.read()
        self.assertEqual(page, goals.judged(page), "run ./dev bench --judge")

    def test_a_goal_names_a_benchmark(self):
        for goal in goals.GOALS:
            self.assertIn(goal.bench, run.names())

    def test_a_goal_is_met_missed_or_not_measured(self):
        goal = next(g for g in goals.GOALS if g.figure == "verify_ratio")
        for median, said in (("0.550", "met"), ("0.56", "met"),
                             ("0.275", "missed** by 2.00 times")):
            page = page_with("replay", f"| verify_ratio | {median} | 0.2 | 0.7 | x | |")
            line = next(x for x in goals.table(page).splitlines() if "log verify" in x)
            self.assertIn(said, line)
            self.assertIn(f"{median} (0.2 to 0.7)", line)
        self.assertEqual(0.55, goal.limit)
        line = next(x for x in goals.table("").splitlines() if "log verify" in x)
        self.assertIn("not measured", line)

    def test_a_goal_of_at_most_is_missed_above(self):
        page = page_with("ec2", "| cpu_ratio | 1.80 | 1.70 | 1.90 | x | |")
        self.assertIn("missed** by 1.50 times", goals.table(page))

    def test_rows_are_read_and_sentences_are_not(self):
        self.assertIsNotNone(run.ROW.match("cpu_ratio 1.259 1.055 1.291 x ours over bare"))
        self.assertIsNone(run.ROW.match("round 1: libcurl 20790 calls/s 48.1 us CPU"))


if __name__ == "__main__":
    unittest.main()
