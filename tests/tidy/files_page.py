"""The tables of docs/files.md, from lib/model/schemas.c: every field that a file may have, with
the name, the form and the default that it has there. What a field means is written in the page
by hand and kept. --write brings the tables up to date, test_files_page.py compares them."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = os.path.join(ROOT, "docs", "files.md")
# struct -> what stands in place of its name, and the name of its table
STRUCTS = {"group_config": "group", "subnet": "subnets", "mixed": "mixed", "tag": "tags",
           "launch_parameter": "launch_parameters", "kept_member": "kept",
           "source": "sources", "policy_config": "policies", "step": "steps",
           "schedule_config": "schedules"}
MOMENTS = {"start_ms", "end_ms"}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def words():
    """The words of each enum, by its lower-case name."""
    text = read("lib", "model", "enums.h")
    lists = {name: re.findall(r'X\(\w+,\s*"([^"]+)"', body.replace("\\\n", " "))
             for name, body in re.findall(r"#define (ASG_\w+_LIST)\(X\)(.*?[^\\])\n(?!\s+X)",
                                          text, re.S)}
    return {lower: lists[name] for lower, name in
            re.findall(r"ASG_DECLARE_ENUM\((\w+), \w+, (ASG_\w+_LIST)\)", text)}


def presets():
    """Fields of a policy that come from its preset."""
    return set(re.findall(r"^    FIELD\((\w+)\)", read("lib", "model", "presets.c"), re.M))


def rows_of(struct):
    """(kind, name, the rest) of each row of a schema."""
    text = read("lib", "model", "schemas.c")
    body = re.search(r"^static const struct asg_field %s_fields\[\] = \{\n(.*?)^\};" % struct,
                     text, re.S | re.M).group(1)
    body = re.sub(r"\s+", " ", body)
    for match in re.finditer(r"(\w+)\(((?:[^()]|\([^()]*\))*)\)\s*,?", body):
        kind, inside = match.group(1), match.group(2)
        parts = [part.strip() for part in inside.split(",", 2)]
        if kind == "FIELD":
            yield parts[0], parts[1], parts[2] if len(parts) > 2 else ""
        elif kind == "ENUM":
            yield kind, parts[0], f".names = &asg_{parts[1]}_words"
        elif kind == "LIST":
            yield kind, parts[0], ""
        else:
            yield {"LONG_TEXT": "TEXT", "GROUP": "TEXT"}.get(kind, kind), parts[0], ""


def length(value_ms):
    for unit, factor in (("h", 3600000), ("m", 60000), ("s", 1000)):
        if value_ms % factor == 0 and (value_ms >= factor or unit == "s"):
            return f"{value_ms // factor}{unit}"
    return f"{value_ms}ms"


def row(struct, kind, name, rest, known, from_preset):
    """[field, form, default] as a file has them; None: no file has it."""
    if "MADE" in rest or name.startswith("has_"):
        return None
    default = re.search(r"\bOR\((-?\w+)\)", rest)
    default = default.group(1) if default else "0"
    enum = re.search(r"asg_(\w+)_words", rest)
    field = name
    if kind == "BOOL":
        form, shown = "true or false", "false"
        field = name.removeprefix("is_")
    elif kind == "ENUM":
        names = known[enum.group(1)]
        form = ", ".join(f"`{word}`" for word in names)
        if default.startswith("ASG_"):
            default = next(i for i, word in enumerate(names) if default.endswith(
                "_" + word.upper().replace("-", "_")))
        shown = f"`{names[int(default)]}`"
    elif kind == "U64":
        names = known[enum.group(1)]
        form, shown = "list of " + ", ".join(f"`{word}`" for word in names), "`[]`"
    elif kind == "TEXT":
        text = re.search(r'OR_TEXT\("([^"]*)"\)', rest)
        form, shown = "text", f"`{text.group(1)}`" if text else ""
    elif kind == "TEXTS":
        text = re.search(r'OR_TEXT\("([^"]*)"\)', rest)
        form, shown = "list of text", f"`[{text.group(1) if text else ''}]`"
    elif kind == "LIST":
        form, shown = "list, see below", "`[]`"
    elif kind == "PART":
        form, shown = "map, see below", "`none`"
    elif name in MOMENTS:
        field, form, shown = name.removesuffix("_ms"), "time, `2026-11-30T08:00:00Z`", "`unset`"
    elif name.endswith("_ms"):
        field, form = name.removesuffix("_ms"), "length, `90s`, `5m`"
        shown = "`unset`" if default == "ASG_UNSET" else f"`{length(int(default))}`"
    elif name.endswith("_milli"):
        field, form, shown = name.removesuffix("_milli"), "number, `82.5`", \
            f"`{int(default) / 1000:g}`"
    else:
        form = "whole number"
        shown = "`unset`" if default == "ASG_UNSET" else f"`{default}`"
    if name in ("threshold_milli", "lower_milli", "upper_milli"):
        shown = "none"
    if struct == "group_config" and name == "desired":
        shown = "`min`"
    if name in from_preset:
        shown = "the preset's"
    return [f"`{field}`", form, shown]


def table(struct, meanings):
    known, from_preset = words(), presets() if struct == "policy_config" else set()
    lines = ["| field | form | default | |", "| --- | --- | --- | --- |"]
    for kind, name, rest in rows_of(struct):
        cells = row(struct, kind, name, rest, known, from_preset)
        if cells is not None:
            lines.append("| " + " | ".join(cells + [meanings.get(cells[0], "?")]) + " |")
    return "\n".join(lines)


def block(struct):
    return re.compile(r"(<!-- %s: begin -->\n).*?(<!-- %s: end -->)" % (struct, struct), re.S)


def fresh(page):
    for struct in STRUCTS:
        old = block(struct).search(page)
        assert old, f"docs/files.md has no table of {struct}"
        meanings = {}
        for line in old.group(0).split("\n"):
            cells = line.strip("| ").split(" | ")
            if line.startswith("| `") and len(cells) >= 3:
                meanings[cells[0]] = cells[-1]
        page = block(struct).sub(
            lambda match, s=struct, m=meanings: match.group(1) + table(s, m) + "\n" +
            match.group(2), page)
    return page


def main():
    page = read("docs", "files.md")
    text = fresh(page)
    if "--write" in sys.argv[1:]:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(text)
        page = text
    unsaid = re.findall(r"^\| (`\w+`) .*\| \? \|$", page, re.M)
    if unsaid:
        print(f"docs/files.md does not say what {', '.join(unsaid)} means: write it there")
        return 1
    if page != text:
        print("docs/files.md does not have the fields of lib/model: "
              "run python3 tests/tidy/files_page.py --write, and say what new ones mean")
        return 1
    print(f"{len(STRUCTS)} tables agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
