#!/usr/bin/python3
"""A copy of core with tests/upgrade/next.patch applied: patch_core.py SOURCE TARGET. Fails
when the code has moved."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from apply_patch import Moved, apply_patch, write_changed  # noqa: E402


def main():
    source, target = sys.argv[1:]
    texts = {}
    for folder, _, names in os.walk(os.path.join(source, "core")):
        for name in names:
            if name.endswith((".c", ".h")):
                path = os.path.join(folder, name)
                with open(path) as file:
                    texts[os.path.relpath(path, source)] = file.read()
    try:
        apply_patch(os.path.join(source, "tests/upgrade/next.patch"), texts)
    except Moved as moved:
        print(moved, file=sys.stderr)
        return 1
    for path, text in texts.items():
        write_changed(os.path.join(target, path), text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
