"""Orders of the command line that name what EC2 does not have are refused at once; when
nobody can ask EC2 they are taken, with a note. Orders of one peer keep their order."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ["ASG_SOURCE_DIR"]
BUILD = os.environ["ASG_BUILD_DIR"]
sys.path.insert(0, os.path.join(SOURCE, "deploy"))

from cluster import Cluster, wait_for  # noqa: E402

SUBNET_A = "subnet-0a000000000000001"
WEB = ["--min", "0", "--max", "4", "--template", "web", "--zones", "us-east-1a"]
GROUP = """group:
  name: {name}
  min: 0
  max: 8
  template_name: {template}
  subnets: [{{zone: us-east-1{zone}}}]
"""


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="openasg-first-")
        cls.cluster = Cluster(BUILD, cls.folder)
        cls.cluster.worker_names = ["worker-1"]
        cls.cluster.start_ec2local("--no-boot")
        cls.cluster.start_controller(look_up_deadline="2s", limits_groups=2000)
        cls.start_worker()
        for name in ("web", "other"):
            cls.cluster.ec2("CreateLaunchTemplate", **{
                "LaunchTemplateName": name,
                "LaunchTemplateData.ImageId": "ami-00000000000000001",
                "LaunchTemplateData.InstanceType": "t3.small"})

    @classmethod
    def start_worker(cls):
        cls.cluster.start_worker("worker-1")
        wait_for("the worker", lambda: cls.cluster.ask("worker", "list"), pause=0.02)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop_all()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def run_cli(self, *words, code=0):
        done = subprocess.run(self.cluster.openasg_command(*words), env=self.cluster.env,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(code, done.returncode, done.stderr)
        return done

    def groups(self):
        return sorted(row["config"]["name"] for row in self.cluster.ask("group", "list"))

    def calls(self, action):
        calls = self.cluster.control("GET", "/_control/calls")["calls"]
        return sum(call["action"] == action for call in calls)

    def write(self, *parts):
        path = os.path.join(self.folder, "groups.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("---\n".join(parts))
        return path


class AskFirst(Base):
    def tearDown(self):
        for group in self.groups():
            self.cluster.openasg("group", "delete", group, "--force", "--yes")
        wait_for("the groups to be gone", lambda: not self.groups(), pause=0.02)

    # ---- refused ----

    def test_a_template_that_is_not_there_is_refused(self):
        done = self.run_cli("group", "create", "shop", "--template", "nosuch", *WEB[:4],
                            *WEB[6:], code=1)
        for words in ("group shop", "EC2 does not have launch template nosuch",
                      "openasg template list", "openasg template create"):
            self.assertIn(words, done.stderr)
        self.run_cli("group", "create", "shop", *WEB, "--template-version", "99", code=1)
        self.assertEqual([], self.groups())
        self.run_cli("group", "create", "shop", *WEB)
        done = self.run_cli("group", "update", "shop", "--template", "nosuch", code=1)
        self.assertIn("launch template nosuch", done.stderr)
        done = self.run_cli("group", "update", "shop", "--template-version", "77", code=1)
        self.assertIn("launch template web version 77", done.stderr)
        config = self.cluster.ask("group", "show", "shop")["config"]
        self.assertEqual(("web", "$Default"),
                         (config["template_name"], config["template_version"]))

    def test_subnets_and_zones_that_are_not_there_are_refused(self):
        for zones, words in (("us-east-1z", "zone us-east-1z"),
                             ("us-east-1a/subnet-0123456789abcdef0",
                              "subnet subnet-0123456789abcdef0"),
                             ("us-east-1b/" + SUBNET_A, "is in zone us-east-1a, not in")):
            done = self.run_cli("group", "create", "shop", *WEB[:-1], zones, code=1)
            self.assertIn(words, done.stderr)
        self.assertEqual([], self.groups())
        self.run_cli("group", "create", "shop", *WEB[:-1], "us-east-1a/" + SUBNET_A)

    def test_one_bad_name_refuses_the_whole_file(self):
        path = self.write(GROUP.format(name="one", template="web", zone="a"),
                          GROUP.format(name="two", template="nosuch", zone="b"))
        for more in ([], ["--dry-run"]):
            done = self.run_cli("apply", "-f", path, *more, code=1)
            self.assertIn("group two", done.stderr)
            self.assertIn("groups.yaml:", done.stderr)  # where it is written
        self.assertEqual([], self.groups())

    def test_a_target_that_is_never_reached_is_refused_of_a_file_too(self):
        path = self.write(GROUP.format(name="one", template="web", zone="a")
                          + "policies:\n  - {name: cpu, target: 500}\n")
        for more in ([], ["--dry-run"]):
            done = self.run_cli("apply", "-f", path, *more, code=1)
            self.assertIn("policy cpu: the target cannot be above 100", done.stderr)
        self.assertEqual([], self.groups())

    # ---- taken ----

    def test_what_was_found_is_not_asked_again(self):
        self.run_cli("group", "create", "shop", *WEB, "--desired", "1")
        wait_for("its instance", lambda: self.cluster.ask("instance", "list", "shop"))
        jobs = self.cluster.ask("jobs", "shop")
        self.assertEqual([], [job for job in jobs if job["kind"] == "resolve-template"])
        text = self.run_cli("log", "export", "--format", "jsonl").stdout
        self.assertNotIn("resolve-template", text)

    def test_a_template_that_is_being_created_may_be_used_at_once(self):
        self.run_cli("template", "create", "fresh", "--image", "ami-00000000000000001",
                     "--instance-type", "t3.small", "--no-wait")
        done = self.run_cli("group", "create", "shop", "--template", "fresh", *WEB[:4],
                            *WEB[6:], "--desired", "1")
        self.assertNotIn("note", done.stderr)
        wait_for("its instance", lambda: self.cluster.ask("instance", "list", "shop"))

    def test_without_a_worker_it_is_taken_with_a_note(self):
        self.cluster.kill("controller", signal.SIGTERM)
        self.cluster.kill("worker-1", signal.SIGTERM)
        self.cluster.start_controller(**self.cluster.controller_settings)
        try:
            done = self.run_cli("group", "create", "shop", "--template", "nosuch",
                                *WEB[:4], *WEB[6:])
            self.assertIn("note: EC2 could not be asked (no worker is connected): launch "
                          "template nosuch, zone us-east-1a may not exist", done.stderr)
            done = self.run_cli("group", "update", "shop", "--template", "none", "-o", "json")
            self.assertIn("could not be asked", json.loads(done.stdout)["note"])
            self.assertEqual("", done.stderr)
            done = self.run_cli("group", "update", "shop", "--max", "5")
            self.assertNotIn("note", done.stderr)
        finally:
            self.start_worker()

    def test_a_worker_that_does_not_answer_holds_nobody_up(self):
        self.cluster.processes["worker-1"].send_signal(signal.SIGSTOP)
        try:
            done = self.run_cli("group", "create", "shop", "--template", "nosuch",
                                *WEB[:4], *WEB[6:])
            self.assertIn("EC2 could not be asked (EC2 was asked and no answer came in "
                          "time)", done.stderr)
        finally:
            self.cluster.processes["worker-1"].send_signal(signal.SIGCONT)


class ManyGroups(Base):
    def test_a_thousand_groups_ask_once_for_each_template(self):
        path = self.write(*(GROUP.format(name=f"g{number}", zone="abc"[number % 3],
                                         template=("web", "other")[number % 2])
                            for number in range(1000)))
        kinds = ("DescribeLaunchTemplates", "DescribeLaunchTemplateVersions",
                 "DescribeAvailabilityZones")
        before = {kind: self.calls(kind) for kind in kinds}
        self.run_cli("apply", "-f", path)
        asked = {kind: self.calls(kind) - before[kind] for kind in kinds}
        self.assertEqual({kinds[0]: 2, kinds[1]: 2}, {kind: asked[kind] for kind in kinds[:2]})
        self.assertLessEqual(asked[kinds[2]], 1)  # it may be known from before
        self.assertEqual(1000, len(self.groups()))


if __name__ == "__main__":
    unittest.main()
