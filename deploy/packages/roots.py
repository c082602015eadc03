"""Small Debian roots to build and to try packages in: made by debootstrap, entered by chroot in
namespaces of their own, so that nothing of them stays mounted or running behind."""

import hashlib
import os
import shutil
import subprocess

SUITE = "bookworm"
OLDEST = "bullseye"  # glibc 2.31
BARE = ["systemd-standalone-sysusers"]  # what the packages may take for granted, at least
MIRROR = os.environ.get("ASG_DEBIAN_MIRROR", "http://deb.debian.org/debian")

# /proc and the few devices that programs want; all gone with the namespace.
ENTER = """set -e
root=$1; shift
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
for name in null zero full random urandom tty; do
    [ -e "$root/dev/$name" ] || : >"$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
exec chroot "$root" "$@"
"""


def why_not():
    """Why no root can be made here; None: it can."""
    if os.geteuid() != 0:
        return "only root may make one"
    if shutil.which("debootstrap") is None:
        return "debootstrap is not installed"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"],
                      capture_output=True).returncode != 0:
        return "no namespaces may be made here"
    return None


class Root:
    def __init__(self, path):
        self.path = path

    def inside(self, name):
        return os.path.join(self.path, name.lstrip("/"))

    def command(self, *command):
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER,
                "enter", self.path, *command]

    def run(self, *command, env=None, log=None):
        """Run it there; what it said is returned, and written to the file `log`. It ends us
        with its last lines when it fails."""
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
                     "DEBIAN_FRONTEND": "noninteractive", **(env or {})}
        done = subprocess.run(self.command(*command), env=variables, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if log is not None:
            with open(log, "w") as file:
                file.write(done.stdout)
        if done.returncode != 0:
            tail = "\n".join(done.stdout.splitlines()[-40:])
            raise SystemExit(f"{tail}\nin {self.path}: {' '.join(command)} failed"
                             + (f" (all of it: {log})" if log else ""))
        return done.stdout

    def install(self, *packages):
        """From Debian's archive, or a .deb by its path in the root."""
        return self.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def made(path, words, make):
    """The root at `path`, made by make(temporary path) unless it is there and of these words."""
    stamp = os.path.join(path, "made-of")
    digest = hashlib.sha256("\n".join([SUITE, MIRROR, *words]).encode()).hexdigest()
    if os.path.exists(stamp):
        with open(stamp) as file:
            if file.read() == digest:
                return Root(path)
    print(f"making a Debian root in {path} (some minutes, once)", flush=True)
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(path + ".new", ignore_errors=True)
    make(path + ".new")
    with open(os.path.join(path + ".new", "made-of"), "w") as file:
        file.write(digest)
    os.rename(path + ".new", path)
    return Root(path)


def copy(source, path):
    shutil.rmtree(path, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", source.path, path], check=True)
    return Root(path)


def debootstrap(suite, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    done = subprocess.run(["debootstrap", "--variant=minbase", suite, path, MIRROR],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(done.stdout[-2000:] + "\ndebootstrap could not make it; set "
                         "ASG_DEBIAN_MIRROR to an archive that can be reached")


def oldest(folder):
    """The oldest Debian that the archive still has: what an image may be."""
    return made(os.path.join(folder, OLDEST), [OLDEST], lambda path: debootstrap(OLDEST, path))


def minimal(folder):
    """What debootstrap's smallest variant has: essential packages and apt."""
    def make(path):
        debootstrap(SUITE, path)
        shutil.copy("/etc/resolv.conf", os.path.join(path, "etc/resolv.conf"))
        Root(path).run("apt-get", "update", "-q")
        # Nothing starts by being installed.
        policy = os.path.join(path, "usr/sbin/policy-rc.d")
        with open(policy, "w") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(policy, 0o755)
    return made(os.path.join(folder, "minimal"), ["minbase"], make)


def with_packages(folder, name, packages):
    def make(path):
        root = copy(minimal(folder), path)
        root.install(*packages)
        root.run("apt-get", "clean")
    return made(os.path.join(folder, name), packages, make)
