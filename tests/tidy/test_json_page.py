#!/usr/bin/python3
"""What docs/json.md promises is kept: every field that was ever on the page is still there,
with its type and its words. tests/tidy/json_fields.txt has them; `--write` adds new ones and
takes none away."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = os.path.join(ROOT, "docs", "json.md")
KEPT = os.path.join(ROOT, "tests", "tidy", "json_fields.txt")
ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$")


def promises(text):
    """"group_view.suspended: list of words", "group_view.suspended has launch", and what
    each command prints."""
    thing = "openasg"
    for line in text.split("\n"):
        if line.startswith("### "):
            thing = line[4:]
        row = ROW.match(line)
        if not row:
            continue
        name, kind = row.groups()
        name = f"{thing} {name}" if thing == "openasg" else f"{thing}.{name}"
        kind = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", kind)
        kind, _, words = kind.partition(": `")
        yield f"{name}: {kind.removesuffix(', or null')}"
        for word in re.findall(r"[^`, ]+", words.replace(", or null", "")):
            yield f"{name} has {word}"


def main():
    with open(PAGE, encoding="utf-8") as file:
        now = set(promises(file.read()))
    with open(KEPT, encoding="utf-8") as file:
        kept = set(file.read().split("\n")) - {""}
    gone, new = sorted(kept - now), sorted(now - kept)
    if new and "--write" in sys.argv:
        with open(KEPT, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in sorted(kept | now)))
        new = []
    for line in gone:
        print(f"docs/json.md promises it, and it is gone: {line}")
    if new:
        print(f"{len(new)} new on docs/json.md, such as {new[0]!r}: "
              "run tests/tidy/test_json_page.py --write")
    return 1 if gone or new else 0


if __name__ == "__main__":
    sys.exit(main())
