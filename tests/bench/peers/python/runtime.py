"""The loop that Lambda's Python runtime runs: ask for an event, hand back the answer."""

import http.client
import json
import os


def serve(handler):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        connection.request("GET", "/2018-06-01/runtime/invocation/next")
        response = connection.getresponse()
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.loads(response.read())
        body = json.dumps(handler(event)).encode()
        connection.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", body)
        connection.getresponse().read()
