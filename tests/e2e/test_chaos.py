"""A handful of blows of the fault matrix, one of each main kind, for every run of the tests.
All of it: ./dev chaos."""

import os
import subprocess
import sys

root = os.environ["ASG_SOURCE_DIR"]
build = os.environ["ASG_BUILD_DIR"]
sys.exit(subprocess.run(
    [sys.executable, os.path.join(root, "tests", "chaos", "run.py"), "--build", build,
     "--smoke", "--seed", "1", "--seconds", "150"], timeout=290).returncode)
