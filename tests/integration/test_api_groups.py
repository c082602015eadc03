#!/usr/bin/python3
"""The unmodified boto3 makes, changes, lists and deletes groups by the Auto Scaling API; each
reply is held against the model (api_model.py)."""

import base64
import datetime
import sys
import unittest

try:
    import boto3  # noqa: F401
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from api_fixture import ACCOUNT, IMAGE, REGION, SUBNETS, ApiTest

ALWAYS = {"AutoScalingGroupName", "AutoScalingGroupARN", "MinSize", "MaxSize",
          "DesiredCapacity", "DefaultCooldown", "AvailabilityZones", "LoadBalancerNames",
          "TargetGroupARNs", "HealthCheckType", "HealthCheckGracePeriod", "Instances",
          "CreatedTime", "SuspendedProcesses", "VPCZoneIdentifier", "EnabledMetrics", "Tags",
          "TerminationPolicies", "NewInstancesProtectedFromScaleIn", "ServiceLinkedRoleARN",
          "TrafficSources"}


class CreateTest(ApiTest):
    def test_what_a_new_group_shows(self):
        group = self.make_group("plain")
        self.assertEqual(set(group) - {"LaunchTemplate"}, ALWAYS)
        self.assertRegex(group["AutoScalingGroupARN"],
                         f"^arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:"
                         "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:"
                         "autoScalingGroupName/plain$")
        self.assertEqual(group["LaunchTemplate"], {
            "LaunchTemplateId": self.template_id, "LaunchTemplateName": "web", "Version": "1"})
        for name, value in (("MinSize", 0), ("MaxSize", 10), ("DesiredCapacity", 0),
                            ("DefaultCooldown", 300), ("HealthCheckType", "EC2"),
                            ("HealthCheckGracePeriod", 0), ("VPCZoneIdentifier", ""),
                            ("AvailabilityZones", ["us-east-1a"]), ("Tags", []),
                            ("TerminationPolicies", ["Default"]), ("EnabledMetrics", []),
                            ("SuspendedProcesses", []), ("TrafficSources", []),
                            ("NewInstancesProtectedFromScaleIn", False)):
            self.assertEqual(group[name], value, name)
        self.assertIn(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/",
                      group["ServiceLinkedRoleARN"])
        age = datetime.datetime.now(datetime.timezone.utc) - group["CreatedTime"]
        self.assertLess(abs(age.total_seconds()), 60)

    def test_all_that_was_asked_for_comes_back(self):
        wish = {"MinSize": 1, "MaxSize": 4, "DesiredCapacity": 2, "DefaultCooldown": 17,
                "HealthCheckType": "EC2", "HealthCheckGracePeriod": 40,
                "TerminationPolicies": ["OldestInstance", "Default"],
                "NewInstancesProtectedFromScaleIn": True, "CapacityRebalance": True,
                "DefaultInstanceWarmup": 0, "Context": "of the test",
                "ServiceLinkedRoleARN": "arn:aws:iam::000000000000:role/mine"}
        group = self.make_group("whole", 2, Tags=[
            {"Key": "b", "Value": "2", "PropagateAtLaunch": True},
            {"Key": "a", "Value": "", "PropagateAtLaunch": False}],
            **{k: v for k, v in wish.items() if k != "DesiredCapacity"})
        for name, value in wish.items():
            self.assertEqual(group[name], value, name)
        self.assertEqual(sorted(group["Tags"], key=lambda tag: tag["Key"]), [
            {"ResourceId": "whole", "ResourceType": "auto-scaling-group", "Key": key,
             "Value": value, "PropagateAtLaunch": on}
            for key, value, on in (("a", "", False), ("b", "2", True))])
        self.assertTrue(all(row["ProtectedFromScaleIn"] for row in group["Instances"]))

    def test_instances_are_listed_as_they_are(self):
        group = self.make_group("shown", 3, MinSize=1, VPCZoneIdentifier=",".join(
            SUBNETS[zone] for zone in ("us-east-1a", "us-east-1b")))
        self.assertEqual(group["AvailabilityZones"], ["us-east-1a", "us-east-1b"])
        self.assertEqual(group["VPCZoneIdentifier"],
                         f"{SUBNETS['us-east-1a']},{SUBNETS['us-east-1b']}")
        rows = group["Instances"]
        self.assertEqual(len({row["InstanceId"] for row in rows}), 3)
        for row in rows:
            self.assertEqual(row["InstanceType"], "t3.micro")
            self.assertEqual(row["HealthStatus"], "Healthy")
            self.assertFalse(row["ProtectedFromScaleIn"])
            self.assertEqual(row["LaunchTemplate"], {
                "LaunchTemplateId": self.template_id, "LaunchTemplateName": "web",
                "Version": "1"})
        zones = {row["InstanceId"]: row["AvailabilityZone"] for row in rows}
        self.assertEqual(set(zones.values()), {"us-east-1a", "us-east-1b"})
        found = {i["InstanceId"]: i["Placement"]["AvailabilityZone"]
                 for r in self.ec2.describe_instances(InstanceIds=list(zones))["Reservations"]
                 for i in r["Instances"]}
        self.assertEqual(found, zones)

    def test_the_size_is_the_minimum_unless_it_is_said(self):
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName="least", MinSize=1, MaxSize=3, AvailabilityZones=["us-east-1b"],
            LaunchTemplate={"LaunchTemplateId": self.template_id, "Version": "$Default"})
        self.assertEqual(self.api.group("least")["DesiredCapacity"], 1)
        self.api.wait_for_in_service("least", 1)

    def test_the_template_is_kept_as_it_was_named_and_instances_say_the_number(self):
        for number, version in enumerate(("$Latest", "$Default", None)):
            template = {"LaunchTemplateId": self.template_id}
            if version is not None:
                template["Version"] = version
            group = self.make_group(f"v{number}", 1, LaunchTemplate=template)
            shown = dict(group["LaunchTemplate"])
            self.assertEqual(shown.pop("Version", "$Default"), version or "$Default")
            self.assertEqual(shown, {"LaunchTemplateId": self.template_id,
                                     "LaunchTemplateName": "web"})
            self.assertEqual(group["Instances"][0]["LaunchTemplate"]["Version"], "1")

    def test_tags_that_propagate_are_on_the_instance_and_others_are_not(self):
        self.make_group("tagged", 1, Tags=[
            {"Key": "team", "Value": "a <b> & \"c\"", "PropagateAtLaunch": True},
            {"Key": "secret", "Value": "x", "PropagateAtLaunch": False}])
        instance = self.ec2.describe_instances(InstanceIds=self.ids_of("tagged"))[
            "Reservations"][0]["Instances"][0]
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        self.assertEqual(tags["team"], "a <b> & \"c\"")
        self.assertNotIn("secret", tags)

    def test_a_group_by_a_mixed_policy(self):
        policy = {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateName": "web", "Version": "1"},
                "Overrides": [{"InstanceType": "t3.micro"}, {"InstanceType": "t3.small"}]},
            "InstancesDistribution": {
                "OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0,
                "SpotAllocationStrategy": "price-capacity-optimized"}}
        group = self.make_group("mixed", 3, MixedInstancesPolicy=policy)
        self.assertNotIn("LaunchTemplate", group)
        shown = group["MixedInstancesPolicy"]
        self.assertEqual(shown["LaunchTemplate"]["Overrides"],
                         policy["LaunchTemplate"]["Overrides"])
        self.assertEqual(shown["LaunchTemplate"]["LaunchTemplateSpecification"], {
            "LaunchTemplateId": self.template_id, "LaunchTemplateName": "web", "Version": "1"})
        for name, value in policy["InstancesDistribution"].items():
            self.assertEqual(shown["InstancesDistribution"][name], value, name)
        spot = [i.get("InstanceLifecycle") for r in self.ec2.describe_instances(
            InstanceIds=self.ids_of("mixed"))["Reservations"] for i in r["Instances"]]
        self.assertEqual(sorted(spot, key=str), [None, "spot", "spot"])

    def test_a_group_like_an_instance(self):
        launched = self.ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.small", MinCount=1, MaxCount=1, KeyName="me",
            SubnetId=SUBNETS["us-east-1c"])["Instances"][0]["InstanceId"]
        self.addCleanup(self.ec2.terminate_instances, InstanceIds=[launched])
        self.asg.create_auto_scaling_group(AutoScalingGroupName="like", MinSize=1, MaxSize=1,
                                           InstanceId=launched)
        group = self.api.group("like")
        self.assertEqual(group["LaunchConfigurationName"], "like")
        self.api.wait_for_in_service("like", 1)
        rows = self.api.group("like")["Instances"]
        self.assertEqual((rows[0]["InstanceType"], rows[0]["LaunchConfigurationName"]),
                         ("t3.small", "like"))
        self.assertNotEqual(rows[0]["InstanceId"], launched)
        made = self.asg.describe_launch_configurations(LaunchConfigurationNames=["like"])[
            "LaunchConfigurations"][0]
        self.assertEqual((made["ImageId"], made["InstanceType"], made["KeyName"]),
                         (IMAGE, "t3.small", "me"))
        self.assertEqual(rows[0]["AvailabilityZone"], "us-east-1c")

    def test_what_cannot_be_made_is_refused_and_nothing_is_made(self):
        create = self.asg.create_auto_scaling_group
        wish = {"AutoScalingGroupName": "no", "MinSize": 0, "MaxSize": 2,
                "LaunchTemplate": {"LaunchTemplateName": "web"},
                "AvailabilityZones": ["us-east-1a"]}

        def refused(words, but=(), code="ValidationError", **changes):
            parameters = {k: v for k, v in {**wish, **changes}.items() if k not in but}
            return self.refused(code, words, create, **parameters)

        refused("", but=["LaunchTemplate"])
        refused("", LaunchConfigurationName="any")
        refused("", but=["AvailabilityZones"])
        refused("", MinSize=3)
        refused("", DesiredCapacity=3)
        refused("", MinSize=1, DesiredCapacity=0)
        refused("", MinSize=-1)
        refused("", AvailabilityZones=["us-east-1x"])
        refused("subnet-0a0000000000000ff", but=["AvailabilityZones"],
                VPCZoneIdentifier="subnet-0a0000000000000ff")
        refused("", LaunchTemplate={"LaunchTemplateName": "web", "Version": "77"})
        refused("does not exist", LaunchTemplate={"LaunchTemplateName": "none"})
        refused("", LaunchTemplate={"LaunchTemplateId": "lt-0aaaaaaaaaaaaaaaa"})
        refused("", LaunchTemplate={"LaunchTemplateName": "web",
                                    "LaunchTemplateId": self.template_id})
        refused("not found", but=["LaunchTemplate"], LaunchConfigurationName="none")
        refused("", HealthCheckType="TELEPATHY")
        refused("", TerminationPolicies=["Youngest"])
        refused("", TerminationPolicies=["Default", "OldestInstance"])
        refused("", DesiredCapacityType="apples")
        refused("", MaxInstanceLifetime=86399)
        refused("", AutoScalingGroupName="a:b")
        refused("", code="LimitExceeded",
                Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(51)])
        self.assertIsNone(self.api.group("no"))
        self.make_group("twice")
        message = self.refused("AlreadyExists", "twice", create,
                               **{**wish, "AutoScalingGroupName": "twice"})
        self.assertIn("already exists", message)

    def test_what_is_not_built_yet_is_refused_by_name(self):
        wish = {"AutoScalingGroupName": "later", "MinSize": 0, "MaxSize": 2,
                "LaunchTemplate": {"LaunchTemplateName": "web"},
                "AvailabilityZones": ["us-east-1a"]}
        for words, more in (
                ("MaxInstanceLifetime", {"MaxInstanceLifetime": 86400}),
                ("LifecycleHookSpecificationList", {"LifecycleHookSpecificationList": [
                    {"LifecycleHookName": "h", "LifecycleTransition":
                     "autoscaling:EC2_INSTANCE_LAUNCHING"}]}),
                ("WeightedCapacity", {"MixedInstancesPolicy": {"LaunchTemplate": {
                    "LaunchTemplateSpecification": {"LaunchTemplateName": "web"},
                    "Overrides": [{"InstanceType": "t3.micro", "WeightedCapacity": "2"}]}}})):
            parameters = {**wish, **more}
            if "MixedInstancesPolicy" in more:
                del parameters["LaunchTemplate"]
            self.refused("ValidationError", words, self.asg.create_auto_scaling_group,
                         **parameters)
        self.assertIsNone(self.api.group("later"))


class UpdateTest(ApiTest):
    def update(self, **changes):
        self.asg.update_auto_scaling_group(AutoScalingGroupName="web", **changes)
        return self.api.group("web", self.asg)

    def test_only_what_is_sent_changes(self):
        before = self.make_group(DefaultCooldown=11, TerminationPolicies=["NewestInstance"])
        after = self.update(HealthCheckGracePeriod=60)
        self.assertEqual(after, {**before, "HealthCheckGracePeriod": 60})

    def test_desired_follows_the_bounds_when_it_is_not_sent(self):
        self.make_group(size=2)
        self.assertEqual(self.update(MaxSize=1)["DesiredCapacity"], 1)
        self.assertEqual(self.update(MaxSize=5, MinSize=3)["DesiredCapacity"], 3)
        self.api.wait_for_in_service("web", 3)
        self.assertEqual(self.update(MinSize=0, MaxSize=0)["DesiredCapacity"], 0)
        self.api.wait_for_in_service("web", 0)

    def test_three_that_do_not_agree_are_refused(self):
        self.make_group()
        for changes in ({"MinSize": 4, "DesiredCapacity": 3}, {"MaxSize": 2, "DesiredCapacity": 3},
                        {"MinSize": 11}, {"DesiredCapacity": 11}):
            self.refused("ValidationError", "", self.update, **changes)
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 0)

    def test_one_way_to_launch_takes_the_place_of_another(self):
        self.asg.create_launch_configuration(LaunchConfigurationName="lc", ImageId=IMAGE,
                                             InstanceType="t3.small")
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName="lc")
        self.addCleanup(self.api.remove_all_groups)
        self.make_group(size=1)
        group = self.update(LaunchConfigurationName="lc")
        self.assertEqual(group["LaunchConfigurationName"], "lc")
        self.assertNotIn("LaunchTemplate", group)
        self.assertIn("LaunchTemplate", group["Instances"][0])  # the one that runs stays
        self.update(DesiredCapacity=2)
        rows = self.api.wait_for_in_service("web", 2)
        self.assertEqual(sorted(row["InstanceType"] for row in rows), ["t3.micro", "t3.small"])
        group = self.update(MixedInstancesPolicy={"LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateName": "web", "Version": "1"},
            "Overrides": [{"InstanceType": "t3.micro"}]}})
        self.assertNotIn("LaunchConfigurationName", group)
        group = self.update(LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"})
        self.assertNotIn("MixedInstancesPolicy", group)

    def test_what_is_sent_empty_is_taken_back(self):
        self.make_group(TerminationPolicies=["OldestInstance"], DefaultInstanceWarmup=0)
        self.assertEqual(self.update(TerminationPolicies=[])["TerminationPolicies"],
                         ["Default"])
        self.assertNotIn("DefaultInstanceWarmup", self.update(DefaultInstanceWarmup=-1))

    def test_a_group_that_is_not_there(self):
        self.refused("ValidationError", "name not found", self.asg.update_auto_scaling_group,
                     AutoScalingGroupName="nobody", MinSize=0)


class DescribeTest(ApiTest):
    def names(self, **parameters):
        pages = self.asg.get_paginator("describe_auto_scaling_groups").paginate(**parameters)
        return [g["AutoScalingGroupName"] for page in pages for g in page["AutoScalingGroups"]]

    def make_many(self, count):
        for number in range(count):
            self.make_group(f"g{number:03d}", Tags=[
                {"Key": "odd" if number % 2 else "even", "Value": str(number % 3)}])

    def test_filters_and_names(self):
        self.make_many(6)
        self.assertEqual(self.names(), [f"g{n:03d}" for n in range(6)])
        self.assertEqual(self.names(AutoScalingGroupNames=["g004", "nobody", "g001"]),
                         ["g001", "g004"])

        def found(*filters):
            return self.names(Filters=[{"Name": name, "Values": values}
                                       for name, values in filters])

        self.assertEqual(found(("tag-key", ["odd"])), ["g001", "g003", "g005"])
        self.assertEqual(found(("tag-key", ["odd", "even"])), [f"g{n:03d}" for n in range(6)])
        self.assertEqual(found(("tag-value", ["1"])), ["g001", "g004"])
        self.assertEqual(found(("tag:odd", ["0", "1"])), ["g001", "g003"])
        self.assertEqual(found(("tag-key", ["odd"]), ("tag-value", ["1"])), ["g001"])
        self.assertEqual(found(("tag:none", ["x"])), [])
        self.refused("ValidationError", "colour", self.asg.describe_auto_scaling_groups,
                     Filters=[{"Name": "colour", "Values": ["red"]}])

    def test_pages(self):
        self.make_many(7)
        first = self.asg.describe_auto_scaling_groups(MaxRecords=3)
        self.assertEqual(len(first["AutoScalingGroups"]), 3)
        self.assertEqual(self.names(PaginationConfig={"PageSize": 3}),
                         [f"g{n:03d}" for n in range(7)])
        self.assertEqual(self.names(PaginationConfig={"PageSize": 7}),
                         [f"g{n:03d}" for n in range(7)])
        # The next page begins after the last name, whatever was deleted meanwhile.
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="g002", ForceDelete=True)
        self.api.wait_until_gone("g002", self.asg)
        rest = self.asg.describe_auto_scaling_groups(NextToken=first["NextToken"])
        self.assertEqual([g["AutoScalingGroupName"] for g in rest["AutoScalingGroups"]],
                         ["g003", "g004", "g005", "g006"])
        for token in ("nonsense", first["NextToken"][:-1], first["NextToken"] + "x"):
            self.refused("InvalidNextToken", "", self.asg.describe_auto_scaling_groups,
                         NextToken=token)
        self.refused("InvalidNextToken", "", self.asg.describe_policies,
                     NextToken=first["NextToken"])

    def test_how_many_may_be_asked_for(self):
        describe = self.asg.describe_auto_scaling_groups
        self.refused("ValidationError", "The number of group names that may be passed in is "
                     "limited to 50", describe,
                     AutoScalingGroupNames=[f"g{n}" for n in range(51)])
        self.assertEqual(describe(AutoScalingGroupNames=[f"g{n}" for n in range(100)],
                                  MaxRecords=100)["AutoScalingGroups"], [])
        for count in (0, -1, 101):
            self.refused("ValidationError", "axRecords", describe, MaxRecords=count)


class DeleteTest(ApiTest):
    def delete(self, name="web", **more):
        self.asg.delete_auto_scaling_group(AutoScalingGroupName=name, **more)

    def test_an_empty_group_goes_at_once(self):
        self.make_group()
        self.delete()
        self.api.wait_until_gone("web", self.asg)
        self.refused("ValidationError", "not found", self.delete)

    def test_a_group_with_instances_goes_by_force_only(self):
        self.make_group(size=2)
        ids = self.ids_of()
        self.refused("ResourceInUse", "", self.delete)
        self.asg.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Terminate"])
        self.delete(ForceDelete=True)
        group = self.api.group("web", self.asg)
        self.assertTrue(group is None or group["Status"] == "Delete in progress", group)
        if group is not None:
            self.refused("ScalingActivityInProgress", "", self.asg.set_desired_capacity,
                         AutoScalingGroupName="web", DesiredCapacity=3)
        self.api.wait_until_gone("web", self.asg)
        states = {i["State"]["Name"] for r in self.ec2.describe_instances(
            InstanceIds=ids)["Reservations"] for i in r["Instances"]}
        self.assertLessEqual(states, {"shutting-down", "terminated"})

    def test_its_name_may_be_taken_again_and_is_another_group(self):
        first = self.make_group()["AutoScalingGroupARN"]
        self.delete()
        self.api.wait_until_gone("web", self.asg)
        self.assertNotEqual(self.make_group()["AutoScalingGroupARN"], first)

    def test_its_policies_schedules_and_tags_go_with_it(self):
        self.make_group(Tags=[{"Key": "a", "Value": "b"}])
        self.asg.put_scaling_policy(AutoScalingGroupName="web", PolicyName="p",
                                    AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
        self.asg.put_scheduled_update_group_action(
            AutoScalingGroupName="web", ScheduledActionName="s", DesiredCapacity=1,
            Recurrence="0 0 * * *")
        self.delete()
        self.api.wait_until_gone("web", self.asg)
        self.assertEqual(self.asg.describe_policies()["ScalingPolicies"], [])
        self.assertEqual(
            self.asg.describe_scheduled_actions()["ScheduledUpdateGroupActions"], [])
        self.assertEqual(self.asg.describe_tags()["Tags"], [])


class LaunchConfigurationTest(ApiTest):
    def make(self, name="lc", **more):
        self.asg.create_launch_configuration(LaunchConfigurationName=name, **{
            "ImageId": IMAGE, "InstanceType": "t3.micro", **more})
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName=name)
        self.addCleanup(self.api.remove_all_groups)

    def shown(self, name="lc"):
        return self.asg.describe_launch_configurations(LaunchConfigurationNames=[name])[
            "LaunchConfigurations"][0]

    def test_all_that_was_asked_for_comes_back(self):
        script = "#!/bin/sh\necho <hello> & bye\n"  # boto3 encodes it
        wish = {"KeyName": "me", "SecurityGroups": ["sg-0123456789abcdef0"],
                "InstanceType": "m5.large", "KernelId": "aki-1", "RamdiskId": "ari-1",
                "BlockDeviceMappings": [
                    {"DeviceName": "/dev/xvda", "Ebs": {
                        "VolumeSize": 20, "VolumeType": "gp3", "DeleteOnTermination": True,
                        "Iops": 4000, "Throughput": 200, "Encrypted": True}},
                    {"DeviceName": "/dev/sdb", "NoDevice": True},
                    {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"}],
                "SpotPrice": "0.05", "IamInstanceProfile": "web", "EbsOptimized": True,
                "AssociatePublicIpAddress": False, "InstanceMonitoring": {"Enabled": False},
                "PlacementTenancy": "default",
                "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2,
                                    "HttpEndpoint": "enabled"}}
        self.make("whole", UserData=script, **wish)
        shown = self.shown("whole")
        for name, value in wish.items():
            self.assertEqual(shown[name], value, name)
        self.assertEqual(base64.b64decode(shown["UserData"]).decode(), script)
        self.assertRegex(shown["LaunchConfigurationARN"],
                         f"^arn:aws:autoscaling:{REGION}:{ACCOUNT}:launchConfiguration:"
                         "[0-9a-f-]{36}:launchConfigurationName/whole$")

    def test_what_a_plain_one_shows(self):
        self.make()
        shown = self.shown()
        # Ansible's launch_config_find reads these unchecked.
        for name, value in (("KeyName", ""), ("KernelId", ""), ("RamdiskId", ""),
                            ("UserData", ""), ("ClassicLinkVPCSecurityGroups", []),
                            ("SecurityGroups", []), ("BlockDeviceMappings", []),
                            ("EbsOptimized", False), ("InstanceMonitoring", {"Enabled": True})):
            self.assertEqual(shown[name], value, name)

    def test_a_group_launches_what_it_says(self):
        self.make(InstanceType="t3.large", KeyName="me")
        group = self.make_group(size=2, LaunchConfigurationName="lc")
        for row in group["Instances"]:
            self.assertEqual(row["LaunchConfigurationName"], "lc")
            self.assertNotIn("LaunchTemplate", row)
        found = [i for r in self.ec2.describe_instances(InstanceIds=self.ids_of())[
            "Reservations"] for i in r["Instances"]]
        self.assertEqual({(i["InstanceType"], i["KeyName"], i["Monitoring"]["State"])
                          for i in found}, {("t3.large", "me", "enabled")})

    def test_one_in_use_stays(self):
        self.make()
        self.make_group(LaunchConfigurationName="lc")
        self.refused("ResourceInUse", "", self.asg.delete_launch_configuration,
                     LaunchConfigurationName="lc")
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="web")
        self.api.wait_until_gone("web")

    def test_like_an_instance(self):
        launched = self.ec2.run_instances(ImageId=IMAGE, InstanceType="m5.large", MinCount=1,
                                          MaxCount=1, KeyName="me")["Instances"][0]
        self.addCleanup(self.ec2.terminate_instances, InstanceIds=[launched["InstanceId"]])
        self.asg.create_launch_configuration(LaunchConfigurationName="like",
                                             InstanceId=launched["InstanceId"],
                                             InstanceType="t3.small")
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName="like")
        shown = self.shown("like")
        self.assertEqual((shown["ImageId"], shown["InstanceType"], shown["KeyName"]),
                         (IMAGE, "t3.small", "me"))

    def test_what_is_refused(self):
        self.make()
        create = self.asg.create_launch_configuration
        self.refused("AlreadyExists", "lc", create, LaunchConfigurationName="lc", ImageId=IMAGE,
                     InstanceType="t3.micro")
        for more in ({"ImageId": IMAGE}, {"InstanceType": "t3.micro"},
                     {"InstanceId": "i-0aaaaaaaaaaaaaaaa"},
                     {"ImageId": IMAGE, "InstanceType": "t3.micro", "UserData": "x" * 16386}):
            self.refused("ValidationError", "", create, LaunchConfigurationName="bad", **more)
        self.refused("ValidationError", "not found", self.asg.delete_launch_configuration,
                     LaunchConfigurationName="nobody")

    def test_pages(self):
        for number in range(5):
            self.make(f"lc{number}")
        pages = self.asg.get_paginator("describe_launch_configurations").paginate(
            PaginationConfig={"PageSize": 2})
        sizes = [[row["LaunchConfigurationName"] for row in page["LaunchConfigurations"]]
                 for page in pages]
        self.assertEqual(sizes, [["lc0", "lc1"], ["lc2", "lc3"], ["lc4"]])


class TagTest(ApiTest):
    def tag(self, key, value="v", group="web", **more):
        return {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": key,
                "Value": value, "PropagateAtLaunch": False, **more}

    def shown(self, *filters):
        pages = self.asg.get_paginator("describe_tags").paginate(
            Filters=[{"Name": name, "Values": values} for name, values in filters],
            PaginationConfig={"PageSize": 2})
        return [(tag["ResourceId"], tag["Key"], tag["Value"]) for page in pages
                for tag in page["Tags"]]

    def test_made_changed_listed_and_deleted(self):
        self.make_group("a")
        self.make_group("b")
        self.asg.create_or_update_tags(Tags=[
            self.tag("x", group="a"), self.tag("y", group="a", PropagateAtLaunch=True),
            self.tag("x", "2", group="b")])
        self.asg.create_or_update_tags(Tags=[self.tag("x", "new", group="a")])
        self.assertEqual(self.shown(), [("a", "x", "new"), ("a", "y", "v"), ("b", "x", "2")])
        self.assertEqual(self.shown(("auto-scaling-group", ["b"])), [("b", "x", "2")])
        self.assertEqual(self.shown(("key", ["x"]), ("value", ["2", "3"])), [("b", "x", "2")])
        self.assertEqual(self.shown(("propagate-at-launch", ["true"])), [("a", "y", "v")])
        self.asg.delete_tags(Tags=[
            {"ResourceId": "a", "ResourceType": "auto-scaling-group", "Key": "x"},
            {"ResourceId": "a", "ResourceType": "auto-scaling-group", "Key": "none"}])
        self.assertEqual([t["Key"] for t in self.api.group("a")["Tags"]], ["y"])

    def test_what_is_refused(self):
        self.make_group()
        create = self.asg.create_or_update_tags
        self.refused("ValidationError", "not found", create, Tags=[self.tag("k", group="none")])
        self.refused("ValidationError", "", create, Tags=[self.tag("k", ResourceType="fleet")])
        self.refused("LimitExceeded", "", create, Tags=[self.tag(f"k{n}") for n in range(51)])
        self.refused("ValidationError", "ey", create, Tags=[self.tag("k" * 129)])
        self.refused("ValidationError", "alue", create, Tags=[self.tag("k", "v" * 257)])
        self.refused("ValidationError", "colour", self.asg.describe_tags,
                     Filters=[{"Name": "colour", "Values": ["red"]}])
        self.assertEqual(self.api.group("web")["Tags"], [])


class ProcessTest(ApiTest):
    ALL = {"Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance",
           "HealthCheck", "InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions"}

    def suspended(self):
        return {row["ProcessName"]: row["SuspensionReason"]
                for row in self.api.group("web")["SuspendedProcesses"]}

    def test_suspended_and_resumed(self):
        self.make_group()
        self.asg.suspend_processes(AutoScalingGroupName="web",
                                   ScalingProcesses=["Launch", "AZRebalance"])
        rows = self.suspended()
        self.assertEqual(set(rows), {"Launch", "AZRebalance"})
        for reason in rows.values():
            self.assertRegex(reason, r"^User suspended at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.asg.resume_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
        self.assertEqual(set(self.suspended()), {"AZRebalance"})
        self.asg.suspend_processes(AutoScalingGroupName="web")
        self.assertEqual(set(self.suspended()), self.ALL)
        self.assertEqual({row["ProcessName"] for row in
                          self.asg.describe_scaling_process_types()["Processes"]}, self.ALL)
        self.asg.resume_processes(AutoScalingGroupName="web")
        self.assertEqual(self.suspended(), {})

    def test_what_is_suspended_does_not_happen(self):
        self.make_group()
        self.asg.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
        group = self.api.group("web")
        self.assertEqual((group["DesiredCapacity"], group["Instances"]), (2, []))
        self.asg.resume_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
        self.api.wait_for_in_service("web", 2)

    def test_what_is_refused(self):
        self.make_group()
        self.refused("ValidationError", "", self.asg.suspend_processes,
                     AutoScalingGroupName="web", ScalingProcesses=["Dream"])
        for call in (self.asg.suspend_processes, self.asg.resume_processes):
            self.refused("ValidationError", "not found", call, AutoScalingGroupName="nobody")


class ConstantTest(ApiTest):
    def test_constant_answers(self):
        asg = self.asg
        self.assertEqual({row["AdjustmentType"] for row in
                          asg.describe_adjustment_types()["AdjustmentTypes"]},
                         {"ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"})
        self.assertEqual(set(asg.describe_termination_policy_types()["TerminationPolicyTypes"]),
                         {"Default", "AllocationStrategy", "ClosestToNextInstanceHour",
                          "NewestInstance", "OldestInstance", "OldestLaunchConfiguration",
                          "OldestLaunchTemplate"})
        kinds = asg.describe_metric_collection_types()
        self.assertEqual([row["Granularity"] for row in kinds["Granularities"]], ["1Minute"])
        self.assertIn("GroupInServiceInstances", {row["Metric"] for row in kinds["Metrics"]})
        self.assertEqual(set(asg.describe_lifecycle_hook_types()["LifecycleHookTypes"]),
                         {"autoscaling:EC2_INSTANCE_LAUNCHING",
                          "autoscaling:EC2_INSTANCE_TERMINATING"})
        self.assertIn("autoscaling:TEST_NOTIFICATION", asg.
                      describe_auto_scaling_notification_types()["AutoScalingNotificationTypes"])

    def test_the_limits_and_what_is_used(self):
        before = self.asg.describe_account_limits()
        self.assertEqual((before["MaxNumberOfAutoScalingGroups"],
                          before["MaxNumberOfLaunchConfigurations"]), (500, 200))
        self.make_group()
        after = self.asg.describe_account_limits()
        self.assertEqual(after["NumberOfAutoScalingGroups"],
                         before["NumberOfAutoScalingGroups"] + 1)

    def test_lists_of_what_cannot_be_there_are_empty(self):
        self.make_group()
        asg = self.asg
        self.assertEqual(asg.describe_lifecycle_hooks(AutoScalingGroupName="web")[
            "LifecycleHooks"], [])
        self.assertEqual(asg.describe_instance_refreshes(AutoScalingGroupName="web",
                                                         MaxRecords=1)["InstanceRefreshes"], [])
        self.assertEqual(asg.describe_notification_configurations()[
            "NotificationConfigurations"], [])
        pool = asg.describe_warm_pool(AutoScalingGroupName="web")
        self.assertEqual(pool["Instances"], [])
        self.assertNotIn("WarmPoolConfiguration", pool)
        for call in (asg.describe_lifecycle_hooks, asg.describe_instance_refreshes,
                     asg.describe_warm_pool):
            self.refused("ValidationError", "not found", call, AutoScalingGroupName="nobody")

    def test_actions_that_are_not_built_say_so(self):
        self.make_group()
        group = {"AutoScalingGroupName": "web"}
        hook = {**group, "LifecycleHookName": "h"}
        for action, parameters in (
                ("PutLifecycleHook", {**hook, "LifecycleTransition":
                                      "autoscaling:EC2_INSTANCE_LAUNCHING"}),
                ("DeleteLifecycleHook", hook),
                ("CompleteLifecycleAction", {**hook, "LifecycleActionResult": "CONTINUE"}),
                ("RecordLifecycleActionHeartbeat", hook), ("PutWarmPool", group),
                ("DeleteWarmPool", group), ("StartInstanceRefresh", group),
                ("CancelInstanceRefresh", group), ("RollbackInstanceRefresh", group),
                ("PutNotificationConfiguration", {
                    **group, "TopicARN": "arn:aws:sns:x:y:z",
                    "NotificationTypes.member.1": "autoscaling:EC2_INSTANCE_LAUNCH"}),
                ("DeleteNotificationConfiguration", {**group, "TopicARN": "arn:aws:sns:x:y:z"}),
                ("LaunchInstances", {**group, "RequestedCapacity": "1", "ClientToken": "x"}),
                ("GetPredictiveScalingForecast", {
                    **group, "PolicyName": "p", "StartTime": "2026-01-01T00:00:00Z",
                    "EndTime": "2026-01-02T00:00:00Z"}),
                ("PutAccountSetting", {"Name": "n", "Value": "v"})):
            status, body, headers = self.api.post(action, parameters)
            text = body.decode()
            self.assertEqual(status, 400, text)
            self.assertIn("<Code>InvalidAction</Code>", text)
            self.assertIn(action, text)


if __name__ == "__main__":
    unittest.main()
