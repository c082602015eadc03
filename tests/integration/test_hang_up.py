#!/usr/bin/python3
"""SIGHUP, which is sent to a service to have it read its settings again, ends no program: one
that reads none again says so in its log and goes on."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
SANITIZERS = {name: value for name, value in os.environ.items()
              if name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")}
LINE = "hang_up SIGHUP: nothing to read again; restart to change settings"


class HangUp(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-hang-up-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.state = os.path.join(self.folder, "state")
        self.log = os.path.join(self.folder, "log")

    def begin(self, program, *arguments):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "bin", program), *arguments], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={
                    "PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
                    "AWS_SECRET_ACCESS_KEY": "of nobody", **SANITIZERS})
        self.addCleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait_for(self, words, times):
        end = time.monotonic() + 30
        while True:
            with open(self.log) as file:
                said = file.read()
            if said.count(words) >= times:
                return
            self.assertIsNone(self.process.poll(), said)
            self.assertLess(time.monotonic(), end, f"no {words!r} in its log:\n{said}")
            time.sleep(0.02)

    def check(self, ready):
        self.wait_for(ready, 1)
        for times in (1, 2):
            self.process.send_signal(signal.SIGHUP)
            self.wait_for(LINE, times)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(0, self.process.wait(timeout=30))

    def test_help_says_so(self):
        for program in ("controller", "worker", "agent", "ec2local"):
            said = subprocess.run([os.path.join(BUILD, "bin", f"openasg-{program}"), "--help"],
                                  check=True, capture_output=True, text=True).stdout
            self.assertIn("a terminal that closes (SIGHUP) does not end it.",
                          " ".join(said.split()))

    def test_controller_without_an_api(self):
        listen = {"agents": "tcp://127.0.0.1:*", "workers": "tcp://127.0.0.1:*",
                  "admin": "tcp://127.0.0.1:*", "http": "127.0.0.1:0", "enrol": "127.0.0.1:0"}
        self.begin("openasg-controller", "--dir", self.state,
                   *(f"--listen-{name}={where}" for name, where in listen.items()))
        self.check(" leading ")

    def test_worker(self):
        self.begin("openasg-worker", "--dir", self.state, "--region", "us-east-1",
                   "--allow-plaintext", "--controller-endpoint", f"ipc://{self.folder}/nobody")
        self.check(" started ")

    def test_agent(self):
        line = os.path.join(self.folder, "join")
        with open(line, "w") as file:
            file.write(f"# openasg-join: token={'a' * 64} enrol=127.0.0.1:9 ca={'b' * 64} "
                       "job=1 attempt=1 incarnation=1\n")
        os.chmod(line, 0o600)
        self.begin("openasg-agent", "--dir", self.state,
                   "--instance-id", "i-0123456789abcdef0", "--private-ip", "127.0.0.1",
                   "--grpc-listen", "127.0.0.1:0", "--join-file", line,
                   "--interval-ms", "60000", "--spot-notices", "off")
        self.check(" started ")

    def test_agent_that_waits_for_its_metadata(self):
        self.begin("openasg-agent", "--dir", self.state,
                   "--metadata-endpoint", "http://127.0.0.1:9")
        self.check(" identity_unknown ")

    def test_ec2local(self):
        self.begin("openasg-ec2local", "--dir", self.state, "--port", "0", "--no-boot")
        self.check("serves http://")


if __name__ == "__main__":
    unittest.main()
