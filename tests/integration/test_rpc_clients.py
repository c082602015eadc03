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
import unittest

from ec2local_fixture import BUILD, SOURCE
from js_packages import install_packages

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SERVE = os.path.join(BUILD, "tests", "serve_rpc")


def s_client(port, *words):
    """What openssl says of a handshake, and whether there was one."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-alpn", "h2",
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

    def start_server(self):
        if not os.path.exists(SERVE):
            self.skipTest("tests/serve_rpc is not built")
        os.mkdir(os.path.join(self.folder, "others"), mode=0o700)
        server = subprocess.Popen([SERVE, self.folder], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        return server, int(server.stdout.readline())

    def file(self, name):
        return os.path.join(self.folder, name)

    def look_at(self, port, authority, *shown):
        """A port that speaks TLS as ours should; `shown` is what a client needs."""
        # OpenSSL itself would not say TLS 1.1 any more unless it is made to.
        old = ("-cipher", "ALL:@SECLEVEL=0")
        for version in ("-tls1", "-tls1_1"):
            said, is_up = s_client(port, version, *old, *shown)
            self.assertFalse(is_up, said)
        for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            said, is_up = s_client(port, version, "-CAfile", authority, *shown)
            self.assertTrue(is_up, said)
            self.assertRegex(said, f"(New|Protocol *:).*{name}")
            self.assertIn("Verify return code: 0 (ok)", said)
            self.assertIn("ALPN protocol: h2", said)
        for cipher in ("ALL:!ECDHE:!DHE:!aNULL:!PSK:!SRP", "aNULL", "eNULL", "3DES",
                       "ECDHE+SHA1"):
            said, is_up = s_client(port, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0",
                                   *shown)
            self.assertFalse(is_up, f"{cipher}: {said}")
        said, is_up = s_client(port, "-tls1_2", "-cipher", "ECDHE+AESGCM", *shown)
        self.assertTrue(is_up, said)
        return said

    def test_an_agents_port(self):
        _, port = self.start_server()
        shown = ("-cert", self.file("controller.pem"), "-key", self.file("controller.key"))
        said = self.look_at(port, self.file("ca.pem"), *shown)
        self.assertIn("Acceptable client certificate CA names", said)
        # Without a certificate the server ends it, whatever our side has sent until then.
        said, is_up = s_client(port, "-tls1_2")
        self.assertRegex(said, "alert|unexpected eof")

    def test_the_port_of_enrolments(self):
        cluster = Cluster(BUILD, self.folder)
        self.addCleanup(cluster.stop_all)
        cluster.start_controller()
        endpoints = cluster.controller_endpoints()
        port = endpoints["enrol"].rsplit(":", 1)[1]
        authority = os.path.join(cluster.state, "ca.pem")
        said = self.look_at(port, authority)
        # The chain ends with the authority: agents know it by its fingerprint.
        self.assertEqual(2, said.count("-----BEGIN CERTIFICATE-----"), said)
        with open(authority) as file:
            self.assertIn(file.read().strip(), said)
        self.assertIn("No client certificate CA names sent", said)

    def test_grpc_js(self):
        packages = install_packages("grpc_js")
        server, port = self.start_server()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=controller",
             "-addext",
             "subjectAltName=URI:openasg://0123456789abcdef0123456789abcdef/controller",
             "-keyout", self.file("self.key"), "-out", self.file("self.pem")],
            check=True, capture_output=True, timeout=30)
        env = {name: value for name, value in os.environ.items()
               if "proxy" not in name.lower()}
        env["NODE_PATH"] = os.path.join(packages, "node_modules")
        done = subprocess.run(
            ["node", os.path.join(HERE, "test_rpc_clients.js"), f"127.0.0.1:{port}",
             os.path.join(SOURCE, "proto"), self.folder],
            env=env, capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        server.kill()
        self.assertEqual("drained\n", server.stdout.read(), "only the controller's")


if __name__ == "__main__":
    unittest.main(verbosity=2)
