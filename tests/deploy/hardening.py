"""What must hold for every deployment, and what for a production one, apart from rights."""

import json

from rights import FUNCTIONS, OPERATIONS
from template import ROOT, of_type, plain

SCHEMA = ROOT / "shared/two-factor-event.schema.json"

ROUTES = {
    "GET /api/two-factor": "GetSettingsFunction",
    "PATCH /api/two-factor": "UpdateSettingsFunction",
    "GET /api/two-factor/qr": "QrCodeFunction",
    "GET /api/two-factor/secret": "GenerateSecretFunction",
    "POST /api/two-factor/send-verification": "SendVerificationFunction",
    "POST /api/two-factor/verify": "VerifyFunction",
    "POST /api/two-factor/recovery-codes": "RecoveryCodesFunction",
    "POST /api/two-factor/reset": "ResetFunction",
    "POST /api/users/{ID}/two-factor/reset": "ResetFunction",
    "GET /api/users/{ID}/two-factor": "GetUserSettingsFunction",
}


def functions_run_on_what_they_are_built_for(template):
    """Lint accepts a runtime that does not exist, and Lambda silently accepts a binary for another processor."""
    functions = of_type(template, "AWS::Lambda::Function")
    assert set(functions) == set(FUNCTIONS | OPERATIONS)
    for name, function in functions.items():
        assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap"), name
        assert function["Architectures"] in (["arm64"], ["x86_64"]), name
        metadata = template["Resources"][name]["Metadata"]
        assert metadata["BuildMethod"] == "rust-cargolambda", name
        assert function["FunctionName"] == "${AWS::StackName}-" + metadata["BuildProperties"]["Binary"], name


def everything_at_rest_is_under_the_stacks_key(template):
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": "Key.Arn"}
    for kind, setting in [
        ("AWS::SecretsManager::Secret", "KmsKeyId"),
        ("AWS::Lambda::Function", "KmsKeyArn"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ]:
        for name, resource in of_type(template, kind).items():
            assert resource.get(setting) == "Key.Arn", f"{name} is not encrypted with the stack's key"
    (key,) = of_type(template, "AWS::KMS::Key").values()
    assert key["EnableKeyRotation"] is True


def no_secret_is_written_down(template):
    (secret,) = of_type(template, "AWS::SecretsManager::Secret").values()
    assert secret["GenerateSecretString"]["PasswordLength"] >= 43 and "SecretString" not in secret
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        keys = function["Environment"]["Variables"].get("SEALING_KEYS", "{{resolve:secretsmanager:")
        assert keys.startswith("{{resolve:secretsmanager:"), name


def functions_without_need_have_no_table_and_no_keys(template):
    variables = {n: set(f["Environment"]["Variables"]) for n, f in of_type(template, "AWS::Lambda::Function").items()}
    assert not {"TABLE_NAME", "SEALING_KEYS"} & variables["GenerateSecretFunction"]
    assert "SEALING_KEYS" not in variables["ResetFunction"]


def every_route_wants_a_token(template):
    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    routes = {}
    for path, methods in api["Body"]["paths"].items():
        for method, route in methods.items():
            uri = plain(route["x-amazon-apigateway-integration"]["uri"])
            routes[f"{method.upper()} {path}"] = uri.split("${")[-1].split(".Arn}")[0]
            assert route["security"] == [{"Jwt": []}], f"{method} {path} is open"
    assert routes == ROUTES
    jwt = api["Body"]["components"]["securitySchemes"]["Jwt"]["x-amazon-apigateway-authorizer"]
    assert jwt["identitySource"] == "$request.header.Authorization" and jwt["type"] == "jwt"


def lists_reach_the_gateway_as_lists(template):
    """SAM turns a list parameter into one string, and the gateway would compare an origin with that whole string."""
    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    cors = api["Body"]["x-amazon-apigateway-cors"]
    jwt = api["Body"]["components"]["securitySchemes"]["Jwt"]["x-amazon-apigateway-authorizer"]["jwtConfiguration"]
    assert set(cors) == {"allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders", "maxAge"}
    for values in (cors["allowOrigins"], cors["allowMethods"], cors["allowHeaders"], jwt["audience"]):
        assert isinstance(values, list) and not any("," in value for value in values), values


def web_pages_may_read_what_the_answers_say(template):
    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    exposed = api["Body"]["x-amazon-apigateway-cors"]["exposeHeaders"]
    assert sorted(exposed) == ["recovery-codes-left", "retry-after", "www-authenticate"]


def a_warning_of_the_gateways_parser_stops_nothing(template):
    """Unless a parameter requests it: the parser warns about what SAM itself writes (test_definition.py)."""
    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    assert api["FailOnWarnings"] is False


def the_api_has_one_address(template):
    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    (server,) = api["Body"]["servers"]
    disabled = server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]
    domains, mappings = (of_type(template, f"AWS::ApiGatewayV2::{kind}") for kind in ("DomainName", "ApiMapping"))
    assert len(domains) == len(mappings) == (1 if disabled else 0), "both addresses, or none"
    for domain in domains.values():
        (configuration,) = domain["DomainNameConfigurations"]
        assert configuration["SecurityPolicy"] == "TLS_1_2" and configuration["CertificateArn"]


def costly_routes_are_throttled_tighter(template):
    (stage,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    limit = float(stage["DefaultRouteSettings"]["ThrottlingRateLimit"])
    settings = {
        action: stage["RouteSettings"][f"POST /api/two-factor/{action}"]
        for action in ("send-verification", "verify", "recovery-codes")
    }
    for action, own in settings.items():
        assert float(own["ThrottlingRateLimit"]) > 0 and int(own["ThrottlingBurstLimit"]) > 0, action
    assert float(settings["send-verification"]["ThrottlingRateLimit"]) < limit, "an SMS costs money"


def everything_is_logged_and_logs_end(template):
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert set(groups) == {"FunctionLogs", "AccessLogs"}
    assert all(int(group["RetentionInDays"]) > 0 for group in groups.values())
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": "FunctionLogs"}, name
    (stage,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    assert stage["AccessLogSettings"]["DestinationArn"] == "AccessLogs.Arn"
    line = json.loads(stage["AccessLogSettings"]["Format"])
    # The access log has neither the token nor a path, which may contain a user's ID.
    assert not any(word in value for value in line.values() for word in ("path", "claims", "authorization"))


def the_table_is_on_demand_and_tidies_up(template):
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def production_data_outlives_the_stack(template):
    for name in ("Table", "SealingKeys", "Key", "FunctionLogs"):
        resource = template["Resources"][name]
        # Retained unless the deployment that creates it fails: a leftover would block the next deployment.
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def events_carry_what_the_schema_says_and_nothing_else(template):
    """Nothing leaves the table except what the pipe takes from an item."""
    (pipe,) = of_type(template, "AWS::Pipes::Pipe").values()
    event = json.loads(pipe["TargetParameters"]["InputTemplate"])
    assert set(event) == set(json.loads(SCHEMA.read_text())["required"])
    allowed = {f"<$.dynamodb.NewImage.event.M.{name}.S>" for name in event} | {"<$.dynamodb.NewImage.event_type.S>"}
    allowed |= {"<$.dynamodb.NewImage.recovery_codes_left.N>"}
    assert set(event.values()) <= allowed, event
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def no_event_is_lost_without_a_word(template):
    """The stream keeps a record for 24 hours. The queue names each undelivered event well before that."""
    ((name, pipe),) = of_type(template, "AWS::Pipes::Pipe").items()
    stream = pipe["SourceParameters"]["DynamoDBStreamParameters"]
    assert stream["StartingPosition"] == "TRIM_HORIZON", "events of the first seconds would be lost"
    assert 0 < stream["MaximumRetryAttempts"] <= 10_000, "-1 is for ever"
    assert 3600 < stream["MaximumRecordAgeInSeconds"] <= 22 * 3600
    assert stream["DeadLetterConfig"] == {"Arn": "UndeliveredEvents.Arn"}
    # The pipe waits for resources that are created late, because IAM needs time to make a new role known everywhere.
    assert set(template["Resources"][name]["DependsOn"]) == {"Dashboard", "ApiApiGatewayDefaultStage"}


def production_is_watched(template):
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    watched = {metric for alarm in alarms.values() for metric in metrics_of(alarm)}
    assert watched == {
        "5xx", "Errors", "Throttles", "ReadThrottleEvents", "WriteThrottleEvents", "CodesSent", "CodesRefused",
        "ApproximateNumberOfMessagesVisible", "ExecutionFailed", "ExecutionPartiallyFailed", "ExecutionTimeout",
        "SMSMonthToDateSpentUSD", "SmsBudgetSpent", "CodesAccepted",
        "ExecutionsFailed", "ExecutionsTimedOut",
    }
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == ["AlarmTopic"] and alarm["AlarmDescription"], name
        assert alarm["TreatMissingData"] == "notBreaching", name
    for metric in ("Errors", "Throttles"):
        (alarm,) = (alarm for alarm in alarms.values() if metric in metrics_of(alarm))
        functions = [m["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for m in alarm["Metrics"] if "MetricStat" in m]
        assert sorted(functions) == sorted(FUNCTIONS), metric


def metrics_of(alarm):
    single = [alarm["MetricName"]] if "MetricName" in alarm else []
    return single + [m["MetricStat"]["Metric"]["MetricName"] for m in alarm.get("Metrics", []) if "MetricStat" in m]


ALWAYS = [
    events_carry_what_the_schema_says_and_nothing_else,
    no_event_is_lost_without_a_word,
    lists_reach_the_gateway_as_lists,
    web_pages_may_read_what_the_answers_say,
    a_warning_of_the_gateways_parser_stops_nothing,
    the_api_has_one_address,
    functions_run_on_what_they_are_built_for,
    everything_at_rest_is_under_the_stacks_key,
    no_secret_is_written_down,
    functions_without_need_have_no_table_and_no_keys,
    every_route_wants_a_token,
    costly_routes_are_throttled_tighter,
    everything_is_logged_and_logs_end,
    the_table_is_on_demand_and_tidies_up,
]
IN_PRODUCTION = [production_data_outlives_the_stack, production_is_watched]
