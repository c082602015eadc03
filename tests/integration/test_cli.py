#!/usr/bin/python3
"""The openasg command against a real controller: every order and question once, what it
answers, its exit codes, and that the log it leaves verifies and replays."""

import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import ruamel.yaml

from scripted_ec2 import Refusal, ScriptedEc2

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
OPENASG = os.path.join(BUILD, "bin", "openasg")
CONTROLLER = os.path.join(BUILD, "bin", "openasg-controller")
WORKER = os.path.join(BUILD, "bin", "openasg-worker")


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for {what}")


class Ec2(ScriptedEc2):
    """EC2 as far as launch templates go: version 1, then one more each time. Names that
    begin with "bad" are refused for good."""

    def answer(self, action, form):
        name = form.get("LaunchTemplateName", "")
        found = form.get("LaunchTemplateId", "lt-0123456789abcdef0")
        if action == "CreateLaunchTemplate" and name.startswith("bad"):
            raise Refusal("InvalidAMIID.Malformed", "no such image")
        if action == "CreateLaunchTemplate":
            return (f"<launchTemplate><launchTemplateId>{found}</launchTemplateId>"
                    f"<launchTemplateName>{name}</launchTemplateName>"
                    "<defaultVersionNumber>1</defaultVersionNumber><latestVersionNumber>1"
                    "</latestVersionNumber></launchTemplate>")
        if action == "CreateLaunchTemplateVersion":
            return (f"<launchTemplateVersion><launchTemplateId>{found}</launchTemplateId>"
                    "<versionNumber>2</versionNumber></launchTemplateVersion>")
        return ""


class Controller:
    """One controller on free ports, in a folder of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-cli-")
        self.dir = os.path.join(self.folder, "state")
        self.endpoints = os.path.join(self.folder, "endpoints")
        self.process = None
        self.admin = "tcp://127.0.0.1:*"

    def start(self):
        if os.path.exists(self.endpoints):
            os.unlink(self.endpoints)
        with open(os.path.join(self.folder, "controller.err"), "ab") as err:
            self.process = subprocess.Popen(
                [CONTROLLER, "--dir", self.dir, "--listen-agents", "tcp://127.0.0.1:*",
                 "--listen-workers", "tcp://127.0.0.1:*", "--listen-admin", self.admin,
                 "--listen-http", "127.0.0.1:0", "--listen-enrol", "127.0.0.1:0",
                 "--endpoint-file", self.endpoints],
                stderr=err, stdin=subprocess.DEVNULL)
        wait_for("the controller", lambda: os.path.exists(self.endpoints)
                 or self.process.poll() is not None)
        with open(self.endpoints) as file:
            lines = dict(line.rstrip("\n").split(": ", 1) for line in file)
        self.admin = lines["admin"]
        self.workers = lines["workers"]
        self.key = lines["key"]

    def stop(self, signal_number=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(signal_number)
            self.process.wait(timeout=20)
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder)


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.controller = Controller()
        cls.controller.start()

    @classmethod
    def tearDownClass(cls):
        cls.controller.remove()

    def environment(self, **more):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith("OPENASG_")}
        env.update(OPENASG_DIR=self.controller.dir,
                   OPENASG_CONTROLLER=self.controller.admin,
                   HOME=self.controller.folder, **more)
        return env

    def run_cli(self, *words, code=0, **environment):
        result = subprocess.run([OPENASG, *words], capture_output=True, text=True,
                                env=self.environment(**environment), timeout=60,
                                stdin=subprocess.DEVNULL)
        self.assertEqual(code, result.returncode,
                         f"{words}: {result.stdout}{result.stderr}")
        return result

    def ask(self, *words):
        return json.loads(self.run_cli(*words, "-o", "json").stdout)

    def make_group(self, name, *more):
        self.run_cli("group", "create", name, "--min", "2", "--max", "6", "--template-id",
                     "lt-0123456789abcdef0", "--template-version", "1", "--zones",
                     "us-east-1a,us-east-1b/subnet-1", *more)

    def test_status_tells_where_everything_is(self):
        status = self.ask("status")
        self.assertEqual(self.controller.admin, status["admin_endpoint"])
        self.assertEqual(32, len(status["cluster_id"]))
        self.assertFalse(status["is_halted"])
        self.assertIn("cluster:", self.run_cli("status").stdout)

    def test_group_is_created_changed_shown_and_deleted(self):
        self.make_group("shop", "--tag", "team=web", "--warmup", "30s")
        group = self.ask("group", "show", "shop")["config"]
        self.assertEqual((2, 2, 6), (group["min"], group["desired"], group["max"]))
        self.assertEqual(30000, group["warmup_ms"])
        self.assertEqual([{"key": "team", "value": "web", "stays": False}], group["tags"])
        self.assertEqual([{"subnet_id": "", "zone": "us-east-1a"},
                          {"subnet_id": "subnet-1", "zone": "us-east-1b"}],
                         group["subnets"])
        self.run_cli("group", "update", "shop", "--max", "9", "--cooldown", "1m")
        group = self.ask("group", "show", "shop")["config"]
        self.assertEqual((9, 60000, 2), (group["max"], group["cooldown_ms"], group["min"]))
        self.assertEqual("lt-0123456789abcdef0", group["template_id"])
        table = self.run_cli("group", "list").stdout.splitlines()
        self.assertRegex(table[0], r"^NAME +MIN +DESIRED +MAX ")
        self.assertTrue(any(re.match(r"shop +2 +2 +9 ", line) for line in table))
        self.assertIn("still has", self.run_cli("group", "delete", "shop", code=1).stderr)
        self.run_cli("group", "delete", "shop", "--force", "--yes")

    def test_what_the_controller_refuses_is_exit_code_1_with_its_reason(self):
        refused = self.run_cli("group", "create", "bad", "--min", "3", "--max", "1",
                               "--template-id", "lt-1", "--zones", "us-east-1a", code=1)
        self.assertIn("min 3 is above max 1", refused.stderr)
        self.assertEqual("", refused.stdout)
        missing = self.run_cli("group", "show", "nobody", code=1)
        self.assertIn('no group "nobody"', missing.stderr)
        self.run_cli("desired", "set", "nobody", "3", code=1)
        self.run_cli("instance", "terminate", "i-0", code=1)
        self.run_cli("jobs", "show", "999999", code=1)
        self.run_cli("jobs", "retry", "999999", code=1)
        self.run_cli("policy", "delete", "nobody", "x", code=1)

    def test_policies_and_schedules_come_from_options_and_files(self):
        self.make_group("rules")
        self.run_cli("policy", "put", "rules", "cpu50", "--target", "50")
        self.run_cli("policy", "put", "rules", "--file",
                     os.path.join(SOURCE, "examples", "student.yaml"))
        self.run_cli("policy", "put", "rules", "--file",
                     os.path.join(SOURCE, "examples", "step.yaml"))
        policies = {policy["name"]: policy for policy in self.ask("policy", "list", "rules")}
        self.assertEqual({"cpu50", "one-more", "one-less", "out", "in"}, set(policies))
        self.assertEqual(50000, policies["cpu50"]["target_milli"])
        self.assertEqual(3, len(policies["out"]["steps"]))
        # What is shown can be put again.
        again = os.path.join(self.controller.folder, "again.yaml")
        with open(again, "w") as file:
            file.write("policies:\n" + self.run_cli("policy", "list", "rules", "-o",
                                                    "yaml").stdout)
        self.run_cli("policy", "put", "--file", again)
        self.assertEqual(policies, {policy["name"]: policy for policy
                                    in self.ask("policy", "list", "rules")})
        self.run_cli("policy", "execute", "rules", "one-more")
        self.run_cli("policy", "delete", "rules", "cpu50")
        self.run_cli("schedule", "put", "rules", "--file",
                     os.path.join(SOURCE, "examples", "schedule.yaml"))
        schedules = {item["name"]: item for item in self.ask("schedule", "list", "rules")}
        self.assertEqual({"morning", "evening", "launch-day"}, set(schedules))
        self.assertEqual("Europe/Berlin", schedules["morning"]["time_zone"])
        # Berlin goes to summer time and back each year.
        offsets = {change["offset_s"] for change in schedules["morning"]["changes"]}
        self.assertTrue({3600, 7200} <= offsets)
        bad = self.run_cli("schedule", "put", "rules", "x", "--recurrence", "0 0 * * *",
                           "--time-zone", "Mars/Base", "--min", "1", code=2)
        self.assertIn("Mars/Base", bad.stderr)
        self.assertRegex(self.run_cli("schedule", "list", "rules").stdout,
                         r"NAME +NEXT +RECURRENCE .*\n(.*\n)*evening +20[-0-9]+T[0-9:]+Z ")
        self.run_cli("schedule", "delete", "rules", "evening")

    def test_a_preset_fills_what_is_not_said_and_is_shown(self):
        self.make_group("presets")
        put = self.run_cli("policy", "put", "presets", "cpu50", "--target", "50", "--preset",
                           "quick", "--stabilisation", "7m")
        self.assertIn("preset quick is meant for an evaluation every 1s, group presets has one "
                      "every 5s; `openasg group update presets --evaluation 1s`", put.stderr)
        self.run_cli("group", "update", "presets", "--evaluation", "1s")
        shown = self.run_cli("policy", "show", "presets", "cpu50")
        self.assertRegex(shown.stdout, r"(?m)^preset: +quick$")
        self.assertRegex(shown.stdout, r"(?m)^preset's evaluation: +1s$")
        self.assertRegex(shown.stdout, r"(?m)^stabilisation: +7m$")
        self.assertRegex(shown.stdout, r"(?m)^scale-in-permille: +800$")
        self.assertNotIn("note:", shown.stderr)
        policy = self.ask("policy", "show", "presets", "cpu50")
        self.assertEqual(("quick", 420000, 800, 25),
                         (policy["preset"], policy["stabilisation_ms"],
                          policy["scale_in_permille"], policy["scale_in_at_once_percent"]))
        missing = self.run_cli("policy", "show", "presets", "nobody", code=1)
        self.assertIn("policy nobody of group presets not found", missing.stderr)

    def test_apply_makes_and_changes_what_a_file_says(self):
        with open(os.path.join(SOURCE, "examples", "student.yaml")) as file:
            text = file.read().replace("name: web", "name: student")
        path = os.path.join(self.controller.folder, "student.yaml")
        with open(path, "w") as file:
            file.write(text.replace("template_name: web", "template_id: lt-1"))
        self.run_cli("apply", path)
        group = self.ask("group", "show", "student")["config"]
        self.assertEqual((2, 5, 60000), (group["min"], group["max"], group["cooldown_ms"]))
        self.assertEqual(["one-less", "one-more"], sorted(
            policy["name"] for policy in self.ask("policy", "list", "student")))
        with open(path, "w") as file:
            file.write("group: {name: student, max: 7}\n")
        self.run_cli("apply", path)
        group = self.ask("group", "show", "student")["config"]
        self.assertEqual((2, 7, 60000), (group["min"], group["max"], group["cooldown_ms"]))

    def test_processes_and_the_kill_switch(self):
        self.make_group("stop")
        self.run_cli("suspend", "stop", "launch", "terminate")
        self.assertIn("suspended: launch,terminate", self.run_cli("group", "list").stdout)
        self.assertEqual(["launch", "terminate"],
                         self.ask("group", "show", "stop")["suspended"])
        self.run_cli("resume", "stop")
        self.assertEqual([], self.ask("group", "show", "stop")["suspended"])
        self.run_cli("halt", "stop")
        self.assertTrue(self.ask("group", "show", "stop")["is_halted"])
        self.run_cli("unhalt", "stop")
        self.run_cli("halt", "--yes")
        self.assertTrue(self.ask("status")["is_halted"])
        self.run_cli("unhalt")
        self.run_cli("reconcile")

    def test_explain_and_jobs_tell_what_was_decided(self):
        self.make_group("told")
        told = self.run_cli("explain", "told").stdout
        self.assertRegex(told, r"(?m)^\d{4}-\d\d-\d\dT[0-9:.]+Z told  .*min 2, max 6")
        rows = self.ask("explain", "told")
        self.assertEqual("command", rows[0]["kind"])
        self.assertIn("plan launch", next(row["text"] for row in rows
                                          if row["kind"] == "launch"))
        for count in (1, 2):
            self.assertEqual(rows[-count:], self.ask("explain", "told", "--limit",
                                                     str(count)))
        self.assertEqual(rows, self.ask("explain", "told", "--since", "1h"))
        self.assertEqual([], self.ask("explain", "told", "--since",
                                      "2100-01-01T00:00:00Z"))
        jobs = self.ask("jobs", "told")
        self.assertTrue(jobs and all(job["kind"] == "launch" for job in jobs))
        one = self.ask("jobs", "show", str(jobs[0]["id"]))
        self.assertEqual(jobs[0]["client_token"], one["client_token"])
        self.assertEqual([], self.ask("jobs", "told", "--dead"))
        self.assertEqual([], self.ask("worker", "list"))
        self.assertEqual(2, len(self.ask("instance", "list", "told")))

    def test_waits_end_with_exit_code_6_and_say_how_far_it_is(self):
        self.make_group("late")
        waited = self.run_cli("wait", "late", "--in-service", "2", "--timeout", "200ms",
                              code=6)
        self.assertIn("0 in service", waited.stderr)
        self.run_cli("wait", "late", "--at-most", "0")
        self.run_cli("wait", "never-there", "--gone")
        template = self.run_cli("template", "create", "t", "--image", "ami-1",
                                "--instance-type", "t3.micro", "--timeout", "200ms",
                                code=6)
        self.assertIn("jobs show", template.stderr)
        self.assertIn("t", [item["name"] for item in self.ask("template", "list")])

    def test_user_data_stays_out_of_the_log(self):
        path = os.path.join(self.controller.folder, "boot.sh")
        with open(path, "w") as file:
            file.write("#!/bin/sh\nsecret-word-8231\n")
        self.run_cli("template", "create", "boot", "--image", "ami-1", "--instance-type",
                     "t3.micro", "--user-data-file", path, "--no-wait")
        exported = self.run_cli("log", "export").stdout
        self.assertIn('"name":"boot"', exported)
        self.assertNotIn("secret-word-8231", exported)
        with open(path, "w") as file:
            file.write("x" * 20000)
        self.run_cli("template", "create", "boot", "--image", "ami-1", "--instance-type",
                     "t3.micro", "--user-data-file", path, code=2)

    def test_a_long_name_stops_nobody(self):
        """Each order with a name of just, just not, and far too many characters, of one
        byte and of three: the controller leads on, whatever it says."""
        template = ("--min", "0", "--max", "1", "--template-id", "lt-0123456789abcdef0")
        start = ("--start", "2030-01-01T00:00:00Z", "--desired", "1")
        self.make_group("short")
        epoch = self.ask("status")["epoch"]
        for name in (letter * count for letter in "n\u20ac" for count in (255, 256, 257, 5000)):
            for words in (("group", "create", name, *template), ("group", "update", name, "--max", "3"),
                          ("group", "delete", name), ("group", "tag", "short", f"{name}=v"),
                          ("policy", "put", name, "cpu", "--target", "cpu=50"),
                          ("policy", "put", "short", name, "--target", "cpu=50"),
                          ("policy", "execute", "short", name),
                          ("policy", "delete", "short", name), ("schedule", "put", "short", name, *start),
                          ("schedule", "delete", "short", name), ("suspend", "Launch", name),
                          ("halt", name), ("unhalt", name), ("instance", "terminate", name),
                          ("instance", "protect", name), ("explain", name)):
                subprocess.run([OPENASG, *words], capture_output=True, env=self.environment(),
                               timeout=60, stdin=subprocess.DEVNULL, check=False)
            self.assertEqual(self.ask("status")["epoch"], epoch, (name[0], len(name)))
        with open(os.path.join(self.controller.folder, "controller.err"), errors="replace") as log:
            self.assertNotIn("stopped_leading", log.read())

    def test_log_verifies_and_replays_beside_the_running_controller(self):
        self.make_group("audit")
        self.run_cli("desired", "set", "audit", "4")
        verified = self.ask("log", "verify")
        self.assertTrue(verified["is_verified"])
        self.assertEqual(self.ask("status")["cluster_id"], verified["cluster_id"])
        replayed = self.ask("replay")
        self.assertTrue(replayed["is_identical"])
        self.assertGreater(replayed["decisions"], 0)
        self.assertIn("identical: ", self.run_cli("replay").stdout)
        records = [json.loads(line) for line
                   in self.run_cli("log", "export").stdout.splitlines()]
        self.assertEqual(list(range(1, len(records) + 1)),
                         [record["seq"] for record in records])
        self.assertIn("desired", self.run_cli("log", "tail", "-n", "5").stdout)

    def test_a_stranger_gets_no_answer_and_a_hint(self):
        self.run_cli("keys", "make", "stranger", "--to", self.controller.folder)
        key = os.path.join(self.controller.folder, "stranger.key")
        self.assertEqual(0o600, os.stat(key).st_mode & 0o777)
        alone = self.run_cli("status", "--key-file", key, "--request-timeout", "500ms",
                             code=3)
        self.assertIn("refuses our key", alone.stderr)

    def test_a_target_that_is_never_reached_is_refused(self):
        self.make_group("unreached")
        said = self.run_cli("policy", "put", "unreached", "cpu", "--target", "500", code=2).stderr
        self.assertIn("the target cannot be 500: cpu never exceeds 100 %", said)
        self.assertEqual([], self.ask("policy", "list", "unreached"))
        for words in (("--target", "100"), ("--metric", "load", "--target", "500")):
            self.assertNotIn("note:", self.run_cli("policy", "put", "unreached", "cpu", *words).stderr)

    def test_a_typo_is_no_empty_list(self):
        self.make_group("listed")
        for words in (("policy", "list"), ("schedule", "list"), ("instance", "list"), ("jobs",)):
            self.run_cli(*words, "listed")
            refused = self.run_cli(*words, "lsited", code=1)
            self.assertIn('there is no group "lsited"\nDid you mean "listed"?', refused.stderr)
        for words in (("explain", "lsited"), ("alarm", "list", "lsited"), ("group", "show", "lsited")):
            refused = self.run_cli(*words, code=1)
            self.assertIn('there is no group "lsited"\nDid you mean "listed"?', refused.stderr)
            self.assertEqual("", refused.stdout)
        refused = self.run_cli("group", "-o", "json", code=2)  # no command: not a page of text
        self.assertEqual("Usage", json.loads(refused.stderr)["error"]["code"])
        refused = self.run_cli("group", "create", "bare", "--template-id", "lt-0123456789abcdef0",
                               "--template-version", "1", "--zones", "us-east-1a", code=2)
        self.assertIn("group create needs --min and --max", refused.stderr)
        refused = self.run_cli("log", "export", "--kind", "decison", code=2)
        self.assertIn('did you mean "decision"', refused.stderr)
        self.assertIn("write one of event, metrics, effects, decision", refused.stderr)

    def test_a_desired_number_out_of_range_is_refused(self):
        self.run_cli("group", "create", "ranged", "--min", "2", "--max", "3", "--template-id",
                     "lt-0123456789abcdef0", "--template-version", "1", "--zones", "us-east-1a")
        refused = self.run_cli("desired", "set", "ranged", "0", code=1)
        self.assertIn("below min", refused.stderr)
        refused = self.run_cli("desired", "set", "ranged", "-1", code=2)
        self.assertIn('N cannot be "-1"', refused.stderr)

    def test_a_halt_of_everything_shows_on_each_group(self):
        self.make_group("halted")
        self.run_cli("halt", "--yes")
        self.assertRegex(self.run_cli("group", "list").stdout,
                         r"halted .* halted(; no worker can call EC2)?\n")
        self.run_cli("unhalt")
        self.assertRegex(self.run_cli("group", "list").stdout,
                         r"halted .*  (-|no worker can call EC2)\n")

    def test_man_pages_render_without_a_warning(self):
        folder = os.path.join(self.controller.folder, "rendered")
        self.run_cli("man", "--to", folder)
        pages = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", *pages],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
        if shutil.which("mandoc"):
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages],
                                  capture_output=True, text=True, timeout=60)
            # Pages carry a version instead of a date, so that two builds are the same.
            said = [line for line in done.stdout.splitlines() if "missing date" not in line]
            self.assertEqual([], said)

    def test_man_pages_are_written_for_every_command(self):
        folder = os.path.join(self.controller.folder, "man")
        self.run_cli("man", "--to", folder)
        pages = os.listdir(folder)
        self.assertIn("openasg.1", pages)
        self.assertIn("openasg-group-create.1", pages)
        self.assertIn("openasg-replay.1", pages)
        for page in pages:
            with open(os.path.join(folder, page)) as file:
                self.assertTrue(file.read().startswith(".TH "), page)


class RestartTest(CliTest):
    """Other than above: the controller goes away meanwhile."""

    def test_wait_outlives_a_restart_of_the_controller(self):
        self.make_group("again")
        waiting = subprocess.Popen(
            [OPENASG, "wait", "again", "--desired", "3", "--timeout", "40s",
             "--request-timeout", "500ms"],
            env=dict(os.environ, OPENASG_DIR=self.controller.dir,
                     OPENASG_CONTROLLER=self.controller.admin),
            stdin=subprocess.DEVNULL)
        self.controller.stop(signal.SIGKILL)
        gone = self.run_cli("status", "--request-timeout", "300ms", code=3)
        self.assertIn("nothing listens at " + self.controller.admin, gone.stderr)
        self.assertTrue(self.ask("log", "verify")["is_verified"])
        self.controller.start()
        self.run_cli("desired", "set", "again", "3")
        self.assertEqual(0, waiting.wait(timeout=40))
        self.assertTrue(self.ask("replay")["is_identical"])


class WorkerTest(CliTest):
    """With a worker that has joined, and EC2 behind it."""

    def start_worker(self):
        folder = os.path.join(self.controller.folder, "worker")
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(os.path.join(folder, "worker-1.key")):
            self.run_cli("keys", "make", "worker-1", "--to", folder)
        shutil.copy(os.path.join(folder, "worker-1.pub"),
                    os.path.join(self.controller.dir, "workers.d"))
        self.controller.stop()  # so that it knows the key when the worker knocks
        self.controller.start()
        self.ec2 = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ec2)
        threading.Thread(target=self.ec2.serve_forever, daemon=True).start()
        self.addCleanup(self.ec2.server_close)
        self.addCleanup(self.ec2.shutdown)
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("OPENASG_", "AWS_"))}
        environment.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", HOME=folder,
                           AWS_SECRET_ACCESS_KEY="example", AWS_REGION="us-east-1")
        with open(os.path.join(folder, "worker.err"), "ab") as err:
            worker = subprocess.Popen(
                [WORKER, "--name", "worker-1", "--dir", folder, "--key-file",
                 os.path.join(folder, "worker-1.key"), "--controller-endpoint",
                 self.controller.workers, "--controller-key", self.controller.key,
                 "--ec2-endpoint", f"http://127.0.0.1:{self.ec2.server_port}",
                 "--hello-every", "100ms"],
                env=environment, stderr=err, stdin=subprocess.DEVNULL)
        self.addCleanup(worker.wait, 20)
        self.addCleanup(worker.terminate)
        wait_for("the worker to join", lambda: worker.poll() is not None
                 or self.ask("worker", "list"), 40)
        with open(os.path.join(folder, "worker.err")) as err:
            self.assertIsNone(worker.poll(), err.read())

    def test_template_create_waits_and_tells_id_and_version(self):
        self.start_worker()
        self.assertEqual(["worker-1"], [item["name"] for item
                                        in self.ask("worker", "list")])
        words = ("--image", "ami-1", "--instance-type", "t3.micro")
        made = self.ask("template", "create", "shop", *words)
        self.assertEqual(("shop", "lt-0123456789abcdef0", "1", "ready"),
                         (made["name"], made["template_id"], made["version"],
                          made["state"]))
        self.assertEqual("2", self.ask("template", "create", "shop", *words)["version"])
        bad = self.run_cli("template", "create", "bad", *words, code=1)
        self.assertIn("template bad: failed: ", bad.stderr)
        self.assertIn("no such image", bad.stderr)
        dead = self.ask("jobs", "--dead")
        self.assertEqual(["template"], [job["kind"] for job in dead])
        shown = self.run_cli("jobs", "show", str(dead[0]["id"])).stdout
        self.assertIn("InvalidAMIID.Malformed", shown)
        self.run_cli("jobs", "retry", str(dead[0]["id"]))
        self.assertTrue(self.ask("replay")["is_identical"])

    def expect_all_forms(self, word, *command):
        """The word is in the table; JSON and YAML say the same to machines."""
        self.assertIn(word, self.run_cli(*command, "--output", "table").stdout)
        as_json = json.loads(self.run_cli(*command, "--output", "json").stdout)
        as_yaml = ruamel.yaml.YAML(typ="safe", pure=True).load(
            self.run_cli(*command, "--output", "yaml").stdout)
        self.assertTrue(as_json)
        self.assertIs(type(as_json), type(as_yaml))
        self.assertLessEqual(len(as_json), len(as_yaml))  # the log grows meanwhile
        first = lambda rows: rows[0] if isinstance(rows, list) else rows
        self.assertEqual(set(first(as_json)), set(first(as_yaml)))

    def test_every_listing_speaks_table_json_and_yaml(self):
        self.make_group("listed")
        self.expect_all_forms("requested", "instance", "list", "listed")
        job = str(self.ask("jobs", "listed")[0]["id"])
        self.start_worker()
        self.run_cli("policy", "put", "listed", "cpu50", "--target", "50")
        self.run_cli("schedule", "put", "listed", "--file",
                     os.path.join(SOURCE, "examples", "schedule.yaml"))
        self.run_cli("template", "create", "listed", "--image", "ami-1",
                     "--instance-type", "t3.micro")
        for word, *command in (
                ("cluster:", "status"), ("worker-1", "worker", "list"),
                ("listed", "group", "list"), ("listed", "group", "show", "listed"),
                ("cpu50", "policy", "list", "listed"),
                ("morning", "schedule", "list", "listed"),
                ("listed", "template", "list"), ("listed", "explain", "listed"),
                ("launch", "jobs", "listed"), ("launch", "jobs", "show", job),
                ("verified", "log", "verify"), ("policy-put", "log", "tail", "-n", "9999"),
                ("identical", "replay")):
            with self.subTest(command=command):
                self.expect_all_forms(word, *command)
        wrong = self.run_cli("status", "--output", "xml", code=2).stderr
        self.assertIn("table", wrong)
        for words in (("explain", "listed"), ("log", "tail")):
            endless = self.run_cli(*words, "--follow", "-o", "json", code=2).stderr
            self.assertIn("leave out --follow", endless)


def load_tests(loader, standard_tests, pattern):
    suite = loader.loadTestsFromTestCase(CliTest)
    suite.addTest(RestartTest("test_wait_outlives_a_restart_of_the_controller"))
    suite.addTest(WorkerTest("test_template_create_waits_and_tells_id_and_version"))
    suite.addTest(WorkerTest("test_every_listing_speaks_table_json_and_yaml"))
    return suite


if __name__ == "__main__":
    unittest.main(verbosity=1)
