#!/usr/bin/python3
"""The unmodified Ansible of Debian (amazon.aws and community.aws 5.5) keeps a group with
launch configuration, policies and schedule by the Auto Scaling API: made, changed, deleted,
and each wish said twice changes nothing the second time.

Its modules know one endpoint, so a proxy sends EC2's calls to EC2 (scope_proxy.py; what users
put there: docs/clients.md). Debian's collections have no autoscaling_instance yet."""

import datetime
import json
import os
import subprocess
import sys
import unittest

try:
    import boto3  # noqa: F401
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)
if not os.path.exists("/usr/bin/ansible-playbook"):
    print("skipped: ansible is not installed")
    sys.exit(77)

from api_fixture import IMAGE, SUBNETS, ApiFixture
from scope_proxy import ScopeProxy

HERE = os.path.dirname(os.path.abspath(__file__))

# Task -> whether it must have changed something.
WISHES = {
    "launch configuration": True, "launch configuration again": False,
    "what the configuration is": False, "find it": False,
    "group": True, "group again": False, "larger group": True, "larger group again": False,
    "what the group is": False, "groups of the team": False,
    "simple policy": True, "simple policy again": False, "simple policy changed": True,
    "step policy": True, "step policy again": False,
    "target tracking": True, "target tracking again": False,
    "policy deleted": True, "policy deleted again": False,
    "schedule": True, "schedule again": False, "schedule changed": True,
    "schedule deleted": True, "schedule deleted again": False,
    "group by configuration": True, "every instance replaced": True,
    "group deleted": True, "group deleted again": False,
    "configuration deleted": True, "configuration deleted again": False,
}


class AnsibleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.api = ApiFixture()
        cls.addClassCleanup(cls.api.close)
        cls.api.template()
        cls.proxy = ScopeProxy(cls.api.url, cls.api.cluster.ec2_endpoint)
        cls.addClassCleanup(cls.proxy.close)
        cls.results = cls.play()

    @classmethod
    def play(cls):
        """Results by the name of their task."""
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
        variables = {"image": IMAGE, "subnet_a": SUBNETS["us-east-1a"],
                     "subnet_b": SUBNETS["us-east-1b"],
                     "soon": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}
        home = cls.api.folder
        done = subprocess.run(
            ["/usr/bin/ansible-playbook", "-i", "localhost,",
             "-e", json.dumps({**variables, "ansible_python_interpreter": "/usr/bin/python3"}),
             os.path.join(HERE, "ansible", "play.yml")],
            env=cls.api.environment(
                AWS_URL=cls.proxy.url, ANSIBLE_STDOUT_CALLBACK="json", HOME=home,
                ANSIBLE_LOCAL_TEMP=os.path.join(home, "ansible"),
                ANSIBLE_DEPRECATION_WARNINGS="False", LC_ALL="C.UTF-8"),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=560)
        begin = done.stdout.find("{\n")
        assert begin >= 0, done.stdout + done.stderr
        play = json.JSONDecoder().raw_decode(done.stdout[begin:])[0]
        results = {task["task"]["name"]: task["hosts"]["localhost"]
                   for task in play["plays"][0]["tasks"]}
        for name, result in results.items():
            if result.get("failed"):
                raise AssertionError(f"task '{name}': {result.get('msg')}\n"
                                     f"{result.get('exception', '')}\n"
                                     f"calls: {cls.proxy.calls[-12:]}")
        return results

    def test_each_wish_changes_what_is_not_yet_so_and_nothing_else(self):
        changed = {name: result["changed"] for name, result in self.results.items()}
        self.assertEqual(changed, WISHES)

    def test_every_reply_was_as_the_model_has_it(self):
        self.assertEqual(self.proxy.mistakes, [])
        self.assertGreater(len([c for c in self.proxy.calls if c[0] == "autoscaling"]), 50)

    def test_what_is_told_of_the_configuration(self):
        made, = self.results["what the configuration is"]["launch_configurations"]
        self.assertEqual((made["instance_type"], made["key_name"], made["image_id"]),
                         ("t3.small", "me", IMAGE))
        found, = self.results["find it"]["results"]
        self.assertEqual((found["name"], found["keyname"], found["kernel_id"]),
                         ("web-1", "me", ""))

    def test_what_is_told_of_the_group(self):
        self.assertEqual(self.results["group"]["viable_instances"], 2)
        self.assertEqual(self.results["group"]["in_service_instances"], 2)
        group, = self.results["what the group is"]["results"]
        self.assertEqual((group["desired_capacity"], group["max_size"]), (3, 6))
        self.assertEqual(len(group["instances"]), 3)
        self.assertEqual([(tag["key"], tag["value"]) for tag in group["tags"]], [("team", "b")])
        team, = self.results["groups of the team"]["results"]
        self.assertEqual(team["auto_scaling_group_name"], "web")

    def test_every_instance_was_replaced(self):
        before = set(self.results["group by configuration"]["instances"])
        after = set(self.results["every instance replaced"]["instances"])
        self.assertEqual(len(after), 3)
        self.assertEqual(before & after, set())


if __name__ == "__main__":
    unittest.main()
