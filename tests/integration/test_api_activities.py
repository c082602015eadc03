"""DescribeScalingActivities as clients use it: one's own orders are there at once, launches
and terminations come to their end, pages and filters, deleted groups, and an index that
is made again from the log."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_fixture import ApiTest  # noqa: E402

from cluster import wait_for  # noqa: E402

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class ActivitiesTest(ApiTest):
    def activities(self, **more):
        return self.asg.describe_scaling_activities(**more)["Activities"]

    def until_over(self, count, name="web"):
        """The group's activities, all of them over, when there are so many."""
        def look():
            rows = self.activities(AutoScalingGroupName=name)
            return rows if len(rows) == count and all(
                row["Progress"] == 100 for row in rows) else None
        return wait_for(f"{count} activities that are over", look, pause=0.05)

    def test_a_new_group_has_its_launches_at_once(self):
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName="web", MinSize=0, MaxSize=5, DesiredCapacity=3,
            LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
            AvailabilityZones=["us-east-1a"])
        rows = self.activities(AutoScalingGroupName="web")
        self.assertEqual(len(rows), 3)
        rows = self.until_over(3)
        arn = self.api.group("web", self.asg)["AutoScalingGroupARN"]
        ids = self.ids_of()
        for row in rows:
            self.assertEqual(row["StatusCode"], "Successful")
            instance = row["Description"].removeprefix("Launching a new EC2 instance: ")
            self.assertIn(instance, ids)
            self.assertRegex(
                row["Cause"],
                rf"^At {TIME} a user request created an AutoScalingGroup changing the desired "
                rf"capacity from 0 to 3\.  At {TIME} an instance was started in response to a "
                r"difference between desired and actual capacity, increasing the capacity from "
                r"0 to 3\.  openasg: requested by tests(; job web-\d+)?\.$")
            self.assertEqual(row["AutoScalingGroupARN"], arn)
            self.assertIn('"Availability Zone":"us-east-1a"', row["Details"])
            self.assertNotIn("AutoScalingGroupState", row)
        self.assertEqual(len({row["ActivityId"] for row in rows}), 3)

    def test_an_order_is_followed_by_its_activities(self):
        self.make_group(size=1)
        for size in (2, 3, 4, 5):
            self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=size)
            rows = self.activities(AutoScalingGroupName="web")
            self.assertEqual(len(rows), size)  # at once, not soon
            self.assertIn(f"from {size - 1} to {size}.", rows[0]["Cause"])
            self.api.wait_for_in_service("web", size, self.asg)
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
        rows = self.activities(AutoScalingGroupName="web")
        ends = [row for row in rows
                if row["Description"].startswith("Terminating EC2 instance: i-")]
        self.assertEqual(len(ends), 2)
        for row in ends:
            self.assertIn("shrinking the capacity from 5 to 3.", row["Cause"])
            instance = row["Description"].split(": ")[1]
            self.assertRegex(row["Cause"],
                             rf"At {TIME} instance {instance} was selected for termination\.")
        self.until_over(7)

    def test_the_newest_come_first_and_pages_lose_nothing(self):
        self.make_group(size=3)
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=8)
        self.api.wait_for_in_service("web", 8, self.asg)
        whole = self.until_over(8)
        times = [row["StartTime"] for row in whole]
        self.assertEqual(times, sorted(times, reverse=True))
        pages = self.asg.get_paginator("describe_scaling_activities").paginate(
            AutoScalingGroupName="web", PaginationConfig={"PageSize": 3})
        seen = [row["ActivityId"] for page in pages for row in page["Activities"]]
        self.assertEqual(seen, [row["ActivityId"] for row in whole])

    def test_ids_give_as_many_as_are_asked_for(self):
        self.make_group(size=2)
        ids = [row["ActivityId"] for row in self.activities(AutoScalingGroupName="web")]
        self.assertEqual(len(self.activities(ActivityIds=ids)), 2)
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
        self.api.wait_until_gone("web", self.asg)
        found = self.activities(ActivityIds=ids + ["00000000-0000-0000-0000-000000000000"])
        self.assertEqual({row["ActivityId"] for row in found}, set(ids))

    def filtered(self, *filters, group="web"):
        """How many activities pass; Debian's botocore does not know Filters yet."""
        pairs = [("AutoScalingGroupName", group)] if group else []
        for i, (name, *values) in enumerate(filters, 1):
            pairs.append((f"Filters.member.{i}.Name", name))
            pairs += [(f"Filters.member.{i}.Values.member.{j}", value)
                      for j, value in enumerate(values, 1)]
        status, body, _ = self.api.post("DescribeScalingActivities", pairs)
        return body.count(b"<ActivityId>") if status == 200 else body.decode()

    def test_filters(self):
        self.make_group(size=2)
        self.until_over(2)
        self.assertEqual(self.filtered(("Status", "Successful")), 2)
        self.assertEqual(self.filtered(("Status", "Failed", "Cancelled")), 0)
        self.assertEqual(self.filtered(("Status", "Failed", "Successful"),
                                       ("StartTimeLowerBound", "2020-01-01T00:00:00Z")), 2)
        self.assertEqual(self.filtered(("StartTimeLowerBound", "2100-01-01T00:00:00Z")), 0)
        self.assertEqual(self.filtered(("StartTimeUpperBound", "2100-01-01T00:00:00Z")), 2)
        refused = self.filtered(("Status", "Failed"), group=None)
        self.assertIn("<Code>ValidationError</Code>", refused)
        self.assertIn("AutoScalingGroupName", refused)

    def test_a_deleted_group_is_shown_when_asked_for(self):
        self.make_group("gone", size=1)
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="gone", ForceDelete=True)
        self.api.wait_until_gone("gone", self.asg)
        self.not_found("gone")
        rows = self.activities(AutoScalingGroupName="gone", IncludeDeletedGroups=True)
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertEqual(row["AutoScalingGroupState"], "Deleted")
        self.assertIn("deleted AutoScalingGroup", rows[0]["Cause"])

    def test_an_empty_group_that_goes_takes_its_activities_along_at_once(self):
        for force in (False, True):
            name = "forced" if force else "emptied"
            self.make_group(name, size=1)
            self.asg.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0,
                                               MaxSize=0, DesiredCapacity=0)
            ids = [row["ActivityId"] for row in self.until_over(2, name)]
            self.api.wait_for_in_service(name, 0, self.asg)
            self.asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=force)
            self.api.wait_until_gone(name, self.asg)
            left = [row["ActivityId"] for row in self.activities()]
            self.assertFalse(set(ids) & set(left))
            rows = self.activities(AutoScalingGroupName=name, IncludeDeletedGroups=True)
            self.assertEqual({row["AutoScalingGroupState"] for row in rows}, {"Deleted"})

    def not_found(self, name, **more):
        self.refused("ValidationError", "AutoScalingGroup name not found - AutoScalingGroup "
                     f"'{name}' not found", self.activities, AutoScalingGroupName=name, **more)

    def test_a_group_that_never_was_is_not_found(self):
        self.not_found("nobody")
        self.not_found("nobody", IncludeDeletedGroups=True)

    def faults(self, method, **form):
        self.api.cluster.control(method, "/_control/faults", **form)

    def test_a_launch_that_fails_says_what_ec2_said(self):
        self.faults("POST", kind="capacity", type="t3.micro")
        try:
            self.asg.create_auto_scaling_group(
                AutoScalingGroupName="web", MinSize=0, MaxSize=5, DesiredCapacity=1,
                LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
                AvailabilityZones=["us-east-1a"])
            row = wait_for("a failed activity", lambda: [
                row for row in self.activities(AutoScalingGroupName="web")
                if row["StatusCode"] == "Failed"], pause=0.05)[0]
        finally:
            self.faults("DELETE")
        self.assertEqual(row["Progress"], 100)
        self.assertIn("EndTime", row)
        self.assertRegex(row["StatusMessage"], r"capacity.* Launching EC2 instance failed\.$")
        self.assertEqual(row["Description"], "Launching a new EC2 instance.  Status Reason: "
                         + row["StatusMessage"])

    def test_a_scale_in_of_protected_ones_says_that_nobody_goes(self):
        self.make_group(size=2)
        self.asg.set_instance_protection(AutoScalingGroupName="web", InstanceIds=self.ids_of(),
                                         ProtectedFromScaleIn=True)
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
        row = self.activities(AutoScalingGroupName="web")[0]  # at once
        self.assertEqual((row["StatusCode"], row["Progress"]), ("Cancelled", 100))
        self.assertIn("EndTime", row)
        self.assertEqual(row["StatusMessage"], "Could not scale to desired capacity because all "
                         "remaining instances are protected from scale-in.")
        self.assertEqual(row["Description"], "Terminating EC2 instance.  Status Reason: "
                         + row["StatusMessage"])
        group = self.api.group("web", self.asg)
        self.assertEqual((group["DesiredCapacity"], len(group["Instances"])), (1, 2))

    def test_openasg_lists_them_too(self):
        self.make_group("listed", size=2)
        rows = self.until_over(2, "listed")
        listed = self.api.cluster.ask("activity", "list", "listed")
        self.assertEqual([row["cause"] for row in listed], [row["Cause"] for row in rows])
        self.assertEqual({row["status"] for row in listed}, {"successful"})
        self.assertEqual(len(self.api.cluster.ask("activity", "list", "--limit", "1")), 1)

    def test_the_index_is_made_again(self):
        self.make_group(size=3)
        before = self.until_over(3)
        self.api.cluster.kill("controller")
        folder = self.api.cluster.state
        path = [os.path.join(root, name) for root, _, names in os.walk(folder)
                for name in names if name == "activities.db"]
        self.assertEqual(len(path), 1)
        for end in ("", "-wal", "-shm"):
            if os.path.exists(path[0] + end):
                os.unlink(path[0] + end)
        self.api.start_controller()
        type(self).asg = self.api.client()
        self.assertEqual(self.activities(AutoScalingGroupName="web"), before)


if __name__ == "__main__":
    unittest.main()
