#!/usr/bin/python3
"""tests/lib/apply_patch.py: lines that moved do no harm, lines that changed are an error."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from apply_patch import Moved, apply_patch  # noqa: E402

PATCH = """Why.

--- a/one.c
+++ b/one.c
@@ -1,2 +1,3 @@ anywhere
 first
-second
+2nd
+and a half
@@ more
+before
 last
--- a/two.c
+++ b/two.c
@@ @@
-gone
"""


def apply(texts):
    with tempfile.NamedTemporaryFile("w", suffix=".patch") as file:
        file.write(PATCH)
        file.flush()
        apply_patch(file.name, texts)
    return texts


def refuse(texts, words):
    try:
        apply(texts)
    except Moved as moved:
        assert words in str(moved), moved
        return
    raise AssertionError(f"{texts} was taken")


def main():
    done = apply({"one.c": "new\nfirst\nsecond\nthird\nlast\n", "two.c": "a\ngone\nb\n"})
    assert done == {"one.c": "new\nfirst\n2nd\nand a half\nthird\nbefore\nlast\n",
                    "two.c": "a\nb\n"}, done
    refuse({"one.c": "first\n2. line\nlast\n", "two.c": "gone\n"}, "stands 0 times in one.c")
    refuse({"one.c": "first\nsecond\nlast\nlast\n", "two.c": "gone\n"}, "stands 2 times")
    refuse({"one.c": "first\nsecond\nlast\n"}, "there is no two.c any more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
