#!/usr/bin/python3
"""CreateFleet of type instant in openasg-ec2local, asked by the unmodified boto3 and by the
`aws` command: both markets, the strategies, errors beside instances, the client token."""

import json
import os
import subprocess
import sys
import unittest

try:
    import boto3  # noqa: F401
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from ec2local_fixture import Ec2Local

AWS = os.environ.get("ASG_AWS", "/usr/bin/aws")
IMAGE = "ami-00000000000000001"
SUBNET = "subnet-0b000000000000002"
TYPES = ("t3.small", "m5.large", "r5.xlarge")


class Fleets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Ec2Local("--no-boot", "--seed", "7")
        cls.addClassCleanup(cls.local.close)
        cls.ec2 = cls.local.client()
        cls.ec2.create_launch_template(
            LaunchTemplateName="web", LaunchTemplateData={"ImageId": IMAGE,
                                                          "InstanceType": "t3.nano"})

    def tearDown(self):
        self.local.control("DELETE", "faults")

    def order_fault(self, **fields):
        self.local.control("POST", "faults", **fields)

    def request(self, on_demand=0, spot=0, types=TYPES, max_price=None, **parameters):
        overrides = [{"InstanceType": t, "SubnetId": SUBNET, "Priority": float(i)}
                     for i, t in enumerate(types)]
        if max_price is not None:
            for override in overrides:
                override["MaxPrice"] = max_price
        return {"Type": "instant",
                "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": {
                    "LaunchTemplateName": "web", "Version": "1"}, "Overrides": overrides}],
                "TargetCapacitySpecification": {
                    "TotalTargetCapacity": on_demand + spot,
                    "OnDemandTargetCapacity": on_demand, "SpotTargetCapacity": spot,
                    "DefaultTargetCapacityType": "spot"}, **parameters}

    def create(self, **parameters):
        return self.ec2.create_fleet(**self.request(**parameters))

    @staticmethod
    def bought(answer):
        """{(lifecycle, type): count}"""
        found = {}
        for row in answer["Instances"]:
            key = row["Lifecycle"], row["InstanceType"]
            found[key] = found.get(key, 0) + len(row["InstanceIds"])
        return found

    @staticmethod
    def ids(answer):
        return [i for row in answer["Instances"] for i in row["InstanceIds"]]

    def refused(self, code, request):
        with self.assertRaises(ClientError) as raised:
            self.ec2.create_fleet(**request)
        self.assertEqual(raised.exception.response["Error"]["Code"], code)

    def test_both_markets_are_bought_and_shown(self):
        answer = self.create(
            on_demand=2, spot=3, OnDemandOptions={"AllocationStrategy": "prioritized"},
            SpotOptions={"AllocationStrategy": "price-capacity-optimized"},
            TagSpecifications=[{"ResourceType": "instance",
                                "Tags": [{"Key": "team", "Value": "blue"}]},
                               {"ResourceType": "fleet",
                                "Tags": [{"Key": "a", "Value": "b"}]}])
        self.assertEqual(self.bought(answer), {("on-demand", "t3.small"): 2,
                                               ("spot", "t3.small"): 3})
        self.assertEqual(answer["Errors"], [])
        self.assertRegex(answer["FleetId"], r"^fleet-[0-9a-f-]{36}$")
        where = answer["Instances"][0]["LaunchTemplateAndOverrides"]
        self.assertEqual(where["Overrides"]["SubnetId"], SUBNET)
        self.assertEqual(where["LaunchTemplateSpecification"]["Version"], "1")
        seen = [i for r in self.ec2.describe_instances(
            InstanceIds=self.ids(answer))["Reservations"] for i in r["Instances"]]
        self.assertEqual(sorted(i.get("InstanceLifecycle", "") for i in seen),
                         ["", "", "spot", "spot", "spot"])
        for instance in seen:
            tags = {t["Key"]: t["Value"] for t in instance["Tags"]}
            self.assertEqual(tags["team"], "blue")
            self.assertEqual(tags["aws:ec2:fleet-id"], answer["FleetId"])
            self.assertEqual((instance["SubnetId"], instance["ImageId"]), (SUBNET, IMAGE))

    def test_a_pool_that_is_dry_is_an_error_beside_the_instances(self):
        self.order_fault(kind="capacity", type="t3.small", lifecycle="spot")
        answer = self.create(on_demand=1, spot=2)
        self.assertEqual(self.bought(answer), {("on-demand", "t3.small"): 1,
                                               ("spot", "m5.large"): 2})
        self.assertEqual([(e["ErrorCode"], e["Lifecycle"],
                           e["LaunchTemplateAndOverrides"]["Overrides"]["InstanceType"])
                          for e in answer["Errors"]],
                         [("InsufficientInstanceCapacity", "spot", "t3.small")])

    def test_a_fleet_without_any_room_is_no_refusal(self):
        self.order_fault(kind="capacity", zone="us-east-1b")
        answer = self.create(on_demand=1, spot=1)
        self.assertEqual(answer["Instances"], [])
        self.assertEqual(len(answer["Errors"]), 2 * len(TYPES))

    def test_a_price_below_the_market_buys_nothing(self):
        answer = self.create(on_demand=1, spot=1, max_price="0.000001")
        self.assertEqual(self.bought(answer), {("on-demand", "t3.small"): 1})
        self.assertEqual({e["ErrorCode"] for e in answer["Errors"]},
                         {"SpotMaxPriceTooLow"})

    def test_each_strategy_has_its_order(self):
        spot = {}
        for strategy in ("lowest-price", "diversified", "capacity-optimized",
                         "capacity-optimized-prioritized", "price-capacity-optimized"):
            options = {"AllocationStrategy": strategy}
            if strategy == "lowest-price":
                options["InstancePoolsToUseCount"] = 2
            answer = self.create(spot=6, types=("m5.large", "t3.small", "r5.xlarge"),
                                 SpotOptions=options)
            spot[strategy] = {t: n for (_, t), n in self.bought(answer).items()}
        self.assertEqual(spot["lowest-price"], {"t3.small": 3, "m5.large": 3})
        self.assertEqual(spot["diversified"], {"m5.large": 2, "t3.small": 2, "r5.xlarge": 2})
        self.assertEqual(spot["capacity-optimized-prioritized"], {"m5.large": 6})
        self.assertEqual(spot["price-capacity-optimized"], {"t3.small": 6})
        self.assertEqual(sum(spot["capacity-optimized"].values()), 6)
        dearest_first = ("m5.large", "t3.small")
        by_price = self.create(on_demand=1, types=dearest_first)
        by_order = self.create(on_demand=1, types=dearest_first,
                               OnDemandOptions={"AllocationStrategy": "prioritized"})
        self.assertEqual(self.bought(by_price), {("on-demand", "t3.small"): 1})
        self.assertEqual(self.bought(by_order), {("on-demand", "m5.large"): 1})

    def test_a_token_gives_the_same_answer_again(self):
        self.order_fault(kind="capacity", type="t3.small", lifecycle="spot")
        request = self.request(on_demand=1, spot=1, ClientToken="once")
        first = self.ec2.create_fleet(**request)
        self.tearDown()  # there is room now: the answer stays what it was
        again = self.ec2.create_fleet(**request)
        for answer in (first, again):
            answer.pop("ResponseMetadata")
        self.assertEqual(first, again)
        other = dict(request, TargetCapacitySpecification={
            **request["TargetCapacitySpecification"], "TotalTargetCapacity": 3})
        self.refused("IdempotentParameterMismatch", other)
        self.assertNotEqual(set(self.ids(self.create(on_demand=1))), set(self.ids(first)))

    def test_a_token_outlives_its_template(self):
        self.ec2.create_launch_template(LaunchTemplateName="short", LaunchTemplateData={
            "ImageId": IMAGE})
        request = self.request(on_demand=1, ClientToken="short-lived")
        request["LaunchTemplateConfigs"][0]["LaunchTemplateSpecification"][
            "LaunchTemplateName"] = "short"
        first = self.ec2.create_fleet(**request)
        self.ec2.delete_launch_template(LaunchTemplateName="short")
        self.assertEqual(self.ids(self.ec2.create_fleet(**request)), self.ids(first))
        self.refused("InvalidLaunchTemplateName.NotFoundException",
                     dict(request, ClientToken="another"))

    def test_what_is_refused_as_a_whole(self):
        self.refused("DryRunOperation", self.request(on_demand=1, DryRun=True))
        self.refused("UnsupportedOperation", dict(self.request(spot=1), Type="maintain"))
        self.refused("InvalidTargetCapacitySpecification", self.request())
        self.refused("InvalidFleetConfig",
                     self.request(spot=1, types=("t3.small", "t3.small")))
        request = self.request(spot=1)
        request["LaunchTemplateConfigs"][0]["LaunchTemplateSpecification"]["Version"] = "7"
        self.refused("InvalidLaunchTemplateId.VersionNotFound", request)
        self.ec2.create_launch_template(LaunchTemplateName="spot", LaunchTemplateData={
            "ImageId": IMAGE, "InstanceMarketOptions": {"MarketType": "spot"}})
        request = self.request(on_demand=1)
        request["LaunchTemplateConfigs"][0]["LaunchTemplateSpecification"][
            "LaunchTemplateName"] = "spot"
        self.refused("InvalidFleetConfig", request)
        request = self.request(spot=1, SpotOptions={"AllocationStrategy": "diversified"})
        request["LaunchTemplateConfigs"][0]["Overrides"][0]["WeightedCapacity"] = 2.0
        self.refused("UnsupportedOperation", request)

    @unittest.skipUnless(os.access(AWS, os.X_OK), "awscli is not installed")
    def test_the_aws_command_makes_fleets(self):
        path = os.path.join(self.local.folder, "fleet.json")
        with open(path, "w") as file:
            json.dump(self.request(on_demand=1, spot=1), file)
        done = subprocess.run(
            [AWS, "--endpoint-url", self.local.url, "--output", "json", "ec2",
             "create-fleet", "--cli-input-json", f"file://{path}"],
            env=self.local.environment(), capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL)
        self.assertEqual(done.stderr, "")
        self.assertEqual(self.bought(json.loads(done.stdout)),
                         {("on-demand", "t3.small"): 1, ("spot", "t3.small"): 1})


if __name__ == "__main__":
    unittest.main()
