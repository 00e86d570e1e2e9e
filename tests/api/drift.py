"""Checks that openapi.yaml says what the program does: it has the routes of template.yaml, the problems of
problem_types.rs with their statuses, titles and texts, and examples that fit their schemas. The problems of a response
are those in its examples."""

import re
import sys

import jsonschema
from description import API, ROOT, examples, operations, problem_types, resolved

wrong = []


def check(true, what):
    if not true:
        wrong.append(what)


# Routes.
template = (ROOT / "template.yaml").read_text()
routes = {f"{m} {p}" for m, p in re.findall(r'Method: (\w+), Path: "?(/\S+?)"? }', template)}
check(routes == {name for name, _ in operations()}, f"routes differ: {sorted(routes)}")

# Problems: their names, statuses and titles, from problem_types.rs.
source = (ROOT / "shared/src/http/problem_types.rs").read_text()
statuses = {"UNPROCESSABLE_ENTITY": 422, "FORBIDDEN": 403, "CONFLICT": 409, "BAD_REQUEST": 400}
statuses |= {"PAYLOAD_TOO_LARGE": 413, "TOO_MANY_REQUESTS": 429, "SERVICE_UNAVAILABLE": 503, "INTERNAL_SERVER_ERROR": 500}
found = re.findall(r'name: "([a-z-]+)",\s*status: StatusCode::(\w+),\s*title: "([^"]+)"', source)
problems = {f"/problems/{name}": (statuses[status], title) for name, status, title in found}
check(len(problems) >= 16, f"problem_types.rs is no longer read: {sorted(problems)}")

named = set()
for name, operation in operations():
    for status, response in operation["responses"].items():
        for kind in problem_types(response):
            named.add(kind)
            check(problems.get(kind, (0, ""))[0] == int(status), f"{name} {status}: {kind}")
check(named == set(problems), f"problems differ: {sorted(named ^ set(problems))}")

# The list of all problems with one line of advice for each, as in docs/problems.md.
listed = API["components"]["schemas"]["ProblemType"]
check(set(listed["enum"]) == named, f"ProblemType differs: {sorted(named ^ set(listed['enum']))}")
check(listed["x-enum-varnames"] == [kind[10:].upper().replace("-", "_") for kind in listed["enum"]], "names of ProblemType")
table = re.findall(r"^\| \[`(\S+)`\]\(\S+\) \| (\d+) \| (.+) \|$", (ROOT / "docs/problems.md").read_text(), re.MULTILINE)
advice = dict(zip(listed["enum"], listed["x-enum-descriptions"], strict=True))
check(advice == {kind: text for kind, _, text in table}, "ProblemType's descriptions differ from docs/problems.md")
check(all(problems.get(kind, (0, ""))[0] == int(status) for kind, status, _ in table), "statuses in docs/problems.md")

# Examples fit their schemas, and examples of problems match the program.
validator = jsonschema.Draft202012Validator
texts = re.sub(r"\\\n\s*", "", source)
for name, operation in operations():
    bodies = [("request", operation.get("requestBody", {}))]
    bodies += [(status, resolved(response)) for status, response in operation["responses"].items()]
    for where, body in bodies:
        for media_type, media in body.get("content", {}).items():
            schema = {**media["schema"], "components": API["components"]}
            for title, value in examples(media):
                for error in validator(schema).iter_errors(value):
                    wrong.append(f"{name} {where} {title}: {error.message}")
                if media_type == "application/problem+json":
                    check(problems[value["type"]] == (value["status"], value["title"]), f"{name} {where} {title}")
                    detail = re.sub(r"\d+ s\b", "{seconds} s", value["detail"])
                    check(detail in texts or value["status"] == 400, f"{name} {where} {title}: {detail}")

for line in wrong:
    print(line, file=sys.stderr)
print(f"openapi.yaml: {len(list(operations()))} routes and {len(named)} problems as in the program, examples fit")
sys.exit(bool(wrong))
