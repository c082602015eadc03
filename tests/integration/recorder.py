"""A recording endpoint: hands each request on to ec2local as it came, and keeps it."""

import http.client
import http.server
import threading
import urllib.parse

KEPT_BACK = {"connection", "keep-alive", "transfer-encoding", "proxy-connection"}


class Recorder:
    """`calls`: dicts of method, path, headers (lower-case names), body (bytes), form."""

    def __init__(self, upstream):
        self.upstream = urllib.parse.urlsplit(upstream)
        self.calls = []
        self.lock = threading.Lock()
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                recorder.keep(self, body)
                status, headers, answer = recorder.hand_on(self, body)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # a client that was ended resets its connections

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def keep(self, handler, body):
        with self.lock:
            self.calls.append({
                "method": handler.command, "path": handler.path, "body": body,
                "headers": {n.lower(): v for n, v in handler.headers.items()},
                "form": dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"),
                                                    keep_blank_values=True))})

    def hand_on(self, handler, body):
        upstream = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port,
                                              timeout=20)
        try:
            upstream.putrequest(handler.command, handler.path, skip_host=True,
                                skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() not in KEPT_BACK:
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            reply = upstream.getresponse()
            headers = [(n, v) for n, v in reply.getheaders()
                       if n.lower() not in KEPT_BACK | {"content-length", "date", "server"}]
            return reply.status, headers, reply.read()
        finally:
            upstream.close()

    def taken(self):
        """What was recorded since the last time."""
        with self.lock:
            calls, self.calls = self.calls, []
        return calls

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
