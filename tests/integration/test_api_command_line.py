"""A group that a client of the API made, seen and changed by `openasg`: neither loses what the
other said."""

import os
import subprocess
import sys
import unittest

from api_fixture import IMAGE, ApiTest, wait_for


class TestCommandLine(ApiTest):
    def config_of(self, name):
        """The group's section of a file for `openasg apply`."""
        return self.api.cluster.openasg("export", name).split("\n", 1)[1]

    def apply(self, text):
        path = os.path.join(self.api.folder, "group.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.api.cluster.openasg("apply", path)

    def test_a_file_of_the_group_changes_nothing_and_makes_another(self):
        self.make_group(size=0, MinSize=0, HealthCheckType="EC2,ELB",
                        LoadBalancerNames=["classic"],
                        Tags=[{"Key": "a", "Value": "b", "PropagateAtLaunch": False},
                              {"Key": "c", "Value": "d", "PropagateAtLaunch": True}])
        wait_for("Added", lambda: self.asg.describe_load_balancers(AutoScalingGroupName="web")[
            "LoadBalancers"][0]["State"] == "Added", 30, pause=0.05)
        before = self.api.group("web", self.asg)
        text = self.config_of("web")
        self.apply(text)
        self.assertEqual(self.api.group("web", self.asg), before)
        self.assertIn("name: web\n", text)
        self.apply(text.replace("name: web\n", "name: copy\n", 1))
        copy = self.api.group("copy", self.asg)
        self.assertNotEqual(copy["AutoScalingGroupARN"].split(":autoScalingGroupName")[0],
                            before["AutoScalingGroupARN"].split(":autoScalingGroupName")[0])
        self.assertEqual(copy["HealthCheckType"], "EC2,ELB")
        self.assertEqual(copy["LoadBalancerNames"], ["classic"])
        self.assertEqual([tag["PropagateAtLaunch"] for tag in copy["Tags"]], [False, True])

    def test_a_launch_configuration_and_deletion_protection(self):
        self.make_group(size=0, MinSize=0)
        self.asg.create_launch_configuration(LaunchConfigurationName="lc", ImageId=IMAGE,
                                             InstanceType="t3.micro")
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName="lc")
        ask = self.api.cluster.openasg
        ask("group", "update", "web", "--launch-configuration", "lc", "--deletion-protection",
            "prevent-all-deletion")
        group = self.api.group("web", self.asg)
        self.assertEqual(group["LaunchConfigurationName"], "lc")
        self.assertNotIn("LaunchTemplate", group)
        self.assertIn("prevent-all-deletion", ask("group", "show", "web"))
        self.refused("ValidationError", "deletion protection", self.asg.delete_auto_scaling_group,
                     AutoScalingGroupName="web")
        ask("group", "update", "web", "--template", "web", "--deletion-protection", "none")
        group = self.api.group("web", self.asg)
        self.assertNotIn("LaunchConfigurationName", group)
        self.assertEqual(group["LaunchTemplate"]["LaunchTemplateName"], "web")

    # ---- export, diff, apply ----

    def described(self, name):
        """All that the API tells of a group but what is new with each creation."""
        group = self.api.group(name, self.asg)
        policies = self.asg.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
        actions = self.asg.describe_scheduled_actions(AutoScalingGroupName=name)[
            "ScheduledUpdateGroupActions"]
        for key in ("AutoScalingGroupARN", "CreatedTime", "Instances"):
            group.pop(key, None)
        for source in group.get("TrafficSources", []):
            source.pop("State", None)
        for metric in group.get("EnabledMetrics", []):
            metric.pop("Granularity", None)
        for policy in policies:
            for key in ("PolicyARN", "Alarms"):
                policy.pop(key, None)
        for action in actions:
            for key in ("ScheduledActionARN", "Time", "StartTime"):
                action.pop(key, None)
        return group, policies, actions

    def diff(self, path, *more):
        """The exit code of `openasg diff`, and what it says."""
        done = subprocess.run(self.api.cluster.openasg_command("diff", "-f", path, *more),
                              env=self.api.cluster.env, capture_output=True, text=True,
                              timeout=60)
        return done.returncode, done.stdout + done.stderr

    def check_taken_back(self, name):
        """Exported there is no difference; deleted and applied it is what it was."""
        path = os.path.join(self.api.folder, f"{name}.yaml")
        before = self.described(name)
        text = self.api.cluster.openasg("export", name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.assertEqual(self.diff(path, "--prune", "--set-desired")[0], 0, text)
        self.asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
        self.api.wait_until_gone(name)
        code, said = self.diff(path)
        self.assertEqual(code, 1, said)
        self.api.cluster.openasg("apply", "-f", path)
        self.assertEqual(self.diff(path, "--prune", "--set-desired")[0], 0, text)
        self.assertEqual(self.described(name), before)
        return path

    def test_what_the_api_made_is_exported_and_taken_back(self):
        self.make_group(size=0, MinSize=0, HealthCheckType="EC2,ELB",
                        DefaultInstanceWarmup=90, CapacityRebalance=True, PlacementGroup="pg",
                        TerminationPolicies=["OldestInstance"],
                        LoadBalancerNames=["classic"], NewInstancesProtectedFromScaleIn=True,
                        Context="ctx", DesiredCapacityType="units",
                        Tags=[{"Key": "yes", "Value": "a: b # c", "PropagateAtLaunch": False},
                              {"Key": "\u00fc", "Value": "1e3", "PropagateAtLaunch": True}])
        self.asg.enable_metrics_collection(
            AutoScalingGroupName="web", Granularity="1Minute",
            Metrics=["GroupMinSize", "GroupTotalInstances"])
        put = self.asg.put_scaling_policy
        put(AutoScalingGroupName="web", PolicyName="# cpu: 50",
            PolicyType="TargetTrackingScaling", TargetTrackingConfiguration={
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ASGAverageCPUUtilization"},
                "TargetValue": 52.5, "DisableScaleIn": True})
        put(AutoScalingGroupName="web", PolicyName="steps", PolicyType="StepScaling",
            AdjustmentType="PercentChangeInCapacity", MinAdjustmentMagnitude=2,
            MetricAggregationType="Maximum", EstimatedInstanceWarmup=120,
            StepAdjustments=[{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10.5,
                              "ScalingAdjustment": 10},
                             {"MetricIntervalLowerBound": 10.5, "ScalingAdjustment": 30}])
        put(AutoScalingGroupName="web", PolicyName="simple", PolicyType="SimpleScaling",
            AdjustmentType="ChangeInCapacity", ScalingAdjustment=-1, Cooldown=90)
        self.asg.put_scheduled_update_group_action(
            AutoScalingGroupName="web", ScheduledActionName="morning: 1",
            Recurrence="0 8 * * 1-5", TimeZone="Europe/Berlin", MinSize=1)
        self.asg.put_scheduled_update_group_action(
            AutoScalingGroupName="web", ScheduledActionName="utc",
            Recurrence="30 8 * * 1-5", TimeZone="UTC", DesiredCapacity=2)
        path = self.check_taken_back("web")
        # What only the API changes is told, and refused with its place.
        self.asg.disable_metrics_collection(AutoScalingGroupName="web")
        code, said = self.diff(path)
        self.assertEqual(code, 1, said)
        self.assertIn("cannot be applied: the collected metrics", said)
        refused = self.api.cluster.openasg("apply", "-f", path, check=False)
        self.assertIn("web.yaml:", refused)

    def test_a_group_in_both_markets_is_exported_and_taken_back(self):
        self.make_group("mixed", size=0, MinSize=0, MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateName": "web", "Version": "1"},
                "Overrides": [{"InstanceType": "t3.micro"},
                              {"InstanceType": "t3.small"}]},
            "InstancesDistribution": {"OnDemandBaseCapacity": 1, "SpotInstancePools": 3,
                                      "OnDemandPercentageAboveBaseCapacity": 0,
                                      "SpotAllocationStrategy": "lowest-price",
                                      "SpotMaxPrice": "0.05"}})
        self.check_taken_back("mixed")

    def test_much_of_a_group_is_terminated_only_by_force(self):
        self.make_group(size=4, MinSize=0)
        path = os.path.join(self.api.folder, "small.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("group: {name: web, max: 1}\n")
        ask = self.api.cluster.openasg
        tried = ask("apply", "-f", path, "--dry-run")
        self.assertIn("would terminate 3 instances (4 now, 1 desired)", tried)
        refused = ask("apply", "-f", path, check=False)
        self.assertIn("would terminate 3 of the 4 instances of group web", refused)
        self.assertIn("--force", refused)
        self.assertEqual(self.api.group("web", self.asg)["MaxSize"], 10)
        applied = ask("apply", "-f", path, "--force")
        self.assertIn("will terminate 3 instances", applied)
        self.assertEqual(self.api.group("web", self.asg)["DesiredCapacity"], 1)

    def test_a_launch_configuration_is_named_and_kept(self):
        self.asg.create_launch_configuration(LaunchConfigurationName="old", ImageId=IMAGE,
                                             InstanceType="t3.micro")
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName="old")
        self.make_group("old", size=0, MinSize=0, LaunchConfigurationName="old")
        self.check_taken_back("old")
        self.api.remove_all_groups()


if __name__ == "__main__":
    sys.exit(unittest.main())
