#!/usr/bin/python3
"""Everything a launch template can carry: our table of fields against boto3's model of EC2,
a template with every field made by boto3 and by the openasg command, and what of it a
launch by a real worker says."""

import base64
import json
import os
import shutil
import sys
import tempfile
import unittest

try:
    import boto3  # noqa: F401
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from ec2local_fixture import BUILD, SOURCE, Ec2Local
from launch_data import (IMAGE, TYPE, leaves, service, table_rows, template_leaves,
                         whole_template)

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, Trouble, wait_for  # noqa: E402

KINDS = {"string": "TEXT", "integer": "NUMBER", "double": "DECIMAL", "boolean": "FLAG",
         "timestamp": "TIME"}


class Table(unittest.TestCase):
    """The installed boto3 may be older than our table: rows it does not know are fine."""

    def setUp(self):
        self.rows = table_rows(os.path.join(SOURCE, "lib", "model", "launch_fields.def"))
        self.assertGreater(len(self.rows), 140)

    def test_every_field_of_the_service_model_is_in_the_table(self):
        found = template_leaves()
        self.assertGreater(len(found), 100)
        for name, query, xml, kind, words in found:
            with self.subTest(name):
                row = self.rows[name]
                self.assertEqual((row[1], row[2], row[3]), (query, xml, KINDS[kind]))
                if row[4]:  # words the table knows; never fewer than the model has
                    self.assertLessEqual(set(words), set(row[4].split("|")))

    def test_what_run_instances_takes_has_the_same_names_there(self):
        run = {row[0]: row for row in leaves(service().shape_for("RunInstancesRequest"))}
        known = {row[0] for row in template_leaves()}
        for name in known:
            row = self.rows[name]
            with self.subTest(name):
                self.assertEqual(row[5] == "true", name not in run)
                if name in run:
                    self.assertEqual(row[1], run[name][1])


class Boto3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Ec2Local("--no-boot")
        cls.ec2 = cls.local.client()

    @classmethod
    def tearDownClass(cls):
        cls.ec2.close()
        cls.local.close()

    def version(self, name, number="$Latest"):
        found = self.ec2.describe_launch_template_versions(
            LaunchTemplateName=name, Versions=[number])["LaunchTemplateVersions"]
        return found[0]["LaunchTemplateData"]

    def test_a_template_with_every_field_comes_back_as_it_was(self):
        data = whole_template()
        self.ec2.create_launch_template(LaunchTemplateName="whole",
                                        LaunchTemplateData=data)
        self.assertEqual(normal(self.version("whole")), normal(data))

    def test_a_version_from_another_replaces_what_it_says(self):
        self.ec2.create_launch_template(LaunchTemplateName="twice", LaunchTemplateData={
            "ImageId": IMAGE, "EbsOptimized": True,
            "Placement": {"Tenancy": "dedicated"},
            "BlockDeviceMappings": [{"DeviceName": "/dev/a"}, {"DeviceName": "/dev/b"}]})
        self.ec2.create_launch_template_version(
            LaunchTemplateName="twice", SourceVersion="1", LaunchTemplateData={
                "Placement": {"GroupName": "near"},
                "BlockDeviceMappings": [{"DeviceName": "/dev/c"}]})
        self.assertEqual(self.version("twice"), {
            "ImageId": IMAGE, "EbsOptimized": True,
            "Placement": {"Tenancy": "dedicated", "GroupName": "near"},
            "BlockDeviceMappings": [{"DeviceName": "/dev/c"}]})

    def test_what_is_no_parameter_or_no_value_is_refused(self):
        def make(data):
            with self.assertRaises(ClientError) as raised:
                self.ec2.create_launch_template(LaunchTemplateName="bad-one",
                                                LaunchTemplateData=data)
            return raised.exception.response["Error"]["Code"]
        self.assertEqual(make({"MetadataOptions": {"HttpTokens": "sometimes"}}),
                         "InvalidParameterValue")
        self.assertEqual(make({"BlockDeviceMappings": [{"Ebs": {"VolumeType": "gp9"}}]}),
                         "InvalidParameterValue")

    def test_a_subnet_beside_network_interfaces_is_refused(self):
        subnet = self.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        launch = {"ImageId": IMAGE, "InstanceType": TYPE, "MinCount": 1, "MaxCount": 1,
                  "NetworkInterfaces": [{"DeviceIndex": 0}]}
        with self.assertRaises(ClientError) as raised:
            self.ec2.run_instances(SubnetId=subnet, **launch)
        self.assertEqual(raised.exception.response["Error"]["Code"],
                         "InvalidParameterCombination")
        launch["NetworkInterfaces"][0]["SubnetId"] = subnet
        made = self.ec2.run_instances(**launch)["Instances"][0]
        self.assertEqual(made["SubnetId"], subnet)


def normal(data):
    """Times as text: boto3 reads them, and what it sends has milliseconds or not."""
    return json.loads(json.dumps(data, default=lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")))


class Openasg(unittest.TestCase):
    """The command, the controller, a worker and ec2local, each the real program."""

    def setUp(self):
        for program in ("openasg-controller", "openasg-worker", "openasg"):
            if not os.path.exists(os.path.join(BUILD, "bin", program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-launch-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_ec2local("--no-boot", "--boot-delay-ms", "30")
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1")
        self.ec2 = boto3.session.Session().client(
            "ec2", region_name=self.cluster.env["AWS_REGION"],
            endpoint_url=self.cluster.ec2_endpoint,
            aws_access_key_id=self.cluster.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.cluster.env["AWS_SECRET_ACCESS_KEY"])
        self.addCleanup(self.ec2.close)

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            json.dump(data, file)
        return path

    def data_of(self, name):
        found = self.ec2.describe_launch_template_versions(LaunchTemplateName=name)
        return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]

    def refused(self, *arguments):
        with self.assertRaises(Trouble) as raised:
            self.cluster.openasg(*arguments)
        return str(raised.exception)

    def instances(self):
        return [i for r in self.ec2.describe_instances()["Reservations"]
                for i in r["Instances"]]

    def launch(self, template, *options):
        self.cluster.openasg("group", "create", "web", "--min", "0", "--max", "4",
                             "--desired", "2", "--template", template,
                             "--zones", "us-east-1b/subnet-0b000000000000002", *options)
        return wait_for("two instances", lambda: len(self.instances()) == 2
                        and self.instances(), seconds=60)

    def test_a_file_with_every_field_makes_that_template(self):
        data = whole_template()
        self.cluster.openasg("template", "create", "whole", "--file",
                             self.write("whole.json", data))
        self.assertEqual(normal(self.data_of("whole")), normal(data))

    def test_a_template_is_tagged_when_it_is_created(self):
        for tags in (("team=blue", "empty="), ("team=red",)):
            self.cluster.openasg("template", "create", "tagged", "--image", IMAGE,
                                 "--instance-type", "t3.micro",
                                 *(word for tag in tags for word in ("--tag", tag)))
        (found,) = self.ec2.describe_launch_templates(
            LaunchTemplateNames=["tagged"])["LaunchTemplates"]
        self.assertEqual(found["LatestVersionNumber"], 2)
        self.assertEqual({tag["Key"]: tag["Value"] for tag in found["Tags"]},
                         {"team": "blue", "empty": ""})

    def test_options_and_files_are_checked_before_anything_is_made(self):
        create = ("template", "create", "web", "--image", IMAGE)
        words = self.refused(*create, "--set", "BlockDeviceMappings.1.Ebs.Size=20")
        self.assertIn("is not a launch parameter", words)
        words = self.refused(*create, "--set", "MetadataOptions.HttpTokens=maybe")
        self.assertIn("optional|required", words)
        bad = self.write("bad.json", {"BlockDeviceMappings": {"DeviceName": "/dev/a"}})
        self.assertIn("should be a list", self.refused(*create, "--file", bad))
        bad = self.write("bad.json", {"Placement": {"Zone": "a"}})
        self.assertIn("Placement.Zone is not a launch parameter",
                      self.refused(*create, "--file", bad))
        words = self.refused(*create, "--key-name", "me", "--set", "KeyName=you")
        self.assertIn("--key-name", words)
        self.cluster.openasg("template", "create", "plain", "--image", IMAGE)
        words = self.refused("group", "create", "web", "--min", "0", "--max", "1",
                             "--template", "plain", "--zones", "us-east-1a",
                             "--launch-set", "InstanceType=t3.nano")
        self.assertIn("the group's instance types set it", words)

    def test_a_launch_says_over_the_template_what_its_group_says(self):
        self.cluster.openasg(
            "template", "create", "web", "--image", IMAGE, "--instance-type", TYPE,
            "--tag", "who=template", "--set", "EbsOptimized=false",
            "--set", "TagSpecifications.1.ResourceType=volume",
            "--set", "TagSpecifications.1.Tags.1.Key=disk",
            "--set", "TagSpecifications.1.Tags.1.Value=yes")
        self.assertEqual([t["ResourceType"]
                          for t in self.data_of("web")["TagSpecifications"]],
                         ["volume"])
        template = self.ec2.describe_launch_templates(LaunchTemplateNames=["web"])
        self.assertEqual(template["LaunchTemplates"][0]["Tags"],
                         [{"Key": "who", "Value": "template"}])
        found = self.launch(
            "web", "--tag", "team=blue", "--launch-set", "EbsOptimized=true",
            "--launch-set", "MetadataOptions.HttpTokens=optional",
            "--launch-set", "InstanceMarketOptions.MarketType=spot",
            "--launch-set", "Placement.Tenancy=dedicated",
            "--launch-set", "IamInstanceProfile.Name=web",
            "--launch-set", "SecurityGroupIds.1=sg-0a",
            "--launch-set", "Monitoring.Enabled=true",
            "--launch-set", "BlockDeviceMappings.1.DeviceName=/dev/xvda",
            "--launch-set", "BlockDeviceMappings.1.Ebs.VolumeSize=20")
        one = found[0]
        self.assertTrue(one["EbsOptimized"])
        self.assertEqual(one["MetadataOptions"]["HttpTokens"], "optional")
        self.assertEqual(one["InstanceLifecycle"], "spot")
        self.assertEqual(one["Placement"]["Tenancy"], "dedicated")
        self.assertTrue(one["IamInstanceProfile"]["Arn"].endswith("instance-profile/web"))
        self.assertEqual(one["SecurityGroups"][0]["GroupId"], "sg-0a")
        self.assertEqual(one["Monitoring"]["State"], "enabled")
        self.assertEqual(one["BlockDeviceMappings"][0]["DeviceName"], "/dev/xvda")
        tags = {t["Key"]: t["Value"] for t in one["Tags"]}
        self.assertEqual((tags["team"], tags["openasg:group"]), ("blue", "web"))
        self.assertNotIn("who", tags)
        self.assertEqual(one["SubnetId"], "subnet-0b000000000000002")

    def test_a_template_with_network_interfaces_starts_in_the_groups_subnet(self):
        path = self.write("web.json", {
            "ImageId": IMAGE, "InstanceType": TYPE,
            "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
            "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-0a", "sg-0b"],
                                   "AssociatePublicIpAddress": True}]})
        self.cluster.openasg("template", "create", "web", "--file", path)
        one = self.launch("web")[0]
        self.assertEqual(one["SubnetId"], "subnet-0b000000000000002")
        self.assertEqual([g["GroupId"] for g in one["SecurityGroups"]], ["sg-0a", "sg-0b"])


if __name__ == "__main__":
    unittest.main()
