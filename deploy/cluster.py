"""cluster - openasg's processes on this machine: used by ./dev demo, ./dev up and the
end-to-end tests. Everything it starts it ends by pid; everything it writes is in one
folder. Python's standard library only."""

import ctypes
import datetime
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree

REGION = "us-east-1"


class Trouble(Exception):
    """Something a user should read; not a bug of ours to trace."""


def wait_for(what, condition, seconds=30.0, pause=0.05):
    """Until condition() is true; its value. Never longer than `seconds`."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= until:
            raise Trouble(f"waited {seconds:.0f} s in vain for: {what}")
        time.sleep(pause)


def end_with_parent():
    """In a child, before it runs: SIGTERM when we are gone, however we went."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Cluster:
    """`is_tied`: the processes end when the program that started them does."""

    def __init__(self, build, folder, endpoint=None, is_tied=True):
        self.before_run = end_with_parent if is_tied else None
        self.bin = os.path.join(build, "bin")
        self.dir = os.path.abspath(folder)
        self.state = os.path.join(self.dir, "controller")
        self.ec2_endpoint = endpoint
        self.processes = {}  # name -> Popen
        self.worker_names = ["worker-1", "worker-2"]  # known before they knock
        self.known_endpoints = {}  # of the controller's last life
        self.instead = {}  # name of a program -> folder it is taken from
        self.env_of = {}  # name of a process -> more of its environment
        self.serves_api = False  # the Auto Scaling API too, for the keys that EC2 takes
        os.makedirs(self.dir, mode=0o700, exist_ok=True)
        self.env = dict(os.environ)
        self.env["AWS_REGION"] = self.env.get("AWS_REGION", REGION)
        self.env["AWS_DEFAULT_REGION"] = self.env["AWS_REGION"]
        self.env["AWS_EC2_METADATA_DISABLED"] = "true"
        if endpoint is None:
            self.env["AWS_ACCESS_KEY_ID"] = "AKIA" + secrets.token_hex(8).upper()
            self.env["AWS_SECRET_ACCESS_KEY"] = secrets.token_hex(20)
            self.env.pop("AWS_SESSION_TOKEN", None)

    # ---- processes ----

    def log_of(self, name):
        return os.path.join(self.dir, name + ".log")

    def program(self, name):
        path = os.path.join(self.instead.get(name, self.bin), name)
        if not os.path.exists(path):
            raise Trouble(f"{path} is not built")
        return path

    def command_of(self, name, path):
        """What runs the program at `path` as process `name`: here, itself."""
        del name
        return [path]

    def environment(self, name):
        """The controller has no credentials of the cloud."""
        env = {**self.env, **self.env_of.get(name, {})}
        if name == "controller":
            env = {key: value for key, value in env.items() if not key.startswith("AWS_")}
        return env

    def start(self, name, arguments):
        command = self.command_of(name, self.program(arguments[0])) + arguments[1:]
        # No signal between the start of a process and our noting it: nobody would end it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

        def before_run():
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            if self.before_run is not None:
                self.before_run()

        try:
            with open(self.log_of(name), "ab") as log:
                self.processes[name] = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env=self.environment(name),
                    start_new_session=True, preexec_fn=before_run)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return self.processes[name]

    def is_running(self, name):
        process = self.processes.get(name)
        return process is not None and process.poll() is None

    def check_alive(self, name):
        if self.is_running(name):
            return
        with open(self.log_of(name), errors="replace") as log:
            tail = log.read()[-2000:]
        raise Trouble(f"{name} ended by itself; its last words:\n{tail}")

    def kill(self, name, how=signal.SIGKILL):
        process = self.processes[name]
        process.send_signal(how)
        process.wait(timeout=30)

    def stop_all(self):
        """Controller and workers first, so that nobody replaces what ends."""
        order = sorted(self.processes, key=lambda name: name == "ec2local")
        for name in order:
            process = self.processes[name]
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name in order:
            try:
                self.processes[name].wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.processes[name].kill()
                self.processes[name].wait()

    def read_file(self, name, path, seconds=30):
        def read():
            self.check_alive(name)
            try:
                with open(path) as file:
                    return file.read().strip()
            except FileNotFoundError:
                return None

        return wait_for(f"{name} to be ready", read, seconds)

    # ---- the parts ----

    def start_ec2local(self, *extra):
        path = os.path.join(self.dir, "ec2.endpoint")
        if os.path.exists(path):
            os.unlink(path)
        folder = os.path.join(self.dir, "ec2")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # A network of its own, so that several can run side by side.
        cidr = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(4) * 64}.0/18"
        self.start("ec2local", ["openasg-ec2local", "--dir", folder, "--port", "0",
                                "--cidr", cidr, "--endpoint-file", path, *extra])
        self.ec2_endpoint = self.read_file("ec2local", path).split()[0]
        return self.ec2_endpoint

    def start_controller(self, **settings):
        """Settings as on the command line, _ for -. Ports are kept over a restart."""
        path = os.path.join(self.dir, "controller.endpoints")
        if os.path.exists(path):
            self.known_endpoints = self.controller_endpoints()
            os.unlink(path)
        known = self.known_endpoints
        any_port = "tcp://127.0.0.1:*"
        chosen = {
            "dir": self.state,
            "endpoint_file": path,
            "listen_agents": known.get("agents", any_port),
            "listen_workers": known.get("workers", any_port),
            "listen_admin": known.get("admin", any_port),
            "listen_http": known.get("http", "http://127.0.0.1:0").removeprefix("http://"),
            "listen_enrol": known.get("enrol", "127.0.0.1:0"),
        }
        if self.serves_api:
            chosen["listen_api"] = (known.get("api", "").removeprefix("http://")
                                    or "127.0.0.1:0")
            chosen["region"] = self.env["AWS_REGION"]
            self.allow_own_key()
        chosen.update(settings)
        self.controller_settings = settings
        for name in self.worker_names:
            self.make_worker_key(name)
        arguments = ["openasg-controller"]
        for key, value in chosen.items():
            arguments.append(f"--{key.replace('_', '-')}={value}")
        self.start("controller", arguments)
        self.read_file("controller", path)

    def controller_endpoints(self):
        with open(os.path.join(self.dir, "controller.endpoints")) as file:
            return dict(line.rstrip("\n").split(": ", 1) for line in file)

    def allow_own_key(self):
        """The keys of our environment sign for the Auto Scaling API as well."""
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        path = os.path.join(self.state, "api-keys")
        if os.path.exists(path):  # with those of a life before
            self.openasg("keys", "remove-api", "local", "--yes", "--file", path, check=False)
        self.openasg("keys", "make-api", "local", "--existing", "--file", path)

    def make_worker_key(self, name):
        """A key pair that the controller allows; its path."""
        folder = os.path.join(self.dir, name)
        allowed = os.path.join(self.state, "workers.d")
        for path in (self.state, allowed, folder):
            os.makedirs(path, mode=0o700, exist_ok=True)
        key = os.path.join(folder, name + ".key")
        if not os.path.exists(key):
            self.openasg("keys", "make", name, "--to", folder)
            with open(os.path.join(folder, name + ".pub")) as file:
                text = file.read()
            with open(os.path.join(allowed, name + ".pub"), "w") as file:
                file.write(text)
        return key

    def start_worker(self, name, **settings):
        folder = os.path.join(self.dir, name)
        key = self.make_worker_key(name)
        endpoints = self.controller_endpoints()
        arguments = ["openasg-worker", "--name", name, "--dir", folder, "--key-file", key,
                     "--controller-endpoint", endpoints["workers"],
                     "--controller-key=" + endpoints["key"],  # a key may begin with -
                     "--ec2-endpoint", self.ec2_endpoint]
        for key_word, value in settings.items():
            arguments.append(f"--{key_word.replace('_', '-')}={value}")
        self.start(name, arguments)

    # ---- asking ----

    def openasg_command(self, *arguments):
        command = [os.path.join(self.bin, "openasg"), *map(str, arguments)]
        if os.path.exists(os.path.join(self.dir, "controller.endpoints")):
            command += ["--dir", self.state, "--controller",
                        self.controller_endpoints()["admin"]]
        return command

    def openasg(self, *arguments, check=True):
        """Run one command; its output. A failure is Trouble unless check is False."""
        done = subprocess.run(self.openasg_command(*arguments), env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=120)
        if check and done.returncode != 0:
            raise Trouble(f"openasg {' '.join(map(str, arguments))}: "
                          f"exit {done.returncode}\n{done.stdout}")
        return done.stdout

    def ask(self, *arguments):
        """The same as JSON."""
        return json.loads(self.openasg(*arguments, "--output", "json"))

    def aws(self, *arguments):
        """One command of AWS's own command line, against our Auto Scaling API; its output.
        Debian's first: it knows no AWS_ENDPOINT_URL."""
        program = shutil.which("aws", path="/usr/bin" + os.pathsep + self.env.get("PATH", ""))
        if program is None:
            raise Trouble("there is no aws; it comes with Debian's package awscli")
        done = subprocess.run(
            [program, "autoscaling", "--endpoint-url", self.controller_endpoints()["api"],
             *map(str, arguments)], env=self.env, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120)
        if done.returncode != 0:
            raise Trouble(f"aws autoscaling {' '.join(map(str, arguments))}: "
                          f"exit {done.returncode}\n{done.stdout}")
        return done.stdout

    def log_file(self):
        return os.path.join(self.state, "openasg.log")

    def control(self, method, path, **form):
        """ec2local's control endpoint."""
        data = urllib.parse.urlencode(form).encode() if form else None
        url = self.ec2_endpoint.rstrip("/") + path
        with open(os.path.join(self.dir, "ec2", "control-key")) as file:
            key = file.read().strip()
        request = urllib.request.Request(url, data=data, method=method,
                                         headers={"X-Ec2local-Key": key})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise Trouble(f"{method} {path}: {error.code} {error.read().decode()}")
        return json.loads(text) if text.strip().startswith(("{", "[")) else text

    def ec2(self, action, **parameters):
        """One EC2 call, signed here with the standard library: a second opinion that
        shares no code with what it checks. The reply as an element tree."""
        body = urllib.parse.urlencode(
            {"Action": action, "Version": "2016-11-15", **parameters}).encode()
        now = datetime.datetime.now(datetime.timezone.utc)
        day, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
        host = urllib.parse.urlsplit(self.ec2_endpoint).netloc
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8",
                   "host": host, "x-amz-date": stamp}
        names = ";".join(sorted(headers))
        canonical = "\n".join(
            ["POST", "/", ""] + [f"{n}:{headers[n]}" for n in sorted(headers)]
            + ["", names, hashlib.sha256(body).hexdigest()])
        scope = f"{day}/{self.env['AWS_REGION']}/ec2/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                             hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.env["AWS_SECRET_ACCESS_KEY"]).encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.env['AWS_ACCESS_KEY_ID']}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}")
        del headers["host"]
        request = urllib.request.Request(self.ec2_endpoint, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        root = xml.etree.ElementTree.fromstring(text)
        for element in root.iter():
            element.tag = element.tag.rsplit("}", 1)[-1]
        return root

    def ec2_instances(self):
        """What lives in EC2 by its own word: id -> {token, address, state, tags}."""
        rows = {}
        for item in self.ec2("DescribeInstances").iterfind(".//instancesSet/item"):
            state = item.findtext("instanceState/name")
            if state in ("pending", "running"):
                rows[item.findtext("instanceId")] = {
                    "token": item.findtext("clientToken") or "",
                    "address": item.findtext("privateIpAddress") or "", "state": state,
                    "tags": {tag.findtext("key"): tag.findtext("value")
                             for tag in item.iterfind("tagSet/item")}}
        return rows

    def metrics(self):
        """The controller's /metrics as name -> value."""
        with urllib.request.urlopen(self.controller_endpoints()["http"] + "/metrics",
                                    timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        rows = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in rows}
