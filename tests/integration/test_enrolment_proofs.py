#!/usr/bin/python3
"""A real agent enrols at a real controller by its instance's role and by its identity
document, with openasg-ec2local as EC2, its metadata and STS: no token anywhere."""

import os
import re
import shutil
import sys
import tempfile
import unittest

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, wait_for  # noqa: E402

IMAGE = "ami-00000000000000001"
BOOT = """#!/bin/sh
grep '^# openasg-join' "$0" > {lines}.new
mv {lines}.new {lines}{before}
exec {bin}/openasg-agent --cpu-source session --interval-ms 300 \\
    --grpc-listen :0 --dir "$PWD" {settings}
"""


class Proofs(unittest.TestCase):
    def setUp(self):
        for program in ("bin/openasg-controller", "bin/openasg-worker", "bin/openasg",
                        "bin/openasg-agent", "bin/openasg-ec2local"):
            if not os.path.exists(os.path.join(BUILD, program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-proofs-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)
        self.lines = os.path.join(self.folder, "lines")

    def start(self, *ec2, **settings):
        endpoint = self.cluster.start_ec2local("--boot-delay-ms", "50", *ec2)
        for name, value in settings.items():
            settings[name] = value.format(ec2=endpoint, folder=self.cluster.dir)
        self.cluster.start_controller(**settings)
        self.cluster.start_worker("worker-1")
        return endpoint

    def launch(self, *settings, profile=None, before=""):
        path = os.path.join(self.folder, "boot.sh")
        with open(path, "w") as file:
            file.write(BOOT.format(bin=os.path.join(BUILD, "bin"), lines=self.lines,
                                   settings=" ".join(settings), before=before))
        more = ["--instance-profile", profile] if profile else []
        self.cluster.openasg("template", "create", "web", "--image", IMAGE,
                             "--instance-type", "t3.micro", "--user-data-file", path,
                             *more)
        self.cluster.openasg("group", "create", "web", "--min", "0", "--max", "1",
                             "--desired", "1", "--template", "web", "--zones",
                             "us-east-1a", "--health-grace", "1h")

    def wait_for_reports(self):
        wait_for("its reports", lambda: [
            row for row in self.cluster.ask("instance", "list", "web")
            if row["is_reporting"]])

    def console(self):
        """What the agent wrote."""
        text = ""
        for folder, _, files in os.walk(os.path.join(self.cluster.dir, "ec2")):
            for name in files:
                if "console" in name:
                    with open(os.path.join(folder, name), errors="replace") as file:
                        text += file.read()
        return text

    def wait_for_words(self, words):
        wait_for(words, lambda: words in self.console())

    def metric(self, name):
        return self.cluster.metrics().get(name, 0)

    def proof_in_log(self, word):
        self.assertRegex(self.cluster.openasg("explain", "web"),
                         rf"is enrolled[^\n]*{word}")

    def join_line(self):
        with open(self.lines) as file:
            return file.read()

    # ---- STS ----

    def test_an_agent_enrols_by_its_role(self):
        endpoint = self.start(enrol_proofs="sts", enrol_sts_endpoint="{ec2}/",
                              enrol_roles="web-role")
        self.launch("--sts-endpoint", endpoint + "/", profile="web-role")
        self.wait_for_reports()
        self.assertEqual(1, self.metric('openasg_enrolments_total{outcome="bound"}'))
        self.proof_in_log("sts")
        # auto took the role, as the line has no token to steal.
        self.assertNotIn("token", self.join_line())
        self.assertRegex(self.join_line(), r"enrol=\S+ ca=[0-9a-f]{64}")

    def test_another_role_is_refused_in_words(self):
        endpoint = self.start(enrol_proofs="sts", enrol_sts_endpoint="{ec2}/",
                              enrol_roles="web-role")
        self.launch("--proof", "sts", "--sts-endpoint", endpoint + "/", profile="other")
        self.wait_for_words("STS says role other, which is not in enrol.roles")
        self.assertEqual(0, self.metric('openasg_enrolments_total{outcome="bound"}'))

    def test_an_instance_without_a_role_says_so(self):
        self.start(enrol_proofs="sts", enrol_sts_endpoint="{ec2}/")
        self.launch("--proof", "sts")
        self.wait_for_words("enrol_no_proof")
        self.assertIn("no proof to give: this instance has no role", self.console())

    def test_another_account_is_refused_in_words(self):
        endpoint = self.start(enrol_proofs="sts", enrol_sts_endpoint="{ec2}/",
                              enrol_account="123456789012")
        self.launch("--proof", "sts", "--sts-endpoint", endpoint + "/", profile="web")
        self.wait_for_words("STS says account 000000000000, which is not in "
                            "enrol.account")

    def test_an_agent_that_names_another_sts_is_refused(self):
        # The URL is never asked: only what enrol.sts_endpoint says.
        self.start(enrol_proofs="sts", enrol_sts_endpoint="{ec2}/")
        self.launch("--proof", "sts", "--sts-endpoint", "http://127.0.0.1:1/",
                    profile="web")
        self.wait_for_words("this controller asks http://127.0.0.1")

    def test_sts_in_trouble_is_tried_again(self):
        endpoint = self.start(enrol_proofs="sts", enrol_sts_endpoint="{ec2}/")
        self.cluster.control("POST", "/_control/faults", kind="error_5xx",
                             action="GetCallerIdentity", count="2")
        self.launch("--proof", "sts", "--sts-endpoint", endpoint + "/", profile="web")
        self.wait_for_words("STS is in trouble (HTTP 500")
        self.wait_for_reports()
        self.proof_in_log("sts")

    # ---- document ----

    def test_an_agent_enrols_by_its_document(self):
        self.start("--identity-documents", "true", enrol_proofs="document,sts",
                   enrol_document_certificates="{folder}/ec2/identity-documents.pem")
        self.launch()  # auto: no token, no role
        self.wait_for_reports()
        self.proof_in_log("document")
        self.assertNotIn("token", self.join_line())

    def test_the_document_of_another_account_is_refused(self):
        self.start("--identity-documents", "true", enrol_proofs="document",
                   enrol_account="123456789012",
                   enrol_document_certificates="{folder}/ec2/identity-documents.pem")
        self.launch("--proof", "document")
        self.wait_for_words("it is of account 000000000000, which is not in "
                            "enrol.account")

    def test_the_document_of_another_region_is_refused(self):
        self.start("--identity-documents", "true", enrol_proofs="document",
                   region="eu-west-1",
                   enrol_document_certificates="{folder}/ec2/identity-documents.pem")
        self.launch("--proof", "document")
        self.wait_for_words("it says Region us-east-1 and is signed with another "
                            "Region's key")

    # ---- which are taken ----

    def test_auto_gives_the_next_proof_after_a_refusal(self):
        # An old line: its token was good before the controller took roles alone.
        endpoint = self.start(enrol_proofs="sts", enrol_sts_endpoint="{ec2}/")
        self.launch("--sts-endpoint", endpoint + "/", "--join-file", "join",
                    profile="web", before="""
grep '^# openasg-join' "$0" | sed 's/# openasg-join:/& token=feed/' > join
chmod 600 join
""")
        self.wait_for_words("the agent needs a role, for proof: sts")
        self.wait_for_reports()
        self.proof_in_log("sts")

    def test_a_proof_that_is_not_taken_is_refused_with_those_that_are(self):
        self.start("--identity-documents", "true", enrol_proofs="token,sts")
        self.launch("--proof", "document")
        self.wait_for_words("the agent needs the token of its join line, or a role, for "
                            "proof: sts")

    def test_settings_that_let_nobody_enrol_are_refused(self):
        self.cluster.start_ec2local()
        for settings, words in (
                ({"enrol_proofs": "tokens"}, "'tokens' is not a proof: use token, sts or document"),
                ({"enrol_proofs": "document"}, "enrol.document_certificates"),
                ({"enrol_proofs": "document",
                  "enrol_document_certificates": "/dev/null"},
                 "enrol.document_certificates"),
                ({"enrol_proofs": "sts", "enrol_sts_endpoint": "http://10.0.0.1/"},
                 "enrol.sts_endpoint"),
                ({"enrol_proofs": "sts", "enrol_account": "12345"},
                 "'12345' is not an account of twelve digits")):
            with self.subTest(settings):
                with self.assertRaises(Exception):
                    self.cluster.start_controller(**settings)
                with open(self.cluster.log_of("controller")) as file:
                    self.assertRegex(file.read(), re.escape(words))
                os.unlink(self.cluster.log_of("controller"))


if __name__ == "__main__":
    unittest.main()
