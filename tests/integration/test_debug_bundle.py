"""`openasg debug bundle`: what is in it, that no secret of any file is, and that it is there when
the controller is not."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_fixture import BUILD, SECRET, ApiFixture  # noqa: E402

OPENASG = os.path.join(BUILD, "bin", "openasg")
MARKER = "MARKERofASecretThatMustNotBeThere"


class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.api = ApiFixture()
        cls.addClassCleanup(cls.api.close)
        cls.cluster = cls.api.cluster

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-bundle-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def collect(self, *arguments, code=0, controller=None, **environment):
        path = os.path.join(self.folder, "bundle.tar.gz")
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("OPENASG_", "AWS_"))}
        kept.update(HOME=self.folder, **environment)
        result = subprocess.run(
            [OPENASG, "debug", "bundle", path, "--dir", self.cluster.state, "--controller",
             controller or self.cluster.controller_endpoints()["admin"], "--etc", self.folder,
             *arguments], capture_output=True, text=True, timeout=120, check=False, env=kept)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        if code != 0:
            return result
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, "rb") as file:
            self.packed = file.read()
        with tarfile.open(fileobj=io.BytesIO(self.packed), mode="r:gz") as tar:
            found = {member.name.split("/", 1)[1]: tar.extractfile(member).read()
                     for member in tar.getmembers()}
            for member in tar.getmembers():
                self.assertRegex(member.name, r"\Aopenasg-debug-\d{8}T\d{6}Z/")
                self.assertEqual(member.mode, 0o600)
        subprocess.run(["tar", "-tzf", path], check=True, capture_output=True, timeout=30)
        return found

    def secrets(self):
        """Everything secret that lies on this host, by where it lies."""
        found = {}
        for folder, _, names in os.walk(self.cluster.dir):
            for name in names:
                if not name.endswith(".key") and name != "api-keys":
                    continue
                path = os.path.join(folder, name)
                with open(path, errors="replace") as file:
                    text = file.read()
                for line in text.splitlines():
                    if line.startswith("secret: "):
                        found[path] = line.split()[1]
                if "PRIVATE KEY" in text:
                    for number, line in enumerate(text.splitlines()[1:-1]):
                        found[f"{path}:{number}"] = line
        self.assertGreaterEqual(len(found), 5, found)  # controller, admin, worker, ca
        found["api-keys"] = SECRET
        found["api-keys, as written"] = SECRET.replace(" ", "%20").replace(",", "%2C")
        with open(os.path.join(self.cluster.state, "join.secret"), "rb") as file:
            found["join.secret"] = file.read()
        return found

    def test_it_has_everything_but_secrets(self):
        client = self.api.client()
        script = os.path.join(self.folder, "boot.sh")
        with open(script, "w") as file:
            file.write(f"#!/bin/sh\necho {MARKER}-userdata\n")
        self.cluster.openasg("template", "create", "shop", "--image",
                             "ami-00000000000000001", "--instance-type", "t3.micro",
                             "--user-data-file", script)
        # Where a secret does not belong: in tags, and in comments of settings.
        with open(os.path.join(self.cluster.state, "admin.key")) as file:
            admin = [line.split()[1] for line in file if "secret" in line][0]
        client.create_auto_scaling_group(
            AutoScalingGroupName="web", MinSize=1, MaxSize=3, AvailabilityZones=["us-east-1a"],
            LaunchTemplate={"LaunchTemplateName": "shop", "Version": "1"},
            Tags=[{"Key": "note", "Value": f"x {MARKER}-session y"},
                  {"Key": "unit", "Value": MARKER + "-unit"},
                  {"Key": "token", "Value": MARKER + "-token"},
                  {"Key": "file", "Value": MARKER + "-file"},
                  {"Key": "key", "Value": admin}])
        self.api.wait_for_in_service("web", 1, client)
        with open(os.path.join(self.folder, "worker.yaml"), "w") as file:
            file.write(f"# the password is {MARKER}-comment\nregion: us-east-1\n")
        credentials = os.path.join(self.folder, "credentials")
        with open(credentials, "w") as file:
            file.write(f"[default]\naws_secret_access_key\t= {MARKER}-file\n")
        os.chmod(credentials, 0o600)
        with open(os.path.join(self.folder, "worker.env"), "w") as file:
            file.write(f"AWS_SECRET_ACCESS_KEY=\"{MARKER}-unit\"\n"
                       f"AWS_SESSION_TOKEN='{MARKER}-token'\n")
        found = self.collect(AWS_SECRET_ACCESS_KEY=MARKER + "-environment",
                             AWS_SESSION_TOKEN=MARKER + "-session",
                             AWS_SHARED_CREDENTIALS_FILE=credentials)
        for name in ("README.txt", "doctor.txt", "missing.txt", "versions.txt", "files.txt",
                     "settings/openasg.yaml", "settings/worker.yaml", "log/records.jsonl",
                     "controller/status.json", "controller/workers.json",
                     "controller/refused.json", "controller/groups.yaml",
                     "controller/jobs.json", "controller/alarms.json",
                     "controller/instances.json", "controller/decisions.json",
                     "controller/metrics.txt", "system/meminfo", "system/own-limits"):
            self.assertIn(name, found)
            if name != "missing.txt":
                self.assertTrue(found[name], name)
        whole = b"\n".join(found.values())
        for where, secret in self.secrets().items():
            secret = secret if isinstance(secret, bytes) else secret.encode()
            self.assertNotIn(secret, whole, where)
        self.assertNotIn(MARKER.encode(), whole)
        self.assertIn(b"value: x **** y", found["controller/groups.yaml"].replace(b'"', b""))

        self.assertIn(b"web", found["controller/groups.yaml"])
        self.assertEqual(json.loads(found["controller/workers.json"])[0]["name"], "worker-1")
        self.assertIn(b"openasg_build_info", found["controller/metrics.txt"])
        records = [json.loads(line) for line in found["log/records.jsonl"].splitlines()]
        self.assertGreater(len(records), 3)
        self.assertLessEqual(len(records), 1000)
        self.assertIn(b"openasg.log", found["files.txt"])
        self.assertIn(b"region: us-east-1", found["settings/worker.yaml"])

        # Each program that runs here, with its threads.
        pid = self.cluster.processes["controller"].pid
        threads = found[f"processes/openasg-control-{pid}.txt"].decode()
        self.assertIn("Max open files", threads)
        running = os.listdir(f"/proc/{pid}/task")
        self.assertGreaterEqual(threads.count("\nthread "), len(running) - 2)
        self.assertIn("wchan:", threads)

    def test_a_link_to_another_file_shows_nothing_of_it(self):
        away = tempfile.mkdtemp(prefix="asg-bundle-away-")
        self.addCleanup(shutil.rmtree, away)
        with open(os.path.join(away, "notes"), "w") as file:
            file.write(f"{MARKER}: $6$x\n")
        for name in ("worker.yaml", "agent.yaml", "controller.yaml"):
            os.symlink(os.path.join(away, "notes"), os.path.join(self.folder, name))
        found = self.collect()
        for name, text in found.items():
            self.assertNotIn(MARKER.encode(), text, name)
        self.assertIn(b"symbolic link leads to a file in another folder", found["missing.txt"])

    def test_no_controller_answers(self):
        found = self.collect("--request-timeout", "2s", controller="tcp://127.0.0.1:9")
        missing = found["missing.txt"].decode()
        self.assertIn("controller/status.json: exit code 3: ", missing)
        self.assertIn("nothing listens at tcp://127.0.0.1:9", missing)
        self.assertNotIn("controller/jobs.json", missing)  # it is not asked again
        self.assertIn(b"failed   controller", found["doctor.txt"])
        self.assertTrue(found["log/records.jsonl"])
        self.assertTrue(found["files.txt"])

    def test_a_file_that_is_there_is_kept(self):
        path = os.path.join(self.folder, "bundle.tar.gz")
        with open(path, "w") as file:
            file.write("mine")
        result = self.collect(code=1)
        self.assertIn("bundle.tar.gz", result.stderr)
        with open(path) as file:
            self.assertEqual(file.read(), "mine")

    def test_a_place_that_cannot_be_written(self):
        result = subprocess.run([OPENASG, "debug", "bundle", "/dev/full/x", "--dir",
                                 self.cluster.state], capture_output=True, text=True,
                                timeout=60, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot create /dev/full/x", result.stderr)

    def test_a_disk_that_is_full(self):
        """By the limit of the size of a file, whose signal is ignored: the write fails."""
        path = os.path.join(self.folder, "bundle.tar.gz")
        result = subprocess.run(
            ["sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", OPENASG, "debug",
             "bundle", path, "--dir", self.cluster.state, "--controller",
             self.cluster.controller_endpoints()["admin"]],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("cannot write", result.stderr)
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    unittest.main(verbosity=2)
