"""deploy/README.md, played: its commands and files are taken from the page itself and run
step by step on hosts of their own (network and mount namespaces), each program started from
the shipped unit under its user and its limits (tests/lib/play_unit.py). Then each mistake of
its table is made, and both sides must say what the table says they do. Needs root and
namespaces; skipped with a word elsewhere."""

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

root = os.environ["ASG_SOURCE_DIR"]
build = os.environ["ASG_BUILD_DIR"]
sys.path.insert(0, os.path.join(root, "deploy"))
sys.path.insert(0, os.path.join(root, "tests", "lib"))
from cluster import Cluster, Trouble, wait_for  # noqa: E402
import hosts as networks  # noqa: E402
import played_hosts  # noqa: E402
from played_hosts import Host  # noqa: E402

SKIP = 77
PAGE = os.path.join(root, "deploy", "README.md")
NET = "10.0.0."  # as on the page: the controller is 10.0.0.5
EC2, CONTROLLER, WORKER, DESK, IMAGE = 2, 5, 6, 7, 8
AGENTS = tuple(range(20, 25))


class Block:
    def __init__(self, words, text, line):
        self.kind, *rest = words
        self.options = dict(word.split("=", 1) for word in rest if "=" in word)
        self.hosts = [word for word in rest
                      if "=" not in word and word not in ("packages", "later")]
        self.is_packages = "packages" in rest
        self.is_later = "later" in rest or "instance" in rest  # of a fleet that is moved
        self.text = text
        self.line = line

    def __str__(self):
        return f"deploy/README.md:{self.line}"


def read_blocks(text):
    """The fenced blocks that name a host."""
    found = []
    for match in re.finditer(r"(?ms)^```(\w+ .+?)\n(.*?)^```$", text):
        found.append(Block(match[1].split(), match[2], text[:match.start()].count("\n") + 2))
    return found


def read_mistakes(text):
    """Of the table of mistakes: what was done -> what each side says, word for word."""
    table = re.search(r"(?ms)^\| mistake \|.*?\n\|[ |-]+\n(.*?)\n\n", text)[1]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")]
            for line in table.splitlines()]
    return {row[0]: [[words for words in re.findall(r"`([^`]+)`", cell)
                      if not words.startswith("openasg ")] for cell in row[1:]]
            for row in rows}


class Play:
    def __init__(self, folder, network):
        self.folder, self.network = folder, network
        self.shared = [folder] + [
            path for path in (root, build)
            if os.stat(path).st_dev != os.stat("/").st_dev or path.startswith("/tmp/")]
        self.hosts = {}
        self.ec2 = None
        self.agents = {}  # address -> Host

    def add_host(self, name, number, **options):
        self.network.add_host(number)
        self.hosts[name] = Host(name, self.network, number, self.folder, self.shared,
                                **options)
        return self.hosts[name]

    # ---- EC2 ----

    def start_ec2(self):
        """Outside of the hosts, in its network: it starts what runs on the instances."""
        self.network.add_host(EC2)
        self.ec2 = Cluster(build, os.path.join(self.folder, "ec2local"))
        self.ec2.command_of = lambda name, path: self.network.on(EC2) + [path]
        wrapper = os.path.join(self.folder, "on-host")
        with open(wrapper, "w") as file:
            file.write(f"""#!/bin/sh
# Boot the instance's host, with its own root.
pid=$(cat {self.folder}/agents/$1); shift
exec nsenter -t $pid -m -n -p -r -w -- /usr/local/bin/boot "$@"
""")
        os.chmod(wrapper, 0o755)
        self.ec2.start_ec2local("--listen", f"{NET}{EC2}", "--region", "eu-central-1",
                                "--instance-addresses",
                                ",".join(f"{NET}{n}" for n in AGENTS),
                                "--instance-wrapper", wrapper + " {address}")

    def make_instances(self):
        """Machines that wait for an instance, each started from the image."""
        image = os.path.join(self.folder, "image")
        made = self.hosts["image"]
        subprocess.run(["nsenter", "-t", str(made.pid), "-m", "cp", "-a",
                        os.path.join(made.root, "up"), image], check=True)
        os.makedirs(os.path.join(self.folder, "agents"))
        for number in AGENTS:
            host = self.add_host(f"instance-{number}", number, image=image)
            self.agents[f"{NET}{number}"] = host
            with open(os.path.join(self.folder, "agents", f"{NET}{number}"), "w") as file:
                file.write(str(host.pid))

    # ---- the page ----

    def fit(self, text):
        """What cannot be as written: the keys of an account, and which EC2."""
        text = text.replace("AKIAIOSFODNN7EXAMPLE", self.ec2.env["AWS_ACCESS_KEY_ID"])
        if "AWS_SECRET_ACCESS_KEY=" in text:
            text = re.sub(r"(?m)^AWS_SECRET_ACCESS_KEY=.*$", "AWS_SECRET_ACCESS_KEY="
                          + self.ec2.env["AWS_SECRET_ACCESS_KEY"], text)
            text += f"AWS_ENDPOINT_URL={self.ec2.ec2_endpoint}\n" \
                    "OPENASG_WORKER_EC2_ALLOW_PLAIN_HTTP=true\n"
        return text

    def check_packages(self, block):
        """They are installed here already; the page must name exactly those of the
        libraries that the programs are linked with."""
        named = set(re.findall(r"\bz?lib[\w.-]+", block.text))
        if shutil.which("dpkg") is None or "bookworm" not in open("/etc/os-release").read():
            return
        wanted = set()
        for name in ("openasg", "openasg-controller", "openasg-worker", "openasg-agent"):
            said = subprocess.run(["readelf", "-d", os.path.join(build, "bin", name)],
                                  stdout=subprocess.PIPE, text=True, check=True).stdout
            for library in re.findall(r"NEEDED.*\[(.*)\]", said):
                owner = subprocess.run(["dpkg", "-S", f"/*/x86_64-linux-gnu/{library}"],
                                       stdout=subprocess.PIPE, text=True).stdout
                wanted |= {line.split(":")[0] for line in owner.splitlines()}
        wanted -= {"libc6"}
        assert not wanted - named, f"{block}: {wanted - named} are needed too"
        assert not named - wanted, f"{block}: {named - wanted} are not needed"

    def play(self, block):
        for name in block.hosts:
            host = self.hosts[name]
            path = block.options.get("file")
            text = self.fit(block.text)
            if path:
                host.write(path, text)
                continue
            user = block.options.get("user")
            if name == "desk":
                text = f"cd {root}\n" + text.replace("--install build ",
                                                     f"--install {build} ")
            until = block.options.get("until")
            deadline = time.monotonic() + 30
            while True:
                code, said = host.run(text, user=user, seconds=120)
                if code == 0 and (not until or re.search(until, said)):
                    break
                if not until or time.monotonic() > deadline:
                    raise Trouble(f"{block} on {name}: exit {code}, said\n{said}")
                time.sleep(0.1)
            for line in said.splitlines()[-12:]:
                print(f"  [{name}] {line}")

    # ---- asking ----

    def openasg(self, words, **options):
        code, said = self.hosts["controller"].run("openasg " + words, **options)
        if code != 0:
            raise Trouble(f"openasg {words}: exit {code}\n{said}")
        return said

    def ask(self, words):
        import json
        return json.loads(self.openasg(words + " -o json"))

    def metric(self, name):
        code, said = self.hosts["controller"].run(
            "python3 -c 'import urllib.request as u; "
            "print(u.urlopen(\"http://127.0.0.1:7704/metrics\").read().decode())'")
        assert code == 0, said
        return sum(float(line.rsplit(" ", 1)[1]) for line in said.splitlines()
                   if line.startswith(name))


# ---- what must be so when the page is done ----

def check_fleet(play):
    rows = wait_for("two agents that report", lambda: [
        row for row in play.ask("instance list web") if row["is_reporting"]]
        if sum(r["is_reporting"] for r in play.ask("instance list web")) == 2 else None, 60)
    texts = play.openasg("explain web")
    assert texts.count("is enrolled") == 2, texts
    for row in rows:
        host = play.agents[row["private_ip"]]
        assert host.read("/run/web").startswith("serving since"), "the user data did not run"
        assert not os.path.exists(host.inside("/etc/openasg")), "an agent needs no file"
    print(f"ok two in service, both agents enrolled and reporting: "
          f"{[row['instance_id'] for row in rows]}")


def processes(host, program):
    """Ours of that name in the host's process ids: outer ids."""
    space = os.readlink(f"/proc/{host.pid}/ns/pid")
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as file:
                if file.read().strip() == program[:15] and \
                        os.readlink(f"/proc/{pid}/ns/pid") == space:
                    found.append(int(pid))
        except OSError:
            pass
    return found


def check_walls(play):
    """Each program runs as its user, without privileges, and took less than the unit's
    MemoryMax."""
    agents = [h for h in play.agents.values() if processes(h, "openasg-agent")]
    for host, name in ((play.hosts["controller"], "openasg-controller"),
                       (play.hosts["worker-1"], "openasg-worker"),
                       *((host, "openasg-agent") for host in agents)):
        with open(os.path.join(root, "deploy", "systemd", name + ".service")) as file:
            unit = file.read()
        pids = processes(host, name)
        assert len(pids) == 1, (name, pids)
        with open(f"/proc/{pids[0]}/status") as file:
            status = dict(line.strip().split(":\t", 1) for line in file if ":\t" in line.strip())
        assert "0" not in status["Uid"].split(), status["Uid"]
        for privileges in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[privileges], 16) == 0, (name, privileges)
        assert status["NoNewPrivs"] == "1" and status["Umask"] == "0077", status
        most = re.search(r"(?m)^MemoryMax=(\d+)([MG])$", unit)
        most = int(most[1]) * {"M": 1 << 10, "G": 1 << 20}[most[2]]
        peak = int(status["VmHWM"].split()[0])
        assert peak < most, f"{name} took {peak} of {most} KiB"
        assert int(status["Threads"]) < int(re.search(r"TasksMax=(\d+)", unit)[1])
        print(f"ok {name}: user {status['Uid'].split()[0]}, {peak} of {most} KiB, "
              f"{status['Threads']} threads, seccomp {status['Seccomp']}")
    folder = play.hosts["controller"].inside("/var/lib/openasg")
    for path in (folder, play.hosts["worker-1"].inside("/var/lib/openasg-worker")):
        assert os.stat(path).st_mode & 0o777 == 0o700
        for name in os.listdir(path):
            mode = os.stat(os.path.join(path, name)).st_mode & 0o777
            assert mode & 0o077 == 0 or name.endswith((".pub", ".pem")), (name, oct(mode))


# ---- mistakes ----

class Mistakes:
    """Each method makes one, and gives back logs of the two sides as they grew."""

    def __init__(self, play, table, moving):
        self.play, self.table = play, table
        self.moving = moving  # the blocks of the page that move an instance
        self.controller = play.hosts["controller"]
        self.worker = play.hosts["worker-1"]

    def expect(self, name, ours, theirs, seconds=25):
        """The words of the page in the growth of both logs. `ours`, `theirs`: functions."""
        if os.environ.get("EXPLORE"):
            time.sleep(12)
            print(f"##### {name}\n--- ours\n{ours()[-1500:]}\n--- theirs\n{theirs()[-1500:]}")
            return
        wanted = self.table.pop(name)
        begun = time.monotonic()
        for side, read, words in zip(("who made it", "the controller"), (ours, theirs),
                                     wanted):
            for word in words:
                try:
                    wait_for(word, lambda: word in read(), seconds)
                except Trouble:
                    raise Trouble(f"{name}: {side} does not say {word!r} but\n"
                                  + read()[-2500:])
        assert any(wanted), f"the page has no words for: {name}"
        print(f"ok {name}: told after {time.monotonic() - begun:.1f} s")

    def grown(self, host, unit):
        past = len(host.log(unit))
        return lambda: host.log(unit)[past:]

    def of_worker(self):
        return self.grown(self.worker, "openasg-worker")

    def of_controller(self):
        return self.grown(self.controller, "openasg-controller")

    def with_worker_file(self, change, name):
        """worker.yaml changed, the worker restarted, both logs; then as it was."""
        was = self.worker.read("/etc/openasg/worker.yaml")
        ours, theirs = self.of_worker(), self.of_controller()
        self.worker.write("/etc/openasg/worker.yaml", change(was))
        self.worker.run("systemctl restart openasg-worker")
        self.expect(name, ours, theirs)
        self.worker.write("/etc/openasg/worker.yaml", was)

    def worker_back(self):
        self.worker.run("systemctl restart openasg-worker")
        wait_for("the worker to be back", lambda: any(
            row["name"] == "worker-1" and row["heard_ms"] < 1500
            for row in self.play.ask("worker list")), 30)

    # Of workers.

    def not_admitted(self):
        """Taken out of workers.d again, as if never copied."""
        ours, theirs = self.of_worker(), self.of_controller()
        refused = self.play.metric("openasg_peers_refused_total")
        path = "/var/lib/openasg/workers.d/worker-1.pub"
        text = self.controller.read(path)
        self.controller.run("rm " + path)
        self.expect("the worker's key is not in `workers.d`", ours, theirs)
        key = text.split("public: ")[1].strip()
        rows = self.play.ask("worker list --refused")
        assert any(row["edge"] == "workers" and row["key"] == key
                   and row["address"] == f"{NET}{WORKER}" for row in rows), rows
        wait_for("the metric", lambda:
                 self.play.metric("openasg_peers_refused_total") > refused)
        self.controller.write(path, text)
        wait_for("it to be let in", lambda: self.play.ask("worker list"), 30)

    def wrong_server_key(self):
        code, said = self.worker.run("openasg keys make other --to /etc/openasg")
        assert code == 0, said
        before = self.play.metric("openasg_peers_refused_total")
        self.with_worker_file(
            lambda text: text.replace("controller.key.pub", "other.pub"),
            "the worker has another controller's public key")
        assert self.play.metric("openasg_peers_refused_total") > before
        rows = self.play.ask("worker list --refused")
        assert any("wrong server key" in row["why"] for row in rows), rows

    def wrong_port(self):
        self.with_worker_file(lambda text: text.replace(":7702", ":7712"),
                              "the worker connects to a wrong port")
        self.worker_back()

    def key_mode(self):
        ours, theirs = self.of_worker(), self.of_controller()
        self.worker.run("chmod 644 /var/lib/openasg-worker/worker.key; "
                        "systemctl restart openasg-worker")
        self.expect("a private key has mode 0644", ours, theirs)
        wait_for("the list to say since when it is away", lambda: all(
            row["heard_ms"] > 4000 for row in self.play.ask("worker list")), 30)
        self.worker.run("chmod 600 /var/lib/openasg-worker/worker.key")
        self.worker_back()

    def key_owner(self):
        ours, theirs = self.of_worker(), self.of_controller()
        self.worker.run("chown openasg /var/lib/openasg-worker/worker.key; "
                        "systemctl restart openasg-worker")
        self.expect("a private key belongs to another user", ours, theirs)
        self.worker.run("chown openasg-worker /var/lib/openasg-worker/worker.key")
        self.worker_back()

    # Of the controller and of admins.

    def no_announce(self):
        """On a host of its own: this one goes on."""
        ours = self.grown(self.play.hosts["worker-1"], "openasg-controller")
        text = re.sub(r"(?ms)^announce:.*", "",
                      self.controller.read("/etc/openasg/controller.yaml"))
        self.worker.write("/etc/openasg/controller.yaml", text)
        self.worker.run("systemctl start openasg-controller")
        self.expect("`announce` is missing", ours, self.of_controller())
        self.worker.run("systemctl stop openasg-controller; rm /etc/openasg/controller.yaml")

    def admin_not_admitted(self):
        before = self.play.metric("openasg_peers_refused_total")
        theirs = self.of_controller()
        self.controller.run("mv /var/lib/openasg/admins.d/ann.pub /tmp/")
        said = ["" ]

        def ours():
            code, said[0] = self.controller.run("openasg status", user="ann")
            return said[0] if code == 3 else ""
        self.expect("an admin's key is not in `admins.d`", ours, theirs)
        rows = self.play.ask("worker list --refused")
        assert any(row["edge"] == "admin" for row in rows), rows
        assert self.play.metric("openasg_peers_refused_total") > before
        self.controller.run("mv /tmp/ann.pub /var/lib/openasg/admins.d/")

    # Of agents.

    def agent(self):
        """An instance that serves, and its host."""
        row = [row for row in self.play.ask("instance list web") if row["private_ip"]][0]
        return row["instance_id"], self.play.agents[row["private_ip"]]

    def restart_agent(self, host, *lines):
        """With a drop-in of these lines, or none."""
        if lines:
            host.write("/etc/systemd/system/openasg-agent.service.d/trial.conf",
                       "[Service]\n" + "\n".join(lines) + "\n")
        else:
            host.run("rm -f /etc/systemd/system/openasg-agent.service.d/trial.conf")
        for pid in processes(host, "openasg-agent"):
            os.kill(pid, 15)

    def join_by(self, host, line):
        host.write("/etc/openasg/join", line, 0o600)
        host.run("rm -rf /var/lib/private/openasg-agent/*")
        self.restart_agent(host, "LoadCredential=join:/etc/openasg/join",
                           "Environment=OPENASG_AGENT_JOIN_FILE=%d/join")

    def wrong_authority(self):
        instance, host = self.agent()
        self.play.openasg(f"instance rebind {instance}")
        line = self.play.openasg(f"instance join-line {instance}")
        ours, theirs = self.grown(host, "openasg-agent"), self.of_controller()
        self.join_by(host, re.sub(r"ca=\w+", "ca=" + "0" * 64, line))
        self.expect("the join line has another authority (`ca=`)", ours, theirs)

    def wrong_token(self):
        instance, host = self.agent()
        before = self.play.metric('openasg_enrolments_total{outcome="refused"}')
        line = self.play.openasg(f"instance join-line {instance}")
        ours, theirs = self.grown(host, "openasg-agent"), self.of_controller()
        self.join_by(host, re.sub(r"token=\w+", "token=" + "0" * 64, line))
        self.expect("the join line has another token", ours, theirs)
        assert self.play.metric('openasg_enrolments_total{outcome="refused"}') > before

    def move_by_the_page(self):
        """The right line, as an instance of the old protocol gets it."""
        instance, host = self.agent()
        self.restart_agent(host)
        host.run("rm -rf /var/lib/private/openasg-agent/* /etc/openasg/join")
        self.play.hosts["instance"] = host
        self.play.hosts["desk"].know({"instance": host})
        for block in self.moving:
            block.text = block.text.replace("i-0123456789abcdef0", instance)
            self.play.play(block)
        del self.play.hosts["instance"]
        assert os.stat(host.inside("/etc/openasg/join")).st_mode & 0o777 == 0o600
        self.wait_for_reports(instance)
        print("ok moved by the page: it enrols with its line from a file, and reports")

    def wait_for_reports(self, instance):
        wait_for("its reports", lambda: any(
            row["is_reporting"] for row in self.play.ask("instance list web")
            if row["instance_id"] == instance), 30)

    def old_clock(self):
        library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
        if not os.path.exists(library):
            self.table.pop("an agent's clock is ten years behind", None)
            print("skipped: an agent's clock is ten years behind (no faketime here)")
            return
        instance, host = self.agent()
        self.play.openasg(f"instance rebind {instance}")
        host.run("rm -rf /var/lib/private/openasg-agent/*")
        ours, theirs = self.grown(host, "openasg-agent"), self.of_controller()
        self.restart_agent(host, f"Environment=LD_PRELOAD={library}",
                           "Environment=FAKETIME=-3650d")
        self.expect("an agent's clock is ten years behind", ours, theirs)
        self.wait_for_reports(instance)

    def drain(self):
        """The program of the page's agent.yaml runs under the unit's walls."""
        instance, host = self.agent()
        host.write("/usr/local/bin/leave-the-balancer", "#!/bin/sh\n"
                   "id -u > $STATE_DIRECTORY/left\n"
                   "echo $OPENASG_INSTANCE_ID >> $STATE_DIRECTORY/left\n", 0o755)
        with open(PAGE) as file:
            settings = re.search(r"(?m)(^    drain_\w+: .*\n)+", file.read())[0]
        host.write("/etc/openasg/agent.yaml", re.sub(r"(?m)^    ", "", settings))
        self.restart_agent(host)
        self.play.openasg("group update web --drain 1m")
        grown = self.grown(host, "openasg-agent")
        wait_for("the agent to be back", lambda: " reporting " in grown(), 30)
        self.play.openasg(f"instance terminate {instance} --yes")
        wait_for("the instance to be gone", lambda: all(
            row["instance_id"] != instance for row in self.play.ask("instance list web")), 40)
        left = host.read("/var/lib/private/openasg-agent/left").split()
        assert int(left[0]) >= 61184 and left[1] == instance, left
        print("ok drained by a program that the agent ran as its user")

    def make_all(self):
        self.play.openasg("halt --yes")  # nothing is replaced while an agent is kept silent
        self.not_admitted()
        self.wrong_server_key()
        self.wrong_port()
        self.key_mode()
        self.key_owner()
        self.no_announce()
        self.admin_not_admitted()
        self.wrong_authority()
        self.wrong_token()
        self.move_by_the_page()
        self.old_clock()
        self.play.openasg("unhalt")
        self.drain()
        assert not self.table, f"mistakes of the page that nobody made: {list(self.table)}"


def why_not_this_build():
    """Sanitizers need system calls and memory that the units deny."""
    with open(os.path.join(build, "CMakeCache.txt")) as file:
        is_watched = re.search(r"(?m)^ASG_(THREAD_)?SANITIZE:BOOL=ON", file.read())
    return "this build has sanitizers" if is_watched else None


def main():
    why = (networks.why_not_allowed() or played_hosts.why_not_allowed()
           or why_not_this_build())
    if why is not None:
        print(f"skipped: {why}")
        return SKIP
    with open(PAGE) as file:
        text = file.read()
    blocks = read_blocks(text)
    folder = tempfile.mkdtemp(prefix="openasg-walk-")
    os.chmod(folder, 0o711)
    network = networks.Network(f"ow{secrets.token_hex(3)}", NET)
    play = Play(folder, network)
    failed = True
    begun = time.monotonic()
    try:
        play.start_ec2()
        for name, number in (("controller", CONTROLLER), ("worker-1", WORKER),
                             ("image", IMAGE)):
            play.add_host(name, number)
        play.add_host("desk", DESK, sees_all=True).know(
            {name: play.hosts[name] for name in ("controller", "worker-1")})
        play.hosts["controller"].run("useradd -m ann")
        for block in [block for block in blocks if not block.is_later]:
            print(f"{block}: {' '.join(block.hosts)} {block.options}")
            if "image" in block.hosts:
                shutil.copy(play.hosts["controller"].inside("/tmp/openasg.tar.gz"),
                            play.hosts["image"].inside("/tmp/openasg.tar.gz"))
            if block.is_packages:
                play.check_packages(block)
            else:
                play.play(block)
            if "image" in block.hosts:
                play.make_instances()
        check_fleet(play)
        check_walls(play)
        print(f"ok the page, in {time.monotonic() - begun:.0f} s")
        Mistakes(play, read_mistakes(text),
                 [block for block in blocks if block.is_later]).make_all()
        print(f"ok all, in {time.monotonic() - begun:.0f} s")
        failed = False
    except (Trouble, AssertionError, RuntimeError, subprocess.SubprocessError) as trouble:
        print(f"failed: {trouble!r}" if not str(trouble) else f"failed: {trouble}")
        for host in play.hosts.values():
            for unit in ("openasg-controller", "openasg-worker", "openasg-agent"):
                if host.log(unit):
                    print(f"--- {unit} on {host.name}\n" + host.log(unit)[-2500:])
    finally:
        if play.ec2 is not None:
            play.ec2.stop_all()
        for host in play.hosts.values():
            host.end()
        network.remove()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
