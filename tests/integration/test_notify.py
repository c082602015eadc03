#!/usr/bin/python3
"""Each service tells systemd that it is ready, alive and ending, as its unit says that it will
(Type=notify, WatchdogSec=): heard here at a socket that plays systemd."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
SANITIZERS = {name: value for name, value in os.environ.items()
              if name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")}
WATCHDOG_USEC = 400000


class Notify(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-notify-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.systemd.close)
        self.path = os.path.join(self.folder, "notify")
        self.systemd.bind(self.path)
        self.systemd.settimeout(30)

    def begin(self, program, *arguments):
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "bin", program), *arguments], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={
                    "PATH": os.environ["PATH"], "NOTIFY_SOCKET": self.path,
                    "WATCHDOG_USEC": str(WATCHDOG_USEC), "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
                    "AWS_SECRET_ACCESS_KEY": "of nobody", **SANITIZERS})
        self.addCleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def heard(self):
        try:
            return self.systemd.recv(1024).decode()
        except TimeoutError:
            with open(self.log) as file:
                self.fail("nothing heard; its log:\n" + file.read())

    def check_life(self):
        self.assertTrue(self.heard().startswith("READY=1\nSTATUS="))
        begun = time.monotonic()
        for _ in range(5):
            self.assertEqual("WATCHDOG=1", self.heard())
        # The first at once, then each half of what systemd waits: alive, and no flood.
        self.assertGreater(time.monotonic() - begun, 3 * WATCHDOG_USEC / 2e6)
        self.process.send_signal(signal.SIGTERM)
        said = self.heard()
        while said == "WATCHDOG=1":
            said = self.heard()
        self.assertEqual("STOPPING=1", said)
        self.assertEqual(0, self.process.wait(timeout=30))

    def test_controller(self):
        listen = {"agents": "tcp://127.0.0.1:*", "workers": "tcp://127.0.0.1:*",
                  "admin": "tcp://127.0.0.1:*", "http": "127.0.0.1:0", "enrol": "127.0.0.1:0"}
        self.begin("openasg-controller", "--dir", os.path.join(self.folder, "state"),
                   *(f"--listen-{name}={where}" for name, where in listen.items()))
        self.check_life()

    def test_worker(self):
        self.begin("openasg-worker", "--dir", os.path.join(self.folder, "state"),
                   "--region", "us-east-1", "--allow-plaintext",
                   "--controller-endpoint", f"ipc://{self.folder}/nobody")
        self.check_life()

    def test_agent_that_waits_for_its_metadata_is_ready_and_alive(self):
        self.begin("openasg-agent", "--dir", os.path.join(self.folder, "state"),
                   "--metadata-endpoint", "http://127.0.0.1:9")
        self.assertTrue(self.heard().startswith("READY=1\n"))
        self.assertEqual("WATCHDOG=1", self.heard())
        self.process.send_signal(signal.SIGTERM)
        said = self.heard()
        while said == "WATCHDOG=1":
            said = self.heard()
        self.assertEqual("STOPPING=1", said)
        self.assertEqual(0, self.process.wait(timeout=30))

    def test_agent(self):
        line = os.path.join(self.folder, "join")
        with open(line, "w") as file:
            file.write(f"# openasg-join: token={'a' * 64} enrol=127.0.0.1:9 ca={'b' * 64} "
                       "job=1 attempt=1 incarnation=1\n")
        os.chmod(line, 0o600)
        self.begin("openasg-agent", "--dir", os.path.join(self.folder, "state"),
                   "--instance-id", "i-0123456789abcdef0", "--private-ip", "127.0.0.1",
                   "--grpc-listen", "127.0.0.1:0", "--join-file", line,
                   "--interval-ms", "60000",  # no reason to be silent for longer than it waits
                   "--spot-notices", "off")
        self.check_life()

    def test_the_units_wait_for_what_the_programs_say(self):
        folder = os.path.join(SOURCE, "deploy", "systemd")
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name)) as file:
                unit = file.read()
            self.assertRegex(unit, r"(?m)^Type=notify$", name)
            self.assertGreaterEqual(int(re.search(r"(?m)^WatchdogSec=(\d+)$", unit)[1]), 30)
            self.assertIn("AF_UNIX", unit)  # or the socket would be out of reach


if __name__ == "__main__":
    unittest.main()
