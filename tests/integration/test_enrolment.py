#!/usr/bin/python3
"""Agents enrol at the real controller: whose keys are bound to an instance, from where, by
which proof, and that a restart keeps it."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402

IMAGE = "ami-00000000000000001"
PLAY = os.path.join(BUILD, "tests", "play_agent")


def play(*words):
    done = subprocess.run([PLAY, *map(str, words)], capture_output=True, text=True,
                          timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"play_agent {words}: {done.stderr}")
    return dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)


def words_of(line):
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


class Enrolment(unittest.TestCase):
    def setUp(self):
        for program in ("bin/openasg-controller", "bin/openasg-worker", "bin/openasg",
                        "tests/play_agent"):
            if not os.path.exists(os.path.join(BUILD, program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-enrol-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.cluster.start_ec2local("--boot-delay-ms", "50")
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1")

    def launch(self):
        """One instance whose agent is us: its id, address and join line."""
        lines = os.path.join(self.folder, "lines")
        path = os.path.join(self.folder, "boot.sh")
        with open(path, "w") as file:
            file.write(f"#!/bin/sh\ngrep '^# openasg-join' \"$0\" > {lines}.new\n"
                       f"mv {lines}.new {lines}\nexec sleep 1000\n")
        self.cluster.openasg("template", "create", "web", "--image", IMAGE,
                             "--instance-type", "t3.micro", "--user-data-file", path)
        self.cluster.openasg("group", "create", "web", "--min", "0", "--max", "1",
                             "--desired", "1", "--template", "web", "--zones",
                             "us-east-1a", "--health-grace", "1h")
        wait_for("the join line", lambda: os.path.exists(lines))
        with open(lines) as file:
            line = words_of(file.read())
        rows = wait_for("its address", lambda: [
            row for row in self.cluster.ask("instance", "list", "web")
            if row.get("private_ip")])
        return rows[0]["instance_id"], rows[0]["private_ip"], line

    def keys(self, name):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return folder

    def enrol(self, instance_id, line, *, keys, address, **changes):
        words = {"token": line["token"], "job": line["job"], "attempt": line["attempt"],
                 "incarnation": line["incarnation"], **changes}
        more = [part for name, value in words.items() if value is not None
                for part in (f"--{name}", value)]
        return play("enrol", line["enrol"], line["ca"], instance_id, "--keys",
                    self.keys(keys), "--from", address, *more)

    def report(self, answer, keys, address, **more):
        return play("report", answer["reports"], answer["reports_key"], "--keys",
                    self.keys(keys), "--from", address,
                    *[part for name, value in more.items()
                      for part in (f"--{name}", value)])

    def metric(self, name):
        return self.cluster.metrics().get(name, 0)

    def reporting(self, instance_id):
        return any(row["instance_id"] == instance_id and row["is_reporting"]
                   for row in self.cluster.ask("instance", "list", "web"))

    def explain(self):
        return self.cluster.openasg("explain", "web")

    def test_keys_are_bound_once_and_a_restart_keeps_them(self):
        instance_id, address, line = self.launch()
        answer = self.enrol(instance_id, line, keys="own", address=address)
        self.assertEqual("OK", answer["code"], answer)
        cluster = self.cluster.ask("status")["cluster_id"]
        self.assertEqual(f"openasg://{cluster}/instance/{instance_id}", answer["holder"])
        self.assertEqual(cluster, answer["cluster"])
        self.assertEqual(24 * 3600 * 1000, int(answer["valid"]))
        share = int(answer["renew_after"]) / int(answer["valid"])
        self.assertTrue(0.6 < share < 0.74, share)
        self.assertEqual("up", self.report(answer, "own", address)["link"])
        wait_for("its reports", lambda: self.reporting(instance_id))
        self.assertIn("is enrolled", self.explain())

        # The same keys again need no proof, and no event.
        again = self.enrol(instance_id, line, keys="own", address=address, token=None)
        self.assertEqual("OK", again["code"], again)
        self.assertEqual(answer["key"], again["key"])
        self.assertNotEqual(answer["serial"], again["serial"])
        self.assertEqual(1, self.metric('openasg_enrolments_total{outcome="renewed"}'))

        self.cluster.kill("controller")
        self.cluster.start_controller()
        self.assertFalse(self.reporting(instance_id))
        self.assertEqual("up", self.report(answer, "own", address)["link"])
        wait_for("its reports after the restart", lambda: self.reporting(instance_id))
        self.assertEqual(0, self.metric('openasg_enrolments_total{outcome="bound"}'))
        self.assertEqual(1, self.explain().count("is enrolled"))

    def test_other_keys_are_refused_with_an_alarm_until_it_is_rebound(self):
        instance_id, address, line = self.launch()
        first = self.enrol(instance_id, line, keys="own", address=address)
        self.assertEqual("OK", first["code"], first)
        for _ in range(3):
            other = self.enrol(instance_id, line, keys="other", address=address)
            self.assertEqual("PERMISSION_DENIED", other["code"], other)
            self.assertIn("rebind", other["details"])
        wait_for("the alarm", lambda: any(
            "other keys" in alarm for alarm in self.cluster.ask("status")["alarms"]))
        self.assertEqual(1, self.explain().count("other keys"), self.explain())
        self.assertEqual("refused", self.report(first, "other", address)["link"])

        self.cluster.openasg("instance", "rebind", instance_id)
        self.assertEqual("refused", self.report(first, "own", address)["link"])
        line_now = words_of(self.cluster.openasg("instance", "join-line", instance_id))
        self.assertEqual("0", line_now["job"])
        shown = json.loads(self.cluster.openasg("instance", "join-line", instance_id, "-o", "json"))
        self.assertEqual(instance_id, shown["instance"])
        self.assertEqual(line_now, words_of(shown["line"]))
        bound = self.enrol(instance_id, line_now, keys="other", address=address)
        self.assertEqual("OK", bound["code"], bound)
        self.assertEqual("up", self.report(bound, "other", address)["link"])
        self.assertFalse(any("other keys" in alarm
                             for alarm in self.cluster.ask("status")["alarms"]))

    def test_wrong_proofs_and_addresses_bind_nothing(self):
        instance_id, address, line = self.launch()
        cases = {
            "no proof": dict(token=None),
            "another token": dict(token="0" * 64),
            "another job": dict(job=int(line["job"]) + 1),
            "another attempt": dict(attempt=int(line["attempt"]) + 1),
            "another log": dict(incarnation=int(line["incarnation"]) ^ 1),
        }
        for name, changes in cases.items():
            with self.subTest(name):
                answer = self.enrol(instance_id, line, keys="own", address=address,
                                    **changes)
                self.assertEqual("PERMISSION_DENIED", answer["code"], answer)
                self.assertNotRegex(answer["details"], r"\bjob|[0-9a-f]{32}")
        away = self.enrol(instance_id, line, keys="own", address="127.0.0.1")
        self.assertEqual("PERMISSION_DENIED", away["code"], away)
        self.assertNotIn(address, away["details"])
        # The line of an instance is of that instance alone.
        own = words_of(self.cluster.openasg("instance", "join-line", instance_id))
        strange = self.enrol("i-0123456789abcdef0", own, keys="own", address=address)
        self.assertEqual("PERMISSION_DENIED", strange["code"], strange)
        early = self.enrol("i-0123456789abcdef0", line, keys="own", address=address)
        self.assertEqual("NOT_FOUND", early["code"], early)
        for bad in ("i-", "i-0123456789abcdef0123456789", "x" * 19, "i-../../etc"):
            malformed = self.enrol(bad, line, keys="own", address=address)
            self.assertEqual("INVALID_ARGUMENT", malformed["code"], malformed)
        self.assertNotIn("is enrolled", self.explain())
        self.assertEqual(0, self.metric('openasg_enrolments_total{outcome="bound"}'))
        right = self.enrol(instance_id, line, keys="own", address=address)
        self.assertEqual("OK", right["code"], right)

        def said():
            with open(self.cluster.log_of("controller"), errors="replace") as file:
                return re.findall(r"enrolments_refused.*", file.read())
        wait_for("a line with a count", said)
        self.assertLess(len(said()), 4)

    def test_a_server_of_another_authority_is_not_believed(self):
        instance_id, address, line = self.launch()
        answer = self.enrol(instance_id, {**line, "ca": "0" * 64}, keys="own",
                            address=address)
        self.assertEqual("UNAUTHENTICATED", answer["code"], answer)

    def test_reports_that_waited_do_not_count(self):
        instance_id, address, line = self.launch()
        answer = self.enrol(instance_id, line, keys="own", address=address)
        self.report(answer, "own", address)
        wait_for("its reports", lambda: self.metric("openasg_reports_total") >= 3)
        # Set back once, a clock is believed; each older than the last is not possible
        # without that, so none is late.
        self.report(answer, "own", address, clock=60000)
        wait_for("more", lambda: self.metric("openasg_reports_total")
                 + self.metric('openasg_reports_dropped_total{reason="overtaken"}') >= 6)
        self.assertEqual(0, self.metric('openasg_reports_dropped_total{reason="late"}'))

    def test_a_fleet_comes_back_after_a_kill_without_enrolling_again(self):
        path = os.path.join(self.folder, "boot.sh")
        with open(path, "w") as file:
            file.write(f"#!/bin/sh\nexec {BUILD}/bin/openasg-agent --interval-ms 200 "
                       f"--dir \"$PWD/agent\" --grpc-listen ':0'\n")
        self.cluster.openasg("template", "create", "web", "--image", IMAGE,
                             "--instance-type", "t3.micro", "--user-data-file", path)
        self.cluster.openasg("group", "create", "web", "--min", "0", "--max", "3",
                             "--desired", "3", "--template", "web", "--zones",
                             "us-east-1a", "--health-check", "agent")

        def reporting():
            return sorted(row["instance_id"] for row in
                          self.cluster.ask("instance", "list", "web")
                          if row["is_reporting"])
        ids = wait_for("three that report", lambda: len(reporting()) == 3 and reporting())
        self.assertEqual(3, self.metric('openasg_enrolments_total{outcome="bound"}'))
        for _ in range(2):
            self.cluster.kill("controller")
            self.cluster.start_controller()
            wait_for("all of them again", lambda: reporting() == ids)
            for outcome in ("bound", "renewed", "refused", "early"):
                self.assertEqual(
                    0, self.metric(f'openasg_enrolments_total{{outcome="{outcome}"}}'), outcome)
        self.assertEqual(3, self.explain().count("is enrolled"))

    def test_an_address_is_seen_whatever_the_controller_listens_on(self):
        instance_id, address, line = self.launch()
        for where in ("0.0.0.0", "[::]"):
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                port = taken.getsockname()[1]
            self.cluster.kill("controller")
            self.cluster.start_controller(listen_enrol=f"{where}:{port}",
                                          announce_enrol=f"127.0.0.1:{port}")
            there = {**line, "enrol": f"127.0.0.1:{port}"}
            away = self.enrol(instance_id, there, keys=where.strip("[]"),
                              address="127.0.0.1")
            self.assertEqual("PERMISSION_DENIED", away["code"], away)
            self.assertIn("private address", away["details"])
            refused = [row for row in self.cluster.ask("worker", "list", "--refused")
                       if row["edge"] == "enrol"]
            self.assertEqual([(instance_id, "127.0.0.1", 1)], [
                (row["instance_id"], row["address"], row["count"]) for row in refused])
            right = self.enrol(instance_id, there, keys=where.strip("[]"), address=address)
            self.assertEqual("OK", right["code"], right)
            self.cluster.openasg("instance", "rebind", instance_id)

    def refused_start(self, *words):
        command = [os.path.join(BUILD, "bin", "openasg-controller"), "--dir",
                   os.path.join(self.folder, "elsewhere"), "--listen-http",
                   "127.0.0.1:0", "--listen-enrol", "127.0.0.1:0"]
        for port in ("agents", "workers", "admin"):
            command += [f"--listen-{port}", "tcp://127.0.0.1:*"]
        done = subprocess.run([*command, *words], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(1, done.returncode, done.stderr)
        return done.stderr

    def test_a_key_that_is_gone_beside_a_log_is_not_replaced_without_a_word(self):
        def said():
            with open(self.cluster.log_of("controller")) as log:
                return [line for line in log if "key_made_anew" in line]

        self.assertEqual([], said())  # a first start
        self.cluster.kill("controller")
        for name in ("join.secret", "ca.key", "ca.pem"):
            os.unlink(os.path.join(self.cluster.state, name))
        self.cluster.start_controller()
        self.assertEqual(3, len(said()), said())
        for name in ("join.secret", "ca.key", "ca.pem"):
            self.assertTrue(any(f"/{name} was missing" in line for line in said()), name)

    def test_listening_everywhere_without_a_word_for_agents_is_refused(self):
        for name, where in (("agents", "tcp://0.0.0.0:0"), ("enrol", "0.0.0.0:0"),
                            ("agents", "tcp://[::]:0")):
            self.assertIn(f"set announce.{name}",
                          self.refused_start(f"--listen-{name}", where))

    def test_an_announcement_that_agents_could_not_use_is_refused(self):
        for name, text in (("agents", "10.0.0.1:7701"), ("agents", "tcp://10.0.0.1"),
                           ("enrol", "tcp://10.0.0.1:7708"), ("enrol", "10.0.0.1"),
                           ("enrol", "10.0.0.1:70000"), ("enrol", ":7708"),
                           ("enrol", "0.0.0.0:7708"), ("agents", "tcp://*:7701"),
                           ("agents", "tcp://10.0.0.1:7701,tcp://[::]:7701"),
                           ("enrol", "10.0.0.1:7708, 10.0.0.2:7708")):
            self.assertIn(f"announce.{name}",
                          self.refused_start(f"--announce-{name}", text))


if __name__ == "__main__":
    unittest.main(verbosity=2)
