"""The goals of docs/performance.md, each held against a figure that a benchmark wrote.

The page is the only memory: a goal looks its figure up in the table of its benchmark, so
that measuring one benchmark again brings the verdicts up to date."""

import re
from collections import namedtuple

# figure: the row's name in the table of `bench`. is_most: the figure must not be above
# `limit`, otherwise not below.
Goal = namedtuple("Goal", "name what bench figure limit is_most against")


def least(name, what, bench, figure, limit, against):
    return Goal(name, what, bench, figure, limit, False, against)


def most(name, what, bench, figure, limit, against):
    return Goal(name, what, bench, figure, limit, True, against)


# On the loads that the defaults were chosen on, and on those kept back, which may be 10 %
# worse (docs/decisions-measured.md).
KEPT_BACK = 1.1


def both_loads(what, figure, limit, against):
    return [most("", f"decisions: {what}", "decisions", figure, limit, against),
            most("", f"decisions: {what}, loads kept back", "decisions", f"kept_{figure}",
                 round(limit * KEPT_BACK, 3), against)]


def against_decisions(rival, limits, against):
    whats = ("time over 60 %", "load lost", "turns")
    return [goal for what, figure, limit in zip(whats, ("over", "lost", "turns"), limits)
            for goal in both_loads(what, f"{rival}_{figure}", limit, against)]


def unmoved_decisions(over, lost, cost, turns):
    return [*both_loads("time over 60 % at a target of 50 %, s/h", "unmoved_over", over, ""),
            *both_loads("load lost, %", "unmoved_lost", lost, ""),
            *both_loads("cost", "unmoved_cost", cost, "an oracle"),
            *both_loads("turns an hour", "unmoved_turns", turns, "")]


GOALS = [
    least("G1", "ingest through one CURVE connection, decoded, deduplicated, summed",
          "ingest", "flat_ratio", 0.75, "bare libzmq"),
    most("G2", "9,900 CURVE agents at 80,000 reports a second, CPU a report",
         "ingest", "paced_9900_cpu_ratio", 1.25, "a bare 1 ms drain"),
    most("G3", "controller memory an agent, after 300 reports each", "ingest",
         "filled_ratio", 1.25, "bare libzmq"),
    most("G3", "the same, KiB", "ingest", "filled_ours", 64, ""),
    most("G3", "own state an instance, bytes", "ingest", "state_ours", 256, ""),
    most("G4", "9,900 agents back after a restart, controller CPU a connection", "ingest",
         "back_9900_cpu_ratio", 1.6, "bare handshakes"),
    most("G4", "the same, s until all have reported", "ingest", "back_ours_time", 15, ""),
    most("G13", "memory when agents flood", "ingest", "flooded_ratio", 1.5, "not flooded"),
    least("", "enrolments a second of a core", "enrol", "enrol_a_core", 300, ""),
    least("G5", "durable jobs, depth 64", "queue", "openasg_to_rabbitmq_depth_64", 1.3,
          "RabbitMQ quorum, prefetch 64"),
    least("G5", "durable jobs, depth 64", "queue", "openasg_to_redis_depth_64", 1.0,
          "Redis always"),
    most("G6", "p50 of a durable job, depth 1", "queue", "openasg_to_floor_p50_depth_1", 1.5,
         "two bare syncs of 8 KiB and a bare round trip"),
    most("G7", "p99 of a job, depth 64", "queue", "openasg_to_rabbitmq_p99_depth_64", 1.0,
         "RabbitMQ quorum, prefetch 64"),
    most("G8", "CPU of an EC2 call", "ec2", "cpu_ratio", 1.2,
         "bare libcurl multi, expat, HMAC"),
    least("G8", "EC2 calls, CPU", "sdk", "boto3_ratio", 20, "boto3, one at a time"),
    least("G8", "EC2 calls, CPU", "sdk", "sdk_js_ratio", 18,
          "AWS SDK for JavaScript v3, 16 in flight"),
    least("", "1,000 instances by two workers, 50 ms a call", "launch", "launch_ratio", 100,
          "boto3 one call at a time"),
    most("", "worker idle, MiB", "launch", "worker_idle", 25, ""),
    most("", "worker with a launch of 1,000 under way, MiB", "launch", "worker_busy", 60, ""),
    most("", "worker idle, TLS, MiB", "worker_memory", "worker_tls_idle", 25, ""),
    most("", "worker with 256 launches in flight, TLS, MiB", "worker_memory",
         "worker_tls_256", 60, ""),
    least("", "EC2's quota used in ten minutes, %", "quota", "quota_share", 95, ""),
    most("G8", "signing with the day's key", "sign", "sign_ratio", 1.3, "bare OpenSSL"),
    most("G9", "deciding period to RunInstances, ms, worst", "reaction",
         "decision_to_ec2_1_periods_p99", 25, ""),
    most("G10", "100 instances in one decision: last request, ms", "reaction",
         "launch_100_last_request", 50, ""),
    most("G11", "full tick of 10,000 groups, 1,000,000 instances", "decision",
         "full_tick_ratio", 3, "a bare scan"),
    most("G11", "core step of 10,000 groups, ms", "decision", "step_quiet", 10, ""),
    most("", "/metrics of 1,000 groups, ms", "metrics", "scrape_1000", 50, ""),
    most("", "the same, CPU of ten that scrape at once, ms", "metrics", "ten_cpu", 50, ""),
    most("", "CPU of an event while /metrics is scraped twenty times a second, p99",
         "metrics", "step_ratio", 1.5, "not scraped"),
    least("G12", "log verify", "replay", "verify_ratio", 0.55,
          "a bare SQLite scan with SHA-256"),
    least("G12", "replay", "replay", "replay_ratio", 0.55, "a bare SQLite scan with SHA-256"),
    most("G12", "log verify, CPU", "replay", "verify_cpu_ratio", 3, "the same scan"),
    most("G12", "replay, CPU", "replay", "replay_cpu_ratio", 3, "the same scan"),
    most("G12", "restart from 1,000,000 records, ms", "replay", "restart_1M", 3000, ""),
    most("", "what-if of 30 days of one group, a period every 5 s, s", "what_if",
         "what_if_30_days", 2, ""),
    most("", "a stranger's flood of 10,000 connections and junk: honest reports missed",
         "flood", "flood_missed", 0, ""),
    most("", "the same, decisions late", "flood", "flood_late", 0, ""),
    most("", "the same, controller memory more, MiB", "flood", "flood_memory", 64, ""),
    most("", "from apt-get install in a bare root to the first scale-out, s", "install",
         "first_scale_out", 120, ""),
    most("G14", "probe sweep of 1,000 agents, 5 % of them hung, ms", "probe", "sweep", 2000,
         ""),
    most("G15", "an event at 10,000 groups of 10, core", "scale", "event_ratio", 3,
         "1,000 groups"),
    most("G15", "SET_DESIRED at 10,000 groups of 10, core", "scale", "set_desired_ratio", 2,
         "100 groups"),
    most("G16", "10,000 first reports in one group, core", "scale", "first_reports_ratio", 3,
         "in 1,000 groups of 10"),
    most("G16", "an enrolment in a group of 10,000, core", "scale", "enrol_ratio", 3,
         "in 1,000 groups of 10"),
    most("G17", "p99.9 of a turn of the loop while hash, snapshot and prune run, 100,000 "
         "instances", "commit", "p999_100k_ratio", 2, "without them"),
    most("G17", "the same, longest turn", "commit", "longest_100k_ratio", 2, "without them"),
    most("G17", "the same, p99.9 at 1,000,000 instances", "commit", "p999_1000k_ratio", 2,
         "without them"),
    most("G17", "the same, longest turn", "commit", "longest_1000k_ratio", 2,
         "without them"),
    most("G18", "log of 1,000 idle groups a day, GiB", "commit", "idle_day", 0.12, ""),
    most("G18", "the same, 30 days (the default retention), GiB", "commit", "idle_30_days",
         4, ""),
    most("", "the step that believes 5,000 of 10,000 gone, ms", "scale", "believe_gone", 10,
         ""),
    most("", "core's memory an instance, at 10 a group, bytes", "scale", "memory_instance",
         1400, ""),
    most("", "core's memory a group of 10 with a policy, bytes", "scale", "memory_group",
         13700, ""),
    *(least("G19", f"DescribeAutoScalingGroups of 100 groups of 10, signed, at {groups} groups",
            "api", f"describe_{groups}_ratio", 0.7,
            "libmicrohttpd, the same signature and bytes") for groups in (100, 10000)),
    *(least("G20", f"SetDesiredCapacity, durable, 32 clients, at {groups} groups",
            "api", f"desired_{groups}_ratio", 0.5, "the same records and commits, log alone")
      for groups in (100, 10000)),
    *(most("G20", f"the same, p99, ms, at {groups} groups", "api", f"desired_{groups}_p99",
           20, "") for groups in (100, 10000)),
    most("G21", "p99 of a step with its view while the other core describes", "api",
         "step_ratio", 1.2, "idle"),
    most("G22", "a group of 10,000 instances to 20 clients, MiB of answers a client", "api",
         "large_memory", 8, ""),
    most("G22", "the same, the last first byte, ms", "api", "large_first_byte", 50, ""),
    most("G23", "CreateAutoScalingGroup to RunInstances on the wire, ms", "create",
         "create_to_ec2", 10, ""),
    most("", "openasg diff of 1,000 groups with two policies and a scheduled action each, ms",
         "files", "diff_1000", 1000, ""),
    *against_decisions("hpa", (0.85, 0.80, 1.00), "Kubernetes HPA at equal instance-hours"),
    *against_decisions("aws60", (0.65, 0.45, 1.00), "AWS at 60 s, at equal instance-hours"),
    *against_decisions("aws10", (0.75, 0.75, 1.00), "AWS at 10 s, at equal instance-hours"),
    *unmoved_decisions(65, 0.65, 1.10, 1.9),
    most("", "the benchmark of decisions, CPU, s", "decisions", "cpu", 300, ""),
]

BLOCK = re.compile(r"<!-- (\w+): begin -->\n(.*?)<!-- \1: end -->", re.DOTALL)


def figures(page):
    """{(bench, figure): (median, min, max)}, the texts of the page's tables."""
    found = {}
    for bench, text in BLOCK.findall(page):
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip("| \n").split(" | ")]
            if line.startswith("| ") and len(cells) >= 5:
                found[bench, cells[0]] = tuple(cells[1:4])
    return found


def verdict(goal, median):
    is_met = median <= goal.limit if goal.is_most else median >= goal.limit
    if is_met:
        return "met"
    gap = median / goal.limit if goal.is_most else goal.limit / median
    return f"**missed** by {gap:.2f} times"


def table(page):
    """The goals as a table in Markdown, judged by the medians of the page."""
    found = figures(page)
    lines = ["| | what | against | goal | measured | |",
             "| --- | --- | --- | --- | --- | --- |"]
    for goal in GOALS:
        sign = "at most" if goal.is_most else "at least"
        row = found.get((goal.bench, goal.figure))
        measured, said = "", "not measured"
        if row is not None:
            median, low, high = row
            measured = median if low == high else f"{median} ({low} to {high})"
            said = verdict(goal, float(median))
        lines.append(f"| {goal.name} | {goal.what} | {goal.against} | "
                     f"{sign} {goal.limit:,} | {measured} | {said} |")
    return "\n".join(lines) + "\n"


def replace(page, name, text):
    """The page with what stands between the markers of `name` replaced; a name that is not
    there yet comes last."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in page:
        page = page.rstrip("\n") + f"\n\n### {name}\n\n{begin}\n{end}\n"
    head, rest = page.split(begin, 1)
    tail = rest.split(end, 1)[1]
    return f"{head}{begin}\n{text}{end}{tail}"


def judged(page):
    """The page with its goals judged anew."""
    return replace(page, "goals", table(page))
