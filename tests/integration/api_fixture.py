"""An Auto Scaling API of its own for a test: openasg-ec2local, a controller that serves the
API, a worker, and keys. Ready in about a second, ended by pid.

EC2's instances run nothing (they become `running` after some milliseconds), so groups that
are judged by EC2's health get to InService at once."""

import datetime
import hashlib
import hmac
import os
import shutil
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
sys.path.insert(0, os.path.join(SOURCE, "deploy"))

from cluster import Cluster, wait_for  # noqa: E402

REGION = "us-east-1"
ACCOUNT = "000000000000"
IMAGE = "ami-00000000000000001"
VERSION = "2011-01-01"
SUBNETS = {"us-east-1a": "subnet-0a000000000000001", "us-east-1b": "subnet-0b000000000000002",
           "us-east-1c": "subnet-0c000000000000003"}

KEY_ID, SECRET = "ASGATESTOFTHEWHOLEAPI", "a secret of the tests, and of nobody else"
READER_ID, READER_SECRET = "ASGATESTOFREADERSONLY", "a secret of those who only look"


class ApiFixture:
    def __init__(self, settle="0s", instances_run=False, files=None, **settings):
        """`settings` of the controller, _ for dots; it may open so many `files`."""
        self.folder = tempfile.mkdtemp(prefix="asg-api-")
        self.cluster = Cluster(BUILD, self.folder)
        if files is not None:
            self.cluster.command_of = lambda name, path: (
                ["prlimit", f"--nofile={files}", path] if name == "controller" else [path])
        # EC2 takes the same key: clients that know one endpoint know one key.
        self.cluster.env.update(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET,
                                AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION)
        self.cluster.worker_names = ["worker-1"]
        self.settings = {"listen_api": "127.0.0.1:0", "region": REGION,
                         "account_id": ACCOUNT, **settings}
        if settle != "0s":
            self.settings["api_settle"] = settle
        try:
            self.start(() if instances_run else ("--no-boot",))
        except BaseException:
            self.close()
            raise

    def start(self, options):
        self.cluster.start_ec2local("--boot-delay-ms", "30", "--stop-delay-ms", "20",
                                    *options)
        self.write_keys()
        self.start_controller()
        self.cluster.start_worker("worker-1")
        wait_for("the worker", lambda: self.cluster.ask("worker", "list"), pause=0.02)

    def start_controller(self):
        self.cluster.start_controller(**self.settings)
        self.url = self.cluster.controller_endpoints()["api"]

    def write_keys(self):
        os.makedirs(self.cluster.state, mode=0o700, exist_ok=True)
        path = os.path.join(self.cluster.state, "api-keys")
        lines = [f"name=tests key={KEY_ID} secret={urllib.parse.quote(SECRET)} "
                 "actions=* groups=*",
                 f"name=readers key={READER_ID} secret={urllib.parse.quote(READER_SECRET)} "
                 "actions=Describe* groups=*"]
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")

    def close(self):
        try:
            self.cluster.stop_all()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- clients ----

    def environment(self, **more):
        """For a client: nothing but the keys of the API."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("AWS_", "OPENASG_"))}
        none = os.path.join(self.folder, "none")
        kept.update(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET,
                    AWS_SHARED_CREDENTIALS_FILE=none, AWS_CONFIG_FILE=none,
                    AWS_EC2_METADATA_DISABLED="true", AWS_REGION=REGION,
                    AWS_DEFAULT_REGION=REGION, AWS_PAGER="", AWS_MAX_ATTEMPTS="1", **more)
        return kept

    def client(self, service="autoscaling", seen=None, **changes):
        """An unmodified boto3 client. Replies of the API are held against the model."""
        import boto3
        from botocore.config import Config
        is_ours = service == "autoscaling"
        settings = {"region_name": REGION, "aws_access_key_id": KEY_ID,
                    "aws_secret_access_key": SECRET,
                    "endpoint_url": self.url if is_ours else self.cluster.ec2_endpoint,
                    "config": Config(retries={"max_attempts": 0, "mode": "standard"},
                                     read_timeout=30)}
        settings.update(changes)
        client = boto3.session.Session().client(service, **settings)
        if is_ours:
            import api_model
            api_model.watch(client, seen)
        return client

    def template(self, name="web", **data):
        """A launch template made in EC2; its id."""
        from botocore.exceptions import ClientError
        ec2 = self.client("ec2")
        data = {"ImageId": IMAGE, "InstanceType": "t3.micro", **data}
        try:
            return ec2.create_launch_template(
                LaunchTemplateName=name,
                LaunchTemplateData=data)["LaunchTemplate"]["LaunchTemplateId"]
        except ClientError as error:
            if error.response["Error"]["Code"] != \
                    "InvalidLaunchTemplateName.AlreadyExistsException":
                raise
            return ec2.describe_launch_templates(LaunchTemplateNames=[name])[
                "LaunchTemplates"][0]["LaunchTemplateId"]

    # ---- a client of our own, with which anything can be sent ----

    def sign(self, body, minutes=0, key_id=KEY_ID, secret=SECRET, region=REGION,
             service="autoscaling"):
        """Headers of a signed POST of `body`, made with the standard library."""
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
        host = self.url.split("//", 1)[1]
        canonical = (f"POST\n/\n\nhost:{host}\nx-amz-date:{stamp}\n\nhost;x-amz-date\n"
                     + hashlib.sha256(body).hexdigest())
        text = (f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n"
                + hashlib.sha256(canonical.encode()).hexdigest())
        key = b"AWS4" + secret.encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return {"Content-Type": "application/x-www-form-urlencoded", "X-Amz-Date": stamp,
                "Authorization": f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, "
                f"SignedHeaders=host;x-amz-date, Signature={signature}"}

    def send(self, body, headers):
        """(status, body, headers) of a POST."""
        request = urllib.request.Request(self.url + "/", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    def post(self, action, parameters=(), **signing):
        """A signed call of any parameters, as bytes or as a dictionary or pairs."""
        body = parameters if isinstance(parameters, bytes) else urllib.parse.urlencode(
            [("Action", action), ("Version", VERSION)]
            + list(parameters.items() if isinstance(parameters, dict) else parameters)).encode()
        return self.send(body, self.sign(body, **signing))

    # ---- the state of things ----

    def group(self, name, client=None):
        """A group as Describe has it; None when it is not there."""
        groups = (client or self.client()).describe_auto_scaling_groups(
            AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return groups[0] if groups else None

    def wait_for_in_service(self, name, count, client=None, seconds=30):
        """Until exactly so many instances are InService and nothing else is there; they."""
        client = client or self.client()

        def look():
            group = self.group(name, client)
            rows = group["Instances"] if group else []
            states = {row["LifecycleState"] for row in rows}
            return (rows or True) if len(rows) == count and states <= {"InService"} else None

        found = wait_for(f"{count} in service in {name}", look, seconds, pause=0.05)
        return [] if found is True else found

    def wait_until_gone(self, name, client=None, seconds=30):
        client = client or self.client()
        wait_for(f"{name} to be gone", lambda: self.group(name, client) is None, seconds,
                 pause=0.05)

    def remove_all_groups(self):
        """What a test leaves to the next one: nothing."""
        client = self.client()
        for page in client.get_paginator("describe_auto_scaling_groups").paginate():
            for group in page["AutoScalingGroups"]:
                # Debian's botocore does not know this member, and so does not show it.
                self.post("UpdateAutoScalingGroup", {
                    "AutoScalingGroupName": group["AutoScalingGroupName"],
                    "DeletionProtection": "none"})
                if "Status" not in group:
                    client.delete_auto_scaling_group(
                        AutoScalingGroupName=group["AutoScalingGroupName"], ForceDelete=True)
        wait_for("no group", lambda: not client.describe_auto_scaling_groups()[
            "AutoScalingGroups"], pause=0.05)

    def decides(self):
        """The controller answers, and the loop takes an order: (seconds it took)."""
        begun = time.monotonic()
        self.cluster.check_alive("controller")
        status, body, _ = self.post("DescribeAutoScalingGroups", {"MaxRecords": "1"})
        assert status == 200, body
        return time.monotonic() - begun


class ApiTest(unittest.TestCase):
    """One API for the tests of a class; each leaves no group to the next."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.api = ApiFixture(**cls.settings)
        cls.addClassCleanup(cls.api.close)
        cls.asg = cls.api.client()
        cls.ec2 = cls.api.client("ec2")
        cls.template_id = cls.api.template()

    def tearDown(self):
        self.api.remove_all_groups()

    def make_group(self, name="web", size=0, **more):
        """A group of `size` instances, all in service; as Describe has it."""
        wish = {"MinSize": 0, "MaxSize": 10, "DesiredCapacity": size,
                "LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"},
                "AvailabilityZones": ["us-east-1a"], **more}
        if "VPCZoneIdentifier" in more:
            del wish["AvailabilityZones"]
        if {"LaunchConfigurationName", "MixedInstancesPolicy", "InstanceId"} & set(more):
            del wish["LaunchTemplate"]
        self.asg.create_auto_scaling_group(AutoScalingGroupName=name, **wish)
        if size > 0:
            self.api.wait_for_in_service(name, size, self.asg)
        return self.api.group(name, self.asg)

    def ids_of(self, name="web"):
        return sorted(row["InstanceId"] for row in self.api.group(name, self.asg)["Instances"])

    def refused(self, code, words, call, **parameters):
        """The call is refused with this code, and its message has these words."""
        from botocore.exceptions import ClientError
        with self.assertRaises(ClientError) as raised:
            call(**parameters)
        error = raised.exception.response["Error"]
        self.assertEqual(error["Code"], code, error["Message"])
        self.assertIn(words, error["Message"])
        return error["Message"]
