#!/usr/bin/python3
"""run - the attack suite (./dev attack): each hole of the security trial, tried for real on
loopback against real processes, and a table of what happened. The last line is
"N refused, N got through". --short is what CI runs."""

import argparse
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import agents  # noqa: E402
import edge  # noqa: E402
import keys  # noqa: E402
import texts  # noqa: E402
import workers  # noqa: E402
from verdict import Verdict  # noqa: E402

SOURCE = os.path.dirname(os.path.dirname(HERE))
ATTACKS = workers.ATTACKS + edge.ATTACKS + agents.ATTACKS + texts.ATTACKS + keys.ATTACKS
HEAD = ("attack", "tried", "refused", "memory MB", "missed", "late", "verdict")


def play(attack, build, is_short):
    began = time.monotonic()
    verdict = Verdict(attack.name)
    try:
        attack.run(verdict, build, is_short)
    except Exception:  # pylint: disable=broad-except
        verdict.fail("the attack could not be played: "
                     + traceback.format_exc().strip().splitlines()[-1])
        traceback.print_exc()
    verdict.seconds = time.monotonic() - began
    return verdict


def row(verdict):
    return (verdict.name, verdict.tried, verdict.refused, verdict.memory, verdict.missed,
            verdict.late, verdict.words())


def print_table(verdicts):
    rows = [tuple(map(str, HEAD))] + [tuple(map(str, row(v))) for v in verdicts]
    widths = [max(len(r[i]) for r in rows) for i in range(len(HEAD) - 1)]
    for r in rows:
        print("  ".join([r[0].ljust(widths[0])] + [
            r[i].rjust(widths[i]) for i in range(1, len(widths))] + [r[-1]]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="as in --list; or a hole: H5")
    parser.add_argument("--build", default=os.path.join(SOURCE, "build"))
    parser.add_argument("--short", action="store_true", help="less of each; under a minute")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_intermixed_args()
    chosen = [a for a in ATTACKS if not options.names or a.name in options.names
              or a.name.split("-")[0].upper() in [n.upper() for n in options.names]]
    if options.short and not options.names:
        chosen = [a for a in chosen if a.is_short]
    if options.list or not chosen:
        for attack in ATTACKS:
            print(f"{attack.name:28} {attack.what}")
        return 0 if options.list else 2
    verdicts = []
    for attack in chosen:
        verdict = play(attack, os.path.abspath(options.build), options.short)
        print(f"{verdict.name}: {verdict.words()} ({verdict.seconds:.0f} s)", flush=True)
        for line in verdict.notes:
            print("    " + line, flush=True)
        verdicts.append(verdict)
    print()
    print_table(verdicts)
    through = sum(not v.is_refused for v in verdicts)
    print(f"\n{len(verdicts) - through} refused, {through} got through")
    return 1 if through else 0


if __name__ == "__main__":
    sys.exit(main())
