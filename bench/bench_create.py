"""How fast a client's order becomes an EC2 call: CreateAutoScalingGroup by a signed request
-> RunInstances at the endpoint of a local EC2, with a real controller and worker. The group
names a launch template and a zone; what EC2 must be asked about them first is known after the
first group, as it is kept.

create_to_ec2   the client begins to send -> RunInstances has arrived
create_answer   the client begins to send -> it has its answer, which is durable

Prints `name median min max unit words`, and a row for the 99th percentile."""

import argparse
import http.client
import os
import shutil
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "deploy"))
from bench_reaction import begin, make_template, row, run_calls  # noqa: E402
from cluster import wait_for  # noqa: E402

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402

ROUNDS = 40


def signed(cluster, url, form):
    body = urllib.parse.urlencode({"Version": "2011-01-01", **form})
    request = AWSRequest(method="POST", url=url, data=body,
                         headers={"Content-Type": "application/x-www-form-urlencoded"})
    credentials = Credentials(cluster.env["AWS_ACCESS_KEY_ID"],
                              cluster.env["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, "autoscaling", cluster.env["AWS_REGION"]).add_auth(request)
    return body, dict(request.headers)


def create(cluster, connection, url, name):
    """Microseconds of the wall clock: when it was sent, when it was answered."""
    body, headers = signed(cluster, url, {
        "Action": "CreateAutoScalingGroup", "AutoScalingGroupName": name, "MinSize": "0",
        "MaxSize": "1", "DesiredCapacity": "1", "AvailabilityZones.member.1": "us-east-1a",
        "LaunchTemplate.LaunchTemplateName": "web", "LaunchTemplate.Version": "1"})
    sent_us = time.time() * 1e6
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    answered_us = time.time() * 1e6
    if answer.status == 503:  # EC2 was asked, and did not say in time
        return create(cluster, connection, url, name)
    if answer.status != 200:
        raise RuntimeError(f"CreateAutoScalingGroup: {answer.status} {text}")
    return sent_us, answered_us


def measure(build, folder):
    cluster = begin(build, folder, "--no-boot", "true", rate_share="0",
                    listen_api="127.0.0.1:0")
    to_ec2, to_answer = [], []
    cluster.allow_own_key()
    try:
        make_template(cluster, "#!/bin/sh\n")
        wait_for("the template", lambda: any(
            t["state"] == "ready" for t in cluster.ask("template", "list")))
        url = cluster.controller_endpoints()["api"]
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
        for number in range(ROUNDS + 1):
            known = len(run_calls(cluster))
            sent_us, answered_us = create(cluster, connection, url, f"g{number}")
            call = wait_for("RunInstances", lambda: run_calls(cluster)[known:], 30, 0.02)[0]
            if number == 0:
                continue  # it asks EC2 of the template and the zone
            to_ec2.append((call["wall_us"] - sent_us) / 1000)
            to_answer.append((answered_us - sent_us) / 1000)
    finally:
        cluster.stop_all()
    row("create_to_ec2", to_ec2, "ms")
    row("create_answer", to_answer, "ms")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="openasg-bench-")
    try:
        measure(arguments.build, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
