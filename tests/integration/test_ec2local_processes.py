#!/usr/bin/python3
"""The instances of openasg-ec2local as real processes: they boot by their user data, know
who they are by IMDSv2, and end as whole trees, whatever they started and however ec2local
itself ends."""

import email.mime.multipart
import email.mime.text
import json
import os
import re
import signal
import sys
import unittest
import urllib.error
import urllib.request

try:
    import boto3  # noqa: F401
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

from ec2local_fixture import Ec2Local, is_alive, wait_for

IMAGE = "ami-00000000000000001"
# Each line of the console "pid N" is a process the instance started.
TREE = r"""#!/bin/bash
trap '' HUP
say() { echo "pid $1"; }
say $$
sleep 1000 & say $!
( sleep 1001 & say $!; sleep 1002 & say $! ) &
setsid bash -c 'echo "pid $$"; exec sleep 1003' &
# A daemon: a session of its own, and its parent gone.
( setsid bash -c 'echo "pid $$"; exec sleep 1004' & )
# One that also throws away its environment.
env -i setsid bash -c 'trap "" TERM; echo "pid $$"; sleep 1005 & echo "pid $!"; while :; do wait; done' &
bash -c 'trap "" TERM; echo "pid $$"; while :; do sleep 0.1; done' &
echo booted
wait
"""


class ProcessTest(unittest.TestCase):
    def setUp(self):
        self.local = Ec2Local("--grace-ms", "200", "--instance-env", "OPENASG_COLOUR=red,blue",
                              "--instance-env", "OPENASG_SIZE=big")
        self.addCleanup(self.local.close)
        self.ec2 = self.local.client()

    def boot(self, user_data, count=1):
        launched = self.ec2.run_instances(ImageId=IMAGE, MinCount=count, MaxCount=count,
                                          UserData=user_data)["Instances"]
        ids = [i["InstanceId"] for i in launched]
        return ids if count > 1 else ids[0]

    def wait_for_console(self, instance_id, text):
        wait_for(f"'{text}' on the console",
                 lambda: text in self.local.console(instance_id))
        return self.local.console(instance_id)

    def state_of(self, instance_id):
        found = self.ec2.describe_instances(InstanceIds=[instance_id])
        return found["Reservations"][0]["Instances"][0]["State"]["Name"]

    def boot_tree(self):
        one = self.boot(TREE)
        wait_for("the whole tree", lambda: len(self.pids_of(one)) == 9
                 and "booted" in self.local.console(one))
        return one, self.pids_of(one)

    def pids_of(self, instance_id):
        return [int(pid) for pid in re.findall(r"^pid (\d+)$", self.local.console(instance_id),
                                               re.MULTILINE)]

    # ---- booting ----

    def test_user_data_runs_in_a_session_of_its_own_and_knows_who_it_is(self):
        one = self.boot("#!/bin/sh\nenv\necho session $(ps -o sid= -p $$) pid $$\n"
                        "echo where $(pwd)\necho done\n")
        console = self.wait_for_console(one, "done\n")
        address = self.ec2.describe_instances(InstanceIds=[one])["Reservations"][0][
            "Instances"][0]["PrivateIpAddress"]
        self.assertIn(f"INSTANCE_ID={one}\n", console)
        self.assertIn(f"INSTANCE_ADDRESS={address}\n", console)
        self.assertIn("OPENASG_COLOUR=red,blue\n", console)
        self.assertIn("OPENASG_SIZE=big\n", console)
        self.assertRegex(console, r"session\s+(\d+) pid \1\n")
        self.assertIn(f"where {self.local.folder}/instances/{one}\n", console)
        self.assertNotIn("AWS_SECRET_ACCESS_KEY", console)

    def test_parts_of_multipart_user_data_run_in_order(self):
        message = email.mime.multipart.MIMEMultipart()
        for subtype, text in (("x-shellscript", "#!/bin/sh\necho one\n"),
                              ("cloud-config", "packages: [never]\n"),
                              ("x-shellscript", "#!/bin/sh\necho ü; echo two\n")):
            # Text that is not ASCII goes in as base64.
            message.attach(email.mime.text.MIMEText(text, subtype))
        one = self.boot(message.as_string())
        console = self.wait_for_console(one, "two\n")
        self.assertEqual(console, "one\nü\ntwo\n")

    def test_user_data_that_is_no_script_is_said_on_the_console(self):
        one = self.boot("packages: [nginx]\n")
        self.wait_for_console(one, "does not begin with #!")
        two = self.boot("#!/no/such/shell\n")
        self.wait_for_console(two, "cannot be run")
        self.assertEqual(self.state_of(one), "running")

    def test_an_instance_whose_script_has_ended_goes_on_running(self):
        one = self.boot("#!/bin/sh\necho bye\nexit 3\n")
        self.wait_for_console(one, "bye")
        rows = self.local.control("GET", "instances")["instances"]
        wait_for("its process to be reaped", lambda: self.local.control(
            "GET", "instances")["instances"][0]["pid"] == 0)
        self.assertEqual([r["id"] for r in rows], [one])
        self.assertEqual(self.state_of(one), "running")

    def test_a_hundred_launch_in_one_call_and_all_boot(self):
        ids = self.boot("#!/bin/sh\necho up\n", count=100)
        wait_for("all consoles", lambda: all(self.local.console(i) == "up\n" for i in ids), 60)

    # ---- ending ----

    def test_terminate_ends_the_whole_tree(self):
        one, pids = self.boot_tree()
        other, other_pids = self.boot_tree()
        self.ec2.terminate_instances(InstanceIds=[one])
        wait_for("termination", lambda: self.state_of(one) == "terminated")
        self.assertEqual([pid for pid in pids if is_alive(pid)], [])
        self.assertEqual([pid for pid in other_pids if not is_alive(pid)], [])

    def test_terminate_asks_before_it_kills(self):
        one = self.boot("#!/bin/bash\ntrap 'echo asked; exit 0' TERM\necho ready\n"
                        "while :; do sleep 0.05; done\n")
        self.wait_for_console(one, "ready")
        self.ec2.terminate_instances(InstanceIds=[one])
        self.wait_for_console(one, "asked")

    def test_stop_ends_it_and_start_boots_it_again(self):
        one = self.boot("#!/bin/sh\necho pid $$\nexec sleep 1000\n")
        self.wait_for_console(one, "pid")
        self.ec2.stop_instances(InstanceIds=[one])
        wait_for("stop", lambda: self.state_of(one) == "stopped")
        self.assertFalse(is_alive(self.pids_of(one)[0]))
        self.ec2.start_instances(InstanceIds=[one])
        wait_for("the second boot", lambda: len(self.pids_of(one)) == 2)
        self.assertTrue(is_alive(self.pids_of(one)[1]))

    def test_the_control_endpoint_kills_a_tree_and_ec2_says_running(self):
        one, pids = self.boot_tree()
        killed = self.local.control("POST", f"instances/{one}/kill", signal="KILL")
        self.assertGreaterEqual(killed["processes"], 9)
        wait_for("the tree to be gone", lambda: not any(is_alive(pid) for pid in pids))
        self.assertEqual(self.state_of(one), "running")

    def test_when_ec2local_is_asked_to_end_its_instances_end(self):
        _, pids = self.boot_tree()
        self.assertEqual(self.local.stop(), 0)
        self.assertEqual([pid for pid in pids if is_alive(pid)], [])

    def test_not_even_a_daemon_that_hides_outlives_ec2local(self):
        one = self.boot("#!/bin/bash\n"
                        "( env -i setsid bash -c 'trap \"\" TERM; echo pid $$; "
                        "while :; do sleep 0.1; done' & )\nsleep 0.2\necho ready\n")
        self.wait_for_console(one, "ready")
        daemon = self.pids_of(one)[0]
        self.assertTrue(is_alive(daemon))
        self.assertEqual(self.local.stop(), 0)
        self.assertFalse(is_alive(daemon))

    def test_after_a_kill_a_restart_in_the_same_folder_cleans_up(self):
        _, pids = self.boot_tree()
        self.local.stop(signal.SIGKILL)
        self.assertTrue(any(is_alive(pid) for pid in pids))
        self.local.start()
        # Of a tree without ec2local, what left its session and threw away its mark cannot
        # be told from others: the last but two and its child.
        found = [pid for pid in pids if is_alive(pid)]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        self.assertLessEqual(len(found), 2)
        self.assertEqual(self.local.control("GET", "instances")["instances"], [])

    def test_two_of_them_do_not_share_a_folder(self):
        with self.assertRaisesRegex(AssertionError, "exited 1"):
            Ec2Local(folder=self.local.folder)

    # ---- metadata ----

    def imds(self, base, path, method="GET", **headers):
        request = urllib.request.Request(
            base + path, method=method,
            headers={"X-aws-ec2-metadata-" + k.replace("_", "-"): v
                     for k, v in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def base_of(self, instance_id):
        console = self.wait_for_console(instance_id, "ready\n")
        return re.search(r"base (\S+)/\n", console).group(1)

    def test_metadata_needs_a_token_and_tells_the_truth(self):
        script = "#!/bin/sh\necho base $AWS_EC2_METADATA_SERVICE_ENDPOINT\necho ready\n"
        one, two = self.boot(script, count=2)
        base = self.base_of(one)
        identity = "/latest/meta-data/instance-id"
        self.assertEqual(self.imds(base, identity)[0], 401)
        put = {"method": "PUT"}
        self.assertEqual(self.imds(base, "/latest/api/token", **put)[0], 400)
        self.assertEqual(self.imds(base, "/latest/api/token", token_ttl_seconds="0", **put)[0],
                         400)
        status, token = self.imds(base, "/latest/api/token", token_ttl_seconds="60", **put)
        self.assertEqual(status, 200)
        self.assertEqual(self.imds(base, identity, token=token), (200, one))
        self.assertEqual(self.imds(base, identity, token=token[:-1] + "x")[0], 401)
        self.assertEqual(self.imds(self.base_of(two), identity, token=token)[0], 401)
        self.assertEqual(self.imds(base[:-1] + "x", identity, token=token)[0], 404)
        found = self.ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"]
        zone = found[0]["Placement"]["AvailabilityZone"]
        for path, expected in (("local-ipv4", found[0]["PrivateIpAddress"]),
                               ("placement/availability-zone", zone),
                               ("placement/region", "us-east-1"),
                               ("instance-type", found[0]["InstanceType"]),
                               ("ami-id", IMAGE), ("instance-life-cycle", "on-demand")):
            self.assertEqual(self.imds(base, "/latest/meta-data/" + path, token=token),
                             (200, expected))
        self.assertEqual(self.imds(base, "/latest/user-data", token=token), (200, script))
        status, text = self.imds(base, "/latest/dynamic/instance-identity/document",
                                 token=token)
        document = json.loads(text)
        self.assertEqual(document["instanceId"], one)
        self.assertEqual(document["availabilityZone"], zone)
        self.assertEqual(self.imds(base, "/latest/meta-data/nothing", token=token)[0], 404)

    def test_botocore_in_an_instance_reads_its_metadata(self):
        one = self.boot("#!/usr/bin/python3\n"
                        "from botocore.utils import IMDSRegionProvider\n"
                        "from botocore.session import Session\n"
                        "print('region', IMDSRegionProvider(Session()).provide(), flush=True)\n")
        self.assertIn("region us-east-1", self.wait_for_console(one, "region"))


class WrapperTest(unittest.TestCase):
    def test_a_wrapper_stands_before_the_user_data(self):
        local = Ec2Local("--instance-wrapper", "/usr/bin/env WRAPPED={id}@{address}",
                         "--instance-addresses", "10.9.8.7,10.9.8.8")
        self.addCleanup(local.close)
        ec2 = local.client()
        launched = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=5,
                                     UserData="#!/bin/sh\necho $WRAPPED.\n")["Instances"]
        self.assertEqual(sorted(i["PrivateIpAddress"] for i in launched),
                         ["10.9.8.7", "10.9.8.8"])
        for one in launched:
            expected = f"{one['InstanceId']}@{one['PrivateIpAddress']}.\n"
            wait_for("its console", lambda i=one, e=expected:
                     local.console(i["InstanceId"]) == e)
        with self.assertRaisesRegex(Exception, "InsufficientFreeAddressesInSubnet"):
            ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)


if __name__ == "__main__":
    unittest.main()
