"""The field tables of docs/wire.md, from the headers of lib/model: written between the two
markers of that page by --write, compared by test_wire_doc.py."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = os.path.join(ROOT, "docs", "wire.md")
HEADERS = ["messages.h", "report.h", "job.h", "question.h", "event.h", "activity.h", "effects.h", "group.h"]
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
TYPES = {"const char *": "text", "uint64_t": "unsigned", "uint32_t": "unsigned",
         "int64_t": "signed", "bool": "bool", "struct asg_texts": "list of text",
         "struct asg_blob": "binary", "struct asg_numbers": "list of unsigned"}


def tables():
    structs = {}
    for name in HEADERS:
        with open(os.path.join(ROOT, "lib", "model", name)) as file:
            text = file.read()
        for match in re.finditer(r"^struct asg_(\w+) \{\n(.*?)^\};", text, re.S | re.M):
            structs[match.group(1)] = fields(match.group(2))
    return structs


def fields(body):
    rows = []
    pattern = re.compile(r"^\s*((?:const )?(?:struct |enum )?\w+ \*?)\s?(\w+);"
                         r"[ \t]*(?:/\*(.*?)\*/)?", re.S | re.M)
    for match in pattern.finditer(body):
        kind, name = match.group(1).strip(), match.group(2)
        if kind == "size_t" or kind.endswith("asg_arena"):
            continue
        rows.append((name, type_of(kind, name, body),
                     " ".join((match.group(3) or "").split())))
    return rows


def type_of(kind, name, body):
    if kind in TYPES:
        return TYPES[kind]
    if kind == "const char *".strip():
        return "text"
    if kind.startswith("enum asg_"):
        return "word of " + kind[9:]
    target = kind.replace("const ", "").replace("struct asg_", "").strip(" *")
    singular = [name[:-1], name[:-2], name[:-3] + "y", name]
    if "*" in kind and any(f"{s}_count" in body for s in singular):
        return "list of " + target
    return target + (", or nil" if "*" in kind else "")


def text():
    out = [BEGIN]
    for name, rows in tables().items():
        out += ["", f"### {name}", "", "| # | field | type | |", "| --- | --- | --- | --- |"]
        out += [f"| {i} | {n} | {t} | {c} |".replace("  ", " ")
                for i, (n, t, c) in enumerate(rows, 1)]
    return "\n".join(out + ["", END])


def main():
    with open(PAGE) as file:
        page = file.read()
    head, tail = page.split(BEGIN)[0], page.split(END)[1]
    fresh = head + text() + tail
    if "--write" in sys.argv:
        with open(PAGE, "w") as file:
            file.write(fresh)
        return 0
    if fresh != page:
        print("docs/wire.md does not say what lib/model says: "
              "run python3 tests/tidy/wire_tables.py --write")
        return 1
    print(f"{len(tables())} tables agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
