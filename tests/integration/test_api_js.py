#!/usr/bin/python3
"""The newest unmodified AWS SDK for JavaScript: members and actions that Debian's tools of 2022
do not know. What a group was given comes back exactly, acted upon or not."""

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

from api_fixture import KEY_ID, REGION, SECRET, ApiTest
from js_packages import install_packages
from scope_proxy import ScopeProxy

HERE = os.path.dirname(os.path.abspath(__file__))
# AvailabilityZoneIds are by themselves: not together with names of zones.
NEWER = {
    "InstanceMaintenancePolicy": {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120},
    "AvailabilityZoneDistribution": {"CapacityDistributionStrategy": "balanced-only"},
    "AvailabilityZoneImpairmentPolicy": {"ZonalShiftEnabled": True,
                                         "ImpairedZoneHealthCheckBehavior": "IgnoreUnhealthy"},
    "CapacityReservationSpecification": {
        "CapacityReservationPreference": "capacity-reservations-first",
        "CapacityReservationTarget": {"CapacityReservationIds": ["cr-1", "cr-2"]}},
    "DeletionProtection": "prevent-force-deletion",
    "InstanceLifecyclePolicy": {"RetentionTriggers": {"TerminateHookAbandon": "retain"}},
}
SIZES = {"MinSize": 0, "MaxSize": 4, "LaunchTemplate": {"LaunchTemplateName": "web"},
         "AvailabilityZones": ["us-east-1a"]}


class JavaScriptTest(ApiTest):
    @classmethod
    def setUpClass(cls):
        cls.packages = install_packages("aws_js_autoscaling")
        super().setUpClass()
        cls.proxy = ScopeProxy(cls.api.url, cls.api.cluster.ec2_endpoint)
        cls.addClassCleanup(cls.proxy.close)

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.proxy.mistakes, [])

    def call(self, *calls):
        """The answers of these (action, input)s."""
        done = subprocess.run(
            ["node", os.path.join(HERE, "aws_js_autoscaling", "call.js"), self.packages],
            input=json.dumps({
                "endpoint": self.proxy.url, "key_id": KEY_ID, "secret": SECRET,
                "region": REGION, "calls": [{"action": a, "input": i} for a, i in calls]}),
            capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def outputs(self, *calls):
        answers = self.call(*calls)
        for (action, _), answer in zip(calls, answers):
            self.assertNotIn("error", answer, action)
        return [answer["output"] for answer in answers]

    def test_newer_members_come_back_exactly(self):
        name = {"AutoScalingGroupName": "newer"}
        group = ("DescribeAutoScalingGroups", {"AutoScalingGroupNames": ["newer"]})
        changed = {
            "InstanceMaintenancePolicy": {"MinHealthyPercentage": -1,
                                          "MaxHealthyPercentage": -1},
            "DeletionProtection": "none"}
        outputs = self.outputs(
            ("CreateAutoScalingGroup", {**name, **SIZES, **NEWER,
                                        "SkipZonalShiftValidation": True}), group,
            ("UpdateAutoScalingGroup", {**name, "MaxSize": 5}), group,
            ("UpdateAutoScalingGroup", {**name, **changed}), group)
        shown = outputs[1]["AutoScalingGroups"][0]
        for member, value in NEWER.items():
            self.assertEqual(shown[member], value, member)
        self.assertNotIn("SkipZonalShiftValidation", shown)
        again = outputs[3]["AutoScalingGroups"][0]
        self.assertEqual(again, {**shown, "MaxSize": 5})
        last = outputs[5]["AutoScalingGroups"][0]
        self.assertEqual(last.get("DeletionProtection", "none"), "none")
        self.assertEqual(last["AvailabilityZoneDistribution"],
                         NEWER["AvailabilityZoneDistribution"])
        self.assertNotIn("InstanceMaintenancePolicy", {
            k: v for k, v in last.items() if v != {"MinHealthyPercentage": -1,
                                                   "MaxHealthyPercentage": -1}})

    def test_zones_by_their_ids(self):
        answers = self.call(
            ("CreateAutoScalingGroup", {
                "AutoScalingGroupName": "by-id", "MinSize": 0, "MaxSize": 1,
                "LaunchTemplate": SIZES["LaunchTemplate"], "AvailabilityZoneIds": ["use1-az1"]}),
            ("DescribeAutoScalingGroups", {"AutoScalingGroupNames": ["by-id"]}),
            ("CreateAutoScalingGroup", {**SIZES, "AutoScalingGroupName": "both",
                                        "AvailabilityZoneIds": ["use1-az1"]}))
        group = answers[1]["output"]["AutoScalingGroups"][0]
        self.assertEqual(group["AvailabilityZoneIds"], ["use1-az1"])
        self.assertEqual(len(group["AvailabilityZones"]), 1)
        self.assertEqual(answers[2]["error"]["name"], "ValidationError")

    def test_protection_from_deletion_is_obeyed(self):
        self.make_group("kept", 1)
        name = {"AutoScalingGroupName": "kept"}

        def protect(how):
            return ("UpdateAutoScalingGroup", {**name, "DeletionProtection": how})

        force = ("DeleteAutoScalingGroup", {**name, "ForceDelete": True})
        plain = ("DeleteAutoScalingGroup", name)
        answers = self.call(protect("prevent-force-deletion"), force,
                            protect("prevent-all-deletion"), force, plain, protect("none"))
        for at in (1, 3, 4):
            self.assertIn("eletion", answers[at]["error"]["message"])
            self.assertEqual(answers[at]["error"]["status"], 400)
        self.assertEqual(len(self.ids_of("kept")), 1)
        self.outputs(force)
        self.api.wait_until_gone("kept")

    def test_groups_without_their_instances(self):
        self.make_group("full", 2)
        groups = [output["AutoScalingGroups"][0] for output in self.outputs(
            ("DescribeAutoScalingGroups", {"AutoScalingGroupNames": ["full"]}),
            ("DescribeAutoScalingGroups", {"AutoScalingGroupNames": ["full"],
                                           "IncludeInstances": False}))]
        self.assertEqual(len(groups[0]["Instances"]), 2)
        self.assertEqual(groups[1].get("Instances", []), [])

    def test_activities_by_filters(self):
        self.make_group("acted", 1)
        self.api.wait_for_in_service("acted", 1)
        by = {"AutoScalingGroupName": "acted"}
        everything, ended, failed = self.outputs(
            ("DescribeScalingActivities", by),
            ("DescribeScalingActivities", {**by, "Filters": [
                {"Name": "Status", "Values": ["Successful", "InProgress", "PreInService"]}]}),
            ("DescribeScalingActivities", {**by, "Filters": [
                {"Name": "Status", "Values": ["Failed", "Cancelled"]}]}))
        self.assertEqual([a["ActivityId"] for a in everything["Activities"]],
                         [a["ActivityId"] for a in ended["Activities"]])
        self.assertEqual(failed["Activities"], [])

    def test_traffic_sources_with_their_type(self):
        self.make_group("sourced")
        arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/a/1"
        by = {"AutoScalingGroupName": "sourced"}
        _, listed, group = self.outputs(
            ("AttachTrafficSources", {**by, "TrafficSources": [
                {"Identifier": arn, "Type": "elbv2"}]}),
            ("DescribeTrafficSources", by),
            ("DescribeAutoScalingGroups", {"AutoScalingGroupNames": ["sourced"]}))
        row = listed["TrafficSources"][0]
        self.assertEqual((row["Identifier"], row["Type"]), (arn, "elbv2"))
        self.assertIn(row["State"], ("Adding", "Added"))
        self.assertEqual(group["AutoScalingGroups"][0]["TrafficSources"],
                         [{"Identifier": arn, "Type": "elbv2"}])

    def test_enums_of_the_newest_model_are_checked(self):
        answers = self.call(*[
            ("CreateAutoScalingGroup", {**SIZES, "AutoScalingGroupName": "bad", **more})
            for more in ({"DeletionProtection": "perhaps"},
                         {"AvailabilityZoneDistribution": {
                             "CapacityDistributionStrategy": "anyhow"}},
                         {"InstanceMaintenancePolicy": {"MinHealthyPercentage": 90}},
                         {"InstanceMaintenancePolicy": {"MinHealthyPercentage": 101,
                                                        "MaxHealthyPercentage": 120}},
                         {"CapacityReservationSpecification": {
                             "CapacityReservationPreference": "none",
                             "CapacityReservationTarget": {
                                 "CapacityReservationIds": ["cr-1"]}}})])
        for answer in answers:
            self.assertEqual(answer.get("error", {}).get("name"), "ValidationError", answer)
        self.assertIn("Member must satisfy enum value set", answers[0]["error"]["message"])

    def test_actions_that_are_not_built_say_so(self):
        answers = self.call(
            ("DescribeAccountSettings", {}),
            ("PutAccountSetting", {"Name": "n", "Value": "v"}),
            ("RollbackInstanceRefresh", {"AutoScalingGroupName": "x"}),
            ("LaunchInstances", {"AutoScalingGroupName": "x", "RequestedCapacity": 1}))
        self.assertEqual(answers[0], {"output": {"Settings": []}})  # there are none
        self.assertEqual({a["error"]["name"] for a in answers[1:]}, {"InvalidAction"})


if __name__ == "__main__":
    unittest.main()
