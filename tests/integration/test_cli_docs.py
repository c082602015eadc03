#!/usr/bin/python3
"""docs/cli.md and docs/configuration.md are what the programs print of themselves.

ASG_WRITE_DOCS=1 writes them anew instead of comparing.
"""

import os
import subprocess
import sys

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")

CONFIGURATION_HEAD = """# Configuration

Made by `tests/integration/test_cli_docs.py` from what each program prints of itself
(`--document-config`); do not edit.

Each program takes its settings from the command line (`--key value`, dots and underscores
as dashes), else from the environment, else from its YAML file (`--config FILE`), else its
default. A key `listen.agents` is `agents:` under `listen:` in the file. An unknown key is
an error that names the nearest known one. `--print-config` shows what is in force,
`--help` lists every key. Durations have a unit (`200ms`, `5s`, `10m`, `1h`), sizes may
(`4k`, `16m`, `1g`). Secrets are never values: a key names the file, which must be readable
by its owner alone.

"""


def said_by(program, *words):
    path = os.path.join(BUILD, "bin", program)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("OPENASG_")}
    return subprocess.run([path, *words], capture_output=True, text=True, check=True,
                          env=environment, timeout=60, stdin=subprocess.DEVNULL).stdout


def documents():
    configuration = CONFIGURATION_HEAD
    for program in ("openasg-controller", "openasg-worker", "openasg-agent",
                    "openasg-ec2local"):
        if os.path.exists(os.path.join(BUILD, "bin", program)):
            configuration += said_by(program, "--document-config")
    configuration += said_by("openasg", "docs", "--settings")
    return {"docs/cli.md": said_by("openasg", "docs"),
            "docs/json.md": said_by("openasg", "docs", "--json"),
            "docs/configuration.md": configuration}


def main():
    failed = 0
    for name, text in documents().items():
        path = os.path.join(SOURCE, name)
        if os.environ.get("ASG_WRITE_DOCS"):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            continue
        with open(path, encoding="utf-8") as file:
            if file.read() != text:
                print(f"{name} is not what the programs say now: run "
                      f"ASG_WRITE_DOCS=1 ASG_BUILD_DIR={BUILD} {sys.argv[0]}")
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
