"""arena - one cluster of real processes under load, looked at from outside: used by the
fault matrix (run.py) and the scenarios (tests/e2e/scenarios.py)."""

import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "deploy"))
from cluster import Cluster, Trouble, wait_for  # noqa: E402
from fleet import LoadBalancer, agent_pid, user_data  # noqa: E402
from hosts import Hosts  # noqa: E402

GROUP = "web"
WORKERS = ("worker-1", "worker-2")
LEASE_S = 2.0
SILENT_S = 1.5
SETTINGS = {
    "jobs_lease": "2s", "jobs_heartbeat": "400ms", "reports_silent_after": "1500ms",
    "reports_first_after": "8s", "probe_suspect_every": "250ms", "probe_deadline": "500ms",
    "probe_background_every": "1s", "reconcile_absent_after": "0s",
    "log_snapshot_every": "1s", "log_snapshot_records": "100", "log_hash_events": "50",
}
LIVE = ("pending", "running")


class Watcher(threading.Thread):
    """Looks at EC2's own list all the time: the most that ever lived at once."""

    def __init__(self, arena):
        super().__init__(daemon=True)
        self.arena = arena
        self.most = 0
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(0.05):
            try:
                rows = self.arena.control("GET", "/_control/instances")["instances"]
            except (Trouble, OSError, ValueError):
                continue  # its link is cut, or it is on its way out
            self.most = max(self.most, sum(r["state"] in LIVE for r in rows))


class Marker(threading.Thread):
    """Gives orders all the time, each with the next number, and keeps the numbers that were
    acknowledged: they must be in the log and in the state for ever after."""

    NAME = "mark"

    def __init__(self, arena):
        super().__init__(daemon=True)
        self.arena = arena
        self.number = 0
        self.acknowledged = []
        self.pause_s = 0.25
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(self.pause_s):
            self.number += 1
            try:
                self.arena.openasg("schedule", "put", GROUP, self.NAME, "--start",
                                   "2099-01-01T00:00:00Z", "--desired", self.number,
                                   "--request-timeout", "2s")
            except (Trouble, subprocess.SubprocessError):
                continue  # not acknowledged: it may be there or not
            self.acknowledged.append(self.number)


class LogReader:
    """Folds the log by its export alone: jobs, members, orders."""

    def __init__(self, arena):
        self.arena = arena
        self.next_seq = 1
        self.planned = {}  # job id -> its newest row
        self.closed = set()
        self.asked = {}  # client token -> instances asked for
        self.members = {}  # instance id -> state
        self.keys = {}  # instance id -> its agent's keys, as they were bound first
        self.holders = {}  # key -> instance id
        self.keys_moved = []  # what became of keys and must not, in words
        self.disputes = []  # alarms: other keys for an instance that has some
        self.marks = set()
        self.replaced = 0

    def read_on(self):
        text = self.arena.openasg("log", "export", self.arena.log_file(), "--from",
                                  self.next_seq)
        for line in text.splitlines():
            if not line.startswith("{"):
                continue
            record = json.loads(line)
            self.next_seq = record["seq"] + 1
            if record["kind"] == "effects":
                self.take_effects(record["payload"])
            elif record["kind"] == "event":
                self.take_event(record["payload"])

    def take_effects(self, effects):
        for job in effects["jobs"]:
            self.planned[job["id"]] = job
            if job.get("launch"):
                self.asked[job["client_token"]] = job["launch"]["count"]
        self.closed.update(effects["closed_jobs"])
        for member in effects["members"]:
            self.members[member["instance_id"]] = member["state"]
            self.take_keys(member)
        self.disputes += [a["text"] for a in effects["alarms"]
                          if a["kind"] == "enrolment" and a["is_raised"]]
        self.replaced += sum(d["kind"] == "replace" for d in effects["decisions"])

    def take_keys(self, member):
        instance, keys = member["instance_id"], (member["curve_key"], member["tls_key"])
        known = self.keys.get(instance)
        if keys == ("", ""):
            if known is not None and member["state"] != "gone":
                self.keys_moved.append(f"{instance} lost its keys")
            return
        if self.keys.setdefault(instance, keys) != keys:
            self.keys_moved.append(f"{instance} got other keys")
        for key in keys:
            if self.holders.setdefault(key, instance) != instance:
                self.keys_moved.append(f"{instance} has a key of {self.holders[key]}")

    def take_event(self, event):
        command = event.get("command") or {}
        schedule = command.get("schedule_config") or {}
        if schedule.get("name") == Marker.NAME:
            self.marks.add(schedule["desired"])

    def open_jobs(self):
        return {i: j for i, j in self.planned.items()
                if i not in self.closed and j["kind"] != "describe"}

    def live_members(self):
        return {i for i, state in self.members.items() if state != "gone"}


class Looking:
    """What only asks; mixed into both kinds of cluster."""

    def group(self, name=GROUP):
        rows = self.ask("group", "show", name)
        return rows[0] if isinstance(rows, list) else rows

    def instances(self, name=GROUP):
        return self.ask("instance", "list", name)

    def in_service(self, name=GROUP):
        return [r for r in self.instances(name) if r["state"] == "in-service"]

    def calls(self, action):
        return self.control("GET", f"/_control/calls?action={action}")["calls"]

    def is_leading(self):
        try:
            return self.metrics().get("openasg_leading") == 1
        except (OSError, KeyError, ValueError):
            return False

    def quiet(self):
        """The one picture in which EC2, the log and the API agree and nothing is under way;
        None while they do not. What is missing is kept in `unrest`."""
        try:
            picture = self.look()
        except (Trouble, OSError, subprocess.SubprocessError, ValueError) as trouble:
            self.unrest = f"cannot ask: {trouble}"
            return None
        self.unrest = "; ".join(picture["wrong"])
        return picture if not picture["wrong"] else None

    def look(self):
        ec2 = self.ec2_instances()
        group, rows = self.group(), self.instances()
        workers = {w["name"] for w in self.ask("worker", "list") if w["heard_ms"] < 1500}
        jobs = [j for j in self.ask("jobs", GROUP)
                if j["state"] == "open" and j["kind"] != "describe"]
        self.log.read_on()
        ours = {r["instance_id"] for r in rows if r["instance_id"]}
        serving = {r["instance_id"] for r in rows if r["state"] == "in-service"
                   and r["is_healthy"] and r["is_reporting"]}
        desired = group["config"]["desired"]
        wrong = []
        for name in WORKERS:
            if name not in workers:
                wrong.append(f"{name} is not heard of")
        for text, some in (("open jobs", [j["name"] for j in jobs]),
                           ("jobs open by the log", list(self.log.open_jobs())),
                           ("orphans", sorted(set(ec2) - ours)),
                           ("ghosts", sorted(ours - set(ec2))),
                           ("the log's members differ", sorted(
                               self.log.live_members() ^ set(ec2)))):
            if some:
                wrong.append(f"{text}: {some}")
        if len(serving) != desired or len(rows) != desired:
            wrong.append(f"{len(serving)} of {len(rows)} serve, {desired} desired")
        gone = self.must_go & ours
        if gone:
            wrong.append(f"not replaced: {sorted(gone)}")
        return {"ec2": ec2, "group": group, "serving": serving, "wrong": wrong,
                "desired": desired, "orphans": set(ec2) - ours,
                "lost": set(self.log.open_jobs())}


class Acting:
    """What changes something; mixed into both kinds of cluster."""

    def prepare(self, seed):
        self.random = random.Random(seed)
        self.unrest = ""
        self.must_go = set()
        self.max = 0
        self.log = LogReader(self)
        self.load = None
        self.watcher = Watcher(self)
        self.marker = Marker(self)
        self.probes = ":0"

    def arm_file(self, kind):
        return os.path.join(self.dir, "fail." + kind)

    def use_failpoints(self, build):
        folder = os.path.join(build, "failpoints")
        for kind in ("controller", "worker", "agent"):
            self.instead["openasg-" + kind] = folder
        self.env_of["controller"] = {"ASG_FAILPOINT_FILE": self.arm_file("controller")}
        for name in WORKERS:
            self.env_of[name] = {"ASG_FAILPOINT_FILE": self.arm_file("worker")}
        self.ec2_options = ["--instance-env",
                            "ASG_FAILPOINT_FILE=" + self.arm_file("agent")]

    def use_shim(self, shim):
        """Preload shim.c, by which the disk and the clock fail, into controller and workers."""
        for name in ("controller",) + WORKERS:
            with open(self.clock_file(name), "wb") as file:
                file.write(struct.pack("=q", 0))
            self.env_of[name] = {"LD_PRELOAD": shim,
                                 "CHAOS_CLOCK_FILE": self.clock_file(name),
                                 "CHAOS_DISK_FILE": os.path.join(self.dir, "disk.fault")}

    def clock_file(self, name):
        return os.path.join(self.dir, "clock." + name)

    def set_clock(self, name, seconds):
        """How far its wall clock is ahead."""
        with open(self.clock_file(name), "r+b") as file:
            file.write(struct.pack("=q", seconds))

    def start_parts(self, **more):
        """EC2, controller, workers, the load and the template."""
        self.start_ec2local("--boot-delay-ms", "200", "--stop-delay-ms", "50",
                            "--grace-ms", "300", *getattr(self, "ec2_options", []))
        self.start_controller(**{**SETTINGS, **more})
        for name in WORKERS:
            self.start_one(name)
        self.load = LoadBalancer(self, GROUP, 100.0)
        self.make_template()

    def begin(self, low=2, high=4, target=50):
        """All of it with one group under load; returns when it is quiet."""
        self.max = high
        self.start_parts()
        self.make_group(GROUP, low, high, target)
        for thread in (self.load, self.watcher, self.marker):
            thread.start()
        wait_for("a quiet beginning", self.quiet, 120, 0.2)

    def make_template(self):
        script = os.path.join(self.dir, "user-data.sh")
        with open(script, "w") as file:
            file.write(user_data(self, self.load.folder, self.probes))
        self.openasg("template", "create", "node", "--image", "ami-00000000000000001",
                     "--instance-type", "t3.micro", "--user-data-file", script)

    def make_group(self, name, low, high, target):
        self.openasg("group", "create", name, "--min", low, "--max", high,
                     "--template", "node", "--zones", "us-east-1a,us-east-1b,us-east-1c",
                     "--health-check", "agent", "--evaluation", "1s", "--warmup", "1s",
                     "--health-grace", "1s", "--launch-timeout", "25s", "--terminating-percent", 100,
                     "--terminated-percent", 100, "--unhealthy-percent", 50,
                     "--churn-generations", 1000000)
        self.openasg("policy", "put", name, "cpu", "--target", target,
                     "--stabilisation", "4s", "--patience", 1, "--scale-in-at-once", 100,
                     "--scale-in-ten-minutes", 100)

    def start_one(self, name):
        if name == "controller":
            self.start_controller(**self.controller_settings)
        else:
            self.start_worker(name, stop_within="1s", hello_every="300ms",
                              resend_after="500ms")

    def restart(self, name):
        """Until it stays up: a failpoint may strike again while it starts."""
        for _ in range(3):
            try:
                return self.start_one(name)
            except Trouble:
                if self.is_running(name):
                    raise
        return self.start_one(name)

    def stir(self):
        """Give the cluster something to do: another size, another load."""
        now = self.group()["config"]["desired"]
        sizes = [n for n in range(2, self.max + 1) if n != now]
        self.load.offered = self.random.choice((60.0, 120.0, 180.0))
        self.openasg("desired", "set", GROUP, self.random.choice(sizes), "--force")

    def pick_agent(self):
        """(instance id, pid) of an agent that reports."""
        row = self.random.choice(wait_for(
            "an agent that reports",
            lambda: [r for r in self.in_service() if r["is_reporting"]], 30))
        return row["instance_id"], agent_pid(row["instance_id"])

    def pid_of(self, name):
        return self.processes[name].pid

    def signal_pid(self, pid, number):
        """True when it was there."""
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def end(self):
        for thread in (self.load, self.watcher, self.marker):
            if thread is not None:
                thread.stopping.set()
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
        self.stop_all()


class Arena(Acting, Looking, Cluster):
    """On this host."""

    def __init__(self, build, folder, seed):
        super().__init__(build, folder)
        self.prepare(seed)


class ArenaOnHosts(Acting, Looking, Hosts):
    """Each process on a host of its own (deploy/hosts.py); asked from a host beside them."""

    def __init__(self, build, folder, seed, network):
        super().__init__(build, folder, network)
        self.prepare(seed)
        self.probes = ":7705"


def settle_s(arena, seconds=60.0):
    """Wait until it is quiet; (how long that took, the picture or None)."""
    began = time.monotonic()
    try:
        picture = wait_for("quiet", arena.quiet, seconds, 0.1)
    except Trouble:
        picture = None
    return time.monotonic() - began, picture
