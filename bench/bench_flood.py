"""What a flood of strangers costs the fleet: four processes that hold 10,000 connections to
the agents' port between them, as far as they are let, and write junk frames as fast as
these are taken; six real agents report five times a second meanwhile, and an order is given
again and again.

flood_connections  tried a second
flood_frames       junk frames a second that the controller's host took
flood_missed       honest reports that did not arrive
flood_late         orders that took longer than a second
flood_worst        the slowest order
flood_memory       how much the controller grew, at most

Prints `name median min max unit words`."""

import argparse
import os
import statistics
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "attack"))
from world import Felt, World, numbers  # noqa: E402

PROCESSES, CONNECTIONS, SOURCES = 4, 2500, 250
ROUND_S = 20
HEADINGS = [("flood_connections", "/s", "of strangers, tried"),
            ("flood_frames", "/s", "junk, of 64 bytes"),
            ("flood_missed", "reports", "of honest agents; goal: 0"),
            ("flood_late", "orders", "later than 1 s; goal: 0"),
            ("flood_worst", "ms", "the slowest order, with a process for each"),
            ("flood_memory", "MiB", "more than before, at most; goal: at most 64")]


def flood_once(world):
    with Felt(world, late_s=1.0) as felt:
        children = [world.flood("agents", SOURCES, CONNECTIONS,
                                "junk" if number < PROCESSES / 2 else "silent", ROUND_S,
                                first=f"127.1.{number}.1") for number in range(PROCESSES)]
        said = [numbers(world.finish(child)) for child in children]
    if felt.trouble:
        raise SystemExit(f"an honest order failed: {felt.trouble}")
    return (sum(s["opened"] for s in said) / ROUND_S,
            sum(s["frames"] for s in said) / ROUND_S, felt.missed, felt.late,
            felt.worst_s * 1000, felt.grown_mb())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    world = World(arguments.build, agents=6)
    try:
        world.wait_reporting(6)
        rounds = [flood_once(world) for _ in range(arguments.rounds)]
    finally:
        world.stop()
    for (name, unit, words), values in zip(HEADINGS, zip(*rounds)):
        print(f"{name} {statistics.median(values):.3f} {min(values):.3f} {max(values):.3f} "
              f"{unit} {words}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
