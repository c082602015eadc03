#!/usr/bin/python3
"""The gate of the Auto Scaling API, asked by clients that we did not write: boto3 and the
signers of botocore, curl and openssl. Who signed, what they may, TLS, and clients that are slow.
"""

import datetime
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import types
import unittest
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import boto3  # noqa: E402
import botocore.auth  # noqa: E402
from botocore.auth import SigV4Auth, SigV4QueryAuth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

from api_fixture import (ACCOUNT, ApiFixture, KEY_ID, READER_ID, READER_SECRET,  # noqa: E402
                         REGION, SECRET, VERSION)
from cluster import wait_for  # noqa: E402

ASK = {"Action": "DescribeAdjustmentTypes", "Version": VERSION}
SUSPEND = {"Action": "SuspendProcesses", "Version": VERSION, "AutoScalingGroupName": "web",
           "ScalingProcesses.member.1": "Launch"}
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def query(fields):
    """As SigV4 wants it, which botocore does not put right: %20, not +."""
    return urllib.parse.urlencode(fields, quote_via=urllib.parse.quote, safe="-_.~")


class GateTest(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.api = ApiFixture(**cls.settings)
        cls.addClassCleanup(cls.api.close)
        cls.keys_path = os.path.join(cls.api.cluster.state, "api-keys")

    # ---- sending ----

    def open(self, request, context=None):
        """(status, code, message or None) of what comes back."""
        try:
            with urllib.request.urlopen(request, timeout=20, context=context) as answer:
                answer.read()
                return answer.status, None, None
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
            if not text.startswith(b"<"):
                return error.code, None, text.decode()
            root = xml.etree.ElementTree.fromstring(text)
            space = "{http://autoscaling.amazonaws.com/doc/2011-01-01/}"
            self.assertEqual(root.tag, space + "ErrorResponse")
            self.assertEqual(root.findtext(f"{space}RequestId"),
                             error.headers["x-amzn-RequestId"])
            return (error.code, root.findtext(f"{space}Error/{space}Code"),
                    root.findtext(f"{space}Error/{space}Message"))

    def send(self, fields=None, key=KEY_ID, secret=SECRET, token=None, region=REGION,
             service="autoscaling", hours=0.0, change=None, method="POST"):
        """Sign as botocore does, `hours` from now; `change` what is sent afterwards."""
        form = urllib.parse.urlencode(fields or ASK)
        request = AWSRequest(method, self.api.url + "/", data=form,
                             headers={"Content-Type": FORM})
        if method == "GET":
            request = AWSRequest("GET", self.api.url + "/?" + query(fields or ASK))
        with shifted_clock(hours):
            SigV4Auth(Credentials(key, secret, token), service, region).add_auth(request)
        sent = urllib.request.Request(
            request.url, method=method, headers=dict(request.headers),
            data=form.encode() if method == "POST" else None)
        if change is not None:
            change(sent)
        return self.open(sent)

    def presign(self, fields=None, key=KEY_ID, secret=SECRET, token=None, expires=60,
                hours=0.0, more=""):
        request = AWSRequest("GET", self.api.url + "/?" + query(fields or ASK))
        with shifted_clock(hours):
            SigV4QueryAuth(Credentials(key, secret, token), "autoscaling", REGION,
                           expires=expires).add_auth(request)
        return self.open(urllib.request.Request(request.url + more))

    def client(self, key=KEY_ID, secret=SECRET, token=None):
        return boto3.session.Session().client(
            "autoscaling", region_name=REGION, endpoint_url=self.api.url,
            aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
            config=Config(retries={"max_attempts": 0}))


class shifted_clock:
    """botocore signs as of so many hours from now: Debian's asks datetime, newer ones a
    function of their own."""

    def __init__(self, hours):
        self.shift = datetime.timedelta(hours=hours)

    def __enter__(self):
        shift = self.shift

        class Shifted(datetime.datetime):
            @classmethod
            def utcnow(cls):
                return datetime.datetime.utcnow() + shift

        if hasattr(botocore.auth, "get_current_datetime"):
            self.name, self.real = "get_current_datetime", botocore.auth.get_current_datetime
            real = self.real
            instead = lambda *words, **more: real(*words, **more) + shift  # noqa: E731
        else:
            self.name, self.real = "datetime", botocore.auth.datetime
            instead = types.SimpleNamespace(datetime=Shifted)
        setattr(botocore.auth, self.name, instead)

    def __exit__(self, *_):
        setattr(botocore.auth, self.name, self.real)


class Signatures(GateTest):
    def test_boto3_is_let_in(self):
        types = self.client().describe_adjustment_types()["AdjustmentTypes"]
        self.assertIn({"AdjustmentType": "ChangeInCapacity"}, types)

    def test_post_get_and_presigned_urls(self):
        self.assertEqual(self.send()[0], 200)
        self.assertEqual(self.send(method="GET")[0], 200)
        self.assertEqual(self.presign()[0], 200)
        odd = {**ASK, "Odd": "a b+c%/é*~"}
        for sent in (self.send(odd), self.send(odd, method="GET"), self.presign(odd)):
            self.assertNotIn(sent[0], (401, 403), sent)

    def test_what_boto3_presigns(self):
        """By default a POST with an empty body, whose parameters stand in the URL."""
        client = self.client()

        def post(url, body=b""):
            return self.open(urllib.request.Request(url, method="POST", data=body))

        url = client.generate_presigned_url("describe_account_limits")
        with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as answer:
            self.assertIn(b"<MaxNumberOfAutoScalingGroups>", answer.read())
        url = client.generate_presigned_url("set_desired_capacity", Params={
            "AutoScalingGroupName": "a name", "DesiredCapacity": 1})
        status, code, message = post(url)
        self.assertEqual((status, code), (400, "ValidationError"))
        self.assertIn("a name", message)
        self.assertEqual(post(url.replace("a%20name", "another"))[1],
                         "SignatureDoesNotMatch")
        self.assertEqual(post(url, b"HonorCooldown=true")[1], "SignatureDoesNotMatch")
        reader = self.client(READER_ID, READER_SECRET)
        url = reader.generate_presigned_url("delete_policy", Params={"PolicyName": "x"})
        self.assertEqual(post(url)[:2], (403, "AccessDenied"))

    def test_parameters_in_the_body_and_in_the_query(self):
        """All of them count, and a name that is in both is there twice."""
        def post(body, query):
            request = AWSRequest("POST", f"{self.api.url}/?{query}",
                                 data=urllib.parse.urlencode(body),
                                 headers={"Content-Type": FORM})
            SigV4Auth(Credentials(KEY_ID, SECRET), "autoscaling", REGION).add_auth(request)
            return self.open(urllib.request.Request(
                request.url, method="POST", headers=dict(request.headers),
                data=urllib.parse.urlencode(body).encode()))

        self.assertEqual(post(ASK, "")[0], 200)
        self.assertEqual(post({"Action": ASK["Action"]}, f"Version={VERSION}")[0], 200)
        status, code, message = post({**SUSPEND, "AutoScalingGroupName": "mine"},
                                     "AutoScalingGroupName=web")
        self.assertEqual(status, 400)
        self.assertIn("AutoScalingGroupName", message)
        status, code, message = post(ASK, "Action=DescribeAccountLimits")
        self.assertEqual(status, 400)
        self.assertIn("Action", message)

    def test_codes_of_aws(self):
        def unsigned(request):
            request.remove_header("Authorization")

        def broken(request):
            request.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=x")

        def other_body(request):
            request.data = request.data + b"&MaxRecords=1"

        rows = [
            (dict(change=unsigned), 403, "MissingAuthenticationToken"),
            (dict(change=broken), 400, "IncompleteSignature"),
            (dict(key="ASGANOBODY"), 403, "InvalidClientTokenId"),
            (dict(secret="another secret 123"), 403, "SignatureDoesNotMatch"),
            (dict(change=other_body), 403, "SignatureDoesNotMatch"),
            (dict(region="eu-west-1"), 403, "SignatureDoesNotMatch"),
            (dict(service="ec2"), 403, "SignatureDoesNotMatch"),
            (dict(token="there is none"), 403, "InvalidClientTokenId"),
            (dict(hours=-0.3), 400, "RequestExpired"),
            (dict(hours=0.3), 400, "RequestExpired"),
        ]
        for how, status, code in rows:
            with self.subTest(how=str(how)):
                got = self.send(**how)
                self.assertEqual(got[:2], (status, code), got)
                self.assertTrue(got[2])
        for hours in (-0.2, 0.2):
            self.assertEqual(self.send(hours=hours)[0], 200)

    def test_presigned_urls_end(self):
        self.assertEqual(self.presign(hours=-0.01, expires=60)[0], 200)
        self.assertEqual(self.presign(hours=-0.02, expires=60)[:2], (400, "RequestExpired"))
        self.assertEqual(self.presign(more="&MaxRecords=1")[:2],
                         (403, "SignatureDoesNotMatch"))
        self.assertEqual(self.presign(secret="another secret 123")[:2],
                         (403, "SignatureDoesNotMatch"))
        self.assertEqual(self.presign(key="ASGANOBODY")[:2], (403, "InvalidClientTokenId"))

    def test_a_request_may_be_sent_twice(self):
        """As SDKs do when an answer is lost: the same signature, and no answer of before."""
        request = AWSRequest("POST", self.api.url + "/", data=urllib.parse.urlencode(ASK),
                             headers={"Content-Type": FORM})
        SigV4Auth(Credentials(KEY_ID, SECRET), "autoscaling", REGION).add_auth(request)
        ids = set()
        for _ in range(2):
            with urllib.request.urlopen(urllib.request.Request(
                    request.url, data=urllib.parse.urlencode(ASK).encode(),
                    headers=dict(request.headers)), timeout=20) as answer:
                ids.add(answer.headers["x-amzn-RequestId"])
        self.assertEqual(len(ids), 2)

    def test_a_body_of_more_than_a_mebibyte(self):
        status, code, _ = self.send({**ASK, "Large": "x" * (1 << 20)})
        self.assertEqual((status, code), (413, "RequestEntityTooLarge"))
        with self.assertRaises(ClientError) as caught:
            self.client().describe_tags(Filters=[{"Name": "key", "Values": ["x" * (1 << 20)]}])
        self.assertEqual(caught.exception.response["Error"]["Code"], "RequestEntityTooLarge")

    def test_errors_as_boto3_sees_them(self):
        with self.assertRaises(ClientError) as caught:
            self.client(secret="another secret 123").describe_adjustment_types()
        error = caught.exception.response
        self.assertEqual(error["Error"]["Code"], "SignatureDoesNotMatch")
        self.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], 403)


class Policies(GateTest):
    def add(self, name, *options):
        """A key made by the command line; what its exports say."""
        text = self.api.cluster.openasg("keys", "make-api", name, "--dir",
                                        self.api.cluster.state, *options)
        lines = [line for line in text.splitlines() if line.startswith("export ")]
        made = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        self.assertEqual(made["AWS_ENDPOINT_URL_AUTO_SCALING"], self.api.url)
        self.assertEqual(made["AWS_DEFAULT_REGION"], REGION)
        return {"key": made["AWS_ACCESS_KEY_ID"], "secret": made["AWS_SECRET_ACCESS_KEY"]}

    def test_a_reader_changes_nothing(self):
        reader = {"key": READER_ID, "secret": READER_SECRET}
        self.assertEqual(self.send(**reader)[0], 200)
        status, code, message = self.send(SUSPEND, **reader)
        self.assertEqual((status, code), (403, "AccessDenied"))
        self.assertIn(f"User: arn:aws:iam::{ACCOUNT}:user/readers is not authorized to "
                      "perform: autoscaling:SuspendProcesses on resource: ", message)

    def test_a_team_changes_its_groups(self):
        team = self.add("team-a", "--groups", "team-a-*")
        self.assertEqual(self.send(**team)[0], 200)
        status, code, message = self.send(SUSPEND, **team)
        self.assertEqual((status, code), (403, "AccessDenied"))
        self.assertIn(f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*:"
                      "autoScalingGroupName/web", message)
        own = {**SUSPEND, "AutoScalingGroupName": "team-a-web"}
        self.assertEqual(self.send(own, **team)[1], "ValidationError")  # there is none

    def test_keys_are_good_at_once_and_removed_in_a_moment(self):
        ann = self.add("ann")
        self.assertEqual(self.send(**ann)[0], 200)
        self.api.cluster.openasg("keys", "remove-api", "ann", "--yes", "--dir",
                                 self.api.cluster.state)
        wait_for("the key to end",
                 lambda: self.send(**ann)[1] == "InvalidClientTokenId", 10)

    def test_a_rotated_key_and_the_one_before_are_both_good(self):
        old = self.add("dora")
        rotate = ("keys", "rotate", "api", "dora", "--dir", self.api.cluster.state)
        text = self.api.cluster.openasg(*rotate)
        made = dict(line.removeprefix("export ").split("=", 1)
                    for line in text.splitlines() if line.startswith("export "))
        new = {"key": made["AWS_ACCESS_KEY_ID"], "secret": made["AWS_SECRET_ACCESS_KEY"]}
        self.assertEqual(self.send(**new)[0], 200)
        self.assertEqual(self.send(**old)[0], 200)
        self.api.cluster.openasg("keys", "remove-api", "dora.old", "--yes", *rotate[4:])
        wait_for("the old key to end",
                 lambda: self.send(**old)[1] == "InvalidClientTokenId", 10)
        self.assertEqual(self.send(**new)[0], 200)
        self.api.cluster.openasg(*rotate, "--now", "--yes")
        wait_for("this one too", lambda: self.send(**new)[1] == "InvalidClientTokenId", 10)

    def test_links_are_read_and_read_anew_as_kubernetes_swaps_them(self):
        """keys -> ..data/keys, ..data -> ..1; then ..data -> ..2 in one rename."""
        with open(self.keys_path) as file:
            text = file.read()
        folder = os.path.dirname(self.keys_path)
        for name, more in (("..1", ""), ("..2", "name=kube key=ASGAKUBE secret="
                                         "0123456789abcdefghij actions=* groups=*\n")):
            os.mkdir(os.path.join(folder, name), 0o700)
            with open(os.open(os.path.join(folder, name, "keys"),
                              os.O_WRONLY | os.O_CREAT, 0o400), "w") as file:
                file.write(text + more)
        data = os.path.join(folder, "..data")
        os.symlink("..1", data)
        os.symlink("..data/keys", self.keys_path + ".link")
        os.rename(self.keys_path + ".link", self.keys_path)
        kube = {"key": "ASGAKUBE", "secret": "0123456789abcdefghij"}
        self.assertEqual(self.send(**kube)[1], "InvalidClientTokenId")
        self.assertEqual(self.send()[0], 200)
        os.symlink("..2", data + ".new")
        os.rename(data + ".new", data)
        wait_for("the new keys", lambda: self.send(**kube)[0] == 200, 10)
        with open(os.open(self.keys_path + ".plain", os.O_WRONLY | os.O_CREAT, 0o600),
                  "w") as file:
            file.write(text)
        os.rename(self.keys_path + ".plain", self.keys_path)  # as it was, for the others
        wait_for("the old keys",
                 lambda: self.send(**kube)[1] == "InvalidClientTokenId", 10)

    def test_a_bad_file_keeps_the_old_keys(self):
        ben = self.add("ben")
        self.assertEqual(self.send(**ben)[0], 200)
        with open(self.keys_path) as file:
            good = file.read()
        try:
            with open(self.keys_path, "a") as file:
                file.write("name=carol and no sense\n")
            log = self.api.cluster.log_of("controller")

            def is_said():
                self.assertEqual(self.send(**ben)[0], 200)
                with open(log) as text:
                    return "keys_kept" in text.read()

            wait_for("the warning", is_said, 10)
            with open(log) as text:
                self.assertEqual(text.read().count("keys_kept"), 1)
        finally:
            with open(self.keys_path, "w") as file:
                file.write(good)

    def test_a_session_token_belongs_to_its_key(self):
        with open(self.keys_path, "a") as file:
            file.write("name=session key=ASGASESSION secret=0123456789abcdef "
                       "token=a%20token actions=* groups=*\n")
        signer = {"key": "ASGASESSION", "secret": "0123456789abcdef"}
        self.assertEqual(self.send(token="a token", **signer)[0], 200)
        self.assertEqual(self.presign(token="a token", **signer)[0], 200)
        for token in (None, "another"):
            self.assertEqual(self.send(token=token, **signer)[1], "InvalidClientTokenId")
            self.assertEqual(self.presign(token=token, **signer)[1],
                             "InvalidClientTokenId")


class SlowClients(GateTest):
    def connect(self):
        parts = urllib.parse.urlsplit(self.api.url)
        return socket.create_connection((parts.hostname, parts.port), timeout=20)

    def test_many_that_trickle_hold_nobody_up(self):
        held = [self.connect() for _ in range(300)]
        stop = threading.Event()

        def trickle():
            while not stop.wait(0.2):
                for number, one in enumerate(held):
                    one.send(b"P" if number % 2 else b"X")

        for number, one in enumerate(held):
            if number % 2 == 0:  # in the headers, or in a body that never comes whole
                one.send(b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            else:
                one.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            begun = time.monotonic()
            client = self.client()
            for _ in range(50):
                client.describe_adjustment_types()
            self.assertLess(time.monotonic() - begun, 10)
        finally:
            stop.set()
            thread.join()
            for one in held:
                one.close()


class FewFiles(unittest.TestCase):
    """gRPC ends a process that may open no more files: strangers must not get it there."""

    FILES = 700

    @classmethod
    def setUpClass(cls):
        cls.api = ApiFixture(files=cls.FILES)
        cls.addClassCleanup(cls.api.close)

    def words(self):
        with open(self.api.cluster.log_of("controller")) as log:
            return log.read()

    def test_idle_connections_leave_files_for_the_rest(self):
        where = urllib.parse.urlsplit(self.api.url)
        connections = []
        self.addCleanup(lambda: [one.close() for one in connections])
        for i in range(self.FILES):
            connection = socket.socket()
            connection.bind((f"127.0.1.{i % 200 + 1}", 0))
            connection.connect((where.hostname, where.port))
            connections.append(connection)
        wait_for("the warning", lambda: "connections_full" in self.words(), 10)
        self.assertGreaterEqual(
            self.api.cluster.metrics()["openasg_api_connections_full_total"], 1)
        # Others are served: a command and a new worker open files.
        self.api.cluster.worker_names.append("worker-2")
        self.api.cluster.make_worker_key("worker-2")
        self.api.cluster.start_worker("worker-2")
        wait_for("the second worker", lambda: len(
            self.api.cluster.ask("worker", "list")) == 2, 15)
        self.api.cluster.check_alive("controller")
        self.assertIn("this process may open 700 files: the API takes 175", self.words())


class Tls(GateTest):
    @classmethod
    def setUpClass(cls):
        import tempfile
        cls.tls = tempfile.TemporaryDirectory(prefix="asg-api-tls-")
        cls.addClassCleanup(cls.tls.cleanup)
        for name, kind in (("first", "rsa:2048"), ("second", "ec")):
            curve = ["-pkeyopt", "ec_paramgen_curve:prime256v1"] if kind == "ec" else []
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", kind, *curve, "-nodes", "-days", "2",
                 "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                 "-keyout", cls.path(f"{name}.key"), "-out", cls.path(f"{name}.crt")],
                check=True, capture_output=True)
        cls.use("first")
        cls.settings = {"api_certificate": cls.path("now.crt"),
                        "api_private_key": cls.path("now.key")}
        super().setUpClass()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.tls.name, name)

    @classmethod
    def use(cls, name):
        for end in ("key", "crt"):
            with open(cls.path(f"{name}.{end}")) as file:
                text = file.read()
            fresh = cls.path("fresh")
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                      "w") as file:
                file.write(text)
            os.rename(fresh, cls.path(f"now.{end}"))

    def ask(self, trusted):
        """boto3 over TLS; None or the error."""
        client = boto3.session.Session().client(
            "autoscaling", region_name=REGION, endpoint_url=self.api.url,
            aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET,
            verify=self.path(f"{trusted}.crt"), config=Config(retries={"max_attempts": 0}))
        try:
            client.describe_adjustment_types()
        except Exception as error:  # botocore wraps ssl's
            return str(error)
        return None

    def hang_up(self):
        self.api.cluster.processes["controller"].send_signal(signal.SIGHUP)

    def words(self, event):
        with open(self.api.cluster.log_of("controller")) as file:
            return file.read().count(event)

    def test_a_certificate_is_changed_without_a_restart(self):
        self.assertTrue(self.api.url.startswith("https://"))
        self.assertIsNone(self.ask("first"))
        self.assertIn("CERTIFICATE_VERIFY_FAILED", self.ask("second"))
        parts = urllib.parse.urlsplit(self.api.url)
        context = ssl.create_default_context(cafile=self.path("first.crt"))
        kept = context.wrap_socket(
            socket.create_connection((parts.hostname, parts.port), timeout=20),
            server_hostname="127.0.0.1")
        self.addCleanup(kept.close)

        self.use("second")
        self.assertIsNone(self.ask("first"))  # until it is told
        self.hang_up()
        wait_for("the other certificate", lambda: self.ask("second") is None, 10)
        self.assertIn("CERTIFICATE_VERIFY_FAILED", self.ask("first"))
        kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertIn(b"MissingAuthenticationToken", read_all(kept))  # it goes on

        with open(self.path("now.crt"), "w") as file:
            file.write("no certificate")
        self.hang_up()
        wait_for("the warning", lambda: self.words("certificate_kept") == 1, 10)
        self.assertIsNone(self.ask("second"))
        self.use("first")
        self.hang_up()
        wait_for("the first again", lambda: self.ask("first") is None, 10)

    def test_curl_and_openssl(self):
        done = subprocess.run(["curl", "-sS", "-m", "20", "--cacert", self.path("now.crt"),
                               self.api.url + "/"], capture_output=True, text=True)
        self.assertIn("MissingAuthenticationToken", done.stdout, done.stderr)
        where = urllib.parse.urlsplit(self.api.url).netloc
        for version, is_spoken in (("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False)):
            done = subprocess.run(
                ["openssl", "s_client", "-connect", where, version, "-brief", "-cipher",
                 "DEFAULT@SECLEVEL=0"], input="", capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode == 0, is_spoken, done.stderr)


def read_all(connection):
    text = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            return text
        text += piece


class Starts(unittest.TestCase):
    """What the controller refuses to start with."""

    def said(self, *words, keys=None, mode=0o600):
        import tempfile
        with tempfile.TemporaryDirectory(prefix="asg-api-start-") as folder:
            if keys is not None:
                path = os.path.join(folder, "api-keys")
                with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                    file.write(keys)
                os.chmod(path, mode)
            program = os.path.join(
                os.environ.get("ASG_BUILD_DIR") or os.path.join(
                    os.path.dirname(os.path.dirname(os.path.dirname(
                        os.path.abspath(__file__)))), "build"), "bin", "openasg-controller")
            environment = {name: value for name, value in os.environ.items()
                           if not name.startswith("OPENASG_")}
            done = subprocess.run(
                [program, "--dir", folder, "--listen-agents", "tcp://127.0.0.1:*",
                 "--listen-workers", "tcp://127.0.0.1:*", "--listen-admin",
                 "tcp://127.0.0.1:*", "--listen-http", "", "--listen-enrol", "127.0.0.1:0",
                 *words], env=environment,
                capture_output=True, text=True, timeout=30)
            self.assertNotEqual(done.returncode, 0)
            return done.stderr

    def test_plain_http_beyond_loopback(self):
        self.assertIn("api.behind_proxy: true", self.said("--listen-api", "0.0.0.0:0"))

    def test_half_a_certificate(self):
        self.assertIn("api.private_key is not set",
                      self.said("--listen-api", "127.0.0.1:0", "--api-certificate", "/x"))
        self.assertIn("cannot read api.certificate /x",
                      self.said("--listen-api", "127.0.0.1:0", "--api-certificate", "/x",
                                "--api-private-key", "/y"))

    def test_names(self):
        self.assertIn("twelve digits", self.said("--listen-api", "127.0.0.1:0",
                                                 "--account-id", "12"))
        self.assertIn("not a region", self.said("--listen-api", "127.0.0.1:0",
                                                "--region", "US_east"))
        self.assertIn("address:port", self.said("--listen-api", "here"))

    def test_keys(self):
        line = "name=a key=A secret=0123456789abcdef actions=* groups=*\n"
        self.assertIn("chmod 600", self.said("--listen-api", "127.0.0.1:0", keys=line,
                                             mode=0o644))
        said = self.said("--listen-api", "127.0.0.1:0", keys=line + line)
        self.assertIn("line 2: another line has this name=", said)


if __name__ == "__main__":
    unittest.main()
