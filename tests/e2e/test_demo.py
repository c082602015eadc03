"""The demo is a test: every step of ./dev demo, checked by itself."""

import os
import subprocess
import sys

root = os.environ["ASG_SOURCE_DIR"]
build = os.environ["ASG_BUILD_DIR"]
sys.exit(subprocess.run([sys.executable, os.path.join(root, "deploy", "demo.py"),
                         "--build", build], timeout=280).returncode)
