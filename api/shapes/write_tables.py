#!/usr/bin/python3
"""Write the tables of api/shapes anew from a newer service model.

    write_tables.py NODE_MODULES/@aws-sdk/client-auto-scaling

The names, kinds and enums come from that package, the limits from botocore's model
(tests/integration/api_model.py) and from moved.py beside this file. Run it with the system's
Python, clang-format what it writes, read the difference, and say in moved.py what it could
not know."""

import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [HERE, os.path.join(HERE, "..", "..", "tests", "integration")]
import api_model
import moved

TEXT, NUMBER, FLAG, DECIMAL, TIME = "TEXT", "NUMBER", "FLAG", "DECIMAL", "TIME"
KINDS = {0: TEXT, 1: NUMBER, 2: FLAG, 4: TIME}  # 1 is any number: botocore says which

DUMP = """
const model = require(process.argv[1]), shapes = {}, actions = {};
function visit(type) {
  if (typeof type === "function") type = type();
  if (Array.isArray(type) && typeof type[0] === "number" && type.length === 2) return type[0];
  if (Array.isArray(type) && typeof type[0] !== "number") return visit(type[0]);
  if (!Array.isArray(type)) return type;
  const name = type[2];
  if (name in shapes) return name;
  const shape = (shapes[name] = { list: type[0] === 1 });
  if (shape.list) { shape.of = visit(type[4]); return name; }
  shape.required = type[6] || 0;
  shape.members = type[4].map((member, at) => {
    const traits = Array.isArray(type[5][at]) && type[5][at][1];
    return [(traits && traits.xmlName) || member, visit(type[5][at]), member];
  });
  return name;
}
for (const type of Object.values(model))
  if (Array.isArray(type) && type[0] === 9) actions[type[2]] = [visit(type[4]), visit(type[5])];
console.log(JSON.stringify({ shapes, actions }));
"""

TOPICS = [
    ("groups", "groups, their capacity and what is tagged to them",
     "CreateAutoScalingGroup UpdateAutoScalingGroup DeleteAutoScalingGroup "
     "DescribeAutoScalingGroups SetDesiredCapacity CreateOrUpdateTags DeleteTags "
     "DescribeTags SuspendProcesses ResumeProcesses EnableMetricsCollection "
     "DisableMetricsCollection"),
    ("instances", "instances and activities",
     "DescribeAutoScalingInstances DescribeScalingActivities "
     "TerminateInstanceInAutoScalingGroup SetInstanceHealth SetInstanceProtection "
     "EnterStandby ExitStandby AttachInstances DetachInstances LaunchInstances"),
    ("policies", "scaling policies and forecasts",
     "PutScalingPolicy DescribePolicies DeletePolicy ExecutePolicy "
     "GetPredictiveScalingForecast"),
    ("launch_configurations", "launch configurations",
     "CreateLaunchConfiguration DescribeLaunchConfigurations DeleteLaunchConfiguration"),
    ("schedules", "scheduled actions",
     "PutScheduledUpdateGroupAction BatchPutScheduledUpdateGroupAction "
     "DescribeScheduledActions DeleteScheduledAction BatchDeleteScheduledAction"),
    ("balancers", "balancers, target groups and traffic sources",
     "AttachLoadBalancers DetachLoadBalancers DescribeLoadBalancers "
     "AttachLoadBalancerTargetGroups DetachLoadBalancerTargetGroups "
     "DescribeLoadBalancerTargetGroups AttachTrafficSources DetachTrafficSources "
     "DescribeTrafficSources"),
    ("lifecycle", "lifecycle hooks, warm pools, refreshes and notifications",
     "PutLifecycleHook DescribeLifecycleHooks DeleteLifecycleHook CompleteLifecycleAction "
     "RecordLifecycleActionHeartbeat PutWarmPool DescribeWarmPool DeleteWarmPool "
     "StartInstanceRefresh CancelInstanceRefresh RollbackInstanceRefresh "
     "DescribeInstanceRefreshes PutNotificationConfiguration "
     "DescribeNotificationConfigurations DeleteNotificationConfiguration"),
    ("account", "the account, and what never changes",
     "DescribeAccountLimits DescribeAccountSettings PutAccountSetting "
     "DescribeAdjustmentTypes DescribeScalingProcessTypes DescribeTerminationPolicyTypes "
     "DescribeMetricCollectionTypes DescribeAutoScalingNotificationTypes "
     "DescribeLifecycleHookTypes"),
]


def snake(name):
    name = name.replace("VCpu", "Vcpu").replace("MiB", "Mib").replace("GiB", "Gib")
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().replace("__", "_")


class Model:
    def __init__(self, package):
        self.old = api_model.newest_model()["shapes"]
        dump = subprocess.run(["node", "-e", DUMP, os.path.abspath(package)],
                              capture_output=True, check=True, text=True).stdout
        new = json.loads(dump)
        self.shapes, self.actions = new["shapes"], new["actions"]
        self.words = self.read_words(os.path.join(package, "dist-types", "models"))

    @staticmethod
    def read_words(folder):
        """(structure, member): the words of its enum."""
        with open(os.path.join(folder, "enums.d.ts"), encoding="utf-8") as file:
            text = file.read()
        enums = {name: re.findall(r'readonly \w+: "([^"]+)"', body) for name, body in
                 re.findall(r"declare const (\w+): \{(.*?)\};", text, re.S)}
        with open(os.path.join(folder, "models_0.d.ts"), encoding="utf-8") as file:
            text = file.read()
        words = {}
        for name, body in re.findall(r"^export interface (\w+) \{(.*?)^\}", text, re.S | re.M):
            for member, kind in re.findall(r"^    (\w+)\??: (\w+)(?:\[\])? \| undefined;",
                                           body, re.M):
                if kind in enums:
                    words[name, member] = enums[kind]
        return words

    def old_target(self, structure, member):
        """Botocore's shape of a member, None when it has none."""
        shape = self.old.get(structure, {}).get("members", {}).get(member)
        return self.old[shape["shape"]] if shape else None

    def row(self, structure, member, needed):
        """One member as a macro of table.h."""
        wire, kind, name = member
        old = self.old_target(structure, name)
        needed = needed or name in self.old.get(structure, {}).get("required", [])
        must = "MUST" if needed else "MAY"
        limits = moved.LIMITS.get((structure, name))
        words = moved.WORDS.get((structure, name)) or self.ordered_words(structure, name, old)
        head = f'("{wire}", {must}'
        shape = self.shapes.get(kind) if isinstance(kind, str) else None
        if shape and not shape["list"]:
            return f"STRUCT{head}, {snake(kind)})"
        if shape and isinstance(shape["of"], str):
            least, most = limits or self.limits(old)
            return f"LIST{head}, {least}, {most}, {snake(shape['of'])})"
        if shape or (isinstance(kind, int) and kind >= 64):
            return self.texts(head, old, limits, words)
        return self.scalar(head, KINDS.get(kind, TEXT), old, limits, words)

    def ordered_words(self, structure, name, old):
        """The newest words, those of botocore first and in its order: messages list them."""
        new = self.words.get((structure, name))
        while old and old["type"] == "list":
            old = self.old[old["member"]["shape"]]
        before = [word for word in (old or {}).get("enum", []) if word in (new or [])]
        return "|".join(before + [word for word in new if word not in before]) if new else None

    @staticmethod
    def limits(old):
        return (old or {}).get("min", 0), (old or {}).get("max", 0)

    def texts(self, head, old, limits, words):
        item = self.old[old["member"]["shape"]] if old else None
        length, text = limits or (self.limits(old), self.limits(item))
        if words:
            return f"WORDS{head}, {length[0]}, {length[1]}, {quote(words)})"
        return f"TEXTS{head}, {length[0]}, {length[1]}, {text[0]}, {text[1]})"

    def scalar(self, head, kind, old, limits, words):
        if kind == NUMBER and old and old["type"] == "double":
            return ("SHARE" if "min" in old else "DECIMAL") + head + ")"
        if kind in (FLAG, TIME):
            return kind + head + ")"
        if words:
            return f"WORD{head}, {quote(words)})"
        if kind == NUMBER:
            if limits is None and old and ("min" in old or "max" in old):
                limits = old.get("min", moved.WHOLE[0]), old.get("max", moved.WHOLE[1])
            if limits in (None, moved.WHOLE):
                return f"WHOLE{head})"
            most = "MOST" if limits[1] == moved.WHOLE[1] else limits[1]
            return f"NUMBER{head}, {limits[0]}, {most})"
        least, most = limits or self.limits(old)
        return f"TEXT{head}, {least}, {most})"

    def table(self, kind, name, structure):
        shape = self.shapes[structure]
        rows = [self.row(structure, member, at < shape["required"])
                for at, member in enumerate(shape["members"])]
        if not rows:
            return f"EMPTY({kind}_{name});\n"
        return f"TABLE({kind}_{name},\n" + ",\n".join(rows) + ");\n"


def quote(words):
    """One text, in pieces that fit a line."""
    lines, line = [], ""
    for word in words.split("|"):
        if line and len(line) + len(word) > 55:
            lines.append(line + "|")
            line = word
        else:
            line = f"{line}|{word}" if line else word
    return "\n".join(f'"{piece}"' for piece in lines + [line])


def below(model, structure, seen):
    """The structures below one, deepest first."""
    if not isinstance(structure, str) or structure in seen or structure not in model.shapes:
        return
    seen[structure] = None
    shape = model.shapes[structure]
    for kind in [shape["of"]] if shape["list"] else [kind for _, kind, _ in shape["members"]]:
        if isinstance(kind, str) and kind in model.shapes and kind not in seen:
            yield from below(model, kind, seen)
    if not shape["list"]:
        yield structure


def write_topic(model, name, words, actions, seen, declared):
    text = f"/* {name} - the shapes of {words}; written by write_tables.py. */\n"
    text += '#include "api/shapes/shapes.h"\n\n#include "api/shapes/table.h"\n'
    declared.append(f"\n/* {words} */")
    doors = {structure for pair in model.actions.values() for structure in pair}
    for action in actions.split():
        text += f"\n/* --- {action} --- */\n"
        for door, structure in zip(("input", "output"), model.actions[action]):
            for inner in below(model, structure, seen):
                if inner in doors:
                    continue
                text += "\n" + model.table("shape", snake(inner), inner)
                declared.append(f"extern const struct asg_query_shape asg_shape_{snake(inner)};")
            if structure not in model.shapes:  # the unit: no output
                continue
            text += "\n" + model.table(door, snake(action), structure)
            declared.append(f"extern const struct asg_query_shape asg_{door}_{snake(action)};")
    with open(os.path.join(HERE, name + ".c"), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    model = Model(sys.argv[1])
    listed = [action for _, _, actions in TOPICS for action in actions.split()]
    if sorted(listed) != sorted(model.actions):
        sys.exit(f"no topic for {set(model.actions) ^ set(listed)}")
    declared, seen = [], {}
    for name, words, actions in TOPICS:
        write_topic(model, name, words, actions, seen, declared)
    with open(os.path.join(HERE, "shapes.h"), "r", encoding="utf-8") as file:
        head = file.read().split("/* --- ", 1)[0]
    with open(os.path.join(HERE, "shapes.h"), "w", encoding="utf-8") as file:
        file.write(head + "/* --- written by write_tables.py --- */\n" + "\n".join(declared)
                   + "\n\n#endif\n")


if __name__ == "__main__":
    main()
