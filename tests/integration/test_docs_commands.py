#!/usr/bin/python3
"""Commands and links in the pages that people follow: each `openasg ...` in them is a command
that there is, with options that it has, and each relative link leads to a file and heading."""

import os
import re
import shlex
import subprocess
import sys

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
LEFT_OUT = {"docs/cli.md"}  # written by the program itself
SPAN = re.compile(r"`(openasg [^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?)\s*$", re.MULTILINE)
NO_COMMANDS = {"checkpoint", "state", "enrolment"}  # first words of files and signed texts
STOPS = {"|", "||", "&&", ";", ">", ">>", "<", "2>&1", "&", "#"}


def pages():
    for top in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs", "deploy", "examples"):
        path = os.path.join(SOURCE, top)
        if os.path.isfile(path):
            yield top
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".md", ".catalog")):
                    yield os.path.relpath(os.path.join(folder, name), SOURCE)


def commands():
    """{"group update": {"--min", ...}} and the options of every command, as the program
    documents itself."""
    text = subprocess.run([os.path.join(BUILD, "bin", "openasg"), "docs"], check=True, timeout=60,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    found, common = {}, set()
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        options = set(re.findall(r"(?<![\w-])(--?[a-zA-Z][\w-]*)", "\n".join(
            line for line in body.split("\n") if line.startswith("| `-"))))
        if title.startswith("openasg "):
            found[title[len("openasg "):].strip()] = options
        elif title.startswith(("Options of every command", "Options of every list")):
            common |= options
    found["docs"] = {"--json", "--settings"}  # for those who write pages: in no list
    return found, common | {"--help", "-h", "--version"}


def lines_of(text):
    """(line, command) in code spans and in blocks, a block's continued lines joined."""
    for match in SPAN.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, " ".join(match.group(1).split())
    held, begun = "", 0
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            fenced = not fenced
            continue
        if not fenced and not line.startswith("    "):
            held = ""
            continue
        begun = begun if held else number
        held += line.strip()
        if held.endswith("\\"):
            held = held[:-1] + " "
            continue
        match = re.search(r"(?:^|[;&|(] *|sudo )(openasg [^`]*)", held)
        if match and not held.startswith(("#", "usage")):
            yield begun, match.group(1)
        held = ""


def words_of(command):
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        words = command.split()
    for number, word in enumerate(words):
        if word in STOPS or word.endswith((";", ")")):
            return words[:number + (word not in STOPS)]
    return words


def wrong_with(command, known, common):
    words = [word.rstrip(";),.:") for word in words_of(command)[1:]]
    while words and words[0].startswith("-"):  # settings before the command
        words = words[1 if "=" in words[0] or words[0] in ("--version", "--help") else 2:]
    if words and words[0] == "help":
        words = words[1:]
    if not words or words[0] in NO_COMMANDS or not re.match(r"^[a-z]", words[0]):
        return None
    name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
    if name not in known:
        families = {entry.split()[0] for entry in known}
        if name in families and len(words) == 1:
            return None  # a family is named as such: "openasg keys"
        return f"there is no command \"{' '.join(words[:2])}\""
    for word in words[1:]:
        option = word.split("=")[0]
        if re.match(r"^--?[a-zA-Z]", option) and option not in known[name] | common:
            return f"openasg {name} has no option {option}"
    return None


def anchors(path):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"^```.*?^```", "", file.read(), flags=re.MULTILINE | re.DOTALL)
    titles = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
              for title in HEADING.findall(text)]
    return set(titles) | {match for match in re.findall(r'<a (?:id|name)="([^"]+)"', text)}


def wrong_link(page, link):
    if re.match(r"^[a-z]+:", link):
        return None
    name, _, anchor = link.partition("#")
    path = os.path.normpath(os.path.join(SOURCE, os.path.dirname(page), name)) \
        if name else os.path.join(SOURCE, page)
    if not os.path.exists(path):
        return f"the link {link} leads to no file"
    if anchor and path.endswith(".md") and anchor not in anchors(path):
        return f"the link {link} leads to no heading of {name or page}"
    return None


def main():
    known, common = commands()
    assert len(known) > 40 and len(common) > 3, "openasg docs has another form now"
    wrong, seen = [], 0
    for page in pages():
        with open(os.path.join(SOURCE, page), encoding="utf-8") as file:
            text = file.read()
        for match in LINK.finditer(re.sub(r"`[^`\n]*`", "", text)):
            fault = wrong_link(page, match.group(1))
            if fault:
                wrong.append(f"{page}: {fault}")
        if page in LEFT_OUT or page.startswith("docs/decisions/"):
            continue
        for line, command in lines_of(text):
            seen += 1
            fault = wrong_with(command, known, common)
            if fault:
                wrong.append(f"{page}:{line}: {fault}: {command}")
    assert seen > 100, f"only {seen} commands found"
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
