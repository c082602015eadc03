#!/usr/bin/python3
"""The unmodified AWS SDK for Go plays Kubernetes' cluster-autoscaler (aws_go/): finds its
groups by tags, grows one, deletes a node, and gives up on nodes that never come."""

import json
import os
import shutil
import subprocess
import sys
import unittest

try:
    import boto3  # noqa: F401
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)
SDK = "/usr/share/gocode/src/github.com/aws/aws-sdk-go"
if shutil.which("go", path="/usr/bin") is None or not os.path.isdir(SDK):
    print("skipped: golang-go or golang-github-aws-aws-sdk-go-dev is not installed")
    sys.exit(77)

from api_fixture import BUILD, IMAGE, ApiTest, wait_for
from scope_proxy import ScopeProxy

HERE = os.path.dirname(os.path.abspath(__file__))
OWNED = "k8s.io/cluster-autoscaler/enabled"


def build():
    """The program, kept in the build folder: the SDK takes its time."""
    folder = os.path.join(BUILD, "tests", "aws_go")
    os.makedirs(folder, exist_ok=True)
    program = os.path.join(folder, "play_autoscaler")
    subprocess.run(
        ["/usr/bin/go", "build", "-o", program,
         os.path.join(HERE, "aws_go", "play_autoscaler.go")],
        env={"PATH": "/usr/bin:/bin", "HOME": folder, "GO111MODULE": "off",
             "GOPATH": "/usr/share/gocode", "GOCACHE": os.path.join(folder, "cache"),
             "CGO_ENABLED": "0"}, check=True, timeout=250)
    return program


class ClusterAutoscalerTest(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = build()
        cls.proxy = ScopeProxy(cls.api.url, cls.api.cluster.ec2_endpoint)
        cls.addClassCleanup(cls.proxy.close)

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.proxy.mistakes, [])

    def play(self, step, *arguments):
        done = subprocess.run([self.program, self.proxy.url, step, *map(str, arguments)],
                              env=self.api.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def make_nodes(self, name, size=0, **more):
        return self.make_group(name, size, Tags=[
            {"Key": OWNED, "Value": "true", "PropagateAtLaunch": True},
            {"Key": "k8s.io/cluster-autoscaler/kube", "Value": "owned"},
            {"Key": "k8s.io/cluster-autoscaler/node-template/label/disk", "Value": "ssd"}], **more)

    def in_service(self, name, count):
        def look():
            nodes = self.play("by-names", name)[0]["Instances"]
            return len(nodes) == count and all(n["State"] == "InService" for n in nodes)

        wait_for(f"{count} nodes", look, pause=0.1)

    def test_groups_are_found_by_their_tags(self):
        self.make_nodes("nodes-a", 1)
        self.make_nodes("nodes-b", VPCZoneIdentifier="subnet-0b000000000000002")
        self.make_group("not-ours")
        for tags in ((OWNED,), (OWNED + "=true", "k8s.io/cluster-autoscaler/kube=owned")):
            groups = self.play("by-tags", *tags)
            self.assertEqual([g["Name"] for g in groups], ["nodes-a", "nodes-b"])
        first, second = groups
        self.assertEqual((first["Min"], first["Max"], first["Size"]), (0, 10, 1))
        self.assertEqual((first["Template"], first["Version"]), ("web", "1"))
        self.assertEqual(first["Tags"]["k8s.io/cluster-autoscaler/node-template/label/disk"],
                         "ssd")
        self.assertEqual(first["Instances"][0]["Health"], "Healthy")
        self.assertEqual(second["Zones"], ["us-east-1b"])
        self.assertEqual(self.play("by-tags", OWNED + "=false"), [])
        # by name in lots of a hundred; who is not there is no error
        names = [f"nobody-{n}" for n in range(150)] + ["nodes-b"]
        self.assertEqual([g["Name"] for g in self.play("by-names", *names)], ["nodes-b"])

    def test_nodes_come_and_the_one_it_names_goes(self):
        self.make_nodes("nodes", 1)
        self.play("set", "nodes", 3)
        self.in_service("nodes", 3)
        nodes = self.play("by-names", "nodes")[0]["Instances"]
        victim = nodes[1]["Id"]
        self.assertEqual(self.play("delete", victim), f"Terminating EC2 instance: {victim}")
        # Its own copy of the size is one less now; the service's must be the same.
        self.assertEqual(self.play("by-names", "nodes")[0]["Size"], 2)
        left = {n["Id"] for n in nodes} - {victim}
        wait_for("it to be gone", lambda: {
            n["Id"] for n in self.play("by-names", "nodes")[0]["Instances"]} == left, pause=0.1)

    def test_nodes_that_never_come_are_given_back(self):
        self.make_nodes("nodes", 1)
        self.assertTrue(self.play("is-available", "nodes", 60))
        fault = self.api.cluster.control("POST", "/_control/faults",
                                         kind="capacity", type="t3.micro")
        self.addCleanup(self.api.cluster.control, "DELETE",
                        f"/_control/faults/{fault['id']}")
        self.play("set", "nodes", 3)
        wait_for("a launch to fail", lambda: not self.play("is-available", "nodes", 60),
                 pause=0.1)
        group = self.play("by-names", "nodes")[0]
        self.assertEqual((group["Size"], len(group["Instances"])), (3, 1))
        node = group["Instances"][0]["Id"]
        # Two placeholders: it lowers the size by one for each, and no node may go for that.
        self.play("set", "nodes", 2)
        self.play("set", "nodes", 1)
        group = self.play("by-names", "nodes")[0]
        self.assertEqual((group["Size"], [n["Id"] for n in group["Instances"]]), (1, [node]))

    def test_the_type_of_nodes_of_a_launch_configuration(self):
        self.asg.create_launch_configuration(LaunchConfigurationName="nodes-lc", ImageId=IMAGE,
                                             InstanceType="m5.large")
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName="nodes-lc")
        self.addCleanup(self.api.remove_all_groups)
        self.make_nodes("nodes", LaunchConfigurationName="nodes-lc")
        config = self.play("by-names", "nodes")[0]["Config"]
        self.assertEqual(self.play("types", config, "nobody"), {"nodes-lc": "m5.large"})


if __name__ == "__main__":
    unittest.main()
