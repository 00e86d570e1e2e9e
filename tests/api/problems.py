"""A check for schemathesis: openapi.yaml lists the problem for this operation and status."""

import schemathesis
from description import API, problem_types


@schemathesis.check
def problem_is_listed(context, response, case):
    if "application/problem+json" in response.headers.get("content-type", [""])[0]:
        responses = API["paths"][case.operation.path][case.operation.method]["responses"]
        listed, kind = problem_types(responses[str(response.status_code)]), response.json()["type"]
        assert kind in listed, f"{kind} is not among {sorted(listed)}"
