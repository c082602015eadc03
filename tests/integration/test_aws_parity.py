#!/usr/bin/python3
"""The worker asks EC2 what the AWS SDKs would ask.

A real controller and worker make, change and end a group through a recording endpoint. Each
request of the worker is turned back into the arguments of the same call by boto3's model of
EC2 (a parameter that the model does not know fails here), boto3, the `aws` command and the
AWS SDK for JavaScript make that call, and what they send is compared field by field. What may
differ is in the table ALLOWED, with its reason."""

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

from ec2local_fixture import BUILD, SOURCE
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
    assert form.pop("Version") == service().api_version, call["form"]
    arguments = unflatten(service().operation_model(action).input_shape, form) or {}
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
        cls.cluster.ec2_endpoint = cls.recorder.url
        cls.cluster.start_controller()
        cls.cluster.start_worker("worker-1")
        cls.ours = cls.calls_of_worker()
        cls.cluster.kill("worker-1")
        cls.cluster.kill("controller")
        cls.recorder.taken()

    @classmethod
    def calls_of_worker(cls):
        """One call of each action and set of parameters that a worker sends."""
        seen = {}

        def look():
            for call in cls.recorder.taken():
                names = frozenset(re.sub(r"\.\d+", ".#", n) for n in call["form"])
                seen.setdefault((call["form"]["Action"], names), call)
            return seen

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
        wait_for("fleets of all kinds", lambda: sum(
            action == "CreateFleet" for action, _ in look()) >= 3, seconds=60)
        wait_for("their templates gone", lambda: "DeleteLaunchTemplate" in actions(),
                 seconds=60)
        wait_for("launches of all kinds", lambda: sum(
            action == "RunInstances" for action, _ in look()) >= 4, seconds=60)
        wait_for("describes", lambda: {"DescribeInstances", "DescribeInstanceStatus"}
                 <= actions(), seconds=60)
        openasg("group", "update", "web", "--desired", "0", "--force")
        wait_for("terminations", lambda: "TerminateInstances" in actions(), seconds=60)
        return list(look().values())

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

    def keys(self):
        return (self.cluster.env["AWS_ACCESS_KEY_ID"],
                self.cluster.env["AWS_SECRET_ACCESS_KEY"])

    def plan(self, encodes_user_data):
        """[(our call, action, arguments)]; some clients encode a launch's user data."""
        rows = []
        for call in self.ours:
            action, arguments = arguments_of(call)
            if encodes_user_data and action == "RunInstances" and "UserData" in arguments:
                arguments["UserData"] = base64.b64decode(arguments["UserData"]).decode()
            rows.append((call, action, arguments))
        return rows

    def only_call(self, action):
        calls = self.recorder.taken()
        self.assertEqual(len(calls), 1, f"{action}: {len(calls)} requests")
        return calls[0]

    # ---- the tests ----

    def test_every_action_of_the_worker_was_seen(self):
        with open(os.path.join(SOURCE, "deploy", "iam", "worker-policy.json")) as file:
            text = file.read()
        known = set(re.findall(r'"ec2:(\w+)"', text)) - {"CreateAction"}
        # Adopted instances alone are tagged later, and core adopts none without tags.
        self.assertEqual({call["form"]["Action"] for call in self.ours},
                         known - {"CreateTags"})
        self.assertGreaterEqual(len(self.ours), 10)

    def test_boto3_sends_the_same(self):
        key_id, secret = self.keys()
        client = boto3.session.Session().client(
            "ec2", region_name=self.cluster.env["AWS_REGION"],
            endpoint_url=self.recorder.url, aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 0}, parameter_validation=True))
        self.addCleanup(client.close)
        for ours, action, arguments in self.plan(encodes_user_data=True):
            try:
                getattr(client, snake(action))(**arguments)
            except client.exceptions.ClientError:
                pass  # what EC2 says of a call made twice does not matter here
            self.compare(ours, self.only_call(action), "boto3")

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
            subprocess.run(
                [AWS, "--endpoint-url", self.recorder.url, "ec2",
                 snake(action).replace("_", "-"), "--no-paginate", "--cli-input-json",
                 json.dumps(arguments)],
                env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
            self.compare(ours, self.only_call(action), "aws")

    def test_the_sdk_for_javascript_sends_the_same(self):
        packages = install_packages()
        rows = self.plan(encodes_user_data=False)
        key_id, secret = self.keys()
        path = os.path.join(self.folder, "calls.json")
        with open(path, "w") as file:
            json.dump({"endpoint": self.recorder.url, "key_id": key_id, "secret": secret,
                       "region": self.cluster.env["AWS_REGION"],
                       "calls": [{"action": a, "input": i} for _, a, i in rows]}, file)
        subprocess.run(["node", os.path.join(HERE, "aws_js", "send_calls.js"), packages,
                        path], check=True, timeout=120)
        theirs = self.recorder.taken()
        self.assertEqual(len(theirs), len(rows))
        for (ours, _, _), other in zip(rows, theirs):
            self.compare(ours, other, "JavaScript")


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


def install_packages():
    """The SDK from npm, kept in the build folder until package-lock.json changes."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise unittest.SkipTest(f"{program} is not installed")
    folder = os.path.join(BUILD, "tests", "aws_js")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(HERE, "aws_js", "package-lock.json")) as file:
        wanted = file.read()
    mark = os.path.join(folder, "installed-lock.json")
    if os.path.exists(mark):
        with open(mark) as file:
            if file.read() == wanted:
                return folder
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, "aws_js", name), folder)
    try:
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        trouble = done.stderr[-300:] if done.returncode != 0 else ""
    except subprocess.TimeoutExpired:
        trouble = "no answer in two minutes"
    if trouble:
        raise unittest.SkipTest("npm cannot install @aws-sdk/client-ec2 (no registry in "
                                "reach?): " + trouble)
    with open(mark, "w") as file:
        file.write(wanted)
    return folder


if __name__ == "__main__":
    unittest.main()
