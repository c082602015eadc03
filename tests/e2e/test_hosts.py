"""Separate hosts: EC2, controller, two workers and the agents each in a network namespace
of the test's own making, joined by veth pairs to one switch host. A worker's and an agent's
link is cut and rejoined. Needs root and namespaces; skipped with a word elsewhere."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

root = os.environ["ASG_SOURCE_DIR"]
build = os.environ["ASG_BUILD_DIR"]
sys.path.insert(0, os.path.join(root, "deploy"))
from cluster import Trouble, wait_for  # noqa: E402
from fleet import agent_pid  # noqa: E402
from hosts import (AGENTS, CONTROLLER, EC2, WORKERS, Hosts, Network,  # noqa: E402
                   why_not_allowed)

SKIP = 77


class ObservedHosts(Hosts):
    """Asked from the controller's own host."""

    def openasg_command(self, *arguments):
        command = super().openasg_command(*arguments)
        if os.path.exists(os.path.join(self.dir, "controller.endpoints")):
            return self.network.on(CONTROLLER) + command
        return command


USER_DATA = """#!/bin/sh
exec {bin}/openasg-agent --cpu-source session --interval-ms 500 \\
  --dir "$PWD/agent" --grpc-listen ":7705"
"""


def start(hosts):
    hosts.start_ec2local()
    hosts.start_controller(
        jobs_lease="2s", jobs_heartbeat="400ms", reports_silent_after="1500ms",
        probe_suspect_every="250ms", probe_deadline="500ms")
    for name in ("worker-1", "worker-2"):
        hosts.start_worker(name, stop_within="1s")
    wait_for("two workers", lambda: len(hosts.ask("worker", "list")) == 2)


def instances(hosts, group="web"):
    return [r for r in hosts.ask("instance", "list", group) if r["state"] == "in-service"]


def make_group(hosts):
    script = os.path.join(hosts.dir, "user-data.sh")
    with open(script, "w") as file:
        file.write(USER_DATA.format(bin=hosts.bin))
    hosts.openasg("template", "create", "web", "--image", "ami-00000000000000001",
                  "--instance-type", "t3.micro", "--user-data-file", script)
    hosts.openasg("group", "create", "web", "--min", 2, "--max", 3, "--template", "web",
                  "--zones", "us-east-1a,us-east-1b", "--health-check", "agent",
                  "--evaluation", "1s", "--warmup", "1s", "--terminating-percent", 100,
                  "--terminated-percent", 100, "--unhealthy-percent", 50)
    wait_for("two instances", lambda: len(instances(hosts)) == 2, 40)
    print("ok two instances on hosts of their own:",
          [r["private_ip"] for r in instances(hosts)])


def cut_worker(network, hosts):
    """A cut worker loses its lease, the job goes to the other, EC2 launches once."""
    network.cut(WORKERS[0])
    hosts.openasg("desired", "set", "web", 3)
    wait_for("the launch by the worker that is left", lambda: len(instances(hosts)) == 3, 40)
    network.rejoin(WORKERS[0])
    wait_for("the cut worker to be back", lambda: len(
        [w for w in hosts.ask("worker", "list") if w["heard_ms"] < 1500]) == 2, 40)
    live = len(live_instances(hosts))
    assert live == 3, f"{live} instances live, 3 wanted"
    print("ok a worker's link was cut and rejoined: 3 in service, none doubled")


def live_instances(hosts):
    """EC2's list, asked from inside the network."""
    code = ("import sys, json; sys.path.insert(0, sys.argv[1]); import cluster; "
            "c = cluster.Cluster(sys.argv[2], sys.argv[3], sys.argv[4]); "
            "print(json.dumps(c.ec2_instances()))")
    done = subprocess.run(
        hosts.network.on(CONTROLLER) +
        [sys.executable, "-c", code,
         os.path.join(root, "deploy"), build, hosts.dir, hosts.ec2_endpoint],
        env=hosts.env, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def cut_agent(network, hosts):
    """A short cut is survived; a long one, while the others report, and the instance is
    replaced."""
    victim = instances(hosts)[0]
    number = int(victim["private_ip"].rsplit(".", 1)[1])
    network.cut(number)
    wait_for("its replacement", lambda: victim["instance_id"] not in
             [r["instance_id"] for r in instances(hosts)] and len(instances(hosts)) == 3, 60)
    network.rejoin(number)
    texts = " ".join(d["text"] for d in hosts.ask("explain", "web"))
    assert "is silent and it is out of reach, while others report" in texts, texts
    wait_for("EC2 to hold exactly the three",
             lambda: set(live_instances(hosts)) ==
             {r["instance_id"] for r in instances(hosts)}, 30)
    print("ok an agent's link was cut: probed, replaced, nothing orphaned")


def texts_of(hosts, group):
    return [d["text"] for d in hosts.ask("explain", group)]


def cut_a_group_of_one(network, hosts):
    """Nobody else can tell whether it is dead: it is left alone, however long it lasts.
    When its agent is killed its host says so, and it is replaced."""
    hosts.openasg("group", "create", "lone", "--min", 1, "--max", 2, "--template", "web",
                  "--zones", "us-east-1a", "--health-check", "agent", "--evaluation", "1s",
                  "--terminating-percent", 100, "--terminated-percent", 100,
                  "--unhealthy-percent", 100)
    wait_for("the lone instance", lambda: len(instances(hosts, "lone")) == 1, 40)
    lone = instances(hosts, "lone")[0]
    number = int(lone["private_ip"].rsplit(".", 1)[1])
    network.cut(number)
    wait_for("the word of a partition", lambda: any(
        "out of reach: assuming a network partition" in t for t in texts_of(hosts, "lone")), 60)
    time.sleep(15)  # longer than one that is out of reach among others lives
    rows = instances(hosts, "lone")
    assert [r["instance_id"] for r in rows] == [lone["instance_id"]], rows
    network.rejoin(number)
    wait_for("it to be heard again", lambda: any(
        t.startswith("over: mass-silence") for t in texts_of(hosts, "lone")), 60)
    os.kill(agent_pid(lone["instance_id"]), signal.SIGKILL)
    wait_for("its replacement", lambda: [r["instance_id"] for r in instances(hosts, "lone")]
             not in ([], [lone["instance_id"]]), 60)
    assert any("silent and its probe failed" in t for t in texts_of(hosts, "lone"))
    print("ok a group of one was cut off and left alone; its dead agent was replaced")


def main():
    why = why_not_allowed()
    if why is not None:
        print(f"skipped: {why}")
        return SKIP
    folder = tempfile.mkdtemp(prefix="openasg-hosts-")
    network = Network(f"oa{os.getpid() % 10000}")
    hosts = ObservedHosts(build, folder, network)
    failed = True
    try:
        for number in (EC2, CONTROLLER) + WORKERS + AGENTS:
            network.add_host(number)
        start(hosts)
        make_group(hosts)
        cut_worker(network, hosts)
        cut_agent(network, hosts)
        cut_a_group_of_one(network, hosts)
        replayed = hosts.openasg("replay", hosts.log_file())
        assert "identical" in replayed, replayed
        print("ok the log replays: " + replayed.strip())
        failed = False
    except (Trouble, AssertionError) as trouble:
        print(f"failed: {trouble}")
        for name in hosts.processes:
            with open(hosts.log_of(name), errors="replace") as log:
                print(f"--- {name}\n" + log.read()[-1500:])
    finally:
        hosts.stop_all()
        network.remove()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
