"""docs/deploying-policy.json lets CloudFormation create, change and delete everything in the template."""

import fnmatch
import json

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from template import PRODUCTION, ROOT, stack
from test_samconfig import parameters
from test_template import DOMAIN

FILE = ROOT / "docs/deploying-policy.json"

# Rights that the resource types list for properties that the template does not use.
UNUSED = [
    "ec2:*",  # functions in a VPC
    "elasticfilesystem:*", "s3files:*",  # file systems for functions
    "lambda:GetLayerVersion", "lambda:GetCodeSigningConfig", "lambda:PassCapacityProvider",
    "firehose:*", "kinesis:*", "s3:*",  # other destinations and imports; the bucket with the code has its own statement
    "iam:CreateServiceLinkedRole",  # replicas, MSK
    "iam:Attach*Policy", "iam:Detach*Policy",  # policies that attach themselves to users, groups and roles
    "kms:ReEncrypt",  # ReEncryptFrom and ReEncryptTo are the actions
    "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents", "logs:PutBearerTokenAuthentication",
    "apigateway:AddCertificateToDomain", "apigateway:RemoveCertificateFromDomain",
]  # fmt: skip


def statements():
    return json.loads(FILE.read_text())["Statement"]


def actions():
    found = [s["Action"] if isinstance(s["Action"], list) else [s["Action"]] for s in statements()]
    return [action for some in found for action in some]


def among(action, patterns):
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def needed(kind):
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
    names = handlers.keys() & {"create", "read", "update", "delete"}
    return {right for name in names for right in handlers[name]["permissions"]}


def test_every_resource_can_be_made_changed_and_deleted():
    kinds = {resource["Type"] for resource in stack(PRODUCTION | DOMAIN)["Resources"].values()}
    for kind in kinds:
        lacking = [right for right in needed(kind) if not among(right, actions()) and not among(right, UNUSED)]
        assert not lacking, f"{kind} needs {lacking}"


def test_a_right_that_is_missing_is_noticed():
    fewer = [action for action in actions() if not action.startswith("sqs:")]
    assert any(not among(right, fewer) for right in needed("AWS::SQS::Queue"))


def test_it_gives_nothing_away():
    for statement in statements():
        assert statement["Effect"] == "Allow" and statement["Action"] != "*"
        if "*" in statement["Resource"] and len(statement["Resource"]) == 1:
            assert statement["Sid"] == "WithoutAResource" and not any("*" in action for action in statement["Action"])
    assert not among("iam:CreateUser", actions()) and not among("iam:PutUserPolicy", actions())


def test_it_fits_the_configured_stacks_and_iam():
    for environment in ("default", "prod"):
        assert fnmatch.fnmatchcase(parameters(environment, "deploy")["stack_name"], "two-factor*")
    assert len(json.dumps(json.loads(FILE.read_text()), separators=(",", ":"))) <= 6144, "IAM's limit for one policy"
