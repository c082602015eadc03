#!/usr/bin/python3
"""The tables of api/shapes are the service's model: every action, member by member, kind,
required, enum and limits. The model is that of Debian's botocore with what changed since
(tests/integration/api_model_newer.json). Where the tables say something else, moved.py
beside them says so, and nothing stands there that is not needed. Before it judges the
tables it proves that it can fail."""

import copy
import json
import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))
sys.path.insert(0, os.path.join(ROOT, "api", "shapes"))
try:
    import api_model
except ImportError:
    print("skipped: this Python has no botocore")
    sys.exit(77)
import moved

WHOLE = moved.WHOLE
ASKED = set()  # rows of moved.py that were needed


def limits_of(shape, otherwise):
    if shape["type"] in ("integer", "long"):
        return shape.get("min", otherwise[0]), shape.get("max", otherwise[1])
    return shape.get("min", 0), shape.get("max", 0)


def wanted_row(structure, name, reference, required):
    """What a table's row must say."""
    shape = api_model.shape_of(reference["shape"])
    kind = {"string": "text", "integer": "number", "long": "number", "double": "decimal",
            "boolean": "flag", "timestamp": "time", "structure": "struct",
            "list": "texts"}[shape["type"]]
    row = {"name": reference.get("locationName", name), "kind": kind, "words": "",
           "required": name in required, "min": 0, "max": 0, "item_min": 0, "item_max": 0,
           "share": False}
    inner = None
    if kind == "struct":
        inner = reference["shape"]
    elif kind == "texts":
        item = api_model.shape_of(shape["member"]["shape"])
        row["min"], row["max"] = limits_of(shape, (0, 0))
        if item["type"] == "structure":
            row["kind"], inner = "structs", shape["member"]["shape"]
        elif "enum" in item:
            row["words"] = "|".join(item["enum"])
        else:
            row["item_min"], row["item_max"] = limits_of(item, (0, 0))
    elif "enum" in shape:
        row["words"] = "|".join(shape["enum"])
    elif kind == "decimal":
        row["share"] = shape.get("min") == 0
    elif kind in ("text", "number"):
        row["min"], row["max"] = limits_of(shape, WHOLE)
    return move(structure, name, row), inner


def move(structure, name, row):
    """As moved.py has it."""
    key = structure, name
    before = dict(row)
    if key in moved.WORDS:
        row.update(words=moved.WORDS[key], min=0, max=0)
    if key in moved.LIMITS:
        limits = moved.LIMITS[key]
        if row["kind"] == "texts":
            (row["min"], row["max"]), (row["item_min"], row["item_max"]) = limits
        else:
            row["min"], row["max"] = limits
    if row != before:
        ASKED.add(key)
    return row


def compare(where, structure, table):
    """What is wrong with the table of a structure."""
    found = []
    shape = api_model.shape_of(structure) if structure else {"members": {}}
    rows = {row["name"]: row for row in table}
    for name, reference in shape["members"].items():
        wanted, inner = wanted_row(structure, name, reference, shape.get("required", []))
        row = rows.pop(wanted["name"], None)
        if row is None:
            found.append(f"{where} has no {name}")
            continue
        for part, value in wanted.items():
            said = row[part]
            if part == "words":
                said, value = sorted(said.split("|")), sorted(value.split("|"))
            if said != value:
                found.append(f"{where}.{name} ({structure}): {part} is {said}, the model "
                             f"says {value}")
        if inner:
            found += compare(f"{where}.{name}", inner, row.get("members", []))
    return found + [f"{where} has {name}, the model has not" for name in rows]


def judge(tables):
    actions = dict(api_model.operations())
    found = [f"no table for {name}" for name in actions if name not in tables]
    for action, table in tables.items():
        if action not in actions:
            found.append(f"the model has no action {action}")
            continue
        door = actions[action]
        found += compare(action, door.get("input", {}).get("shape"), table["input"])
        if ("output" in door) != (table["output"] is not None):
            found.append(f"{action}: a Result element, or none")
        elif "output" in door:
            found += compare(action + "Result", door["output"]["shape"], table["output"])
    return found


def can_fail(tables):
    wrong = copy.deepcopy(tables)
    wrong["DeletePolicy"]["input"][0]["max"] += 1
    del wrong["DescribeTags"]["output"][0]["members"][0]
    wrong["SetDesiredCapacity"]["output"] = []
    del wrong["AttachInstances"]
    return len(set(judge(wrong)) - set(judge(tables))) == 4


def main():
    program = os.path.join(os.environ["ASG_BUILD_DIR"], "tests", "unit_api_test_shapes")
    tables = json.loads(subprocess.run([program, "--dump"], capture_output=True, check=True,
                                       text=True).stdout)
    found = judge(tables)
    assert can_fail(tables)
    said = set(moved.LIMITS) | set(moved.WORDS)
    found += [f"moved.py: {'.'.join(key)} says what the model says" for key in
              sorted(said - ASKED)]
    for line in found:
        print(line)
    print(f"{len(tables)} actions, {len(found)} wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
