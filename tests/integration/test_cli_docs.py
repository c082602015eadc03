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
`--help` lists every key, and `--check-config` says everything that is wrong with the settings and
with the files and keys they name, without opening a port or changing anything (exit 0 or 2): run it
before a restart, with the environment and as the user of the service. Units have no such
ExecStartPre, because a start reads the same and refuses the same. Durations have a unit (`200ms`, `5s`, `10m`, `1h`), sizes may
(`4k`, `16m`, `1g`). Secrets are never values: a key names the file, which must be readable
by its owner alone.

## Read again while it runs

Settings are read at the start; a change needs a restart (`systemctl restart`), during which instances
keep running. What is read again without one:

| program | what | when |
| --- | --- | --- |
| controller | the keys in `workers.d` and `admins.d` (`allow.workers`, `allow.admins`) | every second |
| controller | the access keys of the API (`api.keys`) | when the file changes |
| controller | the certificate and private key of the API (`api.certificate`, `api.private_key`) | on SIGHUP (`systemctl reload openasg-controller`) |
| worker | AWS credentials, from their source | before they expire, and when AWS refuses them |
| worker | whether `halt_file` is there | continuously |
| agent | its certificate | renewed after two thirds of its life |

SIGHUP ends none of the programs. A worker, an agent, `openasg-ec2local` and a controller without an API
log that there is nothing to read again (`hang_up`) and go on. That is so in the foreground too: a
terminal that closes leaves the program running; Ctrl-C or SIGTERM stops it.

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
