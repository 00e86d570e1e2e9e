"""Sends the local stack requests generated from openapi.yaml. No response may be a server error, or one that
openapi.yaml does not list."""

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

# Left out: positive_data_acceptance, because no schema can say which digits are a phone number;
# negative_data_rejection, because the API accepts more than the schema says; unsupported_method, because an HTTP API
# returns 404 there, not 405.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,ignored_auth,problem_is_listed"
)

# Each of these gets different responses.
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
            # Keeps the files that it writes for its next run out of the source tree.
            if subprocess.run(command, cwd=ROOT / "target/api", env=ENVIRONMENT).returncode:
                failed.append(who)
    sys.exit(f"failed as {', '.join(failed)}" if failed else 0)


main()
