#!/usr/bin/python3
"""The unmodified `aws ec2` command line against openasg-ec2local, a launch from template
to termination."""

import json
import os
import subprocess
import sys
import unittest

from ec2local_fixture import Ec2Local, wait_for

AWS = os.environ.get("ASG_AWS", "/usr/bin/aws")
if not os.access(AWS, os.X_OK):
    print("skipped: awscli is not installed")
    sys.exit(77)


class AwsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Ec2Local()

    @classmethod
    def tearDownClass(cls):
        cls.local.close()

    def aws(self, *arguments, service="ec2"):
        done = subprocess.run(
            [AWS, "--endpoint-url", self.local.url, "--output", "json", service, *arguments],
            env=self.local.environment(), capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL)
        self.failure = done.stderr
        if done.returncode != 0:
            return None
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def state_of(self, instance_id):
        return self.aws("describe-instances", "--instance-ids", instance_id, "--query",
                        "Reservations[0].Instances[0].State.Name")

    def test_from_template_to_termination(self):
        script = os.path.join(self.local.folder, "hello.sh")
        with open(script, "w") as file:
            file.write("#!/bin/sh\necho hello from $INSTANCE_ID at $INSTANCE_ADDRESS\n")
        template = self.aws("create-launch-template", "--launch-template-name", "web",
                            "--launch-template-data", json.dumps(
                                {"ImageId": "ami-00000000000000001",
                                 "InstanceType": "t3.micro"}))["LaunchTemplate"]
        launched = self.aws(
            "run-instances", "--count", "2", "--client-token", "aws-1",
            "--launch-template", f"LaunchTemplateId={template['LaunchTemplateId']},Version=1",
            "--subnet-id", "subnet-0b000000000000002", "--user-data", f"file://{script}",
            "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=web}]")
        ids = [i["InstanceId"] for i in launched["Instances"]]
        self.assertEqual(len(ids), 2)
        self.aws("wait", "instance-running", "--instance-ids", *ids)
        self.assertEqual(self.failure, "")
        table = self.aws("describe-instances", "--filters", "Name=tag:Name,Values=web",
                         "Name=instance-state-name,Values=running", "--query",
                         "Reservations[].Instances[].[InstanceId,PrivateIpAddress]")
        self.assertEqual(sorted(row[0] for row in table), sorted(ids))
        for instance_id, address in table:
            wait_for("its console", lambda i=instance_id, a=address:
                     f"hello from {i} at {a}" in self.local.console(i))
        self.assertEqual(self.aws("describe-instance-status", "--instance-ids", ids[0])
                         ["InstanceStatuses"][0]["InstanceStatus"]["Status"], "ok")
        self.aws("create-tags", "--resources", ids[0], "--tags", "Key=more,Value=1")
        self.assertEqual(self.aws("describe-tags", "--filters", "Name=key,Values=more")
                         ["Tags"][0]["ResourceId"], ids[0])
        ended = self.aws("terminate-instances", "--instance-ids", *ids)
        self.assertEqual({e["CurrentState"]["Name"] for e in ended["TerminatingInstances"]},
                         {"shutting-down"})
        wait_for("termination", lambda: self.state_of(ids[1]) == "terminated")

    def test_its_pages_and_its_errors(self):
        self.aws("run-instances", "--image-id", "ami-00000000000000001", "--count", "12",
                 "--client-token", "many")
        ids = self.aws("describe-instances", "--page-size", "5", "--filters",
                       "Name=client-token,Values=many", "--query",
                       "Reservations[].Instances[].InstanceId")
        self.assertEqual(len(set(ids)), 12)
        self.assertIsNone(self.aws("terminate-instances", "--instance-ids",
                                   "i-00000000000000000"))
        self.assertIn("(InvalidInstanceID.NotFound)", self.failure)
        self.assertIsNone(self.aws("run-instances", "--image-id", "ami-00000000000000001",
                                   "--dry-run"))
        self.assertIn("(DryRunOperation)", self.failure)

    def test_the_region(self):
        subnets = self.aws("describe-subnets", "--query", "Subnets[].AvailabilityZone")
        self.assertEqual(subnets, ["us-east-1a", "us-east-1b", "us-east-1c"])
        self.assertEqual(len(self.aws("describe-availability-zones")["AvailabilityZones"]), 3)
        self.assertEqual(self.aws("describe-images", "--image-ids", "ami-00000000000000001")
                         ["Images"][0]["State"], "available")
        self.assertEqual(self.aws("get-caller-identity", service="sts")["Account"],
                         "000000000000")


if __name__ == "__main__":
    unittest.main()
