"""How well openasg decides, beside models of other autoscalers' rules, on the same loads:
writes docs/decisions-measured.md with its curves, and prints the figures of the goals.

bench_decisions plays the loads (decisions.c); this file says which rules, which loads and
how they are compared. The page depends on nothing but the code: no clock, no machine."""

import argparse
import os
import resource
import subprocess
import sys
from collections import namedtuple

from curves import draw

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = os.path.join(ROOT, "docs", "decisions-measured.md")
TEXT = os.path.join(ROOT, "bench", "decisions", "page.md")
CURVES = os.path.join(ROOT, "docs", "decisions-measured")
TARGET = 50000  # thousandths of a percent, of every rule that has one

Rule = namedtuple("Rule", "name spec")
OURS = Rule("openasg, default", "openasg")
RIVALS = [Rule("Kubernetes HPA", "hpa"),
          Rule("AWS target tracking, 60 s", "aws"),
          Rule("AWS target tracking, 10 s, warm-up 60 s", "aws:period_ms=10000,warmup_ms=60000"),
          Rule("Nomad Autoscaler", "nomad"),
          Rule("step scaling, 70/90 and 30", "step"),
          Rule("one more above 70, one less below 30", "threshold")]
PRESETS = [Rule("openasg, calm", "openasg:preset=calm"),
           Rule("openasg, quick", "openasg:preset=quick"),
           Rule("openasg, aws on 5 s", "openasg:preset=aws"),
           Rule("openasg, aws on 60 s", "openasg:preset=aws,group.evaluation_ms=60000")]

# At a rival's instance-hours: over, lost, turns at most so many times the rival's.
AGAINST = {"hpa": (RIVALS[0], (0.85, 0.80, 1.00)),
           "aws60": (RIVALS[1], (0.65, 0.45, 1.00)),
           "aws10": (RIVALS[2], (0.75, 0.75, 1.00))}
UNMOVED = (65.0, 0.65, 1.10, 1.9)
KEPT_SLACK = 1.10  # what was kept back may be so much worse

# What was tried on the tuned loads: the default with one thing changed.
TRIED = [
    ("as chosen", ""),
    ("a warm-up of 300 s, as EC2's", "warmup_ms=300000"),
    ("a warm-up of 60 s", "warmup_ms=60000"),
    ("no warm-up", "warmup_ms=0"),
    ("those that warm count", "counts_warming=1"),
    ("no patience", "patience=1"),
    ("no patience, in after 15 min", "patience=1,stabilisation_ms=900000"),
    ("far above counts as above", "scale_out_far_permille=0"),
    ("out above 1.1", "scale_out_permille=1100"),
    ("in below 0.9", "scale_in_permille=900"),
    ("as much as the group's interlock, 10 % and 25 %",
     "scale_in_at_once_percent=10,scale_in_ten_minutes_percent=25"),
    ("all at once", "scale_in_at_once_percent=100,scale_in_ten_minutes_percent=100"),
    ("no saturation", "saturation_milli=0"),
    ("saturated at 95 %, times 2", "saturation_milli=95000,saturation_factor_milli=2000"),
]
TRIED_TARGETS = (46000, 50000, 54000, 58000, 62000)

SHOWN = [("flash-9", "120000"), ("burst-5m", "30000"), ("saw-10m", "30000"),
         ("step-up-5", "120000"), ("day-two-peaks", "120000"), ("outage-10m", "30000")]

Run = namedtuple("Run", "rule shape family set launch_ms seed span over demand lost alive "
                        "oracle changes turns")
Figures = namedtuple("Figures", "over lost cost turns hours runs")


class Player:
    """Plays rules and remembers what came of it."""

    def __init__(self, build, traces):
        self.program = os.path.join(build, "bench", "bench_decisions")
        self.traces = traces
        self.known = {}

    def arguments(self, loads):
        if loads == "tuned":
            return [["--set", "tuned", "--seeds", "1..2"]]
        if loads == "kept":  # other shapes, and the same ones with another seed
            return [["--set", "kept", "--seeds", "3..4"], ["--set", "tuned", "--seeds", "3..3"]]
        if loads == "slow":  # in service after 15 s, and at work only after 150 s more
            return [["--set", "tuned", "--seeds", "1..1", "--launch", "15000", "--settle",
                     "150000"]]
        return [["--set", "trace", "--seeds", "1..1", "--traces", self.traces]]

    def play(self, loads, specs):
        missing = [s for s in dict.fromkeys(specs) if (loads, s) not in self.known]
        for spec in missing:
            self.known[loads, spec] = []
        for arguments in self.arguments(loads) if missing else []:
            output = subprocess.run([self.program, *arguments, *missing], check=True,
                                    stdout=subprocess.PIPE, text=True).stdout
            for line in output.splitlines():
                cells = line.split("\t")
                run = Run(*cells[:4], *map(int, cells[4:]))
                self.known[loads, run.rule].append(run)
        return [figures(self.known[loads, s]) for s in specs]

    def runs(self, loads, spec):
        return self.known[loads, spec]

    def curve(self, shape, launch_ms, spec):
        output = subprocess.run(
            [self.program, "--set", "all", "--seeds", "1..1", "--launch", launch_ms,
             "--curve", shape, spec], check=True, stdout=subprocess.PIPE, text=True).stdout
        return [tuple(map(int, line.split("\t"))) for line in output.splitlines()]

    def at_hours(self, loads, hours):
        """Our target moved until we cost as many instance-hours, and the figures there."""
        low, high = 25000, 95000  # hours fall as the target rises
        target = TARGET
        for _ in range(12):
            found = self.play(loads, [with_target(OURS.spec, target)])[0]
            if abs(found.hours / hours - 1) < 0.0005:
                break
            if found.hours > hours:
                low = target
            else:
                high = target
            guess = round(target * found.hours / hours / 10) * 10
            target = guess if low < guess < high else (low + high) // 20 * 10
        return target, found


def with_target(spec, target):
    return spec + ("," if ":" in spec else ":") + f"target_milli={target}"


def figures(runs):
    """Means over the runs, each counted alike; hours in all."""
    count = len(runs)
    return Figures(sum(r.over / r.span * 3600 for r in runs) / count,
                   sum(r.lost / max(r.demand, 1) * 100 for r in runs) / count,
                   sum(r.alive / r.oracle for r in runs) / count,
                   sum(r.turns / r.span * 3600000 for r in runs) / count,
                   sum(r.alive for r in runs) / 3600000, count)


def ratios(ours, theirs):
    return (ours.over / theirs.over, ours.lost / theirs.lost, ours.turns / theirs.turns)


# ---- tables ----

def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def cells(f):
    return [f"{f.over:.0f}", f"{f.lost:.2f}", f"{f.cost:.3f}", f"{f.turns:.2f}"]


HEAD = ["rule", "over60, s/h", "lost, %", "cost", "turns/h"]


def unmoved_table(player, loads):
    rules = [OURS] + PRESETS + RIVALS
    found = player.play(loads, [rule.spec for rule in rules])
    return table(HEAD, [[rule.name] + cells(f) for rule, f in zip(rules, found)])


def judged(value, limit, digits=2):
    words = f"{value:.{digits}f}"
    return words if value <= limit else f"**{words}**"


def equal_table(player, loads, slack):
    rows = []
    for rival, limits in AGAINST.values():
        theirs = player.play(loads, [rival.spec])[0]
        target, ours = player.at_hours(loads, theirs.hours)
        got = ratios(ours, theirs)
        rows.append([rival.name, f"{target / 1000:.2f}", f"{theirs.hours:.0f}",
                     f"{ours.hours:.0f}"] +
                    [f"{judged(g, m * slack)} (at most {m * slack:.2f})"
                     for g, m in zip(got, limits)])
    return table(["at the hours of", "our target", "its hours", "ours", "over60", "lost",
                  "turns"], rows)


def family_table(player):
    rules = [OURS, RIVALS[0], RIVALS[2]]
    families = dict.fromkeys(run.family for run in player.runs("tuned", OURS.spec))
    rows = []
    for family in families:
        row = [family]
        for rule in rules:
            runs = [r for r in player.runs("tuned", rule.spec) + player.runs("kept", rule.spec)
                    if r.family == family]
            f = figures(runs)
            row.append(f"{f.over:.0f}, {f.lost:.2f}, {f.cost:.2f}, {f.turns:.1f}")
        rows.append(row)
    return table(["loads"] + [rule.name for rule in rules], rows)


def launch_table(player):
    rows = []
    for rule in [OURS] + RIVALS:
        row = [rule.name]
        for launch_ms in (30000, 120000):
            runs = [r for r in player.runs("tuned", rule.spec) if r.launch_ms == launch_ms]
            row += cells(figures(runs))
        rows.append(row)
    return table(["rule", "30 s: over60", "lost", "cost", "turns",
                  "120 s: over60", "lost", "cost", "turns"], rows)


def trace_table(player):
    rows = []
    for run in player.runs("trace", OURS.spec):
        if run.launch_ms != 120000:
            continue
        for rule in [OURS] + RIVALS[:3]:
            same = [r for r in player.runs("trace", rule.spec)
                    if (r.shape, r.launch_ms) == (run.shape, run.launch_ms)]
            rows.append([run.shape, rule.name] + cells(figures(same)))
    return table(["trace"] + HEAD, rows)


def between(points, hours):
    """Figures at so many hours, by a straight line between the two targets around it."""
    for a, b in zip(points, points[1:]):
        if a.hours >= hours >= b.hours:
            part = (a.hours - hours) / max(a.hours - b.hours, 1e-9)
            return Figures(*(x + (y - x) * part for x, y in zip(a, b)))
    return None


def tried_table(player):
    rows = []
    for words, settings in TRIED:
        spec = OURS.spec + (":" + settings if settings else "")
        points = player.play("tuned", [with_target(spec, t) for t in TRIED_TARGETS])
        row = [words] + cells(points[TRIED_TARGETS.index(TARGET)])
        for rival, limits in AGAINST.values():
            theirs = player.play("tuned", [rival.spec])[0]
            ours = between(points, theirs.hours)
            row.append("beyond 46 to 62 %" if ours is None else
                       " ".join(judged(g, m) for g, m in zip(ratios(ours, theirs), limits)))
        rows.append(row)
    return table(["changed", "over60", "lost", "cost", "turns"] +
                 [f"against {rival.name}" for rival, _ in AGAINST.values()], rows)


def slow_table(player):
    rules = [OURS, Rule("the same, those that warm count", "openasg:counts_warming=1"),
             Rule("the same, a warm-up of 180 s", "openasg:warmup_ms=180000")]
    found = player.play("slow", [rule.spec for rule in rules])
    return table(HEAD, [[rule.name] + cells(f) for rule, f in zip(rules, found)])


def shape_list(player):
    sets = {}
    for loads in ("tuned", "kept"):
        for run in player.runs(loads, OURS.spec):
            sets.setdefault(run.set, {})[run.shape] = None
    return (f"{len(sets['tuned'])} to tune on: {', '.join(sets['tuned'])}.\n\n"
            f"{len(sets['kept'])} kept back: {', '.join(sets['kept'])}.\n")


# ---- goals ----

def rows_of_goals(player):
    """Rows for docs/performance.md: name, value, unit, words."""
    rows = []
    for loads, prefix in (("tuned", ""), ("kept", "kept_")):
        for key, (rival, _) in AGAINST.items():
            theirs = player.play(loads, [rival.spec])[0]
            _, ours = player.at_hours(loads, theirs.hours)
            for what, ratio in zip(("over", "lost", "turns"), ratios(ours, theirs)):
                rows.append((f"{prefix}{key}_{what}", f"{ratio:.3f}", "x",
                             f"{what} at the instance-hours of {rival.name}"))
        f = player.play(loads, [OURS.spec])[0]
        values = (("over", f"{f.over:.1f}", "s/h"), ("lost", f"{f.lost:.3f}", "%"),
                  ("cost", f"{f.cost:.3f}", "x"), ("turns", f"{f.turns:.2f}", "1/h"))
        for what, value, unit in values:
            rows.append((f"{prefix}unmoved_{what}", value, unit, f"{what} at a target of 50 %"))
    return rows


def goal_table(rows):
    limits = {f"{key}_{what}": limit for key, (_, limits) in AGAINST.items()
              for what, limit in zip(("over", "lost", "turns"), limits)}
    limits.update({f"unmoved_{what}": limit
                   for what, limit in zip(("over", "lost", "cost", "turns"), UNMOVED)})
    lines = []
    values = {name: float(value) for name, value, _, _ in rows}
    for name, limit in limits.items():
        kept = limit * KEPT_SLACK
        said = [f"{value:g}, " + ("met" if value <= most else "**missed**")
                for value, most in ((values[name], limit), (values[f"kept_{name}"], kept))]
        rival, _, what = name.partition("_")
        lines.append(["at a target of 50 %" if rival == "unmoved" else
                      f"at the hours of {AGAINST[rival][0].name}", what, f"{limit:g}", said[0],
                      f"{kept:.3g}", said[1]])
    return table(["", "figure", "goal", "tuned loads", "goal kept back", "kept-back loads"], lines)


# ---- the page ----

def draw_curves(player):
    os.makedirs(CURVES, exist_ok=True)
    for name in os.listdir(CURVES):
        os.remove(os.path.join(CURVES, name))
    lines = []
    rules = [OURS, RIVALS[0], RIVALS[2]]
    for shape, launch_ms in SHOWN:
        curves = [(rule.name, player.curve(shape, launch_ms, rule.spec)) for rule in rules]
        seconds = int(launch_ms) // 1000
        title = f"{shape}, a launch takes {seconds} s"
        with open(os.path.join(CURVES, f"{shape}.svg"), "w") as file:
            file.write(draw(title, curves))
        lines.append(f"![{title}](decisions-measured/{shape}.svg)\n")
    return "\n".join(lines)


def parts_of_page(player, goals):
    parts = {"goals": goal_table(goals),
             "unmoved": unmoved_table(player, "tuned"),
             "unmoved_kept": unmoved_table(player, "kept"),
             "equal": equal_table(player, "tuned", 1.0),
             "equal_kept": equal_table(player, "kept", KEPT_SLACK),
             "launches": launch_table(player),
             "families": family_table(player),
             "tried": tried_table(player),
             "slow": slow_table(player),
             "shapes": shape_list(player),
             "curves": draw_curves(player)}
    if player.traces is None:
        none = "Not run: the traces were not there.\n"
        parts.update({"unmoved_traces": none, "equal_traces": none, "traces": none})
    else:
        parts.update({"unmoved_traces": unmoved_table(player, "trace"),
                      "equal_traces": equal_table(player, "trace", KEPT_SLACK),
                      "traces": trace_table(player)})
    return parts


def find_traces(said):
    beside = os.path.join(ROOT, "..", "shared", "traces")
    for folder in (said, os.environ.get("ASG_TRACES"), beside):
        if folder and os.path.isdir(folder):
            return os.path.abspath(folder)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--traces", help="folder of public traces; else $ASG_TRACES, or "
                                         "../shared/traces beside the project")
    arguments = parser.parse_args()
    built = subprocess.run(["ninja", "-C", arguments.build, "--quiet", "bench_decisions"])
    if built.returncode != 0:
        return 1
    player = Player(arguments.build, find_traces(arguments.traces))
    if player.traces is None:
        print("no folder of traces: those tables stay empty", file=sys.stderr)
    for loads in ("tuned", "kept") + (("trace",) if player.traces else ()):
        player.play(loads, [rule.spec for rule in [OURS] + PRESETS + RIVALS])
    goals = rows_of_goals(player)
    with open(TEXT) as file:
        page = file.read()
    for name, text in parts_of_page(player, goals).items():
        page = page.replace("{{" + name + "}}\n", text)
    with open(PAGE, "w") as file:
        file.write(page)
    for name, value, unit, words in goals:
        print(name, value, value, value, unit, words)
    spent = sum(getattr(resource.getrusage(who), kind)
                for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
                for kind in ("ru_utime", "ru_stime"))
    print(f"cpu {spent:.0f} {spent:.0f} {spent:.0f} s CPU of the whole benchmark")
    return 0


if __name__ == "__main__":
    sys.exit(main())
