#!/usr/bin/python3
"""Copies of the product's files with all deliberate mistakes in them, and the list of these:
apply.py SOURCE TARGET. Fails, and says which patch, when the code has moved."""

import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))

from apply_patch import Moved, apply_patch, read_patch, write_changed  # noqa: E402


def read_head(patch, text):
    """The law, a seed that is known to show it, and the mistake: the lines before the first
    file."""
    head = re.match(r"law: (\w+)(?:, seed (\d+))?\n([^\n]+)\n\n--- a/", text)
    if head is None:
        raise Moved(f"{patch} must begin with 'law: NAME' or 'law: NAME, seed N', a line that "
                    f"says the mistake and an empty line")
    return head[1], head[2] or "0", head[3]


def main():
    source, target = sys.argv[1:]
    texts = {}
    rows = []
    try:
        for patch in sorted(glob.glob(os.path.join(source, "tests/sim/mutants/*.patch"))):
            with open(patch) as file:
                text = file.read()
            law, seed, what = read_head(patch, text)
            name = os.path.basename(patch)[:-len(".patch")]
            if re.search(rf"ASG_MUTANT(_EVERY)?\([\s+]*{name}\b", text) is None:
                raise Moved(f"{patch} does not ask for ASG_MUTANT({name})")
            for path, _, _ in read_patch(text):
                if path not in texts and os.path.exists(os.path.join(source, path)):
                    with open(os.path.join(source, path)) as file:
                        texts[path] = file.read()
            apply_patch(patch, texts)
            rows.append(f'    X({name}, "{law}", {seed}, "{what}")')
    except Moved as moved:
        print(moved, file=sys.stderr)
        return 1
    for path, text in texts.items():
        write_changed(os.path.join(target, path), text)
    write_changed(os.path.join(target, "mutants.inc"),
                  "#define ASG_MUTANT_LIST(X) \\\n" + " \\\n".join(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
