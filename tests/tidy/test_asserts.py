#!/usr/bin/python3
"""Asserts in core: one a function or more, on average. They say what could be wrong by a
mistake of ours (arguments, state, results), never what comes from outside: that is refused."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
LEAST = 1.0
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
# A function's body begins with a brace at the margin behind its parameters.
FUNCTION = re.compile(r"\)\n\{")
ASSERT = re.compile(r"\bassert\(")


def count(source):
    """Functions and asserts of one file; static_assert is no assert at run time."""
    code = COMMENT.sub("", source)
    return len(FUNCTION.findall(code)), len(ASSERT.findall(code))


def sources():
    for folder, _, names in sorted(os.walk(os.path.join(ROOT, "core"))):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    yield os.path.relpath(path, ROOT), file.read()


def test_itself():
    one = 'static int f(int a)\n{\n    assert(a > 0); /* assert(b) */\n    return a;\n}\n'
    assert count(one) == (1, 1), count(one)
    assert count(one + 'int g(int a,\n      int b)\n{\n    static_assert(1, "assert(");\n}\n') == (2, 1)
    assert count("struct f\n{\n};\n") == (0, 0)


def main():
    test_itself()
    rows = [(path, *count(text)) for path, text in sources()]
    functions = sum(row[1] for row in rows)
    asserts = sum(row[2] for row in rows)
    if "--list" in sys.argv:
        for path, its_functions, its_asserts in rows:
            print(f"{its_asserts:4} {its_functions:4} {path}")
    print(f"core: {asserts} asserts in {functions} functions: {asserts / functions:.2f}")
    if asserts >= LEAST * functions:
        return 0
    print(f"core: fewer than {LEAST} asserts a function: say what could be wrong "
          "(arguments, state, results), never what comes from outside", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
