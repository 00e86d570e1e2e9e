"""Deploys the real template with `sam deploy` to an engine that enforces IAM, and uses it over HTTP."""

import os
import re
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import deployment
import engine as engines
import issuer as issuers
import totp
from build import NATIVE, build
from rights import FUNCTIONS
from template import PRODUCTION, ROOT

pytestmark = pytest.mark.slow

NUMBER = "+4520123456"
SMS = {"method": "sms", "phone_prefix": 45, "phone": 20123456}
NOTHING = {"method": None, "secret_key": None, "phone_prefix": None, "phone": None, "verified": False}


@pytest.fixture(scope="module")
def engine():
    with engines.running() as engine:
        yield engine


@pytest.fixture(scope="module")
def issuer():
    with issuers.running() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def parameters(issuer):
    return {"JwtIssuer": issuer.url, "JwtAudience": issuers.AUDIENCE, "Architecture": NATIVE}


@pytest.fixture(scope="module")
def built():
    return build(NATIVE)


@pytest.fixture(scope="module")
def api(engine, built, parameters):
    return deployment.deploy(engine, built, "two-factor", parameters)


def test_the_outputs_name_what_was_made(api):
    assert api.outputs["TableName"] == api.ids["Table"]
    assert api.ids["Api"] in api.outputs["ApiUrl"]
    assert set(api.ids) >= set(FUNCTIONS) | {"FunctionLogs", "AccessLogs", "SealingKeys", "Key", "Dashboard"}


def test_only_a_good_token_gets_in(api, issuer):
    path = "/api/two-factor"
    assert api.call("GET", path, issuer.token(1)) == (200, {"data": NOTHING})
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for refused in [
        None,
        "nonsense",
        issuer.token(1, key=stranger),
        issuer.token(1, aud="another"),
        issuer.token(1, iss="https://another.example/"),
        issuer.token(1, exp=int(time.time()) - 60),
    ]:
        assert api.call("GET", path, refused) == (401, {"message": "Unauthorized"}), refused


def test_an_authenticator_app_is_enrolled_and_verified(api, issuer):
    token = issuer.token(10, email="ada@example.com")
    _, answer = api.call("GET", "/api/two-factor/secret", token)
    secret = answer["data"]["secret_key"]
    assert api.call("PATCH", "/api/two-factor", token, {"method": "google", "secret_key": secret}) == (204, None)
    _, answer = api.call("GET", "/api/two-factor", token)
    assert answer["data"] == NOTHING | {"method": "google", "secret_key": secret}
    status, answer = api.call("GET", "/api/two-factor/qr", token)
    assert status == 200 and answer["data"]["qr_image"].startswith("data:image/png;base64,")

    code = totp.code(secret)
    assert api.call("POST", "/api/two-factor/verify", token, {"key": code}) == (204, None)
    assert api.call("POST", "/api/two-factor/verify", token, {"key": code})[0] == 422, "used twice"
    assert api.call("GET", "/api/two-factor", token)[1]["data"]["verified"] is True

    _, answer = api.call("POST", "/api/two-factor/recovery-codes", token)
    (recovery, *_) = answer["data"]["recovery_codes"]
    assert api.call("POST", "/api/two-factor/verify", token, {"key": recovery}) == (204, None)
    assert api.call("POST", "/api/two-factor/verify", token, {"key": recovery})[0] == 422, "used twice"
    stored = str(api.item("USER##10"))
    assert secret not in stored and code not in stored and recovery not in stored


def test_the_smoke_test_finds_nothing(api, engine, issuer):
    url = f"http://{api.ids['Api']}.execute-api.localhost:{engine.port}"
    command = [ROOT / "tests/deploy/smoke", url, "--connect-to", f"127.0.0.1:{engine.port}", "--sms", "45", "20123470"]
    environment = os.environ | {"TOKEN": issuer.token(50)}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(api.messages("+4520123470")) == 1


def test_a_phone_is_enrolled_and_verified_and_reset(api, issuer):
    token = issuer.token(20)
    assert api.call("PATCH", "/api/two-factor", token, SMS) == (204, None)
    assert api.call("POST", "/api/two-factor/send-verification", token) == (204, None)
    (message,) = api.messages(NUMBER)
    (code,) = re.findall(r"\b\d{6}\b", message)
    assert api.call("POST", "/api/two-factor/verify", token, {"key": code}) == (204, None)
    assert api.call("GET", "/api/two-factor", token)[1]["data"] == NOTHING | SMS | {"verified": True}
    assert "20123456" not in str(api.item("USER##20"))

    path = "/api/users/20/two-factor/reset"
    assert api.call("POST", path, issuer.token(21))[0] == 403
    assert api.call("GET", "/api/two-factor", token)[1]["data"]["verified"] is True
    # The gateway passes an array on as `[users:read users:edit]`.
    assert api.call("POST", path, issuer.token(21, permissions=["users:read", "users:edit"])) == (204, None)
    assert api.call("GET", "/api/two-factor", token)[1]["data"] == NOTHING


def test_roles_allow_what_is_needed_and_no_more(api, engine):
    iam = engine.client("iam")

    def decision(function, action, resource):
        role = f"arn:aws:iam::{api.account}:role/{api.ids[f'{function}Role']}"
        answer = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource])
        return answer["EvaluationResults"][0]["EvalDecision"]

    topic = f"arn:aws:sns:us-east-1:{api.account}:topic"
    table = f"arn:aws:dynamodb:us-east-1:{api.account}:table/{api.ids['Table']}"
    assert decision("SendVerificationFunction", "sns:Publish", "*") == "allowed"
    assert decision("SendVerificationFunction", "sns:Publish", topic) == "explicitDeny"
    for function in FUNCTIONS:
        for action in ("dynamodb:Scan", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"):
            assert decision(function, action, table) == "implicitDeny", (function, action)
        assert decision(function, "secretsmanager:GetSecretValue", "*") == "implicitDeny", function


def test_a_production_stack_has_alarms(engine, built, parameters, issuer):
    api = deployment.deploy(engine, built, "production", PRODUCTION | parameters)
    alarms = engine.client("cloudwatch").describe_alarms(AlarmNamePrefix="production-")["MetricAlarms"]
    assert {alarm["MetricName"] for alarm in alarms} == {
        "5xx", "CodesSent", "CodesRefused", "ApproximateNumberOfMessagesVisible", "SMSMonthToDateSpentUSD",
        "SmsBudgetSpent",
    }
    assert {alarm["AlarmActions"][0] for alarm in alarms} == {api.ids["AlarmTopic"]}
    assert api.call("GET", "/api/two-factor", issuer.token(1)) == (200, {"data": NOTHING})


def test_a_production_stack_open_to_all_origins_is_refused(engine, built, parameters):
    with pytest.raises(deployment.DeploymentFailed, match="CorsAllowedOrigins must name"):
        deployment.deploy(engine, built, "open", PRODUCTION | parameters | {"CorsAllowedOrigins": "*"})


def without(right, count=1):
    """Removes the right with this index, or `count` rights from it on, from every function that has them."""

    def edit(template):
        for resource in template["Resources"].values():
            for policy in resource["Properties"].get("Policies", []):
                if "Statement" in policy:
                    del policy["Statement"][right : right + count]
            if "Policies" in resource["Properties"]:
                policies = resource["Properties"]["Policies"]
                resource["Properties"]["Policies"] = [policy for policy in policies if policy.get("Statement") != []]

    return edit


def test_without_its_first_right_no_function_works(engine, built, parameters, issuer):
    api = deployment.deploy(engine, built, "no-first-right", parameters, without(0))
    token = issuer.token(30, permissions=["users:edit"])
    for method, path, body in [
        ("GET", "/api/two-factor", None),
        ("PATCH", "/api/two-factor", SMS),
        ("GET", "/api/two-factor/qr", None),
        ("POST", "/api/two-factor/send-verification", None),
        ("POST", "/api/two-factor/verify", {"key": "123456"}),
        ("POST", "/api/two-factor/reset", None),
        ("POST", "/api/users/31/two-factor/reset", None),
    ]:
        assert api.call(method, path, token, body)[0] == 500, f"{method} {path}"
    assert api.call("GET", "/api/two-factor/secret", token)[0] == 200, "it has no right to lose"


# UpdateItem is granted twice: on items by key, and in transactions, whose keys IAM does not know.
@pytest.mark.parametrize(("right", "count", "status"), [(1, 2, 500), (3, 1, 503)], ids=["UpdateItem", "Publish"])
def test_without_a_later_right_no_sms_is_sent(engine, built, parameters, issuer, right, count, status):
    api = deployment.deploy(engine, built, f"no-right-{right}", parameters, without(right, count))
    user, phone = 40 + right, 20123460 + right
    token = issuer.token(user)
    assert api.call("PATCH", "/api/two-factor", token, SMS | {"phone": phone}) == (204, None)
    assert api.call("POST", "/api/two-factor/send-verification", token)[0] == status
    assert api.messages(f"+45{phone}") == []
    # A send that failed does not count.
    assert "sends" not in api.item(f"USER##{user}") and "code_hash" not in api.item(f"USER##{user}")
