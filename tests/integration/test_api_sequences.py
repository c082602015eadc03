#!/usr/bin/python3
"""The calls of Nomad's autoscaler and of Spinnaker, in their order and by their rules, sent by
boto3. Nomad: hashicorp/nomad-autoscaler (2026-07), plugins/builtin/target/aws-asg/plugin/aws.go,
plugin.go, events.go. Spinnaker: spinnaker/clouddriver (2025-05), clouddriver-aws: AsgService,
BasicAmazonDeployHandler, AutoScalingWorker, DestroyAsgAtomicOperation, UpsertScalingPolicy."""

import sys
import unittest

try:
    import boto3  # noqa: F401
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from api_fixture import IMAGE, SUBNETS, ApiTest, wait_for


class NomadTest(ApiTest):
    def describe(self, name="web"):
        """describeASG: exactly one row."""
        rows = self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"]
        self.assertEqual(len(rows), 1)
        return rows[0]

    def is_ready(self):
        """Status of the target: no Status on the group, no refresh that runs, and the newest
        activity is over."""
        group = self.describe()
        refreshes = self.asg.describe_instance_refreshes(AutoScalingGroupName="web",
                                                         MaxRecords=1)["InstanceRefreshes"]
        if any(row["Status"] in ("Pending", "InProgress") for row in refreshes):
            return False
        activities = self.asg.describe_scaling_activities(AutoScalingGroupName="web")[
            "Activities"]
        return "Status" not in group and (not activities or activities[0]["Progress"] == 100)

    def scale_out(self, count):
        group = self.describe()
        self.asg.update_auto_scaling_group(AutoScalingGroupName="web", DesiredCapacity=count,
                                           AvailabilityZones=group["AvailabilityZones"])
        wait_for("so many instances", lambda: len(self.describe()["Instances"]) == count)

    def scale_in(self, count):
        """Drains and ends those it chose; then all of the activities it asks for must come
        back, until each has Progress 100."""
        group = self.describe()
        self.assertNotIn("Terminate", {p["ProcessName"] for p in group["SuspendedProcesses"]})
        self.assertGreater(group["DesiredCapacity"], group["MinSize"])
        eligible = [row["InstanceId"] for row in group["Instances"]
                    if row["HealthStatus"] == "Healthy" and row["LifecycleState"] == "InService"]
        self.write_event(eligible[:count], "Drain")
        ids = [self.asg.terminate_instance_in_auto_scaling_group(
            InstanceId=instance_id, ShouldDecrementDesiredCapacity=True)["Activity"]["ActivityId"]
               for instance_id in eligible[:count]]

        def are_over():
            nonlocal ids
            rows = self.asg.describe_scaling_activities(AutoScalingGroupName="web",
                                                        ActivityIds=ids)["Activities"]
            self.assertEqual(len(rows), len(ids), "as many as it asked for")
            ids = [row["ActivityId"] for row in rows if row.get("Progress") != 100]
            return not ids

        wait_for("its activities to be over", are_over)
        return eligible[:count]

    def write_event(self, ids, event):
        self.asg.create_or_update_tags(Tags=[
            {"ResourceId": "web", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False,
             "Key": f"nomad_autoscaler:{event}", "Value": " ".join(ids)[:256]}])

    def test_out_and_in(self):
        self.make_group(size=1, VPCZoneIdentifier=f"{SUBNETS['us-east-1a']},"
                        f"{SUBNETS['us-east-1b']}")
        wait_for("the target to be ready", self.is_ready)
        before = self.describe()
        self.scale_out(4)
        after = self.describe()
        # Its Update names the zones that the subnets gave; that moves nothing.
        for member in ("VPCZoneIdentifier", "AvailabilityZones", "LaunchTemplate", "MinSize"):
            self.assertEqual(after[member], before[member], member)
        wait_for("the target to be ready", self.is_ready)
        self.api.wait_for_in_service("web", 4, self.asg)
        gone = self.scale_in(2)
        group = self.describe()
        self.assertEqual(group["DesiredCapacity"], 2)
        self.assertEqual(set(gone) & {row["InstanceId"] for row in group["Instances"]}, set())
        wait_for("the target to be ready", self.is_ready)

    def test_a_group_that_is_being_deleted_is_not_ready(self):
        self.make_group(size=1)
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
        rows = self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])[
            "AutoScalingGroups"]
        self.assertTrue(not rows or rows[0]["Status"])


class SpinnakerTest(ApiTest):
    def deploy(self, name, **changes):
        """A server group: a launch configuration and a group; what is there already and is the
        same counts as made."""
        config = {"LaunchConfigurationName": name, "ImageId": IMAGE, "InstanceType": "t3.micro",
                  "KeyName": "me", "SecurityGroups": ["sg-0123456789abcdef0"],
                  "InstanceMonitoring": {"Enabled": False}, "EbsOptimized": False}
        group = {"AutoScalingGroupName": name, "LaunchConfigurationName": name, "MinSize": 0,
                 "MaxSize": 4, "DesiredCapacity": 0, "DefaultCooldown": 10,
                 "HealthCheckType": "EC2", "HealthCheckGracePeriod": 600,
                 "TerminationPolicies": ["Default"], "LoadBalancerNames": [],
                 "VPCZoneIdentifier": SUBNETS["us-east-1a"], **changes}
        made = []
        for call, wish in ((self.asg.create_launch_configuration, config),
                           (self.asg.create_auto_scaling_group, group)):
            try:
                call(**wish)
                made.append(True)
            except ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "AlreadyExists")
                made.append(False)
        shown = self.api.group(name, self.asg)
        is_same = all(shown[member] == value for member, value in group.items())
        return made, is_same

    def destroy(self, name):
        """ForceDelete, and then EC2 is told to end the instances: nothing comes back."""
        ids = self.ids_of(name)
        self.asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
        if ids:
            self.ec2.terminate_instances(InstanceIds=ids)
        self.api.wait_until_gone(name, self.asg)
        self.asg.delete_launch_configuration(LaunchConfigurationName=name)

    def launches(self):
        return sum(call["action"] in ("RunInstances", "CreateFleet") for call in
                   self.api.cluster.control("GET", "/_control/calls")["calls"])

    def test_deployed_twice_resized_and_destroyed(self):
        name = "shop-main-v001"
        self.assertEqual(self.deploy(name), ([True, True], True))
        self.assertEqual(self.deploy(name), ([False, False], True))
        self.assertEqual(self.deploy(name, MaxSize=9), ([False, False], False))
        self.asg.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["AZRebalance"])
        self.asg.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=2, MaxSize=2,
                                           DesiredCapacity=2)
        self.api.wait_for_in_service(name, 2, self.asg)
        self.assertEqual({row["LaunchConfigurationName"] for row in
                          self.api.group(name)["Instances"]}, {name})
        made = self.asg.put_scaling_policy(
            AutoScalingGroupName=name, PolicyName=f"{name}-up", AdjustmentType="ChangeInCapacity",
            ScalingAdjustment=1, Cooldown=60)
        listed = self.asg.describe_policies()["ScalingPolicies"]
        self.assertEqual([row["PolicyARN"] for row in listed], [made["PolicyARN"]])
        self.assertEqual(self.asg.describe_scheduled_actions()["ScheduledUpdateGroupActions"],
                         [])
        self.assertTrue(self.asg.describe_scaling_activities()["Activities"])
        before = self.launches()
        self.destroy(name)
        self.assertEqual(self.launches(), before, "nothing is launched for what was ended")

    def test_the_words_it_looks_for(self):
        group = {"AutoScalingGroupName": "no", "MinSize": 0, "MaxSize": 1,
                 "VPCZoneIdentifier": SUBNETS["us-east-1a"]}
        create = self.asg.create_auto_scaling_group
        message = self.refused("ValidationError", "", create, LaunchConfigurationName="nobody",
                               **group)
        self.assertIn("launch configuration name not found", message.lower())
        self.refused("ValidationError", "does not exist", create, LaunchTemplate={
            "LaunchTemplateName": "nobody", "Version": "$Latest"}, **group)
        for call, more in ((self.asg.update_auto_scaling_group, {"MinSize": 1}),
                           (self.asg.delete_auto_scaling_group, {}),
                           (self.asg.suspend_processes, {})):
            message = self.refused("ValidationError", "name not found", call,
                                   AutoScalingGroupName="nobody", **more)
            self.assertIn("'nobody'", message)


if __name__ == "__main__":
    unittest.main()
