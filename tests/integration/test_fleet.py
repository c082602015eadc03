#!/usr/bin/python3
"""Small fleets of real programs, one rule of operation each: what runs before an instance is
terminated, the rules of examples/ on real CPU, and programs that start and stop in any
order."""

import datetime
import glob
import os
import shutil
import signal
import sys
import tempfile
import unittest

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402

AGENT = os.path.join(BUILD, "bin", "openasg-agent")
WAIT = 90


class Fleet(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-fleet-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o600):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode),
                  "w") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        try:
            with open(self.path(name)) as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def start_all(self):
        self.cluster.start_ec2local("--boot-delay-ms", "50")
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1")

    def make_template(self, agent_options="", before=""):
        script = self.write("boot.sh", f"""#!/bin/sh
{before}
exec {AGENT} --cpu-source session --interval-ms 200 --dir "$PWD/agent" \\
  --grpc-listen ":0" {agent_options}
""")
        self.cluster.openasg("template", "create", "web", "--image",
                             "ami-00000000000000001", "--instance-type", "t3.micro",
                             "--user-data-file", script)

    def make_group(self, *options):
        self.cluster.openasg("group", "create", "web", "--min", "1", "--max", "4",
                             "--template", "web", "--zones", "us-east-1a",
                             "--health-check", "agent", "--evaluation", "1s",
                             "--terminating-percent", "100", "--terminated-percent", "100",
                             *options)

    def rows(self):
        return self.cluster.ask("instance", "list", "web")

    def serving(self):
        return {r["instance_id"] for r in self.rows() if r["state"] == "in-service"}

    def wait_serving(self, count):
        return wait_for(f"{count} in service", lambda: len(self.serving()) == count
                        and self.serving(), WAIT)

    def wait_explained(self, words):
        wait_for(words, lambda: words in self.cluster.openasg("explain", "web"), WAIT)

    def scale_in_to_one(self):
        """The instance that goes."""
        before = self.wait_serving(2)
        self.cluster.openasg("desired", "set", "web", "1")
        return (before - self.wait_serving(1)).pop()

    # ---- drain ----

    def test_the_drain_script_has_run_before_the_termination(self):
        self.start_all()
        go = self.path("go")
        script = self.write("drain.sh", f"""#!/bin/sh
echo "begin $OPENASG_INSTANCE_ID $OPENASG_DRAIN_REASON" >> {self.path("drained")}
until [ -e {go} ]; do sleep 0.05; done
echo "end $OPENASG_INSTANCE_ID" >> {self.path("drained")}
""", 0o700)
        self.make_template(f"--drain-script {script} --drain-timeout-ms 600000")
        self.make_group("--desired", "2", "--drain", "10m")
        gone = self.scale_in_to_one()
        wait_for("the script to begin", lambda: self.read("drained"), WAIT)
        self.assertEqual(f"begin {gone} scale in\n", self.read("drained"))
        # As long as it runs nothing is ended, and EC2 is not asked to.
        self.assertIn(gone, self.cluster.ec2_instances())
        self.assertEqual([], self.calls("TerminateInstances"))
        self.assertNotIn("plan terminate", self.cluster.openasg("explain", "web"))
        self.write("go", "")
        wait_for("its end", lambda: gone not in self.cluster.ec2_instances(), WAIT)
        self.assertEqual(f"begin {gone} scale in\nend {gone}\n", self.read("drained"))
        self.wait_explained(f"{gone}: drained")
        self.assertIn(f"{gone}: draining first, for up to 10 min",
                      self.cluster.openasg("explain", "web"))

    def calls(self, action):
        return [c for c in self.cluster.control("GET", "/_control/calls")["calls"]
                if c["action"] == action]

    def test_a_drain_script_that_fails_is_told_and_holds_up_nothing(self):
        self.start_all()
        script = self.write("drain.sh", "#!/bin/sh\nexit 7\n", 0o700)
        self.make_template(f"--drain-script {script}")
        self.make_group("--desired", "2", "--drain", "10m")
        gone = self.scale_in_to_one()
        wait_for("its end", lambda: gone not in self.cluster.ec2_instances(), WAIT)
        self.wait_explained(f"{gone}: its drain script failed with exit code 7")

    # ---- launch templates ----

    def test_a_launch_template_whose_user_data_is_lost_is_not_created(self):
        self.cluster.start_ec2local("--boot-delay-ms", "50")
        self.cluster.start_controller()
        script = self.write("boot.sh", "#!/bin/sh\n")
        self.cluster.openasg("template", "create", "web", "--image",
                             "ami-00000000000000001", "--instance-type", "t3.micro",
                             "--user-data-file", script, "--no-wait")
        kept = [os.path.join(folder, name) for folder, _, names in os.walk(self.folder)
                for name in names if os.path.basename(folder) == "user-data"]
        self.assertEqual(1, len(kept))
        os.remove(kept[0])
        self.cluster.start_worker("worker-1")
        wait_for("its failure", lambda: "failed" in self.cluster.openasg(
            "template", "list"), WAIT)
        self.assertIn("its user data is lost: create the template again with it",
                      self.cluster.ask("template", "list")[0]["state"])
        self.assertEqual(1, self.cluster.ask("status")["dead_jobs"])
        self.assertEqual([], self.calls("CreateLaunchTemplate"))

    # ---- rules ----

    def test_the_students_rule_goes_between_two_and_five_on_real_cpu(self):
        self.start_all()
        burn = os.path.join(SOURCE, "deploy", "demo", "burn.py")
        load = self.write("load", "40")
        self.make_template("--cpu-capacity-milli 150",
                           before=f"/usr/bin/python3 {burn} {load} 150 &")
        self.cluster.openasg("apply", os.path.join(SOURCE, "examples", "student.yaml"))
        # The rule as it is, only quicker: its cooldown is a minute.
        self.cluster.openasg("group", "update", "web", "--cooldown", "1s", "--warmup", "0s")
        # What an instance burns to boot may call for one more at once.
        wait_for("two in service", lambda: len(self.serving()) >= 2, WAIT)
        self.set_load(95)
        self.wait_serving(5)
        self.wait_explained("max is 5")
        self.set_load(5)
        self.wait_serving(2)
        self.wait_explained("min is 2")
        text = self.cluster.openasg("explain", "web")
        self.assertRegex(text, r"cpu highest [0-9.]+ %, alarm >= 70 %: wants 3 \(has 2\)")
        self.assertRegex(text, r"cpu lowest [0-9.]+ %, alarm < 19 %: wants 2 \(has 3\)")

    def set_load(self, percent):
        self.write("load.new", str(percent))
        os.replace(self.path("load.new"), self.path("load"))

    def test_a_scheduled_action_comes_true_at_its_moment(self):
        self.start_all()
        self.make_template()
        self.make_group("--desired", "1")
        self.wait_serving(1)
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        self.cluster.openasg("schedule", "put", "web", "soon", "--start",
                             at.strftime("%Y-%m-%dT%H:%M:%SZ"), "--time-zone",
                             "Asia/Kolkata", "--min", "2", "--desired", "3")
        self.wait_serving(3)
        group = self.cluster.ask("group", "show", "web")["config"]
        self.assertEqual((2, 3, 4), (group["min"], group["desired"], group["max"]))
        self.wait_explained("scheduled action soon")

    # ---- keys ----

    def test_an_agent_keeps_its_keys_and_an_instance_made_anew_is_bound_by_order(self):
        self.start_all()
        script = self.write("boot.sh", f"""#!/bin/sh
while :; do
  {AGENT} --interval-ms 200 --dir "$PWD/agent" --grpc-listen ":0" 2>>"{self.path("agent.log")}" &
  echo $! >"{self.path("agent.pid")}"
  wait
  sleep 0.1
done
""")
        self.cluster.openasg("template", "create", "web", "--image",
                             "ami-00000000000000001", "--instance-type", "t3.micro",
                             "--user-data-file", script)
        self.make_group("--desired", "1")
        instance, = self.wait_serving(1)
        self.cluster.openasg("halt", "--yes")  # nobody replaces it meanwhile

        def is_reporting():
            return self.rows()[0]["is_reporting"]

        def enrolled():
            return self.read("agent.log").count(" enrolled instance=")

        # A restart reports with the keys and the certificate that it had.
        wait_for("reports", is_reporting, WAIT)
        starts = self.read("agent.log").count(" started instance=")
        os.kill(int(self.read("agent.pid")), signal.SIGKILL)
        wait_for("its restart", lambda: self.read("agent.log").count(
            "with its saved certificate") == 1, WAIT)
        wait_for("reports", lambda: self.read("agent.log").count(" reporting ") == 2
                 and is_reporting(), WAIT)
        self.assertEqual((1, 1), (starts, enrolled()))

        # Without its disk it is another, as far as anybody can tell.
        state, = glob.glob(os.path.join(self.folder, "ec2", "instances", instance, "agent"))
        shutil.rmtree(state)
        os.kill(int(self.read("agent.pid")), signal.SIGKILL)
        wait_for("a refusal", lambda: "enrol_refused" in self.read("agent.log"), WAIT)
        wait_for("the alarm", lambda: "with other keys tried to enrol" in
                 self.cluster.openasg("status"), WAIT)
        wait_for("silence", lambda: not is_reporting(), WAIT)
        self.cluster.openasg("instance", "rebind", instance)
        wait_for("reports", is_reporting, WAIT)
        self.assertEqual(2, enrolled())
        self.cluster.openasg("unhalt")
        self.assertIn("identical", self.cluster.openasg("replay"))

    # ---- any order ----

    def test_programs_start_and_stop_in_any_order(self):
        cluster = self.cluster
        self.start_all()
        self.make_template()
        self.make_group("--desired", "2")
        fleet = self.wait_serving(2)
        for order in (("worker-1", "controller"), ("controller", "worker-1")):
            for name in order:
                cluster.kill(name, signal.SIGTERM)
            # The worker is there first, and knocks until somebody opens.
            for name in ("worker-1", "controller"):
                self.start_one(name)
            wait_for("the worker", lambda: cluster.ask("worker", "list"), WAIT)
            wait_for("every agent", lambda: all(r["is_reporting"] for r in self.rows()),
                     WAIT)
            self.assertEqual(fleet, self.serving())
        cluster.kill("worker-1", signal.SIGTERM)
        cluster.openasg("desired", "set", "web", "3")  # nobody is there to do it
        self.start_one("worker-1")
        self.assertTrue(fleet < self.wait_serving(3))
        self.assertIn("identical", cluster.openasg("replay"))

    def start_one(self, name):
        if name == "controller":
            self.cluster.start_controller()
        else:
            self.cluster.start_worker(name)


if __name__ == "__main__":
    unittest.main()
