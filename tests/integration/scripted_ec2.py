"""What scripted EC2s in Python have in common: a form comes by POST, XML goes back; and a
certificate for one that speaks TLS."""

import http.server
import os
import subprocess
import urllib.parse


class Refusal(Exception):
    """Raised by answer(): EC2's error, with status 400."""

    def __init__(self, code, message):
        super().__init__(code)
        self.xml = (f"<Response><Errors><Error><Code>{code}</Code><Message>{message}"
                    "</Message></Error></Errors><RequestID>r-1</RequestID></Response>")


class ScriptedEc2(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, action, form):
        """The elements of the answer to an action, as text."""
        raise NotImplementedError

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = dict(urllib.parse.parse_qsl(body))
        action = form["Action"]
        try:
            status, text = 200, (f"<{action}Response><requestId>r-1</requestId>"
                                 f"{self.answer(action, form)}</{action}Response>")
        except Refusal as refusal:
            status, text = 400, refusal.xml
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def make_certificate(folder):
    """A self-signed one for 127.0.0.1, key and all in one file; and the certificate alone."""
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    both = os.path.join(folder, "both.pem")
    with open(both, "w") as out:
        for path in (certificate, key):
            with open(path) as file:
                out.write(file.read())
    return both, certificate
