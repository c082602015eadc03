"""`openasg doctor` on set-ups that are broken in one way each, with real programs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_fixture import BUILD, ApiFixture, wait_for  # noqa: E402

OPENASG = os.path.join(BUILD, "bin", "openasg")


class Looking(unittest.TestCase):
    maxDiff = None
    cluster = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-doctor-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def command(self, *arguments, controller=None, state=None):
        return [OPENASG, "doctor", "--dir", state or self.cluster.state, "--controller",
                controller or self.cluster.controller_endpoints()["admin"],
                "--etc", self.folder, "--request-timeout", "3s", "-o", "json", *arguments]

    def look(self, *arguments, code=1, before=(), environment=None, **more):
        """The findings that are not ok, as {check: [text + todo]}."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("OPENASG_", "AWS_"))}
        kept.update(environment or {})
        result = subprocess.run([*before, *self.command(*arguments, **more)], text=True,
                                capture_output=True, timeout=60, check=False, env=kept)
        if code is not None:
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertEqual(result.stderr, "")
        found = {}
        self.all = json.loads(result.stdout)
        for one in self.all:
            self.assertIn(one["state"], ("ok", "warning", "failed"))
            if one["state"] != "ok":
                found.setdefault(one["check"], []).append(
                    f"{one['state']}: {one['text']} {one['todo']}")
        return found

    def assert_only(self, found, check, *words):
        # Tests before this one were refused by the same controller.
        self.assertEqual([one for one in found if one != "refused" or one == check], [check])
        for word in words:
            self.assertIn(word, found[check][0])

    def make_keys(self, name, folder):
        subprocess.run([OPENASG, "keys", "make", name, "--to", folder], check=True,
                       capture_output=True, timeout=30)


class Doctor(Looking):
    @classmethod
    def setUpClass(cls):
        cls.api = ApiFixture()
        cls.addClassCleanup(cls.api.close)
        cls.cluster = cls.api.cluster

    def other_state(self):
        """A copy of the admin's files, to be broken."""
        state = os.path.join(self.folder, "state")
        os.mkdir(state, mode=0o700)
        for name in ("admin.key", "controller.key.pub"):
            shutil.copy(os.path.join(self.cluster.state, name), state)
        return state

    def test_no_process_listens(self):
        found = self.look(controller="tcp://127.0.0.1:9", state=self.other_state())
        self.assert_only(found, "controller", "nothing listens at tcp://127.0.0.1:9")

    def test_a_wrong_port(self):
        http = self.cluster.controller_endpoints()["http"].replace("http", "tcp", 1)
        found = self.look(controller=http, state=self.other_state())
        self.assert_only(found, "controller", "no answer from " + http)

    def test_an_admin_key_that_is_refused(self):
        state = self.other_state()
        os.unlink(os.path.join(state, "admin.key"))
        self.make_keys("other", state)
        found = self.look("--key-file", os.path.join(state, "other.key"), state=state)
        self.assert_only(found, "controller", "admins.d")

    def test_a_server_key_of_another_controller(self):
        state = self.other_state()
        self.make_keys("other", state)
        found = self.look("--server-key-file", os.path.join(state, "other.pub"), state=state)
        self.assert_only(found, "controller", "other.pub")

    def test_an_admin_key_that_others_can_read(self):
        state = self.other_state()
        os.chmod(os.path.join(state, "admin.key"), 0o644)
        found = self.look(state=state)
        self.assertIn("chmod 600", found["admin key"][0])

    def test_no_admin_key_and_no_controllers_key(self):
        found = self.look(state=self.folder)
        self.assertIn("there is no key file", found["admin key"][0])
        self.assertIn("openasg keys make", found["admin key"][0])
        self.assertIn("Copy controller.key.pub", found["controller's key"][0])

    def test_a_variable_with_a_typing_error(self):
        found = self.look(environment={"OPENASG_CONTROLER": "tcp://127.0.0.1:1"})
        self.assert_only(found, "environment", "OPENASG_CONTROLER", "OPENASG_CONTROLLER.")

    def test_a_key_folder_with_a_file_that_is_no_key(self):
        path = os.path.join(self.cluster.state, "workers.d", "broken.pub")
        with open(path, "w") as file:
            file.write("nonsense\n")
        self.addCleanup(os.unlink, path)
        self.assert_only(self.look(), "key folder", "broken.pub")

    def test_a_key_folder_that_others_can_write(self):
        path = os.path.join(self.cluster.state, "admins.d")
        os.chmod(path, 0o777)
        self.addCleanup(os.chmod, path, 0o700)
        found = self.look()
        self.assertIn("key folder", found)
        self.assertIn("admins.d", found["key folder"][0])

    def test_a_log_that_others_can_write(self):
        path = os.path.join(self.cluster.state, "openasg.log")
        os.chmod(path, 0o666)
        self.addCleanup(os.chmod, path, 0o600)
        self.assert_only(self.look(), "log file", "chmod 600", "mode 666")

    def test_a_clock_that_is_wrong(self):
        if shutil.which("faketime") is None:
            self.skipTest("faketime is not installed")
        found = self.look(before=("faketime", "-f", "+10m"))
        self.assertIn("behind this host's", found["clock"][0])
        self.assertTrue(found["clock"][0].startswith("failed"), found)

    def test_a_disk_that_is_full(self):
        """A file system of 2 MiB, in a namespace of its own."""
        state = os.path.join(self.folder, "small")
        os.mkdir(state, mode=0o700)
        script = ("mount -t tmpfs -o size=2m,mode=0700 none \"$1\" || exit 77; "
                  "cp -p \"$2/admin.key\" \"$2/controller.key.pub\" \"$1\"; "
                  "touch \"$1/openasg.log\"; chmod 600 \"$1/openasg.log\"; "
                  "dd if=/dev/zero of=\"$1/fill\" 2>/dev/null; shift 2; exec \"$@\"")
        before = ("unshare", "-rm", "sh", "-c", script, "sh", state, self.cluster.state)
        probe = subprocess.run([*before, "true"], capture_output=True, check=False, timeout=30)
        if probe.returncode != 0:
            self.skipTest("no file system can be mounted here")
        found = self.look(before=before, state=state)
        self.assertIn("0 MiB (0 %)", found["disk"][0])
        self.assertIn("stops leading", found["disk"][0])

    def test_a_halt(self):
        self.cluster.openasg("halt", "--yes")
        self.addCleanup(self.cluster.openasg, "unhalt")
        self.assert_only(self.look(), "halt", "everything is halted", "openasg unhalt")

    def test_settings_of_programs_that_are_wrong(self):
        for name, text in (("controller.yaml", "lisen: 1\nlog_level: loud\n"),
                           ("worker.yaml", "controller:\n  key: short\nregion: us-east-1\n"),
                           ("agent.yaml", "interval_ms: 1\n")):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)
        found = self.look()
        self.assertEqual(len([text for text in found["openasg-controller"]
                              if "controller.yaml:" in text]), 2, found)
        self.assertIn("cannot read key file short", found["openasg-worker"][0])
        self.assertTrue(any("agent.yaml:1" in text for text in found["openasg-agent"]), found)

    def test_the_environment_of_a_unit_counts(self):
        for name in ("openasg", "default"):
            os.mkdir(os.path.join(self.folder, name))
        with open(os.path.join(self.folder, "openasg", "worker.yaml"), "w") as file:
            file.write(f"dir: {self.folder}/w\ncontroller:\n"
                       f"  key: {self.cluster.state}/controller.key.pub\n")
        etc = ("--etc", os.path.join(self.folder, "openasg"))
        self.assertIn("no region", self.look(*etc)["openasg-worker"][0])
        with open(os.path.join(self.folder, "default", "openasg-worker"), "w") as file:
            file.write("# what the unit adds\nAWS_REGION=\"us-east-1\"\n")
        self.assertNotIn("openasg-worker", self.look(*etc, code=None))

    def test_the_environment_of_a_unit_is_no_way_into_another_users_programs(self):
        """Of a unit's environment only settings count: the unit's program runs as its own
        user, and this one perhaps as root."""
        source = os.path.join(self.folder, "evil.c")
        library = os.path.join(self.folder, "evil.so")
        mark = os.path.join(self.folder, "was-here")
        with open(source, "w", encoding="utf-8") as file:
            file.write('#include <stdio.h>\n__attribute__((constructor)) static void run(void)'
                       f'{{ FILE *mark = fopen("{mark}", "w"); if (mark) fclose(mark); }}\n')
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True,
                       timeout=60)
        environment = os.path.join(self.folder, "worker.env")
        with open(os.path.join(self.folder, "worker.yaml"), "w", encoding="utf-8") as file:
            file.write("jobs: 7\n")
        with open(environment, "w", encoding="utf-8") as file:
            file.write(f"LD_PRELOAD={library}\nOPENASG_WORKER_JOBS=none\n")
        os.chmod(environment, 0o600)
        self.assertIn("OPENASG_WORKER_JOBS", self.look()["openasg-worker"][0])
        self.assertFalse(os.path.exists(mark), "a library of the file's was run")
        os.chmod(environment, 0o666)
        found = self.look()
        self.assertIn("may be written by others", found["environment"][0])
        self.assertNotIn("OPENASG_WORKER_JOBS", found["openasg-worker"][0])

    def test_a_worker_whose_key_is_not_admitted(self):
        state = os.path.join(self.folder, "worker")
        os.mkdir(state, mode=0o700)
        self.make_keys("stranger", state)
        endpoints = self.cluster.controller_endpoints()
        self.cluster.start("stranger", [
            "openasg-worker", "--name", "stranger", "--dir", state, "--key-file",
            os.path.join(state, "stranger.key"), "--controller-endpoint", endpoints["workers"],
            "--controller-key=" + endpoints["key"], "--ec2-endpoint",
            self.cluster.ec2_endpoint])
        try:
            wait_for("the refusal", lambda: self.cluster.ask("worker", "list", "--refused"),
                     pause=0.05)
            found = self.look()
        finally:
            self.cluster.kill("stranger", signal.SIGTERM)
        self.assertIn("port workers refused", found["refused"][0])
        self.assertIn("workers.d", found["refused"][0])


class OtherClusters(Looking):
    """Controllers and workers that are set up wrong: a cluster for each."""

    def test_everything_is_fine(self):
        api = ApiFixture()
        self.addCleanup(api.close)
        self.cluster = api.cluster
        self.assertEqual(self.look(code=0), {})
        checks = {one["check"] for one in self.all}
        self.assertLessEqual({"settings", "admin key", "controller's key", "key folder",
                              "log file", "disk", "controller", "alarm", "agents' port",
                              "enrolment port", "workers' port", "metrics", "clock",
                              "certificate", "worker", "refused"}, checks)
        plain = subprocess.run([word for word in self.command() if word not in ("-o", "json")],
                               text=True, capture_output=True, timeout=60, check=False)
        self.assertEqual(plain.returncode, 0, plain.stdout + plain.stderr)
        for line in plain.stdout.splitlines():
            self.assertTrue(line.startswith("ok "), line)

    def test_no_worker_is_ready(self):
        api = ApiFixture(jobs_lease="600ms", jobs_heartbeat="200ms")
        self.addCleanup(api.close)
        self.cluster = api.cluster
        self.cluster.kill("worker-1", signal.SIGKILL)
        wait_for("a silent worker", lambda: all(row["state"] != "ready" for row in
                                                self.cluster.ask("worker", "list")), pause=0.1)
        found = self.look()
        self.assertIn("no message for", found["worker"][0])
        self.assertIn("no worker is ready", found["worker"][-1])
        self.assertIn("workers.d", found["worker"][-1])

    def test_no_metrics_and_an_address_that_no_one_can_reach(self):
        api = ApiFixture(listen_http="", announce_agents="tcp://127.0.0.1:9",
                         announce_enrol="nosuch.invalid:7708")
        self.addCleanup(api.close)
        self.cluster = api.cluster
        found = self.look()
        self.assertIn("serves no metrics", found["metrics"][0])
        self.assertIn("no process listens there", found["agents' port"][0])
        self.assertIn("announce.agents", found["agents' port"][0])
        self.assertIn("not an address that can be found", found["enrolment port"][0])

    def test_a_worker_without_credentials(self):
        api = ApiFixture()
        self.addCleanup(api.close)
        self.cluster = api.cluster
        self.cluster.env_of["worker-1"] = {"AWS_SECRET_ACCESS_KEY": "wrong"}
        self.cluster.kill("worker-1", signal.SIGTERM)
        self.cluster.start_worker("worker-1")
        wait_for("its state", lambda: [row for row in self.cluster.ask("worker", "list")
                                       if row["state"] == "no-credentials"], pause=0.1)
        found = self.look()
        self.assertIn("no-credentials", found["worker"][0])
        self.assertIn("--check-credentials", found["worker"][0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
