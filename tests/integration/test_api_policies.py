#!/usr/bin/python3
"""The unmodified boto3 puts, runs and deletes policies and scheduled actions, and keeps
balancers, traffic sources and metrics collection, by the Auto Scaling API. Each reply is held
against the model (api_model.py)."""

import datetime
import sys
import unittest

try:
    import boto3  # noqa: F401
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from api_fixture import ACCOUNT, REGION, ApiTest, wait_for

UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def hours(count):
    """A whole second, so many hours from now."""
    return (datetime.datetime.now(datetime.timezone.utc)
            + datetime.timedelta(hours=count)).replace(microsecond=0)


class PolicyTest(ApiTest):
    def put(self, name="p", **more):
        return self.asg.put_scaling_policy(AutoScalingGroupName="web", PolicyName=name, **more)

    def put_simple(self, name="p", **more):
        return self.put(name, **{"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1,
                                 **more})

    def shown(self, **parameters):
        pages = self.asg.get_paginator("describe_policies").paginate(**parameters)
        return [row for page in pages for row in page["ScalingPolicies"]]

    def execute(self, name="p", **more):
        self.asg.execute_policy(AutoScalingGroupName="web", PolicyName=name, **more)

    def test_a_simple_policy_and_its_run(self):
        self.make_group()
        made = self.put_simple(AdjustmentType="PercentChangeInCapacity", ScalingAdjustment=50,
                               MinAdjustmentMagnitude=2, Cooldown=60)
        self.assertRegex(made["PolicyARN"],
                         f"^arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{UUID}:"
                         "autoScalingGroupName/web:policyName/p$")
        self.assertEqual(made["Alarms"], [])
        row, = self.shown()
        for name, value in (("AutoScalingGroupName", "web"), ("PolicyName", "p"),
                            ("PolicyARN", made["PolicyARN"]), ("PolicyType", "SimpleScaling"),
                            ("AdjustmentType", "PercentChangeInCapacity"),
                            ("ScalingAdjustment", 50), ("MinAdjustmentMagnitude", 2),
                            ("Cooldown", 60), ("Alarms", []), ("Enabled", True)):
            self.assertEqual(row[name], value, name)
        self.assertNotIn("StepAdjustments", {k: v for k, v in row.items() if v})
        self.execute()
        self.api.wait_for_in_service("web", 2, self.asg)
        self.refused("ScalingActivityInProgress", "", self.execute, HonorCooldown=True)
        self.execute(HonorCooldown=False)
        self.api.wait_for_in_service("web", 4, self.asg)
        causes = [a["Cause"] for a in self.asg.describe_scaling_activities(
            AutoScalingGroupName="web")["Activities"]]
        self.assertTrue(any("a user request executed policy p changing the desired capacity "
                            "from 2 to 4" in cause for cause in causes), causes)

    def test_the_same_name_again_changes_it(self):
        self.make_group()
        first = self.put_simple()["PolicyARN"]
        self.assertEqual(self.put_simple(ScalingAdjustment=3)["PolicyARN"], first)
        row, = self.shown()
        self.assertEqual(row["ScalingAdjustment"], 3)

    def test_a_step_policy_and_its_run(self):
        self.make_group()
        steps = [{"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 20.0,
                  "ScalingAdjustment": 1},
                 {"MetricIntervalLowerBound": 20.0, "ScalingAdjustment": 3}]
        self.put(PolicyType="StepScaling", AdjustmentType="ChangeInCapacity",
                 StepAdjustments=steps, EstimatedInstanceWarmup=30)
        row, = self.shown()
        self.assertEqual(row["PolicyType"], "StepScaling")
        self.assertEqual(row["StepAdjustments"], steps)
        self.assertEqual(row["MetricAggregationType"], "Average")
        self.assertEqual(row["EstimatedInstanceWarmup"], 30)
        self.refused("ValidationError", "", self.execute)
        self.execute(MetricValue=75.0, BreachThreshold=50.0)
        self.api.wait_for_in_service("web", 3, self.asg)

    def test_a_target_tracking_policy_and_its_alarms(self):
        self.make_group()
        target = {"PredefinedMetricSpecification": {
            "PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 50.5}
        made = self.put(PolicyType="TargetTrackingScaling", TargetTrackingConfiguration={
            **target, "DisableScaleIn": False})
        names = sorted(alarm["AlarmName"] for alarm in made["Alarms"])
        self.assertRegex(names[0], f"^TargetTracking-web-AlarmHigh-{UUID}$")
        self.assertRegex(names[1], f"^TargetTracking-web-AlarmLow-{UUID}$")
        for alarm in made["Alarms"]:
            self.assertEqual(alarm["AlarmARN"], f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:"
                             + alarm["AlarmName"])
        row, = self.shown()
        self.assertEqual(row["TargetTrackingConfiguration"], {**target, "DisableScaleIn": False})
        self.assertEqual(row["Alarms"], made["Alarms"])
        made = self.put("up", PolicyType="TargetTrackingScaling", TargetTrackingConfiguration={
            **target, "DisableScaleIn": True})
        self.assertEqual(len(made["Alarms"]), 1)
        self.assertIn("-AlarmHigh-", made["Alarms"][0]["AlarmName"])
        self.refused("ValidationError", "", self.execute)

    def test_listed_by_group_name_arn_and_kind(self):
        self.make_group("other")
        self.make_group()
        arns = [self.put_simple(f"p{n}")["PolicyARN"] for n in range(4)]
        self.put("steps", PolicyType="StepScaling", AdjustmentType="ExactCapacity",
                 StepAdjustments=[{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}])
        self.asg.put_scaling_policy(AutoScalingGroupName="other", PolicyName="p0",
                                    AdjustmentType="ExactCapacity", ScalingAdjustment=0)

        def names(**parameters):
            return [(row["AutoScalingGroupName"], row["PolicyName"])
                    for row in self.shown(**parameters)]

        self.assertEqual(len(names()), 6)
        self.assertEqual(len(names(PaginationConfig={"PageSize": 2})), 6)
        self.assertEqual(names(AutoScalingGroupName="web", PolicyTypes=["StepScaling"]),
                         [("web", "steps")])
        self.assertEqual(names(AutoScalingGroupName="web", PolicyNames=["p1", "nobody"]),
                         [("web", "p1")])
        self.assertEqual(names(PolicyNames=[arns[2]]), [("web", "p2")])
        self.refused("ValidationError", "not found", self.asg.describe_policies,
                     AutoScalingGroupName="nobody")
        self.refused("ValidationError", "", self.asg.describe_policies, MaxRecords=101)

    def test_deleted_by_name_and_by_arn(self):
        self.make_group()
        self.put_simple("a")
        arn = self.put_simple("b")["PolicyARN"]
        delete = self.asg.delete_policy
        self.refused("ValidationError", "", delete, PolicyName="a")
        delete(AutoScalingGroupName="web", PolicyName="a")
        delete(PolicyName=arn)
        self.assertEqual(self.shown(), [])
        self.refused("ValidationError", "not found", delete, AutoScalingGroupName="web",
                     PolicyName="a")
        self.refused("ValidationError", "not found", delete, PolicyName=arn)

    def test_a_disabled_policy_is_kept_and_does_nothing(self):
        self.make_group()
        self.put_simple(Enabled=False)
        self.assertFalse(self.shown()[0]["Enabled"])

    def test_what_is_refused(self):
        self.make_group()
        step = [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}]
        cpu = {"PredefinedMetricSpecification": {
            "PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 50.0}
        for bad in (
                {"ScalingAdjustment": 1}, {"AdjustmentType": "ChangeInCapacity"},
                {"AdjustmentType": "Guess", "ScalingAdjustment": 1},
                {"PolicyType": "Magic"},
                {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1,
                 "StepAdjustments": step},
                {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1,
                 "MinAdjustmentMagnitude": 2},
                {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity"},
                {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity",
                 "StepAdjustments": step, "Cooldown": 5},
                {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity",
                 "StepAdjustments": step, "ScalingAdjustment": 1},
                {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity",
                 "StepAdjustments": step, "MetricAggregationType": "Median"},
                {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity",
                 "StepAdjustments": [  # they overlap
                     {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 20.0,
                      "ScalingAdjustment": 1},
                     {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 2}]},
                {"PolicyType": "TargetTrackingScaling"},
                {"PolicyType": "TargetTrackingScaling", "AdjustmentType": "ExactCapacity",
                 "TargetTrackingConfiguration": cpu},
                {"PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": {
                    "TargetValue": 1.0}},
                {"PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": {
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "ALBRequestCountPerTarget"},
                    "TargetValue": 1.0}}):
            self.refused("ValidationError", "", self.put, **bad)
        self.assertEqual(self.shown(), [])
        self.refused("ValidationError", "not found", self.asg.put_scaling_policy,
                     AutoScalingGroupName="nobody", PolicyName="p",
                     AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
        self.refused("ValidationError", "not found", self.execute, name="nobody")


class ScheduleTest(ApiTest):
    def put(self, name="s", **more):
        self.asg.put_scheduled_update_group_action(AutoScalingGroupName="web",
                                                   ScheduledActionName=name, **more)

    def shown(self, **parameters):
        pages = self.asg.get_paginator("describe_scheduled_actions").paginate(**parameters)
        return [row for page in pages for row in page["ScheduledUpdateGroupActions"]]

    def test_one_that_recurs(self):
        self.make_group()
        self.put(Recurrence="30 0 1 1,6,12 *", MinSize=1, DesiredCapacity=2,
                 TimeZone="Europe/Berlin")
        row, = self.shown(AutoScalingGroupName="web")
        self.assertRegex(row["ScheduledActionARN"],
                         f"^arn:aws:autoscaling:{REGION}:{ACCOUNT}:scheduledUpdateGroupAction:"
                         f"{UUID}:autoScalingGroupName/web:scheduledActionName/s$")
        for name, value in (("Recurrence", "30 0 1 1,6,12 *"), ("MinSize", 1),
                            ("DesiredCapacity", 2), ("TimeZone", "Europe/Berlin"),
                            ("AutoScalingGroupName", "web"), ("ScheduledActionName", "s")):
            self.assertEqual(row[name], value, name)
        self.assertNotIn("MaxSize", row)  # unset sizes read back as absent
        self.assertGreater(row["StartTime"], hours(0))  # its next time
        self.assertEqual(row["Time"], row["StartTime"])
        self.put(Recurrence="30 0 1 1,6,12 *", MaxSize=3)
        row, = self.shown()
        self.assertEqual((row["MaxSize"], row.get("MinSize"), row.get("DesiredCapacity")),
                         (3, None, None))

    def test_one_that_runs_once(self):
        self.make_group()
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        self.put(StartTime=at, DesiredCapacity=1)
        self.api.wait_for_in_service("web", 1, self.asg)
        self.assertGreaterEqual(datetime.datetime.now(datetime.timezone.utc),
                                at.replace(microsecond=0))
        wait_for("it to be over", lambda: self.shown() == [])
        cause = self.asg.describe_scaling_activities(AutoScalingGroupName="web")[
            "Activities"][0]["Cause"]
        self.assertIn("a scheduled action update of AutoScalingGroup constraints to min: ",
                      cause)

    def test_in_batches_and_the_good_ones_are_done(self):
        self.make_group()
        answer = self.asg.batch_put_scheduled_update_group_action(
            AutoScalingGroupName="web", ScheduledUpdateGroupActions=[
                {"ScheduledActionName": "a", "StartTime": hours(1), "MinSize": 1},
                {"ScheduledActionName": "bad", "StartTime": hours(2)},
                {"ScheduledActionName": "b", "Recurrence": "0 * * * *", "MaxSize": 4}])
        failed = answer["FailedScheduledUpdateGroupActions"]
        self.assertEqual([(f["ScheduledActionName"], f["ErrorCode"]) for f in failed],
                         [("bad", "ValidationError")])
        self.assertTrue(failed[0]["ErrorMessage"])
        self.assertEqual(sorted(row["ScheduledActionName"] for row in self.shown()), ["a", "b"])
        answer = self.asg.batch_delete_scheduled_action(
            AutoScalingGroupName="web", ScheduledActionNames=["a", "nobody"])
        self.assertEqual([f["ScheduledActionName"] for f in answer["FailedScheduledActions"]],
                         ["nobody"])
        self.assertEqual([row["ScheduledActionName"] for row in self.shown()], ["b"])
        self.asg.delete_scheduled_action(AutoScalingGroupName="web", ScheduledActionName="b")
        self.assertEqual(self.shown(), [])

    def test_listed_by_name_by_time_and_by_pages(self):
        self.make_group()
        for number in range(1, 6):
            self.put(f"s{number}", StartTime=hours(number), MaxSize=number)

        def names(**parameters):
            return [row["ScheduledActionName"] for row in
                    self.shown(AutoScalingGroupName="web", **parameters)]

        self.assertEqual(sorted(names()), ["s1", "s2", "s3", "s4", "s5"])
        self.assertEqual(len(set(names(PaginationConfig={"PageSize": 2}))), 5)
        self.assertEqual(sorted(names(ScheduledActionNames=["s2", "nobody"])), ["s2"])
        window = {"StartTime": hours(1.5), "EndTime": hours(3.5)}
        self.assertEqual(sorted(names(**window)), ["s2", "s3"])
        self.assertEqual(names(ScheduledActionNames=["s5"], **window), ["s5"])

    def test_what_is_refused(self):
        self.make_group()
        self.put("first", StartTime=hours(5), MinSize=1)
        self.refused("AlreadyExists", "", self.put, name="second", StartTime=hours(5), MinSize=2)
        for bad in ({"StartTime": hours(1)}, {"MinSize": 1},
                    {"StartTime": hours(-1), "MinSize": 1},
                    {"Recurrence": "sometimes", "MinSize": 1},
                    {"Recurrence": "0 * * * *", "MinSize": 1, "TimeZone": "Mars/Olympus"},
                    {"StartTime": hours(2), "EndTime": hours(1), "MinSize": 1},
                    {"StartTime": hours(2), "MinSize": 3, "MaxSize": 1}):
            self.refused("ValidationError", "", self.put, name="bad", **bad)
        self.refused("ValidationError", "not found", self.asg.delete_scheduled_action,
                     AutoScalingGroupName="web", ScheduledActionName="nobody")
        self.assertEqual([row["ScheduledActionName"] for row in self.shown()], ["first"])


ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/"


class SourcesTest(ApiTest):
    """Kept as configuration; nothing is registered with a balancer yet."""

    def until_added(self, call, list_name, key, wanted):
        wait_for("what is attached", lambda: {
            row[key]: row["State"] for row in call(AutoScalingGroupName="web")[list_name]}
            == wanted)

    def test_target_groups(self):
        self.make_group()
        arns = [ARN + "one/1111", ARN + "two/2222"]
        self.asg.attach_load_balancer_target_groups(AutoScalingGroupName="web",
                                                    TargetGroupARNs=arns)
        self.assertEqual(sorted(self.api.group("web")["TargetGroupARNs"]), arns)
        describe = self.asg.describe_load_balancer_target_groups
        first = describe(AutoScalingGroupName="web")["LoadBalancerTargetGroups"]
        self.assertLessEqual({row["State"] for row in first}, {"Adding", "Added"})
        self.until_added(describe, "LoadBalancerTargetGroups", "LoadBalancerTargetGroupARN",
                         {arn: "Added" for arn in arns})
        self.asg.detach_load_balancer_target_groups(AutoScalingGroupName="web",
                                                    TargetGroupARNs=arns[:1])
        self.until_added(describe, "LoadBalancerTargetGroups", "LoadBalancerTargetGroupARN",
                         {arns[1]: "Added"})
        self.assertEqual(self.api.group("web")["TargetGroupARNs"], arns[1:])

    def test_classic_balancers(self):
        self.make_group(LoadBalancerNames=["first"])
        self.asg.attach_load_balancers(AutoScalingGroupName="web", LoadBalancerNames=["second"])
        self.assertEqual(sorted(self.api.group("web")["LoadBalancerNames"]),
                         ["first", "second"])
        self.until_added(self.asg.describe_load_balancers, "LoadBalancers", "LoadBalancerName",
                         {"first": "Added", "second": "Added"})
        self.asg.detach_load_balancers(AutoScalingGroupName="web", LoadBalancerNames=["first"])
        self.until_added(self.asg.describe_load_balancers, "LoadBalancers", "LoadBalancerName",
                         {"second": "Added"})

    def test_traffic_sources(self):
        self.make_group()
        lattice = "arn:aws:vpc-lattice:us-east-1:000000000000:targetgroup/tg-1"
        self.asg.attach_traffic_sources(AutoScalingGroupName="web",
                                        TrafficSources=[{"Identifier": lattice}])
        self.assertEqual([row["Identifier"] for row in
                          self.api.group("web")["TrafficSources"]], [lattice])
        wait_for("it to be added", lambda: [
            (row["TrafficSource"], row["State"]) for row in self.asg.describe_traffic_sources(
                AutoScalingGroupName="web", TrafficSourceType="vpc-lattice")["TrafficSources"]]
            == [(lattice, "Added")])
        self.asg.detach_traffic_sources(AutoScalingGroupName="web",
                                        TrafficSources=[{"Identifier": lattice}])
        wait_for("it to be gone", lambda: self.api.group("web")["TrafficSources"] == [])

    def test_what_is_refused(self):
        self.make_group()
        for call, more in (
                (self.asg.attach_load_balancers, {"LoadBalancerNames": ["x"]}),
                (self.asg.attach_load_balancer_target_groups, {"TargetGroupARNs": [ARN + "x"]}),
                (self.asg.attach_traffic_sources, {"TrafficSources": [{"Identifier": ARN}]}),
                (self.asg.describe_load_balancers, {}),
                (self.asg.describe_load_balancer_target_groups, {})):
            self.refused("ValidationError", "not found", call, AutoScalingGroupName="nobody",
                         **more)


class MetricsTest(ApiTest):
    def shown(self):
        return sorted((row["Metric"], row["Granularity"])
                      for row in self.api.group("web")["EnabledMetrics"])

    def test_what_is_enabled_is_shown_exactly(self):
        self.make_group()
        self.asg.enable_metrics_collection(
            AutoScalingGroupName="web", Granularity="1Minute",
            Metrics=["GroupMinSize", "GroupInServiceInstances"])
        self.assertEqual(self.shown(), [("GroupInServiceInstances", "1Minute"),
                                        ("GroupMinSize", "1Minute")])
        self.asg.disable_metrics_collection(AutoScalingGroupName="web",
                                            Metrics=["GroupMinSize"])
        self.assertEqual(self.shown(), [("GroupInServiceInstances", "1Minute")])
        self.asg.enable_metrics_collection(AutoScalingGroupName="web", Granularity="1Minute")
        every = {row["Metric"] for row in
                 self.asg.describe_metric_collection_types()["Metrics"]}
        self.assertEqual({name for name, _ in self.shown()}, every)
        self.asg.disable_metrics_collection(AutoScalingGroupName="web")
        self.assertEqual(self.shown(), [])

    def test_what_is_refused(self):
        self.make_group()
        enable = self.asg.enable_metrics_collection
        self.refused("ValidationError", "", enable, AutoScalingGroupName="web",
                     Granularity="5Minutes")
        self.refused("ValidationError", "", enable, AutoScalingGroupName="web",
                     Granularity="1Minute", Metrics=["GroupMood"])
        self.refused("ValidationError", "not found", enable, AutoScalingGroupName="nobody",
                     Granularity="1Minute")


if __name__ == "__main__":
    unittest.main()
