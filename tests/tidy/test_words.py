"""Odd words: docs/style-words.md has a table of what not to write; no text of the product
and no page for users may match it. The table is the only list there is."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
LIST = os.path.join(ROOT, "docs", "style-words.md")
ROOMS = ["core", "api", "view", "controller", "worker", "agent", "cli", "lib", "ec2local"]
PAGES = ["README.md", "CONTRIBUTING.md", "docs", "deploy", "examples", "debian"]
# Pages that quote: the list itself, what was decided when, and measured tables.
LEFT_OUT = {"docs/style-words.md", "docs/decisions", "docs/performance.md"}
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
TEXT = re.compile(LITERAL + r"(?:\s*(?:PRI\w+\s*)?" + LITERAL + ")*")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
ROW = re.compile(r"^\| `((?:[^`])+)` \| ")


def patterns():
    with open(LIST, encoding="utf-8") as file:
        found = [ROW.match(line) for line in file]
    rows = [match.group(1).replace(r"\|", "|") for match in found if match]
    return [(row, re.compile(row, re.IGNORECASE)) for row in rows]


def files(*ends):
    for room in ends[0]:
        top = os.path.join(ROOT, room)
        if os.path.isfile(top):
            yield top
        for folder, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                if name.endswith(ends[1]):
                    yield os.path.join(folder, name)


def texts_of_source(path):
    """(line, text) of the string literals with a blank in them, adjacent ones joined."""
    with open(path, encoding="utf-8") as file:
        source = COMMENT.sub(lambda match: "\n" * match.group().count("\n"), file.read())
    for match in TEXT.finditer(source):
        text = "".join(part[1:-1] for part in re.findall(LITERAL, match.group()))
        if " " in text:
            yield source.count("\n", 0, match.start()) + 1, text.replace("\\n", " ")


def texts_of_page(path):
    """(line, paragraph): a phrase may go over the end of a line."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    begun, held = 1, []
    for number, line in enumerate(lines + [""], 1):
        if line.strip():
            held.append(line.strip())
            continue
        if held:
            yield begun, " ".join(held)
        begun, held = number + 1, []


def check(where, texts, wanted, wrong):
    for line, text in texts:
        for row, pattern in wanted:
            match = pattern.search(text)
            if match:
                begin = max(0, match.start() - 40)
                wrong.append(f"{where}:{line}: \"{match.group()}\" in "
                             f"\"…{text[begin:match.end() + 40]}…\" ({row})")


def main():
    wanted = patterns()
    assert len(wanted) >= 20, "docs/style-words.md: the table is not read"
    wrong = []
    for path in files(ROOMS, (".c", ".h", ".def")):
        check(os.path.relpath(path, ROOT), texts_of_source(path), wanted, wrong)
    for path in files(PAGES, (".md",)):
        where = os.path.relpath(path, ROOT)
        if not any(where == left or where.startswith(left + os.sep) for left in LEFT_OUT):
            check(where, texts_of_page(path), wanted, wrong)
    for line in wrong:
        print(line)
    if wrong:
        print(f"{len(wrong)} odd words: docs/style-words.md says what to write")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
