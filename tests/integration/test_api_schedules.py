"""Scheduled actions as boto3 puts, lists and deletes them, in the sequences of Terraform's
aws_autoscaling_schedule (internal/service/autoscaling/schedule.go of the AWS provider: put,
describe by name until it is there, put again, delete, describe) and Ansible's
autoscaling_scheduled_action; batches, of which a part fails; a run that comes."""

import datetime
import sys
import unittest

from api_fixture import ApiTest, wait_for

UTC = datetime.timezone.utc


def later(**times):
    return (datetime.datetime.now(UTC) + datetime.timedelta(**times)).replace(microsecond=0)


class TestSchedules(ApiTest):
    def actions(self, **arguments):
        return self.asg.describe_scheduled_actions(AutoScalingGroupName="web", **arguments)[
            "ScheduledUpdateGroupActions"]

    def put(self, name, **arguments):
        self.asg.put_scheduled_update_group_action(AutoScalingGroupName="web",
                                                   ScheduledActionName=name, **arguments)

    def test_terraform_creates_changes_and_destroys_one(self):
        self.make_group(size=1)
        start = later(hours=2)
        self.put("night", StartTime=start, EndTime=later(days=30), MinSize=0, MaxSize=3,
                 DesiredCapacity=0)
        (row,) = self.actions(ScheduledActionNames=["night"])
        self.assertEqual(row["StartTime"], start)
        self.assertEqual(row["Time"], start)
        self.assertEqual((row["MinSize"], row["MaxSize"], row["DesiredCapacity"]), (0, 3, 0))
        self.assertNotIn("Recurrence", row)
        self.assertNotIn("TimeZone", row)
        self.assertRegex(row["ScheduledActionARN"],
                         r"^arn:aws:autoscaling:us-east-1:000000000000:"
                         r"scheduledUpdateGroupAction:[0-9a-f-]{36}:"
                         r"autoScalingGroupName/web:scheduledActionName/night$")
        self.put("night", Recurrence="0 22 * * *", TimeZone="Europe/Berlin", MaxSize=5)
        (again,) = self.actions(ScheduledActionNames=["night"])
        self.assertEqual(again["ScheduledActionARN"], row["ScheduledActionARN"])
        self.assertEqual(again["TimeZone"], "Europe/Berlin")
        self.assertEqual(again["Recurrence"], "0 22 * * *")
        self.assertNotIn("MinSize", again)  # unset sizes read back as absent
        self.assertNotIn("DesiredCapacity", again)
        self.assertNotIn("EndTime", again)
        self.assertIn(again["StartTime"].hour, (20, 21))  # 22:00 there
        self.asg.delete_scheduled_action(AutoScalingGroupName="web",
                                         ScheduledActionName="night")
        self.assertEqual(self.actions(ScheduledActionNames=["night"]), [])
        self.refused("ValidationError", "not found", self.asg.delete_scheduled_action,
                     AutoScalingGroupName="web", ScheduledActionName="night")
        self.refused("ValidationError", "not found", self.asg.describe_scheduled_actions,
                     AutoScalingGroupName="gone")

    def test_what_cannot_be_is_refused(self):
        self.make_group(size=1)
        start = later(hours=1)
        self.put("one", StartTime=start, MinSize=0)
        self.refused("AlreadyExists", "already exists", self.put, name="two", StartTime=start,
                     MinSize=0)
        self.refused("ValidationError", "in the past", self.put, name="two",
                     StartTime=later(hours=-1), MinSize=0)
        self.refused("ValidationError", "sets nothing", self.put, name="two",
                     StartTime=later(hours=3))
        self.refused("ValidationError", "no time zone", self.put, name="two", MinSize=0,
                     Recurrence="0 1 * * *", TimeZone="Mars/Base")
        self.put("one", StartTime=start, MinSize=1)  # itself again
        for sizes, words in (((3, 4, 5), "above max 4"), ((3, 4, 2), "below min 3")):
            least, most, wanted = sizes
            self.refused("ValidationError", words, self.put, name="two",
                         StartTime=later(hours=3), MinSize=least, MaxSize=most,
                         DesiredCapacity=wanted)

    def test_what_is_shown_as_a_start_is_anothers_no_more(self):
        self.make_group(size=1)
        self.put("daily", Recurrence="0 5 * * *", MinSize=0)
        (daily,) = self.actions()
        taken = ("AlreadyExists", "already exists")
        self.refused(*taken, self.put, name="again", Recurrence="0 5 * * *", MinSize=0)
        self.refused(*taken, self.put, name="once", StartTime=daily["StartTime"], MinSize=0)
        self.put("daily", Recurrence="0 5 * * *", MinSize=1)  # itself again
        answer = self.asg.batch_put_scheduled_update_group_action(
            AutoScalingGroupName="web", ScheduledUpdateGroupActions=[
                {"ScheduledActionName": "b", "Recurrence": "0 5 * * *", "MinSize": 0},
                {"ScheduledActionName": "c", "Recurrence": "1 5 * * *", "MinSize": 0}])
        self.assertEqual([(row["ScheduledActionName"], row["ErrorCode"])
                          for row in answer["FailedScheduledUpdateGroupActions"]],
                         [("b", "AlreadyExists")])
        self.assertEqual([row["ScheduledActionName"] for row in self.actions()],
                         ["c", "daily"])

    def test_batches_say_what_failed(self):
        self.make_group(size=1)
        start = later(hours=1)
        answer = self.asg.batch_put_scheduled_update_group_action(
            AutoScalingGroupName="web", ScheduledUpdateGroupActions=[
                {"ScheduledActionName": "a", "StartTime": start, "MinSize": 0},
                {"ScheduledActionName": "b", "StartTime": start, "MinSize": 0},
                {"ScheduledActionName": "c", "Recurrence": "* * *", "MinSize": 0},
                {"ScheduledActionName": "d", "Recurrence": "0 0 * * *", "MinSize": 0}])
        failed = {row["ScheduledActionName"]: row["ErrorCode"]
                  for row in answer["FailedScheduledUpdateGroupActions"]}
        self.assertEqual(failed, {"b": "AlreadyExists", "c": "ValidationError"})
        self.assertEqual([row["ScheduledActionName"] for row in self.actions()], ["a", "d"])
        pages = self.asg.get_paginator("describe_scheduled_actions").paginate(
            AutoScalingGroupName="web", PaginationConfig={"PageSize": 1})
        self.assertEqual([row["ScheduledActionName"] for page in pages
                          for row in page["ScheduledUpdateGroupActions"]], ["a", "d"])
        answer = self.asg.batch_delete_scheduled_action(
            AutoScalingGroupName="web", ScheduledActionNames=["a", "nobody", "d"])
        (failed,) = answer["FailedScheduledActions"]
        self.assertEqual(failed["ScheduledActionName"], "nobody")
        self.assertIn("not found", failed["ErrorMessage"])
        self.assertEqual(self.actions(), [])

    def test_a_run_comes_and_the_action_is_gone(self):
        self.make_group(size=1)
        self.put("soon", StartTime=later(seconds=3), MinSize=0, MaxSize=4, DesiredCapacity=2)
        wait_for("the run", lambda: self.api.group("web", self.asg)["DesiredCapacity"] == 2,
                 60, pause=0.1)
        self.assertEqual(self.actions(), [])
        self.assertEqual(self.api.group("web", self.asg)["MaxSize"], 4)


class TestTraffic(ApiTest):
    def states(self, ask, rows, name, **arguments):
        return {row[name]: row["State"]
                for row in ask(AutoScalingGroupName="web", **arguments)[rows]}

    def test_terraform_attaches_and_detaches_and_waits(self):
        self.make_group(size=0, MinSize=0)
        arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/a/1"
        self.asg.attach_load_balancers(AutoScalingGroupName="web",
                                       LoadBalancerNames=["classic"])
        # Newer than Debian's botocore.
        status, body, _ = self.api.post("AttachTrafficSources", {
            "AutoScalingGroupName": "web", "TrafficSources.member.1.Identifier": arn})
        self.assertEqual(status, 200, body)
        self.assertEqual(self.states(self.asg.describe_load_balancers, "LoadBalancers",
                                     "LoadBalancerName")["classic"], "Adding")

        def groups():
            return self.states(self.asg.describe_load_balancer_target_groups,
                               "LoadBalancerTargetGroups", "LoadBalancerTargetGroupARN")
        wait_for("Added", lambda: groups() == {arn: "Added"}, 30, pause=0.05)
        group = self.api.group("web", self.asg)
        self.assertEqual(group["LoadBalancerNames"], ["classic"])
        self.assertEqual(group["TargetGroupARNs"], [arn])
        self.asg.detach_load_balancer_target_groups(AutoScalingGroupName="web",
                                                    TargetGroupARNs=[arn])
        self.assertEqual(groups(), {arn: "Removing"})
        wait_for("gone", lambda: groups() == {}, 30, pause=0.05)
        self.refused("ValidationError", "Trying to remove Target Groups",
                     self.asg.detach_load_balancer_target_groups, AutoScalingGroupName="web",
                     TargetGroupARNs=[arn])

    def test_metrics_are_collected_as_named(self):
        self.make_group(size=0, MinSize=0)
        self.asg.enable_metrics_collection(AutoScalingGroupName="web", Granularity="1Minute",
                                           Metrics=["GroupMaxSize", "GroupMinSize"])
        rows = self.api.group("web", self.asg)["EnabledMetrics"]
        self.assertEqual({row["Metric"] for row in rows}, {"GroupMaxSize", "GroupMinSize"})
        self.assertEqual({row["Granularity"] for row in rows}, {"1Minute"})
        self.asg.disable_metrics_collection(AutoScalingGroupName="web",
                                            Metrics=["GroupMaxSize"])
        (row,) = self.api.group("web", self.asg)["EnabledMetrics"]
        self.assertEqual(row["Metric"], "GroupMinSize")
        self.asg.enable_metrics_collection(AutoScalingGroupName="web", Granularity="1Minute")
        self.assertGreater(len(self.api.group("web", self.asg)["EnabledMetrics"]), 15)
        self.asg.disable_metrics_collection(AutoScalingGroupName="web")
        self.assertEqual(self.api.group("web", self.asg)["EnabledMetrics"], [])


if __name__ == "__main__":
    sys.exit(unittest.main())
