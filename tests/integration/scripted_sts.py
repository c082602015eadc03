"""An STS over TLS that misbehaves on order, for test_prove_sts.c.

Certificates and ports as tls_ec2.py has them. What a request gets is said by its
X-Amz-Security-Token; COUNT is a file with a letter for each request that came."""

import os
import socket
import ssl
import sys
import threading
import time

from scripted_requests import requests
from tls_ec2 import make_certificates

ARN = "arn:aws:sts::123456789012:assumed-role/web/i-0123456789abcdef0"
CALL = b"Action=GetCallerIdentity&Version=2011-06-15"


def identity(arn=ARN, account="123456789012"):
    return ("<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
            f"<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AROA:x</UserId>"
            f"<Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata>"
            "<RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>")


def error(code):
    return (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>so it is"
            "</Message></Error><RequestId>1</RequestId></ErrorResponse>")


ANSWERS = {
    "good": ("200 OK", identity()),
    "other-session": ("200 OK", identity(ARN.replace("abcdef0", "abcdef1"))),
    "other-account": ("200 OK", identity(ARN.replace("123456789012", "210987654321"),
                                         "210987654321")),
    "other-role": ("200 OK", identity(ARN.replace("/web/", "/admin/"))),
    "user": ("200 OK", identity("arn:aws:iam::123456789012:user/i-0123456789abcdef0")),
    "garbage": ("200 OK", "\0\1\2 not xml"),
    "html": ("200 OK", "<html><body>Please sign in</body></html>"),
    "expired": ("403 Forbidden", error("ExpiredToken")),
    "forged": ("403 Forbidden", error("SignatureDoesNotMatch")),
    "throttled": ("400 Bad Request", error("Throttling")),
    "trouble": ("503 Service Unavailable", error("ServiceUnavailable")),
    "huge": ("200 OK", identity() + " " * 200000),
}


def answer(connection, status, body, more=""):
    data = body.encode()
    connection.sendall(f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\n{more}"
                       f"Content-Length: {len(data)}\r\n\r\n".encode() + data)


def act(connection, head, body, own):
    lines = head.decode("latin-1").split("\r\n")
    headers = dict((name.lower(), value.strip())
                   for name, value in (line.split(":", 1) for line in lines[1:]))
    what = headers.get("x-amz-security-token", "")
    if (lines[0] != "POST / HTTP/1.1" or body != CALL
            or headers["host"] != f"127.0.0.1:{own}"
            or "x-openasg-enrolment" not in headers
            or not headers["authorization"].startswith("AWS4-HMAC-SHA256 ")):
        answer(connection, "400 Bad Request", error("NotAsTheAgentSigned"))
    elif what == "redirect":
        answer(connection, "307 Temporary Redirect", "",
               f"Location: https://127.0.0.1:{own}/\r\n")
    elif what == "slow":
        time.sleep(20)
    elif what == "drip":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.2)
    elif what == "cut":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<GetC")
        connection.shutdown(socket.SHUT_RDWR)
    else:
        answer(connection, *ANSWERS[what])
        return True
    return False


def serve(connection, context, folder, port):
    try:
        connection = context.wrap_socket(connection, server_side=True)
        for head, body in requests(connection):
            with open(os.path.join(folder, "count"), "ab") as file:
                file.write(b"x")
            if not act(connection, head, body, port):
                return
    except OSError:
        pass
    finally:
        connection.close()


def listen(folder, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, f"{name}.pem"),
                            os.path.join(folder, f"{name}.key"))
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listener.getsockname()[1]

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, context, folder, port),
                             daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(name, port, flush=True)


def main():
    folder = sys.argv[1]
    make_certificates(folder)
    open(os.path.join(folder, "count"), "w").close()
    for name in ("good", "wronghost"):
        listen(folder, name)
    sys.stdin.read()


if __name__ == "__main__":
    main()
