"""The template is valid, grants no more than it must, and is as hardened as it claims."""

import json
import re
import subprocess

import pytest

import hardening
import rights
from template import GIVEN, PRODUCTION, ROOT, load, refused, stack

TRIAL = GIVEN
TRACED = PRODUCTION | {"XRayTracing": "Active"}
X86 = GIVEN | {"Architecture": "x86_64"}
DOMAIN = PRODUCTION | {
    "DomainName": "two-factor.example.org",
    "CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
}


def name(value):
    return getattr(value, "__name__", None)


def test_sam_and_its_linter_find_nothing():
    subprocess.run(["sam", "validate", "--lint", "--template-file", ROOT / "template.yaml"], check=True, cwd=ROOT)


def test_every_region_has_all_of_it_or_is_named_in_the_docs():
    """Runs the linter, including information and warnings, on the resource schemas of every region that it knows."""
    command = ["cfn-lint", "--regions", "ALL_REGIONS", "--include-checks", "I", "W", "--format", "parseable", "--template"]
    done = subprocess.run([*command, ROOT / "template.yaml"], capture_output=True, text=True)
    lacking = re.compile(r":E3006:Resource type 'AWS::Pipes::Pipe' does not exist in '([a-z0-9-]+)'$")
    found = [(line, lacking.search(line)) for line in done.stdout.splitlines()]
    assert not [line for line, match in found if not match], done.stdout
    (row,) = re.findall(r"^\| no EventBridge Pipes.*", (ROOT / "docs/deploying.md").read_text(), re.MULTILINE)
    assert set(re.findall(r"`([a-z0-9-]+)`", row)) == {match[1] for _, match in found}


@pytest.mark.parametrize(
    "given", [TRIAL, PRODUCTION, TRACED, X86, DOMAIN], ids=["trial", "production", "traced", "x86_64", "domain"]
)
@pytest.mark.parametrize("check", rights.CHECKS + hardening.ALWAYS, ids=name)
def test_every_deployment(check, given):
    check(stack(given))


@pytest.mark.parametrize("check", hardening.IN_PRODUCTION, ids=name)
def test_production(check):
    check(stack(PRODUCTION))


def test_a_trial_leaves_nothing_behind_and_nobody_is_mailed():
    template = stack(TRIAL)
    assert {r.get("DeletionPolicy", "Delete") for r in template["Resources"].values()} == {"Delete"}
    assert not {"AWS::SNS::Topic", "AWS::CloudWatch::Alarm"} & {r["Type"] for r in template["Resources"].values()}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("JwtIssuer", "https://login.example.com/"),
        ("CorsAllowedOrigins", "*"),
        ("CorsAllowedOrigins", "https://app.example.com"),
        ("SmsCountries", "*"),
        ("AlarmEmail", ""),
        ("AlarmEmail", "operations@example.com"),
        ("DomainName", "two-factor.example.org"),
        ("CertificateArn", DOMAIN["CertificateArn"]),
    ],
)
def test_a_production_stack_is_refused_while_it_is_open_unwatched_or_half_edited(parameter, value):
    (reason,) = refused(load(), PRODUCTION | {parameter: value})
    assert parameter in reason


def test_nothing_else_is_refused():
    assert [refused(load(), given) for given in (TRIAL, PRODUCTION, DOMAIN)] == [[], [], []]


def test_a_warning_fails_a_deployment_where_that_is_asked_for():
    (api,) = hardening.of_type(stack(PRODUCTION | {"ApiWarnings": "fail"}), "AWS::ApiGatewayV2::Api").values()
    assert api["FailOnWarnings"] is True


def test_without_web_pages_there_is_no_cors():
    (api,) = hardening.of_type(stack(PRODUCTION | {"CorsAllowedOrigins": ""}), "AWS::ApiGatewayV2::Api").values()
    assert "x-amazon-apigateway-cors" not in api["Body"]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("JwtIssuer", ["https://a.example", "https://a.example/x/"], ["http://a.example", "a.example", "https://a b"]),
        ("JwtAudience", ["a", "a,b"], ["", "a, b", "a,,b", ","]),
        ("CorsAllowedOrigins", ["*", "", "https://a.example,http://localhost:3000"], ["*,https://a.example", "https://a.example/", "https://a.example, https://b.example"]),
        ("DomainName", ["", "api.example.org"], ["https://api.example.org", "API.example.org", "localhost"]),
    ],
)
def test_parameters_take_what_they_say(parameter, good, bad):
    pattern = re.compile(load()["Parameters"][parameter]["AllowedPattern"])
    assert all(map(pattern.fullmatch, good)) and not any(map(pattern.fullmatch, bad))


def test_the_architecture_is_the_parameters():
    for given, architecture in [(TRIAL, "arm64"), (X86, "x86_64")]:
        functions = [r for r in stack(given)["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
        assert {tuple(function["Properties"]["Architectures"]) for function in functions} == {(architecture,)}


def test_every_parameter_is_described_constrained_grouped_and_labelled():
    template = load()
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"]) == sorted(interface["ParameterLabels"])
    for parameter, declared in template["Parameters"].items():
        assert declared.get("Description"), parameter
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(declared), f"{parameter} takes anything"
        assert "AllowedPattern" not in declared or declared.get("ConstraintDescription"), parameter


def test_every_output_is_described():
    assert all(output.get("Description") for output in load()["Outputs"].values())


def test_the_dashboard_is_json():
    body = load()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert len(json.loads(body)["widgets"]) == 6


def test_the_metrics_that_are_watched_are_the_metrics_that_are_written():
    written = (ROOT / "shared/src/http/metrics.rs").read_text()
    (names,) = re.findall(r"enum Metric \{(.*?)\}", written, re.DOTALL)
    names = set(re.findall(r"^ +(\w+),", names, re.MULTILINE))
    dashboard = load()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = json.loads(dashboard)["widgets"][0]["properties"]["metrics"]
    assert {metric[1] for metric in shown} == names
    alarms = hardening.of_type(stack(PRODUCTION), "AWS::CloudWatch::Alarm").values()
    watched = [alarm for alarm in alarms if alarm.get("Namespace") == "TwoFactor"]
    assert {alarm["MetricName"] for alarm in watched} < names and 'NAMESPACE: &str = "TwoFactor"' in written
    service = {"Name": "Service", "Value": "AWS::StackName"}
    assert all(alarm["Dimensions"] == [service] for alarm in watched)


def test_the_alarms_cost_what_the_costs_page_says():
    alarms = hardening.of_type(stack(PRODUCTION), "AWS::CloudWatch::Alarm").values()
    metrics = sum(len(hardening.metrics_of(alarm)) for alarm in alarms)
    row = f"| {len(alarms)} alarms (with `AlarmEmail`) | {metrics / 10:.2f}: {metrics} metrics |"
    assert row in (ROOT / "docs/costs.md").read_text(), row


def test_every_function_is_a_crate_of_the_workspace():
    functions = [r for r in load()["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    binaries = {function["Metadata"]["BuildProperties"]["Binary"] for function in functions}
    assert binaries == {path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")}
