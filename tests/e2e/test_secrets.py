"""A canary in every secret of a whole set: it shows in no log, not in the log, in no answer
of openasg, no argument and no environment where it is not needed, and in no file that
others can read."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile

root = os.environ["ASG_SOURCE_DIR"]
build = os.environ["ASG_BUILD_DIR"]
sys.path.insert(0, os.path.join(root, "deploy"))
from cluster import Cluster, Trouble, wait_for  # noqa: E402

CANARY = "Canary7f3dUserData"
USER_DATA = """#!/bin/sh
# {canary}
exec {bin}/openasg-agent --cpu-source session --interval-ms 300 --log-level debug \\
  --dir "$PWD/agent" --grpc-listen ":0" 2>>"{log}"
"""


def files_below(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def content(path):
    with open(path, "rb") as file:
        return file.read()


def find_secrets(cluster):
    """What must not show: its bytes -> what it is."""
    secrets = {CANARY.encode(): "user data",
               cluster.env["AWS_SECRET_ACCESS_KEY"].encode(): "AWS secret key"}
    for path in files_below(cluster.dir):
        data = content(path)
        if path.endswith(".key"):
            for line in data.splitlines():
                word = line.split(b":", 1)[-1].strip()
                if b"secret" in line and len(word) == 40:
                    secrets[word] = f"secret half of {os.path.basename(path)}"
        if path.endswith("api-keys"):
            for word in data.split():
                if word.startswith(b"secret="):
                    secrets.setdefault(word[7:], "secret of an API key")
        if path.endswith("join.secret"):
            secrets[data.strip()] = "join secret"
        at = data.find(b"# openasg-join: ")
        if at >= 0:
            line = data[at:data.index(b"\n", at)]
            token = next(w for w in line.split() if w.startswith(b"token="))
            secrets[token[6:]] = "join token"
    return secrets


def environment_of(pid, name):
    try:
        return content(f"/proc/{pid}/environ")
    except PermissionError:
        # Shut to all but root, also to their own user (PR_SET_DUMPABLE).
        if name.startswith("openasg-"):
            return b""
        raise


def processes_of(folder):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = content(f"/proc/{pid}/cmdline")
            name = content(f"/proc/{pid}/comm").decode().strip()
            environment = environment_of(pid, name)
        except OSError:
            continue
        if folder.encode() in command + environment and name.startswith("openasg"):
            yield name, command, environment


def check_absent(secrets, data, where):
    for secret, what in secrets.items():
        if secret in data:
            raise Trouble(f"{what} shows in {where}")


def check_all(cluster, answers):
    secrets = find_secrets(cluster)
    kinds = set(secrets.values())
    for kind in ("join secret", "join token", "secret half of controller.key",
                 "secret half of agent.key", "secret half of worker-1.key",
                 "secret of an API key"):
        if kind not in kinds:
            raise Trouble(f"the test found no {kind}, only {sorted(kinds)}")
    for path in files_below(cluster.dir):
        data = content(path)
        if path.endswith(".log") or "/openasg.log" in path:
            check_absent(secrets, data, path)
        is_private = os.stat(path).st_mode & 0o077 == 0
        if any(secret in data for secret in secrets) and not is_private:
            raise Trouble(f"{path} has a secret and others can read it")
    for name, said in answers.items():
        check_absent(secrets, said.encode(), f"the answer of openasg {name}")
    names = set()
    for name, command, environment in processes_of(cluster.dir):
        names.add(name)
        check_absent(secrets, command, f"the arguments of {name}")
        if name.startswith(("openasg-control", "openasg-agent")):
            check_absent(secrets, environment, f"the environment of {name}")
    if len(names) != 4:  # controller, worker, agent, ec2local
        raise Trouble(f"looked at {names} only")
    return len(secrets)


def play(cluster):
    script = os.path.join(cluster.dir, "user-data.sh")
    with open(os.open(script, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(USER_DATA.format(canary=CANARY, bin=cluster.bin,
                                    log=os.path.join(cluster.dir, "agent.log")))
    cluster.start_ec2local("--boot-delay-ms", "50")
    cluster.serves_api = True
    cluster.start_controller(log_level="debug", log_hash_events=10)
    cluster.openasg("keys", "make-api", "ann", "--read-only")
    cluster.start_worker("worker-1", log_level="debug")
    wait_for("the worker", lambda: cluster.ask("worker", "list"))
    cluster.openasg("template", "create", "web", "--image", "ami-00000000000000001",
                    "--instance-type", "t3.micro", "--user-data-file", script)
    cluster.openasg("group", "create", "web", "--min", 1, "--max", 2, "--template", "web",
                    "--zones", "us-east-1a", "--health-check", "agent",
                    "--evaluation", "1s")
    wait_for("an instance in service", lambda: any(
        r["state"] == "in-service" for r in cluster.ask("instance", "list")), 60)
    cluster.openasg("template", "create", "bad name!", "--image", "ami-1",
                    "--instance-type", "t3.micro", "--user-data-file", script, check=False)
    cluster.aws("describe-account-limits")
    with open(os.path.join(cluster.state, "api-keys"), "a") as file:
        file.write("name=bob key=B secret=0123456789canary and no sense\n")
    wait_for("its warning", lambda: cluster.aws("describe-account-limits") and
             b"keys_kept" in content(cluster.log_of("controller")), 30)
    words = (("keys", "list-api"), ("status",), ("jobs",), ("template", "list"), ("group", "show", "web"),
             ("explain", "web"), ("log", "export", cluster.log_file()),
             ("log", "verify", cluster.log_file()), ("replay", cluster.log_file()))
    return {" ".join(w[:2]): cluster.openasg(*w, check=w[0] != "keys") for w in words}


def main():
    folder = tempfile.mkdtemp(prefix="openasg-secrets-")
    cluster = Cluster(build, folder)
    try:
        answers = play(cluster)
        print(f"{check_all(cluster, answers)} secrets show nowhere")
    except (Trouble, OSError, subprocess.SubprocessError) as trouble:
        print(f"failed: {trouble}")
        return 1
    finally:
        cluster.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
