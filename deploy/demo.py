"""demo - the whole path on one machine, each step checked: run by ./dev demo.

Real agents measure the real CPU of real processes, the controller decides, workers call
an EC2 API over HTTP, everything is in a real log. Half a minute, a minute at most."""

import argparse
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cluster import Cluster, Trouble, wait_for  # noqa: E402
from fleet import LoadBalancer, agent_pid, user_data  # noqa: E402

GROUP = "web"
TARGET = 50


class Story:
    """What the user sees: one line a happening, with the time since the start."""

    def __init__(self):
        self.began = time.monotonic()
        self.checked = 0

    def say(self, text):
        print(f"[{time.monotonic() - self.began:5.1f} s] {text}", flush=True)

    def step(self, number, text):
        print(f"\n{number}. {text}", flush=True)

    def check(self, text, is_true, detail=""):
        if not is_true:
            raise Trouble(f"not so: {text}" + (f" ({detail})" if detail else ""))
        self.checked += 1
        self.say(f"ok   {text}")


class Census(threading.Thread):
    """Counts those in service again and again, to tell the fewest and the most."""

    def __init__(self, count):
        super().__init__(daemon=True)
        self.count = count
        self.counts = []
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(0.1):
            try:
                self.counts.append(self.count())
            except (Trouble, ValueError, subprocess.SubprocessError):
                pass  # no answer this time

    def stop(self):
        self.stopping.set()
        self.join()
        return min(self.counts, default=-1), max(self.counts, default=-1)


class Demo:
    def __init__(self, build, folder):
        self.story = Story()
        self.cluster = Cluster(build, folder)
        self.cluster.serves_api = True
        self.load = LoadBalancer(self.cluster, GROUP)

    # ---- looking ----

    def group(self):
        rows = self.cluster.ask("group", "show", GROUP)
        return rows[0] if isinstance(rows, list) else rows

    def desired(self):
        group = self.group()
        return group["config"]["desired"] if "config" in group else group["desired"]

    def instances(self, state=None):
        rows = self.cluster.ask("instance", "list", GROUP)
        return [r for r in rows if state is None or r["state"] == state]

    def in_service(self):
        return len(self.instances("in-service"))

    def launches(self):
        """RunInstances calls that reached EC2, by client token."""
        calls = self.cluster.control("GET", "/_control/calls")
        rows = calls["calls"] if isinstance(calls, dict) else calls
        return [c for c in rows if c["action"] == "RunInstances"]

    def records(self, kind):
        text = self.cluster.openasg("log", "export", self.cluster.log_file(),
                                    "--kind", kind)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    # ---- the steps ----

    def start(self):
        story, cluster = self.story, self.cluster
        story.step(1, "start a local EC2, one controller and two workers")
        cluster.start_ec2local("--boot-delay-ms", "400")
        story.say(f"openasg-ec2local serves {cluster.ec2_endpoint}")
        cluster.start_controller(
            log_hash_events=25, jobs_lease="3s", jobs_heartbeat="500ms", reports_silent_after="1500ms",
            probe_suspect_every="250ms", probe_deadline="500ms",
            reconcile_absent_after="0s")
        endpoints = cluster.controller_endpoints()
        story.say(f"openasg-controller leads: workers {endpoints['workers']}, "
                  f"{endpoints['http']}/metrics")
        story.say(f"it serves the Auto Scaling API at {endpoints['api']}")
        for name in ("worker-1", "worker-2"):
            cluster.start_worker(name, stop_within="2s")
        wait_for("two workers", lambda: len(cluster.ask("worker", "list")) == 2)
        story.check("two workers take jobs", True)
        self.make_group()

    def make_group(self):
        story, cluster = self.story, self.cluster
        script = os.path.join(cluster.dir, "user-data.sh")
        with open(script, "w") as file:
            file.write(user_data(cluster, self.load.folder))
        cluster.openasg("template", "create", GROUP, "--image", "ami-00000000000000001",
                        "--instance-type", "t3.micro", "--user-data-file", script)
        words = ("create-auto-scaling-group", "--auto-scaling-group-name", GROUP,
                 "--launch-template", f"LaunchTemplateName={GROUP}", "--min-size", 2,
                 "--max-size", 6, "--availability-zones", "us-east-1a", "us-east-1b",
                 "us-east-1c", "--default-instance-warmup", 2,
                 "--health-check-grace-period", 1)
        cluster.aws(*words)
        story.say(f"aws autoscaling {words[0]} --auto-scaling-group-name {GROUP} ...")
        # What AWS has no words for.
        cluster.openasg("group", "update", GROUP,
                        "--health-check", "agent", "--evaluation", "1s",
                        "--terminating-percent", 100, "--terminated-percent", 100,
                        "--unhealthy-percent", 50)
        cluster.openasg("policy", "put", GROUP, "cpu50", "--target", TARGET,
                        "--stabilisation", "6s", "--saturation", 0, "--scale-in-at-once", 100,
                        "--scale-in-ten-minutes", 100)
        self.load.start()
        wait_for("two instances in service", lambda: self.in_service() == 2, 40)
        addresses = sorted(r["private_ip"] for r in self.instances("in-service"))
        story.check("group web has 2 instances in service", True)
        story.check("each is a real process tree on its own loopback address: "
                    + ", ".join(addresses),
                    len(set(addresses)) == 2 and all(a.startswith("127.") for a in addresses))
        wait_for("agents reporting", lambda: all(
            r["is_reporting"] for r in self.instances("in-service")), 20)
        story.check("both agents report their CPU", True)

    def breaching_periods(self, decided_ms):
        """How many evaluation periods in a row were above the target when it was decided:
        what the log says, not a stopwatch."""
        count = 0
        for record in self.records("metrics"):
            event = record["payload"]
            if event["time_ms"] > decided_ms:
                break
            rows = event["metrics"].get("groups", [])
            above = any(r.get("count", 0) > 0 and
                        r["sum_milli"] > TARGET * 1000 * r["count"] for r in rows)
            count = count + 1 if above else 0
        return count

    def scale(self):
        story, load = self.story, self.load
        story.step(2, "the offered load rises, then falls")
        time.sleep(2.5)  # a quiet moment, so that the rise is the first breach
        known = len(self.launches())
        census = Census(self.in_service)
        census.start()
        raised_ms = int(time.time() * 1000)
        load.offered = 230.0
        story.say("offered load: 230 % of one instance (115 % each)")
        wait_for("a scale-out", lambda: self.desired() > 2, 20)
        wait_for("its launch to reach EC2", lambda: len(self.launches()) > known, 20)
        decision = next(d for d in self.decisions()
                        if d["time_ms"] >= raised_ms and "scale out" in d["text"])
        periods = self.breaching_periods(decision["time_ms"])
        story.check(f"the first launch was decided in evaluation period {periods} of the "
                    "breach", 1 <= periods <= 3, f"{periods} periods")
        story.say("     " + decision["text"].replace("\n", "\n" + " " * 15))
        said = re.search(r"cpu mean ([0-9.]+) % .* wants (\d+) \(has (\d+)\)", decision["text"])
        cpu, wants, has = float(said[1]), int(said[2]), int(said[3])
        story.check(f"in proportion: {has} x {cpu} / {TARGET}, rounded up, is {wants}",
                    math.ceil(has * (cpu - 0.05) / TARGET) <= wants
                    <= math.ceil(has * (cpu + 0.05) / TARGET), decision["text"])
        wait_for("the load to be carried", lambda: self.in_service() >= 4
                 and self.in_service() == self.desired(), 30)
        story.check(f"scaled out to {self.in_service()}", True)
        load.offered = 50.0
        story.say("offered load: 50 % of one instance")
        wait_for("scale-in to 2", lambda: self.desired() == 2 and self.in_service() == 2, 45)
        fewest, most = census.stop()
        story.check(f"scaled in to 2; {len(census.counts)} counts on the way: never below 2",
                    fewest >= 2 or self.has_replaced(raised_ms), f"{fewest}")
        story.check("never above max", most <= 6, f"{most}")

    def has_replaced(self, since_ms):
        """A machine so busy that an agent was taken for dead is no scale-in."""
        return any(d["kind"] == "replace" for d in self.decisions()
                   if d["time_ms"] >= since_ms)

    def decisions(self):
        return self.cluster.ask("explain", GROUP)

    def kill_agent(self):
        story = self.story
        story.step(3, "an agent is killed with -9")
        victim = self.instances("in-service")[0]
        pid = agent_pid(victim["instance_id"])
        os.kill(pid, signal.SIGKILL)
        story.say(f"killed the agent of {victim['instance_id']} (pid {pid})")
        wait_for("its replacement", lambda: victim["instance_id"] not in
                 [r["instance_id"] for r in self.instances("in-service")]
                 and self.in_service() == 2, 40)
        texts = [d["text"] for d in self.decisions() if victim["instance_id"] in d["text"]]
        story.check("silence was seen", any("is silent" in t for t in texts))
        story.check("it was probed over gRPC", any("does not answer its probe" in t for t in texts))
        story.check("found dead by both signs, terminated and replaced",
                    any("its probe failed" in t for t in texts))

    def slow_launches(self, seconds):
        self.cluster.control("POST", "/_control/faults", action="RunInstances",
                             kind="latency", latency_ms=int(seconds * 1000), probability="1")

    def kill_worker(self):
        story, cluster = self.story, self.cluster
        story.step(4, "a worker is killed with -9 while it runs a launch")
        self.slow_launches(2.0)
        before = set(cluster.launch_tokens)
        cluster.openasg("desired", "set", GROUP, 3)

        def holder():
            for job in cluster.ask("jobs", GROUP):
                if job["kind"] == "launch" and job["state"] == "open" and job.get("worker"):
                    return job
            return None

        job = wait_for("a worker to hold the launch", holder, 20)
        wait_for("its call to reach EC2",
                 lambda: any(c["token"] not in before for c in self.launches()), 10)
        cluster.kill(job["worker"])
        story.say(f"killed {job['worker']} while it held job {job['name']}")
        cluster.control("DELETE", "/_control/faults")
        wait_for("the launch by the other worker", lambda: self.in_service() == 3, 40)
        # The reconciler may show the instance before the job's own answer is in.
        shown = wait_for("the job's answer", lambda: next(
            (j for j in cluster.ask("jobs", GROUP)
             if j["id"] == job["id"] and j["state"] == "done"), None), 30)
        last = shown["attempts"][-1] if shown.get("attempts") else {}
        story.check(f"job {job['name']} went to the other worker ({last.get('worker', '?')})",
                    last.get("worker") not in (None, job["worker"]), str(shown))
        count = self.live_with_token(job["client_token"])
        story.check("EC2 shows exactly one instance for it", count == 1, f"{count}")
        cluster.start_worker(job["worker"], stop_within="2s")
        story.say(f"{job['worker']} is back")

    def live_with_token(self, token):
        return sum(1 for row in self.cluster.ec2_instances().values() if row["token"] == token)

    def kill_controller(self):
        story, cluster = self.story, self.cluster
        story.step(5, "the controller is killed with -9 in the middle of a scale-out")
        self.slow_launches(1.5)
        epoch = cluster.ask("status")["epoch"]
        cluster.openasg("desired", "set", GROUP, 6)
        wait_for("launches under way", lambda: any(
            j["kind"] == "launch" and j["state"] == "open" for j in cluster.ask("jobs", GROUP)), 20)
        cluster.kill("controller")
        story.say("killed the controller; workers and agents go on")
        cluster.control("DELETE", "/_control/faults")
        cluster.start_controller(**cluster.controller_settings)
        wait_for("it to lead", lambda: cluster.ask("status")["epoch"] > epoch, 20)
        story.check(f"it leads again, from its log, in epoch {cluster.ask('status')['epoch']}",
                    True)
        wait_for("the scale-out to end", lambda: self.in_service() == 6, 45)
        story.check("6 in service: no launch was lost", True)
        live = len(self.cluster.ec2_instances())
        story.check("EC2 shows these 6 and no other", live == 6, f"{live}")
        tokens = {}
        for row in self.cluster.ec2_instances().values():
            tokens[row["token"]] = tokens.get(row["token"], 0) + 1
        jobs = {j["client_token"]: j["count"] for j in cluster.ask("jobs", GROUP)
                if j["kind"] == "launch"}
        doubled = {t: n for t, n in tokens.items() if n > jobs.get(t, 0)}
        story.check("no launch was doubled", not doubled, str(doubled))
        ours = {r["instance_id"] for r in self.instances()}
        orphans = set(self.cluster.ec2_instances()) - ours
        story.check("no instance is orphaned", not orphans, str(orphans))

    def prove(self):
        story, cluster = self.story, self.cluster
        story.step(6, "the log proves it")
        verified = cluster.openasg("log", "verify", cluster.log_file())
        story.check("openasg log verify: the chain is whole", "verified:         yes" in verified, verified)
        replayed = cluster.openasg("replay", cluster.log_file())
        hashes = re.search(r"(\d+) state hashes", replayed)
        story.check("openasg replay: " + replayed.strip().splitlines()[-1],
                    "identical" in replayed and int(hashes[1]) > 0, replayed)
        tried = json.loads(cluster.openasg("what-if", cluster.log_file(), "--group", GROUP,
                                           "--presets", "-o", "json"))
        sides = {side["name"]: side for side in tried["sides"]}
        story.check(f"openasg what-if: {tried['best']} would have been best; "
                    "so short a record is not sure",
                    {"recorded", "model", "default", "aws", "calm", "quick"} == set(sides)
                    and tried["confidence_permille"] is None
                    and sides["recorded"]["instance_hours_milli"] > 0, str(tried))
        explained = cluster.openasg("explain", GROUP)
        story.check("openasg explain web: each decision with its reason",
                    "target 50 %" in explained and "scale out by" in explained)
        print("\n" + textwrap.indent(self.highlights(explained), "    "))

    @staticmethod
    def highlights(explained):
        """Of all decisions those that scaled, replaced or were repeated elsewhere."""
        told = re.split(r"\n(?=\d{4}-)", explained.strip())
        words = ("decide ", "set desired", "is silent", "does not answer", "its probe failed",
                 "found in EC2", "may have launched")
        chosen = [text for text in told if any(word in text for word in words)]
        return "\n".join(chosen) + f"\n({len(told)} decisions in all)"

    def run(self):
        self.start()
        self.scale()
        self.cluster.launch_tokens = [c["token"] for c in self.launches()]
        self.kill_agent()
        self.cluster.launch_tokens = [c["token"] for c in self.launches()]
        self.load.offered = 70.0
        self.kill_worker()
        self.kill_controller()
        self.prove()


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--keep", action="store_true",
                        help="leave everything running to play with")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="openasg-demo-")
    demo = Demo(arguments.build, folder)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return tell(demo, folder, arguments.keep)
    finally:
        demo.load.stopping.set()
        demo.cluster.stop_all()


def tell(demo, folder, is_kept):
    """Run it; what a user should know at the end. The exit code."""
    began = time.monotonic()
    try:
        demo.run()
    except KeyboardInterrupt:
        print(f"\ninterrupted; logs: {folder}/*.log", flush=True)
        return 130
    except (Trouble, subprocess.SubprocessError, OSError, KeyError, TypeError,
            StopIteration) as trouble:
        print(f"\nthe demo failed: {type(trouble).__name__}: {trouble}\n"
              f"logs: {folder}/*.log, instances: {folder}/ec2/instances/", flush=True)
        return 1
    print(f"\nall {demo.story.checked} checks passed in "
          f"{time.monotonic() - began:.0f} s")
    if is_kept:
        keep(demo)
    else:
        demo.load.stopping.set()
        demo.cluster.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def keep(demo):
    cluster = demo.cluster
    command = " ".join(cluster.openasg_command())
    print(f"\nit keeps running. In another terminal:\n    {command} status\n"
          f"    {command} explain web\n    curl {cluster.controller_endpoints()['http']}/metrics\n"
          f"logs are in {cluster.dir}; Ctrl-C ends everything")
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    sys.exit(main())
