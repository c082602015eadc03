"""faults - the blows of the matrix. Each takes the arena, gives it something to do, strikes
from outside and mends what it broke; when it returns the fault is over."""

import os
import signal
import subprocess
import threading
import time

from arena import GROUP, LEASE_S, SILENT_S, WORKERS
from cluster import Trouble, wait_for
from hosts import AGENTS as AGENT_HOSTS
from hosts import CONTROLLER as CONTROLLER_HOST

HOLD_S = 2.0  # how long a fault of EC2 or of the disk lasts


def try_to_stir(arena):
    """The controller may be deaf by now: then there is just nothing new to do."""
    try:
        arena.stir()
    except (Trouble, OSError, subprocess.SubprocessError):
        pass


def pause(arena, most_s):
    time.sleep(arena.random.uniform(0, most_s))


# ---- processes ----

def kill_process(kind):
    def strike(arena):
        name = "controller" if kind == "controller" else arena.random.choice(WORKERS)
        arena.stir()
        pause(arena, 0.8)
        arena.kill(name)
        pause(arena, 0.4)
        arena.restart(name)
    return strike


def kill_agent(arena):
    if arena.random.random() < 0.5:
        arena.stir()
    pause(arena, 0.5)
    instance, pid = arena.pick_agent()
    if arena.signal_pid(pid, signal.SIGKILL):
        arena.must_go = {instance}


def kill_both_workers(arena):
    arena.stir()
    pause(arena, 0.3)
    for name in WORKERS:
        arena.kill(name)
    pause(arena, 0.4)
    for name in WORKERS:
        arena.restart(name)


def kill_everything(arena):
    """A power cut of the control plane, in the middle of something."""
    arena.stir()
    pause(arena, 0.3)
    for name in ("controller",) + WORKERS:
        arena.kill(name)
    pause(arena, 0.4)
    for name in ("controller",) + WORKERS:
        arena.restart(name)


def stop_process(kind, leases):
    def strike(arena):
        name = "controller" if kind == "controller" else arena.random.choice(WORKERS)
        arena.stir()
        pause(arena, 0.3)
        pid = arena.pid_of(name)
        arena.signal_pid(pid, signal.SIGSTOP)
        try:
            if kind != "controller":
                pause(arena, 0.3)
                try_to_stir(arena)
            time.sleep(leases * LEASE_S)
        finally:
            arena.signal_pid(pid, signal.SIGCONT)
    return strike


def stop_agent(arena):
    """Long enough to be silent and unprobed; it wakes into whatever was decided."""
    _, pid = arena.pick_agent()
    arena.signal_pid(pid, signal.SIGSTOP)
    try:
        time.sleep(2 * SILENT_S)
    finally:
        arena.signal_pid(pid, signal.SIGCONT)


# ---- EC2 ----

def fault_of_ec2(kind, action, both_ways=False, **fields):
    """`both_ways`: a launch and a termination run into it."""
    def strike(arena):
        arena.control("POST", "/_control/faults", kind=kind, action=action,
                      **{k: str(v) for k, v in fields.items()})
        try:
            arena.stir()
            time.sleep(HOLD_S)
            if both_ways:
                arena.stir()
                time.sleep(HOLD_S)
        finally:
            arena.control("DELETE", "/_control/faults")
    return strike


# ---- the disk ----

def disk_fault(text):
    """By the shim (shim.c) in the controller: every write or fsync of the log fails."""
    def strike(arena):
        path = os.path.join(arena.dir, "disk.fault")
        with open(path + ".new", "w") as file:
            file.write(text)
        os.replace(path + ".new", path)
        try:
            try_to_stir(arena)
            time.sleep(HOLD_S)
        finally:
            if os.path.exists(path):
                os.unlink(path)
        if not arena.is_running("controller"):
            arena.restart("controller")
        wait_for("leading again", arena.is_leading, 30)
    return strike


def disk_kill(text):
    """The same shim kills the controller before or after an fsync of the log."""
    def strike(arena):
        path = os.path.join(arena.dir, "disk.fault")
        with open(path + ".new", "w") as file:
            file.write(text)
        os.replace(path + ".new", path)
        try:
            try_to_stir(arena)
            wait_for("the controller to die at fsync",
                     lambda: not arena.is_running("controller"), 20)
        finally:
            if os.path.exists(path):
                os.unlink(path)
        arena.restart("controller")
    return strike


# ---- clocks ----

def jump_clock(names, seconds):
    """By the same shim: the wall clock of these processes is ahead (or behind) for a while.
    The monotonic one is not."""
    def strike(arena):
        for name in names:
            arena.set_clock(name, seconds)
        try:
            try_to_stir(arena)
            time.sleep(HOLD_S)
        finally:
            for name in names:
                arena.set_clock(name, 0)
    return strike


def burst(arena, until, seconds):
    """Orders from several sides at once, until something is so."""
    stopping = threading.Event()

    def order(number):
        count = 0
        while not stopping.is_set():
            count += 1
            try:
                arena.openasg("schedule", "put", GROUP, f"burst-{number}", "--start",
                              "2099-01-01T00:00:00Z", "--desired", count,
                              "--request-timeout", "1s")
            except (Trouble, subprocess.SubprocessError):
                time.sleep(0.05)

    threads = [threading.Thread(target=order, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        return wait_for("a burst of orders to have its effect", until, seconds)
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def full_disk(arena):
    """A file system of its own, filled to the last byte under the running controller."""
    ballast = os.path.join(arena.state, "ballast")
    try:
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 65536):
                    pass
            except OSError:
                pass
        try_to_stir(arena)
        burst(arena, lambda: not arena.is_leading(), 40)
        time.sleep(HOLD_S)
    finally:
        os.unlink(ballast)
    wait_for("leading again", arena.is_leading, 30)


# ---- links ----

def cut_link(number, seconds, stirs=True):
    def strike(arena):
        arena.network.cut(number)
        try:
            if stirs:
                try_to_stir(arena)
            time.sleep(seconds)
        finally:
            arena.network.rejoin(number)
    return strike


def flap_link(number):
    def strike(arena):
        try_to_stir(arena)
        for _ in range(6):
            arena.network.cut(number)
            pause(arena, 0.6)
            arena.network.rejoin(number)
            pause(arena, 0.6)
    return strike


def lose_one_way(senders, receivers, seconds, stirs=True):
    """What these send to those is lost; what those send back arrives."""
    pairs = [(s, r) for s in senders for r in receivers]

    def strike(arena):
        for pair in pairs:
            arena.network.lose(*pair)
        try:
            if stirs:
                try_to_stir(arena)
            time.sleep(seconds)
        finally:
            for pair in pairs:
                arena.network.deliver(*pair)
    return strike


def slow_link(number, seconds):
    def strike(arena):
        arena.network.slow(number)
        try:
            for _ in range(3):
                try_to_stir(arena)
                time.sleep(seconds / 3)
        finally:
            arena.network.hasten(number)
    return strike


def lose_to_instance(arena):
    """It is not heard of for long: no acknowledgement comes back to it."""
    row = arena.random.choice(arena.in_service())
    number = int(row["private_ip"].rsplit(".", 1)[1])
    arena.network.lose(CONTROLLER_HOST, number)
    try:
        time.sleep(3 * SILENT_S)
    finally:
        arena.network.deliver(CONTROLLER_HOST, number)


def cut_agent_link(arena):
    """Out of reach while others report, for longer than twelve periods: it is replaced, and
    ends in EC2 though we cannot see it."""
    row = arena.random.choice(arena.in_service())
    number = int(row["private_ip"].rsplit(".", 1)[1])
    arena.network.cut(number)
    try:
        time.sleep(SILENT_S + 16)
    finally:
        arena.network.rejoin(number)


def lose_while_they_enrol(arena):
    """New instances reach the enrolment port, and no answer reaches them: they are bound and
    do not know. Nothing is wrong with those that serve."""
    now = arena.group()["config"]["desired"]
    known = {r["private_ip"] for r in arena.instances()}
    free = [n for n in AGENT_HOSTS if not any(ip.endswith(f".{n}") for ip in known)]
    for number in free:
        arena.network.lose(CONTROLLER_HOST, number)
    try:
        arena.load.offered = 180.0
        arena.openasg("desired", "set", GROUP, min(now + 2, arena.max), "--force")
        time.sleep(4 * SILENT_S)
    finally:
        for number in free:
            arena.network.deliver(CONTROLLER_HOST, number)


# ---- failpoints ----

class NeverReached(Trouble):
    pass


def arm(arena, kind, text):
    path = arena.arm_file(kind)
    for old in (path, path + ".fired"):
        if os.path.exists(old):
            os.unlink(old)
    with open(path + ".new", "w") as file:
        file.write(text + "\n")
    os.replace(path + ".new", path)


def fired(arena, kind):
    """The pid of who struck, or None."""
    try:
        with open(arena.arm_file(kind) + ".fired") as file:
            return int(file.read().split()[0])
    except (OSError, IndexError, ValueError):
        return None


def provoke(arena, kind, point):
    """Do what brings a process of that kind past the point, until it strikes."""
    if point.startswith("lead."):
        arena.kill("controller")
        try:
            arena.start_one("controller")
        except Trouble:
            pass  # it died on its way up, as wanted
        return wait_for(point, lambda: fired(arena, kind), 30)
    if point.endswith(("_checkpoint",)):
        return burst(arena, lambda: fired(arena, kind), 90)
    for _ in range(12):
        try_to_stir(arena)
        if point in ("dispatch.before_welcome", "worker.before_hello"):
            name = arena.random.choice(WORKERS)
            if arena.is_running(name):
                arena.kill(name)
            arena.start_one(name)
        until = time.monotonic() + 4
        while time.monotonic() < until:
            pid = fired(arena, kind)
            if pid is not None:
                return pid
            time.sleep(0.02)
    raise NeverReached(f"{point} was not passed in 48 s")


def mend_kill(arena, kind, pid):
    if kind == "agent":
        rows = arena.control("GET", "/_control/instances")["instances"]
        arena.must_go = {r["id"] for r in rows if r["pid"] == pid}
        return
    names = ("controller",) if kind == "controller" else WORKERS
    struck = [n for n in names if n in arena.processes and arena.pid_of(n) == pid]
    for name in struck:
        arena.processes[name].wait(timeout=30)
    pause(arena, 0.3)
    for name in names:
        if not arena.is_running(name):
            arena.restart(name)


# A process passes these once in its life.
ONCE = ("lead.log_opened", "lead.handed_over", "worker.before_hello",
        "dispatch.before_welcome", "agent.identity_read", "agent.before_enrol",
        "agent.enrol_answered")


def failpoint(kind, point, action):
    def strike(arena):
        passes = 1 if point in ONCE else arena.random.choice((1, 1, 2, 3))
        arm(arena, kind, f"{point}:{action}@{passes}")
        try:
            pid = provoke(arena, kind, point)
        finally:
            if os.path.exists(arena.arm_file(kind)):
                os.unlink(arena.arm_file(kind))
        if action == "stop":
            time.sleep((2 * SILENT_S) if kind == "agent" else 1.5 * LEASE_S)
            arena.signal_pid(pid, signal.SIGCONT)
        if action == "kill":
            mend_kill(arena, kind, pid)
    return strike


MANY = 20


def kill_while_many_enrol(arena):
    """Twenty instances start; the controller dies when it has bound some and is about to
    answer, others are under way, others to come. Then the group is what it was."""
    was, arena.max = arena.max, MANY
    arm(arena, "controller", f"enrol.before_answer:kill@{arena.random.randint(2, MANY - 6)}")
    try:
        arena.openasg("group", "update", GROUP, "--max", MANY, "--desired", MANY)
        pid = wait_for("twenty to enrol", lambda: fired(arena, "controller"), 60, 0.02)
        mend_kill(arena, "controller", pid)
        wait_for("quiet with all of them, or fewer if the policy says so", arena.quiet, 120)
    finally:
        if os.path.exists(arena.arm_file("controller")):
            os.unlink(arena.arm_file("controller"))
        arena.openasg("group", "update", GROUP, "--max", was, "--desired", was, "--force")
        wait_for("the group as it was", lambda: len(arena.ec2_instances()) <= was, 60)
        most, arena.watcher.most, arena.max = arena.watcher.most, 0, was
    if most > MANY:
        raise Trouble(f"{most} lived at once, max was {MANY}")


def list_failpoints(build, kind):
    """(name, [actions]) of a kind of process."""
    text = subprocess.run(
        [os.path.join(build, "failpoints", "openasg-" + kind), "--list-failpoints"],
        stdout=subprocess.PIPE, text=True, check=True).stdout
    return [(line.split()[0], line.split()[1:]) for line in text.splitlines()]
