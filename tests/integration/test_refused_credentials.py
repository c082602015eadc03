#!/usr/bin/python3
"""Two real workers of which EC2 refuses one: every job ends well all the same, and the
refused one goes on when its keys are good."""

import os
import re
import shutil
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402

IMAGE = "ami-00000000000000001"


class RefusedCredentials(unittest.TestCase):
    def setUp(self):
        for program in ("openasg-controller", "openasg-worker", "openasg"):
            if not os.path.exists(os.path.join(BUILD, "bin", program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-refused-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_ec2local("--no-boot", "--boot-delay-ms", "30")
        self.cluster.start_controller()

    def log_of(self, name):
        with open(self.cluster.log_of(name)) as file:
            return file.read()

    @staticmethod
    def pages(url):
        """(status of /readyz, openasg_worker_credentials_refused of /metrics)."""
        try:
            with urllib.request.urlopen(url + "/readyz", timeout=20) as reply:
                status = reply.status
        except urllib.error.HTTPError as refusal:
            status = refusal.code
        with urllib.request.urlopen(url + "/metrics", timeout=20) as reply:
            text = reply.read().decode()
        return status, re.search(r"^openasg_worker_credentials_refused (\S+)$", text, re.M).group(1)

    def serving(self, group):
        return sum(row["state"] == "in-service"
                   for row in self.cluster.ask("instance", "list", group))

    def make_group(self, name, desired):
        self.cluster.openasg("group", "create", name, "--min", "0", "--max", "8",
                             "--desired", str(desired), "--template", "web", "--zones",
                             "us-east-1a,us-east-1b,us-east-1c")

    def test_its_jobs_go_to_the_other(self):
        self.cluster.env_of["worker-1"] = {"AWS_SECRET_ACCESS_KEY": "not-the-secret"}
        self.cluster.start_worker("worker-1")
        wait_for("the refusal", lambda: " credentials_refused " in self.log_of("worker-1"),
                 seconds=60)
        self.cluster.start_worker("worker-2")
        self.cluster.openasg("template", "create", "web", "--image", IMAGE,
                             "--instance-type", "t3.micro")
        self.make_group("web", 6)
        wait_for("six in service", lambda: self.serving("web") == 6, seconds=90)
        self.cluster.openasg("group", "update", "web", "--desired", "0", "--force")
        wait_for("none left", lambda: not self.cluster.ec2_instances(), seconds=90)
        self.assertEqual(self.cluster.ask("jobs", "--dead"), [])
        self.assertNotIn(" job_done ", self.log_of("worker-1"))
        self.assertIn("code=AuthFailure", self.log_of("worker-1"))
        self.assertNotIn("not-the-secret", self.log_of("worker-1"))

    def test_it_goes_on_when_its_keys_are_good(self):
        path = os.path.join(self.folder, "keys")

        def write(secret):
            with open(path + ".new", "w") as file:
                os.chmod(path + ".new", 0o600)
                file.write("[default]\naws_access_key_id = "
                           f"{self.cluster.env['AWS_ACCESS_KEY_ID']}\n"
                           f"aws_secret_access_key = {secret}\n")
            os.rename(path + ".new", path)

        write("not-the-secret")
        self.cluster.env_of["worker-1"] = {
            "AWS_SECRET_ACCESS_KEY": "", "AWS_ACCESS_KEY_ID": "",
            "AWS_SHARED_CREDENTIALS_FILE": path}
        self.cluster.start_worker("worker-1", listen_http="127.0.0.1:0")
        wait_for("the refusal", lambda: " credentials_refused " in self.log_of("worker-1"),
                 seconds=60)
        url = re.search(r" http url=(\S+)", self.log_of("worker-1")).group(1).strip('"')
        wait_for("/readyz and the gauge to tell of it",
                 lambda: self.pages(url) == (503, "1"), seconds=60)
        write(self.cluster.env["AWS_SECRET_ACCESS_KEY"])
        wait_for("the keys to be taken",
                 lambda: " credentials_accepted " in self.log_of("worker-1"), seconds=120)
        wait_for("/readyz and the gauge to tell of that",
                 lambda: self.pages(url) == (200, "0"), seconds=60)
        self.cluster.openasg("template", "create", "web", "--image", IMAGE,
                             "--instance-type", "t3.micro")
        self.make_group("web", 2)
        wait_for("two in service", lambda: self.serving("web") == 2, seconds=90)


if __name__ == "__main__":
    unittest.main()
