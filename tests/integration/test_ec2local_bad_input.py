#!/usr/bin/python3
"""What openasg-ec2local says to requests no client should send, and that it lives on. Signed
here with the standard library, so that anything can be sent."""

import datetime
import hashlib
import hmac
import http.client
import os
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

from ec2local_fixture import PROGRAM, REGION, Ec2Local


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Ec2Local("--no-boot")
        cls.keys = cls.local.keys()
        cls.host = cls.local.url.removeprefix("http://")

    @classmethod
    def tearDownClass(cls):
        cls.local.close()

    def tearDown(self):
        status, root = self.call({"Action": "DescribeRegions"})
        self.assertEqual(status, 200, "it lives on")
        self.assertIn("DescribeRegionsResponse", root.tag)

    def authorization(self, body, service="ec2", minutes=0, date=None):
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        stamp = date or now.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{REGION}/{service}/aws4_request"
        canonical = (f"POST\n/\n\nhost:{self.host}\nx-amz-date:{stamp}\n\nhost;x-amz-date\n"
                     + hashlib.sha256(body).hexdigest())
        text = (f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n"
                + hashlib.sha256(canonical.encode()).hexdigest())
        key = b"AWS4" + self.keys["aws_secret_access_key"].encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return {"X-Amz-Date": stamp,
                "Authorization": "AWS4-HMAC-SHA256 Credential="
                f"{self.keys['aws_access_key_id']}/{scope}, SignedHeaders=host;x-amz-date, "
                f"Signature={signature}"}

    def send(self, body, headers):
        request = urllib.request.Request(self.local.url + "/", data=body, headers={
            "Content-Type": "application/x-www-form-urlencoded", **headers})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def call(self, parameters, **signing):
        body = parameters if isinstance(parameters, bytes) else \
            urllib.parse.urlencode(parameters).encode()
        status, text = self.send(body, self.authorization(body, **signing))
        return status, xml.fromstring(text)

    def assert_code(self, code, parameters, status=400, **signing):
        found, root = self.call(parameters, **signing)
        texts = {element.tag.rsplit("}", 1)[-1].lower(): element.text
                 for element in root.iter()}
        self.assertEqual(texts["code"], code, texts["message"])
        self.assertEqual(found, status)
        self.assertRegex(texts["requestid"], "^[0-9a-f-]{36}$")

    def test_calls_without_an_action_or_with_an_unknown_one(self):
        self.assert_code("MissingAction", {"Version": "2016-11-15"})
        self.assert_code("InvalidAction", {"Action": "LaunchRockets"})
        self.assert_code("InvalidAction", {"Action": "RunInstances"}, service="sts")
        self.assert_code("InvalidAction", {"Action": "<b>&"})
        self.assert_code("MissingAction", b"")

    def test_forms_that_are_none(self):
        self.assert_code("MalformedQueryString", b"Action=DescribeInstances&a=%00")
        self.assert_code("MalformedQueryString", b"Action=DescribeInstances&a=%ff%fe")
        self.assert_code("MalformedQueryString",
                         b"&".join(b"a.%d=1" % n for n in range(1, 60002)))
        self.assert_code("MalformedQueryString", b"&&&===&&%zz%&" * 100)
        self.assert_code("MalformedQueryString", b"Action=DescribeVpcs&Action=DescribeTags")
        self.assert_code("MalformedQueryString", b"Action=DescribeVpcs&VpcId..1=x")
        self.assert_code("InvalidParameterValue", b"Action=DescribeVpcs&VpcId.x=y")
        self.assert_code("InvalidParameterValue", b"Action=DescribeVpcs&VpcId=y")
        self.assert_code("MissingAction", b"&&&%zz%&&")

    def test_numbers_flags_and_filters_that_are_none(self):
        run = {"Action": "RunInstances", "ImageId": "ami-00000000000000001"}
        self.assert_code("MissingParameter", {**run, "MaxCount": "1"})
        for value in ("", "-1", "1e3", "99999999999999999999", "one"):
            self.assert_code("InvalidParameterValue", {**run, "MinCount": value,
                                                       "MaxCount": "1"})
        self.assert_code("InvalidParameterValue", {**run, "MinCount": "1", "MaxCount": "1",
                                                   "DryRun": "maybe"})
        self.assert_code("InvalidUserData.Malformed", {**run, "MinCount": "1",
                                                       "MaxCount": "1", "UserData": "@@@"})
        describe = {"Action": "DescribeInstances"}
        self.assert_code("InvalidParameterValue", {**describe, "Filter.1.Name": "vpc-id"})
        self.assert_code("InvalidParameterValue", {**describe, "Filter.1.Value.1": "x"})
        self.assert_code("FilterLimitExceeded", {
            **describe, "Filter.1.Name": "instance-id",
            **{f"Filter.1.Value.{n}": "x" for n in range(1, 202)}})
        self.assert_code("InvalidParameterCombination", {"Action": "TerminateInstances"})
        self.assert_code("RequestResourceCountExceeded", {
            "Action": "TerminateInstances",
            **{f"InstanceId.{n}": "i-00000000" for n in range(1, 1002)}})

    def test_lists_that_count_from_zero_are_taken(self):
        status, root = self.call({"Action": "DescribeInstances", "InstanceId.0": "i-x"})
        self.assertEqual(root.findtext("Errors/Error/Code"), "InvalidInstanceID.Malformed")
        status, root = self.call({"Action": "DescribeSubnets", "Filter.0.Name":
                                  "availability-zone", "Filter.0.Value.0": REGION + "a",
                                  "Filter.0.Value.1": REGION + "b"})
        self.assertEqual(status, 200)
        self.assertEqual(len([e for e in root.iter() if e.tag.endswith("}subnetId")]), 2)
        status, root = self.call({
            "Action": "RunInstances", "ImageId": "ami-00000000000000001", "MinCount": "1",
            "MaxCount": "1", "InstanceType": "t3.micro",
            "BlockDeviceMapping.0.DeviceName": "/dev/sdf",
            "BlockDeviceMapping.1.DeviceName": "/dev/sdg",
            "NetworkInterface.0.DeviceIndex": "0",
            "NetworkInterface.0.SubnetId": "subnet-0c000000000000003",
            "TagSpecification.0.ResourceType": "instance",
            "TagSpecification.0.Tag.0.Key": "a", "TagSpecification.0.Tag.0.Value": "b"})
        self.assertEqual(status, 200)
        texts = [e.text for e in root.iter()]
        for text in ("/dev/sdf", "/dev/sdg", "subnet-0c000000000000003", "a", "b"):
            self.assertIn(text, texts)

    def test_signatures_that_are_none(self):
        body = b"Action=DescribeInstances"
        status, text = self.send(body, {})
        self.assertEqual((status, xml.fromstring(text).findtext("Errors/Error/Code")),
                         (403, "MissingAuthenticationToken"))
        good = self.authorization(body)
        for value in ("", "Basic x", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=////,",
                      good["Authorization"][:-1], good["Authorization"] * 2,
                      "AWS4-HMAC-SHA256 " + "x" * 5000):
            status, text = self.send(body, {**good, "Authorization": value})
            self.assertIn(status, (400, 401, 403))
            self.assertIsNotNone(xml.fromstring(text).findtext("Errors/Error/Code"))
        status, _ = self.send(body + b"&MaxResults=5", good)
        self.assertIn(status, (401, 403))

    def test_a_request_of_another_time_is_refused(self):
        body = {"Action": "DescribeInstances"}
        for minutes in (-16, 16):
            status, root = self.call(body, minutes=minutes)
            self.assertIn(status, (400, 403))
            self.assertIn(root.findtext("Errors/Error/Code"),
                          ("RequestExpired", "SignatureDoesNotMatch", "RequestTimeTooSkewed"))
        self.assertEqual(self.call(body, minutes=-14)[0], 200)

    def test_too_large_a_body_and_no_http(self):
        status, _ = self.send(b"a=" + b"x" * (2 << 20), {})
        self.assertEqual(status, 413)
        host, port = self.host.split(":")
        for noise in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n",
                      b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab"):
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                connection.sendall(noise)
                connection.shutdown(socket.SHUT_WR)

    def test_paths_that_nobody_serves(self):
        for path in ("/imds/", "/imds/x/latest/meta-data/", "/imds/" + "0" * 32 + "/latest/",
                     "/_control/", "/_control/nothing", "/_control/faults/0"):
            method = "DELETE" if path.endswith("/0") else "GET"
            with self.assertRaises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(urllib.request.Request(
                    self.local.url + path, method=method,
                    headers=self.local.control_headers()), timeout=20)
            with raised.exception as error:
                self.assertEqual(error.code, 404)


class ControlKeyTest(unittest.TestCase):
    """A web page, or whoever else reaches the port, orders nothing."""

    def setUp(self):
        self.local = Ec2Local("--no-boot")
        self.addCleanup(self.local.close)
        self.key = self.local.control_headers()["X-Ec2local-Key"]
        self.port = self.local.url.rsplit(":", 1)[1]

    def status(self, method="POST", path="/_control/faults", **headers):
        body = b"kind=throttle" if method == "POST" else None
        connection = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=20)
        self.addCleanup(connection.close)
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": f"127.0.0.1:{self.port}", **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def test_only_with_the_key(self):
        self.assertEqual(self.status(), 403)
        self.assertEqual(self.status(X_Ec2local_Key="0" * 64), 403)
        self.assertEqual(self.status(X_Ec2local_Key=self.key[:-1]), 403)
        for path in ("/_control/instances", "/_control/calls", "/_control/faults"):
            self.assertEqual(self.status("GET", path), 403)
        self.assertEqual(self.local.control("GET", "faults"), {"faults": []})
        self.assertEqual(self.status(X_Ec2local_Key=self.key), 201)

    def test_not_for_pages(self):
        for origin in ("http://evil.example", "null", f"http://127.0.0.1:{self.port}"):
            self.assertEqual(self.status(X_Ec2local_Key=self.key, Origin=origin), 403)
        for host in ("evil.example", f"evil.example:{self.port}", "127.0.0.1.evil.example",
                     "localhost.evil", "10.0.0.1", "127.0.0.1:80:80", "127.0.0.1:x", "[::1", ""):
            self.assertEqual(self.status(X_Ec2local_Key=self.key, Host=host), 403, host)
        for host in (f"localhost:{self.port}", "127.0.0.1", "127.1.2.3:80", "[::1]:80"):
            self.assertEqual(self.status(X_Ec2local_Key=self.key, Host=host), 201, host)

    def test_the_key_is_of_one_life_and_its_owners(self):
        path = os.path.join(self.local.folder, "control-key")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.local.stop()
        again = Ec2Local("--no-boot", folder=self.local.folder)
        self.addCleanup(again.close)
        self.assertNotEqual(again.control_headers()["X-Ec2local-Key"], self.key)


class SettingsTest(unittest.TestCase):
    def test_settings_that_make_no_sense_are_refused_in_words(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="ec2local-"))
        for options, word in ((("--cidr", "here"), "127.100.0.0/16"),
                              (("--cidr", "10.0.0.0/30"), "8 to 26"),
                              (("--boot-delay-ms", "5", "--boot-delay-max-ms", "3"), "boot"),
                              (("--listen", "nowhere"), "nowhere"),
                              (("--instance-addresses", "1.2.3.4,x"), "'x'"),
                              (("--keys-file", folder + "/missing"), "missing"),
                              (("--bot-delay-ms", "1"), "--boot-delay-ms")):
            done = subprocess.run([PROGRAM, "--dir", folder, "--port", "0", *options],
                                  capture_output=True, text=True, timeout=30)
            self.assertIn(done.returncode, (1, 2), options)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
