"""EnterStandby, ExitStandby, AttachInstances, DetachInstances and
TerminateInstanceInAutoScalingGroup, as boto3 sees them and as EC2 shows what came of them."""

import sys
import unittest

from api_fixture import IMAGE, SUBNETS, ApiTest, wait_for


class TestMoved(ApiTest):
    def state_of(self, instance_id):
        rows = self.asg.describe_auto_scaling_instances(InstanceIds=[instance_id])[
            "AutoScalingInstances"]
        return rows[0]["LifecycleState"] if rows else None

    def desired(self, name="web"):
        return self.api.group(name, self.asg)["DesiredCapacity"]

    def wait_for_state(self, instance_id, state):
        wait_for(f"{instance_id} to be {state}", lambda: self.state_of(instance_id) == state,
                 30, pause=0.05)

    def tags_of(self, instance_id):
        tags = self.ec2.describe_tags(Filters=[{"Name": "resource-id",
                                                "Values": [instance_id]}])["Tags"]
        return {tag["Key"]: tag["Value"] for tag in tags}

    def start(self, count=1, zone="us-east-1a"):
        """Instances of nobody's, running."""
        rows = self.ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=count,
                                      MaxCount=count, SubnetId=SUBNETS[zone])["Instances"]
        ids = sorted(row["InstanceId"] for row in rows)
        self.addCleanup(self.ec2.terminate_instances, InstanceIds=ids)
        self.ec2.get_waiter("instance_running").wait(
            InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        return ids

    def ec2_state(self, instance_id):
        return self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0][
            "Instances"][0]["State"]["Name"]

    def test_standby_and_back(self):
        self.make_group(size=2, MinSize=1)
        one, other = self.ids_of()
        answer = self.asg.enter_standby(AutoScalingGroupName="web", InstanceIds=[one],
                                        ShouldDecrementDesiredCapacity=True)
        (activity,) = answer["Activities"]
        self.assertEqual(activity["Description"], f"Moving EC2 instance to Standby: {one}")
        self.assertIn(f"instance {one} was moved to standby in response to a user request, "
                      "shrinking the capacity from 2 to 1.", activity["Cause"])
        self.wait_for_state(one, "Standby")
        self.assertEqual(self.desired(), 1)
        self.refused("ValidationError", "To place into standby 1 instance", self.asg.enter_standby,
                     AutoScalingGroupName="web", InstanceIds=[other],
                     ShouldDecrementDesiredCapacity=True)
        self.refused("ValidationError", f"The instance {one} is not in InService.",
                     self.asg.enter_standby, AutoScalingGroupName="web", InstanceIds=[one],
                     ShouldDecrementDesiredCapacity=False)
        (activity,) = self.asg.exit_standby(AutoScalingGroupName="web",
                                            InstanceIds=[one])["Activities"]
        self.assertEqual(activity["Description"],
                         f"Moving EC2 instance out of Standby: {one}")
        self.wait_for_state(one, "InService")
        self.assertEqual(self.desired(), 2)
        self.assertEqual(self.ids_of(), [one, other])

    def test_without_decrement_another_one_is_launched(self):
        self.make_group(size=1)
        (one,) = self.ids_of()
        self.asg.enter_standby(AutoScalingGroupName="web", InstanceIds=[one],
                               ShouldDecrementDesiredCapacity=False)
        wait_for("the replacement", lambda: len(self.ids_of()) == 2, 30, pause=0.05)
        self.assertEqual(self.state_of(one), "Standby")
        self.refused("ResourceInUse", "", self.asg.delete_auto_scaling_group,
                     AutoScalingGroupName="web")

    def test_attach_tags_and_detach_untags(self):
        self.make_group(size=0, Tags=[
            {"Key": "team", "Value": "blue", "PropagateAtLaunch": True},
            {"Key": "stays", "Value": "here", "PropagateAtLaunch": False}])
        ids = self.start(2)
        self.asg.attach_instances(AutoScalingGroupName="web", InstanceIds=ids)
        self.assertEqual(self.ids_of(), ids)
        self.assertEqual(self.desired(), 2)
        self.api.wait_for_in_service("web", 2, self.asg)
        tags = self.tags_of(ids[0])
        self.assertEqual(tags["openasg:group"], "web")
        self.assertEqual(tags["team"], "blue")
        self.assertNotIn("stays", tags)
        activity = self.asg.describe_scaling_activities(AutoScalingGroupName="web")[
            "Activities"][0]
        self.assertTrue(activity["Description"].startswith("Attaching an existing EC2 instance"))
        self.refused("ValidationError", "is already part of Auto Scaling group web",
                     self.asg.attach_instances, AutoScalingGroupName="web", InstanceIds=ids[:1])
        (activity,) = self.asg.detach_instances(
            AutoScalingGroupName="web", InstanceIds=ids[:1],
            ShouldDecrementDesiredCapacity=True)["Activities"]
        self.assertEqual(activity["Description"], f"Detaching EC2 instance: {ids[0]}")
        wait_for("the tags to be off", lambda: not any(
            key.startswith("openasg:") for key in self.tags_of(ids[0])), 30, pause=0.05)
        wait_for("the instance to be let go", lambda: self.ids_of() == ids[1:], 30, pause=0.05)
        self.assertEqual(self.desired(), 1)
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
        self.api.wait_until_gone("web", self.asg)
        self.assertEqual(self.ec2_state(ids[0]), "running")

    def test_what_cannot_be_attached(self):
        self.make_group(size=1, MaxSize=2)
        ids = self.start(2)
        (elsewhere,) = self.start(1, "us-east-1b")
        attach = self.asg.attach_instances
        self.refused("ValidationError", "To attach 2 instances", attach,
                     AutoScalingGroupName="web", InstanceIds=ids)
        self.refused("ValidationError", "us-east-1b", attach, AutoScalingGroupName="web",
                     InstanceIds=[elsewhere])
        self.refused("ValidationError", "i-0123456789abcdef0", attach,
                     AutoScalingGroupName="web", InstanceIds=["i-0123456789abcdef0"])
        self.refused("ValidationError", "not found", attach, AutoScalingGroupName="none",
                     InstanceIds=ids[:1])
        self.ec2.stop_instances(InstanceIds=ids[:1])
        self.refused("ValidationError", "Instance(s) must be in 'running' state", attach,
                     AutoScalingGroupName="web", InstanceIds=ids[:1])
        self.ec2.create_tags(Resources=ids[1:], Tags=[{"Key": "openasg:cluster",
                                                       "Value": "another"}])
        self.refused("ValidationError", "another cluster of openasg", attach,
                     AutoScalingGroupName="web", InstanceIds=ids[1:])
        self.assertEqual(self.desired(), 1)

    def test_terminate(self):
        self.make_group(size=2, MinSize=1)
        one, other = self.ids_of()
        terminate = self.asg.terminate_instance_in_auto_scaling_group
        activity = terminate(InstanceId=one, ShouldDecrementDesiredCapacity=True)["Activity"]
        self.assertEqual(activity["Description"], f"Terminating EC2 instance: {one}")
        self.assertIn(f"instance {one} was taken out of service in response to a user "
                      "request, shrinking the capacity from 2 to 1.", activity["Cause"])
        self.assertEqual(self.desired(), 1)
        wait_for("its end", lambda: self.ids_of() == [other], 30, pause=0.05)
        self.refused("ValidationError", "Currently, desiredSize equals minSize (1).", terminate,
                     InstanceId=other, ShouldDecrementDesiredCapacity=True)
        self.refused("ValidationError", "No managed instance found", terminate,
                     InstanceId="i-0123456789abcdef0", ShouldDecrementDesiredCapacity=False)
        self.asg.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
        terminate(InstanceId=other, ShouldDecrementDesiredCapacity=False)
        wait_for("the replacement", lambda: self.ids_of() not in ([other], []), 30, pause=0.05)
        self.assertEqual(self.desired(), 1)

    def test_the_words_of_the_command_line(self):
        self.make_group(size=2)
        one, other = self.ids_of()
        say = self.api.cluster.openasg
        say("instance", "standby", one, "--decrement")
        self.wait_for_state(one, "Standby")
        self.assertEqual(self.desired(), 1)
        say("instance", "return", one)
        self.wait_for_state(one, "InService")
        self.assertEqual(self.desired(), 2)
        say("instance", "detach", other, "--decrement")
        wait_for("the instance to be let go", lambda: self.ids_of() == [one], 30, pause=0.05)
        self.assertEqual(self.desired(), 1)
        self.assertEqual(self.ec2_state(other), "running")
        self.ec2.terminate_instances(InstanceIds=[other])

    def test_an_order_that_names_the_instance_of_another_group(self):
        self.make_group(size=1)
        self.make_group("other")
        (one,) = self.ids_of()
        for call in (self.asg.enter_standby, self.asg.detach_instances):
            self.refused("ValidationError",
                         f"The instance {one} is not part of Auto Scaling group other.", call,
                         AutoScalingGroupName="other", InstanceIds=[one],
                         ShouldDecrementDesiredCapacity=False)


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False).result.wasSuccessful())
