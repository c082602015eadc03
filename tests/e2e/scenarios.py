"""scenarios - runs scenario files (docs/scenarios.md) against real processes: ./dev e2e.
Each file gets a cluster of its own. The last line is "N passed, N failed"."""

import argparse
import difflib
import glob
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "chaos"))
from arena import WORKERS, Arena  # noqa: E402  (it finds deploy/)
import laws  # noqa: E402
from cluster import Trouble, wait_for  # noqa: E402
from fleet import agent_pid  # noqa: E402

NAME = r"([A-Za-z0-9_-]+)"
NUMBER = r"(\d+)"
AMOUNT = r"(\d+(?:\.\d+)?)"
TIME = r"(\d+(?:\.\d+)?[sm])"
RESTART_S = 0.5  # until an init system would have started it again
PROOF_S = 10.0  # how long a picture may take to be the final one


class Wrong(Trouble):
    """The file is wrong, or what it expects is not so."""


def seconds_of(text):
    return float(text[:-1]) * (60 if text.endswith("m") else 1)


class Relay(threading.Thread):
    """Stands between a worker and the controller. While it is cut it forwards nothing; what
    was sent meanwhile arrives afterwards, as TCP would send it again."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target = target
        self.is_cut = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.peers = {}

    def run(self):
        while True:
            if self.is_cut:
                time.sleep(0.05)
                continue
            ready, _, _ = select.select([self.listener, *self.peers], [], [], 0.1)
            for one in ready:
                if one is self.listener:
                    self.accept()
                elif one in self.peers:
                    self.forward(one)

    def accept(self):
        near, _ = self.listener.accept()
        try:
            far = socket.create_connection(self.target, timeout=5)
        except OSError:
            near.close()
            return
        self.peers[near], self.peers[far] = far, near

    def forward(self, one):
        other = self.peers[one]
        try:
            data = one.recv(65536)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        for gone in (one, other):
            self.peers.pop(gone, None)
            gone.close()


class Stage(Arena):
    """A cluster whose workers' links can be cut."""

    def __init__(self, build, folder):
        super().__init__(build, folder, 1)
        self.relays = {}

    def start_one(self, name):
        if name == "controller":
            return super().start_one(name)
        if name not in self.relays:
            host, port = self.controller_endpoints()["workers"][len("tcp://"):].split(":")
            self.relays[name] = Relay((host, int(port)))
            self.relays[name].start()
        endpoint = f"tcp://127.0.0.1:{self.relays[name].port}"
        return self.start_worker(name, stop_within="1s", hello_every="300ms",
                                 resend_after="500ms", controller_endpoint=endpoint)

    def start_again(self, name):
        time.sleep(RESTART_S)
        self.restart(name)


class Scenario:
    """One run of one file."""

    def __init__(self, stage):
        self.stage = stage
        self.began = time.monotonic()
        self.first_load = None
        self.groups = []

    def say(self, text):
        print(f"    [{time.monotonic() - self.began:6.1f} s] {text}", flush=True)

    # ---- statements ----

    def group(self, name, low, high, target):
        if not self.groups:
            self.stage.load.group = name
            self.stage.load.start()
        self.groups.append(name)
        self.stage.make_group(name, int(low), int(high), int(target))

    def load_instances(self, amount):
        self.stage.load.offered = float(amount) * 100
        if self.first_load is None:
            self.first_load = self.stage.load.offered

    def load_percent(self, percent):
        if self.first_load is None:
            self.first_load = 100.0
        self.stage.load.offered = self.first_load * float(percent) / 100

    def wait(self, duration):
        time.sleep(seconds_of(duration))

    def wait_until(self, name, bound, count, duration):
        wanted = int(count)
        seen = []

        def is_so():
            try:
                seen[:] = [len(self.stage.in_service(name))]
            except (Trouble, subprocess.SubprocessError, ValueError):
                return False  # the controller is away: ask again
            return seen[0] >= wanted if bound == "at least" else \
                seen[0] <= wanted if bound == "at most" else seen[0] == wanted

        try:
            wait_for("it", is_so, seconds_of(duration), 0.1)
        except Trouble:
            raise Wrong(f"{name} has {seen[0] if seen else 'an unknown number of'} "
                        f"in_service, not {bound or ''} {count}, after {duration}")

    def kill_worker(self, number):
        name = self.worker(number)
        self.stage.kill(name)
        self.stage.start_again(name)

    def kill_controller(self):
        self.stage.kill("controller")
        self.stage.start_again("controller")

    def restart_controller(self):
        self.stage.kill("controller", signal.SIGTERM)
        self.stage.start_again("controller")

    def nth_instance(self, name, number):
        rows = sorted(self.stage.in_service(name), key=lambda r: r["launched_ms"])
        if int(number) > len(rows):
            raise Wrong(f"{name} has {len(rows)} in service, there is no number {number}")
        return rows[int(number) - 1]["instance_id"]

    def kill_agent(self, name, number):
        os.kill(agent_pid(self.nth_instance(name, number or "1")), signal.SIGKILL)

    def kill_instance(self, name, number):
        self.stage.ec2("TerminateInstances",
                       **{"InstanceId.1": self.nth_instance(name, number or "1")})

    def worker(self, number):
        name = f"worker-{number}"
        if name not in WORKERS:
            raise Wrong(f"there is no worker {number}, only 1 to {len(WORKERS)}")
        return name

    def stop_worker(self, number):
        os.kill(self.stage.pid_of(self.worker(number)), signal.SIGSTOP)

    def continue_worker(self, number):
        os.kill(self.stage.pid_of(self.worker(number)), signal.SIGCONT)

    def cut_worker(self, number):
        self.stage.relays[self.worker(number)].is_cut = True

    def join_worker(self, number):
        self.stage.relays[self.worker(number)].is_cut = False

    def ec2_fault(self, duration, **fields):
        made = self.stage.control("POST", "/_control/faults", **fields)
        timer = threading.Timer(seconds_of(duration), self.stage.control,
                                ("DELETE", f"/_control/faults/{made['id']}"))
        timer.daemon = True
        timer.start()

    def ec2_throttles(self, duration):
        self.ec2_fault(duration, kind="throttle", action="*")

    def ec2_fails(self, duration):
        self.ec2_fault(duration, kind="error_5xx", action="*")

    def ec2_loses_answers(self, duration):
        self.ec2_fault(duration, kind="drop_after_effect", action="*")

    def ec2_no_capacity(self, zone, duration):
        self.ec2_fault(duration, kind="capacity", action="RunInstances", type="t3.micro",
                       zone=zone)

    # ---- what must be true ----

    def expect_between(self, name, low, high):
        count = sum(row["tags"].get("openasg:group") == name and row["state"] == "running"
                    for row in self.stage.ec2_instances().values())
        if not int(low) <= count <= int(high):
            raise Wrong(f"{count} instances of {name} run in EC2, not {low} to {high}")

    def expect_no_launch_twice(self):
        verdict = laws.Verdict()
        laws.no_launch_twice(self.stage, None, verdict)
        if verdict.broken:
            raise Wrong("; ".join(verdict.broken))

    def expect_no_orphan(self):
        """A launch that ends this moment is known the next: only who stays unknown is one."""
        left = []

        def none_left():
            known = {row["instance_id"] for name in self.groups
                     for row in self.stage.instances(name)}
            left[:] = sorted(set(self.stage.ec2_instances()) - known)
            return not left

        try:
            wait_for("no orphan", none_left, PROOF_S, 0.2)
        except Trouble:
            raise Wrong(f"orphans: {', '.join(left)}")


# The words as docs/scenarios.md has them, the pattern, and what runs it.
STATEMENTS = [(words, re.compile(pattern), run) for words, pattern, run in (
    ("group NAME min N max N target P %",
     rf"group {NAME} min {NUMBER} max {NUMBER} target {NUMBER} %", Scenario.group),
    ("load L instances", rf"load {AMOUNT} instances", Scenario.load_instances),
    ("load P %", rf"load {AMOUNT} %", Scenario.load_percent),
    ("wait T", rf"wait {TIME}", Scenario.wait),
    ("wait until NAME has N in_service within T",
     rf"wait until {NAME} has (?:(at least|at most) )?{NUMBER} in_service within {TIME}",
     Scenario.wait_until),
    ("kill worker N", rf"kill worker {NUMBER}", Scenario.kill_worker),
    ("kill controller", r"kill controller", Scenario.kill_controller),
    ("kill agent of NAME N", rf"kill agent of {NAME}(?: {NUMBER})?", Scenario.kill_agent),
    ("kill instance of NAME N", rf"kill instance of {NAME}(?: {NUMBER})?",
     Scenario.kill_instance),
    ("stop worker N", rf"stop worker {NUMBER}", Scenario.stop_worker),
    ("continue worker N", rf"continue worker {NUMBER}", Scenario.continue_worker),
    ("restart controller", r"restart controller", Scenario.restart_controller),
    ("cut worker N", rf"cut worker {NUMBER}", Scenario.cut_worker),
    ("join worker N", rf"join worker {NUMBER}", Scenario.join_worker),
    ("ec2 throttles for T", rf"ec2 throttles for {TIME}", Scenario.ec2_throttles),
    ("ec2 fails for T", rf"ec2 fails for {TIME}", Scenario.ec2_fails),
    ("ec2 loses answers for T", rf"ec2 loses answers for {TIME}",
     Scenario.ec2_loses_answers),
    ("ec2 has no capacity in ZONE for T", rf"ec2 has no capacity in {NAME} for {TIME}",
     Scenario.ec2_no_capacity),
    ("expect NAME between N and M", rf"expect {NAME} between {NUMBER} and {NUMBER}",
     Scenario.expect_between),
    ("expect no launch twice", r"expect no launch twice", Scenario.expect_no_launch_twice),
    ("expect no orphan", r"expect no orphan", Scenario.expect_no_orphan),
)]
AT = re.compile(rf"at {TIME} (.+)")


def nearest_words(text):
    """The known statement that looks most like it."""
    def likeness(words):
        return difflib.SequenceMatcher(None, text, words).ratio()

    return max((words for words, _, _ in STATEMENTS), key=likeness)


def parse(path):
    """[(line number, text, when in seconds or None, run, arguments)]; all that is wrong with
    the file is told at once."""
    steps, wrong = [], []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            text = " ".join(line.split("#", 1)[0].split())
            if not text:
                continue
            timed = AT.fullmatch(text)
            when = seconds_of(timed.group(1)) if timed else None
            bare = timed.group(2) if timed else text
            for _, pattern, run in STATEMENTS:
                match = pattern.fullmatch(bare)
                if match:
                    steps.append((number, text, when, run, match.groups()))
                    break
            else:
                wrong.append(f"{path}:{number}: unknown statement \"{text}\"; the nearest "
                             f"known one is \"{nearest_words(bare)}\"")
    if not steps and not wrong:
        wrong.append(f"{path}: there is no statement in it")
    if wrong:
        raise Wrong("\n".join(wrong))
    return steps


def play(steps, path, stage):
    stage.start_parts()
    scenario = Scenario(stage)
    for number, text, when, run, arguments in steps:
        if when is not None:
            time.sleep(max(0.0, scenario.began + when - time.monotonic()))
        try:
            run(scenario, *arguments)
        except Wrong as wrong:
            raise Wrong(f"{path}:{number}: {text}: {wrong}")
        scenario.say(text)
    for words, wanted in ((("log", "verify", stage.log_file()), "verified:         yes"),
                          (("replay", stage.log_file()), "identical")):
        if wanted not in stage.openasg(*words, check=False):
            raise Wrong(f"{path}: openasg {words[0]} finds the log wrong")


def run_file(build, path):
    """True when all that it expects is so."""
    print(path, flush=True)
    folder = tempfile.mkdtemp(prefix="openasg-e2e-")
    stage = None
    try:
        steps = parse(path)
        stage = Stage(build, folder)
        play(steps, path, stage)
    except (Trouble, OSError, subprocess.SubprocessError) as trouble:
        print(f"FAILED {trouble}\n    logs are in {folder}", flush=True)
        return False
    finally:
        if stage is not None:
            stage.end()
    shutil.rmtree(folder, ignore_errors=True)
    return True


def main():
    parser = argparse.ArgumentParser(prog="./dev e2e", description=__doc__)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", metavar="FILE",
                        help="scenario files (default: tests/sim/scenarios/*.scn)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    files = options.files or sorted(
        glob.glob(os.path.join(ROOT, "tests", "sim", "scenarios", "*.scn")))
    passed = [run_file(os.path.abspath(options.build), path) for path in files]
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
