#!/usr/bin/python3
"""What the Auto Scaling API says to requests no client should send, and that the controller
lives on and decides. Signed here with the standard library, so that anything can be sent."""

import concurrent.futures
import http.client
import socket
import sys
import time
import unittest
import urllib.parse
import xml.etree.ElementTree as xml

try:
    import boto3  # noqa: F401
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

import api_model
from api_fixture import READER_ID, READER_SECRET, VERSION, ApiTest, wait_for

VALUE = {"boolean": "true", "timestamp": "2027-01-02T03:04:05Z", "integer": "1", "long": "1",
         "double": "1.0", "float": "1.0"}


def small(path):
    """`Tags.member.1.Key` as messages have it: `tags.1.member.key`. What is wrong with the
    items of a list of texts is said of the list."""
    parts = []
    for part in path.removesuffix(".member.1").split("."):
        if part == "member":
            continue
        parts.append(part if part.isdigit() else part[:1].lower() + part[1:])
        if part.isdigit():
            parts.append("member")
    return ".".join(parts)


def example(name):
    """A value of a scalar shape that is within its limits."""
    shape = api_model.shape_of(name)
    if "enum" in shape:
        return shape["enum"][0]
    if shape["type"] in ("integer", "long"):
        return str(max(1, shape.get("min", 1)))
    if shape["type"] == "string":
        return "x" * max(1, shape.get("min", 1))
    return VALUE[shape["type"]]


def fill(name, path, form, deep=()):
    """The required members of a structure, filled."""
    shape = api_model.shape_of(name)
    for member in shape.get("required", ()):
        put(shape["members"][member]["shape"], path + member, form, deep)


def put(name, path, form, deep=()):
    shape = api_model.shape_of(name)
    if shape["type"] == "structure":
        fill(name, path + ".", form, deep)
    elif shape["type"] == "list":
        put(shape["member"]["shape"], path + ".member.1", form, deep)
    else:
        form[path] = example(name)


def limits_of(name, path, depth=0):
    """(path, shape) of each member under a structure that has a limit to break."""
    if depth > 6:
        return
    for member, reference in api_model.shape_of(name)["members"].items():
        where = path + member
        inner = api_model.shape_of(reference["shape"])
        while inner["type"] == "list":
            yield where, inner
            where += ".member.1"
            reference = inner["member"]
            inner = api_model.shape_of(reference["shape"])
        if inner["type"] == "structure":
            yield from limits_of(reference["shape"], where + ".", depth + 1)
        else:
            yield where, inner


def breaches(shape):
    """Values that break a shape's limits, or what it is."""
    kind = shape["type"]
    if kind == "string":
        if "enum" in shape:
            yield "no-such-word"
        elif shape.get("max"):
            yield "x" * (shape["max"] + 1)
        if shape.get("min", 0) > 1:
            yield "x" * (shape["min"] - 1)
    elif kind in ("integer", "long"):
        yield "many"
        if "max" in shape:
            yield str(shape["max"] + 1)
        if "min" in shape:
            yield str(shape["min"] - 1)
    elif kind == "boolean":
        yield "perhaps"
    elif kind in ("double", "float"):
        yield "much"
    elif kind == "timestamp":
        yield "tomorrow"

# Where the model of 2022 allows longer texts than the newest: the wider limit rules.
WIDER = {("DescribePolicies", "PolicyNames.member.1"): 1600,
         ("DescribeScheduledActions", "ScheduledActionNames.member.1"): 1600,
         ("BatchDeleteScheduledAction", "ScheduledActionNames.member.1"): 1600,
         ("DescribeLaunchConfigurations", "LaunchConfigurationNames.member.1"): 1600}


class BadInputTest(ApiTest):
    def tearDown(self):
        self.assertEqual(self.call("DescribeAdjustmentTypes")[0], 200, "it lives on")
        # ... and decides: an order is taken and followed.
        self.make_group("after")
        self.asg.set_desired_capacity(AutoScalingGroupName="after", DesiredCapacity=1)
        self.api.wait_for_in_service("after", 1, self.asg)
        super().tearDown()

    def call(self, action, parameters=(), **signing):
        """(status, code, message) of a signed call, its envelope checked."""
        status, body, headers = self.api.post(action, parameters, **signing)
        return self.read(action, status, body, headers)

    def read(self, action, status, body, headers):
        if status == 200:
            return status, "", ""
        api_model.check_error(action, status, body, headers)
        root = xml.fromstring(body)
        texts = {e.tag.rsplit("}", 1)[-1]: e.text for e in root.iter()}
        return status, texts["Code"], texts["Message"]

    def assert_code(self, code, action, parameters=(), status=400, words="", **signing):
        found = self.call(action, parameters, **signing)
        self.assertEqual(found[:2], (status, code), found)
        self.assertIn(words, found[2])

    # ---- the envelope ----

    def test_actions_and_versions_that_are_not(self):
        self.assert_code("InvalidAction", "LaunchRockets")
        self.assert_code("InvalidAction", "<b>&")
        self.assert_code("InvalidAction", "DescribeInstances")
        for body in (b"Action=DescribeTags&Version=2016-11-15", b"Action=DescribeTags"):
            self.assert_code("InvalidAction", "x", body)
        for body in (b"", b"Version=2011-01-01", b"Action=&Version=2011-01-01", b"&&&=&"):
            self.assertIn(self.call("x", body)[:2], [(400, "MissingAction"),
                                                     (400, "MalformedQueryString")])

    def test_forms_that_are_none(self):
        head = b"Action=DescribeTags&Version=2011-01-01&"
        for tail in (b"a=%00", b"a=%ff%fe", b"%c3%28=x", b"NextToken=\xff",
                     b"Filters..member.1.Name=x", b".=x",
                     b"MaxRecords=1&MaxRecords=2", b"Action=DescribeTags",
                     b"a" * 2000 + b"=x", b".".join([b"Filters"] * 40) + b"=x"):
            status, code, message = self.call("x", head + tail)
            self.assertEqual(status, 400, tail)
            self.assertIn(code, ("MalformedQueryString", "ValidationError",
                                 "InvalidParameterValue", "InvalidQueryParameter"), tail)
            self.assertTrue(message)

    def test_lists_that_do_not_count(self):
        for name in ("AutoScalingGroupNames.member.0", "AutoScalingGroupNames.member.x",
                     "AutoScalingGroupNames.member.-1", "AutoScalingGroupNames.member.",
                     "AutoScalingGroupNames.member.99999999999999999999",
                     "AutoScalingGroupNames.1", "AutoScalingGroupNames.member.1.Name",
                     "AutoScalingGroupNames"):
            status, code, message = self.call("DescribeAutoScalingGroups", {name: "a"})
            self.assertEqual(status, 400, name)
            self.assertIn(code, ("ValidationError", "InvalidQueryParameter",
                                 "MalformedQueryString"), name)
            self.assertIn("utoScalingGroupNames", message)
        # Gaps and any order are taken.
        self.make_group("a")
        self.make_group("b")
        status, body, _ = self.api.post("DescribeAutoScalingGroups", {
            "AutoScalingGroupNames.member.70": "b", "AutoScalingGroupNames.member.3": "a"})
        self.assertEqual(status, 200)
        self.assertEqual(body.count(b"<AutoScalingGroupName>"), 2)

    def test_bodies_over_the_limit_are_refused(self):
        for size in (1024 * 1024, 8 * 1024 * 1024):
            self.assert_code("RequestEntityTooLarge", "DescribeTags", {"NextToken": "x" * size},
                             status=413)
        status, code, _ = self.call("DescribeTags", {"NextToken": "x" * (1024 * 1024 - 100)})
        self.assertEqual((status, code), (400, "InvalidNextToken"))
        # One that says a gigabyte and sends little of it: nobody waits for it.
        body = b"Action=DescribeTags"
        peer = http.client.HTTPConnection(self.api.url.split("//", 1)[1], timeout=20)
        peer.putrequest("POST", "/")
        for name, value in {**self.api.sign(body), "Content-Length": str(1 << 30)}.items():
            peer.putheader(name, value)
        peer.endheaders(body)
        self.assertEqual(self.call("DescribeAdjustmentTypes")[0], 200)
        peer.close()

    def test_other_methods_and_paths(self):
        host = self.api.url.split("//", 1)[1]
        for method in ("PUT", "DELETE", "BREW"):
            connection = http.client.HTTPConnection(host, timeout=20)
            connection.request(method, "/")
            self.assertGreaterEqual(connection.getresponse().status, 400)
            connection.close()

    def test_slow_clients_cost_nobody_anything(self):
        """Two hundred that send a byte now and then; others are served as ever."""
        host, port = self.api.url.split("//", 1)[1].rsplit(":", 1)
        slow = []
        try:
            for number in range(200):
                peer = socket.create_connection((host, int(port)), timeout=20)
                slow.append(peer)
                peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
                             if number % 2 else b"POST / HTTP/1.1\r\nHost: x\r\n"
                             b"Content-Length: 100000\r\n\r\nAction=")
            begun = time.monotonic()
            for _ in range(20):
                for peer in slow[::7]:
                    peer.sendall(b"A" if slow.index(peer) % 2 == 0 else b"X: y\r\n")
                self.assertEqual(self.call("DescribeAdjustmentTypes")[0], 200)
            self.assertLess(time.monotonic() - begun, 10)
            self.make_group("meanwhile", 1)
        finally:
            for peer in slow:
                peer.close()

    def test_clients_that_go_away(self):
        host, port = self.api.url.split("//", 1)[1].rsplit(":", 1)
        body = urllib.parse.urlencode({"Action": "DescribeAutoScalingGroups",
                                       "Version": VERSION}).encode()
        head = "".join(f"{name}: {value}\r\n" for name, value in self.api.sign(body).items())
        whole = (f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\n{head}"
                 f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        for length in list(range(1, len(whole), 37)) + [len(whole)]:
            peer = socket.create_connection((host, int(port)), timeout=20)
            peer.sendall(whole[:length])
            peer.close()

    # ---- who asks ----

    def test_signatures_that_are_none(self):
        body = f"Action=DescribeTags&Version={VERSION}".encode()
        good = self.api.sign(body)

        def send(**changes):
            headers = {**good, **changes}
            headers = {k: v for k, v in headers.items() if v is not None}
            return self.read("DescribeTags", *self.api.send(body, headers))[:2]

        self.assertEqual(send()[0], 200)
        self.assertEqual(send(Authorization=None), (403, "MissingAuthenticationToken"))
        for value in ("", "Basic x", "AWS4-HMAC-SHA256 ", good["Authorization"] * 2,
                      "AWS4-HMAC-SHA256 Credential=////,", "AWS4-HMAC-SHA256 " + "x" * 5000,
                      good["Authorization"][:-1], good["Authorization"].replace("host;", "")):
            status, code = send(Authorization=value)
            self.assertIn((status, code), [
                (403, "MissingAuthenticationToken"), (400, "IncompleteSignature"),
                (403, "SignatureDoesNotMatch")], value[:60])
        flipped = good["Authorization"][:-1] + ("0" if good["Authorization"][-1] != "0" else "1")
        self.assertEqual(send(Authorization=flipped), (403, "SignatureDoesNotMatch"))
        self.assertEqual(send(**{"X-Amz-Date": "yesterday"})[0] // 100, 4)

        def call(**signing):
            return self.call("DescribeTags", **signing)[:2]

        self.assertEqual(call(key_id="ASGANOBODY"), (403, "InvalidClientTokenId"))
        self.assertEqual(call(secret="wrong"), (403, "SignatureDoesNotMatch"))
        self.assertEqual(call(region="eu-west-1"), (403, "SignatureDoesNotMatch"))
        self.assertEqual(call(service="ec2"), (403, "SignatureDoesNotMatch"))
        self.assertEqual(call(minutes=-16), (400, "RequestExpired"))
        self.assertIn(call(minutes=16), [(400, "RequestExpired"), (403, "SignatureDoesNotMatch")])
        self.assertEqual(call(minutes=-14)[0], 200)
        # another body than the one that was signed
        status, code = self.read("DescribeTags", *self.api.send(body + b"&MaxRecords=1", good))[:2]
        self.assertEqual((status, code), (403, "SignatureDoesNotMatch"))

    def test_readers_may_only_look(self):
        self.make_group()
        as_reader = {"key_id": READER_ID, "secret": READER_SECRET}
        self.assertEqual(self.call("DescribeAutoScalingGroups", **as_reader)[0], 200)
        for action, parameters in (
                ("SetDesiredCapacity", {"AutoScalingGroupName": "web", "DesiredCapacity": "1"}),
                ("DeleteAutoScalingGroup", {"AutoScalingGroupName": "web"}),
                ("CreateOrUpdateTags", {"Tags.member.1.Key": "k", "Tags.member.1.ResourceId":
                                        "web", "Tags.member.1.ResourceType":
                                        "auto-scaling-group"})):
            self.assert_code("AccessDenied", action, parameters, status=403,
                             words=f"autoscaling:{action}", **as_reader)
        self.assertEqual(self.api.group("web")["DesiredCapacity"], 0)

    # ---- the parameters ----

    def test_every_limit_of_the_model_is_kept(self):
        """For each action that is built, each member: a value that breaks its shape, and each
        required one left out. The answer is ValidationError and names the member."""
        tried = 0
        for action, operation in sorted(api_model.operations().items()):
            if "input" not in operation:
                continue
            shape = operation["input"]["shape"]
            status, code, _ = self.call(action, {"Nothing": "at all"})
            if code == "InvalidAction":
                continue
            whole = {}
            fill(shape, "", whole)
            for name in whole:
                rest = {k: v for k, v in whole.items() if k != name}
                if name in api_model.shape_of(shape).get("required", ()):
                    status, code, message = self.call(action, rest)
                    self.assertEqual((status, code), (400, "ValidationError"), (action, name))
                    self.assertIn(small(name), message, action)
                    tried += 1
            for path, inner in limits_of(shape, ""):
                inner = {**inner, **({"max": WIDER[action, path]}
                                     if (action, path) in WIDER else {})}
                for bad in breaches(inner):
                    form = {k: v for k, v in whole.items()
                            if not k.startswith(path + ".") and not path.startswith(k + ".")}
                    form[path] = bad
                    status, code, message = self.call(action, form)
                    self.assertEqual((status, code), (400, "ValidationError"),
                                     (action, path, bad[:40], message))
                    self.assertTrue(small(path) in message or path in message,
                                    (action, path, bad[:40], message))
                    tried += 1
        self.assertGreater(tried, 100)

    def test_several_mistakes_are_named_at_once(self):
        status, code, message = self.call("CreateAutoScalingGroup", {
            "AutoScalingGroupName": "x" * 256, "MinSize": "0",
            "DeletionProtection": "no-such-word"})
        self.assertEqual((status, code), (400, "ValidationError"))
        self.assertRegex(message, "^3 validation errors detected: ")
        for words in ("'autoScalingGroupName' failed to satisfy constraint: Member must have "
                      "length less than or equal to 255", "'maxSize' failed to satisfy "
                      "constraint: Member must not be null", "Value 'no-such-word' at "
                      "'deletionProtection' failed to satisfy constraint: Member must satisfy "
                      "enum value set: [none, prevent-force-deletion, prevent-all-deletion]"):
            self.assertIn(words, message)

    def test_numbers_and_flags_that_are_none(self):
        self.make_group()
        group = {"AutoScalingGroupName": "web"}
        for value in ("", "1.5", "1e1", "0x1", "99999999999999999999", "one", " 1", "١"):
            self.assert_code("ValidationError", "SetDesiredCapacity",
                             {**group, "DesiredCapacity": value}, words="esiredCapacity")
        self.assert_code("ValidationError", "SetDesiredCapacity", {
            **group, "DesiredCapacity": "1", "HonorCooldown": "perhaps"}, words="onorCooldown")
        for flag in ("TRUE", "False"):
            self.assertEqual(self.call("SetDesiredCapacity", {
                **group, "DesiredCapacity": "0", "HonorCooldown": flag})[0], 200)

    def test_names_come_back_as_they_were(self):
        names = ["a<b>&\"c'", "]]>", "&amp;", "x" * 255, "%41+%2B", "a/b|c=d"]
        for name in names:
            self.asg.create_auto_scaling_group(
                AutoScalingGroupName=name, MinSize=0, MaxSize=0, AvailabilityZones=["us-east-1a"],
                LaunchTemplate={"LaunchTemplateName": "web"},
                Tags=[{"Key": name[:128], "Value": name[:200] + " grün 日本 🙂"}])
        found = {}
        for page in self.asg.get_paginator("describe_auto_scaling_groups").paginate(
                PaginationConfig={"PageSize": 2}):
            for group in page["AutoScalingGroups"]:
                found[group["AutoScalingGroupName"]] = group
        self.assertEqual(sorted(found), sorted(names))
        for name, group in found.items():
            self.assertEqual([(t["Key"], t["Value"]) for t in group["Tags"]],
                             [(name[:128], name[:200] + " grün 日本 🙂")])
            self.assertTrue(group["AutoScalingGroupARN"].endswith("/" + name))
            self.asg.delete_auto_scaling_group(AutoScalingGroupName=name)

    def test_characters_that_xml_does_not_have(self):
        self.make_group()
        status, code, message = self.call("CreateOrUpdateTags", {
            "Tags.member.1.ResourceId": "web", "Tags.member.1.ResourceType":
            "auto-scaling-group", "Tags.member.1.Key": "bell\x07", "Tags.member.1.Value":
            "\x01\x1f\ufffe"})[:3]
        self.assertEqual((status, code), (400, "ValidationError"))
        for member in ("key", "value"):
            self.assertIn(f"at 'tags.1.member.{member}' failed to satisfy constraint: Member "
                          "must satisfy regular expression pattern: [", message)
        self.assertEqual(self.api.group("web", self.asg)["Tags"], [])

    def test_ten_thousand_tags(self):
        self.make_group()
        form = [(f"Tags.member.{n}.Key", f"k{n}") for n in range(1, 10001)]
        self.assertIn(self.call("CreateOrUpdateTags", form)[:2],
                      [(400, "LimitExceeded"), (400, "ValidationError")])
        form += [(f"Tags.member.{n}.ResourceId", "web") for n in range(1, 10001)]
        self.assertIn(self.call("CreateOrUpdateTags", form)[:2],
                      [(400, "LimitExceeded"), (400, "ValidationError"),
                       (400, "MalformedQueryString")])
        self.assertEqual(self.api.group("web")["Tags"], [])

    def test_many_change_one_group_at_once(self):
        self.make_group(MaxSize=1000)
        self.asg.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])

        def update(number):
            return self.call("UpdateAutoScalingGroup", {
                "AutoScalingGroupName": "web", "MaxSize": str(1000 + number),
                "DesiredCapacity": str(number), "DefaultCooldown": str(number)})

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(update, range(64)))
        self.assertEqual({answer[:2] for answer in answers}, {(200, "")})
        group = self.api.group("web")
        self.assertEqual(group["MaxSize"] - 1000, group["DesiredCapacity"])
        self.assertEqual(group["DefaultCooldown"], group["DesiredCapacity"])

    def test_many_make_one_group_at_once(self):
        def create(_):
            return self.call("CreateAutoScalingGroup", {
                "AutoScalingGroupName": "one", "MinSize": "1", "MaxSize": "1",
                "AvailabilityZones.member.1": "us-east-1a",
                "LaunchTemplate.LaunchTemplateName": "web"})[:2]

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(create, range(16)))
        self.assertEqual(answers.count((200, "")), 1)
        self.assertEqual(answers.count((400, "AlreadyExists")), 15)
        self.api.wait_for_in_service("one", 1, self.asg)

    def test_a_controller_without_a_worker_says_so(self):
        self.make_group("known")
        self.api.cluster.kill("worker-1")
        try:
            wait_for("a clear refusal", lambda: self.call("CreateAutoScalingGroup", {
                "AutoScalingGroupName": "unknown", "MinSize": "0", "MaxSize": "1",
                "VPCZoneIdentifier": "subnet-0c0000000000000ee",
                "LaunchTemplate.LaunchTemplateId": "lt-0eeeeeeeeeeeeeeee"})[:2]
                == (503, "ServiceUnavailable"))
            self.assertEqual(self.call("SetDesiredCapacity", {
                "AutoScalingGroupName": "known", "DesiredCapacity": "0"})[0], 200)
        finally:
            self.api.cluster.start_worker("worker-1")
            wait_for("the worker", lambda: self.api.cluster.ask("worker", "list"))


if __name__ == "__main__":
    unittest.main()
