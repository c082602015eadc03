"""Scripted neighbours of a worker that looks for credentials: STS, EC2's instance metadata
(version 2), the container endpoint, and a proxy that writes down who wanted to go where.

Everything is served at one address. What signs a call to STS is checked with botocore's
own signer, so that neither side of the signature is ours.
"""

import datetime
import http.server
import json
import ssl
import sys
import threading
import urllib.parse
import xml.sax.saxutils

import botocore.auth
import botocore.awsrequest
import botocore.credentials

REGION = "eu-central-1"
CANARY = "CanarySecret"  # in every secret below: it must not show anywhere
LONG_KEY = ("AKIALONG", CANARY + "-long")


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away is no trouble of ours; an assertion is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Sources:
    """The script: change the fields, then ask `requests` what was wanted."""

    def __init__(self, certificate=None):
        self.lock = threading.Lock()
        self.requests = []
        self.keys = {LONG_KEY[0]: (LONG_KEY[1], None)}  # id: secret, session token
        self.clock_ahead = datetime.timedelta()
        self.lifetime = datetime.timedelta(hours=1)
        self.sts_answers = []  # (status, code, message) before the good ones
        self.sts_headers = {}  # of those, "_" for "-"
        self.role_name = "worker-role"
        self.token_status = 200  # of IMDS' PUT
        self.imds_code = "Success"
        self.container_status = 200
        self.container_body = None
        self.container_token = None
        self.serial = 0
        handler = type("Handler", (Handler,), {"sources": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.url = f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + self.clock_ahead

    def new_set(self, kind):
        self.serial += 1
        made = {"AccessKeyId": f"ASIA{kind.upper()}{self.serial}",
                "SecretAccessKey": f"{CANARY}/{kind}+{self.serial}=",
                "Token": f"{CANARY}-token-{kind}-{self.serial}",
                "Expiration": iso(self.now() + self.lifetime)}
        self.keys[made["AccessKeyId"]] = (made["SecretAccessKey"], made["Token"])
        return made

    def wanted(self, what):
        return [request for request in self.requests if request["what"] == what]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sources = None

    def log_message(self, *words):
        pass

    def date_time_string(self, timestamp=None):
        return self.sources.now().strftime("%a, %d %b %Y %H:%M:%S GMT")

    def answer(self, status, body, content_type="text/plain", **headers):
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def note(self, what, **more):
        self.sources.requests.append(dict(what=what, path=self.path,
                                          headers=dict(self.headers.items()), **more))

    def do_PUT(self):
        with self.sources.lock:
            self.note("imds-token")
            if self.path != "/latest/api/token":
                return self.answer(404, "")
            if self.sources.token_status != 200:
                return self.answer(self.sources.token_status, "")
            return self.answer(200, "the-imds-token")

    def do_GET(self):
        with self.sources.lock:
            if self.path.startswith("/latest/"):
                return self.do_imds()
            self.note("container")
            wanted = self.sources.container_token
            if wanted is not None and self.headers.get("Authorization") != wanted:
                return self.answer(401, "")
            body = self.sources.container_body
            if body is None:
                body = json.dumps(self.sources.new_set("box"))
            return self.answer(self.sources.container_status, body, "application/json")

    def do_imds(self):
        self.note("imds")
        if self.headers.get("X-aws-ec2-metadata-token") != "the-imds-token":
            return self.answer(401, "")
        list_path = "/latest/meta-data/iam/security-credentials/"
        if self.sources.role_name is None:
            return self.answer(404, "")
        if self.path == list_path:
            return self.answer(200, self.sources.role_name)
        if self.path == list_path + self.sources.role_name:
            made = dict(self.sources.new_set("imds"), Code=self.sources.imds_code,
                        Message="as the script says", Type="AWS-HMAC",
                        LastUpdated=iso(self.sources.now()), Nested={"a": [1, None]})
            return self.answer(200, json.dumps(made))
        return self.answer(404, "")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        with self.sources.lock:
            signer = self.signer_of(body)
            self.note("sts", form=form, signer=signer)
            if self.sources.sts_answers:
                return self.sts_error(*self.sources.sts_answers.pop(0),
                                      **self.sources.sts_headers)
            action = form["Action"]
            assert form["Version"] == "2011-06-15", form
            if action == "AssumeRoleWithWebIdentity":
                if signer is not None:
                    return self.sts_error(400, "ValidationError", "it is signed")
                return self.sts_credentials(action, "WEB")
            if signer is None or signer.startswith("!"):
                code = "MissingAuthenticationToken" if signer is None else signer[1:]
                return self.sts_error(403, code, "the script does not take this")
            if action == "AssumeRole":
                return self.sts_credentials(action, "ROLE")
            return self.sts_identity(signer)

    def signer_of(self, body):
        """The key id when the signature is right, !Code when not, None without one."""
        said = self.headers.get("Authorization")
        if said is None:
            return None
        parts = dict(part.strip().split("=", 1) for part in
                     said.removeprefix("AWS4-HMAC-SHA256 ").split(","))
        key_id, day, region, service, _ = parts["Credential"].split("/")
        stamp = self.headers["X-Amz-Date"]
        if key_id not in self.sources.keys:
            return "!InvalidClientTokenId"
        sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(
            tzinfo=datetime.timezone.utc)
        if abs(self.sources.now() - sent) > datetime.timedelta(minutes=5):
            return "!SignatureDoesNotMatch"
        secret, token = self.sources.keys[key_id]
        if token != self.headers.get("X-Amz-Security-Token"):
            return "!InvalidClientTokenId"
        auth = botocore.auth.SigV4Auth(botocore.credentials.Credentials(key_id, secret, token),
                                       "sts", REGION)
        request = botocore.awsrequest.AWSRequest(
            "POST", f"{self.sources.url}{self.path}", data=body,
            headers={name: self.headers[name] for name in parts["SignedHeaders"].split(";")})
        request.context["timestamp"] = stamp
        canonical = auth.canonical_request(request)
        right = auth.signature(auth.string_to_sign(request, canonical), request)
        is_fine = right == parts["Signature"] and (day, region, service) == (
            stamp[:8], REGION, "sts")
        return key_id if is_fine else "!SignatureDoesNotMatch"

    def sts_error(self, status, code, message, **headers):
        self.answer(status, "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                            f"<Error><Type>Sender</Type><Code>{code}</Code>"
                            f"<Message>{message}</Message></Error>"
                            "<RequestId>r-1</RequestId></ErrorResponse>", "text/xml", **headers)

    def sts_credentials(self, action, kind):
        made = self.sources.new_set(kind)
        texts = "".join(
            f"<{name}>{xml.sax.saxutils.escape(value)}</{name}>" for name, value in
            (("AccessKeyId", made["AccessKeyId"]), ("SecretAccessKey", made["SecretAccessKey"]),
             ("SessionToken", made["Token"]), ("Expiration", made["Expiration"])))
        self.answer(200, f"<{action}Response><{action}Result><AssumedRoleUser><Arn>arn:x</Arn>"
                         f"</AssumedRoleUser><Credentials>{texts}</Credentials>"
                         f"</{action}Result></{action}Response>", "text/xml")

    def sts_identity(self, key_id):
        self.answer(200, "<GetCallerIdentityResponse><GetCallerIdentityResult>"
                         f"<Arn>arn:aws:sts::123456789012:assumed-role/x/{key_id}</Arn>"
                         f"<UserId>AROA:{key_id}</UserId><Account>123456789012</Account>"
                         "</GetCallerIdentityResult></GetCallerIdentityResponse>", "text/xml")


class Proxy(http.server.BaseHTTPRequestHandler):
    """Says no to everybody and remembers what they wanted."""
    wanted = None

    def log_message(self, *words):
        pass

    def refuse(self):
        self.wanted.append(f"{self.command} {self.path}")
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_CONNECT = do_GET = do_PUT = do_POST = refuse

    @classmethod
    def open(cls):
        wanted = []
        server = Server(("127.0.0.1", 0), type("Handler", (cls,), {"wanted": wanted}))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()
        return server, f"http://127.0.0.1:{server.server_address[1]}", wanted
