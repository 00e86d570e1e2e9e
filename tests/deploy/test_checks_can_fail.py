"""Each check of the template catches the fault it is meant for: it fails once one place in the template is spoiled."""

import copy

import pytest

import hardening
import rights
from template import PRODUCTION, deployed, load


def statements(template, function):
    return template["Resources"][function]["Properties"]["Policies"][-1]["Statement"]


def properties(template, resource):
    return template["Resources"][resource]["Properties"]


def another_action(template):
    statements(template, "VerifyFunction")[0]["Action"] = ["dynamodb:UpdateItem", "dynamodb:GetItem"]


def any_item(template):
    del statements(template, "QrCodeFunction")[0]["Condition"]


def no_key_is_any_key(template):
    del statements(template, "GetSettingsFunction")[0]["Condition"]["Null"]


def any_table(template):
    statements(template, "ResetFunction")[0]["Resource"] = "*"


def topics(template):
    statements(template, "SendVerificationFunction").pop()


def a_right_for_the_one_without(template):
    properties(template, "GenerateSecretFunction")["Policies"].append({"DynamoDBReadPolicy": {"TableName": "t"}})


def a_managed_policy(template):
    properties(template, "GetSettingsFunction")["Policies"].append("AmazonDynamoDBFullAccess")


def no_boundary(template):
    del template["Globals"]["Function"]["PermissionsBoundary"]


def a_role_of_its_own(template):
    properties(template, "VerifyFunction")["Role"] = "arn:aws:iam::123456789012:role/admin"


def a_wider_boundary(template):
    properties(template, "FunctionBoundary")["PolicyDocument"]["Statement"][1]["Action"] = "dynamodb:*"


def a_key_for_any_service(template):
    statement = properties(template, "DecryptTable")["PolicyDocument"]["Statement"][0]
    del statement["Condition"]["StringEquals"]["kms:ViaService"]


def a_key_for_all(template):
    properties(template, "Key")["KeyPolicy"]["Statement"][1]["Principal"] = "*"


def another_invoker(template):
    permission = {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "VerifyFunction"}, "Principal": "*"}
    template["Resources"]["Open"] = {"Type": "AWS::Lambda::Permission", "Properties": permission}


def another_invoker_of_an_operation(template):
    permission = {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "ImportFunction"}, "Principal": "*"}
    template["Resources"]["Open"] = {"Type": "AWS::Lambda::Permission", "Properties": permission}


def a_scan_of_everything(template):
    del statements(template, "ResealFunction")[0]["Condition"]


def operators_by_themselves(template):
    properties(template, "Operators")["Roles"] = ["Developers"]


def a_policy_of_the_table(template):
    grant = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "dynamodb:*", "Resource": "*"}]}
    properties(template, "Table")["ResourcePolicy"] = {"PolicyDocument": grant}


def a_runtime_that_does_not_exist(template):
    template["Globals"]["Function"]["Runtime"] = "provided.al2032"


def a_processor_that_does_not_exist(template):
    template["Globals"]["Function"]["Architectures"] = ["arm46"]


def a_table_under_another_key(template):
    del properties(template, "Table")["SSESpecification"]["KMSMasterKeyId"]


def logs_in_the_clear(template):
    del properties(template, "FunctionLogs")["KmsKeyId"]


def an_environment_in_the_clear(template):
    del template["Globals"]["Function"]["KmsKeyArn"]


def alarms_in_the_clear(template):
    del properties(template, "AlarmTopic")["KmsMasterKeyId"]


def a_key_that_never_rotates(template):
    properties(template, "Key")["EnableKeyRotation"] = False


def a_written_secret(template):
    variables = properties(template, "VerifyFunction")["Environment"]["Variables"]
    variables["SEALING_KEYS"] = '{"current":"k1","k1":"0123456789"}'


def keys_for_a_function_without_need(template):
    variables = {"SEALING_KEYS": "{{resolve:secretsmanager:x}}"}
    properties(template, "GenerateSecretFunction")["Environment"] = {"Variables": variables}


def an_open_route(template):
    properties(template, "VerifyFunction")["Events"]["Verify"]["Properties"]["Auth"] = {"Authorizer": "NONE"}


def one_route_too_many(template):
    route = {"ApiId": {"Ref": "Api"}, "Method": "GET", "Path": "/debug"}
    properties(template, "VerifyFunction")["Events"]["Debug"] = {"Type": "HttpApi", "Properties": route}


def a_loose_throttle(template):
    del properties(template, "Api")["RouteSettings"]["POST /api/two-factor/verify"]


def logs_for_ever(template):
    properties(template, "AccessLogs")["RetentionInDays"] = 0


def no_access_log(template):
    properties(template, "Api")["AccessLogSettings"]["DestinationArn"] = "arn:aws:logs:us-east-1:1:log-group:other"


def user_ids_in_the_access_log(template):
    properties(template, "Api")["AccessLogSettings"]["Format"] = '{"path":"$context.path"}'


def provisioned_capacity(template):
    properties(template, "Table")["BillingMode"] = "PROVISIONED"


def data_that_goes_with_the_stack(template):
    template["Resources"]["SealingKeys"]["DeletionPolicy"] = "Delete"


def no_backup(template):
    del properties(template, "Table")["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]


def a_function_that_nobody_watches(template):
    properties(template, "FunctionErrorAlarm")["Metrics"].pop()


def an_alarm_that_reaches_nobody(template):
    properties(template, "SmsAlarm")["AlarmActions"] = []


def a_pipe_that_reads_the_table(template):
    properties(template, "EventPipeRole")["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"] = "*"


def an_event_with_a_secret(template):
    parameters = properties(template, "EventPipe")["TargetParameters"]
    parameters["InputTemplate"] = parameters["InputTemplate"].replace("event.M.proof.S", "secret.S")


def stream(template):
    return properties(template, "EventPipe")["SourceParameters"]["DynamoDBStreamParameters"]


def events_tried_for_ever(template):
    stream(template)["MaximumRetryAttempts"] = -1


def events_gone_with_the_stream(template):
    del stream(template)["MaximumRecordAgeInSeconds"]


def a_pipe_that_does_not_wait(template):
    del template["Resources"]["EventPipe"]["DependsOn"]


def cors(template):
    return properties(template, "Api")["CorsConfiguration"]["Fn::If"][1]


def origins_in_one_string(template):
    cors(template)["AllowOrigins"] = {"Ref": "CorsAllowedOrigins"}


def sams_trap(template):
    properties(template, "Api")["CorsConfiguration"] = cors(template)


def a_header_that_no_page_can_read(template):
    cors(template)["ExposeHeaders"].remove("www-authenticate")


def warnings_that_roll_back(template):
    properties(template, "Api")["FailOnWarnings"] = True


def an_address_that_leads_nowhere(template):
    properties(template, "Api")["DisableExecuteApiEndpoint"] = True


def no_grace_for_a_failed_deployment(template):
    template["Resources"]["Table"]["DeletionPolicy"] = "Retain"


def a_transaction_of_any_items(template):
    del statements(template, "SendVerificationFunction")[2]["Condition"]["Null"]


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        (rights.services_have_exactly_their_rights, a_pipe_that_reads_the_table),
        (hardening.events_carry_what_the_schema_says_and_nothing_else, an_event_with_a_secret),
        (hardening.no_event_is_lost_without_a_word, events_tried_for_ever),
        (hardening.no_event_is_lost_without_a_word, events_gone_with_the_stream),
        (hardening.no_event_is_lost_without_a_word, a_pipe_that_does_not_wait),
        (hardening.lists_reach_the_gateway_as_lists, origins_in_one_string),
        (hardening.lists_reach_the_gateway_as_lists, sams_trap),
        (hardening.web_pages_may_read_what_the_answers_say, a_header_that_no_page_can_read),
        (hardening.a_warning_of_the_gateways_parser_stops_nothing, warnings_that_roll_back),
        (hardening.the_api_has_one_address, an_address_that_leads_nowhere),
        (hardening.production_data_outlives_the_stack, no_grace_for_a_failed_deployment),
        (rights.functions_have_exactly_their_rights, a_transaction_of_any_items),
        (rights.functions_have_exactly_their_rights, another_action),
        (rights.functions_have_exactly_their_rights, any_item),
        (rights.functions_have_exactly_their_rights, no_key_is_any_key),
        (rights.functions_have_exactly_their_rights, any_table),
        (rights.functions_have_exactly_their_rights, topics),
        (rights.functions_have_exactly_their_rights, a_right_for_the_one_without),
        (rights.functions_have_exactly_their_rights, a_managed_policy),
        (rights.functions_have_exactly_their_rights, no_boundary),
        (rights.functions_have_exactly_their_rights, a_role_of_its_own),
        (rights.shared_policies_grant_exactly_this, a_wider_boundary),
        (rights.shared_policies_grant_exactly_this, a_key_for_any_service),
        (rights.the_key_is_open_to_exactly_these, a_key_for_all),
        (rights.only_this_api_invokes_the_functions, another_invoker),
        (rights.only_this_api_invokes_the_functions, another_invoker_of_an_operation),
        (rights.functions_have_exactly_their_rights, a_scan_of_everything),
        (rights.shared_policies_grant_exactly_this, operators_by_themselves),
        (rights.nothing_else_grants, a_policy_of_the_table),
        (hardening.functions_run_on_what_they_are_built_for, a_runtime_that_does_not_exist),
        (hardening.functions_run_on_what_they_are_built_for, a_processor_that_does_not_exist),
        (hardening.everything_at_rest_is_under_the_stacks_key, a_table_under_another_key),
        (hardening.everything_at_rest_is_under_the_stacks_key, logs_in_the_clear),
        (hardening.everything_at_rest_is_under_the_stacks_key, an_environment_in_the_clear),
        (hardening.everything_at_rest_is_under_the_stacks_key, alarms_in_the_clear),
        (hardening.everything_at_rest_is_under_the_stacks_key, a_key_that_never_rotates),
        (hardening.no_secret_is_written_down, a_written_secret),
        (hardening.functions_without_need_have_no_table_and_no_keys, keys_for_a_function_without_need),
        (hardening.every_route_wants_a_token, an_open_route),
        (hardening.every_route_wants_a_token, one_route_too_many),
        (hardening.costly_routes_are_throttled_tighter, a_loose_throttle),
        (hardening.everything_is_logged_and_logs_end, logs_for_ever),
        (hardening.everything_is_logged_and_logs_end, no_access_log),
        (hardening.everything_is_logged_and_logs_end, user_ids_in_the_access_log),
        (hardening.the_table_is_on_demand_and_tidies_up, provisioned_capacity),
        (hardening.production_data_outlives_the_stack, data_that_goes_with_the_stack),
        (hardening.production_data_outlives_the_stack, no_backup),
        (hardening.production_is_watched, a_function_that_nobody_watches),
        (hardening.production_is_watched, an_alarm_that_reaches_nobody),
    ],
    ids=lambda value: value.__name__,
)
def test_it_is_caught(check, spoil):
    template = copy.deepcopy(load())
    spoil(template)
    spoiled = deployed(template, PRODUCTION)
    with pytest.raises((AssertionError, KeyError)):
        check(spoiled)


def test_every_check_is_tried():
    tried = {case.args[0] if hasattr(case, "args") else case[0] for case in test_it_is_caught.pytestmark[0].args[1]}
    assert tried == set(rights.CHECKS + hardening.ALWAYS + hardening.IN_PRODUCTION)
