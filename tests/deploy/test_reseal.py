"""Runs the template's state machine Reseal in an engine, with the real function in AWS's emulator."""

import collections
import contextlib
import io
import json
import time
import urllib.request
import zipfile

import pytest

import engine as engines
import local_stack
from build import NATIVE, build
from invoke import Emulator
from template import load

pytestmark = pytest.mark.slow

USERS, SEGMENTS = 300, 3

# Stands in for the function: it refuses the very first event, as a busy table would, and passes the others to an
# environment of the real function. It records what each event asked for, and whether the result was the last.
FORWARD = """
import json, os, urllib.request
def handler(event, context):
    marker = os.environ["MARKER"]
    if not os.path.exists(marker):
        open(marker, "w").close()
        raise Exception("Scan: ThrottlingException")
    url = os.environ["ENVIRONMENTS"].split()[event["segment"]]
    answer = json.load(urllib.request.urlopen(url, json.dumps(event).encode()))
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{'count' if event.get('count') else 'reseal'} {answer['cursor'] is None}\\n")
    return answer
"""


def test_it_goes_through_every_segment_and_counts(tmp_path):
    with contextlib.ExitStack() as running:
        stack = running.enter_context(local_stack.running(tmp_path, "127.0.0.1"))
        engine = running.enter_context(engines.running())
        users = [{"id": n, "method": "google", "secret_key": "T42NQXFCPWEJMGJY"} for n in range(100, 100 + USERS)]
        request = urllib.request.Request(f"{stack.url}/local/invoke/import", json.dumps({"users": users}).encode())
        assert json.load(urllib.request.urlopen(request))["imported"] == USERS

        # An invocation ends 10 seconds before its timeout, so with 11 seconds each segment takes several invocations of
        # one second.
        emulator = Emulator(build(NATIVE), stack.env_vars)
        limits = {"AWS_LAMBDA_FUNCTION_TIMEOUT": "11", "ITEMS_PER_SECOND": "20"}
        environments = [
            running.enter_context(emulator.running("ResealFunction", **limits)) for _ in range(SEGMENTS)
        ]
        notes = tmp_path / "notes"
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.py", FORWARD)
        role = _role(engine, "lambda.amazonaws.com")
        function = engine.client("lambda").create_function(
            FunctionName="reseal", Runtime="python3.12", Handler="index.handler", Role=role, Timeout=60,
            Code={"ZipFile": code.getvalue()},
            Environment={
                "Variables": {
                    "ENVIRONMENTS": " ".join(environments),
                    "MARKER": str(tmp_path / "turned-away"),
                    "NOTES": str(notes),
                }
            },
        )  # fmt: skip
        properties = load()["Resources"]["Reseal"]["Properties"]
        assert set(properties["DefinitionSubstitutions"]) == {"Function", "Segments"}
        definition = json.dumps(properties["Definition"])
        definition = definition.replace("${Function}", function["FunctionArn"]).replace("${Segments}", str(SEGMENTS))
        # The engine gives every Python exception this name; Lambda uses the name that the function reports.
        definition = definition.replace('"Unavailable"', '"Runtime.HandlerError"')
        states = engine.client("stepfunctions")
        role = _role(engine, "states.amazonaws.com", function["FunctionArn"])
        machine = states.create_state_machine(name="reseal", definition=definition, roleArn=role)
        execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        while (done := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(0.2)
        assert done["status"] == "SUCCEEDED", (done.get("error"), done.get("cause"))
        output = json.loads(done["output"])
        assert [segment["segment"] for segment in output["resealed"]] == list(range(SEGMENTS))
        # The table also has the user in events/.
        assert sum(segment["scanned"] for segment in output["resealed"]) == USERS + 1
        assert output["counted"]["keys"] == {"k1": USERS + 1}
        invocations = collections.Counter(notes.read_text().splitlines())
        assert invocations["reseal True"] == SEGMENTS and invocations["count True"] == 1, invocations
        assert invocations["reseal False"] >= SEGMENTS, "a cursor is gone on from"
        assert invocations["count False"] >= 1, "a count too"
        assert (tmp_path / "turned-away").exists(), "a busy table is tried again"


def _role(engine, service, function=None):
    """Creates a role for a service. With a function, the role gets the template's right for the state machine."""
    iam = engine.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    role = iam.create_role(RoleName=service, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    if function:
        (policy,) = load()["Resources"]["ResealRole"]["Properties"]["Policies"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        document["Statement"] = [statement | {"Resource": function}]
        iam.put_role_policy(RoleName=service, PolicyName="reseal", PolicyDocument=json.dumps(document))
    return role
