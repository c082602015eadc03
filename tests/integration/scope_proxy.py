"""A proxy that sends each call to the service that its signature names.

Ansible's modules know one endpoint for all of AWS, and Debian's botocore reads no
AWS_ENDPOINT_URL: so one address must serve EC2, STS and Auto Scaling. Each call says whom it
is for: the credential scope of its Authorization header (`.../us-east-1/ec2/aws4_request`).
Signatures cover the Host header, so it is passed on as it came; nothing is signed anew.

Clients here share one pair of keys, so EC2 is asked with the keys that the client has; run
ec2local with those. Replies of the Auto Scaling API are held against the model on the way.
"""

import http.client
import http.server
import re
import threading
import urllib.parse

import api_model

SCOPE = re.compile(r"Credential=[^/]+/[0-9]{8}/[^/]+/([a-z0-9-]+)/aws4_request")
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class ScopeProxy:
    def __init__(self, autoscaling, ec2):
        """URLs of the services; STS is where EC2 is (openasg-ec2local serves both)."""
        self.targets = {"autoscaling": autoscaling, "ec2": ec2, "sts": ec2}
        self.calls = []  # (service, action, status), in their order
        self.mistakes = []  # of replies that are not as the model has them
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                proxy.pass_on(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def pass_on(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        match = SCOPE.search(handler.headers.get("Authorization", ""))
        service = match.group(1) if match else ""
        if service not in self.targets:
            handler.send_error(404, f"no service {service!r} here")
            return
        action = urllib.parse.parse_qs(body.decode()).get("Action", [""])[0]
        connection = http.client.HTTPConnection(
            self.targets[service].split("//", 1)[1].rstrip("/"), timeout=60)
        try:
            headers = {name: value for name, value in handler.headers.items()
                       if name.lower() not in HOP_BY_HOP}
            connection.request("POST", handler.path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        self.note(service, action, answer, text)
        handler.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def note(self, service, action, answer, text):
        if service == "autoscaling":
            try:
                api_model.check(action, answer.status, text, answer.headers)
            except api_model.Mistake as mistake:
                self.mistakes.append(str(mistake))
        self.calls.append((service, action, answer.status))

    def take(self):
        """What was called since last asked."""
        taken, self.calls = self.calls, []
        return taken

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
