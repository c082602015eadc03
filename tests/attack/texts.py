"""texts - names, files and characters: H10, H12, H13."""

import http.client
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

from edge import connect
from verdict import Attack
from world import AGENT_SETTINGS, Cluster, Felt, Trouble, World, numbers

ENROL = ["--listen-enrol", "127.0.0.1:0"]
ESCAPES = ("\u009b31mred", "abc\u202egnp.exe", "a\x1b]0;title\x07b", "\u2066isolated")


def name_groups(verdict, build, is_short):
    """H10, H13: names that are long, that a shell would read, that lead elsewhere."""
    del is_short
    world = World(build, agents=0)
    try:
        names = ["a" * 255, "a" * 256, "a" * 5000, "$(id)", "../x", "a/b", "a\nb", "`id`",
                 "-rf", "a b", *ESCAPES]
        refused = 0
        for name in names:
            try:
                said = world.openasg("group", "create", "--min", "0", "--max", "1",
                                     "--desired", "0", "--template", "web", "--zones",
                                     "us-east-1a", "--", name)
                is_taken = True
            except Trouble as trouble:
                said, is_taken = str(trouble), False
            refused += not is_taken
            # EC2 Auto Scaling takes any printable ASCII but blank and colon: $(id) is a name
            # there and here, and stands in quotes wherever a shell may read it.
            is_bad = len(name) > 255 or any(not "!" <= c <= "~" for c in name)
            verdict.require(not (is_bad and is_taken), f"{name[:20]!r} is a group now")
            verdict.require("no answer" not in said, f"{name[:20]!r} got no answer")
        verdict.count(len(names), refused)
        verdict.require("stopped_leading" not in world.log_text(), "leadership was lost")
        world.openasg("status")
    finally:
        world.stop()


def hide_in_output(verdict, build, is_short):
    """H13: controls and letters that turn the direction, to a terminal, a log, CSV."""
    del is_short
    world = World(build, agents=1)
    try:
        tried = shown = 0
        instance = world.serving()[0]["instance_id"]
        for escape in ESCAPES:
            tried += 1
            try:
                world.openasg("instance", "set-health", instance, "--healthy", "--reason",
                              escape, check=False)
                world.openasg("group", "update", "web", "--tag", f"note={escape}",
                              check=False)
            except ValueError:  # Python itself does not pass it on
                continue
        outputs = {"log": world.log_text()}
        for form in ("table", "csv"):
            for what in (["instance", "list", "web"], ["group", "show", "web"],
                         ["activity", "list", "web"]):
                outputs[f"{' '.join(what)} {form}"] = world.openasg(*what, "--output", form,
                                                                    check=False)
        outputs["explain"] = world.openasg("explain", "web")
        bad = [c for c in "\u009b\u202e\x1b\u2066\x07"]
        for where, text in outputs.items():
            found = [f"U+{ord(c):04X}" for c in bad if c in text]
            shown += bool(found)
            verdict.require(not found, f"{where} shows {' '.join(found)}")
        verdict.count(tried * len(outputs), tried * len(outputs) - shown)
    finally:
        world.stop()


class Bare(Cluster):
    """A controller whose folders an attacker got at first."""

    def __init__(self, build, folder):
        super().__init__(build, folder)
        self.worker_names = []

    def starts(self, **settings):
        """Whether it leads, and what it says."""
        self.start("controller", [
            "openasg-controller", "--dir", self.state, "--listen-agents",
            "tcp://127.0.0.1:*", "--listen-workers", "tcp://127.0.0.1:*", "--listen-admin",
            "tcp://127.0.0.1:*", "--listen-http", "127.0.0.1:0", *ENROL, *[f"--{k.replace('_', '-')}={v}" for k, v in settings.items()]])
        process = self.processes["controller"]
        until = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < until:
            with open(self.log_of("controller"), errors="replace") as log:
                if " leading " in log.read():
                    break
            time.sleep(0.05)
        is_up = process.poll() is None
        self.stop_all()
        with open(self.log_of("controller"), errors="replace") as log:
            return is_up, log.read()


def open_folders(verdict, build, is_short):
    """H12: folders that others may write, a symlink where a file is to be written."""
    del is_short
    tried = refused = 0
    for what in ("dir", "admins.d", "workers.d", "keys"):
        with _folder() as folder:
            bare = Bare(build, folder)
            path = bare.state if what == "dir" else os.path.join(bare.state, what)
            os.makedirs(bare.state, mode=0o700)
            os.makedirs(path, exist_ok=True)
            os.chmod(path, 0o777)
            is_up, said = bare.starts()
            tried += 1
            is_safe = not is_up or os.stat(path).st_mode & 0o022 == 0 or what == "keys"
            refused += is_safe
            verdict.require(is_safe, f"it starts although everybody may write {what}")
            verdict.require(is_up or path in said, f"it does not say that {what} is open")
    for name in ("endpoints", "endpoints.new"):
        with _folder() as folder:
            bare = Bare(build, folder)
            victim = os.path.join(folder, "victim")
            with open(victim, "w") as file:
                file.write("precious")
            public = os.path.join(folder, "public")
            os.makedirs(public)
            os.symlink(victim, os.path.join(public, name))
            bare.starts(endpoint_file=os.path.join(public, "endpoints"))
            with open(victim) as file:
                is_whole = file.read() == "precious"
            tried += 1
            refused += is_whole
            verdict.require(is_whole, f"a symlink at {name} was followed")
    verdict.count(tried, refused)


class _folder:
    def __enter__(self):
        import tempfile  # pylint: disable=import-outside-toplevel
        self.path = tempfile.mkdtemp(prefix="asg-attack-")
        return self.path

    def __exit__(self, *_):
        import shutil  # pylint: disable=import-outside-toplevel
        shutil.rmtree(self.path, ignore_errors=True)


def slow_readers(verdict, build, is_short):
    """H13: a byte of a header now and then, from two addresses; readyz meanwhile."""
    world = World(build, agents=1)
    try:
        seconds = 4 if is_short else 25
        children = [world.flood("http", 1, 400, "http", seconds, first)
                    for first in ("127.0.71.1", "127.0.72.1")]
        time.sleep(1)
        asked = late = 0
        until = time.monotonic() + seconds - 2
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                with urllib.request.urlopen(
                        world.controller_endpoints()["http"] + "/readyz", timeout=3):
                    pass
            except OSError:
                late += 1
            asked += 1
            late += time.monotonic() - began > 1
        said = [numbers(world.finish(child)) for child in children]
        verdict.count(sum(s["opened"] for s in said), sum(s["refused"] for s in said))
        verdict.note(f"/readyz was asked {asked} times, {late} late or lost")
        verdict.require(asked > 10 and late == 0, f"/readyz was late {late} of {asked} times")
    finally:
        world.stop()


def forget_host(verdict, build, is_short):
    """H13: HTTP/1.1 without Host, and with two."""
    del is_short
    world = World(build, agents=0)
    try:
        refused = 0
        requests = [b"GET /readyz HTTP/1.1\r\n\r\n",
                    b"GET /readyz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]
        for request in requests:
            with connect(world.endpoint("http"), "127.0.0.1") as client:
                client.sendall(request)
                line = client.recv(100).split(b"\r\n")[0]
            is_refused = b" 400 " in line or line == b""
            refused += is_refused
            verdict.require(is_refused, f"{request!r} is answered {line!r}")
        verdict.count(len(requests), refused)
    finally:
        world.stop()


def control_from_a_page(verdict, build, is_short):
    """H13: a web page in the developer's browser gives ec2local orders."""
    del is_short
    world = World(build, agents=1)
    try:
        where = world.ec2_endpoint.rstrip("/").split("://", 1)[1]
        instance = world.serving()[0]["instance_id"]
        tries = [{"Origin": "http://evil.example"}, {"Host": "evil.example"},
                 {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {}]
        refused = 0
        for headers in tries:
            client = http.client.HTTPConnection(where, timeout=5)
            client.request("POST", f"/_control/instances/{instance}/kill", body="",
                           headers={"Content-Type": "text/plain", **headers})
            status = client.getresponse().status
            client.close()
            refused += status in (400, 401, 403)
            verdict.require(status in (400, 401, 403),
                            f"an order with {headers or 'no key'} is answered {status}")
        verdict.count(len(tries), refused)
        verdict.require(instance in world.ec2_instances(), "the instance is gone")
    finally:
        world.stop()


ATTACKS = [
    Attack("H10-names", "names that are too long or that a shell reads", name_groups),
    Attack("H12-files", "open folders, a symlink where a file goes", open_folders),
    Attack("H13-escapes", "controls in terminals, logs and CSV", hide_in_output,
           is_short=False),
    Attack("H13-slow-readers", "slow HTTP from two addresses", slow_readers,
           is_short=False),
    Attack("H13-host", "HTTP/1.1 without Host", forget_host),
    Attack("H13-control", "a web page orders ec2local about", control_from_a_page),
]
