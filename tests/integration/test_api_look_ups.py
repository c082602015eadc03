"""What an order must know of EC2 is asked through a worker, told in EC2's words and asked
once; without a worker it is 503. And api.settle: an order's answer waits for what it does."""

import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_fixture import SUBNETS, ApiFixture, ApiTest  # noqa: E402

from cluster import wait_for  # noqa: E402

TEMPLATE = {"LaunchTemplateName": "web", "Version": "1"}


class LookUps(ApiTest):
    def calls(self, action):
        return sum(call["action"] == action for call in
                   self.api.cluster.control("GET", "/_control/calls")["calls"])

    def create(self, name="web", **more):
        wish = {"MinSize": 0, "MaxSize": 5, "LaunchTemplate": TEMPLATE, **more}
        self.asg.create_auto_scaling_group(AutoScalingGroupName=name, **wish)
        return self.api.group(name, self.asg)

    def test_zones_follow_from_subnets(self):
        group = self.create(VPCZoneIdentifier=",".join(
            [SUBNETS["us-east-1c"], SUBNETS["us-east-1a"]]))
        self.assertEqual(sorted(group["AvailabilityZones"]), ["us-east-1a", "us-east-1c"])

    def test_templates_are_known_by_id_and_name(self):
        group = self.create(AvailabilityZones=["us-east-1a"])
        self.assertEqual(group["LaunchTemplate"], {
            "LaunchTemplateId": self.template_id, "LaunchTemplateName": "web", "Version": "1"})
        group = self.create("other", AvailabilityZones=["us-east-1a"], LaunchTemplate={
            "LaunchTemplateId": self.template_id, "Version": "$Latest"})
        self.assertEqual(group["LaunchTemplate"]["LaunchTemplateName"], "web")
        self.assertEqual(group["LaunchTemplate"]["Version"], "$Latest")

    def test_what_ec2_does_not_know_is_refused_in_its_words(self):
        create = self.asg.create_auto_scaling_group
        base = {"AutoScalingGroupName": "web", "MinSize": 0, "MaxSize": 1,
                "LaunchTemplate": TEMPLATE, "AvailabilityZones": ["us-east-1a"]}
        places = {key: value for key, value in base.items() if key != "AvailabilityZones"}
        self.refused("ValidationError", "subnet-0123456789abcdef0", create,
                     **places, VPCZoneIdentifier="subnet-0123456789abcdef0")
        self.refused("ValidationError", "us-east-1z", create,
                     **{**base, "AvailabilityZones": ["us-east-1a", "us-east-1z"]})
        self.refused("ValidationError", "nothing-of-that-name", create,
                     **{**base, "LaunchTemplate": {
                         "LaunchTemplateName": "nothing-of-that-name"}})
        self.refused("ValidationError", "99", create, **{**base, "LaunchTemplate": {
            "LaunchTemplateName": "web", "Version": "99"}})
        many = ",".join(f"subnet-{number:017x}" for number in range(90))
        self.refused("ValidationError", "does not exist", create, **places,
                     VPCZoneIdentifier=many)
        self.assertIsNone(self.api.group("web", self.asg))

    def test_a_tag_that_the_command_line_would_not_send_does_not_hold_it_up(self):
        self.create(AvailabilityZones=["us-east-1a"], Tags=[
            {"Key": "note", "Value": "a\u202eb", "PropagateAtLaunch": False}])
        self.api.cluster.openasg("group", "update", "web", "--max", "4")
        group = self.api.group("web", self.asg)
        self.assertEqual(group["MaxSize"], 4)
        self.assertEqual(group["Tags"][0]["Value"], "a\u202eb")

    def test_equal_questions_are_asked_once(self):
        before = self.calls("DescribeSubnets")
        threads = [threading.Thread(target=self.create, args=(f"web-{number}",), kwargs={
            "VPCZoneIdentifier": SUBNETS["us-east-1b"]}) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        groups = self.asg.describe_auto_scaling_groups()["AutoScalingGroups"]
        self.assertEqual(len(groups), 8)
        self.assertEqual(self.calls("DescribeSubnets") - before, 1)

    def test_the_kill_switch_stops_no_question(self):
        self.api.cluster.openasg("halt", "--yes")
        try:
            group = self.create(VPCZoneIdentifier=SUBNETS["us-east-1a"])
            self.assertEqual(group["AvailabilityZones"], ["us-east-1a"])
        finally:
            self.api.cluster.openasg("unhalt")

    def test_ec2_that_does_not_answer_is_503_by_the_deadline(self):
        # Not kept from another test: a version of its own.
        version = self.ec2.create_launch_template_version(
            LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={})[
                "LaunchTemplateVersion"]["VersionNumber"]
        self.api.cluster.control("POST", "/_control/faults", kind="latency",
                                 action="DescribeLaunchTemplateVersions",
                                 latency_ms="20000", count="1000")
        try:
            begun = time.monotonic()
            self.refused("ServiceUnavailable", "OpenasgNoAnswer",
                         self.asg.create_auto_scaling_group, AutoScalingGroupName="web",
                         MinSize=0, MaxSize=1, AvailabilityZones=["us-east-1a"],
                         LaunchTemplate={"LaunchTemplateName": "web",
                                         "Version": str(version)})
            self.assertLess(time.monotonic() - begun, 10)
        finally:
            self.api.cluster.control("DELETE", "/_control/faults")
        self.assertIsNone(self.api.group("web", self.asg))


class NoWorker(unittest.TestCase):
    def test_without_a_worker_an_order_that_must_ask_is_503_and_done_by_nobody(self):
        api = ApiFixture()
        self.addCleanup(api.close)
        asg = api.client()
        api.template()
        from botocore.exceptions import ClientError
        wish = {"AutoScalingGroupName": "web", "MinSize": 0, "MaxSize": 1,
                "LaunchTemplate": TEMPLATE, "VPCZoneIdentifier": SUBNETS["us-east-1a"]}
        api.cluster.kill("worker-1")

        def is_refused():
            begun = time.monotonic()
            with self.assertRaises(ClientError) as raised:
                asg.create_auto_scaling_group(**wish)
            self.assertLess(time.monotonic() - begun, 10)
            error = raised.exception.response
            self.assertEqual(error["Error"]["Code"], "ServiceUnavailable")
            self.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], 503)
            return "OpenasgNoWorker" in error["Error"]["Message"]
        wait_for("a refusal at once", is_refused)
        self.assertIsNone(api.group("web", asg))
        # What needs no EC2 goes on.
        self.assertEqual(asg.describe_auto_scaling_groups()["AutoScalingGroups"], [])
        api.cluster.start_worker("worker-1")

        def is_made():
            try:
                asg.create_auto_scaling_group(**wish)
            except ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "ServiceUnavailable")
                return False
            return True
        wait_for("the worker to answer", is_made)
        self.assertIsNotNone(api.group("web", asg))


    def test_a_new_leader_waits_for_its_workers_to_say_hello(self):
        api = ApiFixture()
        self.addCleanup(api.close)
        api.template()
        api.cluster.kill("controller")
        api.start_controller()
        # The worker hears of it by its next heartbeat: no 503 until then.
        asg = api.client()
        asg.create_auto_scaling_group(
            AutoScalingGroupName="web", MinSize=0, MaxSize=1, LaunchTemplate=TEMPLATE,
            VPCZoneIdentifier=SUBNETS["us-east-1a"])
        self.assertIsNotNone(api.group("web", asg))


class Settled(ApiTest):
    settings = {"settle": "4s"}

    def rows(self):
        return self.api.group("web", self.asg)["Instances"]

    def test_what_an_order_does_is_there_when_it_is_answered(self):
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName="web", MinSize=0, MaxSize=5, DesiredCapacity=3,
            LaunchTemplate=TEMPLATE, AvailabilityZones=["us-east-1a"])
        rows = self.rows()
        self.assertEqual(len(rows), 3)
        self.assertTrue(all(row["InstanceId"].startswith("i-") for row in rows), rows)
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=5)
        self.assertEqual(len(self.rows()), 5)
        self.api.wait_for_in_service("web", 5, self.asg)
        self.asg.update_auto_scaling_group(AutoScalingGroupName="web", DesiredCapacity=1)
        self.assertEqual(len(self.rows()), 1)
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
        self.assertIsNone(self.api.group("web", self.asg))

    def test_a_launch_that_does_not_come_holds_nobody_for_longer(self):
        self.api.cluster.openasg("halt", "--yes")
        try:
            begun = time.monotonic()
            self.asg.create_auto_scaling_group(
                AutoScalingGroupName="web", MinSize=0, MaxSize=5, DesiredCapacity=1,
                LaunchTemplate=TEMPLATE, AvailabilityZones=["us-east-1a"])
            took = time.monotonic() - begun
            self.assertGreater(took, 3.5)
            self.assertLess(took, 12)
        finally:
            self.api.cluster.openasg("unhalt")


if __name__ == "__main__":
    unittest.main()
