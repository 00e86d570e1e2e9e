"""The smoke test for a deployed stack passes on the local stack, and stops at the first thing that is wrong."""

import json
import os
import re
import subprocess
import urllib.request

import pytest

import local_stack
from template import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with local_stack.running(tmp_path_factory.mktemp("stack"), "127.0.0.1") as stack:
        yield stack


def token(stack, **claims):
    body = json.dumps(claims).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{stack.url}/local/token", body)) as answer:
        return json.load(answer)["access_token"]


def smoke(url, token, *options):
    command = [ROOT / "tests/deploy/smoke", url, *options]
    done = subprocess.run(
        command, env=os.environ | {"TOKEN": token}, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def test_all_is_as_expected_twice_and_with_an_sms(stack):
    for options in ([], ["--origin", "https://app.example", "--sms", "45", "20123499"]):
        code, out, error = smoke(stack.url, token(stack, sub="901"), *options)
        assert (code, error) == (0, ""), out + error
        assert out.endswith("all as expected\n")
        assert re.search(r"^ok 200 GET   /api/two-factor/secret +\d+ ms  a fresh secret$", out, re.MULTILINE)
    assert [message["phone_number"] for message in stack.messages()][-1] == "+4520123499"


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"sub": "not a number"}, "UserIdClaim"),
        ({"exp": 1}, "The gateway says why: .*expired"),
        ({"aud": "another"}, "The gateway says why"),
    ],
)
def test_a_token_that_does_not_fit_is_explained(stack, claims, sentence):
    code, _, error = smoke(stack.url, token(stack, **claims))
    assert code == 1 and re.search(sentence, error), error


def test_another_address_is_explained(stack):
    code, _, error = smoke(f"{stack.url}/elsewhere", token(stack))
    assert code == 1 and error.startswith("not as expected: GET /api/two-factor: 401 was expected; it answered 404"), error
    assert "ApiUrl" in error and "JwtIssuer" in error
