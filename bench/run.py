"""./dev bench: runs the benchmarks and writes their figures into docs/performance.md.

Each benchmark prints rows `name median min max unit words`; a ratio is a row whose unit is
`x`. What stands between the markers of the page is replaced, benchmark by benchmark, so
that one can be measured again without the others."""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
PAGE = os.path.join(ROOT, "docs", "performance.md")
ROW = re.compile(r"^(\S+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(\S+)\s*(.*)$")
SCRIPTS = {"reaction": "bench_reaction.py"}


def names():
    programs = [f[len("bench_"):-2] for f in sorted(os.listdir(os.path.join(ROOT, "bench")))
                if f.startswith("bench_") and f.endswith(".c")]
    return programs + list(SCRIPTS)


def command(name, build):
    if name in SCRIPTS:
        return [sys.executable, os.path.join(ROOT, "bench", SCRIPTS[name]), "--build", build]
    subprocess.run(["ninja", "-C", build, "--quiet", f"bench_{name}"], check=True)
    return [os.path.join(build, "bench", f"bench_{name}")]


def measure(name, build):
    """Rows of one benchmark; what it prints is shown as it comes."""
    print(f"\n== {name}", flush=True)
    process = subprocess.Popen(command(name, build), stdout=subprocess.PIPE, text=True,
                               cwd=build)
    rows = []
    for line in process.stdout:
        print("   " + line.rstrip(), flush=True)
        match = ROW.match(line)
        if match:
            rows.append(match.groups())
    if process.wait() != 0:
        raise SystemExit(f"bench_{name} failed with {process.returncode}")
    return rows


def machine():
    model = "unknown"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) // 1024 // 1024
    load = os.getloadavg()[0]
    disk = shutil.disk_usage(ROOT)
    kernel = ".".join(platform.release().split(".")[:2])
    kind = subprocess.run(["stat", "-f", "-c", "%T", ROOT], stdout=subprocess.PIPE,
                          text=True).stdout.strip()
    return (f"{os.cpu_count()} cores, {model}, {memory} GiB, {kind} "
            f"({disk.free // 2**30} GiB free), Linux {kernel}, load {load:.1f} "
            "at the start")


def table(rows):
    out = ["| figure | median | min | max | unit | |", "| --- | --- | --- | --- | --- | --- |"]
    out += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(out)


def write(name, rows, where):
    with open(PAGE) as file:
        page = file.read()
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in page:
        page = page.rstrip("\n") + f"\n\n### {name}\n\n{begin}\n{end}\n"
    head, rest = page.split(begin, 1)
    tail = rest.split(end, 1)[1]
    with open(PAGE, "w") as file:
        file.write(f"{head}{begin}\nMachine: {where}.\n\n{table(rows)}\n{end}{tail}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(names())}; none: all")
    arguments = parser.parse_args()
    unknown = [n for n in arguments.names if n not in names()]
    if unknown:
        parser.error(f"no benchmark {unknown[0]}; there are {', '.join(names())}")
    where = machine()
    for name in arguments.names or names():
        write(name, measure(name, arguments.build), where)
    print(f"\nwritten to {os.path.relpath(PAGE, ROOT)}")


if __name__ == "__main__":
    main()
