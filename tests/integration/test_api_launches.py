"""Launches of the API's groups: from a launch configuration, which EC2 has no template of,
with its user data and without a word of that in the log; like an instance; and on clouds that
are not quite EC2: a RunInstances that starts fewer than there is room for is asked again at
once, and no pool is left alone for it."""

import base64
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_fixture import IMAGE, SUBNETS, ApiTest  # noqa: E402

SECRET = "a password that is in no log: 8Qz1"
SCRIPT = f"#!/bin/sh\n# {SECRET}\ntrue\n"


class Launches(ApiTest):
    def tearDown(self):
        self.api.cluster.control("DELETE", "/_control/faults")
        super().tearDown()

    def launches(self):
        return [call for call in self.api.cluster.control("GET", "/_control/calls")["calls"]
                if call["action"] == "RunInstances"]

    def instance(self, name="web"):
        """The one instance of the group, as EC2 shows it."""
        (instance_id,) = self.ids_of(name)
        return self.ec2.describe_instances(InstanceIds=[instance_id])[
            "Reservations"][0]["Instances"][0]

    def user_data(self, instance_id):
        value = self.ec2.describe_instance_attribute(
            InstanceId=instance_id, Attribute="userData")["UserData"]["Value"]
        return base64.b64decode(value).decode()

    def configuration(self, name="conf", **more):
        self.asg.create_launch_configuration(
            LaunchConfigurationName=name, ImageId=IMAGE, InstanceType="t3.small", **more)
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName=name)
        self.addCleanup(self.api.remove_all_groups)

    def test_a_launch_configuration_is_launched_as_it_says(self):
        self.ec2.create_key_pair(KeyName="ops")
        group_id = self.ec2.create_security_group(
            GroupName="web", Description="web")["GroupId"]
        self.configuration(
            KeyName="ops", SecurityGroups=[group_id], UserData=SCRIPT,
            InstanceMonitoring={"Enabled": True}, EbsOptimized=True, SpotPrice="0.05",
            IamInstanceProfile="web", AssociatePublicIpAddress=True,
            KernelId="aki-0123abcd", RamdiskId="ari-0123abcd",
            MetadataOptions={"HttpTokens": "required"},
            BlockDeviceMappings=[
                {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3"}},
                {"DeviceName": "/dev/sdb", "NoDevice": True}])
        group = self.make_group(size=1, LaunchConfigurationName="conf",
                                VPCZoneIdentifier=SUBNETS["us-east-1b"])
        self.assertEqual(group["LaunchConfigurationName"], "conf")
        self.assertEqual(group["Instances"][0]["LaunchConfigurationName"], "conf")
        found = self.instance()
        self.assertEqual(found["ImageId"], IMAGE)
        self.assertEqual(found["InstanceType"], "t3.small")
        self.assertEqual(found["KeyName"], "ops")
        self.assertEqual([one["GroupId"] for one in found["SecurityGroups"]], [group_id])
        self.assertEqual(found["Monitoring"]["State"], "enabled")
        self.assertEqual(found["InstanceLifecycle"], "spot")
        self.assertEqual(found["SubnetId"], SUBNETS["us-east-1b"])
        self.assertEqual(found["MetadataOptions"]["HttpTokens"], "required")
        self.assertTrue(found["EbsOptimized"])
        self.assertTrue(found["IamInstanceProfile"]["Arn"].endswith("/web"))
        self.assertEqual([one["DeviceName"] for one in found["BlockDeviceMappings"]],
                         ["/dev/xvda"])
        tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
        self.assertEqual(tags["openasg:group"], "web")
        self.assertFalse([key for key in tags if key.startswith("aws:")])
        self.assertIn("# openasg-join: ", self.user_data(found["InstanceId"]))
        self.assertTrue(self.user_data(found["InstanceId"]).startswith(SCRIPT))
        shown = self.asg.describe_launch_configurations()["LaunchConfigurations"][0]
        self.assertEqual(base64.b64decode(shown["UserData"]).decode(), SCRIPT)

    def test_user_data_stands_in_no_log(self):
        self.configuration(UserData=SCRIPT)
        self.make_group(size=1, LaunchConfigurationName="conf")
        kept = 0
        for folder, _, names in os.walk(self.api.folder):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    if SECRET.encode() not in file.read():
                        continue
                self.assertEqual(os.path.basename(folder), "user-data", path)
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
                kept += 1
        self.assertEqual(kept, 1)

    def test_without_user_data_there_is_the_line_to_join(self):
        self.configuration()
        self.make_group(size=1, LaunchConfigurationName="conf")
        text = self.user_data(self.instance()["InstanceId"])
        self.assertIn("# openasg-join: ", text)

    def test_a_group_moves_between_configuration_and_template(self):
        self.configuration()
        self.make_group(size=1, LaunchConfigurationName="conf")
        self.asg.update_auto_scaling_group(
            AutoScalingGroupName="web", LaunchTemplate={"LaunchTemplateName": "web"},
            DesiredCapacity=2)
        rows = self.api.wait_for_in_service("web", 2, self.asg)
        self.assertEqual(sorted("LaunchTemplate" in row for row in rows), [False, True])
        self.assertNotIn("LaunchConfigurationName", self.api.group("web", self.asg))
        self.asg.update_auto_scaling_group(
            AutoScalingGroupName="web", LaunchConfigurationName="conf", DesiredCapacity=3)
        self.api.wait_for_in_service("web", 3, self.asg)
        group = self.api.group("web", self.asg)
        self.assertNotIn("LaunchTemplate", group)
        self.assertEqual(sum("LaunchConfigurationName" in row
                             for row in group["Instances"]), 2)

    def test_a_group_is_made_like_an_instance(self):
        self.ec2.create_key_pair(KeyName="like")
        model = self.ec2.run_instances(
            ImageId=IMAGE, InstanceType="m5.large", MinCount=1, MaxCount=1, KeyName="like",
            SubnetId=SUBNETS["us-east-1c"])["Instances"][0]
        self.addCleanup(self.ec2.terminate_instances, InstanceIds=[model["InstanceId"]])
        self.make_group("like", size=1, InstanceId=model["InstanceId"],
                        VPCZoneIdentifier=SUBNETS["us-east-1c"])
        found = self.instance("like")
        for member in ("ImageId", "InstanceType", "KeyName", "SecurityGroups", "SubnetId"):
            self.assertEqual(found[member], model[member], member)
        self.refused("ValidationError", "i-0123456789abcdef0",
                     self.asg.create_auto_scaling_group, AutoScalingGroupName="other",
                     MinSize=0, MaxSize=1, InstanceId="i-0123456789abcdef0",
                     AvailabilityZones=["us-east-1a"])
        self.api.remove_all_groups()
        self.asg.delete_launch_configuration(LaunchConfigurationName="like")

    def test_a_cloud_that_starts_one_at_a_time_is_asked_until_all_are_there(self):
        before = len(self.launches())
        self.api.cluster.control("POST", "/_control/faults", kind="fewer",
                                 action="RunInstances")
        begun = time.monotonic()
        # Two zones: none of them is dry, so both get what the balance gives them.
        group = self.make_group(size=6, VPCZoneIdentifier=",".join(
            [SUBNETS["us-east-1a"], SUBNETS["us-east-1b"]]))
        took = time.monotonic() - begun
        zones = [row["AvailabilityZone"] for row in group["Instances"]]
        self.assertEqual(sorted(zones), ["us-east-1a"] * 3 + ["us-east-1b"] * 3)
        asked = self.launches()[before:]
        self.assertEqual(len(asked), 6)
        self.assertEqual({call["status"] for call in asked}, {200})
        self.assertLess(took, 60)  # no pool was left alone: that is three minutes
        said = self.api.cluster.openasg("explain", "web")
        self.assertIn("without giving a reason: requesting the rest again", said)
        self.assertNotIn("left alone", said)


if __name__ == "__main__":
    unittest.main()
