#!/usr/bin/python3
"""Each message id that a log line carries has one entry in deploy/journal, and the lines are
still logged: room and event are words of the sources. systemd's own compiler takes the files."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CATALOGS = {"openasg-controller.catalog": "controller", "openasg-worker.catalog": "worker"}


def read(*names):
    with open(os.path.join(SOURCE, *names), encoding="utf-8") as file:
        return file.read()


def find_ids():
    """id -> (room, event)"""
    rows = re.findall(r'\{"([\w-]+)", "([\w-]+)", ASG_LOG_\w+,\s+"([0-9a-f]{32})"\}',
                      read("lib", "base", "log_ids.c"))
    return {row[2]: row[:2] for row in rows}, len(rows)


def find_entries(name):
    """id -> its text"""
    parts = re.split(r"(?m)^-- ([0-9a-f]{32})$", read("deploy", "journal", name))
    return dict(zip(parts[1::2], parts[2::2])), len(parts) // 2


def texts_of(room):
    """What the program's sources have in quotes; alarms have words of the model."""
    texts = set(re.findall(r'"([\w-]+)"', read("lib", "model", "enums.h")))
    for name in os.listdir(os.path.join(SOURCE, room)):
        if name.endswith(".c"):
            texts |= set(re.findall(r'"([\w-]+)"', read(room, name)))
    return texts


def check(ids, count):
    wrong = []
    if len(ids) != count or count < 12:
        wrong.append(f"lib/base/log_ids.c: {count} rows with {len(ids)} ids")
    explained = set()
    for name, program in CATALOGS.items():
        entries, entry_count = find_entries(name)
        if len(entries) != entry_count:
            wrong.append(f"deploy/journal/{name}: an id has two entries")
        texts = texts_of(program)
        for number, text in entries.items():
            explained.add(number)
            if not re.match(r"\nSubject: [A-Z].{10,70}\nDefined-By: openasg\n\n[A-Z]", text):
                wrong.append(f"deploy/journal/{name}: {number} begins otherwise")
            for word in ids.get(number, ()):
                if word not in texts:
                    wrong.append(f"{name}: nothing logs \"{word}\" any more")
    for number in sorted(set(ids) ^ explained):
        wrong.append(f"{number} is in log_ids.c or in deploy/journal, not in both")
    return wrong


def compile_them(ids):
    """As systemd does when a package brings one."""
    if shutil.which("journalctl") is None:
        return []
    with tempfile.TemporaryDirectory(prefix="openasg-catalog-") as root:
        folder = os.path.join(root, "usr/lib/systemd/catalog")
        os.makedirs(folder)
        os.makedirs(os.path.join(root, "var/lib/systemd/catalog"))
        for name in CATALOGS:
            shutil.copy(os.path.join(SOURCE, "deploy", "journal", name), folder)
        words = ["journalctl", f"--root={root}"]
        made = subprocess.run(words + ["--update-catalog"], capture_output=True, text=True)
        listed = subprocess.run(words + ["--list-catalog"], capture_output=True, text=True)
        found = set(re.findall(r"(?m)^([0-9a-f]{32}) openasg: ", listed.stdout))
        if made.returncode or found != set(ids):
            return [f"journalctl takes {len(found)} of {len(ids)}: {made.stderr}"]
    return []


def main():
    ids, count = find_ids()
    wrong = check(ids, count) + compile_them(ids)
    print("\n".join(wrong) or f"{count} log lines are explained")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
