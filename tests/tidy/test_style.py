"""House rules that a compiler does not see: banned calls, a README in each room, a sentence
at the top of each header, no leftovers, no paths of somebody's machine."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ROOMS = ["core", "api", "view", "controller", "worker", "agent", "cli", "ec2local"]
BANNED = re.compile(r"\b(sprintf|vsprintf|strcpy|strcat|gets|strtok|alloca|rand|srand"
                    r"|system|popen|sleep|usleep|atoi|atol|gmtime|localtime|ctime)\s*\(")
LEFTOVERS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"])
                       + r")\b")
MACHINE = re.compile(r"/(home|Users)/[a-z]+/|" + re.escape(ROOT + os.sep))
FUNCTION_LINES = 70
STRING_OR_COMMENT = re.compile(r"""/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])+'""",
                               re.DOTALL)


def files(*ends):
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if not f.startswith((".", "build"))
                      and f not in ("node_modules", "corpus", "golden", "__pycache__")]
        for name in sorted(names):
            if name.endswith(ends):
                yield os.path.join(folder, name)


def is_product(path):
    return os.path.relpath(path, ROOT).split(os.sep)[0] in ROOMS + ["lib"]


def blank(match):
    """Comments and strings out, line numbers kept."""
    return re.sub(r"[^\n]", " ", match.group(0))


def long_functions(text):
    """(line, length) of functions over the limit: a brace in column 0 opens one."""
    begun = None
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            begun = number
        elif line == "}" and begun is not None:
            if number - begun > FUNCTION_LINES:
                yield begun, number - begun
            begun = None


def check_source(path, wrong):
    with open(path, encoding="utf-8") as file:
        raw = file.read()
    where = os.path.relpath(path, ROOT)
    text = STRING_OR_COMMENT.sub(blank, raw)
    if is_product(path):
        for match in BANNED.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            wrong.append(f"{where}:{line}: {match.group(1)}() is not used here")
        for line, length in long_functions(text):
            wrong.append(f"{where}:{line}: a function of {length} lines; is a name missing?")
    if path.endswith(".h") and not raw.startswith("/*"):
        wrong.append(f"{where}: opens without a sentence on what it is")
    for number, line in enumerate(raw.split("\n"), 1):
        if len(line.expandtabs()) > 100:
            wrong.append(f"{where}:{number}: {len(line)} columns")


def check_text(path, wrong):
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if LEFTOVERS.search(line):
                wrong.append(f"{os.path.relpath(path, ROOT)}:{number}: a leftover")
            if MACHINE.search(line):
                wrong.append(f"{os.path.relpath(path, ROOT)}:{number}: somebody's machine")


def main():
    wrong = []
    for path in files(".c", ".h"):
        check_source(path, wrong)
    for path in files(".c", ".h", ".md", ".py", ".sh", ".cmake", ".txt", ".yaml"):
        if os.path.basename(path) != "test_style.py":
            check_text(path, wrong)
    rooms = ROOMS + [os.path.join("lib", r) for r in sorted(os.listdir(f"{ROOT}/lib"))]
    for room in rooms:
        if not os.path.exists(os.path.join(ROOT, room, "README.md")):
            wrong.append(f"{room}: no README.md")
    for line in wrong:
        print(line)
    print(f"{len(wrong)} against the house")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
