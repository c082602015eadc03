"""workers - what a stolen worker key can be tried for: H1, H4, H6, H8, H9, H11."""

import os
import time

from verdict import Attack
from world import Felt, Trouble, World, numbers, wait_for

QUICK_LISTINGS = {"reconcile_every": "10s", "reconcile_absent_after": "20s",
                  "reconcile_absent_listings": "2"}


def all_there(world, before):
    """The instances that were in service still are, and in EC2."""
    now = {row["instance_id"] for row in world.serving()}
    return before <= now and before <= set(world.ec2_instances())


def squat_routing_ids(verdict, build, is_short):
    """H1: ids of ROUTER's own kind, held and drawn against, with a worker's key."""
    world = World(build)
    try:
        seconds, most, sources = (4, 2000, 4) if is_short else (60, 10000, 64)
        with Felt(world) as felt:
            child = world.attack("routing_ids", world.endpoint("workers"),
                                 world.controller_endpoints()["key"], world.worker_key(),
                                 "127.0.66.1", sources, most, seconds)
            said = numbers(world.finish(child))
        verdict.count(said["opened"], said["refused"])
        verdict.feel(felt)
        open_now = world.metrics()['openasg_connections{port="workers"}']
        held = max(1.0, min(open_now, most))
        a_second = max(said["admitted"], 1) / seconds
        days = 2 ** 32 / held / a_second / 86400
        verdict.note(f"{said['admitted']} connections were admitted in {seconds} s and "
                     f"{held:.0f} held: a collision would take {days:.1f} days")
        verdict.require(days > 1, f"routing ids would collide in {days * 24:.1f} hours")
        verdict.require("key_misused" in world.log_text(), "there is no alarm")
    finally:
        world.stop()


def squat_agents_port(verdict, build, is_short):
    """H1 as it was: throw-away keys against the agents' port."""
    world = World(build)
    try:
        seconds = 3 if is_short else 60
        with Felt(world) as felt:
            child = world.attack("routing_ids", world.endpoint("agents"),
                                 world.controller_endpoints()["key"], "", "127.0.66.1",
                                 16 if is_short else 200, 1000 if is_short else 18800,
                                 seconds)
            said = numbers(world.finish(child))
        verdict.count(said["opened"], said["refused"])
        verdict.feel(felt)
        verdict.require(said["admitted"] == 0,
                        f"{said['admitted']} strangers were let in")
    finally:
        world.stop()


def list_nothing(verdict, build, is_short):
    """H4: every describe is answered with "ok, there is nothing"."""
    world = World(build, **QUICK_LISTINGS)
    try:
        before = {row["instance_id"] for row in world.serving()}
        world.wait_reporting(len(before))
        world.kill("worker-1")
        seconds = 15 if is_short else 75
        thief = world.steal_worker("empty", seconds)
        with Felt(world, orders=False) as felt:
            for _ in range(3):
                world.openasg("reconcile", check=False)
                time.sleep(seconds / 5)
            heard = world.finish(thief)
        lies = heard.count("describe")
        verdict.count(lies, lies)
        verdict.feel(felt)
        verdict.require(lies > 0, "no describe came: the attack did not happen")
        verdict.require(all_there(world, before),
                        "instances were forgotten whose agents report")
        world.start_worker("worker-2")
        world.openasg("reconcile")
        wait_for("true listings", lambda: all_there(world, before), 30)
        verdict.require(len(world.ec2_instances()) == len(before),
                        f"EC2 has {len(world.ec2_instances())} instances, not {len(before)}")
        alarm = "mass_absence" in world.log_text()
        verdict.require(alarm, "no alarm of the mass absence")
    finally:
        world.stop()


def trap_jobs(verdict, build, is_short):
    """H6: a thousand credits are claimed, every job taken and its lease renewed for ever.
    The true worker comes when the thief has what it wants. A key that has finished nothing
    holds jobs.unproven (8) at most; those end by their deadline, ten minutes later."""
    groups = 12
    world = World(build, agents=1, jobs_lease="2s", jobs_heartbeat="500ms")
    try:
        world.kill("worker-1")
        thief = world.steal_worker("trap", 1000)
        wait_for("the thief is welcome", lambda: "worker=stolen" in world.log_text(), 20)
        for number in range(groups):
            world.openasg("group", "create", f"g{number}", "--min", "0", "--max", "2",
                          "--desired", "1", "--template", "web", "--zones", "us-east-1a")
        time.sleep(1)
        held = sum(row["leases"] for row in world.ask("worker", "list"))
        began = time.monotonic()
        world.start_worker("worker-2")
        free = 1 + groups - held
        wait_for("the others have their instance",
                 lambda: len(world.ec2_instances()) >= free, 20)
        verdict.note(f"it holds {held} jobs; the other {groups - held} groups had their "
                     f"instance {time.monotonic() - began:.1f} s after the true worker came")
        verdict.count(held, groups - held)
        verdict.require(0 < held <= 8, f"it holds {held} jobs")
        if not is_short:
            wait_for("all have theirs", lambda: len(world.ec2_instances()) == 1 + groups, 700)
            verdict.note(f"all after {time.monotonic() - began:.0f} s")
            verdict.require("worker_put_aside" in world.log_text(), "it was not put aside")
        thief.kill()
    finally:
        world.stop()


def forge_results(verdict, build, is_short):
    """H8: "done, nothing launched" said of jobs that another worker holds."""
    world = World(build)
    try:
        world.control("POST", "/_control/faults", kind="latency", action="RunInstances",
                      latency_ms=1500)
        thief = world.steal_worker("forge", 8 if is_short else 30)
        wait_for("the thief is welcome", lambda: "worker=stolen" in world.log_text(), 20)
        world.agents = 8
        world.openasg("desired", "set", "web", 8)
        said = numbers(world.finish(thief))
        world.wait_serving(8)
        verdict.count(said["sent"], said["sent"])
        count = len(world.ec2_instances())
        verdict.require(count == 8, f"EC2 has {count} instances where 8 are wanted")
        verdict.require(world.is_running("controller"), "the controller died")
    finally:
        world.stop()


def outlive_revocation(verdict, build, is_short):
    """H9: after the .pub is gone, nothing goes out by the connection that stands."""
    world = World(build)
    try:
        world.kill("worker-1")
        thief = world.steal_worker("listen", 5 if is_short else 14)
        wait_for("the thief is welcome", lambda: "worker=stolen" in world.log_text(), 20)
        os.unlink(os.path.join(world.state, "workers.d", "stolen.pub"))
        try:
            wait_for("the connection is shut", lambda: world.metrics()[
                'openasg_connections{port="workers"}'] == 0, 6)
        except Trouble:
            verdict.fail("the connection of the revoked key stands")
        world.agents = 6
        world.openasg("desired", "set", "web", 6)
        heard = world.finish(thief)
        leaked = [line for line in heard.splitlines() if line.startswith("job")
                  and "launch" in line]
        verdict.count(1, 1 - min(1, len(leaked)))
        verdict.require(not leaked, f"a job went to a revoked key: {leaked[:1]}")
        world.start_worker("worker-2")
        world.wait_serving(6)
    finally:
        world.stop()


def flood_log(verdict, build, is_short):
    """H11: words that are none, as many as a worker's key can send."""
    world = World(build)
    try:
        seconds = 5 if is_short else 25
        before = world.log_bytes()
        with Felt(world) as felt:
            said = numbers(world.finish(world.steal_worker("frames", seconds)))
        grown = world.log_bytes() - before
        verdict.count(said["sent"], said["sent"])
        verdict.feel(felt)
        verdict.note(f"{said['sent']} frames, {grown} bytes of log in {seconds} s")
        verdict.require(grown < 200_000, f"the log grew by {grown} bytes in {seconds} s")
    finally:
        world.stop()


ATTACKS = [
    Attack("H1-agents-port", "routing ids against the agents' port, throw-away keys",
           squat_agents_port),
    Attack("H1-workers-port", "routing ids against the workers' port, a worker's key",
           squat_routing_ids),
    Attack("H4-false-listings", "a worker's key answers: EC2 is empty", list_nothing,
           is_short=False),
    Attack("H6-trapped-jobs", "a worker's key takes every job and keeps it", trap_jobs),
    Attack("H8-forged-results", "a worker's key says that others' jobs are done",
           forge_results, is_short=False),
    Attack("H9-revocation", "a connection that outlives its key", outlive_revocation),
    Attack("H11-log-of-worker", "a worker's key fills the log", flood_log,
           is_short=False),
]
