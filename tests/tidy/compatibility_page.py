"""docs/compatibility.md: every action of the API and every parameter, whether openasg has it,
and which tests with unmodified clients touch it. Written by --write from the tables
themselves (unit_api_test_shapes --dump), the notes below and the tests; compared by
test_compatibility_page.py.

A note says what is not as AWS has it: PARTIAL (how), KEPT (taken, kept and given back, and
nothing follows from it), NO (refused, and the message names it), PASSED (taken and passed
over). What has no note is full. A note is of a parameter and all that is below it."""

import glob
import json
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(ROOT, "build")
PAGE = os.path.join(ROOT, "docs", "compatibility.md")

GROUP_NOTES = {
    "HealthCheckType": ("PARTIAL", "`EC2` always counts; `ELB`, `EBS` and `VPC_LATTICE` are "
                        "kept and given back, balancers and volumes are not asked yet"),
    "MaxInstanceLifetime": ("PARTIAL", "only 0, which is none"),
    "TerminationPolicies": ("PARTIAL", "no functions (ARNs of Lambda)"),
    "DesiredCapacityType": ("PARTIAL", "only `units`"),
    "Context": ("KEPT", ""),
    "ServiceLinkedRoleARN": ("KEPT", "calls are made with the worker's own credentials"),
    "InstanceMaintenancePolicy": ("KEPT", ""),
    "AvailabilityZoneDistribution": ("KEPT", ""),
    "AvailabilityZoneImpairmentPolicy": ("KEPT", ""),
    "SkipZonalShiftValidation": ("PASSED", ""),
    "CapacityReservationSpecification": ("KEPT", ""),
    "InstanceLifecyclePolicy": ("KEPT", "there are no lifecycle hooks yet, which it is of"),
    "MixedInstancesPolicy.LaunchTemplate.Overrides[].WeightedCapacity": ("NO", ""),
    "MixedInstancesPolicy.LaunchTemplate.Overrides[].LaunchTemplateSpecification": ("NO", ""),
    "MixedInstancesPolicy.LaunchTemplate.Overrides[].InstanceRequirements": ("NO", ""),
    "MixedInstancesPolicy.LaunchTemplate.Overrides[].ImageId": ("KEPT", ""),
    "MixedInstancesPolicy.InstancesDistribution.DistributionSegments": ("NO", ""),
}
SOURCE_NOTE = ("PARTIAL", "kept and shown with its state; nothing is registered there yet")
MANAGED_NOTE = ("PASSED", "no other service manages groups here")
COOLDOWN_NOTE = ("PARTIAL", "no cooldown follows instances that are ended, attached, detached or "
                 "put into standby by name; while they launch or end it is refused")
PROCESS_NOTE = ("PARTIAL", "`AddToLoadBalancer`, `AZRebalance` and `InstanceRefresh` are kept and "
                "shown: nothing acts on them yet")
METRICS_NOTE = ("PARTIAL", "which are collected is kept and shown; CloudWatch gets none, the "
                "figures are in `/metrics`")

NOTES = {
    "CreateAutoScalingGroup": {
        **GROUP_NOTES,
        "LifecycleHookSpecificationList": ("NO", ""),
        "Operator": ("KEPT", "calls of others are not refused for it"),
        "LoadBalancerNames": SOURCE_NOTE,
        "TargetGroupARNs": SOURCE_NOTE,
        "TrafficSources": SOURCE_NOTE,
        "InstanceId": ("PARTIAL", "user data and block devices of the instance are not copied"),
    },
    "UpdateAutoScalingGroup": GROUP_NOTES,
    "DescribeAutoScalingGroups": {"IncludeManagedResources": MANAGED_NOTE},
    "DescribeAutoScalingInstances": {"IncludeManagedResources": MANAGED_NOTE},
    "DescribeScalingActivities": {"IncludeManagedResources": MANAGED_NOTE},
    "DescribeScheduledActions": {"IncludeManagedResources": MANAGED_NOTE},
    "DescribeTags": {"IncludeManagedResources": MANAGED_NOTE},
    "DescribePolicies": {"IncludeManagedResources": MANAGED_NOTE},
    "DescribeNotificationConfigurations": {
        "": ("PARTIAL", "the list is empty: there are none yet"),
        "IncludeManagedResources": MANAGED_NOTE,
    },
    "DescribeLifecycleHooks": {"": ("PARTIAL", "the list is empty: there are none yet")},
    "DescribeWarmPool": {"": ("PARTIAL", "the list is empty: there are none yet")},
    "DescribeInstanceRefreshes": {"": ("PARTIAL", "the list is empty: there are none yet")},
    "DescribeAccountSettings": {"": ("PARTIAL", "the list is empty: there are none yet")},
    "PutScalingPolicy": {
        "PolicyType": ("PARTIAL", "not `PredictiveScaling`: `InvalidAction`"),
        "PredictiveScalingConfiguration": ("NO", ""),
        "TargetTrackingConfiguration.CustomizedMetricSpecification": ("NO", ""),
        "TargetTrackingConfiguration.TargetValue":
            ("FULL", "also above 100 of a percentage, which it never reaches; openasg's own "
             "orders are then refused"),
        "TargetTrackingConfiguration.PredefinedMetricSpecification.PredefinedMetricType":
            ("PARTIAL", "not `ALBRequestCountPerTarget`; network metrics are bytes a minute, "
             "as with AWS"),
        "TargetTrackingConfiguration.PredefinedMetricSpecification.ResourceLabel":
            ("KEPT", ""),
    },
    "SetDesiredCapacity": {"HonorCooldown": COOLDOWN_NOTE},
    "ExecutePolicy": {
        "": ("PARTIAL", "a step policy uses the instances that are warm for all policies of the "
             "group, where AWS uses its own warm-up: it scales out from those, and never in "
             "while another policy's warm-up lasts"),
        "HonorCooldown": COOLDOWN_NOTE,
    },
    "SuspendProcesses": {"ScalingProcesses": PROCESS_NOTE},
    "ResumeProcesses": {"ScalingProcesses": PROCESS_NOTE},
    "EnableMetricsCollection": {"Metrics": METRICS_NOTE},
    "DisableMetricsCollection": {"Metrics": METRICS_NOTE},
    "TerminateInstanceInAutoScalingGroup": {"InstanceIds": ("PARTIAL", "at most 20 a call")},
    "CreateLaunchConfiguration": {
        "ClassicLinkVPCId": ("KEPT", "EC2-Classic is gone"),
        "ClassicLinkVPCSecurityGroups": ("KEPT", "EC2-Classic is gone"),
        "InstanceId": ("PARTIAL", "user data and block devices of the instance are not copied"),
    },
}
for action, member in (("AttachLoadBalancers", "LoadBalancerNames"),
                       ("AttachLoadBalancerTargetGroups", "TargetGroupARNs"),
                       ("AttachTrafficSources", "TrafficSources")):
    NOTES[action] = {member: SOURCE_NOTE}
NOTES["AttachTrafficSources"]["SkipZonalShiftValidation"] = ("PASSED", "")

WORDS = {"FULL": "full", "PARTIAL": "partial", "KEPT": "kept", "NO": "no",
         "PASSED": "passed over"}

# Tests in which clients that we did not write, or their exact calls, drive the API.
CLIENTS = ["tests/integration/test_api_*", "tests/e2e/test_up.py", "tests/e2e/test_demo.py"]

HEAD = """# Compatibility

Which of EC2 Auto Scaling's API openasg has. Written from the tables that read and write the
API by `tests/tidy/compatibility_page.py --write`; do not edit it.

| word | what it means |
| --- | --- |
| full | as AWS has it |
| partial | what is said beside it |
| kept | taken, kept and given back as it came; nothing follows from it yet |
| passed over | taken, and nothing is done with it |
| no | an action: `InvalidAction` that names it; a parameter: `ValidationError` that names it |

The clients are the tests in which unmodified clients (boto3, `aws`, the SDKs for JavaScript and
Go, Ansible) or their exact calls touch it. Parameters that the API does not know are passed over, as
AWS does; every limit of the model is checked, and a message names all members that break one.
"""


def tables():
    program = os.path.join(BUILD, "tests", "unit_api_test_shapes")
    return json.loads(subprocess.run([program, "--dump"], capture_output=True, check=True,
                                     text=True).stdout)


def topics():
    """Actions in the order and under the headings of api/actions.c."""
    with open(os.path.join(ROOT, "api", "actions.c"), encoding="utf-8") as file:
        text = file.read().split("actions[] = {", 1)[1]
    for part in re.split(r"^    /\* ", text, flags=re.M)[1:]:
        yield part.split(" */", 1)[0], re.findall(r'(?:READ|CHANGE)\("(\w+)"', part)


def spellings(action):
    """An action as each client's tests write it."""
    snake = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", action).lower()
    yield re.compile(rf"\b{action}(Command|\b)")
    yield re.compile(rf"\b{snake}\b")
    yield re.compile(rf"\b{snake.replace('_', '-')}\b")


def clients():
    """The tests, by a short name, and their text."""
    found = {}
    for pattern in CLIENTS:
        for path in sorted(glob.glob(os.path.join(ROOT, pattern))):
            name = re.sub(r"^test_(api_)?|\.\w+$", "", os.path.basename(path))
            if os.path.isfile(path) and name not in ("model",):
                with open(path, encoding="utf-8") as file:
                    found[name] = found.get(name, "") + file.read()
    return found


def names_all(text, path):
    """Every part of a parameter's path stands in the text."""
    return all(re.search(rf"\b{part}\b", text) for part in re.findall(r"\w+", path))


def touching(tests, action):
    patterns = list(spellings(action))
    return [name for name, text in tests.items()
            if any(pattern.search(text) for pattern in patterns)]


def parameters(members, above=""):
    """Paths of all parameters, a structure before what is in it."""
    for member in members:
        path = above + member["name"]
        yield path, member
        if "members" in member:
            below = path + ("[]." if member["kind"] == "structs" else ".")
            yield from parameters(member["members"], below)


def note_of(notes, path):
    """Its own note or that of a parameter above it: (whose, note)."""
    while path:
        if path in notes:
            return path, notes[path]
        path = re.sub(r"(\[\])?$", "", path.rpartition(".")[0]) if "." in path else ""
    return "", None


def say(note):
    kind, text = note
    return WORDS[kind] + (f": {text}" if text else "")


def write_action(lines, tests, action, table):
    notes = NOTES.get(action, {})
    if not table["built"]:
        lines.append(f"### {action}\n\nno\n")
        return
    status = say(notes[""]) if "" in notes else "full"
    if "" not in notes and any(kind in ("NO", "PARTIAL") for kind, _ in notes.values()):
        status = "partial: see its parameters"
    using = touching(tests, action)
    lines.append(f"### {action}\n")
    lines.append(f"{status}. Clients: {', '.join(using) if using else 'none yet'}.\n")
    rows = []
    for path, member in parameters(table["input"]):
        whose, note = note_of({key: value for key, value in notes.items() if key}, path)
        if note is not None and whose != path:
            continue  # it goes with the one above
        seen = [name for name in using if names_all(tests[name], path)]
        name = f"`{path}`" + (" (required)" if member["required"] else "")
        rows.append(f"| {name} | {say(note) if note else 'full'} | {', '.join(seen)} |")
    if rows:
        lines += ["| parameter | | clients |", "| --- | --- | --- |", *rows, ""]


def check_notes(actions):
    """A note that is of nothing, or of an action that is not built, is out of date."""
    for action, notes in NOTES.items():
        paths = {path for path, _ in parameters(actions[action]["input"])}
        for path in notes:
            if path and path not in paths:
                yield f"there is no parameter {action}.{path}"


def handlers():
    """The sources that read parameters."""
    text = ""
    for pattern in ("api/*.c", "api/do/*.c"):
        for path in sorted(glob.glob(os.path.join(ROOT, pattern))):
            with open(path, encoding="utf-8") as file:
                text += file.read()
    return text


def check_full(actions):
    """A parameter without a note that no handler names is not full."""
    text = handlers()
    for action, table in actions.items():
        if not table["built"]:
            continue
        notes = {path: note for path, note in NOTES.get(action, {}).items() if path}
        for path, member in parameters(table["input"]):
            named = re.search(rf'[".]{member["name"]}"', text)
            if not named and note_of(notes, path)[1] is None and \
                    "" not in NOTES.get(action, {}):
                yield f"no handler reads {action}.{path}: say so in NOTES"


def page():
    actions, tests = tables(), clients()
    wrong = list(check_notes(actions)) + list(check_full(actions))
    assert not wrong, wrong
    lines = [HEAD]
    count = {True: 0, False: 0}
    body = []
    for heading, names in topics():
        body.append(f"## {heading[0].upper()}{heading[1:]}\n")
        for action in names:
            count[actions[action]["built"]] += 1
            write_action(body, tests, action, actions[action])
    lines.append(f"Of {len(actions)} actions there are {count[True]}, and {count[False]} are "
                 "known and refused.\n")
    return "\n".join(lines + body).rstrip("\n") + "\n"


def main():
    text = page()
    if "--write" in sys.argv[1:]:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    old = ""
    if os.path.exists(PAGE):
        with open(PAGE, encoding="utf-8") as file:
            old = file.read()
    if old != text:
        print("docs/compatibility.md is not current; "
              "run tests/tidy/compatibility_page.py --write")
        return 1
    print("docs/compatibility.md is that of the tables")
    return 0


if __name__ == "__main__":
    sys.exit(main())
