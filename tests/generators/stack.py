"""Runs the generated Python and TypeScript clients against the local stack."""

import json
import os
import subprocess
import sys
import urllib.request

from running import ROOT, local_stack

TARGET = ROOT / "target/generators"
sys.path.append(str(TARGET / "out"))

from two_factor_client import AuthenticatedClient  # noqa: E402
from two_factor_client.api.administration import reset  # noqa: E402
from two_factor_client.api.settings import generate_secret, get_settings, reset_own, update_settings  # noqa: E402
from two_factor_client.api.verification import verify  # noqa: E402
from two_factor_client.models import Code, Message, Method, Problem, ProblemType, SettingsUpdate  # noqa: E402


def token(url, **claims):
    request = urllib.request.Request(f"{url}/local/token", json.dumps(claims).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["access_token"]


def python(url):
    client = AuthenticatedClient(base_url=url, token=token(url, sub="1"))
    secret = generate_secret.sync(client=client).data.secret_key
    body = SettingsUpdate(method=Method.GOOGLE, secret_key=secret)
    assert update_settings.sync_detailed(client=client, body=body).status_code == 204
    settings = get_settings.sync(client=client).data
    assert (settings.method, settings.secret_key, settings.verified) == (Method.GOOGLE, secret, False), settings

    body = SettingsUpdate.from_dict(settings.to_dict())
    assert update_settings.sync_detailed(client=client, body=body).status_code == 204

    problem = verify.sync(client=client, body=Code(key="1"))
    assert isinstance(problem, Problem) and problem.type_ is ProblemType.INVALID_FIELDS, problem
    assert problem.errors[0].pointer == "#/key", problem
    problem = reset.sync(client=client, id="9007199254740993")
    assert isinstance(problem, Problem) and problem.type_ is ProblemType.EDIT_PERMISSION_REQUIRED, problem

    stranger = AuthenticatedClient(base_url=url, token="none")
    assert isinstance(get_settings.sync(client=stranger), Message)
    assert reset_own.sync_detailed(client=client).status_code == 204
    print("openapi-python-client: settings, problems and IDs as they should be", flush=True)


def typescript(url):
    environment = {**os.environ, "TWO_FACTOR_URL": url, "TWO_FACTOR_TOKEN": token(url, sub="2")}
    subprocess.run(["node", "client.js"], cwd=TARGET / "node", env=environment, check=True)


with local_stack() as base_url:
    python(base_url)
    typescript(base_url)
