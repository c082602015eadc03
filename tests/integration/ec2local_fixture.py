"""One openasg-ec2local of its own for a test: started, asked, ended by pid."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
PROGRAM = os.path.join(BUILD, "bin", "openasg-ec2local")
REGION = "us-east-1"


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s for {what}")


def is_alive(pid):
    """A process that is there and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Ec2Local:
    def __init__(self, *options, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="ec2local-")
        self.owns_folder = folder is None
        self.process = None
        self.start(*options)

    def start(self, *options):
        endpoint = os.path.join(self.folder, "endpoint")
        if os.path.exists(endpoint):
            os.unlink(endpoint)
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("AWS_", "OPENASG_"))}
        command = [PROGRAM, "--dir", self.folder, "--port", "0",
                   "--endpoint-file", endpoint, "--boot-delay-ms", "30",
                   "--stop-delay-ms", "20", *options]
        self.process = subprocess.Popen(command, env=environment,
                                        stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)

        def read():
            if self.process.poll() is not None:
                raise AssertionError(f"ec2local exited {self.process.returncode}")
            if not os.path.exists(endpoint):
                return ""
            with open(endpoint) as file:
                return file.read().strip()

        self.url = wait_for("ec2local to serve", read)

    def stop(self, how=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=60)

    def close(self):
        try:
            status = self.stop()
            if status not in (0, -signal.SIGKILL):
                raise AssertionError(f"ec2local ended with {status}")
        finally:
            if self.owns_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    # ---- clients ----

    def environment(self):
        """For a client: nothing but this endpoint and these keys."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("AWS_")}
        kept.update(AWS_SHARED_CREDENTIALS_FILE=os.path.join(self.folder, "credentials"),
                    AWS_CONFIG_FILE=os.path.join(self.folder, "no-config"),
                    AWS_EC2_METADATA_DISABLED="true", AWS_REGION=REGION,
                    AWS_DEFAULT_REGION=REGION, AWS_PAGER="", AWS_MAX_ATTEMPTS="1")
        return kept

    def keys(self):
        with open(os.path.join(self.folder, "credentials")) as file:
            fields = dict(line.split(" = ", 1) for line in file.read().splitlines()
                          if " = " in line)
        return {"aws_access_key_id": fields["aws_access_key_id"],
                "aws_secret_access_key": fields["aws_secret_access_key"]}

    def client(self, service="ec2", **changes):
        import boto3
        from botocore.config import Config
        settings = {"region_name": REGION, "endpoint_url": self.url, **self.keys(),
                    "config": Config(retries={"max_attempts": 0, "mode": "standard"},
                                     read_timeout=20)}
        settings.update(changes)
        return boto3.session.Session().client(service, **settings)

    # ---- the control endpoint ----

    def control_headers(self):
        with open(os.path.join(self.folder, "control-key")) as file:
            return {"X-Ec2local-Key": file.read().strip()}

    def control(self, method, path, **form):
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.url + "/_control/" + path, data=data,
                                         method=method, headers=self.control_headers())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def fault(self, kind, **fields):
        return self.control("POST", "faults", kind=kind, **fields)["id"]

    def calls(self, **fields):
        query = urllib.parse.urlencode(fields)
        return self.control("GET", "calls?" + query)["calls"]

    def console(self, instance_id):
        path = os.path.join(self.folder, "instances", instance_id, "console.log")
        try:
            with open(path) as file:
                return file.read()
        except FileNotFoundError:
            return ""
