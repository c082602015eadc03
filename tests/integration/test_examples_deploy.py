#!/usr/bin/python3
"""deploy/examples: what can be checked without AWS. Packer reads and validates its template and
the syntax of Terraform's (the same language); cloud-init's data is read as YAML, its script by
sh, and by cloud-init itself where that is installed (`./dev setup` leaves it out: it would
configure the machine at its next boot)."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from ruamel.yaml import YAML

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(SOURCE, "deploy", "examples")


def run(*command, cwd=EXAMPLES, text=None):
    home = os.path.join(FOLDER, "home")
    os.makedirs(home, exist_ok=True)
    done = subprocess.run(command, cwd=cwd, input=text, text=True, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": os.environ["PATH"], "HOME": home, "CHECKPOINT_DISABLE": "1",
                               "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
                               "AWS_SECRET_ACCESS_KEY": "example"})
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}")
    return done.stdout


def check_packer():
    archive = os.path.join(FOLDER, "openasg-agent-0.1.0-linux-amd64.tar.gz")
    open(archive, "w").close()
    run("packer", "validate", "-var", f"agent_archive={archive}", "packer/openasg-agent.pkr.hcl")
    run("packer", "fmt", "-check", "-diff", "packer")


def check_terraform():
    """Its grammar and layout: HCL is Packer's language too. That the checks can fail is seen by
    a brace too few."""
    with open(os.path.join(EXAMPLES, "terraform", "main.tf")) as file:
        text = file.read()
    folder = os.path.join(FOLDER, "terraform")
    os.makedirs(folder)
    path = os.path.join(folder, "main.pkr.hcl")
    with open(path, "w") as file:
        file.write(text)
    run("packer", "fmt", "-check", "-diff", folder)
    with open(path, "w") as file:
        file.write(text.rstrip().rstrip("}"))
    assert subprocess.run(["packer", "fmt", "-check", folder], capture_output=True,
                          env={"PATH": os.environ["PATH"], "HOME": FOLDER}).returncode != 0
    used = set(re.findall(r"\bvar\.(\w+)", text))
    declared = set(re.findall(r'(?m)^variable "(\w+)"', text))
    assert used == declared, f"variables used {used}, declared {declared}"
    resources = set(re.findall(r'(?m)^resource "(\w+)" "(\w+)"', text))
    named = set(re.findall(r"\b(aws_\w+)\.(\w+)\.", text))
    assert named <= resources, f"{named - resources} is used and not declared"


def check_cloud_init():
    path = os.path.join(EXAMPLES, "cloud-init.yaml")
    with open(path) as file:
        text = file.read()
    assert text.startswith("#cloud-config\n")
    # What openasg adds at a launch is a comment.
    data = YAML(typ="safe").load(text + "# openasg-join: token=00 enrol=10.0.0.5:7708 ca=00\n")
    script, = data["write_files"]
    assert data["runcmd"] == [[script["path"]]] and script["permissions"] == "0755"
    run("sh", "-n", text=script["content"])
    assert len(text) < 8192, "too near to the 16 KiB of user data"
    if shutil.which("cloud-init"):
        run("cloud-init", "schema", "--config-file", path)


def check_script():
    """The script of cloud-init's data installs what it should and refuses what is altered."""
    with open(os.path.join(EXAMPLES, "cloud-init.yaml")) as file:
        content = YAML(typ="safe").load(file)["write_files"][0]["content"]
    root, tools = os.path.join(FOLDER, "root"), os.path.join(FOLDER, "tools")
    tree = os.path.join(FOLDER, "tree", "opt")
    for folder in (root, tools, tree):
        os.makedirs(folder)
    with open(os.path.join(tree, "agent"), "w") as file:
        file.write("the agent")
    archive = os.path.join(FOLDER, "agent.tar.gz")
    subprocess.run(["tar", "-C", os.path.dirname(tree), "-czf", archive, "opt"], check=True)
    with open(os.path.join(tools, "systemctl"), "w") as file:
        file.write(f"#!/bin/sh\necho \"$@\" >>{FOLDER}/systemctl.log\n")
    os.chmod(os.path.join(tools, "systemctl"), 0o755)
    digest = run("sha256sum", archive).split()[0]
    content = re.sub(r'url=".*"', f'url="file://{archive}"', content)
    content = content.replace("tar -C / ", f"tar -C {root} ")
    env = {"PATH": tools + ":" + os.environ["PATH"], "HOME": FOLDER}
    refused = subprocess.run(["sh", "-c", content], env=env, text=True, capture_output=True)
    assert refused.returncode == 1 and "another SHA-256" in refused.stderr, refused
    assert not os.listdir(root) and not os.path.exists(os.path.join(FOLDER, "systemctl.log"))
    content = re.sub(r'sha256="0+"', f'sha256="{digest}"', content)
    subprocess.run(["sh", "-c", content], env=env, check=True)
    assert os.listdir(os.path.join(root, "opt")) == ["agent"]
    with open(os.path.join(FOLDER, "systemctl.log")) as file:
        assert file.read().splitlines() == ["daemon-reload", "enable --now openasg-agent"]


def main():
    check_cloud_init()
    check_script()
    if not shutil.which("packer"):
        raise SystemExit("packer is not installed: ./dev setup")
    check_packer()
    check_terraform()
    return 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="asg-examples-") as FOLDER:
        sys.exit(main())
