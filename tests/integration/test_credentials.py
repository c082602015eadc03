#!/usr/bin/python3
"""openasg-worker --check-credentials against scripted STS, instance metadata and container
endpoints: which source is taken, what it is asked, what is said, and what is never said.
The choice is compared with botocore's own for a table of environments."""

import datetime
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
try:
    import botocore.session
except ImportError:
    print("skipped: botocore is not installed")
    sys.exit(77)

from aws_sources import CANARY, LONG_KEY, REGION, Proxy, Sources
from scripted_ec2 import make_certificate
from ec2local_fixture import BUILD, Ec2Local

WORKER = os.path.join(BUILD, "bin", "openasg-worker")
FINE, NOT_REACHED, NONE, REFUSED = 0, 1, 2, 3
_taken = socket.socket()  # a port of ours that no process listens on: it refuses at once
_taken.bind(("127.0.0.1", 0))
NOBODY = f"http://127.0.0.1:{_taken.getsockname()[1]}"
ENV_KEYS = {"AWS_ACCESS_KEY_ID": LONG_KEY[0], "AWS_SECRET_ACCESS_KEY": LONG_KEY[1]}
STATIC = f"aws_access_key_id = {LONG_KEY[0]}\naws_secret_access_key = {LONG_KEY[1]}\n"


class CredentialsCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="credentials-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.sources = Sources()
        self.addCleanup(self.sources.close)
        os.mkdir(os.path.join(self.folder, ".aws"))

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def environment(self, **more):
        """Nothing of ours, all AWS neighbours scripted; IMDS is away unless asked for."""
        made = {"PATH": os.environ["PATH"], "HOME": self.folder, "AWS_REGION": REGION,
                "AWS_ENDPOINT_URL_STS": self.sources.url,
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": NOBODY}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                made[name] = os.environ[name]
        made.update(more)
        return {name: value for name, value in made.items() if value is not None}

    def imds(self):
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.sources.url}

    def check(self, code, *options, **environment):
        """Run it; what it says as a dictionary. Never a secret."""
        done = subprocess.run([WORKER, "--check-credentials", *options], text=True,
                              env=self.environment(**environment), capture_output=True,
                              timeout=60, stdin=subprocess.DEVNULL)
        self.assertNotIn(CANARY, done.stdout + done.stderr)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        self.error = done.stderr
        said = {}
        for line in done.stdout.splitlines():
            said[line[:12].strip()] = line[13:]
        return said


class SourcesTest(CredentialsCase):
    def test_keys_of_the_environment(self):
        said = self.check(FINE, **ENV_KEYS)
        self.assertEqual("environment", said["source"])
        self.assertEqual("AKIALONG", said["access key"])
        self.assertEqual("never", said["expires"])
        self.assertEqual("123456789012", said["account"])
        self.assertEqual("arn:aws:sts::123456789012:assumed-role/x/AKIALONG", said["arn"])
        self.assertEqual(f"{REGION} (partition aws)", said["region"])
        self.assertEqual(f"https://ec2.{REGION}.amazonaws.com/ (region)", said["ec2"])
        self.assertEqual(f"{self.sources.url}/ (AWS_ENDPOINT_URL_STS)", said["sts"])
        self.assertEqual(1, len(self.sources.requests))

    def test_a_session_token_is_sent_and_signed(self):
        self.sources.keys["ASIAENV"] = ("s", CANARY + "-session")
        said = self.check(FINE, AWS_ACCESS_KEY_ID="ASIAENV", AWS_SECRET_ACCESS_KEY="s",
                          AWS_SESSION_TOKEN=CANARY + "-session")
        self.assertIn("ASIAENV", said["arn"])
        signed = self.sources.requests[0]["headers"]["Authorization"]
        self.assertIn("x-amz-security-token", signed)

    def test_a_role_by_two_source_profiles(self):
        self.file(".aws/config",
                  "[profile outer]\nrole_arn = arn:aws:iam::1:role/outer\n"
                  "source_profile = inner\nexternal_id = ours & theirs\n"
                  "role_session_name = me@here\nduration_seconds = 1800\n"
                  "[profile inner]\nrole_arn = arn:aws:iam::1:role/inner\n"
                  "source_profile = base\n")
        self.file(".aws/credentials", "[base]\n" + STATIC)
        said = self.check(FINE, AWS_PROFILE="outer")
        self.assertEqual("assume-role", said["source"])
        inner, outer, who = self.sources.requests
        self.assertEqual("AssumeRole", inner["form"]["Action"])
        self.assertEqual("arn:aws:iam::1:role/inner", inner["form"]["RoleArn"])
        self.assertRegex(inner["form"]["RoleSessionName"], r"^openasg-\d+$")
        self.assertNotIn("DurationSeconds", inner["form"])
        self.assertEqual("AKIALONG", inner["signer"])
        self.assertEqual({"Action": "AssumeRole", "Version": "2011-06-15",
                          "RoleArn": "arn:aws:iam::1:role/outer", "RoleSessionName": "me@here",
                          "DurationSeconds": "1800", "ExternalId": "ours & theirs"},
                         outer["form"])
        self.assertEqual("ASIAROLE1", outer["signer"])
        self.assertEqual("ASIAROLE2", who["signer"])
        self.assertRegex(said["expires"], r"^2\d{3}-.*Z$")

    def test_a_profile_may_be_its_own_source(self):
        self.file(".aws/credentials", "[default]\nrole_arn = arn:r\n"
                                      "source_profile = default\n" + STATIC)
        self.assertEqual("assume-role", self.check(FINE)["source"])
        self.assertEqual("AKIALONG", self.sources.requests[0]["signer"])

    def test_credential_sources_of_a_role(self):
        self.file("token", "box-token\n")
        for source, more, signer in (
                ("Environment", ENV_KEYS, "AKIALONG"),
                ("Ec2InstanceMetadata", self.imds(), "ASIAIMDS"),
                ("EcsContainer",
                 {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.sources.url + "/x"}, "ASIABOX")):
            self.file(".aws/config", "[profile r]\nrole_arn = arn:r\n"
                                     f"credential_source = {source}\n")
            self.sources.requests.clear()
            # The settings name it, for the environment would win over AWS_PROFILE.
            said = self.check(FINE, "--credentials-profile", "r", **more)
            self.assertEqual("assume-role", said["source"])
            self.assertTrue(self.sources.wanted("sts")[0]["signer"].startswith(signer))

    def test_web_identity_of_the_environment(self):
        token = self.file("token", CANARY + ".jwt.part\n")
        said = self.check(FINE, AWS_WEB_IDENTITY_TOKEN_FILE=token, AWS_ROLE_ARN="arn:web",
                          AWS_ROLE_SESSION_NAME="pod-1")
        self.assertEqual("web-identity", said["source"])
        self.assertEqual({"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15",
                          "RoleArn": "arn:web", "RoleSessionName": "pod-1",
                          "WebIdentityToken": CANARY + ".jwt.part"},
                         self.sources.requests[0]["form"])
        self.assertNotIn("Authorization", self.sources.requests[0]["headers"])

    def test_web_identity_of_a_profile(self):
        token = self.file("token", "jwt")
        self.file(".aws/config", "[default]\nrole_arn = arn:web\n"
                                 f"web_identity_token_file = {token}\n")
        self.assertEqual("web-identity", self.check(FINE)["source"])

    def test_the_container_endpoint_with_a_token_file(self):
        token = self.file("token", "Bearer " + CANARY + "\n")
        self.sources.container_token = "Bearer " + CANARY
        said = self.check(FINE,
                          AWS_CONTAINER_CREDENTIALS_FULL_URI=self.sources.url + "/v1/creds?x=1",
                          AWS_CONTAINER_AUTHORIZATION_TOKEN="wrong: the file wins",
                          AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token)
        self.assertEqual("container", said["source"])
        self.assertEqual("/v1/creds?x=1", self.sources.requests[0]["path"])
        self.sources.container_token = "plain"
        self.check(FINE, AWS_CONTAINER_CREDENTIALS_FULL_URI=self.sources.url,
                   AWS_CONTAINER_AUTHORIZATION_TOKEN="plain")
        self.check(REFUSED, AWS_CONTAINER_CREDENTIALS_FULL_URI=self.sources.url,
                   AWS_CONTAINER_AUTHORIZATION_TOKEN="wrong")
        self.assertIn("HTTP 401", self.error)

    def test_the_address_of_ecs_stands_before_a_full_uri(self):
        self.assertNotEqual(FINE, subprocess.run(
            [WORKER, "--check-credentials"], stdin=subprocess.DEVNULL, timeout=60,
            capture_output=True, env=self.environment(
                AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="/v2/creds",
                AWS_CONTAINER_CREDENTIALS_FULL_URI=self.sources.url)).returncode)
        self.check(NONE, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="v2/creds",
                   AWS_CONTAINER_CREDENTIALS_FULL_URI=self.sources.url)
        self.assertIn("begins with a slash", self.error)
        self.assertEqual([], self.sources.requests)

    def test_a_broken_container_endpoint_is_not_passed_over(self):
        url = self.sources.url + "/c"
        self.sources.container_status = 500
        self.check(NOT_REACHED, AWS_CONTAINER_CREDENTIALS_FULL_URI=url, **self.imds())
        self.assertEqual(3, len(self.sources.wanted("container")))  # it is asked again
        self.assertEqual([], self.sources.wanted("imds"))
        self.check(NOT_REACHED, AWS_CONTAINER_CREDENTIALS_FULL_URI=NOBODY, **self.imds())
        self.assertEqual([], self.sources.wanted("imds-token"))
        self.sources.container_status = 200
        for body in ("", "{", "[]", '"text"', '{"AccessKeyId": "A"}', "x" * 100000,
                     '{"AccessKeyId": "A", "SecretAccessKey": "' + CANARY + '"}',
                     '{"AccessKeyId": "A", "SecretAccessKey": "' + CANARY +
                     '", "Token": "t", "Expiration": "tomorrow"}',
                     '{"AccessKeyId": "A\\r\\nX: y", "SecretAccessKey": "s", "Token": "t", '
                     '"Expiration": "2099-01-01T00:00:00Z"}',
                     "[" * 50000, '{"a":' * 20 + "1" + "}" * 20):
            self.sources.container_body = body
            self.check(NONE, AWS_CONTAINER_CREDENTIALS_FULL_URI=url)
        self.sources.container_body = json.dumps({"Code": "Nope", "Message": "go away"})
        self.check(REFUSED, AWS_CONTAINER_CREDENTIALS_FULL_URI=url)
        self.assertIn("Nope: go away", self.error)

    def test_the_instance_profile(self):
        said = self.check(FINE, **self.imds())
        self.assertEqual("imds", said["source"])
        self.assertEqual(1, len(self.sources.wanted("imds-token")))
        ttl = self.sources.requests[0]["headers"]["X-aws-ec2-metadata-token-ttl-seconds"]
        self.assertEqual("21600", ttl)

    def test_metadata_without_tokens_is_never_asked_the_old_way(self):
        for status in (403, 404, 405, 500):
            self.sources.token_status = status
            self.check({403: REFUSED, 500: NOT_REACHED}.get(status, NONE), **self.imds())
        self.assertEqual([], self.sources.wanted("imds"))

    def test_metadata_that_has_no_role_or_is_off(self):
        self.sources.role_name = None
        self.check(NONE, **self.imds())
        self.assertIn("EC2 metadata has no", self.error)
        self.sources.role_name = "x"
        self.sources.imds_code = "AssumeRoleUnauthorizedAccess"
        self.check(REFUSED, **self.imds())
        self.assertIn("AssumeRoleUnauthorizedAccess", self.error)
        self.sources.requests.clear()
        self.check(NONE, AWS_EC2_METADATA_DISABLED="true", **self.imds())
        self.assertEqual([], self.sources.requests)

    def test_an_expired_set_of_the_metadata_is_used_on(self):
        self.sources.lifetime = datetime.timedelta(minutes=-30)
        said = self.check(FINE, **self.imds())
        end = datetime.datetime.strptime(said["expires"][:19], "%Y-%m-%dT%H:%M:%S")
        left = end - datetime.datetime.utcnow()
        self.assertTrue(datetime.timedelta(minutes=11) < left < datetime.timedelta(minutes=21))

    def test_a_program_runs_only_when_it_may(self):
        text = json.dumps({"Version": 1, "AccessKeyId": LONG_KEY[0],
                           "SecretAccessKey": LONG_KEY[1]})
        program = self.file("program", f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
        os.chmod(program, 0o755)
        self.file(".aws/config", f"[default]\ncredential_process = \"{program}\" --x 'a b'\n")
        self.check(NONE)
        self.assertIn("credentials.allow_process", self.error)
        self.assertEqual("process", self.check(FINE, "--credentials-allow-process")["source"])

    def test_credentials_that_have_ended_are_refused_with_words(self):
        text = json.dumps({"Version": 1, "AccessKeyId": LONG_KEY[0],
                           "SecretAccessKey": LONG_KEY[1],
                           "Expiration": "2020-01-01T00:00:00Z"})
        self.file("program.json", text)
        self.file(".aws/config",
                  f"[default]\ncredential_process = cat {self.folder}/program.json\n")
        self.check(REFUSED, "--credentials-allow-process")
        self.assertIn('"process" gives credentials that ended at 2020-01-01', self.error)
        self.assertEqual([], self.sources.requests)

    def test_a_source_profile_without_credentials_is_not_passed_over(self):
        self.file(".aws/config", f"[profile r]\nrole_arn = arn:r\nsource_profile = base\n"
                                 f"[profile base]\nregion = {REGION}\n")
        self.check(NONE, AWS_PROFILE="r", **self.imds())
        self.assertIn("source_profile = base, which has no credentials", self.error)
        self.assertEqual([], self.sources.requests)

    def test_sso_is_refused_with_words(self):
        self.file(".aws/config", "[default]\nsso_session = corporate\n")
        self.check(NONE)
        self.assertIn("sso_session", self.error)

    def test_nothing_anywhere(self):
        self.check(NONE)
        for place in ("environment", "profile", "web identity", "container", "EC2 metadata"):
            self.assertIn(place, self.error)


class StsTest(CredentialsCase):
    def test_trouble_is_tried_again(self):
        self.sources.sts_answers = [(500, "InternalFailure", "oops"), (400, "Throttling", "slow")]
        self.check(FINE, **ENV_KEYS)
        self.assertEqual(3, len(self.sources.requests))
        self.sources.sts_answers = [(503, "ServiceUnavailable", "oops")] * 3
        self.check(NOT_REACHED, **ENV_KEYS)
        self.assertIn("ServiceUnavailable", self.error)

    def test_sts_says_how_long_to_wait(self):
        self.sources.sts_answers = [(503, "ServiceUnavailable", "oops")]
        self.sources.sts_headers = {"x_amz_retry_after": "1200"}
        begun = time.monotonic()
        self.check(FINE, **ENV_KEYS)
        self.assertGreaterEqual(time.monotonic() - begun, 1.2)  # else 50 ms at most

    def test_a_refusal_is_not_tried_again(self):
        self.check(REFUSED, AWS_ACCESS_KEY_ID="AKIASTRANGER", AWS_SECRET_ACCESS_KEY=CANARY)
        self.assertIn("InvalidClientTokenId", self.error)
        self.check(REFUSED, AWS_ACCESS_KEY_ID=LONG_KEY[0], AWS_SECRET_ACCESS_KEY=CANARY)
        self.assertIn("SignatureDoesNotMatch", self.error)
        self.assertEqual(2, len(self.sources.requests))
        self.file(".aws/credentials", "[default]\nrole_arn = arn:r\n"
                                      "source_profile = default\n" + STATIC)
        self.sources.sts_answers = [(403, "AccessDenied", "not this role")]
        self.check(REFUSED)
        self.assertIn("AssumeRole of arn:r", self.error)
        self.assertIn("AccessDenied: not this role", self.error)

    def test_a_wrong_clock_is_corrected_and_said(self):
        for hours in (-1, 5):
            self.sources.clock_ahead = datetime.timedelta(hours=hours)
            said = self.check(FINE, **ENV_KEYS)
            off = int(re.match(r"(-?\d+) ms", said["our clock"]).group(1))
            self.assertAlmostEqual(-hours * 3600000, off, delta=60000)
            # The end of what STS gives is counted by our own clock.
            self.file("token", "jwt")
            said = self.check(FINE, AWS_WEB_IDENTITY_TOKEN_FILE=os.path.join(self.folder, "token"),
                              AWS_ROLE_ARN="arn:web")
            end = datetime.datetime.strptime(said["expires"][:19], "%Y-%m-%dT%H:%M:%S")
            left = end - datetime.datetime.utcnow()
            self.assertTrue(datetime.timedelta(minutes=55) < left < datetime.timedelta(minutes=65),
                            left)

    def test_nobody_there(self):
        self.check(NOT_REACHED, AWS_ENDPOINT_URL_STS=NOBODY, **ENV_KEYS)

    def test_a_private_certificate_is_trusted_when_named(self):
        both, certificate = make_certificate(self.folder)
        secure = Sources(both)
        self.addCleanup(secure.close)
        where = dict(ENV_KEYS, AWS_ENDPOINT_URL_STS=secure.url)
        self.check(NOT_REACHED, **where)
        self.assertIn("certificate", self.error)
        self.check(FINE, AWS_CA_BUNDLE=certificate, **where)
        self.check(FINE, "--ec2-ca-file", certificate, **where)
        self.file(".aws/config", f"[default]\nca_bundle = {certificate}\n")
        self.check(FINE, **where)
        self.check(NOT_REACHED, AWS_CA_BUNDLE="/nonexistent", **where)


class Ec2LocalTest(CredentialsCase):
    def test_one_address_is_ec2_and_sts(self):
        local = Ec2Local()
        self.addCleanup(local.close)
        keys = {"AWS_SHARED_CREDENTIALS_FILE": os.path.join(local.folder, "credentials")}
        for options, more in ((("--ec2-endpoint", local.url), {}),
                              ((), {"AWS_ENDPOINT_URL": local.url})):
            said = self.check(FINE, *options, AWS_REGION="us-east-1",
                              AWS_ENDPOINT_URL_STS=None, **keys, **more)
            self.assertRegex(said["account"], r"^\d{12}$")
            self.assertIn("arn:aws:", said["arn"])
            self.assertTrue(said["sts"].startswith(local.url + "/ "), said)


class ProxyTest(CredentialsCase):
    def setUp(self):
        super().setUp()
        self.server, self.proxy, self.wanted = Proxy.open()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.through = {"HTTPS_PROXY": self.proxy, "HTTP_PROXY": self.proxy,
                        "http_proxy": self.proxy, "https_proxy": self.proxy}

    def test_aws_goes_through_the_proxy(self):
        self.check(NOT_REACHED, AWS_ENDPOINT_URL_STS=None, **ENV_KEYS, **self.through)
        self.assertEqual([f"CONNECT sts.{REGION}.amazonaws.com:443"] * 3, self.wanted)

    def test_no_proxy_is_heard(self):
        self.check(NOT_REACHED, AWS_ENDPOINT_URL_STS="https://sts.invalid",
                   NO_PROXY="sts.invalid", **ENV_KEYS, **self.through)
        self.assertEqual([], self.wanted)

    def test_metadata_and_containers_never_do(self):
        self.assertEqual("imds", self.check(FINE, **self.imds(), **self.through)["source"])
        self.assertEqual("container", self.check(
            FINE, AWS_CONTAINER_CREDENTIALS_FULL_URI=self.sources.url, **self.through)["source"])
        self.assertEqual([], self.wanted)


class BotocoreTest(CredentialsCase):
    """The same environment, the same choice."""

    METHODS = {"env": "environment", "shared-credentials-file": "profile",
               "config-file": "profile", "assume-role": "assume-role",
               "assume-role-with-web-identity": "web-identity", "custom-process": "process",
               "container-role": "container", "iam-role": "imds", None: None}

    def botocores(self, environment):
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(environment)
        try:
            found = botocore.session.Session().get_credentials()
            return self.METHODS[None if found is None else found.method]
        finally:
            os.environ.clear()
            os.environ.update(before)

    def test_the_choice(self):
        token = self.file("token", "jwt")
        web = {"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:web"}
        box = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.sources.url + "/c"}
        imds = self.imds()
        self.file("program.json", json.dumps({"Version": 1, "AccessKeyId": LONG_KEY[0],
                                              "SecretAccessKey": LONG_KEY[1]}))
        config = self.file("config", f"""[default]
region = {REGION}
[profile static]
{STATIC}
[profile role]
role_arn = arn:r
source_profile = static
[profile role-and-keys]
role_arn = arn:r
source_profile = static
{STATIC}
[profile web]
role_arn = arn:r
web_identity_token_file = {token}
[profile process]
credential_process = cat {self.folder}/program.json
[profile process-and-keys]
credential_process = cat {self.folder}/program.json
[profile nothing]
region = {REGION}
[profile 'two words']
{STATIC}
[profile upper]
{STATIC.replace("aws_", "AWS_")}
[profile indented]
  {STATIC.replace(chr(10), chr(10) + "  ", 1)}
""")
        credentials = self.file("credentials", "[shared]\n" + STATIC +
                                "[process-and-keys]\n" + STATIC)
        with_default = self.file("with-default", "[default]\n" + STATIC)
        files = {"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": credentials}
        default = {"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": with_default}
        cases = [
            {}, ENV_KEYS, web, box, imds, {**box, **imds}, {**web, **box, **imds},
            {**ENV_KEYS, **web, **box, **imds}, default, {**default, **ENV_KEYS},
            {**default, **box, **imds}, {**files, **web}, {**files, **box}, {**files, **imds},
            {**imds, "AWS_EC2_METADATA_DISABLED": "true"},
            {**box, **imds, "AWS_EC2_METADATA_DISABLED": "true"},
        ]
        cases.append({**default, "HOME": self.folder,
                      "AWS_SHARED_CREDENTIALS_FILE": "~/with-default"})
        cases += [{**files, "AWS_PROFILE": profile, **imds}
                  for profile in ("two words", "upper", "indented")]
        for profile in ("static", "role", "role-and-keys", "web", "process", "shared",
                        "process-and-keys", "nothing"):
            named = {**files, "AWS_PROFILE": profile}
            cases += [named, {**named, **imds}, {**named, **ENV_KEYS}, {**named, **box, **imds}]
        for more in cases:
            with self.subTest(**more):
                theirs = self.botocores(self.environment(**more))
                ours = self.check(NONE if theirs is None else FINE,
                                  "--credentials-allow-process", **more).get("source")
                self.assertEqual(theirs, ours)
        # The one difference, on purpose: a profile stands before web identity with us, as
        # in the AWS SDK for C++ (aws-c-auth); botocore looks at web identity first.
        both = {**default, **web}
        self.assertEqual("web-identity", self.botocores(self.environment(**both)))
        self.assertEqual("profile", self.check(FINE, **both)["source"])


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # botocore leaves its sockets open
