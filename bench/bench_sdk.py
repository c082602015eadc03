"""Calls of EC2 a second on one core, beside boto3 and the AWS SDK for JavaScript.

Calls a second of CPU time of the client, which on one core of its own are calls a second:
so other work on the machine does not count. The same RunInstances against the same canned server (bench_ec2 --serve) on the first core;
each client is a process of its own on the last core: ours with 64 in flight, boto3 one at a
time as its interface has it, the SDK for JavaScript with 16 in flight. Interleaved rounds;
ratios round by round."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BOTO3 = """
import sys, time, boto3
from botocore.config import Config
url, calls = sys.argv[1], int(sys.argv[2])
client = boto3.client("ec2", endpoint_url=url, region_name="us-east-1",
    aws_access_key_id="AKIDBENCH", aws_secret_access_key="secret",
    config=Config(retries={"total_max_attempts": 1}))
def call():
    answer = client.run_instances(
        LaunchTemplate={"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "3"},
        SubnetId="subnet-0123456789abcdef0", MinCount=1, MaxCount=1,
        ClientToken="web-118-1", TagSpecifications=[{"ResourceType": "instance", "Tags": [
            {"Key": "openasg:cluster", "Value": "c-1"},
            {"Key": "openasg:group", "Value": "web"}]}])
    assert len(answer["Instances"]) == 1
for _ in range(20):
    call()
begin = time.process_time()
for _ in range(calls):
    call()
print(f"{calls / (time.process_time() - begin):.1f}")
"""


def pin(core):
    return lambda: os.sched_setaffinity(0, {core})


def clean_environment(**more):
    kept = {name: value for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and not name.startswith("AWS_")}
    kept.update(more)
    return kept


def said_by(command, core, **more):
    done = subprocess.run(command, preexec_fn=pin(core), env=clean_environment(**more),
                          stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    return [float(word) for word in done.stdout.split()]


def install_sdk(build):
    """node_modules in the build folder, until the lock changes; None without npm."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    place = os.path.join(build, "bench", "aws_sdk")
    os.makedirs(place, exist_ok=True)
    lock = os.path.join(HERE, "aws_sdk", "package-lock.json")
    done = os.path.join(place, "installed-lock.json")
    with open(lock) as file:
        wanted = file.read()
    if not os.path.exists(done) or open(done).read() != wanted:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(HERE, "aws_sdk", name), place)
        result = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                                cwd=place, stdout=subprocess.DEVNULL)
        if result.returncode != 0:
            return None
        shutil.copy(lock, done)
    return os.path.join(place, "node_modules")


def row(name, values, unit, words):
    print(f"{name} {statistics.median(values):.1f} {min(values):.1f} {max(values):.1f} "
          f"{unit} {words}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    subprocess.run(["ninja", "-C", arguments.build, "--quiet", "bench_ec2"], check=True)
    bench = os.path.join(arguments.build, "bench", "bench_ec2")
    modules = install_sdk(arguments.build)
    cores = sorted(os.sched_getaffinity(0))
    server = subprocess.Popen([bench, "--serve"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, preexec_fn=pin(cores[0]))
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}/"
    ours, boto3, script, memory = [], [], [], []
    try:
        for _ in range(arguments.rounds):
            _, cpu_us, kib = said_by([bench, "--client", url, "10000"], cores[-1])
            ours.append(1e6 / cpu_us)
            memory.append(kib / 1024)
            boto3 += said_by(["/usr/bin/python3", "-c", BOTO3, url, "300"], cores[-1])
            if modules is not None:
                script += said_by(["node", "--no-warnings", os.path.join(HERE, "aws_sdk", "calls.js"), url,
                                   "1000", "16"], cores[-1], NODE_PATH=modules)
    finally:
        server.stdin.close()
        server.wait(timeout=20)
    row("openasg_calls", ours, "calls/s", "a second of CPU, 64 in flight")
    row("boto3_calls", boto3, "calls/s", "a second of CPU, one at a time")
    row("boto3_ratio", [a / b for a, b in zip(ours, boto3)], "x", "goal 20 or more")
    if script:
        row("sdk_js_calls", script, "calls/s", "a second of CPU, 16 in flight")
        row("sdk_js_ratio", [a / b for a, b in zip(ours, script)], "x", "goal 18 or more")
    else:
        print("the SDK for JavaScript is not here (npm cannot install it)", file=sys.stderr)
    row("client_memory", memory, "MiB", "most resident, 64 in flight")


if __name__ == "__main__":
    main()
