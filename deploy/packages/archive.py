"""An archive in a folder, for debootstrap where it cannot reach one itself: what this host's apt
downloads (by its own sources, proxies and credentials), indexed."""

import gzip
import hashlib
import os
import re
import shutil
import subprocess

ARCHITECTURE = None


def architecture():
    global ARCHITECTURE
    if ARCHITECTURE is None:
        ARCHITECTURE = subprocess.run(["dpkg", "--print-architecture"], check=True, text=True,
                                      capture_output=True).stdout.strip()
    return ARCHITECTURE


def why_not(suite):
    """Why this host's apt cannot give packages of that suite; None: it can."""
    try:
        with open("/etc/os-release") as file:
            name = re.search(r"(?m)^VERSION_CODENAME=\W*(\w+)", file.read())
    except OSError:
        name = None
    if name is None or name[1] != suite:
        return f"this host is not Debian {suite}"
    for tool in ("apt-get", "dpkg-scanpackages"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    return None


def smallest():
    """The packages of debootstrap's smallest variant: required ones and apt."""
    said = subprocess.run(["apt-cache", "dumpavail"], check=True, text=True,
                          capture_output=True).stdout
    names = {"apt", "usr-is-merged"}  # the second: debootstrap asks for it by name
    for entry in said.split("\n\n"):
        if re.search(r"(?m)^(Priority: required|Essential: yes)$", entry):
            names.add(re.search(r"(?m)^Package: (\S+)", entry)[1])
    return sorted(names)


def download(pool, names):
    """The packages and all that they depend on, as if nothing were installed here."""
    partial = os.path.join(pool, "partial")
    os.makedirs(partial, exist_ok=True)
    status = os.path.join(pool, "status")
    open(status, "w").close()
    done = subprocess.run(
        ["apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "--reinstall",
         "-o", f"Dir::State::status={status}", "-o", f"Dir::Cache::archives={pool}",
         "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root", "install", *names],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"})
    os.remove(status)
    shutil.rmtree(partial)
    if done.returncode != 0:
        raise SystemExit(done.stdout[-2000:] + "\nthis host's apt could not download the "
                         "packages: `apt-get update`, then try again")


def write_index(folder, suite):
    packages = subprocess.run(["dpkg-scanpackages", "--multiversion", "pool"], cwd=folder,
                              check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout
    place = f"main/binary-{architecture()}"
    top = os.path.join(folder, "dists", suite)
    os.makedirs(os.path.join(top, place), exist_ok=True)
    lines = []
    for name, data in (("Packages", packages), ("Packages.gz", gzip.compress(packages, mtime=0))):
        with open(os.path.join(top, place, name), "wb") as file:
            file.write(data)
        lines.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {place}/{name}")
    with open(os.path.join(top, "Release"), "w") as file:
        file.write(f"Origin: Debian\nSuite: {suite}\nCodename: {suite}\nComponents: main\n"
                   f"Architectures: {architecture()}\nSHA256:\n" + "\n".join(lines) + "\n")
    return packages.count(b"\nPackage: ") + packages.startswith(b"Package: ")


def make(folder, suite, names):
    """Make it in `folder`, with the smallest Debian and `names`; returns how many packages."""
    pool = os.path.join(folder, "pool")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(pool)
    download(pool, sorted(set(smallest()) | set(names)))
    return write_index(folder, suite)
