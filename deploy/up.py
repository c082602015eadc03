"""up - the same set as the demo's, in the background: ./dev up, ./dev env, ./dev down."""

import argparse
import json
import os
import shlex
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cluster import Cluster, Trouble, wait_for  # noqa: E402

DEFAULT_DIR = os.path.join(os.path.expanduser("~"), ".local", "state", "openasg")


# The aws of Debian 12 (2.9) and its boto3 (1.26) do not know AWS_ENDPOINT_URL_EC2 and
# AWS_ENDPOINT_URL_AUTO_SCALING yet: they came with 2.13 and 1.28. A shell function helps the
# first; a program says boto3.client("ec2", endpoint_url=os.environ["AWS_ENDPOINT_URL_EC2"]).
AWS_FUNCTION = """aws() {
  case "$1" in
    ec2) command aws --endpoint-url "$AWS_ENDPOINT_URL_EC2" "$@" ;;
    autoscaling) command aws --endpoint-url "$AWS_ENDPOINT_URL_AUTO_SCALING" "$@" ;;
    *) command aws "$@" ;;
  esac
}"""


def note_path(folder):
    return os.path.join(folder, "up.json")


def read_note(folder):
    try:
        with open(note_path(folder)) as file:
            return json.load(file)
    except FileNotFoundError:
        raise Trouble(f"nothing is up in {folder}; start it with ./dev up")


def start_time(pid):
    """When a process began, so that a pid used again is not taken for ours; None when it
    has ended, even if nobody has asked how."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def start(cluster, arguments):
    cluster.worker_names = [f"worker-{n}" for n in range(1, arguments.workers + 1)]
    # Instances find openasg-agent, as they would in an image of their own.
    cluster.env_of["ec2local"] = {"PATH": cluster.bin + os.pathsep + cluster.env["PATH"]}
    if arguments.ec2_endpoint is None:
        cluster.start_ec2local()
    cluster.start_controller()
    for name in cluster.worker_names:
        cluster.start_worker(name)

    def is_complete():
        for name in cluster.worker_names:
            cluster.check_alive(name)
        return len(cluster.ask("worker", "list")) == arguments.workers

    wait_for("the workers", is_complete)


def up(arguments):
    folder = os.path.abspath(arguments.dir)
    if os.path.exists(note_path(folder)):
        known = read_note(folder)
        if any(start_time(p["pid"]) == p["started"] for p in known["processes"]):
            raise Trouble(f"it is up already in {folder}; ./dev down ends it")
    cluster = Cluster(arguments.build, folder, arguments.ec2_endpoint, is_tied=False)
    cluster.serves_api = True
    if arguments.ec2_endpoint is None:
        keys = os.path.join(folder, "keys.json")
        if os.path.exists(keys):
            with open(keys) as file:
                cluster.env.update(json.load(file))
    elif not cluster.env.get("AWS_ACCESS_KEY_ID"):
        raise Trouble("--ec2-endpoint needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                      "in the environment")
    try:
        start(cluster, arguments)
    except BaseException:  # also Ctrl-C: nothing half started stays behind
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
        "api": cluster.controller_endpoints()["api"],
    }
    for path, value in ((note_path(folder), note),
                        (os.path.join(folder, "keys.json"), keys)):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(value, file, indent=1)
    print(f"up in {folder}: EC2 at {cluster.ec2_endpoint}, Auto Scaling at {note['api']}, "
          f"controller metrics at {note['http']}/metrics\n"
          f'point your shell at it:  eval "$(./dev env --dir {arguments.dir})"\n'
          f"or, for openasg alone, from any shell:  openasg context add dev --replace "
          f"--controller {note['admin']} --dir {cluster.state}")


def env(arguments):
    folder = os.path.abspath(arguments.dir)
    note = read_note(folder)
    with open(os.path.join(folder, "keys.json")) as file:
        values = json.load(file)
    values["AWS_ENDPOINT_URL_EC2"] = note["ec2_endpoint"]
    values["AWS_ENDPOINT_URL_AUTO_SCALING"] = note["api"]
    values["OPENASG_DIR"] = os.path.join(folder, "controller")
    values["OPENASG_CONTROLLER"] = note["admin"]
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")
    print(f"export PATH={shlex.quote(os.path.join(arguments.build, 'bin'))}:\"$PATH\"")
    print(AWS_FUNCTION)


def end(processes):
    """All at once; -9 for what has not ended after 20 s."""
    for process in processes:
        os.kill(process["pid"], signal.SIGTERM)
    until = time.monotonic() + 20
    for process in processes:
        while start_time(process["pid"]) == process["started"]:
            if time.monotonic() > until:
                os.kill(process["pid"], signal.SIGKILL)
            time.sleep(0.02)
        print(f"{process['name']} ended", flush=True)


def down(arguments):
    folder = os.path.abspath(arguments.dir)
    processes = read_note(folder)["processes"]
    alive = [p for p in processes if start_time(p["pid"]) == p["started"]]
    # Workers say goodbye to a living controller; EC2 goes last, so that nobody replaces
    # what ends with it.
    for stem in ("worker", "controller", "ec2local"):
        end([p for p in alive if p["name"].startswith(stem)])
    os.unlink(note_path(folder))
    if arguments.forget:
        shutil.rmtree(folder)


def at_least_one(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers, 1 or more")
    return int(text)


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
            command.add_argument("--workers", type=at_least_one, default=2,
                                 help="how many (default: %(default)s)")
        if name == "down":
            command.add_argument("--forget", action="store_true",
                                 help="remove the folder too")
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except (Trouble, OSError) as trouble:
        print(f"dev: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dev: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
