#!/usr/bin/python3
"""Writes openasg.json, the Grafana board, beside itself: `./board.py` after a change here, and
commit both; a test compares them. `./board.py FILE` writes another file ("-": standard output).

The order is that of the questions at 3 am: does it work at all, which group, how fast, what does
EC2 say, how is the process. Standard library only."""

import json
import os
import sys

GROUP = '{group=~"$group"}'
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
GREEN, ORANGE, RED = "green", "orange", "red"


def query(expr, legend="", **more):
    return {"expr": expr, "legendFormat": legend or "__auto", "datasource": DATASOURCE, **more}


def quantile(q, name, by=(), legend="", labels=""):
    held = ", ".join(["le", *by])
    return query(f"histogram_quantile({q}, sum by ({held}) "
                 f"(rate({name}_bucket{labels}[$__rate_interval])))", legend)


def steps(*pairs):
    """Colours from a value on; the first is that below all of them."""
    first, *others = pairs
    return {"mode": "absolute", "steps": [{"color": first, "value": None}] + [
        {"color": color, "value": value} for value, color in others]}


def panel(kind, title, description, unit, queries, width=8, height=8, **field):
    options = field.pop("options", {})
    extra = field.pop("extra", {})
    overrides = field.pop("overrides", [])
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "targets": queries, "width": width, "height": height, "options": options,
            "fieldConfig": {"defaults": {"unit": unit, **field}, "overrides": overrides}, **extra}


def stat(title, description, unit, expr, thresholds, mappings=(), width=3):
    return panel("stat", title, description, unit, [query(expr, instant=True)], width, 4,
                 thresholds=thresholds, mappings=list(mappings), noValue="no data",
                 options={"colorMode": "background", "graphMode": "none", "textMode": "value",
                          "reduceOptions": {"calcs": ["lastNotNull"], "fields": "",
                                            "values": False}})


def graph(title, description, unit, *queries, width=8, height=8, is_stacked=False, bars=False,
          overrides=(), **field):
    custom = {"lineWidth": 1, "fillOpacity": 40 if is_stacked or bars else 5, "showPoints": "never",
              "drawStyle": "bars" if bars else "line", "spanNulls": False,
              "stacking": {"mode": "normal" if is_stacked or bars else "none", "group": "A"}}
    return panel("timeseries", title, description, unit, list(queries), width, height,
                 custom=custom, overrides=list(overrides), **field,
                 options={"legend": {"displayMode": "list", "placement": "bottom", "calcs": [],
                                     "showLegend": True},
                          "tooltip": {"mode": "multi", "sort": "desc"}})


def timeline(title, description, expr, legend, width=8, height=8):
    """What is on, and since when."""
    return panel("state-timeline", title, description, "none", [query(expr, legend)], width, height,
                 custom={"fillOpacity": 70, "lineWidth": 0}, noValue="nothing",
                 mappings=[{"type": "value", "options": {
                     "0": {"text": "no", "color": "transparent"},
                     "1": {"text": "yes", "color": ORANGE}}}],
                 options={"mergeValues": True, "showValue": "never", "rowHeight": 0.8,
                          "legend": {"showLegend": False, "displayMode": "list", "calcs": [],
                                     "placement": "bottom"},
                          "tooltip": {"mode": "single", "sort": "none"}})


def is_named(field, words):
    return {"matcher": {"id": "byName", "options": field},
            "properties": [{"id": "displayName", "value": words}]}


def is_drawn(pattern, **custom):
    """Lines whose name matches."""
    return {"matcher": {"id": "byRegexp", "options": pattern},
            "properties": [{"id": f"custom.{key}", "value": value}
                           for key, value in custom.items()]}


YES_NO = {"type": "value", "options": {"0": {"text": "no"}, "1": {"text": "yes"}}}


# ---- the rows ----

def fleet():
    columns = [("Desired", f"openasg_group_desired_instances{GROUP}"),
               ("Wanted", f"openasg_group_wanted_instances{GROUP}"),
               ("Minimum", f"openasg_group_min_instances{GROUP}"),
               ("Maximum", f"openasg_group_max_instances{GROUP}"),
               ("In service", 'openasg_group_instances{group=~"$group", state="in_service"}'),
               ("Warming", f"openasg_group_warming_instances{GROUP}"),
               ("Unhealthy", f"openasg_group_unhealthy_instances{GROUP}"),
               ("Halted", f"openasg_group_halted{GROUP}"),
               ("Dry run", f"openasg_group_dry_run{GROUP}")]
    queries = [query(f"sum by (group) ({expr})", instant=True, format="table", range=False)
               for _, expr in columns]
    letters = [chr(ord("A") + number) for number in range(len(columns))]
    table = panel(
        "table", "Groups", "Every group now. Wanted above maximum: the group is overloaded. In service "
        "below minimum: launches fail, or something holds the group; see the row of the group.",
        "none", queries, 24, 8,
        overrides=[is_named(f"Value #{letter}", title)
                   for letter, (title, _) in zip(letters, columns)],
        options={"showHeader": True, "sortBy": [{"displayName": "group", "desc": False}]},
        extra={"transformations": [{"id": "merge", "options": {}}, {
            "id": "organize", "options": {"excludeByName": {"Time": True}}}]})
    return [
        stat("Leading", "yes: a controller decides and gives jobs to workers. no: nothing is scaled; look at "
             "the log of openasg-controller.", "none", "max(openasg_leading)",
             steps(RED, (1, GREEN)), [YES_NO]),
        stat("Halted", "yes: the kill switch of the whole cluster is on. openasg unhalt lifts it.",
             "none", "max(openasg_halted)", steps(GREEN, (1, ORANGE)), [YES_NO]),
        stat("Active alarms", "Alarms of openasg itself, of all kinds. openasg status lists them with "
             "their text.", "none", "sum(openasg_alarms)", steps(GREEN, (1, RED))),
        stat("Alerts firing", "Alerts of openasg.rules.yml that fire in this Prometheus.", "none",
             'count(ALERTS{component="openasg", alertstate="firing"}) or vector(0)',
             steps(GREEN, (1, RED))),
        stat("Workers", "Workers connected to the controller. 0: nothing is launched or terminated.",
             "none", "max(openasg_workers)", steps(RED, (1, GREEN))),
        stat("Agents", "Agents that are enrolled. Far fewer than instances: agents cannot reach the "
             "controller.", "none", "max(openasg_enrolled_agents)", steps("blue")),
        stat("Instances", "Instances of all groups, in every state.", "none",
             "max(openasg_instances)", steps("blue")),
        stat("Dead letters", "Jobs that failed too often and wait for you: openasg jobs --dead.",
             "none", "max(openasg_jobs_dead)", steps(GREEN, (1, ORANGE))),
        table,
        graph("Active alarms by kind", "Alarms by kind. What each one means: docs/runbooks.md.", "none",
              query("sum by (kind) (openasg_alarms)", "{{kind}}"), is_stacked=True),
        graph("Jobs", "Queued jobs wait for a worker: they grow when workers are missing or EC2's rate "
              "is used up.", "none", query("sum(openasg_jobs_queued)", "queued"),
              query("sum(openasg_jobs_leased)", "running at a worker"),
              query("sum(openasg_jobs_dead)", "dead letters")),
        graph("Log records", "Records that the log gains per second. 0 while instances report: the "
              "controller is stuck.", "wps",
              query("deriv(openasg_log_head_sequence[$__rate_interval])", "{{instance}}"), min=0),
    ]


def group():
    return [
        graph("Capacity", "Desired follows wanted between minimum and maximum, in service follows desired. "
              "Wanted above maximum: raise the maximum or lower the load.", "none",
              query(f"openasg_group_desired_instances{GROUP}", "{{group}} desired"),
              query('openasg_group_instances{group=~"$group", state="in_service"}',
                    "{{group}} in service"),
              query(f"openasg_group_wanted_instances{GROUP}", "{{group}} wanted"),
              query(f"openasg_group_min_instances{GROUP}", "{{group}} minimum"),
              query(f"openasg_group_max_instances{GROUP}", "{{group}} maximum"),
              width=12, min=0, decimals=0,
              overrides=[is_drawn(".* (minimum|maximum)", lineStyle={"dash": [4, 8], "fill": "dash"},
                                  fillOpacity=0)]),
        graph("Metric and target", "The metric of each policy in its own unit (percent for CPU and memory), and "
              "the target of target tracking, dashed. A gap: no data.", "none",
              query(f"openasg_group_metric_value{GROUP}", "{{group}} {{policy}} {{metric}}"),
              query(f"openasg_group_metric_target{GROUP}", "{{group}} {{policy}} target"),
              width=12, overrides=[is_drawn(".* target", lineStyle={"dash": [4, 8], "fill": "dash"},
                                            fillOpacity=0)]),
        graph("Decisions", "Scaling decisions in each interval, by direction and outcome. held: wanted, but a "
              "limit or an interlock said no. openasg explain GROUP has the numbers of each.", "none",
              query("sum by (group, direction, outcome) "
                    f"(increase(openasg_decisions_total{GROUP}[$__rate_interval]))",
                    "{{group}} {{direction}} {{outcome}}"), bars=True, min=0),
        timeline("Held by", "Why a group does not do what it wants, while that is so. openasg group list has "
                 "the sentence, and until when.", f"openasg_group_held{GROUP}",
                 "{{group}} {{reason}}"),
        graph("Holds begun", "How often each reason began to hold a group back.", "none",
              query("sum by (group, reason) "
                    f"(increase(openasg_decisions_held_total{GROUP}[$__rate_interval]))",
                    "{{group}} {{reason}}"), bars=True, min=0),
        graph("Instances by state", "requested and pending: EC2 starts them. warming: in service, and their "
              "metric does not count yet.", "none",
              query(f"sum by (state) (openasg_group_instances{GROUP})", "{{state}}"),
              query(f"sum(openasg_group_warming_instances{GROUP})", "of them warming"),
              query(f"sum(openasg_group_unhealthy_instances{GROUP})", "of them unhealthy"),
              is_stacked=True, min=0,
              overrides=[is_drawn("of them .*", stacking={"mode": "none", "group": "B"},
                                  fillOpacity=0, lineWidth=2)]),
        timeline("Halted, dry run, suspended", "What an operator switched off, and since when.",
                 f'label_replace(openasg_group_halted{GROUP}, "process", "halted", "", "") '
                 f'or label_replace(openasg_group_dry_run{GROUP}, "process", "dry run", "", "") '
                 f"or openasg_group_suspended{GROUP}", "{{group}} {{process}}"),
        timeline("Alarms of groups", "Active alarms by group and kind.", f"openasg_group_alarm{GROUP}",
                 "{{group}} {{kind}}"),
        graph("Age of the metric", "How old the newest data of each policy is. More than a few periods: the "
              "policy is blind.", "s",
              query(f"time() - openasg_group_metric_timestamp_seconds{GROUP}",
                    "{{group}} {{policy}} {{metric}}"), min=0),
        graph("Launch failures", "Failed launches in each interval, by EC2's code.", "none",
              query(f"sum by (group, code) (increase(openasg_launch_failures_total{GROUP}"
                    "[$__rate_interval]))", "{{group}} {{code}}"), bars=True, min=0),
        graph("Instance-hours", "Hours of instances in the last hour: what EC2 bills. Needs the recording "
              "rules of openasg.rules.yml.", "h",
              query(f"group:openasg_instance_hours:sum1h{GROUP}", "{{group}}"), is_stacked=True, min=0),
    ]


def latency():
    return [
        graph("Reaction", "From the first report over the target until EC2 answered the launch.", "s",
              quantile(0.5, "openasg_reaction_seconds", legend="median"),
              quantile(0.99, "openasg_reaction_seconds", legend="99 %"), min=0),
        graph("Launch stages", "Time since EC2 was asked, by the stage that instances have reached, 90th "
              "percentile. A long way from running to joined: the boot, or the agent's network.", "s",
              quantile(0.9, "openasg_launch_seconds", ["stage"], "{{stage}}"), min=0),
        graph("Drain and lifetime", "Drain: from the start of a termination until the instance may be "
              "terminated. Short lifetimes: instances that fail, or scaling back and forth.", "s",
              quantile(0.9, "openasg_drain_seconds", legend="drain 90 %"),
              quantile(0.5, "openasg_instance_lifetime_seconds", legend="lifetime median"), min=0),
        graph("Commit", "Until a batch of events is on disk. Slow commits slow everything down: look at the "
              "disk.", "s", quantile(0.5, "openasg_commit_duration_seconds", legend="median"),
              quantile(0.99, "openasg_commit_duration_seconds", legend="99 %"), min=0),
        graph("Decision", "Time that one event takes to decide.", "s",
              quantile(0.5, "openasg_step_duration_seconds", legend="median"),
              quantile(0.99, "openasg_step_duration_seconds", legend="99 %"), min=0),
        graph("Events", "Events applied and jobs handed out per second.", "ops",
              query("sum(rate(openasg_events_total[$__rate_interval]))", "events"),
              query("sum(rate(openasg_reports_total[$__rate_interval]))", "reports"),
              query("sum(rate(openasg_jobs_handed_out_total[$__rate_interval]))", "jobs"), min=0),
    ]


def ec2():
    return [
        graph("Throttles", "Requests that EC2 throttled, per second. A few are normal when many instances "
              "launch.", "reqps",
              query("sum(rate(openasg_ec2_throttles_total[$__rate_interval]))", "all workers"), min=0),
        graph("Rate ratio", "Share of the full request rate that openasg may use; below 100 % it has backed off "
              "after throttles.", "percentunit",
              query("min by (action) (openasg_ec2_rate_ratio)", "{{action}}"), min=0, max=1),
        graph("Failures by code", "Requests that failed, by EC2's code and the class that openasg treats them "
              "as.", "reqps",
              query("sum by (action, code, class) "
                    "(rate(openasg_worker_ec2_errors_total[$__rate_interval]))",
                    "{{action}} {{code}} ({{class}})"), min=0),
        graph("Calls", "Calls of EC2 by action, all workers.", "reqps",
              query("sum by (action) (rate(openasg_worker_ec2_calls_total[$__rate_interval]))",
                    "{{action}}"), min=0),
        graph("Time of a request", "From sending a request to the end of EC2's answer, 99th percentile.", "s",
              quantile(0.99, "openasg_worker_ec2_attempt_duration_seconds", ["action"],
                       "{{action}}"), min=0),
        graph("No capacity", "Instance types that launches avoid, because EC2 had no capacity.", "none",
              query("openasg_offering_unavailable", "{{type}} {{zone}} {{market}}"),
              is_stacked=True, min=0, decimals=0),
        graph("Workers' jobs", "Jobs running at each worker, and workers that AWS refuses.", "none",
              query("openasg_worker_jobs_running", "{{instance}} jobs"),
              query("openasg_worker_credentials_refused", "{{instance}} credentials refused"), min=0),
    ]


def process():
    ours = '{job=~"openasg.*"}'
    return [
        graph("CPU", "Cores in use by each program. A controller near 1 on one core is at its limit.",
              "none", query(f"rate(process_cpu_seconds_total{ours}[$__rate_interval])",
                            "{{job}} {{instance}}"), min=0),
        graph("Memory", "Resident memory. Above MemoryMax (2 GB) systemd kills the controller.", "bytes",
              query(f"process_resident_memory_bytes{ours}", "{{job}} {{instance}}"), min=0),
        graph("File descriptors", "Share of the limit (LimitNOFILE) in use. Near 100 %: agents are refused.",
              "percentunit",
              query(f"process_open_fds{ours} / process_max_fds{ours}", "{{job}} {{instance}}"),
              min=0, max=1),
        graph("Log and disk", "Size of the log, and free space of its disk. A full disk stops the controller.",
              "bytes", query("openasg_log_bytes", "{{instance}} log"),
              query("openasg_log_disk_free_bytes", "{{instance}} free"), min=0),
        graph("Uptime", "Time since each program started: a fall to 0 is a restart.", "s",
              query(f"time() - process_start_time_seconds{ours}", "{{job}} {{instance}}"), min=0),
        graph("Refused and dropped", "Connections refused and reports dropped per second: wrong keys, too many "
              "connections, late agents.", "ops",
              query("sum(rate(openasg_peers_refused_total[$__rate_interval]))", "refused: key"),
              query("sum by (port) (rate(openasg_connections_refused_total[$__rate_interval]))",
                    "refused at {{port}}"),
              query("sum by (reason) (rate(openasg_reports_dropped_total[$__rate_interval]))",
                    "report {{reason}}"), min=0),
        panel("table", "Versions", "Which build each program is, and how many agents run each version.",
              "none", [query("max by (job, instance, version, revision) (openasg_build_info)",
                             instant=True, format="table", range=False),
                       query("sum by (version) (openasg_agents)", instant=True, format="table",
                             range=False)], 24, 6,
              overrides=[is_named("Value #A", "Programs"), is_named("Value #B", "Agents")],
              options={"showHeader": True},
              extra={"transformations": [{"id": "merge", "options": {}}, {
                  "id": "organize", "options": {"excludeByName": {"Time": True}}}]}),
    ]


# ---- the board ----

def place(panels, top, number):
    """Side by side, as they fit; returns the first free line."""
    left = line = 0
    for one in panels:
        width, height = one.pop("width"), one.pop("height")
        if left + width > WIDTH:
            left, top, line = 0, top + line, 0
        one["gridPos"] = {"x": left, "y": top, "w": width, "h": height}
        one["id"] = number = number + 1
        for letter, target in enumerate(one["targets"]):
            target["refId"] = chr(ord("A") + letter)
        left, line = left + width, max(line, height)
    return top + line, number


def variables():
    return [
        {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus",
         "hide": 0, "refresh": 1, "regex": "", "multi": False, "includeAll": False, "options": []},
        {"name": "group", "type": "query", "label": "Group", "datasource": DATASOURCE,
         "query": {"query": "label_values(openasg_group_desired_instances, group)",
                   "refId": "group"},
         "hide": 0, "refresh": 2, "regex": "", "sort": 1, "multi": True, "includeAll": True,
         "allValue": ".*", "options": [],
         "current": {"selected": True, "text": ["All"], "value": ["$__all"]}},
    ]


def board():
    panels, top, number = [], 0, 0
    for title, row in (("Fleet", fleet()), ("Group: $group", group()), ("Latency", latency()),
                       ("EC2", ec2()), ("Process", process())):
        number += 1
        panels.append({"type": "row", "title": title, "id": number, "collapsed": False,
                       "panels": [], "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1}})
        top, number = place(row, top + 1, number)
        panels += row
    return {
        "uid": "openasg", "title": "openasg", "tags": ["openasg", "autoscaling"],
        "description": "EC2 Auto Scaling that you run yourself. Written by deploy/monitoring/board.py.",
        "schemaVersion": 38, "version": 1, "editable": True, "graphTooltip": 1, "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"}, "timepicker": {}, "timezone": "browser",
        "fiscalYearStartMonth": 0, "liveNow": False, "weekStart": "",
        "templating": {"list": variables()}, "links": [], "panels": panels,
        "annotations": {"list": [{
            "builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"},
            "enable": True, "hide": True, "iconColor": "rgba(0, 211, 255, 1)",
            "name": "Annotations & Alerts", "type": "dashboard"}]},
    }


def main():
    text = json.dumps(board(), indent=2) + "\n"
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "openasg.json")
    path = sys.argv[1] if len(sys.argv) > 1 else path
    if path == "-":
        sys.stdout.write(text)
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
