#!/usr/bin/python3
"""The judge of the other test_api_*: what it must not let pass."""

import sys
import unittest

try:
    import botocore  # noqa: F401
except ImportError:
    print("skipped: python3-botocore is not installed")
    sys.exit(77)

from api_model import XMLNS, Mistake, check, operations

ID = "11111111-2222-4333-8444-555555555555"
HEADERS = {"x-amzn-RequestId": ID, "Content-Type": "text/xml"}
ACTIVITY = ("<member><ActivityId>a</ActivityId><AutoScalingGroupName>g</AutoScalingGroupName>"
            "<Cause>c</Cause><StartTime>2026-01-02T03:04:05.678Z</StartTime>"
            "<StatusCode>Successful</StatusCode></member>")


def reply(action, result):
    return (f'<{action}Response xmlns="{XMLNS}">{result}<ResponseMetadata>'
            f"<RequestId>{ID}</RequestId></ResponseMetadata></{action}Response>").encode()


def activities(rows, more=""):
    return reply("DescribeScalingActivities", "<DescribeScalingActivitiesResult><Activities>"
                 f"{rows}</Activities>{more}</DescribeScalingActivitiesResult>")


def error(code, kind="Sender", message="m"):
    return (f'<ErrorResponse xmlns="{XMLNS}"><Error><Type>{kind}</Type><Code>{code}</Code>'
            f"<Message>{message}</Message></Error><RequestId>{ID}</RequestId>"
            "</ErrorResponse>").encode()


class ModelTest(unittest.TestCase):
    def assert_mistake(self, words, action, body, status=200, headers=HEADERS):
        with self.assertRaises(Mistake) as raised:
            check(action, status, body, headers)
        self.assertIn(words, str(raised.exception))

    def test_what_is_right_passes(self):
        check("DescribeScalingActivities", 200, activities(ACTIVITY), HEADERS)
        check("DescribeScalingActivities", 200, activities(""), HEADERS)
        check("SetDesiredCapacity", 200, reply("SetDesiredCapacity", ""), HEADERS)
        check("PutWarmPool", 200, reply("PutWarmPool", "<PutWarmPoolResult/>"), HEADERS)
        check("CreateAutoScalingGroup", 400, error("AlreadyExists"), HEADERS)
        check("CreateAutoScalingGroup", 503, error("ServiceUnavailable", "Receiver"), HEADERS)

    def test_what_is_not_the_shape_is_found(self):
        action = "DescribeScalingActivities"
        for words, row in (
                ("'Cause'", ACTIVITY.replace("<Cause>c</Cause>", "")),
                ("twice", ACTIVITY.replace("<Cause>c</Cause>", "<Cause>c</Cause>" * 2)),
                ("no member Colour", ACTIVITY.replace("<Cause>", "<Colour/><Cause>")),
                ("none of", ACTIVITY.replace("Successful", "Fine")),
                ("no timestamp", ACTIVITY.replace(".678Z", "+00:00")),
                ("characters", ACTIVITY.replace(">c<", ">" + "c" * 1024 + "<")),
                ("no integer", ACTIVITY.replace("<Cause>", "<Progress>1.0</Progress><Cause>")),
                ("in a list", ACTIVITY.replace("member>", "item>")),
                ("text between", "x" + ACTIVITY)):
            self.assert_mistake(words, action, activities(row))
        self.assert_mistake("empty NextToken", action, activities(ACTIVITY, "<NextToken/>"))

    def test_what_is_not_the_envelope_is_found(self):
        self.assert_mistake("the reply holds", "SetDesiredCapacity", reply(
            "SetDesiredCapacity", "<SetDesiredCapacityResult/>"))
        self.assert_mistake("the reply holds", "PutWarmPool", reply("PutWarmPool", ""))
        self.assert_mistake("root", "PutWarmPool", reply("DeleteWarmPool", ""))
        self.assert_mistake("no XML", "PutWarmPool", b"{}")
        good = reply("SetDesiredCapacity", "")
        self.assert_mistake("namespace", "SetDesiredCapacity",
                            good.replace(XMLNS.encode(), b"http://x/"))
        self.assert_mistake("header", "SetDesiredCapacity", good,
                            headers={"Content-Type": "text/xml"})
        self.assert_mistake("Content-Type", "SetDesiredCapacity", good, headers={
            "x-amzn-RequestId": ID, "Content-Type": "text/html"})

    def test_errors_of_another_kind_are_found(self):
        for words, code, status in (("no code", "Oops", 400), ("status", "ValidationError", 500),
                                    ("status", "AccessDenied", 400)):
            self.assert_mistake(words, "PutWarmPool", error(code), status)
        self.assert_mistake("fault of", "PutWarmPool", error("InternalFailure"), 500)
        self.assert_mistake("without a message", "PutWarmPool",
                            error("ValidationError", message=""), 400)

    def test_the_newest_actions_are_known(self):
        self.assertEqual(len(operations()), 68)
        self.assertIn("LaunchInstances", operations())


if __name__ == "__main__":
    unittest.main()
