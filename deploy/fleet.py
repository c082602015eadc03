"""fleet - what the demo, the scenarios and the fault matrix run on their instances: a
workload that burns real CPU, its share of the offered load, an agent that tells."""

import os
import subprocess
import threading

from cluster import Trouble

CAPACITY_MILLI = 150  # of a core: what 100 % CPU of an instance is
HERE = os.path.dirname(os.path.abspath(__file__))

USER_DATA = """#!/bin/sh
# A web server's worth of work, and the agent that tells how hard it is.
/usr/bin/python3 {here}/demo/burn.py "{load}/$INSTANCE_ADDRESS" {capacity} &
exec {agent} --cpu-source session --cpu-capacity-milli {capacity} \\
  --interval-ms 500 --dir "$PWD/agent" --grpc-listen "{probes}"
"""


def user_data(cluster, load_folder, probes=":0"):
    """The script an instance boots by."""
    return USER_DATA.format(here=HERE, load=load_folder, capacity=CAPACITY_MILLI,
                            agent=cluster.program("openasg-agent"), probes=probes)


class LoadBalancer(threading.Thread):
    """Shares the offered load (in percent of one instance) among those in service."""

    def __init__(self, cluster, group, offered=60.0):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.group = group
        self.folder = os.path.join(cluster.dir, "load")
        self.offered = offered
        self.stopping = threading.Event()
        os.makedirs(self.folder, exist_ok=True)

    def share_out(self):
        rows = self.cluster.ask("instance", "list", self.group)
        serving = [r["private_ip"] for r in rows if r["state"] == "in-service"]
        for address in filter(None, serving):
            fresh = os.path.join(self.folder, address + ".new")
            with open(fresh, "w") as file:
                file.write(str(self.offered / len(serving)))
            os.replace(fresh, os.path.join(self.folder, address))
        for name in os.listdir(self.folder):
            if name not in serving and not name.endswith(".new"):
                os.unlink(os.path.join(self.folder, name))

    def run(self):
        while not self.stopping.wait(0.4):
            try:
                self.share_out()
            except (Trouble, OSError, ValueError, subprocess.SubprocessError):
                pass  # the controller is away: the load stays as it was


def agent_pid(instance_id):
    """The agent leads the session of its instance. Its own environment is shut to its own
    user; that of the work beside it names the instance."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"INSTANCE_ID={instance_id}".encode() not in file.read():
                    continue
            leader = os.getsid(int(pid))
            with open(f"/proc/{leader}/comm") as file:
                if file.read().startswith("openasg-agent"):
                    return leader
        except OSError:
            continue
    raise Trouble(f"no agent of {instance_id} among the processes")
