#!/usr/bin/python3
"""./dev package: the Debian packages of this tree, in build/packages.

In a clean Debian root where one can be made, else on this host, which it says. With --twice
the build is made again at another path and has to give the same bytes."""

import argparse
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import roots  # noqa: E402
import sbom  # noqa: E402
import tarball  # noqa: E402

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def version():
    with open(os.path.join(SOURCE, "debian", "changelog")) as file:
        return re.match(r"openasg \((\S+)\)", file.readline())[1]


def time_of_changelog():
    said = subprocess.run(["dpkg-parsechangelog", "-l", os.path.join(SOURCE, "debian/changelog"),
                           "-S", "Timestamp"], check=True, capture_output=True, text=True)
    return int(said.stdout)


def build_packages():
    """Names in Build-Depends, as apt-get takes them."""
    with open(os.path.join(SOURCE, "debian", "control")) as file:
        field = re.search(r"(?ms)^Build-Depends:(.*?)^\S", file.read())[1]
    names = [re.sub(r"\(.*?\)", "", name).strip() for name in field.split(",")]
    return ["build-essential", "fakeroot"] + [
        name for name in names if name and not name.startswith("debhelper-compat")
        and not name.startswith("dh-sequence")] + ["debhelper"]


def copy_source(to):
    """The files that git knows, or would: a build does not depend on what else lies here."""
    names = subprocess.run(["git", "-C", SOURCE, "ls-files", "-co", "--exclude-standard", "-z"],
                           check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
    for name in names:
        path = os.path.join(SOURCE, name)
        if not name or not os.path.isfile(path):
            continue
        target = os.path.join(to, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(path, target)


def say_version(folder, wanted):
    path = os.path.join(folder, "debian", "changelog")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(re.sub(r"^openasg \(\S+\)", f"openasg ({wanted})", text))
    path = os.path.join(folder, "CMakeLists.txt")  # what the programs say of themselves
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(re.sub(r"^(project\(openasg VERSION )\S+", rf"\g<1>{wanted}", text,
                          flags=re.MULTILINE))


def compile_in(root, where, source, log):
    """Build `source` in `where` (a path in the root; of the host without one); returns its
    folder."""
    outside = root.inside(where) if root else where
    shutil.rmtree(outside, ignore_errors=True)
    shutil.copytree(source, os.path.join(outside, "openasg"))
    command = ["sh", "-c", f"cd {where}/openasg && dpkg-buildpackage -us -uc -b"]
    options = {"DEB_BUILD_OPTIONS": f"parallel={os.environ.get('ASG_JOBS') or os.cpu_count()}"}
    if root:
        root.run(*command, env=options, log=log)
    else:
        with open(log, "w") as file:
            done = subprocess.run(command, env={**os.environ, **options}, stdout=file, stderr=file)
        if done.returncode != 0:
            with open(log) as file:
                raise SystemExit(file.read()[-3000:] + f"\nthe build failed (all of it: {log})")
    return outside


def digests(folder):
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.deb"))):
        with open(path, "rb") as file:
            found[os.path.basename(path)] = hashlib.sha256(file.read()).hexdigest()
    return found


def main():
    parser = argparse.ArgumentParser(prog="./dev package", description=__doc__)
    parser.add_argument("--to", default=os.path.join(SOURCE, "build", "packages"))
    parser.add_argument("--roots", help="folder of the clean roots; default: roots in --to")
    parser.add_argument("--host", action="store_true", help="build on this host, in no root")
    parser.add_argument("--twice", action="store_true", help="and compare the bytes")
    parser.add_argument("--version", default=version(), help="that the packages say")
    parser.add_argument("--no-lintian", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.to, exist_ok=True)
    why = "--host" if options.host else roots.why_not()
    root = None
    if why is None:
        roots.ARCHIVE_PACKAGES += build_packages()
        root = roots.with_packages(options.roots or os.path.join(options.to, "roots"), "build",
                                   build_packages())
        print(f"building in a clean Debian {roots.SUITE} root", flush=True)
    else:
        print(f"building ON THIS HOST, not in a clean root: {why}", flush=True)
    where = "/build/openasg" if root else os.path.join(options.to, "work")
    log = os.path.join(options.to, "build.log")
    source = os.path.join(options.to, "source")  # once: the tree may go on meanwhile
    shutil.rmtree(source, ignore_errors=True)
    copy_source(source)
    if options.version != version():
        say_version(source, options.version)
    made = compile_in(root, where, source, log)
    first = digests(made)
    for path in glob.glob(os.path.join(options.to, "openasg*_*")):
        os.remove(path)
    for name in os.listdir(made):
        if os.path.isfile(os.path.join(made, name)):
            shutil.copy(os.path.join(made, name), options.to)
    path, count = sbom.write(options.to)
    print(f"{count} components in {path}")
    if root:
        path = tarball.make(options.to, options.version, time_of_changelog())
        print(f"{os.path.getsize(path) / 1e6:.1f} MB: {path}")
    if options.twice:
        print("building again, at another path", flush=True)
        again = compile_in(root, where + "-once-more", source, log + ".2")
        second = digests(again)
        differ = [name for name in first if second.get(name) != first[name]]
        if differ or first.keys() != second.keys():
            raise SystemExit("not the same bytes: " + ", ".join(differ)
                             + f"\ncompare {made} and {again}")
        print(f"the same bytes twice: {len(first)} packages")
    shutil.rmtree(source)
    if not options.no_lintian:
        changes = glob.glob(os.path.join(options.to, "*.changes"))
        done = subprocess.run(["lintian", "--allow-root", "--pedantic", "--display-info",
                               "--tag-display-limit", "0",
                               "--fail-on", "error,warning,info,pedantic", *changes])
        if done.returncode != 0:
            raise SystemExit("lintian found something")
        print("lintian has nothing to say")
    for name, digest in first.items():
        print(f"{digest[:16]}  {os.path.join(options.to, name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
