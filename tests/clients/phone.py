"""The user at a client's terminal, who reads what it prints and types codes, and the phone that the codes come from."""

import json
import pathlib
import re
import subprocess
import sys
import threading
import urllib.request

sys.path.append(str(pathlib.Path(__file__).parents[1] / "deploy"))
from totp import code as app_code  # noqa: E402, F401 - what an authenticator app shows

PATIENCE = 30


def call(url, path, body=None, token=None, method=None):
    """Sends a request; returns the JSON of the response, or None if it has no body."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read() or b"null")


def sms_code(url, number):
    """The code in the newest message to `number`."""
    messages = [m["message"] for m in call(url, "/local/messages") if m["phone_number"] == number]
    return re.search(r"\b\d{6}\b", messages[-1])[0]


class Terminal:
    """A running client."""

    def __init__(self, command, environment):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
        # Ends a client that hangs, and so the test that waits for it.
        self.watch = threading.Timer(PATIENCE, self.process.kill)
        self.watch.start()

    def until_asked(self):
        """What the client prints until it asks for a code."""
        text = b""
        while not text.endswith(b"Code: "):
            byte = self.process.stdout.read(1)
            assert byte, f"ended after {text.decode()!r}: {self.process.stderr.read().decode()}"
            text += byte
        return text.removesuffix(b"Code: ").decode()

    def type(self, code):
        self.process.stdin.write(f"{code}\n".encode())
        self.process.stdin.flush()

    def end(self, typed=""):
        """Types `typed` and closes the input; returns the exit status and what was printed since on standard output and
        standard error."""
        output, error = self.process.communicate(typed.encode())
        self.watch.cancel()
        return self.process.returncode, output.decode(), error.decode()
