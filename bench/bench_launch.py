"""A scale-out of 1,000 instances by two workers against an EC2 with 50 ms a call, beside
boto3 one instance and one call at a time; and the workers' memory.

launch_1000   from the order to the last answered RunInstances, real controller and workers
boto3_1000    the same by boto3, measured over 200 launches and taken five times"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from bench_reaction import make_template, run_calls, wait_for
from bench_sdk import clean_environment

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "deploy"))
from cluster import Cluster  # noqa: E402

SIZE = 1000
LATENCY_MS = 50
SAMPLE = 200
BOTO3 = """
import sys, time, boto3
url, count = sys.argv[1], int(sys.argv[2])
client = boto3.client("ec2", endpoint_url=url, region_name="us-east-1")
begin = time.monotonic()
for number in range(count):
    client.run_instances(LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
                         MinCount=1, MaxCount=1)
print(time.monotonic() - begin)
"""


def memory_mib(cluster, name, key):
    with open(f"/proc/{cluster.processes[name].pid}/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


def launched(cluster):
    return len([r for r in cluster.ask("instance", "list", "web")
                if r["state"] != "requested"])


def measure(build, folder):
    cluster = Cluster(build, folder)
    try:
        cluster.start_ec2local("--boot-delay-ms", "100", "--no-boot", "true", "--threads",
                               "64")
        cluster.start_controller(rate_share="0")
        for name in ("worker-1", "worker-2"):
            cluster.start_worker(name, jobs="256", ec2_in_flight="256")
        wait_for("the workers", lambda: len(cluster.ask("worker", "list")) == 2)
        idle = memory_mib(cluster, "worker-1", "VmRSS")
        make_template(cluster, "#!/bin/sh\n")
        cluster.openasg("group", "create", "web", "--min", 0, "--max", SIZE, "--template",
                        "web", "--template-version", "1", "--zones",
                        "us-east-1a,us-east-1b,us-east-1c")
        cluster.openasg("desired", "set", "web", 1)  # resolves the template
        wait_for("the first", lambda: launched(cluster) == 1)
        cluster.control("POST", "/_control/faults", action="*", kind="latency",
                        latency_ms=LATENCY_MS)
        begin_us = time.time() * 1e6
        known = len(run_calls(cluster))
        cluster.openasg("desired", "set", "web", SIZE)
        wait_for("all of them", lambda: launched(cluster) >= SIZE, 240, 0.2)
        made = run_calls(cluster)[known:]
        ours_s = max(c["wall_us"] for c in made) / 1e6 + LATENCY_MS / 1e3 - begin_us / 1e6
        busy = max(memory_mib(cluster, f"worker-{i}", "VmHWM") for i in (1, 2))
        environment = clean_environment(AWS_ACCESS_KEY_ID=cluster.env["AWS_ACCESS_KEY_ID"],
                                        AWS_SECRET_ACCESS_KEY=cluster.env[
                                            "AWS_SECRET_ACCESS_KEY"])
        done = subprocess.run(["/usr/bin/python3", "-c", BOTO3, cluster.ec2_endpoint,
                               str(SAMPLE)], env=environment, stdout=subprocess.PIPE,
                              text=True, check=True, timeout=300)
        return ours_s, float(done.stdout) * SIZE / SAMPLE, len(made), idle, busy
    finally:
        cluster.stop_all()


def plain_row(name, values, unit, words):
    print(f"{name} {statistics.median(values):.2f} {min(values):.2f} {max(values):.2f} "
          f"{unit} {words}", flush=True)


def measure_in_rounds(measure_once):
    """What measure_once(build, folder) returned, figure by figure, from a folder a round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    figures = []
    for _ in range(arguments.rounds):
        folder = tempfile.mkdtemp(prefix="openasg-bench-")
        try:
            figures.append(measure_once(arguments.build, folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return zip(*figures)


def main():
    ours, boto3, calls, idle, busy = measure_in_rounds(measure)
    plain_row("launch_1000", ours, "s", "two workers, 50 ms a call")
    plain_row("launch_1000_calls", calls, "calls", "RunInstances")
    plain_row("boto3_1000", boto3, "s", "one at a time; 200 measured, times 5")
    plain_row("launch_ratio", [b / a for a, b in zip(ours, boto3)], "x",
              "boto3 over ours; goal 100 or more")
    plain_row("worker_idle", idle, "MiB", "resident; goal under 25")
    plain_row("worker_busy", busy, "MiB", "most resident in that launch; goal under 60")


if __name__ == "__main__":
    main()
