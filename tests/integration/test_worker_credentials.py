#!/usr/bin/python3
"""A running worker and its credentials: a canary in every secret shows in no log line,
argument, environment, error text or child, whatever the source; and sets that end are
renewed."""

import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True
try:
    from aws_sources import CANARY, LONG_KEY, REGION, Sources
except ImportError:
    print("skipped: botocore is not installed")
    sys.exit(77)

from ec2local_fixture import BUILD, is_alive, wait_for
from scripted_ec2 import make_certificate

WORKER = os.path.join(BUILD, "bin", "openasg-worker")


class WorkerCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="secrets-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.sources = Sources()
        self.addCleanup(lambda: self.sources.close())

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def begin(self, *options, **environment):
        """A worker that runs on, its log in a file. Its controller is never there."""
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "w") as log:
            process = subprocess.Popen(
                [WORKER, "--log-level", "debug", "--allow-plaintext", "--dir", self.folder,
                 "--controller-endpoint", f"ipc://{self.folder}/nobody", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": self.folder, "AWS_REGION": REGION,
                     "AWS_ENDPOINT_URL": self.sources.url,
                     "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.sources.url, **environment})
        self.addCleanup(self.end, process)
        wait_for("the worker to start", lambda: " started " in self.read_log()
                 or process.poll() is not None)
        self.assertIsNone(process.poll(), self.read_log())
        return process

    def read_log(self):
        with open(self.log) as file:
            return file.read()

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def key_ids(self):
        """Of the sets that the worker took, in order."""
        return re.findall(r" credentials source=\S+ access_key_id=(\S+)", self.read_log())


class SecretsTest(WorkerCase):
    def look_at(self, process):
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{process.pid}/{name}", "rb") as file:
                    self.assertNotIn(CANARY.encode(), file.read(), name)
            except PermissionError:
                pass  # not root: the worker does not even let us look
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        log = self.read_log()
        self.assertNotIn(CANARY, log)
        return log

    def test_keys_of_the_environment(self):
        log = self.look_at(self.begin(AWS_ACCESS_KEY_ID=LONG_KEY[0],
                                      AWS_SECRET_ACCESS_KEY=LONG_KEY[1],
                                      AWS_SESSION_TOKEN=CANARY + "-token"))
        self.assertIn('credentials source="environment" access_key_id=AKIALONG', log)

    def test_a_role_by_a_profile(self):
        self.file("config", "[default]\nrole_arn = arn:r\nsource_profile = default\n"
                            f"aws_access_key_id = {LONG_KEY[0]}\n"
                            f"aws_secret_access_key = {LONG_KEY[1]}\n")
        log = self.look_at(self.begin(AWS_CONFIG_FILE=self.folder + "/config"))
        self.assertIn('credentials source="assume-role" access_key_id=ASIAROLE1', log)

    def test_a_credentials_file_open_to_others_is_told(self):
        path = self.file("credentials", f"[default]\naws_access_key_id = {LONG_KEY[0]}\n"
                                        f"aws_secret_access_key = {LONG_KEY[1]}\n")
        for mode, is_told in ((0o644, True), (0o600, False)):
            os.chmod(path, mode)
            log = self.look_at(self.begin(AWS_SHARED_CREDENTIALS_FILE=path))
            self.assertEqual(is_told, " credentials_file_open " in log)

    def test_web_identity(self):
        token = self.file("token", CANARY + ".jwt")
        self.look_at(self.begin(AWS_WEB_IDENTITY_TOKEN_FILE=token, AWS_ROLE_ARN="arn:web"))

    def test_a_container(self):
        self.sources.container_token = CANARY + "-authorization"
        log = self.look_at(self.begin(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=self.sources.url + "/c",
            AWS_CONTAINER_AUTHORIZATION_TOKEN=CANARY + "-authorization"))
        self.assertIn('source="container"', log)

    def test_the_instance_profile(self):
        self.assertIn('source="imds"', self.look_at(self.begin()))

    def test_a_program_inherits_no_secret(self):
        text = json.dumps({"Version": 1, "AccessKeyId": LONG_KEY[0],
                           "SecretAccessKey": LONG_KEY[1]})
        program = self.file("program", f"#!/bin/sh\nenv >{self.folder}/inherited\n"
                                       f"echo {CANARY} >&2\ncat <<'END'\n{text}\nEND\n")
        os.chmod(program, 0o700)
        self.file("config", f"[default]\ncredential_process = {program}\n")
        log = self.look_at(self.begin("--credentials-allow-process",
                                      AWS_CONFIG_FILE=self.folder + "/config",
                                      AWS_SESSION_TOKEN=CANARY + "-left-over"))
        self.assertIn('source="process"', log)
        with open(self.folder + "/inherited") as file:
            inherited = file.read()
        self.assertIn("AWS_CONFIG_FILE=", inherited)
        self.assertNotIn(CANARY, inherited)

    def test_failures_tell_no_secret(self):
        """The worker ends with a line that says what is wrong and holds no secret."""
        self.sources.imds_code = "Failed"
        for environment in (
                {"AWS_SECRET_ACCESS_KEY": LONG_KEY[1]},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.sources.url,
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": CANARY + "\nX: y"},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.sources.url + "/c",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": CANARY},
                {"AWS_WEB_IDENTITY_TOKEN_FILE": self.file("t", CANARY + "\x01"),
                 "AWS_ROLE_ARN": "arn:r"},
                {}):
            self.sources.container_token = "another"
            done = subprocess.run(
                [WORKER, "--allow-plaintext", "--dir", self.folder], text=True,
                stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                env={"PATH": os.environ["PATH"], "HOME": self.folder, "AWS_REGION": REGION,
                     "AWS_ENDPOINT_URL": self.sources.url,
                     "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.sources.url, **environment})
            self.assertIn(done.returncode, (1, 2), done.stderr)
            self.assertNotIn(CANARY, done.stdout + done.stderr)
            self.assertIn("openasg-worker: ", done.stderr)


class RefreshTest(WorkerCase):
    """A worker that runs on while its credentials come and go."""

    def test_sets_that_end_soon_are_renewed_again_and_again(self):
        self.sources.lifetime = datetime.timedelta(seconds=4)
        process = self.begin()
        wait_for("three sets", lambda: len(self.key_ids()) >= 3, 60)
        self.assertEqual(len(self.key_ids()), len(set(self.key_ids())))
        self.sources.role_name = None
        wait_for("a failure", lambda: " credentials_failed " in self.read_log(), 60)
        self.assertIsNone(process.poll())
        self.sources.role_name = "worker-role"
        taken = len(self.key_ids())
        wait_for("the next set", lambda: len(self.key_ids()) > taken, 60)
        # The token of the metadata is fetched once for all of them.
        self.assertEqual(1, len(self.sources.wanted("imds-token")))

    def test_a_token_file_is_read_anew_each_time(self):
        self.sources.lifetime = datetime.timedelta(seconds=4)
        self.sources.container_token = "first"
        token = self.file("token", "first\n")
        self.begin(AWS_CONTAINER_CREDENTIALS_FULL_URI=self.sources.url + "/c",
                   AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token)
        os.replace(self.file("token.new", "second\n"), token)
        self.sources.container_token = "second"
        taken = len(self.key_ids())
        wait_for("two more sets", lambda: len(self.key_ids()) >= taken + 2, 60)

    def test_it_stops_while_a_source_hangs(self):
        pid_file = os.path.join(self.folder, "pid")
        program = self.file("program", f"""#!/bin/sh
if [ -e {pid_file}.first ]; then echo $$ >{pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 600; fi
touch {pid_file}.first
end=$(date -u -d '+3 seconds' +%Y-%m-%dT%H:%M:%SZ)
echo '{{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "Expiration": "'$end'"}}'
""")
        os.chmod(program, 0o700)
        self.file("config", f"[default]\ncredential_process = {program}\n")
        process = self.begin("--credentials-allow-process", "--credentials-process-timeout",
                             "10m", AWS_CONFIG_FILE=self.folder + "/config")
        wait_for("the program to hang", lambda: os.path.exists(pid_file), 60)
        with open(pid_file) as file:
            child = int(file.read())
        self.assertTrue(is_alive(child))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(timeout=60), self.read_log())
        wait_for("the program to be gone", lambda: not is_alive(child))

    def test_metadata_in_trouble_is_waited_for_at_the_start(self):
        self.sources.token_status = 503
        self.log = self.file("log", "")

        def end_the_trouble():
            wait_for("a failure", lambda: " credentials_failed " in self.read_log())
            self.sources.token_status = 200

        helper = threading.Thread(target=end_the_trouble)
        helper.start()
        self.begin()
        helper.join()
        self.assertEqual(["ASIAIMDS1"], self.key_ids())

    def test_a_signal_ends_the_wait_for_the_first_set(self):
        program = self.file("program", f"#!/bin/sh\ntouch {self.folder}/begun\nexec sleep 20\n")
        os.chmod(program, 0o700)
        self.file("config", f"[default]\ncredential_process = {program}\n")
        process = subprocess.Popen(
            [WORKER, "--allow-plaintext", "--dir", self.folder, "--credentials-allow-process",
             "--credentials-wait", "1h"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "AWS_REGION": REGION,
                 "AWS_CONFIG_FILE": self.folder + "/config"})
        self.addCleanup(self.end, process)
        wait_for("the program", lambda: os.path.exists(self.folder + "/begun"))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(-signal.SIGTERM, process.wait(timeout=60))


class MemoryTest(WorkerCase):
    """A worker's memory holds the present set once, and those before it no more."""

    @staticmethod
    def pages(pid):
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                span, rights = line.split()[:2]
                if not rights.startswith("rw"):
                    continue
                first, end = (int(word, 16) for word in span.split("-"))
                if end - first > 1 << 30:
                    continue  # a sanitizer's shadow
                memory.seek(first)
                try:
                    yield memory.read(end - first)
                except OSError:
                    pass  # a mapping of the kernel's own

    def copies(self, process, words):
        """How often each word is found, looking at a worker that stands still."""
        os.kill(process.pid, signal.SIGSTOP)
        try:
            memory = list(self.pages(process.pid))
        except PermissionError:
            self.skipTest("this system lets nobody look into the worker's memory")
        finally:
            os.kill(process.pid, signal.SIGCONT)
        return [sum(part.count(word.encode()) for part in memory) for word in words]

    def expect_the_present_set_once(self, process, kind):
        wait_for("four sets", lambda: len(self.key_ids()) >= 4, 60)

        def seen():
            number = int(re.search(r"\d+$", self.key_ids()[-1]).group())
            words = [word for n in range(1, number + 1) for word in
                     (f"{CANARY}/{kind}+{n}=", f"{CANARY}-token-{kind}-{n}")]
            self.seen = dict(zip(words, self.copies(process, words)))
            return list(self.seen.values()) == [0, 0] * (number - 1) + [1, 1]
        try:  # a set may be on its way at the first look
            wait_for("the present set only", seen, 20)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.seen}") from None

    def test_sets_of_the_metadata(self):
        self.sources.lifetime = datetime.timedelta(seconds=3)
        self.expect_the_present_set_once(self.begin(), "imds")

    def test_sets_of_a_role_over_tls(self):
        self.sources.close()
        both, certificate = make_certificate(self.folder)
        self.sources = Sources(both)
        self.file("config", "[default]\nrole_arn = arn:r\nsource_profile = default\n"
                            f"aws_access_key_id = {LONG_KEY[0]}\n"
                            f"aws_secret_access_key = {LONG_KEY[1]}\n")
        self.sources.lifetime = datetime.timedelta(seconds=3)
        self.expect_the_present_set_once(
            self.begin(AWS_CONFIG_FILE=self.folder + "/config", AWS_CA_BUNDLE=certificate),
            "ROLE")


if __name__ == "__main__":
    unittest.main()
