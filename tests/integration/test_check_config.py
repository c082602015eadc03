"""--check-config of every program: all that is wrong, with what to do, and nothing is changed."""

import os
import shutil
import subprocess
import tempfile
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
KEY = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"


class CheckConfig(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-check-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o600):
        path = self.path(name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def listing(self):
        return sorted((os.path.join(folder, name), os.lstat(os.path.join(folder, name)))
                      for folder, _, names in os.walk(self.folder) for name in names)

    def check(self, program, *arguments, code, **environment):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("OPENASG_", "AWS_", "STATE_"))}
        kept.update(AWS_EC2_METADATA_DISABLED="true", HOME=self.folder, **environment)
        before = self.listing()
        result = subprocess.run([os.path.join(BUILD, "bin", program), "--check-config",
                                 *arguments], capture_output=True, text=True, timeout=30,
                                check=False, env=kept)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertEqual([path for path, _ in before], [path for path, _ in self.listing()])
        if code == 0:
            self.assertEqual(result.stderr, "")
            self.assertIn("are fine", result.stdout)
        for line in result.stderr.splitlines():
            self.assertTrue(line.startswith(program + ": "), line)
        return result.stderr

    def test_the_controller_says_everything_at_the_same_time(self):
        state = self.path("state")
        file = self.write("controller.yaml", f"""\
dir: {state}
listen:
  agents: tcp://0.0.0.0:7701
  http: "7704"
  agnets: tcp://127.0.0.1:1
jobs:
  lease: 5s
  heartbeat: 3s
rate:
  quotas: RunInstances=nonsense
log_level: loud
""")
        said = self.check("openasg-controller", "--config", file, "--no-such=1", code=2,
                          OPENASG_CONTROLLER_LISTEN_ADMIM="tcp://127.0.0.1:1")
        for words in ("did you mean \"listen.agents\"?", "log_level", "--no-such",
                      "OPENASG_CONTROLLER_LISTEN_ADMIM", "set announce.agents",
                      "jobs.heartbeat is 3000 ms, more than a third of jobs.lease",
                      "RunInstances=nonsense", "listen.http: \"7704\" is not an address"):
            self.assertIn(words, said)
        self.assertFalse(os.path.exists(state))

    def test_the_controllers_files(self):
        state = self.path("state")
        for name in ("", "workers.d", "admins.d"):
            os.makedirs(os.path.join(state, name), mode=0o700, exist_ok=True)
        self.check("openasg-controller", "--dir", state, code=0)
        self.write("state/controller.key", "public: x\nsecret: y\n")
        self.write("state/join.secret", "x" * 32, mode=0o644)
        self.write("state/ca.pem", "x", mode=0o644)
        self.write("state/workers.d/w.pub", "nonsense", mode=0o644)
        os.chmod(os.path.join(state, "admins.d"), 0o777)
        said = self.check("openasg-controller", "--dir", state, "--listen-api",
                          "127.0.0.1:0", "--account-id=12", "--api-certificate",
                          self.path("nosuch.pem"), "--api-private-key", "x", code=2)
        for words in ("controller.key", "join.secret", "ca.pem exists, but ca.key does not",
                      "w.pub", "admins.d", "account_id '12' is not twelve digits",
                      "nosuch.pem"):
            self.assertIn(words, said)

    def test_the_worker(self):
        key = self.write("w.key", "not a key")
        said = self.check("openasg-worker", "--key-file", key, "--ec2-ca-file",
                          self.path("none.pem"), "--listen-http", "localhost", code=2)
        for words in ("w.key", "controller.key is not set", "no region", "ec2.ca_file",
                      "listen.http"):
            self.assertIn(words, said)
        os.unlink(key)
        os.chmod(self.folder, 0o700)
        self.check("openasg-worker", "--dir", self.path("w"), "--controller-key=" + KEY,
                   "--region", "us-east-1", code=0)
        said = self.check("openasg-worker", "--dir", self.path("a/b/w"),
                          "--controller-key=" + KEY, "--region", "us-east-1",
                          "--credentials-profile", "nosuch", code=2)
        self.assertIn("mkdir -p", said)
        self.assertIn("nosuch", said)

    def test_the_agent(self):
        join = self.write("join", "no join line here")
        script = self.write("drain.sh", "#!/bin/sh\n", mode=0o600)
        said = self.check("openasg-agent", "--dir", self.path("x/y"), "--join-file", join,
                          "--drain-script", script, "--grpc-listen", "everywhere",
                          "--cgroup", "/nosuch", code=2)
        for words in ("dir:", "openasg-join", "drain_script: cannot run", "grpc_listen",
                      "cgroup: cannot read /nosuch"):
            self.assertIn(words, said)
        os.chmod(join, 0o644)
        said = self.check("openasg-agent", "--dir", self.folder, "--join-file", join, code=2)
        self.assertIn("can be read by others (mode 644): chmod 600", said)
        self.check("openasg-agent", "--dir", self.folder, code=0)

    def test_ec2local(self):
        said = self.check("openasg-ec2local", "--dir", self.folder, "--cidr", "here",
                          "--instance-addresses", "1.2.3.4,five", "--boot-delay-max-ms", "1",
                          "--keys-file", "/nosuch", code=2)
        for words in ("cidr 'here'", "'five'", "boot_delay_max_ms", "keys_file"):
            self.assertIn(words, said)
        self.check("openasg-ec2local", "--dir", self.folder, code=0)

    def test_the_command_line(self):
        said = self.check("openasg", "--dir", self.folder, code=2)
        self.assertIn("key_file:", said)
        self.assertIn("controller.key.pub", said)
        self.write("admin.key", "nonsense", mode=0o644)
        said = self.check("openasg", "--dir", self.folder, "--server-key", "short", code=2)
        self.assertIn("chmod 600", said)
        self.assertIn("server_key: not a public key", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
