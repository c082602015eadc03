"""world - the openasg that is attacked: real processes on loopback, an honest fleet, and
what it felt meanwhile: reports missed, orders late, memory."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, Trouble, wait_for  # noqa: E402,F401

INTERVAL_S = 0.2
AGENT_SETTINGS = "--cpu-source session --interval-ms 200"
LATE_S = 2.0  # an order that takes longer is late, its own process and all


class World(Cluster):
    """A controller, a worker, ec2local and a group `web` of agents; ended by stop()."""

    def __init__(self, build, agents=4, files=None, group=(), agent_options="",
                 agent_before="", **settings):
        self.build = build
        self.folder = tempfile.mkdtemp(prefix="asg-attack-")
        super().__init__(build, self.folder)
        self.files = files
        self.worker_names = ["worker-1", "worker-2", "stolen"]
        self.settings = settings
        self.children = []
        self.sanitized = None
        self.agents = agents
        try:
            self.start_ec2local("--boot-delay-ms", "50")
            self.start_controller(**settings)
            self.start_worker("worker-1")
            self.make_template(agent_options, agent_before)
            self.make_group(agents, *group)
        except BaseException:
            self.stop()
            raise

    def command_of(self, name, path):
        if name == "controller" and self.files:
            return ["/usr/bin/prlimit", f"--nofile={self.files}:{self.files}", path]
        return [path]

    def make_template(self, options, before):
        script = os.path.join(self.folder, "boot.sh")
        agent = os.path.join(self.bin, "openasg-agent")
        with open(os.open(script, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(f'#!/bin/sh\n{before}\nexec {agent} {AGENT_SETTINGS} --dir "$PWD" '
                       f'{options}\n')
        self.openasg("template", "create", "web", "--image", "ami-00000000000000001",
                     "--instance-type", "t3.micro", "--user-data-file", script)

    def make_group(self, agents, *options):
        self.openasg("group", "create", "web", "--min", "0", "--max", "8",
                     "--desired", agents, "--template", "web", "--zones", "us-east-1a",
                     "--health-check", "agent", "--evaluation", "1s",
                     "--warmup", "0s", *options)
        if agents:
            self.wait_serving(agents)

    def stop(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        self.stop_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- what is there ----

    def rows(self):
        return self.ask("instance", "list", "web")

    def serving(self):
        return [row for row in self.rows() if row["state"] == "in-service"]

    def wait_serving(self, count, seconds=60):
        return wait_for(f"{count} in service", lambda: len(self.serving()) == count
                        and self.serving(), seconds)

    def wait_reporting(self, count, seconds=60):
        return wait_for(f"{count} reporting", lambda: sum(
            bool(row["is_reporting"]) for row in self.serving()) == count, seconds)

    def endpoint(self, name):
        """host:port of one of the controller's listeners."""
        text = self.controller_endpoints()[name]
        return text.split("://", 1)[-1]

    def controller_pid(self):
        """Of the controller itself, whatever limits it was started under."""
        return self.processes["controller"].pid

    def memory_kb(self, name="controller"):
        with open(f"/proc/{self.processes[name].pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def files_open(self):
        return len(os.listdir(f"/proc/{self.controller_pid()}/fd"))

    def is_sanitized(self):
        """Built with a sanitizer: what is slow or big is so because of it."""
        if self.sanitized is None:
            with open(os.path.join(self.bin, "openasg-controller"), "rb") as file:
                text = file.read()
            self.sanitized = b"__asan_init" in text or b"__tsan_init" in text
        return self.sanitized

    def log_text(self, name="controller"):
        with open(self.log_of(name), errors="replace") as file:
            return file.read()

    def log_bytes(self, name="controller"):
        return os.path.getsize(self.log_of(name))

    def instance_folder(self, instance_id):
        """Where ec2local runs that machine."""
        for root, folders, _ in os.walk(os.path.join(self.dir, "ec2")):
            if instance_id in folders:
                return os.path.join(root, instance_id)
        raise Trouble(f"ec2local has no folder of {instance_id}")

    # ---- attackers ----

    def attack(self, program, *arguments):
        """Start one of build/attack; its output comes by finish()."""
        child = subprocess.Popen(
            [os.path.join(self.build, "attack", program), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            stdin=subprocess.DEVNULL, preexec_fn=self.before_run)
        self.children.append(child)
        return child

    @staticmethod
    def finish(child, seconds=120):
        text, _ = child.communicate(timeout=seconds)
        if child.returncode != 0:
            raise Trouble(f"{child.args[0]} ended with {child.returncode}: {text}")
        return text

    def worker_key(self, name="stolen"):
        return os.path.join(self.dir, name, name + ".key")

    def steal_worker(self, mode, seconds, source="127.0.66.1"):
        return self.attack("stolen_worker", self.worker_key(),
                           self.controller_endpoints()["workers"],
                           self.controller_endpoints()["key"], source, mode, seconds)

    def flood(self, port_name, sources, connections, mode, seconds, first="127.0.70.1"):
        return self.attack("strange_peers", self.endpoint(port_name), first, sources,
                           connections, mode, seconds)


def numbers(text):
    """"opened 7 refused 2" as a table, of the last line."""
    words = text.strip().splitlines()[-1].split()
    return {words[i]: int(words[i + 1]) for i in range(0, len(words) - 1, 2)}


class Felt:
    """What the honest feel while it is entered: reports that did not arrive, an order given
    again and again (a protection that changes nothing), the controller's memory."""

    def __init__(self, world, orders=True, late_s=LATE_S):
        self.world, self.orders = world, orders
        self.late_s = late_s * (5 if world.is_sanitized() else 1)
        self.before_kb = self.peak_kb = world.memory_kb()
        self.missed = self.late = self.asked = 0
        self.worst_s = 0.0
        self.trouble = ""
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def reports(self):
        return self.world.metrics()["openasg_reports_total"]

    def watch(self):
        while not self.is_over.is_set():
            try:
                self.peak_kb = max(self.peak_kb, self.world.memory_kb())
                if self.orders:
                    self.give_order()
            except (Trouble, OSError, AttributeError, subprocess.TimeoutExpired) as error:
                self.trouble = self.trouble or str(error).strip().splitlines()[-1]
            self.is_over.wait(0.1)

    def give_order(self):
        began = time.monotonic()
        try:
            self.world.openasg("desired", "set", "web", self.world.agents)
        finally:
            took = time.monotonic() - began
            self.asked += 1
            self.worst_s = max(self.worst_s, took)
            self.late += took > self.late_s

    def __enter__(self):
        self.counted, self.began = self.reports(), time.monotonic()
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.is_over.set()
        self.thread.join()
        if kind is not None or not self.world.is_running("controller"):
            return
        counted, ended = self.reports(), time.monotonic()
        expected = int((ended - self.began) / INTERVAL_S - 1) * self.world.agents
        self.missed = max(0, expected - int(counted - self.counted))
        self.after_kb = self.world.memory_kb()
        self.peak_kb = max(self.peak_kb, self.after_kb)

    def grown_mb(self):
        return max(0, self.peak_kb - self.before_kb) / 1024
