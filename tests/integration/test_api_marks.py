#!/usr/bin/python3
"""Processes, protection, health, tags and limits, as an unmodified boto3 has them."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from botocore.exceptions import ClientError  # noqa: E402

from api_fixture import ApiTest  # noqa: E402
from cluster import wait_for  # noqa: E402

ALL = ["AZRebalance", "AddToLoadBalancer", "AlarmNotification", "HealthCheck",
       "InstanceRefresh", "Launch", "ReplaceUnhealthy", "ScheduledActions", "Terminate"]


class Marks(ApiTest):
    settings = {"limits_tags": "5", "limits_groups": "3"}

    def refused(self, code, words, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        self.assertIn(words, error["Message"])

    # ---- processes ----

    def suspended(self):
        rows = self.api.group("web", self.asg)["SuspendedProcesses"]
        for row in rows:
            self.assertRegex(row["SuspensionReason"], r"^User suspended at \d{4}-\d\d-\d\dT")
        return sorted(row["ProcessName"] for row in rows)

    def test_processes_are_suspended_and_resumed(self):
        self.make_group(size=1)
        self.assertEqual(self.suspended(), [])
        self.asg.suspend_processes(AutoScalingGroupName="web",
                                   ScalingProcesses=["Launch", "AZRebalance"])
        self.assertEqual(self.suspended(), ["AZRebalance", "Launch"])
        self.asg.suspend_processes(AutoScalingGroupName="web")
        self.assertEqual(self.suspended(), ALL)
        self.asg.resume_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
        self.assertEqual(self.suspended(), [name for name in ALL if name != "Launch"])
        self.asg.resume_processes(AutoScalingGroupName="web")
        self.assertEqual(self.suspended(), [])
        self.refused("ValidationError", "Lunch", self.asg.suspend_processes,
                     AutoScalingGroupName="web", ScalingProcesses=["Lunch"])
        self.refused("ValidationError", "not found", self.asg.suspend_processes,
                     AutoScalingGroupName="nobody")

    def test_desired_may_be_set_while_launch_is_suspended(self):
        self.make_group(size=1)
        self.asg.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
        group = self.api.group("web", self.asg)
        self.assertEqual((group["DesiredCapacity"], len(group["Instances"])), (2, 1))
        self.asg.resume_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
        self.api.wait_for_in_service("web", 2, self.asg)

    # ---- protection and health ----

    def test_protected_instances_outlive_a_scale_in(self):
        self.make_group(size=2)
        first, second = self.ids_of("web")
        self.asg.set_instance_protection(AutoScalingGroupName="web", InstanceIds=[first],
                                         ProtectedFromScaleIn=True)
        shown = {row["InstanceId"]: row["ProtectedFromScaleIn"]
                 for row in self.api.group("web", self.asg)["Instances"]}
        self.assertEqual(shown, {first: True, second: False})
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
        self.api.wait_for_in_service("web", 1, self.asg)
        self.assertEqual(self.ids_of("web"), [first])
        self.asg.set_instance_protection(AutoScalingGroupName="web", InstanceIds=[first],
                                         ProtectedFromScaleIn=False)

    def test_protection_of_instances_of_another_group(self):
        self.make_group(size=1)
        self.make_group("other")
        (instance,) = self.ids_of("web")
        for group, id_, words in (
                ("other", instance, f"{instance} is not part of Auto Scaling group other"),
                ("web", "i-0123456789abcdef0", "is not part of Auto Scaling group web"),
                ("nobody", instance, "not found")):
            self.refused("ValidationError", words, self.asg.set_instance_protection,
                         AutoScalingGroupName=group, InstanceIds=[id_],
                         ProtectedFromScaleIn=True)

    def test_an_unhealthy_instance_is_replaced(self):
        self.make_group(size=1)
        (instance,) = self.ids_of("web")
        self.asg.set_instance_health(InstanceId=instance, HealthStatus="Unhealthy",
                                     ShouldRespectGracePeriod=False)
        wait_for("the replacement", lambda: instance not in self.ids_of("web"), 30)
        self.api.wait_for_in_service("web", 1, self.asg)
        self.refused("ValidationError", "i-0123456789abcdef0", self.asg.set_instance_health,
                     InstanceId="i-0123456789abcdef0", HealthStatus="Unhealthy")

    # ---- tags ----

    def tag(self, key, value="", group="web", propagate=False):
        return {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": key,
                "Value": value, "PropagateAtLaunch": propagate}

    def tags(self, **filters):
        """All, by pages of one."""
        pages = self.asg.get_paginator("describe_tags").paginate(
            Filters=[{"Name": name.replace("_", "-"), "Values": values}
                     for name, values in filters.items()], PaginationConfig={"PageSize": 1})
        return [row for page in pages for row in page["Tags"]]

    def test_tags_are_put_shown_and_deleted(self):
        self.make_group(Tags=[self.tag("Name", "web <1> & \"more\"", propagate=True)])
        self.make_group("other")
        self.assertEqual(self.tags(), [self.tag("Name", "web <1> & \"more\"", propagate=True)])
        self.asg.create_or_update_tags(Tags=[
            self.tag("Name", "web"), self.tag("team", "blue"), self.tag("team", "red", "other")])
        self.assertEqual(self.tags(), [self.tag("team", "red", "other"),
                                       self.tag("Name", "web"), self.tag("team", "blue")])
        self.assertEqual(self.tags(auto_scaling_group=["web"], key=["team", "x"]),
                         [self.tag("team", "blue")])
        self.assertEqual(self.tags(value=["red"]), [self.tag("team", "red", "other")])
        self.assertEqual(self.tags(propagate_at_launch=["true"]), [])
        self.assertEqual(self.api.group("web", self.asg)["Tags"],
                         [self.tag("Name", "web"), self.tag("team", "blue")])
        self.asg.delete_tags(Tags=[
            {"ResourceId": "web", "ResourceType": "auto-scaling-group", "Key": "team",
             "Value": "green"},  # it has another value
            {"ResourceId": "web", "ResourceType": "auto-scaling-group", "Key": "nothing"},
            {"ResourceId": "web", "ResourceType": "auto-scaling-group", "Key": "Name"}])
        self.assertEqual(self.tags(auto_scaling_group=["web"]), [self.tag("team", "blue")])

    def test_tags_are_on_instances_of_later(self):
        self.make_group(size=1, Tags=[self.tag("early", "1", propagate=True),
                                      self.tag("stays", "1")])
        self.asg.create_or_update_tags(Tags=[self.tag("late", "2", propagate=True)])
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
        self.api.wait_for_in_service("web", 2, self.asg)
        found = []
        for reservation in self.ec2.describe_instances(Filters=[
                {"Name": "instance-state-name", "Values": ["pending", "running"]}])[
                "Reservations"]:
            for instance in reservation["Instances"]:
                tags = {tag["Key"] for tag in instance["Tags"]}
                if instance["InstanceId"] in self.ids_of("web"):
                    found.append(tags & {"early", "stays", "late"})
        self.assertCountEqual(found, [{"early"}, {"early", "late"}])

    def test_tags_that_are_refused(self):
        self.make_group(Tags=[self.tag(f"t{n}") for n in range(4)])
        put = self.asg.create_or_update_tags
        self.refused("ValidationError", "not found", put, Tags=[self.tag("a", group="nobody")])
        self.refused("ValidationError", "auto-scaling-group", put,
                     Tags=[{**self.tag("a"), "ResourceType": "instance"}])
        self.refused("ValidationError", "Duplicate", put, Tags=[self.tag("a"), self.tag("a")])
        self.refused("LimitExceeded", "5", put, Tags=[self.tag("a"), self.tag("b")])
        put(Tags=[self.tag("a"), self.tag("t0", "again")])
        self.assertEqual(len(self.tags()), 5)
        self.refused("LimitExceeded", "5", self.make_group, name="more",
                     Tags=[self.tag(f"t{n}", group="more") for n in range(6)])
        self.refused("LimitExceeded", "5", put, Tags=[self.tag(f"n{n}") for n in range(1000)])
        self.refused("ValidationError", "at most 1000", put,
                     Tags=[self.tag(f"n{n}") for n in range(3000)])
        self.refused("ValidationError", "Filter type tag-key", self.asg.describe_tags,
                     Filters=[{"Name": "tag-key", "Values": ["a"]}])

    def written(self):
        """What stands in the log. Its head is that of an order that was answered, so
        nothing that came before it is still on its way, as a gauge's figure may be."""
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
        return self.api.cluster.ask("status")["log_head"]

    def test_orders_about_groups_that_are_not_there_write_nothing(self):
        self.make_group(Tags=[self.tag(f"t{n}") for n in range(5)])

        before = self.written()
        for _ in range(20):
            self.refused("ValidationError", "AutoScalingGroup 'nobody' not found",
                         self.asg.suspend_processes, AutoScalingGroupName="nobody")
            self.refused("ValidationError", "AutoScalingGroup 'nobody' not found",
                         self.asg.create_or_update_tags, Tags=[self.tag("a", group="nobody")])
            self.refused("LimitExceeded", "6 tags", self.asg.create_or_update_tags,
                         Tags=[self.tag("a")])
        self.assertLess(self.written() - before, 20)  # 60 were refused

    def test_an_order_is_not_too_large_for_the_log(self):
        self.make_group()
        tags = [dict(self.tag(f"{n}".rjust(127, "k"), "v" * 255)) for n in range(1000)]
        before = self.written()
        self.refused("ValidationError", "at most 262144 bytes", self.asg.delete_tags, Tags=tags)
        self.assertLess(self.written() - before, 20)
        self.asg.delete_tags(Tags=tags[:500])

    # ---- limits ----

    def test_limits_of_the_account(self):
        self.make_group("one")
        self.make_group("two")
        limits = self.asg.describe_account_limits()
        self.assertEqual((limits["MaxNumberOfAutoScalingGroups"],
                          limits["NumberOfAutoScalingGroups"],
                          limits["MaxNumberOfLaunchConfigurations"]), (3, 2, 200))
        before = limits["NumberOfLaunchConfigurations"]
        self.asg.create_launch_configuration(
            LaunchConfigurationName="one", ImageId="ami-00000000000000001",
            InstanceType="t3.micro")
        self.assertEqual(
            self.asg.describe_account_limits()["NumberOfLaunchConfigurations"], before + 1)
        self.asg.delete_launch_configuration(LaunchConfigurationName="one")
        self.make_group("three")
        self.refused("LimitExceeded", "3", self.make_group, name="four")


if __name__ == "__main__":
    unittest.main()
