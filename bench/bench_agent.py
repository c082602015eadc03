"""What an agent costs its instance: one real agent, started by an instance's user data, that
reports every second to a real controller and answers its probes.

agent_resident  VmRSS after the rounds
agent_peak      VmHWM: while it started
agent_cpu       time on a core of all its threads (schedstat) over a round of 20 s

Prints `name median min max unit words`."""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time

from bench_reaction import begin, in_service, make_template, wait_for

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "deploy"))
from fleet import agent_pid  # noqa: E402

ROUND_S = 20
USER_DATA = """#!/bin/sh
exec {agent} --cpu-source host --dir "$PWD/agent" --grpc-listen ":0"
"""


def cpu_ns(pid):
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total


def memory_mib(pid, name):
    with open(f"/proc/{pid}/status") as file:
        line = next(text for text in file if text.startswith(name + ":"))
    return int(line.split()[1]) / 1024


def share_of_a_core(pid):
    began, before = time.monotonic(), cpu_ns(pid)
    time.sleep(ROUND_S)
    return 100 * (cpu_ns(pid) - before) / 1e9 / (time.monotonic() - began)


def row(name, values, unit, words):
    print(f"{name} {statistics.median(values):.3f} {min(values):.3f} {max(values):.3f} "
          f"{unit} {words}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="openasg-bench-agent-")
    cluster = begin(arguments.build, folder)
    try:
        make_template(cluster, USER_DATA.format(agent=cluster.program("openasg-agent")))
        cluster.openasg("group", "create", "web", "--min", 1, "--max", 1, "--template",
                        "web", "--zones", "us-east-1a", "--health-check", "agent")
        wait_for("an agent that reports", lambda: in_service(cluster), 60)
        pid = agent_pid(in_service(cluster)[0]["instance_id"])
        time.sleep(5)  # it has joined and settled
        shares = [share_of_a_core(pid) for _ in range(arguments.rounds)]
        row("agent_resident", [memory_mib(pid, "VmRSS")], "MiB", "goal: at most 12")
        row("agent_peak", [memory_mib(pid, "VmHWM")], "MiB", "while it starts")
        row("agent_cpu", shares, "%", f"of one core, reports each 1 s, rounds of {ROUND_S} s; "
                                      "goal: at most 0.1")
    finally:
        cluster.stop_all()
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
