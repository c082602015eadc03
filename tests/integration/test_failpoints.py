"""Every failpoint in the sources is in one of the programs of <build>/failpoints, once; the
shipped programs have none of them."""

import os
import re
import subprocess
import sys

SOURCE = os.environ["ASG_SOURCE_DIR"]
BUILD = os.environ["ASG_BUILD_DIR"]
PROGRAMS = ("openasg-controller", "openasg-worker", "openasg-agent")
PLACE = re.compile(r'ASG_FAILPOINT(?:_FAILS)?\(\s*"([^"]+)"')


def in_sources():
    names = []
    for room in ("core", "controller", "worker", "agent", "cli", "lib"):
        for folder, _, files in os.walk(os.path.join(SOURCE, room)):
            for name in filter(lambda n: n.endswith(".c"), files):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    names += PLACE.findall(file.read())
    return names


def listed():
    names = []
    for program in PROGRAMS:
        text = subprocess.run(
            [os.path.join(BUILD, "failpoints", program), "--list-failpoints"],
            stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
        for line in text.splitlines():
            name, *actions = line.split()
            assert actions[:2] == ["kill", "stop"], line
            names.append(name)
    return names


def main():
    places, names = in_sources(), listed()
    assert len(places) == len(set(places)), f"a name twice in {sorted(places)}"
    missing = sorted(set(places) ^ set(names))
    assert not missing, f"in the sources or the programs only (run cmake again?): {missing}"
    assert len(names) >= 25, names
    print(f"ok {len(names)} failpoints, each in a program and in one only")
    for program in PROGRAMS:
        path = os.path.join(BUILD, "bin", program)
        done = subprocess.run([path, "--list-failpoints"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)
        assert done.returncode != 0, f"{program} has a list of failpoints"
        with open(path, "rb") as file:
            data = file.read()
        assert b"ASG_FAILPOINT" not in data, f"{program} can be struck"
        found = [name for name in names if name.encode() + b"\0" in data]
        assert not found, f"{program} has {found}"
    print("ok the shipped programs have none")


if __name__ == "__main__":
    sys.exit(main())
