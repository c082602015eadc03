"""How long `openasg diff`, `apply` and `export` take with 1,000 groups, each of two policies
and a scheduled action, against a real controller: the whole process, from its start to its end.

diff_1000         one file that says what is there
diff_1000_folder  the same as a folder of 1,000 files
apply_1000_one    the file with one group changed: compared, and one order that is durable
apply_1000        all of them created by one order
export_1000       written to a folder, a file a group

Prints `name median min max unit words`."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "deploy"))
from cluster import Cluster  # noqa: E402

GROUPS = 1000
ROUNDS = 7
TEXT = """group:
  name: g{0:04d}
  min: 0
  max: 20
  template_id: lt-0123456789abcdef0
  template_version: "1"
  subnets:
    - zone: us-east-1a
    - zone: us-east-1b
  instance_types: [m5.large, m5a.large]
  health_check: agent
  cooldown: {1}s
  tags:
    - {{key: team, value: "team {0}"}}
    - {{key: service, value: shop}}
policies:
  - name: cpu50
    kind: target-tracking
    target: 50
    preset: calm
  - name: out
    kind: step
    threshold: 90
    steps:
      - {{lower: 0, upper: 5, adjustment: 2}}
      - {{lower: 5, adjustment: 4}}
schedules:
  - name: night
    recurrence: "0 22 * * *"
    time_zone: Europe/Berlin
    max: 4
"""


def write(path, cooldown=90, changed=None):
    with open(path, "w", encoding="utf-8") as file:
        file.write("---\n".join(
            TEXT.format(number, cooldown if number != changed else 91)
            for number in range(GROUPS)))


def took(cluster, code, *words):
    """Milliseconds of one command, which must end with `code`."""
    command = cluster.openasg_command(*words)
    begun = time.monotonic()
    done = subprocess.run(command, env=cluster.env, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    end = time.monotonic()
    if done.returncode != code:
        raise RuntimeError(f"openasg {' '.join(words)}: exit {done.returncode}\n{done.stderr}")
    return (end - begun) * 1000



def row(name, values):
    ordered = sorted(values)
    print(f"{name} {ordered[len(ordered) // 2]:.1f} {ordered[0]:.1f} {ordered[-1]:.1f} ms "
          f"{GROUPS} groups, {len(values)} times", flush=True)


def measure(build, folder):
    cluster = Cluster(build, folder)
    path, changed = os.path.join(folder, "all.yaml"), os.path.join(folder, "changed.yaml")
    out = os.path.join(folder, "groups")
    write(path)
    figures = {"diff_1000": [], "diff_1000_folder": [], "apply_1000_one": [],
               "export_1000": []}
    cluster.start_controller(limits_groups="10000")
    try:
        created = took(cluster, 0, "apply", "-f", path)
        for turn in range(ROUNDS):
            figures["export_1000"].append(took(cluster, 0, "export", "--into-dir", out))
            figures["diff_1000"].append(took(cluster, 0, "diff", "-f", path))
            figures["diff_1000_folder"].append(took(cluster, 0, "diff", "-f", out, "--prune"))
            write(changed, changed=turn)
            figures["apply_1000_one"].append(took(cluster, 0, "apply", "-f", changed))
            took(cluster, 0, "apply", "-f", path)
    finally:
        cluster.stop_all()
    for name, values in figures.items():
        row(name, values)
    print(f"apply_1000 {created:.1f} {created:.1f} {created:.1f} ms one order of 4,000 things",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="openasg-bench-files-")
    try:
        measure(os.path.abspath(arguments.build), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
