"""How long a newcomer waits: from `apt-get install` of the packages in a bare Debian root to two
instances whose agents have enrolled, by the commands of deploy/README.md (./dev package-test plays
them). Downloads count, from the archive that the root was made of. Wants `./dev package` before."""

import argparse
import os
import re
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def once():
    done = subprocess.run([sys.executable, os.path.join(ROOT, "deploy", "packages", "try.py"),
                           "--first"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(r"(?m)^first_scale_out ([\d.]+)$", done.stdout)
    if done.returncode != 0 or found is None:
        raise SystemExit(done.stdout[-2000:])
    return float(found[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rounds = [once() for _ in range(arguments.rounds)]
    print(f"first_scale_out {statistics.median(rounds):.1f} {min(rounds):.1f} {max(rounds):.1f} s "
          "from apt-get install to two enrolled instances; goal: at most 120")
    return 0


if __name__ == "__main__":
    sys.exit(main())
