#!/usr/bin/python3
"""A listing that is larger than any frame may be: a real worker reads 60,000 instances from a
scripted EC2, and the controller takes them as one observation."""

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

from ec2local_fixture import BUILD, SOURCE
from scripted_ec2 import ScriptedEc2

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402

INSTANCES = 60000
FRAME_MAX = 8 << 20
GROUP = "a-group-of-another-time"
TOKEN = "t" * 64
SUBNET = "subnet-0a000000000000001"


def instance_id(number):
    return f"i-{number:017x}"


def instance_xml(number):
    tags = "".join(f"<item><key>openasg:{key}</key><value>{value}</value></item>"
                   for key, value in (("group", GROUP), ("job", 7), ("attempt", 1)))
    return (f"<item><instancesSet><item><instanceId>{instance_id(number)}</instanceId>"
            "<instanceState><code>16</code><name>running</name></instanceState>"
            "<instanceType>m5.24xlarge</instanceType>"
            "<launchTime>2026-11-23T14:36:49.000Z</launchTime><placement>"
            "<availabilityZone>us-east-1a</availabilityZone></placement>"
            f"<privateIpAddress>10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            f"</privateIpAddress><subnetId>{SUBNET}</subnetId>"
            f"<clientToken>{TOKEN}</clientToken><tagSet>{tags}</tagSet></item>"
            "</instancesSet></item>")


class LargeEc2(ScriptedEc2):
    """As many instances as there are, page by page; nothing else."""

    def answer(self, action, form):
        if action != "DescribeInstances":
            return ""
        start = int(form.get("NextToken", "0"))
        end = min(start + int(form["MaxResults"]), INSTANCES)
        more = f"<nextToken>{end}</nextToken>" if end < INSTANCES else ""
        return ("<reservationSet>" + "".join(map(instance_xml, range(start, end)))
                + "</reservationSet>" + more)


class LargeListing(unittest.TestCase):
    def setUp(self):
        for program in ("openasg-controller", "openasg-worker", "openasg"):
            if not os.path.exists(os.path.join(BUILD, "bin", program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-large-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), LargeEc2)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.cluster = Cluster(BUILD, self.folder)
        self.cluster.ec2_endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        self.addCleanup(self.cluster.stop_all)

    def observations(self):
        """The instance ids of each complete observation in the log."""
        text = subprocess.run(
            [os.path.join(BUILD, "bin", "openasg"), "log", "export", self.cluster.log_file(),
             "--kind", "event"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=True, timeout=120).stdout
        found = []
        for line in text.splitlines():
            if '"is_complete"' not in line:
                continue
            observed = find_key(json.loads(line), "observed")
            if observed and observed.get("is_complete"):
                found.append([row["instance_id"] for row in observed["instances"]])
        return found

    def test_it_arrives_whole(self):
        texts = [instance_id(0), "m5.24xlarge", SUBNET, "us-east-1a", "10.0.0.0", GROUP, TOKEN]
        self.assertGreater(INSTANCES * sum(map(len, texts)), FRAME_MAX)
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1", listen_http="127.0.0.1:0")
        log = self.cluster.log_of("worker-1")

        def read_log():
            with open(log) as file:
                return file.read()

        wait_for("the listing", lambda: f" instances={INSTANCES} " in read_log(), seconds=120)
        url = wait_for("its pages", lambda: re.search(r" http url=(\S+)", read_log()))
        metrics = url.group(1).strip('"') + "/metrics"

        def is_acknowledged():
            with urllib.request.urlopen(metrics, timeout=20) as reply:
                return "\nopenasg_worker_results_unacknowledged 0\n" in reply.read().decode()

        seen = wait_for("the observation", self.observations, seconds=120, pause=0.5)
        wait_for("its acknowledgement", is_acknowledged, seconds=120)
        self.assertEqual(seen[0], [instance_id(n) for n in range(INSTANCES)])
        self.assertNotIn(" frame_refused ", read_log())
        self.cluster.check_alive("controller")


def find_key(value, key):
    if not isinstance(value, dict):
        return None
    if key in value:
        return value[key]
    return next(filter(None, (find_key(inner, key) for inner in value.values())), None)


if __name__ == "__main__":
    unittest.main()
