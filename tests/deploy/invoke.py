"""Invokes one function with one event: with `sam local invoke`, or without Docker under AWS's emulator of Lambda."""

import contextlib
import json
import os
import platform
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import samcli
from samcli.yamlhelper import yaml_parse

from build import NATIVE
from engine import free_port

EMULATOR = Path(samcli.__file__).parent / f"local/rapid/aws-lambda-rie-{platform.machine().replace('aarch64', 'arm64')}"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}


class SamLocal:
    """`sam local invoke`."""

    def __init__(self, build, env_vars, environment):
        self.build, self.env_vars, self.environment = build, env_vars, environment

    def __call__(self, function, event):
        command = ["sam", "local", "invoke", function, "--template", self.build / "template.yaml", "--event", event]
        command += ["--env-vars", self.env_vars, "--parameter-overrides", f"Architecture={NATIVE}", "--skip-pull-image"]
        # With credentials, SAM would ask AWS whose they are. Without, it makes some up for the function.
        kept = {name: value for name, value in self.environment.items() if not name.startswith("AWS_")}
        kept |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        done = subprocess.run(command, env=kept, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.strip().splitlines()[-1])


class Emulator:
    """AWS's Runtime Interface Emulator, which `sam local invoke` adds to its image, run directly on the host."""

    def __init__(self, build, env_vars):
        self.build = build
        self.variables = json.loads(env_vars.read_text())
        self.template = yaml_parse((build / "template.yaml").read_text())

    def __call__(self, function, event):
        with self.running(function) as url:
            return post(url, event.read_bytes())

    @contextlib.contextmanager
    def running(self, function, **variables):
        """Runs one environment of a function with these additional variables; yields the URL that takes its events."""
        port, runtime = free_port(), free_port()
        properties = self.template["Resources"][function]["Properties"]
        environment = {"PATH": os.environ["PATH"], "AWS_LAMBDA_FUNCTION_NAME": function} | CREDENTIALS
        # Passes only variables that the template declares, as SAM does.
        declared = {**self.template["Globals"]["Function"]["Environment"]["Variables"]}
        declared |= properties.get("Environment", {}).get("Variables", {})
        environment |= {k: v for k, v in self.variables[function].items() if k in declared} | variables
        command = [EMULATOR, "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{runtime}", self.build / function / "bootstrap"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        finally:
            process.kill()
            process.wait()


def post(url, event):
    """Posts an event to the environment at this URL, once it has started; returns its response."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, data=event, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.05)
    raise RuntimeError("the emulator did not start")
