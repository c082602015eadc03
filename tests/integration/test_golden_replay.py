#!/usr/bin/python3
"""core decides alike on every build: golden logs through it, compiled by gcc and (where it
is there) clang, at -O0 and -O3. Every byte of every effect and of the state after every
event goes into the digests that must be equal (tests/golden/replay/replay_digest.c).

And it decides as it did: the digests stand in tests/golden/replay/digests.txt. Whoever
changes what core decides or saves renews logs and digests on purpose with `./dev golden`
(docs/log-format.md, "When core decides otherwise"); --renew is its last step.

Exit code 77 (skipped) without a compiler."""

import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOMS = ["core", "lib/base", "lib/model", "lib/wire", "lib/store", "lib/crypto"]
LIBRARIES = ["-lsqlite3", "-lcrypto", "-lmsgpackc", "-lpthread", "-lm"]
LEVELS = ["-O0", "-O3"]


def sources():
    found = [os.path.join(SOURCE, "tests/golden/replay/replay_digest.c")]
    for room in ROOMS:
        found += sorted(glob.glob(os.path.join(SOURCE, room, "**/*.c"), recursive=True))
    return found


def compile_one(compiler, level, source, folder):
    name = os.path.relpath(source, SOURCE).replace("/", "_")[:-2] + ".o"
    target = os.path.join(folder, name)
    subprocess.run(
        [compiler, "-std=c17", level, "-D_GNU_SOURCE", '-DASG_VERSION="golden"',
         "-I", SOURCE, "-I", os.path.join(SOURCE, "lib"), "-c", source, "-o", target],
        check=True)
    return target


def build(compiler, level, folder):
    os.mkdir(folder)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(
            lambda source: compile_one(compiler, level, source, folder), sources()))
    program = os.path.join(folder, "replay_digest")
    subprocess.run([compiler, "-o", program, *objects, *LIBRARIES], check=True)
    return program


STORED = os.path.join(SOURCE, "tests/golden/replay/digests.txt")


def parse(text):
    """name -> its numbers and digests, by their words."""
    rows = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            words = line.split()
            rows[words[0]] = dict(zip(words[1::2], words[2::2]))
    return rows


def compare_with_stored(text):
    """True when every log is decided and saved as it was; names what is not."""
    with open(STORED) as file:
        stored = parse(file.read())
    now = parse(text)
    if stored == now:
        return True
    for name in sorted(stored.keys() | now.keys()):
        old, new = stored.get(name), now.get(name)
        if old is None or new is None:
            print(f"{name}: {'has no stored digest' if old is None else 'is gone'}",
                  file=sys.stderr)
            continue
        for word, what in (("events", "events"), ("refused", "events refused"),
                           ("decisions", "decisions"),
                           ("effects", "what core decides (effects)"),
                           ("states", "what core remembers, or the form it saves it in")):
            if old[word] != new[word]:
                print(f"{name}: {what} changed: {old[word]} was stored, now {new[word]}",
                      file=sys.stderr)
    print("meant? ./dev golden, and say so in CHANGELOG.md (docs/log-format.md, \"When core "
          "decides otherwise\")", file=sys.stderr)
    return False


def renew(text):
    with open(STORED, "w") as file:
        file.write("# What core makes of each golden log; renewed by "
                   "./dev golden\n" + text)
    print("renewed", STORED)


def main():
    compilers = [name for name in ("gcc", "clang") if shutil.which(name)]
    if not compilers:
        print("no compiler here")
        return 77
    is_renewing = "--renew" in sys.argv[1:]
    folder_of_logs = os.path.join(SOURCE, "tests/golden/replay")
    logs = sorted(glob.glob(os.path.join(folder_of_logs, "rules-*/*.sqlite")))
    assert len(logs) >= 4, logs
    said = {}
    with tempfile.TemporaryDirectory(prefix="openasg-golden-") as folder:
        copies = []
        for log in logs:
            name = os.path.relpath(log, folder_of_logs)
            copy = os.path.join(folder, name.replace("/", "-"))
            shutil.copyfile(log, copy)
            os.chmod(copy, 0o600)
            copies.append(copy)
        for compiler in compilers[:1] if is_renewing else compilers:
            for level in LEVELS[:1] if is_renewing else LEVELS:
                program = build(compiler, level, os.path.join(folder, compiler + level))
                said[compiler + " " + level] = subprocess.run(
                    [program, *copies], check=True, capture_output=True,
                    text=True).stdout
    first_build, first = next(iter(said.items()))
    print(first, end="")
    for name, text in said.items():
        if text != first:
            print(f"{name} differs from {first_build}:\n{text}", file=sys.stderr)
            return 1
    print("identical:", ", ".join(said))
    if is_renewing:
        renew(first)
        return 0
    return 0 if compare_with_stored(first) else 1


if __name__ == "__main__":
    sys.exit(main())
