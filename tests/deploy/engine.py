"""The stand-in for AWS: ministack, with IAM enforced, on a port of 127.0.0.1."""

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3

from template import ROOT

PYTHON = ROOT / "target/deploy/engine/bin/python"
# The engine accepts these as the account's root. It gives functions the credentials of their roles.
ROOT_USER = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class Engine:
    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def environment(self):
        """The environment in which commands for AWS reach the engine instead, as the account's root."""
        return os.environ | ROOT_USER | {"AWS_ENDPOINT_URL": self.url}

    def client(self, service):
        key, secret, region = ROOT_USER.values()
        return boto3.client(
            service, endpoint_url=self.url, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret
        )


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def running():
    engine = Engine(free_port())
    with tempfile.TemporaryDirectory(prefix="engine-") as directory:
        environment = ROOT_USER | {
            "PATH": os.environ["PATH"],
            "HOME": directory,
            "TMPDIR": directory,
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(engine.port),
            # Functions inherit this. Without it they would call the real AWS.
            "AWS_ENDPOINT_URL": engine.url,
        }
        with open(Path(directory, "log"), "w+") as log:
            command = [PYTHON, "-m", "ministack"]
            process = subprocess.Popen(command, env=environment, cwd=directory, stdout=log, stderr=log)
            try:
                _wait(engine, process, log)
                yield engine
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def _wait(engine, process, log):
    for _ in range(100):
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{engine.url}/_ministack/health", timeout=2).close()
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"the engine did not start: {log.read()[-2000:]}")
