#!/usr/bin/python3
"""Who may ask openasg-ec2local, and how: session tokens, presigned URLs, blanks in a query.
Signed with botocore, and what it never sends by hand."""

import os
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree as xml

try:
    import boto3  # noqa: F401
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from ec2local_fixture import REGION, Ec2Local

KEY = "ASIAEXAMPLE000000001"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzE" + "x" * 900 + "=="
PLAIN = "AKIAEXAMPLE000000002"


class SigningTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        file, cls.keys_file = tempfile.mkstemp()
        with os.fdopen(file, "w") as out:
            out.write(f"[session]\naws_access_key_id = {KEY}\naws_session_token = {TOKEN}\n"
                      f"aws_secret_access_key = {SECRET}\n[plain]\n"
                      f"aws_access_key_id = {PLAIN}\naws_secret_access_key = {SECRET}\n")
        cls.local = Ec2Local("--no-boot", "--keys-file", cls.keys_file)

    @classmethod
    def tearDownClass(cls):
        cls.local.close()
        os.unlink(cls.keys_file)

    def client(self, key, token=None, service="ec2"):
        session = boto3.session.Session()
        client = session.client(service, region_name=REGION, endpoint_url=self.local.url,
                                aws_access_key_id=key, aws_secret_access_key=SECRET,
                                aws_session_token=token)
        self.addCleanup(client.close)
        return client

    def code(self, client):
        with self.assertRaises(ClientError) as raised:
            if hasattr(client, "describe_regions"):
                client.describe_regions()
            else:
                client.get_caller_identity()
        return raised.exception.response["Error"]["Code"]

    def test_a_session_token_is_checked(self):
        self.assertTrue(self.client(KEY, TOKEN).describe_regions()["Regions"])
        self.assertTrue(self.client(PLAIN).describe_regions()["Regions"])
        for key, token in ((KEY, None), (KEY, TOKEN[:-1]), (KEY, TOKEN + "x"),
                           (PLAIN, TOKEN)):
            with self.subTest(key=key, token=token and len(token)):
                self.assertEqual(self.code(self.client(key, token)), "AuthFailure")
                self.assertEqual(self.code(self.client(key, token, "sts")),
                                 "InvalidClientTokenId")

    # ---- presigned ----

    def sign(self, query, key=KEY, token=TOKEN, service="ec2", expires=60):
        request = AWSRequest(method="GET", url=f"{self.local.url}/?{query}")
        SigV4QueryAuth(Credentials(key, SECRET, token), service, REGION,
                       expires).add_auth(request)
        return request.url

    def fetch(self, url):
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return answer.status, xml.fromstring(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, xml.fromstring(error.read())

    def test_a_url_that_boto3_presigned_is_answered(self):
        client = self.client(KEY, TOKEN)
        url = client.generate_presigned_url("describe_regions", HttpMethod="GET")
        status, root = self.fetch(url)
        self.assertEqual(status, 200)
        self.assertIn("DescribeRegionsResponse", root.tag)
        url = self.client(PLAIN, service="sts").generate_presigned_url(
            "get_caller_identity", HttpMethod="GET")
        self.assertEqual(self.fetch(url)[0], 200)

    def test_a_presigned_url_of_others_is_refused(self):
        query = "Action=DescribeRegions&Version=2016-11-15"
        self.assertEqual(self.fetch(self.sign(query))[0], 200)
        for url in (self.sign(query, token=None), self.sign(query, key="AKIANOBODY"),
                    self.sign(query, service="s3"), self.sign(query) + "&DryRun=true",
                    self.sign(query).replace("Regions", "Vpcs"),
                    self.sign(query, expires=10 ** 6)):
            status, root = self.fetch(url)
            self.assertIn(status, (400, 401, 403))
            self.assertTrue(root.findtext(".//Code"))

    def test_a_plus_in_a_signed_query_is_a_blank(self):
        ec2 = self.client(PLAIN)
        made = ec2.run_instances(
            ImageId="ami-00000000000000001", InstanceType="t3.micro", MinCount=1, MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [
                {"Key": "Name", "Value": "a b"}]}])["Instances"][0]["InstanceId"]
        query = ("Action=DescribeInstances&Filter.1.Name=tag%3AName&Filter.1.Value.1=a%20b"
                 "&Version=2016-11-15")
        url = self.sign(query, key=PLAIN, token=None).replace("a%20b", "a+b")
        status, root = self.fetch(url)
        self.assertEqual(status, 200, xml.tostring(root))
        self.assertEqual([e.text for e in root.iter() if e.tag.endswith("}instanceId")],
                         [made])


if __name__ == "__main__":
    unittest.main()
