#!/usr/bin/python3
"""deploy/iam has the policies that the code needs and no more: the actions that a worker can
send, read from its sources, against the actions that its policy allows."""

import glob
import json
import os
import re
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLUSTER = {"StringEquals": {"aws:ResourceTag/openasg:cluster": "CLUSTER"}}
# An instance of no cluster may get this cluster's tag: AttachInstances.
TAKE_IN = {"StringEquals": {"aws:RequestTag/openasg:cluster": "CLUSTER"},
           "Null": {"aws:ResourceTag/openasg:cluster": "true"}}


def read(*path):
    with open(os.path.join(SOURCE, *path)) as file:
        return file.read()


def sources(room):
    return "".join(read(path) for path in glob.glob(os.path.join(SOURCE, room, "**", "*.c"),
                                                     recursive=True))


def listed(value):
    return value if isinstance(value, list) else [value]


def policy(name):
    return json.loads(read("deploy", "iam", name))["Statement"]


def actions_of(statements):
    return {action for one in statements for action in listed(one["Action"])}


def actions_in_library():
    """Variable -> EC2's name of each action that lib/aws can write."""
    found = dict(re.findall(r"asg_ec2_action (asg_ec2_\w+_action) = \{\s*\.name = \"(\w+)\"",
                            sources("lib/aws")))
    listed_ones = re.search(r"asg_ec2_actions\[\] = \{(.*?)\}", sources("lib/aws"), re.S)
    assert set(re.findall(r"&(\w+)", listed_ones.group(1))) == set(found), found
    return found


def actions_of_worker():
    names = actions_in_library()
    used = set(re.findall(r"&(asg_ec2_\w+_action)\b", sources("worker")))
    return {"ec2:" + names[variable] for variable in used}


def actions_of_import():
    """Of the calls that read a group of AWS, and the subnets beside them."""
    text = sources("lib/aws")
    scaling = re.findall(r"SCALING\(\s*\"(\w+)\"", text)
    watch = re.findall(r"CALL\(\s*\"(\w+)\"", text)
    return ({"autoscaling:" + name for name in scaling} |
            {"cloudwatch:" + name for name in watch} | {"ec2:DescribeSubnets"})


class Policies(unittest.TestCase):
    def test_an_import_may_read_what_it_asks_for_and_nothing_else(self):
        statements = policy("import-policy.json")
        allowed = actions_of(statements)
        self.assertEqual(allowed, actions_of_import())
        self.assertGreaterEqual(len(allowed), 9)
        for action in allowed:
            self.assertIn(":Describe", action)
        self.assertEqual({statement["Effect"] for statement in statements}, {"Allow"})
        self.assertEqual(set(re.findall(r"&(asg_ec2_\w+_action)\b", sources("cli"))),
                         {"asg_ec2_describe_subnets_action"})

    def test_the_worker_may_do_what_it_can_do_and_nothing_else(self):
        allowed = actions_of(policy("worker-policy.json"))
        self.assertGreaterEqual(len(actions_of_worker()), 8)
        # No call: EC2 asks for it when a launch gives an instance its role.
        self.assertEqual(allowed, actions_of_worker() | {"iam:PassRole"})

    def test_no_statement_allows_more_than_it_names(self):
        for statement in policy("worker-policy.json"):
            with self.subTest(statement["Sid"]):
                self.assertEqual(statement["Effect"], "Allow")
                for action in listed(statement["Action"]):
                    self.assertNotIn("*", action)
                looks = all(a.startswith("ec2:Describe")
                            for a in listed(statement["Action"]))
                self.assertEqual("*" in listed(statement["Resource"]), looks)

    def test_only_instances_of_the_cluster_are_ended_and_tagged(self):
        for statement in policy("worker-policy.json"):
            actions = listed(statement["Action"])
            instances = any("instance/*" in r for r in listed(statement["Resource"]))
            with self.subTest(statement["Sid"]):
                if "ec2:TerminateInstances" in actions:
                    self.assertEqual(statement["Condition"], CLUSTER)
                if "ec2:RunInstances" in actions and instances:
                    self.assertEqual(statement["Condition"], {"StringEquals": {
                        "aws:RequestTag/openasg:cluster": "CLUSTER"}})
                if "ec2:CreateTags" in actions:
                    self.assertIn(statement["Condition"], (
                        CLUSTER, TAKE_IN, {"StringEquals": {"ec2:CreateAction": [
                            "RunInstances", "CreateFleet", "CreateLaunchTemplate"]}}))
                if "ec2:DeleteTags" in actions:
                    self.assertEqual(statement["Condition"], CLUSTER)
                if "ec2:DeleteLaunchTemplate" in actions:
                    self.assertEqual(statement["Condition"], CLUSTER)
                if "iam:PassRole" in actions:
                    self.assertIn("iam:PassedToService",
                                  statement["Condition"]["StringEquals"])

    def test_the_launch_sets_the_tag_that_the_policy_demands(self):
        self.assertIn('tags[0] = (struct asg_ec2_tag){"openasg:cluster"',
                      read("worker", "job_tags.c"))
        self.assertIn("params.tags = asg_task_tags(task,", read("worker", "job_launch.c"))
        fleet = read("worker", "job_fleet.c")
        self.assertIn("asg_task_tags(task,", fleet)  # instances and the fleet itself
        self.assertIn("params.tags = asg_task_own_tags(task,", fleet)  # its template

    def test_agents_ask_aws_for_nothing_and_are_denied_what_workers_change(self):
        agent = sources("agent")
        self.assertEqual(re.findall(r"asg_ec2_\w+_action|asg_sts_\w+|asg_sigv4_\w+", agent),
                         [])
        statements = policy("agent-policy.json")
        self.assertEqual({s["Effect"] for s in statements}, {"Deny"})
        changes = {a for a in actions_of_worker() if not a.startswith("ec2:Describe")}
        self.assertEqual(actions_of(statements), changes | {"iam:PassRole"})

    def test_sts_calls_are_those_that_the_readme_speaks_of(self):
        used = set(re.findall(r'asg_query_begin_version\(&body, "(\w+)"', sources("lib/aws")))
        text = read("deploy", "iam", "README.md")
        self.assertGreaterEqual(len(used), 3)
        for action in used:
            self.assertIn("sts:" + action, text)


if __name__ == "__main__":
    unittest.main()
