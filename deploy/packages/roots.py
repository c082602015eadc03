"""Small Debian roots to build and to try packages in: made by debootstrap, entered by chroot in
namespaces of their own, so that nothing of them stays mounted or running behind."""

import hashlib
import os
import shutil
import subprocess

import archive

SUITE = "bookworm"
OLDEST = "bullseye"  # glibc 2.31
BARE = ["systemd-standalone-sysusers"]  # what the packages may take for granted, at least
MIRROR = os.environ.get("ASG_DEBIAN_MIRROR", "http://deb.debian.org/debian")
SECURITY = os.environ.get("ASG_DEBIAN_SECURITY", MIRROR.rstrip("/") + "-security")
IS_FOLDER_WANTED = MIRROR == "apt"
ARCHIVE_PACKAGES = list(BARE)  # of an archive in a folder, beside the smallest Debian

# /proc, the archive where it is a folder, and the few devices that programs want; all gone with
# the namespace.
ENTER = """set -e
root=$1; shift
mount --make-rprivate /
if [ -f "$root/archive-folder" ]; then
    folder=$(cat "$root/archive-folder")
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
fi
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


def try_debootstrap(suite, path, mirror, *options):
    """None, or what it said when it failed."""
    done = subprocess.run(["debootstrap", "--variant=minbase", *options, suite, path, mirror],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL)
    return None if done.returncode == 0 else done.stdout[-2000:]


def debootstrap_from_folder(suite, path):
    """From what this host's apt downloads: it may reach an archive that debootstrap cannot."""
    folder = os.path.join(os.path.dirname(path), "archive")
    count = archive.make(folder, suite, ARCHIVE_PACKAGES)
    print(f"{count} packages that this host's apt downloaded are in {folder}", flush=True)
    wrong = try_debootstrap(suite, path, "file://" + folder, "--no-check-gpg")
    if wrong is None:
        with open(os.path.join(path, "etc/apt/sources.list"), "w") as file:
            file.write(f"deb [trusted=yes] file://{folder} {suite} main\n")
        with open(os.path.join(path, "archive-folder"), "w") as file:
            file.write(folder)
    return wrong


def debootstrap(suite, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    wrong = None if IS_FOLDER_WANTED else try_debootstrap(suite, path, MIRROR)
    if wrong is None and not IS_FOLDER_WANTED:
        return
    why = archive.why_not(suite)
    if why is None:
        print("debootstrap does not download: " + ("ASG_DEBIAN_MIRROR=apt" if IS_FOLDER_WANTED
                                                   else "it cannot reach " + MIRROR), flush=True)
        shutil.rmtree(path, ignore_errors=True)
        wrong = debootstrap_from_folder(suite, path)
        if wrong is None:
            return
    raise SystemExit(f"{wrong or ''}\ndebootstrap could not make a root of {suite}"
                     + (f", and this host's apt cannot help: {why}" if why else "")
                     + "; set ASG_DEBIAN_MIRROR to an archive that can be reached")


def oldest(folder):
    """The oldest Debian that the archive still has: what an image may be."""
    return made(os.path.join(folder, OLDEST), [OLDEST], lambda path: debootstrap(OLDEST, path))


def add_security(root):
    """Debian's security updates, where the mirror's sibling has them: a build should have the
    libraries that users have."""
    if root_is_of_folder(root):
        return  # what the host's apt gave has them, if the host has
    place = root.inside("/etc/apt/sources.list.d/security.list")
    with open(place, "w") as file:
        file.write(f"deb {SECURITY} {SUITE}-security main\n")
    try:
        root.run("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any")
        root.run("apt-get", "upgrade", "-q", "-y")
    except SystemExit:
        os.remove(place)
        root.run("apt-get", "update", "-q")
        print(f"WITHOUT security updates: cannot reach {SECURITY}; set ASG_DEBIAN_SECURITY",
              flush=True)


def root_is_of_folder(root):
    return os.path.exists(root.inside("archive-folder"))


def minimal(folder):
    """What debootstrap's smallest variant has: essential packages and apt."""
    def make(path):
        debootstrap(SUITE, path)
        shutil.copy("/etc/resolv.conf", os.path.join(path, "etc/resolv.conf"))
        Root(path).run("apt-get", "update", "-q")
        add_security(Root(path))
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
