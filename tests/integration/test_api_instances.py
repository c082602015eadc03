#!/usr/bin/python3
"""The unmodified boto3 changes sizes and handles single instances by the Auto Scaling API:
desired capacity, termination, health, protection, standby, attach, detach, and the activities
that tell of it. Each reply is held against the model (api_model.py)."""

import datetime
import json
import re
import sys
import unittest

try:
    import boto3  # noqa: F401
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from api_fixture import IMAGE, SUBNETS, ApiTest, wait_for

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class InstanceTest(ApiTest):
    def activities(self, name="web", **more):
        return self.asg.describe_scaling_activities(AutoScalingGroupName=name, **more)[
            "Activities"]

    def states(self):
        return {row["InstanceId"]: row["LifecycleState"]
                for row in self.api.group("web", self.asg)["Instances"]}

    def wait_for_state(self, instance_id, state):
        wait_for(f"{instance_id} to be {state}",
                 lambda: self.states().get(instance_id) == state, pause=0.05)

    def state_in_ec2(self, instance_id):
        return self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0][
            "Instances"][0]["State"]["Name"]

    def wait_until_ended(self, instance_id):
        wait_for(f"{instance_id} to be terminated",
                 lambda: self.state_in_ec2(instance_id) == "terminated", pause=0.05)

    def run_instance(self, subnet=SUBNETS["us-east-1a"]):
        launched = self.ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1,
                                          MaxCount=1, SubnetId=subnet)
        instance_id = launched["Instances"][0]["InstanceId"]
        wait_for("it to run", lambda: self.state_in_ec2(instance_id) == "running", pause=0.02)
        self.addCleanup(self.ec2.terminate_instances, InstanceIds=[instance_id])
        return instance_id


class CapacityTest(InstanceTest):
    def set(self, count, **more):
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=count, **more)

    def test_an_order_is_carried_out_whole_and_at_once(self):
        self.make_group()
        self.set(5)
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 5)
        ids = {row["InstanceId"] for row in self.api.wait_for_in_service("web", 5, self.asg)}
        self.set(0)
        self.api.wait_for_in_service("web", 0, self.asg)
        for instance_id in ids:
            self.wait_until_ended(instance_id)

    def test_beyond_the_bounds(self):
        self.make_group(MaxSize=5, MinSize=1, size=1)
        self.refused("ValidationError", "New SetDesiredCapacity value 9 is above max value 5 "
                     "for the AutoScalingGroup.", self.set, count=9)
        self.refused("ValidationError", "New SetDesiredCapacity value 0 is below min value 1 "
                     "for the AutoScalingGroup.", self.set, count=0)
        self.refused("ValidationError", "not found", self.asg.set_desired_capacity,
                     AutoScalingGroupName="nobody", DesiredCapacity=1)

    def test_the_cooldown_is_honoured_when_that_is_asked_for(self):
        self.make_group(DefaultCooldown=600)
        self.set(1, HonorCooldown=True)
        self.asg.put_scaling_policy(AutoScalingGroupName="web", PolicyName="more",
                                    AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
        self.asg.execute_policy(AutoScalingGroupName="web", PolicyName="more")
        self.api.wait_for_in_service("web", 2, self.asg)
        self.refused("ScalingActivityInProgress", "", self.set, count=3, HonorCooldown=True)
        self.set(3)
        self.api.wait_for_in_service("web", 3, self.asg)

    def test_the_cooldown_follows_a_change_by_hand(self):
        self.make_group(DefaultCooldown=600)
        self.set(2)
        self.refused("ScalingActivityInProgress", "", self.set, count=3, HonorCooldown=True)
        self.api.wait_for_in_service("web", 2, self.asg)
        self.refused("ScalingActivityInProgress", "in its cooldown", self.set, count=3,
                     HonorCooldown=True)
        self.set(3)
        self.api.wait_for_in_service("web", 3, self.asg)

    def test_instances_are_listed_over_all_groups(self):
        self.make_group("a", 2)
        self.make_group("b", 1)
        pages = self.asg.get_paginator("describe_auto_scaling_instances").paginate(
            PaginationConfig={"PageSize": 2})
        rows = [row for page in pages for row in page["AutoScalingInstances"]]
        self.assertEqual(sorted(row["AutoScalingGroupName"] for row in rows), ["a", "a", "b"])
        for row in rows:
            self.assertEqual(row["HealthStatus"], "HEALTHY")  # Ansible compares it so
            self.assertEqual(row["LifecycleState"], "InService")
            self.assertEqual(row["LaunchTemplate"]["Version"], "1")
        describe = self.asg.describe_auto_scaling_instances
        one = self.ids_of("b")[0]
        self.assertEqual([row["InstanceId"] for row in describe(
            InstanceIds=[one, "i-0aaaaaaaaaaaaaaaa"])["AutoScalingInstances"]], [one])
        for bad in ({"MaxRecords": 51}, {"MaxRecords": 0},
                    {"InstanceIds": [f"i-{n:017x}" for n in range(51)]}):
            self.refused("ValidationError", "", describe, **bad)


class TerminateTest(InstanceTest):
    def terminate(self, instance_id, decrement):
        return self.asg.terminate_instance_in_auto_scaling_group(
            InstanceId=instance_id, ShouldDecrementDesiredCapacity=decrement)["Activity"]

    def test_with_decrement_the_group_gets_smaller(self):
        self.make_group(size=2)
        victim, other = self.ids_of()
        activity = self.terminate(victim, True)
        self.assertEqual(activity["AutoScalingGroupName"], "web")
        self.assertEqual((activity["StatusCode"], activity["Progress"]), ("InProgress", 0))
        self.assertEqual(activity["Description"], f"Terminating EC2 instance: {victim}")
        self.assertRegex(activity["Cause"], f"^At {TIME} instance {victim} was taken out of "
                         "service in response to a user request, shrinking the capacity from 2 "
                         "to 1\\.")
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 1)
        self.api.wait_for_in_service("web", 1, self.asg)
        self.assertEqual(self.ids_of(), [other])
        self.wait_until_ended(victim)

    def test_without_decrement_another_takes_its_place_even_of_a_protected_one(self):
        self.make_group(size=1, NewInstancesProtectedFromScaleIn=True)
        victim, = self.ids_of()
        self.terminate(victim, False)
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 1)
        wait_for("another", lambda: [
            row for row in self.api.group("web")["Instances"]
            if row["InstanceId"] != victim and row["LifecycleState"] == "InService"])
        self.wait_until_ended(victim)

    def test_what_is_refused(self):
        self.make_group(size=1, MinSize=1)
        one, = self.ids_of()
        self.refused("ValidationError", "", self.terminate, instance_id=one, decrement=True)
        self.refused("ValidationError", "Instance Id not found - No managed instance found for "
                     "instance ID i-0aaaaaaaaaaaaaaaa", self.terminate,
                     instance_id="i-0aaaaaaaaaaaaaaaa", decrement=False)
        self.assertEqual(self.ids_of(), [one])


class HealthTest(InstanceTest):
    def test_one_called_unhealthy_is_replaced(self):
        self.make_group(size=2)
        sick = self.ids_of()[0]
        self.asg.set_instance_health(InstanceId=sick, HealthStatus="Unhealthy")
        self.wait_until_ended(sick)
        self.api.wait_for_in_service("web", 2, self.asg)
        self.assertNotIn(sick, self.ids_of())
        causes = [a["Cause"] for a in self.activities()
                  if a["Description"] == f"Terminating EC2 instance: {sick}"]
        self.assertEqual(len(causes), 1)
        self.assertIn("in response to a user health-check", causes[0])

    def test_within_its_grace_period_only_when_that_is_not_respected(self):
        self.make_group(size=1, HealthCheckGracePeriod=3600)
        one, = self.ids_of()
        self.asg.set_instance_health(InstanceId=one, HealthStatus="Unhealthy")
        self.assertEqual([(row["InstanceId"], row["HealthStatus"])
                          for row in self.api.group("web")["Instances"]], [(one, "Healthy")])
        self.asg.set_instance_health(InstanceId=one, HealthStatus="Unhealthy",
                                     ShouldRespectGracePeriod=False)
        self.wait_until_ended(one)

    def test_while_replacing_is_suspended_it_shows_and_can_be_taken_back(self):
        self.make_group(size=1)
        one, = self.ids_of()
        self.asg.suspend_processes(AutoScalingGroupName="web",
                                   ScalingProcesses=["ReplaceUnhealthy"])
        self.asg.set_instance_health(InstanceId=one, HealthStatus="Unhealthy")
        self.assertEqual(self.api.group("web")["Instances"][0]["HealthStatus"], "Unhealthy")
        self.assertEqual(self.asg.describe_auto_scaling_instances(InstanceIds=[one])[
            "AutoScalingInstances"][0]["HealthStatus"], "UNHEALTHY")
        self.asg.set_instance_health(InstanceId=one, HealthStatus="Healthy")
        self.asg.resume_processes(AutoScalingGroupName="web")
        self.assertEqual([(row["InstanceId"], row["HealthStatus"])
                          for row in self.api.group("web")["Instances"]], [(one, "Healthy")])

    def test_what_is_refused(self):
        self.make_group(size=1)
        self.refused("ValidationError", "", self.asg.set_instance_health,
                     InstanceId=self.ids_of()[0], HealthStatus="Poorly")
        self.refused("ValidationError", "not found", self.asg.set_instance_health,
                     InstanceId="i-0aaaaaaaaaaaaaaaa", HealthStatus="Unhealthy")


class ProtectionTest(InstanceTest):
    def test_the_protected_one_stays(self):
        self.make_group(size=3)
        kept = self.ids_of()[1]
        self.asg.set_instance_protection(AutoScalingGroupName="web", InstanceIds=[kept],
                                         ProtectedFromScaleIn=True)
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
        self.api.wait_for_in_service("web", 1, self.asg)
        rows = self.api.group("web")["Instances"]
        self.assertEqual([(r["InstanceId"], r["ProtectedFromScaleIn"]) for r in rows],
                         [(kept, True)])
        self.asg.set_instance_protection(AutoScalingGroupName="web", InstanceIds=[kept],
                                         ProtectedFromScaleIn=False)
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
        self.api.wait_for_in_service("web", 0, self.asg)

    def test_what_is_refused(self):
        self.make_group("other", 1)
        self.make_group(size=1)
        protect = self.asg.set_instance_protection
        for instance_id in (*self.ids_of("other"), "i-0aaaaaaaaaaaaaaaa"):
            self.refused("ValidationError", "not part of Auto Scaling group", protect,
                         AutoScalingGroupName="web", ProtectedFromScaleIn=True,
                         InstanceIds=[*self.ids_of(), instance_id])
        self.assertFalse(self.api.group("web")["Instances"][0]["ProtectedFromScaleIn"])
        self.refused("ValidationError", "", protect, AutoScalingGroupName="web",
                     InstanceIds=[f"i-{n:017x}" for n in range(51)], ProtectedFromScaleIn=True)


class StandbyTest(InstanceTest):
    def enter(self, ids, decrement):
        return self.asg.enter_standby(AutoScalingGroupName="web", InstanceIds=ids,
                                      ShouldDecrementDesiredCapacity=decrement)["Activities"]

    def leave(self, ids):
        return self.asg.exit_standby(AutoScalingGroupName="web", InstanceIds=ids)["Activities"]

    def test_in_and_out_with_decrement(self):
        self.make_group(size=2)
        one, other = self.ids_of()
        activity, = self.enter([one], True)
        self.assertEqual(activity["Description"], f"Moving EC2 instance to Standby: {one}")
        self.assertRegex(activity["Cause"], f"^At {TIME} instance {one} was moved to standby in "
                         "response to a user request, shrinking the capacity from 2 to 1\\.")
        self.wait_for_state(one, "Standby")
        self.assertEqual(self.states(), {one: "Standby", other: "InService"})
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 1)
        activity, = self.leave([one])
        self.assertEqual(activity["Description"], f"Moving EC2 instance out of Standby: {one}")
        self.assertIn("increasing the capacity from 1 to 2", activity["Cause"])
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 2)
        self.wait_for_state(one, "InService")
        self.assertEqual(self.ids_of(), sorted([one, other]))

    def test_without_decrement_another_is_launched(self):
        self.make_group(size=1)
        one, = self.ids_of()
        self.enter([one], False)
        wait_for("another", lambda: sorted(self.states().values()) == ["InService", "Standby"])
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 1)
        self.leave([one])
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 2)
        self.api.wait_for_in_service("web", 2, self.asg)

    def test_one_in_standby_is_not_chosen_and_not_judged(self):
        self.make_group(size=2)
        one, other = self.ids_of()
        self.enter([one], True)
        self.wait_for_state(one, "Standby")
        self.asg.set_instance_health(InstanceId=one, HealthStatus="Unhealthy")
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
        self.wait_until_ended(other)
        self.assertEqual(self.states().get(one), "Standby")

    def test_what_is_refused(self):
        self.make_group(size=2, MinSize=1, MaxSize=2)
        one, other = self.ids_of()
        self.refused("ValidationError", "", self.enter, ids=[one, other], decrement=True)
        self.refused("ValidationError", "", self.enter, ids=["i-0aaaaaaaaaaaaaaaa"],
                     decrement=False)
        self.refused("ValidationError", "", self.leave, ids=[one])
        self.refused("ValidationError", "", self.enter, ids=[f"i-{n:017x}" for n in range(21)],
                     decrement=False)
        self.enter([one], False)
        wait_for("another", lambda: sorted(self.states().values()) == [
            "InService", "InService", "Standby"])
        self.refused("ValidationError", "", self.enter, ids=[one], decrement=False)
        self.refused("ValidationError", "", self.leave, ids=[one])  # would be above Max


class AttachTest(InstanceTest):
    def attach(self, *ids):
        self.asg.attach_instances(AutoScalingGroupName="web", InstanceIds=list(ids))

    def detach(self, ids, decrement):
        return self.asg.detach_instances(
            AutoScalingGroupName="web", InstanceIds=ids,
            ShouldDecrementDesiredCapacity=decrement)["Activities"]

    def test_an_instance_comes_into_the_group_and_leaves_it(self):
        self.make_group(size=1, Tags=[{"Key": "team", "Value": "a"}])
        one = self.run_instance()
        self.attach(one)
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 2)
        self.wait_for_state(one, "InService")
        activity, = self.detach([one], True)
        self.assertEqual(activity["Description"], f"Detaching EC2 instance: {one}")
        wait_for("it to be out", lambda: one not in self.states())
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 1)
        self.assertEqual(self.state_in_ec2(one), "running")
        self.assertEqual(len(self.ids_of()), 1)

    def test_without_decrement_another_takes_its_place(self):
        self.make_group(size=1)
        one, = self.ids_of()
        self.detach([one], False)
        self.addCleanup(self.ec2.terminate_instances, InstanceIds=[one])
        wait_for("another", lambda: [i for i, state in self.states().items()
                                     if i != one and state == "InService"] and
                 one not in self.states())
        self.assertEqual(self.state_in_ec2(one), "running")

    def test_a_detached_one_may_come_back(self):
        self.make_group(size=1)
        one, = self.ids_of()
        self.detach([one], True)
        wait_for("it to be out", lambda: self.states() == {})
        self.attach(one)
        self.wait_for_state(one, "InService")

    def test_what_is_refused(self):
        self.make_group("other", 1)
        self.make_group(size=1, MinSize=1, MaxSize=1)
        theirs, = self.ids_of("other")
        elsewhere = self.run_instance(SUBNETS["us-east-1c"])
        here = self.run_instance()
        refused = self.refused
        for ids in ([theirs], [elsewhere], ["i-0aaaaaaaaaaaaaaaa"], self.ids_of(),
                    [f"i-{n:017x}" for n in range(21)]):
            refused("ValidationError", "", self.asg.attach_instances,
                    AutoScalingGroupName="web", InstanceIds=ids)
        refused("ValidationError", "", self.asg.attach_instances,  # above Max
                AutoScalingGroupName="web", InstanceIds=[here])
        refused("ValidationError", "", self.detach, ids=self.ids_of(), decrement=True)
        refused("ValidationError", "", self.detach, ids=[here], decrement=False)


class ActivityTest(InstanceTest):
    def test_a_launch_and_an_end_from_first_to_last(self):
        self.make_group(size=2)
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
        self.api.wait_for_in_service("web", 1, self.asg)

        def ended():
            rows = self.activities()
            return rows if len(rows) == 3 and all(r["Progress"] == 100 for r in rows) else None

        rows = wait_for("three activities to be over", ended)
        times = [row["StartTime"] for row in rows]
        self.assertEqual(times, sorted(times, reverse=True), "the newest first")
        group = self.api.group("web")
        for row in rows:
            self.assertRegex(row["ActivityId"], f"^{UUID}$")
            self.assertEqual(row["StatusCode"], "Successful")
            self.assertGreaterEqual(row["EndTime"].timestamp(), int(row["StartTime"].timestamp()))
            self.assertEqual(row["AutoScalingGroupARN"], group["AutoScalingGroupARN"])
            self.assertEqual(json.loads(row["Details"])["Availability Zone"], "us-east-1a")
        self.assertRegex(rows[0]["Description"], "^Terminating EC2 instance: i-[0-9a-f]{17}$")
        self.assertRegex(
            rows[0]["Cause"],
            f"^At {TIME} a user request explicitly set group desired capacity changing the "
            f"desired capacity from 2 to 1\\.  At {TIME} an instance was taken out of service in "
            "response to a difference between desired and actual capacity, shrinking the "
            f"capacity from 2 to 1\\.  At {TIME} instance i-[0-9a-f]{{17}} was selected for "
            "termination\\.")
        for row in rows[1:]:
            self.assertRegex(row["Description"], "^Launching a new EC2 instance: i-")
            self.assertRegex(
                row["Cause"],
                f"^At {TIME} a user request created an AutoScalingGroup changing the desired "
                f"capacity from 0 to 2\\.  At {TIME} an instance was started in response to a "
                "difference between desired and actual capacity, increasing the capacity from 0 "
                "to 2\\.")

    def test_by_ids_by_pages_and_by_filters(self):
        self.make_group(size=3)
        rows = wait_for("them to be over", lambda: (
            lambda found: found if len(found) == 3 and all(
                r["StatusCode"] == "Successful" for r in found) else None)(self.activities()))
        ids = [row["ActivityId"] for row in rows]
        self.assertEqual(len(set(ids)), 3)
        wanted = [ids[2], "11111111-2222-4333-8444-555555555555", ids[0]]
        self.assertEqual({row["ActivityId"] for row in self.asg.describe_scaling_activities(
            ActivityIds=wanted)["Activities"]}, {ids[0], ids[2]})
        pages = list(self.asg.get_paginator("describe_scaling_activities").paginate(
            AutoScalingGroupName="web", PaginationConfig={"PageSize": 2}))
        self.assertEqual([r["ActivityId"] for page in pages for r in page["Activities"]], ids)
        self.assertEqual(len(pages), 2)

        def filtered(name, value):  # Debian's botocore does not know Filters yet
            status, body, _ = self.api.post("DescribeScalingActivities", {
                "AutoScalingGroupName": "web", "Filters.member.1.Name": name,
                "Filters.member.1.Values.member.1": value})
            self.assertEqual(status, 200, body)
            return re.findall("<ActivityId>([^<]*)", body.decode())

        self.assertEqual(filtered("Status", "Successful"), ids)
        self.assertEqual(filtered("Status", "Failed"), [])
        later = (rows[0]["StartTime"] + datetime.timedelta(seconds=2)).strftime(
            "%Y-%m-%dT%H:%M:%SZ")
        self.assertEqual(filtered("StartTimeUpperBound", later), ids)
        self.assertEqual(filtered("StartTimeLowerBound", later), [])

    def test_those_of_a_deleted_group(self):
        self.make_group("gone", 1)
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="gone", ForceDelete=True)
        self.api.wait_until_gone("gone", self.asg)
        rows = self.asg.describe_scaling_activities(IncludeDeletedGroups=True)["Activities"]
        ours = [row for row in rows if row["AutoScalingGroupName"] == "gone"]
        self.assertEqual(len(ours), 2)
        self.assertEqual({row["AutoScalingGroupState"] for row in ours}, {"Deleted"})
        self.assertNotIn("gone", {row["AutoScalingGroupName"] for row in
                                  self.asg.describe_scaling_activities()["Activities"]})

    def test_a_launch_that_fails_is_over_and_says_why(self):
        self.make_group()
        fault = self.api.cluster.control("POST", "/_control/faults", kind="capacity", type="t3.micro")
        self.addCleanup(self.api.cluster.control, "DELETE", "/_control/faults/" +
                        str(fault["id"]))
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
        row = wait_for("a failed activity", lambda: next(
            (a for a in self.activities() if a["StatusCode"] == "Failed"), None))
        self.assertEqual(row["Progress"], 100)
        self.assertIn("EndTime", row)
        self.assertRegex(row["StatusMessage"], "Launching EC2 instance failed\\.$")
        self.assertRegex(row["Description"],
                         "^Launching a new EC2 instance\\.  Status Reason: .*")

    def test_what_is_refused(self):
        describe = self.asg.describe_scaling_activities
        self.refused("ValidationError", "", describe, MaxRecords=101)
        self.refused("ValidationError", "", describe, ActivityIds=["x"] * 51)


if __name__ == "__main__":
    unittest.main()
