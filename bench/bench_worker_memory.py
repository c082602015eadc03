"""Resident memory of a worker: idle, and with 256 launches in flight over TLS.

The EC2 here is a script that answers RunInstances only when all of them are waiting; each
has its own group and so its own call, and its own connection (HTTP/1.1, as EC2's). The
template carries 12 KiB of user data, which each launch sends with its own join line."""

import base64
import http.server
import os
import ssl
import sys
import threading

from bench_launch import measure_in_rounds, memory_mib, plain_row
from bench_reaction import wait_for

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "deploy"))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))
from cluster import Cluster  # noqa: E402
from scripted_ec2 import ScriptedEc2, make_certificate  # noqa: E402

IN_FLIGHT = 256
USER_DATA = base64.b64encode(b"#!/bin/sh\n" + b"# what a group's boot does\n" * 460).decode()
TEMPLATE = ("<launchTemplateVersionSet><item><launchTemplateId>lt-1</launchTemplateId>"
            "<launchTemplateName>web</launchTemplateName><versionNumber>1</versionNumber>"
            "<defaultVersion>true</defaultVersion><launchTemplateData><imageId>ami-1</imageId>"
            f"<instanceType>t3.small</instanceType><userData>{USER_DATA}</userData>"
            "</launchTemplateData></item></launchTemplateVersionSet>")


class HoldingEc2(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, certificate):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.lock = threading.Lock()
        self.waiting = 0
        self.is_released = threading.Event()

    def finish_request(self, request, client_address):
        """The handshake in the connection's own thread."""
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def shutdown_request(self, request):
        self.close_request(request)

    def handle_error(self, *_):
        pass  # a worker that was ended resets its connections


class Handler(ScriptedEc2):
    def answer(self, action, form):
        if action == "DescribeLaunchTemplateVersions":
            return TEMPLATE
        return self.launch(form["ClientToken"]) if action == "RunInstances" else ""

    def launch(self, token):
        with self.server.lock:
            self.server.waiting += 1
            number = self.server.waiting
        self.server.is_released.wait()
        return (f"<instancesSet><item><instanceId>i-{number:017x}</instanceId><instanceState>"
                "<code>0</code><name>pending</name></instanceState><instanceType>t3.small"
                f"</instanceType><clientToken>{token}</clientToken></item></instancesSet>")


def measure(build, folder):
    both, certificate = make_certificate(folder)
    server = HoldingEc2(both)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cluster = Cluster(build, folder)
    cluster.ec2_endpoint = f"https://127.0.0.1:{server.server_address[1]}"
    try:
        cluster.start_controller(rate_share="0")
        cluster.start_worker("worker-1", jobs=str(IN_FLIGHT + 8), ec2_in_flight=IN_FLIGHT,
                             ec2_ca_file=certificate)
        wait_for("the worker", lambda: len(cluster.ask("worker", "list")) == 1)
        idle = memory_mib(cluster, "worker-1", "VmRSS")
        for number in range(IN_FLIGHT):
            cluster.openasg("group", "create", f"web-{number}", "--min", 0, "--max", 1,
                            "--desired", 1, "--template", "web", "--template-version", "1",
                            "--zones", "us-east-1a")
        wait_for("all in flight", lambda: server.waiting == IN_FLIGHT, 240, 0.2)
        busy = memory_mib(cluster, "worker-1", "VmRSS")
        server.is_released.set()
        with open(cluster.log_of("worker-1")) as file:
            assert " job_failed " not in file.read()
        return idle, busy, memory_mib(cluster, "worker-1", "VmHWM")
    finally:
        server.is_released.set()
        cluster.stop_all()
        server.shutdown()
        server.server_close()


def main():
    idle, busy, most = measure_in_rounds(measure)
    plain_row("worker_tls_idle", idle, "MiB", "resident; goal under 25")
    plain_row("worker_tls_256", busy, "MiB", "resident, 256 launches in flight; goal under 60")
    plain_row("worker_tls_most", most, "MiB", "the most it ever had until then")


if __name__ == "__main__":
    main()
