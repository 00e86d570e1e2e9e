"""samconfig.toml and the examples in docs/deploying.md, as SAM itself reads them."""

import re
import shlex

import click
import pytest
from samcli.cli.types import CfnParameterOverridesType
from samcli.lib.config.samconfig import SamConfig

import hardening
import rights
from template import GIVEN, ROOT, load, refused, stack

# The values that a deployer enters in place of the example's.
OWN = {
    "JwtIssuer": "https://login.example.org/",
    "CorsAllowedOrigins": "https://app.example.org",
    "AlarmEmail": "operations@example.org",
}


def parameters(environment, command):
    return dict(SamConfig(str(ROOT)).get_all([command], "parameters", env=environment))


def overrides(values):
    return CfnParameterOverridesType().convert(values, None, None)


def test_the_prod_configuration_is_a_production_stack_once_it_is_edited():
    given = overrides(parameters("prod", "deploy")["parameter_overrides"])
    assert set(given) <= set(load()["Parameters"])
    assert len(refused(load(), given)) == len(OWN), "the example's values can be deployed"
    assert refused(load(), given | OWN) == []
    for check in rights.CHECKS + hardening.ALWAYS + hardening.IN_PRODUCTION:
        check(stack(given | OWN))


def test_no_value_is_cut_short():
    given = parameters("prod", "deploy")["parameter_overrides"]
    assert overrides(given) == {name: value.strip('"') for name, value in (line.split("=", 1) for line in given)}
    assert overrides(given)["Issuer"] == "Example Corp"


def test_sam_reads_values_as_the_comment_says():
    assert overrides(['Issuer="Example Corp"', 'TenantClaim=""']) == {"Issuer": "Example Corp", "TenantClaim": ""}
    assert overrides(["Issuer=Example Corp"]) == {"Issuer": "Example"}
    with pytest.raises(click.BadParameter):
        overrides(["TenantClaim="])
    comment = (ROOT / "samconfig.toml").read_text()
    assert """'Issuer="Example Corp"'""" in comment and """'TenantClaim=""'""" in comment


def test_sam_build_knows_the_processor_that_is_deployed():
    built, given = (overrides(parameters("prod", command)["parameter_overrides"]) for command in ("build", "deploy"))
    assert built == given and "Architecture" in built


def test_a_change_to_production_is_confirmed():
    assert parameters("prod", "deploy")["confirm_changeset"] is True


def test_the_default_configuration_is_the_templates_own_defaults():
    assert "parameter_overrides" not in parameters("default", "deploy")


def test_no_account_bucket_or_region_is_baked_in():
    for environment in ("default", "prod"):
        assert not {"region", "profile", "s3_bucket", "role_arn"} & set(parameters(environment, "deploy"))


def test_the_commands_in_the_docs_give_parameters_that_there_are():
    commands = re.findall(r"^ *(sam .*--parameter-overrides.*)", (ROOT / "docs/deploying.md").read_text(), re.MULTILINE)
    assert commands
    for command in commands:
        words = shlex.split(command, comments=True)
        given = words[words.index("--parameter-overrides") + 1 :]
        assert set(overrides(given)) <= set(load()["Parameters"]), command
        assert len(overrides(given)) == len(given), command


def test_the_longest_name_fits():
    """Lambda's limit is 64 characters, and a CloudFormation rule cannot check the length of a stack's name."""
    names = [f["FunctionName"] for f in hardening.of_type(stack(GIVEN), "AWS::Lambda::Function").values()]
    longest = 64 - max(len(name.removeprefix("${AWS::StackName}")) for name in names)
    assert f"at most {longest} characters" in " ".join((ROOT / "docs/deploying.md").read_text().split())
    assert all(len(parameters(environment, "deploy")["stack_name"]) <= longest for environment in ("default", "prod"))
