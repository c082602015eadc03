#!/usr/bin/python3
"""What a comment cites is there: every page under docs/ that source, tests and other pages name exists, every
heading that they name on such a page stands on it, and no comment cites a document that is not in the repository."""

import os
import re
import subprocess
import sys

ROOT = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILES = (".c", ".h", ".def", ".py", ".sh", ".proto", ".md", ".txt", ".cmake")
# docs/rules.md, "Client tokens" - the heading may be broken over two lines of a comment.
CITATION = re.compile(r'docs/([\w/.-]+\.md)(?:, "([^"]{3,80})")?')
# Pages that only those who wrote the project have.
OUTSIDE = re.compile(r"(?<![\w/-])(asg-semantics|design|style|ecosystem|features|asks|reliability|performance)\.md")


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return listed.stdout.split("\n")
    return [os.path.relpath(os.path.join(folder, name), ROOT)
            for folder, _, names in os.walk(ROOT) for name in names]


def headings(page, known={}):
    if page not in known:
        path = os.path.join(ROOT, "docs", page)
        known[page] = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                known[page] = {line.lstrip("#").strip() for line in file if line.startswith("#")}
    return known[page]


def flatten(text):
    """A comment without its margins, so that what is broken over lines reads as one."""
    return re.sub(r"\s*\n\s*(?:\*|#|//)?\s*", " ", text)


def check(name, text, is_source):
    for page, heading in CITATION.findall(flatten(text)):
        there = headings(page)
        if there is None:
            yield f"{name}: docs/{page} is not there"
        elif heading and not any(title.startswith(heading.rstrip(",.;")) for title in there):
            yield f'{name}: docs/{page} has no heading "{heading}"'
    if is_source:
        for match in OUTSIDE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: {match.group(0)} is not in the repository; cite docs/"


def main():
    problems = []
    for name in tracked():
        if not name.endswith(FILES) or name.startswith(("tests/golden/", "docs/decisions/")):
            continue
        if name == "tests/tidy/test_citations.py" or not os.path.exists(os.path.join(ROOT, name)):
            continue
        with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as file:
            text = file.read()
        problems += check(name, text, name.endswith((".c", ".h", ".def")))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
