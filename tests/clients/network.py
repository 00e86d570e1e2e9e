"""A proxy between a client and the API: it passes requests on, records them, and can respond to one itself."""

import http.client
import http.server
import threading
import time
import urllib.parse


class Network:
    """`requests` has (method, path, time) of each request, in order. `next_answer` is (status, headers, body) for the next
    request to `next_path`, which then does not reach the API. `retry_after` replaces that of a response."""

    def __init__(self, api):
        self.answered = threading.Condition()
        self.requests, self.next_path, self.next_answer, self.retry_after = [], None, None, None
        network, host = self, urllib.parse.urlsplit(api).netloc

        class Handler(http.server.BaseHTTPRequestHandler):
            def pass_on(self):
                network.requests.append((self.command, self.path, time.monotonic()))
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if network.next_answer and self.path == network.next_path:
                    (status, headers, content), network.next_answer = network.next_answer, None
                else:
                    upstream = http.client.HTTPConnection(host, timeout=30)
                    kept = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "content-length")}
                    upstream.request(self.command, self.path, body or None, kept)
                    answer = upstream.getresponse()
                    status, content = answer.status, answer.read()
                    headers = {k: v for k, v in answer.getheaders() if k.lower() not in ("connection", "content-length")}
                    if network.retry_after and "retry-after" in headers:
                        headers["retry-after"] = str(network.retry_after)
                    upstream.close()
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                with network.answered:
                    network.answered.notify_all()

            do_GET = do_PATCH = do_POST = pass_on

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer_next(self, path, status, body, **headers):
        self.next_path = path
        self.next_answer = status, {k.replace("_", "-"): v for k, v in headers.items()}, body.encode()

    def times(self, path):
        """When each request to `path` arrived, in seconds of a monotonic clock."""
        return [at for _, requested, at in self.requests if requested == path]

    def wait_for(self, path):
        """Waits until a request to `path` has its response."""
        with self.answered:
            assert self.answered.wait_for(lambda: self.times(path), 30), path

    def close(self):
        self.server.shutdown()
        self.server.server_close()
