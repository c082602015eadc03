#!/usr/bin/python3
"""A canary in every secret that a worker gets: it shows in no log line, argument,
environment, error text or child, whatever the source."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
try:
    from aws_sources import CANARY, LONG_KEY, REGION, Sources
except ImportError:
    print("skipped: botocore is not installed")
    sys.exit(77)

from ec2local_fixture import BUILD, wait_for

WORKER = os.path.join(BUILD, "bin", "openasg-worker")


class SecretsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="secrets-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.sources = Sources()
        self.addCleanup(self.sources.close)

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def begin(self, *options, **environment):
        """A worker that runs on, its log in a file. Its controller is never there."""
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "w") as log:
            process = subprocess.Popen(
                [WORKER, "--log-level", "debug", "--allow-plaintext", "--dir", self.folder,
                 "--controller-endpoint", f"ipc://{self.folder}/nobody", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": self.folder, "AWS_REGION": REGION,
                     "AWS_ENDPOINT_URL": self.sources.url,
                     "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.sources.url, **environment})
        self.addCleanup(self.end, process)
        wait_for("the worker to start", lambda: " started " in self.read_log()
                 or process.poll() is not None)
        self.assertIsNone(process.poll(), self.read_log())
        return process

    def read_log(self):
        with open(self.log) as file:
            return file.read()

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def look_at(self, process):
        for name in ("cmdline", "environ"):
            with open(f"/proc/{process.pid}/{name}", "rb") as file:
                self.assertNotIn(CANARY.encode(), file.read(), name)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        log = self.read_log()
        self.assertNotIn(CANARY, log)
        return log

    def test_keys_of_the_environment(self):
        log = self.look_at(self.begin(AWS_ACCESS_KEY_ID=LONG_KEY[0],
                                      AWS_SECRET_ACCESS_KEY=LONG_KEY[1],
                                      AWS_SESSION_TOKEN=CANARY + "-token"))
        self.assertIn('credentials source="environment" access_key_id=AKIALONG', log)

    def test_a_role_by_a_profile(self):
        self.file("config", "[default]\nrole_arn = arn:r\nsource_profile = default\n"
                            f"aws_access_key_id = {LONG_KEY[0]}\n"
                            f"aws_secret_access_key = {LONG_KEY[1]}\n")
        log = self.look_at(self.begin(AWS_CONFIG_FILE=self.folder + "/config"))
        self.assertIn('credentials source="assume-role" access_key_id=ASIAROLE1', log)

    def test_web_identity(self):
        token = self.file("token", CANARY + ".jwt")
        self.look_at(self.begin(AWS_WEB_IDENTITY_TOKEN_FILE=token, AWS_ROLE_ARN="arn:web"))

    def test_a_container(self):
        self.sources.container_token = CANARY + "-authorization"
        log = self.look_at(self.begin(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=self.sources.url + "/c",
            AWS_CONTAINER_AUTHORIZATION_TOKEN=CANARY + "-authorization"))
        self.assertIn('source="container"', log)

    def test_the_instance_profile(self):
        self.assertIn('source="imds"', self.look_at(self.begin()))

    def test_a_program_inherits_no_secret(self):
        text = json.dumps({"Version": 1, "AccessKeyId": LONG_KEY[0],
                           "SecretAccessKey": LONG_KEY[1]})
        program = self.file("program", f"#!/bin/sh\nenv >{self.folder}/inherited\n"
                                       f"echo {CANARY} >&2\ncat <<'END'\n{text}\nEND\n")
        os.chmod(program, 0o700)
        self.file("config", f"[default]\ncredential_process = {program}\n")
        log = self.look_at(self.begin("--credentials-allow-process",
                                      AWS_CONFIG_FILE=self.folder + "/config",
                                      AWS_SESSION_TOKEN=CANARY + "-left-over"))
        self.assertIn('source="process"', log)
        with open(self.folder + "/inherited") as file:
            inherited = file.read()
        self.assertIn("AWS_CONFIG_FILE=", inherited)
        self.assertNotIn(CANARY, inherited)

    def test_failures_tell_no_secret(self):
        """The worker ends with a line that says what is wrong and holds no secret."""
        self.sources.imds_code = "Failed"
        for environment in (
                {"AWS_SECRET_ACCESS_KEY": LONG_KEY[1]},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.sources.url,
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": CANARY + "\nX: y"},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.sources.url + "/c",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": CANARY},
                {"AWS_WEB_IDENTITY_TOKEN_FILE": self.file("t", CANARY + "\x01"),
                 "AWS_ROLE_ARN": "arn:r"},
                {}):
            self.sources.container_token = "another"
            done = subprocess.run(
                [WORKER, "--allow-plaintext", "--dir", self.folder], text=True,
                stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                env={"PATH": os.environ["PATH"], "HOME": self.folder, "AWS_REGION": REGION,
                     "AWS_ENDPOINT_URL": self.sources.url,
                     "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.sources.url, **environment})
            self.assertIn(done.returncode, (1, 2), done.stderr)
            self.assertNotIn(CANARY, done.stdout + done.stderr)
            self.assertIn("openasg-worker: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
