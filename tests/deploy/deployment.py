"""Deploys the built template to the engine with `sam deploy`, and calls the deployed API over HTTP.

The engine differs from AWS. The workarounds are here, never in the template:

- It sends no `dynamodb:LeadingKeys` when it asks IAM, so the deployed copy lacks the guard that refuses requests
  without them. The restriction to keys is therefore not tested here.
- It refuses alarms on metric math, so the copy has none.
- It creates the pipe but delivers to no event bus.
- It ignores an HTTP API's `Body`, which is how SAM writes routes and the authoriser. `_route` creates them through the
  API, from the `Body` of the processed template.
- It ignores the table's TTL, recovery and encryption, and the API's CORS, throttles and access log. They are not
  tested here.
- It accepts a token without `exp`, which API Gateway does not.
"""

import http.client
import json
import subprocess
import urllib.parse
import urllib.request

from samcli.yamlhelper import yaml_dump, yaml_parse


def deploy(engine, build, name, parameters, edit=lambda template: None):
    """Deploys the template of a `sam build`, after `edit`, as the stack `name`."""
    template = yaml_parse((build / "template.yaml").read_text())
    edit(template)
    for statement in table_statements(template):
        statement["Condition"].pop("Null", None)
    for alarm, resource in list(template["Resources"].items()):
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
            del template["Resources"][alarm]
    file = build / f"{name}.yaml"
    file.write_text(yaml_dump(template))
    overrides = [f"{key}={value}" for key, value in parameters.items()]
    command = ["sam", "deploy", "--template-file", file, "--stack-name", name, "--resolve-s3"]
    command += ["--capabilities", "CAPABILITY_IAM", "--no-progressbar", "--parameter-overrides", *overrides]
    done = subprocess.run(command, cwd=build, env=engine.environment(), capture_output=True, text=True)
    if done.returncode:
        raise DeploymentFailed(f"{done.stdout}{done.stderr}")
    return Deployment(engine, name)


class DeploymentFailed(Exception):
    """The text is the output of `sam deploy`."""


def table_statements(template):
    functions = (r for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function")
    return [s for function in functions for s in statements(function) if str(s["Action"]).startswith("dynamodb:")]


def statements(function):
    policies = function["Properties"]["Policies"]
    return [s for policy in policies if "Statement" in policy for s in policy["Statement"]]


class Deployment:
    def __init__(self, engine, name):
        self.engine = engine
        formation = engine.client("cloudformation")
        (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        resources = formation.describe_stack_resources(StackName=name)["StackResources"]
        self.ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        self.account = stack["StackId"].split(":")[4]
        processed = formation.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
        processed = processed if isinstance(processed, dict) else json.loads(processed)
        self._route(processed["Resources"]["Api"]["Properties"]["Body"], stack["Parameters"])

    def _route(self, body, parameters):
        gateway, api = self.engine.client("apigatewayv2"), self.ids["Api"]
        given = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in parameters}
        jwt = body["components"]["securitySchemes"]["Jwt"]["x-amazon-apigateway-authorizer"]
        authorizer = gateway.create_authorizer(
            ApiId=api,
            Name="Jwt",
            AuthorizerType="JWT",
            IdentitySource=[jwt["identitySource"]],
            JwtConfiguration={"Issuer": given["JwtIssuer"], "Audience": given["JwtAudience"].split(",")},
        )
        for path, methods in body["paths"].items():
            for method, route in methods.items():
                integration = route["x-amazon-apigateway-integration"]
                function = json.dumps(integration["uri"]).split("${")[-1].split(".Arn")[0]
                integration = gateway.create_integration(
                    ApiId=api,
                    IntegrationType="AWS_PROXY",
                    IntegrationUri=f"arn:aws:lambda:us-east-1:{self.account}:function:{self.ids[function]}",
                    PayloadFormatVersion=integration["payloadFormatVersion"],
                )
                assert route["security"] == [{"Jwt": []}]
                gateway.create_route(
                    ApiId=api,
                    RouteKey=f"{method.upper()} {path}",
                    Target=f"integrations/{integration['IntegrationId']}",
                    AuthorizationType="JWT",
                    AuthorizerId=authorizer["AuthorizerId"],
                )

    def call(self, method, path, token=None, body=None):
        """Sends a request; returns the status and JSON of the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.engine.port, timeout=30)
        headers = {"Host": f"{self.ids['Api']}.execute-api.localhost:{self.engine.port}"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        # The content type that `curl -d` sends.
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def messages(self, number):
        """The SMS sent to a number, oldest first."""
        query = urllib.parse.urlencode({"phoneNumber": number})
        with urllib.request.urlopen(f"{self.engine.url}/_ministack/sns/sms-messages?{query}") as answer:
            found = json.load(answer)["sms_messages"]
        return [message["Message"] for message in found.get(number, [])]

    def item(self, key):
        dynamodb = self.engine.client("dynamodb")
        return dynamodb.get_item(TableName=self.ids["Table"], Key={"pk": {"S": key}}).get("Item")
