"""Who may include whom: docs/layers.txt against every #include.

Fails on an arrow that is not in the table and on an outside library spoken to elsewhere.
--graph prints the arrows as they are, as Mermaid for ARCHITECTURE.md. Before it judges the
tree it proves on a tree of its own that it can fail."""

import os
import re
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAMS = ["core", "controller", "worker", "agent", "cli", "ec2local"]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
# Headers that belong to nobody: the C library, POSIX and Linux.
SYSTEM = re.compile(r"^(sys|net|netinet|arpa|linux)/|^[a-z0-9_]+\.h$")


# core reads only its arguments: nothing of the system but text, limits and asserts.
PURE_ROOMS = ["core", "model"]
PURE = {"assert.h", "ctype.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h",
        "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h"}


def read_table(root):
    """room -> (rooms it may include, prefixes of outside headers it speaks to)."""
    table = {}
    with open(os.path.join(root, "docs", "layers.txt")) as file:
        for line in file:
            line = line.split("#")[0].strip()
            if not line:
                continue
            room, rest = line.split(":", 1)
            rooms, outside = rest.split("|")
            table[room.strip()] = (rooms.split(), outside.split())
    return table


def sources(root):
    for top in PROGRAMS + ["lib"]:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.join(folder, name)


def room_of(root, path):
    parts = os.path.relpath(path, root).split(os.sep)
    return parts[1] if parts[0] == "lib" else parts[0]


def check(root):
    """(what is wrong, {(from, to): count})"""
    table = read_table(root)
    wrong, arrows = [], {}
    owners = {}
    for room, (_, outside) in table.items():
        for prefix in outside:
            owners.setdefault(prefix, []).append(room)
    for path in sources(root):
        room = room_of(root, path)
        where = os.path.relpath(path, root)
        if room not in table:
            wrong.append(f"{where}: room {room} is not in docs/layers.txt")
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for kind, target in INCLUDE.findall(text):
            if target.startswith("../") or "/../" in target:
                wrong.append(f"{where}: {target} climbs; include from the root or lib/")
                continue
            first = target.split("/")[0]
            if kind == '"' and first in table:
                if first != room:
                    arrows[(room, first)] = arrows.get((room, first), 0) + 1
                    if first not in table[room][0]:
                        wrong.append(f"{where}: {room} may not include {first} ({target})")
                continue
            if kind == "<" and room in PURE_ROOMS and target not in PURE:
                wrong.append(f"{where}: {room} is pure and may not include <{target}>")
            owner = [p for p in owners if target.startswith(p)]
            if owner:
                if not any(room in owners[p] for p in owner):
                    wrong.append(f"{where}: {target} is spoken to in "
                                 f"{'/'.join(owners[owner[0]])} only")
            elif kind == "<" and not SYSTEM.match(target):
                wrong.append(f"{where}: outside header {target} has no room")
    return wrong, arrows


def prove_it_can_fail():
    with tempfile.TemporaryDirectory() as root:
        for folder in ("docs", "core", "lib/base", "lib/store"):
            os.makedirs(os.path.join(root, folder))
        files = {
            "docs/layers.txt": "core: base |\nbase: |\nstore: base | sqlite3.h\n",
            "core/a.c": '#include "store/log.h"\n#include <time.h>\n',
            "lib/base/b.c": '#include "core/a.h"\n',
            "lib/store/c.c": '#include <sqlite3.h>\n#include "base/b.h"\n',
        }
        for name, text in files.items():
            with open(os.path.join(root, name), "w") as file:
                file.write(text)
        wrong, _ = check(root)
        if len(wrong) != 3:
            sys.exit(f"this test cannot see a wrong arrow: {wrong}")


def main():
    prove_it_can_fail()
    wrong, arrows = check(ROOT)
    if "--graph" in sys.argv:
        print("graph TD")
        for (tail, head), count in sorted(arrows.items()):
            print(f"    {tail} -->|{count}| {head}")
        return 0
    for line in wrong:
        print(line)
    print(f"{sum(arrows.values())} includes between rooms, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
