#!/usr/bin/python3
"""Small things that EC2 does and openasg-ec2local once did not: dry runs of everything, tags
that EC2 sets itself, filters, its words for ids that are not there. Asked with boto3."""

import sys
import unittest

try:
    import boto3  # noqa: F401
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from ec2local_fixture import Ec2Local

IMAGE = "ami-00000000000000001"


class ParityTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Ec2Local("--no-boot", "--seed", "11")
        cls.ec2 = cls.local.client()

    @classmethod
    def tearDownClass(cls):
        cls.local.close()

    def run_instances(self, **parameters):
        parameters = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1,
                      "MaxCount": 1, **parameters}
        return self.ec2.run_instances(**parameters)["Instances"]

    def instances(self, **parameters):
        return [i for r in self.ec2.describe_instances(**parameters)["Reservations"]
                for i in r["Instances"]]

    def one(self, instance_id):
        return self.instances(InstanceIds=[instance_id])[0]

    def filtered(self, **filters):
        """Ids that all filters take; underscores for dashes, two for a dot."""
        return {i["InstanceId"] for i in self.instances(Filters=[
            {"Name": name.replace("__", ".").replace("_", "-"), "Values": values}
            for name, values in filters.items()])}

    def refused(self, code, call, **parameters):
        with self.assertRaises(ClientError) as raised:
            call(**parameters)
        error = raised.exception.response["Error"]
        self.assertEqual(error["Code"], code, error["Message"])
        return error["Message"]

    def template(self, name, **data):
        return self.ec2.create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData={"ImageId": IMAGE, **data}
        )["LaunchTemplate"]["LaunchTemplateId"]

    # ---- DryRun ----

    def test_a_dry_run_changes_nothing(self):
        template = self.template("dry")
        self.ec2.create_launch_template_version(
            LaunchTemplateId=template, LaunchTemplateData={"ImageId": IMAGE})
        instance = self.run_instances()[0]["InstanceId"]
        self.refused("DryRunOperation", self.ec2.modify_launch_template,
                     LaunchTemplateId=template, DefaultVersion="2", DryRun=True)
        self.refused("DryRunOperation", self.ec2.delete_launch_template,
                     LaunchTemplateId=template, DryRun=True)
        self.refused("DryRunOperation", self.ec2.modify_instance_attribute,
                     InstanceId=instance, DisableApiTermination={"Value": True}, DryRun=True)
        found = self.ec2.describe_launch_templates(LaunchTemplateIds=[template])
        self.assertEqual(found["LaunchTemplates"][0]["DefaultVersionNumber"], 1)
        self.assertFalse(self.ec2.describe_instance_attribute(
            InstanceId=instance, Attribute="disableApiTermination"
        )["DisableApiTermination"]["Value"])

    def test_every_describe_knows_a_dry_run(self):
        instance = self.run_instances()[0]["InstanceId"]
        for call, parameters in [
                (self.ec2.describe_instances, {}),
                (self.ec2.describe_instance_status, {}),
                (self.ec2.describe_instance_attribute,
                 {"InstanceId": instance, "Attribute": "userData"}),
                (self.ec2.describe_tags, {}),
                (self.ec2.describe_launch_templates, {}),
                (self.ec2.describe_launch_template_versions, {"Versions": ["$Latest"]}),
                (self.ec2.describe_subnets, {}),
                (self.ec2.describe_vpcs, {}),
                (self.ec2.describe_availability_zones, {}),
                (self.ec2.describe_regions, {}),
                (self.ec2.describe_images, {}),
                (self.ec2.describe_instance_types, {})]:
            with self.subTest(call.__name__):
                self.refused("DryRunOperation", call, DryRun=True, **parameters)

    def test_a_dry_run_says_first_what_is_wrong(self):
        self.refused("InvalidLaunchTemplateId.NotFound", self.ec2.delete_launch_template,
                     LaunchTemplateId="lt-0123456789abcdef0", DryRun=True)
        self.refused("InvalidInstanceID.NotFound", self.ec2.describe_instances,
                     InstanceIds=["i-0123456789abcdef0"], DryRun=True)

    # ---- launch templates ----

    def test_an_instance_says_which_template_and_version_made_it(self):
        template = self.template("tells", InstanceType="t3.micro")
        self.ec2.create_launch_template_version(
            LaunchTemplateId=template, LaunchTemplateData={"ImageId": IMAGE})
        launched = self.ec2.run_instances(
            MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateName": "tells",
                                                    "Version": "$Latest"},
            InstanceType="t3.micro")["Instances"][0]
        tags = {t["Key"]: t["Value"] for t in launched["Tags"]}
        self.assertEqual(tags, {"aws:ec2launchtemplate:id": template,
                                "aws:ec2launchtemplate:version": "2"})
        self.assertEqual(self.filtered(**{"tag:aws:ec2launchtemplate:id": [template]}),
                         {launched["InstanceId"]})

    def test_a_fleet_instance_says_its_template_too(self):
        template = self.template("fleet-tells", InstanceType="t3.micro")
        fleet = self.ec2.create_fleet(
            Type="instant", TargetCapacitySpecification={"TotalTargetCapacity": 1},
            LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {
                "LaunchTemplateId": template, "Version": "$Default"}}])
        instance = self.one(fleet["Instances"][0]["InstanceIds"][0])
        tags = {t["Key"]: t["Value"] for t in instance["Tags"]}
        self.assertEqual(tags["aws:ec2launchtemplate:id"], template)
        self.assertEqual(tags["aws:ec2launchtemplate:version"], "1")

    def test_versions_without_a_template_are_those_of_all_only_by_word(self):
        template = self.template("versions")
        for versions in (["1"], ["$Latest", "1"], ["latest"]):
            self.refused("InvalidParameterValue",
                         self.ec2.describe_launch_template_versions, Versions=versions)
        self.refused("MissingParameter", self.ec2.describe_launch_template_versions)
        found = self.ec2.describe_launch_template_versions(Versions=["$Latest", "$Default"])
        self.assertIn(template, [v["LaunchTemplateId"]
                                 for v in found["LaunchTemplateVersions"]])

    # ---- what an instance shows ----

    def test_a_device_that_is_suppressed_or_ephemeral_is_no_volume(self):
        launched = self.run_instances(BlockDeviceMappings=[
            {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 8}},
            {"DeviceName": "/dev/sdc", "NoDevice": ""},
            {"DeviceName": "/dev/sdd", "VirtualName": "ephemeral0"}])[0]
        found = self.one(launched["InstanceId"])
        self.assertEqual([m["DeviceName"] for m in found["BlockDeviceMappings"]],
                         ["/dev/sdb"])
        self.refused("InvalidBlockDeviceMapping", self.run_instances, BlockDeviceMappings=[
            {"DeviceName": "/dev/sdd", "VirtualName": "disk-of-mine"}])

    def test_placement_shows_all_that_was_said(self):
        said = {"AvailabilityZone": "us-east-1b", "Tenancy": "host",
                "HostId": "h-0123456789abcdef0", "Affinity": "host",
                "GroupName": "near", "PartitionNumber": 3,
                "HostResourceGroupArn": "arn:aws:resource-groups:us-east-1:1:group/h"}
        launched = self.run_instances(Placement=said)[0]
        placement = self.one(launched["InstanceId"])["Placement"]
        self.assertEqual({name: placement.get(name) for name in said}, said)

    # ---- words for ids ----

    def test_ids_that_are_not_there_are_all_named(self):
        ids = ["i-0123456789abcdef0", "i-0123456789abcdef1", "i-0123456789abcdef2"]
        words = self.refused("InvalidInstanceID.NotFound", self.ec2.terminate_instances,
                             InstanceIds=ids)
        self.assertEqual(words, f"The instance IDs '{', '.join(ids)}' do not exist")
        words = self.refused("InvalidInstanceID.NotFound", self.ec2.terminate_instances,
                             InstanceIds=ids[:1])
        self.assertEqual(words, f"The instance ID '{ids[0]}' does not exist")

    def test_terminating_nothing_is_an_invalid_combination(self):
        for call in (self.ec2.terminate_instances, self.ec2.stop_instances,
                     self.ec2.start_instances):
            words = self.refused("InvalidParameterCombination", call, InstanceIds=[])
            self.assertEqual(words, "No instances specified")

    # ---- filters ----

    def test_the_filters_of_instances(self):
        marked = self.run_instances(
            MaxCount=2, Monitoring={"Enabled": True}, Placement={"Tenancy": "dedicated"},
            MetadataOptions={"HttpTokens": "optional"},
            SubnetId="subnet-0c000000000000003",
            BlockDeviceMappings=[{"DeviceName": "/dev/sdx", "Ebs": {"VolumeSize": 1}}])
        ids = {i["InstanceId"] for i in marked}
        other = self.run_instances(SubnetId="subnet-0a000000000000001")[0]["InstanceId"]
        for name, mine in {
                "monitoring_state": "enabled", "tenancy": "dedicated",
                "metadata_options__http_tokens": "optional",
                "availability_zone_id": "use1-az3",
                "block_device_mapping__device_name": "/dev/sd?"}.items():
            with self.subTest(name):
                self.assertEqual(self.filtered(**{name: [mine]}) & (ids | {other}), ids)
        everybodys = {"owner_id": self.owner(), "root_device_type": "ebs",
                      "hypervisor": "xen", "virtualization_type": "hvm",
                      "platform_details": "Linux/UNIX", "instance__group_name": "default"}
        for name, value in everybodys.items():
            with self.subTest(name):
                self.assertLessEqual(ids | {other}, self.filtered(**{name: [value]}))
                self.assertEqual(self.filtered(**{name: ["other"]}), set())

    def owner(self):
        return self.ec2.describe_instances()["Reservations"][0]["OwnerId"]

    def test_filters_by_what_only_the_instance_has(self):
        launched = self.run_instances(MinCount=2, MaxCount=2)
        ids = {i["InstanceId"] for i in launched}
        one = self.one(launched[1]["InstanceId"])
        name = one["PrivateDnsName"]
        for filters in ({"launch_index": ["1"]}, {"private_dns_name": [name]},
                        {"network_interface__private_dns_name": [name]}):
            with self.subTest(filters):
                self.assertEqual(self.filtered(**filters) & ids, {one["InstanceId"]})
        time = one["LaunchTime"].strftime("%Y-%m-%dT%H:%M:*")
        self.assertLessEqual(ids, self.filtered(launch_time=[time]))
        self.assertEqual(self.filtered(launch_time=["1999-*"]), set())

    def test_the_filters_hold_for_a_named_group(self):
        launched = self.run_instances(SecurityGroupIds=["sg-0123456789abcdef0"])[0]
        self.assertIn(launched["InstanceId"],
                      self.filtered(instance__group_id=["sg-0123456789abcdef0"]))
        self.assertNotIn(launched["InstanceId"],
                         self.filtered(instance__group_name=["default"]))

    # ---- images and types ----

    def test_images_are_those_of_the_owners_asked_for(self):
        everything = {i["ImageId"] for i in self.ec2.describe_images()["Images"]}
        for owners, found in ((["self"], everything), ([self.account()], everything),
                              (["amazon"], set()), (["123456789012"], set()),
                              (["amazon", "self"], everything)):
            with self.subTest(owners):
                self.assertEqual({i["ImageId"] for i in
                                  self.ec2.describe_images(Owners=owners)["Images"]}, found)

    def account(self):
        return self.local.client("sts").get_caller_identity()["Account"]

    def test_types_of_all_families_are_known(self):
        for name, vcpus, memory, architecture in (
                ("t1.micro", 1, 627, "x86_64"), ("t2.micro", 1, 1024, "x86_64"),
                ("t2.nano", 1, 512, "x86_64"), ("m4.large", 2, 8192, "x86_64"),
                ("c7g.xlarge", 4, 8192, "arm64"), ("r6i.2xlarge", 8, 65536, "x86_64"),
                ("p4d.24xlarge", 96, 1179648, "x86_64"), ("g4dn.xlarge", 4, 16384, "x86_64"),
                ("m7g.medium", 1, 4096, "arm64")):
            with self.subTest(name):
                found = self.ec2.describe_instance_types(
                    InstanceTypes=[name])["InstanceTypes"][0]
                self.assertEqual(found["VCpuInfo"]["DefaultVCpus"], vcpus)
                self.assertEqual(found["MemoryInfo"]["SizeInMiB"], memory)
                self.assertIn(architecture, found["ProcessorInfo"]["SupportedArchitectures"])
        self.assertEqual(self.run_instances(InstanceType="t2.micro")[0]["InstanceType"],
                         "t2.micro")

    def test_every_type_of_the_service_model_is_known(self):
        model = set(self.ec2.meta.service_model.shape_for("InstanceType").enum)
        known = {t["InstanceType"] for page in
                 self.ec2.get_paginator("describe_instance_types").paginate()
                 for t in page["InstanceTypes"]}
        self.assertEqual(model - known, set())

    def test_types_come_in_pages_of_a_hundred(self):
        page = self.ec2.describe_instance_types()
        self.assertEqual(len(page["InstanceTypes"]), 100)
        self.assertTrue(page["NextToken"])


class FolderTest(unittest.TestCase):
    def test_missing_parents_of_the_folder_are_created(self):
        import os
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            deep = os.path.join(folder, "a", "b", "c")
            os.umask(0o022)
            local = Ec2Local("--no-boot", "--dir", deep, folder=folder)
            try:
                self.assertTrue(os.path.exists(os.path.join(deep, "credentials")))
                self.assertEqual(os.stat(deep).st_mode & 0o777, 0o700)
            finally:
                local.close()


if __name__ == "__main__":
    unittest.main()
