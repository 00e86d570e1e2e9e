"""Sends the local stack requests drawn from openapi.yaml: no answer may be an error of the server or one that
openapi.yaml does not have."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

from running import ROOT, local_stack

SCHEMATHESIS = pathlib.Path(sys.executable).with_name("schemathesis")
HERE = pathlib.Path(__file__).parent
ENVIRONMENT = {**os.environ, "SCHEMATHESIS_HOOKS": "problems", "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}

# Left out: positive_data_acceptance, as no schema can say which digits are a phone number; negative_data_rejection, as more
# is forgiven than the schema says; unsupported_method, as an HTTP API answers 404 there and not 405.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,ignored_auth,problem_is_listed"
)

# Enrolled or not, with permissions or without: each sees other answers.
CALLERS = {
    "an administrator": {"sub": "1", "scope": "users:edit"},
    "a user": {"sub": "2"},
    "nobody": {"sub": "not-a-number"},
}


def post(url, body):
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode()), timeout=10) as answer:
        return json.load(answer)


def main():
    failed = []
    with local_stack() as url:
        for who, claims in CALLERS.items():
            print(f"\n=== as {who}", flush=True)
            token = post(f"{url}/local/token", claims)["access_token"]
            command = [SCHEMATHESIS, "run", ROOT / "openapi.yaml", "--url", url, "--header", f"Authorization: Bearer {token}"]
            command += ["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "30"]
            command += ["--seed", "1", "--max-time", "15", "--warnings", "off", "--no-shrink"]
            # What it writes for its own next run is kept out of the tree.
            if subprocess.run(command, cwd=ROOT / "target/api", env=ENVIRONMENT).returncode:
                failed.append(who)
    sys.exit(f"failed as {', '.join(failed)}" if failed else 0)


main()
