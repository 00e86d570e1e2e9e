"""The local stack, as `cargo run` starts it: its table, its SNS, and its file for `sam local invoke --env-vars`."""

import contextlib
import json
import re
import subprocess
import urllib.request

import boto3

from template import ROOT


class LocalStack:
    def __init__(self, url, env_vars):
        self.url, self.env_vars = url, env_vars
        self.info = self._get("/local/info")

    def _get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def messages(self):
        return self._get("/local/messages")

    def item(self, key):
        dynamodb = boto3.client(
            "dynamodb",
            endpoint_url=self.info["dynamodb_endpoint"],
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        answer = dynamodb.get_item(TableName=self.info["table_name"], Key={"pk": {"S": key}}, ConsistentRead=True)
        return answer.get("Item", {})


@contextlib.contextmanager
def running(directory, address):
    """Runs the local stack. `address` is where the functions find its DynamoDB and SNS."""
    env_vars = directory / "env-vars.json"
    command = ["cargo", "run", "--quiet", "--", "--port", "0", "--engine-address", address, "--env-vars", env_vars]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=None, text=True)
    try:
        url = None
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                url = found[0]
                break
        assert url and env_vars.exists(), "the local stack did not start"
        yield LocalStack(url, env_vars)
    finally:
        process.send_signal(2)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
