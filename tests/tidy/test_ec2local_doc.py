#!/usr/bin/python3
"""docs/ec2local.md names every action that openasg-ec2local serves and every filter of
DescribeInstances, and none that it does not."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def served():
    actions = re.findall(r'\{"(\w+)", "(?:ec2|sts)",', read("ec2local", "ec2_query.c"))
    assert len(actions) > 40, actions
    return set(actions)


def filters():
    source = read("ec2local", "model_describe.c")
    names = set(re.findall(r'^\s*\{"([a-z][a-z.-]+)",', source, re.M))
    names |= set(re.findall(r'strcmp\((?:filter->)?name, "([a-z-]+)"\)', source))
    assert len(names) > 30, names
    return names


def main():
    text = read("docs", "ec2local.md")
    words = set(re.findall(r"\b[A-Z][a-z]+[A-Z]\w+\b", text))
    listed = set(re.findall(r"`([a-z][a-z.-]+)`", text))
    wrong = [f"docs/ec2local.md does not name the action {name}"
             for name in sorted(served() - words)]
    wrong += [f"docs/ec2local.md does not name the filter {name}"
              for name in sorted(filters() - listed)]
    table = text.split("## What it knows", 1)[1].split("\n\n", 2)[1]
    named = set(re.findall(r"\b(?:Create|Delete|Describe|Modify|Run|Terminate|Stop|Start|Reboot"
                           r"|Authorize|Revoke|Import|Get)[A-Z]\w+\b", table))
    wrong += [f"docs/ec2local.md names {name}, which is not served"
              for name in sorted(named - served())]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
