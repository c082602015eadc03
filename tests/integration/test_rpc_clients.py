#!/usr/bin/python3
"""gRPC with TLS before clients that are not ours: openssl s_client sees TLS 1.2 or newer,
forward secrecy and the chain as it should be on each port; grpc-js is heard with the
controller's certificate, and with none or any other it is not."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from ec2local_fixture import BUILD, SOURCE
from js_packages import install_packages

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT = os.path.join(BUILD, "bin", "openasg-agent")


def s_client(target, *words):
    """What openssl says of a handshake, and whether there was one."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", target, "-alpn", "h2",
         "-showcerts", *words],
        input="", capture_output=True, text=True, errors="replace",
        timeout=30)
    said = done.stdout + done.stderr
    cipher = re.search(r"Cipher is (\S+)", said)
    return said, bool(cipher) and cipher.group(1) not in ("(NONE)", "0000")


class Ports(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-rpc-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.authority = os.path.join(self.cluster.state, "ca.pem")

    def file(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o600):
        with open(os.open(self.file(name), os.O_WRONLY | os.O_CREAT, mode), "w") as file:
            file.write(text)
        return self.file(name)

    def start_agent(self):
        """A real one, enrolled and in service: where it answers probes."""
        self.cluster.start_ec2local("--boot-delay-ms", "50")
        self.cluster.start_controller()
        self.cluster.start_worker("worker-1")
        drain = self.write("drain", f"#!/bin/sh\necho drained >> {self.file('drains')}\n",
                           0o700)
        boot = self.write("boot.sh", f"""#!/bin/sh
exec {AGENT} --cpu-source session --interval-ms 200 --dir "$PWD/agent" \\
  --drain-script {drain}
""")
        self.cluster.openasg("template", "create", "web", "--image",
                             "ami-00000000000000001", "--instance-type", "t3.micro",
                             "--user-data-file", boot)
        self.cluster.openasg("group", "create", "web", "--min", "1", "--max", "1",
                             "--template", "web", "--zones", "us-east-1a",
                             "--health-check", "agent")
        row = wait_for("the instance", lambda: next(
            (row for row in self.cluster.ask("instance", "list", "web")
             if row["state"] == "in-service" and row["is_reporting"]), None), 60)
        self.instance_id = row["instance_id"]
        return f"{row['private_ip']}:7705"

    def certify(self, name, holder, authority=None):
        """NAME.pem and NAME.key, signed by the cluster's authority unless another is named;
        by itself when that is its own name."""
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=30)
        key, pem, ask = (self.file(f"{name}.{part}") for part in ("key", "pem", "csr"))
        extensions = self.write(f"{name}.cnf", f"subjectAltName=URI:{holder}\n" if holder
                                else "basicConstraints=critical,CA:TRUE\n")
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-out", key)
        openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", ask)
        by_itself = authority == name
        signer = ("-signkey", key) if by_itself else (
            "-CA", self.file(f"{authority}.pem") if authority else self.authority,
            "-CAkey", self.file(f"{authority}.key") if authority
            else self.authority.replace(".pem", ".key"), "-CAcreateserial",
            "-CAserial", self.file("serial"))
        openssl("x509", "-req", "-in", ask, "-days", "1", "-extfile", extensions, "-out",
                pem, *signer)

    def make_certificates(self):
        cluster = self.cluster.ask("status")["cluster_id"]
        controller = f"openasg://{cluster}/controller"
        shutil.copy(self.authority, self.file("ca.pem"))
        self.certify("controller", controller)
        self.certify("agent", f"openasg://{cluster}/instance/{self.instance_id}")
        self.certify("other", f"openasg://{cluster}/instance/i-0000000000000other")
        self.certify("elsewhere", f"openasg://{'f' * 32}/controller")
        self.certify("self", controller, authority="self")
        self.certify("nobody", None, authority="nobody")
        self.certify("stranger", controller, authority="nobody")

    def look_at(self, target, *shown):
        """A port that speaks TLS as ours should; `shown` is what a client needs."""
        # OpenSSL itself would not say TLS 1.1 any more unless it is made to.
        old = ("-cipher", "ALL:@SECLEVEL=0")
        for version in ("-tls1", "-tls1_1"):
            said, is_up = s_client(target, version, *old, *shown)
            self.assertFalse(is_up, said)
        for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            said, is_up = s_client(target, version, "-CAfile", self.authority, *shown)
            self.assertTrue(is_up, said)
            self.assertRegex(said, f"(New|Protocol *:).*{name}")
            self.assertIn("Verify return code: 0 (ok)", said)
            self.assertIn("ALPN protocol: h2", said)
        for cipher in ("ALL:!ECDHE:!DHE:!aNULL:!PSK:!SRP", "aNULL", "eNULL", "3DES",
                       "ECDHE+SHA1"):
            said, is_up = s_client(target, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0",
                                   *shown)
            self.assertFalse(is_up, f"{cipher}: {said}")
        said, is_up = s_client(target, "-tls1_2", "-cipher", "ECDHE+AESGCM", *shown)
        self.assertTrue(is_up, said)
        return said

    def test_an_agents_port(self):
        target = self.start_agent()
        self.make_certificates()
        shown = ("-cert", self.file("controller.pem"), "-key", self.file("controller.key"))
        said = self.look_at(target, *shown)
        self.assertIn("Acceptable client certificate CA names", said)
        # Without a certificate the server ends it, whatever our side has sent until then.
        said, _ = s_client(target, "-tls1_2")
        self.assertRegex(said, "alert|unexpected eof")
        self.play_grpc_js(target)
        with open(self.file("drains")) as file:
            self.assertEqual("drained\n", file.read(), "for the controller, and once")

    def play_grpc_js(self, target):
        packages = install_packages("grpc_js")
        env = {name: value for name, value in os.environ.items()
               if "proxy" not in name.lower()}
        env["NODE_PATH"] = os.path.join(packages, "node_modules")
        done = subprocess.run(
            ["node", os.path.join(HERE, "test_rpc_clients.js"), target,
             os.path.join(SOURCE, "proto"), self.folder, self.instance_id,
             self.file("drains")],
            env=env, capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_the_port_of_enrolments(self):
        self.cluster.start_controller()
        said = self.look_at(self.cluster.controller_endpoints()["enrol"])
        # The chain ends with the authority: agents know it by its fingerprint.
        self.assertEqual(2, said.count("-----BEGIN CERTIFICATE-----"), said)
        with open(self.authority) as file:
            self.assertIn(file.read().strip(), said)
        self.assertIn("No client certificate CA names sent", said)
        # It is good by clocks that are years behind ours: none is cut off for its clock.
        chain = self.write("chain.pem", said[said.index("-----BEGIN"):])
        for moment in ("1600000000", str(int(time.time()) + 9 * 365 * 86400)):
            done = subprocess.run(["openssl", "verify", "-attime", moment, "-CAfile",
                                   self.authority, chain], capture_output=True, text=True,
                                  timeout=30)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
