"""edge - what strangers try at the ports that they can reach: H5, H7, H3's floods, and the
flood of the table of goals."""

import socket
import ssl
import threading
import time
import urllib.request

from verdict import Attack
from world import Felt, World, numbers, wait_for

FEW_FILES = 256


def connect(where, source, seconds=5):
    host, port = where.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=seconds,
                                    source_address=(source, 0))


def starve_of_files(verdict, build, is_short):
    """H5: 400 bare connections where 256 files may be open; `openasg halt` meanwhile."""
    world = World(build, agents=2, files=FEW_FILES)
    try:
        with Felt(world) as felt:
            child = world.flood("agents", 40, 400, "silent", 4 if is_short else 30)
            wait_for("refusals", lambda: world.metrics()[
                'openasg_connections_refused_total{port="agents"}'] > 100, 20)
            began = time.monotonic()
            world.openasg("halt", "--yes")
            halted = time.monotonic() - began
            with urllib.request.urlopen(world.controller_endpoints()["http"] + "/readyz",
                                        timeout=5) as answer:
                verdict.require(answer.status == 200, "/readyz did not answer")
            files = world.files_open()
            world.openasg("unhalt")
            world.make_worker_key("late")  # a file that has to be read now
            world.start_worker("late")
            wait_for("a new worker is let in", lambda: "late" in {
                row["name"] for row in world.ask("worker", "list")}, 15)
            said = numbers(world.finish(child))
        verdict.count(said["opened"], said["refused"])
        verdict.feel(felt)
        verdict.note(f"`openasg halt` took {halted * 1000:.0f} ms; {files} files open")
        verdict.require(files < FEW_FILES, "no descriptor was kept back")
        verdict.require(said["refused"] > 100, "the flood was not refused")
    finally:
        world.stop()


def fill_memory(verdict, build, is_short):
    """H5: peers that make the controller hold something for them, and never read."""
    world = World(build)
    try:
        seconds = 6 if is_short else 25
        with Felt(world) as felt:
            children = [world.flood(port, 16, 400, mode, seconds, first=f"127.0.{n}.1")
                        for n, (port, mode) in enumerate(
                            [("agents", "junk"), ("agents", "silent"), ("workers", "junk"),
                             ("admin", "junk")], 70)]
            said = [numbers(world.finish(child)) for child in children]
        verdict.count(sum(s["opened"] for s in said), sum(s["refused"] for s in said))
        verdict.feel(felt)
        verdict.note(f"{sum(s['frames'] for s in said) // seconds} junk frames a second")
    finally:
        world.stop()


def flood_as_in_the_goals(verdict, build, is_short):
    """10,000 connections from several processes and as many junk frames as two cores give:
    no honest report missed, no order late, at most 64 MB more."""
    world = World(build, agents=6)
    try:
        seconds = 8 if is_short else 30
        with Felt(world) as felt:
            children = [world.flood("agents", 250, 2500, "junk" if n < 2 else "silent",
                                    seconds, first=f"127.1.{n}.1") for n in range(4)]
            said = [numbers(world.finish(child)) for child in children]
        verdict.count(sum(s["opened"] for s in said), sum(s["refused"] for s in said))
        verdict.feel(felt)
        frames = sum(s["frames"] for s in said) / seconds
        verdict.note(f"{verdict.tried / seconds:.0f} connections and {frames:.0f} junk "
                     "frames a second")
    finally:
        world.stop()


def return_under_flood(verdict, build, is_short):
    """The controller is killed in a flood: its fleet finds back to it, through the crowd."""
    world = World(build, agents=4)
    try:
        seconds = 10 if is_short else 30
        children = [world.flood("agents", 250, 2500, mode, seconds, first=f"127.1.{n}.1")
                    for n, mode in enumerate(["junk", "silent"])]
        children.append(world.flood("enrol", 250, 1000, "silent", seconds, "127.1.9.1"))
        world.kill("controller")
        began = time.monotonic()
        world.start_controller(**world.settings)
        world.wait_reporting(4, seconds)
        took = time.monotonic() - began
        said = [numbers(world.finish(child)) for child in children]
        verdict.count(sum(s["opened"] for s in said), sum(s["refused"] for s in said))
        verdict.note(f"all agents reported again {took:.1f} s after the start")
        verdict.require(took < seconds, "they came back only after the flood")
        verdict.require(len(world.serving()) == 4, "an instance was lost")
    finally:
        world.stop()


def crowd_out_workers(verdict, build, is_short):
    """Silent connections take all places at the workers' port: one whose key was admitted
    from an address before comes back from there."""
    world = World(build, agents=2)
    try:
        seconds = 12 if is_short else 30
        said = world.finish(world.steal_worker("listen", 2))
        verdict.require("welcome" in said, "an allowed worker is not even let in")
        with Felt(world) as felt:
            child = world.flood("workers", 40, 400, "silent", seconds)
            wait_for("refusals", lambda: world.metrics()[
                'openasg_connections_refused_total{port="workers"}'] > 100, 20)
            back = [world.finish(world.steal_worker("listen", 1)) for _ in range(5)]
            lost = sum("welcome" not in said for said in back)
            verdict.require(lost == 0, f"a worker came back in the flood, but for {lost} of "
                                       "5 times")
            said = numbers(world.finish(child))
        verdict.count(said["opened"], said["refused"])
        verdict.feel(felt)
    finally:
        world.stop()


def open_tls(where, source):
    """A TLS connection that shows no certificate and asks for HTTP/2."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    plain = connect(where, source)
    try:
        return context.wrap_socket(plain)
    except OSError:
        plain.close()
        raise


def flood_enrolment(verdict, build, is_short):
    """H3, H5: half handshakes and idle TLS connections at listen.enrol, while an instance
    that was just launched wants to enrol."""
    world = World(build, agents=2)
    try:
        seconds = 5 if is_short else 40
        with Felt(world) as felt:
            children = [world.flood("enrol", 100, 1000, "tls", seconds, "127.2.1.1"),
                        world.flood("enrol", 100, 1000, "junk", seconds, "127.2.2.1"),
                        world.flood("enrol", 100, 1000, "silent", seconds, "127.2.3.1")]
            world.agents = 4
            world.openasg("desired", "set", "web", 4)
            began = time.monotonic()
            world.wait_reporting(4, seconds + 20)
            took = time.monotonic() - began
            said = [numbers(world.finish(child)) for child in children]
            world.agents = 2  # whose reports were counted from the start
        verdict.count(sum(s["opened"] for s in said), sum(s["refused"] for s in said))
        verdict.feel(felt)
        verdict.note(f"two new instances reported after {took:.1f} s, during the flood")
        verdict.require(took < seconds, "new instances enrolled only after the flood")
        still = open_tls(world.endpoint("enrol"), "127.0.66.9")
        verdict.require(still.version() in ("TLSv1.2", "TLSv1.3"), still.version())
        still.close()
    finally:
        world.stop()


def frame(kind, flags, stream, body=b""):
    """One of HTTP/2's."""
    return (len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
            + body)


def say_endless_headers(where, source, until, said):
    """A header of 2 GiB is announced, and comes, again and again."""
    begin = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
             + frame(1, 0, 1, b"\0\1a\x7f\x80\xff\xff\x07"))
    more = frame(9, 0, 1, b"x" * 16384)
    while time.monotonic() < until:
        said["opened"] += 1
        try:
            with open_tls(where, source) as secured:
                secured.sendall(begin)
                while time.monotonic() < until:
                    secured.sendall(more)
                    said["bytes"] += len(more)
        except OSError:
            said["refused"] += 1
        time.sleep(0.2)


def endless_headers(verdict, build, is_short):
    """H5: gRPC core 1.51 holds a header until it ends, and reads it again with each part:
    two connections kept everybody from enrolling, and took 20 MB each in half a minute."""
    world = World(build, agents=2)
    try:
        seconds = 5 if is_short else 30
        said = {"opened": 0, "refused": 0, "bytes": 0}
        with Felt(world) as felt:
            threads = [threading.Thread(target=say_endless_headers, args=(
                world.endpoint("enrol"), f"127.2.4.{n + 1}", time.monotonic() + seconds,
                said)) for n in range(6)]
            for thread in threads:
                thread.start()
            world.agents = 4
            world.openasg("desired", "set", "web", 4)
            began = time.monotonic()
            world.wait_reporting(4, seconds + 20)
            took = time.monotonic() - began
            for thread in threads:
                thread.join()
            world.agents = 2  # whose reports were counted from the start
        verdict.count(said["opened"], said["refused"])
        verdict.feel(felt)
        verdict.note(f"two new instances reported after {took:.1f} s, during the attack")
        verdict.require(took < seconds, "new instances enrolled only after the attack")
        verdict.require(said["refused"] > 6, "headers without an end were taken")
    finally:
        world.stop()


ATTACKS = [
    Attack("H5-descriptors", "400 connections where 256 files may be open",
           starve_of_files),
    Attack("H5-memory", "junk and silence at three ports", fill_memory, is_short=False),
    Attack("H5-enrolment", "half handshakes at the port where agents enrol",
           flood_enrolment),
    Attack("H5-headers", "headers without an end at the port where agents enrol",
           endless_headers),
    Attack("H5-workers", "silence takes all places at the workers' port",
           crowd_out_workers, is_short=False),
    Attack("flood-restart", "the controller is killed in a flood", return_under_flood,
           is_short=False),
    Attack("flood", "10,000 connections and junk frames by four processes",
           flood_as_in_the_goals, is_short=False),
]
