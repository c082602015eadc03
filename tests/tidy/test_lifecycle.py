"""The life cycle is decided in its table: within core/ nobody but core/world/states.c and
lifecycle.c names a state of an instance, and only lifecycle.c writes one, by
asg_count_set_state(): the field is const, and a step that writes more states than it used
rows aborts. Before it judges the tree it proves that it can fail."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
MOVER = os.path.join("core", "lifecycle", "lifecycle.c")
TABLES = {os.path.join("core", "world", "states.c"), MOVER}
COUNTS = {os.path.join("core", "world", name) for name in ("counts.c", "counts.h")}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def states():
    with open(os.path.join(ROOT, "lib", "model", "enums.h"), encoding="utf-8") as file:
        text = file.read()
    begin = text.index("#define ASG_INSTANCE_STATE_LIST(X)")
    end = text.index("\n\n", begin)
    return re.findall(r"X\(([A-Z_]+),", text[begin:end])


def check(where, text, named, written):
    """What is wrong with one file."""
    text = COMMENT.sub("", text)
    found = []
    if where not in TABLES:
        for match in named.finditer(text):
            # The one place that says which state a zeroed instance is in.
            line = text[text.rfind("\n", 0, match.start()) + 1:text.find("\n", match.end())]
            if "static_assert" not in line:
                found.append(f"{where}: names {match.group(0)}; ask core/world/states.h")
    if where not in COUNTS | {MOVER} and written.search(text):
        found.append(f"{where}: writes an instance's state; call asg_lifecycle_move()")
    return found


def main():
    named = re.compile(r"\bASG_INSTANCE_(" + "|".join(states()) + r")\b")
    # The field is const: only a cast or the setter writes it.
    written = re.compile(r"\(enum asg_instance_state \*\)|\basg_count_set_state\(")
    bad = "if (i->state == ASG_INSTANCE_PENDING) *(enum asg_instance_state *)&i->state = 3;"
    with open(os.path.join(ROOT, "core", "world", "instance.h"), encoding="utf-8") as file:
        is_const = "const enum asg_instance_state state;" in file.read()
    if len(check("core/take/x.c", bad, named, written)) != 2 or len(states()) < 30 or not is_const:
        sys.exit("this test cannot see a state that is named or written")
    wrong, count = [], 0
    for folder, _, names in os.walk(os.path.join(ROOT, "core")):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                path = os.path.join(folder, name)
                count += 1
                with open(path, encoding="utf-8") as file:
                    wrong += check(os.path.relpath(path, ROOT), file.read(), named, written)
    for line in wrong:
        print(line)
    print(f"{count} files of core, {len(wrong)} decide a state beside the table")
    return 1 if wrong or count < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
