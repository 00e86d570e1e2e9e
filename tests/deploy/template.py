"""The template: as written, and as CloudFormation receives it for given parameters."""

import copy
import functools
import os
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "template.yaml"

# The parameters without a default, and those that a production stack requires.
GIVEN = {"JwtIssuer": "https://login.example.org/", "JwtAudience": "two-factor"}
PRODUCTION = GIVEN | {
    "Stage": "production",
    "CorsAllowedOrigins": "https://app.example.org,https://admin.example.org",
    "SmsCountries": "DK",
    "AlarmEmail": "operations@example.org",
}

def load():
    """The template as written, with functions in their long form."""
    return yaml_parse(FILE.read_text())


def deployed(template, given):
    """The template translated by SAM for these parameters. Conditions are decided; references to resources stay."""
    template = copy.deepcopy(template)
    values = _values(template, given)
    # The code's location in S3, which `sam deploy` would put here.
    template["Globals"]["Function"]["CodeUri"] = "s3://code/function.zip"
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    translated = Translator({}, Parser()).translate(template, values)
    return _Decider(translated["Conditions"], values).decide(translated)


def stack(given):
    """The template as written, deployed with these parameters. Translated once and shared: do not modify it."""
    return _stack(tuple(sorted(given.items())))


@functools.cache
def _stack(given):
    return deployed(load(), dict(given))


def refused(template, given):
    """The reasons why the template's rules refuse these parameters."""
    decider = _Decider(template["Conditions"], _values(template, given))
    rules = [r for r in template["Rules"].values() if "RuleCondition" not in r or decider.holds(r["RuleCondition"])]
    return [a["AssertDescription"] for rule in rules for a in rule["Assertions"] if not decider.holds(a["Assert"])]


def _values(template, given):
    return {name: str(declared.get("Default")) for name, declared in template["Parameters"].items()} | given


class _Decider:
    """Decides conditions, Fn::If, Fn::Split and references to parameters: all that differs between two deployments."""

    def __init__(self, conditions, values):
        self.conditions, self.values = conditions, values

    def decide(self, translated):
        for section in ("Resources", "Outputs"):
            translated[section] = {
                name: self._value({key: value for key, value in entry.items() if key != "Condition"})
                for name, entry in translated[section].items()
                if "Condition" not in entry or self.holds({"Condition": entry["Condition"]})
            }
        return translated

    def holds(self, condition):
        (function, argument), = condition.items()
        match function:
            case "Condition":
                return self.holds(self.conditions[argument])
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::Equals":
                left, right = (self._value(side) for side in argument)
                return left == right
            case "Fn::Contains":
                return self._value(argument[1]) in self._value(argument[0])
        raise ValueError(f"no condition function {function} is known here")

    def _value(self, value):
        match value:
            case {"Fn::If": [condition, then, otherwise], **rest} if not rest:
                return self._value(then if self.holds({"Condition": condition}) else otherwise)
            case {"Fn::Split": [separator, text], **rest} if not rest:
                return self._value(text).split(separator)
            case {"Ref": name, **rest} if not rest and name in self.values:
                return self.values[name]
            case dict():
                decided = {key: self._value(entry) for key, entry in value.items()}
                return {key: entry for key, entry in decided.items() if entry != {"Ref": "AWS::NoValue"}}
            case list():
                decided = (self._value(entry) for entry in value)
                return [entry for entry in decided if entry != {"Ref": "AWS::NoValue"}]
        return value


def plain(value):
    """Replaces references by short text: `Table.Arn` for Fn::GetAtt, `Table` for Ref, the text itself for Fn::Sub."""
    match value:
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
        case {"Ref": name}:
            return name
        case {"Fn::Sub": str(text)}:
            return text
        case dict():
            return {key: plain(entry) for key, entry in value.items()}
        case list():
            return [plain(entry) for entry in value]
    return value


def of_type(template, kind):
    """The properties of the resources of one type, by name, with references as short text."""
    resources = template["Resources"].items()
    return {name: plain(resource["Properties"]) for name, resource in resources if resource["Type"] == kind}
