#!/usr/bin/python3
"""A network of one's own in openasg-ec2local, the way Terraform and its like make and unmake one:
VPC, subnets, security groups with rules, key pairs; a launch into it. Asked with boto3."""

import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import unittest

try:
    import boto3  # noqa: F401
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from ec2local_fixture import Ec2Local, wait_for

IMAGE = "ami-00000000000000001"
DEFAULT_VPC = "vpc-0a000000000000000"


class NetworkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Ec2Local("--no-boot", "--seed", "13")
        cls.ec2 = cls.local.client()

    @classmethod
    def tearDownClass(cls):
        cls.ec2.close()
        cls.local.close()

    def refused(self, code, call, **parameters):
        with self.assertRaises(ClientError) as raised:
            call(**parameters)
        error = raised.exception.response["Error"]
        self.assertEqual(error["Code"], code, error["Message"])

    def make_vpc(self, cidr="10.7.0.0/16"):
        return self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]

    def test_a_network_is_made_used_and_unmade(self):
        ec2 = self.ec2
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "main"}]}])["Vpc"]
        self.assertEqual(vpc["State"], "available")
        self.assertEqual(vpc["Tags"], [{"Key": "Name", "Value": "main"}])
        self.assertFalse(vpc["IsDefault"])
        vpc_id = vpc["VpcId"]
        ec2.get_waiter("vpc_available").wait(VpcIds=[vpc_id])
        ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
        for attribute, key in (("enableDnsSupport", "EnableDnsSupport"),
                               ("enableDnsHostnames", "EnableDnsHostnames")):
            found = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=attribute)
            self.assertTrue(found[key]["Value"])
        default = ec2.describe_security_groups(Filters=[
            {"Name": "vpc-id", "Values": [vpc_id]},
            {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
        self.assertEqual(len(default), 1)

        subnet = ec2.create_subnet(
            VpcId=vpc_id, CidrBlock="10.1.2.0/24", AvailabilityZone="us-east-1b",
            TagSpecifications=[{"ResourceType": "subnet",
                                "Tags": [{"Key": "tier", "Value": "web"}]}])["Subnet"]
        subnet_id = subnet["SubnetId"]
        self.assertEqual((subnet["AvailabilityZone"], subnet["AvailabilityZoneId"]),
                         ("us-east-1b", "use1-az2"))
        self.assertEqual(subnet["AvailableIpAddressCount"], 251)
        ec2.modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
        ec2.get_waiter("subnet_available").wait(SubnetIds=[subnet_id])
        found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]},
                                              {"Name": "tag:tier", "Values": ["web"]}])
        self.assertEqual([s["SubnetId"] for s in found["Subnets"]], [subnet_id])
        self.assertTrue(found["Subnets"][0]["MapPublicIpOnLaunch"])

        group_id = ec2.create_security_group(
            GroupName="web", Description="web servers", VpcId=vpc_id)["GroupId"]
        ec2.get_waiter("security_group_exists").wait(GroupIds=[group_id])
        ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=[
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        made = ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
             "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"},
                          {"CidrIp": "192.168.0.0/16"}],
             "UserIdGroupPairs": [{"GroupId": group_id}]}])
        self.assertEqual(len(made["SecurityGroupRules"]), 3)
        ec2.authorize_security_group_egress(GroupId=group_id, IpPermissions=[
            {"IpProtocol": "6", "FromPort": 80, "ToPort": 81,
             "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}])
        group = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
        self.assertEqual((group["GroupName"], group["Description"], group["VpcId"]),
                         ("web", "web servers", vpc_id))
        permission = group["IpPermissions"][0]
        self.assertEqual((permission["FromPort"], permission["ToPort"]), (443, 443))
        self.assertEqual(permission["IpRanges"], [
            {"CidrIp": "10.0.0.0/8", "Description": "inside"}, {"CidrIp": "192.168.0.0/16"}])
        self.assertEqual(permission["UserIdGroupPairs"][0]["GroupId"], group_id)
        egress = group["IpPermissionsEgress"]
        self.assertEqual([(p["IpProtocol"], p["FromPort"]) for p in egress], [("tcp", 80)])
        rules = ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [group_id]}])["SecurityGroupRules"]
        self.assertEqual(len(rules), 4)

        instance = ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1,
            SubnetId=subnet_id, SecurityGroupIds=[group_id])["Instances"][0]
        self.assertEqual((instance["VpcId"], instance["SubnetId"]), (vpc_id, subnet_id))
        self.assertEqual(instance["Placement"]["AvailabilityZone"], "us-east-1b")
        self.assertEqual(instance["SecurityGroups"],
                         [{"GroupId": group_id, "GroupName": "web"}])
        self.assertEqual(ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]
                         ["AvailableIpAddressCount"], 250)
        for call, parameters in ((ec2.delete_subnet, {"SubnetId": subnet_id}),
                                 (ec2.delete_security_group, {"GroupId": group_id}),
                                 (ec2.delete_vpc, {"VpcId": vpc_id})):
            self.refused("DependencyViolation", call, **parameters)
        ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
        ec2.get_waiter("instance_terminated").config.delay = 0
        wait_for("it to end", lambda: ec2.describe_instances(
            InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"][0]
            ["State"]["Name"] == "terminated")
        ec2.delete_security_group(GroupId=group_id)
        ec2.delete_subnet(SubnetId=subnet_id)
        ec2.delete_vpc(VpcId=vpc_id)
        self.refused("InvalidGroup.NotFound", ec2.describe_security_groups,
                     GroupIds=[group_id])
        self.refused("InvalidSubnetID.NotFound", ec2.describe_subnets, SubnetIds=[subnet_id])
        self.refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[vpc_id])
        self.refused("InvalidSubnetID.NotFound", ec2.run_instances, ImageId=IMAGE,
                     InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet_id)

    def test_what_is_there_from_the_start(self):
        vpcs = self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])
        self.assertEqual([v["VpcId"] for v in vpcs["Vpcs"]], [DEFAULT_VPC])
        groups = self.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
        self.assertEqual([g["VpcId"] for g in groups], [DEFAULT_VPC])
        self.refused("CannotDelete", self.ec2.delete_security_group,
                     GroupId=groups[0]["GroupId"])
        self.refused("DependencyViolation", self.ec2.delete_vpc, VpcId=DEFAULT_VPC)

    def test_blocks_that_do_not_fit_are_refused(self):
        vpc = self.make_vpc("10.2.0.0/20")
        make = self.ec2.create_subnet
        make(VpcId=vpc, CidrBlock="10.2.0.0/24")
        for code, cidr in (("InvalidSubnet.Conflict", "10.2.0.128/25"),
                           ("InvalidSubnet.Range", "10.3.0.0/24"),
                           ("InvalidSubnet.Range", "10.2.0.0/16"),
                           ("InvalidSubnet.Range", "10.2.1.0/29"),
                           ("InvalidParameterValue", "10.2.1.1/24"),
                           ("InvalidParameterValue", "not one")):
            with self.subTest(cidr):
                self.refused(code, make, VpcId=vpc, CidrBlock=cidr)
        self.refused("InvalidParameterValue", make, VpcId=vpc, CidrBlock="10.2.1.0/24",
                     AvailabilityZone="us-east-1z")
        self.refused("InvalidVpcID.NotFound", make, VpcId="vpc-0123456789abcdef0",
                     CidrBlock="10.2.1.0/24")
        for code, cidr in (("InvalidVpc.Range", "10.0.0.0/8"),
                           ("InvalidVpc.Range", "10.0.0.0/29"),
                           ("InvalidParameterValue", "10.0.0.1/16")):
            self.refused(code, self.ec2.create_vpc, CidrBlock=cidr)

    def test_a_small_subnet_holds_what_it_has_room_for(self):
        vpc = self.make_vpc()
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.0.0/28")["Subnet"]
        self.assertEqual(subnet["AvailableIpAddressCount"], 11)
        run = {"ImageId": IMAGE, "InstanceType": "t3.micro", "SubnetId": subnet["SubnetId"]}
        self.assertEqual(len(self.ec2.run_instances(
            MinCount=1, MaxCount=12, **run)["Instances"]), 11)
        self.refused("InsufficientFreeAddressesInSubnet", self.ec2.run_instances, MinCount=1,
                     MaxCount=1, **run)

    def test_rules_and_groups_that_are_there_already(self):
        vpc = self.make_vpc("10.8.0.0/16")
        group = self.ec2.create_security_group(GroupName="g", Description="d",
                                               VpcId=vpc)["GroupId"]
        self.refused("InvalidGroup.Duplicate", self.ec2.create_security_group, GroupName="g",
                     Description="d", VpcId=vpc)
        rule = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                 "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
        made = self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
        self.refused("InvalidPermission.Duplicate",
                     self.ec2.authorize_security_group_ingress, GroupId=group,
                     IpPermissions=rule)
        self.refused("InvalidGroup.NotFound", self.ec2.authorize_security_group_ingress,
                     GroupId=group, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [
                         {"GroupId": "sg-0123456789abcdef0"}]}])
        self.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[
            made["SecurityGroupRules"][0]["SecurityGroupRuleId"]])
        self.refused("InvalidPermission.NotFound", self.ec2.revoke_security_group_ingress,
                     GroupId=group, IpPermissions=rule)

    def test_a_dry_run_makes_nothing(self):
        before = len(self.ec2.describe_vpcs()["Vpcs"])
        self.refused("DryRunOperation", self.ec2.create_vpc, CidrBlock="10.9.0.0/16",
                     DryRun=True)
        self.assertEqual(len(self.ec2.describe_vpcs()["Vpcs"]), before)
        for call, parameters in (
                (self.ec2.create_security_group, {"GroupName": "dry", "Description": "d"}),
                (self.ec2.create_subnet, {"VpcId": self.make_vpc("10.10.0.0/16"),
                                          "CidrBlock": "10.10.0.0/24"}),
                (self.ec2.create_key_pair, {"KeyName": "dry"}),
                (self.ec2.describe_addresses, {}), (self.ec2.describe_key_pairs, {}),
                (self.ec2.describe_security_groups, {})):
            with self.subTest(call.__name__):
                self.refused("DryRunOperation", call, DryRun=True, **parameters)

    def test_tags_can_be_put_on_all_of_it(self):
        vpc = self.make_vpc("10.11.0.0/16")
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.11.0.0/24")
        subnet = subnet["Subnet"]["SubnetId"]
        group = self.ec2.create_security_group(GroupName="tagged", Description="d",
                                               VpcId=vpc)["GroupId"]
        self.ec2.create_tags(Resources=[vpc, subnet, group],
                             Tags=[{"Key": "owner", "Value": "me"}])
        rows = self.ec2.describe_tags(Filters=[{"Name": "key", "Values": ["owner"]}])["Tags"]
        self.assertEqual({(r["ResourceId"], r["ResourceType"]) for r in rows},
                         {(vpc, "vpc"), (subnet, "subnet"), (group, "security-group")})
        found = self.ec2.describe_vpcs(Filters=[{"Name": "tag:owner", "Values": ["me"]}])
        self.assertEqual([v["VpcId"] for v in found["Vpcs"]], [vpc])

    def test_pages_of_groups(self):
        vpc = self.make_vpc("10.12.0.0/16")
        ids = {self.ec2.create_security_group(GroupName=f"page-{n}", Description="d",
                                              VpcId=vpc)["GroupId"] for n in range(12)}
        paginator = self.ec2.get_paginator("describe_security_groups")
        pages = list(paginator.paginate(
            Filters=[{"Name": "group-name", "Values": ["page-*"]}],
            PaginationConfig={"PageSize": 5}))
        self.assertEqual([len(p["SecurityGroups"]) for p in pages], [5, 5, 2])
        self.assertEqual({g["GroupId"] for p in pages for g in p["SecurityGroups"]}, ids)

    # ---- key pairs and addresses ----

    def test_key_pairs_are_made_and_imported(self):
        made = self.ec2.create_key_pair(KeyName="made")
        self.assertIn("PRIVATE KEY", made["KeyMaterial"])
        self.assertRegex(made["KeyFingerprint"], "^([0-9a-f]{2}:){19}[0-9a-f]{2}$")
        der = subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER"],
                             input=made["KeyMaterial"].encode(), capture_output=True,
                             check=True).stdout
        self.assertEqual(made["KeyFingerprint"].replace(":", ""),
                         hashlib.sha1(der).hexdigest())
        small = self.ec2.create_key_pair(KeyName="small", KeyType="ed25519")
        self.refused("InvalidKeyPair.Duplicate", self.ec2.create_key_pair, KeyName="made")
        public = self.public_key(made["KeyMaterial"])
        imported = self.ec2.import_key_pair(KeyName="imported", PublicKeyMaterial=public)
        spki = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"],
                              input=made["KeyMaterial"].encode(), capture_output=True,
                              check=True).stdout
        self.assertEqual(imported["KeyFingerprint"].replace(":", ""),
                         hashlib.md5(spki).hexdigest())
        self.refused("InvalidKey.Format", self.ec2.import_key_pair, KeyName="bad",
                     PublicKeyMaterial=b"ssh-rsa AAAA me")
        found = {k["KeyName"]: k for k in self.ec2.describe_key_pairs()["KeyPairs"]}
        self.assertEqual(set(found), {"made", "small", "imported"})
        self.assertEqual(found["small"]["KeyType"], "ed25519")
        self.assertEqual(found["small"]["KeyFingerprint"], small["KeyFingerprint"])
        self.assertTrue(base64.b64decode(small["KeyFingerprint"]))
        for name in found:
            self.ec2.delete_key_pair(KeyName=name)
        self.ec2.delete_key_pair(KeyName="was-never-there")
        self.refused("InvalidKeyPair.NotFound", self.ec2.describe_key_pairs,
                     KeyNames=["made"])

    def public_key(self, private):
        """As authorized_keys has it, by the numbers that openssl prints."""
        with tempfile.NamedTemporaryFile("w") as file:
            os.chmod(file.name, 0o600)
            file.write(private)
            file.flush()
            text = subprocess.run(["openssl", "rsa", "-in", file.name, "-noout", "-modulus"],
                                  capture_output=True, check=True, text=True).stdout
        number = bytes.fromhex(text.strip().split("=")[1])

        def part(data):
            return len(data).to_bytes(4, "big") + data

        blob = part(b"ssh-rsa") + part(b"\x01\x00\x01") + part(b"\0" + number)
        return b"ssh-rsa " + base64.b64encode(blob) + b" me@here"

    def test_there_are_no_elastic_addresses(self):
        self.assertEqual(self.ec2.describe_addresses()["Addresses"], [])
        self.refused("InvalidAddress.NotFound", self.ec2.describe_addresses,
                     PublicIps=["198.51.100.1"])


class RebootTest(unittest.TestCase):
    def test_a_reboot_ends_the_processes_and_boots_again(self):
        local = Ec2Local()
        ec2 = local.client()
        try:
            script = "#!/bin/sh\necho booted $$\nexec sleep 1000\n"
            made = ec2.run_instances(
                ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                UserData=script)["Instances"][0]["InstanceId"]
            wait_for("the first boot", lambda: local.console(made).count("booted") == 1)
            ec2.reboot_instances(InstanceIds=[made])
            wait_for("the second boot", lambda: local.console(made).count("booted") == 2)
            state = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]
            self.assertEqual(state["Instances"][0]["State"]["Name"], "running")
            ec2.reboot_instances(InstanceIds=[made])
            ec2.terminate_instances(InstanceIds=[made])
            wait_for("its end", lambda: ec2.describe_instances(InstanceIds=[made])
                     ["Reservations"][0]["Instances"][0]["State"]["Name"] == "terminated")
            with self.assertRaises(ClientError) as raised:
                ec2.reboot_instances(InstanceIds=[made])
            self.assertEqual(raised.exception.response["Error"]["Code"], "IncorrectState")
        finally:
            ec2.close()
            local.close()


if __name__ == "__main__":
    unittest.main()
