#!/usr/bin/python3
"""The unmodified `aws autoscaling` command line, as a user types it: a group from nothing to
gone, and how errors and pages look there."""

import json
import os
import subprocess
import sys
import unittest

AWS = os.environ.get("ASG_AWS", "/usr/bin/aws")
if not os.access(AWS, os.X_OK):
    print("skipped: awscli is not installed")
    sys.exit(77)

from api_fixture import IMAGE, SUBNETS, ApiTest


class AwsTest(ApiTest):
    def aws(self, *arguments, service="autoscaling"):
        """Its output read as JSON ({} for none); None when it failed, and self.failure."""
        endpoint = self.api.url if service == "autoscaling" else self.api.cluster.ec2_endpoint
        done = subprocess.run(
            [AWS, "--endpoint-url", endpoint, "--output", "json", service, *arguments],
            env=self.api.environment(), capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL)
        self.failure = done.stderr
        if done.returncode != 0:
            return None
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def succeed(self, *arguments, **more):
        answer = self.aws(*arguments, **more)
        self.assertIsNotNone(answer, self.failure)
        return answer

    def test_from_nothing_to_gone(self):
        self.succeed("create-launch-template", "--launch-template-name", "shop",
                     "--launch-template-data",
                     json.dumps({"ImageId": IMAGE, "InstanceType": "t3.micro"}), service="ec2")
        self.assertEqual(self.succeed(
            "create-auto-scaling-group", "--auto-scaling-group-name", "shop", "--min-size", "1",
            "--max-size", "4", "--desired-capacity", "2", "--launch-template",
            "LaunchTemplateName=shop,Version=$Latest", "--vpc-zone-identifier",
            f"{SUBNETS['us-east-1a']},{SUBNETS['us-east-1b']}", "--tags",
            "Key=team,Value=shop,PropagateAtLaunch=true"), {})
        self.api.wait_for_in_service("shop", 2)
        table = self.succeed("describe-auto-scaling-groups", "--auto-scaling-group-names",
                             "shop", "--query", "AutoScalingGroups[].Instances[].["
                             "LifecycleState,HealthStatus,LaunchTemplate.Version]")
        self.assertEqual(table, [["InService", "Healthy", "1"]] * 2)
        self.succeed("set-desired-capacity", "--auto-scaling-group-name", "shop",
                     "--desired-capacity", "3")
        self.api.wait_for_in_service("shop", 3)
        made = self.succeed(
            "put-scaling-policy", "--auto-scaling-group-name", "shop", "--policy-name", "cpu",
            "--policy-type", "TargetTrackingScaling", "--target-tracking-configuration",
            json.dumps({"PredefinedMetricSpecification": {
                "PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 50}))
        self.assertEqual(len(made["Alarms"]), 2)
        self.assertEqual(self.succeed("describe-policies", "--policy-names", "cpu", "--query",
                                      "ScalingPolicies[].PolicyARN"), [made["PolicyARN"]])
        one = self.succeed("describe-auto-scaling-instances", "--query",
                           "AutoScalingInstances[0].InstanceId")
        ended = self.succeed("terminate-instance-in-auto-scaling-group", "--instance-id", one,
                             "--should-decrement-desired-capacity")
        self.assertEqual(ended["Activity"]["Description"], f"Terminating EC2 instance: {one}")
        self.api.wait_for_in_service("shop", 2)
        told = self.succeed("describe-scaling-activities", "--auto-scaling-group-name", "shop",
                            "--query", "Activities[].Description")
        self.assertEqual(len(told), 4)
        self.succeed("update-auto-scaling-group", "--auto-scaling-group-name", "shop",
                     "--min-size", "0", "--desired-capacity", "0")
        self.api.wait_for_in_service("shop", 0)
        self.succeed("delete-auto-scaling-group", "--auto-scaling-group-name", "shop")
        self.api.wait_until_gone("shop")

    def test_errors_are_said_as_with_aws(self):
        self.assertIsNone(self.aws("set-desired-capacity", "--auto-scaling-group-name",
                                   "nobody", "--desired-capacity", "1"))
        self.assertIn("An error occurred (ValidationError) when calling the SetDesiredCapacity "
                      "operation", self.failure)
        self.assertIn("name not found", self.failure)
        self.assertIsNone(self.aws("put-lifecycle-hook", "--auto-scaling-group-name", "x",
                                   "--lifecycle-hook-name", "h", "--lifecycle-transition",
                                   "autoscaling:EC2_INSTANCE_LAUNCHING"))
        self.assertIn("(InvalidAction)", self.failure)

    def test_pages_are_put_together(self):
        for number in range(5):
            self.make_group(f"g{number}")
        names = self.succeed("describe-auto-scaling-groups", "--page-size", "2", "--query",
                             "AutoScalingGroups[].AutoScalingGroupName")
        self.assertEqual(names, [f"g{n}" for n in range(5)])
        first = self.succeed("describe-auto-scaling-groups", "--max-items", "3")
        self.assertEqual(len(first["AutoScalingGroups"]), 3)
        rest = self.succeed("describe-auto-scaling-groups", "--starting-token",
                            first["NextToken"], "--query",
                            "AutoScalingGroups[].AutoScalingGroupName")
        self.assertEqual(rest, ["g3", "g4"])


if __name__ == "__main__":
    unittest.main()
