#!/usr/bin/python3
"""The rows of core/world/rules.h: numbers from 1 on that never go down and leave none out, each
row after the first asked for somewhere in core, and no row asked for that is not there."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ROW = re.compile(r'\bX\((\d+), ([A-Z][A-Z0-9_]*), "([^"]+)"')
ASKED = re.compile(r"\basg_rules_have\(\s*\w+(?:->\w+)*,\s*ASG_RULE_([A-Z0-9_]+)\)")


def files_of_core():
    for folder, _, names in os.walk(os.path.join(ROOT, "core")):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                with open(os.path.join(folder, name)) as file:
                    yield name, file.read()


def judge(table, sources):
    """What is wrong, in words; an empty list when nothing is."""
    wrong = []
    rows = [(int(number), name) for number, name, _ in ROW.findall(table)]
    if not rows or rows[0] != (1, "FIRST"):
        wrong.append("the first row is to be X(1, FIRST, ...)")
    for (before, _), (number, name) in zip(rows, rows[1:]):
        if number not in (before, before + 1):
            wrong.append(f"row {name} has number {number} behind {before}")
    asked = set(ASKED.findall(sources))
    for number, name in rows[1:]:
        if name not in asked:
            wrong.append(f"nothing in core asks for rule {name} ({number})")
    for name in sorted(asked - {name for _, name in rows}):
        wrong.append(f"core asks for a rule {name} that has no row")
    return wrong


def test_itself():
    good = 'X(1, FIRST, "a") X(2, TWO, "b") X(2, ALSO, "c")'
    used = "asg_rules_have(core, ASG_RULE_TWO) asg_rules_have(c->core, ASG_RULE_ALSO)"
    assert judge(good, used) == [], judge(good, used)
    assert len(judge(good, "")) == 2
    assert len(judge('X(1, FIRST, "a") X(3, TWO, "b")', "asg_rules_have(core, ASG_RULE_TWO)")) == 1
    assert len(judge('X(1, FIRST, "a")', used)) == 2
    assert judge("", "") != []


def main():
    test_itself()
    table, sources = "", ""
    for name, text in files_of_core():
        if name == "rules.h":
            table = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        else:
            sources += text
    wrong = judge(table, sources)
    for line in wrong:
        print("core/world/rules.h:", line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
