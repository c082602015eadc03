"""Who may know whom: docs/layers.txt against every #include and every symbol.

Fails on an arrow between rooms or floors that is not in the table, on a ring of files within
a room, on an outside library spoken to elsewhere, and when the table has a ring itself or
says something else than CMake's USES. Includes alone do not show who calls whom, for one
header can declare what many files define; so the undefined symbols of the object files count
too, when ASG_BUILD_DIR (or build/) has the libraries of the rooms.

--graph prints the arrows as they are, as Mermaid for ARCHITECTURE.md. Before it judges the
tree it proves on trees of its own that it can fail."""

import collections
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(ROOT, "build")
PROGRAMS = ["core", "controller", "worker", "agent", "cli", "ec2local"]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
USES = re.compile(r"asg_room\(\s*(\S+)\s+USES\s+([a-z0-9\s]*?)\s*(?:LIBS|PROGRAM|\))")
# Headers that belong to nobody: the C library, POSIX and Linux.
SYSTEM = re.compile(r"^(sys|net|netinet|arpa|linux)/|^[a-z0-9_]+\.h$")
ENDS = (".c", ".h", ".def")

# core reads only its arguments: nothing of the system but text, limits and asserts.
PURE_ROOMS = ["core", "model"]
PURE = {"assert.h", "ctype.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h",
        "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h"}

# Rooms whose globals all have the prefix.
PREFIXED_ROOMS = ["core"]

# Rings of files that nobody has cut yet, by room. They may shrink and not grow; one that is
# gone must leave this list, and no other room may come to it.
KNOWN_RINGS = {
    "store": [["cursor.c", "log.c", "read_ahead.c"],
              ["log_sqlite.c", "sqlite_open.c", "sqlite_snapshot.c"]],
}


# ---- what is written ----

def read_table(root):
    """room -> (rooms it may know, prefixes of outside headers it speaks to); and
    room -> floor -> (floors it may know, names of its files; none: its folder)."""
    table, floors = {}, {}
    with open(os.path.join(root, "docs", "layers.txt")) as file:
        for line in file:
            line = line.split("#")[0].strip()
            if not line:
                continue
            room, rest = line.split(":", 1)
            known, other = (part.split() for part in rest.split("|"))
            if "/" not in room:
                table[room.strip()] = (known, other)
                continue
            room, floor = room.strip().split("/")
            old = floors.setdefault(room, {}).get(floor, ([], []))
            floors[room][floor] = (old[0] + known, old[1] + other)
    return table, floors


def read_uses(root):
    path = os.path.join(root, "CMakeLists.txt")
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return {os.path.basename(room): set(uses.split())
                for room, uses in USES.findall(file.read())}


def find_rings(arrows):
    """Strongly connected sets of more than one, each sorted."""
    index, low, stack, on_stack, rings = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for other in sorted(arrows.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], index[other])
        if low[node] != index[node]:
            return
        ring = []
        while not ring or ring[-1] != node:
            ring.append(stack.pop())
            on_stack.discard(ring[-1])
        if len(ring) > 1:
            rings.append(sorted(ring))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return rings


def check_table(table, floors, uses, wrong):
    for ring in find_rings({room: known for room, (known, _) in table.items()}):
        wrong.append(f"docs/layers.txt: {' '.join(ring)} are a ring")
    for room, parts in floors.items():
        for ring in find_rings({floor: known for floor, (known, _) in parts.items()}):
            wrong.append(f"docs/layers.txt: floors {' '.join(ring)} of {room} are a ring")
        for floor, (known, _) in parts.items():
            for other in set(known) - set(parts):
                wrong.append(f"docs/layers.txt: {room}/{floor} knows no floor {other}")
    for room in sorted(set(table) | set(uses)) if uses is not None else []:
        told = set(table[room][0]) if room in table else None
        if told != uses.get(room):
            wrong.append(f"CMakeLists.txt: {room} USES {uses.get(room)}, "
                         f"docs/layers.txt says {told}")


# ---- what is there ----

def sources(root):
    for top in PROGRAMS + ["lib"]:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith(ENDS):
                    yield os.path.join(folder, name)


def room_of(root, path):
    parts = os.path.relpath(path, root).split(os.sep)
    return parts[1] if parts[0] == "lib" else parts[0]


class Arrows:
    """Between rooms, counted; and within a room between files, named by their place in it:
    from a file to what it includes, and from a source to the source whose symbol it needs."""

    def __init__(self):
        self.rooms = collections.Counter()
        self.files = collections.defaultdict(lambda: collections.defaultdict(dict))

    def add(self, room, tail, head, how):
        if tail != head:
            self.files[room][tail].setdefault(head, how)


def walk_includes(root, table, arrows, wrong):
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
        name = where.split(os.sep, 2 if where.startswith("lib") else 1)[-1]
        arrows.files[room][name]
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for kind, target in INCLUDE.findall(text):
            if target.startswith("../") or "/../" in target:
                wrong.append(f"{where}: {target} climbs; include from the root or lib/")
                continue
            first, _, rest = target.partition("/")
            if kind == '"' and first in table:
                if first == room:
                    arrows.add(room, name, rest, f"includes {target}")
                    continue
                arrows.rooms[(room, first)] += 1
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
            elif kind == '"':
                wrong.append(f"{where}: {target} is of no room")
            elif not SYSTEM.match(target):
                wrong.append(f"{where}: outside header {target} has no room")


def read_symbols(library):
    """(symbol -> object that defines it, object -> symbols it lacks)"""
    said = subprocess.run(["nm", "-A", "-g", library], check=True, capture_output=True,
                          text=True).stdout
    defined, lacking = {}, collections.defaultdict(set)
    for line in said.splitlines():
        _, object_name, rest = line.split(":", 2)
        kind, symbol = rest.split()[-2:]
        if kind in "Uvw":
            lacking[object_name].add(symbol)
        else:
            defined[symbol] = object_name
    return defined, lacking


def walk_symbols(build, table, arrows, wrong):
    """How many libraries were read. An object is named as its source, without a folder, so
    two sources of one name in a room are refused."""
    places, symbols = {}, {}
    for room in table:
        library = os.path.join(build, f"libasg_{room}.a")
        if not os.path.exists(library):
            continue
        symbols[room] = read_symbols(library)
        if room in PREFIXED_ROOMS:
            wrong += [f"{room}: {name} defines {symbol}; globals begin with asg_"
                      for symbol, name in sorted(symbols[room][0].items())
                      if not symbol.startswith("asg_")]
        places[room] = {}
        for place in arrows.files[room]:
            name = os.path.basename(place) + ".o"
            if name in places[room]:
                wrong.append(f"{room}: two files are named {os.path.basename(place)}")
            places[room][name] = place
    home = {symbol: (room, name) for room, (defined, _) in symbols.items()
            for symbol, name in defined.items()}
    for room, (_, lacking) in symbols.items():
        for tail, lacks in lacking.items():
            for symbol in sorted(lacks & home.keys()):
                other, head = home[symbol]
                if other == room:
                    ends = [places[room].get(name) for name in (tail, head)]
                    if all(ends): # else the object of a file that has gone since
                        arrows.add(room, *ends, f"needs {symbol}")
                elif other not in table[room][0]:
                    wrong.append(f"{room}: {tail} may not know {other} (it needs {symbol})")
    return len(symbols)


def check_floors(room, floors, files, wrong):
    names = {name: floor for floor, (_, named) in floors.items() for name in named}

    def floor_of(place):
        folder, _, name = place.rpartition("/")
        if folder in floors and not floors[folder][1]:
            return folder
        return names.get(name.split(".")[0]) if folder == "" else None

    for tail in sorted(files):
        if floor_of(tail) is None:
            wrong.append(f"{room}/{tail}: on no floor of docs/layers.txt")
            continue
        for head, how in sorted(files[tail].items()):
            ours, theirs = floor_of(tail), floor_of(head)
            if theirs is not None and ours != theirs and theirs not in floors[ours][0]:
                wrong.append(f"{room}/{tail}: {ours} may not know {theirs} ({how})")


def check_rings(room, files, known, has_symbols, wrong):
    found = find_rings(files)
    for ring in found:
        if not any(set(ring) <= set(old) for old in known):
            ways = [f"{tail} {how}" for tail in ring
                    for head, how in sorted(files[tail].items()) if head in ring]
            wrong.append(f"{room}: {' '.join(ring)} are a ring ({'; '.join(ways[:12])})")
    for old in known:
        if has_symbols and not any(set(ring) & set(old) for ring in found):
            wrong.append(f"{room}: the ring {' '.join(old)} is gone; take it out of "
                         "KNOWN_RINGS")


def check(root, build, known_rings):
    """(what is wrong, the arrows, how many libraries were read)"""
    table, floors = read_table(root)
    wrong, arrows = [], Arrows()
    check_table(table, floors, read_uses(root), wrong)
    walk_includes(root, table, arrows, wrong)
    libraries = walk_symbols(build, table, arrows, wrong) if build else 0
    for room, parts in floors.items():
        check_floors(room, parts, arrows.files[room], wrong)
    for room in table:
        check_rings(room, arrows.files[room], known_rings.get(room, []), libraries > 0, wrong)
    return wrong, arrows, libraries


# ---- that it can fail ----

def make_tree(root, files):
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)


def must_find(files, *texts, objects=()):
    with tempfile.TemporaryDirectory() as root:
        make_tree(root, files)
        for room in objects:
            made = []
            for path in sources(root):
                if room_of(root, path) == room and path.endswith(".c"):
                    made.append(path + ".o")
                    subprocess.run(["cc", "-I", root, "-c", path, "-o", made[-1]],
                                   check=True)
            subprocess.run(["ar", "rc", os.path.join(root, f"libasg_{room}.a"), *made],
                           check=True)
        wrong, _, _ = check(root, root, {})
        for text in texts:
            if not any(text in line for line in wrong):
                sys.exit(f"this test cannot see '{text}': {wrong}")
        if len(wrong) != len(texts):
            sys.exit(f"this test sees too much: {wrong}")


def prove_it_can_fail():
    must_find({
        "docs/layers.txt": "core: base |\nbase: |\nstore: base | sqlite3.h\n",
        "core/a.c": '#include "store/log.h"\n#include <time.h>\n#include "tests/x.h"\n',
        "core/words.def": '#include "store/log.h"\n',
        "lib/base/b.c": '#include "core/a.h"\n',
        "lib/store/c.c": '#include <sqlite3.h>\n#include "base/b.h"\n',
    }, "core/a.c: core may not include store", "pure", "tests/x.h is of no room",
        "core/words.def: core may not include store", "base may not include core")
    must_find({
        "docs/layers.txt": "core: base |\nbase: core |\n",
        "CMakeLists.txt": "asg_room(core USES base)\nasg_room(lib/base USES LIBS m)\n",
    }, "base core are a ring", "base USES set()")
    floors = ("core: |\ncore/top: low |\ncore/low: |\n")
    must_find({
        "docs/layers.txt": floors,
        "core/low/a.c": '#include "core/top/b.h"\n', "core/top/b.c": "",
        "core/stray.c": "",
    }, "core/low/a.c: low may not know top", "core/stray.c: on no floor")
    must_find({
        "docs/layers.txt": "core: |\n",
        "core/a.h": '#include "core/b.h"\n', "core/b.h": '#include "core/a.h"\n',
    }, "a.h b.h are a ring")
    if not all(shutil.which(tool) for tool in ("cc", "ar", "nm")):
        return
    # One header for all: no include shows what the objects do.
    common = "void asg_a(void);\nvoid asg_b(void);\n"
    must_find({
        "docs/layers.txt": floors, "core/low/all.h": common,
        "core/low/a.c": '#include "core/low/all.h"\nvoid asg_a(void) { asg_b(); }\n',
        "core/top/b.c": '#include "core/low/all.h"\nvoid asg_b(void) { asg_a(); }\n',
    }, "core/low/a.c: low may not know top (needs asg_b)", "low/a.c top/b.c are a ring",
        objects=["core"])
    must_find({
        "docs/layers.txt": "core: |\nbase: |\n",
        "core/a.c": "void b(void);\nvoid a(void);\nvoid a(void) { b(); }\n",
        "lib/base/b.c": "void b(void);\nvoid b(void) { }\n",
    }, "core: a.c.o may not know base (it needs b)", "core: a.c.o defines a",
        objects=["core", "base"])


def main():
    if "--graph" not in sys.argv:
        prove_it_can_fail()
    build = BUILD if shutil.which("nm") and glob.glob(f"{BUILD}/libasg_*.a") else None
    wrong, arrows, libraries = check(ROOT, build, KNOWN_RINGS)
    if "--graph" in sys.argv:
        print("graph TD")
        for (tail, head), count in sorted(arrows.rooms.items()):
            print(f"    {tail} -->|{count}| {head}")
        return 0
    for line in wrong:
        print(line)
    print(f"{sum(arrows.rooms.values())} includes between rooms, symbols of {libraries} "
          f"libraries, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
