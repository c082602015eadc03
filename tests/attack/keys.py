"""keys - blast radius: of each key that can be stolen, what its holder cannot do. The rows
of the table in docs/security.md name these."""

import hashlib
import hmac
import os
import shutil
import subprocess
import time

from agents import Fleet, scratch
from verdict import Attack
from world import numbers, wait_for


def order_with(world, key, *words):
    """Exit code and words of a command given with somebody's key."""
    done = subprocess.run(
        [os.path.join(world.bin, "openasg"), *words, "--key-file", key, "--controller",
         world.controller_endpoints()["admin"],
         "--server-key=" + world.controller_endpoints()["key"], "--request-timeout", "2s"],
        env=world.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=60, check=False)
    return done.returncode, done.stdout


class Tries:
    """Counted; each has to be refused."""

    def __init__(self, verdict):
        self.verdict, self.tried, self.refused = verdict, 0, 0

    def __call__(self, what, is_refused, said=""):
        self.tried += 1
        self.refused += bool(is_refused)
        self.verdict.require(is_refused, f"{what} worked: {said.strip()[:120]}")
        self.verdict.count(self.tried, self.refused)


def not_an_admin(world, tries, key, who):
    for words in (["status"], ["halt", "--yes"], ["desired", "set", "web", "5"]):
        code, said = order_with(world, key, *words)
        tries(f"openasg {words[0]} with the key of {who}", code != 0, said)
    tries("the group changed", not world.ask("status")["is_halted"])


def not_a_worker(world, tries, key, who):
    child = world.attack("stolen_worker", key, world.controller_endpoints()["workers"],
                         world.controller_endpoints()["key"], "127.0.66.3", "listen", 2)
    said = world.finish(child)
    tries(f"taking jobs with the key of {who}", numbers(said)["heard"] == 0, said)


def not_an_agent(world, tries, key, who):
    child = world.attack("strange_agent", "report", world.controller_endpoints()["agents"],
                         world.controller_endpoints()["key"], "127.0.66.4", key, "rates", 2)
    said = world.finish(child)
    tries(f"reports with the key of {who}", "link up" not in said, said)


def agent_key(verdict, build, is_short):
    del is_short
    world = Fleet(build, agents=2)
    try:
        tries = Tries(verdict)
        mine, other = (row["instance_id"] for row in world.serving())
        folder = world.instance_folder(mine)
        key = os.path.join(folder, "agent.key")
        not_an_admin(world, tries, key, "an agent")
        not_a_worker(world, tries, key, "an agent")
        said = world.finish(world.attack(
            "strange_agent", "drain", world.probes_at(other), other, world.cluster_id(),
            folder, "agent"))
        tries("a drain of another instance", "drain OK" not in said, said)
        said = world.enrol(other, world.address(mine), folder, line_of=mine)
        tries("enrolling as another instance", not said.startswith("OK"), said)
        world.wait_reporting(2)
    finally:
        world.stop()


def worker_key(verdict, build, is_short):
    del is_short
    world = Fleet(build, agents=2)
    try:
        tries = Tries(verdict)
        key = world.worker_key()
        not_an_admin(world, tries, key, "a worker")
        not_an_agent(world, tries, key, "a worker")
        calls = len(world.ec2_instances())
        world.finish(world.steal_worker("forge", 3))
        tries("a launch", len(world.ec2_instances()) == calls)
        world.wait_reporting(2)
    finally:
        world.stop()


def worker_key_as_witness(verdict, build, is_short):
    """A worker may say that it served a later leader: that the log is an old copy. What is
    held then is told, and an operator lifts it; nothing is launched or ended for it."""
    del is_short
    world = Fleet(build, agents=2)
    try:
        tries = Tries(verdict)
        before = set(world.ec2_instances())
        words, records = world.log_bytes(), world.ask("status")["log_head"]
        said = numbers(world.finish(world.steal_worker("witness", 4)))
        tries("ending instances by a false witness", set(world.ec2_instances()) == before)
        records = world.ask("status")["log_head"] - records
        words = world.log_bytes() - words
        verdict.note(f"{said['sent']} false witnesses: {records} records, {words} bytes of "
                     "log lines")
        tries("filling the log with witnesses", records < 200 and words < 200_000,
              f"{records} records and {words} bytes of lines")
        verdict.require("log-behind" in world.log_text(), "nobody was told")
        world.wait_reporting(2)
    finally:
        world.stop()


def admin_key(verdict, build, is_short):
    del is_short
    world = Fleet(build, agents=1)
    try:
        tries = Tries(verdict)
        key = os.path.join(world.state, "admin.key")
        not_a_worker(world, tries, key, "an admin")
        not_an_agent(world, tries, key, "an admin")
        code, _ = order_with(world, key, "status")
        verdict.require(code == 0, "the admin's key does not even work")
        world.openasg("halt", "--yes")
        world.openasg("unhalt")
        verdict.require("by admin" in world.log_text(), "the log does not say who halted")
    finally:
        world.stop()


def join_secret(verdict, build, is_short):
    """Any token can be made from it. Still: only for an instance that waits to be bound,
    and from its address."""
    del is_short
    world = Fleet(build, agents=2)
    try:
        tries = Tries(verdict)
        one, two = (row["instance_id"] for row in world.serving())
        world.wait_reporting(2)
        with open(os.path.join(world.state, "join.secret"), "rb") as file:
            secret = file.read()
        for instance, source in ((one, world.address(one)), (two, "127.0.66.5"),
                                 ("i-0123456789abcdef0", "127.0.66.5")):
            line = world.join_line(one)
            token = hmac.new(secret, f"openasg join-line {instance}".encode(),
                             hashlib.sha256).hexdigest()
            for chosen, job in ((token, "0"), (line["token"], line["job"])):
                said = world.enrol(instance, source, scratch(world, "fresh"), line_of=one,
                                   token=chosen, job=job)
                tries(f"binding {instance} from {source}", not said.startswith("OK"), said)
        world.wait_reporting(2)
    finally:
        world.stop()


def ca_key(verdict, build, is_short):
    """The authority's key names anybody. The prober wants the bound key besides, and
    reports want CURVE: so it neither keeps a dead instance alive nor speaks for one."""
    del is_short
    world = Fleet(build, agents=2, probe_suspect_every="200ms")
    try:
        tries = Tries(verdict)
        stolen = scratch(world, "stolen-ca")
        os.makedirs(stolen, mode=0o700)
        for name in ("ca.key", "ca.pem"):
            shutil.copy(os.path.join(world.state, name), stolen)
            os.chmod(os.path.join(stolen, name), 0o600)
        victim = world.serving()[0]["instance_id"]
        where = world.probes_at(victim)
        world.kill_agent(victim)
        fake = world.attack("strange_agent", "serve", where, victim, world.cluster_id(),
                            stolen, "evil", 120)
        wait_for("the fake serves", fake.stdout.readline, 10)
        began = time.monotonic()
        try:
            wait_for("the dead instance is replaced", lambda: victim not in {
                r["instance_id"] for r in world.serving()}, 60)
            tries("a dead instance that the authority's key keeps alive", True)
        except Exception as error:  # pylint: disable=broad-except
            tries("a dead instance that the authority's key keeps alive", False, str(error))
        verdict.note(f"found dead after {time.monotonic() - began:.1f} s")
        key = os.path.join(stolen, "agent.key")
        world.openasg("keys", "make", "agent", "--to", stolen)
        not_an_agent(world, tries, key, "the authority")
        not_an_admin(world, tries, key, "the authority")
        other = world.serving()[0]["instance_id"]
        said = world.finish(world.attack(
            "strange_agent", "drain", world.probes_at(other), other, world.cluster_id(),
            stolen, "evil"))
        verdict.note(f"what it can do: {said.strip()[:80]}")
    finally:
        world.stop()


def start_impostor(world, folder):
    """A controller with the stolen key and an authority of its own; its endpoints."""
    path = os.path.join(folder, "endpoints")
    world.start("impostor", [
        "openasg-controller", "--dir", folder, "--endpoint-file", path,
        "--listen-agents", "tcp://127.0.0.1:*", "--listen-workers", "tcp://127.0.0.1:*",
        "--listen-admin", "tcp://127.0.0.1:*", "--listen-http", "127.0.0.1:0",
        "--listen-enrol", "127.0.0.1:0"])
    return dict(line.split(": ", 1) for line in
                world.read_file("impostor", path).splitlines())


def enrol_with_impostor(world, tries, endpoints):
    """A machine boots with the true user data, and somebody in between answers."""
    line = world.join_line(world.serving()[0]["instance_id"])
    line["enrol"] = endpoints["enrol"]
    path = scratch(world, "join-line")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("# openasg-join: "
                   + " ".join(f"{name}={value}" for name, value in line.items()) + "\n")
    world.start("misled", ["openasg-agent", "--dir", scratch(world, "misled"), "--join-file",
                           path, "--instance-id", "i-0123456789abcdef0", "--private-ip",
                           "127.0.66.6", "--grpc-listen", "127.0.66.6:0"])

    def said():
        with open(world.log_of("misled"), errors="replace") as file:
            return file.read()
    wait_for("the agent's word on whom it met",
             lambda: " enrol_wrong_authority " in said() or " enrolled " in said(), 30)
    tries("enrolling an agent as the controller", " enrolled " not in said(), said()[-300:])


def controller_key(verdict, build, is_short):
    """Workers and admins go by this key, agents by the authority: who stole it neither
    enrols nor drains one, and cannot take part as anybody else."""
    del is_short
    world = Fleet(build, agents=2)
    try:
        tries = Tries(verdict)
        stolen = scratch(world, "stolen-controller")
        os.makedirs(stolen, mode=0o700)
        shutil.copy(os.path.join(world.state, "controller.key"), stolen)
        key = os.path.join(stolen, "controller.key")
        os.chmod(key, 0o600)
        not_an_admin(world, tries, key, "the controller")
        not_a_worker(world, tries, key, "the controller")
        not_an_agent(world, tries, key, "the controller")
        endpoints = start_impostor(world, stolen)
        verdict.require(endpoints["key"] == world.controller_endpoints()["key"],
                        "the impostor does not have the stolen key")
        enrol_with_impostor(world, tries, endpoints)
        victim = world.serving()[0]["instance_id"]
        said = world.finish(world.attack(
            "strange_agent", "drain", world.probes_at(victim), victim, world.cluster_id(),
            stolen, "evil"))
        tries("a drain", "drain OK" not in said, said)
        world.wait_reporting(2)
    finally:
        world.stop()


ATTACKS = [
    Attack("keys-controller", "the controller's key: no order, no drain, no enrolment",
           controller_key, is_short=False),
    Attack("keys-agent", "an agent's keys: no orders, no jobs, no other instance",
           agent_key, is_short=False),
    Attack("keys-worker", "a worker's key: no orders, no reports, no launch", worker_key,
           is_short=False),
    Attack("keys-worker-witness", "a worker's key: nothing ends by a false witness",
           worker_key_as_witness, is_short=False),
    Attack("keys-admin", "an admin's key: no jobs, no reports, and it is named",
           admin_key, is_short=False),
    Attack("keys-join-secret", "the join secret: nobody who is bound, only from there",
           join_secret),
    Attack("keys-ca", "the authority's key: no report, no order, no false life", ca_key,
           is_short=False),
]
