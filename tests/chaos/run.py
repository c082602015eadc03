"""run - the real fault matrix (./dev chaos): real processes, struck from outside; after every
blow the same laws are judged (laws.py). Prints one row a fault; the last line is
"N passed, N failed"."""

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import faults  # noqa: E402
from arena import Arena, ArenaOnHosts, LEASE_S, WORKERS, settle_s  # noqa: E402
from cluster import Trouble  # noqa: E402
from hosts import (AGENTS, CONTROLLER, EC2, OBSERVER, Network,  # noqa: E402
                   why_not_allowed)
from hosts import WORKERS as HOSTS_OF_WORKERS  # noqa: E402
from laws import judge  # noqa: E402

# A controller that has just begun to lead replaces nobody of before for silence until its
# picture is whole: 60 s and three periods of 5 s (docs/reliability.md, "After an absence").
SETTLE_S = 90.0 + 75.0
KINDS = ("controller", "worker", "agent")


# An interlock lets a group replace about its own number of instances in ten minutes and no
# more. After so many the arena is a new one: we measure openasg, not our own patience.
REPLACEMENTS = 2


class Row:
    def __init__(self, name, strike, times, section):
        self.name, self.strike, self.times, self.section = name, strike, times, section
        self.seconds = []
        self.blows = self.failed = self.lost = self.doubled = self.orphans = 0


# ---- the rows, by the arena they need ----

def rows_of_processes(kills):
    rows = [Row(f"kill -9 {kind}", strike, kills, "processes")
            for kind, strike in (
        ("controller", faults.kill_process("controller")),
        ("worker", faults.kill_process("worker")),
        ("agent", faults.kill_agent))]
    few = max(1, kills // 10)
    rows += [Row("kill -9 both workers", faults.kill_both_workers, few, "processes"),
             Row("kill -9 controller and workers", faults.kill_everything, few, "processes")]
    for kind in ("controller", "worker"):
        for leases in (0.5, 2, 10):
            rows.append(Row(f"SIGSTOP {kind}, {leases:g} leases",
                            faults.stop_process(kind, leases),
                            1 if leases == 10 else max(1, kills // 20), "processes"))
    rows.append(Row("SIGSTOP agent", faults.stop_agent, max(1, kills // 20), "processes"))
    return rows


def rows_of_ec2(times):
    launch, end, any_call = "RunInstances", "TerminateInstances", "*"
    table = [
        ("throttles everything", "throttle", any_call, {}),
        ("500 before effect", "error_5xx", any_call, {}),
        ("garbage for an answer", "garbage", any_call, {}),
        ("drops launches before effect", "drop_before_effect", launch, {}),
        ("drops launches after effect", "drop_after_effect", launch, {}),
        ("drops terminations after effect", "drop_after_effect", end, {}),
        ("half an answer after effect", "half_body", launch, {}),
        ("every other call is dropped after effect", "drop_after_effect", any_call,
         {"probability": "0.5"}),
        ("answers 3 s late", "latency", launch, {"latency_ms": 3000}),
        ("no capacity in one zone", "capacity", launch,
         {"type": "t3.micro", "zone": "us-east-1a"}),
        ("describe lags 5 s", "describe_lag", "DescribeInstances", {"latency_ms": 5000}),
        ("ends what it launched", "terminate_after_launch", launch, {"count": 1}),
        ("starts one of many and says nothing", "fewer", launch, {}),
    ]
    return [Row("EC2 " + name, faults.fault_of_ec2(kind, action, both_ways=True, **fields),
                times, "EC2") for name, kind, action, fields in table]


def rows_of_failpoints(build, times):
    rows = [Row("kill -9 controller while 20 agents enrol", faults.kill_while_many_enrol,
                3 * times, "failpoints")]
    for kind in KINDS:
        for point, actions in faults.list_failpoints(build, kind):
            for action in actions:
                rows.append(Row(f"{kind} {point}: {action}",
                                faults.failpoint(kind, point, action), times, "failpoints"))
    return rows


def rows_of_disk(times):
    return [Row("disk: EIO on write", faults.disk_fault("eio write"), times, "disk"),
            Row("disk: EIO on fsync", faults.disk_fault("eio fsync"), times, "disk"),
            Row("disk: ENOSPC on write", faults.disk_fault("enospc write"), times, "disk"),
            Row("disk: kill -9 before fsync", faults.disk_kill("kill before_fsync"), times,
                "disk"),
            Row("disk: kill -9 after fsync", faults.disk_kill("kill after_fsync"), times,
                "disk")]


def rows_of_clocks(times):
    return [Row(f"clock of {whose}: {words}", faults.jump_clock(names, seconds), times, "disk")
            for whose, names in (("the controller", ("controller",)), ("the workers", WORKERS))
            for words, seconds in (("an hour ahead for 2 s", 3600),
                                   ("an hour behind for 2 s", -3600))]


def rows_of_full_disk(times):
    return [Row("disk: full to the last byte", faults.full_disk, times, "full disk")]


def rows_of_links(times):
    return [Row("link cut: a worker, 2 leases", faults.cut_link(HOSTS_OF_WORKERS[0], 2 * LEASE_S),
                times, "links"),
            Row("link cut: the controller, 2 leases",
                faults.cut_link(CONTROLLER, 2 * LEASE_S, stirs=False), times, "links"),
            Row("link cut: EC2, 2 leases", faults.cut_link(EC2, 2 * LEASE_S), times,
                "links"),
            Row("link flaps: a worker", faults.flap_link(HOSTS_OF_WORKERS[1]), times, "links"),
            Row("link flaps: the controller", faults.flap_link(CONTROLLER), times, "links"),
            Row("link cut: an instance", faults.cut_agent_link, times, "links"),
            Row("link one way: a worker hears nothing of the controller",
                faults.lose_one_way((CONTROLLER,), (HOSTS_OF_WORKERS[0],), 2 * LEASE_S), times,
                "links"),
            Row("link one way: the controller hears nothing of the workers",
                faults.lose_one_way(HOSTS_OF_WORKERS, (CONTROLLER,), 2 * LEASE_S), times,
                "links"),
            Row("link one way: EC2's answers are lost",
                faults.lose_one_way((EC2,), HOSTS_OF_WORKERS, 2 * LEASE_S), times, "links"),
            Row("link one way: an instance hears nothing", faults.lose_to_instance, times,
                "links"),
            Row("link one way: instances that enrol get no answer",
                faults.lose_while_they_enrol, times, "links"),
            Row("link slow: 64 kbit/s to a worker",
                faults.slow_link(HOSTS_OF_WORKERS[1], 3 * LEASE_S), times, "links"),
            Row("link slow: 64 kbit/s to the controller",
                faults.slow_link(CONTROLLER, 3 * LEASE_S), times, "links")]


# ---- the arenas ----

def make_plain(options, folder):
    return Arena(options.build, folder, options.seed)


def make_with_failpoints(options, folder):
    arena = Arena(options.build, folder, options.seed)
    arena.use_failpoints(options.build)
    return arena


def make_with_shim(options, folder):
    arena = Arena(options.build, folder, options.seed)
    shim = os.path.join(folder, "shim.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", shim,
                    os.path.join(HERE, "shim.c"), "-ldl"], check=True)
    arena.use_shim(shim)
    return arena


def make_on_small_disk(options, folder):
    arena = Arena(options.build, folder, options.seed)
    os.makedirs(arena.state, mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "openasg-chaos",
                    arena.state], check=True, stderr=subprocess.PIPE)
    arena.mounted = arena.state
    return arena


def make_on_hosts(options, folder):
    """We are inside the observer's namespace by now (see run_links)."""
    network = Network.__new__(Network)  # made by our parent, who removes it
    network.tag = options.inside
    return ArenaOnHosts(options.build, folder, options.seed, network)


MAKERS = {"processes": make_plain, "EC2": make_plain, "failpoints": make_with_failpoints,
          "disk": make_with_shim, "full disk": make_on_small_disk, "links": make_on_hosts}


def why_not(section):
    """None, or why this machine cannot have that arena."""
    if section == "links":
        return why_not_allowed()
    if section == "full disk":
        trial = tempfile.mkdtemp(prefix="openasg-chaos-try-")
        try:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "try", trial],
                                  stderr=subprocess.PIPE)
            if done.returncode != 0:
                return "a small file system needs root and mount"
            subprocess.run(["umount", trial], check=True)
        except FileNotFoundError:
            return "a small file system needs root and mount"
        finally:
            os.rmdir(trial)
    if section == "disk" and shutil.which("cc") is None:
        return "the shim needs a C compiler"
    return None


# ---- one blow ----

def strike(arena, row):
    """False when the arena is not fit for another blow."""
    dead_before = arena.ask("status")["dead_jobs"]
    arena.watcher.most = 0
    arena.must_go = set()
    trouble = None
    try:
        row.strike(arena)
    except (Trouble, OSError, subprocess.SubprocessError) as caught:
        trouble = f"the blow itself failed: {caught}"
    seconds, picture = settle_s(arena, SETTLE_S)
    verdict = judge(arena, picture, dead_before)
    if trouble is not None:
        verdict.say(trouble)
    row.blows += 1
    row.seconds.append(seconds)
    row.lost += verdict.lost
    row.doubled += verdict.doubled
    row.orphans += verdict.orphans
    if verdict.broken:
        row.failed += 1
        print(f"FAILED {row.name}, blow {row.blows}:", flush=True)
        for text in verdict.broken:
            print("    " + text, flush=True)
    return not verdict.broken


def open_arena(options, section):
    folder = tempfile.mkdtemp(prefix="openasg-chaos-")
    arena = MAKERS[section](options, folder)
    try:
        arena.begin()
    except BaseException:
        close_arena(options, arena, is_clean=False)
        raise
    return arena


def close_arena(options, arena, is_clean):
    arena.end()
    if getattr(arena, "mounted", None):
        if not is_clean:
            shutil.copytree(arena.mounted, os.path.join(arena.dir, "controller.kept"))
        subprocess.run(["umount", arena.mounted], check=False)
    if is_clean and not options.keep:
        shutil.rmtree(arena.dir, ignore_errors=True)
    else:
        print(f"    logs are in {arena.dir}", flush=True)


def run_section(options, section, rows):
    """Blows of all rows in turn, mixed; a broken law ends that arena and begins another."""
    turns = [row for row in rows for _ in range(row.times)]
    random.Random(options.seed).shuffle(turns)
    arena, done = None, 0
    try:
        for row in turns:
            if time.monotonic() > options.until:
                break
            if arena is not None and arena.log.replaced >= REPLACEMENTS:
                close_arena(options, arena, is_clean=True)
                arena = None
            if arena is None:
                arena = open_arena(options, section)
            done += 1
            if done % 25 == 0:
                print(f"    {section}: {done} of {len(turns)} blows", flush=True)
            if not strike(arena, row):
                close_arena(options, arena, is_clean=False)
                arena = None
    finally:
        if arena is not None:
            close_arena(options, arena, is_clean=True)


def run_links(options, section, rows):
    """The observer has to be a host of that network: run ourselves again, there."""
    del section
    network = Network(f"oc{os.getpid() % 10000}")
    try:
        for number in (OBSERVER, EC2, CONTROLLER) + HOSTS_OF_WORKERS + AGENTS:
            network.add_host(number)
        words = [sys.executable, os.path.abspath(__file__), "--build", options.build,
                 "--inside", network.tag, "--seed", str(options.seed), "--kills",
                 str(options.kills), "--seconds",
                 str(max(1, int(options.until - time.monotonic())))]
        for one in options.only:
            words += ["--only", one]
        child = subprocess.Popen(network.on(OBSERVER) + words, stdout=subprocess.PIPE,
                                 text=True)
        try:
            for line in child.stdout:
                if not take_row(line, rows):
                    print(line, end="", flush=True)
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
            child.wait(timeout=60)
    finally:
        network.remove()


def tell_row(row):
    print("\t".join(["row", row.name, str(row.blows), str(row.failed), str(row.lost),
                     str(row.doubled), str(row.orphans),
                     " ".join(f"{s:.3f}" for s in row.seconds)]), flush=True)


def take_row(line, rows):
    if not line.startswith("row\t"):
        return False
    _, name, blows, failed, lost, doubled, orphans, seconds = line.rstrip("\n").split("\t")
    row = next(r for r in rows if r.name == name)
    row.blows, row.failed, row.lost = int(blows), int(failed), int(lost)
    row.doubled, row.orphans = int(doubled), int(orphans)
    row.seconds = [float(s) for s in seconds.split()]
    return True


# ---- the whole ----

# For every CI run: each kind of process, both sides of the commit, of the hand-over of a
# job and of the call to EC2.
SMOKE = ("kill -9 controller", "kill -9 worker", "kill -9 agent", "SIGSTOP worker, 2 leases",
         "controller log.before_commit: kill", "controller commit.after_append: kill",
         "controller dispatch.after_send: kill", "controller log.before_commit: error",
         "worker ec2.first_reply_byte: kill", "worker worker.before_result: kill")


def all_rows(options):
    few = max(1, options.kills // 20)
    rows = rows_of_processes(options.kills) + rows_of_ec2(few)
    rows += rows_of_failpoints(options.build, 1)
    rows += rows_of_disk(few * 2) + rows_of_clocks(few) + rows_of_full_disk(few)
    rows += rows_of_links(few)
    if options.smoke:
        rows = [r for r in rows if r.name in SMOKE]
        if len(rows) != len(SMOKE):
            raise Trouble("a fault of the short run is not there any more")
        for row in rows:
            row.times = 1
    if options.only:
        rows = [r for r in rows if any(word in r.name for word in options.only)]
        if not rows:
            raise Trouble(f"no fault has {' or '.join(options.only)} in its name; "
                          "--list shows them")
    return rows


def print_matrix(rows, skipped):
    print("\n| fault | times | lost jobs | doubled launches | orphans "
          "| seconds to converge: median, worst | passed |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for row in rows:
        if row.section in skipped:
            continue
        numbers = (f"{statistics.median(row.seconds):.1f}, {max(row.seconds):.1f}"
                   if row.seconds else "")
        word = "not run" if row.blows == 0 else "yes" if row.failed == 0 else \
            f"{row.failed} not"
        print(f"| {row.name} | {row.blows} | {row.lost} | {row.doubled} | {row.orphans} "
              f"| {numbers} | {word} |")


def run(options):
    rows = all_rows(options)
    if options.list:
        print("\n".join(f"{row.times:4} x {row.name}" for row in rows))
        return 0
    if options.inside:
        rows = [r for r in rows if r.section == "links"]
        run_section(options, "links", rows)
        for row in rows:
            tell_row(row)
        return 0
    skipped = {}
    for section in MAKERS:
        mine = [r for r in rows if r.section == section]
        if not mine:
            continue
        why = why_not(section)
        if why is not None:
            skipped[section] = why
            print(f"skipped {section}: {why}", flush=True)
            continue
        began = time.monotonic()
        try:
            (run_links if section == "links" else run_section)(options, section, mine)
        except KeyboardInterrupt:
            options.until = 0  # what is known so far is told
        print(f"{section}: {sum(r.blows for r in mine)} blows in "
              f"{time.monotonic() - began:.0f} s, {sum(r.failed for r in mine)} failed",
              flush=True)
    print_matrix(rows, skipped)
    passed = sum(r.blows - r.failed for r in rows)
    failed = sum(r.failed for r in rows)
    left = [r.name for r in rows if r.blows < r.times and r.section not in skipped]
    if left:
        print(f"time was up: {len(left)} rows are short of blows: {', '.join(left[:5])} …")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


def main():
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--kills", type=int, default=67, metavar="N",
                        help="kill -9 of each kind of process (default: %(default)s, 201 in "
                             "all); the other rows follow from it")
    parser.add_argument("--seconds", type=float, default=3600, metavar="S",
                        help="begin no blow after so long (default: %(default)s)")
    parser.add_argument("--only", action="append", default=[], metavar="FAULT",
                        help="only faults with this text in their name; may be repeated")
    parser.add_argument("--seed", type=int, default=None,
                        help="of moments, victims and order; printed, another one each time")
    parser.add_argument("--smoke", action="store_true",
                        help="one blow of each main kind, in less than a minute")
    parser.add_argument("--list", action="store_true", help="show the faults, strike none")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.until = time.monotonic() + options.seconds
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(3), "big")
    if not options.inside and not options.list:
        print(f"seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(options)
    except (Trouble, subprocess.SubprocessError, OSError) as trouble:
        print(f"chaos: {trouble}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
