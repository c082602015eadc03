"""Packages of npm for a test in JavaScript, as a package-lock.json beside it names them."""

import os
import shutil
import subprocess
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(
    os.path.dirname(os.path.dirname(HERE)), "build")


def install_packages(name):
    """The packages of tests/integration/<name>, kept in the build folder until their
    package-lock.json changes; that folder."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise unittest.SkipTest(f"{program} is not installed")
    folder = os.path.join(BUILD, "tests", name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(HERE, name, "package-lock.json")) as file:
        wanted = file.read()
    mark = os.path.join(folder, "installed-lock.json")
    if os.path.exists(mark):
        with open(mark) as file:
            if file.read() == wanted:
                return folder
    for part in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, name, part), folder)
    try:
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        trouble = done.stderr[-300:] if done.returncode != 0 else ""
    except subprocess.TimeoutExpired:
        trouble = "no answer in two minutes"
    if trouble:
        raise unittest.SkipTest("npm cannot install the SDK (no registry in reach?): "
                                + trouble)
    with open(mark, "w") as file:
        file.write(wanted)
    return folder
