"""monitoring - what the tests of deploy/monitoring share: the files, read, and the names of
metrics in queries, held against docs/metrics.md."""

import json
import os
import re

from ruamel.yaml import YAML

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(SOURCE, "deploy", "monitoring")
RULES = os.path.join(FOLDER, "openasg.rules.yml")
BOARD = os.path.join(FOLDER, "openasg.json")
CASES = [os.path.join(SOURCE, "tests", "monitoring", name) for name in (
    "openasg.rules.test.yml", "openasg.rules.slow.test.yml")]
NAME = re.compile(r"(?<![\w:])((?:\w+:)?(?:openasg|process)_\w+(?::\w+)?|up|ALERTS)(?![\w:(])")
PROMETHEUS_OWN = {"up", "ALERTS"}


def read_yaml(path):
    with open(path, encoding="utf-8") as file:
        return YAML(typ="safe").load(file)


def read_board():
    with open(BOARD, encoding="utf-8") as file:
        return json.load(file)


def rules():
    return [rule for group in read_yaml(RULES)["groups"] for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def records():
    return {rule["record"]: rule for rule in rules() if "record" in rule}


def documented():
    """name -> (type, its labels as text), of docs/metrics.md"""
    with open(os.path.join(SOURCE, "docs", "metrics.md"), encoding="utf-8") as file:
        rows = re.findall(r"(?m)^\| `((?:openasg|process)_\w+)` \| ([^|]+) \| ([^|]*) \|",
                          file.read())
    return {name: (kind.strip(), labels) for name, kind, labels in rows}


def names_in(expression):
    """Metrics that a query names; what stands in quotes or lists of labels is none."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    return set(NAME.findall(re.sub(r"\{[^}]*\}", "", bare)))


def unknown_names(expression):
    """Of them, those that neither openasg nor our rules nor Prometheus have."""
    metrics, own = documented(), set(records()) | PROMETHEUS_OWN
    wrong = []
    for name in names_in(expression) - own:
        base = re.sub(r"_(bucket|count|sum)$", "", name)
        is_part = base != name and metrics.get(base, ("",))[0].startswith("histogram")
        if not is_part and name not in metrics:
            wrong.append(name)
    return sorted(wrong)


def queries():
    """(title of the panel, query) of the whole board."""
    for panel in read_board()["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
