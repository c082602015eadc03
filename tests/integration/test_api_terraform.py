#!/usr/bin/python3
"""The calls of Terraform's AWS provider, in its order, with its parameters and its idea of when
something is done: aws_launch_template, aws_autoscaling_group, aws_autoscaling_policy and
aws_autoscaling_schedule, each created, read, changed, imported and destroyed. The sequences are
those of hashicorp/terraform-provider-aws (2025): internal/service/autoscaling/group.go, policy.go,
schedule.go, group_waiter code and internal/service/ec2/ec2_launch_template.go. boto3 sends them, as
there is no Terraform in Debian."""

import datetime
import sys
import unittest

try:
    import boto3  # noqa: F401
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from api_fixture import IMAGE, SUBNETS, ApiTest, wait_for


class Terraform:
    """The provider: what it asks, and when it is content."""

    def __init__(self, asg, ec2):
        self.asg = asg
        self.ec2 = ec2

    def retry(self, codes, call, **parameters):
        """tfresource.RetryWhenAWSErrCodeEquals."""
        def attempt():
            try:
                return [call(**parameters)]
            except ClientError as error:
                if error.response["Error"]["Code"] not in codes:
                    raise
                return None

        return wait_for(f"no {codes}", attempt)[0]

    # ---- aws_autoscaling_group ----

    def find_group(self, name):
        """Exactly one row of that name, or None when the list is empty."""
        rows = [row for page in self.asg.get_paginator("describe_auto_scaling_groups").paginate(
            AutoScalingGroupNames=[name]) for row in page["AutoScalingGroups"]]
        assert len(rows) <= 1, rows
        assert all(row["AutoScalingGroupName"] == name for row in rows)
        return rows[0] if rows else None

    def wait_for_capacity(self, name, is_enough, since):
        """waitGroupCapacitySatisfied: no activity failed since, and so many instances are
        exactly Healthy and InService, by weight."""
        def look():
            for page in self.asg.get_paginator("describe_scaling_activities").paginate(
                    AutoScalingGroupName=name):
                for row in page["Activities"]:
                    failed = row["StatusCode"] == "Failed" and row.get("Progress") == 100
                    if failed and row["StartTime"] > since:
                        raise AssertionError(f"scaling activity failed: {row}")
            group = self.find_group(name)
            ready = sum(int(row.get("WeightedCapacity") or 1) for row in group["Instances"]
                        if row["HealthStatus"] == "Healthy"
                        and row["LifecycleState"] == "InService")
            return is_enough(ready)

        wait_for(f"capacity of {name}", look, pause=0.1)

    def create_group(self, name, wait_for_count=0, processes=(), metrics=(), **settings):
        since = datetime.datetime.now(datetime.timezone.utc)
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName=name, **{"NewInstancesProtectedFromScaleIn": False, **settings})
        self.wait_for_capacity(name, lambda ready: ready >= wait_for_count, since)
        if processes:
            self.asg.suspend_processes(AutoScalingGroupName=name,
                                       ScalingProcesses=list(processes))
        if metrics:
            self.asg.enable_metrics_collection(AutoScalingGroupName=name, Granularity="1Minute",
                                               Metrics=list(metrics))
        return self.find_group(name)

    def update_group(self, name, exactly=None, **changes):
        since = datetime.datetime.now(datetime.timezone.utc)
        self.asg.update_auto_scaling_group(
            AutoScalingGroupName=name, **{"NewInstancesProtectedFromScaleIn": False, **changes})
        if exactly is not None:
            self.wait_for_capacity(name, lambda ready: ready == exactly, since)
        return self.find_group(name)

    def update_tags(self, name, gone, wanted):
        def tag(key, value, propagate):
            return {"Key": key, "ResourceId": name, "ResourceType": "auto-scaling-group",
                    "Value": value, "PropagateAtLaunch": propagate}

        if gone:
            self.asg.delete_tags(Tags=[tag(*row) for row in gone])
        if wanted:
            self.asg.create_or_update_tags(Tags=[tag(*row) for row in wanted])

    def attach_and_wait(self, call, describe, list_name, name, **parameters):
        """Lots of ten, each until no row says Adding or Removing."""
        call(AutoScalingGroupName=name, **parameters)

        def is_settled():
            rows = [row for page in self.pages(describe, AutoScalingGroupName=name)
                    for row in page[list_name]]
            return [rows] if all(row["State"] not in ("Adding", "Removing")
                                 for row in rows) else None

        return wait_for(f"{list_name} to settle", is_settled)[0]

    @staticmethod
    def pages(describe, **parameters):
        page = describe(**parameters)
        yield page
        while "NextToken" in page:
            page = describe(NextToken=page["NextToken"], **parameters)
            yield page

    def destroy_group(self, name, force=False):
        group = self.find_group(name)
        if group is None:
            return
        assert "WarmPoolConfiguration" not in group
        if not force:
            self.asg.update_auto_scaling_group(AutoScalingGroupName=name, DesiredCapacity=0,
                                               MinSize=0, MaxSize=0)
            ids = [row["InstanceId"] for row in group["Instances"]
                   if row["ProtectedFromScaleIn"]]
            if ids:
                try:
                    self.asg.set_instance_protection(AutoScalingGroupName=name, InstanceIds=ids,
                                                     ProtectedFromScaleIn=False)
                except ClientError as error:
                    if "not part of Auto Scaling group" not in str(error):
                        raise
            wait_for(f"{name} to drain", lambda: not self.find_group(name)["Instances"])
        self.retry(("ResourceInUse", "ScalingActivityInProgress"),
                   self.asg.delete_auto_scaling_group, AutoScalingGroupName=name,
                   ForceDelete=force)
        wait_for(f"{name} to be gone", lambda: self.find_group(name) is None)

    # ---- aws_autoscaling_policy, aws_autoscaling_schedule ----

    def find_one(self, describe, list_name, **parameters):
        """None: an empty list, or ValidationError with the words `not found`."""
        try:
            rows = [row for page in self.pages(describe, **parameters)
                    for row in page[list_name]]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError" and \
                    "not found" in error.response["Error"]["Message"]:
                return None
            raise
        assert len(rows) <= 1, rows
        return rows[0] if rows else None

    def find_policy(self, group, name):
        return self.find_one(self.asg.describe_policies, "ScalingPolicies",
                             AutoScalingGroupName=group, PolicyNames=[name])

    def find_schedule(self, group, name):
        return self.find_one(self.asg.describe_scheduled_actions, "ScheduledUpdateGroupActions",
                             AutoScalingGroupName=group, ScheduledActionNames=[name])

    def delete(self, call, **parameters):
        try:
            call(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError" or \
                    "not found" not in error.response["Error"]["Message"]:
                raise

    # ---- aws_launch_template, in EC2 ----

    def create_template(self, name, **data):
        made = self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        return self.read_template(made["LaunchTemplate"]["LaunchTemplateId"])

    def read_template(self, template_id):
        template = self.ec2.describe_launch_templates(LaunchTemplateIds=[template_id])[
            "LaunchTemplates"][0]
        version = self.ec2.describe_launch_template_versions(
            LaunchTemplateId=template_id, Versions=[str(template["LatestVersionNumber"])])[
                "LaunchTemplateVersions"][0]
        return {**template, "Data": version["LaunchTemplateData"]}

    def update_template(self, template_id, **data):
        version = self.ec2.create_launch_template_version(
            LaunchTemplateId=template_id, LaunchTemplateData=data)["LaunchTemplateVersion"][
                "VersionNumber"]
        self.ec2.modify_launch_template(LaunchTemplateId=template_id,
                                        DefaultVersion=str(version))
        return self.read_template(template_id)


class TerraformTest(ApiTest):
    def setUp(self):
        self.tf = Terraform(self.asg, self.ec2)

    def group(self, **more):
        return {"MinSize": 1, "MaxSize": 4, "DesiredCapacity": 2, "HealthCheckGracePeriod": 300,
                "HealthCheckType": "EC2",
                "LaunchTemplate": {"LaunchTemplateId": self.template_id, "Version": "$Latest"},
                "VPCZoneIdentifier": f"{SUBNETS['us-east-1a']},{SUBNETS['us-east-1b']}",
                "Tags": [{"Key": "Name", "Value": "tf", "PropagateAtLaunch": True,
                          "ResourceId": "tf", "ResourceType": "auto-scaling-group"}], **more}

    def assert_plan_is_empty(self, name, group):
        """What it read after the apply is what it reads on the next plan (and import)."""
        again = self.tf.find_group(name)
        for rows in (group, again):
            rows["Instances"] = sorted(row["InstanceId"] for row in rows["Instances"])
        self.assertEqual(again, group)

    def test_a_group_from_create_to_destroy(self):
        tf = self.tf
        made = tf.create_group("tf", 2, processes=["AZRebalance"],
                               metrics=["GroupMinSize", "GroupMaxSize"], **self.group())
        wish = self.group()
        for member in ("MinSize", "MaxSize", "DesiredCapacity", "HealthCheckGracePeriod",
                       "HealthCheckType", "Tags"):
            self.assertEqual(made[member], wish[member], member)
        # Sets of Terraform: the order is nothing to it, the members are all.
        self.assertEqual(set(made["VPCZoneIdentifier"].split(",")),
                         set(wish["VPCZoneIdentifier"].split(",")))
        self.assertEqual(made["LaunchTemplate"]["Version"], "$Latest")
        self.assertEqual(made["LaunchTemplate"]["LaunchTemplateId"], self.template_id)
        self.assertEqual({row["Metric"] for row in made["EnabledMetrics"]},
                         {"GroupMinSize", "GroupMaxSize"})
        self.assertEqual([row["ProcessName"] for row in made["SuspendedProcesses"]],
                         ["AZRebalance"])
        self.assertEqual(made["TerminationPolicies"], ["Default"])
        for absent in ("DesiredCapacityType", "MaxInstanceLifetime", "PlacementGroup",
                       "WarmPoolConfiguration", "MixedInstancesPolicy", "Status"):
            self.assertNotIn(absent, made)
        self.assert_plan_is_empty("tf", made)

        changed = tf.update_group("tf", exactly=3, DesiredCapacity=3, MaxSize=5,
                                  DefaultCooldown=60, HealthCheckGracePeriod=10,
                                  TerminationPolicies=["OldestInstance"])
        self.assertEqual((changed["DesiredCapacity"], changed["MaxSize"],
                          changed["DefaultCooldown"], changed["TerminationPolicies"]),
                         (3, 5, 60, ["OldestInstance"]))
        changed = tf.update_group("tf", exactly=1, DesiredCapacity=1, TerminationPolicies=[
            "Default"], DefaultInstanceWarmup=120)
        self.assertEqual(changed["DefaultInstanceWarmup"], 120)
        tf.update_tags("tf", [("Name", "tf", True)], [("Role", "web", False)])
        self.assertEqual([tag["Key"] for tag in tf.find_group("tf")["Tags"]], ["Role"])
        tf.asg.disable_metrics_collection(AutoScalingGroupName="tf", Metrics=["GroupMinSize"])
        tf.asg.resume_processes(AutoScalingGroupName="tf", ScalingProcesses=["AZRebalance"])
        self.assertEqual(len(tf.find_group("tf")["EnabledMetrics"]), 1)
        self.assert_plan_is_empty("tf", tf.find_group("tf"))

        tf.destroy_group("tf")
        self.assertIsNone(tf.find_group("tf"))
        tf.destroy_group("tf")

    def test_protected_instances_do_not_hold_up_the_destroy(self):
        self.tf.create_group("tf", 2, **self.group(NewInstancesProtectedFromScaleIn=True))
        self.tf.destroy_group("tf")

    def test_force_delete(self):
        self.tf.create_group("tf", 2, **self.group())
        self.tf.destroy_group("tf", force=True)

    def test_a_new_version_of_the_template_and_a_new_template(self):
        tf = self.tf
        first = tf.create_template("tf-first", ImageId=IMAGE, InstanceType="t3.micro")
        self.addCleanup(self.ec2.delete_launch_template,
                        LaunchTemplateId=first["LaunchTemplateId"])
        self.assertEqual((first["LatestVersionNumber"], first["DefaultVersionNumber"]), (1, 1))
        group = tf.create_group("tf", 1, **self.group(MinSize=1, DesiredCapacity=1, LaunchTemplate={
            "LaunchTemplateId": first["LaunchTemplateId"], "Version": "$Default"}))
        self.assertEqual(group["Instances"][0]["InstanceType"], "t3.micro")
        second = tf.update_template(first["LaunchTemplateId"], ImageId=IMAGE,
                                    InstanceType="t3.small")
        self.assertEqual((second["LatestVersionNumber"], second["DefaultVersionNumber"]), (2, 2))
        self.assertEqual(second["Data"]["InstanceType"], "t3.small")
        group = tf.update_group("tf", exactly=2, DesiredCapacity=2)
        self.assertEqual({row["LaunchTemplate"]["Version"]: row["InstanceType"]
                          for row in group["Instances"]}, {"1": "t3.micro", "2": "t3.small"})
        group = tf.update_group("tf", LaunchTemplate={
            "LaunchTemplateId": self.template_id, "Version": "1"})
        self.assertEqual(group["LaunchTemplate"]["LaunchTemplateName"], "web")
        tf.destroy_group("tf", force=True)

    def test_balancers_are_attached_and_detached_in_lots(self):
        tf = self.tf
        tf.create_group("tf", **self.group(MinSize=0, DesiredCapacity=0))
        arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/"
        arns = [f"{arn}g{n}/{n}" for n in range(10)]
        rows = tf.attach_and_wait(tf.asg.attach_load_balancer_target_groups,
                                  tf.asg.describe_load_balancer_target_groups,
                                  "LoadBalancerTargetGroups", "tf", TargetGroupARNs=arns)
        self.assertEqual({row["State"] for row in rows}, {"Added"})
        self.assertEqual(set(tf.find_group("tf")["TargetGroupARNs"]), set(arns))
        rows = tf.attach_and_wait(tf.asg.detach_load_balancer_target_groups,
                                  tf.asg.describe_load_balancer_target_groups,
                                  "LoadBalancerTargetGroups", "tf", TargetGroupARNs=arns)
        self.assertEqual(rows, [])
        lattice = "arn:aws:vpc-lattice:us-east-1:000000000000:targetgroup/tg-1"
        rows = tf.attach_and_wait(
            tf.asg.attach_traffic_sources,
            lambda **more: tf.asg.describe_traffic_sources(TrafficSourceType="vpc-lattice",
                                                           **more),
            "TrafficSources", "tf", TrafficSources=[{"Identifier": lattice}])
        self.assertEqual([row["TrafficSource"] for row in rows], [lattice])
        tf.destroy_group("tf")

    def test_policies(self):
        tf = self.tf
        tf.create_group("tf", **self.group(MinSize=0, DesiredCapacity=0))
        self.assertIsNone(tf.find_policy("tf", "cpu"))
        for kind, settings in (
                # 0 is sent as a placeholder where the kind does not take a cooldown
                ("SimpleScaling", {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 2,
                                   "Cooldown": 0}),
                ("StepScaling", {
                    "AdjustmentType": "PercentChangeInCapacity", "MetricAggregationType":
                    "Average", "MinAdjustmentMagnitude": 1, "StepAdjustments": [
                        {"MetricIntervalLowerBound": 1.0, "MetricIntervalUpperBound": 2.0,
                         "ScalingAdjustment": -1},
                        {"MetricIntervalLowerBound": 2.0, "ScalingAdjustment": 1}]}),
                ("TargetTrackingScaling", {
                    "EstimatedInstanceWarmup": 90, "TargetTrackingConfiguration": {
                        "PredefinedMetricSpecification": {
                            "PredefinedMetricType": "ASGAverageCPUUtilization"},
                        "TargetValue": 40.0, "DisableScaleIn": False}})):
            self.asg.put_scaling_policy(AutoScalingGroupName="tf", PolicyName=kind,
                                        PolicyType=kind, Enabled=True, **settings)
            row = tf.find_policy("tf", kind)
            self.assertEqual((row["PolicyType"], row["Enabled"]), (kind, True))
            for member, value in settings.items():
                self.assertEqual(row.get(member, 0), value, (kind, member))
            tf.delete(self.asg.delete_policy, AutoScalingGroupName="tf", PolicyName=kind)
            self.assertIsNone(tf.find_policy("tf", kind))
            tf.delete(self.asg.delete_policy, AutoScalingGroupName="tf", PolicyName=kind)
        tf.destroy_group("tf")
        self.assertIsNone(tf.find_policy("tf", "cpu"))
        tf.delete(self.asg.delete_policy, AutoScalingGroupName="tf", PolicyName="cpu")

    def test_schedules(self):
        tf = self.tf
        tf.create_group("tf", **self.group(MinSize=0, DesiredCapacity=0))
        start = (datetime.datetime.now(datetime.timezone.utc)
                 + datetime.timedelta(days=1)).replace(microsecond=0)
        self.asg.put_scheduled_update_group_action(
            AutoScalingGroupName="tf", ScheduledActionName="night", StartTime=start,
            EndTime=start + datetime.timedelta(days=1), MinSize=0, MaxSize=1, DesiredCapacity=0)
        row = tf.find_schedule("tf", "night")
        self.assertEqual((row["StartTime"], row["EndTime"]),
                         (start, start + datetime.timedelta(days=1)))
        self.assertEqual((row["MinSize"], row["MaxSize"], row["DesiredCapacity"]), (0, 1, 0))
        # -1 in Terraform: that size is not sent, and must not be read back as a number
        self.asg.put_scheduled_update_group_action(
            AutoScalingGroupName="tf", ScheduledActionName="often", Recurrence="0 8 * * *",
            TimeZone="Pacific/Tahiti", DesiredCapacity=1)
        row = tf.find_schedule("tf", "often")
        self.assertEqual((row["Recurrence"], row["TimeZone"]), ("0 8 * * *", "Pacific/Tahiti"))
        self.assertNotIn("MinSize", row)
        self.assertNotIn("MaxSize", row)
        for name in ("night", "often", "nobody"):
            tf.delete(self.asg.delete_scheduled_action, AutoScalingGroupName="tf",
                      ScheduledActionName=name)
            self.assertIsNone(tf.find_schedule("tf", name))
        tf.destroy_group("tf")
        self.assertIsNone(tf.find_schedule("tf", "night"))

    def test_a_failed_launch_is_told_and_ends_the_wait(self):
        fault = self.api.cluster.control("POST", "/_control/faults",
                                         kind="capacity", type="t3.micro")
        self.addCleanup(self.api.cluster.control, "DELETE", f"/_control/faults/{fault['id']}")
        with self.assertRaisesRegex(AssertionError, "scaling activity failed"):
            self.tf.create_group("tf", 1, **self.group(DesiredCapacity=1))

    def test_all_groups_are_listed_without_names(self):
        for number in range(3):
            self.make_group(f"g{number}")
        pages = self.asg.get_paginator("describe_auto_scaling_groups").paginate()
        self.assertEqual([g["AutoScalingGroupName"] for page in pages
                          for g in page["AutoScalingGroups"]], ["g0", "g1", "g2"])

    def test_the_action_set_desired_capacity(self):
        """Describe, bounds, SetDesiredCapacity, then until InService is exactly desired."""
        self.make_group("tf", 1)
        self.tf.find_group("tf")
        self.asg.update_auto_scaling_group(AutoScalingGroupName="tf", MinSize=1, MaxSize=6)
        self.asg.set_desired_capacity(AutoScalingGroupName="tf", DesiredCapacity=4,
                                      HonorCooldown=False)

        def is_there():
            group = self.tf.find_group("tf")
            count = sum(row["LifecycleState"] == "InService" for row in group["Instances"])
            return count == group["DesiredCapacity"] == 4

        wait_for("exactly what was set", is_there)


if __name__ == "__main__":
    unittest.main()
