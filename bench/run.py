"""./dev bench: runs the benchmarks and writes their figures into docs/performance.md.

Each benchmark prints rows `name median min max unit words`; a ratio is a row whose unit is
`x`. What stands between the markers of the page is replaced, benchmark by benchmark, so
that one can be measured again without the others, and the goals (bench/goals.py) are judged
anew. A benchmark that fails leaves its old table; the others go on, and the answer is 1."""

import argparse
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import goals

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
PAGE = os.path.join(ROOT, "docs", "performance.md")
ROW = re.compile(r"^(\S+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(\S+)\s*(.*)$")
SCRIPTS = {"agent": "bench_agent.py", "reaction": "bench_reaction.py",
           "sdk": "bench_sdk.py", "create": "bench_create.py", "launch": "bench_launch.py",
           "files": "bench_files.py", "worker_memory": "bench_worker_memory.py", "flood": "bench_flood.py",
           "install": "bench_install.py",
           "decisions": os.path.join("decisions", "decisions.py")}
LIMIT_S = 1800  # a benchmark that takes longer hangs


class Failed(Exception):
    pass


def names():
    programs = [f[len("bench_"):-2] for f in sorted(os.listdir(os.path.join(ROOT, "bench")))
                if f.startswith("bench_") and f.endswith(".c")]
    return programs + list(SCRIPTS)


def command(name, build):
    if name in SCRIPTS:
        return [sys.executable, os.path.join(ROOT, "bench", SCRIPTS[name]), "--build", build]
    if subprocess.run(["ninja", "-C", build, "--quiet", f"bench_{name}"]).returncode != 0:
        raise Failed("it does not build")
    return [os.path.join(build, "bench", f"bench_{name}")]


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def measure(name, build):
    """Rows of one benchmark; what it prints is shown as it comes."""
    print(f"\n== {name}", flush=True)
    process = subprocess.Popen(command(name, build), stdout=subprocess.PIPE, text=True,
                               cwd=build, start_new_session=True)
    watch = threading.Timer(LIMIT_S, end_group, [process])
    watch.start()
    rows = []
    try:
        for line in process.stdout:
            print("   " + line.rstrip(), flush=True)
            match = ROW.match(line)
            if match:
                rows.append(match.groups())
        code = process.wait()
    finally:
        watch.cancel()
        end_group(process)  # what it left behind, also when we are interrupted
    if code != 0:
        raise Failed(f"it ended with {code}")
    if not rows:
        raise Failed("it printed no row")
    return rows


def first_line(path, start):
    with open(path) as file:
        for line in file:
            if line.startswith(start):
                return line.split(":", 1)[1].strip()
    return "unknown"


def machine():
    memory = int(first_line("/proc/meminfo", "MemTotal").split()[0]) // 1024 // 1024
    disk = shutil.disk_usage(ROOT)
    kernel = ".".join(platform.release().split(".")[:2])
    kind = subprocess.run(["stat", "-f", "-c", "%T", ROOT], stdout=subprocess.PIPE,
                          text=True).stdout.strip()
    return (f"{os.cpu_count()} cores, {first_line('/proc/cpuinfo', 'model name')}, {memory} "
            f"GiB, {kind} ({disk.free // 2**30} GiB free), Linux {kernel}, load "
            f"{os.getloadavg()[0]:.1f} at the start")


def table(rows, where):
    lines = [f"Machine: {where}.", "",
             "| figure | median | min | max | unit | |", "| --- | --- | --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def write(change):
    with open(PAGE) as file:
        page = file.read()
    with open(PAGE, "w") as file:
        file.write(goals.judged(change(page)))


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--judge", action="store_true",
                        help="measure nothing: judge the goals by the tables as they are")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(names())}; none: all")
    arguments = parser.parse_args()
    unknown = [n for n in arguments.names if n not in names()]
    if unknown:
        parser.error(f"no benchmark {unknown[0]}; there are {', '.join(names())}")
    if arguments.judge:
        write(lambda page: page)
        return 0
    failed = []
    for name in arguments.names or names():
        where = machine()
        began = time.monotonic()
        try:
            rows = measure(name, arguments.build)
        except Failed as failure:
            print(f"bench {name}: {failure}", file=sys.stderr, flush=True)
            failed.append(name)
            continue
        print(f"   took {time.monotonic() - began:.0f} s", flush=True)
        write(lambda page: goals.replace(page, name, table(rows, where)))
    print(f"\nwritten to {os.path.relpath(PAGE, ROOT)}")
    if failed:
        print(f"failed, with the tables left as they were: {', '.join(failed)}",
              file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
