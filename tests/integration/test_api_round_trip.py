"""What a client sends comes back: members that openasg does not act on, exactly as they came;
mixed policies with AWS's defaults beside; names with characters that XML minds; scaling
policies of the three kinds; launch configurations with all that tools read unchecked."""

import base64
import os
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_fixture import IMAGE, SUBNETS, ApiTest  # noqa: E402

NAMESPACE = "{http://autoscaling.amazonaws.com/doc/2011-01-01/}"
SPECIAL = "<a & 'b' \"c\"> ]]> \u00fc \u20ac \U0001f41f\r\n\tend"
BASICS = [("MinSize", "0"), ("MaxSize", "5"), ("LaunchTemplate.LaunchTemplateName", "web"),
          ("VPCZoneIdentifier", ",".join(list(SUBNETS.values())[:2]))]

# Members that Debian's botocore does not know: sent as they stand, seen as they stand.
NEWER = [
    ("AvailabilityZoneDistribution.CapacityDistributionStrategy", "balanced-only"),
    ("AvailabilityZoneImpairmentPolicy.ImpairedZoneHealthCheckBehavior", "IgnoreUnhealthy"),
    ("AvailabilityZoneImpairmentPolicy.ZonalShiftEnabled", "true"),
    ("CapacityReservationSpecification.CapacityReservationPreference",
     "capacity-reservations-first"),
    ("CapacityReservationSpecification.CapacityReservationTarget."
     "CapacityReservationIds.member.1", "cr-1"),
    ("CapacityReservationSpecification.CapacityReservationTarget."
     "CapacityReservationIds.member.2", "cr-2"),
    ("DeletionProtection", "prevent-force-deletion"),
    ("InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon", "retain"),
    ("InstanceMaintenancePolicy.MaxHealthyPercentage", "120"),
    ("InstanceMaintenancePolicy.MinHealthyPercentage", "90"),
    ("Context", "ctx"),
    ("DesiredCapacityType", "units"),
    ("HealthCheckType", "EC2,ELB"),
    ("PlacementGroup", "pg"),
]


def pairs_of(element, path=""):
    """An answer's element as pairs of a form."""
    children = list(element)
    number = 0
    if not children:
        yield path, element.text or ""
    for child in children:
        name = child.tag.removeprefix(NAMESPACE)
        if name == "member":
            number += 1
            name = f"member.{number}"
        yield from pairs_of(child, f"{path}.{name}" if path else name)


class RoundTripTest(ApiTest):
    def post(self, action, pairs, status=200):
        got, body, _ = self.api.post(action, pairs)
        self.assertEqual(got, status, body)
        return xml.fromstring(body)

    def described(self, name="web"):
        answer = self.post("DescribeAutoScalingGroups",
                           {"AutoScalingGroupNames.member.1": name})
        return dict(pairs_of(answer.find(f".//{NAMESPACE}AutoScalingGroups/"
                                         f"{NAMESPACE}member")))

    def create(self, *pairs):
        self.post("CreateAutoScalingGroup", [("AutoScalingGroupName", "web"), *BASICS, *pairs])

    def update(self, *pairs):
        self.post("UpdateAutoScalingGroup", [("AutoScalingGroupName", "web"), *pairs])

    def test_newer_members_come_back_exactly(self):
        self.create(*NEWER)
        group = self.described()
        for path, value in NEWER:
            self.assertEqual(group.get(path), value, path)

    def test_an_update_changes_what_it_says_and_leaves_the_rest(self):
        self.create(*NEWER)
        self.update(("InstanceMaintenancePolicy.MinHealthyPercentage", "50"),
                    ("InstanceMaintenancePolicy.MaxHealthyPercentage", "110"),
                    ("PlacementGroup", ""))
        group = self.described()
        gone = {"PlacementGroup"}
        changed = {"InstanceMaintenancePolicy.MinHealthyPercentage": "50",
                   "InstanceMaintenancePolicy.MaxHealthyPercentage": "110"}
        for path, value in NEWER:
            wanted = None if path in gone else changed.get(path, value)
            self.assertEqual(group.get(path), wanted, path)
        self.update(("InstanceMaintenancePolicy.MinHealthyPercentage", "-1"),
                    ("InstanceMaintenancePolicy.MaxHealthyPercentage", "-1"))
        self.assertFalse([path for path in self.described()
                          if path.startswith("InstanceMaintenancePolicy")])

    def test_a_default_comes_back_when_it_was_given(self):
        names = ("CapacityRebalance", "DeletionProtection")
        self.create()
        self.assertEqual([self.described().get(name) for name in names], [None, None])
        self.update(("CapacityRebalance", "false"), ("DeletionProtection", "none"))
        self.assertEqual([self.described().get(name) for name in names], ["false", "none"])
        self.update(("CapacityRebalance", "true"),
                    ("DeletionProtection", "prevent-all-deletion"))
        self.assertEqual([self.described().get(name) for name in names],
                         ["true", "prevent-all-deletion"])
        self.update(("DeletionProtection", "none"))
        self.assertEqual([self.described().get(name) for name in names], ["true", "none"])

    def test_special_characters_survive(self):
        name = "web-<&>'\""
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=0, MaxSize=1,
            LaunchTemplate={"LaunchTemplateName": "web"}, AvailabilityZones=["us-east-1a"],
            Context=SPECIAL, Tags=[{"Key": "k<&>", "Value": "v\u00fc<&>\"'"}])
        group = self.api.group(name, self.asg)
        self.assertEqual(group["AutoScalingGroupName"], name)
        self.assertEqual(group["Context"], SPECIAL)
        self.assertEqual([(tag["Key"], tag["Value"]) for tag in group["Tags"]],
                         [("k<&>", "v\u00fc<&>\"'")])

    def test_a_mixed_policy_comes_back_with_the_defaults(self):
        policy = {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateName": "web", "Version": "1"},
                "Overrides": [{"InstanceType": "t3.small"}, {"InstanceType": "t3.micro"}]},
            "InstancesDistribution": {"OnDemandBaseCapacity": 1,
                                      "SpotAllocationStrategy": "price-capacity-optimized"}}
        self.make_group(MixedInstancesPolicy=policy)
        shown = self.api.group("web", self.asg)["MixedInstancesPolicy"]
        specification = shown["LaunchTemplate"]["LaunchTemplateSpecification"]
        self.assertEqual(specification, {"LaunchTemplateName": "web", "Version": "1",
                                         "LaunchTemplateId": self.template_id})
        self.assertEqual(shown["LaunchTemplate"]["Overrides"],
                         policy["LaunchTemplate"]["Overrides"])
        self.assertEqual(shown["InstancesDistribution"], {
            "OnDemandAllocationStrategy": "prioritized", "OnDemandBaseCapacity": 1,
            "OnDemandPercentageAboveBaseCapacity": 100,
            "SpotAllocationStrategy": "price-capacity-optimized"})
        self.asg.update_auto_scaling_group(
            AutoScalingGroupName="web",
            MixedInstancesPolicy={"InstancesDistribution": {"OnDemandBaseCapacity": 3}})
        group = self.api.group("web", self.asg)
        shown = group["MixedInstancesPolicy"]
        self.assertEqual(shown["InstancesDistribution"]["OnDemandBaseCapacity"], 3)
        self.assertEqual(shown["InstancesDistribution"]["SpotAllocationStrategy"],
                         "price-capacity-optimized")
        self.assertEqual(len(shown["LaunchTemplate"]["Overrides"]), 2)
        self.assertNotIn("LaunchTemplate", group)
        # A template takes its place.
        self.asg.update_auto_scaling_group(AutoScalingGroupName="web",
                                           LaunchTemplate={"LaunchTemplateName": "web"})
        group = self.api.group("web", self.asg)
        self.assertNotIn("MixedInstancesPolicy", group)
        self.assertEqual(group["LaunchTemplate"], {"LaunchTemplateName": "web",
                                                   "LaunchTemplateId": self.template_id,
                                                   "Version": "$Default"})

    def test_policies_of_three_kinds(self):
        self.make_group(size=1)
        tracking = {"PredefinedMetricSpecification":
                    {"PredefinedMetricType": "ASGAverageCPUUtilization"},
                    "TargetValue": 47.25, "DisableScaleIn": True}
        steps = [{"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -1},
                 {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 12.5,
                  "ScalingAdjustment": 1},
                 {"MetricIntervalLowerBound": 12.5, "ScalingAdjustment": 2}]
        first = self.asg.put_scaling_policy(
            AutoScalingGroupName="web", PolicyName="target", PolicyType="TargetTrackingScaling",
            EstimatedInstanceWarmup=30, TargetTrackingConfiguration=tracking)
        self.assertEqual(len(first["Alarms"]), 1)
        self.asg.put_scaling_policy(
            AutoScalingGroupName="web", PolicyName="steps", PolicyType="StepScaling",
            AdjustmentType="ChangeInCapacity", StepAdjustments=steps,
            MetricAggregationType="Minimum", Enabled=False)
        simple = self.asg.put_scaling_policy(
            AutoScalingGroupName="web", PolicyName="simple", Cooldown=60,
            AdjustmentType="PercentChangeInCapacity", ScalingAdjustment=100,
            MinAdjustmentMagnitude=2)
        rows = {row["PolicyName"]: row for row in
                self.asg.describe_policies(AutoScalingGroupName="web")["ScalingPolicies"]}
        self.assertEqual(rows["target"]["TargetTrackingConfiguration"], tracking)
        self.assertEqual(rows["target"]["EstimatedInstanceWarmup"], 30)
        self.assertEqual(rows["target"]["Alarms"], first["Alarms"])
        self.assertEqual(rows["steps"]["StepAdjustments"], steps)
        self.assertEqual(rows["steps"]["MetricAggregationType"], "Minimum")
        self.assertFalse(rows["steps"]["Enabled"])
        self.assertEqual(rows["simple"]["Cooldown"], 60)
        self.assertEqual(rows["simple"]["MinAdjustmentMagnitude"], 2)
        # A second put is the same policy.
        again = self.asg.put_scaling_policy(
            AutoScalingGroupName="web", PolicyName="target", PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={**tracking, "TargetValue": 50.0})
        self.assertEqual(again, {**first, "ResponseMetadata": again["ResponseMetadata"]})
        # By ARN: 1 and 100 %, at least 2.
        self.asg.execute_policy(PolicyName=simple["PolicyARN"])
        self.assertEqual(self.api.group("web", self.asg)["DesiredCapacity"], 3)
        self.asg.delete_policy(PolicyName=simple["PolicyARN"])
        self.refused("ValidationError", "not found", self.asg.delete_policy,
                     AutoScalingGroupName="web", PolicyName="simple")
        self.refused("ValidationError", "not found", self.asg.delete_policy,
                     PolicyName=simple["PolicyARN"])

    def test_launch_configurations(self):
        user_data = "#!/bin/sh\necho <hi>\n"
        self.asg.create_launch_configuration(
            LaunchConfigurationName="lc", ImageId=IMAGE, InstanceType="t3.micro",
            UserData=user_data, EbsOptimized=True, InstanceMonitoring={"Enabled": False},
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {
                "VolumeSize": 20, "VolumeType": "gp3", "DeleteOnTermination": True}}],
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2,
                             "HttpEndpoint": "enabled"})
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName="lc")
        self.refused("AlreadyExists", "lc", self.asg.create_launch_configuration,
                     LaunchConfigurationName="lc", ImageId=IMAGE, InstanceType="t3.micro")
        [row] = self.asg.describe_launch_configurations()["LaunchConfigurations"]
        self.assertEqual(base64.b64decode(row["UserData"]).decode(), user_data)
        for name in ("KeyName", "KernelId", "RamdiskId"):
            self.assertEqual(row[name], "", name)
        self.assertEqual(row["ClassicLinkVPCSecurityGroups"], [])
        self.assertEqual(row["SecurityGroups"], [])
        self.assertTrue(row["EbsOptimized"])
        self.assertEqual(row["InstanceMonitoring"], {"Enabled": False})
        self.assertEqual(row["BlockDeviceMappings"][0]["Ebs"],
                         {"VolumeSize": 20, "VolumeType": "gp3", "DeleteOnTermination": True})
        self.assertEqual(row["MetadataOptions"]["HttpPutResponseHopLimit"], 2)
        group = self.make_group(size=1, LaunchConfigurationName="lc")
        self.assertEqual(group["LaunchConfigurationName"], "lc")
        self.assertNotIn("LaunchTemplate", group)
        self.assertEqual(group["Instances"][0]["LaunchConfigurationName"], "lc")
        self.refused("ResourceInUse", "lc", self.asg.delete_launch_configuration,
                     LaunchConfigurationName="lc")
        self.api.remove_all_groups()

    def test_a_group_like_an_instance(self):
        made = self.ec2.run_instances(ImageId=IMAGE, InstanceType="t3.small", MinCount=1,
                                      MaxCount=1, SubnetId=SUBNETS["us-east-1b"])
        instance = made["Instances"][0]["InstanceId"]
        self.addCleanup(self.ec2.terminate_instances, InstanceIds=[instance])
        group = self.make_group(size=1, InstanceId=instance,
                                VPCZoneIdentifier=SUBNETS["us-east-1c"])
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName="web")
        self.assertEqual(group["LaunchConfigurationName"], "web")
        self.assertEqual(group["AvailabilityZones"], ["us-east-1c"])
        self.assertEqual(group["Instances"][0]["InstanceType"], "t3.small")
        self.api.remove_all_groups()

    def test_what_is_wrong_is_named_all_at_once(self):
        answer = self.post("CreateAutoScalingGroup", [
            ("AutoScalingGroupName", ""), ("MinSize", "-1"),
            ("InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon", "")], 400)
        message = answer.find(f".//{NAMESPACE}Message").text
        self.assertTrue(message.startswith("4 validation errors detected: "), message)
        for part in ("Value '' at 'autoScalingGroupName' failed to satisfy constraint: Member "
                     "must have length greater than or equal to 1",
                     "Value '-1' at 'minSize' failed",
                     "Value '' at 'instanceLifecyclePolicy.retentionTriggers."
                     "terminateHookAbandon' failed to satisfy constraint: Member must satisfy "
                     "enum value set: [retain, terminate]",
                     "Value null at 'maxSize' failed to satisfy constraint: Member must not be "
                     "null"):
            self.assertIn(part, message)

    def test_words_of_ec2_are_passed_on(self):
        wish = {"AutoScalingGroupName": "x", "MinSize": 0, "MaxSize": 1}
        create = self.asg.create_auto_scaling_group
        self.refused("ValidationError", "You must use a valid fully-formed launch template.",
                     create, LaunchTemplate={"LaunchTemplateName": "none"},
                     AvailabilityZones=["us-east-1a"], **wish)
        self.refused("ValidationError", "subnet-none", create,
                     LaunchTemplate={"LaunchTemplateName": "web"},
                     VPCZoneIdentifier="subnet-none", **wish)
        self.refused("ValidationError", "us-east-9a", create,
                     LaunchTemplate={"LaunchTemplateName": "web"},
                     AvailabilityZones=["us-east-9a"], **wish)


if __name__ == "__main__":
    unittest.main()
