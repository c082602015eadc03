#!/usr/bin/python3
"""Where the worker would call EC2 and STS: every kind of region with FIPS and dual-stack,
compared with botocore's rule sets; and the order of what an operator may configure."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
try:
    import botocore.exceptions
    import botocore.loaders
    from botocore.endpoint_provider import EndpointProvider
except ImportError:
    print("skipped: botocore is not installed")
    sys.exit(77)

from ec2local_fixture import BUILD

WORKER = os.path.join(BUILD, "bin", "openasg-worker")
REGIONS = """us-east-1 us-west-2 eu-central-1 eu-west-3 ap-southeast-2 sa-east-1 ca-central-1
me-south-1 af-south-1 il-central-1 mx-central-1 cn-north-1 cn-northwest-1 us-gov-west-1
us-gov-east-1 us-iso-east-1 us-isob-east-1 eu-isoe-west-1 us-isof-south-1
eusc-de-east-1 us-new-7 moon-base-1 us-east us-east-1a eu-x-y-1""".split()


class EndpointCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="endpoints-")
        self.addCleanup(shutil.rmtree, self.folder)

    def say(self, *options, config="", **environment):
        """The lines on region, EC2 and STS; None when it refuses them."""
        path = os.path.join(self.folder, "config")
        with open(path, "w") as file:
            file.write(config)
        done = subprocess.run(
            [WORKER, "--check-credentials", *options], text=True, capture_output=True,
            timeout=60, stdin=subprocess.DEVNULL,
            env={"HOME": self.folder, "AWS_CONFIG_FILE": path, "PATH": os.environ["PATH"],
                 "AWS_EC2_METADATA_DISABLED": "true", **environment})
        self.assertEqual(2, done.returncode, done.stderr)  # there are no credentials
        self.error = done.stderr
        said = {line[:12].strip(): line[13:] for line in done.stdout.splitlines()}
        return said or None

    def ec2(self, *options, **more):
        return self.say(*options, **{"AWS_REGION": "us-east-1", **more})["ec2"]


class RegionsTest(EndpointCase):
    def test_they_are_those_of_botocore(self):
        loader = botocore.loaders.Loader()
        partitions = loader.load_data("partitions")
        providers = {service: EndpointProvider(
            loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
            for service in ("ec2", "sts")}
        compared = 0
        for region in REGIONS:
            for fips in (False, True):
                for dual in (False, True):
                    said = self.say(AWS_REGION=region,
                                    AWS_USE_FIPS_ENDPOINT="true" if fips else "false",
                                    AWS_USE_DUALSTACK_ENDPOINT="True" if dual else "no")
                    compared += self.compare(providers, said, region, fips, dual)
        self.assertGreater(compared, 100)

    def compare(self, providers, said, region, fips, dual):
        if not self.is_known_to_botocore(said["region"]):
            return 0
        compared = 0
        for service, provider in providers.items():
            with self.subTest(service=service, region=region, fips=fips, dual=dual):
                more = {"UseGlobalEndpoint": False} if service == "sts" else {}
                try:
                    theirs = provider.resolve_endpoint(
                        Region=region, UseFIPS=fips, UseDualStack=dual, **more).url
                except botocore.exceptions.EndpointProviderError:
                    continue  # an older botocore, which knows less of that partition
                self.assertEqual(f"{theirs}/ (region)", said[service])
                compared += 1
        return compared

    @staticmethod
    def is_known_to_botocore(ours):
        """A partition younger than this botocore is taken as aws by it."""
        theirs = botocore.loaders.Loader().load_data("partitions")["partitions"]
        partition = ours.split("partition ")[1].split(")")[0].split(",")[0]
        return any(entry["id"] == partition for entry in theirs)

    def test_a_guess_is_called_one(self):
        self.assertEqual("us-east-1 (partition aws)", self.say(AWS_REGION="us-east-1")["region"])
        for odd in ("moon-base-1", "us-east", "us-east-1a", "eu-x-y-1"):
            self.assertEqual(f"{odd} (partition aws, which is a guess)",
                             self.say(AWS_REGION=odd)["region"])
        self.assertEqual("us-gov-west-1 (partition aws-us-gov)",
                         self.say(AWS_REGION="us-gov-west-1")["region"])

    def test_where_the_region_comes_from(self):
        config = "[default]\nregion = eu-west-1\n[profile x]\nregion = eu-west-2\n"
        for region, options, environment in (
                ("eu-west-1", (), {}),
                ("eu-west-2", (), {"AWS_PROFILE": "x"}),
                ("eu-west-2", ("--credentials-profile", "x"), {}),
                ("ap-south-1", (), {"AWS_DEFAULT_REGION": "ap-south-1"}),
                ("ap-south-2", (), {"AWS_DEFAULT_REGION": "ap-south-1",
                                    "AWS_REGION": "ap-south-2"}),
                ("sa-east-1", ("--region", "sa-east-1"), {"AWS_REGION": "ap-south-2"})):
            self.assertIn(region + " ", self.say(*options, config=config,
                                                 **environment)["region"])
        self.assertIsNone(self.say())
        self.assertIn("no region", self.error)


class ConfiguredTest(EndpointCase):
    CONFIG = ("[default]\nendpoint_url = https://of.profile\nservices = mine\n"
              "[services mine]\nec2 =\n  endpoint_url = https://of.services/ec2\n"
              "sts =\n  endpoint_url = https://sts.services\n")

    def test_the_order(self):
        environment = {}
        self.assertEqual("https://of.services/ec2 (services section of the AWS config file)",
                         self.ec2(config=self.CONFIG))
        self.assertEqual("https://of.profile/ (endpoint_url of the profile)",
                         self.ec2(config="[default]\nendpoint_url = https://of.profile\n"))
        environment["AWS_ENDPOINT_URL"] = "https://of.all"
        self.assertEqual("https://of.all/ (AWS_ENDPOINT_URL)",
                         self.ec2(config=self.CONFIG, **environment))
        environment["AWS_ENDPOINT_URL_EC2"] = "https://of.ec2:8443/path"
        self.assertEqual("https://of.ec2:8443/path (AWS_ENDPOINT_URL_EC2)",
                         self.ec2(config=self.CONFIG, **environment))
        self.assertEqual("https://of.settings/ (configuration)", self.ec2(
            "--ec2-endpoint", "https://of.settings", config=self.CONFIG, **environment))
        environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        self.assertEqual("https://ec2.us-east-1.amazonaws.com/ (region)",
                         self.ec2(config=self.CONFIG, **environment))
        self.assertEqual("https://ec2.us-east-1.amazonaws.com/ (region)", self.ec2(
            config="[default]\nignore_configured_endpoint_urls = true\n"
                   "endpoint_url = https://of.profile\n"))
        self.assertEqual("https://of.settings/ (configuration)", self.ec2(
            "--ec2-endpoint", "https://of.settings", **environment))

    def test_sts_has_its_own(self):
        said = self.say(config=self.CONFIG, AWS_REGION="us-east-1",
                        AWS_ENDPOINT_URL_EC2="https://of.ec2")
        self.assertEqual("https://sts.services/ (services section of the AWS config file)",
                         said["sts"])
        said = self.say(AWS_REGION="us-east-1", AWS_ENDPOINT_URL_STS="https://of.sts")
        self.assertEqual("https://of.sts/ (AWS_ENDPOINT_URL_STS)", said["sts"])
        said = self.say("--sts-endpoint", "https://s", AWS_REGION="us-east-1",
                        AWS_ENDPOINT_URL_STS="https://of.sts")
        self.assertEqual("https://s/ (configuration)", said["sts"])
        # A cloud that was named for EC2 alone is asked for the identity too.
        said = self.say("--ec2-endpoint", "https://cloud.example", AWS_REGION="us-east-1")
        self.assertEqual("https://cloud.example/ (configuration)", said["sts"])

    def test_a_url_excludes_fips_and_dual_stack(self):
        for options, config in ((("--ec2-fips", "yes"), ""), (("--ec2-dual-stack", "yes"), ""),
                                ((), "[default]\nuse_fips_endpoint = true\n"),
                                ((), "[default]\nuse_dualstack_endpoint = true\n")):
            self.assertIsNone(self.say("--ec2-endpoint", "https://cloud.example", *options,
                                       config=config, AWS_REGION="us-east-1"))
            self.assertIn("cannot be combined", self.error)

    def test_the_settings_stand_before_the_environment(self):
        self.assertEqual("https://ec2-fips.us-east-1.amazonaws.com/ (region)",
                         self.ec2("--ec2-fips", "yes", AWS_USE_FIPS_ENDPOINT="false"))
        self.assertEqual("https://ec2.us-east-1.amazonaws.com/ (region)",
                         self.ec2("--ec2-fips", "no", AWS_USE_FIPS_ENDPOINT="true"))
        self.assertEqual("https://ec2-fips.us-east-1.api.aws/ (region)", self.ec2(
            config="[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = TRUE\n"))

    def test_plain_http_stays_on_this_host(self):
        self.assertIsNone(self.say(AWS_REGION="us-east-1", AWS_ENDPOINT_URL="http://10.0.0.1"))
        self.assertIn("plain http", self.error)
        self.assertIn("http://127.0.0.1:4566/", self.ec2(
            AWS_ENDPOINT_URL="http://127.0.0.1:4566"))
        self.assertIn("http://10.0.0.1/", self.ec2(
            "--ec2-allow-plain-http", AWS_ENDPOINT_URL="http://10.0.0.1"))


if __name__ == "__main__":
    unittest.main()
