"""./dev up, ./dev env and ./dev down as a user has them: a set in a folder of its own, a
shell pointed at it, a second set that uses the first one's EC2, and no process left."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

root = os.environ["ASG_SOURCE_DIR"]
build = os.environ["ASG_BUILD_DIR"]
sys.path.insert(0, os.path.join(root, "deploy"))
from cluster import wait_for  # noqa: E402
from up import start_time  # noqa: E402

AWS = "/usr/bin/aws"


def clean_environment():
    return {name: value for name, value in os.environ.items()
            if not name.startswith(("AWS_", "OPENASG_"))}


class UpTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-up-")
        self.folders = []

    def tearDown(self):
        for folder in self.folders:
            if os.path.exists(os.path.join(folder, "up.json")):
                self.dev("down", folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def dev(self, command, folder, *words, env=None):
        if folder not in self.folders:
            self.folders.insert(0, folder)
        return subprocess.run(
            [sys.executable, os.path.join(root, "deploy", "up.py"), command, "--build",
             build, "--dir", folder, *words], capture_output=True, text=True, timeout=120,
            env=env or clean_environment(), stdin=subprocess.DEVNULL)

    def in_shell(self, folder, script):
        """A script in a plain sh that has evaluated what ./dev env prints."""
        exports = self.dev("env", folder)
        self.assertEqual(0, exports.returncode, exports.stderr)
        return subprocess.run(["sh", "-ec", exports.stdout + script], text=True,
                              env=clean_environment(), capture_output=True, timeout=120)

    def processes(self, folder):
        with open(os.path.join(folder, "up.json")) as file:
            return json.load(file)["processes"]

    def test_a_shell_is_pointed_at_what_is_up_until_it_is_down(self):
        first = os.path.join(self.folder, "a folder")
        began = self.dev("up", first, "--workers", "1")
        self.assertEqual(0, began.returncode, began.stderr)
        again = self.dev("up", first)
        self.assertEqual(1, again.returncode)
        self.assertIn("it is up already in", again.stderr)
        asked = self.in_shell(first, "openasg worker list --output json\n"
                                     "echo; echo \"$AWS_ENDPOINT_URL_EC2\"\n")
        self.assertEqual(0, asked.returncode, asked.stderr)
        self.assertIn('"worker-1"', asked.stdout)
        if os.path.exists(AWS):
            listed = self.in_shell(first, "PATH=/usr/bin:$PATH\n"
                                          "aws ec2 describe-instances --output json\n")
            self.assertEqual(0, listed.returncode, listed.stderr)
            self.assertEqual({"Reservations": []}, json.loads(listed.stdout))
            listed = self.in_shell(first, "PATH=/usr/bin:$PATH\n"
                                          "aws autoscaling describe-auto-scaling-groups "
                                          "--output json\n")
            self.assertEqual(0, listed.returncode, listed.stderr)
            self.assertEqual({"AutoScalingGroups": []}, json.loads(listed.stdout))
        processes = self.processes(first)
        self.assertEqual(["controller", "ec2local", "worker-1"],
                         sorted(p["name"] for p in processes))
        ended = self.dev("down", first)
        self.assertEqual(0, ended.returncode, ended.stderr)
        for process in processes:
            self.assertNotEqual(process["started"], start_time(process["pid"]))
        nothing = self.dev("env", first)
        self.assertEqual(1, nothing.returncode)
        self.assertIn("nothing is up in", nothing.stderr)

    def test_the_play_of_the_readme_scales_out(self):
        """Its words as they stand there, but for the folder and faster evaluations."""
        with open(os.path.join(root, "README.md")) as file:
            play = file.read().split("## Play with it")[1]
        folder = os.path.join(self.folder, "play")
        state = "~/.local/state/openasg"
        for words in ("aws ec2 create-launch-template",
                      "aws autoscaling create-auto-scaling-group",
                      "aws autoscaling put-scaling-policy", f"touch {state}/ec2/load",
                      "aws autoscaling describe-scaling-activities", "openasg explain"):
            self.assertIn(words, play)
        lines = play.split('eval "$(./dev env)"')[1].split("touch ")[0]
        script = lines.split("\n", 1)[1].replace("-warmup 10", "-warmup 0")
        self.assertNotIn("openasg ", script)  # aws alone
        began = self.dev("up", folder, "--workers", "1")
        self.assertEqual(0, began.returncode, began.stderr)
        made = self.in_shell(folder, f"cd {root}\nPATH=/usr/bin:$PATH\n{script}"
                             "openasg group update web --evaluation 1s\n"
                             "openasg wait web --in-service 2 --timeout 60s\n"
                             f"touch {folder}/ec2/load\n"
                             "openasg wait web --at-least 4 --timeout 60s\n"
                             f"rm {folder}/ec2/load\n"
                             "aws autoscaling describe-scaling-activities --output json\n"
                             "openasg explain web\n")
        self.assertEqual(0, made.returncode, made.stdout + made.stderr)
        self.assertIn("a monitor alarm TargetTracking-web-AlarmHigh", made.stdout)
        self.assertRegex(made.stdout, r"cpu mean [0-9.]+ % over .*, target 50 %: wants")

    def test_another_endpoint_is_driven_with_the_keys_of_the_environment(self):
        first = os.path.join(self.folder, "first")
        second = os.path.join(self.folder, "second")
        self.assertEqual(0, self.dev("up", first, "--workers", "1").returncode)
        without = self.dev("up", second, "--ec2-endpoint", "http://127.0.0.1:1")
        self.assertEqual(1, without.returncode)
        self.assertIn("AWS_ACCESS_KEY_ID", without.stderr)
        with open(os.path.join(first, "keys.json")) as file:
            keys = json.load(file)
        with open(os.path.join(first, "up.json")) as file:
            url = json.load(file)["ec2_endpoint"]
        began = self.dev("up", second, "--ec2-endpoint", url, "--workers", "1",
                         env={**clean_environment(), **keys})
        self.assertEqual(0, began.returncode, began.stderr)
        self.assertNotIn("ec2local", [p["name"] for p in self.processes(second)])
        made = self.in_shell(second, "openasg template create web --image "
                                     "ami-00000000000000001 --instance-type t3.micro\n")
        self.assertEqual(0, made.returncode, made.stderr)
        self.assertIn("ready", made.stdout)

    def test_an_interrupt_while_it_starts_leaves_nothing(self):
        folder = os.path.join(self.folder, "interrupted")
        starting = subprocess.Popen(
            [sys.executable, os.path.join(root, "deploy", "up.py"), "up", "--build", build,
             "--dir", folder], env=clean_environment(), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        wait_for("its EC2", lambda: os.path.exists(os.path.join(folder, "ec2.endpoint")))
        starting.send_signal(signal.SIGINT)
        said, _ = starting.communicate(timeout=60)
        if starting.returncode == 0:  # it was faster than the signal
            self.assertEqual(0, self.dev("down", folder).returncode)
            return
        self.assertEqual(130, starting.returncode, said)
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline") as file:
                    self.assertNotIn(folder, file.read())
            except OSError:
                continue


if __name__ == "__main__":
    unittest.main()
