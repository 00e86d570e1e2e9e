"""Every right that the stack grants, to whom, and why. Nothing else may be granted."""

from template import of_type

LAMBDA = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-*"
TOPICS = "arn:${AWS::Partition}:sns:*:*:*"


def allow(action, resource, condition=None, **more):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return statement | ({"Condition": condition} if condition else {})


def on_items(action, *prefixes):
    """Allows the action on items of this table whose key starts with a prefix, and never if the key is not known."""
    keys = prefixes[0] if len(prefixes) == 1 else list(prefixes)
    return allow(
        action,
        "Table.Arn",
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}, "Null": {"dynamodb:LeadingKeys": "false"}},
    )


READ_USER = on_items("dynamodb:GetItem", "USER#*")
WRITE_USER = on_items("dynamodb:UpdateItem", "USER#*")

# The rights of each function besides starting and logging.
FUNCTIONS = {
    "GetSettingsFunction": [READ_USER],
    "UpdateSettingsFunction": [WRITE_USER],
    "QrCodeFunction": [READ_USER],
    "GenerateSecretFunction": [],
    "SendVerificationFunction": [
        on_items("dynamodb:GetItem", "USER#*", "NUMBER#*"),
        on_items("dynamodb:UpdateItem", "USER#*", "NUMBER#*", "HOUR#*"),
        # DynamoDB does not tell IAM the keys of a transaction.
        allow(
            "dynamodb:UpdateItem",
            "Table.Arn",
            {
                "Null": {"dynamodb:LeadingKeys": "true"},
                "ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"},
            },
        ),
        # A phone number has no ARN, so only * matches it. Every topic is denied.
        allow("sns:Publish", "*"),
        {"Effect": "Deny", "Action": "sns:Publish", "Resource": TOPICS},
    ],
    "VerifyFunction": [WRITE_USER],
    "RecoveryCodesFunction": [WRITE_USER],
    "GetUserSettingsFunction": [READ_USER],
    "ResetFunction": [WRITE_USER],
}

# The functions that have no route and that only an operator invokes.
OPERATIONS = {
    "ImportFunction": [WRITE_USER],
    "ResealFunction": [
        # A scan has no leading keys. It may read only the keys and the sealed attributes.
        allow(
            "dynamodb:Scan",
            "Table.Arn",
            {
                "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "secret", "phone"]},
                "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
            },
        ),
        WRITE_USER,
    ],
}

TABLE_CONTEXT = {"kms:EncryptionContext:aws:dynamodb:tableName": "Table"}
VIA_DYNAMODB = {"kms:ViaService": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}

# The pipe reads the table's stream, and writes to the bus and to the queue of undelivered events.
PIPE = [
    allow(
        ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
        "Table.StreamArn",
    ),
    allow("kms:Decrypt", "Key.Arn", {"StringEquals": TABLE_CONTEXT}),
    allow("kms:DescribeKey", "Key.Arn"),
    allow("events:PutEvents", "EventBus.Arn"),
    allow("sqs:SendMessage", "UndeliveredEvents.Arn"),
]

# The state machine invokes only this function.
STATE_MACHINE = [allow("lambda:InvokeFunction", "ResealFunction.Arn")]

EXECUTIONS = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${AWS::StackName}-reseal:*"

POLICIES = {
    "Operators": [
        allow("lambda:InvokeFunction", ["ImportFunction.Arn", "ResealFunction.Arn"]),
        allow("states:StartExecution", "Reseal"),
        allow(
            [f"states:{action}" for action in ("DescribeExecution", "GetExecutionHistory", "RedriveExecution", "StopExecution")],
            EXECUTIONS,
        ),
    ],
    "DecryptEnvironment": [
        allow("kms:Decrypt", "Key.Arn", {"ArnLike": {"kms:EncryptionContext:aws:lambda:FunctionArn": LAMBDA}})
    ],
    "DecryptTable": [
        allow("kms:Decrypt", "Key.Arn", {"StringEquals": VIA_DYNAMODB | TABLE_CONTEXT}),
        allow("kms:DescribeKey", "Key.Arn", {"StringEquals": VIA_DYNAMODB}),
    ],
}

BOUNDARY = [
    allow(["logs:CreateLogStream", "logs:PutLogEvents"], "FunctionLogs.Arn", Sid="Log"),
    allow(["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"], "Table.Arn", Sid="Table"),
    allow(["kms:Decrypt", "kms:DescribeKey"], "Key.Arn", Sid="Key"),
    allow("sns:Publish", "*", Sid="Sms"),
    {"Sid": "NoTopics", "Effect": "Deny", "Action": "sns:Publish", "Resource": TOPICS},
]
# A trace has no resource.
TRACE = allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*", Sid="Trace")

# What SAM attaches by itself: the right to trace, and the right to log to every group of the account, which the
# boundary restricts to the stack's own group.
LOG_ANYWHERE = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
WRITE_TRACES = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"

LOGS = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
KEY = [
    # The account's IAM policies decide, as in the default policy of a KMS key.
    allow("kms:*", "*", Sid="IamDecides", Principal={"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}),
    allow(
        ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "*",
        {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": [
                    LOGS + "${AWS::StackName}-FunctionLogs-*",
                    LOGS + "/aws/vendedlogs/${AWS::StackName}/access",
                ]
            }
        },
        Sid="LogsOfThisStack",
        Principal={"Service": "logs.${AWS::Region}.amazonaws.com"},
    ),
    allow(
        ["kms:Decrypt", "kms:GenerateDataKey*"],
        "*",
        {"StringEquals": {"aws:SourceAccount": "AWS::AccountId"}},
        Sid="AlarmsOfThisAccount",
        Principal={"Service": "cloudwatch.amazonaws.com"},
    ),
]


def functions_have_exactly_their_rights(template):
    roles = of_type(template, "AWS::IAM::Role")
    functions = FUNCTIONS | OPERATIONS
    assert set(roles) == {f"{name}Role" for name in functions} | {"EventPipeRole", "ResealRole"}
    for name, statements in functions.items():
        role = roles[f"{name}Role"]
        granted = [s for policy in role.get("Policies", []) for s in policy["PolicyDocument"]["Statement"]]
        assert granted == statements, f"{name} is granted {granted}"
        attached = [LOG_ANYWHERE, "DecryptEnvironment"]
        attached += ["DecryptTable"] if statements else []
        attached += [WRITE_TRACES] if _is_traced(template) else []
        assert sorted(role["ManagedPolicyArns"]) == sorted(attached), f"{name} has {role['ManagedPolicyArns']}"
        assert role["PermissionsBoundary"] == "FunctionBoundary", name
        trust = role["AssumeRolePolicyDocument"]["Statement"]
        service = {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": ["lambda.amazonaws.com"]}}
        assert trust == [service], name


def services_have_exactly_their_rights(template):
    for name, statements, principal in [
        ("EventPipeRole", PIPE, "pipes.amazonaws.com"),
        ("ResealRole", STATE_MACHINE, "states.amazonaws.com"),
    ]:
        role = of_type(template, "AWS::IAM::Role")[name]
        granted = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
        assert granted == statements, f"{name} is granted {granted}"
        assert "ManagedPolicyArns" not in role
        trust = role["AssumeRolePolicyDocument"]["Statement"]
        only_here = {"StringEquals": {"aws:SourceAccount": "AWS::AccountId"}}
        service = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": principal}}
        assert trust == [service | {"Condition": only_here}]


def shared_policies_grant_exactly_this(template):
    expected = POLICIES | {"FunctionBoundary": BOUNDARY + ([TRACE] if _is_traced(template) else [])}
    documents = of_type(template, "AWS::IAM::ManagedPolicy")
    assert {name: policy["PolicyDocument"]["Statement"] for name, policy in documents.items()} == expected
    assert all(set(policy) == {"PolicyDocument"} for policy in documents.values()), "a policy attaches itself"


def the_key_is_open_to_exactly_these(template):
    (key,) = of_type(template, "AWS::KMS::Key").values()
    assert key["KeyPolicy"]["Statement"] == KEY


def only_this_api_invokes_the_functions(template):
    permissions = of_type(template, "AWS::Lambda::Permission")
    assert {permission["FunctionName"] for permission in permissions.values()} == set(FUNCTIONS)
    for name, permission in permissions.items():
        assert permission["Principal"] == "apigateway.amazonaws.com", name
        arn, parts = permission["SourceArn"]["Fn::Sub"]
        # The only wildcard is the user's ID in a path.
        path = arn.partition(":${__ApiId__}/${__Stage__}/")[2].replace("/api/users/*/", "/api/users/ID/")
        assert path and "*" not in path and parts["__ApiId__"] == "Api", f"{name}: {arn} {parts}"


def nothing_else_grants(template):
    """No other resource has a policy: a resource policy would bypass all of the above."""
    known = {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::KMS::Key", "AWS::Lambda::Permission"}
    others = {n: r for n, r in template["Resources"].items() if r["Type"] not in known}
    found = [name for name, resource in others.items() if _has_effect(resource) or "Polic" in resource["Type"]]
    assert not found, f"{found} grant something"


def _is_traced(template):
    functions = of_type(template, "AWS::Lambda::Function").values()
    return any(function.get("TracingConfig") == {"Mode": "Active"} for function in functions)


def _has_effect(value):
    match value:
        case dict():
            return "Effect" in value or any(map(_has_effect, value.values()))
        case list():
            return any(map(_has_effect, value))
    return False


CHECKS = [
    functions_have_exactly_their_rights,
    services_have_exactly_their_rights,
    shared_policies_grant_exactly_this,
    the_key_is_open_to_exactly_these,
    only_this_api_invokes_the_functions,
    nothing_else_grants,
]
