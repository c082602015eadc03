"""How fast a breach becomes an EC2 call: real agents, controller, worker and local EC2.

reaction        load raised in the instances -> RunInstances at the endpoint (the policy
                waits for `periods` breaching periods of 1 s, which is most of it)
decision_to_ec2 end of the deciding period in the log -> RunInstances at the endpoint
launch_100      one decision to launch 100 -> the last RunInstances at the endpoint

Prints `name median min max unit words`, and a row for the 99th percentile, which of ten
values is the worst."""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402
from fleet import user_data  # noqa: E402


def row(name, values, unit):
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(f"{name} {statistics.median(values):.1f} {ordered[0]:.1f} {ordered[-1]:.1f} "
          f"{unit} p50 of {len(values)}", flush=True)
    print(f"{name}_p99 {p99:.1f} {p99:.1f} {p99:.1f} {unit} p99 of {len(values)}",
          flush=True)


def run_calls(cluster):
    calls = cluster.control("GET", "/_control/calls")["calls"]
    return [c for c in calls if c["action"] == "RunInstances"]


def begin(build, folder, *ec2_options, **settings):
    cluster = Cluster(build, folder)
    cluster.start_ec2local("--boot-delay-ms", "100", *ec2_options)
    cluster.start_controller(**settings)
    cluster.start_worker("worker-1")
    wait_for("the worker", lambda: len(cluster.ask("worker", "list")) == 1)
    return cluster


def make_template(cluster, text):
    script = os.path.join(cluster.dir, "user-data.sh")
    with open(script, "w") as file:
        file.write(text)
    cluster.openasg("template", "create", "web", "--image", "ami-00000000000000001",
                    "--instance-type", "t3.micro", "--user-data-file", script)


def in_service(cluster):
    return [r for r in cluster.ask("instance", "list", "web") if r["state"] == "in-service"]


def set_load(folder, addresses, percent):
    for address in addresses:
        with open(os.path.join(folder, address + ".new"), "w") as file:
            file.write(str(percent))
        os.replace(os.path.join(folder, address + ".new"), os.path.join(folder, address))


def settle(cluster, load):
    """Back to two instances and two quiet periods, so that the next breach is a new one."""
    wait_for("nothing under way", lambda: len(in_service(cluster)) == len(
        cluster.ask("instance", "list", "web")), 30)
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 2.2:
        set_load(load, [r["private_ip"] for r in in_service(cluster)], 5)
        time.sleep(0.3)
    cluster.openasg("desired", "set", "web", 2, "--force")
    wait_for("two again", lambda: len(cluster.ask("instance", "list", "web")) == 2, 30)


def deciding_ms(cluster, since_ms):
    for record in reversed(cluster.ask("explain", "web")):
        if "scale out" in record["text"] and record["time_ms"] >= since_ms:
            return record["time_ms"]
    return None


def measure_reaction(build, folder, rounds, periods):
    cluster = begin(build, folder, rate_share="0")
    load = os.path.join(folder, "load")
    os.makedirs(load)
    reactions, decisions = [], []
    try:
        make_template(cluster, user_data(cluster, load))
        cluster.openasg("group", "create", "web", "--min", 2, "--max", 4, "--template",
                        "web", "--zones", "us-east-1a,us-east-1b", "--health-check",
                        "agent", "--evaluation", "1s", "--warmup", "0s", "--cooldown", "0s",
                        "--terminating-percent", 100, "--terminated-percent", 100)
        cluster.openasg("policy", "put", "web", "cpu", "--target", 50,
                        "--scale-out-periods", periods, "--scale-out-far-permille", 0,
                        "--disable-scale-in")
        wait_for("two instances", lambda: len(in_service(cluster)) == 2, 40)
        for _ in range(rounds):
            addresses = [r["private_ip"] for r in in_service(cluster)]
            known = len(run_calls(cluster))
            raised_us = int(time.time() * 1e6)
            set_load(load, addresses, 95)
            call = wait_for("RunInstances", lambda: run_calls(cluster)[known:], 30, 0.02)[0]
            reactions.append((call["wall_us"] - raised_us) / 1000)
            decided = deciding_ms(cluster, raised_us // 1000)
            decisions.append(call["wall_us"] / 1000 - decided)
            settle(cluster, load)
    finally:
        cluster.stop_all()
    row(f"reaction_{periods}_periods", reactions, "ms")
    row(f"decision_to_ec2_{periods}_periods", decisions, "ms")


def measure_launch_100(build, folder, rounds):
    cluster = begin(build, folder, "--no-boot", "true", rate_share="0")
    spans, calls_made = [], []
    try:
        make_template(cluster, "#!/bin/sh\n")
        for number in range(rounds):
            name = f"big{number}"
            cluster.openasg("group", "create", name, "--min", 0, "--max", 100,
                            "--template", "web", "--template-version", "1",
                            "--zones", "us-east-1a,us-east-1b,us-east-1c")
            cluster.openasg("desired", "set", name, 1)  # resolves the template
            wait_for("the first", lambda: any(
                r["state"] == "in-service" for r in cluster.ask("instance", "list", name)))
            known = len(run_calls(cluster))
            cluster.openasg("desired", "set", name, 100)
            wait_for("all launched", lambda: not any(
                r["state"] == "requested" for r in cluster.ask("instance", "list", name)))
            decided = [d["time_ms"] for d in cluster.ask("explain", name)
                       if "desired from 1 to 100" in d["text"]][0]
            made = run_calls(cluster)[known:]
            spans.append(max(c["wall_us"] for c in made) / 1000 - decided)
            calls_made.append(len(made))
    finally:
        cluster.stop_all()
    row("launch_100_last_request", spans, "ms")
    row("launch_100_calls", calls_made, "calls")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    for run in (lambda f: measure_launch_100(arguments.build, f, 5),
                lambda f: measure_reaction(arguments.build, f, arguments.rounds, 3),
                lambda f: measure_reaction(arguments.build, f, arguments.rounds, 1)):
        folder = tempfile.mkdtemp(prefix="openasg-bench-")
        try:
            run(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
