#!/usr/bin/python3
"""Faults on order: what the client sees, what has happened nevertheless, and what the call
log says about it."""

import sys
import time
import unittest
import urllib.error

try:
    from botocore.exceptions import (BotoCoreError, ClientError, ConnectionClosedError,
                                     EndpointConnectionError, HTTPClientError)
    from botocore.parsers import ResponseParserError
    import boto3  # noqa: F401
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from ec2local_fixture import Ec2Local, wait_for

IMAGE = "ami-00000000000000001"
BROKEN = (ConnectionClosedError, EndpointConnectionError, HTTPClientError)


class FaultTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Ec2Local("--no-boot", "--seed", "11")
        cls.ec2 = cls.local.client()

    @classmethod
    def tearDownClass(cls):
        cls.local.close()

    def setUp(self):
        self.local.control("DELETE", "faults")
        self.local.control("DELETE", "calls")

    def run_one(self, token, **parameters):
        return self.ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1,
                                      ClientToken=token, **parameters)["Instances"][0]

    def launched(self, token):
        found = self.ec2.describe_instances(
            Filters=[{"Name": "client-token", "Values": [token]}])
        return [i for r in found["Reservations"] for i in r["Instances"]]

    def assert_code(self, code, status, call, *arguments, **parameters):
        with self.assertRaises(ClientError) as raised:
            call(*arguments, **parameters)
        response = raised.exception.response
        self.assertEqual(response["Error"]["Code"], code)
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], status)

    def test_a_throttle_strikes_as_often_as_ordered(self):
        self.local.fault("throttle", action="RunInstances", count=2)
        self.assert_code("RequestLimitExceeded", 503, self.run_one, "throttled")
        self.ec2.describe_instances()
        self.assert_code("RequestLimitExceeded", 503, self.run_one, "throttled")
        self.run_one("throttled")
        self.assertEqual(len(self.launched("throttled")), 1)
        codes = [(c["code"], c["fault"], c["status"])
                 for c in self.local.calls(action="RunInstances", token="throttled")]
        self.assertEqual(codes, [("RequestLimitExceeded", "throttle", 503)] * 2
                         + [("", "", 200)])

    def test_a_zone_is_known_by_its_subnet(self):
        self.local.fault("throttle", zone="us-east-1b")
        self.assert_code("RequestLimitExceeded", 503, self.run_one, "by subnet",
                         SubnetId="subnet-0b000000000000002")
        self.run_one("by subnet", SubnetId="subnet-0c000000000000003")
        self.run_one("no zone")

    def test_an_error_has_the_code_and_status_that_were_asked_for(self):
        self.local.fault("error_5xx", count=1)
        self.assert_code("InternalError", 500, self.run_one, "fails")
        self.local.fault("error_5xx", count=1, code="Unavailable", http_status=503)
        self.assert_code("Unavailable", 503, self.run_one, "fails")
        self.assertEqual(self.launched("fails"), [])

    def test_dropped_after_the_effect_the_same_token_finds_the_launch(self):
        self.local.fault("drop_after_effect", action="RunInstances", count=1)
        with self.assertRaises(BROKEN):
            self.run_one("dropped")
        before = self.launched("dropped")
        self.assertEqual(len(before), 1)
        self.assertEqual(self.run_one("dropped")["InstanceId"], before[0]["InstanceId"])
        calls = self.local.calls(token="dropped")
        self.assertEqual([c["status"] for c in calls], [0, 200])
        self.assertEqual(calls[0]["ids"], calls[1]["ids"])
        self.assertLess(calls[0]["monotonic_us"], calls[1]["monotonic_us"])

    def test_dropped_before_the_effect_there_is_no_launch(self):
        self.local.fault("drop_before_effect", action="RunInstances", count=1)
        with self.assertRaises(BROKEN):
            self.run_one("lost")
        self.assertEqual(self.launched("lost"), [])

    def test_half_a_body_comes_after_the_effect(self):
        self.local.fault("half_body", action="RunInstances", count=1)
        with self.assertRaises((BotoCoreError, ResponseParserError)):
            self.run_one("half")
        self.assertEqual(len(self.launched("half")), 1)

    def test_garbage_and_html_are_no_answers(self):
        for kind in ("garbage", "html"):
            self.local.fault(kind, action="RunInstances", count=1)
            with self.assertRaises(ResponseParserError):
                self.run_one(kind)
            self.assertEqual(self.launched(kind), [])

    def test_latency_holds_the_answer_back(self):
        self.local.fault("latency", action="DescribeSubnets", latency_ms=300, count=1)
        begun = time.monotonic()
        self.ec2.describe_subnets()
        self.assertGreaterEqual(time.monotonic() - begun, 0.3)

    def test_no_capacity_in_one_zone_for_one_type(self):
        self.local.fault("capacity", type="t3.micro", zone="us-east-1a")
        there = {"Placement": {"AvailabilityZone": "us-east-1a"}}
        self.assert_code("InsufficientInstanceCapacity", 500, self.run_one, "c1",
                         InstanceType="t3.micro", **there)
        self.run_one("c2", InstanceType="t3.small", **there)
        self.run_one("c3", InstanceType="t3.micro",
                     Placement={"AvailabilityZone": "us-east-1b"})
        for number in range(3):  # a launch without a zone goes to another
            placed = self.run_one(f"c4-{number}", InstanceType="t3.micro")
            self.assertNotEqual(placed["Placement"]["AvailabilityZone"], "us-east-1a")
        self.local.fault("capacity", type="t3.micro")
        self.assert_code("InsufficientInstanceCapacity", 500, self.run_one, "c5",
                         InstanceType="t3.micro")

    def test_a_lagging_describe_does_not_know_the_newest_yet(self):
        old = self.run_one("old")["InstanceId"]
        wait_for("it runs", lambda: self.launched("old")[0]["State"]["Name"] == "running")
        fault = self.local.fault("describe_lag", action="DescribeInstances",
                                 latency_ms=3600000)
        new = self.run_one("new")["InstanceId"]
        self.assertEqual(self.launched("new"), [])
        self.assert_code("InvalidInstanceID.NotFound", 400, self.ec2.describe_instances,
                         InstanceIds=[new])
        self.local.control("DELETE", f"faults/{fault}")
        self.assertEqual(self.launched("new")[0]["InstanceId"], new)
        self.assertEqual(self.launched("old")[0]["InstanceId"], old)

    def test_an_accepted_launch_may_be_terminated_at_once(self):
        self.local.fault("terminate_after_launch", action="RunInstances", count=1)
        self.assertEqual(self.run_one("dies")["State"]["Name"], "pending")
        over = wait_for("its end", lambda: [i for i in self.launched("dies")
                                            if i["State"]["Name"] == "terminated"])[0]
        self.assertEqual(over["StateReason"]["Code"], "Server.InternalError")

    def test_a_launch_may_start_the_least_and_say_nothing(self):
        self.local.fault("fewer", action="RunInstances", count=1)
        wish = {"ImageId": "ami-00000000000000001", "InstanceType": "t3.micro", "MinCount": 2,
                "MaxCount": 5}
        first = self.ec2.run_instances(ClientToken="fewer", **wish)["Instances"]
        self.assertEqual(len(first), 2)
        again = self.ec2.run_instances(ClientToken="fewer", **wish)["Instances"]
        self.assertEqual({i["InstanceId"] for i in again}, {i["InstanceId"] for i in first})
        self.assertEqual(len(self.ec2.run_instances(**wish)["Instances"]), 5)

    def test_a_probability_strikes_sometimes(self):
        self.local.fault("throttle", action="DescribeRegions", probability="0.5")
        failed = 0
        for _ in range(60):
            try:
                self.ec2.describe_regions()
            except ClientError:
                failed += 1
        self.assertGreater(failed, 10)
        self.assertLess(failed, 50)
        fault = self.local.control("GET", "faults")["faults"][0]
        self.assertEqual(fault["hits"], failed)
        self.assertEqual(fault["probability"], 0.5)

    def test_a_fault_that_makes_no_sense_is_refused_in_words(self):
        for fields, word in (({"kind": "fire"}, "throttle, error_5xx"),
                             ({"kind": "latency"}, "latency_ms"),
                             ({"kind": "throttle", "probability": "2"}, "0 to 1"),
                             ({"kind": "throttle", "count": "0"}, "count"),
                             ({"kind": "throttle", "colour": "red"}, "colour")):
            with self.assertRaises(urllib.error.HTTPError) as raised:
                self.local.control("POST", "faults", **fields)
            with raised.exception as error:
                self.assertEqual(error.code, 400)
                self.assertIn(word, error.read().decode())
        self.assertEqual(self.local.control("GET", "faults")["faults"], [])


class RateTest(unittest.TestCase):
    def test_the_sixth_launch_in_a_row_is_throttled_when_limits_are_on(self):
        local = Ec2Local("--no-boot", "--rate-limits")
        self.addCleanup(local.close)
        ec2 = local.client()
        codes = []
        for _ in range(12):
            try:
                ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)
                codes.append("")
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
        self.assertEqual(codes[:5], [""] * 5)
        self.assertIn("RequestLimitExceeded", codes[5:])
        self.assertEqual(set(codes), {"", "RequestLimitExceeded"})
        ec2.describe_instances()  # another bucket


if __name__ == "__main__":
    unittest.main()
