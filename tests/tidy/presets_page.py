"""The table of presets in docs/rules.md, from lib/model/presets.c: written between the two
markers of that page by --write, compared by test_presets_page.py."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = os.path.join(ROOT, "docs", "rules.md")
BEGIN, END = "<!-- presets: begin -->", "<!-- presets: end -->"


def presets():
    """Of each preset its fields and their numbers, in order."""
    with open(os.path.join(ROOT, "lib", "model", "presets.c"), encoding="utf-8") as file:
        text = file.read()
    table = text.split("asg_presets[ASG_PRESET_COUNT] = {")[1].split("\n};")[0]
    found = {}
    for part in re.split(r"\[ASG_PRESET_", table)[1:]:
        name = part.split("]")[0].lower()
        found[name] = dict(re.findall(r"\.(\w+) = (\w+)", part))
    fields = re.findall(r"^    FIELD\((\w+)\)", text, re.M)
    return found, fields


def say(field, value):
    """A number as a policy's file has it."""
    if field.endswith("_milli"):
        return f"{int(value) / 1000:g}"
    if field.endswith("_ms"):
        return f"{int(value) // 1000}s"
    return {"true": "yes", "false": "no"}.get(value, value)


def label(field):
    return re.sub(r"_(milli|ms)$", "", field)


def text():
    found, fields = presets()
    for name, row in found.items():
        assert set(row) - {"evaluation_ms"} == set(fields), f"{name} has other fields"
    rows = [["", *found], ["---"] * (len(found) + 1)]
    rows += [[label(field)] + [say(field, row[field]) for row in found.values()]
             for field in fields]
    rows.append(["evaluation that it is meant for"] +
                [say("evaluation_ms", row["evaluation_ms"]) if "evaluation_ms" in row
                 else "any" for row in found.values()])
    return "\n".join([BEGIN] + ["| " + " | ".join(row) + " |" for row in rows] + [END])


def main():
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    begin, end = page.index(BEGIN), page.index(END) + len(END)
    if "--write" in sys.argv[1:]:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(page[:begin] + text() + page[end:])
        return 0
    if page[begin:end] != text():
        print("docs/rules.md has other presets than lib/model/presets.c; "
              "run tests/tidy/presets_page.py --write")
        return 1
    print("the presets of docs/rules.md are those of lib/model/presets.c")
    return 0


if __name__ == "__main__":
    sys.exit(main())
