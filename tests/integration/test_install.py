#!/usr/bin/python3
"""`cmake --install` puts on a host what the packages do, and leaves the operator's settings."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
SERVICES = ("controller", "worker", "agent")
EXPECTED = {"usr/bin/openasg", "usr/bin/openasg-ec2local", "usr/lib/sysusers.d/openasg.conf",
            "usr/share/bash-completion/completions/openasg",
            "usr/share/zsh/vendor-completions/_openasg",
            "usr/share/fish/vendor_completions.d/openasg.fish", "usr/share/man/man1/openasg.1",
            "usr/share/man/man1/openasg-group-create.1",
            "usr/share/man/man8/openasg-ec2local.8",
            "usr/lib/systemd/catalog/openasg-controller.catalog",
            "usr/lib/systemd/catalog/openasg-worker.catalog"}
EXPECTED |= {f"usr/share/openasg/monitoring/{name}" for name in (
    "alertmanager.yml", "mixin.libsonnet", "openasg.json", "openasg.rules.yml",
    "prometheus.yml")}
for service in SERVICES:
    EXPECTED |= {f"usr/bin/openasg-{service}", f"etc/openasg/{service}.yaml",
                 f"etc/default/openasg-{service}",
                 f"usr/lib/systemd/system/openasg-{service}.service",
                 f"usr/share/man/man8/openasg-{service}.8"}


class Install(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-install-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.install()

    def install(self):
        subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], check=True,
                       env={**os.environ, "DESTDIR": self.folder}, capture_output=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def files(self):
        return {os.path.relpath(os.path.join(place, name), self.folder)
                for place, _, names in os.walk(self.folder) for name in names}

    def test_everything_is_where_the_packages_have_it(self):
        files = self.files()
        self.assertEqual(set(), EXPECTED - files)
        pages = {name for name in files if name.startswith("usr/share/man/man1/")}
        self.assertEqual(set(), files - EXPECTED - pages)

    def test_each_file_goes_into_one_package_and_nothing_is_forgotten(self):
        patterns = []
        for name in os.listdir(os.path.join(SOURCE, "debian")):
            if name.endswith(".install"):
                with open(os.path.join(SOURCE, "debian", name)) as file:
                    patterns += [line.split()[0] for line in file if line.strip()]
        for file in self.files() - {"usr/lib/sysusers.d/openasg.conf"}:  # dh_installsysusers
            taking = [pattern for pattern in patterns
                      if file == pattern or file.startswith(pattern + "/")]
            self.assertEqual(1, len(taking), file)

    def test_the_settings_are_read_and_say_no_more_than_the_folder(self):
        for name, folder in (("controller", "/var/lib/openasg"),
                             ("worker", "/var/lib/openasg-worker"), ("agent", None)):
            program = self.path(f"usr/bin/openasg-{name}")
            path = self.path(f"etc/openasg/{name}.yaml")
            given = ["--dir", folder] if folder else []
            said = subprocess.run([program, "--config", path, "--print-config"], text=True,
                                  capture_output=True)
            self.assertEqual(0, said.returncode, said.stderr)
            plain = subprocess.run([program, *given, "--print-config"], text=True,
                                   capture_output=True, check=True)
            self.assertEqual(plain.stdout, said.stdout)
            # Every setting can be had by taking its "#" away.
            with open(path, "w") as file:
                file.write(re.sub(r"(?m)^#((?:  )?[a-z0-9_]+:)", r"\1",
                                  self.read(f"etc/openasg/{name}.yaml")))
            said = subprocess.run([program, "--config", path, "--print-config"], text=True,
                                  capture_output=True)
            self.assertEqual((0, plain.stdout), (said.returncode, said.stdout), said.stderr)

    def test_settings_of_the_operator_stay(self):
        with open(self.path("etc/openasg/controller.yaml"), "a") as file:
            file.write("region: eu-central-1\n")
        os.remove(self.path("etc/openasg/worker.yaml"))
        self.install()
        self.assertTrue(self.read("etc/openasg/controller.yaml").endswith("eu-central-1\n"))
        self.assertTrue(os.path.exists(self.path("etc/openasg/worker.yaml")))

    def test_units_name_pages_and_files_that_are_there(self):
        for name in SERVICES:
            unit = self.read(f"usr/lib/systemd/system/openasg-{name}.service")
            for page, section in re.findall(r"man:([\w-]+)\((\d)\)", unit):
                self.assertTrue(os.path.exists(
                    self.path(f"usr/share/man/man{section}/{page}.{section}")), page)
            self.assertIn(f"EnvironmentFile=-/etc/default/openasg-{name}\n", unit)
            self.assertRegex(unit, rf"(?m)^ExecStart=/usr/bin/openasg-{name} "
                                   rf"--config -?/etc/openasg/{name}\.yaml$")

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc here")
    def test_the_pages_of_the_services_are_well_formed(self):
        for name in (*SERVICES, "ec2local"):
            page = self.path(f"usr/share/man/man8/openasg-{name}.8")
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], text=True,
                                  capture_output=True)
            wrong = [line for line in done.stdout.splitlines() if "missing date" not in line]
            self.assertEqual([], wrong)

    def test_example_variables_are_settings(self):
        for name in SERVICES:
            text = self.read(f"etc/default/openasg-{name}")
            variables = dict(re.findall(r"(?m)^#(OPENASG_[A-Z_]+)=(.*)$", text))
            self.assertTrue(variables)
            done = subprocess.run([self.path(f"usr/bin/openasg-{name}"), "--print-config"],
                                  env=variables, capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn("log_level: debug", done.stdout)


if __name__ == "__main__":
    unittest.main()
