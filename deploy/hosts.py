"""hosts - the parts of a cluster on hosts of their own: network namespaces that this makes
and removes, joined by veth pairs to one switch. Needs root and the ip command."""

import os
import shutil
import subprocess

from cluster import Cluster

NET = "10.77.0."
# More hosts for agents than a group has: an address is taken until its instance is gone.
OBSERVER, EC2, CONTROLLER, WORKERS, AGENTS = 1, 2, 3, (4, 5), tuple(range(10, 18))


def run(*words, check=True):
    return subprocess.run(words, check=check, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)


def why_not_allowed():
    """None, or why this machine lets us make no network."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "network namespaces need root and the ip command"
    trial = f"oa{os.getpid()}-try"
    if run("ip", "netns", "add", trial, check=False).returncode != 0:
        return "this machine allows no network namespaces"
    entered = run("ip", "netns", "exec", trial, "true", check=False)
    run("ip", "netns", "del", trial)
    if entered.returncode != 0:
        return ("network namespaces can be created here and not entered (as in a chroot): "
                + entered.stdout.strip())
    return None


class Network:
    """One namespace is the switch (a bridge); each host hangs on it by a veth pair. `tag`
    begins the names of the namespaces, `net` the addresses of the hosts."""

    def __init__(self, tag, net=NET):
        self.tag = tag
        self.net = net
        self.hosts = []
        run("ip", "netns", "add", self.namespace(0))
        run("ip", "-n", self.namespace(0), "link", "add", "switch", "type", "bridge")
        run("ip", "-n", self.namespace(0), "link", "set", "switch", "up")

    def namespace(self, number):
        return f"{self.tag}-{number}"

    def on(self, number):
        """The words before a command that is to run on that host."""
        return ["ip", "netns", "exec", self.namespace(number)]

    def add_host(self, number):
        name = self.namespace(number)
        run("ip", "netns", "add", name)
        self.hosts.append(number)
        run("ip", "-n", name, "link", "add", "eth0", "type", "veth", "peer", "name",
            f"port{number}", "netns", self.namespace(0))
        run("ip", "-n", name, "addr", "add", f"{self.net}{number}/24", "dev", "eth0")
        for link in ("eth0", "lo"):
            run("ip", "-n", name, "link", "set", link, "up")
        run("ip", "-n", self.namespace(0), "link", "set", f"port{number}", "master", "switch")
        run("ip", "-n", self.namespace(0), "link", "set", f"port{number}", "up")

    def cut(self, number):
        run("ip", "-n", self.namespace(0), "link", "set", f"port{number}", "down")

    def rejoin(self, number):
        run("ip", "-n", self.namespace(0), "link", "set", f"port{number}", "up")

    def lose(self, sender, receiver):
        """One way: what `sender` sends to `receiver` is lost, for no card has that address;
        the other way it arrives."""
        run("ip", "-n", self.namespace(sender), "neigh", "replace", f"{self.net}{receiver}",
            "lladdr", "02:00:00:00:00:00", "dev", "eth0", "nud", "permanent")

    def deliver(self, sender, receiver):
        run("ip", "-n", self.namespace(sender), "neigh", "del", f"{self.net}{receiver}", "dev",
            "eth0")

    def slow(self, number, rate="64kbit"):
        """All that goes to this host, and no faster."""
        run("tc", "-n", self.namespace(0), "qdisc", "replace", "dev", f"port{number}", "root",
            "tbf", "rate", rate, "burst", "4kb", "latency", "2s")

    def hasten(self, number):
        run("tc", "-n", self.namespace(0), "qdisc", "del", "dev", f"port{number}", "root")

    def remove(self):
        for number in [0] + self.hosts:
            run("ip", "netns", "del", self.namespace(number), check=False)


class Hosts(Cluster):
    """The same processes, each started inside its host's namespace. `where` says which."""

    def __init__(self, build, folder, network):
        super().__init__(build, folder)
        self.network = network
        self.where = {"ec2local": EC2, "controller": CONTROLLER,
                      "worker-1": WORKERS[0], "worker-2": WORKERS[1]}

    def command_of(self, name, path):
        return self.network.on(self.where[name]) + [path]

    def start_ec2local(self, *extra):
        """Instances get the addresses of the agents' hosts and boot there."""
        wrapper = os.path.join(self.dir, "on-host")
        with open(wrapper, "w") as file:
            file.write(f'#!/bin/sh\n# Run the rest on the host that has this address.\n'
                       f'number=${{1##*.}}\nshift\n'
                       f'exec ip netns exec {self.network.tag}-$number "$@"\n')
        os.chmod(wrapper, 0o755)
        return super().start_ec2local(
            "--listen", f"{NET}{EC2}",
            "--instance-addresses", ",".join(f"{NET}{n}" for n in AGENTS),
            "--instance-wrapper", wrapper + " {address}", *extra)

    def start_controller(self, **settings):
        here = f"tcp://{NET}{CONTROLLER}:"
        fixed = {"listen_agents": here + "7701", "listen_workers": here + "7702",
                 "listen_admin": here + "7703", "listen_http": f"{NET}{CONTROLLER}:7704",
                 "listen_enrol": f"{NET}{CONTROLLER}:7708"}
        super().start_controller(**{**fixed, **settings})

    def start_worker(self, name, **settings):
        super().start_worker(name, **{"ec2_allow_plain_http": "true", **settings})
