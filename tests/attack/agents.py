"""agents - what can be tried with one instance's keys, with its token, or against its
agent: H2, H3, H7, H11, H13."""

import os
import re
import time

from verdict import Attack
from world import Felt, Trouble, World, numbers, wait_for


class Fleet(World):
    """The same, and what an attacker on an instance knows."""

    def join_line(self, instance_id):
        """What the user data says: token, job, attempt, incarnation."""
        with open(os.path.join(self.instance_folder(instance_id), "user-data"),
                  errors="replace") as file:
            line = re.search(r"^# openasg-join: (.*)$", file.read(), re.MULTILINE).group(1)
        return dict(word.split("=", 1) for word in line.split())

    def address(self, instance_id):
        return next(r["private_ip"] for r in self.rows() if r["instance_id"] == instance_id)

    def probes_at(self, instance_id):
        """address:port of the agent's gRPC server."""
        return self.address(instance_id) + ":7705"

    def kill_agent(self, instance_id, how="KILL"):
        self.control("POST", f"/_control/instances/{instance_id}/kill", signal=how)

    def enrol(self, instance_id, source, keys, **other):
        """CODE and words of one call of Enroll; `keys` is a folder of key pairs."""
        os.makedirs(keys, mode=0o700, exist_ok=True)
        line = {**self.join_line(other.pop("line_of", instance_id)), **other}
        said = self.finish(self.attack(
            "strange_agent", "enrol", self.endpoint("enrol"), source, keys, instance_id,
            line.get("token", ""), line["job"], line["attempt"], line["incarnation"]))
        return said.strip().removeprefix("enrol ")

    def report_as(self, instance_id, kind, seconds, source=None):
        """Forged reports with the keys that lie on that instance."""
        return self.attack("strange_agent", "report",
                           self.controller_endpoints()["agents"],
                           self.controller_endpoints()["key"],
                           source or self.address(instance_id),
                           os.path.join(self.instance_folder(instance_id), "agent.key"),
                           kind, seconds)

    def cluster_id(self):
        return re.search(r"cluster=(\w+)", self.log_text()).group(1)


def scratch(world, name):
    return os.path.join(world.folder, name)


def move_group(metric, kind):
    def run(verdict, build, is_short):
        world = Fleet(build, agents=6)
        try:
            target = "1000000000" if metric.startswith("network") else "50"
            world.openasg("policy", "put", "web", "watched", "--metric", metric, "--target",
                          target, "--preset", "quick", "--disable-scale-in")
            world.wait_reporting(6)
            thief = world.serving()[0]["instance_id"]
            seconds = 4 if is_short else 40
            child = world.report_as(thief, kind, seconds)
            worst = 6
            while child.poll() is None:
                worst = max(worst, desired(world))
                time.sleep(0.3)
            said = world.finish(child)
            verdict.count(numbers(said)["sent"], "-")
            verdict.note(f"desired went from 6 to {worst} at most")
            if worst > 6:
                for line in world.openasg("explain", "web").splitlines():
                    if "mean" in line:
                        verdict.note(line[:200])
            verdict.require("link up" in said, "the stolen key was not heard at all")
            verdict.require(numbers(said)["sent"] > 0, "nothing was sent")
            verdict.require(worst <= 7, f"one agent moved its group from 6 to {worst}")
            verdict.require(not re.search(r"mean -\d", world.openasg("explain", "web")),
                            "a sum overflowed")
            verdict.require(world.is_running("controller"), "the controller died")
        finally:
            world.stop()
    return run


def desired(world):
    for row in world.ask("group", "list"):
        if row["config"]["name"] == "web":
            return int(row["config"]["desired"])
    raise Trouble("there is no group web")


def flood_reports(verdict, build, is_short):
    """Somebody with one agent's keys reports as fast as he can. (His reports are counted
    with the others, so it is asked of the others whether they are heard.)"""
    world = Fleet(build, agents=5)
    try:
        seconds = 6 if is_short else 30
        thief = world.serving()[0]["instance_id"]
        unheard = looks = 0
        with Felt(world) as felt:
            child = world.report_as(thief, "flood", seconds)
            while child.poll() is None:
                rows = [r for r in world.rows() if r["instance_id"] != thief]
                unheard += sum(not r["is_reporting"] for r in rows)
                looks += 1
                time.sleep(0.2)
            said = world.finish(child)
        verdict.count(numbers(said)["sent"], "-")
        felt.missed = unheard
        verdict.feel(felt)
        verdict.note(f"{numbers(said)['sent'] / seconds:.0f} reports a second by one key; "
                     f"the others were looked at {looks} times")
    finally:
        world.stop()


def junk_reports(verdict, build, is_short):
    """The same with bytes that are no report: memory, log, the others."""
    world = Fleet(build, agents=5)
    try:
        thief = world.serving()[0]["instance_id"]
        before = world.log_bytes()
        with Felt(world) as felt:
            said = world.finish(world.report_as(thief, "junk", 6 if is_short else 30))
        verdict.count(numbers(said)["sent"], "-")
        verdict.feel(felt)
        grown = world.log_bytes() - before
        verdict.note(f"{grown} bytes of log")
        verdict.require(grown < 200_000, f"the log grew by {grown} bytes")
    finally:
        world.stop()


def notice_of_spot(verdict, build, is_short):
    """H13: an on-demand instance says that EC2 is about to take it back."""
    world = Fleet(build, agents=3)
    try:
        thief = world.serving()[0]["instance_id"]
        said = world.finish(world.report_as(thief, "notice", 2 if is_short else 10))
        verdict.count(numbers(said)["sent"], "-")
        time.sleep(1)
        verdict.require(thief in {r["instance_id"] for r in world.serving()},
                        "an on-demand instance ended itself by a notice of Spot")
        verdict.require("notice" in " ".join(world.ask("status")["alarms"]).lower()
                        or " alarm notice " in world.log_text(), "there is no alarm")
    finally:
        world.stop()


DRAIN = """cat >drain.sh <<'END'
#!/bin/sh
echo "$OPENASG_DRAIN_REASON" >>drained
END
chmod 700 drain.sh"""


def drain_as_a_stranger(verdict, build, is_short):
    """H3: Drain without TLS, without a certificate, with one that we made."""
    del is_short
    world = Fleet(build, agents=2, group=("--drain", "10s"), agent_before=DRAIN,
                  agent_options='--drain-script "$PWD/drain.sh"')
    try:
        victim, other = (row["instance_id"] for row in world.serving())
        mark = os.path.join(world.instance_folder(victim), "drained")
        tries = [("plain", scratch(world, "evil")), ("none", scratch(world, "evil")),
                 ("evil", scratch(world, "evil")), ("agent", world.instance_folder(other))]
        os.makedirs(scratch(world, "evil"), mode=0o700)
        refused = 0
        for who, folder in tries:
            said = world.finish(world.attack(
                "strange_agent", "drain", world.probes_at(victim), victim,
                world.cluster_id(), folder, who))
            is_refused = "drain OK" not in said
            refused += is_refused
            verdict.note(f"{who}: {said.strip()[:100]}")
            verdict.require(is_refused, f"the agent obeyed one who came with {who}")
        verdict.count(len(tries), refused)
        verdict.require(not os.path.exists(mark), "the drain script was run")
        world.openasg("instance", "terminate", victim, "--yes")
        wait_for("the genuine drain", lambda: os.path.exists(mark), 30)
        verdict.require("\x1b" not in world.log_text(), "an escape came into the log")
    finally:
        world.stop()


def fake_the_living(verdict, build, is_short):
    """H3: after an agent died, somebody answers SERVING at its address."""
    world = Fleet(build, agents=3, probe_suspect_every="200ms", group=(
        "--terminating-percent", "100", "--terminated-percent", "100",
        "--unhealthy-percent", "100", "--silence-percent", "100"))
    try:
        os.makedirs(scratch(world, "evil"), mode=0o700)
        for who in (["evil"] if is_short else ["plain", "evil"]):
            victim = world.serving()[0]["instance_id"]
            where = world.probes_at(victim)
            world.kill_agent(victim)
            fake = world.attack("strange_agent", "serve", where, victim, world.cluster_id(),
                                scratch(world, "evil"), who, 120)
            wait_for("the fake serves", lambda f=fake: f.stdout.readline(), 10)
            began = time.monotonic()
            wait_for("the dead instance is replaced", lambda v=victim: v not in {
                r["instance_id"] for r in world.serving()}, 60)
            verdict.note(f"{who}: found dead after {time.monotonic() - began:.1f} s")
            fake.kill()
            world.wait_serving(3)
        verdict.count(1 if is_short else 2, 1 if is_short else 2)
    finally:
        world.stop()


def crowd_out_probes(verdict, build, is_short):
    """H3: 300 strange connections at an agent's port, while it is probed."""
    world = Fleet(build, agents=2, probe_background_every="1s")
    try:
        victim = world.serving()[0]["instance_id"]
        where = world.probes_at(victim)
        before = world.metrics()
        seconds = 4 if is_short else 65
        children = [world.attack("strange_peers", where, f"127.3.{n}.1", 20, 100, mode,
                                 seconds) for n, mode in enumerate(["silent", "tls", "junk"])]
        said = [numbers(world.finish(child)) for child in children]
        after = world.metrics()
        probes = after["openasg_probes_total"] - before["openasg_probes_total"]
        failed = after["openasg_probes_failed_total"] - before["openasg_probes_failed_total"]
        verdict.count(sum(s["opened"] for s in said), sum(s["refused"] for s in said))
        verdict.note(f"{probes:.0f} probes in {seconds} s, {failed:.0f} failed")
        verdict.require(probes >= 2, "nothing was probed meanwhile")
        verdict.require(failed == 0, f"{failed:.0f} of {probes:.0f} honest probes failed")
        verdict.require(len(world.serving()) == 2, "an instance was lost")
    finally:
        world.stop()


def starve_agent(verdict, build, is_short):
    """More connections than an agent may open files: gRPC core would end it, and the
    instance would be replaced for its silence."""
    world = Fleet(build, agents=2, agent_before="ulimit -n 256", probe_background_every="1s")
    try:
        victim = world.serving()[0]["instance_id"]
        where = world.probes_at(victim)
        seconds = 5 if is_short else 20
        children = [world.attack("strange_peers", where, f"127.3.{n}.1", 20, 400, "silent",
                                 seconds) for n in range(2)]
        said = [numbers(world.finish(child)) for child in children]
        before = world.metrics()
        wait_for("probes after the flood", lambda: world.metrics()["openasg_probes_total"]
                 >= before["openasg_probes_total"] + 4, 20)
        failed = world.metrics()["openasg_probes_failed_total"] - before["openasg_probes_failed_total"]
        verdict.count(sum(s["opened"] for s in said), sum(s["refused"] for s in said))
        verdict.note(f"{failed:.0f} probes failed after the flood")
        verdict.require(failed == 0, "its agent is deaf after the flood")
        verdict.require(victim in {r["instance_id"] for r in world.serving()},
                        "the instance was replaced")
    finally:
        world.stop()


def enrol_as_another(verdict, build, is_short):
    """H7: tokens of a launch, strange addresses, fresh keys, a restart between."""
    del is_short
    world = Fleet(build, agents=2)
    try:
        one, two = (row["instance_id"] for row in world.serving())
        world.wait_reporting(2)
        tries = []

        def attempt(what, *arguments, **other):
            said = world.enrol(*arguments, **other)
            tries.append((what, said))
            verdict.require(not said.startswith("OK"), f"{what}: {said}")
            return said

        def all_ways(when):
            attempt(f"fresh keys from its own address {when}", one, world.address(one),
                    scratch(world, "fresh"))
            attempt(f"fresh keys from elsewhere {when}", one, "127.0.66.7",
                    scratch(world, "fresh"))
            attempt(f"the same launch's token for another {when}", two, world.address(one),
                    scratch(world, "fresh"), line_of=one)
            attempt(f"no token {when}", one, world.address(one), scratch(world, "fresh"),
                    token="")
            attempt(f"another's bound keys {when}", one, world.address(one),
                    world.instance_folder(two))

        all_ways("while it lives")
        world.kill("controller")
        world.start_controller(**world.settings)
        all_ways("after a restart")
        verdict.count(len(tries), sum(not said.startswith("OK") for _, said in tries))
        for what, said in tries:
            verdict.note(f"{what}: {said[:90]}")
        verdict.require("other keys" in " ".join(world.ask("status")["alarms"]),
                        "there is no alarm of other keys for a bound instance")
        leaked = [said for _, said in tries if re.search(r"job[ =]\d", said)]
        verdict.require(not leaked, f"a refusal tells of jobs: {leaked[:1]}")
        world.wait_reporting(2, 30)
    finally:
        world.stop()


def enrol_early(verdict, build, is_short):
    """H7: a join from anywhere while EC2 has not said the address."""
    world = Fleet(build, agents=1)
    try:
        known = world.serving()[0]["instance_id"]
        world.control("POST", "/_control/faults", kind="describe_lag",
                      action="DescribeInstances", latency_ms=4000)
        world.agents = 2
        world.openasg("desired", "set", "web", 2)
        fresh = wait_for("another instance", lambda: next(
            (i for i in world.ec2_instances() if i != known), None), 20)
        tries = refused = 0
        until = time.monotonic() + (4 if is_short else 8)
        while time.monotonic() < until:
            try:
                said = world.enrol(fresh, "127.0.66.8", scratch(world, "fresh"))
            except (Trouble, FileNotFoundError, AttributeError):
                time.sleep(0.1)
                continue
            tries += 1
            refused += not said.startswith("OK")
            verdict.require(not said.startswith("OK"), f"a stranger was bound: {said}")
        verdict.count(tries, refused)
        verdict.require(tries > 0, "nothing was tried")
        world.control("DELETE", "/_control/faults")
        world.wait_reporting(2, 60)
    finally:
        world.stop()


def fill_log_as_stranger(verdict, build, is_short):
    """H11: one who knows an instance's id is refused again and again."""
    world = Fleet(build, agents=1)
    try:
        victim = world.serving()[0]["instance_id"]
        before = world.log_bytes()
        until = time.monotonic() + (5 if is_short else 20)
        tries = 0
        os.makedirs(scratch(world, "fresh"), mode=0o700)
        while time.monotonic() < until:
            children = [world.attack(
                "strange_agent", "enrol", world.endpoint("enrol"), f"127.0.67.{n + 1}",
                scratch(world, "fresh"), victim, "0" * 64, 1, 1, 1) for n in range(4)]
            for child in children:
                tries += "enrol" in child.communicate(timeout=30)[0]
        grown = world.log_bytes() - before
        verdict.count(tries, tries)
        verdict.note(f"{grown} bytes of log for {tries} refusals")
        verdict.require(tries > 0, "nothing was tried")
        verdict.require(grown < 20_000, f"the log grew by {grown} bytes")
    finally:
        world.stop()


ATTACKS = [
    Attack("H2-forged-rates", "one agent says 8 TiB each 10 ms",
           move_group("network-in", "rates")),
    Attack("H2-forged-load", "one agent says a load of four million",
           move_group("load", "load"), is_short=False),
    Attack("H2-forged-past", "counters and clocks that run backwards",
           move_group("network-in", "past"), is_short=False),
    Attack("H3-drain", "Drain by who is not the controller", drain_as_a_stranger),
    Attack("H3-fake-serving", "SERVING at a dead agent's address", fake_the_living,
           is_short=False),
    Attack("H3-crowd", "300 strange connections at an agent's port", crowd_out_probes,
           is_short=False),
    Attack("H3-agent-descriptors", "more connections than an agent has descriptors",
           starve_agent, is_short=False),
    Attack("H7-enrolment", "tokens, addresses, fresh keys, a restart", enrol_as_another),
    Attack("H7-unknown-address", "a join before EC2 has said the address", enrol_early,
           is_short=False),
    Attack("H11-log-of-stranger", "refusals fill the log", fill_log_as_stranger,
           is_short=False),
    Attack("H13-notice", "a notice of Spot by an on-demand instance", notice_of_spot,
           is_short=False),
    Attack("agent-flood", "reports of one key as fast as it can", flood_reports,
           is_short=False),
    Attack("agent-junk", "bytes that are no report, with an agent's key", junk_reports,
           is_short=False),
]
