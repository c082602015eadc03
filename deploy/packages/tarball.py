"""openasg-agent for images that are not Debian 12: one archive with the agent, its libraries, and
the C library and loader that they were built for. Nothing of the host's is used but the
kernel; it unpacks to /opt/openasg-agent and the unit."""

import glob
import gzip
import io
import os
import re
import shutil
import subprocess
import tarfile

import roots

HOME = "opt/openasg-agent"


def libraries(root, program):
    """{name: path in the root} of all that the program is linked with, loader included."""
    said = root.run("ldd", program)
    found = dict(re.findall(r"(?m)^\s*(\S+) => (/\S+) ", said))
    loader, = re.findall(r"(?m)^\s*(/\S*/ld-linux\S+) ", said)
    found[os.path.basename(loader)] = loader
    return found, os.path.basename(loader)


def change(path, *words):
    subprocess.run(["patchelf", *words, path], check=True)


def lay_out(root, stage):
    """The files as they lie on a host, under `stage`."""
    target = os.path.join(stage, HOME)
    os.makedirs(os.path.join(target, "lib"))
    os.makedirs(os.path.join(target, "bin"))
    found, loader = libraries(root, "/usr/bin/openasg-agent")
    for name, path in found.items():
        copy = os.path.join(target, "lib", name)
        shutil.copyfile(root.inside(resolved(root, path)), copy)
        os.chmod(copy, 0o755)
        if name != loader:
            change(copy, "--force-rpath", "--set-rpath", "$ORIGIN")
    program = os.path.join(target, "bin", "openasg-agent")
    shutil.copyfile(root.inside("/usr/bin/openasg-agent"), program)
    os.chmod(program, 0o755)
    change(program, "--set-interpreter", f"/{HOME}/lib/{loader}")
    change(program, "--force-rpath", "--set-rpath", "$ORIGIN/../lib")
    copyright = os.path.join(target, "copyright")
    os.makedirs(copyright)
    for name in sorted(packages_of(root, found.values())):
        shutil.copyfile(root.inside(f"/usr/share/doc/{name}/copyright"),
                        os.path.join(copyright, name))
    unit = os.path.join(stage, "etc/systemd/system/openasg-agent.service")
    os.makedirs(os.path.dirname(unit))
    with open(root.inside("/lib/systemd/system/openasg-agent.service")) as file:
        text = file.read()
    with open(unit, "w") as file:
        file.write(text.replace("/usr/bin/openasg-agent", f"/{HOME}/bin/openasg-agent"))


def resolved(root, path):
    return root.run("readlink", "-f", path).strip()


def packages_of(root, paths):
    names = {"openasg-agent"}
    for path in paths:
        for guess in (path, resolved(root, path)):
            done = subprocess.run(root.command("dpkg", "-S", guess), capture_output=True, text=True)
            if done.returncode == 0:
                names.add(done.stdout.split(":")[0])
                break
        else:
            raise SystemExit(f"no package has {path}")
    return names


def pack(stage, path, epoch):
    """The same files give the same bytes: sorted, of root, of one time."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for place, folders, names in os.walk(stage):
            folders.sort()
            for name in sorted(names):
                full = os.path.join(place, name)
                info = archive.gettarinfo(full, os.path.relpath(full, stage))
                info.uid = info.gid = 0
                info.uname = info.gname = "root"
                info.mtime = epoch
                info.mode = 0o755 if info.mode & 0o100 else 0o644
                with open(full, "rb") as file:
                    archive.addfile(info, file)
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=epoch) as out:
        out.write(memory.getvalue())


def make(folder, version, epoch):
    """From the package in `folder`; returns the archive's path."""
    bare = roots.with_packages(os.path.join(folder, "roots"), "bare", roots.BARE)
    root = roots.copy(bare, os.path.join(folder, "roots", "tarball"))
    stage = root.path + ".stage"
    shutil.rmtree(stage, ignore_errors=True)
    try:
        package, = glob.glob(os.path.join(folder, "openasg-agent_*.deb"))
        shutil.copy(package, root.inside("/var/tmp"))
        root.run("apt-get", "update", "-q")  # the root may be old
        root.install("/var/tmp/" + os.path.basename(package))
        lay_out(root, stage)
        arch = re.search(r"_([a-z0-9]+)\.deb$", package)[1]
        path = os.path.join(folder, f"openasg-agent-{version}-linux-{arch}.tar.gz")
        pack(stage, path, epoch)
        return path
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        root.remove()
