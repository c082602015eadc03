#!/usr/bin/python3
"""The log of a real controller as JSON, and as fields of a real systemd-journald, which runs in
a mount namespace of its own: /run there is ours, and journald puts its socket in it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
SANITIZERS = {name: value for name, value in os.environ.items()
              if name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")}
JOURNALD = "/usr/lib/systemd/systemd-journald"
LISTEN = {"agents": "tcp://127.0.0.1:*", "workers": "tcp://127.0.0.1:*",
          "admin": "tcp://127.0.0.1:*", "http": "127.0.0.1:0", "enrol": "127.0.0.1:0"}


def wait_for(what, reason):
    until = time.monotonic() + 30
    while not what():
        if time.monotonic() > until:
            raise AssertionError(reason)
        time.sleep(0.02)


def run_controller(folder, log, *words, environment=(), stderr=None):
    """From its start until it leads, and to its end."""
    endpoints = os.path.join(folder, "endpoints")
    if os.path.exists(endpoints):
        os.unlink(endpoints)
    with open(log, "wb") as file:
        process = subprocess.Popen(
            [os.path.join(BUILD, "bin", "openasg-controller"),
             "--dir", os.path.join(folder, "state"), "--endpoint-file", endpoints,
             *(f"--listen-{name}={where}" for name, where in LISTEN.items()), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr or file,
            env={"PATH": os.environ["PATH"], **SANITIZERS, **dict(environment)})
    try:
        wait_for(lambda: os.path.exists(endpoints) or process.poll() is not None,
                 "the controller does not lead")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, open(log, encoding="utf-8").read()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class Formats(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-log-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.log = os.path.join(self.folder, "log")

    def lines(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read().splitlines()

    def test_json(self):
        run_controller(self.folder, self.log, "--log-format", "json")
        rows = [json.loads(line) for line in self.lines()]
        for row in rows:
            self.assertEqual(list(row)[:6], ["ts", "level", "program", "room", "event", "msg"])
            self.assertRegex(row["ts"], r"^20\d\d-\d\d-\d\dT[0-9:.]{12}Z$")
        leading = next(row for row in rows if row["event"] == "leading")
        self.assertEqual((leading["level"], leading["program"], leading["room"]),
                         ("info", "controller", "lead"))
        self.assertEqual(leading["epoch"], 1)
        self.assertTrue(leading["cluster"])
        self.assertIn(f"cluster={leading['cluster']} epoch=1 ", leading["msg"])

    def test_text_is_the_form_without_systemd(self):
        run_controller(self.folder, self.log)
        self.assertRegex("\n".join(self.lines()),
                         r"(?m)^\S+Z info controller lead leading cluster=\S+ epoch=1 ")

    def test_another_form_is_refused(self):
        done = subprocess.run([os.path.join(BUILD, "bin", "openasg-worker"),
                               "--log-format", "xml"], capture_output=True, text=True,
                              timeout=30, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 2)
        self.assertIn("auto, text, json, journal", done.stderr)

    def test_journal(self):
        if os.geteuid() != 0 or not os.path.exists(JOURNALD):
            self.skipTest("wants root and systemd-journald")
        inside = subprocess.run(
            ["unshare", "--mount", sys.executable, __file__, "--inside", self.folder],
            capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        if inside.returncode == 77:
            self.skipTest(inside.stderr)
        self.assertEqual(inside.returncode, 0, inside.stdout + inside.stderr)


# ---- in the namespace ----

def start_journald():
    for words in (["mount", "--make-rprivate", "/"], ["mount", "-t", "tmpfs", "run", "/run"]):
        if subprocess.run(words, capture_output=True).returncode != 0:
            print("no mount namespace can be had here", file=sys.stderr)
            raise SystemExit(77)
    os.makedirs("/run/systemd/journal")
    os.makedirs("/run/log/journal")
    journald = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists("/run/systemd/journal/stdout"), "journald does not start")
    return journald


def journal_rows(*matches):
    done = subprocess.run(["journalctl", "--directory=/run/log/journal", "-o", "json",
                           *matches], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def standard_error():
    """As systemd gives it to a service: a stream of journald's, and where to compare it."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.connect("/run/systemd/journal/stdout")
    stream.sendall(b"from-stream\nopenasg-controller.service\n6\n0\n0\n0\n0\n")
    found = os.fstat(stream.fileno())
    return stream, f"{found.st_dev}:{found.st_ino}"


def check_rows(rows, transport):
    leading = [row for row in rows if row.get("OPENASG_EVENT") == "leading"]
    assert len(leading) == 1, rows
    row = leading[0]
    assert row["PRIORITY"] == "6" and row["_TRANSPORT"] == transport, row
    assert row["SYSLOG_IDENTIFIER"] == "openasg-controller", row
    assert row["OPENASG_ROOM"] == "lead" and row["OPENASG_CLUSTER"], row
    assert re.match(r"lead leading cluster=\S+ epoch=\d+ ", row["MESSAGE"]), row
    assert row["MESSAGE_ID"] == "70009f8cb8d54507bb35b0c4c7cec7e3", row
    assert row["_EXE"].endswith("openasg-controller"), row


def inside(folder):
    journald = start_journald()
    try:
        log = os.path.join(folder, "log")
        run_controller(folder, log, "--log-format", "journal")
        wait_for(lambda: journal_rows("OPENASG_EVENT=stopping"), "nothing is in the journal")
        check_rows(journal_rows("OPENASG_EPOCH=1"), "journal")
        assert os.path.getsize(log) == 0, open(log, encoding="utf-8").read()

        # auto: by what systemd says of standard error; elsewhere it stays text
        stream, name = standard_error()
        run_controller(folder, log, environment={"JOURNAL_STREAM": name}, stderr=stream)
        wait_for(lambda: len(journal_rows("OPENASG_EVENT=stopping")) == 2, "auto is not it")
        check_rows(journal_rows("OPENASG_EPOCH=2"), "journal")
        run_controller(folder, log, environment={"JOURNAL_STREAM": name})
        assert b" info controller lead leading cluster=" in open(log, "rb").read()

        # a journald that died takes nothing: the lines are on standard error
        journald.kill()
        journald.wait()
        run_controller(folder, log, "--log-format", "journal")
        assert b" info controller lead leading cluster=" in open(log, "rb").read()
    finally:
        if journald.poll() is None:
            journald.kill()
        journald.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2])
    else:
        unittest.main()
