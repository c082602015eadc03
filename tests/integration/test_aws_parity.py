#!/usr/bin/python3
"""The worker asks EC2 and STS what the AWS SDKs would ask.

A real controller and worker make, change and end groups through a recording endpoint; what a
group's life does not lead to, a played controller gives a worker to do (tests/lib/give_jobs.c);
STS is asked by `openasg-worker --check-credentials`. Each request is turned back into the
arguments of the same call by boto3's model of the service (a parameter that the model does not
know fails here), boto3, the `aws` command and the AWS SDK for JavaScript make that call, and
what they send is compared field by field. What may differ is in the table ALLOWED, with its
reason. Every action and every option that lib/aws can write is among them, or in the table
NOT_SENT with the reason why no worker sends it."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import boto3
    from botocore.config import Config
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from aws_sources import LONG_KEY, REGION, Sources
from aws_writers import options_of_writers
from ec2local_fixture import BUILD, SOURCE
from js_packages import install_packages
from launch_data import IMAGE, TYPE, query_name, service, whole_template
from recorder import Recorder

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402

AWS = os.environ.get("ASG_AWS", "/usr/bin/aws")
HERE = os.path.dirname(os.path.abspath(__file__))

# header -> why theirs may differ from ours or be missing in ours
ALLOWED = {
    "user-agent": "each says who it is",
    "x-amz-user-agent": "JavaScript: the same once more",
    "amz-sdk-invocation-id": "tells AWS which attempts belong together; nothing acts on it",
    "amz-sdk-request": "tells AWS how many attempts there will be; nothing acts on it",
    "x-amz-content-sha256": "JavaScript: S3 needs it, EC2 does not; the body is signed anyway",
    "accept": "HTTP/1.1: what is not said is anything",
    "accept-encoding": "what a client can unpack is its own matter",
    "connection": "HTTP/1.1 keeps connections unless told otherwise",
    "expect": "ours never waits for 100-continue",
    "authorization": "compared apart: algorithm, scope, signed headers",
    "x-amz-date": "compared apart: its form",
    "content-length": "follows from the body's encoding",
}
# (action, option) that lib/aws can write -> why no worker sends it
NOT_SENT = {
    ("AssumeRoleWithWebIdentity", "DurationSeconds"): "the role's own default",
    ("CreateLaunchTemplateVersion", "LaunchTemplateName"): "core has the id from EC2",
    ("DeleteLaunchTemplate", "DryRun"): "a dry run makes no template",
    ("DescribeInstanceStatus", "InstanceId.#"): "asked of the whole account, by filter",
    ("DescribeSubnets", "NextToken"): "EC2 gives those of one question on one page",
    ("DescribeInstanceStatus", "NextToken"): "sent when a thousand are in trouble at once",
    ("DescribeLaunchTemplateVersions", "NextToken"): "one version is asked for",
}
# What each must sign at least; a client may sign more of its own headers.
SIGNED = {"host", "x-amz-date"}
# Headers that others sign and ours does not send or sign.
SIGNED_BY_OTHERS = set(ALLOWED) | {"content-type"}


def unflatten(shape, form, prefix=""):
    """Arguments of a call from its parameters; takes what it uses out of `form`."""
    if shape.type_name == "structure":
        found = {}
        for member, inner in shape.members.items():
            value = unflatten(inner, form, f"{prefix}.{query_name(member, inner)}".lstrip("."))
            if value is not None:
                found[member] = value
        return found or None
    if shape.type_name == "list":
        number = re.compile(re.escape(prefix) + r"\.(\d+)(?:\.|$)")
        numbers = sorted({int(m.group(1)) for m in map(number.match, form) if m})
        return [unflatten(shape.member, form, f"{prefix}.{n}") for n in numbers] or None
    text = form.pop(prefix, None)
    if text is None:
        return None
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name in ("double", "float"):
        return float(text)
    if shape.type_name == "boolean":
        return text == "true"
    return text


def arguments_of(call):
    """(action, arguments) of a recorded call."""
    form = dict(call["form"])
    action = form.pop("Action")
    model = service(call["service"])
    assert form.pop("Version") == model.api_version, call["form"]
    arguments = unflatten(model.operation_model(action).input_shape, form) or {}
    assert not form, f"{action} has parameters that the model does not know: {form}"
    return action, arguments


def snake(action):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()


class Parity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for program in ("openasg-controller", "openasg-worker", "openasg"):
            if not os.path.exists(os.path.join(BUILD, "bin", program)):
                raise unittest.SkipTest(f"{program} is not built")
        cls.folder = tempfile.mkdtemp(prefix="asg-parity-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.cluster = Cluster(BUILD, cls.folder)
        cls.addClassCleanup(cls.cluster.stop_all)
        upstream = cls.cluster.start_ec2local("--no-boot", "--boot-delay-ms", "30")
        cls.recorder = Recorder(upstream)
        cls.addClassCleanup(cls.recorder.close)
        cls.sources = Sources()
        cls.addClassCleanup(cls.sources.close)
        cls.sts_recorder = Recorder(cls.sources.url)
        cls.addClassCleanup(cls.sts_recorder.close)
        cls.recorders = {"ec2": cls.recorder, "sts": cls.sts_recorder}
        cls.cluster.ec2_endpoint = cls.recorder.url
        cls.cluster.start_controller()
        cls.cluster.start_worker("worker-1")
        cls.seen = {}
        cls.calls_of_groups()
        cls.cluster.kill("worker-1")
        cls.cluster.kill("controller")
        cls.calls_of_given_jobs()
        cls.calls_to_sts()
        cls.look()
        cls.ours = list(cls.seen.values())

    @classmethod
    def look(cls):
        """One call of each action and set of parameters that a worker sends."""
        for name, recorder in cls.recorders.items():
            for call in recorder.taken():
                call["service"] = name
                cls.seen.setdefault((call["form"]["Action"], parameters_of(call)), call)
        return cls.seen

    @classmethod
    def calls_of_groups(cls):
        look = cls.look

        def actions():
            return {action for action, _ in look()}

        openasg = cls.cluster.openasg
        whole = whole_template(items=1)
        for name in ("InstanceRequirements", "SecurityGroupIds", "SecurityGroups"):
            whole.pop(name)  # EC2 takes them in other templates
        path = os.path.join(cls.folder, "whole.json")
        with open(path, "w") as file:
            json.dump(whole, file)
        openasg("template", "create", "web", "--image", IMAGE, "--instance-type", TYPE,
                "--key-name", "me", "--instance-profile", "web", "--security-groups",
                "sg-0a,sg-0b", "--tag", "a b=c&d=é")
        openasg("template", "create", "web", "--file", path)
        other = ["--image", IMAGE, "--security-groups", "sg-0a", "--instance-profile",
                 "arn:aws:iam::123456789012:instance-profile/web"]
        openasg("template", "create", "web", *other)
        openasg("template", "create", "other", *other)
        group = ["group", "create", "web", "--min", "0", "--max", "4", "--desired", "2",
                 "--template", "web", "--zones", "us-east-1b/subnet-0b000000000000002",
                 "--tag", "team=blue + green", "--tag", "empty="]
        openasg(*group, "--template-version", "1", "--launch-set", "EbsOptimized=true",
                "--launch-set", "InstanceMarketOptions.SpotOptions.MaxPrice=0.05",
                "--launch-set", "InstanceMarketOptions.MarketType=spot",
                "--launch-set", "BlockDeviceMappings.1.DeviceName=/dev/xvda",
                "--launch-set", "BlockDeviceMappings.1.Ebs.VolumeSize=20",
                "--launch-set", "TagSpecifications.1.ResourceType=volume",
                "--launch-set", "TagSpecifications.1.Tags.1.Key=k",
                "--launch-set", "TagSpecifications.1.Tags.1.Value=")
        group[2] = "interfaces"
        openasg(*group, "--template-version", "2", "--instance-types", "t3.small")
        group[2] = "own-subnet"
        openasg(*group, "--template-version", "1", "--launch-set",
                "NetworkInterfaces.1.DeviceIndex=0")
        group[2] = "asked"
        openasg(*group, "--template-version", "1", "--dry-run")
        group[2:] = ["zonal", *group[3:9], "--template", "web", "--zones", "us-east-1a"]
        openasg(*group, "--template-version", "1")
        mixed = ["--template-version", "1", "--instance-types", "t3.small,m5.large",
                 "--on-demand-base", "1"]
        group[2] = "mixed"
        openasg(*group, *mixed, "--on-demand-percent", "0", "--spot-max-price", "0.05",
                "--launch-set", "EbsOptimized=true")
        group[2] = "spot"
        openasg(*group, *mixed[:-2], "--on-demand-percent", "0", "--spot-strategy",
                "capacity-optimized-prioritized")
        group[2] = "dry-fleet"
        openasg(*group, *mixed, "--on-demand-percent", "50", "--on-demand-strategy",
                "lowest-price", "--dry-run")
        group[2] = "pools"
        group[group.index("--zones") + 1] = "us-east-1b/subnet-0b000000000000002"
        openasg(*group, *mixed[:-2], "--on-demand-percent", "0", "--spot-strategy",
                "lowest-price", "--spot-pools", "2")
        wait_for("fleets of all kinds", lambda: sum(
            action == "CreateFleet" for action, _ in look()) >= 4, seconds=60)
        wait_for("their templates gone", lambda: "DeleteLaunchTemplate" in actions(),
                 seconds=60)
        wait_for("launches of all kinds", lambda: sum(
            action == "RunInstances" for action, _ in look()) >= 4, seconds=60)
        wait_for("describes", lambda: {"DescribeInstances", "DescribeInstanceStatus"}
                 <= actions(), seconds=60)
        openasg("group", "update", "web", "--desired", "0", "--force")
        wait_for("terminations", lambda: "TerminateInstances" in actions(), seconds=60)

    @classmethod
    def calls_of_given_jobs(cls):
        """Instances and templates beside those of the groups, so many that their listings
        have two pages."""
        ec2 = cls.client("ec2")
        template = ec2.describe_launch_template_versions(LaunchTemplateName="web",
                                                         Versions=["1"])
        template_id = template["LaunchTemplateVersions"][0]["LaunchTemplateId"]
        made = ec2.run_instances(
            ImageId=IMAGE, InstanceType=TYPE, MinCount=201, MaxCount=201,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [
                {"Key": "openasg:cluster", "Value": "parity"}]}])["Instances"]
        for number in range(201):
            tags = {"openasg:cluster": "parity", "openasg:job": "7" if number else "8"}
            ec2.create_launch_template(
                LaunchTemplateName=f"openasg-{number}", LaunchTemplateData={"ImageId": IMAGE},
                TagSpecifications=[{"ResourceType": "launch-template", "Tags": [
                    {"Key": key, "Value": value} for key, value in tags.items()]}])
        ec2.close()
        cls.recorder.taken()
        giver = subprocess.Popen(
            [os.path.join(BUILD, "tests", "give_jobs"), "parity", "web", template_id,
             made[0]["InstanceId"], made[1]["InstanceId"], "i-0123456789abcdef0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            endpoint = giver.stdout.readline().strip()
            cls.cluster.start("worker-2", [
                "openasg-worker", "--name", "worker-2", "--dir", cls.folder,
                "--allow-plaintext", "--controller-endpoint", endpoint, "--ec2-endpoint",
                cls.recorder.url])
            said, _ = giver.communicate(timeout=120)
        finally:
            giver.kill()
            giver.wait()
        cls.cluster.kill("worker-2")
        assert giver.returncode == 0, said

    @classmethod
    def calls_to_sts(cls):
        """Who are you, as oneself and as a role of either kind."""
        token = os.path.join(cls.folder, "token")
        with open(token, "w") as file:
            file.write("header.payload+/=.signature")
        config = os.path.join(cls.folder, "config")
        with open(config, "w") as file:
            file.write(f"[default]\naws_access_key_id = {LONG_KEY[0]}\n"
                       f"aws_secret_access_key = {LONG_KEY[1]}\n"
                       "[profile bare]\nrole_arn = arn:aws:iam::123456789012:role/bare\n"
                       "source_profile = default\n"
                       "[profile full]\nrole_arn = arn:aws:iam::123456789012:role/a b\n"
                       "source_profile = default\nrole_session_name = me@home\n"
                       "external_id = ex:ternal/1\nduration_seconds = 900\n")
        os.chmod(config, 0o600)
        for environment in ({}, {"AWS_PROFILE": "bare"}, {"AWS_PROFILE": "full"},
                            {"AWS_WEB_IDENTITY_TOKEN_FILE": token,
                             "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/web",
                             "AWS_CONFIG_FILE": os.path.join(cls.folder, "none")}):
            done = subprocess.run(
                [os.path.join(BUILD, "bin", "openasg-worker"), "--check-credentials"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                env={"PATH": os.environ["PATH"], "HOME": cls.folder, "AWS_REGION": REGION,
                     "AWS_CONFIG_FILE": config, "AWS_EC2_METADATA_DISABLED": "true",
                     "AWS_ENDPOINT_URL": cls.sts_recorder.url, **environment})
            assert done.returncode == 0, done.stderr

    @classmethod
    def client(cls, name):
        key_id, secret = cls.keys(name)
        return boto3.session.Session().client(
            name, region_name=cls.region(name), endpoint_url=cls.recorders[name].url,
            aws_access_key_id=key_id, aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 0}, parameter_validation=True))

    @classmethod
    def region(cls, name):
        return REGION if name == "sts" else cls.cluster.env["AWS_REGION"]

    @classmethod
    def keys(cls, name):
        if name == "sts":
            return LONG_KEY
        return (cls.cluster.env["AWS_ACCESS_KEY_ID"],
                cls.cluster.env["AWS_SECRET_ACCESS_KEY"])

    # ---- comparing ----

    def compare(self, ours, theirs, who):
        action = ours["form"]["Action"]
        with self.subTest(f"{who} {action}"):
            self.assertEqual(plain_numbers(ours["form"]), plain_numbers(theirs["form"]))
            self.assertEqual((ours["method"], ours["path"]), ("POST", "/"))
            self.assertEqual((theirs["method"], theirs["path"]), ("POST", "/"))
            mine, other = ours["headers"], theirs["headers"]
            for name in set(mine) | set(other):
                if name in ALLOWED:
                    continue
                self.assertIn(name, mine, f"{who} sends {name}: {other.get(name)}")
                self.assertIn(name, other, f"only ours sends {name}: {mine.get(name)}")
                self.assertEqual(plain_type(mine[name]), plain_type(other[name]), name)
            self.compare_signatures(mine, other)

    def compare_signatures(self, mine, other):
        self.assertEqual("authorization" in mine, "authorization" in other)
        if "authorization" not in mine:  # the token is what proves who asks
            self.assertNotIn("x-amz-date", mine)
            return
        mine_parts, other_parts = signature(mine), signature(other)
        self.assertEqual(mine_parts["algorithm"], other_parts["algorithm"])
        self.assertEqual(mine_parts["scope"], other_parts["scope"])
        self.assertEqual(len(mine_parts["signature"]), len(other_parts["signature"]))
        self.assertLessEqual(SIGNED, mine_parts["signed"])
        self.assertLessEqual(SIGNED, other_parts["signed"])
        self.assertLessEqual(other_parts["signed"] - mine_parts["signed"],
                             SIGNED_BY_OTHERS)
        self.assertRegex(mine["x-amz-date"], r"^\d{8}T\d{6}Z$")
        self.assertRegex(other["x-amz-date"], r"^\d{8}T\d{6}Z$")

    def plan(self, encodes_user_data):
        """[(our call, action, arguments)]; some clients encode a launch's user data."""
        rows = []
        for call in self.ours:
            action, arguments = arguments_of(call)
            if encodes_user_data and action == "RunInstances" and "UserData" in arguments:
                arguments["UserData"] = base64.b64decode(arguments["UserData"]).decode()
            rows.append((call, action, arguments))
        return rows

    def only_call(self, ours, action):
        calls = self.recorders[ours["service"]].taken()
        self.assertEqual(len(calls), 1, f"{action}: {len(calls)} requests")
        return calls[0]

    # ---- the tests ----

    def test_every_action_of_the_worker_was_seen(self):
        allowed, told = (self.read("deploy", "iam", name)
                         for name in ("worker-policy.json", "README.md"))
        known = set(re.findall(r'"ec2:(\w+)"', allowed)) - {"CreateAction"}
        known |= set(re.findall(r"`sts:(\w+)`", told))
        self.assertEqual({call["form"]["Action"] for call in self.ours}, known)

    def test_every_option_of_the_worker_was_seen(self):
        """What the writers of lib/aws can say, against what was said."""
        said = {}
        for call in self.ours:
            said.setdefault(call["form"]["Action"], set()).update(parameters_of(call))
        writable = {(action, option) for action, options in options_of_writers(SOURCE).items()
                    for option in options if action in said}
        self.assertGreater(len(writable), 60)
        missing = {(action, option) for action, option in writable
                   if option not in said[action]}
        self.assertEqual(missing, set(NOT_SENT))

    @staticmethod
    def read(*path):
        with open(os.path.join(SOURCE, *path)) as file:
            return file.read()

    def test_boto3_sends_the_same(self):
        clients = {name: self.client(name) for name in self.recorders}
        for client in clients.values():
            self.addCleanup(client.close)
        for ours, action, arguments in self.plan(encodes_user_data=True):
            client = clients[ours["service"]]
            try:
                getattr(client, snake(action))(**arguments)
            except client.exceptions.ClientError:
                pass  # what EC2 says of a call made twice does not matter here
            self.compare(ours, self.only_call(ours, action), "boto3")

    @unittest.skipUnless(os.access(AWS, os.X_OK), "awscli is not installed")
    def test_the_aws_command_sends_the_same(self):
        env = dict(self.cluster.env, AWS_PAGER="", AWS_MAX_ATTEMPTS="1",
                   AWS_CONFIG_FILE=os.path.join(self.folder, "none"),
                   AWS_SHARED_CREDENTIALS_FILE=os.path.join(self.folder, "none"))
        done = set()
        for ours, action, arguments in self.plan(encodes_user_data=True):
            if action in done:
                continue  # a second each, and boto3 underneath
            done.add(action)
            name = ours["service"]
            key_id, secret = self.keys(name)
            subprocess.run(
                [AWS, "--endpoint-url", self.recorders[name].url, "--region",
                 self.region(name), name, snake(action).replace("_", "-"), "--no-paginate",
                 "--cli-input-json", json.dumps(arguments)],
                env=dict(env, AWS_ACCESS_KEY_ID=key_id, AWS_SECRET_ACCESS_KEY=secret),
                stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
            self.compare(ours, self.only_call(ours, action), "aws")

    def test_the_sdk_for_javascript_sends_the_same(self):
        packages = install_packages("aws_js")
        rows = self.plan(encodes_user_data=False)
        for name, recorder in self.recorders.items():
            key_id, secret = self.keys(name)
            of_service = [row for row in rows if row[0]["service"] == name]
            path = os.path.join(self.folder, f"calls-{name}.json")
            with open(path, "w") as file:
                json.dump({"service": name, "endpoint": recorder.url, "key_id": key_id,
                           "secret": secret, "region": self.region(name),
                           "calls": [{"action": a, "input": i} for _, a, i in of_service]},
                          file)
            subprocess.run(["node", os.path.join(HERE, "aws_js", "send_calls.js"), packages,
                            path], check=True, timeout=120)
            theirs = recorder.taken()
            self.assertEqual(len(theirs), len(of_service))
            for (ours, _, _), other in zip(of_service, theirs):
                self.compare(ours, other, "JavaScript")


def parameters_of(call):
    """The names of a call's parameters, # for each number."""
    return frozenset(re.sub(r"\.\d+", ".#", name) for name in call["form"])


def plain_numbers(form):
    """The same form; a number with a point is one number however it is written: boto3 says
    1.0 where JavaScript says 1."""
    return {name: float(value) if name.endswith(".Priority") else value
            for name, value in form.items()}


def plain_type(value):
    """A header's value in lower case; of a form, "charset=utf-8" says nothing new: names
    and values are ASCII (JavaScript leaves it out)."""
    return value.lower().replace("; charset=utf-8", "")


def signature(headers):
    """The parts of an Authorization header; the scope without the key and the day."""
    match = re.match(r"(\S+) Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$",
                     headers["authorization"])
    credential = match.group(2).split("/")
    return {"algorithm": match.group(1), "scope": credential[2:],
            "signed": set(match.group(3).split(";")), "signature": match.group(4)}


if __name__ == "__main__":
    unittest.main()
