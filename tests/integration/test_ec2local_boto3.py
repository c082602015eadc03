#!/usr/bin/python3
"""The unmodified boto3 against openasg-ec2local: each action once, what comes back parsed,
and what EC2 refuses with which code."""

import sys
import unittest

try:
    import boto3  # noqa: F401
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from ec2local_fixture import Ec2Local, wait_for

IMAGE = "ami-00000000000000001"


class Ec2Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Ec2Local("--no-boot", "--seed", "7")
        cls.ec2 = cls.local.client()
        cls.subnets = {s["AvailabilityZone"]: s["SubnetId"]
                       for s in cls.ec2.describe_subnets()["Subnets"]}

    @classmethod
    def tearDownClass(cls):
        cls.local.close()

    def tearDown(self):
        live = [i["InstanceId"] for i in self.instances(
            Filters=[{"Name": "instance-state-name",
                      "Values": ["pending", "running", "stopping", "stopped"]}])]
        for instance_id in live:
            self.ec2.modify_instance_attribute(InstanceId=instance_id,
                                               DisableApiTermination={"Value": False})
        if live:
            self.ec2.terminate_instances(InstanceIds=live)

    def run_instances(self, **parameters):
        parameters = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1,
                      "MaxCount": 1, **parameters}
        return self.ec2.run_instances(**parameters)["Instances"]

    def instances(self, **parameters):
        return [i for r in self.ec2.describe_instances(**parameters)["Reservations"]
                for i in r["Instances"]]

    def wait_for_state(self, ids, state):
        wait_for(f"{ids} to be {state}", lambda: all(
            i["State"]["Name"] == state for i in self.instances(InstanceIds=ids)))

    def assert_refused(self, code, call, **parameters):
        with self.assertRaises(ClientError) as raised:
            call(**parameters)
        self.assertEqual(raised.exception.response["Error"]["Code"], code)
        return raised.exception.response

    # ---- launching and the client token ----

    def test_a_launch_comes_back_with_all_that_was_asked_for(self):
        launched = self.run_instances(
            MaxCount=3, ClientToken="whole", KeyName="me", SubnetId=self.subnets["us-east-1b"],
            InstanceType="m5.xlarge", UserData="#!/bin/sh\ntrue\n",
            InstanceMarketOptions={"MarketType": "spot"},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [
                {"Key": "Name", "Value": "web <1> & \"2\" ü"}, {"Key": "empty", "Value": ""}]}])
        self.assertEqual(len(launched), 3)
        self.assertEqual([i["AmiLaunchIndex"] for i in launched], [0, 1, 2])
        ids = [i["InstanceId"] for i in launched]
        self.wait_for_state(ids, "running")
        found = self.instances(InstanceIds=ids)
        self.assertEqual({i["InstanceId"] for i in found}, set(ids))
        one = found[0]
        self.assertRegex(one["InstanceId"], "^i-[0-9a-f]{17}$")
        self.assertEqual(one["ImageId"], IMAGE)
        self.assertEqual(one["InstanceType"], "m5.xlarge")
        self.assertEqual(one["Placement"]["AvailabilityZone"], "us-east-1b")
        self.assertEqual(one["SubnetId"], self.subnets["us-east-1b"])
        self.assertEqual(one["InstanceLifecycle"], "spot")
        self.assertEqual(one["ClientToken"], "whole")
        self.assertEqual(one["KeyName"], "me")
        self.assertEqual(one["CpuOptions"]["CoreCount"], 4)
        self.assertEqual(one["State"], {"Code": 16, "Name": "running"})
        self.assertTrue(one["PrivateIpAddress"].startswith("127.100."))
        self.assertEqual(len({i["PrivateIpAddress"] for i in found}), 3)
        self.assertIsNotNone(one["LaunchTime"].tzinfo)
        self.assertEqual({t["Key"]: t["Value"] for t in one["Tags"]},
                         {"Name": "web <1> & \"2\" ü", "empty": ""})

    def test_the_same_token_gives_the_same_instances_and_other_parameters_a_mismatch(self):
        first = self.run_instances(ClientToken="again", MaxCount=2)
        again = self.run_instances(ClientToken="again", MaxCount=2)
        self.assertEqual([i["InstanceId"] for i in first], [i["InstanceId"] for i in again])
        self.assertEqual(len(self.instances(
            Filters=[{"Name": "client-token", "Values": ["again"]}])), 2)
        self.assert_refused("IdempotentParameterMismatch", self.run_instances,
                            ClientToken="again", MaxCount=1)

    def test_a_token_with_a_subnet_counts_in_its_zone_only(self):
        placed = {zone: self.run_instances(ClientToken="zonal", SubnetId=subnet)[0]
                  for zone, subnet in self.subnets.items()}
        regional = self.run_instances(ClientToken="zonal")[0]
        ids = {i["InstanceId"] for i in placed.values()} | {regional["InstanceId"]}
        self.assertEqual(len(ids), 4)
        by_zone = self.run_instances(ClientToken="zone named",
                                     Placement={"AvailabilityZone": "us-east-1c"})[0]
        self.assertEqual(by_zone["Placement"]["AvailabilityZone"], "us-east-1c")

    def test_a_token_whose_instance_is_terminated_never_launches_again(self):
        gone = self.run_instances(ClientToken="gone")[0]["InstanceId"]
        self.ec2.terminate_instances(InstanceIds=[gone])
        self.wait_for_state([gone], "terminated")
        self.assert_refused("IdempotentInstanceTerminated", self.run_instances,
                            ClientToken="gone")

    def test_what_cannot_be_launched_is_refused_with_ec2s_code(self):
        run = self.run_instances
        self.assert_refused("InvalidAMIID.NotFound", run, ImageId="ami-0000000000000beef")
        self.assert_refused("InvalidAMIID.Malformed", run, ImageId="debian")
        self.assert_refused("InvalidParameterValue", run, InstanceType="t9.huge")
        self.assert_refused("InvalidSubnetID.NotFound", run, SubnetId="subnet-00000000")
        self.assert_refused("InvalidParameterValue", run,
                            Placement={"AvailabilityZone": "mars-1a"})
        self.assert_refused("InvalidParameterCombination", run,
                            SubnetId=self.subnets["us-east-1a"],
                            Placement={"AvailabilityZone": "us-east-1b"})
        self.assert_refused("InvalidParameterValue", run, MinCount=2, MaxCount=1)
        self.assert_refused("InvalidParameterValue", run, UserData="x" * 16385)
        self.assert_refused("InvalidParameterValue", run, InstanceType="t4g.micro")
        self.assert_refused("InvalidClientToken", run, ClientToken="x" * 65)
        self.assert_refused("InvalidParameterValue", run, TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "aws:x", "Value": "1"}]}])
        self.assert_refused("InvalidLaunchTemplateId.NotFound", run,
                            LaunchTemplate={"LaunchTemplateId": "lt-00000000000000000"})
        refused = self.assert_refused("DryRunOperation", run, DryRun=True)
        self.assertEqual(refused["ResponseMetadata"]["HTTPStatusCode"], 412)

    # ---- describing ----

    def test_filters_are_and_between_and_or_within_and_know_wildcards(self):
        def tagged(value, **more):
            return self.run_instances(TagSpecifications=[{"ResourceType": "instance", "Tags": [
                {"Key": "filter", "Value": value}]}], **more)[0]["InstanceId"]

        one = tagged("web-1", SubnetId=self.subnets["us-east-1a"])
        two = tagged("web-2", SubnetId=self.subnets["us-east-1b"])
        other = tagged("db*1", InstanceType="m5.large")

        def found(*filters):
            return {i["InstanceId"] for i in self.instances(Filters=[
                {"Name": name, "Values": values} for name, values in filters])}

        mine = ("tag-key", ["filter"])
        live = ("instance-state-name", ["pending", "running"])
        self.assertEqual(found(mine, live), {one, two, other})
        self.assertEqual(found(("tag:filter", ["web-*"]), live), {one, two})
        self.assertEqual(found(("tag:filter", ["web-?", "db*"]), live), {one, two, other})
        self.assertEqual(found(("tag:filter", ["db\\*1"]), live), {other})
        self.assertEqual(found(("tag:filter", ["WEB-1"]), live), set())
        self.assertEqual(found(mine, live, ("availability-zone", ["us-east-1b"])) & {one, two},
                         {two})
        self.assertEqual(found(mine, live, ("subnet-id", [self.subnets["us-east-1a"]]))
                         & {one, two}, {one})
        self.assertEqual(found(mine, live, ("instance-type", ["m5.*"])), {other})
        self.assertEqual(found(("instance-id", [one])), {one})
        address = self.instances(InstanceIds=[two])[0]["PrivateIpAddress"]
        self.assertEqual(found(("private-ip-address", [address]), live), {two})
        self.assert_refused("InvalidParameterValue", self.ec2.describe_instances,
                            Filters=[{"Name": "colour", "Values": ["red"]}])

    def test_pages_give_each_instance_once(self):
        ids = {i["InstanceId"] for i in self.run_instances(MinCount=23, MaxCount=23,
                                                           ClientToken="pages")}
        pages = list(self.ec2.get_paginator("describe_instances").paginate(
            Filters=[{"Name": "client-token", "Values": ["pages"]}],
            PaginationConfig={"PageSize": 7}))
        sizes = [sum(len(r["Instances"]) for r in p["Reservations"]) for p in pages]
        self.assertEqual(sizes, [7, 7, 7, 2])
        self.assertEqual({i["InstanceId"] for p in pages for r in p["Reservations"]
                          for i in r["Instances"]}, ids)

    def test_pages_are_refused_with_ids_and_outside_of_5_to_1000(self):
        one = self.run_instances()[0]["InstanceId"]
        describe = self.ec2.describe_instances
        self.assert_refused("InvalidParameterCombination", describe, InstanceIds=[one],
                            MaxResults=10)
        self.assert_refused("InvalidParameterValue", describe, MaxResults=4)
        self.assert_refused("InvalidParameterValue", describe, MaxResults=1001)
        self.assert_refused("InvalidNextToken", describe, MaxResults=5, NextToken="mine")

    def test_a_page_token_of_other_filters_is_refused(self):
        self.run_instances(MinCount=6, MaxCount=6)
        token = self.ec2.describe_instances(MaxResults=5)["NextToken"]
        self.assert_refused("InvalidNextToken", self.ec2.describe_instances, MaxResults=5,
                            NextToken=token,
                            Filters=[{"Name": "instance-type", "Values": ["t3.*"]}])

    def test_unknown_and_malformed_ids_are_told_apart(self):
        self.assert_refused("InvalidInstanceID.NotFound", self.ec2.describe_instances,
                            InstanceIds=["i-00000000000000000"])
        self.assert_refused("InvalidInstanceID.Malformed", self.ec2.describe_instances,
                            InstanceIds=["web-1"])

    def test_status_lists_running_ones_and_all_when_asked(self):
        one, two = [i["InstanceId"] for i in self.run_instances(MinCount=2, MaxCount=2)]
        self.wait_for_state([one, two], "running")
        self.ec2.stop_instances(InstanceIds=[two])
        self.wait_for_state([two], "stopped")
        status = self.ec2.describe_instance_status(InstanceIds=[one, two])["InstanceStatuses"]
        self.assertEqual([s["InstanceId"] for s in status], [one])
        self.assertEqual(status[0]["SystemStatus"]["Status"], "ok")
        self.assertEqual(status[0]["InstanceStatus"]["Details"],
                         [{"Name": "reachability", "Status": "passed"}])
        status = self.ec2.describe_instance_status(InstanceIds=[one, two],
                                                   IncludeAllInstances=True)
        states = {s["InstanceId"]: s["InstanceState"]["Name"]
                  for s in status["InstanceStatuses"]}
        self.assertEqual(states, {one: "running", two: "stopped"})

    # ---- ending ----

    def test_terminate_says_before_and_after_and_is_idempotent(self):
        one = self.run_instances()[0]["InstanceId"]
        self.wait_for_state([one], "running")
        change = self.ec2.terminate_instances(InstanceIds=[one])["TerminatingInstances"][0]
        self.assertEqual(change["PreviousState"]["Name"], "running")
        self.assertEqual(change["CurrentState"]["Name"], "shutting-down")
        self.wait_for_state([one], "terminated")
        change = self.ec2.terminate_instances(InstanceIds=[one])["TerminatingInstances"][0]
        self.assertEqual(change["CurrentState"]["Name"], "terminated")
        over = self.instances(InstanceIds=[one])[0]
        self.assertEqual(over["StateReason"]["Code"], "Client.UserInitiatedShutdown")
        self.assertIn("User initiated (", over["StateTransitionReason"])
        self.assertNotIn("PrivateIpAddress", over)

    def test_one_bad_id_terminates_nothing(self):
        good = self.run_instances()[0]["InstanceId"]
        self.wait_for_state([good], "running")
        self.assert_refused("InvalidInstanceID.NotFound", self.ec2.terminate_instances,
                            InstanceIds=[good, "i-00000000000000000"])
        self.assertEqual(self.instances(InstanceIds=[good])[0]["State"]["Name"], "running")

    def test_a_protected_instance_saves_its_zone_and_no_other(self):
        placed = {zone: [i["InstanceId"] for i in self.run_instances(
            MinCount=2, MaxCount=2, SubnetId=self.subnets[zone])]
            for zone in ("us-east-1a", "us-east-1b")}
        kept = placed["us-east-1a"][0]
        self.ec2.modify_instance_attribute(InstanceId=kept,
                                           DisableApiTermination={"Value": True})
        attribute = self.ec2.describe_instance_attribute(
            InstanceId=kept, Attribute="disableApiTermination")
        self.assertTrue(attribute["DisableApiTermination"]["Value"])
        refused = self.assert_refused(
            "OperationNotPermitted", self.ec2.terminate_instances,
            InstanceIds=placed["us-east-1a"] + placed["us-east-1b"])
        self.assertIn(kept, refused["Error"]["Message"])
        self.wait_for_state(placed["us-east-1a"], "running")
        self.wait_for_state(placed["us-east-1b"], "terminated")

    def test_stop_and_start(self):
        one = self.run_instances()[0]
        ids = [one["InstanceId"]]
        self.wait_for_state(ids, "running")
        self.ec2.stop_instances(InstanceIds=ids)
        self.wait_for_state(ids, "stopped")
        started = self.ec2.start_instances(InstanceIds=ids)["StartingInstances"][0]
        self.assertEqual(started["CurrentState"]["Name"], "pending")
        self.wait_for_state(ids, "running")
        again = self.instances(InstanceIds=ids)[0]
        self.assertEqual(again["PrivateIpAddress"], one["PrivateIpAddress"])
        self.assertGreater(again["LaunchTime"], one["LaunchTime"])
        self.ec2.terminate_instances(InstanceIds=ids)
        self.assert_refused("IncorrectInstanceState", self.ec2.start_instances,
                            InstanceIds=ids)

    # ---- tags ----

    def test_tags_are_set_changed_listed_and_taken_away(self):
        one = self.run_instances()[0]["InstanceId"]
        self.ec2.create_tags(Resources=[one], Tags=[{"Key": "tag test", "Value": "1"},
                                                    {"Key": "other", "Value": "x"}])
        self.ec2.create_tags(Resources=[one], Tags=[{"Key": "tag test", "Value": "2"}])
        rows = self.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [one]},
                                               {"Name": "key", "Values": ["tag*"]}])["Tags"]
        self.assertEqual(rows, [{"Key": "tag test", "Value": "2", "ResourceId": one,
                                 "ResourceType": "instance"}])
        self.ec2.delete_tags(Resources=[one], Tags=[{"Key": "tag test", "Value": "1"}])
        self.assertEqual(len(self.instances(InstanceIds=[one])[0]["Tags"]), 2)
        self.ec2.delete_tags(Resources=[one], Tags=[{"Key": "tag test"}])
        self.assertEqual(self.instances(InstanceIds=[one])[0]["Tags"],
                         [{"Key": "other", "Value": "x"}])
        self.assert_refused("InvalidParameterValue", self.ec2.create_tags, Resources=[one],
                            Tags=[{"Key": "aws:mine", "Value": ""}])
        self.assert_refused("TagLimitExceeded", self.ec2.create_tags, Resources=[one],
                            Tags=[{"Key": f"k{i}", "Value": ""} for i in range(50)])
        self.assert_refused("InvalidInstanceID.NotFound", self.ec2.create_tags,
                            Resources=[one, "i-00000000000000000"],
                            Tags=[{"Key": "never", "Value": ""}])
        self.assertNotIn("never", [t["Key"] for t in self.instances(
            InstanceIds=[one])[0]["Tags"]])

    # ---- launch templates ----

    def test_a_template_its_versions_and_launches_from_them(self):
        ec2 = self.ec2
        made = ec2.create_launch_template(
            LaunchTemplateName="web", ClientToken="lt-1", VersionDescription="first",
            LaunchTemplateData={
                "ImageId": IMAGE, "InstanceType": "t3.small", "UserData": "IyEvYmluL3NoCg==",
                "DisableApiTermination": True,
                "TagSpecifications": [{"ResourceType": "instance", "Tags": [
                    {"Key": "from", "Value": "template"}, {"Key": "both", "Value": "t"}]}]},
            TagSpecifications=[{"ResourceType": "launch-template",
                                "Tags": [{"Key": "team", "Value": "blue"}]}])
        template = made["LaunchTemplate"]
        template_id = template["LaunchTemplateId"]
        self.assertEqual(template["LatestVersionNumber"], 1)
        self.assertEqual(template["Tags"], [{"Key": "team", "Value": "blue"}])
        again = ec2.create_launch_template(LaunchTemplateName="web", ClientToken="lt-1",
                                           LaunchTemplateData={"ImageId": IMAGE})
        self.assertEqual(again["LaunchTemplate"]["LaunchTemplateId"], template_id)
        self.assert_refused("InvalidLaunchTemplateName.AlreadyExistsException",
                            ec2.create_launch_template, LaunchTemplateName="web",
                            LaunchTemplateData={"ImageId": IMAGE})
        version = ec2.create_launch_template_version(
            LaunchTemplateId=template_id, SourceVersion="1", VersionDescription="larger",
            LaunchTemplateData={"InstanceType": "m5.large"})["LaunchTemplateVersion"]
        self.assertEqual(version["VersionNumber"], 2)
        self.assertFalse(version["DefaultVersion"])
        self.assertEqual(version["LaunchTemplateData"]["InstanceType"], "m5.large")
        self.assertEqual(version["LaunchTemplateData"]["ImageId"], IMAGE)
        self.assertTrue(version["LaunchTemplateData"]["DisableApiTermination"])

        def launch(reference, **more):
            return ec2.run_instances(MinCount=1, MaxCount=1, LaunchTemplate=reference,
                                     **more)["Instances"][0]

        default = launch({"LaunchTemplateName": "web"}, TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "both", "Value": "r"}]}])
        self.assertEqual(default["InstanceType"], "t3.small")
        self.assertEqual({t["Key"]: t["Value"] for t in default["Tags"]},
                         {"from": "template", "both": "r",
                          "aws:ec2launchtemplate:id": template_id,
                          "aws:ec2launchtemplate:version": "1"})
        data = ec2.describe_instance_attribute(InstanceId=default["InstanceId"],
                                               Attribute="userData")
        self.assertEqual(data["UserData"]["Value"], "IyEvYmluL3NoCg==")
        self.assertEqual(launch({"LaunchTemplateId": template_id, "Version": "$Latest"})
                         ["InstanceType"], "m5.large")
        self.assertEqual(launch({"LaunchTemplateId": template_id, "Version": "2"},
                                InstanceType="c5.large")["InstanceType"], "c5.large")
        self.assert_refused("InvalidLaunchTemplateId.VersionNotFound", launch,
                            reference={"LaunchTemplateId": template_id, "Version": "3"})
        changed = ec2.modify_launch_template(LaunchTemplateId=template_id,
                                             DefaultVersion="2")["LaunchTemplate"]
        self.assertEqual(changed["DefaultVersionNumber"], 2)

        versions = ec2.describe_launch_template_versions(LaunchTemplateName="web")
        self.assertEqual([v["VersionNumber"] for v in versions["LaunchTemplateVersions"]],
                         [2, 1])
        versions = ec2.describe_launch_template_versions(
            LaunchTemplateId=template_id, Versions=["$Default", "1"])
        self.assertEqual([v["VersionNumber"] for v in versions["LaunchTemplateVersions"]],
                         [2, 1])
        found = ec2.describe_launch_templates(
            Filters=[{"Name": "tag:team", "Values": ["blue"]}])["LaunchTemplates"]
        self.assertEqual([t["LaunchTemplateName"] for t in found], ["web"])
        ec2.delete_launch_template(LaunchTemplateId=template_id)
        self.assert_refused("InvalidLaunchTemplateName.NotFoundException",
                            ec2.describe_launch_templates, LaunchTemplateNames=["web"])

    def test_many_templates_come_in_pages(self):
        for number in range(5):
            self.ec2.create_launch_template(LaunchTemplateName=f"page-{number}",
                                            LaunchTemplateData={"ImageId": IMAGE})
        names = [t["LaunchTemplateName"]
                 for page in self.ec2.get_paginator("describe_launch_templates").paginate(
                     Filters=[{"Name": "launch-template-name", "Values": ["page-*"]}],
                     PaginationConfig={"PageSize": 2})
                 for t in page["LaunchTemplates"]]
        self.assertEqual(names, [f"page-{n}" for n in range(5)])

    # ---- the region ----

    def test_the_region_has_zones_subnets_images_and_types(self):
        zones = self.ec2.describe_availability_zones()["AvailabilityZones"]
        self.assertEqual([z["ZoneName"] for z in zones],
                         ["us-east-1a", "us-east-1b", "us-east-1c"])
        self.assertEqual(zones[0]["ZoneId"], "use1-az1")
        self.assertEqual(zones[0]["State"], "available")
        before = self.free_addresses("us-east-1a")
        self.run_instances(MinCount=2, MaxCount=2, SubnetId=self.subnets["us-east-1a"])
        self.assertEqual(self.free_addresses("us-east-1a"), before - 2)
        images = self.ec2.describe_images(
            Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"]
        self.assertIn(IMAGE, [i["ImageId"] for i in images])
        types = self.ec2.describe_instance_types(InstanceTypes=["m5.2xlarge"])
        self.assertEqual(types["InstanceTypes"][0]["VCpuInfo"]["DefaultVCpus"], 8)
        every = [t["InstanceType"] for page in self.ec2.get_paginator(
            "describe_instance_types").paginate(PaginationConfig={"PageSize": 5})
            for t in page["InstanceTypes"]]
        self.assertEqual(len(every), len(set(every)))
        self.assertIn("t3.micro", every)
        self.assertEqual(self.ec2.describe_regions()["Regions"][0]["RegionName"], "us-east-1")
        self.assertEqual(len(self.ec2.describe_vpcs()["Vpcs"]), 1)

    def free_addresses(self, zone):
        return self.ec2.describe_subnets(SubnetIds=[self.subnets[zone]])["Subnets"][0][
            "AvailableIpAddressCount"]

    def test_waiters_of_boto3_end(self):
        one = self.run_instances()[0]["InstanceId"]
        self.ec2.get_waiter("instance_running").wait(
            InstanceIds=[one], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        self.ec2.terminate_instances(InstanceIds=[one])
        self.ec2.get_waiter("instance_terminated").wait(
            InstanceIds=[one], WaiterConfig={"Delay": 1, "MaxAttempts": 20})

    # ---- who may ask ----

    def test_sts_on_the_same_endpoint_says_who_one_is(self):
        identity = self.local.client("sts").get_caller_identity()
        self.assertEqual(identity["Account"], "000000000000")

    def test_a_wrong_signature_an_unknown_key_and_another_region_are_refused(self):
        keys = self.local.keys()
        for changes in ({"aws_secret_access_key": "wrong"},
                        {"aws_access_key_id": "AKIAUNKNOWN"}, {"region_name": "eu-west-1"}):
            client = self.local.client(**changes)
            with self.assertRaises(ClientError) as raised:
                client.describe_instances()
            error = raised.exception.response
            self.assertIn(error["ResponseMetadata"]["HTTPStatusCode"], (400, 401, 403))
            self.assertIn(error["Error"]["Code"], ("AuthFailure", "SignatureDoesNotMatch",
                                                   "InvalidClientTokenId"))
            self.assertNotIn(keys["aws_secret_access_key"], error["Error"]["Message"])

    def test_an_action_it_does_not_know_is_said_so(self):
        self.assert_refused("InvalidAction", self.ec2.describe_volumes)


if __name__ == "__main__":
    unittest.main(verbosity=1)
