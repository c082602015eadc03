"""played_hosts - hosts that look like machines of their own: a network namespace (deploy/
hosts.py), a mount namespace whose root is a writable copy of this machine's (overlayfs, in
memory) and process ids of its own. play_unit.py is their systemd."""

import os
import shutil
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))

SETUP = """set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$0"
mkdir "$0/up" "$0/work" "$0/root"
[ -z "$2" ] || cp -a "$2/." "$0/up/"
mount -t overlay overlay -o "lowerdir=/,upperdir=$0/up,workdir=$0/work" "$0/root"
cd "$0/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount --bind /sys sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
shift 2
for path in "$@"; do mkdir -p ".$path"; mount --bind "$path" ".$path"; done
exec chroot . /usr/bin/python3 -c '
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("up", flush=True)
while True:
    signal.pause()'
"""

SSH = """#!/bin/sh
# ssh HOST WORDS...: the host is beside us.
host=$1; shift
exec nsenter -t "$(cat /run/hosts/$host)" -m -n -p -r -w -- /bin/sh -c "$*"
"""
SCP = """#!/bin/sh
# scp FILE HOST:PATH
exec ssh "${2%%:*}" "cat > ${2#*:}" < "$1"
"""
SUDO = '#!/bin/sh\nexec "$@"\n'


def why_not_allowed():
    """None, or why this machine lets us make no such hosts."""
    for program in ("unshare", "nsenter", "setpriv", "prlimit", "chroot"):
        if shutil.which(program) is None:
            return f"there is no {program} here"
    trial = "mount -t tmpfs x /mnt && mkdir /mnt/u /mnt/w /mnt/r && " \
            "mount -t overlay x -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r"
    done = subprocess.run(["unshare", "-m", "-p", "-f", "sh", "-c", trial],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        return "this machine allows no roots of their own: " + done.stdout.strip()
    return None


class Host:
    """`shared`: folders that are the same on all hosts; `image`: a folder of what an
    image has beyond this machine's root; `sees_all`: the processes of
    the others too."""

    def __init__(self, name, network, number, folder, shared, image=None, sees_all=False):
        self.name = name
        self.root = os.path.join(folder, "roots", name)
        os.makedirs(self.root)
        own = [] if sees_all else ["-p", "-f", "--kill-child"]
        self.process = subprocess.Popen(
            network.on(number) + ["unshare", "-m", *own, "sh", "-c", SETUP, self.root,
                                  name, image or "", *shared],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "up\n":
            raise RuntimeError(f"host {name} does not come up")
        self.pid = self.init_pid() if own else self.process.pid
        self.enter = ["nsenter", "-t", str(self.pid), "-m", "-n", "-r", "-w"]
        if own:
            self.enter.insert(4, "-p")
        self.write("/etc/hostname", name + "\n")
        words = ["systemctl", "journalctl", "boot"]
        if shutil.which("systemd-sysusers") is None:
            words.append("systemd-sysusers")
        for word in words:
            self.write(f"/usr/local/bin/{word}", "#!/bin/sh\nexec /usr/bin/python3 "
                       f"/usr/local/lib/play_unit.py {word} \"$@\"\n", 0o755)
        with open(os.path.join(HERE, "play_unit.py")) as file:
            self.write("/usr/local/lib/play_unit.py", file.read())
        self.write("/usr/local/bin/sudo", SUDO, 0o755)

    def init_pid(self):
        """`ip netns exec` and unshare become one another; their child is the host's first."""
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with open(path) as file:
                children = file.read().split()
            if children:
                return int(children[0])
            time.sleep(0.01)
        raise RuntimeError(f"host {self.name} has no first process")

    def inside(self, path):
        """Where a file of the host lies for us."""
        return f"/proc/{self.pid}/root{path}"

    def write(self, path, text, mode=0o644):
        """What is there keeps its owner and mode."""
        place = self.inside(path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        is_new = not os.path.exists(place)
        with open(place, "w") as file:
            file.write(text)
        if is_new:
            os.chmod(place, mode)

    def read(self, path):
        with open(self.inside(path), errors="replace") as file:
            return file.read()

    def know(self, hosts):
        """ssh and scp reach these: name -> Host."""
        self.write("/usr/local/bin/ssh", SSH, 0o755)
        self.write("/usr/local/bin/scp", SCP, 0o755)
        for name, host in hosts.items():
            self.write(f"/run/hosts/{name}", str(host.pid))

    def run(self, script, user=None, seconds=60, folder="/root"):
        """A shell script, as somebody types it; (exit code, what it said)."""
        variables = ["env", "-i", "LANG=C.UTF-8", "TERM=dumb", "COLUMNS=200",
                     "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        words = [*variables, "HOME=/root"]
        if user is not None:
            folder = f"/home/{user}"
            words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups",
                     *variables, f"HOME={folder}", f"USER={user}"]
        done = subprocess.run(
            self.enter + ["--", *words, "sh", "-e", "-c", f"cd {folder}\n{script}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=seconds)
        return done.returncode, done.stdout

    def log(self, unit):
        try:
            return self.read(f"/run/play/{unit}.service.log")
        except FileNotFoundError:
            return ""

    def end(self):
        """All its processes with it."""
        for pid in (self.process.pid, self.pid):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        self.process.wait()
