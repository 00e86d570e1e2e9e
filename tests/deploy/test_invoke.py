"""Invokes functions with their events from events/, against the local stack's table and SNS."""

import json
import re

import pytest

import docker_engine
import local_stack
import totp
from build import NATIVE, build
from invoke import Emulator, SamLocal
from template import ROOT

pytestmark = pytest.mark.slow

EVENTS = ROOT / "events"
# The user in the events, whom the local stack creates.
USER, SECRET = "USER##42", "T42NQXFCPWEJMGJY"


@pytest.fixture(params=["docker", "emulator"])
def running(request, tmp_path):
    """Yields a way to invoke functions, and the local stack whose table and SNS they use."""
    built = build(NATIVE)
    if request.param == "emulator":
        with local_stack.running(tmp_path, "127.0.0.1") as stack:
            yield Emulator(built, stack.env_vars), stack
        return
    try:
        with docker_engine.running() as (environment, address), local_stack.running(tmp_path, address) as stack:
            yield SamLocal(built, stack.env_vars, environment), stack
    except docker_engine.Unavailable as why:
        pytest.skip(f"sam local invoke not tried: {why}")


def test_the_events_one_after_the_other(running, tmp_path):
    invoke, stack = running

    def answer(function, name, **changed):
        event = json.loads((EVENTS / f"{name}.json").read_text()) | changed
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(event))
        answer = invoke(function, file)
        assert answer["headers"]["cache-control"] == "no-store"
        return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None

    status, body = answer("GetSettingsFunction", "get-settings")
    assert status == 200 and body["data"]["secret_key"] == SECRET
    status, body = answer("QrCodeFunction", "qr-code")
    assert status == 200 and body["data"]["qr_image"].startswith("data:image/png;base64,")
    status, body = answer("GenerateSecretFunction", "generate-secret")
    assert status == 200 and re.fullmatch("[A-Z2-7]{32}", body["data"]["secret_key"])

    status, body = answer("VerifyFunction", "verify")
    assert status == 422 and body["type"].endswith("/invalid-code")
    assert stack.item(USER)["failures"] == {"N": "1"}
    key = totp.code(SECRET)
    assert answer("VerifyFunction", "verify", body=json.dumps({"key": key})) == (204, None)
    assert stack.item(USER)["verified"] == {"BOOL": True} and "failures" not in stack.item(USER)

    status, body = answer("RecoveryCodesFunction", "recovery-codes")
    assert status == 200 and len(body["data"]["recovery_codes"]) == 10
    assert len(stack.item(USER)["recovery_codes"]["SS"]) == 10
    status, body = answer("GetUserSettingsFunction", "get-user-settings")
    assert status == 200 and (body["data"]["method"], body["data"]["recovery_codes_left"]) == ("google", 10)

    assert answer("UpdateSettingsFunction", "update-settings") == (204, None)
    assert stack.item(USER)["method"] == {"S": "sms"} and stack.item(USER)["verified"] == {"BOOL": False}
    before = len(stack.messages())
    assert answer("SendVerificationFunction", "send-verification") == (204, None)
    (message,) = stack.messages()[before:]
    assert message["phone_number"] == "+4520123456"
    (key,) = re.findall(r"\b\d{6}\b", message["message"])
    assert answer("VerifyFunction", "verify", body=json.dumps({"key": key})) == (204, None)
    assert stack.item(USER)["verified"] == {"BOOL": True}

    assert answer("ResetFunction", "reset") == (204, None)
    assert not {"method", "phone", "secret", "verified"} & set(stack.item(USER))
