"""An EC2 over TLS that misbehaves on order, for test_ec2_tls.c.

Makes its certificates in the folder given (a CA, then one each that is good, of another
host, expired, and signed by itself), listens on a port for each and prints "NAME PORT"
lines; ends when its standard input does. What a request gets is said by its ClientToken or
NextToken."""

import gzip
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import zlib

from scripted_requests import requests

CONFIG = """[ca]
default_ca = here
[here]
dir = .
database = ./index.txt
serial = ./serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make_certificates(folder):
    with open(os.path.join(folder, "ca.cnf"), "w") as file:
        file.write(CONFIG)
    open(os.path.join(folder, "index.txt"), "w").close()
    with open(os.path.join(folder, "serial"), "w") as file:
        file.write("1000\n")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "30", "-subj", "/CN=test authority")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
            "selfsigned.key", "-out", "selfsigned.pem", "-days", "30", "-subj",
            "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    for name, host, dates in (
            ("good", "IP:127.0.0.1", ["-days", "30"]),
            ("wronghost", "DNS:ec2.example.org", ["-days", "30"]),
            ("expired", "IP:127.0.0.1",
             ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"])):
        openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", f"/CN={name}", "-addext",
                f"subjectAltName={host}")
        openssl(folder, "ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.pem",
                "-keyfile", "ca.key", "-in", f"{name}.csr", "-out", f"{name}.pem", *dates)


def instance(number):
    return (f"<item><instanceId>i-{number:017x}</instanceId><imageId>ami-1</imageId>"
            "<instanceState><code>16</code><name>running</name></instanceState>"
            "<instanceType>t3.small</instanceType><launchTime>2026-11-23T14:36:49.000Z"
            "</launchTime><placement><availabilityZone>us-east-1a</availabilityZone>"
            "</placement><privateIpAddress>10.0.0.12</privateIpAddress><subnetId>subnet-1"
            "</subnetId><clientToken>t</clientToken><tagSet><item><key>openasg:group</key>"
            "<value>web</value></item><item><key>openasg:job</key><value>7</value></item>"
            "</tagSet></item>")


def launched(request_id):
    return ("<RunInstancesResponse><requestId>" + request_id + "</requestId><instancesSet>"
            + instance(1) + "</instancesSet></RunInstancesResponse>").encode()


PAGE = ("<DescribeInstancesResponse><requestId>r</requestId><reservationSet><item>"
        "<instancesSet>" + "".join(instance(i) for i in range(1000)) +
        "</instancesSet></item></reservationSet>")


def page(fields):
    number = int(fields.get("NextToken", "1"))
    more = f"<nextToken>{number + 1}</nextToken>" if number < 100 else ""
    return (PAGE + more + "</DescribeInstancesResponse>").encode()


def bomb():
    """A quarter of a gigabyte of blanks in a quarter of a megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = packer.compress(b"<a>")
    blanks = b" " * (1 << 20)
    for _ in range(256):
        out += packer.compress(blanks)
    return out + packer.flush()


def answer(body, headers="", status="200 OK", length=None):
    size = len(body) if length is None else length
    return (f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {size}\r\n"
            f"{headers}\r\n").encode() + body


def act(connection, fields, bombs):
    """Answer one request; False: the connection is over."""
    what = fields.get("ClientToken", "")
    if fields.get("Action") == "DescribeInstances":
        connection.sendall(answer(page(fields)))
    elif what == "slow":
        connection.sendall(answer(b"", length=1000))
        for _ in range(600):
            time.sleep(0.1)
            connection.sendall(b" ")
    elif what == "halfclosed":
        connection.sendall(answer(launched("r")[:40], length=400))
        socket.socket.shutdown(connection, socket.SHUT_WR)
        time.sleep(0.2)
        return False
    elif what == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    elif what == "garbage":
        connection.sendall(b"\x00\x01 this is no HTTP \xff\xfe\r\n\r\n")
        return False
    elif what == "truncated":
        connection.sendall(answer(launched("r")[:100], length=4000))
        return False
    elif what == "bomb":
        connection.sendall(answer(bombs[0], "Content-Encoding: gzip\r\n"))
    elif what == "badgzip":
        connection.sendall(answer(b"this is not gzip", "Content-Encoding: gzip\r\n"))
    elif what == "big":
        connection.sendall(answer(b"<a>", length=100 << 20))
        for _ in range(100):
            connection.sendall(b" " * (1 << 20))
    elif what == "redirect":
        connection.sendall(answer(b"moved", "Location: https://127.0.0.1:9/elsewhere\r\n",
                                  "302 Found"))
    elif what == "region":
        connection.sendall(answer(
            b"<Response><Errors><Error><Code>PermanentRedirect</Code><Message>wrong region"
            b"</Message></Error></Errors><RequestID>r</RequestID></Response>",
            "Location: https://ec2.eu-west-1.amazonaws.com/\r\n",
            "301 Moved Permanently"))
    elif what == "gzip":
        connection.sendall(answer(gzip.compress(launched("zipped")),
                                  "Content-Encoding: gzip\r\n"))
    else:
        reused = "reused" if connection.session_reused else "fresh"
        over = what == "once"
        connection.sendall(answer(launched(reused),
                                  "Connection: close\r\n" if over else ""))
        return not over
    return True


def serve(connection, context, bombs):
    try:
        connection = context.wrap_socket(connection, server_side=True)
        for _, body in requests(connection):
            fields = dict(urllib.parse.parse_qsl(body.decode()))
            if not act(connection, fields, bombs):
                return
    except OSError:
        pass
    finally:
        connection.close()


def listen(folder, name, bombs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, f"{name}.pem"),
                            os.path.join(folder, f"{name}.key"))
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, context, bombs),
                             daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(name, listener.getsockname()[1], flush=True)


def main():
    folder = sys.argv[1]
    make_certificates(folder)
    bombs = [bomb()]
    for name in ("good", "wronghost", "expired", "selfsigned"):
        listen(folder, name, bombs)
    print("ready 0", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
