"""The template is valid, grants no more than it must, and is as hard as it says."""

import json
import re
import subprocess
import tomllib

import pytest

import hardening
import rights
from template import GIVEN, PRODUCTION, ROOT, deployed, load, refused

TRIAL = GIVEN
TRACED = PRODUCTION | {"XRayTracing": "Active"}
X86 = GIVEN | {"Architecture": "x86_64"}


def name(value):
    return getattr(value, "__name__", None)


def test_sam_and_its_linter_find_nothing():
    subprocess.run(["sam", "validate", "--lint", "--template-file", ROOT / "template.yaml"], check=True, cwd=ROOT)


@pytest.mark.parametrize("given", [TRIAL, PRODUCTION, TRACED, X86], ids=["trial", "production", "traced", "x86_64"])
@pytest.mark.parametrize("check", rights.CHECKS + hardening.ALWAYS, ids=name)
def test_every_deployment(check, given):
    check(deployed(load(), given))


@pytest.mark.parametrize("check", hardening.IN_PRODUCTION, ids=name)
def test_production(check):
    check(deployed(load(), PRODUCTION))


def test_a_trial_leaves_nothing_behind_and_nobody_is_mailed():
    template = deployed(load(), TRIAL)
    assert {r.get("DeletionPolicy", "Delete") for r in template["Resources"].values()} == {"Delete"}
    assert not {"AWS::SNS::Topic", "AWS::CloudWatch::Alarm"} & {r["Type"] for r in template["Resources"].values()}


def test_a_production_stack_is_refused_while_it_is_open_or_unwatched():
    assert refused(load(), TRIAL) == refused(load(), PRODUCTION) == []
    for parameter, value in [("CorsAllowedOrigins", "https://a.example,*"), ("SmsCountries", "*"), ("AlarmEmail", "")]:
        (reason,) = refused(load(), PRODUCTION | {parameter: value})
        assert parameter in reason


def test_the_architecture_is_the_parameters():
    for given, architecture in [(TRIAL, "arm64"), (X86, "x86_64")]:
        functions = [r for r in deployed(load(), given)["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
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
    alarms = hardening.of_type(deployed(load(), PRODUCTION), "AWS::CloudWatch::Alarm").values()
    watched = [alarm for alarm in alarms if alarm.get("Namespace") == "TwoFactor"]
    assert {alarm["MetricName"] for alarm in watched} < names and 'NAMESPACE: &str = "TwoFactor"' in written
    service = {"Name": "Service", "Value": "AWS::StackName"}
    assert all(alarm["Dimensions"] == [service] for alarm in watched)


def test_every_function_is_a_crate_of_the_workspace():
    functions = [r for r in load()["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    binaries = {function["Metadata"]["BuildProperties"]["Binary"] for function in functions}
    assert binaries == {path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")}


def samconfig(environment):
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())[environment]
    return config["deploy"]["parameters"]


def test_the_prod_configuration_is_a_production_stack():
    deploy = samconfig("prod")
    given = dict(override.split("=", 1) for override in deploy["parameter_overrides"])
    assert deploy["confirm_changeset"] is True
    assert set(given) <= set(load()["Parameters"])
    for check in rights.CHECKS + hardening.ALWAYS + hardening.IN_PRODUCTION:
        check(deployed(load(), given))
    assert refused(load(), given) == []


def test_the_default_configuration_is_the_templates_own_defaults():
    assert "parameter_overrides" not in samconfig("default")


def test_no_account_bucket_or_region_is_baked_in():
    for environment in ("default", "prod"):
        assert not {"region", "profile", "s3_bucket", "role_arn"} & set(samconfig(environment))
