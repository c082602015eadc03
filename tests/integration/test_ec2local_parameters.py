#!/usr/bin/python3
"""openasg-ec2local takes every parameter that EC2's service model has for its actions, and
refuses what is none as EC2 does: UnknownParameter."""

import os
import re
import sys
import unittest
import urllib.parse

try:
    import botocore.session  # noqa: F401
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

import urllib.error
import urllib.request

from ec2local_fixture import REGION, SOURCE, Ec2Local
from launch_data import query_name, service

CODE = re.compile(r"<Code>(\w[\w.]*)</Code>")
MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.S)


def actions():
    with open(os.path.join(SOURCE, "ec2local", "ec2_query.c")) as file:
        return re.findall(r'\{"(\w+)", "ec2"', file.read())


class Parameters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Ec2Local("--no-boot")
        cls.addClassCleanup(cls.local.close)
        keys = cls.local.keys()
        cls.signer = SigV4Auth(Credentials(*keys.values()), "ec2", REGION)
        cls.model = service("ec2")

    def ask(self, action, **parameters):
        """(code, message) of the refusal; ("", "") when it was answered."""
        body = urllib.parse.urlencode({"Action": action, "Version": "2016-11-15",
                                       **parameters})
        request = AWSRequest("POST", self.local.url + "/", data=body, headers={
            "Content-Type": "application/x-www-form-urlencoded"})
        self.signer.add_auth(request)
        sent = urllib.request.Request(self.local.url + "/", data=body.encode(),
                                      headers=dict(request.headers.items()))
        try:
            with urllib.request.urlopen(sent, timeout=20):
                return "", ""
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode()
            return CODE.search(text).group(1), MESSAGE.search(text).group(1)

    def test_what_ec2_has_is_taken_whether_it_is_used_or_not(self):
        self.assertGreater(len(actions()), 40)
        for action in actions():
            shape = self.model.operation_model(action).input_shape
            for member, inner in shape.members.items():
                name = query_name(member, inner)
                deep = {"structure": ".No", "list": ".1"}.get(inner.type_name, "")
                with self.subTest(f"{action} {name}"):
                    code, message = self.ask(action, **{name + deep: "x"})
                    # What stands within a structure may be none of EC2's.
                    if not deep:
                        self.assertNotEqual(code, "UnknownParameter", message)
                    self.assertNotIn(f"The parameter {name} is", message)

    def test_what_ec2_has_not_is_refused_by_its_name(self):
        for action in actions():
            with self.subTest(action):
                self.assertEqual(self.ask(action, InstanceIdd="x"), (
                    "UnknownParameter", "The parameter InstanceIdd is not recognized"))
        code, message = self.ask("DescribeInstances", **{"Filter.1.Nmae": "x"})
        self.assertEqual(code, "UnknownParameter")
        self.assertIn("Filter.1.Nmae", message)
        code, message = self.ask("CreateFleet", **{
            "LaunchTemplateConfigs.1.Overrides.1.InstanceRequirements.VCpuCount.Min": "1"})
        self.assertNotEqual(code, "UnknownParameter", message)


if __name__ == "__main__":
    unittest.main()
