#!/usr/bin/python3
"""./dev package-test: what happens to the packages of build/packages on a bare Debian.

In a minimal root of its own, without network but loopback while programs run: install, start
each program as its unit would (user, folder, limits, environment; systemd is played), scale a
group out, upgrade, remove, purge, install again. Each step says what it saw."""

import argparse
import glob
import json
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time

sys.dont_write_bytecode = True
import build  # noqa: E402
import roots  # noqa: E402

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = ("openasg", "openasg-cli", "openasg-controller", "openasg-worker", "openasg-agent",
         "openasg-ec2local", "openasg-monitoring")
OLD = "0.0.9"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDPACKAGETEST", "AWS_SECRET_ACCESS_KEY": "of nobody but this test"}
AGENT_UID = 61184  # the first of DynamicUser
begun = time.monotonic()


def say(text):
    print(f"ok {time.monotonic() - begun:5.1f} s  {text}", flush=True)


def check(is_so, text, detail=""):
    if not is_so:
        raise SystemExit(f"WRONG: {text}\n{detail}")
    say(text)


def wait_for(what, condition, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"WRONG: no {what} within {seconds} s")


def build_before(to):
    """This tree, built as a lower version."""
    print(f"building {OLD}, to upgrade from (some minutes; --quick relabels instead)", flush=True)
    subprocess.run([sys.executable, os.path.join(SOURCE, "deploy", "packages", "build.py"),
                    "--to", to, "--roots", os.path.join(os.path.dirname(to), "roots"),
                    "--version", OLD, "--no-lintian"], check=True, stdout=subprocess.DEVNULL)


def relabel(folder, to, version):
    """The packages of `folder` with that version and other defaults in one conffile, so that an
    upgrade has something to do."""
    shutil.rmtree(to, ignore_errors=True)
    os.makedirs(to)
    for name in NAMES:
        path = glob.glob(os.path.join(folder, f"{name}_*.deb"))[0]
        tree = os.path.join(to, "tree")
        subprocess.run(["dpkg-deb", "-R", path, tree], check=True)
        control = os.path.join(tree, "DEBIAN", "control")
        with open(control) as file:
            text = file.read()
        old = re.search(r"(?m)^Version: (.*)$", text)[1]
        with open(control, "w") as file:
            file.write(text.replace(old, version))
        for conffile in glob.glob(os.path.join(tree, "etc", "openasg", "*.yaml")):
            with open(conffile, "a") as file:
                file.write("# as it was before\n")
        os.remove(os.path.join(tree, "DEBIAN", "md5sums"))
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", tree, to], check=True,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)


class Host:
    """The root with one process space and one network (loopback only) for all that runs."""

    def __init__(self, root):
        self.root = root
        self.services = {}
        enter = roots.ENTER.replace("exec chroot", "ip link set lo up\nexec chroot")
        self.outer = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", enter,
             "enter", root.path, "sleep", "infinity"], stdin=subprocess.DEVNULL)
        path = f"/proc/{self.outer.pid}/task/{self.outer.pid}/children"

        def sleeping():
            with open(path) as file:
                children = file.read().split()
            if not children:
                return None
            with open(f"/proc/{children[0]}/comm") as file:
                return children[0] if file.read() == "sleep\n" else None
        self.pid = wait_for("process in the root", sleeping)

    def end(self):
        self.outer.kill()
        self.outer.wait()

    def command(self, *command):
        return ["nsenter", "-t", self.pid, "-m", "-p", "-n", "chroot", self.root.path, *command]

    def run(self, *command, is_checked=True, **env):
        done = subprocess.run(self.command(*command), text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **env})
        if is_checked and done.returncode != 0:
            raise SystemExit(f"WRONG: {' '.join(command)}: {done.stdout}")
        return done.stdout

    def read(self, path):
        with open(self.root.inside(path)) as file:
            return file.read()

    def write(self, path, text, mode=0o644):
        with open(self.root.inside(path), "w") as file:
            file.write(text)
        os.chmod(self.root.inside(path), mode)

    def exists(self, path):
        return os.path.lexists(self.root.inside(path))


class Service:
    """A unit of the root, started as systemd would: what it says of user, folders, files of
    variables, limits and Type=notify is done; what it locks up is not."""

    def __init__(self, host, name):
        self.host, self.name = host, name
        unit = host.read(f"/lib/systemd/system/{name}.service")
        self.fields = {}
        for key, value in re.findall(r"(?m)^(\w+)=(.*)$", unit):
            self.fields.setdefault(key, []).append(value)
        self.log_path = host.root.inside(f"/var/log/{name}.log")

    def one(self, key, default=""):
        return self.fields.get(key, [default])[-1]

    def ids(self):
        if self.one("DynamicUser") == "yes":
            return AGENT_UID, AGENT_UID
        for line in self.host.read("/etc/passwd").splitlines():
            name, _, uid, gid = line.split(":")[:4]
            if name == self.one("User"):
                return int(uid), int(gid)
        raise SystemExit(f"WRONG: no user {self.one('User')} for {self.name}")

    def variables(self):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        for path in self.fields.get("EnvironmentFile", []):
            if self.host.exists(path.lstrip("-")):
                env.update(re.findall(r"(?m)^([A-Z_0-9]+)=(.*)$", self.host.read(path.lstrip("-"))))
        return env

    def start(self):
        uid, gid = self.ids()
        folder = "/var/lib/" + self.one("StateDirectory")
        inside = self.host.root.inside(folder)
        os.makedirs(inside, exist_ok=True)
        os.chmod(inside, int(self.one("StateDirectoryMode", "0755"), 8))
        os.chown(inside, uid, gid)
        notify = self.host.root.inside(f"/var/tmp/{self.name}.notify")
        if os.path.exists(notify):
            os.remove(notify)
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard.bind(notify)
        self.heard.setblocking(False)
        os.chmod(notify, 0o777)
        env = {**self.variables(), "STATE_DIRECTORY": folder,
               "NOTIFY_SOCKET": f"/var/tmp/{self.name}.notify",
               "WATCHDOG_USEC": str(int(self.one("WatchdogSec")) * 1000000)}
        most = min(int(self.one("LimitNOFILE")),  # which a container may not have
                   resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        words = ["prlimit", f"--nofile={most}", "--core=0",
                 "setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups",
                 "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
                 *shlex.split(self.one("ExecStart"))]
        script = f"umask {self.one('UMask')}; cd /; exec \"$@\""
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen(
                self.host.command("sh", "-c", script, "sh", *words),
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def say_of_itself():
            if self.process.poll() is not None:
                raise SystemExit(f"WRONG: {self.name} ended:\n{self.log()}")
            try:
                return self.heard.recv(1024).decode()
            except BlockingIOError:
                return None
        said = wait_for(f"word of {self.name}", say_of_itself)
        check(said.startswith("READY=1"), f"{self.name} runs as {uid}:{gid} and says it is ready",
              said)
        return self

    def log(self):
        with open(self.log_path) as file:
            return file.read()[-4000:]

    def processes(self):
        """Ours in the root's process space, by the ids that they have out here."""
        space, found = os.readlink(f"/proc/{self.host.pid}/ns/pid"), []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/status") as file:
                    status = dict(line.rstrip("\n").split(":\t", 1) for line in file
                                  if ":\t" in line)
                if (status["Name"] == self.name[:15] and os.readlink(f"/proc/{pid}/ns/pid") == space
                        and int(status["Uid"].split()[0]) == self.ids()[0]):
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def stop(self):
        found = self.processes()
        if len(found) != 1:
            raise SystemExit(f"WRONG: {len(found)} processes of {self.name}:\n{self.log()}")
        os.kill(found[0], signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.heard.close()
        check(code == 0, f"{self.name} ends when asked, with 0", self.log())


def packages_in(host, folder):
    """The packages as paths in the root."""
    target = host.inside("/var/tmp/packages")
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    paths = []
    for name in NAMES:
        path = glob.glob(os.path.join(folder, f"{name}_*.deb"))[0]
        shutil.copy(path, target)
        paths.append("/var/tmp/packages/" + os.path.basename(path))
    return paths


def versions(host):
    said = host.run("dpkg-query", "-W", "-f", "${Package} ${Version} ${Status}\n", *NAMES)
    return {tuple(line.split(" ")[1:]) for line in said.splitlines()}


def check_installed(host, wanted):
    check(versions(host) == {(wanted, "install", "ok", "installed")},
          f"seven packages of version {wanted} are installed", versions(host))
    said = host.run("dpkg", "--audit") + host.run("dpkg", "-V", *NAMES, is_checked=False)
    changed = [line for line in said.splitlines() if " c " not in line
               and not re.search(r" /usr/share/(doc|man)/", line)]
    check(not changed, "dpkg finds every file as it was packed", said)
    for user in ("openasg", "openasg-worker"):
        check(host.run("id", "-u", user, is_checked=False).strip().isdigit(), f"user {user} exists")
    for name, is_enabled in (("controller", True), ("worker", False), ("agent", True)):
        link = f"/etc/systemd/system/multi-user.target.wants/openasg-{name}.service"
        check(host.exists(link) == is_enabled,
              f"openasg-{name}.service is {'enabled' if is_enabled else 'not enabled'}")


def start_all(host):
    """By the commands of the walk-through (deploy/README.md), on one host."""
    controller = Service(host, "openasg-controller").start()
    said = host.run("openasg", "status")
    check("epoch" in said, "openasg status has the controller's answer", said)
    host.write("/etc/openasg/controller.key.pub", host.read("/var/lib/openasg/controller.key.pub"))
    with open(host.root.inside("/var/log/ec2local.log"), "w") as log:
        subprocess.Popen(host.command("openasg-ec2local", "--dir", "/var/tmp/ec2local",
                                      "--endpoint-file", "/var/tmp/ec2local.url"),
                         env={"PATH": "/usr/sbin:/usr/bin:/bin", **KEYS}, stdin=subprocess.DEVNULL,
                         stdout=log, stderr=log)
    wait_for("openasg-ec2local", lambda: host.exists("/var/tmp/ec2local.url"))
    url = host.read("/var/tmp/ec2local.url").split()[0]
    host.write("/etc/openasg/worker.yaml",
               "name: worker-1\nregion: us-east-1\ncontroller:\n"
               "  endpoint: tcp://127.0.0.1:7702\n  key: /etc/openasg/controller.key.pub\n"
               f"ec2:\n  endpoint: {url}\n")
    host.write("/etc/openasg/worker.env",
               "".join(f"{key}={value}\n" for key, value in KEYS.items()), 0o600)
    worker = Service(host, "openasg-worker").start()
    public = wait_for("the worker's public key", lambda: host.exists(
        "/var/lib/openasg-worker/worker-1.pub") and host.read("/var/lib/openasg-worker/worker-1.pub"))
    host.write("/var/lib/openasg/workers.d/worker-1.pub", public)
    wait_for("the worker with its controller",
             lambda: "worker-1" in host.run("openasg", "worker", "list"))
    say("the worker takes jobs")
    return [controller, worker]


def scale_out(host):
    host.write("/var/tmp/web.sh", "#!/bin/sh\nexec /usr/bin/openasg-agent --interval-ms 500 "
               "--dir \"$PWD/agent\" --grpc-listen ':0'\n")
    for command in (
            "template create web --image ami-00000000000000001 --instance-type t3.micro "
            "--user-data-file /var/tmp/web.sh",
            "group create web --min 1 --max 4 --desired 1 --template web --zones us-east-1a "
            "--health-check agent",
            "wait web --at-least 1 --timeout 2m",
            "desired set web 2", "wait web --at-least 2 --timeout 2m"):
        host.run("openasg", *command.split())
    text = host.run("openasg", "explain", "web")
    check(text.count("is enrolled") >= 2 or text.count("enrolled") >= 2,
          "a group of two instances, whose agents have enrolled", text)


def try_archive(host, oldest, path):
    """The agent of the archive enrols from a Debian with an older C library: its instances'
    user data changes into that root."""
    folder = "/var/tmp/oldest"
    roots.copy(oldest, host.root.inside(folder))
    with tarfile.open(path) as archive:
        archive.extractall(host.root.inside(folder))
    subprocess.run(["nsenter", "-t", host.pid, "-m", "-p", "mount", "-t", "proc", "proc",
                    host.root.inside(folder + "/proc")], check=True)
    libc = host.run("chroot", folder, "ldd", "--version").splitlines()[0].split()[-1]
    said = host.run("chroot", folder, "env", "LD_TRACE_LOADED_OBJECTS=1",
                    "/opt/openasg-agent/bin/openasg-agent")
    taken = re.findall(r"(?m)(/\S+) \(0x", said)
    check("libc.so.6" in said and all(name.startswith("/opt/openasg-agent/") for name in taken), f"the agent of {os.path.basename(path)} takes no library of {roots.OLDEST}",
          said)
    host.write("/var/tmp/old.sh", f"#!/bin/sh\nexec chroot {folder} "
               "/opt/openasg-agent/bin/openasg-agent --interval-ms 500 --dir /var/tmp/agent "
               "--grpc-listen ':0'\n")
    for command in (
            "template create old --image ami-00000000000000001 --instance-type t3.micro "
            "--user-data-file /var/tmp/old.sh",
            "group create old --min 0 --max 1 --desired 1 --template old --zones us-east-1a "
            "--health-check agent", "wait old --at-least 1 --timeout 2m"):
        host.run("openasg", *command.split())
    row, = json.loads(host.run("openasg", "instance", "list", "old", "-o", "json"))
    wait_for("its reports", lambda: json.loads(host.run(
        "openasg", "instance", "list", "old", "-o", "json"))[0]["is_reporting"])
    say(f"it enrols and reports from {roots.OLDEST} (glibc {libc})")
    host.run("openasg", "group", "delete", "old", "--force", "--yes", is_checked=False)


def cluster_of(host):
    return re.search(r"(?m)^\W*cluster\S*\s+(\S+)", host.run("openasg", "status"))[1]


def first_scale_out(bare, folder, packages):
    """Seconds from `apt-get install` in a bare root to two instances whose agents have
    enrolled, by the commands that deploy/README.md prints."""
    root = roots.copy(bare, os.path.join(folder, "first"))
    host = Host(root)
    try:
        root.run("apt-get", "update", "-q")  # the root may be old
        start = time.monotonic()
        root.run("apt-get", "install", "-q", "-y", "--no-install-recommends",
                 *packages_in(root, packages))
        running = start_all(host)
        scale_out(host)
        seconds = time.monotonic() - start
        for service in running:
            service.stop()
        return seconds
    finally:
        host.end()
        root.remove()


def play(root, old, new, version, oldest, is_quick):
    host = Host(root)
    try:
        start = time.monotonic()
        root.run("apt-get", "install", "-q", "-y", "--no-install-recommends",
                 *packages_in(root, old))
        say(f"apt-get installed the packages in {time.monotonic() - start:.0f} s")
        said = host.run("openasg", "--version").split()[-1]
        check(said == (version if is_quick else OLD), f"openasg --version is {said}")
        check_installed(host, OLD)
        running = start_all(host)
        scale_out(host)
        say(f"from nothing to two instances in {time.monotonic() - start:.0f} s")
        for archive in glob.glob(os.path.join(new, "openasg-agent-*.tar.gz")):
            try_archive(host, oldest, archive)
        agent = Service(host, "openasg-agent")
        host.write("/etc/default/openasg-agent",
                   host.read("/etc/default/openasg-agent")
                   + "OPENASG_AGENT_METADATA_ENDPOINT=http://127.0.0.1:9\n")
        agent.start()

        cluster = cluster_of(host)
        changed = host.read("/etc/openasg/worker.yaml")
        root.run("apt-get", "install", "-q", "-y", "-o", "Dpkg::Options::=--force-confold",
                 *packages_in(root, new))
        check_installed(host, version)
        check(host.read("/etc/openasg/worker.yaml") == changed,
              "settings that were changed are kept in an upgrade")
        check("as it was before" not in host.read("/etc/openasg/controller.yaml"),
              "settings that were not changed are the new ones")
        agent.stop()
        for service in running:
            service.stop()
        for service in running:
            service.start()
        check(cluster_of(host) == cluster, "the controller leads the same cluster after the upgrade")
        wait_for("the worker", lambda: "worker-1" in host.run("openasg", "worker", "list"))
        host.run("openasg", "desired", "set", "web", "3")
        host.run("openasg", "wait", "web", "--at-least", "3", "--timeout", "2m")
        say("and scales the same group out")
        for service in running:
            service.stop()
        host.run("openasg", "log", "verify", "/var/lib/openasg/openasg.log")
        say("openasg log verify proves its log")
        os.makedirs(host.root.inside("/var/tmp/scale-out"), exist_ok=True)
        shutil.copy(os.path.join(SOURCE, "debian", "tests", "scale-out"),
                    host.root.inside("/var/tmp/scale-out.sh"))
        said = host.run("sh", "/var/tmp/scale-out.sh", AUTOPKGTEST_TMP="/var/tmp/scale-out")
        check(re.search(r"(?m)^verified: +yes", said), "debian/tests/scale-out passes", said)
    finally:
        host.end()

    host = Host(root)
    try:
        root.run("apt-get", "remove", "-q", "-y", *NAMES)
        check(not host.exists("/usr/bin/openasg-controller") and
              host.exists("/etc/openasg/controller.yaml"), "remove leaves the settings alone")
        said = root.run("dpkg", "--purge", *NAMES)
        left = [path for pattern in ("/etc/openasg/*.yaml", "/etc/default/openasg*",
                                     "/etc/systemd/system/*/openasg*", "/usr/bin/openasg*",
                                     "/var/lib/systemd/deb-systemd-helper-*/*openasg*",
                                     "/var/lib/openasg-agent")
                for path in glob.glob(root.inside(pattern))]
        check(not left, "purge takes settings and links away", left)
        check(host.exists("/var/lib/openasg/openasg.log") and "/var/lib/openasg is kept" in said,
              "purge keeps the log and says so", said)
        root.run("apt-get", "install", "-q", "-y", "--no-install-recommends",
                 *packages_in(root, new))
        check_installed(host, version)
        controller = Service(host, "openasg-controller").start()
        check(cluster_of(host) == cluster, "installed again, the controller leads the cluster "
              "whose log it found")
        controller.stop()
    finally:
        host.end()


def main():
    parser = argparse.ArgumentParser(prog="./dev package-test", description=__doc__)
    parser.add_argument("--packages", default=os.path.join(SOURCE, "build", "packages"))
    parser.add_argument("--quick", action="store_true",
                        help="upgrade from the same packages with another version on them")
    parser.add_argument("--first", action="store_true",
                        help="only install and scale out, and say how long that took")
    parser.add_argument("--keep", action="store_true", help="the root, to look at it")
    options = parser.parse_args()
    why = roots.why_not()
    if why is not None:
        print(f"skipped: {why}")
        return 77
    folder = os.path.join(options.packages, "roots")
    found = glob.glob(os.path.join(options.packages, "openasg-controller_*.deb"))
    if not found:
        raise SystemExit("no packages there: ./dev package first")
    version = re.search(r"_(.*)_", os.path.basename(found[0]))[1]
    roots.ARCHIVE_PACKAGES += build.build_packages()
    bare = roots.with_packages(folder, "bare", roots.BARE)
    if options.first:
        print(f"first_scale_out {first_scale_out(bare, folder, options.packages):.1f}")
        return 0
    oldest = roots.oldest(folder)
    root = roots.copy(bare, os.path.join(folder, "try"))
    root.run("apt-get", "update", "-q")  # the root may be old
    global begun
    begun = time.monotonic()
    old = os.path.join(options.packages, "before")
    built = os.path.join(options.packages, "before-built")
    if not options.quick:
        build_before(built)
    relabel(options.packages if options.quick else built, old, OLD)
    begun = time.monotonic()
    try:
        play(root, old, options.packages, version, oldest, options.quick)
    finally:
        shutil.rmtree(old)
        if not options.keep:
            root.remove()
    say("installed, run, upgraded, removed, purged and installed again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
