"""up - the same set as the demo's, in the background: ./dev up, ./dev env, ./dev down."""

import argparse
import json
import os
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cluster import Cluster, Trouble, wait_for  # noqa: E402

DEFAULT_DIR = os.path.join(os.path.expanduser("~"), ".local", "state", "openasg")


def note_path(folder):
    return os.path.join(folder, "up.json")


def read_note(folder):
    try:
        with open(note_path(folder)) as file:
            return json.load(file)
    except FileNotFoundError:
        raise Trouble(f"nothing is up in {folder}; start it with ./dev up")


def start_time(pid):
    """When a process began, so that a pid used again is not taken for ours."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def up(arguments):
    folder = os.path.abspath(arguments.dir)
    if os.path.exists(note_path(folder)):
        known = read_note(folder)
        if any(start_time(p["pid"]) == p["started"] for p in known["processes"]):
            raise Trouble(f"it is up already in {folder}; ./dev down ends it")
    cluster = Cluster(arguments.build, folder, arguments.ec2_endpoint, is_tied=False)
    if arguments.ec2_endpoint is None:
        keys = os.path.join(folder, "keys.json")
        if os.path.exists(keys):
            with open(keys) as file:
                cluster.env.update(json.load(file))
    elif not cluster.env.get("AWS_ACCESS_KEY_ID"):
        raise Trouble("--ec2-endpoint needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                      "in the environment")
    try:
        if arguments.ec2_endpoint is None:
            cluster.start_ec2local()
        cluster.start_controller()
        for number in range(1, arguments.workers + 1):
            cluster.start_worker(f"worker-{number}")
        wait_for("the workers", lambda: len(cluster.ask("worker", "list"))
                 == arguments.workers)
    except (Trouble, OSError):
        cluster.stop_all()
        raise
    secret = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
              "AWS_REGION", "AWS_DEFAULT_REGION")
    keys = {name: cluster.env[name] for name in secret if name in cluster.env}
    note = {
        "processes": [{"name": name, "pid": process.pid,
                       "started": start_time(process.pid)}
                      for name, process in cluster.processes.items()],
        "ec2_endpoint": cluster.ec2_endpoint,
        "admin": cluster.controller_endpoints()["admin"],
        "http": cluster.controller_endpoints()["http"],
    }
    for path, value in ((note_path(folder), note),
                        (os.path.join(folder, "keys.json"), keys)):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(value, file, indent=1)
    print(f"up in {folder}: EC2 at {cluster.ec2_endpoint}, controller metrics at "
          f"{note['http']}/metrics\n"
          f'point your shell at it:  eval "$(./dev env --dir {arguments.dir})"')


def env(arguments):
    folder = os.path.abspath(arguments.dir)
    note = read_note(folder)
    with open(os.path.join(folder, "keys.json")) as file:
        values = json.load(file)
    values["AWS_ENDPOINT_URL_EC2"] = note["ec2_endpoint"]
    values["OPENASG_DIR"] = os.path.join(folder, "controller")
    values["OPENASG_CONTROLLER"] = note["admin"]
    values["PATH"] = os.path.join(arguments.build, "bin") + ":$PATH"
    for name, value in values.items():
        print(f'export {name}="{value}"')


def down(arguments):
    folder = os.path.abspath(arguments.dir)
    processes = read_note(folder)["processes"]
    order = sorted(processes, key=lambda p: p["name"] == "ec2local")  # EC2 last
    for process in order:
        if start_time(process["pid"]) != process["started"]:
            continue
        os.kill(process["pid"], signal.SIGTERM)
        until = time.monotonic() + 20
        while start_time(process["pid"]) == process["started"]:
            if time.monotonic() > until:
                os.kill(process["pid"], signal.SIGKILL)
            time.sleep(0.05)
        print(f"{process['name']} ended")
    os.unlink(note_path(folder))
    if arguments.forget:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(prog="./dev")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in (("up", up), ("env", env), ("down", down)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--build", required=True, help=argparse.SUPPRESS)
        command.add_argument("--dir", default=DEFAULT_DIR,
                             help="folder of state and logs (default: %(default)s)")
        if name == "up":
            command.add_argument("--ec2-endpoint", metavar="URL",
                                 help="an EC2-compatible API, with AWS_* keys from the "
                                      "environment; without it a local EC2 is started")
            command.add_argument("--workers", type=int, default=2)
        if name == "down":
            command.add_argument("--forget", action="store_true",
                                 help="remove the folder too")
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except (Trouble, OSError) as trouble:
        print(f"dev: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
